"""Preflight: what Chinese carriers as a rule refuse in a text, found before anything is stored. Pure.

What of a post is looked over, and what follows from a finding, is for `accepting/preflight.py`.

    findings.py  all findings of one text, with their places
    folding.py   a text as a filter reads it, with a note of where everything stood
    links.py     links, bare domains, IP addresses
    domains.py   last labels of domains, and services that make short links
    numbers.py   phone numbers and service numbers
    ids.py       ids of 微信 and QQ
    signs.py     brackets, unseen characters, variables that nobody fills, the way to opt out
    words.py     what a finding means and what to do about it, in Chinese and in English
"""
