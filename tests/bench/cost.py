"""What a million messages cost on AWS, modelled: recorded counts times list prices.

Not measured are durations on Lambda. They are modelled too: our own processor time as measured here, a fixed time for
each call of AWS and of a vendor.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from smsgateway.codecs import VENDORS
from tests.bench.counts import LARGE, POLLED, Counts, counts_of, empty_polls, page_of, vendor_requests
from tests.bench.processes import Figures
from tests.bench.table import Row

# US dollars, list prices of us-east-1 without any free tier, as AWS's pricing pages had them in November 2025 (Lambda,
# API Gateway, DynamoDB, SQS, EventBridge, CloudWatch, Secrets Manager, EC2, RDS, Elastic Load Balancing). Look them up
# again before you rely on them.
MILLION = 1_000_000
API_REQUEST = 3.50 / MILLION  # REST, the first 333 million
LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.0000133334  # arm64
WRITE_UNIT = 0.625 / MILLION  # on demand
READ_UNIT = 0.125 / MILLION
TABLE_GB_MONTH = 0.25 + 0.20  # with point-in-time recovery
SQS_REQUEST = 0.40 / MILLION  # of 64 KB
EVENT = 1.00 / MILLION  # custom, of 64 KB
LOG_GB = 0.50
OUT_GB = 0.09
SECRET_MONTH = 0.40
ALARM_MONTH = 0.10
ALARMS = 24  # of template.yaml

# Two small always-on servers: 2 t4g.small, a db.t4g.small with a standby and 20 GB, a load balancer. By the hour.
HOURS = 730
SERVERS_MONTH = HOURS * (2 * 0.0168 + 0.065 + 0.0225) + 20 * 0.23

# What a vendor asks for a text: 0.035 to 0.05 yuan in quantity; 7.1 yuan a dollar.
TEXT = 0.035 / 7.1

AWS_CALL = 0.008  # seconds that a function waits for one
VENDOR_CALL = 0.3
FUNCTION_GB: Mapping[str, float] = {"send": 1.0}  # template.yaml; the others:
SMALL_GB = 0.5
PLATFORM_LOG = 300  # bytes that Lambda itself logs of an invocation
ACCESS_LOG = 250  # bytes that API Gateway logs of a request
ITEM_BYTES = {1: 1_300, LARGE: 750}  # that a recipient leaves in table and indexes, overhead of 100 bytes each included
RETENTION_MONTHS = 3
DETAILED = "hbsmservice"  # the vendor whose costs are shown line by line
OUT_BYTES = {1: 3_000, LARGE: 60}  # to vendor and client, a recipient


@dataclass(frozen=True)
class Load:
    """One message: what it came to, and the requests beside our own calls."""

    counts: Counts
    recipients: int
    cpu: float  # seconds of our own code, all functions together
    vendor_calls: int

    def lines(self) -> dict[str, float]:
        """Dollars for a million recipients, by what is billed."""
        counts, each = self.counts.without_polls(), MILLION / self.recipients
        ran = counts.invocations
        api_requests = ran.get("send", 0) + ran.get("webhook", 0)
        queued = ran.get("dispatch", 0) + ran.get("ingest", 0)
        sqs_calls = sum(count for (_, name), count in counts.calls.items() if name.startswith("sqs."))
        log_bytes = counts.log_bytes + PLATFORM_LOG * sum(ran.values()) + ACCESS_LOG * api_requests
        gigabytes = 1e-9 * self.recipients
        return {
            "API Gateway": each * api_requests * API_REQUEST,
            "Lambda, requests": each * sum(ran.values()) * LAMBDA_REQUEST,
            "Lambda, duration": each * gb_seconds(counts, self.cpu, self.vendor_calls) * LAMBDA_GB_SECOND,
            "DynamoDB, writes": each * sum(counts.write_units.values()) * WRITE_UNIT,
            "DynamoDB, reads": each * sum(counts.read_units.values()) * READ_UNIT,
            "DynamoDB, storage": each * gigabytes * ITEM_BYTES[self.recipients] * TABLE_GB_MONTH * RETENTION_MONTHS,
            # Lambda receives and deletes each message, one by one in the worst case.
            "SQS": each * (sqs_calls + 2 * queued) * SQS_REQUEST,
            "EventBridge": each * counts.events * EVENT,
            "CloudWatch Logs": each * log_bytes * 1e-9 * LOG_GB,
            "data out": each * gigabytes * OUT_BYTES[self.recipients] * OUT_GB,
        }


def gb_seconds(counts: Counts, cpu: float, vendor_calls: int) -> float:
    """A function has a share of a processor: 1769 MB are one."""
    waiting = sum(
        FUNCTION_GB.get(function, SMALL_GB) * calls * AWS_CALL for function, calls in counts.by_function.items()
    )
    # Processor time costs the same whatever the memory: with half of it, it takes twice as long.
    own = cpu * 1.769
    return waiting + own + SMALL_GB * vendor_calls * VENDOR_CALL + 0.001 * sum(counts.invocations.values())


def idle_month() -> float:
    """Two functions a minute, five pollers of three queues that ask every 20 seconds, secrets and alarms.

    And one account that is polled every minute for reports and for replies, while there are none, and every ten minutes
    for its balance.
    """
    minutes = HOURS * 60
    runs = 2 * minutes * (LAMBDA_REQUEST + SMALL_GB * 0.3 * LAMBDA_GB_SECOND)
    asking = 3 * 5 * 3 * minutes * SQS_REQUEST
    sweeping = 16 * minutes * READ_UNIT
    logs = 2 * minutes * PLATFORM_LOG * 1e-9 * LOG_GB
    polls = minutes * (_dollars(empty_polls("reports", "inbound")) + _dollars(empty_polls("balance")) / 10)
    return runs + asking + sweeping + logs + polls + 3 * SECRET_MONTH + ALARMS * ALARM_MONTH


def _dollars(counts: Counts) -> float:
    """For polls. Our own processor time, some milliseconds, is left out."""
    runs = counts.invocations["poll"]
    return (
        runs * LAMBDA_REQUEST
        + gb_seconds(counts, 0, runs) * LAMBDA_GB_SECOND
        + counts.write_units["poll"] * WRITE_UNIT
        + counts.read_units["poll"] * READ_UNIT
        + (counts.log_bytes + runs * PLATFORM_LOG) * 1e-9 * LOG_GB
        + runs * OUT_BYTES[1] * 1e-9 * OUT_GB
    )


def loads(vendor: str, cpu: Figures) -> tuple[Load, Load]:
    """A one-time password, and a message to many."""
    seconds = cpu["unit"] * 1e-6
    requests = vendor_requests(vendor, LARGE)
    return (
        Load(counts_of(vendor, 1), 1, cpu[f"otp {vendor}"] * seconds, 1),
        Load(counts_of(vendor, LARGE, page_of(vendor)), LARGE, LARGE * cpu[f"recipient {vendor}"] * seconds, requests),
    )


def rows(cpu: Figures) -> Iterator[Row]:
    """Polls of accounts are in the month of nothing."""
    otp, bulk = (load.lines() for load in loads(DETAILED, cpu))
    totals = {vendor: [sum(load.lines().values()) for load in loads(vendor, cpu)] for vendor in VENDORS}

    def pair(what: str, figures: Iterable[float], unit: str = "US$", form: str = ",.2f") -> Row:
        return Row(what, " / ".join(f"{figure:{form}}" for figure in figures), unit)

    named = ", ".join(f"{vendor} {one:.2f} / {many:.2f}" for vendor, (one, many) in totals.items())
    dearest = [max(figures) for figures in zip(*totals.values(), strict=True)]
    yield pair(
        f"a million OTPs / recipients of {LARGE} on AWS, modelled, langyu's with one report a push ({named})", dearest
    )
    yield pair(f"… by {DETAILED}, of which", totals[DETAILED])
    for line in sorted(otp, key=lambda line: -otp[line]):
        yield pair(f"… … {line}", (otp[line], bulk[line]))
    shares = (total / MILLION / TEXT * 100 for total in dearest)
    yield pair("… at most, as a share of what a vendor asks for the texts", shares, "%")
    nothing = idle_month()
    yield pair(
        f"a month of nothing on AWS, with one account ({POLLED}) polled for reports and replies"
        " / of two small servers and a database",
        (nothing, SERVERS_MONTH),
    )
    breakeven = ((SERVERS_MONTH - nothing) / total * MILLION for total in dearest)
    yield pair(
        "OTPs / recipients a month from which the servers cost less, by the dearest vendor", breakeven, "", ",.0f"
    )
