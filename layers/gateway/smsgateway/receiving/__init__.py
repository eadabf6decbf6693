"""The functions `webhook` and `poll`: what a vendor says goes into a queue before anybody understands it.

A vendor forgets what it has handed out, so its bytes are stored as they are and looked into later, by settling/.

    push.py        a push: verified, put into a queue by one call, acknowledged after that
    poll.py        a poll: which runs are due; lease, intent, pace, and the page put into a queue
    balance.py     what is left of an account
    statistics.py  a vendor's statistics of a day beside ours
    poller.py      what polling works with, and how a vendor is asked for what is seldom asked
"""
