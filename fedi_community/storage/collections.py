"""Statements behind collections: outboxes, followers, moderators, pins, threads, answers; the fetch ledger; counts.

Ids, addresses and numbers alone. Threads and answers pass the rule here; pins and outboxes are loaded through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, or_, select

from fedi_community.domain.model import PUBLIC, Grant, Viewer, followers_of, mentors_of, staff_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, number, one_of, param, word
from fedi_community.storage.documents import ROW_COLUMNS, ActivityRow, activity_of
from fedi_community.storage.entries import Timeline
from fedi_community.storage.views import load_actors
from fedi_community.storage.visible import host_id, visible_ids

A, O = t.activities.c, t.objects.c  # noqa: E741
MAX_SCAN = 200
DAY_MS = 86_400_000

# --- of actors --------------------------------------------------------------------------------------------------------------

_CREATES = Statement(
    select(*ROW_COLUMNS).where(
        A.actor_id == param("actor_id"),
        one_of(A.object_id, "ids"),
        or_(A.type == word("Create"), and_(A.type == word("Announce"), A.inner_uri.is_not(None))),
    )
)
_inner = t.activities.alias()
_PASSED_ON = Statement(
    select(*ROW_COLUMNS)
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
        activity_of(r)
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
        t.actors.c.uri > bindparam("after"),
    )
    .order_by(t.actors.c.uri)
    .limit(param("count"))
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


async def followers_at(tx: Tx, actor_id: int, host: str, after: str, count: int) -> list[str]:
    """The accepted followers of one host, for that host alone (FEP-8fcf), in order, those behind `after`."""
    rows = await tx.rows(_FOLLOWERS_AT, key=followers_of(actor_id), host=host, after=after, count=count)
    return [row[0] for row in rows]


async def moderator_uris(tx: Tx, group_id: int, voice: int = 0) -> list[str]:
    """Who runs a group: its mentors and staff. voice: who says so to peers what they did."""
    found = await tx.rows(_MODERATORS, mentors=mentors_of(group_id), staff=staff_of(group_id))
    said = (await load_actors(tx, [voice])).get(voice) if voice else None
    return [*([said.uri] if said is not None else []), *(row[0] for row in found)]


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


async def usage(tx: Tx, now_ms: int) -> tuple[int, int, int, int, int]:
    """(members, active in 30 days, active in 180 days, public threads, public answers) of this server, exact."""
    return (
        int(await tx.value(_MEMBERS)),
        int(await tx.value(_ACTIVE, since=now_ms - 30 * DAY_MS)),
        int(await tx.value(_ACTIVE, since=now_ms - 180 * DAY_MS)),
        int(await tx.value(_LOCAL_THREADS)),
        int(await tx.value(_LOCAL_ANSWERS)),
    )
