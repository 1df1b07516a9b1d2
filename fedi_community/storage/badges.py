"""Badges, and names of other servers' actors that are held. Who asks, the caller checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import bindparam, select, update

from fedi_community.domain import group_effects as e
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, number, param
from fedi_community.storage.wake import Wake

_B, _A = t.badges.c, t.actors.c
_STAND = Statement(
    select(_B.id, _B.label, _B.issuer, _B.created)
    .where(_B.actor_id == param("actor"), _B.revoked.is_(None))
    .order_by(_B.id)
)
_GRANT = insert_row(t.badges, "id", "actor_id", "label", "issuer", "granted_by", "created")
_REVOKE = Statement(
    update(t.badges)
    .where(_B.id == param("key"), _B.actor_id == param("actor"), _B.revoked.is_(None))
    .values(revoked=param("at"))
)
_SHOW = Statement(
    update(t.actors).where(_A.id == param("actor")).values(badges=bindparam("badges"), updated=param("at"))
)
_ALLOW = Statement(
    update(t.actors)
    .where(_A.id == param("actor"), _A.held_name.is_not(None))
    .values(allowed_name=_A.held_name, name=_A.held_name)
)
_HOLD = Statement(
    update(t.actors)
    .where(_A.id == param("actor"), _A.held_name.is_not(None))
    .values(allowed_name=None, name="")
)
STILL_ALLOWED = Statement(
    update(t.actors).where(_A.id == param("actor"), _A.held_name == _A.allowed_name).values(name=_A.held_name)
)
"""A name that staff allowed is shown when its server says it again."""
_HELD = Statement(
    select(_A.id, _A.held_name, _A.allowed_name)
    .where(_A.held_name.is_not(None))
    .order_by(_A.id.desc())
    .limit(number(200))
)


@dataclass(frozen=True, slots=True)
class Badge:
    """label: what is said; issuer: who says it; created: milliseconds."""

    id: int
    label: str
    issuer: str
    created: int


@dataclass(frozen=True, slots=True)
class HeldName:
    """An actor of another server whose name claims to be who runs this one. allowed: staff let it be shown."""

    actor_id: int
    name: str
    allowed: bool


async def of(tx: Tx, actor_id: int) -> list[Badge]:
    """The badges of somebody that stand, the oldest first."""
    return [Badge(*row) for row in await tx.rows(_STAND, actor=actor_id)]


async def held_names(tx: Tx) -> list[HeldName]:
    """The newest accounts first."""
    return [HeldName(row[0], row[1], row[2] == row[1]) for row in await tx.rows(_HELD)]


async def _shown(tx: Tx, actor_id: int, at: int) -> None:
    made = [
        {"id": str(one.id), "label": one.label, "issuer": one.issuer, "at": one.created}
        for one in await of(tx, actor_id)
    ]
    await tx.run(_SHOW, actor=actor_id, badges=orjson.dumps(made).decode(), at=at)


async def _grant(tx: Tx, x: e.GrantBadge, wake: Wake) -> None:
    await tx.run(
        _GRANT,
        id=x.id,
        actor_id=x.actor_id,
        label=x.label,
        issuer=x.issuer,
        granted_by=x.login_id,
        created=x.at,
    )
    await _shown(tx, x.actor_id, x.at)


async def _revoke(tx: Tx, x: e.RevokeBadge, wake: Wake) -> None:
    await tx.run(_REVOKE, key=x.id, actor=x.actor_id, at=x.at)
    await _shown(tx, x.actor_id, x.at)


async def _allow(tx: Tx, x: e.AllowName, wake: Wake) -> None:
    await tx.run(_ALLOW if x.allow else _HOLD, actor=x.actor_id)


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.GrantBadge: _grant,
    e.RevokeBadge: _revoke,
    e.AllowName: _allow,
}
