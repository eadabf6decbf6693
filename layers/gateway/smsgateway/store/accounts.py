"""What the gateway knows of an account: its pace, the lease and intent of its polls, its balance, its alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from smsgateway.model import Balance, DayStatistics
from smsgateway.store.table import ConditionFailed, Item, Key, Table, Update

HOUR = 3_600_000
SEEN_EVERY = 60_000  # milliseconds between two notes of a vendor's pushes


def _pk(account: str) -> str:
    return f"account#{account}"


def reserve(table: Table, account: str, operation: str, interval: float, now: int, patience: int) -> int:
    """Take the account's next moment for a request of this kind, `interval` seconds after the last one.

    The milliseconds to wait for it; at most `patience`. Negative: it is further away than that, nothing was taken, and
    the figure is how far.
    """
    step = int(interval * 1000)
    key = (_pk(account), f"pace#{operation}")
    try:
        condition = "attribute_not_exists(free_at) OR free_at <= :now"
        table.update(Update(key, "SET free_at = :next", {"next": now + step, "now": now}, condition))
    except ConditionFailed as failed:
        free_at = failed.item["free_at"] if failed.item else now
        if free_at - now > patience:
            return now - free_at
        condition = "free_at <= :latest"
        values = {"step": step, "latest": now + patience}
        try:
            after = table.update(Update(key, "SET free_at = free_at + :step", values, condition))
        except ConditionFailed as late:
            return now - (late.item["free_at"] if late.item else now + patience + 1)
        return max(0, int(after["free_at"]) - step - now)
    return 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll one account for one kind, and what the last holder left behind."""

    account: str
    kind: str
    owner: str
    page_maybe_lost: bool  # the last holder asked the vendor, and nobody knows what became of the answer


def take_lease(table: Table, account: str, kind: str, owner: str, now: int, until: int) -> Lease | None:
    """The lease, or None while somebody else polls."""
    key = (_pk(account), f"poll#{kind}")
    update = Update(
        key,
        "SET #owner = :owner, leased_until = :until",
        {"owner": owner, "until": until, "now": now},
        "attribute_not_exists(leased_until) OR leased_until < :now",
    )
    try:
        item = table.update(update)
    except ConditionFailed as failed:
        if not (failed.item and failed.item.get("owner") == owner):
            return None
        item = failed.item  # the SDK's retry met our own success
    return Lease(account, kind, owner, "intent" in item)


def intend(table: Table, lease: Lease, now: int) -> None:
    """Record, before the vendor is asked, that an answer will need a place: what it hands out it forgets."""
    _held(table, lease, "SET intent = :now", {"now": now})


def fulfil(table: Table, lease: Lease, polled_at: int | None = None, *, brought: bool = False) -> None:
    """The answer is in the queue, or there was none to lose. `polled_at`: when there was one (epoch ms).

    `brought`: it was no empty one.
    """
    noted = ("polled_at", "brought_at") if brought else ("polled_at",)
    expression = "REMOVE intent" if polled_at is None else f"SET {_all_now(noted)} REMOVE intent"
    _held(table, lease, expression, {"now": polled_at})


def _all_now(attributes: Sequence[str]) -> str:
    return ", ".join(f"{name} = :now" for name in attributes)


def give_back(table: Table, lease: Lease) -> None:
    """End the lease; an intent that is left stays for the next holder to see."""
    _held(table, lease, "REMOVE leased_until", {})


def _held(table: Table, lease: Lease, expression: str, values: Mapping[str, Any]) -> None:
    key = (_pk(lease.account), f"poll#{lease.kind}")
    table.update(Update(key, expression, {**values, "owner": lease.owner}, "#owner = :owner"))


def put_balance(table: Table, account: str, balances: Sequence[Balance], now: int) -> None:
    amounts = [{"product": balance.product, "amount": str(balance.amount)} for balance in balances]
    table.put({"pk": _pk(account), "sk": "balance", "amounts": amounts, "at": f"{now:013d}"})


def put_statistics(table: Table, account: str, day: DayStatistics, now: int, ttl: int) -> None:
    """The vendor's own figures of a day; later ones replace earlier ones, and leave what they were compared with."""
    expression = "SET accepted = :accepted, delivered = :delivered, failed = :failed, #open = :open"
    values = {**asdict(day), "now": now, "ttl": ttl}
    table.update(Update(_day_key(account, day.day), f"{expression}, fetched_at = :now, #ttl = :ttl", values))


def put_comparison(table: Table, account: str, day: str, open_here: int, differs: bool, now: int) -> None:
    """How many messages of the day waited for a report here when its figures were compared, and the outcome."""
    expression = "SET open_here = :open, differs = :differs, compared_at = :now"
    table.update(Update(_day_key(account, day), expression, {"open": open_here, "differs": differs, "now": now}))


def _day_key(account: str, day: str) -> Key:
    return _pk(account), f"day#{day}"


def seen_push(table: Table, account: str, kind: str, now: int, *, brought: bool = True) -> None:
    """When the vendor's pushes were last understood, and when one `brought` anything, to the minute.

    Some vendors push each report by itself: a write for each would double what a report costs, on one partition key.
    """
    key = (_pk(account), f"push#{kind}")
    item = table.get(key, consistent=False) or {}
    noted = ("pushed_at", "brought_at") if brought else ("pushed_at",)
    if any(item.get(name, 0) <= now - SEEN_EVERY for name in noted):
        table.update(Update(key, f"SET {_all_now(noted)}", {"now": now}))


@dataclass(frozen=True, slots=True)
class Silence:
    """What has been counted of an account's messages since its last report. Times are epoch milliseconds."""

    last_report: int  # 0: there was none
    counted_to: int  # all marks until then are counted
    earliest: int = 0  # mark that was counted; 0: none was
    messages: int = 0
    look_at: int = 0  # not to be counted on before


def silences(table: Table, names: Sequence[str]) -> dict[str, tuple[int, Silence | None]]:
    """Of each account: when the last report came (epoch ms, to the minute; 0: never), and what was counted last."""
    sources = ("push#reports", "poll#reports")
    found = table.get_many((_pk(name), sk) for name in names for sk in (*sources, "silence"))
    known = {}
    for name in names:
        last_report = max(found.get((_pk(name), source), {}).get("brought_at", 0) for source in sources)
        item = found.get((_pk(name), "silence"))
        known[name] = last_report, Silence(*(item[field.name] for field in fields(Silence))) if item else None
    return known


def put_silence(table: Table, account: str, silence: Silence) -> None:
    table.put({"pk": _pk(account), "sk": "silence", **asdict(silence)})


def raise_alert(
    table: Table, account: str, vendor: str, alert: str, detail: str, now: int, ttl: int, *, occasion: str = ""
) -> None:
    """Tell the operator, once an hour for the same alert, or once for its `occasion`. Stored, and published from the
    table's stream."""
    item = {
        "pk": _pk(account),
        "sk": f"alert#{alert}#{occasion or now // HOUR}",
        "account": account,
        "vendor": vendor,
        "alert": alert,
        "detail": detail,
        "raised_at": now,
        "ttl": ttl,
    }
    try:
        table.put(item, "attribute_not_exists(pk)")
    except ConditionFailed:
        return


def known_of(table: Table, account: str) -> dict[str, Item]:
    """Everything stored of the account, by sort key."""
    return {item["sk"]: item for item in table.query_all("pk = :pk", {"pk": _pk(account)})}


def polled_at(table: Table, account: str, kind: str) -> int:
    """When a poll of this kind last brought an answer; 0: never."""
    key: Key = (_pk(account), f"poll#{kind}")
    item = table.get(key, consistent=False)
    return int(item.get("polled_at", 0)) if item else 0
