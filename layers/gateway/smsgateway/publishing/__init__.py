"""The function `fanout`: a change of the table becomes events, and these go on the bus.

    changes.py  from both images of an item to the events that the change means
"""
