"""The function `ingest`: vendor bytes become final statuses and replies.

Everything here can be done twice without harm, for vendor bytes come again after a failure.

    ingest.py   vendor bytes, decoded as a whole before anything is applied; parked if nobody can read them
    reports.py  each report to its recipient, or to where it waits for its mapping
    replies.py  each reply, the parts of a long one joined, with the message that it answers
    reroute.py  a failure that leads to the next account (`resend.undelivered`)
    optout.py   replies that ask for no more messages
"""
