"""The function `dispatch`: a stored submission becomes one vendor call.

One arrow of this room surprises: `outcome.py` applies reports that came before the answer of their call, by
settling/reports.py.

    dispatch.py  from a wake-up to the submission that it names: is it to be sent now?
    work.py      what a dispatch works with, and on
    attempt.py   the sending itself: rows, the account's moment, the claim, the mark, the one call
    night.py     marketing waits for the end of quiet hours
    last_look.py is the message canceled by now, and who has opted out?
    outcome.py   what follows from a call: for its submission, and for its account
    failover.py  the next account of the route, this one later, or the end
    split.py     children, where the next account takes fewer recipients at once
"""
