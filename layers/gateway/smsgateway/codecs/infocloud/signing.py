"""A request to infocloud, and its signature (发送短信, 3. 签名生成)."""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from smsgateway.codecs.forms import address, check_encodable
from smsgateway.codecs.infocloud.profile import PROFILE, SIGN_METHODS
from smsgateway.errors import EncodeError
from smsgateway.model import Account, Reason, Request

DEFAULT_SIGN_METHOD = "HmacSHA256"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def string_to_sign(fields: Mapping[str, str]) -> str:
    """What is signed: body parameters and `x-` headers, sorted by code point, raw, joined `k=v&k=v`."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields))


def signature(method: str, access_key: str, text: str) -> str:
    """The value of `x-sign`: lower-case hexadecimal HMAC of a text; the key is text too, although it looks like hex.

    Raises EncodeError for a method that is none of the manual's six.
    """
    if method not in SIGN_METHODS:
        raise EncodeError(Reason.PARAMETER_REFUSED, f"sign_method is none of {', '.join(SIGN_METHODS)}")
    return hmac.new(access_key.encode(), text.encode(), SIGN_METHODS[method]).hexdigest()


def signed_request(account: Account, operation: str, fields: Mapping[str, str], now: datetime, nonce: str) -> Request:
    """A signed request. The demos disagree on how an empty value is signed: there are none, in body or signature.

    The nonce has ten digits at least and is new each time; the timestamp is within 60 s of the vendor's clock.
    """
    body = {name: value for name, value in fields.items() if value}
    method, access_key = account.options.sign_method or DEFAULT_SIGN_METHOD, account.credentials["access_key"]
    headers = {
        "x-api-key": account.credentials["api_key"],
        "x-nonce": nonce,
        "x-sign-method": method,
        "x-timestamp": str((now - _EPOCH) // timedelta(milliseconds=1)),
    }
    text = string_to_sign(body | headers)
    check_encodable(text + access_key)
    headers["x-sign"] = signature(method, access_key, text)
    headers["Content-Type"] = "application/json;charset=utf-8"
    # Escaped to ASCII, as the Python and PHP demos send it: no charset on the way can garble the signed values.
    return Request("POST", address(account, PROFILE, operation), headers, json.dumps(body).encode("ascii"))
