"""What is only around an answer, a page or a word is nothing, at every vendor: zeros, line ends, blanks, quotes."""

from collections.abc import Callable
from typing import Any

import pytest

from smsgateway.codecs import VENDORS
from smsgateway.model import Accepted, Report
from tests.doubles import voices
from tests.doubles.samples import samples
from tests.unit.codecs import doors
from tests.unit.codecs.doors import REPLIES, REPORTS, Door
from tests.unit.codecs.test_contract import accepted_answer, decoders
from tests.unit.codecs.test_kinds_bytes import ANSWERS, NUMBER, read, record
from tests.unit.codecs.test_kinds_numbers import names

BEHIND = [b"\0", b"\0\0\r\n", b"\r\n\r\n", b" \t", b"\x1a", b"\xef\xbb\xbf"]


def is_json(door: Door) -> bool:
    return record(door).startswith(b"{")


every_door = pytest.mark.parametrize("door", [*REPORTS, *REPLIES], ids=names)


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize(("vendor", "operation", "body"), ANSWERS)
def test_what_follows_an_answer_is_nothing(vendor: str, operation: str, body: bytes, behind: bytes) -> None:
    if behind == b"\xef\xbb\xbf" and samples(vendor).CHARSET == "gbk":
        return  # which is a character of GBK there
    decode: Callable[[bytes], Any] = dict(decoders(vendor, voices.account(vendor)))[operation]
    assert decode(body + behind) == decode(body)


@pytest.mark.parametrize("vendor", [vendor for vendor in VENDORS if not accepted_answer(vendor).startswith(b"{")])
@pytest.mark.parametrize("quote", [b'"', b"'"])
def test_quotes_around_an_answer_are_nothing(vendor: str, quote: bytes) -> None:
    decode = dict(decoders(vendor, voices.account(vendor)))["send"]
    assert decode(quote + accepted_answer(vendor) + quote) == decode(accepted_answer(vendor))


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("around", [b"%s\0", b" %s ", b"%s\r\n", b'"%s"'])
def test_an_id_in_an_answer_is_one_that_a_report_can_name(vendor: str, around: bytes) -> None:
    """An id that differs by a blank loses every report."""
    body, plain = accepted_answer(vendor), b"5010203"
    if body.startswith(b"{"):
        around = around.replace(b"\0", b"\\u0000").replace(b'"', b"'").replace(b"\r\n", b"\\r\\n")
    account = voices.account(vendor)
    decoded = dict(decoders(vendor, account))["send"](body.replace(plain, around % plain))
    assert isinstance(decoded, Accepted)
    assert decoded.vendor_ids == dict(decoders(vendor, account))["send"](body).vendor_ids


@pytest.mark.parametrize("behind", [b"\0", b"\r\n", b"\r\n\r\n", b"\0\0"])
@every_door
def test_what_follows_a_page_or_push_is_nothing(door: Door, behind: bytes) -> None:
    last = record(door).endswith(door.says.escaped(b"TD")) or record(door).endswith(b"TD")
    if not door.has_pages and door.kind == "inbound" and last:
        return  # a form's last field is its text
    body = doors.page(door, [record(door)])
    plain, longer = read(door, body), read(door, body + behind)
    assert not longer.unreadable
    said, said_longer = (
        [
            each._replace(raw="", vendor_status=each.vendor_status.strip("\0\r\n"))
            if isinstance(each, Report)
            else each.text
            for each in page.items
        ]
        for page in (plain, longer)
    )
    assert said == said_longer


@pytest.mark.parametrize("word", ["%s\0", " %s", "%s\t"])
@pytest.mark.parametrize("door", [each for each in REPORTS if not is_json(each)], ids=names)
def test_an_id_in_a_report_is_the_answers(door: Door, word: str) -> None:
    if record(door).startswith(b"<") and "\0" in word:
        return  # no XML has one
    body = doors.page(door, [doors.report(door, NUMBER, word % "77", doors.delivered(door))])
    (report,) = read(door, body).items
    assert isinstance(report, Report)
    assert report.vendor_id == "77"


@pytest.mark.parametrize("vendor", ["langyu", "heji"])
@pytest.mark.parametrize("write", [str.upper, str.title, "{} ".format])
def test_names_of_a_form_are_read_in_any_case_and_with_blanks(vendor: str, write: Callable[[str], str]) -> None:
    door = next(each for each in REPORTS if each.vendor == vendor)
    names_ = ["msgid", "sendid", "mobile", "status", "state", "reportTime", "time"]
    fields = [pair.partition(b"=") for pair in record(door).split(b"&")]
    body = b"&".join(write(name.decode()).encode() + b"=" + value for name, _, value in fields)
    assert all(name.decode() in names_ for name, _, _ in fields)
    (report,) = read(door, body).items
    assert (report.number, report.vendor_id) == (NUMBER, "1")
