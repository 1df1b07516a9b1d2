"""What other servers ask for: actors, objects, activities and collections, discovery, and which of it is a page instead.

A request's viewer is whoever signed it; without a signature it is a stranger. Denied equals missing byte for byte; 410 is only
for those who had access. Everything that not everybody may read is never cached; the instance actor answers anybody, so
that two servers can verify each other's first request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeAlias

import orjson
from quart import Blueprint, Response, request

from fedi_community.activitypub.render import PUBLIC, Document
from fedi_community.activitypub.render import collection as collection_document
from fedi_community.activitypub.signatures import SignedRequest, collect_headers
from fedi_community.config import Settings
from fedi_community.documents import Documents
from fedi_community.domain import addresses
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.errors import Refusal
from fedi_community.keyring import Keyring
from fedi_community.peers import Peers
from fedi_community.perform import House
from fedi_community.storage.views import actor_by_handle
from fedi_community.web.federation_discovery import discovery

AS2_TYPE: Final = "application/activity+json; charset=utf-8"
"""Exactly so: Lemmy compares whole strings."""
PUBLIC_SECONDS: Final = 60
WANTS_AS2: Final = ("application/activity+json", "application/ld+json")
SHUT_OUT: Final = frozenset({"blocked_host", "suspended_actor"})
"""Reasons for which a signer is verified to be nobody who may read here: he is told what a stranger is told of nothing."""
MAX_ID: Final = 2**63
Asked: TypeAlias = Callable[[Viewer], Awaitable[Document | None]]


class Pages(Protocol):
    """What answers at an ActivityPub address that a browser asks for."""

    @property
    def object_page(self) -> Callable[[str | int], Awaitable[Response]]: ...
    @property
    def user_page(self) -> Callable[[str], Awaitable[Response]]: ...
    @property
    def group_page(self) -> Callable[[str], Awaitable[Response]]: ...


def federation(
    house: House,
    settings: Settings,
    keyring: Keyring,
    peers: Peers,
    documents: Documents,
    pages: Pages,
) -> Blueprint:
    """The blueprint. pages: the same addresses for people."""
    blueprint = Blueprint("federation", __name__)
    asking = _Asking(house, peers, documents)
    _actor_routes(blueprint, asking, documents, pages)
    _object_routes(blueprint, asking, documents, pages)
    blueprint.register_blueprint(discovery(house, settings, documents))
    return blueprint


class _Asking:
    """Who asks, and the answer he gets."""

    def __init__(self, house: House, peers: Peers, documents: Documents) -> None:
        self._house = house
        self.peers = peers
        self._documents = documents

    async def viewer(self) -> Viewer | Refusal:
        """The signer of the request, a stranger without a signature, a refusal when it does not hold."""
        if "Signature" not in request.headers and "Signature-Input" not in request.headers:
            return STRANGER
        headers = collect_headers(request.scope["headers"])
        if isinstance(headers, Refusal):
            return headers
        path = request.scope.get("raw_path") or request.scope["path"].encode()
        query: bytes = request.scope.get("query_string", b"")
        target = (path.split(b"?", 1)[0] + (b"?" + query if query else b"")).decode("latin-1")
        scheme = self._house.base_url.partition("://")[0]
        known = await self.peers.verify(SignedRequest("GET", target, headers, b"", scheme))
        if isinstance(known, Refusal):
            return Viewer(suspended_host=True) if known.reason in SHUT_OUT else known
        return known.viewer

    async def local_id(self, kind: str, name: str) -> int | None:
        """The id of a local actor by the name in its address: groups below /groups, all others below /users."""
        actor = await self._house.db.read(lambda tx: actor_by_handle(tx, name))
        if actor is None or actor.type == "Application":
            return None
        return actor.id if (kind == "groups") == actor.is_group else None

    async def answer(self, ask: Asked, gone: Asked | None = None) -> Response:
        """The document as this viewer may have it. gone: a Tombstone for one who could read what is deleted."""
        viewer = await self.viewer()
        if isinstance(viewer, Refusal):
            return _refused(viewer)
        document = await ask(viewer)
        if document is not None:
            await self._note(viewer, document)
            return served(document, viewer)
        stone = await gone(viewer) if gone is not None else None
        return missing() if stone is None else served(stone, viewer, 410)

    async def _note(self, viewer: Viewer, document: Document) -> None:
        """Restricted posts that go to a peer are written down: it must hear when they are taken back."""
        if not viewer.host:
            return
        ids = restricted_ids(self._house.base_url, document)
        if ids:
            await self._documents.note_fetched(viewer, ids)


def wants_as2() -> bool:
    """ActivityPub when Accept names it, with or without profile; else people's pages."""
    accepts = request.headers.get("Accept", "").lower()
    return any(kind in accepts for kind in WANTS_AS2)


def served(document: Document, viewer: Viewer, status: int = 200) -> Response:
    """A document. What a signer got may be more than a stranger gets, so only a stranger's answer may be cached."""
    response = Response(orjson.dumps(document), status, content_type=AS2_TYPE)
    stranger = viewer == STRANGER
    response.headers["Cache-Control"] = (
        f"public, max-age={PUBLIC_SECONDS}" if stranger else "private, no-store"
    )
    response.headers["Vary"] = "Accept, Signature"
    return response


def missing() -> Response:
    """The one answer for what is not there and for what is not for the one who asks."""
    return _error(404, "Record not found")


def _refused(refusal: Refusal) -> Response:
    return _error(refusal.status, refusal.safe)


def _error(status: int, text: str) -> Response:
    response = Response(orjson.dumps({"error": text}), status, content_type="application/json; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Accept, Signature"
    return response


def _page(response: Response) -> Response:
    """The same address for people; caches must keep the two apart."""
    for name in ("Accept", "Signature"):
        response.vary.add(name)
    return response


def number(text: str) -> int | None:
    """An id in an address: plain digits, below 2^63."""
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 and text[0] != "0" else None
    return found if found is not None and found < MAX_ID else None


def _from(name: str) -> int | None:
    """Where a page begins: None asks for the collection, 0 for its first page. What is no number begins at the start."""
    if "page" not in request.args:
        return None
    return number(request.args.get(name, "")) or 0


def restricted_ids(base: str, document: Document) -> list[int]:
    """The local posts in a document, or in what it carries, that are not public."""
    found: list[int] = []
    waiting: list[Any] = [document]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, dict):
            continue
        waiting += [item.get("object"), *(item.get("orderedItems") or ())]
        where = addresses.parse(base, str(item.get("id", "")))
        to = [*(item.get("to") or ()), *(item.get("cc") or ())]
        if where is not None and where[0] == "objects" and "content" in item and PUBLIC not in to:
            post = number(where[1])
            found += [post] if post is not None else []
    return sorted(set(found))


# --- routes -------------------------------------------------------------------------------------------------------------------


def _actor_routes(blueprint: Blueprint, asking: _Asking, documents: Documents, pages: Pages) -> None:
    async def actor(kind: str, name: str) -> Response:
        if not wants_as2():
            page = pages.group_page if kind == "groups" else pages.user_page
            return _page(await page(name))

        async def ask(viewer: Viewer) -> Document | None:
            found = await asking.local_id(kind, name)
            return None if found is None else await documents.actor(found, viewer)

        async def gone(viewer: Viewer) -> Document | None:
            found = await asking.local_id(kind, name)
            return None if found is None else await documents.departed(viewer, found)

        return await asking.answer(ask, gone)

    async def collection(kind: str, name: str, which: str) -> Response:
        async def ask(viewer: Viewer) -> Document | None:
            found = await asking.local_id(kind, name)
            return None if found is None else await _collection(documents, viewer, found, which)

        return await asking.answer(ask)

    @blueprint.get("/users/<name>")
    async def user(name: str) -> Response:
        return await actor("users", name)

    @blueprint.get("/groups/<handle>")
    async def group(handle: str) -> Response:
        return await actor("groups", handle)

    @blueprint.get("/users/<name>/<any(outbox,followers,following,featured):which>")
    async def user_collection(name: str, which: str) -> Response:
        return await collection("users", name, which)

    @blueprint.get("/groups/<handle>/<any(outbox,followers,members,following,featured,moderators):which>")
    async def group_collection(handle: str, which: str) -> Response:
        return await collection("groups", handle, which)

    @blueprint.get("/actor")
    async def instance() -> Response:
        return served(await documents.instance(), STRANGER)

    @blueprint.get("/actor/outbox")
    async def instance_outbox() -> Response:
        empty = collection_document(f"{documents.site.base}/actor/outbox", items=[])
        return served(empty, STRANGER)


async def _collection(documents: Documents, viewer: Viewer, actor_id: int, which: str) -> Document | None:
    match which:
        case "outbox":
            return await documents.outbox(viewer, actor_id, _from("before"))
        case "followers" | "members":
            if "is_follower" in request.args:
                return await documents.has_members_at(viewer, actor_id, request.args["is_follower"])
            if "domain" in request.args:
                after = request.args.get("after", "") if "page" in request.args else None
                return await documents.followers_at(viewer, actor_id, request.args["domain"], after)
            return await documents.followers(viewer, actor_id)
        case "following":
            return await documents.following(viewer, actor_id)
        case "featured":
            return await documents.featured(viewer, actor_id)
        case _:
            return await documents.moderators(viewer, actor_id)


def _object_routes(blueprint: Blueprint, asking: _Asking, documents: Documents, pages: Pages) -> None:
    async def numbered(
        key: str,
        ask: Callable[[Viewer, int], Awaitable[Document | None]],
        gone: Callable[[Viewer, int], Awaitable[Document | None]] | None = None,
    ) -> Response:
        found = number(key)
        if found is None:
            return await asking.answer(_nothing)
        stone = None if gone is None else lambda viewer: gone(viewer, found)

        async def vouched(viewer: Viewer) -> Document | None:
            return await ask(await asking.peers.vouched(viewer, found), found)

        return await asking.answer(vouched, stone)

    @blueprint.get("/objects/<key>")
    async def object_(key: str) -> Response:
        if not wants_as2():
            return _page(await pages.object_page(key))
        return await numbered(key, documents.post, documents.tombstone)

    @blueprint.get("/objects/<key>/replies")
    async def replies(key: str) -> Response:
        return await numbered(key, lambda viewer, i: documents.replies(viewer, i, _from("after")))

    @blueprint.get("/activities/<key>")
    async def activity(key: str) -> Response:
        return await numbered(key, lambda viewer, i: documents.activity(i, viewer))

    @blueprint.get("/threads/<key>/context")
    async def context(key: str) -> Response:
        return await numbered(key, lambda viewer, i: documents.context(viewer, i, _from("after")))


async def _nothing(viewer: Viewer) -> Document | None:
    return None
