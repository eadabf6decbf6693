"""Ways to damage a record of a vendor's page."""

from collections.abc import Callable

type Damage = Callable[[bytes], bytes]


def without(name: bytes) -> Damage:
    """Takes an element of XML out."""

    def damage(record: bytes) -> bytes:
        front, _, rest = record.partition(b"<%s>" % name)
        return front + rest.partition(b"</%s>" % name)[2]

    return damage


def cut(until: bytes) -> Damage:
    """Ends the record before some bytes."""
    return lambda record: record[: record.index(until)]


def instead(old: bytes, new: bytes) -> Damage:
    """Puts bytes in the place of others, once."""
    return lambda record: record.replace(old, new, 1)


def percent(text: bytes) -> bytes:
    """Bytes as a form has them, each escaped."""
    return b"".join(b"%%%02X" % byte for byte in text)
