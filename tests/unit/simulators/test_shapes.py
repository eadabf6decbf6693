"""What the control address can have written instead of what the documents show: raw pages, and shapes by name."""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.samples import samples
from tests.simulators.accounts import account_of
from tests.simulators.client import ControlClient, ControlError
from tests.simulators.fates import FATES
from tests.simulators.registry import VENDORS
from tests.unit.simulators.by_hand import Receiver, exchange, form

ROOT = Path(__file__).parents[3]
HB = {"corp_id": "hb0001", "corp_pwd": "hb-pass-1"}
QX = {"us_name": "qx0001", "us_pwd": "qx-pass-1"}
NUMBERS = ["13800000001", "13800000002", "13800000003"]
SHAPES = [
    (vendor.name, kind, shape) for vendor in VENDORS.values() for kind in vendor.shapes for shape in vendor.shapes[kind]
]


def test_a_raw_page_answers_the_next_poll_and_no_other(ready: Mapping[str, Any], control: ControlClient) -> None:
    url = ready["vendors"]["qixintong"] + "/get_report_txt.asp"
    control.raw("qx-1", "reports", body_base64=b64encode(b"1|\xff;1;10").decode())
    assert exchange(url, form(QX)) == (200, b"1|\xff;1;10")
    assert exchange(url, form(QX)) == (200, b"0")


def test_a_raw_page_is_pushed_as_it_is_and_alone(control: ControlClient, receiver: Receiver) -> None:
    control.push("hb-1", inbound_url=receiver.url + "/in")
    try:
        control.inbound("hb-1", "13800000001", "before")
        control.raw("hb-1", "inbound", body="<odd/>", content_type="text/odd")
        control.inbound("hb-1", "13800000002", "behind")
        control.wait_until_idle()
    finally:
        control.push("hb-1", inbound_url="")
    bodies = [push.body for push in receiver.pushes]
    assert b"<odd/>" in bodies
    assert len(bodies) == 3


@pytest.mark.parametrize(("vendor", "kind", "shape"), SHAPES)
def test_every_shape_can_be_ordered_and_is_in_the_readme(
    control: ControlClient, vendor: str, kind: str, shape: str
) -> None:
    account = account_of(vendor)
    order = {
        "numbers": NUMBERS,
        "status": samples(vendor).WORDS["delivered"],
        "text": "好😀" if "emoji" in shape else "退订",
    }
    written = control.raw(account, kind, shape=shape, **order)
    again = control.raw(account, kind, shape=shape, at=0, **order)
    for page in (written, again):
        assert b64decode(page["body_base64"]) or page["query"]
    readme = (ROOT / "tests/simulators/README.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {vendor} \| (.*) \| (.*) \|$", readme, re.MULTILINE)
    assert rows, f"tests/simulators/README.md, Shapes: a row for {vendor} with its shapes of reports and replies"
    (row,) = rows
    assert shape in row[kind == "inbound"].strip("`").split()


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ({"shape": "square"}, "hbsmservice has no square"),
        ({"shape": "no-mobile", "at": 3}, "at: the place"),
        ({"kind": "letters"}, "kind: one of"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    control: ControlClient, order: Mapping[str, Any], problem: str
) -> None:
    whole = {"kind": "reports", "shape": "no-mobile", "numbers": NUMBERS, "status": "0", **order}
    with pytest.raises(ControlError, match=problem):
        control.raw("hb-1", whole.pop("kind"), **whole)


@pytest.mark.parametrize("ending", [ending for ending, fate in FATES.items() if "86" in fate.name])
def test_numbers_are_written_with_a_prefix(ready: Mapping[str, Any], control: ControlClient, ending: int) -> None:
    fields = {**HB, "corp_service": "hb-svc", "msg_content": "hello", "corp_msg_id": "m1", "ext": ""}
    number = f"1380000{ending}"
    exchange(ready["vendors"]["hbsmservice"] + "/sms_send2.do", form({**fields, "mobile": number}, "gbk"))
    control.wait_until_idle()
    kind = "post_report.do" if FATES[ending].reply is None else "post_deliverMsg.do"
    page = exchange(f"{ready['vendors']['hbsmservice']}/{kind}", form(HB))[1]
    prefix = "+86" if "plus" in FATES[ending].name else "86"
    assert re.findall(rb"<mobile>(.*?)</mobile>", page) == [f"{prefix}{number}".encode()]


def test_a_report_can_name_its_number_otherwise(ready: Mapping[str, Any], control: ControlClient) -> None:
    control.report("qx-1", "13800000001", "10", vendor_id="7", written="+86 138-0000-0001")
    page = exchange(ready["vendors"]["qixintong"] + "/get_report_txt.asp", form(QX))[1]
    assert page == b"1|7;+86 138-0000-0001;10"


@pytest.mark.parametrize(
    ("vendor", "path"), [("hbsmservice", "/SMS_SEND2.do"), ("qixintong", "/SendSms_txt.asp"), ("langyu", "/msg/x")]
)
def test_an_address_is_the_documents_to_the_letter(
    ready: Mapping[str, Any], control: ControlClient, vendor: str, path: str
) -> None:
    exchange(ready["vendors"][vendor] + path, form({}))
    assert [entry["operation"] for entry in control.log(vendor=vendor)] == ["unknown"]


def test_qixintong_may_read_the_query_alone(ready: Mapping[str, Any], control: ControlClient) -> None:
    url = ready["vendors"]["qixintong"] + "/Get_Account_Balance.asp"
    assert exchange(url, form(QX))[1] != b"-1"
    control.settings(qixintong_reads="query")
    assert exchange(url, form(QX)) == (200, b"-1")
    assert exchange(f"{url}?{form(QX).decode()}")[1] != b"-1"
    assert exchange(f"{url}?{form({**QX, 'more': 'x' * 2048}).decode()}")[0] == 404
