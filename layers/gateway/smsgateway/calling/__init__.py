"""One call to an account: may it be made, when, with what request, over which connection.

What the result of a call means for the next step is said in routing.py.

    breaker.py     may the account be called now: its breaker, and its slow calls
    pace.py        when: moments that all workers take from one item
    carriage.py    with what: what each recipient reads, how a payload is divided, and whether an account can carry it
    signatures.py  what is known of signatures and their filing, and whether an account is left out for it
    encoding.py    a submission as its vendor's request, and the vendor's answer as a value
    transport.py   over which connection: the only module that speaks HTTP to vendors
"""
