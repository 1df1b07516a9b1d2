"""Statements about announcements: what those who run the server say to everybody."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import and_, case, func, or_, select

from fedi_community.storage import client_tables as c
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, one_of, param
from fedi_community.storage.visible import exists_in

A, R = c.announcements.c, c.announcement_reactions.c
_read = c.announcement_reads.alias()
_LIVE = and_(A.withdrawn.is_(None), or_(A.until.is_(None), A.until > param("now")))
_is_read = exists_in(_read, _read.c.actor_id == param("viewer"), _read.c.announcement_id == A.id)
_ALL = Statement(
    select(A.id, A.texts, A.until, A.published, case((_is_read, number(1)), else_=number(0)).label("seen"))
    .where(_LIVE)
    .order_by(A.published, A.id)
    .limit(100)
)
_REACTIONS = Statement(
    select(
        R.announcement_id,
        R.name,
        func.count().label("number"),
        func.max(case((R.actor_id == param("viewer"), number(1)), else_=number(0))).label("mine"),
    )
    .where(one_of(R.announcement_id, "ids"))
    .group_by(R.announcement_id, R.name)
    .order_by(R.announcement_id, R.name)
)


@dataclass(frozen=True, slots=True)
class Announced:
    """texts: language -> words. reactions: (emoji, how many, whether the viewer is among them). Times in milliseconds."""

    id: int
    texts: dict[str, str]
    until: int | None
    published: int
    read: bool
    reactions: tuple[tuple[str, int, bool], ...] = ()


async def announced(tx: Tx, viewer_id: int, now: int) -> list[Announced]:
    """What is announced now, oldest first."""
    rows = await tx.rows(_ALL, viewer=viewer_id, now=now)
    counted: dict[int, list[tuple[str, int, bool]]] = {}
    if rows:
        for key, name, count, mine in await tx.rows(
            _REACTIONS, ids=[r["id"] for r in rows], viewer=viewer_id
        ):
            counted.setdefault(key, []).append((name, count, bool(mine)))
    return [
        Announced(
            r["id"], orjson.loads(r["texts"]), r["until"], r["published"], bool(r["seen"]), tuple(counted.get(r["id"], ()))
        )
        for r in rows
    ]  # fmt: skip
