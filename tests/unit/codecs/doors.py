"""Every door through which a vendor hands out reports or replies, and pages of them in its own words (tests/vendors).

A record is bytes, as it stands in the page: so a test can damage one of them, and put it back in order.
"""

from collections.abc import Sequence
from typing import NamedTuple

from smsgateway.codecs import VENDORS
from smsgateway.model import Kind
from smsgateway.queues import Source, VendorBytes
from tests.doubles.samples import Samples, samples

MARK = b"\xef\xbb\xbf"  # of UTF-8
MOMENT = "2026-01-01 12:00:00"


class Door(NamedTuple):
    vendor: str
    kind: Kind
    source: Source

    @property
    def says(self) -> Samples:
        return samples(self.vendor)

    @property
    def charset(self) -> str:
        return self.says.CHARSET

    @property
    def has_pages(self) -> bool:
        """Whether several records can come at once."""
        return self.source == "poll" or self.kind not in self.says.ONE_BY_ONE


def _doors(kind: Kind) -> list[Door]:
    capability = {"reports": "report", "inbound": "inbound"}[kind]
    sources: tuple[Source, ...] = ("push", "poll")
    every = [Door(vendor, kind, source) for vendor in VENDORS for source in sources]
    return [door for door in every if getattr(VENDORS[door.vendor], f"{capability}_{door.source}") is not None]


REPORTS, REPLIES = _doors("reports"), _doors("inbound")


def delivered(door: Door) -> str:
    return door.says.WORDS["delivered"]


def report(door: Door, number: str, vendor_id: str, word: str, time: str = MOMENT) -> bytes:
    return door.says.report(door.source, number, vendor_id, word, time)


def reply(door: Door, number: str, text: str, time: str = MOMENT) -> bytes:
    return door.says.reply(number, text, time)


def page(door: Door, records: Sequence[bytes]) -> bytes:
    return door.says.page(door.kind, door.source, records)


def receipt(door: Door, body: bytes, at: int) -> VendorBytes:
    """Of the account `main`."""
    return VendorBytes("main", door.kind, door.source, at, body=body)
