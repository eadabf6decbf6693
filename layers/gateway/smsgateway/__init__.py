"""The SMS gateway's shared code, in rooms; README.md beside this file is the map of them."""
