"""A client whose codes nobody types in: whom it may still text, what the operator is told, and how it ends."""

import pytest

from smsgateway.accepting.post import Refusal
from smsgateway.model import Client, Template
from smsgateway.store import conversions, templates
from smsgateway.store.conversions import HOUR, MINUTE, Conversions
from smsgateway.verifying import start
from smsgateway.verifying.wanted import Wanted
from tests.doubles.seam import Seam
from tests.doubles.world import DAY
from tests.unit.verifying.given import NUMBER, SHOP, TEXT, Verifying, verifying

KNOWN = "13800138999"
REFUSED = "403 Challenge required {'challenge_required': True}"


def counted(case: Verifying, at: int, requested: int, approved: int, client: Client = SHOP) -> None:
    """As many verifications as were begun and approved in a minute."""
    for _ in range(requested):
        conversions.count_post(case.world.table, client.name, at, None, first=True)
    for _ in range(approved):
        conversions.count_approval(case.world.table, client.name, at)


@pytest.fixture
def pumped() -> Verifying:
    """A shop whose approvals were nine in ten yesterday, and are one in ten today, of twice as many requests."""
    case = verifying()
    now = case.world.now
    counted(case, now - DAY - 30 * MINUTE, 30, 27)
    counted(case, now - 30 * MINUTE, 60, 6)
    return case


def asked(case: Verifying, to: str, client: Client = SHOP, *, challenged: bool = False) -> str:
    """What becomes of a request: `sent`, or what it is refused with."""
    try:
        start.start(case.verifier(Seam()), client, Wanted(to, "otp", challenged=challenged))
    except Refusal as refusal:
        return f"{refusal.status} {refusal.title} {refusal.members}"
    return "sent"


def test_a_number_that_nobody_texted_needs_a_challenge(pumped: Verifying) -> None:
    assert asked(pumped, NUMBER) == REFUSED
    assert pumped.messages() == []
    assert pumped.standing() is None
    assert asked(pumped, NUMBER, challenged=True) == "sent"


def test_a_number_that_is_known_goes_on_as_before(pumped: Verifying) -> None:
    assert asked(pumped, KNOWN, challenged=True) == "sent"
    pumped.world.now += 10 * MINUTE
    assert asked(pumped, KNOWN) == "sent"


def test_a_code_that_lives_goes_out_again_without_a_challenge(pumped: Verifying) -> None:
    assert asked(pumped, NUMBER, challenged=True) == "sent"
    pumped.world.now += 62_000
    assert asked(pumped, NUMBER) == "sent"
    assert len(pumped.messages()) == 2


def test_another_client_is_not_judged_by_it(pumped: Verifying) -> None:
    assert asked(pumped, NUMBER, Client("another", "sender")) == "sent"


def test_the_operator_is_told_once_an_hour(pumped: Verifying) -> None:
    for number in (NUMBER, "13800138001", "13800138002"):
        asked(pumped, number)
    (alert,) = pumped.world.items("account#")
    assert (alert["alert"], alert["account"]) == ("pumping_suspected", "a")
    assert alert["detail"] == (
        "client shop: 6 of 60 codes of the last hour were typed in, 27 of 30 in the same hour of the day before"
    )
    assert [event.detail["alert"] for event in pumped.world.events() if event.account == "a"] == ["pumping_suspected"]


def test_it_ends_when_codes_are_typed_in_again(pumped: Verifying) -> None:
    assert asked(pumped, NUMBER) == REFUSED
    counted(pumped, pumped.world.now - 20 * MINUTE, 40, 40)
    assert asked(pumped, NUMBER) == "sent"


def test_it_ends_when_requests_fall(pumped: Verifying) -> None:
    pumped.world.now += HOUR
    assert asked(pumped, NUMBER) == "sent"


def test_the_newest_two_minutes_are_not_judged() -> None:
    """GIVEN many requests that nobody has had the time to answer WHEN another comes THEN it is sent."""
    case = verifying()
    counted(case, case.world.now - DAY - 30 * MINUTE, 30, 27)
    counted(case, case.world.now - MINUTE, 500, 0)
    assert asked(case, NUMBER) == "sent"
    case.world.now += 3 * MINUTE
    assert asked(case, "13800138001") == REFUSED


def test_without_a_day_before_a_hundred_with_hardly_an_approval_are_suspect() -> None:
    case = verifying()
    counted(case, case.world.now - 30 * MINUTE, 100, 9)
    assert asked(case, NUMBER) == REFUSED
    counted(case, case.world.now - 30 * MINUTE, 0, 1)
    assert asked(case, NUMBER) == "sent"


def test_verifications_are_counted_in_the_minute_of_their_request() -> None:
    case = verifying()
    begun_at = case.world.now
    assert case.start()
    case.passed(62)
    assert case.start()  # the same code again: no other verification
    case.passed(100)
    assert case.check(case.ids[0], case.code(case.ids[0])) == "approved"
    items = case.world.table.get_many(conversions.keys_between(SHOP.name, begun_at, begun_at + HOUR))
    assert conversions.between(items, SHOP.name, begun_at, begun_at + MINUTE) == Conversions(1, 1)
    assert conversions.between(items, SHOP.name, begun_at + MINUTE, begun_at + HOUR) == Conversions()
    assert [item["posts"] for item in items.values()] == [2]


def test_what_was_refused_is_not_counted() -> None:
    case = verifying()
    templates.put_template(case.world.table, Template("login", TEXT))
    assert case.start()
    assert case.start(template="login") is None  # the number's cap
    items = case.world.items("conversions#")
    assert [(item["posts"], item["r00"]) for item in items] == [(1, 1)]
