"""The functions `webhook` and `poll`: what a vendor says goes into a queue before anybody understands it.

    push.py        a push: verified, put into a queue by one call, acknowledged after that
    poll.py        a poll: lease, intent, pace, and the page put into a queue
    statistics.py  a vendor's statistics of a day beside ours
"""
