"""The address table: every block of the special-purpose registries, at its first and last address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi_community.network import is_public

SPECIAL = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/31",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700::1111",
    "2a00:1450::1",
    "3ffe:ffff::1",
    "3fff:1000::1",
]


@pytest.mark.parametrize("block", SPECIAL)
def test_both_ends_of_a_special_block_are_not_public(block: str) -> None:
    network = ip_network(block)
    assert not is_public(network[0])
    assert not is_public(str(network[-1]))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_ordinary_address_beside_the_blocks_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("hidden", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1"])
def test_a_private_ipv4_address_in_any_ipv6_clothes_is_not_public(hidden: str) -> None:
    v4 = IPv4Address(hidden)
    high, low = int(v4) >> 16, int(v4) & 0xFFFF
    clothes = [
        f"::ffff:{hidden}",  # mapped
        f"::{hidden}",  # compatible
        f"64:ff9b::{hidden}",  # NAT64
        f"64:ff9b:1::{hidden}",  # local NAT64
        f"2002:{high:x}:{low:x}::1",  # 6to4
        f"2001:0:{high:x}:{low:x}::1",  # Teredo server
        f"2001::{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}",  # Teredo client
    ]
    assert [address for address in clothes if is_public(address)] == []


@pytest.mark.parametrize(
    "text", ["", "localhost", "2130706433", "127.1", "0x7f.0.0.1", "1.1.1.1 ", "010.8.8.8", "::1%lo"]
)
def test_a_text_that_is_no_canonical_address_is_not_public(text: str) -> None:
    assert not is_public(text)


def test_a_public_address_with_a_zone_is_not_public() -> None:
    assert is_public("2606:4700::1111")
    assert not is_public("2606:4700::1111%eth0")


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_is_public_that_the_standard_library_calls_private(
    address: IPv4Address | IPv6Address,
) -> None:
    if is_public(address):
        assert ip_address(str(address)).is_global
