"""What clients send and get, as shapes: types strict, unknown fields refused, each with an example.

Here is the shape of a body alone; what a post means is said in accepting/.

    requests.py            the bodies that clients send
    suppression_bodies.py  the bodies by which somebody says who is not to be texted
    responses.py           the answers to a post, and errors, as the API's document describes them
    resources.py           what `query` shows, as the document describes it
    parameters.py          parameters that several routes have
    moments.py             moments as clients write them
    wording.py             what is wrong with a field, in plain words
"""
