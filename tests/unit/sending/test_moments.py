"""Refusals about the moment and about the content: how often, and at which accounts, a message is tried again.

An account that is closed or busy does not use up a message's life, and none is asked for ever. A vendor that refused a
content is asked no more, at whichever account.
"""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from smsgateway import routing
from smsgateway.ids import SubmissionKey
from smsgateway.model import About, Reason, Refused, State, Status
from smsgateway.queues import parse_wake_up
from smsgateway.routing import Again, Move, Tried, next_step
from smsgateway.store import breakers
from smsgateway.store.submissions import load_submission
from tests.doubles import invariants
from tests.doubles.receipts import report_of
from tests.doubles.samples import samples
from tests.doubles.scripted import Scripted
from tests.doubles.seam import Fault, Seam
from tests.doubles.world import MINUTE, SECOND, World, accounts_document, numbers, post
from tests.tools.codes import CODES

# Each code that is about the moment, in the vendor's own words, as an answer to a submission.
MOMENTS = sorted(
    {
        (vendor, code, reason)
        for vendor, addresses in CODES.items()
        for address, codes in addresses.items()
        for code, (about, reason, _) in codes.items()
        if about == About.MOMENT and address in ("send", "everywhere")
    }
)


def scripted(*accounts: tuple[str, str], answers: dict[str, Sequence[str]], **fields: object) -> tuple[Scripted, str]:
    """A world that has accepted a message to one number, by default a password."""
    world = Scripted(accounts_document(tuple((name, vendor, 0) for name, vendor in accounts)), **answers)
    _, answer = world.accept(post(*numbers(1), **{"purpose": "otp", **fields}))
    return world, answer["id"]


def ended(world: World, message_id: str) -> Status:
    (status,) = invariants.check_ended(world, message_id, numbers(1)).values()
    return status


def test_there_is_a_code_about_the_moment_for_most_vendors() -> None:
    assert {vendor for vendor, _, _ in MOMENTS} >= {"langyu", "infocloud", "qixintong"}
    assert {code for vendor, code, _ in MOMENTS if vendor == "langyu"} >= {"103", "104", "110"}


@pytest.mark.parametrize(("vendor", "code", "reason"), MOMENTS)
def test_a_password_reaches_the_second_account_in_time(vendor: str, code: str, reason: Reason) -> None:
    """GIVEN a vendor that answers with any code about the moment, for good WHEN another account of the route takes it
    THEN it has it at once, and the first was asked once."""
    spare = "langyu" if vendor != "langyu" else "qixintong"
    world, message_id = scripted(
        ("main", vendor),
        ("spare", spare),
        answers={"main": [samples(vendor).refused(code).decode()], "spare": ["accepted"]},
    )
    world.settle(world.now + MINUTE)
    assert world.names() == ["main", "spare"]
    assert world.asked[-1][0] < 2 * SECOND
    world.settle()
    assert ended(world, message_id) == Status.UNKNOWN  # sent, and never reported
    assert reason in Reason


def test_an_account_of_the_same_vendor_will_do() -> None:
    world, _ = scripted(
        ("main", "langyu"), ("spare", "langyu"), answers={"main": ["20260101120000,110"], "spare": ["accepted"]}
    )
    world.settle(world.now + MINUTE)
    assert world.names() == ["main", "spare"]


@pytest.mark.parametrize("code", ["103", "104"])
@pytest.mark.parametrize(("purpose", "patience"), [("otp", 30), ("notice", 1_200)])
def test_a_busy_account_is_waited_for_while_no_other_is_free(purpose: str, patience: int, code: str) -> None:
    """GIVEN a busy account, and another that has no call to spare WHEN the first stays busy THEN the second is asked
    after thirty seconds for a password, and after a third of the validity for anything else."""
    world, _ = scripted(
        ("main", "langyu"),
        ("spare", "qixintong"),
        answers={"main": [f"20260101120000,{code}"], "spare": ["accepted"]},
        purpose=purpose,
        valid_for=300 if purpose == "otp" else 3_600,
    )
    for index in range(25):
        breakers.begin_slow(world.table, "spare", f"{index}", world.now + 3_000 * SECOND)
    world.settle(world.now + 15 * SECOND)
    assert set(world.names()) == {"main"}
    world.settle(world.begun + patience * SECOND + MINUTE)
    (submission,) = invariants.all_submissions(world, world.items("msg_")[0]["pk"])
    assert (submission.account, submission.state) == ("spare", State.WAITING)
    (moved,) = [each for each in submission.attempts if each["account"] == "main"]
    assert patience * SECOND <= moved["at"] - world.begun <= patience * SECOND + 5 * SECOND


@pytest.mark.parametrize("code", ["103", "110"])
def test_without_another_account_it_is_asked_later_and_later_and_never_past_the_validity(code: str) -> None:
    world, message_id = scripted(("main", "langyu"), answers={"main": [f"20260101120000,{code}"]})
    world.settle()
    assert ended(world, message_id) == Status.EXPIRED
    assert 6 <= len(world.asked) <= 12
    assert world.asked[-1][0] < 300 * SECOND


def test_a_busy_account_whose_fellows_are_broken_is_kept_to() -> None:
    """GIVEN another account whose breaker is open WHEN the first is busy for a while THEN nothing goes to the other."""
    world, message_id = scripted(
        ("main", "langyu"),
        ("spare", "qixintong"),
        answers={"main": ["moment", "moment", "moment", "accepted"], "spare": ["accepted"]},
    )
    breakers.count_failure(world.table, "spare", limit=1, until=world.now + 3_000 * SECOND)
    world.settle()
    assert world.names() == ["main"] * 4
    assert ended(world, message_id) == Status.UNKNOWN


@pytest.mark.parametrize("spare", ["account", "content", "not sent", "moment", "20260101120000,110"])
def test_who_was_passed_over_for_its_moment_is_asked_again_when_all_others_fail(spare: str) -> None:
    """GIVEN an account outside its hours WHEN the other one fails in any way that is no doubt THEN the first is asked
    again, and has it once its moment has come."""
    world, message_id = scripted(
        ("main", "qixintong"), ("spare", "langyu"), answers={"main": ["-99", "-99", "accepted"], "spare": [spare]}
    )
    world.settle()
    assert world.names()[:2] == ["main", "spare"]
    assert world.names()[-1] == "main"
    assert world.names().count("main") == 3
    assert ended(world, message_id) == Status.UNKNOWN
    invariants.check_events(world, message_id, {numbers(1)[0]: Status.UNKNOWN})


@pytest.mark.parametrize("one", ["moment", "20260101120000,110", "not sent"])
@pytest.mark.parametrize("purpose", ["otp", "marketing"])
def test_two_accounts_whose_moments_never_come_are_asked_a_bounded_number_of_times(purpose: str, one: str) -> None:
    """GIVEN two accounts of which none takes it WHEN the validity passes THEN both were asked, ever less often, the
    message has expired, and what is stored of it has stayed small."""
    world, message_id = scripted(
        ("one", "langyu"),
        ("two", "qixintong"),
        answers={"one": [one], "two": ["moment"]},
        purpose=purpose,
        valid_for=300 if purpose == "otp" else 7_200,
    )
    world.settle()
    assert ended(world, message_id) == Status.EXPIRED
    assert {"one", "two"} == set(world.names())
    assert len(world.asked) <= (24 if purpose == "otp" else 100)
    (submission,) = invariants.all_submissions(world, message_id)
    assert len(submission.attempts) <= 4
    assert sorted(submission.tried) == sorted(set(submission.tried))
    assert set(submission.deferred) <= {"one", "two"}
    pauses = [after - before for (before, _), (after, _) in pairwise(world.asked)]
    assert max(pauses[-3:]) >= max(pauses[:3])


def test_who_could_not_be_reached_is_not_asked_again_when_the_next_one_refuses() -> None:
    """GIVEN an account that two calls did not reach WHEN the next one refuses THEN that is the end: only who was passed
    over for its breaker, or its moment, has another turn."""
    world, message_id = scripted(
        ("main", "langyu"), ("spare", "langyu"), answers={"main": ["not sent"], "spare": ["account"]}
    )
    world.settle()
    assert world.names() == ["main", "main", "spare"]
    assert ended(world, message_id) == Status.REJECTED


def test_what_may_have_been_sent_is_not_sent_again_for_a_moment() -> None:
    world, message_id = scripted(
        ("main", "langyu"), ("spare", "langyu"), answers={"main": ["moment", "accepted"], "spare": ["vague"]}
    )
    world.settle()
    assert world.names() == ["main", "spare"]
    assert ended(world, message_id) == Status.UNKNOWN


# Whose content was refused


@pytest.mark.parametrize("between", ["account", "content", "moment", "not sent"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_vendor_that_refused_the_content_is_not_asked_through_another_account(count: int, between: str) -> None:
    """GIVEN accounts of vendors X, Y and X WHEN X refuses the content and Y anything THEN X's other account is not
    asked, also when the recipients went on in smaller requests."""
    document = accounts_document((("x1", "langyu", 0), ("y", "qixintong", 1), ("x2", "langyu", 0)))
    world = Scripted(document, x1=["content"], y=[between], x2=["accepted"])
    _, answer = world.accept(post(*numbers(count), purpose="marketing", valid_for=7_200))
    world.settle()
    assert set(world.names()) == {"x1", "y"}
    assert world.names().count("x1") == 1
    found = invariants.check_ended(world, answer["id"], numbers(count))
    assert set(found.values()) == {Status.EXPIRED if between in ("moment", "not sent") else Status.REJECTED}


def test_a_child_after_a_crash_knows_who_refused_the_content() -> None:
    """GIVEN a worker that died after it had moved its recipients WHEN sweep makes the children THEN they know it."""
    document = accounts_document((("x1", "langyu", 0), ("y", "qixintong", 1), ("x2", "langyu", 0)))
    world = Scripted(document, x1=["content"], y=["account"], x2=["accepted"])
    world.accept(post(*numbers(2), purpose="marketing"))
    (waiting,) = world.queues.waiting
    world.queues.waiting.clear()
    key: SubmissionKey = parse_wake_up(waiting.body).key
    for step in range(30):
        copied = Scripted(document, x1=["content"], y=["account"], x2=["accepted"])
        copied.db = world.db.copy()
        copied.dispatch(key, Seam({step: Fault.CRASH_AFTER}))
        copied.settle()
        assert "x2" not in copied.names() or "x1" not in copied.names(), step
        parent = load_submission(copied.table, key)
        assert parent is not None


def test_a_reroute_knows_which_vendor_refused_the_content() -> None:
    """GIVEN a report that refuses the content of vendor X, and a reroute to Y that fails for another reason WHEN the
    recipient goes on THEN X's other account is not asked."""
    document = accounts_document((("x1", "langyu", 0), ("y", "hbsmservice", 0), ("x2", "langyu", 0)))
    world = Scripted(document, x1=["accepted"], y=["accepted"], x2=["accepted"])
    _, answer = world.accept(post(*numbers(1), resend_undelivered=True))
    world.deliver()
    world.ingest(report_of(world, "x1", "id1", numbers(1)[0], status="content"))
    world.deliver()
    assert world.names() == ["x1", "y"]
    (reroute,) = [each for each in invariants.all_submissions(world, answer["id"]) if each.recipient_row]
    assert reroute.refused_by == ("langyu",)
    world.ingest(report_of(world, "y", reroute.sent_reference, numbers(1)[0], status="undelivered"))
    world.settle()
    assert world.names() == ["x1", "y"]
    assert ended(world, answer["id"]) == Status.UNDELIVERED


# The policy itself

OTHERS = Tried("first", ("second", "third"), ("third",), 0, 0)


def refused(reason: Reason) -> Refused:
    return Refused(About.MOMENT, reason, "1")


def test_credentials_that_were_changed_are_tried_at_the_same_account() -> None:
    free = Tried(
        "first", ("second",), ("second",), 0, 0, free=("second",), in_order=("second",), waited=MINUTE, patience=0
    )
    assert isinstance(next_step(refused(Reason.CREDENTIALS_REFUSED), free, 0.5), Again)


def test_opening_hours_are_not_waited_for_at_the_same_account() -> None:
    assert isinstance(next_step(refused(Reason.OUTSIDE_HOURS), OTHERS, 0.5), Move)
    assert isinstance(next_step(refused(Reason.BUSY), OTHERS, 0.5), Again)


@pytest.mark.parametrize(
    ("purpose", "validity", "expected"),
    [("otp", 300_000, 30_000), ("otp", 60_000, 20_000), ("notice", 300_000, 100_000), ("marketing", 900, 300)],
)
def test_patience(purpose: str, validity: int, expected: int) -> None:
    assert routing.patience(purpose, validity) == expected  # type: ignore[arg-type]
