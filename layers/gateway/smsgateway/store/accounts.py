"""What is known of an account beside its pace, its polls and its breaker: balance, statistics, pushes, silence."""

from collections.abc import MutableMapping, Sequence
from dataclasses import asdict, dataclass, fields

from smsgateway.clock import Millis, sortable
from smsgateway.model import Balance, DayStatistics
from smsgateway.store.change import Change
from smsgateway.store.keys import account_pk, balance_key, day_key, poll_key, push_key, silence_key
from smsgateway.store.table import Item, Key, Query, Table

SEEN_EVERY = 60_000  # milliseconds between two notes of a vendor's pushes


def put_balance(table: Table, account: str, balances: Sequence[Balance], now: Millis) -> None:
    """Store what the vendor says is left, at `now` (epoch ms)."""
    pk, sk = balance_key(account)
    amounts = [{"product": balance.product, "amount": str(balance.amount)} for balance in balances]
    table.put({"pk": pk, "sk": sk, "amounts": amounts, "at": sortable(now)})


def put_statistics(table: Table, account: str, day: DayStatistics, now: Millis, ttl: int) -> None:
    """Store a vendor's own figures of a day. Later ones replace earlier ones, and leave what these were compared with.

    `now` in epoch milliseconds, `ttl` in epoch seconds.
    """
    change = Change(day_key(account, day.day)).set(fetched_at=now, ttl=ttl)
    table.update(change.set(accepted=day.accepted, delivered=day.delivered, failed=day.failed, open=day.open))


def put_comparison(table: Table, account: str, day: str, open_here: int, differs: bool, now: Millis) -> None:
    """Store what a day's statistics were compared with, and the outcome.

    `open_here`: how many messages of the day waited for a report here at `now` (epoch ms).
    """
    table.update(Change(day_key(account, day)).set(open_here=open_here, differs=differs, compared_at=now))


def seen_push(
    table: Table, account: str, kind: str, now: Millis, noted: MutableMapping[Key, Item], *, brought: bool = True
) -> None:
    """Note to the minute when the vendor's pushes were last understood, and when one `brought` anything.

    Some vendors push each report by itself: a write for each would double what a report costs, on one partition key.
    `noted` is what this process knows to be noted already, which saves a read for each as well; it is kept up to date.
    """
    key = push_key(account, kind)
    names = ("pushed_at", "brought_at") if brought else ("pushed_at",)
    if _all_after(noted.get(key, {}), names, now - SEEN_EVERY):
        return
    noted[key] = table.get(key, consistent=False) or {}
    if not _all_after(noted[key], names, now - SEEN_EVERY):
        noted[key] = table.update(Change(key).set(**dict.fromkeys(names, now)))


def note_try(table: Table, account: str, kind: str, at: Millis) -> None:
    """Note when somebody last tried a push address with a push that says nothing (epoch ms)."""
    table.update(Change(push_key(account, kind)).set(tried_at=at))


def _all_after(item: Item, names: Sequence[str], moment: Millis) -> bool:
    return all(item.get(name, 0) > moment for name in names)


@dataclass(frozen=True, slots=True)
class Silence:
    """What has been counted of an account's messages since its last report. Times are epoch milliseconds."""

    last_report: Millis  # 0: there was none
    counted_to: Millis  # all marks until then are counted
    earliest: Millis = 0  # mark that was counted; 0: none was
    messages: int = 0
    look_at: Millis = 0  # not to be counted on before


def silences(table: Table, names: Sequence[str]) -> dict[str, tuple[Millis, Silence | None]]:
    """Of each account: when its last report came (epoch ms, to the minute; 0: never), and what was counted last."""
    sources = {name: (push_key(name, "reports"), poll_key(name, "reports")) for name in names}
    found = table.get_many(key for name in names for key in (*sources[name], silence_key(name)))
    counted = {}
    for name in names:
        last_report = max(found.get(source, {}).get("brought_at", 0) for source in sources[name])
        item = found.get(silence_key(name))
        counted[name] = last_report, Silence(*(item[field.name] for field in fields(Silence))) if item else None
    return counted


def put_silence(table: Table, account: str, silence: Silence) -> None:
    """Store what was counted of an account, in place of the count before."""
    pk, sk = silence_key(account)
    table.put({"pk": pk, "sk": sk, **asdict(silence)})


def items_of(table: Table, account: str) -> dict[str, Item]:
    """Everything stored of the account, by sort key."""
    return {item["sk"]: item for item in table.query_all(Query("pk = :pk", {"pk": account_pk(account)}))}
