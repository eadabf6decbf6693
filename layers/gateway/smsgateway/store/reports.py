"""Which submission a report belongs to, and the reports that come before anybody can say.

A report under a vendor's id can overtake the writing of that id. It is then filed beside the place of the mapping, and
the place itself is flagged: whoever comes second, the report or the mapping, sees the other's mark in its own write.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from smsgateway.clock import Millis, sortable
from smsgateway.ids import SubmissionKey, names_one, parse_reference
from smsgateway.model import Reason, Report, ReportStatus
from smsgateway.store.change import Change
from smsgateway.store.keys import block_key, early_sk, submission_key, vendor_key
from smsgateway.store.submissions import StoredSubmission, read_submission
from smsgateway.store.table import BATCH_READS, ConditionFailed, Item, Key, Query, Table
from smsgateway.store.vendor_ids import flag_early, key_in, key_to_one, places
from smsgateway.text import said_number

type Ids = tuple[bool, str, str]  # by what a report names its submission

WORDS = 16  # of one status, that are kept of a recipient until its message is known


def ids_of(report: Report) -> Ids:
    """What a report names its submission by: reports with equal ids are of one submission."""
    return report.ours, report.vendor_id, report.alternative_id


def find_one(table: Table, account: str, report: Report) -> tuple[SubmissionKey | None, dict[Key, Item]]:
    """The submission that a report is about, unread, if its id says that this is of a message to one number; and the
    mappings that were read to know it."""
    if report.ours:
        return parse_reference(report.vendor_id) if names_one(report.vendor_id) else None, {}
    mapped = _mappings(table, account, _vendors_own(report))
    keys = (key_to_one(mapped, account, vendor_id) for vendor_id in _vendors_own(report))
    return next(filter(None, keys), None), mapped


def find_submissions(
    table: Table, account: str, reports: Sequence[Report], mapped: Mapping[Key, Item] | None = None
) -> dict[Ids, StoredSubmission]:
    """The submissions that reports of this account are about, each by our id, else by the vendor's.

    At most three reads for a hundred different ids, however many reports there are. `mapped`: mappings read before.
    """
    named = {ids_of(report): report for report in reports}
    ours = {ids: parse_reference(report.vendor_id) for ids, report in named.items() if report.ours}
    found = _load(table, account, ours)
    theirs = {ids: _vendors_own(report) for ids, report in named.items() if ids not in found}
    mapped = mapped or _mappings(table, account, [vendor_id for each in theirs.values() for vendor_id in each])
    keys = {
        ids: next((key for vendor_id in each if (key := key_in(mapped, account, vendor_id))), None)
        for ids, each in theirs.items()
    }
    return found | _load(table, account, keys)


def _mappings(table: Table, account: str, vendor_ids: Sequence[str]) -> dict[Key, Item]:
    """The mappings that there are of vendor ids, by their keys.

    A mapping stands alone or in a block. For a few ids both places are read. For many the blocks are read first, and
    then the places of those ids that no block has. So of an id that a vendor has given twice, alone and among many,
    only the block is found.
    """
    wanted = dict.fromkeys(place for vendor_id in vendor_ids for place in places(account, vendor_id))
    if len(wanted) <= BATCH_READS:
        return table.get_many(wanted)
    blocks = table.get_many(block_key(account, vendor_id) for vendor_id in vendor_ids)
    alone = [vendor_id for vendor_id in vendor_ids if key_in(blocks, account, vendor_id) is None]
    return blocks | table.get_many(vendor_key(account, vendor_id) for vendor_id in alone)


def _vendors_own(report: Report) -> tuple[str, ...]:
    """The ids in a report that the vendor gave."""
    return tuple(filter(None, (report.alternative_id, "" if report.ours else report.vendor_id)))


def _load(table: Table, account: str, keys: Mapping[Ids, SubmissionKey | None]) -> dict[Ids, StoredSubmission]:
    """The submissions that went through this account: a vendor has no say in what it was never given."""
    items = table.get_many(submission_key(key) for key in keys.values() if key)
    submissions = [read_submission(item) for item in items.values()]
    theirs = {each.key: each for each in submissions if account in (each.account, *each.tried)}
    return {ids: theirs[key] for ids, key in keys.items() if key in theirs}


def keep_early(table: Table, account: str, reports: Sequence[Report], now: Millis, ttl: int) -> list[Report]:
    """File reports whose submissions are not known (yet), until `ttl` (epoch seconds).

    Returns those whose mapping came meanwhile: their submissions are to be looked for again.
    """
    ids = [report.alternative_id or report.vendor_id for report in reports]
    _put_all(
        table,
        [
            _early_item(vendor_key(account, vendor_id), account, report, now, ttl)
            for vendor_id, report in zip(ids, reports, strict=True)
        ],
    )
    mapped = flag_early(table, account, ids, ttl)
    return [report for vendor_id, report in zip(ids, reports, strict=True) if vendor_id in mapped]


def keep_unmatched(table: Table, account: str, reports: Sequence[tuple[Report, str]], now: Millis, ttl: int) -> None:
    """Keep reports of known submissions that fit none of their recipients, or several, among those without a place.

    Each with the message that it is about.
    """
    _put_all(
        table,
        [
            _early_item(vendor_key(account, report.vendor_id), account, report, now, ttl) | {"about": message_id}
            for report, message_id in reports
        ],
    )


def _put_all(table: Table, items: Sequence[Item]) -> None:
    """Write items, of those under one key the last."""
    table.put_many(list({(item["pk"], item["sk"]): item for item in items}.values()))


def say_about(table: Table, key: Key, message_id: str) -> None:
    """Note at an early report which message it is about, where it fits none of the message's recipients."""
    with suppress(ConditionFailed):  # somebody else has found its place
        table.update(Change(key).set(about=message_id).when("attribute_exists(pk)"))


def list_of(account: str) -> str:
    """The list that an account's reports without a place are in, by the index."""
    return f"early#{account}"


def _identity(report: Report) -> str:
    """What tells one report under an id from another. Vendors' words have no limit, and neither has their number: those
    of one status share so many places, and of two in one place the later stays."""
    place = crc32(report.vendor_status.encode(errors="surrogatepass")) % WORDS
    return f"{report.number}#{report.segment}#{report.status}#{'listed' if report.listed else 'unlisted'}#{place}"


def _early_item(place: Key, account: str, report: Report, now: Millis, ttl: int) -> Item:
    return {
        "pk": place[0],
        "sk": early_sk(_identity(report)),
        "account": account,
        "kept_at": now,
        "ttl": ttl,
        "list": list_of(account),
        "listed_at": sortable(now),
        "report": {
            "vendor_id": report.vendor_id,
            "number": report.number,
            "status": report.status,
            "vendor_status": report.vendor_status,
            "reason": report.reason,
            "ours": report.ours,
            "alternative_id": report.alternative_id,
            "reported_at": report.reported_at.isoformat() if report.reported_at else None,
            "segment": report.segment,
            "listed": report.listed,
            "raw": report.raw if isinstance(report.raw, str) else str(report.raw, "utf-8"),
        },
    }


def early_reports(table: Table, place: str) -> Iterator[tuple[Key, Report]]:
    """The reports filed beside the mapping at partition `place`, each with its key, to be deleted once applied."""
    for item in table.query_all(Query("pk = :pk AND begins_with(sk, :early)", {"pk": place, "early": early_sk("")})):
        yield (item["pk"], item["sk"]), _read(item)


@dataclass(frozen=True, slots=True)
class UnplacedReport:
    """A report that nobody can place, or not yet. `message_id`: what it is about, if that is known."""

    report: Report
    kept_at: Millis  # epoch milliseconds
    message_id: str


def read_unplaced(item: Item) -> UnplacedReport:
    """The report in an item that was filed without a place."""
    return UnplacedReport(_read(item), item["kept_at"], item.get("about", ""))


def _read(item: Item) -> Report:
    fields: dict[str, Any] = dict(item["report"])
    fields["number"] = said_number(fields["number"])  # the version before this one filed it as it was said
    fields["status"] = ReportStatus(fields["status"])
    fields["reason"] = Reason(fields["reason"]) if fields["reason"] else None
    fields["reported_at"] = datetime.fromisoformat(fields["reported_at"]) if fields["reported_at"] else None
    return Report(**fields)
