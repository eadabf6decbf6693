"""What every request passes through: cleaned, its client known, routed, each failure a problem.

`serving.py` calls the others, in about this order.

    serving.py        the way of a request through all of these
    bodies.py         an API Gateway event made safe to route
    authenticator.py  who is calling, by the hash of the key
    api_keys.py       API Gateway's keys: each client's is one
    context.py        the routers, and the client that makes a request
    gateway.py        what the routes of `query` work with
    cursors.py        `next` of lists, sealed for its client
    problems.py       what goes wrong, as application/problem+json
"""
