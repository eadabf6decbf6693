"""Pushes: reports and replies on their way to a client, with each vendor's patience and retries."""

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

from tests.simulators.journal import Journal
from tests.simulators.model import Inbound, Kind, PushPolicy, PushRequest, PushTarget, Raw, Report
from tests.simulators.settings import Settings
from tests.simulators.sms import iso

type Item = Report | Inbound | Raw


class Pusher(Protocol):
    """What a lane must know of its vendor."""

    name: ClassVar[str]
    policy: ClassVar[PushPolicy]

    def push(self, target: PushTarget, kind: Kind, page: Sequence[Item]) -> PushRequest:
        """The vendor's push of these items."""

    def page_size(self, kind: Kind) -> int:
        """The most items one push holds."""

    def same_page(self, first: Item, other: Item) -> bool:
        """Whether two items may share a push."""

    def acknowledged(self, status: int, body: bytes) -> bool:
        """Whether the client's answer counts as success."""


class Lane:
    """The pushes of one account and kind, in order of arrival; they wait until a target is known."""

    def __init__(
        self,
        account: str,
        kind: Kind,
        vendor: Pusher,
        journal: Journal,
        settings: Callable[[], Settings],
        now: Callable[[], float],
    ) -> None:
        self.account, self.kind, self.vendor = account, kind, vendor
        self._journal, self._settings, self._now = journal, settings, now
        self._changed = threading.Condition()
        self._queue: deque[Item] = deque()
        self._target = PushTarget()
        self._workers: list[threading.Thread] = []
        self._busy = self._idle = 0
        self._epoch = 0  # a reset abandons what is under way
        self._stopping = threading.Event()
        self._slow_in_row = 0
        self.stopped = False  # the vendor gave up on this address
        self.given_up = 0

    def put(self, items: Sequence[Item]) -> None:
        with self._changed:
            self._queue.extend(items)
            self._wake()

    def aim(self, target: PushTarget) -> None:
        """A new target; pushing starts again if it had been given up."""
        with self._changed:
            self._target = target
            self.stopped, self._slow_in_row = False, 0
            self._wake()

    def reset(self) -> None:
        with self._changed:
            self._queue.clear()
            self._epoch += 1
            self.stopped, self._slow_in_row, self.given_up = False, 0, 0

    def stop(self) -> None:
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    def state(self) -> dict[str, object]:
        with self._changed:
            return {
                "account": self.account,
                "kind": self.kind,
                "waiting": len(self._queue),
                "in_flight": self._busy,
                "given_up": self.given_up,
                "stopped": self.stopped,
                "url": self._target.url(self.kind),
            }

    def _wake(self) -> None:
        """Starts workers while there is more waiting than idle hands, up to the allowed number."""
        allowed = 1 if self.vendor.policy.serial else max(1, self._settings().push_concurrency)
        if self._ready() and not self._idle and len(self._workers) < allowed and not self._stopping.is_set():
            worker = threading.Thread(target=self._run, name=f"push {self.account} {self.kind}")
            self._workers.append(worker)
            worker.start()
        self._changed.notify_all()

    def _ready(self) -> bool:
        return bool(self._queue) and not self.stopped and bool(self._target.url(self.kind))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._ready() and not self._stopping.is_set():
                    self._changed.wait()
                self._idle -= 1
                if self._stopping.is_set():
                    return
                page, epoch = self._take(), self._epoch
                self._busy += 1
                self._wake()
            try:
                self._deliver(page, epoch)
            finally:
                with self._changed:
                    self._busy -= 1

    def _take(self) -> list[Item]:
        page = [self._queue.popleft()]
        size = self.vendor.page_size(self.kind)
        while self._queue and len(page) < size and self._share(page[0], self._queue[0]):
            page.append(self._queue.popleft())
        return page

    def _share(self, first: Item, other: Item) -> bool:
        return not isinstance(first, Raw) and not isinstance(other, Raw) and self.vendor.same_page(first, other)

    def _deliver(self, page: list[Item], epoch: int) -> None:
        policy = self.vendor.policy
        for attempt in range(1, policy.tries + 1):
            with self._changed:
                target = self._target
                if epoch != self._epoch:
                    return
                if self.stopped or not target.url(self.kind):
                    self._queue.extendleft(reversed(page))
                    return
            if self._try(target, page, attempt):
                return
            if attempt < policy.tries and self._stopping.wait(policy.interval * self._settings().time_scale):
                return
        with self._changed:
            self.given_up += len(page)

    def _try(self, target: PushTarget, page: list[Item], attempt: int) -> bool:
        request = self.vendor.push(target, self.kind, page)
        timeout = self.vendor.policy.timeout * self._settings().timeout_scale
        started = time.monotonic()
        status, body, problem = exchange(request, timeout)
        seconds = time.monotonic() - started
        slow = problem == "slow" or seconds > timeout
        accepted = not slow and not problem and self.vendor.acknowledged(status, body)
        result = "accepted" if accepted else "slow" if slow else problem or "refused"
        self._note_speed(slow)
        self._journal.push(
            {
                "at": iso(self._now()),
                "vendor": self.vendor.name,
                "account": self.account,
                "kind": self.kind,
                "method": request.method,
                "url": request.url.partition("?")[0],
                "items": len(page),
                "attempt": attempt,
                "status": status,
                "seconds": round(seconds, 3),
                "ack": body[:200].decode("utf-8", "replace"),
                "result": result,
            }
        )
        return accepted

    def _note_speed(self, slow: bool) -> None:
        with self._changed:
            self._slow_in_row = self._slow_in_row + 1 if slow else 0
            limit = self.vendor.policy.stop_after_slow
            self.stopped = self.stopped or (limit is not None and self._slow_in_row >= limit)


def exchange(request: PushRequest, timeout: float) -> tuple[int, bytes, str]:
    """Sends one push, without redirects: the status, the first bytes of the body, and "slow" or "unreachable"."""
    parts = urlsplit(request.url)
    factory = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = factory(parts.netloc, timeout=timeout)
    try:
        address = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(request.method, address, request.body or None, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.read(10_000), ""
    except TimeoutError:
        return 0, b"", "slow"
    except (OSError, http.client.HTTPException):
        return 0, b"", "unreachable"
    finally:
        connection.close()
