"""What the tests of several codecs begin with: cases, accounts, pushes of forms, fields as another reader sees them.

What one vendor's tests begin with is in the `given.py` of its folder.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from smsgateway.model import Account, Options, Push, PushSettings, Report, Request

CASES = Path(__file__).parents[2] / "cases"


def case_of(vendor: str, name: str) -> bytes:
    """The bytes of a case of a vendor, from tests/cases."""
    return (CASES / vendor / name).read_bytes()


def account_of(
    vendor: str,
    base_url: str,
    credentials: Mapping[str, str],
    push: Mapping[str, tuple[str, ...]] | None = None,
    **options: Any,
) -> Account:
    """An account with these credentials of its own, those of its pushes (none: pushes need none), and options."""
    return Account(
        name=f"{vendor}-1",
        vendor=vendor,
        base_url=base_url,
        credentials=credentials,
        push=PushSettings(tokens=("token",), credentials=push or {}),
        options=Options(**options),
    )


def form_push(name: str, data: bytes) -> Push:
    """A case of this name as the vendor sends it: `.query` in a GET, `.form` in a POST."""
    if name.endswith(".form"):
        return Push("POST", headers={"content-type": "application/x-www-form-urlencoded"}, body=data)
    return Push("GET", query=tuple(parse_qsl(data.decode(), keep_blank_values=True)))


def fields_of(request: Request, charset: str = "gbk") -> dict[str, str]:
    """The fields of a request as an independent reader of forms sees them: every name once."""
    form = request.body.decode("ascii") if request.method == "POST" else urlsplit(request.url).query
    parsed = parse_qs(form, keep_blank_values=True, encoding=charset, errors="strict")
    return {name: value for name, (value,) in parsed.items()}


def text_of(report: Report) -> str:
    """The record that a report was read from."""
    return report.raw if isinstance(report.raw, str) else str(report.raw, "utf-8")
