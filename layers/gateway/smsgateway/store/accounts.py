"""What the gateway knows of an account: its pace, the lease and intent of its polls, its balance, its alerts."""

import zlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import ceil
from typing import Any

from smsgateway.model import Balance, DayStatistics
from smsgateway.store.table import ConditionFailed, Item, Key, Table, Update

HOUR = 3_600_000
CHUNK_BYTES = 300_000  # of a kept page, below DynamoDB's 400 KB an item
SEEN_EVERY = 60_000  # milliseconds between two notes of a vendor's pushes


def _pk(account: str) -> str:
    return f"account#{account}"


def reserve(table: Table, account: str, operation: str, step: float, now: int, patience: int) -> int:
    """Take the account's next moment for a request of this kind, `step` milliseconds after the last one.

    The milliseconds to wait for it; at most `patience`. Negative: it is further away than that, nothing was taken, and
    the figure is how far.
    """
    key = (_pk(account), f"pace#{operation}")
    step_us, now_us = ceil(step * 1000), now * 1000  # a thousand requests a second need finer moments than ms
    try:
        condition = "attribute_not_exists(free_us) OR free_us <= :now"
        table.update(Update(key, "SET free_us = :next", {"next": now_us + step_us, "now": now_us}, condition))
    except ConditionFailed as failed:
        free_us = int(failed.item["free_us"]) if failed.item else now_us
        if free_us - now_us > patience * 1000:
            return -ceil((free_us - now_us) / 1000)
        condition = "free_us <= :latest"
        values = {"step": step_us, "latest": now_us + patience * 1000}
        try:
            after = table.update(Update(key, "SET free_us = free_us + :step", values, condition))
        except ConditionFailed as late:
            return -ceil((int(late.item["free_us"]) - now_us) / 1000) if late.item else -patience - 1
        return max(0, ceil((int(after["free_us"]) - step_us - now_us) / 1000))
    return 0


def reserve_in_turn(
    table: Table, account: str, operation: str, step: float, now: int, patience: int, turn: int, turns: int
) -> int:
    """Like `reserve`, for moments that several items give: `turns` of them, each every so manieth moment of one grid.

    So no two moments are closer than `step`, whichever items they are from. `turn`: the item that is asked.
    """
    key = (_pk(account), f"pace#{operation}#{turn}")
    step_us, now_us = ceil(step * 1000), now * 1000
    width = step_us * turns

    def on_grid(moment_us: int) -> int:
        return moment_us + (turn * step_us - moment_us) % width

    start, latest = on_grid(now_us), now_us + patience * 1000
    try:
        condition = "attribute_not_exists(free_us) OR free_us <= :start"
        table.update(Update(key, "SET free_us = :next", {"next": start + width, "start": start}, condition))
    except ConditionFailed:
        try:
            values = {"width": width, "latest": latest}
            after = table.update(Update(key, "SET free_us = free_us + :width", values, "free_us <= :latest"))
        except ConditionFailed as late:
            return -ceil((int(late.item["free_us"]) - now_us) / 1000) if late.item else -patience - 1
        start = on_grid(int(after["free_us"]) - width)  # which another pace may have left beside the grid
    return ceil((start - now_us) / 1000)


def release(table: Table, account: str, operation: str, free_at: int, held_until: int) -> None:
    """Let the next moment be earlier than a reservation made it: at `free_at` in place of `held_until` (epoch ms).

    When there is a later reservation by now, its holder counts on the moment as it was.
    """
    values = {"free_us": free_at * 1000, "held_us": held_until * 1000}
    condition = "free_us > :free_us AND free_us <= :held_us"
    update = Update((_pk(account), f"pace#{operation}"), "SET free_us = :free_us", values, condition)
    try:
        table.update(update)
    except ConditionFailed:
        return


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll one account for one kind, and what the last holder left behind."""

    account: str
    kind: str
    owner: str
    lost_at: int = 0  # when the last holder asked the vendor, if nobody knows what became of the answer
    free_at: int = 0  # the vendor is not to be asked before; the holder of a lease, who alone asks, keeps the pace
    kept: int = 0  # chunks of a page that the last holder could put into no queue


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
    return Lease(account, kind, owner, item.get("intent", 0), item.get("free_at", 0), item.get("kept", 0))


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


def keep_page(table: Table, lease: Lease, page: str, ttl: int) -> None:
    """Keep what the vendor handed out and no queue took: it is safe, and the next holder's to store."""
    packed = zlib.compress(page.encode())
    chunks = [packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES)]
    for index, chunk in enumerate(chunks):
        pk, sk = _chunk_key(lease, index)
        table.put({"pk": pk, "sk": sk, "bytes": chunk, "ttl": ttl})
    _held(table, lease, "SET kept = :chunks REMOVE intent", {"chunks": len(chunks)})


def kept_page(table: Table, lease: Lease) -> str | None:
    """The page that the last holder kept. None: it was kept for longer than anything is."""
    chunks = [table.get(_chunk_key(lease, index)) for index in range(lease.kept)]
    present = [chunk["bytes"] for chunk in chunks if chunk]
    return zlib.decompress(b"".join(present)).decode() if len(present) == lease.kept else None


def forget_kept(table: Table, lease: Lease) -> None:
    """The page is in its queue; what was kept of it expires."""
    _held(table, lease, "REMOVE kept", {})


def _chunk_key(lease: Lease, index: int) -> Key:
    return f"page#{lease.account}#{lease.kind}", f"{index:03d}"


def give_back(table: Table, lease: Lease, free_at: int = 0) -> None:
    """End the lease; an intent that is left stays for the next holder to see. `free_at`: when to ask next (epoch ms).

    Whoever dies before leaves his lease to run out, which takes longer than any vendor's interval.
    """
    _held(table, lease, "SET free_at = :free_at REMOVE leased_until", {"free_at": free_at})


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


def seen_push(
    table: Table, account: str, kind: str, now: int, noted: MutableMapping[Key, Item], *, brought: bool = True
) -> None:
    """When the vendor's pushes were last understood, and when one `brought` anything, to the minute.

    Some vendors push each report by itself: a write for each would double what a report costs, on one partition key.
    `noted`: what this process knows to be noted already, so that a read for each is saved as well.
    """
    key = (_pk(account), f"push#{kind}")
    names = ("pushed_at", "brought_at") if brought else ("pushed_at",)
    if _all_after(noted.get(key, {}), names, now - SEEN_EVERY):
        return
    noted[key] = table.get(key, consistent=False) or {}
    if not _all_after(noted[key], names, now - SEEN_EVERY):
        noted[key] = table.update(Update(key, f"SET {_all_now(names)}", {"now": now}))


def note_try(table: Table, account: str, kind: str, at: int) -> None:
    """When somebody last tried a push address with a push that says nothing (epoch ms)."""
    table.update(Update((_pk(account), f"push#{kind}"), "SET tried_at = :at", {"at": at}))


def _all_after(item: Item, names: Sequence[str], moment: int) -> bool:
    return all(item.get(name, 0) > moment for name in names)


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


def known_of(table: Table, account: str) -> dict[str, Item]:
    """Everything stored of the account, by sort key."""
    return {item["sk"]: item for item in table.query_all("pk = :pk", {"pk": _pk(account)})}


def polled_at(table: Table, account: str, kind: str) -> int:
    """When a poll of this kind last brought an answer; 0: never."""
    key: Key = (_pk(account), f"poll#{kind}")
    item = table.get(key, consistent=False)
    return int(item.get("polled_at", 0)) if item else 0
