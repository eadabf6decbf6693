"""What the simulators can be told to write, in shapes of the field, as the gateway reads it.

No shape costs a record beside it, and no shape is content that nobody wrote. The simulators are written from the
documents, and know nothing of the codecs.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from smsgateway.codecs import VENDORS
from smsgateway.errors import DecodeError
from smsgateway.model import Page, Report
from smsgateway.queues import Source, VendorBytes
from smsgateway.settling.reading import decode_inbound, decode_reports
from tests.doubles import voices
from tests.doubles.samples import samples
from tests.simulators.accounts import account_of
from tests.simulators.client import ControlClient
from tests.simulators.registry import VENDORS as SIMULATED
from tests.simulators.server import running

NUMBERS = ("13800000001", "13800000002", "13800000003")
# Those of the others, each with what is read of it, are in tests/unit/simulators/test_shapes_read.py.
ELSEWHERE = {"infocloud", "langyu", "heji"}
SHAPES = [
    (vendor.name, kind, shape)
    for vendor in SIMULATED.values()
    if vendor.name not in ELSEWHERE
    for kind in vendor.shapes
    for shape in vendor.shapes[kind]
]


@pytest.fixture(scope="module")
def control() -> Iterator[ControlClient]:
    with running() as simulators:
        yield ControlClient(simulators.ready()["control"])


def pages(vendor: str, kind: Any, written: Mapping[str, Any]) -> Iterator[Page[Any]]:
    """What the codec reads in it, at each of the vendor's doors for it."""
    account, codec = voices.account(vendor, "main"), VENDORS[vendor]
    pushes = codec.report_push if kind == "reports" else codec.inbound_push
    polls = codec.report_poll if kind == "reports" else codec.inbound_poll
    sources: dict[Source, bool] = {"push": bool(pushes), "poll": bool(polls) and not written["query"]}
    for source in (each for each, there in sources.items() if there):
        query = tuple(parse_qsl(written["query"], keep_blank_values=True))
        receipt = VendorBytes(
            "main",
            kind,
            source,
            0,
            query=query,
            body=b64decode(written["body_base64"]),
        )
        yield decode_reports(account, receipt) if kind == "reports" else decode_inbound(account, receipt)


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize(("vendor", "kind", "shape"), SHAPES)
def test_a_shape_costs_no_record_beside_it(control: ControlClient, vendor: str, kind: str, shape: str, at: int) -> None:
    says = samples(vendor)
    single = kind in says.ONE_BY_ONE
    numbers = NUMBERS[at : at + 1] if single else NUMBERS
    order: dict[str, Any] = {
        "numbers": numbers,
        "at": 0 if single else at,
        "text": "退订",
        "vendor_id": "77",
        "our_id": "x1",
    }
    written = control.raw(account_of(vendor), kind, shape=shape, status=says.WORDS["delivered"], **order)
    try:
        read = list(pages(vendor, kind, written))
    except DecodeError:
        # Of one record, none is left; and replies that were announced otherwise cannot be told from each other.
        assert single or (vendor, kind, shape) == ("qixintong", "inbound", "count-too-large")
        return
    for page in read:
        others = {number for place, number in enumerate(numbers) if place != order["at"]}
        assert others <= {each.number for each in page.items} <= set(numbers)
        assert len(page.unreadable) <= 1
        if not page.unreadable:
            assert len(page.items) == len(numbers)
        for each in page.items:
            assert "\ufffd" not in (each.vendor_id if isinstance(each, Report) else each.text)
            assert isinstance(each, Report) or each.text in ("退订", "好😀")
