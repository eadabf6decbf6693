"""The function `sweep`: what is due is looked at again, and silent vendors are told of.

    sweep.py    scheduled messages, lost wake-ups, dead workers, reports and parts that never came
    silence.py  accounts that send and get no reports
"""
