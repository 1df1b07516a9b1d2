"""Statements of the client API: how the acting actor stands to others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from fedi_community.domain.model import Grant
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, one_of, param, word

_GRANTS = Statement(
    select(t.grants.c.actor_id, t.grants.c.collection_id, t.grants.c.state).where(
        or_(
            and_(t.grants.c.actor_id == param("owner"), one_of(t.grants.c.collection_id, "collections")),
            and_(one_of(t.grants.c.actor_id, "ids"), t.grants.c.collection_id == param("followers")),
        )
    )
)
_BLOCKS = Statement(
    select(t.blocks.c.target_id).where(
        t.blocks.c.actor_id == param("owner"), one_of(t.blocks.c.target_id, "ids")
    )
)
_KNOWN = Statement(select(t.actors.c.id).where(one_of(t.actors.c.id, "ids")))


async def relationships(tx: Tx, owner: int, ids: Sequence[int]) -> dict[int, dict[str, bool]]:
    """How `owner` stands to each known actor: the words of a Relationship that are true or false for him."""
    known = {row[0] for row in await tx.rows(_KNOWN, ids=list(ids))}
    found: dict[int, dict[str, Any]] = {i: {} for i in ids if i in known}
    rows = await tx.rows(
        _GRANTS, owner=owner, collections=[i | 1 for i in found], ids=list(found), followers=owner | 1
    )
    for actor, collection, state in rows:
        if actor == owner and collection & ~3 in found:
            mine = found[collection & ~3]
            mine["following"] = mine["showing_reblogs"] = state == Grant.ACCEPTED
            mine["requested"] = state in (Grant.ASKED, Grant.UNHEARD)
        elif actor in found:
            found[actor]["followed_by"] = state == Grant.ACCEPTED
            found[actor]["requested_by"] = state == Grant.ASKED
    for row in await tx.rows(_BLOCKS, owner=owner, ids=list(found)):
        found[row[0]]["blocking"] = True
    return found


_self = t.speakers.alias()
_own, _other = t.actors.alias(), t.actors.alias()
_MAY_SPEAK = Statement(
    select(_self.c.login_id, t.speakers.c.actor_id)
    .select_from(
        _self.join(_own, _own.c.id == _self.c.actor_id)
        .join(t.speakers, t.speakers.c.login_id == _self.c.login_id)
        .join(_other, _other.c.id == t.speakers.c.actor_id)
    )
    .where(
        _self.c.role == word("self"),
        _own.c.handle == bindparam("name"),
        _own.c.host_id.is_(None),
        _other.c.handle == bindparam("speaks_as"),
        _other.c.host_id.is_(None),
    )
)


async def may_speak(tx: Tx, name: str, speaks_as: str) -> tuple[int, int] | None:
    """(login id, actor id) when the member `name` may speak as `speaks_as`: itself, a persona, or a group it is staff of."""
    row = await tx.row(_MAY_SPEAK, name=name, speaks_as=speaks_as)
    return None if row is None else (row[0], row[1])
