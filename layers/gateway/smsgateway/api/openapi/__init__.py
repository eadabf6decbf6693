"""The API about itself.

    document.py  the OpenAPI document, made from the routes of both functions
    page.py      the same as a page that people read
"""
