"""What hbsmservice's pushes are answered, and pushes that are cut or are not XML.

"Note n" is one of tests/cases/hbsmservice/SOURCES.md.
"""

from collections.abc import Callable

import pytest

from smsgateway.codecs import hbsmservice
from smsgateway.errors import DecodeError
from smsgateway.model import Push
from tests.unit.codecs.given import CASES
from tests.unit.codecs.hbsmservice.given import ACCOUNT, case, decode_inbound_push, decode_report_push


def test_acknowledgement_and_failure_are_single_digits() -> None:  # note 13
    for kind in ("reports", "inbound"):
        assert hbsmservice.acknowledgement(ACCOUNT, kind) == "0"
        assert hbsmservice.failure(ACCOUNT, kind) == "9"
        assert hbsmservice.verify_push(ACCOUNT, Push("POST", body=b"\xff"), kind)


@pytest.mark.parametrize("decode", [decode_report_push, decode_inbound_push])
@pytest.mark.parametrize("body", [b"", b"0", b"xml=%3Creports%3E", b"<reports>", b"\xff\xff", b"<html></html>"])
def test_a_push_that_is_not_the_xml(decode: Callable[[bytes], object], body: bytes) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(body)
    assert refused.value.raw == body


@pytest.mark.parametrize("name", sorted(path.name for path in (CASES / "hbsmservice").glob("*-*.document-*.xml")))
def test_a_page_cut_short_has_its_whole_records_and_a_rest_that_is_parked(name: str) -> None:
    body = case(name)
    decode = hbsmservice.decode_report_push if "report" in name else hbsmservice.decode_inbound_push
    everything = decode(ACCOUNT, Push("POST", body=body)).items
    for length in range(len(body)):
        try:
            page = decode(ACCOUNT, Push("POST", body=body[:length]))
        except DecodeError:
            assert body[:length].count(b"</report>" if "report" in name else b"</deliver>") == 0
            continue
        assert page.items == everything[: len(page.items)]
        assert len(page.unreadable) == 1 or body[length:].isspace()
