"""URLs and names: what may be requested at all, as a literal and as a DNS answer."""

from __future__ import annotations

import asyncio

import pytest

from fedi_community.network import FetchError, Network, Reason, check_url
from fedi_community.network.guard import checked_addresses

HOSTILE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


class NoConnections:
    """Fails the test when a connection is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[object] = []

        async def create_connection(*args: object, **kwargs: object) -> None:
            self.opened.append(args)
            raise OSError

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create_connection)


def resolver_of(*addresses: str):
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


def literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("address", HOSTILE)
async def test_a_special_address_as_a_literal_opens_no_connection(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = NoConnections(monkeypatch)
    network = Network(own_host="clinic.example", user_agent="t", resolver=resolver_of())
    url = f"https://{literal(address)}/"
    for call in (network.get(url), network.post(url, b"", {})):
        with pytest.raises(FetchError) as caught:
            await call
        assert caught.value.reason is Reason.BLOCKED_ADDRESS
        assert not caught.value.retryable
    assert watch.opened == []


@pytest.mark.parametrize("address", HOSTILE)
async def test_a_special_address_among_the_dns_answers_opens_no_connection(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = NoConnections(monkeypatch)
    network = Network(own_host="clinic.example", user_agent="t", resolver=resolver_of("1.1.1.1", address))
    with pytest.raises(FetchError) as caught:
        await network.get("https://peer.example/")
    assert caught.value.reason is Reason.BLOCKED_ADDRESS
    assert watch.opened == []


async def test_public_answers_are_connected_to_in_the_order_of_the_resolver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = NoConnections(monkeypatch)
    network = Network(
        own_host="clinic.example", user_agent="t", resolver=resolver_of("2606:4700::1111", "1.1.1.1")
    )
    with pytest.raises(FetchError) as caught:
        await network.get("https://peer.example/")
    assert caught.value.reason is Reason.CONNECT
    assert [args[1] for args in watch.opened] == ["2606:4700::1111", "1.1.1.1"]


async def test_a_name_without_an_address_is_a_retryable_dns_failure() -> None:
    async def fails(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    for resolver in (fails, resolver_of()):
        with pytest.raises(FetchError) as caught:
            await checked_addresses("peer.example", 443, resolver)
        assert (caught.value.reason, caught.value.retryable) == (Reason.DNS, True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "peer.example",
        "/relative",
        "//peer.example/",
        "http://peer.example/",
        "ftp://peer.example/",
        "data:application/json,{}",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://peer.example:8443/",
        "https://peer.example:80/",
        "https://peer.example:0/",
        "https://peer.example:99999/",
        "https://peer.example:x/",
        "https://user@peer.example/",
        "https://user:word@peer.example/",
        "https://@peer.example/",
        "https://peer.example@127.0.0.1/",
        "https://peer.example\\@127.0.0.1/",
        "https://peer.example\\evil/",
        "https://peer.example/a b",
        "https://peer.example/\r\nX: y",
        "https://peer.example/\x00",
        "https://peer.example./",
        "https://peer..example/",
        "https://.peer.example/",
        "https://-peer.example/",
        "https://peer_.exa!mple/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1.5/",
        "https://peer%2eexample/",
        "https://[::1/",
        "https://[v1.fe]/",
        "https://" + "a" * 64 + ".example/",
        "https://peer.example/" + "a" * 2048,
    ],
)
def test_a_url_that_is_not_plain_https_is_refused(url: str) -> None:
    with pytest.raises(FetchError) as caught:
        check_url(url)
    assert (caught.value.reason, caught.value.retryable) == (Reason.BAD_URL, False)


@pytest.mark.parametrize(
    ("url", "wire"),
    [
        ("https://peer.example", "https://peer.example/"),
        ("https://PEER.example:443/Users/a?b=c#key", "https://peer.example/Users/a?b=c"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://peer.example/a/../b?x=%2F@y", "https://peer.example/b?x=%2F@y"),
        ("https://peer.example/@alice", "https://peer.example/@alice"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
    ],
)
def test_a_url_has_one_form_on_the_wire(url: str, wire: str) -> None:
    target = check_url(url)
    assert target.text == wire
    assert check_url(wire).text == wire
    assert target.origin == f"https://{target.authority}"


def test_http_and_other_ports_are_allowed_only_with_private_peers() -> None:
    assert check_url("http://127.0.0.1:8080/x", True).authority == "127.0.0.1:8080"
    assert check_url("http://localhost/x", True).port == 80
    with pytest.raises(FetchError):
        check_url("ftp://127.0.0.1/x", True)


@pytest.mark.parametrize("path", ["/users/a", ":443/", "#x"])
async def test_the_own_host_is_never_asked(path: str) -> None:
    network = Network(own_host="Clinic.example", user_agent="t", resolver=resolver_of("1.1.1.1"))
    url = f"https://CLINIC.example{path}"
    for call in (network.get(url), network.post(url, b"", {})):
        with pytest.raises(FetchError) as caught:
            await call
        assert caught.value.reason is Reason.OWN_HOST


async def test_the_systems_resolver_answers_for_localhost_and_the_guard_refuses_it() -> None:
    network = Network(own_host="clinic.example", user_agent="t")
    with pytest.raises(FetchError) as caught:
        await network.get("https://localhost/")
    assert caught.value.reason is Reason.BLOCKED_ADDRESS
    await network.aclose()
