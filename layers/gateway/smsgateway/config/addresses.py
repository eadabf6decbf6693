"""IP addresses that no vendor can have (RFC 6890): link-local, metadata, loopback.

config/accounts.py checks what is written in a `base_url`; calling/transport.py checks what a name leads to, and where a
connection ended.
"""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_THIS_NETWORK = ip_network("0.0.0.0/8")  # Linux connects 0.0.0.0 to itself
_RESERVED = ip_network("240.0.0.0/4")  # with the broadcast address
_METADATA = (
    ip_network("fd00:ec2::/32"),  # AWS: 169.254.169.254 and its relatives over IPv6
    ip_network("fd20:ce::254/128"),  # Google Cloud
    ip_network("100.100.100.200/32"),  # Alibaba Cloud
    ip_network("168.63.129.16/32"),  # Azure
    ip_network("192.0.0.192/32"),  # Oracle Cloud
)
# IPv6 addresses that hold an IPv4 one in their last 32 bits, to which a translator or a tunnel may lead.
_TRANSLATED = (
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    IPv6Network("::ffff:0:0:0/96"),  # SIIT, "IPv4-translated" (RFC 2765)
    IPv6Network("::/96"),  # "IPv4-compatible" (RFC 4291)
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215: a network divides it as it likes
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # the third 32 bits (RFC 5214)
_32_BITS = 0xFFFF_FFFF


def forbidden(address: str, *, allow_loopback: bool) -> str:
    """The kind of an address that must not be connected to (`link-local`, …); empty for any other address.

    Raises ValueError for what is not an IP address.
    """
    written = ip_address(address)
    kinds = [_kind(each, allow_loopback) for each in (written, *_embedded(written))]
    return next(filter(None, kinds), "")


def literal(host: str) -> str | None:
    """The IP address that a host is, in any spelling the resolver knows (`0x7f.1`, `2130706433`); None for a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _embedded(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses inside an IPv6 one, in every form that can hold one: they decide where a connection ends."""
    if isinstance(address, IPv4Address):
        return
    bits = int(address)
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo  # its server, and the address behind which the other end is
    if any(address in network for network in _TRANSLATED) and bits > 1:  # `::` and `::1` are themselves
        yield IPv4Address(bits & _32_BITS)
    if bits >> 32 & _32_BITS in _ISATAP:
        yield IPv4Address(bits & _32_BITS)
    if address in _LOCAL_NAT64:
        yield from _in_local_nat64(bits)


def _in_local_nat64(bits: int) -> Iterator[IPv4Address]:
    """The IPv4 addresses wherever a prefix of 48, 56, 64 or 96 bits puts them: RFC 6052, section 2.2, which leaves the
    ninth octet out.

    Bits that only fill up make an address of `0.0.0.0/8` in most of these places, which is none.
    """
    without_ninth = (bits >> 64) << 56 | bits & (1 << 56) - 1
    places = [bits, *(without_ninth >> (120 - prefix - 32) for prefix in (48, 56, 64))]
    found = (IPv4Address(each & _32_BITS) for each in places)
    yield from (each for each in found if each not in _THIS_NETWORK)


def translated(network: str) -> str:
    """The IPv4 network that a network of IPv4-mapped addresses stands for (`::ffff:203.0.113.0/120`).

    Any other network is returned as it is.

    Raises ValueError for what is no network, or has host bits.
    """
    parsed = ip_network(network)
    if isinstance(parsed, IPv6Network) and (mapped := parsed.network_address.ipv4_mapped) and parsed.prefixlen >= 96:
        return f"{mapped}/{parsed.prefixlen - 96}"
    return network


def _kind(address: IPv4Address | IPv6Address, allow_loopback: bool) -> str:
    if address.is_loopback:
        return "" if allow_loopback else "loopback"
    if address.is_unspecified or address in _THIS_NETWORK:
        return "unspecified"
    if address.is_link_local:
        return "link-local"
    if any(address in network for network in _METADATA):
        return "metadata"
    if address.is_multicast:
        return "multicast"
    return "reserved" if address in _RESERVED else ""
