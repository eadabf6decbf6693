"""The API about itself.

Both are made from the routes and their schemas; neither is written by hand.

    document.py  the OpenAPI document, made from the routes of both functions
    page.py      the same as a page that people read
"""
