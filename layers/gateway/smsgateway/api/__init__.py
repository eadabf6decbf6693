"""The HTTP API, for the functions `send` and `query` only.

It imports pydantic and the resolver, which no other function should wait for.

    routes/                a resource each: what is answered
    schemas/               the bodies and parameters that clients send, and the answers
    serving/               what every request passes through
    openapi/               the API about itself: its document, and a page of it
    message_view.py        a message as clients see it: who has which status
    account_view.py        an account as an administrator sees it
    signature_view.py      signatures and their filing, as far as somebody may see them
    suppression_rights.py  whose marketing somebody may stop
    suppression_view.py    what stands against texts to a number, as somebody may see it
    spreadsheet.py         lists of suppressed numbers as CSV
    runtime.py             what `send` and `query` hold between calls, beside what all functions do
"""
