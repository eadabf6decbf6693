"""The function `sweep`: what is due is looked at again, and silent vendors are told of.

Both ask the index of what is due, and act on the items themselves, which may be further than the index.

    sweep.py    scheduled messages, lost wake-ups, dead workers, reports and parts that never came
    silence.py  accounts that send and get no reports
"""
