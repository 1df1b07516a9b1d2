"""One recorded payload of another platform, and the small world it is played in.

The payloads stay beside the checkout; what they take for granted (authors, parents, groups, other servers) is made up
here around them. A rule plays the payload through the real door, worker and fetcher, and looks at what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, select, text

from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.wire.read import id_of
from fedi_community.domain.model import STRANGER, Grant, Viewer, followers_of
from fedi_community.domain.origins import host_of, origin
from fedi_community.domain.views import PostView
from fedi_community.storage import tables as t
from fedi_community.storage import views
from fedi_community.storage.client_tables import metadata
from fedi_community.storage.database import Database, Tx
from fedi_community.storage.dialect import Statement
from fedi_community.storage.shelf import Shelf
from tests.federation.world import BASE, PUBLIC, World

Json = dict[str, Any]
GROUP_PATHS = ("/c/", "/m/", "/category/", "/communities/", "/groups/", "/video-channels/", "/wp-json/")
MALLORY = "https://evil.example/users/mallory"
_STATE = (
    t.objects, t.texts, t.audience, t.attachments, t.polls, t.reactions, t.grants, t.blocks, t.pins, t.tombstones,
    t.notifications, t.reports, t.activities, t.fanout, t.entries, t.home,
)  # fmt: skip
_ROWS = {table: Statement(select(table)) for table in (*_STATE, t.keys, t.audit, t.inbox)}
_ACTOR = Statement(select(t.actors).where(t.actors.c.uri == bindparam("uri")))
_EMPTY = [
    *(Statement(delete(table)) for table in reversed(metadata.sorted_tables)),
    Statement(text("DELETE FROM search")),
]


async def clear(db: Database) -> None:
    """An empty database, so that no payload meets the traces of another."""

    async def unit(tx: Tx) -> None:
        for statement in _EMPTY:
            await tx.run(statement)

    await db.write(unit)
    db._shelf = Shelf()  # type: ignore[attr-defined]  # ids come again here, as they never do


def swap(value: Any, names: dict[str, str]) -> Any:
    """A document with some ids exchanged for others, wherever they stand; what is below them moves along."""
    if isinstance(value, dict):
        return {key: swap(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [swap(item, names) for item in value]
    if isinstance(value, str):
        for old, new in names.items():
            if value == old or value.startswith((old + "/", old + "#")):
                return new + value[len(old) :]
    return value


def first_id(value: Any) -> str:
    """The id of a string, object or list, where there must be one."""
    found = id_of(value)
    assert found is not None, value
    return found


def looks_like_group(uri: str) -> bool:
    """Whether the platforms of the corpus keep their groups at such addresses."""
    path = uri.split("://", 1)[1]
    return any(part in path for part in GROUP_PATHS) and path.count("/") == 2 and "users" not in path


@dataclass
class Case:
    """A payload with its stated type and outcome, in its own world."""

    world: World
    name: str
    stated: str
    outcome: str
    doc: Json
    members: dict[str, int] = field(default_factory=dict)

    # --- other servers ----------------------------------------------------------------------------------------------

    def serve(self, document: Json, at: str | None = None) -> str:
        """Another server answers with this document."""
        uri = str(at or document["id"])
        self.world.served.documents[uri] = document
        if uri.count("/") == 2:  # a request for a bare host is one for its root
            self.world.served.documents[uri + "/"] = document
        return uri

    def peer(self, uri: str, type: str | None = None, **more: Any) -> str:
        """An actor of another server, served when asked for; one with the keys of this test."""
        if uri not in self.world.served.documents:
            kind = type or ("Group" if looks_like_group(uri) else "Person")
            name = uri.rstrip("/").rsplit("/", 1)[-1].lstrip("@")
            key = "mallory" if uri == MALLORY else "peer"
            self.world.peer(uri, kind, key, **{"preferredUsername": name, **more})
        return uri

    async def actor(self, uri: str, type: str | None = None, **more: Any) -> int:
        """A known actor of another server."""
        return await self.world.know(self.peer(uri, type, **more))

    async def post(self, uri: str, author: str | None = None, **more: Any) -> int:
        """A known public post of another server, by an author there."""
        author = author or f"{origin(uri)}/users/somebody"
        self.peer(author, "Person")
        document = {
            "@context": "https://www.w3.org/ns/activitystreams", "id": uri, "type": "Note", "attributedTo": author,
            "content": "<p>as it was</p>", "to": [PUBLIC], "cc": [f"{author}/followers"], **more,
        }  # fmt: skip
        self.serve(document)
        found = await self.world.peers.learn_post(uri)
        assert isinstance(found, int), found
        return found

    async def in_group(self, uri: str, group: str, author: str | None = None) -> int:
        """A known thread of a remote group."""
        await self.actor(group, "Group")
        found = await self.post(uri, author, type="Page", name="A thread", to=[group, PUBLIC], audience=group)
        shown = await self.shown(uri)
        assert shown is not None
        assert shown.group is not None
        assert shown.group.uri == group
        return found

    # --- our own ----------------------------------------------------------------------------------------------------

    async def member(self, handle: str = "nadia") -> int:
        if handle not in self.members:
            self.members[handle] = await self.world.make.member(handle)
        return self.members[handle]

    async def group(self, handle: str = "sleep", **switches: Any) -> int:
        if handle not in self.members:
            self.members[handle] = await self.world.make.group(handle, **{"posts": "everyone", **switches})
        return self.members[handle]

    async def thread(self, group: str = "sleep", **switches: Any) -> tuple[int, str]:
        """(id, address) of a thread in a group of ours."""
        nadia, group_id = await self.member(), await self.group(group, **switches)
        await self.world.make.join(nadia, group_id)
        made = await self.world.make.post(nadia, "what helps you?", group_id=group_id)
        return made, f"{BASE}/objects/{made}"

    async def followed(self, uri: str, type: str | None = None) -> int:
        """Somebody here follows the actor, who accepted."""
        nadia, actor = await self.member(), await self.actor(uri, type)
        await self.world.make.join(nadia, actor)
        ask = {"type": "Follow", "actor": f"{BASE}/users/nadia", "object": uri}
        accept = {"id": f"{uri}#accepted", "type": "Accept", "actor": uri, "object": ask}
        assert await self.tell(accept) == "answered"
        assert await self.grant(nadia, followers_of(actor)) is Grant.ACCEPTED
        return actor

    # --- what comes in ----------------------------------------------------------------------------------------------

    async def send(self, payload: Json, signer: str | None = None) -> tuple[int, str]:
        """(status, reason) of the door for a really signed request."""
        signer = signer or first_id(payload.get("actor"))
        self.peer(signer)
        status, answer = await self.world.post(
            payload, signer, key="mallory" if signer == MALLORY else "peer"
        )
        return status, answer.get("reason", "")

    async def tell(self, payload: Json | None = None, signer: str | None = None) -> str:
        """The verdict on an activity that the door takes."""
        before = dict(self.world.inbox.verdicts)
        status, reason = await self.send(self.doc if payload is None else payload, signer)
        assert status == 202, reason
        await self.world.inbox.run_until_idle()
        new = [w for w, n in self.world.inbox.verdicts.items() if n != before.get(w, 0)]
        assert len(new) == 1, new
        return new[0]

    async def changes_nothing(self, payload: Json | None = None, signer: str | None = None) -> str:
        """Send it; it is taken with 202, or refused at the door, and leaves no trace. The verdict or reason."""
        payload = self.doc if payload is None else payload
        before = await self.state()
        status, reason = await self.send(payload, signer)
        assert status in (202, 400, 401, 403), (status, reason)
        verdicts = dict(self.world.inbox.verdicts)
        await self.world.inbox.run_until_idle()
        assert await self.state() == before
        new = [w for w, n in self.world.inbox.verdicts.items() if n != verdicts.get(w, 0)]
        return new[0] if new else reason

    async def is_ignored(self, payload: Json | None = None, signer: str | None = None) -> str:
        """Acknowledged with 202, counted, and without any state."""
        before, counted = await self.state(), sum(self.world.inbox.verdicts.values())
        verdict = await self.tell(payload, signer)
        assert await self.state() == before
        assert sum(self.world.inbox.verdicts.values()) == counted + 1
        return verdict

    async def is_refused_aloud(self) -> str:
        """Refused, and its author is told so with a Reject: nothing else changes, and by nothing that he says again today."""
        before = await self.state()
        verdict = await self.tell()
        after = await self.state()
        assert {name for name in after if after[name] != before[name]} == {"activities", "fanout"}
        made = [json.loads(row) for row in after["activities"] if row not in before["activities"]]
        assert [row["type"] for row in made] == ["Reject", "Reject"], (
            "what is said, and that it was said today"
        )
        assert len(after["fanout"]) == len(before["fanout"]) + 1
        assert await self.is_ignored() == verdict
        return verdict

    def by_mallory(self, payload: Json | None = None) -> Json:
        """The same words out of a stranger's mouth, under an id of his own."""
        forged = deepcopy(self.doc if payload is None else payload)
        return {**forged, "actor": MALLORY, "id": "https://evil.example/activities/1"}

    # --- what is there ----------------------------------------------------------------------------------------------

    async def rows(self, table: Any) -> list[Any]:
        return [dict(zip(r.keys(), tuple(r), strict=True)) for r in await self._rows(table)]

    async def _rows(self, table: Any) -> Any:
        return await self.world.make.house.db.read(lambda tx: tx.rows(_ROWS[table]))

    async def state(self) -> dict[str, list[str]]:
        """All that an activity may change, but not who is known."""
        return {
            table.name: sorted(json.dumps(row, default=repr) for row in await self.rows(table))
            for table in _STATE
        }

    async def actor_row(self, uri: str) -> Json | None:
        found = await self.world.make.house.db.read(lambda tx: tx.row(_ACTOR, uri=uri))
        return None if found is None else dict(zip(found.keys(), tuple(found), strict=True))

    async def object_row(self, uri: str) -> Json | None:
        return next((row for row in await self.rows(t.objects) if row["uri"] == uri), None)

    async def shown(self, uri: str, viewer: Viewer = STRANGER) -> PostView | None:
        """The post as this viewer sees it."""

        async def unit(tx: Tx) -> list[PostView]:
            found = await views.post_id_by_uri(tx, uri)
            return await views.load_posts(tx, viewer, [found]) if found else []

        found = await self.world.make.house.db.read(unit)
        return found[0] if found else None

    async def seen(self, uri: str) -> PostView:
        """The post as a stranger sees it, who must."""
        found = await self.shown(uri)
        assert found is not None, f"{uri} is not shown"
        return found

    async def stored(self, uri: str) -> PostView:
        """The post as its own author sees it, public or not."""
        row = await self.object_row(uri)
        assert row is not None, f"{uri} is not stored"
        found = await self.shown(uri, Viewer(row["author_id"], host=host_of(uri) or ""))
        assert found is not None
        return found

    async def grant(self, actor: int, collection: int) -> Grant | None:
        for row in await self.rows(t.grants):
            if (row["actor_id"], row["collection_id"]) == (actor, collection):
                return Grant(row["state"])
        return None

    async def nothing_learned(self, uri: str) -> None:
        """Neither a post nor an actor of this id."""
        assert await self.object_row(uri) is None
        assert await self.actor_row(uri) is None

    async def refused_post(self, uri: str, *reasons: str) -> None:
        """The document at this address gives no post."""
        before = await self.state()
        found = await self.world.peers.learn_post(uri)
        assert isinstance(found, Failed)
        assert not reasons or found.reason in reasons, found
        assert await self.state() == before


Play = Callable[[Case], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind of stated outcome means. types: the stated types it is for (none: all); words: the outcome's beginning."""

    words: str
    play: Play
    types: tuple[str, ...] = ()

    def covers(self, stated: str, outcome: str) -> bool:
        return outcome.startswith(self.words) and (not self.types or stated.partition("{")[0] in self.types)
