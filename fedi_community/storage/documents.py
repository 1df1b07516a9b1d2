"""Statements behind the ActivityPub documents: activities, what remains of posts, what actors say of themselves.

Content comes from `views.load_posts` alone; here are ids, addresses and counts. Whoever shows an id asks the rule first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import bindparam, select

from fedi_community.domain.holds import holds_of
from fedi_community.domain.model import (
    PUBLIC,
    Kind,
    Place,
    Post,
    State,
    Viewer,
    gate_as_told,
    owner_of,
)
from fedi_community.domain.visibility import may_view, nothing
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, one_of, param, word
from fedi_community.storage.visible import load_sight

A, O = t.activities.c, t.objects.c  # noqa: E741


# --- activities -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """An activity as it was recorded. raw: as a peer sent it, where a group passes it on."""

    id: int
    uri: str
    type: str
    actor_id: int
    object_id: int | None
    target_id: int | None
    inner_uri: str | None
    state: str
    raw: bytes | None
    extra: dict[str, Any]
    created: int

    @property
    def wraps(self) -> bool:
        """A group passes on an activity (FEP-1b12), as opposed to boosting an object."""
        return bool(self.extra.get("wraps"))

    @property
    def group_id(self) -> int | None:
        """The group that something is said of, where the speaker is another."""
        found = self.extra.get("group")
        return found if isinstance(found, int) else None

    @property
    def undoes(self) -> str | None:
        """What kind of thing an Undo takes back; None means a Follow."""
        found = self.extra.get("undo")
        return found if isinstance(found, str) else None


ROW_COLUMNS = (
    A.id, A.uri, A.type, A.actor_id, A.object_id, A.target_id, A.inner_uri, A.state, A.raw, A.extra, A.created,
)  # fmt: skip
_ROW = Statement(select(*ROW_COLUMNS).where(A.id == param("key")))
_ROW_BY_URI = Statement(select(*ROW_COLUMNS).where(one_of(A.uri, "uris", text=True)))
_LATEST = Statement(
    select(A.uri)
    .where(A.object_id == param("object_id"), A.actor_id == param("actor_id"), A.type == bindparam("kind"),
           A.id < param("before"))
    .order_by(A.id.desc())
    .limit(1)
)  # fmt: skip
_BLOCKS = Statement(
    select(*ROW_COLUMNS)
    .where(A.actor_id == param("actor_id"), A.target_id == param("target_id"), A.type == word("Block"), A.id < param("before"))
    .order_by(A.id.desc())
    .limit(50)
)  # fmt: skip
_REACTION = Statement(
    select(t.reactions.c.content).where(
        t.reactions.c.object_id == param("object_id"),
        t.reactions.c.actor_id == param("actor_id"),
        t.reactions.c.kind == word("react"),
    )
)


def activity_of(row: Row) -> ActivityRow:
    """A row of `ROW_COLUMNS`."""
    return ActivityRow(
        row["id"], row["uri"], row["type"], row["actor_id"], row["object_id"], row["target_id"], row["inner_uri"],
        row["state"], None if row["raw"] is None else bytes(row["raw"]), orjson.loads(row["extra"]), row["created"],
    )  # fmt: skip


async def activity_row(tx: Tx, activity_id: int) -> ActivityRow | None:
    """An activity by id, ours or a peer's."""
    row = await tx.row(_ROW, key=activity_id)
    return None if row is None else activity_of(row)


async def activity_rows(tx: Tx, uris: Iterable[str]) -> dict[str, ActivityRow]:
    """Activities by URI; unknown ones are left out."""
    wanted = list(set(uris))
    if not wanted:
        return {}
    return {row["uri"]: activity_of(row) for row in await tx.rows(_ROW_BY_URI, uris=wanted)}


async def latest_of(tx: Tx, actor_id: int, object_id: int, kind: str, before: int) -> str | None:
    """URI of an actor's last activity of a type about an object: what its Undo takes back."""
    found: str | None = await tx.value(
        _LATEST, actor_id=actor_id, object_id=object_id, kind=kind, before=before
    )
    return found


async def latest_block(tx: Tx, undo: ActivityRow) -> str | None:
    """URI of the ban from a group that an Undo lifts."""
    found = await tx.rows(_BLOCKS, actor_id=undo.actor_id, target_id=undo.target_id, before=undo.id)
    rows = (activity_of(row) for row in found)
    return next((row.uri for row in rows if row.group_id == undo.group_id), None)


async def reaction_content(tx: Tx, actor_id: int, object_id: int) -> str:
    """The emoji of a reaction, "" when there is none (any more)."""
    return await tx.value(_REACTION, actor_id=actor_id, object_id=object_id) or ""


# --- what remains of posts --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bones:
    """A post without its words: enough to take it back, to address it, and to tell whether a copy is still fresh.

    gate: the principals of its thread's gate. boosted: URI of what it boosts.
    """

    id: int
    uri: str
    kind: str
    author_id: int
    group_id: int | None
    root_id: int | None
    state: str
    author_state: str
    local: bool
    boosted: str | None
    context_uri: str | None
    revision: int
    audience: dict[int, Place]
    gate: frozenset[int] | None
    asks_first: bool = False  # answers wait until somebody who runs the group has read them

    @property
    def public(self) -> bool:
        return PUBLIC in self.audience and (self.gate is None or PUBLIC in self.gate)

    @property
    def gone(self) -> bool:
        return self.state == State.DELETED


_boosted = t.objects.alias()
_BONES = Statement(
    select(
        O.id, O.uri, O.kind, O.author_id, O.group_id, O.root_id, O.state, t.actors.c.state.label("author_state"), O.local,
        _boosted.c.uri.label("boosted"), O.context_uri, O.revision, O.gate_id, O.asks_first, t.groups.c.holds,
    )
    .select_from(
        t.objects.join(t.actors, t.actors.c.id == O.author_id)
        .outerjoin(_boosted, _boosted.c.id == O.boost_of)
        .outerjoin(t.groups, t.groups.c.actor_id == O.group_id)
    )
    .where(one_of(O.id, "ids"))
)  # fmt: skip
_AUDIENCE = Statement(
    select(t.audience.c.object_id, t.audience.c.principal_id, t.audience.c.place).where(
        one_of(t.audience.c.object_id, "ids")
    )
)
_GATES = Statement(
    select(t.gate_principals.c.gate_id, t.gate_principals.c.principal_id).where(
        one_of(t.gate_principals.c.gate_id, "ids")
    )
)
_URI = Statement(select(t.actors.c.uri).where(t.actors.c.id == param("key")))
_DELETED_AT = Statement(select(t.tombstones.c.created).where(t.tombstones.c.uri == bindparam("uri")))


async def load_bones(tx: Tx, ids: Iterable[int]) -> dict[int, Bones]:
    """Posts by id, deleted ones too."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    rows = await tx.rows(_BONES, ids=wanted)
    audiences: dict[int, dict[int, Place]] = {}
    for post, principal, place in await tx.rows(_AUDIENCE, ids=wanted):
        audiences.setdefault(post, {})[principal] = place
    gates: dict[int, set[int]] = {row["gate_id"]: set() for row in rows if row["gate_id"]}
    if gates:
        for gate, principal in await tx.rows(_GATES, ids=list(gates)):
            gates[gate].add(principal)
    return {
        row["id"]: Bones(
            row["id"], row["uri"], row["kind"], row["author_id"], row["group_id"], row["root_id"], row["state"],
            row["author_state"], bool(row["local"]), row["boosted"], row["context_uri"], row["revision"],
            audiences.get(row["id"], {}),
            gate_as_told(frozenset(gates[row["gate_id"]]), row["gate_id"], row["group_id"]) if row["gate_id"] else None,
            bool(row["asks_first"]) or holds_of(orjson.loads(row["holds"] or "{}")).replies == "everybody",
        )
        for row in rows
    }  # fmt: skip


async def actor_uri(tx: Tx, actor_id: int) -> str | None:
    """The address of an actor."""
    found: str | None = await tx.value(_URI, key=actor_id)
    return found


async def had_access(tx: Tx, viewer: Viewer, bones: Bones) -> bool:
    """Whether the viewer could read a deleted post while it was published: the rule, asked about then."""
    post = Post(
        bones.id, bones.uri, Kind(bones.kind), bones.author_id, State.PUBLISHED, bones.audience, None, bones.gate,
        bones.group_id, author_state=bones.author_state,  # type: ignore[arg-type]
    )  # fmt: skip
    principals = {*bones.audience, *(bones.gate or ())}
    groups = [bones.group_id] if bones.group_id else []
    sight = await load_sight(tx, viewer, principals, [bones.author_id], groups)
    return may_view(sight, post, nothing)


async def deleted_at(tx: Tx, uri: str) -> int | None:
    """When it was taken back, milliseconds."""
    found: int | None = await tx.value(_DELETED_AT, uri=uri)
    return found


# --- actors -----------------------------------------------------------------------------------------------------------------

_successor = t.actors.alias()
_MORE = Statement(
    select(
        t.actors.c.updated, t.actors.c.summary_source, t.actors.c.also_known_as, _successor.c.uri.label("moved_to"),
        t.groups.c.finds, t.groups.c.reads, t.groups.c.posts,
    )
    .select_from(
        t.actors.outerjoin(t.groups, t.groups.c.actor_id == t.actors.c.id).outerjoin(
            _successor, _successor.c.id == t.actors.c.moved_to
        )
    )
    .where(t.actors.c.id == param("key"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ActorMore:
    """What an actor's document says beyond the view. finds, reads, posts: a group's switches."""

    updated: int | None
    summary_source: str | None
    also_known_as: tuple[str, ...]
    moved_to: str | None
    finds: str | None
    reads: str | None
    posts: str | None


async def actor_more(tx: Tx, actor_id: int) -> ActorMore:
    row = await tx.row(_MORE, key=actor_id)
    if row is None:
        return ActorMore(None, None, (), None, None, None, None)
    return ActorMore(
        row["updated"], row["summary_source"], tuple(orjson.loads(row["also_known_as"])), row["moved_to"],
        row["finds"], row["reads"], row["posts"],
    )  # fmt: skip


def owners(principals: Iterable[int]) -> frozenset[int]:
    """The actors that principals belong to."""
    return frozenset(owner_of(p) for p in principals if p > 3)
