"""What has to be known before a group's own server is asked whose people may read in it, and which servers hold a gated group.

A post written here in a group of another server that only its members read: who they are, only that server knows.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import bindparam, func, select

from fedi_community.domain.model import PUBLIC, Grant, Who
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param, word
from fedi_community.storage.visible import exists_in

_group, _a, _p = t.actors.alias(), t.audience.alias(), t.audience.alias()
_GATED_ELSEWHERE = Statement(
    select(_group.c.id, _group.c.uri, _group.c.followers_uri)
    .select_from(t.objects.join(_group, _group.c.id == t.objects.c.group_id))
    .where(
        t.objects.c.id == param("key"),
        t.objects.c.local == number(1),
        t.objects.c.state == word("published"),
        _group.c.host_id.is_not(None),
        _group.c.followers_uri.is_not(None),
        exists_in(_a, _a.c.object_id == t.objects.c.id, _a.c.principal_id == _group.c.id + number(1)),
        ~exists_in(_p, _p.c.object_id == t.objects.c.id, _p.c.principal_id == number(PUBLIC)),
    )
)
_MEMBERS_AT = Statement(
    select(func.count())
    .select_from(
        t.grants.join(t.actors, t.actors.c.id == t.grants.c.actor_id).join(
            t.hosts, t.hosts.c.id == t.actors.c.host_id
        )
    )
    .where(
        t.grants.c.collection_id == param("collection"),
        t.grants.c.state == number(Grant.ACCEPTED),
        t.actors.c.state == word("active"),
        t.actors.c.type != word("Application"),
        t.hosts.c.name == bindparam("host"),
        t.hosts.c.state != word("suspended"),
    )
)
_GATED = Statement(
    select(t.groups.c.reads)
    .join(t.actors, t.actors.c.id == t.groups.c.actor_id)
    .where(t.actors.c.uri == bindparam("uri"))
)
_LISTED = Statement(select(t.groups.c.peers).where(t.groups.c.actor_id == param("key")))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A group of another server that only its members read."""

    id: int
    uri: str
    followers_uri: str


async def gated_elsewhere(tx: Tx, post_id: int) -> Elsewhere | None:
    """The group that a published post of ours is in, where another server says who reads it."""
    row = await tx.row(_GATED_ELSEWHERE, key=post_id)
    return None if row is None else Elsewhere(row["id"], row["uri"], row["followers_uri"])


async def listed_hosts(tx: Tx, group_id: int) -> frozenset[str]:
    """The servers that staff listed for a group; where it was opened since, its earlier discussions are still for members."""
    return frozenset(orjson.loads(await tx.value(_LISTED, key=group_id) or "[]"))


async def is_gated(tx: Tx, uri: str) -> bool:
    """A group of ours that not everybody reads."""
    reads = await tx.value(_GATED, uri=uri)
    return reads is not None and reads != Who.EVERYONE


async def members_at(tx: Tx, collection: int, host: str) -> int:
    """How many people of a host are in a collection; servers themselves are no people."""
    return int(await tx.value(_MEMBERS_AT, collection=collection, host=host) or 0)
