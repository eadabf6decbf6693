"""IP addresses that no vendor can have (RFC 6890; design.md section 2: link-local, metadata, loopback).

The settings check what is written in a `base_url`, the transport what a name leads to when a connection is made.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_THIS_NETWORK = ip_network("0.0.0.0/8")  # Linux connects 0.0.0.0 to itself
_RESERVED = ip_network("240.0.0.0/4")  # with the broadcast address
_METADATA = (
    ip_network("fd00:ec2::/32"),  # AWS: 169.254.169.254 and its relatives over IPv6
    ip_network("100.100.100.200/32"),  # Alibaba Cloud
    ip_network("168.63.129.16/32"),  # Azure
    ip_network("192.0.0.192/32"),  # Oracle Cloud
)
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")


def forbidden(address: str, *, allow_loopback: bool) -> str:
    """What kind of address it is that must not be connected to (`link-local`, …); empty for any other.

    Raises ValueError for what is not an IP address.
    """
    return _kind(_innermost(ip_address(address)), allow_loopback)


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


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside an IPv6 one, where there is one: it decides where the connection ends."""
    if isinstance(address, IPv4Address):
        return address
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is not None:
        return embedded
    if address in _NAT64 or (address in _IPV4_COMPATIBLE and int(address) > 1):  # `::` and `::1` are themselves
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


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
