"""What a vendor says, before it is stored: an item of the table has a limit, and a vendor's words have none.

Whatever a codec made of an answer passes here once. What the answer means stays as it is: a refusal with a word of half
a megabyte is a refusal, and is written.
"""

from collections.abc import Sequence
from dataclasses import replace

from smsgateway.errors import DecodeError
from smsgateway.model import Accepted, Balance, DayStatistics, Page, Refused, Report

LONGEST_WORD = 400  # characters of a vendor's own word
LONGEST_ID = 200  # characters; a key of the table has 2048 bytes
IDS = 100_000  # characters of all ids of one answer
SPARE_IDS = 10  # of an answer, beyond two for each number
REJECTED_WORDS = 60_000  # characters of the words with which an answer refuses numbers
PRODUCTS = 100
DIGITS = 30  # of an amount or a count


def answered(answer: Accepted | Refused, numbers: int) -> Accepted | Refused:
    """The answer to a submission of so many numbers."""
    if isinstance(answer, Refused):
        return refused(answer)
    each = min(LONGEST_WORD, REJECTED_WORDS // max(1, len(answer.rejected)))
    rejected = tuple(replace(one, vendor_status=one.vendor_status[:each]) for one in answer.rejected[: max(1, numbers)])
    ids, left_out = _ids(answer.vendor_ids, 2 * numbers + SPARE_IDS)
    status = answer.vendor_status or left_out
    return Accepted(ids, rejected, status[:LONGEST_WORD])


def _ids(vendor_ids: Sequence[str], most: int) -> tuple[tuple[str, ...], str]:
    """Those that can be ids, and the first of the others: no report will name one that is cut."""
    good = [vendor_id for vendor_id in vendor_ids if len(vendor_id) <= LONGEST_ID]
    left_out = next((vendor_id for vendor_id in vendor_ids if len(vendor_id) > LONGEST_ID), "")
    most = min(most, IDS // max(1, max(map(len, good), default=1)))
    return tuple(good[:most]), left_out


def refused(refusal: Refused) -> Refused:
    """The refusal with a word and ids that fit into an item."""
    ids, _ = _ids(refusal.vendor_ids, SPARE_IDS)
    if ids == refusal.vendor_ids and len(refusal.vendor_status) <= LONGEST_WORD:
        return refusal
    return replace(refusal, vendor_status=refusal.vendor_status[:LONGEST_WORD], vendor_ids=ids)


def reports(found: Sequence[Report]) -> Sequence[Report]:
    """The reports, in their order, with ids, numbers and words that fit into an item."""
    # Of hundreds, few are changed: a copy of each would cost more than its decoding.
    return [report if _fits(report) else _cut(report) for report in found]


def _fits(report: Report) -> bool:
    longest = max(len(report.vendor_id), len(report.alternative_id), len(report.number))
    return longest <= LONGEST_ID and len(report.vendor_status) <= LONGEST_WORD


def _cut(report: Report) -> Report:
    return report._replace(
        vendor_id=report.vendor_id[:LONGEST_ID],
        alternative_id=report.alternative_id[:LONGEST_ID],
        number=report.number[:LONGEST_ID],
        vendor_status=report.vendor_status[:LONGEST_WORD],
    )


def page[T](found: Page[T] | Refused) -> Page[T] | Refused:
    """What a poll brought; its records are bounded where they are understood."""
    return refused(found) if isinstance(found, Refused) else found


def balances(found: Sequence[Balance] | Refused) -> tuple[Balance, ...] | Refused:
    """What is left. Raises DecodeError for an amount that is none."""
    if isinstance(found, Refused):
        return refused(found)
    for balance in found:
        _, digits, exponent = balance.amount.as_tuple()
        if not isinstance(exponent, int) or len(digits) + abs(exponent) > DIGITS:
            raise DecodeError(f"an amount of more than {DIGITS} digits", b"")
    return tuple(Balance(balance.amount, balance.product[:LONGEST_WORD]) for balance in found[:PRODUCTS])


def days(found: Page[DayStatistics] | Refused) -> Page[DayStatistics] | Refused:
    """A vendor's figures. Raises DecodeError for a count that is none."""
    if isinstance(found, Refused):
        return refused(found)
    for day in found.items:
        if any(abs(count) >= 10**DIGITS for count in (day.accepted, day.delivered, day.failed, day.open)):
            raise DecodeError(f"a count of more than {DIGITS} digits", b"")
    return found
