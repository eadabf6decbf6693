"""The records of a page or push, read one by one: what one of them hides costs none of the others.

A record that cannot be read is put into a body of its own, in the vendor's form, so that it can be parked alone and
be put back after a repair.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from smsgateway.errors import DecodeError
from smsgateway.model import Inbound, Page, Report, Unreadable

# What the table's keys are made of: it would refuse longer ones again and again. `#` stands between a key's parts.
_NUMBER = re.compile(r"[ -\"$-~]{1,64}")
_ID = re.compile("[^\x00-\x1f\ud800-\udfff]{0,200}")
_DAMAGED = "\ufffd"  # what decoders put where bytes are no text


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


def all_fileable(reports: Sequence[Report]) -> bool:
    """Whether `check` objects to none of many reports, in a fraction of its time."""
    ids = {one for report in reports for one in (report.vendor_id, report.alternative_id)}
    return all(_NUMBER.fullmatch(report.number) for report in reports) and all(map(_is_id, ids))


def check(item: Report | Inbound) -> None:
    """DecodeError if a report or reply cannot be filed: for its number, an id, or damaged bytes in its text."""
    if not _NUMBER.fullmatch(item.number):
        raise DecodeError("a number that cannot be one", b"")
    if isinstance(item, Report):
        ids, content = (item.vendor_id, item.alternative_id), ""
    else:
        ids, content = (item.access_number, item.extension), item.text
    if not all(map(_is_id, ids)):
        raise DecodeError("an id or an access number that cannot be one", b"")
    if _DAMAGED in content:
        raise DecodeError("a text with bytes that are none of its charset", b"")


@lru_cache(maxsize=1024)  # the reports of a page share a few
def _is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and _DAMAGED not in text
