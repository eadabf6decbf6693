"""Addresses that no vendor can have, in every spelling a resolver or a careless base_url may produce."""

import pytest

from smsgateway.config.addresses import forbidden, literal


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("2002:a9fe:a9fe::", "link-local"),
        ("64:ff9b::169.254.169.254", "link-local"),
        ("::169.254.169.254", "link-local"),
        ("::169.254.169.254%1", "link-local"),
        ("::ffff:0:169.254.169.254", "link-local"),
        ("64:ff9b:1::169.254.169.254", "link-local"),
        ("64:ff9b:1:a9fe:a9:fe00::", "link-local"),
        ("64:ff9b:1:a9:fe:a9fe::", "link-local"),
        ("64:ff9b:1:0:a9:fea9:fe::", "link-local"),
        ("2001:0:a9fe:a9fe::", "link-local"),
        ("2001:0:808:808:0:0:5601:5601", "link-local"),
        ("2001:db8::5efe:169.254.169.254", "link-local"),
        ("2001:db8::200:5efe:a9fe:a9fe", "link-local"),
        ("64:ff9b::100.100.100.200", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
    ],
)
def test_address_that_no_vendor_has(address: str, kind: str) -> None:
    assert forbidden(address, allow_loopback=True) == kind
    assert forbidden(address, allow_loopback=False) == kind


TRANSLATED_LOOPBACK = [
    "::1%lo",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "2002:7f00:1::1",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1:7f00:0:100::",
    "64:ff9b:1:7f:0:1::",
    "64:ff9b:1:0:7f:0:100:0",
    "2001:db8::5efe:127.0.0.1",
]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", *TRANSLATED_LOOPBACK]
)
def test_loopback_is_forbidden_unless_allowed(address: str) -> None:
    assert forbidden(address, allow_loopback=False) == "loopback"
    assert forbidden(address, allow_loopback=True) == ""


@pytest.mark.parametrize(
    "address",
    [
        *("120.26.66.24", "10.1.2.3", "100.100.100.201", "2408:4001::1", "64:ff9b::8.8.8.8", "64:ff9b:1::8.8.8.8"),
        *("2001:0:808:808:0:0:f7f7:f7f7", "2001:db8::5efe:8.8.8.8", "2002:808:808::1"),
    ],
)
def test_any_other_address_is_not_forbidden(address: str) -> None:
    assert forbidden(address, allow_loopback=False) == ""


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"]
)
def test_every_spelling_of_an_address_is_one(host: str) -> None:
    assert literal(host) == "127.0.0.1"


@pytest.mark.parametrize("host", ["vendor.example", "256.1.1.1", "1.2.3.4.5", "", "名字", "::g"])
def test_a_name_is_no_address(host: str) -> None:
    assert literal(host) is None
