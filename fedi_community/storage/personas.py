"""Statements about the names of one human. That two actors are one human's leaves this room only for decisions and for him."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, func, or_, select, update

from fedi_community.domain import persona_effects as e
from fedi_community.domain.facts import Unmasking
from fedi_community.domain.personas import STRIKES, YEAR_MS
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import (
    Statement,
    among,
    insert_row,
    number,
    one_of,
    param,
    upsert_row,
    word,
)
from fedi_community.storage.visible import exists_in
from fedi_community.storage.wake import Wake

S, A, U = t.speakers.c, t.actors.c, t.unmaskings.c
_OWN = ("self", "persona")

_HUMANS = Statement(select(S.actor_id, S.login_id).where(one_of(S.actor_id, "ids"), among(S.role, *_OWN)))


async def humans(tx: Tx, actor_ids: Iterable[int]) -> dict[int, int]:
    """Who writes as these actors for himself: actor id -> log-in."""
    return {row[0]: row[1] for row in await tx.rows(_HUMANS, ids=list(actor_ids))}


_one, _other = t.speakers.alias(), t.speakers.alias()
_BOUND = Statement(
    select(t.blocks.c.actor_id, _other.c.actor_id)
    .select_from(
        _other.join(_one, and_(_one.c.login_id == _other.c.login_id, among(_one.c.role, *_OWN))).join(
            t.blocks, t.blocks.c.target_id == _one.c.actor_id
        )
    )
    .where(
        one_of(_other.c.actor_id, "subjects"),
        among(_other.c.role, *_OWN),
        _one.c.actor_id != _other.c.actor_id,
        one_of(t.blocks.c.actor_id, "others"),
    )
    .distinct()
)


async def bound(tx: Tx, subjects: Sequence[int], others: Sequence[int]) -> frozenset[tuple[int, int]]:
    """(who, subject): one of `others` blocked another name of the subject's human."""
    return frozenset(
        (row[0], row[1]) for row in await tx.rows(_BOUND, subjects=list(subjects), others=list(others))
    )


@dataclass(frozen=True, slots=True)
class Name:
    """One of somebody's names, for him. group: what it is for alone: (id, handle, name)."""

    id: int
    handle: str
    name: str
    role: str
    state: str
    group: tuple[int, str, str] | None


_group = t.actors.alias()
_NAMES = Statement(
    select(
        A.id, A.handle, A.name, S.role, A.state, _group.c.id.label("group_id"), _group.c.handle.label("group_handle"),
        _group.c.name.label("group_name"),
    )
    .select_from(t.speakers.join(t.actors, A.id == S.actor_id).outerjoin(_group, _group.c.id == A.only_in))
    .where(S.login_id == param("login_id"), among(S.role, *_OWN), A.state != word("deleted"))
    .order_by(S.role != word("self"), A.handle)
)  # fmt: skip


async def names(tx: Tx, login_id: int) -> list[Name]:
    """What somebody writes under, his self first."""
    return [
        Name(
            row["id"], row["handle"], row["name"], row["role"], row["state"],
            None if row["group_id"] is None else (row["group_id"], row["group_handle"], row["group_name"] or row["group_handle"]),
        )
        for row in await tx.rows(_NAMES, login_id=login_id)
    ]  # fmt: skip


# --- strikes --------------------------------------------------------------------------------------------------------------

_mine, _his = t.speakers.alias(), t.speakers.alias()
_STRIKES = Statement(
    select(func.count())
    .select_from(t.audit)
    .where(
        or_(
            t.audit.c.target_id == param("actor"),
            t.audit.c.target_id.in_(
                select(_his.c.actor_id)
                .select_from(_mine.join(_his, _his.c.login_id == _mine.c.login_id))
                .where(
                    _mine.c.actor_id == param("actor"), among(_mine.c.role, *_OWN), among(_his.c.role, *_OWN)
                )
                .scalar_subquery()
            ),
        ),
        among(t.audit.c.action, *STRIKES),
        t.audit.c.at > param("since"),
        t.audit.c.at <= param("until"),
    )
)


async def strikes(tx: Tx, actor_id: int, until: int) -> int:
    """What moderators did about the human behind an actor, under any name, in the year before `until` (milliseconds)."""
    return int(await tx.value(_STRIKES, actor=actor_id, since=until - YEAR_MS, until=until))


# --- unmasking ------------------------------------------------------------------------------------------------------------

_UNMASKING = Statement(select(t.unmaskings).where(U.id == param("key")))
_own = t.speakers.alias()
_OPEN = Statement(
    select(t.unmaskings)
    .where(
        U.expires > param("now"),
        ~exists_in(_own, _own.c.actor_id == U.actor_id, _own.c.login_id == param("login")),
    )
    .order_by(U.id.desc())
    .limit(100)
)


def _unmasking(row: Row) -> Unmasking:
    return Unmasking(
        row["id"], row["actor_id"], row["reason"], row["asked_by"], row["asked_at"], row["expires"], row["confirmed_by"],
        frozenset(orjson.loads(row["read_by"])),
    )  # fmt: skip


async def unmasking(tx: Tx, key: int) -> Unmasking | None:
    row = await tx.row(_UNMASKING, key=key)
    return None if row is None else _unmasking(row)


async def unmaskings(tx: Tx, now: int, login_id: int) -> list[Unmasking]:
    """Those that have not expired, the newest first, but for those about another name of whoever looks."""
    return [_unmasking(row) for row in await tx.rows(_OPEN, now=now, login=login_id)]


# --- effects --------------------------------------------------------------------------------------------------------------

_SPEAKER = upsert_row(t.speakers, ["login_id", "actor_id"], ["login_id", "actor_id", "role", "created"])
_KIN = Statement(
    update(t.actors)
    .where(
        A.id.in_(
            select(_his.c.actor_id)
            .where(_his.c.login_id == param("login_id"), among(_his.c.role, *_OWN))
            .scalar_subquery()
        )
    )
    .values(kin=number(1))
)
_ONLY = Statement(update(t.actors).where(A.id == param("key")).values(only_in=param("group_id")))
_ASK = insert_row(t.unmaskings, "id", "actor_id", "reason", "asked_by", "asked_at", "expires")
_CONFIRM = Statement(
    update(t.unmaskings)
    .where(U.id == param("key"))
    .values(confirmed_by=param("by"), confirmed_at=param("at"))
)
_READ = Statement(update(t.unmaskings).where(U.id == param("key")).values(read_by=bindparam("readers")))


async def _bind(tx: Tx, x: e.BindPersona, wake: Wake) -> None:
    await tx.run(_SPEAKER, login_id=x.login_id, actor_id=x.actor_id, role="persona", created=x.at)
    await tx.run(_KIN, login_id=x.login_id)
    if x.only_in is not None:
        await tx.run(_ONLY, key=x.actor_id, group_id=x.only_in)


async def _ask(tx: Tx, x: e.AskUnmasking, wake: Wake) -> None:
    await tx.run(
        _ASK,
        id=x.id,
        actor_id=x.actor_id,
        reason=x.reason,
        asked_by=x.asked_by,
        asked_at=x.at,
        expires=x.expires,
    )


async def _confirm(tx: Tx, x: e.ConfirmUnmasking, wake: Wake) -> None:
    await tx.run(_CONFIRM, key=x.id, by=x.confirmed_by, at=x.at)


async def _read(tx: Tx, x: e.ReadUnmasking, wake: Wake) -> None:
    await tx.run(_READ, key=x.id, readers=orjson.dumps(sorted(x.read_by)).decode())


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.BindPersona: _bind,
    e.AskUnmasking: _ask,
    e.ConfirmUnmasking: _confirm,
    e.ReadUnmasking: _read,
}
