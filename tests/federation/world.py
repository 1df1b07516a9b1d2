"""A small fediverse for tests: one server of ours on a real database, and peers whose documents are served in process.

Requests are really signed and go through the real door; documents are fetched through the real network room, whose
transport answers from `World.documents`. Nothing is stubbed on our side.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from fedi_community.activitypub.fetch import Fetcher
from fedi_community.activitypub.signatures import generate_rsa, public_pem, sign_cavage, signing_key
from fedi_community.config import Settings
from fedi_community.inbox.door import Door
from fedi_community.inbox.worker import InboxWorker
from fedi_community.network import Network
from fedi_community.peers import Peers
from fedi_community.storage.database import Database
from tests.make import Make

BASE = "https://clinic.example"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
AS2 = "application/activity+json"


@cache
def rsa_key(name: str = "peer") -> RSAPrivateKey:
    """One key for all peers that do not need their own, made once a run."""
    return generate_rsa()


def actor_document(uri: str, type: str = "Person", key: str = "peer", **more: Any) -> dict[str, Any]:
    """A plain actor document."""
    host = "/".join(uri.split("/")[:3])
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": uri, "type": type, "preferredUsername": uri.rstrip("/").rsplit("/", 1)[-1], "name": "Somebody",
        "inbox": f"{uri}/inbox", "outbox": f"{uri}/outbox", "followers": f"{uri}/followers",
        "endpoints": {"sharedInbox": f"{host}/inbox"},
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": public_pem(rsa_key(key).public_key())},
        **more,
    }  # fmt: skip


def webfinger_url(handle: str) -> str:
    """Where a handle's own host is asked for it."""
    return f"https://{handle.partition('@')[2]}/.well-known/webfinger?resource=acct:{handle}"


@dataclass
class Served(httpx.AsyncBaseTransport):
    """Other servers: documents by URL, and what was asked."""

    documents: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.asked.append(url)
        if "/.well-known/webfinger?" in url and url not in self.documents:
            return self._webfinger(url)
        found = self.documents.get(url)
        if found is None:
            return httpx.Response(404, json={"error": "not found"})
        if isinstance(found, Exception):
            raise found
        if isinstance(found, int):
            return httpx.Response(found)
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        return httpx.Response(200, content=body, headers={"content-type": self.types.get(url, AS2)})

    def _webfinger(self, url: str) -> httpx.Response:
        acct = httpx.URL(url).params["resource"].removeprefix("acct:")
        name, _, host = acct.partition("@")
        for uri, document in self.documents.items():
            if (
                isinstance(document, dict)
                and document.get("preferredUsername") == name
                and httpx.URL(uri).netloc.decode() == host
            ):
                return httpx.Response(200, json={
                    "subject": f"acct:{acct}", "links": [{"rel": "self", "type": AS2, "href": document["id"]}]
                })  # fmt: skip
        return httpx.Response(404)


@dataclass
class World:
    """Our server and its peers."""

    make: Make
    served: Served
    peers: Peers
    door: Door
    inbox: InboxWorker
    settings: Settings

    def peer(self, uri: str, type: str = "Person", key: str = "peer", **more: Any) -> str:
        """A peer's actor, to be learned when somebody asks for it."""
        self.served.documents[uri] = actor_document(uri, type, key, **more)
        return uri

    def split_peer(self, uri: str, handle: str, **more: Any) -> str:
        """A peer's actor whose handle ends in another host, and both hosts say so."""
        name, _, host = handle.partition("@")
        own = httpx.URL(uri).netloc.decode()
        self.peer(uri, preferredUsername=name, **more)
        answer = {"subject": f"acct:{handle}", "links": [{"rel": "self", "type": AS2, "href": uri}]}
        for at in (own, host):
            self.served.documents[webfinger_url(f"{name}@{at}")] = answer
        return uri

    async def know(self, uri: str, type: str = "Person", **more: Any) -> int:
        """A peer's actor that is known already."""
        if uri not in self.served.documents:
            self.peer(uri, type, **more)
        found = await self.peers.learn_actor(uri)
        assert isinstance(found, int), found
        return found

    async def post(
        self, payload: Any, signer: str, *, inbox: str = f"{BASE}/inbox", key: str = "peer", key_id: str | None = None,
        headers: dict[str, str] | None = None, signed: bool = True, drop: tuple[str, ...] = (), chunks: int = 1,
    ) -> tuple[int, dict[str, Any]]:  # fmt: skip
        """Send to an inbox; (status, JSON answer)."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        fields = {"Host": "clinic.example", "Content-Type": AS2}
        if signed:
            held = signing_key(key_id or f"{signer}#main-key", rsa_key(key))
            fields |= sign_cavage("POST", inbox, key=held, now_ms=self.make.clock.now, body=body)
        fields |= headers or {}
        fields = {k: v for k, v in fields.items() if k.lower() not in drop}
        return await asgi_post(self.door, inbox.removeprefix(BASE), fields, body, chunks)

    async def tell(self, payload: Any, signer: str | None = None, **more: Any) -> int:
        """Send and process; the status of the answer."""
        status, _ = await self.post(payload, signer or payload["actor"], **more)
        await self.inbox.run_until_idle()
        return status


async def asgi_post(
    app: Any, path: str, headers: dict[str, str], body: bytes, chunks: int = 1
) -> tuple[int, dict[str, Any]]:
    """One POST to a raw ASGI application, in so many chunks."""
    sent: list[dict[str, Any]] = []
    size = max(1, -(-len(body) // chunks))
    parts = [body[i : i + size] for i in range(0, len(body), size)] or [b""]
    messages = [
        {"type": "http.request", "body": p, "more_body": i < len(parts) - 1} for i, p in enumerate(parts)
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@asynccontextmanager
async def open_world(db: Database, **override: Any) -> AsyncIterator[World]:
    """A world on a fresh database."""
    make = Make.on(db, BASE)
    settings = Settings(base_url=BASE, **override)
    served = Served()
    network = Network(
        allow_private=settings.allow_private_peers,
        own_host="clinic.example",
        user_agent="tests",
        transport=served,
    )
    fetcher = Fetcher(
        network,
        signing_key(f"{BASE}/actor#main-key", rsa_key("instance")),
        allow_http=settings.allow_private_peers,
    )
    peers = Peers(make.house, fetcher, settings)
    worker = InboxWorker(make.house, peers)
    door = Door(make.house, peers, settings, worker.wake)
    try:
        yield World(make, served, peers, door, worker, settings)
    finally:
        await network.aclose()
