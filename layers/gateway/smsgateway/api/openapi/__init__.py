"""The API about itself.

The document is made from the routes and their schemas, the page from the document; neither is written by hand.

    document.py  the OpenAPI document, made from the routes of both functions
    meanings.py  what each status and each reason means, for the document
    page.py      the same as a page that people read
"""
