"""What Lambda calls, a module a function.

    send.py      accepts messages (`POST /messages`), and verifies numbers (`/verifications`)
    dispatch.py  makes one vendor call for one submission, woken up by a queue
    webhook.py   takes vendors' pushes
    poll.py      asks vendors for reports, replies and balances, on a schedule
    ingest.py    understands vendor bytes
    fanout.py    publishes what the table's stream says has happened
    sweep.py     looks at what is due, on a schedule
    query.py     answers questions: every route of the API that `send` does not serve

They are in the layer, and a function's own app.py only leads here, for two reasons. An update on AWS changes a
function's layers and its code one after the other, and calls in between meet the one without the other. While app.py
stays as it is, byte for byte, the layers are all that an update changes. And what is in the layer has its bytecode.
"""
