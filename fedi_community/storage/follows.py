"""Statements about who here follows whom."""

from __future__ import annotations

from sqlalchemy import select

from fedi_community.domain.model import Grant, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param

_LOCAL_FOLLOWERS = Statement(
    select(t.grants.c.actor_id)
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


async def local_followers(tx: Tx, actor_id: int, after: int, limit: int) -> list[int]:
    """Ids of the actors of this server who follow this one, in order, those behind `after`."""
    rows = await tx.rows(_LOCAL_FOLLOWERS, collection=followers_of(actor_id), after=after, count=limit)
    return [row[0] for row in rows]
