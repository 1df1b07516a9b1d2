"""Rows of posts that are to be published later, and what an author has pinned. Each is its owner's alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import func, select

from fedi_community.domain.facts import Scheduled
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, param

DAY_MS: Final = 86_400_000
S = c.scheduled.c
_ONE = Statement(select(c.scheduled).where(S.id == param("key")))
_PAGE, _PAGE_UP = (
    Statement(
        select(c.scheduled)
        .where(S.actor_id == param("owner"), S.id < param("before"), S.id > param("after"))
        .order_by(S.id.asc() if up else S.id.desc())
        .limit(param("count"))
    )
    for up in (False, True)
)
_COUNT = Statement(select(func.count()).select_from(c.scheduled).where(S.actor_id == param("owner")))
_COUNT_DAY = Statement(
    select(func.count())
    .select_from(c.scheduled)
    .where(S.actor_id == param("owner"), S.run_at >= param("first"), S.run_at < param("last"))
)
_PINNED = Statement(
    select(t.pins.c.object_id)
    .join(t.objects, t.objects.c.id == t.pins.c.object_id)
    .where(t.pins.c.actor_id == param("owner"))
    .order_by(t.pins.c.created.desc(), t.pins.c.object_id.desc())
    .limit(100)
)


def _scheduled(row: Row) -> Scheduled:
    return Scheduled(row["id"], row["actor_id"], row["login_id"], row["run_at"], orjson.loads(row["params"]))


async def one(tx: Tx, key: int) -> Scheduled | None:
    row = await tx.row(_ONE, key=key)
    return None if row is None else _scheduled(row)


async def page(tx: Tx, owner: int, before: int, after: int, up: bool, count: int) -> list[Scheduled]:
    """What somebody has put off, newest first. before, after: ids, exclusive; up: those just above `after`."""
    rows: Sequence[Any] = await tx.rows(
        _PAGE_UP if up else _PAGE, owner=owner, before=before, after=after, count=count
    )
    return [_scheduled(row) for row in (reversed(rows) if up else rows)]


async def counted(tx: Tx, owner: int, at: int) -> tuple[int, int]:
    """How many posts somebody has put off: in all, and to the day (UTC) of `at`."""
    first = at - at % DAY_MS
    return (
        int(await tx.value(_COUNT, owner=owner)),
        int(await tx.value(_COUNT_DAY, owner=owner, first=first, last=first + DAY_MS)),
    )


async def pinned(tx: Tx, owner: int) -> frozenset[int]:
    """Ids of what an actor has pinned."""
    return frozenset(await pins(tx, owner))


async def pins(tx: Tx, owner: int) -> list[int]:
    """The same, the last pinned first. Says nothing about who may see them."""
    return [row[0] for row in await tx.rows(_PINNED, owner=owner)]
