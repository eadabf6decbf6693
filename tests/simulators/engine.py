"""What all vendors share: accounts, messages and their fates, and the queues of reports and replies."""

import itertools
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import ClassVar, Protocol

from tests.simulators.fates import DELIVERED, Fate, Reply, ReportStep, fate_of
from tests.simulators.faults import Scripts
from tests.simulators.journal import Journal
from tests.simulators.model import KINDS, Account, Draft, Inbound, Kind, Message, PushTarget, Report, Template
from tests.simulators.pacing import Pace, Pacing
from tests.simulators.pushing import Item, Lane, Pusher
from tests.simulators.schedule import Schedule
from tests.simulators.settings import Settings
from tests.simulators.sms import segments

STARTING_BALANCE = 10_000_000


class Carrier(Pusher, Protocol):
    """What the engine must know of a vendor."""

    polls: ClassVar[frozenset[Kind]]

    def reports(self, message: Message, step: ReportStep, at: float) -> list[Report]:
        """The vendor's reports for one step of a fate."""

    def replies(self, message: Message, reply: Reply, at: float) -> list[Inbound]:
        """The vendor's inbound messages for a reply."""


class Mailbox:
    """What waits to be polled by one account: handed out once, and not for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: deque[tuple[float, Item]] = deque()

    def put(self, items: Sequence[Item], now: float) -> None:
        with self._lock:
            self._items.extend((now, item) for item in items)

    def take(self, limit: int, since: float, wanted: Callable[[Item], bool]) -> list[Item]:
        """At most `limit` wanted items, oldest first; what arrived before `since` is gone."""
        taken: list[Item] = []
        with self._lock:
            kept: list[tuple[float, Item]] = []
            while self._items and len(taken) < limit:
                arrived, item = self._items.popleft()
                if arrived < since:
                    continue
                if wanted(item):
                    taken.append(item)
                else:
                    kept.append((arrived, item))
            self._items.extendleft(reversed(kept))
        return taken

    def __len__(self) -> int:
        with self._lock:
            return len(self._items)


class Engine:
    """The state behind the listeners and the control address. All methods may be called from any thread."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.journal, self.pacing, self.scripts = Journal(), Pacing(), Scripts()
        self.schedule = Schedule(self.now)
        self.stopping = threading.Event()
        self.accounts: dict[str, Account] = {}
        self.carriers: dict[str, Carrier] = {}
        self.templates: dict[str, Template] = {}
        self.targets: dict[str, PushTarget] = {}
        self._lock = threading.RLock()
        self._lanes: dict[tuple[str, Kind], Lane] = {}
        self._mailboxes: dict[tuple[str, Kind], Mailbox] = defaultdict(Mailbox)
        self._nonces: dict[str, float] = {}
        self._identifiers = itertools.count(int(time.time() * 10_000))
        self._forget()

    def _forget(self) -> None:
        self._messages: list[Message] = []
        self._by_number: dict[str, list[Message]] = defaultdict(list)

    # -- life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.schedule.start()

    def stop(self) -> None:
        self.stopping.set()
        self.schedule.stop()
        for lane in self.lanes():
            lane.stop()

    def now(self) -> float:
        """The simulators' clock, in seconds since 1970."""
        return time.time() + self.settings.clock_offset

    def configure(self, settings: Settings) -> None:
        self.settings = settings
        self.schedule.wake()

    def reset(self) -> None:
        """Forgets messages, queues, scripts, journal and pacing; accounts, templates and push targets stay."""
        self.configure(Settings())
        self.scripts.clear()
        self.schedule.clear()
        with self._lock:
            self._mailboxes.clear()
            self._nonces.clear()
            self._forget()
            for account in self.accounts.values():
                account.in_flight_max = 0
        for lane in self.lanes():
            lane.reset()
        self.journal.clear()
        self.pacing.clear()

    # -- accounts ----------------------------------------------------------------------------------------------

    def add_account(self, account: Account) -> None:
        """Adds an account, or replaces the one of that name."""
        with self._lock:
            self.accounts[account.name] = account

    def all_accounts(self) -> list[Account]:
        with self._lock:
            return list(self.accounts.values())

    def account_with(self, vendor: str, credential: str, value: str) -> Account | None:
        with self._lock:
            found = (
                account
                for account in self.accounts.values()
                if account.vendor == vendor and account.credentials.get(credential) == value
            )
            return next(found, None)

    def charge(self, account: Account, texts: Sequence[str], item: str = "") -> bool:
        """Takes the segments of all texts off a balance, or nothing when there are not enough."""
        lengths: dict[str, int] = {text: segments(text) for text in set(texts)}
        cost = sum(lengths[text] for text in texts)
        with self._lock:
            key = item or next(iter(account.balances))
            if account.balances[key] < cost:
                return False
            account.balances[key] -= cost
            return True

    def allows(self, account: Account, operation: str, *paces: Pace, at: float) -> bool:
        return self.pacing.allows(account.name, operation, paces, at, self.settings.pacing_scale)

    def new_nonce(self, key: str, at: float, keep: float) -> bool:
        """Whether this nonce has not been used in the last `keep` seconds."""
        with self._lock:
            used = self._nonces.get(key)
            self._nonces[key] = at
            return used is None or at - used > keep

    def identifier(self) -> int:
        """A number that no earlier message of this or an earlier run carries."""
        return next(self._identifiers)

    @contextmanager
    def in_flight(self, account: Account | None) -> Iterator[None]:
        """Counts the calls of one account that are open at a time."""
        if account is None:
            yield
            return
        with self._lock:
            account.in_flight += 1
            account.in_flight_max = max(account.in_flight_max, account.in_flight)
        try:
            yield
        finally:
            with self._lock:
                account.in_flight -= 1

    # -- messages ----------------------------------------------------------------------------------------------

    def fate(self, number: str) -> Fate:
        return fate_of(number, magic=self.settings.magic)

    def fate_through(self, account: Account, number: str) -> Fate:
        """What becomes of a message that this account sends to the number now."""
        fate, earlier = self.fate(number), self._by_number.get(number, ())
        elsewhere = any(message.account != account.name for message in earlier)
        return DELIVERED if fate.first_account_only and elsewhere else fate

    def fate_of(self, message: Message) -> Fate:
        """What becomes of a message that was accepted."""
        return DELIVERED if message.fate == DELIVERED.name else self.fate(message.number)

    def accept(
        self,
        account: Account,
        drafts: Sequence[Draft],
        *,
        due: float | None = None,
        wants_report: bool = True,
        garbled: bool = False,
    ) -> list[Message]:
        """Records accepted recipients and plans what becomes of them; `due` is a scheduled moment."""
        now = self.now()
        start = max(due or now, now)
        messages = []
        with self._lock:
            for draft in drafts:
                message = Message(
                    seq=len(self._messages) + 1,
                    vendor=account.vendor,
                    account=account.name,
                    number=draft.number,
                    text=draft.text,
                    extension=draft.extension,
                    our_id=draft.our_id,
                    vendor_id=draft.vendor_id,
                    segments=segments(draft.text),
                    fate=self.fate_through(account, draft.number).name,
                    at=now,
                    due=start,
                    garbled=garbled,
                )
                self._messages.append(message)
                self._by_number[draft.number].append(message)
                messages.append(message)
        self._plan(account, messages, start, wants_report=wants_report)
        return messages

    def _plan(self, account: Account, messages: Sequence[Message], start: float, *, wants_report: bool) -> None:
        carrier, settings = self.carriers[account.vendor], self.settings
        reports: dict[float, list[Item]] = defaultdict(list)
        replies: dict[float, list[Item]] = defaultdict(list)
        for message in messages:
            fate = self.fate_of(message)
            for step in fate.reports if wants_report else ():
                at = start + (settings.late_delay if step.late else settings.report_delay * step.after)
                reports[at].extend(prefixed(carrier.reports(message, step, at), step.prefix))
            if fate.reply is not None:
                at = start + settings.report_delay + settings.reply_delay
                replies[at].extend(prefixed(carrier.replies(message, fate.reply, at), fate.reply.prefix))
        for kind, planned in zip(KINDS, (reports, replies), strict=True):
            for at, items in planned.items():
                self.schedule.at(at, partial(self.deliver, account, kind, items))

    def messages(self, wanted: Callable[[Message], bool], number: str = "", after: int = 0) -> list[Message]:
        """Messages with a `seq` above `after`, oldest first."""
        with self._lock:
            candidates = list(self._by_number.get(number, ())) if number else self._messages[after:]
        return [message for message in candidates if message.seq > after and wanted(message)]

    def message_count(self) -> int:
        return len(self._messages)

    # -- reports and replies -----------------------------------------------------------------------------------

    def delivery(self, account: Account, kind: Kind) -> str:
        """How an account gets its reports or replies now: push, poll, both or none."""
        mode = account.delivery.get(kind, "auto")
        if mode != "auto":
            return mode
        pollable = kind in self.carriers[account.vendor].polls
        has_target = bool(self.targets.get(account.name, PushTarget()).url(kind))
        return "push" if has_target or not pollable else "poll"

    def deliver(self, account: Account, kind: Kind, items: Sequence[Item]) -> None:
        """Hands reports or replies to the account's lane or mailbox; without a target they wait."""
        mode = self.delivery(account, kind)
        if mode in ("push", "both"):
            self.lane(account, kind).put(items)
        if mode in ("poll", "both"):
            self.mailbox(account, kind).put(items, self.now())

    def take(
        self, account: Account, kind: Kind, limit: int, keep: float, wanted: Callable[[Item], bool] = lambda item: True
    ) -> list[Item]:
        """One poll: what is returned here is not returned again; `keep` is how long the vendor keeps things."""
        return self.mailbox(account, kind).take(limit, self.now() - keep, wanted)

    def mailbox(self, account: Account, kind: Kind) -> Mailbox:
        with self._lock:
            return self._mailboxes[account.name, kind]

    def mailboxes(self) -> Mapping[tuple[str, Kind], Mailbox]:
        with self._lock:
            return dict(self._mailboxes)

    def lane(self, account: Account, kind: Kind) -> Lane:
        with self._lock:
            key = (account.name, kind)
            if key not in self._lanes:
                carrier = self.carriers[account.vendor]
                lane = Lane(account.name, kind, carrier, self.journal, lambda: self.settings, self.now)
                lane.aim(self.targets.get(account.name, PushTarget()))
                self._lanes[key] = lane
            return self._lanes[key]

    def lanes(self) -> list[Lane]:
        with self._lock:
            return list(self._lanes.values())

    def aim(self, account: Account, target: PushTarget) -> None:
        """Sets an account's push addresses."""
        with self._lock:
            self.targets[account.name] = target
        for kind in KINDS:
            self.lane(account, kind).aim(target)


def prefixed[T: (Report, Inbound)](items: Sequence[T], prefix: str) -> list[T]:
    """Reports or replies whose numbers are written with a prefix, as platforms do without saying so."""
    return [replace(item, number=prefix + item.number) for item in items]
