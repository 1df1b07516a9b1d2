"""Our whole server and the servers it talks to, in one process: whatever leaves is really signed and is kept here as it arrived.

Peers are addresses with documents and keys; what they say goes through the real door, what they are sent through the real
delivery worker.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from fedi_community.activitypub.signatures import sign_cavage, signing_key
from fedi_community.app import Parts, build
from fedi_community.config import Settings
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.domain.views import PostView
from fedi_community.storage import tables as t
from fedi_community.storage import views
from fedi_community.storage.dialect import Statement
from tests.federation.world import AS2, BASE, Served, actor_document, asgi_post, rsa_key
from tests.make import START, Clock, Make

Json = dict[str, Any]


@dataclass
class Post:
    """Something that was delivered: where to, and what."""

    inbox: str
    document: Json
    headers: dict[str, str]


@dataclass
class Elsewhere(Served):
    """Other servers, which also take what they are sent."""

    taken: list[Post] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return await super().handle_async_request(request)
        body = json.loads(await request.aread())
        self.taken.append(Post(str(request.url), body, dict(request.headers)))
        return httpx.Response(202)


def summary(document: Json) -> str:
    """What a document is, in a word: `Announce{Create{Note}}`."""
    inner = document.get("object")
    if isinstance(inner, dict) and isinstance(inner.get("type"), str):
        return f"{document['type']}{{{summary(inner)}}}"
    return str(document["type"])


@dataclass
class Clinic:
    """Our server. peers: all that it can reach."""

    parts: Parts
    make: Make
    peers: Elsewhere
    read: int = 0

    @property
    def house(self) -> Any:
        return self.parts.house

    def peer(self, uri: str, type: str = "Person", **more: Any) -> str:
        """An actor of another server, served when asked for."""
        self.peers.documents.setdefault(uri, actor_document(uri, type, **more))
        return uri

    async def know(self, uri: str, type: str = "Person", **more: Any) -> int:
        """The same, known already."""
        found = await self.parts.peers.learn_actor(self.peer(uri, type, **more))
        assert isinstance(found, int), found
        self.make.ids[uri] = found
        return found

    async def tell(self, document: Json, signer: str | None = None) -> int:
        """A peer says something, and everything that follows is done. The status of the answer."""
        self.make.clock.forward(1)
        body, inbox, by = json.dumps(document).encode(), f"{BASE}/inbox", signer or document["actor"]
        held = signing_key(f"{by}#main-key", rsa_key("peer"))
        fields = {"Host": "clinic.example", "Content-Type": AS2}
        fields |= sign_cavage("POST", inbox, key=held, now_ms=self.make.clock.now, body=body)
        status, answer = await asgi_post(self.parts.door, "/inbox", fields, body)
        assert status in (200, 202), answer
        await self.parts.settle()
        return status

    async def sent(self, host: str = "") -> list[Json]:
        """What was delivered to a host since last time, in order, each document once."""
        await self.parts.settle()
        new, self.read = self.peers.taken[self.read :], len(self.peers.taken)
        found: list[Json] = []
        for post in new:
            if f"//{host}" in post.inbox and post.document not in found:
                found.append(post.document)
        return found

    async def rows(self, table: Any) -> list[Json]:
        """A table's rows."""
        statement = Statement(table.select())
        rows = await self.house.db.read(lambda tx: tx.rows(statement))
        return [dict(zip(table.c.keys(), row, strict=True)) for row in rows]

    async def row(self, uri: str) -> Json | None:
        """An object's row by its address."""
        return next((row for row in await self.rows(t.objects) if row["uri"] == uri), None)

    async def shown(self, uri: str, viewer: Viewer = STRANGER) -> PostView | None:
        """A post as a viewer sees it; None where it is not there for him."""

        async def unit(tx: Any) -> PostView | None:
            key = await views.post_id_by_uri(tx, uri)
            found = [] if key is None else await views.load_posts(tx, viewer, [key])
            return found[0] if found else None

        found: PostView | None = await self.house.db.read(unit)
        return found


@asynccontextmanager
async def open_clinic(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[Clinic]:
    """A clinic on a fresh database."""
    chosen = Settings(
        base_url=BASE, data=str(folder), keys=str(folder / "keys"), database_url=database_url,
        **{"api_rate": 0, **settings},
    )  # fmt: skip
    clock, elsewhere = Clock(START), Elsewhere()
    parts = await build(chosen, clock=clock, transport=elsewhere)
    try:
        yield Clinic(parts, Make(parts.house, clock), elsewhere)
    finally:
        await parts.close()
