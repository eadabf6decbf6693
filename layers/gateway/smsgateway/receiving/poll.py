"""A vendor is asked for what it does not push: reports, replies, its balance and its statistics.

A vendor forgets a page of reports or replies once it has handed it out. Therefore a run holds a lease, writes an intent
before it asks, and puts the raw page into a queue before anybody parses it. An intent that is left behind means that a
page may be lost, and raises the alert `page_maybe_lost`; so does a kept page that has expired.
"""

from collections.abc import Callable
from copy import replace
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

from smsgateway.calling.pace import PATIENCE, LeasedPace
from smsgateway.clock import Millis, seconds, utc
from smsgateway.codecs import VENDORS, bounded
from smsgateway.errors import AmbiguousError, DecodeError, NotSentError
from smsgateway.ids import owner
from smsgateway.model import About, Account, Kind, Page, Refused, Request, Response
from smsgateway.queues import LARGEST_MESSAGE, VendorBytes, never_taken, parse_vendor_bytes, vendor_bytes_body
from smsgateway.receiving.balance import BALANCE_EVERY, poll_balance
from smsgateway.receiving.poller import STORING_TIME, Poller, interval_of
from smsgateway.receiving.statistics import day_of_run, poll_statistics
from smsgateway.store import pages, polling
from smsgateway.store.polling import Lease
from smsgateway.store.table import ConditionFailed

PollKind = Literal["reports", "inbound", "balance", "statistics"]
PAGE_OPERATIONS = {"reports": "report_poll", "inbound": "inbound_poll"}  # as profiles name them for their pace
LEASE_MARGIN = 60_000  # milliseconds beyond the hard end of a run
TIME_FOR_A_CALL = 20_000  # milliseconds that must be left to start another call
REFUSALS = 3  # about the moment, in a row, that end a run: the vendor is busy, or saw two calls too close together

type Encode = Callable[[datetime, str], Request]
type Decode = Callable[[Response], Page[Any] | Refused]


@dataclass(frozen=True, slots=True)
class Run:
    """One poll of one account for one kind, by whoever holds the lease; Lambda stops it at `hard_end`."""

    poller: Poller
    account: Account
    lease: Lease
    turns: LeasedPace
    hard_end: Millis

    @property
    def kind(self) -> Kind:
        """The kind of vendor bytes that a run for pages brings."""
        return cast("Kind", self.lease.kind)


@dataclass(frozen=True, slots=True)
class PollResult:
    """What came of asking for a page."""

    more: bool = False  # it is worth asking again at once
    brought: bool = False  # there was something in the page
    problem: str | None = None


def due_runs(poller: Poller) -> list[dict[str, str]]:
    """The runs that are due this minute, one for each account and kind, as `poll` takes them."""
    runs = []
    now = poller.now()
    for account in poller.settings().accounts.values():
        runs += [{"account": account.name, "kind": kind} for kind in account.poll]
        if now - polling.polled_at(poller.table, account.name, "balance") >= BALANCE_EVERY:
            runs.append({"account": account.name, "kind": "balance"})
        if VENDORS[account.vendor].statistics:  # only then is it worth a read
            last_run = polling.polled_at(poller.table, account.name, "statistics")
            if day_of_run(last_run) < day_of_run(now):
                runs.append({"account": account.name, "kind": "statistics"})
    return runs


def poll(poller: Poller, name: str, kind: str, hard_end: Millis) -> dict[str, Any]:
    """Poll one account for one kind now, until `hard_end` at the latest.

    Returns what happened, in a word or two, for whoever invoked it: `{"pages": n}`, `{"balance": […]}`,
    `{"days": n, "compared": n}`, or `{"skipped": "pace" | "busy" | "unsupported" | "unknown"}`. With `"more": True`
    beside the pages, time is over and more is waiting, so that another run is to begin now. A `"problem"` is what the
    vendor said, or what went wrong.
    """
    account = poller.settings().accounts.get(name)
    if account is None or kind not in get_args(PollKind):
        return {"skipped": "unknown"}
    lease = polling.take_lease(poller.table, name, kind, owner(poller.random), poller.now(), hard_end + LEASE_MARGIN)
    if lease is None:
        return {"skipped": "busy"}
    if lease.lost_at:
        detail = f"a poll for {kind} ended between the vendor's answer and its storing; ask the vendor to repeat it"
        poller.tell(account, "page_maybe_lost", detail, occasion=f"{kind}#{lease.lost_at}")
        polling.fulfil(poller.table, lease)
    turns = LeasedPace(interval_of(account, PAGE_OPERATIONS.get(kind, "")), lease.free_at)
    run = Run(poller, account, lease, turns, hard_end)
    try:
        if kind == "balance":
            return poll_balance(poller, account, lease)
        if kind == "statistics":
            return poll_statistics(poller, account, lease, hard_end)
        return _poll_pages(run)
    finally:
        _end(run)


def _end(run: Run) -> None:
    try:
        polling.give_back(run.poller.table, run.lease, run.turns.free_at)
    except ConditionFailed:
        return  # the lease ran out, and somebody else has it


def _poll_pages(run: Run) -> dict[str, Any]:
    """Ask for page after page, while they come back full and time is left."""
    operations = _operations(run.account, run.kind)
    if operations is None:
        return {"skipped": "unsupported"}
    _store_kept(run)
    pages, refusals = 0, 0
    while run.hard_end - run.poller.now() >= TIME_FOR_A_CALL or not pages:
        if (wait := run.turns.free_at - run.poller.now()) > PATIENCE:
            return {"skipped": "pace", "again_in": seconds(wait), **({"pages": pages} if pages else {})}
        result = _ask(run, *operations)
        if result.problem is None:
            pages, refusals = pages + 1, 0
            if not result.more:
                return {"pages": pages}
            continue
        refusals += 1
        if not result.more or refusals == REFUSALS or run.turns.interval > seconds(PATIENCE):
            return {"pages": pages, "problem": result.problem}
    return {"pages": pages, "more": True}


def _ask(run: Run, request_for: Encode, decode: Decode) -> PollResult:
    """Ask for one page, when the account's pace allows it, and store it."""
    poller, account, turns = run.poller, run.account, run.turns
    request = request_for(utc(poller.now()), poller.nonce())
    polling.intend(poller.table, run.lease, poller.now())
    poller.wait_until(turns.free_at)
    asked_at = poller.now()
    left = max(1.0, seconds(run.hard_end - asked_at - STORING_TIME))  # so that its answer can still be stored
    try:
        response = poller.call(account, request, min(account.options.timeout, left))
    except NotSentError as error:
        polling.fulfil(poller.table, run.lease)
        return PollResult(problem=error.problem)
    except AmbiguousError as error:
        # The intent stays: the vendor may have handed out a page that did not arrive. The next run tells.
        return PollResult(problem=error.problem)
    finally:
        turns.asked(asked_at, poller.now())
    result = _keep(run, response, decode)
    polling.fulfil(poller.table, run.lease, None if result.problem else poller.now(), brought=result.brought)
    return result


def _operations(account: Account, kind: str) -> tuple[Encode, Decode] | None:
    """How the account's vendor is asked for pages of a kind; None if its documents know no such request."""
    vendor = VENDORS[account.vendor]
    if kind == "reports" and (reports := vendor.report_poll):
        return (
            lambda now, nonce: reports.encode_report_poll(account, now, nonce),
            lambda response: bounded.page(reports.decode_report_poll(account, response)),
        )
    if kind == "inbound" and (inbound := vendor.inbound_poll):
        return (
            lambda now, nonce: inbound.encode_inbound_poll(account, now, nonce),
            lambda response: bounded.page(inbound.decode_inbound_poll(account, response)),
        )
    return None


def _keep(run: Run, response: Response, decode: Decode) -> PollResult:
    """Store what the vendor answered, unless there is nothing in it."""
    try:
        page = decode(response)
    except DecodeError as error:
        _store(run, response)  # ingest parks it with its bytes
        return PollResult(problem=error.problem)
    except Exception:  # a decoder's bug; the vendor has forgotten the page all the same
        _store(run, response)
        polling.fulfil(run.poller.table, run.lease)  # the page is stored: the next run need not call it lost
        raise
    if isinstance(page, Refused):
        run.poller.tell_refusal(run.account, page)
        return PollResult(more=page.about == About.MOMENT, problem=page.vendor_status)
    if page.items or page.unreadable:
        _store(run, response)
    return PollResult(more=page.full, brought=bool(page.items))


def _store(run: Run, response: Response) -> None:
    """Put a page into its queue. While the queue takes nothing, the page is kept in the table, for the next run."""
    poller = run.poller
    headers = {name: value for name, value in response.headers.items() if name == "content-type"}
    page = VendorBytes(run.account.name, run.kind, "poll", poller.now(), headers=headers, body=response.body)
    try:
        _put(run, page)
    except Exception:
        polling.keep_page(poller.table, run.lease, vendor_bytes_body(page), poller.ttl)
        raise


def _store_kept(run: Run) -> None:
    """Put the page that an earlier run had to keep into its queue.

    Raises while the queue takes nothing, so that the vendor does not hand out another page.
    """
    poller, lease = run.poller, run.lease
    if not lease.kept:
        return
    page = polling.kept_page(poller.table, lease)
    if page is None:
        detail = f"a page of {run.kind} that no queue took was kept for too long; ask the vendor to repeat it"
        poller.tell(run.account, "page_maybe_lost", detail)
    else:
        _put(run, parse_vendor_bytes(page))
    polling.forget_kept(poller.table, lease)


def _put(run: Run, page: VendorBytes) -> None:
    """Put a page into its queue.

    A page that the queue would never take goes into the table, and its name into the queue, so that it does not hold up
    the pages behind it.
    """
    poller, body = run.poller, vendor_bytes_body(page)
    if len(body) <= LARGEST_MESSAGE:
        try:
            poller.store(body, run.kind)
        except Exception as error:
            if not never_taken(error):
                raise
            poller.tell(run.account, "receipt_parked", f"the queue refused a page of {run.kind}; the table keeps it")
        else:
            return
    name = f"{page.account}#{page.kind}#{page.received_at}#{owner(poller.random)}"
    pages.put_page(poller.table, name, page.body, poller.ttl)
    poller.store(vendor_bytes_body(replace(page, page=name)), run.kind)
