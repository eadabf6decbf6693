"""Asking vendors for what they do not push: reports, replies, balances, figures. What they hand out they forget.

So a run holds a lease, records its intent before it asks, and puts the raw answer into the receipt queue before anybody
parses it. An intent that is left behind means that a page may be lost, and is told.
"""

from collections.abc import Callable
from copy import replace
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Literal, cast, get_args

from smsgateway.calling import pace
from smsgateway.calling.pace import PATIENCE, LeasedPace
from smsgateway.clock import day_of, seconds, utc
from smsgateway.codecs import VENDORS, bounded
from smsgateway.core import Core
from smsgateway.errors import AmbiguousError, DecodeError, NotSentError, TransportError
from smsgateway.model import About, Account, DayStatistics, Kind, Page, Refused, Request, Response
from smsgateway.queues import LARGEST_MESSAGE, VendorBytes, never_taken, parse_vendor_bytes, vendor_bytes_body
from smsgateway.receiving import statistics
from smsgateway.routing import alert_for
from smsgateway.store import accounts, pages
from smsgateway.store.accounts import Lease
from smsgateway.store.table import ConditionFailed

PollKind = Literal["reports", "inbound", "balance", "statistics"]
LEASE_MARGIN = 60_000  # milliseconds beyond the hard end of a run
STORING_TIME = 5_000  # milliseconds kept free after a call
TIME_FOR_A_CALL = 20_000  # milliseconds that must be left to start another call
REFUSALS = 3  # about the moment, in a row, that end a run: the vendor is busy, or saw two calls too close together
BALANCE_EVERY = 600_000  # milliseconds
STATISTICS_FROM = 6 * 3_600_000  # milliseconds into Beijing's day: most reports of the day before have come
STATISTICS_DAYS = 3  # figures of the last days still change while reports come in
STATISTICS_PAGES = 20


@dataclass(frozen=True, slots=True)
class Poller(Core):
    """What polling works with. Times are epoch ms; `store` puts a body into the queue of its kind, or raises."""

    call: Callable[[Account, Request, float], Response]
    store: Callable[[str, Kind], None]
    sleep: Callable[[float], None]
    random: Random


type Encode = Callable[[datetime, str], Request]
type Decode = Callable[[Response], Page[Any] | Refused]


@dataclass(frozen=True, slots=True)
class Run:
    """One run for one account and kind, as long as it holds its lease; it must be over at `hard_end`."""

    poller: Poller
    account: Account
    lease: Lease
    turns: LeasedPace
    hard_end: int

    @property
    def kind(self) -> Kind:
        return cast("Kind", self.lease.kind)


@dataclass(frozen=True, slots=True)
class PollResult:
    """What came of asking for a page. `more`: it is worth asking again at once."""

    more: bool = False
    brought: bool = False  # there was something in it
    problem: str | None = None


def due_runs(poller: Poller) -> list[dict[str, str]]:
    """One run for each account and kind that is due this minute."""
    runs = []
    now = poller.now()
    for account in poller.settings().accounts.values():
        runs += [{"account": account.name, "kind": kind} for kind in account.poll]
        if now - accounts.polled_at(poller.table, account.name, "balance") >= BALANCE_EVERY:
            runs.append({"account": account.name, "kind": "balance"})
        if VENDORS[account.vendor].statistics and _statistics_day(
            accounts.polled_at(poller.table, account.name, "statistics")
        ) < _statistics_day(now):
            runs.append({"account": account.name, "kind": "statistics"})
    return runs


def _statistics_day(at: int) -> date:
    """The day of Beijing whose run of statistics a moment (epoch ms) belongs to."""
    return day_of(at - STATISTICS_FROM)


def poll(poller: Poller, name: str, kind: str, hard_end: int) -> dict[str, Any]:
    """Poll one account for one kind now. What happened, in a word or two, for whoever invoked it.

    `{"pages": n}`, `{"balance": […]}`, `{"days": n, "compared": n}`, or
    `{"skipped": "pace" | "busy" | "unsupported" | "unknown"}`.
    `"more": True` beside the pages: time is over, and more is waiting, for another run that begins now.
    """
    account = poller.settings().accounts.get(name)
    if account is None or kind not in get_args(PollKind):
        return {"skipped": "unknown"}
    owner = f"{poller.random.getrandbits(64):016x}"
    lease = accounts.take_lease(poller.table, name, kind, owner, poller.now(), hard_end + LEASE_MARGIN)
    if lease is None:
        return {"skipped": "busy"}
    if lease.lost_at:
        detail = f"a poll for {kind} ended between the vendor's answer and its storing; ask the vendor to repeat it"
        _alert(poller, account, "page_maybe_lost", detail, occasion=f"{kind}#{lease.lost_at}")
        accounts.fulfil(poller.table, lease)
    run = Run(poller, account, lease, LeasedPace(_interval(account, kind), lease.free_at), hard_end)
    try:
        if kind == "balance":
            return _poll_balance(poller, account, lease)
        if kind == "statistics":
            return _poll_statistics(poller, account, lease, hard_end)
        return _poll_pages(run)
    finally:
        _end(run)


def _end(run: Run) -> None:
    try:
        accounts.give_back(run.poller.table, run.lease, run.turns.free_at)
    except ConditionFailed:
        return  # the lease ran out, and somebody else has it


def _poll_pages(run: Run) -> dict[str, Any]:
    """Page after page, while they come back full and time is left."""
    operations = _operations(run.account, run.kind)
    if operations is None:
        return {"skipped": "unsupported"}
    _store_kept(run)
    pages, refusals = 0, 0
    while run.hard_end - run.poller.now() >= TIME_FOR_A_CALL or not pages:
        if (wait := run.turns.free_at - run.poller.now()) > PATIENCE:
            return {"skipped": "pace", "again_in": seconds(wait), **({"pages": pages} if pages else {})}
        answer = _ask(run, *operations)
        if answer.problem is None:
            pages, refusals = pages + 1, 0
            if not answer.more:
                return {"pages": pages}
            continue
        refusals += 1
        if not answer.more or refusals == REFUSALS or run.turns.interval * 1000 > PATIENCE:
            return {"pages": pages, "problem": answer.problem}
    return {"pages": pages, "more": True}


def _ask(run: Run, request_for: Encode, decode: Decode) -> PollResult:
    """Ask once, when the vendor's pacing allows it."""
    poller, account, turns = run.poller, run.account, run.turns
    request = request_for(_moment(poller), _nonce(poller))
    accounts.intend(poller.table, run.lease, poller.now())
    _wait_until(poller, turns.free_at)
    asked_at = poller.now()
    left = max(1.0, seconds(run.hard_end - asked_at - STORING_TIME))  # so that its answer can still be stored
    try:
        response = poller.call(account, request, min(account.options.timeout, left))
    except NotSentError as error:
        accounts.fulfil(poller.table, run.lease)
        return PollResult(problem=error.problem)
    except AmbiguousError as error:
        # The intent stays: the vendor may have handed out a page that did not arrive. The next run tells.
        return PollResult(problem=error.problem)
    finally:
        turns.asked(asked_at, poller.now())
    answer = _keep(run, response, decode)
    accounts.fulfil(poller.table, run.lease, None if answer.problem else poller.now(), brought=answer.brought)
    return answer


def _operations(account: Account, kind: str) -> tuple[Encode, Decode] | None:
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
    """Store the answer, unless it holds nothing."""
    try:
        page = decode(response)
    except DecodeError as error:
        _store(run, response)  # ingest parks it with its bytes
        return PollResult(problem=error.problem)
    except Exception:  # a decoder's bug; the vendor has forgotten the page all the same
        _store(run, response)
        raise
    if isinstance(page, Refused):
        if alert := alert_for(page):
            _alert(run.poller, run.account, alert, page.vendor_status)
        return PollResult(more=page.about == About.MOMENT, problem=page.vendor_status)
    if page.items or page.unreadable:
        _store(run, response)
    return PollResult(more=page.full, brought=bool(page.items))


def _store(run: Run, response: Response) -> None:
    """Put the answer into the receipt queue. While that takes nothing, it is kept in the table, for the next run."""
    poller = run.poller
    headers = {name: value for name, value in response.headers.items() if name == "content-type"}
    receipt = VendorBytes(run.account.name, run.kind, "poll", poller.now(), headers=headers, body=response.body)
    try:
        _put(run, receipt)
    except Exception:
        accounts.keep_page(poller.table, run.lease, vendor_bytes_body(receipt), poller.ttl)
        raise


def _store_kept(run: Run) -> None:
    """Store the page that the run before had to keep. Raises while the queue takes nothing: the vendor would hand out
    another page."""
    poller, lease = run.poller, run.lease
    if not lease.kept:
        return
    page = accounts.kept_page(poller.table, lease)
    if page is None:
        detail = f"a page of {run.kind} that no queue took was kept for too long; ask the vendor to repeat it"
        _alert(poller, run.account, "page_maybe_lost", detail)
    else:
        _put(run, parse_vendor_bytes(page))
    accounts.forget_kept(poller.table, lease)


def _put(run: Run, receipt: VendorBytes) -> None:
    """Put a page into its queue. One that the queue would never take goes into the table, and its name into the queue:
    it does not hold up what comes after it."""
    poller, body = run.poller, vendor_bytes_body(receipt)
    if len(body) <= LARGEST_MESSAGE:
        try:
            poller.store(body, run.kind)
        except Exception as error:
            if not never_taken(error):
                raise
            _alert(poller, run.account, "receipt_parked", f"the queue refused a page of {run.kind}; the table keeps it")
        else:
            return
    name = f"{receipt.account}#{receipt.kind}#{receipt.received_at}#{poller.random.getrandbits(64):016x}"
    pages.put_page(poller.table, name, receipt.body, poller.ttl)
    poller.store(vendor_bytes_body(replace(receipt, page=name)), run.kind)


def _poll_balance(poller: Poller, account: Account, lease: Lease) -> dict[str, Any]:
    codec = VENDORS[account.vendor].balance
    if (moment := _pace(poller, account, "balance")) < 0:
        return {"skipped": "pace", "again_in": seconds(-moment)}
    try:
        request = codec.encode_balance(account, _moment(poller), _nonce(poller))
        balances = bounded.balances(codec.decode_balance(account, _call(poller, account, "balance", request, moment)))
    except (TransportError, DecodeError) as error:
        return {"problem": error.problem}
    accounts.fulfil(poller.table, lease, poller.now())
    if isinstance(balances, Refused):
        if alert := alert_for(balances):
            _alert(poller, account, alert, balances.vendor_status)
        return {"problem": balances.vendor_status}
    accounts.put_balance(poller.table, account.name, balances, poller.now())
    low = [
        balance for balance in balances if account.balance_alert is not None and balance.amount < account.balance_alert
    ]
    for balance in low:
        _alert(poller, account, "balance_low", f"{balance.product or 'balance'}: {balance.amount} left")
    return {"balance": [{"product": balance.product, "amount": str(balance.amount)} for balance in balances]}


def _poll_statistics(poller: Poller, account: Account, lease: Lease, hard_end: int) -> dict[str, Any]:
    codec = VENDORS[account.vendor].statistics
    if codec is None:
        return {"skipped": "unsupported"}
    last = day_of(poller.now())
    first = last - timedelta(days=STATISTICS_DAYS)
    days: list[DayStatistics] = []
    for page_number in range(1, STATISTICS_PAGES + 1):
        if (moment := _pace(poller, account, "statistics")) < 0:
            return {"skipped": "pace", "again_in": seconds(-moment), "days": len(days)}
        try:
            request = codec.encode_statistics(account, _moment(poller), _nonce(poller), first, last, page_number)
            response = _call(poller, account, "statistics", request, moment)
            page = bounded.days(codec.decode_statistics(account, response))
        except (TransportError, DecodeError) as error:
            return {"problem": error.problem, "days": len(days)}
        if isinstance(page, Refused):
            if alert := alert_for(page):
                _alert(poller, account, alert, page.vendor_status)
            return {"problem": page.vendor_status, "days": len(days)}
        days += page.items
        for day in page.items:
            accounts.put_statistics(poller.table, account.name, day, poller.now(), poller.ttl)
        if not page.full:
            break
    until = hard_end - STORING_TIME
    compared = [statistics.compare(poller, account, day, until) for day in days]
    accounts.fulfil(poller.table, lease, poller.now())
    return {"days": len(days), "compared": sum(compared)}


def _pace(poller: Poller, account: Account, operation: str) -> int:
    """Wait for the vendor's pacing, and have others wait until `_call` is over. The moment (epoch ms), 0 for any;
    negative: it is further away than can be waited for, and the figure is how many milliseconds."""
    interval = VENDORS[account.vendor].profile.pace.get(operation, 0.0)
    if not interval:
        return 0
    moment = pace.hold(poller.table, account.name, operation, interval, account.options.timeout, poller.now())
    _wait_until(poller, moment)
    return moment


def _call(poller: Poller, account: Account, operation: str, request: Request, moment: int) -> Response:
    """The vendor's answer to a request at the moment that `_pace` gave."""
    try:
        return poller.call(account, request, account.options.timeout)
    finally:
        if interval := VENDORS[account.vendor].profile.pace.get(operation, 0.0):
            pace.release(poller.table, account.name, operation, interval, account.options.timeout, moment, poller.now())


def _interval(account: Account, kind: str) -> float:
    operation = "report_poll" if kind == "reports" else "inbound_poll"
    return VENDORS[account.vendor].profile.pace.get(operation, 0.0)


def _wait_until(poller: Poller, moment: int) -> None:
    if (wait := moment - poller.now()) > 0:
        poller.sleep(seconds(wait))


def _moment(poller: Poller) -> datetime:
    return utc(poller.now())


def _nonce(poller: Poller) -> str:
    return f"{poller.random.randrange(10**20):020d}"


def _alert(poller: Poller, account: Account, alert: str, detail: str, occasion: str = "") -> None:
    poller.alert(account.name, account.vendor, alert, detail, occasion=occasion)
