"""What limits texts to a number: who has suppressed it, who must not advertise to it, and what it got lately.

One item a number, written on the condition that nobody has written it since it was read. It stands while it says
something: what is counted expires after a day, a suppression does not.

The item lies under the key of the suppressions that it grew from, and an item of an earlier release, which has `since`
alone, is read as what it was.

    since       of `suppressed`: epoch ms
    why         the rest of `suppressed`
    heard       there if anybody has ever said whether the number is to be texted: such changes may be events
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from smsgateway.clock import Millis, epoch_seconds, millis, sortable
from smsgateway.model import Purpose
from smsgateway.rules.caps import DAY, MOST_TEXTS, Span
from smsgateway.store.keys import suppression_key
from smsgateway.store.table import EXPIRED, ConditionFailed, Item, Put, Table

EVERYBODY = "*"  # the scope of a stop that holds for all clients
ALL_PURPOSES = "#"  # among opt-ins: that of a number that was suppressed; no client's name is empty
LIST = "suppressions"
OPT_IN_KEPT = 30 * DAY  # seconds: as long as what a person said before may still come, out of a queue of failures
KEPT_LONGER = 3_600  # seconds, beyond the longest window of a cap
TRIES = 20  # of a write that others write too

# Texts of a purpose that are kept. No cap allows more than MOST_TEXTS in a window, not even in a minute; so of those
# that went out the newest decide. As many again may have come since the moment of a request that is slow to count its
# text.
MOST_BEFORE = 2 * MOST_TEXTS
MOST_PLANNED = 500  # that are planned; the item would grow with each, and DynamoDB takes no more than 400 KB
SLOWEST = 60  # seconds from a request's moment until its text is counted, at most; far less is allowed (runtime.py)


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a number is not to be texted, and by whose word. `source`: `reply`, `api` or `import`."""

    at: Millis  # when it was said first
    reason: str = ""
    source: str = "api"
    reply_id: str = ""
    account: str = ""  # that the reply came to
    client: str = ""  # whose marketing is stopped; empty: everybody's
    signature: str = ""  # under which it is stopped; empty: under all of the client's
    vendor: str = ""  # of that account
    repeated_at: Millis = 0  # when a reply said it again, the newest by its own time

    @property
    def scope(self) -> str:
        """Whose marketing it stops, if it is a stop."""
        return scope_of(self.client or EVERYBODY, self.signature)


@dataclass(frozen=True, slots=True)
class OptIn:
    """The newest word by which a person's marketing goes on, and by whose word: `reply` or `api`.

    What a reply said before `since` is outdated by it, whenever that reply comes.
    """

    at: Millis
    since: Millis
    source: str
    reply_id: str = ""
    account: str = ""  # that the reply came to
    vendor: str = ""  # of that account


@dataclass(frozen=True, slots=True)
class Counted:
    """A text that counts towards a number's caps. `at`: when it goes out, as far as was planned (epoch ms).

    `late`: how much later it may go out, because its message is spread after quiet hours.
    """

    at: Millis
    message_id: str
    late: Millis = 0

    @property
    def span(self) -> Span:
        """The first and the last moment at which it may go out."""
        return self.at, self.at + self.late

    @property
    def last(self) -> Millis:
        """The last moment at which it may go out."""
        return self.at + self.late


@dataclass(frozen=True, slots=True)
class NumberState:
    """What limits texts to a number. `version`: of the item that it was read from; 0 if there is none, or an old one.

    `suppressed`: for all clients and purposes. `stops`: for marketing, by scope (`scope_of`). `opt_ins`: by scope, too,
    whether there was a stop or not. `counted`: by purpose, the earliest first.
    """

    number: str
    suppressed: Suppression | None = None
    stops: Mapping[str, Suppression] = field(default_factory=dict)
    counted: Mapping[str, tuple[Counted, ...]] = field(default_factory=dict)
    version: int = 0
    opt_ins: Mapping[str, OptIn] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        """True if somebody has said that the number is not to be texted."""
        return bool(self.suppressed or self.stops)

    @property
    def unlisted(self) -> bool:
        """True for a suppression of an earlier release, which had no list."""
        return self.listed and not self.version


def scope_of(client: str, signature: str = "") -> str:
    """The scope of a stop: a client, or one of the signatures of a client that has several."""
    return f"{client}#{signature}" if signature else client


def refusal_to(state: NumberState, purpose: Purpose, scope: str) -> Suppression | None:
    """Why a number is not to get a message of a purpose and a scope (`scope_of`); None if it may.

    A stop of a client counts under all of its signatures. Where the scope is the client alone, a stop under any of its
    signatures counts, too: it is not known which of them will be read, or the client has one or none by now and may
    have had several. That errs on the side of fewer texts.
    """
    if state.suppressed or purpose != "marketing":
        return state.suppressed
    client, _, signature = scope.partition("#")
    found = (
        stop
        for stopped, stop in state.stops.items()
        if stopped in (EVERYBODY, client, scope) or (not signature and stopped.startswith(f"{client}#"))
    )
    return next(found, None)


def counting(state: NumberState, purpose: Purpose, text: Counted, now: Millis) -> NumberState:
    """The state with one more text that counts, and without those that count no more. The same text counts once.

    Of many texts that went out, the newest are kept (MOST_BEFORE): the others decide on no text from now on.
    """
    kept = [each for each in state.counted.get(purpose, ()) if each.last > now - millis(DAY + SLOWEST)]
    if not any(each.message_id == text.message_id for each in kept):
        kept.append(text)
    before = sorted((each for each in kept if each.at <= now), key=lambda each: each.last)
    planned = [each for each in kept if each.at > now]
    ordered = tuple(sorted([*before[-MOST_BEFORE:], *planned], key=lambda each: each.at))
    return replace(state, counted={**state.counted, purpose: ordered})


def may_plan_at(texts: Iterable[Counted], at: Millis, now: Millis) -> Millis:
    """When one more text of a purpose may be planned that is to go out at a moment: now, unless MOST_PLANNED others
    are; then as soon as the first of them has gone out. A text that is to go out now is not held up by planned ones."""
    planned = sorted(each.at for each in texts if each.at > now)
    return now if at <= now or len(planned) < MOST_PLANNED else planned[-MOST_PLANNED]


def load_number(table: Table, number: str) -> NumberState:
    """Read what limits texts to a number, consistently."""
    return read_number(table.get(suppression_key(number)), number)


def load_numbers(table: Table, numbers: Iterable[str]) -> dict[str, NumberState]:
    """Read what limits texts to some numbers, consistently, 100 a call."""
    wanted = list(dict.fromkeys(numbers))
    found = table.get_many(map(suppression_key, wanted))
    return {number: read_number(found.get(suppression_key(number)), number) for number in wanted}


def read_number(item: Item | None, number: str) -> NumberState:
    """The state in a number's item, also in one of an earlier release; that of a number without an item."""
    if item is None:
        return NumberState(number)
    return NumberState(
        number,
        Suppression(item["since"], **item.get("why", {})) if "since" in item else None,
        {scope: Suppression(**stop) for scope, stop in item.get("stops", {}).items()},
        {purpose: tuple(Counted(*text) for text in texts) for purpose, texts in item.get("counted", {}).items()},
        item.get("version", 0),
        {scope: OptIn(**opt_in) for scope, opt_in in item.get("opt_ins", {}).items()},
    )


def item_of(state: NumberState, now: Millis) -> Item:
    """The item of a state, one version further than what it was read from."""
    pk, sk = suppression_key(state.number)
    item: Item = {"pk": pk, "sk": sk, "version": state.version + 1}
    if state.suppressed:
        item |= {"since": state.suppressed.at, "why": _fields(state.suppressed, without="at") or None}
    if state.stops:
        item["stops"] = {scope: _fields(stop) for scope, stop in state.stops.items()}
    if state.listed or state.opt_ins:
        item["heard"] = "1"
    if state.opt_ins:
        item["opt_ins"] = {scope: asdict(opt_in) for scope, opt_in in state.opt_ins.items()}
    if counted := {purpose: texts for purpose, texts in state.counted.items() if texts}:
        item["counted"] = {
            purpose: [[each.at, each.message_id, *([each.late] if each.late else [])] for each in texts]
            for purpose, texts in counted.items()
        }
    if state.listed:
        said = [*([state.suppressed] if state.suppressed else []), *state.stops.values()]
        return item | {"list": LIST, "listed_at": f"{sortable(max(each.at for each in said))}#{state.number}"}
    newest = max((each.last for texts in counted.values() for each in texts), default=now)
    kept = epoch_seconds(max(newest, now)) + DAY + KEPT_LONGER
    opted_in = max((epoch_seconds(opt_in.at) + OPT_IN_KEPT for opt_in in state.opt_ins.values()), default=kept)
    return item | {"ttl": max(kept, opted_in)}


def unchanged(state: NumberState) -> str:
    """The condition under which a number's item is still what the state was read from; it names `:seen` and `:seconds`.

    What has expired counts as gone.
    """
    return f"attribute_not_exists(version) OR {EXPIRED}" if not state.version else f"version = :seen OR {EXPIRED}"


def change_number(
    table: Table, number: str, change: Callable[[NumberState], NumberState], now: Millis
) -> tuple[NumberState, NumberState]:
    """Change what limits texts to a number, by a function of what is there; again if others change it meanwhile.

    Returns the state before and after. A change that changes nothing writes nothing, unless the number is missing in
    the list. Raises ConditionFailed when others never let it come to its turn.
    """
    for _ in range(TRIES):
        before = load_number(table, number)
        after = change(before)
        if after == before and not before.unlisted:
            return before, after
        put = put_of(before, after, now)
        try:
            table.put(put.item, put.condition, put.values)
        except ConditionFailed:
            continue
        return before, replace(after, version=before.version + 1)
    raise ConditionFailed(None)


def put_of(before: NumberState, after: NumberState, now: Millis) -> Put:
    """The write that makes one state of a number out of another, unless somebody has written it meanwhile."""
    values: dict[str, Any] = {"seconds": epoch_seconds(now)}
    seen = {"seen": before.version} if before.version else {}
    return Put(item_of(after, now), unchanged(before), values | seen)


def _fields(suppression: Suppression, without: str = "") -> Item:
    """The fields of a suppression as a map inside an item, without those that are empty."""
    names = ("at", "reason", "source", "reply_id", "account", "client", "signature", "vendor", "repeated_at")
    values = {name: getattr(suppression, name) for name in names if name != without}
    return {name: value for name, value in values.items() if value}
