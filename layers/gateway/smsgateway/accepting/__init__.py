"""The function `send`: a post becomes a stored message, and what was answered 202 is stored.

`accept.py` calls the others, in about this order.

    accept.py          the steps of an acceptance: everything is checked before anything is stored
    post.py            what a client posted, understood: who gets it, who cannot, what each reads
    idempotency.py     a post that comes again under its Idempotency-Key
    daily_limit.py     a client's segments of the day: taken, and given back
    capacity.py        whether a personalised message can be stored in the time that a request has
    template_slips.py  other systems' ways of writing a variable, in a template
    dry_run.py         the plan that a dry run answers
"""
