"""Which submission a report belongs to, and the reports that come before anybody can say.

A report under a vendor's id can overtake the writing of that id. It is then filed beside the place of the mapping, and
the place itself is flagged: whoever comes second, the report or the mapping, sees the other's mark in its own write.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from smsgateway.ids import SubmissionKey, parse_reference
from smsgateway.model import Reason, Report, ReportStatus
from smsgateway.store.submissions import Stored, read_submission, submission_key, vendor_key
from smsgateway.store.table import Item, Key, Table, Update


def find_submission(table: Table, account: str, report: Report) -> Stored | None:
    """The submission that a report of this account is about, by our id, else by the vendor's."""
    if report.ours and (key := parse_reference(report.vendor_id)):
        found = _load_of(table, key, account)
        if found:
            return found
    for vendor_id in (report.alternative_id, "" if report.ours else report.vendor_id):
        if vendor_id and (mapping := table.get(vendor_key(account, vendor_id))) and "message_id" in mapping:
            return _load_of(table, SubmissionKey(mapping["message_id"], mapping["path"]), account)
    return None


def _load_of(table: Table, key: SubmissionKey, account: str) -> Stored | None:
    """The submission, if it went through this account: a vendor has no say in what it was never given."""
    item = table.get(submission_key(key))
    submission = read_submission(item) if item else None
    if submission and account in (submission.account, *submission.tried):
        return submission
    return None


def keep_early(table: Table, account: str, report: Report, now: int, ttl: int) -> bool:
    """File a report whose submission is not known (yet). True: the mapping came meanwhile, so look again."""
    place = vendor_key(account, report.alternative_id or report.vendor_id)
    table.put(_early_item(place, account, report, now, ttl))
    # The flag and the mapping are one item, so one of the two writers sees the other's.
    flagged = table.update(
        Update(place, "SET early = :yes, #ttl = if_not_exists(#ttl, :ttl)", {"yes": True, "ttl": ttl})
    )
    return "message_id" in flagged


def keep_unmatched(table: Table, account: str, report: Report, now: int, ttl: int) -> None:
    """Keep a report whose submission is known, but has no such recipient, among those that nobody can place."""
    table.put(_early_item(vendor_key(account, report.vendor_id), account, report, now, ttl))


def _early_item(place: Key, account: str, report: Report, now: int, ttl: int) -> Item:
    return {
        "pk": place[0],
        "sk": f"early#{report.number}#{report.segment}#{report.status}#{report.vendor_status}",
        "account": account,
        "kept_at": now,
        "ttl": ttl,
        "list": "early",
        "listed_at": f"{now:013d}",
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
            "raw": report.raw,
        },
    }


def early_reports(table: Table, place: str) -> Iterator[tuple[Key, Report]]:
    """The reports filed beside the mapping at partition `place`, each with its key, to be deleted once applied."""
    for item in table.query_all("pk = :pk AND begins_with(sk, :early)", {"pk": place, "early": "early#"}):
        fields: dict[str, Any] = dict(item["report"])
        fields["status"] = ReportStatus(fields["status"])
        fields["reason"] = Reason(fields["reason"]) if fields["reason"] else None
        fields["reported_at"] = datetime.fromisoformat(fields["reported_at"]) if fields["reported_at"] else None
        yield (item["pk"], item["sk"]), Report(**fields)
