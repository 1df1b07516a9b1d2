"""httpx's transport of this server: a pool of kept HTTP/1.1 connections with constant-time bookkeeping.

One pool, one TLS context a process. Connections of an origin are bounded and handed out last-used-first;
waiting requests are served in order; idle connections end after a while, and the longest idle one makes
room when the pool is full. Names are resolved and checked (guard) only when a connection is opened, and
the connection goes to the checked address with the original name in SNI, certificate check and Host.

No redirects, no body limits, no proxies: those are the client's business, or nobody's.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import lru_cache

import httpx

from fedi_community.network.connection import Connection
from fedi_community.network.errors import FetchError, Reason

CONNECTIONS_PER_HOST = 4
CONNECTIONS = 2000
"""Sockets of the whole pool; the process needs that many file descriptors."""
IDLE_SECONDS = 45.0
CONNECT_SECONDS = 5.0
"""For one address: TCP and TLS together."""
MAX_ADDRESSES = 4
"""Addresses of one name that are tried, in the resolver's order."""

Key = tuple[str, str, int]
"""(scheme, host, port)"""


@lru_cache(maxsize=1)
def process_ssl_context() -> ssl.SSLContext:
    """The one client context: httpx's trust store (SSL_CERT_FILE and SSL_CERT_DIR are honoured), TLS 1.2
    or newer."""
    context = httpx.create_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Origin:
    """What the pool knows of one origin; forgotten when its last connection goes."""

    __slots__ = ("idle", "open", "waiters")

    def __init__(self) -> None:
        self.idle: list[Connection] = []
        self.open = 0  # connections, and connections being opened
        self.waiters: deque[asyncio.Future[Connection | None]] = deque()


class PooledTransport(httpx.AsyncBaseTransport):
    """`handle_async_request` answers as soon as the head is there; closing the stream gives the
    connection back.

    addresses: (host, port) -> checked addresses, raises FetchError. All failures are FetchError.
    """

    def __init__(
        self,
        addresses: Callable[[str, int], Awaitable[list[str]]],
        *,
        ssl_context: ssl.SSLContext | None = None,
        per_host: int = CONNECTIONS_PER_HOST,
        total: int = CONNECTIONS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._addresses = addresses
        self._ssl = ssl_context
        self._per_host = per_host
        self._total = total
        self._idle_seconds = idle_seconds
        self._origins: dict[Key, _Origin] = {}
        self._idle: OrderedDict[Connection, None] = OrderedDict()  # longest idle first
        self._live: set[Connection] = set()
        self._open = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send once; once more on a fresh connection if a kept one turned out closed before any answer
        byte."""
        url = request.url
        scheme = url.scheme
        key = (scheme, url.raw_host.decode("ascii"), url.port or (443 if scheme == "https" else 80))
        payload = _serialise(request, await request.aread())
        is_head = request.method == "HEAD"
        connection = await self._take(key)
        try:
            try:
                await connection.exchange(payload, is_head=is_head)
            except FetchError as error:
                if error.reason is not Reason.DISCONNECTED or not connection.stale:
                    raise
                connection = await self._replace(connection)
                await connection.exchange(payload, is_head=is_head)
        except BaseException:
            self._give(connection)
            raise
        return httpx.Response(
            connection.status,
            headers=connection.headers,
            stream=_Body(connection, self._give),
            request=request,
        )

    async def aclose(self) -> None:
        """Close every connection and wait until the sockets are gone."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        live = list(self._live)
        for connection in live:
            connection.abort()
        if live:
            await asyncio.wait([connection.closed for connection in live], timeout=5)

    # The pool

    async def _take(self, key: Key) -> Connection:
        """An idle connection of the origin, a new one, or the next that somebody gives back."""
        if self._closed:
            raise FetchError(Reason.DISCONNECTED, "the client is closed")
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = _Origin()
        while origin.idle:
            connection = origin.idle.pop()
            del self._idle[connection]
            if not connection.lost and connection.reusable:
                return connection
            self._drop(connection)
            origin = self._origins.setdefault(key, origin)
        if origin.open >= self._per_host:
            granted = await self._queue(key, origin)
            if granted is not None:
                return granted
        else:
            self._make_room(key, origin)
            origin.open += 1
            self._open += 1
        return await self._open_in_slot(key)

    async def _queue(self, key: Key, origin: _Origin) -> Connection | None:
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        origin.waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                with suppress(ValueError):  # somebody may have passed it over already
                    origin.waiters.remove(waiter)
            elif (granted := waiter.result()) is not None:
                self._give(granted)  # handed to us in the moment we were cancelled
            else:
                self._free_slot(key)
            raise

    async def _open_in_slot(self, key: Key) -> Connection:
        try:
            return await self._connect(key)
        except BaseException:
            self._free_slot(key)
            raise

    async def _replace(self, stale: Connection) -> Connection:
        """A fresh connection in the slot of one that the peer had closed."""
        stale.abort()
        self._live.discard(stale)
        try:
            return await self._connect(stale.key)
        except BaseException:
            self._live.add(stale)  # `stale` is given back by the caller, which frees the slot
            raise

    def _give(self, connection: Connection) -> None:
        """End of an exchange: to the next waiter, to rest, or away."""
        if connection not in self._live:
            return
        if self._closed or not connection.reusable:
            self._drop(connection)
            return
        connection.finish()
        origin = self._origins[connection.key]
        while origin.waiters:
            waiter = origin.waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        origin.idle.append(connection)
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle[connection] = None
        if self._sweeper is None:
            self._schedule_sweep(self._idle_seconds)

    def _drop(self, connection: Connection) -> None:
        self._live.discard(connection)
        connection.abort()
        self._free_slot(connection.key)

    def _free_slot(self, key: Key) -> None:
        """A connection ended: its place goes to the next waiter, or is free."""
        origin = self._origins[key]
        while origin.waiters:
            waiter = origin.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        origin.open -= 1
        self._open -= 1
        if origin.open == 0:
            del self._origins[key]

    def _make_room(self, key: Key, origin: _Origin) -> None:
        if self._open < self._total:
            return
        if not self._idle:
            if origin.open == 0:
                del self._origins[key]
            raise FetchError(Reason.BUSY, "every connection is in use")
        self._retire(next(iter(self._idle)))

    def _retire(self, connection: Connection) -> None:
        del self._idle[connection]
        self._origins[connection.key].idle.remove(connection)
        self._drop(connection)

    def _lost(self, connection: Connection) -> None:
        if connection in self._idle:
            self._retire(connection)

    def _schedule_sweep(self, seconds: float) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        self._sweeper = None
        oldest_allowed = asyncio.get_running_loop().time() - self._idle_seconds
        while self._idle:
            connection = next(iter(self._idle))
            if connection.idle_since > oldest_allowed:
                self._schedule_sweep(connection.idle_since - oldest_allowed)
                return
            self._retire(connection)

    async def _connect(self, key: Key) -> Connection:
        scheme, host, port = key
        addresses = await self._addresses(host, port)
        context = (self._ssl or process_ssl_context()) if scheme == "https" else None
        failure = FetchError(Reason.CONNECT, "no addresses")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    _, connection = await asyncio.get_running_loop().create_connection(
                        lambda: Connection(key, self._lost),
                        address,
                        port,
                        ssl=context,
                        server_hostname=host if context else None,
                    )
            except TimeoutError:
                failure = FetchError(Reason.TIMEOUT, "connect")
            except ssl.SSLError as error:
                failure = FetchError(Reason.TLS, type(error).__name__)
            except OSError as error:
                failure = FetchError(Reason.CONNECT, type(error).__name__)
            else:
                self._live.add(connection)
                return connection
        raise failure


class _Body(httpx.AsyncByteStream):
    """The body of an answer; its end, or closing it early, gives the connection back."""

    def __init__(self, connection: Connection, give: Callable[[Connection], None]) -> None:
        self._connection: Connection | None = connection
        self._give = give

    async def __aiter__(self) -> AsyncIterator[bytes]:
        connection = self._connection
        if connection is None:
            return
        try:
            while chunk := await connection.next_chunk():
                yield chunk
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._give(connection)


def _serialise(request: httpx.Request, body: bytes) -> bytes:
    """Head and body as one write. Refuses line breaks in header fields (request splitting)."""
    raw = request.headers.raw
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [name + b": " + value for name, value in raw]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(raw) or head.count(b"\r") != len(raw) or b"\0" in head:
        raise FetchError(Reason.BAD_URL, "control characters in the request head")
    return head + b"\r\n\r\n" + body
