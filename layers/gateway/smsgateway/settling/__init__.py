"""The function `ingest`: vendor bytes become final statuses and replies.

Everything here can be done twice without harm, for vendor bytes come again after a failure.

    ingester.py    what the work of `ingest` works with
    ingest.py      vendor bytes, decoded as a whole before anything is applied; parked if nobody can read them
    reading.py     vendor bytes as reports or replies
    reports.py     each report to its recipient, or to where it waits for its mapping
    replies.py     each reply, the parts of a long one joined, with the message that it answers
    failures.py    reports that may lead to a reroute, and reports that never came
    reroute.py     a recipient whom an account failed goes to the next one (`resend.undelivered`)
    signatures.py  what refusals and reports teach of signatures
    optout.py      replies that ask for no more marketing, or for marketing again, and what follows
    confirming.py  the text that confirms an opt-out
"""
