"""Ten minutes of polls by the simulators' own judgement: nobody asks too soon.

A backlog drains as fast as the vendor allows, the gaps between runs included.
"""

from collections import Counter

import pytest

from smsgateway.calling.pace import LeasedPace
from tests.doubles.pace.cloud import MINUTE, SECOND, START, Cloud
from tests.simulators.model import Inbound, Report

REPORTS, REPLIES = 100, 10  # on a page of hbsmservice
ALLOWED = 5  # pages a second: one in 200 ms
LEAST = 0.95  # of what the vendor allows


def backlog(cloud: Cloud, minutes: float) -> None:
    """More reports and replies of hbsmservice, and receipts of infocloud, than can be drained in this time."""
    pages = int(minutes * 60 * ALLOWED) + 10
    hb, ic = cloud.account("hb-1"), cloud.account("ic-1")
    at = START / SECOND
    reports = [Report("hb-1", "13800138000", "", f"id{n}", "0", "DELIVRD", at) for n in range(pages * REPORTS)]
    replies = [Inbound("hb-1", "13800138000", "收到", "", at, f"{n}") for n in range(pages * REPLIES)]
    receipts = [Report("ic-1", "13800138000", f"{n}", "", "DELIVRD", "", at) for n in range(20 * 600)]
    cloud.engine.mailbox(hb, "reports").put(reports, at)
    cloud.engine.mailbox(hb, "inbound").put(replies, at)
    cloud.engine.mailbox(ic, "reports").put(receipts, at)


def curious(cloud: Cloud) -> None:
    """An operator who has accounts polled and checked, again and again."""
    while True:
        for account, kind in (("hb-1", "reports"), ("ic-1", "reports"), ("hb-1", "balance"), ("ic-1", "balance")):
            cloud.run_poll(account, kind)
        cloud.run_poll("ly-1", "balance")
        for account in ("hb-1", "ly-1"):
            cloud.check(account)
        cloud.clock.sleep(cloud.random.uniform(0, 3 * SECOND))


@pytest.fixture(scope="module")
def ten_minutes() -> Cloud:
    cloud = Cloud()
    backlog(cloud, 10)
    cloud.clock.start(cloud.every_minute)
    for _ in range(2):
        cloud.clock.start(lambda: curious(cloud), 15 * SECOND)
    cloud.run(10 * MINUTE)
    return cloud


def test_nobody_asks_too_soon_in_ten_minutes(ten_minutes: Cloud) -> None:
    assert ten_minutes.engine.pacing.violations() == []
    asked = Counter((outcome["account"], outcome["kind"]) for outcome in ten_minutes.outcomes)
    assert set(asked) >= {(name, "balance") for name in ("hb-1", "ic-1", "ly-1", "qx-1", "hj-1")}
    assert not [outcome for outcome in ten_minutes.outcomes if "problem" in outcome]


@pytest.mark.parametrize(("kind", "page"), [("reports", REPORTS), ("inbound", REPLIES)])
def test_a_backlog_drains_as_fast_as_the_vendor_allows(ten_minutes: Cloud, kind: str, page: int) -> None:
    allowed = 10 * 60 * ALLOWED * page
    drained = allowed + 10 * page - len(ten_minutes.engine.mailbox(ten_minutes.account("hb-1"), kind))  # type: ignore[arg-type]
    assert drained >= LEAST * allowed, f"{drained / allowed:.1%} of what the vendor allows"
    handed_over = [outcome for outcome in ten_minutes.outcomes if outcome.get("more") and outcome["kind"] == kind]
    assert handed_over, "the gap between two runs is among the ten minutes"


def test_receipts_are_asked_for_once_a_minute(ten_minutes: Cloud) -> None:
    pages = [outcome for outcome in ten_minutes.outcomes if outcome["kind"] == "reports" and outcome.get("pages")]
    asked = sum(outcome["pages"] for outcome in pages if outcome["account"] == "ic-1")
    assert 9 <= asked <= 10, asked


def test_a_balance_is_asked_for_as_often_as_allowed(ten_minutes: Cloud) -> None:
    known = Counter(outcome["account"] for outcome in ten_minutes.outcomes if "balance" in outcome)
    assert 50 <= known["ly-1"] <= 60, "once in ten seconds"
    assert 25 <= known["ic-1"] <= 40, "once in fifteen seconds, or three times a minute"


def test_no_run_sleeps_longer_than_two_seconds(ten_minutes: Cloud) -> None:
    assert ten_minutes.longest_sleep <= 2.0


@pytest.mark.parametrize("seed", range(2, 8))
def test_whatever_the_network_does(seed: int) -> None:
    """GIVEN other latencies WHEN a backlog is drained THEN nobody asks too soon."""
    cloud = Cloud(seed)
    backlog(cloud, 0.5)
    cloud.clock.start(cloud.every_minute)
    cloud.run(30 * SECOND)
    assert cloud.engine.pacing.violations() == []
    assert any(len(mailbox) for mailbox in cloud.engine.mailboxes().values()), "the backlog lasts"


def test_a_call_that_took_no_time_is_the_fastest() -> None:
    turns = LeasedPace(interval=1.0, free_at=0)

    turns.asked(1000, 1000)
    turns.asked(3000, 3400)

    assert turns.fastest == 0
    assert turns.free_at > 3000 + 1400
