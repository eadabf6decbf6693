"""The HTTP API (design, section 3), for the functions `send` and `query` only: it imports pydantic and the resolver.

A resource is one module with its routes; `serving` is what every request passes through, `document` describes it all.
"""
