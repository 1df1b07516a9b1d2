"""The only way out: every request to another server is made here, under the limits of one table.

`Network` is made once a process. It decides what may be asked (guard), how often at once, how long, how
much is read and where redirects may lead; the transport only moves bytes. It knows nothing of
ActivityPub: signing is a function that callers pass in, called once for each hop with the exact URL that
goes on the wire.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from fedi_community.network.decoding import ACCEPT_ENCODING, read_body
from fedi_community.network.errors import FetchError, Reason
from fedi_community.network.guard import Resolver, Target, check_url, checked_addresses, system_resolver
from fedi_community.network.transport import PooledTransport

MAX_BODY_BYTES = 1_048_576
MAX_ANSWER_BYTES = 65_536
"""What is kept of the answer to a POST; the rest is cut off, since only the status decides."""
TIMEOUT_SECONDS = 10.0
"""For a whole request with its redirects."""
HARD_TIMEOUT_SECONDS = 30.0
"""No caller gets more than this."""
MAX_REDIRECTS = 3
GETS_PER_HOST = 3
DNS_THREADS = 16

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})

Sign = Callable[[str, str], Mapping[str, str]]
"""(method, URL as it goes on the wire) -> header fields to add."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, read to its end.

    headers: lower-case names; repeated fields joined by ", ". url: where the last redirect led, without fragment.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Network:
    """Requests to other servers, with their connections.

    allow_private: http, any port and any address are allowed (tests and development only).
    own_host: this server's authority (`clinic.example`, or `127.0.0.1:8080`); never fetched.
    resolver: names to addresses; the operating system's if None.
    transport: another httpx transport, for servers in the same process; the URL rules above it still hold.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        own_host: str,
        user_agent: str,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._own_host = own_host.lower()
        self._user_agent = user_agent
        self._executor = ThreadPoolExecutor(DNS_THREADS, "dns") if resolver is None else None
        self._resolver = system_resolver(self._executor) if self._executor is not None else resolver
        self._transport = transport or PooledTransport(self._addresses, ssl_context=ssl_context)
        self._gets: dict[str, _Bound] = {}

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        sign: Sign | None = None,
        max_bytes: int = MAX_BODY_BYTES,
        timeout: float = TIMEOUT_SECONDS,
        same_origin_redirects: bool = True,
    ) -> Response:
        """GET, following at most three redirects; any status is an answer. Raises FetchError.

        max_bytes: limit of the decoded body. timeout: seconds for everything, at most HARD_TIMEOUT_SECONDS.
        same_origin_redirects: refuse a redirect that leaves the origin (right for ActivityPub objects).
        """
        try:
            async with asyncio.timeout(min(timeout, HARD_TIMEOUT_SECONDS)):
                return await self._follow(url, dict(headers or {}), sign, max_bytes, same_origin_redirects)
        except TimeoutError:
            raise FetchError(Reason.TIMEOUT, "whole request") from None

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float = TIMEOUT_SECONDS
    ) -> Response:
        """POST once; redirects are an answer like any other. Raises FetchError.

        `headers` must have been signed for `canonical_url(url)`. A kept connection that turns out closed
        before one answer byte is replaced once: deliveries are idempotent by their activity id.
        """
        target = self._target(url)
        try:
            async with asyncio.timeout(min(timeout, HARD_TIMEOUT_SECONDS)):
                answer = await self._send("POST", target, headers, body)
                try:
                    kept = await _first_bytes(answer, MAX_ANSWER_BYTES)
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise FetchError(Reason.TIMEOUT, "whole request") from None
        return Response(answer.status_code, _joined(answer), kept, target.text)

    def canonical_url(self, url: str) -> str:
        """The URL as it goes on the wire, which is the one to sign; raises FetchError(bad_url |
        own_host)."""
        return self._target(url).text

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str, port: int) -> list[str]:
        assert self._resolver is not None
        return await checked_addresses(host, port, self._resolver, self._allow_private)

    def _target(self, url: str) -> Target:
        target = check_url(url, self._allow_private)
        if target.authority == self._own_host:
            raise FetchError(Reason.OWN_HOST)
        return target

    async def _follow(
        self, url: str, headers: dict[str, str], sign: Sign | None, max_bytes: int, same_origin: bool
    ) -> Response:
        target = self._target(url)
        seen = {target.text}
        while True:
            async with self._bound(target.authority):
                response = await self._get_once(target, headers, sign, max_bytes)
            location = response.headers.get("location")
            if response.status not in _REDIRECTS or location is None:
                return response
            following = self._redirect(target, location, same_origin)
            if following.text in seen:
                raise FetchError(Reason.REDIRECT_LOOP)
            if len(seen) > MAX_REDIRECTS:
                raise FetchError(Reason.TOO_MANY_REDIRECTS)
            if following.origin != target.origin:
                headers = {
                    name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS
                }
            seen.add(following.text)
            target = following

    def _redirect(self, target: Target, location: str, same_origin: bool) -> Target:
        with suppress(UnicodeDecodeError):  # raw UTF-8 is common here
            location = location.encode("latin-1").decode("utf-8")
        try:
            following = self._target(urljoin(target.text, location))
        except ValueError:
            raise FetchError(Reason.BAD_URL, "redirect") from None
        if following.scheme != target.scheme:
            raise FetchError(Reason.REDIRECT_REFUSED, "scheme")
        if same_origin and following.origin != target.origin:
            raise FetchError(Reason.REDIRECT_REFUSED, "origin")
        return following

    async def _get_once(
        self, target: Target, headers: Mapping[str, str], sign: Sign | None, max_bytes: int
    ) -> Response:
        signed = sign("GET", target.text) if sign is not None else {}
        answer = await self._send("GET", target, {"Accept-Encoding": ACCEPT_ENCODING, **headers, **signed})
        try:
            joined = _joined(answer)
            if answer.status_code in _REDIRECTS and "location" in joined:
                return Response(answer.status_code, joined, b"", target.text)
            body = await read_body(
                _stream(answer),
                coding=joined.get("content-encoding", ""),
                length=joined.get("content-length"),
                max_bytes=max_bytes,
            )
        finally:
            await answer.aclose()
        return Response(answer.status_code, joined, body, target.text)

    async def _send(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes | None = None
    ) -> httpx.Response:
        request = httpx.Request(
            method, target.url, headers={"User-Agent": self._user_agent, **headers}, content=body
        )
        try:
            return await self._transport.handle_async_request(request)
        except httpx.TransportError as error:  # from a transport that is not ours
            raise FetchError(Reason.CONNECT, type(error).__name__) from None

    @asynccontextmanager
    async def _bound(self, authority: str) -> AsyncIterator[None]:
        bound = self._gets.get(authority)
        if bound is None:
            bound = self._gets[authority] = _Bound()
        bound.users += 1
        try:
            async with bound.semaphore:
                yield
        finally:
            bound.users -= 1
            if bound.users == 0:
                del self._gets[authority]


class _Bound:
    """How many GETs run against one host; forgotten with its last user."""

    __slots__ = ("semaphore", "users")

    def __init__(self) -> None:
        self.semaphore = asyncio.Semaphore(GETS_PER_HOST)
        self.users = 0


def _stream(answer: httpx.Response) -> httpx.AsyncByteStream:
    assert isinstance(answer.stream, httpx.AsyncByteStream)
    return answer.stream


async def _first_bytes(answer: httpx.Response, limit: int) -> bytes:
    kept = b""
    async for chunk in _stream(answer):
        kept += chunk
        if len(kept) >= limit:
            break
    return kept[:limit]


def _joined(answer: httpx.Response) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in answer.headers.raw:
        key = name.decode("ascii", "replace").lower()
        text = value.decode("latin-1").strip()
        fields[key] = f"{fields[key]}, {text}" if key in fields else text
    return fields
