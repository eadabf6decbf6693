"""The handlers of the version before the layers held them, on today's layers (tests/previous/README.md).

The update from that version meets this pair for a moment; later updates change nothing but the layers. A name that
those handlers import, or what they hand over, may go when nobody updates from that version any more.
"""

import base64
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from smsgateway.api import about, sending
from smsgateway.ids import SubmissionKey
from smsgateway.model import Request, Response
from smsgateway.store.table import to_wire
from tests import aws
from tests.template import FUNCTIONS, ROOT
from tests.unit.functions.conftest import TOKEN, Context, Stack, records, sample

NUMBER = "13800138000"
REPORT = (
    '<?xml version="1.0" encoding="GBK"?><reports><report><corp_id>test</corp_id><mobile>{number}</mobile>'
    "<sub_seq>0</sub_seq><msg_id>{vendor_id}</msg_id><err>0</err><fail_desc>DELIVRD</fail_desc>"
    "<report_time>2026-11-29 08:00:00</report_time></report></reports>"
)


@pytest.fixture(autouse=True)
def routes_as_they_were() -> Iterator[None]:
    """Routers lead to whoever took them last; in a function's process there is one that does."""
    routers = [sending.router, *about.QUERY_ROUTERS]
    before = [dict(vars(router)) for router in routers]
    yield
    for router, attributes in zip(routers, before, strict=True):
        vars(router).update(attributes)


def previous(name: str) -> Any:
    """A function's module of that version, imported against today's layers."""
    return loaded(ROOT / "tests" / "previous" / name / "app.py")


def todays(name: str) -> Any:
    """A function's module of today, once more and by itself."""
    return loaded(ROOT / "layers" / "gateway" / "smsgateway" / "handlers" / f"{name}.py")


def loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("loaded", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_they_import_is_there(name: str) -> None:
    assert callable(previous(name).handler)


@pytest.mark.parametrize("old", [FUNCTIONS, FUNCTIONS[::2], FUNCTIONS[1::2]], ids=["all", "some", "others"])
@pytest.mark.usefixtures("log")
def test_a_password_goes_its_way_through_them(whole: Stack, asked: list[Request], old: tuple[str, ...]) -> None:
    """GIVEN functions of which all, or every second one, still have the code of the version before WHEN a password is
    accepted, sent, reported and shown THEN each takes what the other one left."""
    of = {name: (previous(name) if name in old else todays(name)).handler for name in FUNCTIONS}
    context = Context(remaining=70_000)

    accepted = of["send"](sample("send-otp"), context)
    assert accepted["statusCode"] == 202, accepted
    message_id = json.loads(accepted["body"])["id"]
    assert of["dispatch"](records(whole, "urgent"), context) == {"batchItemFailures": []}

    get = sample("query-get-message")
    get["pathParameters"] = {"id": message_id}
    shown = json.loads(of["query"](get, context)["body"])["recipients"][0]
    assert shown["status"] == "submitted"

    push = sample("webhook-hbsmservice-reports")
    (vendor_id,) = parse_qs(asked[0].body.decode())["corp_msg_id"]
    body = REPORT.format(number=NUMBER, vendor_id=vendor_id)
    push["pathParameters"] = {"account": "hb-main", "token": TOKEN}
    push["body"] = base64.b64encode(body.encode("gbk")).decode()
    assert of["webhook"](push, context)["statusCode"] == 200
    assert of["ingest"](records(whole, "receipts"), context) == {"batchItemFailures": []}
    shown = json.loads(of["query"](get, context)["body"])["recipients"][0]
    assert (shown["status"], shown["vendor_status"]) == ("delivered", "0 DELIVRD")

    assert of["sweep"]({}, context)["failed"] == 0
    (item,) = [
        each
        for each in aws.scan(whole.table)
        if SubmissionKey(each["pk"], each["sk"]).message_id == message_id and "status" in each
    ]
    change = {"NewImage": to_wire(item), "ApproximateCreationDateTime": 1_795_000_000, "SequenceNumber": "1"}
    assert of["fanout"]({"Records": [{"dynamodb": change}]}, context) == {"batchItemFailures": []}


@pytest.mark.usefixtures("log")
def test_a_poll_and_its_schedule_run(whole: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    poll = previous("poll")
    started: list[dict[str, Any]] = []

    class Lambdas:
        def invoke(self, **request: Any) -> None:
            started.append(request)

    monkeypatch.setattr(poll, "lambdas", Lambdas)
    answer = Response(200, {}, b'<?xml version="1.0" encoding="GBK"?><reports></reports>')
    monkeypatch.setattr("smsgateway.transport.call", lambda *_, **__: answer)
    assert poll.handler(sample("poll-schedule"), Context())["started"] == len(started) > 0
    assert "problem" not in poll.handler({"account": "hb-main", "kind": "reports"}, Context(300_000))
