"""What the vendors say when all goes well, in bytes: the answer to a send, and the reports and replies that follow.

For tests of what lies above the codecs. The words are those of tests/vendors; the pages are as long as the documents
have them.
"""

from collections.abc import Iterator, Sequence
from itertools import batched, count

from smsgateway.codecs import VENDORS
from smsgateway.model import Account, Kind, Options, PushSettings, Request, Response
from smsgateway.queues import Source, VendorBytes
from tests.doubles.samples import samples

TOKEN = "T0ken-of-the-push-address-s3cret-"
FIRST_ID = 640614750879358976

type Sent = tuple[str, tuple[str, ...], tuple[str, ...]]  # our id where the vendor has it, its ids, the numbers


def account(vendor: str, name: str = "", **options: object) -> Account:
    """An account of a vendor, with all its credentials."""
    says = samples(vendor)
    secrets = {name: (value,) for name, value in says.PUSH_CREDENTIALS.items()}
    return Account(
        name=name or f"{vendor}-main",
        vendor=vendor,
        base_url="http://vendor.example",
        credentials=says.CREDENTIALS,
        signature="示例科技",
        push=PushSettings((TOKEN,), (), secrets) if pushes(vendor, "reports") else None,
        options=Options(**{**says.OPTIONS, **options}),
    )


def pushes(vendor: str, kind: Kind) -> bool:
    """Whether a vendor pushes its reports or replies; else they are polled."""
    codec = VENDORS[vendor]
    return (codec.report_push if kind == "reports" else codec.inbound_push) is not None


class Vendors:
    """Takes every request, gives ids as the documents do, and remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._ids = count(FIRST_ID)

    def call(self, account: Account, request: Request, _seconds: float) -> Response:
        """The vendor's answer to a send that is not personalised."""
        says = samples(account.vendor)
        asked = says.asked(request)
        ids = tuple(str(next(self._ids)) for _ in range(says.ids(len(asked.numbers))))
        self.sent.append((asked.reference, ids, asked.numbers))
        return Response(200, {}, says.accepted(ids, len(asked.numbers)))


def delivered(account: Account, sent: Sent, at: int, page: int = 0) -> Iterator[VendorBytes]:
    """The vendor's reports that all numbers of a request got their message, so many a page, or as many as it makes."""
    says, source = samples(account.vendor), _source(account.vendor, "reports")
    reference, ids, numbers = sent
    word = says.WORDS["delivered"]
    named = ids if len(ids) == len(numbers) else [ids[0] if ids else reference] * len(numbers)
    for part in batched(zip(numbers, named, strict=True), page or says.REPORTS_A_PAGE, strict=False):
        told = list(part)
        if "reports" in says.ONE_BY_ONE:  # several numbers share what there is one of
            told = [(",".join(number for number, _ in part), part[0][1])]
        records = [says.report(source, number, vendor_id, word, says.TIME, reference) for number, vendor_id in told]
        yield _receipt(account, "reports", source, records, at)


def replied(account: Account, numbers: Sequence[str], at: int) -> Iterator[VendorBytes]:
    """What the vendor hands out when these numbers wrote back: one page, or where its document has one reply a push,
    several."""
    says, source = samples(account.vendor), _source(account.vendor, "inbound")
    records = [says.reply(number, "收到", says.TIME) for number in numbers]
    for part in batched(records, 1 if "inbound" in says.ONE_BY_ONE else len(records), strict=False):
        yield _receipt(account, "inbound", source, part, at)


def _source(vendor: str, kind: Kind) -> Source:
    return "push" if pushes(vendor, kind) else "poll"


def _receipt(account: Account, kind: Kind, source: Source, records: Sequence[bytes], at: int) -> VendorBytes:
    says = samples(account.vendor)
    headers = says.PUSH_HEADERS if source == "push" else {}
    body = says.page(kind, source, records, account)
    return VendorBytes(account.name, kind, source, at, headers=headers, body=body)
