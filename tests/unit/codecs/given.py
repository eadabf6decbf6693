"""What the tests of several codecs begin with."""

from smsgateway.model import Report


def text_of(report: Report) -> str:
    """The record that a report was read from."""
    return report.raw if isinstance(report.raw, str) else str(report.raw, "utf-8")
