"""A recipient that was sent to again, as clients see it: while the resend is under way, and when it is over."""

from datetime import UTC, datetime
from typing import Any

import pytest

from smsgateway.core import WakingCore
from smsgateway.ids import SubmissionKey
from smsgateway.model import Accepted, Reason, Rejection, Report, ReportStatus, State
from smsgateway.queues import VendorBytes
from smsgateway.settling import failures
from smsgateway.settling.ingest import ingest
from smsgateway.settling.ingester import Ingester
from smsgateway.store import replies, submissions, transitions
from smsgateway.store.report_writes import PlacedReport, apply_reports
from smsgateway.store.submissions import StoredSubmission
from tests.doubles import aws
from tests.unit.api.conftest import NOW, Api
from tests.unit.api.routes.test_messages import FIVE, post, sent, show

both_kinds = pytest.mark.parametrize("count", [1, 3])


def failed(api: Api, count: int) -> tuple[str, StoredSubmission]:
    """A message that hb-main has taken and failed, and its resend through ly-bulk, which is not sent yet."""
    message_id = post(api, FIVE[:count], resend={"undelivered": True})
    first = sent(api, message_id)
    api.wake_ups.keys.clear()
    api.clock[0] = NOW + 6_000
    assert tell(api, first, ReportStatus.UNDELIVERED, 5)
    (key,) = api.wake_ups.keys
    assert key.rerouted
    return message_id, stored(api, key)


def tell(api: Api, submission: StoredSubmission, status: ReportStatus, after: int) -> bool:
    """A report of the first recipient, so many seconds after the message."""
    reason = None if status == ReportStatus.DELIVERED else Reason.UNREACHABLE
    at = datetime.fromtimestamp(NOW / 1000 + after, UTC)
    report = Report("v-00000", FIVE[0], status, status.value.upper(), reason, reported_at=at, listed=True)
    placed = PlacedReport(submission, FIVE[0], report)
    if not failures.may_lead_to_reroute(placed):
        return all(apply_reports(api.table, [placed], api.clock[0]))
    core = WakingCore(api.table, api.accounts.get, lambda: api.clock[0], 0, api.wake_ups)  # type: ignore[arg-type]
    return all(failures.take_failures(core, [placed]))


def stored(api: Api, key: SubmissionKey) -> StoredSubmission:
    found = submissions.load_submission(api.table, key)
    assert found
    return found


def taken(api: Api, again: StoredSubmission) -> StoredSubmission:
    """The resend, which ly-bulk took."""
    held = transitions.mark(api.table, again, "worker-2", NOW + 60_000, NOW + 7_000)
    transitions.submitted(api.table, held, Accepted(("v-again",)))
    return stored(api, again.key)


def views(api: Api, message_id: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, int]]:
    """The first recipient as its message shows it, as its number finds it, and the message's counts."""
    whole = show(api, message_id).json
    (found,) = api.call("GET", "/messages", query={"to": FIVE[0]}).json["items"]
    return whole["recipients"][0], found, whole["counts"]


@both_kinds
def test_a_resend_speaks_for_its_recipient(api: Api, count: int) -> None:
    message_id, again = failed(api, count)
    others = {"submitted": count - 1} if count > 1 else {}

    recipient, found, counts = views(api, message_id)
    assert (recipient["status"], recipient["account"], recipient["vendor_id"]) == ("queued", "ly-bulk", None)
    assert (found["status"], found["account"]) == ("queued", "ly-bulk")
    assert counts == others | {"queued": 1}
    assert show(api, message_id).json["status"] == "queued"

    again = taken(api, again)
    recipient, found, counts = views(api, message_id)
    assert (recipient["status"], recipient["account"], recipient["vendor_id"]) == ("submitted", "ly-bulk", "v-again")
    assert recipient["submitted_at"] == found["submitted_at"] == "2026-01-22T09:30:33.000Z"
    assert counts == {"submitted": count}

    tell(api, again, ReportStatus.DELIVERED, 9)
    recipient, found, counts = views(api, message_id)
    assert (
        (recipient["status"], recipient["account"]) == (found["status"], found["account"]) == ("delivered", "ly-bulk")
    )
    assert counts == others | {"delivered": 1}
    assert [(entry["account"], entry["status"]) for entry in recipient["history"]] == [
        ("hb-main", "submitted"),
        ("hb-main", "undelivered"),
        ("ly-bulk", "submitted"),
        ("ly-bulk", "delivered"),
    ]
    assert recipient["history"][1]["reason"] == "unreachable"


@both_kinds
def test_a_late_delivery_is_the_first_accounts(api: Api, count: int) -> None:
    message_id, again = failed(api, count)
    taken(api, again)
    tell(api, stored(api, SubmissionKey(message_id, "00000")), ReportStatus.DELIVERED, 10)

    recipient, found, _ = views(api, message_id)
    assert (recipient["status"], recipient["account"]) == ("delivered", "hb-main")
    assert recipient["submitted_at"] == found["submitted_at"] == "2026-01-22T09:30:26.000Z"


@both_kinds
def test_a_resend_that_is_named_but_not_there_yet(api: Api, count: int) -> None:
    message_id, again = failed(api, count)
    api.table.delete(again.table_key)

    recipient, found, counts = views(api, message_id)
    assert (recipient["status"], recipient["account"], recipient["submitted_at"]) == ("queued", "ly-bulk", None)
    assert found["status"] == "queued"
    assert counts["queued"] == 1


@both_kinds
@pytest.mark.parametrize("kind", ["refused", "rejected"])
def test_a_resend_that_ended_unsent_shows_what_was_before(api: Api, kind: str, count: int) -> None:
    message_id, again = failed(api, count)
    held = transitions.mark(api.table, again, "worker-2", NOW + 60_000, NOW + 7_000)
    if kind == "refused":
        transitions.ended(api.table, held, State.REFUSED, "105 no", Reason.SENSITIVE_CONTENT)
    else:
        transitions.submitted(api.table, held, Accepted(("v-again",), (Rejection(FIVE[0]),)))

    recipient, found, counts = views(api, message_id)
    assert (recipient["status"], recipient["reason"], recipient["account"]) == ("undelivered", "unreachable", "hb-main")
    assert found["status"] == "undelivered"
    assert counts["undelivered"] == 1


@both_kinds
def test_cancelling_a_resend_that_waits(api: Api, count: int) -> None:
    message_id, again = failed(api, count)

    answer = api.call("DELETE", "/messages/{id}", id=message_id)

    assert answer.status == 200
    recipient = answer.json["recipients"][0]
    assert (recipient["status"], recipient["account"]) == ("undelivered", "hb-main")
    assert [entry["status"] for entry in recipient["history"]] == ["submitted", "undelivered", "canceled"]
    assert stored(api, again.key).state == State.CANCELED
    assert stored(api, again.key).due_at is None
    assert api.call("DELETE", "/messages/{id}", id=message_id).status == 409


@both_kinds
def test_cancelling_a_resend_too_late(api: Api, count: int) -> None:
    message_id, again = failed(api, count)
    transitions.mark(api.table, again, "worker-2", NOW + 60_000, NOW + 7_000)

    assert api.call("DELETE", "/messages/{id}", id=message_id).status == 409


@both_kinds
def test_a_reply_through_the_next_account_answers_the_message(api: Api, count: int) -> None:
    message_id, again = failed(api, count)
    taken(api, again)
    push = VendorBytes("ly-bulk", "inbound", "push", NOW + 9_000, body=b"mobile=%s&msg=ok" % FIVE[0].encode())
    ingester = Ingester(
        table=api.table,
        settings=api.accounts.get,
        now=lambda: api.clock[0],
        retention=90 * 86_400,
        wake_ups=api.wake_ups,  # type: ignore[arg-type]
        park=lambda *_parked: None,
    )

    ingest(ingester, push)

    (reply,) = [replies.read_reply(item) for item in aws.scan(api.table) if item["pk"].startswith("mo_")]
    assert reply.in_reply_to == message_id
