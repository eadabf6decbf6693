"""Pace, leases, intents, balances and alerts of an account (store/accounts.py, pacing.py, polling.py, alerts.py)."""

from decimal import Decimal

import pytest

from smsgateway.calling import pace
from smsgateway.model import Balance, DayStatistics
from smsgateway.store import accounts, pacing, polling
from smsgateway.store.accounts import SEEN_EVERY, Silence
from smsgateway.store.alerts import HOUR, Alert, raise_alert
from smsgateway.store.polling import Lease
from smsgateway.store.table import ConditionFailed, Item, Key, Table
from tests.unit.store.given import NOW, TTL

UNTIL = NOW + 300_000


def reserve(table: Table, now: int = NOW, patience: int = 2_000, step: float = 1_000) -> int:
    return pacing.reserve(table, "hb-main", "send", step, now, patience)


def lease(table: Table, owner: str = "a", now: int = NOW, until: int = UNTIL) -> Lease | None:
    return polling.take_lease(table, "hb-main", "reports", owner, now, until)


def held(table: Table, owner: str = "a", now: int = NOW) -> Lease:
    taken = lease(table, owner, now, now + 300_000)
    assert taken
    return taken


# Pace


def test_moments_are_given_out_one_interval_apart(table: Table) -> None:
    assert [reserve(table) for _ in range(3)] == [0, 1_000, 2_000]


def test_a_moment_that_is_too_far_away_is_not_taken(table: Table) -> None:
    assert [reserve(table, patience=1_000) for _ in range(4)] == [0, 1_000, -2_000, -2_000]
    assert reserve(table, NOW + 1_000, patience=1_000) == 1_000


def test_time_that_passed_is_not_saved_up(table: Table) -> None:
    reserve(table)
    assert [reserve(table, NOW + 60_000) for _ in range(2)] == [0, 1_000]


def test_moments_are_finer_than_milliseconds(table: Table) -> None:
    """A rate of 300 a second is 3.4 ms a moment: a whole number of them would make it 250."""
    assert [reserve(table, step=3.4) for _ in range(6)] == [0, 4, 7, 11, 14, 17]


def test_accounts_and_operations_have_paces_of_their_own(table: Table) -> None:
    reserve(table)
    assert pacing.reserve(table, "hb-main", "balance", 1_000, NOW, 0) == 0
    assert pacing.reserve(table, "other", "send", 1_000, NOW, 0) == 0
    assert reserve(table, patience=0) == -1_000


def test_a_worker_that_waited_in_between_still_keeps_the_interval(table: Table) -> None:
    """The clock of one worker is ahead: moments never overlap."""
    assert reserve(table, NOW) == 0
    assert reserve(table, NOW + 500) == 500
    assert reserve(table, NOW + 100) == 1_900
    assert reserve(table, NOW + 2_999) == 1


def test_a_released_moment_is_earlier_and_never_later(table: Table) -> None:
    assert reserve(table, step=16_000) == 0
    pacing.release(table, "hb-main", "send", NOW + 2_000, NOW + 16_000)
    assert reserve(table, patience=0) == -2_000
    pacing.release(table, "hb-main", "send", NOW + 9_000, NOW + 16_000)
    assert reserve(table, patience=0) == -2_000
    pacing.release(table, "other", "send", NOW, NOW + 16_000)
    assert pacing.reserve(table, "other", "send", 1_000, NOW, 0) == 0


@pytest.mark.parametrize("late", [-3_500, 0, 500, 1_000])
def test_a_release_leaves_a_moment_that_another_holds_by_now(table: Table, late: int) -> None:
    """GIVEN a call of at most 8.3 s, every 0.2 s WHEN another holds the next moment before the first one is released
    THEN a third waits for that other one, and has its moment once that is released."""
    interval, seconds = 0.2, 8.3
    first = pace.hold(table, "hb-main", "balance", interval, seconds, NOW)
    second = pace.hold(table, "hb-main", "balance", interval, seconds, NOW + 8_000, patience=9_000)
    assert second >= first + 8_500

    pace.release(table, "hb-main", "balance", interval, seconds, first, NOW + 8_500 + late)

    third = pace.hold(table, "hb-main", "balance", interval, seconds, second + 1_600)
    assert third < 0
    assert second + 1_600 - third >= second + 8_500
    pace.release(table, "hb-main", "balance", interval, seconds, second, second + 2_000)
    assert pace.hold(table, "hb-main", "balance", interval, seconds, second + 2_300) == second + 2_300


# Leases


def test_one_lease_at_a_time(table: Table) -> None:
    assert lease(table) == Lease("hb-main", "reports", "a")
    assert lease(table, "b") is None
    assert lease(table, "b", UNTIL) is None
    assert lease(table, "b", UNTIL + 1) == Lease("hb-main", "reports", "b")
    assert polling.take_lease(table, "hb-main", "inbound", "b", NOW, UNTIL)
    assert polling.take_lease(table, "other", "reports", "b", NOW, UNTIL)


def test_a_lease_that_is_given_back_is_free(table: Table) -> None:
    polling.give_back(table, held(table))
    assert lease(table, "b")


def test_a_repeated_taking_is_our_own(table: Table) -> None:
    """The SDK's own retry meets our own success."""
    assert lease(table) == lease(table)


def test_a_lease_that_was_lost_is_nobodys_to_use(table: Table) -> None:
    mine = held(table)
    held(table, "b", UNTIL + 1)
    for use in (polling.intend, polling.fulfil):
        with pytest.raises(ConditionFailed):
            use(table, mine, UNTIL + 2)
    with pytest.raises(ConditionFailed):
        polling.give_back(table, mine)
    assert lease(table, "c", UNTIL + 3) is None


def test_an_intent_that_is_left_behind_is_seen_until_it_is_fulfilled(table: Table) -> None:
    first = held(table)
    polling.intend(table, first, NOW)
    polling.give_back(table, first)
    second = held(table, "b")
    assert second.lost_at
    polling.fulfil(table, second, NOW + 5)
    polling.give_back(table, second)
    assert not held(table, "c").lost_at
    assert polling.polled_at(table, "hb-main", "reports") == NOW + 5


def test_an_account_that_was_never_polled(table: Table) -> None:
    assert polling.polled_at(table, "hb-main", "reports") == 0
    held(table)
    assert polling.polled_at(table, "hb-main", "reports") == 0


# What is known


def test_what_is_known_of_an_account(table: Table) -> None:
    accounts.put_balance(table, "hb-main", (Balance(Decimal("93.50")), Balance(Decimal(0), "p1")), NOW)
    for day in (1, 2):
        accounts.put_statistics(table, "hb-main", DayStatistics(f"2026-01-0{day}", 3, 2, 1, 0), NOW, TTL)
    accounts.put_comparison(table, "hb-main", "2026-01-02", 7, differs=True, now=NOW + 1)
    accounts.put_statistics(table, "hb-main", DayStatistics("2026-01-02", 9, 8, 0, 1), NOW + 2, TTL)
    accounts.put_balance(table, "other", (Balance(Decimal(1)),), NOW)
    known = accounts.items_of(table, "hb-main")
    assert known["balance"]["amounts"] == [{"product": "", "amount": "93.50"}, {"product": "p1", "amount": "0"}]
    assert known["day#2026-01-01"]["accepted"] == 3
    later = {"accepted": 9, "delivered": 8, "failed": 0, "open": 1, "fetched_at": NOW + 2, "ttl": TTL}
    compared = {"open_here": 7, "differs": True, "compared_at": NOW + 1}
    assert known["day#2026-01-02"] == {"pk": "account#hb-main", "sk": "day#2026-01-02", **later, **compared}
    assert set(known) == {"balance", "day#2026-01-01", "day#2026-01-02"}


@pytest.mark.parametrize(("processes", "reads"), [(6, 6), (2, 4), (1, 2)])
def test_pushes_are_noted_once_a_minute(table: Table, processes: int, reads: int) -> None:
    calls: list[str] = []
    table.client.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    noted: list[dict[Key, Item]] = [{} for _ in range(processes)]
    for push, passed in enumerate((0, 1, SEEN_EVERY - 1, SEEN_EVERY, SEEN_EVERY + 1, 0)):
        accounts.seen_push(table, "hb-main", "reports", NOW + passed, noted[push % processes])
    assert (calls.count("UpdateItem"), calls.count("GetItem")) == (2, reads)
    assert accounts.items_of(table, "hb-main")["push#reports"]["pushed_at"] == NOW + SEEN_EVERY


def test_what_brought_nothing_is_no_report(table: Table) -> None:
    """An empty push is noted, and does not keep the one that follows in the same minute from being noted."""
    assert accounts.silences(table, ["hb-main", "other"]) == {"hb-main": (0, None), "other": (0, None)}
    noted: dict[Key, Item] = {}
    for passed, brought in ((0, False), (1, True), (2, True), (3, False)):
        accounts.seen_push(table, "hb-main", "reports", NOW + passed, noted, brought=brought)
    accounts.seen_push(table, "other", "inbound", NOW, noted)
    assert accounts.silences(table, ["hb-main", "other"]) == {"hb-main": (NOW + 1, None), "other": (0, None)}
    for passed, brought in ((5, True), (6, False)):
        polling.fulfil(table, held(table, now=NOW + passed * HOUR), NOW + passed * HOUR, brought=brought)
    assert polling.polled_at(table, "hb-main", "reports") == NOW + 6 * HOUR
    assert accounts.silences(table, ["hb-main"]) == {"hb-main": (NOW + 5 * HOUR, None)}


def test_a_silence_is_read_as_it_was_put(table: Table) -> None:
    silence = Silence(NOW, NOW + 1, NOW + 2, 3, NOW + 4)
    accounts.put_silence(table, "hb-main", silence)
    assert accounts.silences(table, ["hb-main"]) == {"hb-main": (0, silence)}


def test_an_alert_is_raised_once_an_hour(table: Table) -> None:
    hour = NOW - NOW % HOUR
    for at, alert in (
        (hour, "balance_low"),
        (hour + HOUR - 1, "balance_low"),
        (hour + HOUR, "balance_low"),
        (hour, "other"),
    ):
        raise_alert(table, Alert("hb-main", "hbsmservice", alert, f"at {at}", at, TTL))
    found = {key: item["detail"] for key, item in accounts.items_of(table, "hb-main").items()}
    number = hour // HOUR
    assert found == {
        f"alert#balance_low#{number}": f"at {hour}",
        f"alert#balance_low#{number + 1}": f"at {hour + HOUR}",
        f"alert#other#{number}": f"at {hour}",
    }


def test_an_alert_of_an_occasion_is_raised_once(table: Table) -> None:
    for at, occasion in ((NOW, "monday"), (NOW + 5 * HOUR, "monday"), (NOW, "tuesday")):
        raise_alert(table, Alert("ic", "infocloud", "figures_differ", f"{at}", at, TTL), occasion)
    found = {key: item["detail"] for key, item in accounts.items_of(table, "ic").items()}
    assert found == {"alert#figures_differ#monday": f"{NOW}", "alert#figures_differ#tuesday": f"{NOW}"}
