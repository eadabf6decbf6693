"""Who asks for a code: the keys of a request in the form in which they are counted."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from smsgateway.accepting.post import Refusal

IPV6_PREFIX = 64  # bits: what one connection is given, so that whoever has it has every address in it


def asker(kind: str, value: str) -> str:
    """What a key is counted as: the same for everything that one asker may be written as, and may easily change to.

    Raises Refusal for an `ip` that is no address.
    """
    if kind != "ip":
        return value
    try:
        return _connection(ip_address(value))
    except ValueError:
        problem = "is no address: give one IPv4 or IPv6 address, without a port"
        raise Refusal(422, "No address", f"keys.ip {problem}", [("keys.ip", problem)]) from None


def _connection(address: IPv4Address | IPv6Address) -> str:
    """The connection that an address belongs to: an IPv4 address, or a network of IPv6 addresses."""
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), IPV6_PREFIX), strict=False))
