"""What a million messages cost on AWS, modelled: recorded counts times list prices.

Not measured are durations on Lambda. They are modelled too: our own processor time as measured here, a fixed time for
each call of AWS and of a vendor.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from tests.bench.counts import LARGE, Counts, counts_of
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
ALARMS = 10  # of template.yaml

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
        counts, each = self.counts, MILLION / self.recipients
        ran = counts.invocations
        api_requests = ran.get("send", 0) + ran.get("webhook", 0)
        queued = ran.get("dispatch", 0) + ran.get("ingest", 0)
        sqs_calls = sum(count for name, count in counts.by_call.items() if name.startswith("sqs."))
        log_bytes = counts.log_bytes + PLATFORM_LOG * sum(ran.values()) + ACCESS_LOG * api_requests
        gigabytes = 1e-9 * self.recipients
        return {
            "API Gateway": each * api_requests * API_REQUEST,
            "Lambda, requests": each * sum(ran.values()) * LAMBDA_REQUEST,
            "Lambda, duration": each * self._gb_seconds() * LAMBDA_GB_SECOND,
            "DynamoDB, writes": each * sum(counts.write_units.values()) * WRITE_UNIT,
            "DynamoDB, reads": each * sum(counts.read_units.values()) * READ_UNIT,
            "DynamoDB, storage": each * gigabytes * ITEM_BYTES[self.recipients] * TABLE_GB_MONTH * RETENTION_MONTHS,
            # Lambda receives and deletes each message, one by one in the worst case.
            "SQS": each * (sqs_calls + 2 * queued) * SQS_REQUEST,
            "EventBridge": each * counts.events * EVENT,
            "CloudWatch Logs": each * log_bytes * 1e-9 * LOG_GB,
            "data out": each * gigabytes * OUT_BYTES[self.recipients] * OUT_GB,
        }

    def _gb_seconds(self) -> float:
        """A function has a share of a processor: 1769 MB are one."""
        ran = self.counts.invocations
        waiting = sum(
            FUNCTION_GB.get(function, SMALL_GB) * calls * AWS_CALL
            for function, calls in self.counts.by_function.items()
        )
        # Processor time costs the same whatever the memory: with half of it, it takes twice as long.
        own = self.cpu * 1.769
        return waiting + own + SMALL_GB * self.vendor_calls * VENDOR_CALL + 0.001 * sum(ran.values())


def idle_month() -> float:
    """Two functions a minute, five pollers of three queues that ask every 20 seconds, secrets and alarms."""
    minutes = HOURS * 60
    runs = 2 * minutes * (LAMBDA_REQUEST + SMALL_GB * 0.3 * LAMBDA_GB_SECOND)
    asking = 3 * 5 * 3 * minutes * SQS_REQUEST
    sweeping = 16 * minutes * READ_UNIT
    logs = 2 * minutes * PLATFORM_LOG * 1e-9 * LOG_GB
    return runs + asking + sweeping + logs + 2 * SECRET_MONTH + ALARMS * ALARM_MONTH


def rows(cpu: Figures) -> Iterator[Row]:
    otp = Load(counts_of("hbsmservice", 1), 1, cpu["otp"] * cpu["unit"] * 1e-6, 1).lines()
    bulk_cpu = LARGE * cpu["recipient"] * cpu["unit"] * 1e-6
    bulk = Load(counts_of("hbsmservice", LARGE), LARGE, bulk_cpu, ceil(LARGE / 200)).lines()
    totals = sum(otp.values()), sum(bulk.values())

    def pair(what: str, figures: Iterable[float], unit: str, form: str = ",.2f") -> Row:
        return Row(what, " / ".join(f"{figure:{form}}" for figure in figures), unit)

    yield pair(f"a million OTPs / recipients of {LARGE} on AWS, modelled", totals, "US$")
    for line in sorted(otp, key=lambda line: -otp[line]):
        yield pair(f"… {line}", (otp[line], bulk[line]), "US$")
    yield pair(
        "… as a share of what a vendor asks for the texts", (total / MILLION / TEXT * 100 for total in totals), "%"
    )
    yield pair("a month of nothing on AWS / of two small servers and a database", (idle_month(), SERVERS_MONTH), "US$")
    breakeven = ((SERVERS_MONTH - idle_month()) / total * MILLION for total in totals)
    yield pair("OTPs / recipients a month from which the servers cost less", breakeven, "", ",.0f")
