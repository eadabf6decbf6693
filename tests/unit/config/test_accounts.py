"""The accounts document: what is accepted, and the path and reason with which everything else is refused."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.config.accounts import parse_accounts
from smsgateway.config.settings import Route, RouteEntry, Settings
from smsgateway.errors import ConfigurationError
from smsgateway.model import Options, PushSettings
from smsgateway.receiving.push import _source_fits
from tests.unit.config.given import (
    DOCUMENT,
    HB,
    HJ,
    JF,
    LY,
    OTHER_TOKEN,
    QX,
    SECRET,
    TOKEN,
    Change,
    changed,
    drop,
    put,
    refused,
    route,
    rules,
)

# What is accepted


def test_a_whole_document_becomes_values() -> None:
    parsed = parse_accounts(json.dumps(DOCUMENT))
    assert list(parsed.accounts) == ["hb-main", "jf-otp", "ly-bulk", "qx", "hj"]
    main = parsed.accounts["hb-main"]
    assert (main.vendor, main.base_url, main.signature) == ("hbsmservice", "http://sms.hbsmservice.com:8080", "示例")
    assert main.credentials == {"corp_id": "1", "corp_pwd": SECRET, "corp_service": "2"}
    assert main.poll == ("reports", "inbound")
    assert main.push == PushSettings((TOKEN,), ("203.0.113.0/24",), {})
    assert main.balance_alert == Decimal(1000)
    assert main.options == Options()
    assert parsed.accounts["ly-bulk"].push == PushSettings(
        (TOKEN, OTHER_TOKEN), (), {"receiver": ("r",), "pswd": (SECRET, SECRET + "-old")}
    )
    assert parsed.routes == (
        Route("otp", (RouteEntry("jf-otp"), RouteEntry("hb-main"))),
        Route("*", (RouteEntry("hb-main", 3.0), RouteEntry("ly-bulk", 1.0))),
    )


def test_a_route_may_have_rules_of_its_own() -> None:
    document = copy.deepcopy(DOCUMENT) | {"uncapped": ["13800138000"]}
    document["routes"][0] |= {"caps": {"hour": 9, "minute": 2}, "quiet_hours": {"from": "22:30", "to": "07:05"}}
    document["routes"][1] |= {"caps": None, "quiet_hours": None, "strict": True}
    parsed = parse_accounts(json.dumps(document))
    otp, others = parsed.route_of("otp"), parsed.route_of("marketing")
    assert (otp.caps, otp.quiet_hours, otp.strict) == (((2, 60), (9, 3600)), (22 * 60 + 30, 7 * 60 + 5), False)
    assert (others.caps, others.quiet_hours, others.strict) == ((), None, True)
    assert parsed.uncapped == {"13800138000"}
    usual = parse_accounts(json.dumps(DOCUMENT)).route_of("notice")
    assert (usual.purpose, usual.caps, usual.quiet_hours) == ("*", None, (21 * 60, 8 * 60))
    assert parse_accounts('{"accounts": []}').route_of("otp") == Route("otp", ())


def test_what_may_be_left_out_has_defaults() -> None:
    account = parse_accounts(json.dumps(DOCUMENT)).accounts["qx"]
    assert (account.signature, account.poll, account.push, account.balance_alert) == ("", (), None, None)
    assert account.options == Options()


def test_the_secret_as_the_stack_creates_it_is_empty_settings() -> None:
    assert parse_accounts('{"accounts": [], "routes": []}') == Settings({}, ())
    assert parse_accounts(b'\xef\xbb\xbf{"accounts": []}') == Settings({}, ())


def test_slashes_at_the_end_of_the_base_url_are_dropped() -> None:
    assert parse_accounts(json.dumps(DOCUMENT)).accounts["jf-otp"].base_url == "https://opassapi.infocloud.cc"


def test_no_repr_shows_a_secret() -> None:
    assert SECRET not in repr(parse_accounts(json.dumps(DOCUMENT)))
    assert TOKEN not in repr(parse_accounts(json.dumps(DOCUMENT)))


def test_values_cannot_be_changed_afterwards() -> None:
    parsed = parse_accounts(json.dumps(DOCUMENT))
    for mapping in (parsed.accounts, parsed.accounts["hb-main"].credentials):
        with pytest.raises(TypeError):
            mapping["x"] = None  # type: ignore[index]


@pytest.mark.parametrize("written", ["示例", " 示例 ", "\u3000示例\r\n", "\ufeff示例\u200b", " " * 30 + "示例"])
def test_a_signature_has_no_unseen_edges(written: str) -> None:
    assert parse_accounts(changed(put(HB, "signature", written))).accounts["hb-main"].signature == "示例"


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("::ffff:203.0.113.0/120", "203.0.113.9", "203.0.114.9"),
        ("::ffff:cb00:7100/120", "::ffff:203.0.113.9", "::ffff:203.0.114.9"),
        ("::FFFF:203.0.113.9", "203.0.113.9", "203.0.113.8"),
        (" 203.0.113.0/24 ", "203.0.113.9", "203.0.114.9"),
        ("2001:db8::/32", "2001:db8::1", "203.0.113.9"),
    ],
)
def test_a_source_network_in_either_spelling_of_ipv4(network: str, inside: str, outside: str) -> None:
    push = parse_accounts(changed(put(HB, "push.source_ips", [network]))).accounts["hb-main"].push
    assert push
    assert _source_fits(push, inside)
    assert not _source_fits(push, outside)


@pytest.mark.parametrize("url", ["http://10.1.2.3:8088/msg", "https://vendor.example./a/b", "HTTP://[2408::1]:80"])
def test_base_url_is_taken_as_it_is(url: str) -> None:
    assert parse_accounts(changed(put(HB, "base_url", url))).accounts["hb-main"].base_url == url


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:1", "[::1]", "2130706433", "x.localhost"])
def test_loopback_base_url_needs_permission(host: str) -> None:
    document = changed(put(HB, "base_url", f"http://{host}"))
    assert parse_accounts(document, allow_loopback=True).accounts["hb-main"].base_url == f"http://{host}"
    assert refused(document).problem == "must not be a loopback address"


# What is refused: (change, path, a word of the problem)

SHAPE: list[tuple[Change, str, str]] = [
    (lambda d: d.pop("accounts"), "accounts", "missing"),
    (lambda d: d.update(accounts={}), "accounts", "list"),
    (lambda d: d.update(account=[]), "account", "unknown"),
    (lambda d: d.update({SECRET + " odd key": 1}), "?", "unknown"),
    (lambda d: d["accounts"].append("x"), "accounts[5]", "object"),
    (lambda d: d["accounts"].append(None), "accounts[5]", "object"),
    (lambda d: d["accounts"].append(copy.deepcopy(d["accounts"][0])), "accounts[5].name", "another"),
    (drop(HB, "name"), "accounts[0].name", "missing"),
    (drop(HB, "vendor"), "accounts[0].vendor", "missing"),
    (drop(HB, "base_url"), "accounts[0].base_url", "missing"),
    (drop(HB, "credentials"), "accounts[0].credentials", "missing"),
    (put(HB, "passwort", SECRET), "accounts[0].passwort", "known here: name, vendor"),
    (put(HB, "name", ""), "accounts[0].name", "A-Z"),
    (put(HB, "name", "a b"), "accounts[0].name", "A-Z"),
    (put(HB, "name", "a\n"), "accounts[0].name", "A-Z"),
    (put(HB, "name", "名"), "accounts[0].name", "A-Z"),
    (put(HB, "name", "x" * 65), "accounts[0].name", "64"),
    (put(HB, "name", 7), "accounts[0].name", "A-Z"),
    (put(HB, "vendor", "hbsm"), "accounts[0].vendor", "hbsmservice, infocloud"),
    (put(HB, "vendor", ["langyu"]), "accounts[0].vendor", "one of"),
    (put(HB, "vendor", "langyu"), "accounts[0].credentials.corp_id", "known here: account, pswd"),
    (put(LY, "credentials", {"account": "a"}), "accounts[2].credentials.pswd", "missing"),
    (put(LY, "credentials.pswd", ""), "accounts[2].credentials.pswd", "empty"),
    (put(LY, "credentials.pswd", " "), "accounts[2].credentials.pswd", "empty"),
    (put(LY, "credentials.pswd", 123456), "accounts[2].credentials.pswd", "string"),
    (put(LY, "credentials.pswd", [SECRET]), "accounts[2].credentials.pswd", "string"),
    (put(LY, "credentials.pswd", SECRET + "\r\nX: y"), "accounts[2].credentials.pswd", "control"),
    (put(LY, "credentials.pswd", SECRET + "\ud800"), "accounts[2].credentials.pswd", "surrogate"),
    (put(LY, "credentials.pswd", SECRET * 200), "accounts[2].credentials.pswd", "1000"),
    (put(LY, "credentials.token", SECRET), "accounts[2].credentials.token", "unknown"),
    (put(LY, "credentials", [SECRET]), "accounts[2].credentials", "object"),
    (put(HB, "signature", "【示例】"), "accounts[0].signature", "brackets"),
    (put(HB, "signature", "[示例]"), "accounts[0].signature", "brackets"),
    (put(HB, "signature", "示" * 21), "accounts[0].signature", "20"),
    (put(HB, "signature", "示\n例"), "accounts[0].signature", "control"),
    (put(HB, "signature", None), "accounts[0].signature", "string"),
    (put(HB, "signature", " "), "accounts[0].signature", "empty"),
    (put(HB, "signature", "\u200b\u3000"), "accounts[0].signature", "empty"),
    (put(HB, "signature", "示\u200b例"), "accounts[0].signature", "U+200B (ZERO WIDTH SPACE)"),
    (put(HB, "signature", "示\ufffd"), "accounts[0].signature", "U+FFFD at character 2"),
    (put(LY, "credentials.pswd", SECRET + "\ufffd"), "accounts[2].credentials.pswd", "U+FFFD"),
    (put(HB, "poll", "reports"), "accounts[0].poll", "list"),
    (put(HB, "poll", ["report"]), "accounts[0].poll[0]", "reports, inbound"),
    (put(HB, "poll", ["reports", "reports"]), "accounts[0].poll", "once"),
    (put(JF, "poll", ["reports", "inbound"]), "accounts[1].poll[1]", "no query of inbound"),
    (put(LY, "poll", ["reports"]), "accounts[2].poll[0]", "no query of reports"),
    (put(HB, "balance_alert", -1), "accounts[0].balance_alert", "number"),
    (put(HB, "balance_alert", True), "accounts[0].balance_alert", "number"),
    (put(HB, "balance_alert", "1000"), "accounts[0].balance_alert", "number"),
]

PUSH: list[tuple[Change, str, str]] = [
    (put(QX, "push", {"token": TOKEN}), "accounts[3].push", "does not push"),
    (put(HB, "push", {}), "accounts[0].push.token", "missing"),
    (put(HB, "push", TOKEN), "accounts[0].push", "object"),
    (put(HB, "push.secret", "x"), "accounts[0].push.secret", "unknown"),
    (put(HB, "push.token", TOKEN[:-1]), "accounts[0].push.token", "32"),
    (put(HB, "push.token", [TOKEN, TOKEN[:-1]]), "accounts[0].push.token[1]", "32"),
    (put(HB, "push.token", []), "accounts[0].push.token", "empty"),
    (put(HB, "push.token", [""]), "accounts[0].push.token[0]", "32"),
    (put(HB, "push.token", TOKEN + "/x"), "accounts[0].push.token", "characters"),
    (put(HB, "push.token", 1), "accounts[0].push.token", "32"),
    (put(HB, "push.source_ips", "203.0.113.0/24"), "accounts[0].push.source_ips", "list"),
    (put(HB, "push.source_ips", ["203.0.113.7/24"]), "accounts[0].push.source_ips[0]", "host bits"),
    (put(HB, "push.source_ips", ["1.2.3.4", "x"]), "accounts[0].push.source_ips[1]", "IP address"),
    (put(HB, "push.source_ips", [16909060]), "accounts[0].push.source_ips[0]", "string"),
    (put(HB, "push.source_ips", ["::ffff:203.0.113.7/120"]), "accounts[0].push.source_ips[0]", "host bits"),
    (put(HB, "push.source_ips", ["203.0.113.*"]), "accounts[0].push.source_ips[0]", "IP address"),
    (put(HB, "push.credentials", {"pswd": SECRET}), "accounts[0].push.credentials.pswd", "unknown"),
    (put(LY, "push.credentials", {"access_secret": "x"}), "accounts[2].push.credentials.access_secret", "receiver"),
    (put(LY, "push.credentials", {"pswd": ""}), "accounts[2].push.credentials.pswd", "empty"),
    (put(LY, "push.credentials", {"pswd": []}), "accounts[2].push.credentials.pswd", "empty"),
    (put(LY, "push.credentials", {"pswd": ["x", ""]}), "accounts[2].push.credentials.pswd[1]", "empty"),
    (put(LY, "push.credentials", {"pswd": None}), "accounts[2].push.credentials.pswd", "string"),
]

OPTION: list[tuple[Change, str, str]] = [
    (put(vendor, f"options.{name}", value), f"accounts[{vendor}].options.{where}", word)
    for vendor, name, value, where, word in [
        (HB, "timeuot", 5, "timeuot", "unknown"),
        (HB, "method", "GET", "method", "does not take"),
        (HB, "sign_method", "HmacMD5", "sign_method", "does not take"),
        (LY, "charset", "gbk", "charset", "does not take"),
        (QX, "product", "p", "product", "does not take"),
        (LY, "extension_prefix_length", 4, "extension_prefix_length", "does not take"),
        (HB, "timeout", 0.5, "timeout", "1 to 50"),
        (HB, "timeout", 51, "timeout", "1 to 50"),
        (HB, "timeout", True, "timeout", "number"),
        (HB, "timeout", "15", "timeout", "number"),
        (HB, "timeout", None, "timeout", "number"),
        (HB, "timeout", 10**400, "timeout", "number"),
        (HB, "recipients_per_request", 0, "recipients_per_request", "200"),
        (HB, "recipients_per_request", 201, "recipients_per_request", "200"),
        (QX, "recipients_per_request", 101, "recipients_per_request", "100"),
        (HB, "recipients_per_request", 1.0, "recipients_per_request", "whole"),
        (HB, "recipients_per_request", True, "recipients_per_request", "whole"),
        (HB, "requests_per_second", 0, "requests_per_second", "number"),
        (HB, "report_window", 0, "report_window", "whole"),
        (HB, "report_window", 345_601, "report_window", "345600"),
        (JF, "ack", 0, "ack", "string"),
        (HB, "ack", "0", "ack", "hbsmservice does not take"),
        (QX, "ack", "0", "ack", "qixintong does not take"),
        (HB, "charset", "latin-1", "charset", "gbk"),
        (LY, "method", "get", "method", "POST, GET"),
        (JF, "sign_method", "sha256", "sign_method", "HmacSHA256"),
        (JF, "free_text_signature", 1, "free_text_signature", "true or false"),
        (JF, "free_text_template", 675, "free_text_template", "string"),
        (HB, "access_number", 1069, "access_number", "digits"),
        (HB, "access_number", "１０６９", "access_number", "digits"),
        (HJ, "extension_prefix_length", -1, "extension_prefix_length", "whole"),
        (HJ, "push_window", 2_592_001, "push_window", "2592000"),
        (LY, "push_window", 60, "push_window", "does not take"),
        (HB, "paths", {"sned": "/x"}, "paths.sned", "unknown"),
        (HB, "paths", {"send": "x"}, "paths.send", "below base_url"),
        (HB, "paths", {"send": "//evil.example/x"}, "paths.send", "below base_url"),
        (HB, "paths", {"send": "/x?y"}, "paths.send", "below base_url"),
        (HB, "paths", {"send": "/x y"}, "paths.send", "below base_url"),
        (HB, "paths", {"send": "/x\n"}, "paths.send", "below base_url"),
        (HB, "paths", {"send": "/\u200b"}, "paths.send", "below base_url"),
        (HB, "paths", [], "paths", "object"),
        (HB, "codes", {"-9": "unlisted"}, "codes.-9", "moment, account"),
        (HB, "codes", {"-9": 1}, "codes.-9", "moment, account"),
        (LY, "words", {"MK:0012": "undelivered"}, "words.MK:0012", "delivered, pending, invalid_number"),
        (HB, "breaker_failures", 0, "breaker_failures", "whole"),
        (HB, "breaker_seconds", -1, "breaker_seconds", "whole"),
        (HB, "in_flight", 0, "in_flight", "whole"),
        (HB, "silence_seconds", 299, "silence_seconds", "300"),
        (HB, "silence_messages", -1, "silence_messages", "whole"),
        (JF, "figures_tolerance", 1.1, "figures_tolerance", "0 to 1"),
        (HB, "figures_tolerance", 0.1, "figures_tolerance", "does not take"),
    ]
]

ROUTE: list[tuple[Change, str, str]] = [
    (lambda d: d.update(routes={}), "routes", "list"),
    (route("otp"), "routes[0]", "object"),
    (route({"purpose": "otp"}), "routes[0].accounts", "missing"),
    (route({"accounts": ["hj"]}), "routes[0].purpose", "missing"),
    (route({"purpose": "OTP", "accounts": ["hj"]}), "routes[0].purpose", "otp, notice, marketing, *"),
    (route({"purpose": ["*"], "accounts": ["hj"]}), "routes[0].purpose", "otp, notice, marketing, *"),
    (route({"purpose": "*", "accounts": []}), "routes[0].accounts", "at least one"),
    (route({"purpose": "*", "accounts": "hj"}), "routes[0].accounts", "list"),
    (route({"purpose": "*", "accounts": ["hj", "x"]}), "routes[0].accounts[1]", "no account"),
    (route({"purpose": "*", "accounts": [{"name": "x"}]}), "routes[0].accounts[0].name", "no account"),
    (route({"purpose": "*", "accounts": [7]}), "routes[0].accounts[0]", "object"),
    (route({"purpose": "*", "accounts": ["hj", {"name": "hj"}]}), "routes[0].accounts", "once"),
    (route({"purpose": "*", "accounts": ["hj", {"name": "qx", "weight": 1}]}), "routes[0].accounts", "everywhere"),
    (route({"purpose": "*", "accounts": [{"name": "qx", "weight": 0}]}), "routes[0].accounts[0].weight", "number"),
    (route({"purpose": "*", "accounts": [{"name": "qx", "weight": True}]}), "routes[0].accounts[0].weight", "number"),
    (route({"purpose": "*", "accounts": [{"name": "qx", "wieght": 1}]}), "routes[0].accounts[0].wieght", "unknown"),
    (lambda d: d["routes"].append({"purpose": "otp", "accounts": ["hj"]}), "routes[2].purpose", "another"),
    (rules(caps={"day": 0}), "routes[0].caps.day", "from 1 to 100"),
    (rules(caps={"week": 1}), "routes[0].caps.week", "unknown"),
    (rules(caps=3), "routes[0].caps", "object"),
    (rules(quiet_hours={"from": "21:00"}), "routes[0].quiet_hours.to", "missing"),
    (rules(quiet_hours={"from": "21:00", "to": "24:00"}), "routes[0].quiet_hours.to", "a time in Beijing"),
    (rules(quiet_hours={"from": "8:00", "to": "09:00"}), "routes[0].quiet_hours.from", "a time in Beijing"),
    (rules(quiet_hours={"from": "21:00", "to": "21:00"}), "routes[0].quiet_hours.to", "another time"),
    (rules(quiet_hours=False), "routes[0].quiet_hours", "object"),
    (rules(strict="yes"), "routes[0].strict", "true or false"),
    (lambda d: d.update(uncapped="13800138000"), "uncapped", "list"),
    (lambda d: d.update(uncapped=["13800138000", "1380013800"]), "uncapped[1]", "11 digits"),
]

BASE_URL: list[tuple[Change, str, str]] = [
    (put(HB, "base_url", url), "accounts[0].base_url", word)
    for url, word in [
        ("", "ASCII"),
        (7, "ASCII"),
        ("http://vendor.example/ x", "ASCII"),
        ("http://１２７.0.0.1", "ASCII"),
        ("http://例.example", "ASCII"),
        ("vendor.example", "http:// or https://"),
        ("//vendor.example", "http:// or https://"),
        ("ftp://vendor.example", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("http://", "http:// or https://"),
        ("http://:80", "http:// or https://"),
        ("http://vendor.example:0", "http:// or https://"),
        ("http://vendor.example:65536", "http:// or https://"),
        ("http://vendor.example:x", "http:// or https://"),
        ("http://[::1", "http:// or https://"),
        (f"http://user:{SECRET}@vendor.example", "credentials"),
        ("http://@vendor.example", "credentials"),
        (f"http://vendor.example/?pwd={SECRET}", "query"),
        ("http://vendor.example?", "query"),
        ("http://vendor.example/#x", "fragment"),
        ("http://vendor.example\\@evil.example", "credentials"),
        ("http://vendor.example\\x", "backslash"),
        ("http://%31%32%37.0.0.1", "host name"),
        ("http://-vendor.example", "host name"),
        ("http://169.254.169.254/latest", "link-local"),
        ("http://169.254.169.254.", "link-local"),
        ("http://2852039166", "link-local"),
        ("http://0xa9fea9fe", "link-local"),
        ("http://0xa9.0xfe.0xa9.0xfe", "link-local"),
        ("http://0251.0376.0251.0376", "link-local"),
        ("http://169.254.43518", "link-local"),
        ("http://[fe80::1]", "link-local"),
        ("http://[fe80::1%25eth0]", "link-local"),
        ("http://[::ffff:169.254.169.254]", "link-local"),
        ("http://[::ffff:a9fe:a9fe]", "link-local"),
        ("http://[64:ff9b::a9fe:a9fe]", "link-local"),
        ("http://[fd00:ec2::254]", "metadata"),
        ("http://100.100.100.200", "metadata"),
        ("http://0", "unspecified"),
        ("http://0.0.0.0", "unspecified"),
        ("http://[::]", "unspecified"),
        ("http://224.0.0.1", "multicast"),
        ("http://[ff02::1]", "multicast"),
        ("http://LOCALHOST", "loopback"),
        ("http://localhost.", "loopback"),
        ("http://127.1", "loopback"),
        ("http://[::ffff:127.0.0.1]", "loopback"),
    ]
]


@pytest.mark.parametrize(("change", "path", "word"), [*SHAPE, *PUSH, *OPTION, *ROUTE, *BASE_URL])
def test_wrong_document_is_refused_with_path_and_reason(change: Change, path: str, word: str) -> None:
    error = refused(changed(change))
    assert error.path == path
    assert word in error.problem


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "line 1, column 1"),
        (f'{{"accounts": [\n  "{SECRET}",\n]}}', "line 2, column"),
        (f'{{"accounts": "{SECRET}', "line 1, column 14"),
        (f'{{"accounts": []}} {SECRET}', "line 1, column"),
        (b'{"accounts": "\xff"}', "UTF-8 (byte 14)"),
        ("\ufeff{}", "line 1, column 1"),
        ('{"accounts": NaN}', "NaN"),
        ('{"accounts": -Infinity}', "-Infinity"),
        ('{"accounts": 1e999}', "too large"),
        ('{"accounts": ' + "9" * 5000 + "}", "digits"),
        ("[" * 200_000, "deep"),
        ('{"accounts": ' + '{"a":' * 100_000 + "1" + "}" * 100_001, "deep"),
        ('{"accounts": [], "accounts": []}', "the key accounts twice"),
        (f'{{"accounts": [{{"{SECRET} x": 1, "{SECRET} x": 2}}]}}', "a key twice"),
        ("null", "object"),
        ("[]", "object"),
        ('"x"', "object"),
    ],
)
def test_what_is_no_document_is_refused(text: str | bytes, word: str) -> None:
    error = refused(text)
    assert error.path == "document"
    assert word in error.problem


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(account=st.integers(0, 4), key=st.sampled_from(sorted(DOCUMENT["accounts"][0])), value=JSON_VALUES)
def test_any_value_anywhere_is_read_or_refused_with_its_path(account: int, key: str, value: object) -> None:
    def change(document: dict[str, Any]) -> None:
        document["routes"] = []
        put(account, key, value)(document)

    path = f"accounts[{account}]."
    try:
        parse_accounts(changed(change))
    except ConfigurationError as error:
        path = error.path
    assert path.startswith(f"accounts[{account}].")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationError):
        parse_accounts(data)


@pytest.mark.parametrize(
    ("written", "ip", "device", "client"),
    [
        ({}, ((10, 3600), (30, 86_400)), ((10, 3600), (30, 86_400)), None),
        ({"keys": {"ip": {"day": 5}}}, ((5, 86_400),), ((10, 3600), (30, 86_400)), None),
        ({"keys": {"device": None}, "client": None}, ((10, 3600), (30, 86_400)), (), None),
        ({"client": {"hour": 5000}}, ((10, 3600), (30, 86_400)), ((10, 3600), (30, 86_400)), 5000),
    ],
)
def test_caps_of_verifications(written: dict[str, Any], ip: object, device: object, client: int | None) -> None:
    found = parse_accounts(json.dumps({"accounts": [], "verifications": written})).verifications
    assert (found.keys["ip"], found.keys["device"], found.client) == (ip, device, client)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ({"key": {}}, "verifications.key"),
        ({"keys": {"mac": {}}}, "verifications.keys.mac"),
        ({"keys": {"ip": {"hour": 0}}}, "verifications.keys.ip.hour"),
        ({"keys": {"ip": {"week": 1}}}, "verifications.keys.ip.week"),
        ({"client": 5}, "verifications.client"),
        ({"client": {}}, "verifications.client.hour"),
        ({"client": {"hour": 0}}, "verifications.client.hour"),
        ([], "verifications"),
    ],
)
def test_wrong_caps_of_verifications_are_refused_by_their_place(written: object, path: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_accounts(json.dumps({"accounts": [], "verifications": written}))
    assert error.value.path == path
