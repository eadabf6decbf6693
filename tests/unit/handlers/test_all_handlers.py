"""All handlers, one after the other: a password on its way through every function."""

import base64
import importlib.util
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from smsgateway.ids import SubmissionKey
from smsgateway.model import Request
from smsgateway.store.table import to_wire
from tests.doubles import aws
from tests.doubles.stack import TOKEN, Context, Stack, sample
from tests.tools.template import FUNCTIONS, ROOT
from tests.unit.handlers.conftest import records

NUMBER = "13800138000"
REPORT = (
    '<?xml version="1.0" encoding="GBK"?><reports><report><corp_id>test</corp_id><mobile>{number}</mobile>'
    "<sub_seq>0</sub_seq><msg_id>{vendor_id}</msg_id><err>0</err><fail_desc>DELIVRD</fail_desc>"
    "<report_time>2026-11-29 08:00:00</report_time></report></reports>"
)


def fresh_handler(name: str) -> Any:
    """A function's module of handlers, loaded once more and by itself."""
    path = ROOT / "layers" / "gateway" / "smsgateway" / "handlers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location("loaded", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("log")
def test_a_password_goes_its_way_through_them(whole: Stack, asked: list[Request]) -> None:
    """WHEN a password is accepted, sent, reported and shown THEN each function takes what the other one left."""
    of = {name: fresh_handler(name).handler for name in FUNCTIONS}
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
