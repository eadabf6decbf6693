"""An accounts document with an account at each vendor, and what changes one place of it."""

import copy
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from smsgateway.config.accounts import parse_accounts
from smsgateway.errors import ConfigurationError
from smsgateway.model import Options

SECRET = "pa55-w0rd"
TOKEN = "abcdefghijklmnopqrstuvwxyz012345"
OTHER_TOKEN = TOKEN.upper()

# An account at each vendor, and routes with and without weights.
DOCUMENT: dict[str, Any] = {
    "accounts": [
        {
            "name": "hb-main",
            "vendor": "hbsmservice",
            "base_url": "http://sms.hbsmservice.com:8080",
            "credentials": {"corp_id": "1", "corp_pwd": SECRET, "corp_service": "2"},
            "signature": "示例",
            "poll": ["reports", "inbound"],
            "push": {"token": TOKEN, "source_ips": ["203.0.113.0/24"], "credentials": {}},
            "balance_alert": 1000,
            "options": {},
        },
        {
            "name": "jf-otp",
            "vendor": "infocloud",
            "base_url": "https://opassapi.infocloud.cc/",
            "credentials": {"api_key": SECRET, "access_key": SECRET},
        },
        {
            "name": "ly-bulk",
            "vendor": "langyu",
            "base_url": "http://120.26.66.24",
            "credentials": {"account": "a", "pswd": SECRET},
            "push": {
                "token": [TOKEN, OTHER_TOKEN],
                "credentials": {"receiver": "r", "pswd": [SECRET, SECRET + "-old"]},
            },
        },
        {
            "name": "qx",
            "vendor": "qixintong",
            "base_url": "http://www.112088.net:8088",
            "credentials": {"us_name": "u", "us_pwd": SECRET},
        },
        {
            "name": "hj",
            "vendor": "heji",
            "base_url": "https://sms.example/sms.aspx",
            "credentials": {"name": "n", "pwd": SECRET},
        },
    ],
    "routes": [
        {"purpose": "otp", "accounts": ["jf-otp", "hb-main"]},
        {"purpose": "*", "accounts": [{"name": "hb-main", "weight": 3}, {"name": "ly-bulk", "weight": 1}]},
    ],
}
HB, JF, LY, QX, HJ = range(5)

type Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> str:
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return json.dumps(document)


def put(account: int, key: str, value: object) -> Change:
    """Sets `key` of an account; dots lead into its objects."""

    def change(document: dict[str, Any]) -> None:
        *way, last = key.split(".")
        target = document["accounts"][account]
        for step in way:
            target = target.setdefault(step, {})
        target[last] = value

    return change


def drop(account: int, key: str) -> Change:
    return lambda document: document["accounts"][account].pop(key)


def route(value: object) -> Change:
    return lambda document: document.update(routes=[value])


def rules(**said: Any) -> Change:
    """A route that says this beside its accounts."""
    return route({"purpose": "*", "accounts": ["hj"], **said})


def refused(document: str | bytes, *, allow_loopback: bool = False) -> ConfigurationError:
    """The error, which must not show the document's secrets anywhere, tracebacks and contexts included."""
    with pytest.raises(ConfigurationError) as caught:
        parse_accounts(document, allow_loopback=allow_loopback)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in repr(caught.value.__context__) + repr(getattr(caught.value.__context__, "doc", ""))
    return caught.value


def options(vendor: int, **values: object) -> Options:
    return list(parse_accounts(changed(put(vendor, "options", values))).accounts.values())[vendor].options
