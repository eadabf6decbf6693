"""The function `send`: a post becomes a stored message, and what was answered 202 is stored.

`accept.py` calls the others, in about this order.

    accept.py          the five steps of an acceptance: everything is checked before anything is stored
    acceptor.py        what accepting works with, and what each step adds to a post
    post.py            what a client posted, and the refusal that it may get
    recipients.py      who gets it: numbers normalised; apart from them whoever cannot or must not get it
    timing.py          when it is sent, and until when: at once, later, or after quiet hours
    opt_out_scope.py   whose marketing somebody stops who answers it with stop
    counting.py        the caps of numbers: who is over one, and the counting of all others
    contents.py        what each reads: a text, or a filled template
    preflight.py       what carriers as a rule refuse in it: told, or refused where the route is strict
    idempotency.py     a post that comes again under its Idempotency-Key
    route.py           which accounts carry it
    signatures.py      what was learned of its signatures with these accounts
    capacity.py        whether a personalised message can be stored in the time that a request has
    daily_limit.py     a client's segments of the day: taken, and given back
    filing.py          the message is paid for, stored, and woken up
    storing.py         the message is stored, and its numbers are counted: both, or neither
    fewer.py           the message without those who were set apart as they were counted
    dry_run.py         the plan that a dry run answers
    template_slips.py  other systems' ways of writing a variable, in a template
"""
