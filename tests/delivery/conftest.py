"""Peers on loopback that answer as told, and a delivery worker that really signs and sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
import pytest

from fedi_community.activitypub.signatures import (
    SignatureInfo,
    SignedRequest,
    SigningKey,
    generate_rsa,
    parse_signature,
    signing_key,
    verify,
)
from fedi_community.config import Settings
from fedi_community.delivery import DeliveryWorker
from fedi_community.network import Network
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement
from tests.make import Make

Reply = str | Callable[["Received"], Awaitable[str]]
"""An answer as "202 Accepted" or "429 Slow\\r\\nRetry-After: 60"; or "reset", "silence", or a function that says which."""


@lru_cache(maxsize=1)
def rsa() -> Any:
    """One key for all tests: making one takes a while."""
    return generate_rsa()


@dataclass(frozen=True)
class Received:
    """A POST as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def activity(self) -> int:
        return int(orjson.loads(self.body)["activity"])

    @property
    def form(self) -> str:
        return "rfc9421" if "signature-input" in self.headers else "cavage"


@dataclass
class Peer:
    """Another server: answers with `reply`, or with what `replies` has for the path; keeps what it took."""

    host: str
    reply: Reply = "202 Accepted"
    replies: dict[str, Reply] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    port: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    open: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def authority(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def shared(self) -> str:
        return f"http://{self.authority}/inbox"

    @property
    def paths(self) -> list[str]:
        return [r.path for r in self.received]

    @property
    def activities(self) -> list[int]:
        return [r.activity for r in self.received]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.open += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        got = Received(first.split(" ")[1], headers, body)
        self.received.append(got)
        reply = self.replies.get(got.path, self.reply)
        said = reply if isinstance(reply, str) else await reply(got)
        if said == "reset":
            writer.transport.abort()
            return False
        if said == "silence":
            await self.released.wait()
            return False
        writer.write(f"HTTP/1.1 {said}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        return True


PeerAt = Callable[..., Awaitable[Peer]]


@pytest.fixture
async def peer_at() -> AsyncIterator[PeerAt]:
    """`await peer_at("127.0.0.2", "202 Accepted")`: a running peer."""
    running: list[tuple[asyncio.Server, Peer]] = []

    async def start(host: str, reply: Reply = "202 Accepted", port: int = 0) -> Peer:
        peer = Peer(host, reply)
        server = await asyncio.start_server(peer.serve, host, port, limit=2**20)
        peer.port = server.sockets[0].getsockname()[1]
        running.append((server, peer))
        return peer

    yield start
    for server, peer in running:
        peer.released.set()
        server.close()
        for writer in peer.writers:
            writer.transport.abort()
        await server.wait_closed()
        async with asyncio.timeout(5):
            while peer.open:
                await asyncio.sleep(0)


@dataclass
class Post:
    """The post office: a worker on a house, and what a test asks of it."""

    make: Make
    network: Network
    settings: Settings
    rendered: list[tuple[int, str, int | None, str]] = field(default_factory=list)
    nothing: set[int] = field(default_factory=set)
    workers: list[DeliveryWorker] = field(default_factory=list)

    def worker(self) -> DeliveryWorker:
        made = DeliveryWorker(self.make.house, self.settings, self.network, self.body, self.key)
        self.workers.append(made)
        return made

    async def body(self, activity_id: int, mode: str, target_id: int | None, host: str) -> bytes | None:
        self.rendered.append((activity_id, mode, target_id, host))
        if activity_id in self.nothing:
            return None
        return orjson.dumps({"activity": activity_id, "mode": mode})

    async def key(self, actor_id: int) -> SigningKey:
        return signing_key(f"https://clinic.example/actors/{actor_id}#main-key", rsa())

    async def send(self) -> DeliveryWorker:
        """Everything that is due now, by a worker of its own."""
        worker = self.worker()
        async with asyncio.timeout(20):
            await worker.run_until_idle()
        return worker

    async def follower(self, peer: Peer, name: str, of: int, shared: bool = True, **more: Any) -> int:
        """An actor on the peer that was accepted as a follower (or member)."""
        uri = f"http://{peer.authority}/u/{name}"
        actor = await self.make.remote(uri, shared_inbox=peer.shared if shared else None, **more)
        await self.make.join(actor, of, f"{uri}/follow")
        return actor

    async def rows(self, table: Any, **where: Any) -> list[dict[str, Any]]:
        """Rows of a table, by insertion."""
        found = await self.make.house.db.read(lambda tx: _all(tx, table))
        return [r for r in found if all(r[k] == v for k, v in where.items())]

    async def host(self, peer: Peer) -> dict[str, Any]:
        return (await self.rows(t.hosts, name=peer.authority))[0]

    async def waiting(self) -> list[dict[str, Any]]:
        return await self.rows(t.deliveries, state="waiting")

    async def dead(self) -> list[dict[str, Any]]:
        return await self.rows(t.deliveries, state="dead")

    async def settle(self) -> None:
        """Send what making the world left behind (Accepts), so that a test sees only its own."""
        await self.send()


_EVERYTHING = {
    table: Statement(table.select()) for table in (t.hosts, t.deliveries, t.ledger, t.fanout, t.actors)
}


async def _all(tx: Tx, table: Any) -> list[dict[str, Any]]:
    return [dict(zip(row.keys(), row, strict=True)) for row in await tx.rows(_EVERYTHING[table])]


@pytest.fixture
async def office(make: Make) -> AsyncIterator[Post]:
    network = Network(allow_private=True, own_host="clinic.example", user_agent="test/1")
    made = Post(make, network, Settings(delivery_timeout=1, allow_private_peers=True))
    yield made
    for worker in made.workers:
        await worker.stop()
    await network.aclose()


def signature_holds(got: Received, authority: str, now_ms: int) -> bool:
    """The request is signed, in either form, by the test's key over what came in."""
    info = parse_signature(got.headers)
    assert isinstance(info, SignatureInfo), info
    request = SignedRequest("POST", got.path, got.headers, got.body, "http")
    return verify(info, request, rsa().public_key(), now_ms, authority) is None
