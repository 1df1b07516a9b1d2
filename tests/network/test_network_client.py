"""Requests over real sockets: limits, redirects, signing, and what may not be followed."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import httpx
import pytest

from fedi_community.network import FetchError, Network, Reason
from fedi_community.network.client import GETS_PER_HOST

from .conftest import Peer, answer


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(status, b"", f"Location: {location}")


async def reason_of(call) -> Reason:
    with pytest.raises(FetchError) as caught:
        await call
    return caught.value.reason


async def test_a_get_brings_status_headers_and_body(peer_at, network: Network) -> None:
    peer = await peer_at({"/a?b=c": answer("418 Teapot", b"hello", "X-One: 1", "x-one: 2", "ETag: y")})
    response = await network.get(peer.url("/a?b=c#fragment"), headers={"Accept": "text/plain"})
    assert (response.status, response.body, response.url) == (418, b"hello", peer.url("/a?b=c"))
    assert response.headers["x-one"] == "1, 2"
    method, path, headers, _ = peer.requests[0]
    assert (method, path) == ("GET", "/a?b=c")
    assert headers["host"] == peer.authority
    assert headers["user-agent"] == "test/1"
    assert headers["accept"] == "text/plain"


async def test_a_post_sends_its_body_and_headers_as_given(peer_at, network: Network) -> None:
    peer = await peer_at({"/inbox": answer("202 Accepted", b"ok")})
    response = await network.post(peer.url("/inbox"), b"{}", {"Signature": "s", "Content-Type": "a/b"})
    assert (response.status, response.body) == (202, b"ok")
    method, _, headers, body = peer.requests[0]
    assert (method, body, headers["signature"], headers["content-type"]) == ("POST", b"{}", "s", "a/b")


async def test_a_redirect_of_a_post_is_an_answer_and_is_not_followed(peer_at, network: Network) -> None:
    peer = await peer_at({"/inbox": redirect("/other", "307 Temporary Redirect"), "/other": answer()})
    response = await network.post(peer.url("/inbox"), b"{}", {})
    assert (response.status, response.headers["location"]) == (307, "/other")
    assert len(peer.requests) == 1


async def test_three_redirects_are_followed_and_each_hop_is_signed_for_its_exact_url(
    peer_at, network: Network
) -> None:
    peer = await peer_at(
        {"/1": redirect("/2"), "/2": redirect("3?x=ä", "301 Moved"), "/3?x=%C3%A4": redirect("/4", "308 Permanent"),
         "/4": answer("200 OK", b"end")}
    )  # fmt: skip
    response = await network.get(peer.url("/1"), sign=lambda method, url: {"X-Signed": f"{method} {url}"})
    assert (response.body, response.url) == (b"end", peer.url("/4"))
    assert [headers["x-signed"] for _, _, headers, _ in peer.requests] == [
        f"GET {peer.url(path)}" for path in ("/1", "/2", "/3?x=%C3%A4", "/4")
    ]


async def test_a_fourth_redirect_is_refused(peer_at, network: Network) -> None:
    peer = await peer_at({f"/{n}": redirect(f"/{n + 1}") for n in range(1, 5)} | {"/5": answer()})
    assert await reason_of(network.get(peer.url("/1"))) is Reason.TOO_MANY_REDIRECTS
    assert [path for _, path, _, _ in peer.requests] == ["/1", "/2", "/3", "/4"]


async def test_a_redirect_loop_is_refused(peer_at, network: Network) -> None:
    peer = await peer_at({"/self": redirect("/self"), "/a": redirect("/b"), "/b": redirect("/a#again")})
    assert await reason_of(network.get(peer.url("/self"))) is Reason.REDIRECT_LOOP
    assert await reason_of(network.get(peer.url("/a"))) is Reason.REDIRECT_LOOP
    assert len(peer.requests) == 3


async def test_a_redirect_to_another_origin_is_followed_only_where_allowed(peer_at, network: Network) -> None:
    other = await peer_at({"/x": answer("200 OK", b"there")})
    peer = await peer_at({"/x": redirect(other.url("/x"))})
    assert await reason_of(network.get(peer.url("/x"))) is Reason.REDIRECT_REFUSED
    assert other.connections == 0
    secret = {"Authorization": "Bearer t", "Accept": "a/b"}
    response = await network.get(peer.url("/x"), headers=secret, same_origin_redirects=False)
    assert (response.body, response.url) == (b"there", other.url("/x"))
    assert "authorization" not in other.requests[0][2]
    assert other.requests[0][2]["accept"] == "a/b"


@pytest.mark.parametrize(
    "location", ["ftp://x/", "https://u@peer.example/", "data:text/plain,x", "http://[::1/"]
)
async def test_a_redirect_to_no_plain_address_is_refused(peer_at, network: Network, location: str) -> None:
    peer = await peer_at({"/x": redirect(location)})
    assert await reason_of(network.get(peer.url("/x"), same_origin_redirects=False)) is Reason.BAD_URL


async def test_a_redirect_may_not_change_the_scheme_or_reach_the_own_host(peer_at, network: Network) -> None:
    peer = await peer_at({"/s": redirect("https://peer.example/"), "/o": redirect("http://clinic.example/")})
    refused = network.get(peer.url("/s"), same_origin_redirects=False)
    assert await reason_of(refused) is Reason.REDIRECT_REFUSED
    assert await reason_of(network.get(peer.url("/o"), same_origin_redirects=False)) is Reason.OWN_HOST


async def test_a_redirect_without_a_location_is_the_answer(peer_at, network: Network) -> None:
    peer = await peer_at({"/x": answer("304 Not Modified"), "/y": answer("302 Found", b"where")})
    assert (await network.get(peer.url("/x"))).status == 304
    assert (await network.get(peer.url("/y"))).body == b"where"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]"]
)
async def test_a_redirect_to_a_private_address_opens_no_connection(address: str) -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": f"https://{address}/latest/meta-data"})

    network = Network(own_host="clinic.example", user_agent="t", resolver=_resolve_public)
    guarded = network._transport
    first = httpx.MockTransport(handle)

    class FirstHop(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            chosen = first if request.url.host == "peer.example" else guarded
            return await chosen.handle_async_request(request)

    network._transport = FirstHop()
    refused = network.get("https://peer.example/", same_origin_redirects=False)
    assert await reason_of(refused) is Reason.BLOCKED_ADDRESS
    assert asked == ["https://peer.example/"]


async def test_a_redirect_from_https_to_http_is_refused() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "http://peer.example/"})

    network = Network(own_host="clinic.example", user_agent="t", transport=httpx.MockTransport(handle))
    assert await reason_of(network.get("https://peer.example/")) is Reason.BAD_URL
    await network.aclose()


async def _resolve_public(host: str, port: int) -> list[str]:
    return ["1.1.1.1"]


# Limits


async def test_a_body_at_the_limit_is_read_and_one_byte_more_is_refused(peer_at, network: Network) -> None:
    body = b"x" * 100_000
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + body + b"\r\n0\r\n\r\n"
    until_close = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body

    async def closing(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(until_close)
        writer.close()

    peer = await peer_at({"/length": answer("200 OK", body), "/chunked": chunked, "/close": closing})
    for path in ("/length", "/chunked", "/close"):
        assert (await network.get(peer.url(path), max_bytes=100_000)).body == body
        assert await reason_of(network.get(peer.url(path), max_bytes=99_999)) is Reason.TOO_LARGE


async def test_an_announced_length_beyond_the_limit_is_refused_before_the_body_comes(
    peer_at, network: Network
) -> None:
    peer = await peer_at({"/": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"})
    assert await reason_of(network.get(peer.url())) is Reason.TOO_LARGE


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_compressed_body_is_decoded_and_a_bomb_is_refused(
    peer_at, network: Network, coding: str
) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress
    text, bomb = b'{"type":"Note"}' * 100, bytes(50_000_000)
    peer = await peer_at(
        {
            "/text": answer("200 OK", pack(text), f"Content-Encoding: {coding}"),
            "/bomb": answer("200 OK", pack(bomb), f"Content-Encoding: {coding}"),
            "/small": answer("200 OK", pack(bytes(500_000)), f"Content-Encoding: {coding}"),
            "/cut": answer("200 OK", pack(text)[:-6], f"Content-Encoding: {coding}"),
            "/junk": answer("200 OK", b"not compressed", f"Content-Encoding: {coding}"),
        }
    )
    assert (await network.get(peer.url("/text"))).body == text
    assert await reason_of(network.get(peer.url("/bomb"))) is Reason.TOO_LARGE
    assert await reason_of(network.get(peer.url("/small"))) is Reason.TOO_LARGE  # the ratio
    assert await reason_of(network.get(peer.url("/text"), max_bytes=200)) is Reason.TOO_LARGE
    assert await reason_of(network.get(peer.url("/cut"))) is Reason.BAD_ENCODING
    assert await reason_of(network.get(peer.url("/junk"))) is Reason.BAD_ENCODING


async def test_a_coding_that_was_not_asked_for_is_refused(peer_at, network: Network) -> None:
    peer = await peer_at({"/": answer("200 OK", b"x", "Content-Encoding: br"),
                          "/2": answer("200 OK", b"x", "Content-Encoding: gzip, gzip")})  # fmt: skip
    assert await reason_of(network.get(peer.url())) is Reason.BAD_ENCODING
    assert await reason_of(network.get(peer.url("/2"))) is Reason.BAD_ENCODING


async def test_a_trickling_answer_ends_at_the_deadline_and_frees_its_connection(
    peer_at, network: Network
) -> None:
    async def trickle(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    peer = await peer_at({"/": trickle, "/fine": answer("200 OK", b"ok")})
    for _ in range(6):  # more often than a host has connections
        assert await reason_of(network.get(peer.url(), timeout=0.05)) is Reason.TIMEOUT
    assert await reason_of(network.post(peer.url(), b"", {}, timeout=0.05)) is Reason.TIMEOUT
    assert (await network.get(peer.url("/fine"))).body == b"ok"


async def test_only_so_many_gets_run_at_once_against_one_host(peer_at, network: Network) -> None:
    running = highest = 0

    async def count(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal running, highest
        running += 1
        highest = max(highest, running)
        for _ in range(20):
            await asyncio.sleep(0)
        running -= 1
        writer.write(answer())

    peer = await peer_at({"/": count})
    await asyncio.gather(*(network.get(peer.url()) for _ in range(12)))
    assert highest == GETS_PER_HOST
    assert network._gets == {}


async def test_a_long_answer_to_a_post_is_cut_and_still_counts(peer_at, network: Network) -> None:
    peer = await peer_at({"/inbox": answer("202 Accepted", b"x" * 300_000)})
    response = await network.post(peer.url("/inbox"), b"{}", {})
    assert (response.status, len(response.body)) == (202, 65_536)
    assert (await network.post(peer.url("/inbox"), b"{}", {})).status == 202


async def test_a_line_break_in_a_header_field_is_never_sent(peer_at, network: Network) -> None:
    peer = await peer_at({"/": answer()})
    for value in ("a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"):
        assert await reason_of(network.get(peer.url(), headers={"X-A": value})) is Reason.BAD_URL
    assert peer.requests == []
    assert (await network.get(peer.url(), headers={"X-A": "plain"})).status == 200
