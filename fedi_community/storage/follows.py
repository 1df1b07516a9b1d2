"""Statements about who follows whom, here and from elsewhere, as digests and moves need it."""

from __future__ import annotations

from sqlalchemy import select

from fedi_community.domain.model import Grant, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param, word

_LOCAL_FOLLOWERS = Statement(
    select(t.grants.c.actor_id, t.actors.c.uri)
    .join(t.actors, t.actors.c.id == t.grants.c.actor_id)
    .where(
        t.grants.c.collection_id == param("collection"),
        t.grants.c.state == number(Grant.ACCEPTED),
        t.grants.c.actor_id > param("after"),
        t.actors.c.host_id.is_(None),
    )
    .order_by(t.grants.c.actor_id)
    .limit(param("count"))
)
_FOLLOWERS_ELSEWHERE = Statement(
    select(t.grants.c.actor_id, t.actors.c.uri, t.hosts.c.name)
    .join(t.actors, t.actors.c.id == t.grants.c.actor_id)
    .join(t.hosts, t.hosts.c.id == t.actors.c.host_id)
    .where(
        t.grants.c.collection_id == param("collection"),
        t.grants.c.state == number(Grant.ACCEPTED),
        t.grants.c.actor_id > param("after"),
        t.actors.c.state == word("active"),
    )
    .order_by(t.grants.c.actor_id)
    .limit(param("count"))
)


async def local_followers(tx: Tx, actor_id: int, after: int, limit: int) -> list[int]:
    """Ids of the actors of this server who follow this one, in order, those behind `after`."""
    return [key for key, _ in await local_followers_named(tx, actor_id, after, limit)]


async def local_followers_named(tx: Tx, actor_id: int, after: int, limit: int) -> list[tuple[int, str]]:
    """The same with their addresses: (id, URI)."""
    rows = await tx.rows(_LOCAL_FOLLOWERS, collection=followers_of(actor_id), after=after, count=limit)
    return [(row[0], row[1]) for row in rows]


async def followers_elsewhere(tx: Tx, actor_id: int, after: int, limit: int) -> list[tuple[int, str, str]]:
    """The followers of other servers whom `collections.followers_at` lists to theirs, in order, those behind `after`: (id, URI,
    host)."""
    rows = await tx.rows(_FOLLOWERS_ELSEWHERE, collection=followers_of(actor_id), after=after, count=limit)
    return [(row[0], row[1], row[2]) for row in rows]
