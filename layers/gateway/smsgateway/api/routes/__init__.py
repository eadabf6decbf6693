"""The routes of the API, a resource a module.

Each module has a router, and the handlers of `send` and `query` put them together.

    post_message.py       `POST /messages`
    messages.py           `GET /messages/{id}`, `GET /messages?to=`, `DELETE /messages/{id}`
    cancel_message.py     what `DELETE` does to a message, which may be thousands of submissions
    replies.py            `GET /inbound`
    accounts.py           `GET /accounts`, `GET /accounts/{name}`, `POST /accounts/{name}/check`
    templates.py          `GET /templates`, and `GET`, `PUT`, `DELETE /templates/{name}`
    suppressions.py       `GET`, `PUT`, `DELETE /suppressions/{number}`
    suppression_lists.py  `GET /suppressions`, `POST /suppressions`
    signatures.py         `GET /signatures`, `DELETE /signatures/learned`
    clients.py            `POST /clients`, `GET /clients`, `DELETE /clients/{name}`
    verifications.py      `POST /verifications`, `GET`, `DELETE /verifications/{id}`, `POST /verifications/{id}/check`
    about.py              `GET /openapi.json`, `GET /docs`
"""
