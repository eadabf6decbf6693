"""What can be counted: calls of AWS, write units, vendor requests, bytes of the log. Exact, and the same each time."""

from collections.abc import Iterable, Iterator, Mapping
from copy import replace
from dataclasses import dataclass
from functools import cache
from typing import Any

from smsgateway import runtime
from smsgateway.calling.carriage import divide
from smsgateway.codecs import VENDORS
from smsgateway.model import Payload
from smsgateway.store.table import Table
from smsgateway.store.templates import put_template
from tests.bench.gateway import OTP, TEMPLATE, Gateway, gateway, numbers
from tests.bench.table import Row
from tests.doubles import voices
from tests.doubles.aws import TABLE_NAME
from tests.doubles.samples import samples

PUSHING = tuple(name for name, vendor in VENDORS.items() if vendor.report_push)
LARGE = 1000
KEY = "order-4711"
PAGE = 100  # reports a push, where the vendor's document allows more than one
POLLED = "qixintong"
ID = "640614750879358976"  # a vendor's


@dataclass(frozen=True)
class Counts:
    """What one message came to, from its post to its last event."""

    calls: dict[tuple[str, str], int]  # by function and call
    invocations: dict[str, int]  # by function, as what follows
    write_units: dict[str, int]
    read_units: dict[str, int]
    events: int
    log_bytes: int

    @property
    def by_function(self) -> dict[str, int]:
        return {name: sum(self.calls_of(name).values()) for name in self.invocations}

    def calls_of(self, function: str) -> dict[str, int]:
        return {call: count for (name, call), count in self.calls.items() if name == function}

    def without_polls(self) -> "Counts":
        """The message's own: a poll serves the whole account."""
        return replace(
            self,
            calls={(name, call): count for (name, call), count in self.calls.items() if name != "poll"},
            invocations=_without_poll(self.invocations),
            write_units=_without_poll(self.write_units),
            read_units=_without_poll(self.read_units),
        )

    @property
    def own_calls(self) -> int:
        return sum(self.without_polls().calls.values())

    @property
    def own_write_units(self) -> int:
        return sum(self.without_polls().write_units.values())


def _without_poll(counts: Mapping[str, int]) -> dict[str, int]:
    return {function: count for function, count in counts.items() if function != "poll"}


@cache
def counts_of(vendor: str, recipients: int, page: int = PAGE, key: str = "", purpose: str = "") -> Counts:
    """A one-time password to one number, or a notice of 70 characters to many, or what another `purpose` makes of
    these. `key`: an Idempotency-Key."""
    with gateway(vendor, metered=True) as through:
        if recipients == 1:
            through.lifecycle(["13800138000"], purpose=purpose or "otp", text=OTP, key=key)
        else:
            through.lifecycle(numbers(recipients), page, key=key, purpose=purpose or "notice")
        return _counted(through)


@cache
def counts_of_the_second(vendor: str, recipients: int, page: int = PAGE) -> Counts:
    """A marketing message to numbers that have got one lately."""
    with gateway(vendor, metered=True) as through:
        through.lifecycle(numbers(recipients), page, purpose="marketing")
        through.forget()
        through.lifecycle(numbers(recipients), page, purpose="marketing")
        return _counted(through)


@cache
def counts_of_verification(vendor: str) -> tuple[Counts, Counts]:
    """A verification, from the request for a code to its approval; and the report of its message, to the event."""
    with gateway(vendor, metered=True) as through:
        client: Any = through.aws.client("dynamodb")
        put_template(Table(client, TABLE_NAME), TEMPLATE)
        through.verify("13900000001")  # fetches the pepper
        through.deliver()
        through.forget()
        through.verify("13800138000")
        approved = _counted(through)
        through.forget()
        through.deliver()
        return approved, _counted(through)


@cache
def empty_polls(*kinds: str) -> Counts:
    """A run for each of these kinds, while the vendor has nothing."""
    with gateway(POLLED, metered=True) as through:
        for _ in range(2):  # the first run of a kind makes the items that later ones change
            through.forget()
            for kind in kinds:
                through.poll(kind)
        return _counted(through)


def _counted(through: Gateway) -> Counts:
    return Counts(
        calls=dict(through.aws.calls),
        invocations=dict(through.invocations),
        write_units=dict(through.write_units),
        read_units=dict(through.read_units),
        events=len(through.aws.events),
        log_bytes=through.log_bytes(),
    )


@cache
def calls_of_pushes(vendor: str) -> list[dict[str, int]]:
    """What `webhook` asks of AWS for a push: of 1 report, of as many as the vendor puts in one, of 1 reply, of 10."""
    found = []
    with gateway(vendor) as through:
        account, now = through.account, runtime.now_ms()
        for receipt in (
            *voices.delivered(account, ("", (ID,), tuple(numbers(1))), now),
            *voices.delivered(account, ("", (ID,), tuple(numbers(PAGE))), now, page_of(vendor)),
            *voices.replied(account, numbers(1), now),
            *voices.replied(account, numbers(10), now),
        ):
            through.forget()
            through.push(receipt)
            found.append(_counted(through).calls_of("webhook"))
    return found


@cache
def ingest_of_a_page(vendor: str) -> dict[str, int]:
    """What `ingest` asks of AWS for one push of 100 reports of one message, after others in the same minute."""
    with gateway(vendor) as through:
        through.lifecycle(numbers(PAGE))
        assert through.invocations["ingest"] == 1
        return _counted(through).calls_of("ingest")


def calls_for(vendor: str, recipients: int, page: int = PAGE, **options: Any) -> int:
    with gateway(vendor, **options) as through:
        through.lifecycle(numbers(recipients), page)
        return through.calls()


def vendor_requests(vendor: str, count: int) -> int:
    return len(divide(voices.account(vendor), Payload(tuple(numbers(count)))))


def too_many_requests(vendor: str) -> int:
    """How many requests beyond ⌈N/L⌉ the vendor's limit L leads to, over all N that matter."""
    limit = VENDORS[vendor].profile.recipients
    return sum(
        vendor_requests(vendor, count) - -(-count // limit)
        for count in (1, limit - 1, limit, limit + 1, 50_000)
        if count
    )


def page_of(vendor: str) -> int:
    """Reports a push or a page, as far as the vendor's document goes: langyu's has one report a push."""
    return min(PAGE, samples(vendor).REPORTS_A_PAGE)


def worst(what: str, values: Mapping[str, float], unit: str = "", most: float | None = None) -> Row:
    """The largest of the vendors' figures; all of them are named."""
    shown = ", ".join(f"{vendor} {value:.3g}" for vendor, value in values.items())
    return Row(f"{what} ({shown})", max(values.values()), unit, most)


def rows() -> Iterator[Row]:
    otp = {vendor: counts_of(vendor, 1) for vendor in VENDORS}
    many = {vendor: counts_of(vendor, LARGE, page_of(vendor)) for vendor in VENDORS}
    hundreds = [vendor for vendor in VENDORS if page_of(vendor) == PAGE]
    pushes = {vendor: max(sum(push.values()) for push in calls_of_pushes(vendor)) for vendor in PUSHING}
    yield worst("AWS calls, warm: a push of 1 or 100 reports, of 1 or 10 replies", pushes, most=1)
    yield worst(
        "AWS calls, one OTP, its number's caps and suppression among them, accepted to delivered and published",
        {vendor: counts.own_calls for vendor, counts in otp.items()},
        most=9,
    )
    free = {vendor: counts_of(vendor, 1, purpose="notice") for vendor in VENDORS}
    yield worst("AWS calls, the same without caps", {vendor: counts.own_calls for vendor, counts in free.items()})
    keyed = {vendor: counts_of(vendor, 1, key=KEY).own_calls for vendor in VENDORS}
    yield worst("AWS calls, the OTP with an `Idempotency-Key`", keyed, most=10)
    yield worst(
        f"AWS calls a recipient of {LARGE}, to the last event, {PAGE} reports a push or page",
        {vendor: many[vendor].own_calls / LARGE for vendor in hundreds},
        most=0.25,
    )
    singly = {vendor: counts_of(vendor, LARGE, 1) for vendor in PUSHING}
    yield worst(
        "the same with one report a push, as langyu's document has it",
        {vendor: counts.own_calls / LARGE for vendor, counts in singly.items()},
    )
    poll = otp[POLLED].by_function["poll"], otp[POLLED].write_units["poll"]
    yield Row(
        f"AWS calls / write units of the poll that brings {POLLED}'s report, one for all messages",
        " / ".join(map(str, poll)),
    )
    yield worst(
        f"AWS calls, ingesting a push of {PAGE} reports",
        {vendor: sum(ingest_of_a_page(vendor).values()) for vendor in hundreds if vendor in PUSHING},
        most=6,
    )
    yield worst(
        "write units, one OTP, its number's caps and suppression among them",
        {vendor: counts.own_write_units for vendor, counts in otp.items()},
        most=12,
    )
    yield worst(
        "write units, the same without caps", {vendor: counts.own_write_units for vendor, counts in free.items()}
    )
    yield from rows_of_verifications()
    units = {vendor: counts.own_write_units / LARGE for vendor, counts in many.items()}
    yield worst(f"write units a recipient of {LARGE}", units, most=3.1)
    yield worst(
        "the same with one report a push",
        {vendor: counts.own_write_units / LARGE for vendor, counts in singly.items()},
    )
    yield from _rows_of_marketing(hundreds)
    excess = max(map(too_many_requests, VENDORS))
    yield Row(
        "vendor requests beyond ⌈N/L⌉ for N = 1, L−1, L, L+1, 50000, where L is the vendor's limit; all vendors",
        excess,
        most=0,
    )
    yield Row("INFO log, one OTP", max(counts.log_bytes for counts in otp.values()), "B", most=1600)
    logged = max(counts.log_bytes for counts in many.values()) / LARGE
    yield Row(f"INFO log, a recipient of {LARGE}", logged, "B", most=50)


def _rows_of_marketing(vendors: Iterable[str]) -> Iterator[Row]:
    """What caps add to a message to many."""
    first = {vendor: counts_of(vendor, LARGE, page_of(vendor), purpose="marketing") for vendor in vendors}
    second = {vendor: counts_of_the_second(vendor, LARGE, page_of(vendor)) for vendor in vendors}
    for what, many, most in (("numbers not texted lately", first, True), ("numbers texted lately", second, False)):
        calls = {vendor: counts.own_calls / LARGE for vendor, counts in many.items()}
        units = {vendor: counts.own_write_units / LARGE for vendor, counts in many.items()}
        title = f"a marketing recipient of {LARGE}, counted towards its cap; {what}"
        yield worst(f"AWS calls, {title}", calls, most=0.32 if most else None)
        yield worst(f"write units, {title}", units, most=4.2 if most else None)


def rows_of_verifications() -> Iterator[Row]:
    """A verification without keys, from its request to `approved`, and what the report of its message costs beside."""
    both = {vendor: counts_of_verification(vendor) for vendor in VENDORS}
    approved = {vendor: counts for vendor, (counts, _) in both.items()}
    reported = {vendor: counts for vendor, (_, counts) in both.items()}
    calls = {vendor: counts.own_calls for vendor, counts in approved.items()}
    yield worst("AWS calls, one verification, from its request to `approved`", calls, most=12)
    yield worst("… and its report, to the event", {vendor: counts.own_calls for vendor, counts in reported.items()})
    units = {vendor: counts.own_write_units for vendor, counts in approved.items()}
    yield worst("write units, one verification, from its request to `approved`", units, most=16)
    yield worst("… and its report", {vendor: counts.own_write_units for vendor, counts in reported.items()})
