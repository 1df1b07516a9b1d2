"""Statements behind the ActivityPub documents: activities, what remains of posts, collections, the fetch ledger.

Content comes from `views.load_posts` alone; here are ids, addresses and counts. Whoever shows an id asks the rule first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Select, and_, bindparam, exists, func, or_, select

from fedi_community.domain.model import (
    PUBLIC,
    Grant,
    Kind,
    Place,
    Post,
    State,
    Viewer,
    followers_of,
    owner_of,
)
from fedi_community.domain.visibility import may_view, nothing
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, insert_row, number, one_of, param, word
from fedi_community.storage.posts import Timeline
from fedi_community.storage.visible import host_id, load_sight, visible_ids

A, O = t.activities.c, t.objects.c  # noqa: E741
MAX_SCAN = 200


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
    def undoes(self) -> str | None:
        """What kind of thing an Undo takes back; None means a Follow."""
        found = self.extra.get("undo")
        return found if isinstance(found, str) else None


_ROW_COLUMNS = (
    A.id, A.uri, A.type, A.actor_id, A.object_id, A.target_id, A.inner_uri, A.state, A.raw, A.extra, A.created,
)  # fmt: skip
_ROW = Statement(select(*_ROW_COLUMNS).where(A.id == param("key")))
_ROW_BY_URI = Statement(select(*_ROW_COLUMNS).where(one_of(A.uri, "uris", text=True)))
_LATEST = Statement(
    select(A.uri)
    .where(A.object_id == param("object_id"), A.actor_id == param("actor_id"), A.type == bindparam("kind"),
           A.id < param("before"))
    .order_by(A.id.desc())
    .limit(1)
)  # fmt: skip
_REACTION = Statement(
    select(t.reactions.c.content).where(
        t.reactions.c.object_id == param("object_id"),
        t.reactions.c.actor_id == param("actor_id"),
        t.reactions.c.kind == word("react"),
    )
)


def _activity(row: Row) -> ActivityRow:
    return ActivityRow(
        row["id"], row["uri"], row["type"], row["actor_id"], row["object_id"], row["target_id"], row["inner_uri"],
        row["state"], None if row["raw"] is None else bytes(row["raw"]), orjson.loads(row["extra"]), row["created"],
    )  # fmt: skip


async def activity_row(tx: Tx, activity_id: int) -> ActivityRow | None:
    """An activity by id, ours or a peer's."""
    row = await tx.row(_ROW, key=activity_id)
    return None if row is None else _activity(row)


async def activity_rows(tx: Tx, uris: Iterable[str]) -> dict[str, ActivityRow]:
    """Activities by URI; unknown ones are left out."""
    wanted = list(set(uris))
    if not wanted:
        return {}
    return {row["uri"]: _activity(row) for row in await tx.rows(_ROW_BY_URI, uris=wanted)}


async def latest_of(tx: Tx, actor_id: int, object_id: int, kind: str, before: int) -> str | None:
    """URI of an actor's last activity of a type about an object: what its Undo takes back."""
    found: str | None = await tx.value(
        _LATEST, actor_id=actor_id, object_id=object_id, kind=kind, before=before
    )
    return found


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
        _boosted.c.uri.label("boosted"), O.context_uri, O.revision, O.gate_id,
    )
    .select_from(
        t.objects.join(t.actors, t.actors.c.id == O.author_id).outerjoin(_boosted, _boosted.c.id == O.boost_of)
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
            audiences.get(row["id"], {}), frozenset(gates[row["gate_id"]]) if row["gate_id"] else None,
        )
        for row in rows
    }  # fmt: skip


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


# --- collections --------------------------------------------------------------------------------------------------------------

_CREATES = Statement(
    select(*_ROW_COLUMNS).where(
        A.actor_id == param("actor_id"),
        one_of(A.object_id, "ids"),
        or_(A.type == word("Create"), and_(A.type == word("Announce"), A.inner_uri.is_not(None))),
    )
)
_inner = t.activities.alias()
_PASSED_ON = Statement(
    select(*_ROW_COLUMNS)
    .select_from(t.activities.join(_inner, _inner.c.uri == A.inner_uri))
    .where(
        A.actor_id == param("actor_id"),
        one_of(A.object_id, "ids"),
        A.type == word("Announce"),
        _inner.c.type == word("Create"),
    )
)


async def published_by(tx: Tx, actor_id: int, is_group: bool, ids: Sequence[int]) -> dict[int, ActivityRow]:
    """For each of these posts the activity an outbox shows: a person's Create or boost, a group's wrapped Create."""
    if not ids:
        return {}
    rows = [
        _activity(r)
        for r in await tx.rows(_PASSED_ON if is_group else _CREATES, actor_id=actor_id, ids=list(ids))
    ]
    return {row.object_id: row for row in rows if row.object_id is not None}


_FOLLOWERS = Statement(
    select(func.count())
    .select_from(t.grants)
    .where(t.grants.c.collection_id == param("key"), t.grants.c.state == number(Grant.ACCEPTED))
)
_FOLLOWERS_AT = Statement(
    select(t.actors.c.uri)
    .join(t.grants, t.grants.c.actor_id == t.actors.c.id)
    .join(t.hosts, t.hosts.c.id == t.actors.c.host_id)
    .where(
        t.grants.c.collection_id == param("key"),
        t.grants.c.state == number(Grant.ACCEPTED),
        t.hosts.c.name == bindparam("host"),
        t.actors.c.state == word("active"),
    )
    .order_by(t.actors.c.uri)
)
_MODERATORS = Statement(
    select(t.actors.c.uri)
    .join(t.grants, t.grants.c.actor_id == t.actors.c.id)
    .where(
        or_(
            t.grants.c.collection_id == param("mentors"),
            t.grants.c.collection_id == param("staff"),
        ),
        t.grants.c.state == number(Grant.ACCEPTED),
        t.actors.c.state == word("active"),
    )
    .distinct()
    .order_by(t.actors.c.uri)
)
_PINS = Statement(
    select(t.pins.c.object_id)
    .where(t.pins.c.actor_id == param("key"))
    .order_by(t.pins.c.created.desc(), t.pins.c.object_id.desc())
    .limit(param("count"))
)


async def followers_count(tx: Tx, actor_id: int) -> int:
    return int(await tx.value(_FOLLOWERS, key=followers_of(actor_id)))


async def followers_at(tx: Tx, actor_id: int, host: str) -> list[str]:
    """The accepted followers of one host, for that host alone (FEP-8fcf)."""
    return [row[0] for row in await tx.rows(_FOLLOWERS_AT, key=followers_of(actor_id), host=host)]


async def moderator_uris(tx: Tx, group_id: int) -> list[str]:
    """Who runs a group: its mentors and staff."""
    return [row[0] for row in await tx.rows(_MODERATORS, mentors=group_id | 2, staff=group_id | 3)]


async def pinned_ids(tx: Tx, actor_id: int, count: int) -> list[int]:
    """What an actor pinned, newest first. Ask the rule about them."""
    return [row[0] for row in await tx.rows(_PINS, key=actor_id, count=count)]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of visible posts as (id, URI), oldest first; last: the id to go on from, None at the end."""

    posts: tuple[tuple[int, str], ...]
    last: int | None


def _children(condition: Any) -> Select[Any]:
    return (
        select(O.id, O.uri)
        .where(condition, O.id > param("after"), O.state == word("published"), O.kind != word("Announce"))
        .order_by(O.id)
        .limit(param("count"))
    )


_THREAD = Statement(_children(O.root_id == param("key")))
_REPLIES = Statement(_children(O.reply_to == param("key")))
_OWN_REPLIES = Statement(_children(and_(O.reply_to == param("key"), O.local == number(1))))


async def _paged(tx: Tx, viewer: Viewer, statement: Statement, key: int, after: int, limit: int) -> Found:
    found: list[tuple[int, str]] = []
    scanned = 0
    while scanned < MAX_SCAN:
        rows = await tx.rows(statement, key=key, after=after, count=limit)
        allowed = await visible_ids(tx, viewer, [row[0] for row in rows])
        for row in rows:
            if len(found) == limit:
                return Found(tuple(found), after)
            after = row[0]
            if after in allowed:
                found.append((after, row[1]))
        scanned += len(rows)
        if len(rows) < limit:
            return Found(tuple(found), None)
    return Found(tuple(found), after)


async def thread_page(tx: Tx, viewer: Viewer, root_id: int, after: int, limit: int) -> Found:
    """Posts of a thread that the viewer may see, in time order, the root among them."""
    return await _paged(tx, viewer, _THREAD, root_id, after, limit)


async def replies_page(
    tx: Tx, viewer: Viewer, post_id: int, after: int, limit: int, own: bool = False
) -> Found:
    """Direct answers that the viewer may see; own: those of this server alone."""
    return await _paged(tx, viewer, _OWN_REPLIES if own else _REPLIES, post_id, after, limit)


# --- the ledger ---------------------------------------------------------------------------------------------------------------

_FETCHED = insert_row(t.ledger, "object_id", "host_id", "inbox", "how", "created", ignore=True)
_NOTED = Statement(
    select(t.ledger.c.object_id).where(
        t.ledger.c.host_id == param("host_id"), one_of(t.ledger.c.object_id, "ids")
    )
)
_INBOX = Statement(
    select(func.coalesce(t.actors.c.shared_inbox, t.actors.c.inbox)).where(t.actors.c.id == param("key"))
)


async def not_noted(tx: Tx, host: str, ids: Sequence[int]) -> list[int]:
    """Which of these posts the ledger does not name the host for yet."""
    known = {row[0] for row in await tx.rows(_NOTED, host_id=await host_id(tx, host), ids=list(ids))}
    return [i for i in ids if i not in known]


async def note_fetched(tx: Tx, host: str, actor_id: int, ids: Sequence[int], now_ms: int) -> None:
    """The host asked for these posts and got them: it has a copy, and hears when they are taken back."""
    host_row, inbox = await host_id(tx, host), await tx.value(_INBOX, key=actor_id)
    await tx.many(
        _FETCHED,
        [{"object_id": i, "host_id": host_row, "inbox": inbox, "how": "fetched", "created": now_ms} for i in ids],
    )  # fmt: skip


# --- counts -------------------------------------------------------------------------------------------------------------------

_MEMBERS = Statement(
    select(func.count())
    .select_from(t.actors)
    .where(
        t.actors.c.host_id.is_(None),
        t.actors.c.type == word("Person"),
        t.actors.c.state == word("active"),
        t.actors.c.sample == number(0),
    )
)
_ACTIVE = Statement(select(func.count()).select_from(t.logins).where(t.logins.c.active_at >= param("since")))
_LOCAL_THREADS = Statement(
    select(func.count())
    .select_from(t.entries)
    .where(
        t.entries.c.timeline == number(Timeline.LOCAL),
        t.entries.c.ref == number(0),
        t.entries.c.principal_id == number(PUBLIC),
    )
)
_audience = t.audience.alias()
_LOCAL_ANSWERS = Statement(
    select(func.count())
    .select_from(t.objects)
    .where(
        O.local == number(1),
        O.reply_to.is_not(None),
        O.state == word("published"),
        exists(
            select(number(1))
            .select_from(_audience)
            .where(_audience.c.object_id == O.id, _audience.c.principal_id == number(PUBLIC))
            .correlate_except(_audience)
        ),
    )
)
DAY_MS = 86_400_000


async def usage(tx: Tx, now_ms: int) -> tuple[int, int, int, int, int]:
    """(members, active in 30 days, active in 180 days, public threads, public answers) of this server, exact."""
    return (
        int(await tx.value(_MEMBERS)),
        int(await tx.value(_ACTIVE, since=now_ms - 30 * DAY_MS)),
        int(await tx.value(_ACTIVE, since=now_ms - 180 * DAY_MS)),
        int(await tx.value(_LOCAL_THREADS)),
        int(await tx.value(_LOCAL_ANSWERS)),
    )


def owners(principals: Iterable[int]) -> frozenset[int]:
    """The actors that principals belong to."""
    return frozenset(owner_of(p) for p in principals if p > 3)
