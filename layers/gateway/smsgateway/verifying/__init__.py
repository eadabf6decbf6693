"""Verifications: a number is verified by a code that is sent to it, for the function `send`.

A verification is begun by `start.py`, and ended by `check.py`.

    start.py      a request for a code: it begins a verification, or repeats its code, or makes sure of it
    check.py      a typed code is checked; a verification is shown, or canceled
    wanted.py     what a client asks for, and whether its template can carry a code
    asker.py      who asks for a code: its keys in the form in which they are counted
    codes.py      ids, codes and hashes, which follow from the pepper
    limits.py     how many codes may be asked for by key and by client
    watch.py      the conversion watch: what looks like pumping
    challenge.py  what a client in whose codes pumping is suspected must do
    magic.py      the magic numbers of `test` keys
    view.py       a verification as clients see it
    verifier.py   what verifying works with
"""
