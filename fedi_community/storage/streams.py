"""What open streams ask: on which timelines a post stands, whether it was theirs to see, whether their tokens are still good."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import and_, or_, select

from fedi_community.domain.model import PUBLIC, Viewer
from fedi_community.storage import client_tables as c
from fedi_community.storage import documents
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param
from fedi_community.storage.entries import Timeline

E = t.entries.c
_ENTRIES = Statement(
    select(E.timeline, E.ref, t.tags.c.name)
    .select_from(t.entries.outerjoin(t.tags, and_(t.tags.c.id == E.ref, or_(
        E.timeline == number(Timeline.TAG), E.timeline == number(Timeline.TAG_LOCAL)
    ))))
    .where(E.object_id == param("object_id"), E.principal_id == number(PUBLIC))
)  # fmt: skip
_HOMES = Statement(
    select(t.home.c.owner_id, t.home.c.via).where(
        t.home.c.object_id == param("object_id"), one_of(t.home.c.owner_id, "owners")
    )
)
_LISTS = Statement(
    select(c.list_entries.c.list_id).where(
        c.list_entries.c.object_id == param("object_id"), one_of(c.list_entries.c.list_id, "lists")
    )
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a post stands: timelines that everybody may ask for, its hashtags, homes (owner -> via), lists."""

    timelines: frozenset[int]
    tags: frozenset[str] = frozenset()
    local_tags: frozenset[str] = frozenset()
    homes: dict[int, int | None] = field(default_factory=dict)
    lists: frozenset[int] = frozenset()


async def places(tx: Tx, object_id: int, owners: Collection[int], lists: Collection[int]) -> Places:
    """Among these homes and lists, and of the public timelines. Who may read it there is not said."""
    rows = await tx.rows(_ENTRIES, object_id=object_id)
    homes = await tx.rows(_HOMES, object_id=object_id, owners=list(owners)) if owners else ()
    listed = await tx.rows(_LISTS, object_id=object_id, lists=list(lists)) if lists else ()
    return Places(
        frozenset(row[0] for row in rows),
        frozenset(row[2] for row in rows if row[0] == Timeline.TAG and row[2]),
        frozenset(row[2] for row in rows if row[0] == Timeline.TAG_LOCAL and row[2]),
        {row[0]: row[1] for row in homes},
        frozenset(row[0] for row in listed),
    )


async def had_access(tx: Tx, object_id: int, viewers: Collection[Viewer]) -> set[int]:
    """Which of these viewers (0 for strangers) could read a post while it was published: they are told that it is gone."""
    bones = (await documents.load_bones(tx, [object_id])).get(object_id)
    if bones is None:
        return set()
    return {viewer.id for viewer in viewers if await documents.had_access(tx, viewer, bones)}


K, L, A = t.tokens.c, t.logins.c, t.actors.c
_GOOD = Statement(
    select(K.id)
    .select_from(
        t.tokens.join(t.logins, L.id == K.login_id)
        .join(t.actors, A.id == K.actor_id)
        .join(t.speakers, and_(t.speakers.c.login_id == K.login_id, t.speakers.c.actor_id == K.actor_id))
    )
    .where(
        one_of(K.id, "ids"),
        K.revoked.is_(None),
        or_(K.expires.is_(None), K.expires > param("now")),
        among(L.state, "active"),
        among(A.state, "active", "limited"),
    )
)


async def good_tokens(tx: Tx, ids: Collection[int], now: int) -> frozenset[int]:
    """Which of these tokens still speak for somebody, all with one look."""
    return frozenset(row[0] for row in await tx.rows(_GOOD, ids=list(ids), now=now)) if ids else frozenset()
