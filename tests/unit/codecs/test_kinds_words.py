"""The words and moments of reports through every door, in other spellings than the documents'."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgateway.clock import BEIJING
from smsgateway.errors import DecodeError
from smsgateway.model import Reason, Report, ReportStatus
from smsgateway.settling.reading import decode_reports
from tests.doubles import voices
from tests.unit.codecs import doors
from tests.unit.codecs.doors import REPORTS, Door
from tests.unit.codecs.test_kinds_numbers import names
from tests.unit.codecs.test_words import spellings

every_door = pytest.mark.parametrize("door", REPORTS, ids=names)
MOMENT = datetime(2026, 7, 1, 9, 5, 7, tzinfo=BEIJING)
TIMES = [
    *("2026-07-01 09:05:07", "2026-07-01T09:05:07", "2026/07/01 09:05:07.0", "2026-7-1 9:05:07", "20260701090507"),
    *("2026年7月1日 9:05:07", "2026年07月01日 09时05分07秒", "20260701 09:05:07", '"2026-07-01 09:05:07"'),
    *("260701090507", "1782867907000", "2026-07-01T01:05:07Z"),
]


def heard(door: Door, word: str, time: str = "2026-01-01 12:00:00") -> Report:
    body = doors.page(door, [doors.report(door, "13800138000", "1", word, time)])
    (report,) = decode_reports(voices.account(door.vendor, "main"), doors.receipt(door, body, 0)).items
    return report


@every_door
@settings(max_examples=20)
@given(data=st.data())
def test_a_success_is_one_in_any_spelling(door: Door, data: st.DataObject) -> None:
    characters = str.maketrans("", "", "\x00\u200b\ufeff\n\r\t\u3000")  # what no charset or page of every vendor has
    word = data.draw(spellings(doors.delivered(door))).translate(characters)
    report = heard(door, word)
    assert (report.status, report.reason, report.listed) == (ReportStatus.DELIVERED, None, True)


@every_door
@pytest.mark.parametrize(
    ("word", "reason"),
    [(" undeliv ", Reason.UNREACHABLE), ("Expired", Reason.VALIDITY_EXPIRED), ("mbblack", Reason.BLACKLISTED)],
)
def test_a_shared_word_is_a_listed_failure_everywhere(door: Door, word: str, reason: Reason) -> None:
    report = heard(door, word)
    assert (report.status, report.reason, report.listed) == (ReportStatus.UNDELIVERED, reason, True)


@every_door
@pytest.mark.parametrize("code", ["MA:0001", "mk:0115", "ID:0076"])
def test_an_operators_code_fails_unlisted_everywhere(door: Door, code: str) -> None:
    try:
        report = heard(door, code)
    except DecodeError:
        assert door.says.WORDS_ARE_NUMBERS
        return
    assert (report.status, report.reason, report.listed) == (
        ReportStatus.UNDELIVERED,
        Reason.NETWORK_FAILURE,
        False,
    )


@every_door
@pytest.mark.parametrize("word", ["77", "99999"])
def test_an_unlisted_word_is_never_listed(door: Door, word: str) -> None:
    assert not heard(door, word).listed


@pytest.mark.parametrize("door", [each for each in REPORTS if each.says.TIME], ids=names)
@pytest.mark.parametrize("time", TIMES)
def test_a_moment_is_read_in_every_form(door: Door, time: str) -> None:
    assert heard(door, doors.delivered(door), time).reported_at == MOMENT
    assert MOMENT.astimezone(UTC).hour == 1


@pytest.mark.parametrize("door", [each for each in REPORTS if each.says.TIME], ids=names)
@pytest.mark.parametrize("time", ["", "yesterday", "20261301090507", "0", "2026-07-01"])
def test_a_moment_that_nobody_can_read_is_none(door: Door, time: str) -> None:
    assert heard(door, doors.delivered(door), time).reported_at is None
