"""What the law and the carriers demand of texts, as pure functions.

Whoever accepts or sends a message asks here what it may do; what is read for that, it brings along.

    carriers.py     which carrier a number belongs to
    caps.py         how many texts of one purpose a number may get within a time
    keywords.py     the words by which people stop marketing, and ask for it again
    quiet_hours.py  when marketing is not sent
"""
