"""Statements about how people come into groups: answers to a group's question, invitations. Who asks, the caller checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from fedi_community.domain import group_effects as e
from fedi_community.domain.facts import Invitation
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, insert_row, number, one_of, param, upsert_row
from fedi_community.storage.wake import Wake

_I, _J = t.invitations.c, t.join_answers.c
_ANSWERS = Statement(
    select(_J.actor_id, _J.answer).where(_J.group_id == param("group"), one_of(_J.actor_id, "ids"))
)
_LIVING = Statement(
    select(t.invitations)
    .where(
        _I.group_id == param("group"),
        _I.revoked.is_(None),
        _I.expires > param("now"),
        or_(_I.uses_left.is_(None), _I.uses_left > number(0)),
    )
    .order_by(_I.id.desc())
    .limit(number(500))
)
_BY_HASH = Statement(select(t.invitations).where(_I.hash == bindparam("hash")))


def _invitation(row: Row) -> Invitation:
    return Invitation(
        row["id"], row["group_id"], row["hash"], row["made_by"], row["note"], row["uses_left"], row["used"],
        row["expires"], row["revoked"], row["created"],
    )  # fmt: skip


async def answers(tx: Tx, group_id: int, asker_ids: list[int]) -> dict[int, str]:
    """What those who ask to join a group answered to its question."""
    if not asker_ids:
        return {}
    return {row[0]: row[1] for row in await tx.rows(_ANSWERS, group=group_id, ids=asker_ids)}


async def living(tx: Tx, group_id: int, now: int) -> list[Invitation]:
    """The invitations of a group that let in now, the newest first."""
    return [_invitation(row) for row in await tx.rows(_LIVING, group=group_id, now=now)]


async def by_hash(tx: Tx, hash_: str, now: int) -> Invitation | None:
    """The invitation with this hash, if it lets in now."""
    row = await tx.row(_BY_HASH, hash=hash_)
    found = None if row is None else _invitation(row)
    return found if found is not None and found.works(now) else None


# --- effects ----------------------------------------------------------------------------------------------------------------

_KEEP = upsert_row(t.join_answers, ["group_id", "actor_id"], ["group_id", "actor_id", "answer", "expires"])
_DROP = Statement(delete(t.join_answers).where(_J.group_id == param("group"), _J.actor_id == param("actor")))
_MAKE = insert_row(
    t.invitations, "id", "group_id", "hash", "made_by", "note", "uses_left", "expires", "created"
)
_USE = Statement(
    update(t.invitations)
    .where(_I.id == param("key"))
    .values(used=_I.used + number(1), uses_left=_I.uses_left - number(1))
)
_REVOKE = Statement(update(t.invitations).where(_I.id == param("key")).values(revoked=param("at")))


async def drop_answer(tx: Tx, group_id: int, actor_id: int) -> None:
    """The request was answered, or taken back: what was said with it goes."""
    await tx.run(_DROP, group=group_id, actor=actor_id)


async def _keep(tx: Tx, x: e.KeepAnswer, wake: Wake) -> None:
    await tx.run(_KEEP, group_id=x.group_id, actor_id=x.actor_id, answer=x.answer, expires=x.expires)


async def _make(tx: Tx, x: e.MakeInvitation, wake: Wake) -> None:
    await tx.run(
        _MAKE, id=x.id, group_id=x.group_id, hash=x.hash, made_by=x.made_by, note=x.note, uses_left=x.uses,
        expires=x.expires, created=x.at,
    )  # fmt: skip


async def _use(tx: Tx, x: e.UseInvitation, wake: Wake) -> None:
    await tx.run(_USE, key=x.id)


async def _revoke(tx: Tx, x: e.RevokeInvitation, wake: Wake) -> None:
    await tx.run(_REVOKE, key=x.id, at=x.at)


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.KeepAnswer: _keep,
    e.MakeInvitation: _make,
    e.UseInvitation: _use,
    e.RevokeInvitation: _revoke,
}
