"""A peer whose requests bovine signs with its own code: an actor on a loopback port that follows a group and writes to it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import aiohttp
import pytest
from bovine.clients.signed_http import SignedHttpClient
from bovine.crypto import generate_rsa_public_private_key

from tests.peers.conftest import Servers
from tests.peers.running import AS2, eventually, plain

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@dataclass
class Actor:
    """Beate: her document, the keys she signs with, and what came into her inbox."""

    uri: str
    public: str
    private: str
    inbox: list[dict[str, Any]] = field(default_factory=list)

    @property
    def document(self) -> dict[str, Any]:
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": self.uri, "type": "Person", "preferredUsername": "beate", "name": "Beate",
            "inbox": f"{self.uri}/inbox", "outbox": f"{self.uri}/outbox", "followers": f"{self.uri}/followers",
            "publicKey": {"id": f"{self.uri}#main-key", "owner": self.uri, "publicKeyPem": self.public},
        }  # fmt: skip


@contextmanager
def served() -> Iterator[Actor]:
    """Beate's document and inbox on a loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/beate"
            self._answer(200 if found else 404, json.dumps(beate.document).encode() if found else b"")

        def do_POST(self) -> None:
            beate.inbox.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(202, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", AS2)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        beate = Actor(f"http://127.0.0.1:{server.server_port}/beate", *generate_rsa_public_private_key())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield beate
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_what_bovine_signs_is_taken_and_answered(
    servers: Servers, session: aiohttp.ClientSession
) -> None:
    group = f"{servers.a.base}/groups/sleep_cavage"
    with served() as beate:
        client = SignedHttpClient(session, f"{beate.uri}#main-key", beate.private)
        got = await client.get(f"{group}?a=b")
        assert (got.status, (await got.json(content_type=None))["id"]) == (200, group)
        follow = {
            "@context": "https://www.w3.org/ns/activitystreams", "id": f"{beate.uri}/follow", "type": "Follow",
            "actor": beate.uri, "object": group, "to": [group],
        }  # fmt: skip
        assert (await client.post(f"{group}/inbox", json.dumps(follow), content_type=AS2)).status == 202
        accepted = await eventually(
            lambda: [a for a in beate.inbox if a["type"] == "Accept"], "Beate is a member"
        )
        assert accepted[0]["object"]["id"] == follow["id"]
        note = {
            "id": f"{beate.uri}/notes/1", "type": "Note", "attributedTo": beate.uri, "to": [group, PUBLIC], "cc": [],
            "audience": group, "name": "Cold feet", "content": "<p>Does anybody wear socks?</p>",
            "published": "2026-01-05T10:00:00Z",
        }  # fmt: skip
        create = {**follow, "id": f"{beate.uri}/create", "type": "Create", "object": note, "to": note["to"]}
        assert (await client.post(f"{group}/inbox", json.dumps(create), content_type=AS2)).status == 202
        arrived = await asyncio.to_thread(servers.nadia.has, note["id"])
        assert "socks" in plain(arrived["content"])


async def test_what_another_key_signs_in_the_same_name_is_refused(
    servers: Servers, session: aiohttp.ClientSession
) -> None:
    group = f"{servers.a.base}/groups/sleep_cavage"
    with served() as beate:
        _, stranger = generate_rsa_public_private_key()
        client = SignedHttpClient(session, f"{beate.uri}#main-key", stranger)
        assert (await client.get(group)).status == 401
        follow = {"id": f"{beate.uri}/follow", "type": "Follow", "actor": beate.uri, "object": group}
        assert (await client.post(f"{group}/inbox", json.dumps(follow), content_type=AS2)).status == 401
        assert beate.inbox == []
