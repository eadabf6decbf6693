"""What can be counted: calls of AWS, write units, vendor requests, bytes of the log. Exact, and the same each time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from smsgateway import encoding
from smsgateway.codecs import VENDORS
from smsgateway.store.messages import Payload
from tests import voices
from tests.bench.gateway import OTP, Gateway, gateway, numbers
from tests.bench.table import Row

PUSHING = tuple(name for name, vendor in VENDORS.items() if vendor.report_push)
LARGE = 1000
PAGE = 100  # reports a push, where the vendor's document allows more than one


@dataclass(frozen=True)
class Counts:
    """What one message came to, from its post to its last event."""

    calls: int
    by_function: dict[str, int]
    by_call: dict[str, int]
    invocations: dict[str, int]
    events: int
    write_units: dict[str, int]  # by function
    read_units: dict[str, int]
    log_bytes: int

    @property
    def own_calls(self) -> int:
        """Those of the message: a poll serves the whole account."""
        return self.calls - self.by_function.get("poll", 0)

    @property
    def own_write_units(self) -> int:
        return sum(self.write_units.values()) - self.write_units.get("poll", 0)


@cache
def counts_of(vendor: str, recipients: int, page: int = PAGE) -> Counts:
    """A one-time password to one number, or a notice of 70 characters to many."""
    with gateway(vendor, metered=True) as through:
        if recipients == 1:
            through.lifecycle(["13800138000"], purpose="otp", text=OTP)
        else:
            through.lifecycle(numbers(recipients), page)
        return _counted(through)


def _counted(through: Gateway) -> Counts:
    by_call: dict[str, int] = {}
    for (_, name), count in through.aws.calls.items():
        by_call[name] = by_call.get(name, 0) + count
    return Counts(
        calls=through.calls(),
        by_function={function: through.calls(function) for function in through.invocations},
        by_call=by_call,
        invocations=dict(through.invocations),
        events=len(through.aws.events),
        write_units=dict(through.write_units),
        read_units=dict(through.read_units),
        log_bytes=through.log_bytes(),
    )


def calls_of_a_push(vendor: str) -> int:
    """What `webhook` asks of AWS for one push of as many reports as the vendor puts in one."""
    with gateway(vendor) as through:
        through.lifecycle(numbers(PAGE), page_of(vendor))
        pushes = through.invocations["webhook"]
        calls = through.calls("webhook")
        assert calls % pushes == 0
        return calls // pushes


def calls_of_an_ingest(vendor: str) -> int:
    """What `ingest` asks of AWS for one push of 100 reports of one message, after others in the same minute."""
    with gateway(vendor) as through:
        through.lifecycle(numbers(PAGE))
        assert through.invocations["ingest"] == 1
        return through.calls("ingest")


def calls_for(vendor: str, recipients: int) -> int:
    with gateway(vendor) as through:
        through.lifecycle(numbers(recipients))
        return through.calls()


def vendor_requests(vendor: str, count: int) -> int:
    return len(encoding.divide(voices.account(vendor), Payload(tuple(numbers(count)))))


def too_many_requests(vendor: str) -> int:
    """How many requests beyond ⌈N/L⌉ the vendor's limit L leads to, over all N that matter."""
    limit = VENDORS[vendor].profile.recipients
    return sum(
        vendor_requests(vendor, count) - -(-count // limit)
        for count in (1, limit - 1, limit, limit + 1, 50_000)
        if count
    )


def page_of(vendor: str) -> int:
    """Reports a push or a page: langyu's document has one report a push."""
    return 1 if vendor == "langyu" else PAGE


def worst(what: str, values: Mapping[str, float], unit: str = "", most: float | None = None) -> Row:
    """The largest of the vendors' figures; all of them are named."""
    shown = ", ".join(f"{vendor} {value:.3g}" for vendor, value in values.items())
    return Row(f"{what} ({shown})", max(values.values()), unit, most)


def rows() -> Iterator[Row]:
    otp = {vendor: counts_of(vendor, 1) for vendor in VENDORS}
    many = {vendor: counts_of(vendor, LARGE, page_of(vendor)) for vendor in VENDORS}
    hundreds = [vendor for vendor in VENDORS if page_of(vendor) == PAGE]
    yield worst("AWS calls, warm: a push", {vendor: calls_of_a_push(vendor) for vendor in PUSHING}, most=1)
    yield worst(
        "AWS calls, one OTP, accepted to delivered and published",
        {vendor: counts.own_calls for vendor, counts in otp.items()},
        most=10,
    )
    yield worst(
        f"AWS calls a recipient of {LARGE}, to the last event, {PAGE} reports a push or page",
        {vendor: many[vendor].own_calls / LARGE for vendor in hundreds},
        most=0.25,
    )
    for vendor in (name for name in VENDORS if name not in hundreds):
        calls = many[vendor].own_calls / LARGE
        yield Row(f"the same for {vendor}, whose document has one report a push", calls)
    for vendor in (name for name in VENDORS if name not in PUSHING):
        polls = otp[vendor].by_function["poll"]
        yield Row(f"AWS calls of the poll that brings {vendor}'s report, one for all messages", polls)
    yield worst(
        f"AWS calls, ingesting a push of {PAGE} reports",
        {vendor: calls_of_an_ingest(vendor) for vendor in hundreds if vendor in PUSHING},
        most=6,
    )
    yield worst("write units, one OTP", {vendor: counts.own_write_units for vendor, counts in otp.items()}, most=12)
    units = {vendor: counts.own_write_units / LARGE for vendor, counts in many.items()}
    yield worst(f"write units a recipient of {LARGE}", units, most=3.1)
    excess = max(map(too_many_requests, VENDORS))
    yield Row("vendor requests beyond ⌈N/L⌉ for N = 1, L−1, L, L+1, 50000, all vendors", excess, most=0)
    yield Row("INFO log, one OTP", max(counts.log_bytes for counts in otp.values()), "B", most=1600)
    logged = max(counts.log_bytes for counts in many.values()) / LARGE
    yield Row(f"INFO log, a recipient of {LARGE}", logged, "B", most=50)
