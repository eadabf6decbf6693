"""Any bytes, charsets and forms of XML, at every decoder of hbsmservice.

"Note n" is one of tests/cases/hbsmservice/SOURCES.md.
"""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.codecs import hbsmservice
from smsgateway.errors import DecodeError
from smsgateway.model import Push, ReportStatus
from tests.unit.codecs.hbsmservice.given import ACCOUNT, ANSWERS, case, decode_inbound_push, decode_report_push

# What the vendor answers to a submission


DECODERS = (*ANSWERS, decode_report_push, decode_inbound_push)


# All decoders


answers_like = st.text("0#123-.ok<>/reportsdeliv&;\n", max_size=30).map(str.encode)


@pytest.mark.parametrize("decode", DECODERS)
@given(body=st.binary(max_size=200) | answers_like)
def test_decoders_raise_nothing_but_decode_errors(decode: Callable[[bytes], object], body: bytes) -> None:
    try:
        decode(body)
    except DecodeError as error:
        assert error.raw == body  # noqa: PT017 - most of these are errors, not all


def test_xml_in_other_clothes() -> None:
    page = hbsmservice.decode_report_push(ACCOUNT, Push("POST", body=case("report-push.other-xml.xml")))
    assert [(report.vendor_id, report.status) for report in page.items] == [
        ("m1", ReportStatus.DELIVERED),
        ("m2", ReportStatus.DELIVERED),
    ]
    assert [each.place for each in page.unreadable] == ["record 3 of 3"]


def test_sections_beside_a_text_that_nobody_escaped() -> None:
    page = hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=case("inbound-push.sections.xml")))
    assert [(reply.text, reply.extension) for reply in page.items] == [
        ("\nTD ", ""),
        ("a</content>b", ""),
        ("1<2 & 3", ""),
    ]


def test_a_charset_that_nobody_expects_is_not_guessed_at() -> None:
    page = hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=case("inbound-push.big5.xml")))
    assert [reply.text for reply in page.items] == ["TD"]
    assert [each.place for each in page.unreadable] == ["record 2 of 2"]


@pytest.mark.parametrize("name", ["GBK", "gb2312", "GB18030", "gb_2312-80", "CP936", "x-gbk", "windows-936", "EUC-CN"])
def test_declarations_of_chinese_charsets_change_nothing(name: str) -> None:
    body = case("inbound-push.platform-6.2.xml")
    declared = re.sub(rb'encoding="[^"]*"', f'encoding="{name}"'.encode(), body)
    assert [reply.text for reply in hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=declared)).items] == [
        reply.text for reply in hbsmservice.decode_inbound_push(ACCOUNT, Push("POST", body=body)).items
    ]
