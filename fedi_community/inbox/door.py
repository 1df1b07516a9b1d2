"""The inbox's door: a raw ASGI route in front of Quart (half its CPU), so size, time and shape are judged here.

In this order: method, content type, size, shape, the unknown-actor shortcut, host policy, rate, signature, who may say
it, and then one durable row and 202. Every refusal is JSON with its reason, is counted, and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from fedi_community.activitypub import synchronization
from fedi_community.activitypub.authority import door_check, unknown_actor_shortcut
from fedi_community.activitypub.signatures import SignedRequest, collect_headers
from fedi_community.activitypub.strict_json import loads
from fedi_community.activitypub.wire import WireActivity, parse_activity
from fedi_community.config import Settings
from fedi_community.domain import addresses
from fedi_community.domain.origins import host_of
from fedi_community.errors import Problem, Refusal
from fedi_community.peers import KnownKey, Peers
from fedi_community.perform import House
from fedi_community.storage import queue
from fedi_community.storage.keys import actor_id_by_uri

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_SECONDS: Final = 20.0
TYPES: Final = ("application/activity+json", "application/ld+json", "application/json")
QUEUE_CHECK_MS: Final = 1000
MAX_BUCKETS: Final = 50_000
HEARD_MS: Final = 60_000
SYNC: Final = synchronization.FIELD.lower()


@dataclass(slots=True)
class Counts:
    """Answers of the inbox since the start, by (status, reason)."""

    answers: Counter[tuple[int, str]] = field(default_factory=Counter)


class Door:
    """Accepts activities for all inboxes of this server."""

    def __init__(
        self,
        house: House,
        peers: Peers,
        settings: Settings,
        wake: Callable[[], None],
        alive: Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        """wake: called after a commit. alive: told of hosts that were heard from, at most once a minute each."""
        self._house = house
        self._peers = peers
        self._settings = settings
        self._wake = wake
        self._alive = alive
        self._heard: dict[str, int] = {}
        self._waiting = 0
        self._counted_at = 0
        self._buckets: dict[str, tuple[int, int]] = {}
        self.counts = Counts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of every `…/inbox`."""
        try:
            reason = await self._accept(scope, receive)
            status, body, retry = 202, b"{}", None
        except Problem as problem:
            status, reason, retry = problem.status, problem.reason, problem.retry_after
            body = orjson.dumps({"error": problem.safe, "reason": problem.reason})
        self.counts.answers[status, reason] += 1
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if retry is not None:
            headers.append((b"retry-after", str(retry).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _accept(self, scope: Scope, receive: Receive) -> str:
        if scope["method"] != "POST":
            raise Problem(405, "method", "Send activities with POST.")
        headers = collect_headers(scope["headers"])
        if isinstance(headers, Refusal):
            raise Problem.of(headers)
        if headers.get("content-type", "").partition(";")[0].strip().lower() not in TYPES:
            raise Problem(415, "content_type", "Send application/activity+json.")
        body = await self._body(headers, receive)
        activity = parse_activity(loads(body))
        if isinstance(activity, Refusal):
            raise Problem(400, activity.reason, activity.safe)
        if unknown_actor_shortcut(activity) and await self._is_unknown(activity.actor):
            return "unknown_actor"  # most of the traffic: accounts deleted on servers we never met
        host = host_of(activity.actor) or ""
        refused = await self._peers.host_refused(host)
        if refused:
            raise Problem.of(refused)
        self._check_rate(host)
        await self._check_queue()
        path = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"]
        query = scope.get("query_string", b"")
        target = path + ("?" + query.decode("latin-1") if query else "")
        scheme = self._house.base_url.partition("://")[0]
        known = await self._peers.verify(SignedRequest("POST", target, headers, body, scheme))
        if isinstance(known, Refusal):
            own_end = activity.type == "Delete" and activity.object_id == activity.actor
            if own_end and await self._peers.is_gone(activity.actor):
                await self._store(activity, activity.actor, host, body)
                return "gone_actor"  # its key went with it; its own server says the same
            raise Problem(
                known.status, known.reason, known.safe, retry_after=60 if known.status == 503 else None
            )
        self._check_speaker(activity, known)
        await self._store(activity, known.actor_uri, host, body, headers.get(SYNC))
        await self._hear(known.host)
        return "accepted"

    async def _hear(self, host: str) -> None:
        """A host that writes to us is alive: what delivery holds for it may go."""
        now = self._house.clock()
        if self._alive is None or now - self._heard.get(host, 0) < HEARD_MS:
            return
        if len(self._heard) > MAX_BUCKETS:
            self._heard.clear()
        self._heard[host] = now
        await self._alive(host)

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        limit = self._settings.inbox_max_bytes
        too_large = Problem(413, "too_large", f"An activity has at most {limit} bytes.")
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > limit:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem(400, "incomplete", "The request ended early.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limit:
                        raise too_large
                    if not message.get("more_body"):
                        return parts[0] if len(parts) == 1 else b"".join(parts)
        except TimeoutError:
            raise Problem(408, "slow_body", "The request took too long.") from None

    async def _is_unknown(self, actor: str) -> bool:
        return await self._house.db.read(lambda tx: actor_id_by_uri(tx, actor)) is None

    def _check_speaker(self, activity: WireActivity, known: KnownKey) -> None:
        base = self._house.base_url
        refused = door_check(
            activity,
            known.actor_uri,
            lambda uri: addresses.is_local(base, uri),
            allow_http=self._settings.allow_private_peers,
        )
        if refused:
            raise Problem.of(refused)

    def _check_rate(self, host: str) -> None:
        """A bucket a host: `inbox_rate` a minute, all of which may come at once."""
        limit = self._settings.inbox_rate
        if not limit:
            return
        now = self._house.clock()
        started, used = self._buckets.get(host, (now, 0))
        if now - started >= 60_000:
            started, used = now, 0
        if used >= limit:
            raise Problem(
                429,
                "rate",
                "Too many activities. Please slow down.",
                retry_after=1 + (started + 60_000 - now) // 1000,
            )
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.clear()
        self._buckets[host] = (started, used + 1)

    async def _check_queue(self) -> None:
        now = self._house.clock()
        if now - self._counted_at >= QUEUE_CHECK_MS:
            self._counted_at = now
            self._waiting = await self._house.db.read(queue.waiting)
        if self._waiting >= self._settings.inbox_queue_limit:
            raise Problem(503, "queue_full", "The server is busy. Please try again later.", retry_after=60)

    async def _store(
        self, activity: WireActivity, signer: str, host: str, body: bytes, sync: str | None = None
    ) -> None:
        now = self._house.clock()

        async def unit(tx: Any) -> None:
            await queue.accept(tx, activity.id, signer, host, body, now, sync)
            tx.after_commit(self._wake)

        self._waiting += 1
        await self._house.db.write(unit)
