"""The function `fanout`: a change of the table becomes events, and these go on the bus.

Nobody else publishes: events follow from what is stored, so none can be lost once its state is there.

    changes.py  from both images of an item to the events that the change means
    opting.py   of these, who has stopped texts to a number, or lets them go on
    bus.py      events onto the bus, ten a call, again while the bus is busy
    stream.py   a batch of the table's stream: published, or set aside record by record
"""
