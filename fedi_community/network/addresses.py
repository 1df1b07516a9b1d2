"""Which IP addresses a server may be asked to connect to: a table, and nothing else.

The table is the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890, RFC 8190) with the
multicast and reserved ranges added. Blocks that the registries call globally reachable (AS112, AMT, PCP
anycast) are refused as well: no peer is served from there. For IPv6 only global unicast (2000::/3) is
open at all, so that IPv4-mapped, IPv4-compatible, NAT64, unique-local, link-local, `::` and everything
not yet assigned are outside by construction.

This module does no I/O and resolves no names.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

BLOCKED_V4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared address space (carrier NAT)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link local, cloud metadata
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # IETF protocol assignments, DS-Lite, NAT64 discovery, PCP and TURN anycast
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relay anycast, deprecated
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112 direct delegation
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, limited broadcast
    )
)

OPEN_V6 = IPv6Network("2000::/3")
"""Global unicast: the only IPv6 space a connection may go to."""

BLOCKED_V6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, AMT, AS112, ORCHID, drone ids
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112 direct delegation
        "3fff::/20",  # documentation
    )
)


def is_public(address: str | IPv4Address | IPv6Address) -> bool:
    """Whether a connection to `address` can only reach the public internet.

    A text that is no canonical address, and an IPv6 address with a zone, are not public.
    """
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return False
    if isinstance(address, IPv4Address):
        return not any(address in block for block in BLOCKED_V4)
    if address.scope_id is not None or address not in OPEN_V6:
        return False
    return not any(address in block for block in BLOCKED_V6)
