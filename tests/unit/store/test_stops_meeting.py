"""Ten thousand generated meetings at one number's item: stops, opt-ins, texts that count, an administrator, an import.

Between the read and the write of each, others may write: then it is done again, and nothing of the others is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, cast

from smsgateway.store.numbers import (
    ALL_PURPOSES,
    Counted,
    NumberState,
    OptIn,
    Suppression,
    change_number,
    counting,
    load_number,
)
from smsgateway.store.stops import opted_in, stopped, suppressed_by
from smsgateway.store.table import Table
from tests.doubles.dynamo import FakeDynamoDB
from tests.unit.store.given import NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NUMBER = "13800000007"
MEETINGS = 10_000
SCOPES = ("shop", "*")
KINDS = ("stop", "start", "count", "suppress", "allow", "api_stop", "api_lift", "import")

type Change = Callable[[NumberState], NumberState]


@dataclass(frozen=True)
class Deed:
    """One thing that somebody does to the item. `at`: when it was said; of replies, no two at the same time."""

    kind: str
    at: int
    scope: str

    @property
    def change(self) -> Change:
        client = "" if self.scope == "*" else self.scope
        stop = Suppression(self.at, "", "api", client=client)
        match self.kind:
            case "stop":
                return lambda state: stopped(state, replace(stop, source="reply", reply_id=f"mo_{self.at}"))
            case "start":
                return lambda state: opted_in(state, self.scope, OptIn(self.at, self.at, "reply", f"mo_{self.at}"))
            case "count":
                text = Counted(self.at, f"msg_{self.at}")
                return lambda state: counting(state, "marketing", text, NOW)
            case "suppress":
                return lambda state: suppressed_by(state, Suppression(self.at))
            case "allow":
                allowed = OptIn(self.at, 0, "api")
                return lambda state: replace(state, suppressed=None, opt_ins={**state.opt_ins, ALL_PURPOSES: allowed})
            case "api_stop":
                return lambda state: stopped(state, stop)
            case "api_lift":
                return lambda state: opted_in(state, self.scope, OptIn(self.at, 0, "api"))
        return lambda state: stopped(state, replace(stop, source="import"))


@dataclass
class Meeting:
    """Deeds that meet at the item: each, after it has read, lets some of the others go first."""

    table: Table
    random: Random
    waiting: list[Deed]
    # In the order of their writes; of those that change nothing, and so write nothing, of their reads.
    done: list[Deed] = field(default_factory=list)

    def run(self) -> None:
        while self.waiting:
            self._do(self.waiting.pop(0))

    def _do(self, deed: Deed) -> None:
        read_at = 0

        def change(state: NumberState) -> NumberState:
            nonlocal read_at
            read_at = len(self.done)
            for _ in range(self.random.choice((0, 0, 1, 2))):
                if self.waiting:
                    self._do(self.waiting.pop(self.random.randrange(len(self.waiting))))
            return deed.change(state)

        before, after = change_number(self.table, NUMBER, change, NOW)
        self.done.insert(read_at if before == after else len(self.done), deed)


def met(seed: int, kinds: Sequence[str]) -> tuple[Meeting, NumberState]:
    random = Random(seed)
    times = random.sample(range(NOW - 5_000, NOW), 7)
    deeds = [Deed(random.choice(kinds), at, random.choice(SCOPES)) for at in times]
    deeds += random.sample(deeds, 2)  # come again
    table = Table(cast("DynamoDBClient", FakeDynamoDB()), "table", lambda: NOW)
    meeting = Meeting(table, random, random.sample(deeds, len(deeds)))
    meeting.run()
    return meeting, load_number(table, NUMBER)


def test_nothing_is_lost_whoever_meets() -> None:
    """GIVEN deeds of every kind WHEN they meet THEN the item is what they make of it one after the other: every text
    counts once, and of the administrator the last word holds."""
    for seed in range(MEETINGS // 2):
        meeting, state = met(seed, KINDS)
        alone = NumberState(NUMBER)
        for deed in meeting.done:
            alone = deed.change(alone)
        assert replace(state, version=0) == alone, seed
        texts = {f"msg_{deed.at}" for deed in meeting.done if deed.kind == "count"}
        assert [each.message_id for each in state.counted.get("marketing", ())] == sorted(texts), seed
        last = [deed.kind for deed in meeting.done if deed.kind in ("suppress", "allow")][-1:]
        assert (state.suppressed is not None) is (last == ["suppress"]), seed


def test_the_last_word_of_a_person_wins_whoever_meets() -> None:
    """GIVEN replies, some of which come again, between texts that count WHEN they meet in any order THEN of each scope
    the word counts that was written last."""
    for seed in range(MEETINGS // 2):
        meeting, state = met(MEETINGS + seed, ("stop", "start", "count"))
        for scope in SCOPES:
            said = [deed for deed in meeting.done if deed.scope == scope and deed.kind != "count"]
            stop = bool(said) and max(said, key=lambda deed: deed.at).kind == "stop"
            assert (scope in state.stops) is stop, (seed, scope)
