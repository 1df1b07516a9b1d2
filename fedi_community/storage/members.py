"""Statements about who is in a group of ours, and who asks to be: for those who run it alone. Who asks, the caller checks."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import ColumnElement, case, exists, func, or_, select

from fedi_community.domain.model import Grant, followers_of, mentors_of, staff_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param

MAX_REQUESTS = 100
"""Requests to join that a page shows, oldest first; the next ones follow when these are answered."""

_G, _A = t.grants.c, t.actors.c
_ASKED = Statement(
    select(_G.actor_id, _G.updated)
    .where(_G.collection_id == param("members"), _G.state == number(Grant.ASKED))
    .order_by(_G.updated, _G.actor_id)
    .limit(param("count"))
)
_COUNT = Statement(
    select(func.count())
    .select_from(t.grants)
    .where(_G.collection_id == param("members"), _G.state == number(Grant.ASKED))
)


async def asked(tx: Tx, group_id: int) -> dict[int, int]:
    """Who asks to join a group: actor id -> since when (milliseconds), oldest first."""
    rows = await tx.rows(_ASKED, members=followers_of(group_id), count=MAX_REQUESTS)
    return {row[0]: row[1] for row in rows}


async def asked_count(tx: Tx, group_id: int) -> int:
    """How many ask to join a group."""
    return int(await tx.value(_COUNT, members=followers_of(group_id)))


def _holds(collection: str) -> ColumnElement[bool]:
    other = t.grants.alias()
    return exists(
        select(number(1))
        .select_from(other)
        .where(
            other.c.actor_id == _A.id,
            other.c.collection_id == param(collection),
            other.c.state == number(Grant.ACCEPTED),
        )
        .correlate_except(other)
    )


_RUNNERS = Statement(
    select(_G.actor_id, _G.collection_id, _G.settings)
    .where(
        or_(_G.collection_id == param("mentors"), _G.collection_id == param("staff")),
        _G.state == number(Grant.ACCEPTED),
    )
    .order_by(_G.collection_id.desc(), _G.actor_id)
)
_PAGE = Statement(
    select(
        _A.id,
        case((_holds("staff"), number(2)), (_holds("mentors"), number(1)), else_=number(0)).label("role"),
    )
    .select_from(t.grants.join(t.actors, _A.id == _G.actor_id))
    .where(
        _G.collection_id == param("members"),
        _G.state == number(Grant.ACCEPTED),
        _A.id < param("before"),
        _A.id > param("after"),
    )
    .order_by(_A.id.desc())
    .limit(param("count"))
)
_LISTED = Statement(
    select(
        _A.id, _A.handle, t.hosts.c.name.label("host"), _G.state,
        case((_holds("staff"), number(2)), (_holds("mentors"), number(1)), else_=number(0)).label("role"),
    )
    .select_from(t.grants.join(t.actors, _A.id == _G.actor_id).outerjoin(t.hosts, t.hosts.c.id == _A.host_id))
    .where(
        _G.collection_id == param("members"),
        or_(_G.state == number(Grant.ASKED), _G.state == number(Grant.ACCEPTED)),
        _A.id > param("after"),
    )
    .order_by(_A.id)
    .limit(param("count"))
)  # fmt: skip
PAGE = 500
NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody in a group, or who asks to be. role: member, mentor, staff or asked. acct: name, or name@host."""

    id: int
    acct: str
    role: str


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs a group. role: mentor or staff. powers: of a mentor, None for the usual ones."""

    id: int
    role: str
    powers: frozenset[str] | None


async def runners(tx: Tx, group_id: int) -> list[Runner]:
    """The staff and the mentors of a group; who is both is staff."""
    found: dict[int, Runner] = {}
    for actor, collection, chosen in await tx.rows(
        _RUNNERS, mentors=mentors_of(group_id), staff=staff_of(group_id)
    ):
        role = "staff" if collection == staff_of(group_id) else "mentor"
        powers = None if chosen == "{}" or role == "staff" else frozenset(orjson.loads(chosen)["powers"])
        found.setdefault(actor, Runner(actor, role, powers))
    return list(found.values())


async def page(
    tx: Tx, group_id: int, before: int | None, after: int | None, limit: int
) -> list[tuple[int, str]]:
    """(actor, role) of those who are in a group, the newest account first."""
    rows = await tx.rows(
        _PAGE, members=followers_of(group_id), mentors=mentors_of(group_id), staff=staff_of(group_id),
        before=before or NEWEST, after=after or 0, count=limit,
    )  # fmt: skip
    return [(row[0], ("member", "mentor", "staff")[row[1]]) for row in rows]


async def members(tx: Tx, group_id: int, after: int = 0) -> list[Inside]:
    """A page of those who are in a group or ask to be, by id; `after`: the last id of the page before."""
    rows = await tx.rows(
        _LISTED, members=followers_of(group_id), mentors=mentors_of(group_id), staff=staff_of(group_id),
        after=after, count=PAGE,
    )  # fmt: skip
    return [
        Inside(
            row["id"],
            row["handle"] + (f"@{row['host']}" if row["host"] else ""),
            "asked" if row["state"] == Grant.ASKED else ("member", "mentor", "staff")[row["role"]],
        )
        for row in rows
    ]
