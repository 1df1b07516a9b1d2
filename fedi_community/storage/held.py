"""Statements about first posts that were held, and how many of somebody's were passed. Who asks, the caller checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import and_, func, or_, select

from fedi_community.domain.holds import holds_of
from fedi_community.domain.model import PUBLIC, SERVER, Holds
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, one_of, param, word
from fedi_community.storage.visible import exists_in

MAX_HELD: Final = 50
"""Held posts that a page or the command shows, oldest first; the next ones follow when these are answered."""
KNOWN: Final = 1 << 30
"""What counts as passed of somebody whose posts are never held: staff, and who does not log in."""
O, L = t.objects.c, t.logins.c  # noqa: E741
_reach = t.audience.alias()
_MANY = (
    select(O.id)
    .where(
        O.author_id == param("author"),
        O.state == word("published"),
        O.boost_of.is_(None),
        or_(
            O.group_id.is_not(None),
            exists_in(
                _reach,
                _reach.c.object_id == O.id,
                or_(_reach.c.principal_id == number(PUBLIC), _reach.c.principal_id == number(SERVER)),
            ),
        ),
    )
    .limit(20)
    .subquery()
)
_PASSED = Statement(select(func.count()).select_from(_MANY))
_ROLE = Statement(
    select(L.role)
    .select_from(
        t.logins.join(t.speakers, and_(t.speakers.c.login_id == L.id, t.speakers.c.role == word("self")))
    )
    .where(t.speakers.c.actor_id == param("author"))
)


async def passed_of(tx: Tx, author_id: int) -> int:
    """How many posts in groups or in public of a member are published (20 at most); `KNOWN` for those who run the server."""
    if await tx.value(_ROLE, author=author_id) != "member":
        return KNOWN
    return int(await tx.value(_PASSED, author=author_id))


_HELD = Statement(
    select(O.id)
    .where(O.state == word("held"), O.group_id == param("group_id"))
    .order_by(O.id)
    .limit(param("count"))
)
_OUTSIDE = Statement(
    select(O.id).where(O.state == word("held"), O.group_id.is_(None)).order_by(O.id).limit(param("count"))
)
_COUNT = Statement(
    select(func.count())
    .select_from(t.objects)
    .where(O.state == word("held"), O.group_id == param("group_id"))
)


async def ids(tx: Tx, group_id: int | None) -> list[int]:
    """What is held in a group (None: outside groups), oldest first."""
    if group_id is None:
        return [row[0] for row in await tx.rows(_OUTSIDE, count=MAX_HELD)]
    return [row[0] for row in await tx.rows(_HELD, group_id=group_id, count=MAX_HELD)]


_HOLDS = Statement(select(t.groups.c.holds).where(t.groups.c.actor_id == param("group_id")))


async def holds(tx: Tx, group_id: int) -> Holds:
    """What a group wants to read first."""
    return holds_of(orjson.loads(await tx.value(_HOLDS, group_id=group_id) or "{}"))


async def count(tx: Tx, group_id: int) -> int:
    return int(await tx.value(_COUNT, group_id=group_id))


@dataclass(frozen=True, slots=True)
class Held:
    """What whoever runs the server is shown on its command line. text: as it was typed."""

    id: int
    handle: str
    published: int
    text: str


_SHOWN = Statement(
    select(O.id, t.actors.c.handle, O.published, t.texts.c.source, t.texts.c.content)
    .select_from(
        t.objects.join(t.actors, t.actors.c.id == O.author_id).join(
            t.texts, and_(t.texts.c.object_id == O.id, t.texts.c.revision == O.revision)
        )
    )
    .where(
        O.state == word("held"),
        or_(O.group_id == param("group_id"), and_(param("group_id") == number(0), O.group_id.is_(None))),
    )
    .order_by(O.id)
    .limit(param("count"))
)


async def shown(tx: Tx, group_id: int | None) -> list[Held]:
    """For the command line of the server alone."""
    rows = await tx.rows(_SHOWN, group_id=group_id or 0, count=MAX_HELD)
    return [Held(r["id"], r["handle"], r["published"], r["source"] or r["content"]) for r in rows]


_HEARD = Statement(
    select(O.author_id, O.group_id)
    .where(
        one_of(O.author_id, "people"),
        one_of(O.group_id, "groups"),
        O.state == word("published"),
        O.boost_of.is_(None),
    )
    .distinct()
)


async def heard(tx: Tx, people: Iterable[int], groups: Sequence[int]) -> frozenset[tuple[int, int]]:
    """(author, group): which of these people something is published of in which of these groups."""
    if not groups:
        return frozenset()
    return frozenset(tuple(row) for row in await tx.rows(_HEARD, people=list(people), groups=list(groups)))


_CREATES = Statement(
    select(t.activities.c.object_id, t.activities.c.uri, t.activities.c.raw)
    .where(one_of(t.activities.c.object_id, "ids"), t.activities.c.type == word("Create"))
    .order_by(t.activities.c.id)
)


async def creates(tx: Tx, ids: Iterable[int]) -> dict[int, tuple[str, bytes | None]]:
    """The Create with which each of these posts came, as it came."""
    return {row[0]: (row[1], row[2]) for row in await tx.rows(_CREATES, ids=list(ids))}
