"""The SMS gateway's shared code: vendors' codecs, the state of every message, the contracts between the functions."""
