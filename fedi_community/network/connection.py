"""One HTTP/1.1 connection: bytes in and out of a socket, parsed by httptools. No pool, no policy.

A connection carries one exchange at a time. It may be used again only if the answer was complete, nothing
came after it, the peer wants to keep the connection, and our request left the buffer: anything else could
hand one peer's bytes to the next request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import httptools

from fedi_community.network.errors import FetchError, Reason

MAX_HEAD_BYTES = 65_536
"""Limit of an answer's status line and header fields, and of what chunk framing and trailers may add to a
body."""
MAX_INFORMATIONAL = 8
"""1xx answers before the real one."""
BUFFER_BYTES = 262_144
"""Body bytes held for a slow reader before the socket is paused."""

_FRAMING_FACTOR = 16  # one-byte chunks cost six bytes a byte


class Connection(asyncio.Protocol):
    """A socket to one origin. `on_lost` is called once, when the socket is gone."""

    def __init__(self, key: tuple[str, str, int], on_lost: Callable[[Connection], None]) -> None:
        self.key = key
        self.idle_since = 0.0
        self.served = 0
        self.lost = False
        self.in_flight = False
        self.transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._on_lost = on_lost
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._reset(is_head=False)

    def _reset(self, *, is_head: bool) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.head_done = self.complete = self.keep_alive = self.framed = False
        self._poisoned = self._started = False
        self._is_head = is_head
        self._error: FetchError | None = None
        self._chunks: deque[bytes] = deque()
        self._buffered = self._body_bytes = self._head_bytes = self._raw_bytes = self._informational = 0

    # What the transport above uses

    async def exchange(self, payload: bytes, *, is_head: bool = False) -> None:
        """Write a request and wait for the head of its answer (`status`, `headers`)."""
        if self.transport is None or self.lost:
            self._started = False
            raise FetchError(Reason.DISCONNECTED, "connection is gone")
        self._reset(is_head=is_head)
        self.in_flight = True
        self.transport.write(payload)
        while not self.head_done:
            await self._wait()
        self.served += 1

    async def next_chunk(self) -> bytes:
        """The next piece of the body; empty at its end."""
        while not self._chunks:
            if self.complete:
                return b""
            await self._wait()
        chunk = self._chunks.popleft()
        self._buffered -= len(chunk)
        if self._paused and self._buffered < BUFFER_BYTES and self.transport is not None and not self.lost:
            self._paused = False
            self.transport.resume_reading()
        return chunk

    @property
    def stale(self) -> bool:
        """The peer closed a kept connection before one byte of the answer: the request may be sent
        again."""
        return self.served > 0 and not self._started

    @property
    def reusable(self) -> bool:
        return (
            self.complete
            and self.keep_alive
            and not self._poisoned
            and not self.lost
            and not self._paused
            and self.transport is not None
            and not self.transport.is_closing()
            and self.transport.get_write_buffer_size() == 0
        )

    def finish(self) -> None:
        """The exchange is over and the connection goes to rest; bytes that arrive now close it."""
        self.in_flight = False
        self._chunks.clear()
        self.headers = []

    def abort(self) -> None:
        self.in_flight = False
        if self.transport is not None:
            self.transport.abort()

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self._error is not None and not self._chunks:
            raise self._error

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: FetchError) -> None:
        if self._error is None and not self.complete:
            self._error = error
        self._poisoned = True
        if self.transport is not None:
            self.transport.abort()
        self._wake()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if not self.in_flight or self._parser is None:
            self._fail(FetchError(Reason.BAD_RESPONSE, "bytes without a request"))
            return
        self._started = True
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(FetchError(Reason.BAD_RESPONSE, type(error).__name__))
            return
        overhead = self._raw_bytes - self._body_bytes * _FRAMING_FACTOR
        if overhead > MAX_HEAD_BYTES + (len(data) if self.head_done else 0):
            self._fail(FetchError(Reason.BAD_RESPONSE, "head or framing too large"))
            return
        if self._buffered > BUFFER_BYTES and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.in_flight and not self.complete:
            if self.head_done and not self.framed and self._error is None and exc is None:
                self.complete = True  # a body that ends with the connection (RFC 9112 section 6.3, case 8)
            elif self._error is None:
                self._error = FetchError(Reason.DISCONNECTED, type(exc).__name__ if exc else "closed early")
        self._parser = None  # it refers back to this object
        self._wake()
        if not self.closed.done():
            self.closed.set_result(None)
        self._on_lost(self)

    # httptools

    def on_message_begin(self) -> None:
        if self.complete:
            self._poisoned = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head_done:
            return  # a trailer
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise ValueError("head too large")
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self.framed = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._poisoned or self._parser is None:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._informational += 1
            if self._informational > MAX_INFORMATIONAL:
                raise ValueError("too many informational answers")
            return
        self.status = status
        self.head_done = True
        if self._is_head:
            self.complete = True

    def on_body(self, body: bytes) -> None:
        if not self.complete:
            self._chunks.append(body)
            self._buffered += len(body)
            self._body_bytes += len(body)

    def on_message_complete(self) -> None:
        if not self.head_done:
            self.headers = []
            self.framed = False
        elif not self.complete and self._parser is not None:
            self.complete = True
            self.keep_alive = self._parser.should_keep_alive()
