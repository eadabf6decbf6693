"""Words without an end: at whatever length a vendor speaks, its meaning is written, and the item keeps its size.

Each vendor's answers get half a million characters in every place between two of their words.
"""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.calling.carriage import Carriage
from smsgateway.codecs import VENDORS, bounded
from smsgateway.errors import DecodeError, EncodeError, NotSentError
from smsgateway.ids import SubmissionKey
from smsgateway.model import (
    About,
    Accepted,
    Balance,
    DayStatistics,
    Page,
    Reason,
    Refused,
    Rejection,
    Report,
    ReportStatus,
    Response,
    State,
)
from smsgateway.store import submissions, transitions
from smsgateway.store.submissions import StoredSubmission
from tests.doubles import invariants
from tests.doubles.samples import samples
from tests.doubles.scripted import Scripted
from tests.doubles.vendors import ANSWERS
from tests.doubles.world import MINUTE, accounts_document, numbers, post

HUGE = 500_000
FILLERS = {"letters": "x", "digits": "7", "characters": "敏"}
LARGEST_ITEM, LARGEST_KEY = 400 * 1024, 2048  # bytes; DynamoDB


def answers(vendor: str) -> dict[str, str]:
    return {name: answer(1, "id0001") for name, answer in ANSWERS[vendor].items()} | dict(samples(vendor).WORDY)


def spoilt(answer: str, filler: str) -> list[str]:
    """The answer with half a million characters at each of its words' beginnings and ends, and in place of each."""
    words = [match.span() for match in re.finditer(r"[\w-]+", answer)]
    huge = filler * HUGE
    found = [answer[:place] + huge + answer[place:] for span in words for place in span]
    return found + [answer[:begin] + huge + answer[end:] for begin, end in words]


CASES = [(vendor, name) for vendor in VENDORS for name in answers(vendor)]


def sizes(world: Scripted) -> None:
    for (pk, sk), item in world.db.items.items():
        assert len(pk.encode()) <= LARGEST_KEY
        assert len(sk.encode()) <= LARGEST_KEY // 2
        assert len(json.dumps(item, default=str, ensure_ascii=False).encode()) < LARGEST_ITEM


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize(("vendor", "name"), CASES, ids=str)
def test_what_an_answer_means_is_written_whatever_its_length(vendor: str, name: str, filler: str) -> None:
    """GIVEN an answer with huge words WHEN it comes THEN the submission is as the codec has understood it, at the first
    try, and everything stored fits."""
    origin = Scripted(accounts_document((("main", vendor, 0),)), main=[""])
    origin.accept(post(*numbers(1)))
    for answer in spoilt(answers(vendor)[name], FILLERS[filler]):
        world = Scripted(origin.document, main=[answer])
        world.db, world.queues.waiting = origin.db.copy(), list(origin.queues.waiting)
        world.deliver()
        assert len(world.asked) == 1
        (submission,) = invariants.all_submissions(world, world.items("msg_")[0]["pk"])
        assert submission.state != State.SENDING, "its outcome was not written"
        expected = _meaning(world, submission, answer)
        assert submission.state == expected, (submission.state, expected)
        assert len(submission.vendor_status) <= bounded.LONGEST_WORD
        sizes(world)


def _meaning(world: Scripted, submission: StoredSubmission, answer: str) -> State:
    """The state that the codec's own reading of the answer leads to, of a message with one account."""

    account = world.settings().accounts["main"]
    message, payload = submission.own_message, submission.payload()
    assert message
    assert payload
    sent = Carriage(account, message, payload).submission(payload, submission.sent_reference)
    try:
        read = VENDORS[account.vendor].send.decode_send(account, sent, Response(200, {}, answer.encode()))
    except DecodeError:
        return State.UNCONFIRMED
    if isinstance(read, Accepted):
        return State.SUBMITTED
    return {About.UNLISTED: State.UNCONFIRMED, About.MOMENT: State.WAITING}.get(read.about, State.REFUSED)


@pytest.mark.parametrize("code", ["20260101120000,106", "20260101120000,105", "20260101120000,109"])
def test_a_definite_refusal_stays_one(code: str) -> None:
    """GIVEN a refusal with a word of half a megabyte WHEN it comes THEN the next account is asked, at once."""
    document = accounts_document((("main", "langyu", 0), ("spare", "qixintong", 0)))
    world = Scripted(document, main=[f"{code}\n{'敏' * 200_000}"], spare=[f"-3|{'敏' * 200_000}"])
    world.accept(post(*numbers(1)))
    world.settle(world.now + MINUTE)
    assert world.names() == ["main", "spare"]
    (submission,) = invariants.all_submissions(world, world.items("msg_")[0]["pk"])
    assert submission.state == State.REFUSED
    sizes(world)


# The pieces


def test_ids_that_no_report_will_name_are_left_out_and_shown() -> None:
    answer = bounded.answered(Accepted(("a" * HUGE, "12")), 1)
    assert answer == Accepted(("12",), (), "a" * bounded.LONGEST_WORD)


@given(st.integers(1, 50_000), st.integers(0, 200_000), st.integers(1, 200))
def test_ids_fit_an_item(count: int, ids: int, length: int) -> None:
    answer = bounded.answered(Accepted(("x" * length,) * min(ids, 3 * count + 50)), count)
    assert isinstance(answer, Accepted)
    assert sum(map(len, answer.vendor_ids)) <= bounded.IDS
    assert len(answer.vendor_ids) >= min(ids, count, bounded.IDS // length)


def test_rejections_fit_an_item() -> None:
    rejected = tuple(Rejection(number, Reason.INVALID_NUMBER, "敏" * HUGE) for number in numbers(1000))
    answer = bounded.answered(Accepted((), rejected * 3, "w" * HUGE), 1000)
    assert isinstance(answer, Accepted)
    assert [one.number for one in answer.rejected] == list(numbers(1000))
    stored = [[one.number, one.reason, one.vendor_status] for one in answer.rejected]
    assert len(json.dumps(stored, ensure_ascii=False).encode()) < LARGEST_ITEM * 3 // 4
    assert len(answer.vendor_status) == bounded.LONGEST_WORD


def test_polls_words_are_bounded_too() -> None:
    refusal = Refused(About.ACCOUNT, Reason.BALANCE_EXHAUSTED, "敏" * HUGE)
    for short in (bounded.page(refusal), bounded.days(refusal), bounded.balances(refusal)):
        assert isinstance(short, Refused)
        assert (short.about, short.reason) == (refusal.about, refusal.reason)
        assert len(short.vendor_status) == bounded.LONGEST_WORD


def test_balances_and_figures_are_bounded() -> None:
    balances = bounded.balances([Balance(Decimal(5), "敏" * HUGE)] * 10_000)
    assert not isinstance(balances, Refused)
    kept, *others = balances
    assert isinstance(kept, Balance)
    assert len(kept.product) == bounded.LONGEST_WORD
    assert len(others) < 200
    for amount in (
        Decimal("9" * 5_000),
        Decimal("1e500000"),
        Decimal("1e-500000"),
        Decimal("NaN"),
        Decimal("Infinity"),
    ):
        with pytest.raises(DecodeError):
            bounded.balances([Balance(amount)])
    with pytest.raises(DecodeError):
        bounded.days(Page((DayStatistics("2026-01-01", 10**40, 0, 0, 0),)))


def test_a_reports_words_and_ids_are_bounded() -> None:
    good = Report("1", "13800000000", ReportStatus.DELIVERED, "DELIVRD")
    huge = good._replace(vendor_id="1" * HUGE, alternative_id="2" * HUGE, number="3" * HUGE, vendor_status="4" * HUGE)
    short, same = bounded.reports([huge, good])
    assert same is good
    assert max(map(len, (short.vendor_id, short.alternative_id, short.number))) == bounded.LONGEST_ID
    assert len(short.vendor_status) == bounded.LONGEST_WORD


@pytest.mark.parametrize("error", [DecodeError("x" * HUGE, b""), NotSentError("x" * HUGE)])
def test_a_problem_is_bounded(error: Any) -> None:
    assert len(error.problem) == bounded.LONGEST_WORD


def test_so_is_what_an_account_cannot_say() -> None:
    assert len(EncodeError(Reason.CONTENT_TOO_LONG, "x" * HUGE).problem) == bounded.LONGEST_WORD


def test_attempts_are_bounded_and_doubts_are_kept() -> None:
    """GIVEN a route of hundreds of accounts WHEN each refuses THEN what is kept of it is bounded, and a doubt stays."""
    world = Scripted(accounts_document((("main", "langyu", 0),)), main=["accepted"])
    _, answer = world.accept(post(*numbers(1)))
    key = SubmissionKey(answer["id"], "00000")
    doubt = {"at": 1, "account": "main", "outcome": "unconfirmed", "vendor_status": ""}
    for index in range(300):
        found = submissions.load_submission(world.table, key)
        assert found
        attempt = {
            "at": index,
            "account": f"a{index}",
            "outcome": "refused",
            "reason": "busy",
            "vendor_status": "敏" * 400,
        }
        transitions.waiting(
            world.table,
            found,
            attempt if index else doubt,
            transitions.NextAttempt(account="main", vendor="langyu", next_at=0, failures=0, busy=0, tried=()),
        )
    found = submissions.load_submission(world.table, key)
    assert found
    assert found.doubted
    assert found.doubts == 1
    assert len(found.attempts) <= transitions.MOST_ATTEMPTS + 2
    assert found.attempts[-1]["account"] == "a299"
    sizes(world)
