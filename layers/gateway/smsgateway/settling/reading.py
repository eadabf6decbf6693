"""From vendor bytes to what they say. Nothing is applied here, and nothing but a kept page is read from the table."""

from dataclasses import replace

from smsgateway.codecs import VENDORS
from smsgateway.errors import DecodeError
from smsgateway.model import Account, Inbound, Page, Refused, Report
from smsgateway.queues import VendorBytes
from smsgateway.store import pages
from smsgateway.store.table import Table


def with_body(table: Table, vendor_bytes: VendorBytes) -> VendorBytes:
    """Return the vendor bytes with their body, which the table keeps if no queue took it (store/pages.py).

    Raises DecodeError when the body is gone, or when a push is packed in a way that the vendor's document lacks.
    """
    body: bytes | None = vendor_bytes.body
    if vendor_bytes.page:
        body = pages.get_page(table, vendor_bytes.page)
    if body is None:
        raise DecodeError("the table does not keep its body any more", b"")
    complete = replace(vendor_bytes, body=body)
    if complete.source == "push" and (wrapping := complete.push.wrapping):
        raise DecodeError(f"its body is wrapped in {wrapping}, which nobody agreed on", body)
    return complete


def decode_reports(account: Account, vendor_bytes: VendorBytes) -> Page[Report]:
    """Return the delivery reports in a push or a polled page of this account; none if the vendor refused the poll.

    Raises DecodeError when nothing can be read, or when the vendor has no reports from such a source.
    """
    vendor = VENDORS[account.vendor]
    if vendor_bytes.source == "push" and vendor.report_push:
        return vendor.report_push.decode_report_push(account, vendor_bytes.push)
    if vendor_bytes.source == "poll" and vendor.report_poll:
        page = vendor.report_poll.decode_report_poll(account, vendor_bytes.response)
        return Page(()) if isinstance(page, Refused) else page
    raise DecodeError(f"{account.vendor} has no reports by {vendor_bytes.source}", vendor_bytes.body)


def decode_inbound(account: Account, vendor_bytes: VendorBytes) -> Page[Inbound]:
    """Return the replies in a push or a polled page of this account; none if the vendor refused the poll.

    Raises DecodeError when nothing can be read, or when the vendor has no replies from such a source.
    """
    vendor = VENDORS[account.vendor]
    if vendor_bytes.source == "push" and vendor.inbound_push:
        return vendor.inbound_push.decode_inbound_push(account, vendor_bytes.push)
    if vendor_bytes.source == "poll" and vendor.inbound_poll:
        page = vendor.inbound_poll.decode_inbound_poll(account, vendor_bytes.response)
        return Page(()) if isinstance(page, Refused) else page
    raise DecodeError(f"{account.vendor} has no replies by {vendor_bytes.source}", vendor_bytes.body)
