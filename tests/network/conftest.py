"""Scripted HTTP servers on loopback, and a client that may reach them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from fedi_community.network import Network

Reply = bytes | Callable[["Peer", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str = "200 OK", body: bytes = b"", *fields: str) -> bytes:
    """A plain HTTP/1.1 answer with its length."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@dataclass
class Peer:
    """A server that plays `script` (path -> reply) and records what came in."""

    script: dict[str, Reply]
    host: str = "127.0.0.1"
    port: int = 0
    connections: int = 0
    closed: int = 0
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def authority(self) -> str:
        return f"{self.host}:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://{self.authority}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.closed += 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((method, path, headers, body))
        reply = self.script.get(path, answer("404 Not Found"))
        if callable(reply):
            await reply(self, reader, writer)
        else:
            writer.write(reply)
            await writer.drain()
        return not writer.is_closing()


@pytest.fixture
async def peer_at() -> AsyncIterator[Callable[..., Awaitable[Peer]]]:
    """`await peer_at(script)`: a running peer; `tls` makes it speak TLS."""
    servers: list[tuple[asyncio.Server, Peer]] = []

    async def start(script: dict[str, Reply], *, tls: ssl.SSLContext | None = None) -> Peer:
        peer = Peer(script)
        server = await asyncio.start_server(peer.serve, peer.host, 0, ssl=tls, limit=2**20)
        peer.port = server.sockets[0].getsockname()[1]
        servers.append((server, peer))
        return peer

    yield start
    for server, peer in servers:
        server.close()
        for writer in peer.writers:
            writer.transport.abort()
        await server.wait_closed()
        async with asyncio.timeout(2):
            while peer.closed < peer.connections:
                await asyncio.sleep(0)


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    """A client that may reach loopback."""
    made = Network(allow_private=True, own_host="clinic.example", user_agent="test/1")
    yield made
    await made.aclose()
