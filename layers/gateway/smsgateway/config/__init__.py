"""The accounts document and the environment, read strictly.

A wrong document is refused as a whole, and the last good one stays in use.

    settings.py     accounts and routes as values, and the environment's variables
    options.py      the options of an account, one entry each
    strict_json.py  JSON that is refused when it is ambiguous
    addresses.py    IP addresses that no vendor can have
"""
