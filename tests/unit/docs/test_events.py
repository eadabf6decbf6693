"""The page of events: its tables are what the code publishes, its sample what a report brings, its consumer good."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import yaml

from smsgateway.events import SOURCE, Event, EventType, detail_of
from smsgateway.ids import SubmissionKey, root_path
from smsgateway.model import Inbound, Message, Personal, Reason, Reply, Report, ReportStatus, State
from smsgateway.publishing.changes import EVENT_OF_STATE, EVENT_OF_STATUS, events_of
from smsgateway.store import accounts, replies, report_writes, submissions
from smsgateway.store.alerts import Alert, raise_alert
from smsgateway.store.keys import suppression_key
from smsgateway.store.numbers import OptIn, Suppression
from smsgateway.store.report_writes import PlacedReport
from smsgateway.store.stops import allow_marketing, stop_marketing
from smsgateway.store.table import Item, Table
from tests.tools.pages import EVENTS as PAGE
from tests.tools.pages import ROOT, consumer, the_ticked, ticked
from tests.tools.template import TemplateLoader

# The page has those of these that the code raises.
ALERTS = (
    "balance_low",
    "credentials_refused",
    "account_refused",
    "breaker_open",
    "breaker_closed",
    "push_silent",
    "push_refused",
    "page_maybe_lost",
    "receipt_parked",
    "figures_differ",
    "signature_refused",
    "pumping_suspected",
)
ALWAYS = {"version", "event_id", "at", "account", "vendor", "reference"}
NOW = 1_795_000_000_000  # epoch milliseconds


def test_the_alerts_are_those_that_the_code_raises() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "layers/gateway").rglob("*.py"))
    raised = [name for name in ALERTS if f'"{name}"' in source]
    assert [the_ticked(row["`alert`"]) for row in PAGE.table_with("`alert`")] == raised


def test_the_events_are_those_that_are_published(table: Table) -> None:
    rows = {
        the_ticked(row["detail-type"]): set(ticked(row["also in `detail`"])) for row in PAGE.table_with("detail-type")
    }
    found = {str(event.type): set(detail_of(event)) for event in every_event(table)}
    assert set(rows) == set(EventType)
    assert {name: keys - ALWAYS - {"message_id"} for name, keys in found.items()} == rows
    assert all(keys >= ALWAYS for keys in found.values())


def test_the_fields_of_events_are_explained_under_their_names(table: Table) -> None:
    (rows,) = [rows for rows in PAGE.tables() if rows[0].get("field") == "`event_id`"]
    explained = {name for row in rows for name in ticked(row["field"])}
    found = {name for event in every_event(table) for name in detail_of(event)}
    plain = {"version", "message_id", "recipients", "inbound_id", "text", "received_at", "alert", "detail"}
    assert explained == found - plain


def test_the_consumer_is_a_good_template() -> None:
    lint = subprocess.run(
        [str(ROOT / ".local/sam/bin/cfn-lint"), "--regions", "us-east-1", "cn-north-1", "--", "/dev/stdin"],
        input=consumer(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (lint.stdout + lint.stderr, lint.returncode) == ("", 0)
    pattern = yaml.load(consumer(), TemplateLoader)["Resources"]["Rule"]["Properties"]["EventPattern"]
    assert pattern["source"] == [SOURCE]
    assert set(pattern["detail-type"]) <= set(EventType)


def every_event(table: Table) -> Iterator[Event]:
    """An event of every type, from what the store writes."""
    new = sent_item(table, "msg_01m7z5skbrbwqgw4bmx01vye39", "")
    for state in (State.SUBMITTED, *EVENT_OF_STATE):
        yield from events_of(new, new | {"state": state, "attempt": 1}, segments, NOW)
    for status in EVENT_OF_STATUS:
        yield from events_of(new, new | {"status": status}, segments, NOW)
    yield from events_of(new, new | {"state": State.CANCELED, "refusal": Reason.SUPPRESSED}, segments, NOW)
    inbound = Inbound("13800138000", "TD", "106575325219241", "1")
    reply_id = replies.reply_id("hb-1", inbound, 0)
    reply = Reply(reply_id, "hb-1", "hbsmservice", inbound.number, inbound.access_number, "1", "TD", NOW)
    replies.put_reply(table, replace(reply, in_reply_to="msg_01m7z5skbrbwqgw4bmx01vye39"), NOW)
    yield from events_of(None, table.get((reply_id, "I")), segments, NOW)
    number = inbound.number
    stop_marketing(table, number, Suppression(NOW, "opt_out", "reply", reply_id, "hb-1", "shop", "示例"), NOW)
    stopped = table.get(suppression_key(number))
    yield from events_of(None, stopped, segments, NOW)
    allow_marketing(table, number, "shop#示例", OptIn(NOW, NOW, "api"), NOW)
    yield from events_of(stopped, table.get(suppression_key(number)), segments, NOW)
    raise_alert(table, Alert("hb-1", "hbsmservice", "balance_low", "999 left", NOW, NOW))
    (alert,) = accounts.items_of(table, "hb-1").values()
    yield from events_of(None, alert, segments, NOW)


def segments(_submission: submissions.StoredSubmission) -> Mapping[str, int]:
    return {"13800138000": 1}


def sent_item(table: Table, message_id: str, reference: str) -> Item:
    """A message to one number, as it stands in the table."""
    key = SubmissionKey(message_id, root_path(0))
    message = Message(
        message_id, "shop", "otp", NOW, NOW, ("hb-1",), 1, 1, content=Personal("您好"), reference=reference
    )
    item = submissions.new_submission(key, message, submissions.Share("hb-1", "hbsmservice", 1, 1), ttl=NOW, now=NOW)
    submissions.put_single(table, message, item, "13800138000", NOW)
    stored = table.get((message_id, item["sk"]))
    assert stored
    return stored


def test_the_sample_event_is_what_a_report_publishes(table: Table) -> None:
    sample = PAGE.json_with("detail-type")
    detail = sample["detail"]
    old = sent_item(table, detail["message_id"], detail["reference"])
    report = Report(
        vendor_id="01m7z5skbrbwqgw4bmx01vye3900000",
        number=detail["to"],
        status=ReportStatus.DELIVERED,
        vendor_status=detail["vendor_status"],
        ours=True,
        reported_at=datetime.fromisoformat(detail["at"]).astimezone(UTC),
    )
    report_writes.apply_reports(table, [PlacedReport(submissions.read_submission(old), detail["to"], report)], NOW)
    (event,) = events_of(old, table.get((old["pk"], old["sk"])), segments, NOW)
    assert sample == {"source": SOURCE, "detail-type": event.type, "detail": detail_of(event)}


def test_there_is_a_sample_of_every_type() -> None:
    samples = {path.stem.removeprefix("bus-") for path in (ROOT / "events").glob("bus-*.json")}
    plain = (kind.removeprefix("Message ").removeprefix("Account ") for kind in EventType)
    assert samples == {kind.lower().replace(" ", "-") for kind in plain}
