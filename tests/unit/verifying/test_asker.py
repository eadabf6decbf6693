"""Who asks for a code: one address is one key, however it is written, and one connection is one address."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgateway.accepting.post import Refusal
from smsgateway.verifying.asker import asker

networks = st.integers(0, 2**64 - 1).map(lambda bits: IPv6Network((bits << 64, 64))).filter(lambda each: int(each[0]))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_itself_also_within_ipv6(address: IPv4Address) -> None:
    mapped = f"::ffff:{address}"
    bits = IPv6Address(mapped)
    assert {asker("ip", each) for each in (str(address), mapped, mapped.upper(), bits.exploded)} == {str(address)}


@given(networks, st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_the_addresses_of_one_connection_are_one(network: IPv6Network, one: int, other: int) -> None:
    assert asker("ip", network[one].exploded) == asker("ip", network[other].compressed.upper()) == str(network)


@given(networks, networks)
def test_other_connections_are_others(one: IPv6Network, other: IPv6Network) -> None:
    assert (asker("ip", str(one[1])) == asker("ip", str(other[1]))) == (one == other)


@pytest.mark.parametrize(
    "value", ["", "a", "203.0.113", "203.0.113.007", "[::1]", "::1/64", "1.2.3.4:5", "1.2.3.4,::1"]
)
def test_what_is_no_address_is_refused_at_its_place(value: str) -> None:
    with pytest.raises(Refusal) as refused:
        asker("ip", value)
    assert [refused.value.status, *(place for place, _ in refused.value.errors)] == [422, "keys.ip"]


@given(st.text())
def test_a_device_is_what_the_client_says(value: str) -> None:
    assert asker("device", value) == value
