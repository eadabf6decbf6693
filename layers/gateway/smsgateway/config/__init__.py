"""The accounts document and the environment, read strictly.

A wrong document is refused as a whole, and the last good one stays in use.

    settings.py     what the document says, as values: accounts, routes, signatures
    accounts.py     the document becomes these values, or is refused with the place and the reason
    signatures.py   an account's own signature, and how signatures are filed with accounts and carriers
    options.py      the options of an account, one entry each
    cache.py        the accounts in use, fetched once a minute
    environment.py  a function's environment variables
    strict_json.py  JSON that is refused when it is ambiguous
    addresses.py    IP addresses that no vendor can have
"""
