"""The options of an account: each is read, and none is forgotten."""

import pytest

from smsgateway.codecs import VENDORS
from smsgateway.config.options import OPTIONS
from smsgateway.model import About, Options
from tests.unit.config.given import (
    HB,
    HJ,
    JF,
    LY,
    QX,
    changed,
    options,
    put,
    refused,
)

EVERY_OPTION: list[tuple[int, str, object, object]] = [
    (HB, "timeout", 50, 50.0),
    (HB, "timeout", 1.5, 1.5),
    (HB, "recipients_per_request", 200, 200),
    (LY, "recipients_per_request", 50_000, 50_000),
    (HB, "requests_per_second", 0.5, 0.5),
    (HB, "report_window", 3600, 3600),
    (LY, "parts_window", 60, 60),
    (JF, "ack", '{"ok": true}\n', '{"ok": true}\n'),
    (JF, "ack", "", ""),
    (LY, "ack", "OK", "OK"),
    (HJ, "ack", "OK", "OK"),
    (HB, "charset", "GB18030", "gb18030"),
    (QX, "charset", "utf-8", "utf-8"),
    (LY, "method", "GET", "GET"),
    (QX, "method", "POST", "POST"),
    (JF, "sign_method", "HmacSHA512", "HmacSHA512"),
    (JF, "free_text_template", "675", "675"),
    (LY, "product", "p", "p"),
    (HB, "access_number", "10690001", "10690001"),
    (HJ, "extension_prefix_length", 4, 4),
    (HJ, "push_window", 0, 0),
    (HB, "paths", {"send": "/x/send.do"}, {"send": "/x/send.do"}),
    (HB, "codes", {"-9": "moment", "123": "numbers"}, {"-9": About.MOMENT, "123": About.NUMBERS}),
    (HB, "codes", {"-9": "signature"}, {"-9": "signature"}),
    (LY, "words", {" mk:0012 ": "unreachable", "OK": "delivered"}, {"MK:0012": "unreachable", "OK": "delivered"}),
    (HB, "breaker_failures", 1, 1),
    (HB, "breaker_seconds", 1, 1),
    (HB, "in_flight", 1, 1),
    (LY, "silence_seconds", 300, 300),
    (QX, "silence_messages", 0, 0),
    (JF, "figures_tolerance", 1, 1.0),
    (HB, "opt_out_words", ["不要了", " ００００ "], ("不要了", " ００００ ")),
    (LY, "opt_in_words", ["重来"], ("重来",)),
    (QX, "opt_out_confirmation", "您已退订", "您已退订"),
]


@pytest.mark.parametrize(("vendor", "name", "value", "expected"), EVERY_OPTION)
def test_option_is_read(vendor: int, name: str, value: object, expected: object) -> None:
    assert getattr(options(vendor, **{name: value}), name) == expected


def test_every_option_of_the_model_and_of_the_vendors_can_be_set() -> None:
    names = set(Options.__dataclass_fields__)
    assert set(OPTIONS) == names, "config/options.py and Options in model.py name the same options"
    assert {name for _, name, _, _ in EVERY_OPTION} == names - {"free_text_signature"}
    listed = [vendor.profile.options for vendor in VENDORS.values()]
    assert frozenset[str]().union(*listed) == {name for name, option in OPTIONS.items() if option.of_some}


def test_free_text_signature_goes_with_a_template() -> None:
    assert options(JF, free_text_template="675", free_text_signature=True).free_text_signature is True
    error = refused(changed(put(JF, "options", {"free_text_signature": True})))
    assert error.path == "accounts[1].options.free_text_signature"


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"opt_out_words": ["退", "。！"]}, "opt_out_words[1]"),
        ({"opt_out_words": "退"}, "opt_out_words"),
        ({"opt_in_words": ["好的", "Ｔ。"]}, "opt_in_words[1]"),
        ({"opt_in_words": ["A B"], "opt_out_words": ["ab"]}, "opt_in_words[0]"),
    ],
)
def test_words_that_could_never_be_meant_are_refused(options: dict[str, object], place: str) -> None:
    """GIVEN a word without a letter, or one that means stop and start WHEN it is read THEN it is refused."""
    assert refused(changed(put(HB, "options", options))).path == f"accounts[0].options.{place}"
