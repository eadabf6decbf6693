"""README.md says what the code does: its examples are valid, its tables complete, its links lead somewhere."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from smsgateway.api.openapi import document
from smsgateway.api.routes import post_message
from smsgateway.api.schemas.requests import NewClient, NewMessage, TemplateBody
from smsgateway.api.schemas.responses import PROBLEMS, AcceptedMessage, Check, Figures
from smsgateway.api.schemas.responses import Message as ShownMessage
from smsgateway.api.schemas.responses import Problem as ShownProblem
from smsgateway.codecs import VENDORS, infocloud
from smsgateway.codecs.charsets import written_in
from smsgateway.config.settings import parse_accounts
from smsgateway.events import SOURCE, Event, EventType, detail_of
from smsgateway.handlers import query, send
from smsgateway.ids import SubmissionKey, root_path
from smsgateway.model import (
    FINAL,
    About,
    Inbound,
    Message,
    Options,
    Personal,
    Reason,
    Refused,
    Report,
    ReportStatus,
    State,
    Status,
)
from smsgateway.publishing.changes import EVENT_OF_STATE, EVENT_OF_STATUS, events_of
from smsgateway.queues import Receipt, parked_body, receipt_body
from smsgateway.routing import Again, Doubt, End, Move, Try, next_step
from smsgateway.store import accounts, recipients, replies, submissions
from smsgateway.store.recipients import Placed
from smsgateway.store.table import Item, Table
from tests.doubles.samples import samples
from tests.doubles.voices import account
from tests.simulators.accounts import default_accounts
from tests.tools import codes
from tests.tools.readme import PROSE, README, blocks, consumer, local_commands, statuses

ROOT = Path(__file__).parents[3]
CAPABILITIES = {
    "send": "send",
    "personalised": "batch",
    "balance": "balance",
    "report push": "report_push",
    "report poll": "report_poll",
    "reply push": "inbound_push",
    "reply poll": "inbound_poll",
    "statistics": "statistics",
    "health": "health",
}
# Every alert that the design names; the page has those that the code raises.
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
)
ALWAYS = {"version", "event_id", "at", "account", "vendor", "reference"}
NOW = 1_795_000_000_000  # epoch milliseconds

Row = dict[str, str]


def table_with(*names: str) -> list[Row]:
    """The one table of the page that has these columns."""
    (found,) = [rows for rows in tables() if set(names) <= set(rows[0])]
    return found


def tables() -> Iterator[list[Row]]:
    for block in re.findall(r"(?:^\|.*\|\n)+", PROSE, flags=re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.strip().split("\n")]
        head, _, *rows = lines
        assert all(len(row) == len(head) for row in rows), f"a table of {head} has a row of another length"
        yield [dict(zip(head, row, strict=True)) for row in rows]


def ticked(cell: str) -> list[str]:
    """What stands in back quotes."""
    return re.findall(r"`([^`]+)`", cell)


def name_of(cell: str) -> str:
    (name,) = ticked(cell)
    return name


def json_blocks() -> list[dict[str, Any]]:
    return [json.loads(block) for block in blocks("json")]


def bodies() -> Iterator[tuple[str, str]]:
    """The path and the body of each of the page's commands that sends one."""
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    commands = "".join(blocks("sh")).replace("'\"$AT\"'", at)
    for command in re.split(r"^(?=curl|once|[A-Z]+=)", commands, flags=re.MULTILINE):
        path = re.search(r'"\$API(/[a-z/]+)', command)
        for body in re.findall(r"(?:-d|^once) '(.*?)'", command, flags=re.DOTALL):
            yield path[1] if path else "/messages", body


def accounts_document() -> dict[str, Any]:
    (found,) = [block for block in json_blocks() if "routes" in block]
    return found


class Loader(yaml.SafeLoader):
    """Leaves tags out."""


Loader.add_multi_constructor("!", lambda *_: None)


def template() -> dict[str, Any]:
    """template.yaml."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)
    return loaded


# --- The accounts document


def test_the_accounts_document_has_a_valid_account_at_each_vendor() -> None:
    settings = parse_accounts(json.dumps(accounts_document()))
    assert {each.vendor for each in settings.accounts.values()} == set(VENDORS)
    assert settings.routes


def test_the_fields_of_an_account_are_explained() -> None:
    explained = {name_of(row["field of an account"]) for row in table_with("field of an account")}
    used = {name for entry in accounts_document()["accounts"] for name in entry}
    assert {name for name in explained if "." not in name} == used
    assert {name.removeprefix("push.") for name in explained if "." in name} == {"token", "source_ips", "credentials"}


def test_the_credentials_of_each_vendor_are_named() -> None:
    rows = table_with("`credentials`, all required")
    assert [row["vendor"] for row in rows] == list(VENDORS)
    for row in rows:
        vendor = VENDORS[row["vendor"]]
        assert ticked(row["`credentials`, all required"]) == list(vendor.profile.credentials)
        assert set(ticked(row["`push.credentials`, all optional"])) == set(vendor.profile.push_credentials)
        polled = {"reports": vendor.report_poll, "inbound": vendor.inbound_poll}
        assert ticked(row["`poll` may name"]) == [kind for kind, codec in polled.items() if codec]
        assert row["pushes"] == ("yes" if vendor.report_push else "no")


def test_every_option_is_there_with_its_default_and_its_vendors() -> None:
    rows = {name_of(row["option"]): row for row in table_with("option", "default")}
    assert set(rows) == {option.name for option in fields(Options)}
    special = frozenset[str]().union(*(vendor.profile.options for vendor in VENDORS.values()))
    for name, row in rows.items():
        takers = [vendor for vendor in VENDORS if name in VENDORS[vendor].profile.options]
        assert row["vendors"] == (", ".join(takers) if name in special else "all"), name
        default = getattr(Options(), name)
        if ticked(row["default"]):
            assert json.loads(name_of(row["default"])) == default, name
        else:
            assert default in (None, {}), name
    assert rows["charset"]["default"] == written_in(account("hbsmservice"))
    assert rows["sign_method"]["default"] == infocloud.DEFAULT_SIGN_METHOD
    assert set(ticked(rows["sign_method"]["meaning"])) == set(infocloud.SIGN_METHODS)
    assert set(ticked(rows["codes"]["meaning"])[1:]) == set(About) - {About.UNLISTED}


def test_what_has_no_effect_yet_is_said_to_have_none() -> None:
    code = {path: path.read_text(encoding="utf-8") for path in (ROOT / "layers/gateway/smsgateway").rglob("*.py")}
    readers = "".join(text for path, text in code.items() if path.name not in ("model.py", "config/settings.py"))
    for row in table_with("option", "default"):
        is_read = re.search(rf"\.{name_of(row['option'])}\b", readers) is not None
        assert ("not used yet" in row["meaning"]) == (not is_read), row["option"]


# --- The vendors


def test_the_matrix_is_the_registry() -> None:
    rows = table_with("vendor", *CAPABILITIES)
    assert [row["vendor"] for row in rows] == list(VENDORS)
    for row in rows:
        for column, capability in CAPABILITIES.items():
            has = getattr(VENDORS[row["vendor"]], capability) is not None
            assert row[column] == ("yes" if has else ""), (row["vendor"], column)


def test_the_limits_are_the_profiles() -> None:
    rows = table_with("vendor", "numbers a request")
    assert [row["vendor"] for row in rows] == list(VENDORS)
    for row in rows:
        profile = VENDORS[row["vendor"]].profile
        assert row["numbers a request"] == str(profile.recipients)
        assert row["personalised"] == (str(profile.batch) if profile.batch else "")
        assert row["characters of a text"] == str(samples(row["vendor"]).TEXT_LIMIT)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_has_a_section_on_what_to_register(vendor: str) -> None:
    assert f"\n### {vendor}\n" in README


def test_what_a_refusal_leads_to_is_the_policy() -> None:
    words: Mapping[About, tuple[str, type, str]] = {
        About.MOMENT: ("the moment", Again, "the same account again"),
        About.ACCOUNT: ("the account", Move, "the next account of the route"),
        About.CONTENT: ("the content", Move, "the next account of the route that is another vendor's"),
        About.NUMBERS: ("the numbers", End, "those numbers `rejected`"),
        About.UNLISTED: ("not listed", Doubt, "`unconfirmed`"),
    }
    rows = table_with("about", "next")
    assert len(rows) == len(About)
    tried = Try("first", ("second", "third"), ("third",), 0, 0)
    for row, value in zip(rows, About, strict=True):
        beginning, step, following = words[value]
        assert row["about"].startswith(beginning)
        assert following in row["next"]
        assert isinstance(next_step(Refused(value, Reason.BUSY, "1"), tried, 0.5), step)


def test_the_codes_are_those_of_the_vendors_modules() -> None:
    assert codes.renewed(README) == README, "python -m tests.tools.codes writes the tables anew"
    assert set(codes.CODES) == set(codes.WORDS) == set(VENDORS)


# --- The API


def test_the_routes_are_those_that_are_served() -> None:
    listed = {
        (method, name_of(row["path"])) for row in table_with("method", "path") for method in row["method"].split(", ")
    }
    paths = document.openapi([send.app, query.app], "https://api.example")["paths"]
    served = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    deployed = {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "Api"
    }
    assert listed == served | {(method, path) for method, path in deployed if path.startswith("/push/")}
    assert listed <= deployed


@pytest.mark.parametrize(("model", "columns"), [(NewMessage, ("to", "messages")), (NewClient, ("daily_segments",))])
def test_the_fields_of_a_body_are_there_with_their_defaults(model: type[BaseModel], columns: tuple[str, ...]) -> None:
    (rows,) = [
        {name_of(row["field"]): row for row in rows}
        for rows in tables()
        if "field" in rows[0] and {f"`{name}`" for name in columns} <= {row["field"] for row in rows}
    ]
    assert list(rows) == list(model.model_fields)
    for name, field in model.model_fields.items():
        shown = ticked(rows[name]["default"])
        default = field.get_default()
        if len(shown) == 1 and shown[0] != "otp":
            assert json.loads(shown[0]) == (default.model_dump() if isinstance(default, BaseModel) else default), name
        else:
            assert field.is_required() or default in (None, []), name


def test_the_examples_are_valid() -> None:
    models: Mapping[str, type[BaseModel]] = {
        "/messages": NewMessage,
        "/templates/otp": TemplateBody,
        "/clients": NewClient,
    }
    sent = list(bodies())
    for path, body in sent:
        message = models[path].model_validate_json(body)
        if isinstance(message, NewMessage):
            assert list(post_message.inconsistencies(message)) == []
    used = {name for path, body in sent if path == "/messages" for name in json.loads(body)}
    assert used >= {"to", "text", "messages", "template", "params", "send_at", "dry_run", "reference", "purpose"}
    assert {path for path, _ in sent} == set(models)


def test_every_command_says_its_status() -> None:
    for block in local_commands():
        calls = len(re.findall(r"\bcurl -s|^once '", block, flags=re.MULTILINE)) - block.count("once() {")
        assert len(statuses(block)) == calls, block


def test_the_commands_use_the_accounts_that_there_are() -> None:
    local = {account.name for account in default_accounts()}
    assert {entry["name"] for entry in accounts_document()["accounts"]} == local
    named = set(re.findall(r"\b(?:hb|ic|ly|qx|hj)-[a-z0-9]+\b", README))
    assert named <= local


@pytest.mark.parametrize(
    ("model", "sign"),
    [(AcceptedMessage, "refused"), (ShownMessage, "counts"), (Check, "reachable"), (ShownProblem, "title")],
)
def test_the_answers_are_what_the_api_describes(model: type[BaseModel], sign: str) -> None:
    (answer,) = [block for block in json_blocks() if sign in block]
    model.model_validate(answer)
    assert set(answer) <= set(model.model_fields)


def test_the_figures_are_what_the_api_describes() -> None:
    assert [name_of(row["field of `figures`"]) for row in table_with("field of `figures`")] == list(
        Figures.model_fields
    )


def test_the_errors_are_there() -> None:
    assert [int(row["status"]) for row in table_with("status", "when")] == list(PROBLEMS)


# --- Statuses, reasons, events


def test_the_statuses_are_there() -> None:
    rows = {name_of(row["status of a recipient"]): row for row in table_with("status of a recipient")}
    assert set(rows) == set(Status)
    assert {status for status, row in rows.items() if row["final"] == "yes"} == FINAL


def test_the_reasons_are_there() -> None:
    assert [name_of(row["reason"]) for row in table_with("reason", "meaning")] == list(Reason)


def test_the_alerts_are_those_that_the_code_raises() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "layers/gateway").rglob("*.py"))
    raised = [name for name in ALERTS if f'"{name}"' in source]
    assert [name_of(row["`alert`"]) for row in table_with("`alert`")] == raised


def test_the_events_are_those_that_are_published(table: Table) -> None:
    rows = {name_of(row["detail-type"]): set(ticked(row["also in `detail`"])) for row in table_with("detail-type")}
    found = {str(event.type): set(detail_of(event)) for event in every_event(table)}
    assert set(rows) == set(EventType)
    assert {name: keys - ALWAYS - {"message_id"} for name, keys in found.items()} == rows
    assert all(keys >= ALWAYS for keys in found.values())


def test_the_fields_of_events_are_explained_under_their_names(table: Table) -> None:
    (rows,) = [rows for rows in tables() if rows[0].get("field") == "`event_id`"]
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
    pattern = yaml.load(consumer(), Loader)["Resources"]["Rule"]["Properties"]["EventPattern"]
    assert pattern["source"] == [SOURCE]
    assert set(pattern["detail-type"]) <= set(EventType)


def every_event(table: Table) -> Iterator[Event]:
    """An event of every type, from what the store writes."""
    new = sent_item(table, "msg_01m7z5skbrbwqgw4bmx01vye39", "")
    for state in (State.SUBMITTED, *EVENT_OF_STATE):
        yield from events_of(new, new | {"state": state, "attempt": 1}, segments, NOW)
    for status in EVENT_OF_STATUS:
        yield from events_of(new, new | {"status": status}, segments, NOW)
    inbound = Inbound("13800138000", "TD", "106575325219241", "1")
    reply_id = replies.reply_id("hb-1", inbound, 0)
    reply = replies.Reply(reply_id, "hb-1", "hbsmservice", inbound.number, inbound.access_number, "1", "TD", NOW)
    replies.put_reply(table, replace(reply, in_reply_to="msg_01m7z5skbrbwqgw4bmx01vye39"), NOW)
    yield from events_of(None, table.get((reply_id, "I")), segments, NOW)
    accounts.raise_alert(table, "hb-1", "hbsmservice", "balance_low", "999 left", NOW, NOW)
    (alert,) = accounts.known_of(table, "hb-1").values()
    yield from events_of(None, alert, segments, NOW)


def segments(_submission: submissions.Stored) -> Mapping[str, int]:
    return {"13800138000": 1}


def sent_item(table: Table, message_id: str, reference: str) -> Item:
    """A message to one number, as it stands in the table."""
    key = SubmissionKey(message_id, root_path(0))
    message = Message(
        message_id, "shop", "otp", NOW, NOW, ("hb-1",), 1, 1, content=Personal("您好"), reference=reference
    )
    item = submissions.new_submission(
        key, message, account="hb-1", vendor="hbsmservice", count=1, segments=1, ttl=NOW, now=NOW
    )
    submissions.put_single(table, message, item, "13800138000", NOW)
    stored = table.get((message_id, item["sk"]))
    assert stored
    return stored


def test_the_sample_event_is_what_a_report_publishes(table: Table) -> None:
    (sample,) = [block for block in json_blocks() if "detail-type" in block]
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
    recipients.apply_reports(table, [Placed(submissions.read_submission(old), detail["to"], report)], NOW)
    (event,) = events_of(old, table.get((old["pk"], old["sk"])), segments, NOW)
    assert sample == {"source": SOURCE, "detail-type": event.type, "detail": detail_of(event)}


# --- Commands, parameters, links


def test_the_commands_are_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    named = re.findall(r"make ([a-z]+)((?: [A-Z]+=)?)", "".join([*blocks("sh"), *re.findall(r"`[^`]+`", PROSE)]))
    assert {target for target, _ in named} <= set(phony.split())
    assert {"test", "demo", "up", "down", "deploy"} <= {target for target, _ in named}
    for variable in {setting.strip(" =") for _, setting in named if setting}:
        assert re.search(rf"^{variable} \?=", makefile, flags=re.MULTILINE), variable


def test_the_parameters_are_the_templates() -> None:
    shown = {name_of(row["parameter"]): row["default"] for row in table_with("parameter", "default")}
    parameters = template()["Parameters"]
    assert set(shown) == set(parameters)
    for name, parameter in parameters.items():
        assert shown[name] == (f"`{parameter['Default']}`" if parameter["Default"] != "" else "none"), name


def test_the_outputs_and_queues_are_the_templates() -> None:
    outputs = set(re.findall(r"output ([A-Z][A-Za-z]+)\)", README)) | set(re.findall(r"output `([A-Za-z]+)`", README))
    assert outputs
    assert outputs <= set(template()["Outputs"])
    source = (ROOT / "template.yaml").read_text(encoding="utf-8")
    dead = set(re.findall(r"QueueName: !Sub \$\{AWS::StackName\}-([a-z]+-dead)", source))
    assert {name for row in table_with("queue", "holds") for name in ticked(row["queue"])} == dead


def test_the_look_at_parked_receipts_shows_their_reason_and_bytes() -> None:
    (command,) = [block for block in blocks("sh") if "b64decode" in block]
    (program,) = re.findall(r"-c '(.*)'", command, flags=re.DOTALL)
    receipt = Receipt("hb-main", "reports", "push", NOW, headers={"content-type": "text/xml"}, body="乱".encode("gbk"))
    large = replace(receipt, body=b"<reports>" * 30_000)
    bodies = [parked_body(receipt, "not XML of reports"), receipt_body(receipt)]
    packed = json.dumps({"Messages": [{"Body": parked_body(large, "cut")}]})
    done = subprocess.run([sys.executable, "-c", program], input=packed, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == repr(large.body)
    full = json.dumps({"Messages": [{"Body": body} for body in bodies]})
    # An empty queue: the AWS CLI says nothing.
    for found, shown in ((full, ["not XML of reports", "None"]), ("", [])):
        done = subprocess.run([sys.executable, "-c", program], input=found, capture_output=True, text=True, check=True)
        expected = [
            line
            for reason in shown
            for line in (f"hb-main reports push {reason} {dict(receipt.headers)} []", repr(receipt.body))
        ]
        assert done.stdout.splitlines() == expected


def test_the_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PROSE, flags=re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", PROSE):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (ROOT / target).exists(), target


def test_every_chapter_is_in_the_contents() -> None:
    chapters = re.findall(r"^## (.*)$", PROSE, flags=re.MULTILINE)
    listed = re.findall(r"^[0-9]+\. \[(.*)\]\(#", PROSE, flags=re.MULTILINE)
    assert ["Contents", *listed] == chapters


def test_the_layout_is_that_of_the_repository() -> None:
    layout = README.partition("## Developing\n")[2].split("```\n")[1]
    top = [line for line in layout.splitlines() if not line.startswith(" ")]
    named = [name for line in top for name in re.split(r" {5,}", line)[0].split()]
    inside = re.findall(r"[a-z]+\.py|[a-z]+/(?= )", "".join(line for line in layout.splitlines() if line[0] == " "))
    for path in [
        *(name.partition("<")[0] for name in named),
        *(f"layers/gateway/smsgateway/{name}" for name in inside),
    ]:
        assert (ROOT / path).exists(), path
