"""The records of a page or push, read one by one: what one of them hides costs none of the others.

A record that cannot be read is put into a body of its own, in the vendor's form, so that it can be parked alone and
be put back after a repair.
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

from smsgateway.errors import DecodeError
from smsgateway.model import Inbound, Page, Report, Unreadable

# What the table's keys are made of: it would refuse longer ones again and again. `#` stands between a key's parts.
_NUMBER = re.compile(r"[ -\"$-~]{1,64}")
_ID = re.compile("[^\x00-\x1f\ud800-\udfff]{0,200}")
# The same of many, each on a line of its own: as one text, because a page has hundreds.
_NUMBERS = re.compile(r"[ -\"$-~]{1,64}+(?:\n[ -\"$-~]{1,64}+)*+")
_IDS = re.compile("[^\x00-\x1f\ud800-\udfff\ufffd]{0,200}+(?:\n[^\x00-\x1f\ud800-\udfff\ufffd]{0,200}+)*+")
_DAMAGED = re.compile("[\ufffd\ud800-\udfff]")  # what decoders put where bytes are no text


def read_each[R, T: (Report, Inbound)](
    records: Iterable[R], read: Callable[[R], T], alone: Callable[[R], bytes], raw: bytes
) -> Page[T]:
    """All records that can be read, and each other one alone, in the order of `records`.

    `read`: one record's report or reply, or DecodeError; `alone`: a body with this record only, of the form that the
    vendor's decoder takes; `raw`: the whole. Raises DecodeError with the whole when there are records, and none of them
    can be read.
    """
    items: list[T] = []
    unreadable: list[Unreadable] = []
    every = list(records)
    first: DecodeError | None = None
    for place, record in enumerate(every, 1):
        try:
            item = read(record)
            check(item)
        except DecodeError as error:
            first = first or error
            unreadable.append(Unreadable(alone(record), error.problem, f"record {place} of {len(every)}"))
        else:
            items.append(item)
    if first and not items:
        raise DecodeError(first.problem, raw)
    return Page(tuple(items), unreadable=tuple(unreadable))


def only[T: (Report, Inbound)](item: T, raw: bytes) -> Page[T]:
    """The page of a push that never has more than one record. DecodeError with the whole if that cannot be filed."""
    return read_each([item], lambda one: one, lambda _: raw, raw)


def all_fileable(numbers: Collection[str], ids: Collection[str]) -> bool:
    """Whether `check` objects to none of many records, in a fraction of its time."""
    fileable = not numbers or _NUMBERS.fullmatch("\n".join(numbers))
    return bool(fileable and _IDS.fullmatch("\n".join(ids)))


def check(item: Report | Inbound) -> None:
    """DecodeError if a report or reply cannot be filed: for its number, an id, or damaged bytes in its text."""
    if not _NUMBER.fullmatch(item.number):
        raise DecodeError("a number that cannot be one", b"")
    if isinstance(item, Report):
        ids, content = (item.vendor_id, item.alternative_id), ""
    else:
        ids, content = (item.access_number, item.extension), item.text
    if not all(map(is_id, ids)):
        raise DecodeError("an id or an access number that cannot be one", b"")
    if _DAMAGED.search(content):
        raise DecodeError("a text with bytes that are none of its charset", b"")


def is_damaged(text: str) -> bool:
    """Whether bytes that are no text, or half a character, stand in what was read."""
    return bool(_DAMAGED.search(text))


@lru_cache(maxsize=1024)  # the reports of a page share a few
def is_id(text: str) -> bool:
    """Whether something can be filed under a text. Nothing is too."""
    return bool(_ID.fullmatch(text)) and not is_damaged(text)
