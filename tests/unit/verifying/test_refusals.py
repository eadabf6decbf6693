"""A request for a code that is refused leaves everything as it was, wherever it dies and whoever else asks."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smsgateway.accepting.post import Refusal
from smsgateway.store import suppressions, verifications
from smsgateway.store.keys import verification_key
from smsgateway.store.table import Item
from smsgateway.store.verifications import MOST_ATTEMPTS
from smsgateway.verifying import start
from smsgateway.verifying.codes import digest_of, name_in
from tests.doubles.seam import Fault, Seam
from tests.unit.verifying.given import DOCUMENT, NUMBER, PEPPER, SHOP, Verifying, history, uncapped, verifying

UNDOING = ("tries", "poster", "waited_until")
ENDS = ("approved", "canceled", "exhausted", "expired")


def stored(case: Verifying) -> Item | None:
    """The verification as it is stored, without what counts its requests and serves to undo one of them."""
    item = case.world.table.get(verification_key(digest_of(PEPPER, SHOP.name, NUMBER, "otp")))
    return {name: value for name, value in item.items() if name not in UNDOING} if item else None


def suppress(case: Verifying) -> None:
    suppressions.suppress(case.world.table, NUMBER, case.world.now)


def allow(case: Verifying) -> None:
    suppressions.allow(case.world.table, NUMBER, case.world.now)


def ended(end: str) -> Verifying:
    """A verification that has come to this end."""
    case = verifying(document=uncapped(DOCUMENT))
    assert case.start()
    (id_,) = case.ids
    match end:
        case "approved":
            assert case.check(id_, case.code(id_)) == end
        case "canceled":
            assert case.cancel(id_) == end
        case "exhausted":
            for _ in range(MOST_ATTEMPTS):
                case.check(id_, "x")
        case _:
            case.passed(300)
    return case


def posted(posts: int) -> Verifying:
    """A code that has gone out so often, and may go out again."""
    case = verifying(document=uncapped(DOCUMENT))
    for _ in range(posts):
        assert case.start()
        case.passed(122)
    return case


def refused_wherever_it_dies(make: Callable[[], Verifying], fault: Fault) -> Iterator[Verifying]:
    """Cases in each of which a request was refused, or has died at another of its calls, and was then repeated."""
    for step in range(12):
        case = make()
        suppress(case)
        seam = Seam({step: fault})
        assert case.start(seam) is None
        assert case.start() is None
        yield case
        if step >= len(seam.steps):  # it did not die: the last case is one that nothing happened to
            return
    raise AssertionError("a request has more calls than were tried")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("fault", Fault)
def test_what_is_over_stays_there_when_the_next_is_refused(end: str, fault: Fault) -> None:
    """GIVEN a verification that is over WHEN a request for the next is refused, or dies at any of its calls and is
    repeated THEN the one that is over stands there as it did, and none of the others was ever answered."""
    before = stored(ended(end))
    for case in refused_wherever_it_dies(lambda: ended(end), fault):
        assert stored(case) == before
        assert len(case.ids) == 1
        allow(case)
        again = case.start()
        assert again
        assert len(case.posted(again)) == 1


@pytest.mark.parametrize("posts", [2, 3])
@pytest.mark.parametrize("fault", Fault)
def test_a_code_that_may_not_go_out_again_stays_as_it_was(posts: int, fault: Fault) -> None:
    """GIVEN a code that lives WHEN a request to repeat it is refused, or dies at any of its calls and is repeated THEN
    its verification is as it was, and when it may be repeated it is, once."""
    before = stored(posted(posts - 1))
    for case in refused_wherever_it_dies(lambda: posted(posts - 1), fault):
        assert stored(case) == before
        allow(case)
        again = case.start()
        assert again
        assert (again.posts, len(case.posted(again)), len(case.messages())) == (posts, posts, posts)
        case.world.settle()
        assert len(case.world.vendors.requests_for(NUMBER)) == posts


def test_a_code_that_is_approved_while_its_repetition_is_refused_has_no_trace_of_it() -> None:
    case = verifying(document=uncapped(DOCUMENT))
    case.start()
    (id_,) = case.ids
    case.passed(61)
    suppress(case)

    def another(name: str) -> None:
        if name == "update_item" and (now := case.standing()) and now.posts == 2 and not case.told.approved:
            assert case.check(id_, case.code(id_)) == "approved"

    assert case.start(Seam(pause=another)) is None
    standing = case.standing()
    assert standing
    assert case.told.approved == [id_]
    assert (standing.stage, standing.posts, len(case.posted(standing))) == ("approved", 1, 1)


def test_a_repetition_is_not_undone_once_another_request_posts_it() -> None:
    """GIVEN a request to repeat a code that is refused WHEN another posts it before the first undoes it THEN the second
    message is the verification's."""
    case = verifying(document=uncapped(DOCUMENT))
    case.start()
    case.passed(61)
    suppress(case)
    others: list[Any] = []

    def another(name: str) -> None:
        standing = case.standing()
        if name == "update_item" and not others and standing and standing.posts == 2:
            allow(case)
            others.append(case.start())

    assert case.start(Seam(pause=another)) is None
    standing = case.standing()
    assert standing
    assert others
    assert (standing.posts, len(case.posted(standing))) == (2, 2)


@pytest.mark.parametrize("posts", [1, 2])
def test_nothing_is_undone_of_a_message_that_another_request_has_posted(
    monkeypatch: pytest.MonkeyPatch, posts: int
) -> None:
    """GIVEN two requests for the same message, of which the first has it accepted WHEN the second, which has read less
    than all of that, is refused by the number's cap THEN the code that is on its way can be approved."""
    case = verifying(document=uncapped(DOCUMENT))
    for _ in range(posts):
        case.passed(61)
        case.start()
    (id_,) = case.ids
    refused = Refusal(429, "Too frequent", "as if only the number's count had been read")

    def refuse(*_: Any) -> None:
        raise refused

    monkeypatch.setattr(start, "accept", refuse)
    assert case.start() is None
    standing = case.standing()
    assert standing
    assert (standing.posts, len(case.posted(standing))) == (posts, posts)
    assert case.check(id_, case.code(id_)) == "approved"


def test_what_is_put_back_is_what_stood_there_last() -> None:
    """GIVEN a last attempt that is right, and a request that has read before its approval WHEN it is refused THEN the
    approval stands."""
    case = verifying(document=uncapped(DOCUMENT))
    case.start()
    (id_,) = case.ids
    name = name_in(id_)
    assert name
    for index in range(MOST_ATTEMPTS):
        counted = verifications.count_attempt(case.world.table, *name, SHOP.name, str(index), case.world.now)
    suppress(case)

    def approve(call: str) -> None:
        if call == "put_item" and (now := case.standing()) and now.stage == "pending" and now.nonce == name.nonce:
            verifications.approve(case.world.table, counted, case.world.now)

    assert case.start(Seam(pause=approve)) is None
    standing = case.standing()
    assert standing
    assert (standing.nonce, standing.stage) == (name.nonce, "approved")


def test_what_stands_in_its_place_keeps_one_earlier_verification_alone() -> None:
    case = verifying(document=uncapped(DOCUMENT))
    for _ in range(4):
        case.start()
        case.cancel(case.ids[-1])
    versions = [version for found in history(case.world).values() for version in found]
    assert len(versions) == 8
    assert all("earlier" not in version.get("earlier", {}).get("M", {}) for version in versions)
