"""The pool: reuse, staleness, cancellation, bounds, and answers that try to confuse the next request."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from fedi_community.network import FetchError, Network, Reason
from fedi_community.network.transport import PooledTransport

from .conftest import Peer, answer


async def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def pool():
    made: list[PooledTransport] = []

    def make(**options) -> PooledTransport:
        made.append(PooledTransport(loopback, **options))
        return made[-1]

    yield make
    for transport in made:
        await transport.aclose()
        assert (transport._open, transport._idle, transport._origins, transport._live) == (0, {}, {}, set())


async def ask(
    transport: PooledTransport, url: str, method: str = "GET", body: bytes = b""
) -> tuple[int, bytes]:
    response = await transport.handle_async_request(httpx.Request(method, url, content=body))
    return response.status_code, await response.aread()


async def reason_of(call) -> Reason:
    with pytest.raises(FetchError) as caught:
        await call
    return caught.value.reason


async def test_connections_are_kept_and_bounded_for_each_host(peer_at, pool) -> None:
    peer = await peer_at({"/": answer("200 OK", b"x")})
    transport = pool(per_host=2)
    results = await asyncio.gather(*(ask(transport, peer.url()) for _ in range(20)))
    assert results == [(200, b"x")] * 20
    assert peer.connections == 2


async def test_waiting_requests_are_served_in_order(peer_at, pool) -> None:
    peer = await peer_at({f"/{n}": answer() for n in range(10)})
    transport = pool(per_host=1)
    await asyncio.gather(*(ask(transport, peer.url(f"/{n}")) for n in range(10)))
    assert [path for _, path, _, _ in peer.requests] == [f"/{n}" for n in range(10)]


async def test_a_kept_connection_that_the_peer_closed_is_replaced_once_even_for_a_post(peer_at, pool) -> None:
    async def close_on_second(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(peer.requests) == 2:
            writer.transport.abort()  # after it has read the request, before one byte of an answer
        else:
            writer.write(answer("202 Accepted"))

    peer = await peer_at({"/": close_on_second})
    transport = pool()
    assert (await ask(transport, peer.url(), "POST", b"one"))[0] == 202
    assert (await ask(transport, peer.url(), "POST", b"two"))[0] == 202
    assert [body for *_, body in peer.requests] == [b"one", b"two", b"two"]
    assert peer.connections == 2


async def test_a_fresh_connection_that_closes_is_a_failure_without_a_second_try(peer_at, pool) -> None:
    async def close(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    peer = await peer_at({"/": close})
    assert await reason_of(ask(pool(), peer.url(), "POST", b"one")) is Reason.DISCONNECTED
    assert peer.connections == 1


async def test_a_kept_connection_that_closes_within_the_answer_is_not_tried_again(peer_at, pool) -> None:
    async def half(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer() if len(peer.requests) == 1 else b"HTTP/1.1 2")
        if len(peer.requests) > 1:
            await writer.drain()
            writer.close()

    peer = await peer_at({"/": half})
    transport = pool()
    await ask(transport, peer.url())
    assert await reason_of(ask(transport, peer.url())) is Reason.DISCONNECTED
    assert len(peer.requests) == 2


async def test_a_connection_closed_while_idle_leaves_the_pool_at_once(peer_at, pool) -> None:
    peer = await peer_at({"/": answer("200 OK", b"x")})
    transport = pool()
    await ask(transport, peer.url())
    (idle,) = transport._idle
    peer.writers[0].close()
    await idle.closed
    assert (transport._open, len(transport._idle)) == (0, 0)
    assert (await ask(transport, peer.url()))[1] == b"x"
    assert peer.connections == 2


async def test_bytes_after_an_answer_never_reach_the_next_request(peer_at, pool) -> None:
    poison = answer("200 OK", b"first") + answer("200 OK", b"planted")
    peer = await peer_at({"/1": poison, "/2": answer("200 OK", b"second")})
    transport = pool()
    assert (await ask(transport, peer.url("/1")))[1] == b"first"
    assert (await ask(transport, peer.url("/2")))[1] == b"second"
    assert peer.connections == 2


async def test_bytes_on_an_idle_connection_close_it(peer_at, pool) -> None:
    peer = await peer_at({"/": answer("200 OK", b"x")})
    transport = pool()
    await ask(transport, peer.url())
    (idle,) = transport._idle
    peer.writers[0].write(answer("200 OK", b"planted"))
    await idle.closed
    assert (await ask(transport, peer.url()))[1] == b"x"
    assert peer.connections == 2


async def test_connection_close_and_early_answers_end_the_connection(peer_at, pool) -> None:
    peer = await peer_at({"/": answer("200 OK", b"x", "Connection: close")})
    transport = pool()
    await ask(transport, peer.url())
    await ask(transport, peer.url())
    assert peer.connections == 2


@pytest.mark.parametrize("moment", ["head", "body", "queue"])
async def test_a_cancelled_request_closes_its_connection_and_frees_its_place(
    peer_at, pool, moment: str
) -> None:
    reached = asyncio.Event()

    async def hang(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if moment == "body":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        reached.set()
        await reader.read()

    peer = await peer_at({"/hang": hang, "/": answer("200 OK", b"x")})
    transport = pool(per_host=1)
    task = asyncio.create_task(ask(transport, peer.url("/hang")))
    await reached.wait()
    if moment == "queue":
        queued = asyncio.create_task(ask(transport, peer.url()))
        while not any(origin.waiters for origin in transport._origins.values()):
            await asyncio.sleep(0)
        queued.cancel()
        assert await asyncio.gather(queued, return_exceptions=True) != []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert transport._open == 0
    assert (await ask(transport, peer.url()))[1] == b"x"


async def test_a_place_granted_in_the_moment_of_cancellation_goes_to_the_next(peer_at, pool) -> None:
    peer = await peer_at({"/": answer("200 OK", b"x")})
    transport = pool(per_host=1)
    response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
    waiting = [asyncio.create_task(ask(transport, peer.url())) for _ in range(3)]
    while sum(len(origin.waiters) for origin in transport._origins.values()) < 3:
        await asyncio.sleep(0)
    await response.aread()  # grants the first waiter, which is cancelled before it runs
    waiting[0].cancel()
    waiting[1].cancel()
    await asyncio.gather(*waiting[:2], return_exceptions=True)
    assert await waiting[2] == (200, b"x")
    assert peer.connections == 1


async def test_an_answer_that_is_closed_unread_does_not_go_back_to_the_pool(peer_at, pool) -> None:
    peer = await peer_at({"/": answer("200 OK", b"x" * 1_000_000)})
    transport = pool()
    response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
    await response.aclose()
    assert transport._open == 0


async def test_a_slow_reader_pauses_the_socket_and_loses_nothing(peer_at, pool) -> None:
    body = bytes(range(256)) * 40_000
    peer = await peer_at({"/": answer("200 OK", body)})
    transport = pool()
    response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
    (connection,) = transport._live
    for _ in range(500):  # nobody reads, and the peer would send everything
        await asyncio.sleep(0)
    assert connection._buffered < 1_000_000
    received = b"".join([chunk async for chunk in response.aiter_raw()])
    assert received == body
    assert len(transport._idle) == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400_000,
    ],
)
async def test_an_answer_that_is_no_bounded_http_is_a_bad_response(peer_at, pool, reply: bytes) -> None:
    peer = await peer_at({"/": reply, "/fine": answer("200 OK", b"x")})
    transport = pool()
    assert await reason_of(ask(transport, peer.url())) is Reason.BAD_RESPONSE
    assert transport._open == 0
    assert (await ask(transport, peer.url("/fine")))[1] == b"x"


async def test_endless_chunk_framing_is_a_bad_response(peer_at, pool) -> None:
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"e" * 500_000
    peer = await peer_at({"/": reply})
    assert await reason_of(ask(pool(), peer.url())) is Reason.BAD_RESPONSE


async def test_informational_answers_and_trailers_are_passed_over(peer_at, pool) -> None:
    reply = (
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
        b"2\r\nab\r\n1;ext=1\r\nc\r\n0\r\nX-Trailer: z\r\n\r\n"
    )
    peer = await peer_at({"/": reply})
    transport = pool()
    for _ in range(2):
        response = await transport.handle_async_request(httpx.Request("GET", peer.url()))
        assert await response.aread() == b"abc"
        assert [name for name, _ in response.headers.raw] == [b"transfer-encoding", b"x"]
    assert peer.connections == 1


async def test_a_head_request_has_no_body(peer_at, pool) -> None:
    peer = await peer_at({"/": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"})
    assert await ask(pool(), peer.url(), "HEAD") == (200, b"")


async def test_a_truncated_body_is_a_failure_and_a_body_until_close_is_not(peer_at, pool) -> None:
    def ending(reply: bytes):
        async def play(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(reply)
            writer.close()

        return play

    peer = await peer_at(
        {
            "/cut": ending(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
            "/chunk": ending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
            "/close": ending(b"HTTP/1.0 200 OK\r\n\r\nwhole"),
        }
    )
    transport = pool()
    assert await reason_of(ask(transport, peer.url("/cut"))) is Reason.DISCONNECTED
    assert await reason_of(ask(transport, peer.url("/chunk"))) is Reason.DISCONNECTED
    assert await ask(transport, peer.url("/close")) == (200, b"whole")


async def test_a_full_pool_gives_up_its_longest_idle_connection(peer_at, pool) -> None:
    peers = [await peer_at({"/": answer()}) for _ in range(3)]
    transport = pool(total=2)
    for peer in peers:
        await ask(transport, peer.url())
    assert transport._open == 2
    assert {connection.key[2] for connection in transport._idle} == {peers[1].port, peers[2].port}


async def test_a_pool_whose_connections_are_all_busy_says_so(peer_at, pool) -> None:
    reached = asyncio.Event()

    async def hang(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()

    slow, other = await peer_at({"/": hang}), await peer_at({"/": answer()})
    transport = pool(total=1)
    task = asyncio.create_task(ask(transport, slow.url()))
    await reached.wait()
    with pytest.raises(FetchError) as caught:
        await ask(transport, other.url())
    assert (caught.value.reason, caught.value.retryable) == (Reason.BUSY, True)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await ask(transport, other.url()))[0] == 200


async def test_idle_connections_end_after_their_time(peer_at, pool) -> None:
    peer = await peer_at({"/": answer()})
    transport = pool(idle_seconds=0.02)
    await ask(transport, peer.url())
    (idle,) = transport._idle
    await asyncio.wait_for(idle.closed, 2)
    assert transport._open == 0


async def test_a_port_where_nothing_listens_is_a_retryable_connect_failure(network: Network) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, but not listening
        with pytest.raises(FetchError) as caught:
            await network.get(f"http://127.0.0.1:{reserved.getsockname()[1]}/")
    assert (caught.value.reason, caught.value.retryable) == (Reason.CONNECT, True)


async def test_a_closed_transport_opens_nothing(peer_at) -> None:
    peer = await peer_at({"/": answer()})
    transport = PooledTransport(loopback)
    await transport.aclose()
    assert await reason_of(ask(transport, peer.url())) is Reason.DISCONNECTED
    assert peer.connections == 0
