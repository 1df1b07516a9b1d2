"""What the pages ask beyond posts and actors: gates for saying who reads, tags by name, the groups of a member.

Nothing here decides who may see a post; posts reach a page only through `views.load_posts`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select

from fedi_community.domain.model import Grant, followers_of, gate_as_told, owner_of, staff_of
from fedi_community.storage import client_tables
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, one_of, param

_GATES = Statement(
    select(t.objects.c.id, t.objects.c.gate_id, t.objects.c.group_id, t.gate_principals.c.principal_id)
    .select_from(t.objects.join(t.gate_principals, t.gate_principals.c.gate_id == t.objects.c.gate_id))
    .where(one_of(t.objects.c.id, "ids"))
)


async def gates_of(tx: Tx, post_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """Post id -> the principals of its thread's gate, as told. For posts the viewer was shown already."""
    wanted = list(set(post_ids))
    if not wanted:
        return {}
    found: dict[tuple[int, int, int | None], set[int]] = {}
    for post, gate, group, principal in await tx.rows(_GATES, ids=wanted):
        found.setdefault((post, gate, group), set()).add(principal)
    return {
        post: gate_as_told(frozenset(principals), gate, group)
        for (post, gate, group), principals in found.items()
    }


_TAG = Statement(select(t.tags.c.id).where(t.tags.c.name == bindparam("name")))


async def tag_id(tx: Tx, name: str) -> int | None:
    found: int | None = await tx.value(_TAG, name=name)
    return found


_JOINED = Statement(
    select(t.groups.c.actor_id, t.grants.c.state)
    .select_from(t.groups.join(t.grants, t.grants.c.collection_id == t.groups.c.actor_id + number(1)))
    .where(t.grants.c.actor_id == param("viewer"))
)


async def memberships(tx: Tx, viewer_id: int) -> dict[int, Grant]:
    """Local group id -> how the viewer stands to its members. For the viewer alone."""
    if not viewer_id:
        return {}
    return {row[0]: Grant(row[1]).to_asker for row in await tx.rows(_JOINED, viewer=viewer_id)}


_FOLLOWS = Statement(
    select(t.grants.c.state).where(
        t.grants.c.actor_id == param("viewer"), t.grants.c.collection_id == param("collection")
    )
)


async def grant_of(tx: Tx, viewer_id: int, collection: int) -> Grant | None:
    """How the viewer stands to one collection."""
    state = await tx.value(_FOLLOWS, viewer=viewer_id, collection=collection) if viewer_id else None
    return None if state is None else Grant(state).to_asker


_AMONG = Statement(
    select(t.grants.c.actor_id).where(
        t.grants.c.collection_id == param("collection"),
        t.grants.c.state == number(Grant.ACCEPTED),
        one_of(t.grants.c.actor_id, "ids"),
    )
)


async def followers_among(tx: Tx, viewer_id: int, ids: list[int]) -> frozenset[int]:
    """Who of these follows the viewer now."""
    rows = await tx.rows(_AMONG, collection=followers_of(viewer_id), ids=ids) if ids else ()
    return frozenset(row[0] for row in rows)


_RUN = Statement(
    select(t.grants.c.collection_id)
    .join(t.groups, t.groups.c.actor_id + number(2) == t.grants.c.collection_id)
    .where(t.grants.c.actor_id == param("viewer"), t.grants.c.state == number(Grant.ACCEPTED))
    .union(
        select(t.grants.c.collection_id)
        .join(t.groups, t.groups.c.actor_id + number(3) == t.grants.c.collection_id)
        .where(t.grants.c.actor_id == param("viewer"), t.grants.c.state == number(Grant.ACCEPTED))
    )
)


async def run_groups(tx: Tx, viewer_id: int) -> frozenset[int]:
    """The groups of this server that somebody is a mentor or staff of."""
    return frozenset(owner_of(row[0]) for row in await tx.rows(_RUN, viewer=viewer_id))


async def is_staff(tx: Tx, viewer_id: int, group_id: int) -> bool:
    return await grant_of(tx, viewer_id, staff_of(group_id)) is Grant.ACCEPTED


_L, _M = client_tables.lists.c, client_tables.list_members.c
_IN_CIRCLES = Statement(
    select(_L.id, _M.actor_id)
    .join(client_tables.list_members, _M.list_id == _L.id)
    .where(_L.actor_id == param("owner"), _L.circle == number(1))
    .order_by(_L.id, _M.actor_id)
)


async def circle_people(tx: Tx, owner: int, most: int) -> dict[int, list[int]]:
    """Who is in each of somebody's circles; at most so many of each."""
    found: dict[int, list[int]] = {}
    for circle, actor in await tx.rows(_IN_CIRCLES, owner=owner):
        people = found.setdefault(circle, [])
        if len(people) < most:
            people.append(actor)
    return found
