"""Statements about hashtags: followed, featured, how much they are used. Counts are of public posts alone.

A day on which fewer than `FEW` people used a tag is not counted: in a small community a number is a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, func, select

from fedi_community.domain.model import PUBLIC
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, one_of, param, word
from fedi_community.storage.entries import Timeline
from fedi_community.storage.visible import exists_in, open_to_all

FEW: Final = 5
DAY_MS: Final = 86_400_000
HISTORY_DAYS: Final = 7
TREND_DAYS: Final = 3
MAX_TREND_SCAN: Final = 1000
"""Newest public posts that trends look at."""
NEWEST: Final = 2**63 - 1

F, X, T = c.followed_tags.c, c.featured_tags.c, t.tags.c
_FOLLOWED = Statement(
    select(F.id, T.name)
    .join(t.tags, T.id == F.tag_id)
    .where(F.actor_id == param("owner"), F.id < param("before"), F.id > param("after"))
    .order_by(F.id.desc())
    .limit(param("count"))
)
_FOLLOWS = Statement(
    select(T.name)
    .join(c.followed_tags, F.tag_id == T.id)
    .where(F.actor_id == param("owner"), one_of(T.name, "names", text=True))
)
_KNOWN = Statement(select(T.id, T.name).where(one_of(T.name, "names", text=True)))
_PREFIX = Statement(
    select(T.name)
    .where(
        T.name >= bindparam("low"),
        T.name < bindparam("high"),
        exists_in(
            t.entries,
            t.entries.c.timeline == number(Timeline.TAG),
            t.entries.c.ref == T.id,
            t.entries.c.principal_id == number(PUBLIC),
        ),
    )
    .order_by(T.name)
    .limit(param("count"))
    .offset(param("skip"))
)
_morning = t.objects.c.published - t.objects.c.published % number(DAY_MS)
_in_tag = t.entries.join(t.objects, t.objects.c.id == t.entries.c.object_id)
_HISTORY = Statement(
    select(
        t.entries.c.ref,
        _morning.label("day"),
        func.count().label("uses"),
        func.count(t.objects.c.author_id.distinct()).label("people"),
    )
    .select_from(_in_tag)
    .where(
        t.entries.c.timeline == number(Timeline.TAG),
        one_of(t.entries.c.ref, "ids"),
        t.entries.c.principal_id == number(PUBLIC),
        t.entries.c.object_id > param("oldest"),
        t.objects.c.state == word("published"),
        open_to_all(t.objects),
    )
    .group_by(t.entries.c.ref, _morning)
)


@dataclass(frozen=True, slots=True)
class Used:
    """On one day, counted from 1970: posts, people."""

    day: int
    uses: int
    people: int


async def followed(
    tx: Tx, owner: int, before: int | None, after: int | None, limit: int
) -> list[tuple[int, str]]:
    """(id, name) of the tags somebody follows, the newest first."""
    rows = await tx.rows(_FOLLOWED, owner=owner, before=before or NEWEST, after=after or 0, count=limit)
    return [(row[0], row[1]) for row in rows]


async def follows(tx: Tx, owner: int, names: Iterable[str]) -> frozenset[str]:
    """Which of these tags somebody follows."""
    wanted = list(names)
    return (
        frozenset(row[0] for row in await tx.rows(_FOLLOWS, owner=owner, names=wanted))
        if wanted
        else frozenset()
    )


async def beginning_with(tx: Tx, text: str, limit: int, offset: int = 0) -> list[str]:
    """Tags of public posts that begin with a text in small letters."""
    rows = await tx.rows(_PREFIX, low=text, high=text + "\uffff", count=limit, skip=offset)
    return [row[0] for row in rows]


async def history(tx: Tx, names: Sequence[str], now: int) -> dict[str, list[Used]]:
    """How much tags were used in the last seven days, today first. A day of few people counts nobody."""
    known = {row[0]: row[1] for row in await tx.rows(_KNOWN, names=list(names))} if names else {}
    today = now // DAY_MS
    days = range(today, today - HISTORY_DAYS, -1)
    found: dict[str, dict[int, Used]] = {name: {} for name in names}
    if known:
        oldest = (today - HISTORY_DAYS + 1) * DAY_MS << 16
        for ref, day, uses, people in await tx.rows(_HISTORY, ids=list(known), oldest=oldest):
            if people >= FEW:
                found[known[ref]][day // DAY_MS] = Used(day // DAY_MS, uses, people)
    return {name: [used.get(day, Used(day, 0, 0)) for day in days] for name, used in found.items()}


# --- trends -----------------------------------------------------------------------------------------------------------

_newest = (
    select(t.entries.c.object_id.label("id"))
    .where(
        t.entries.c.timeline == number(Timeline.PUBLIC),
        t.entries.c.ref == number(0),
        t.entries.c.principal_id == number(PUBLIC),
        t.entries.c.object_id > param("oldest"),
    )
    .order_by(t.entries.c.object_id.desc())
    .limit(number(MAX_TREND_SCAN))
    .subquery()
)
_open = and_(t.objects.c.state == word("published"), open_to_all(t.objects))
_people = func.count(t.objects.c.author_id.distinct())
_TRENDING_TAGS = Statement(
    select(T.name, _people.label("people"), func.count().label("uses"))
    .select_from(
        _newest.join(t.objects, t.objects.c.id == _newest.c.id)
        .join(t.object_tags, t.object_tags.c.object_id == _newest.c.id)
        .join(t.tags, T.id == t.object_tags.c.tag_id)
    )
    .where(_open)
    .group_by(T.name)
    .having(_people >= number(FEW))
    .order_by(_people.desc(), func.count().desc(), T.name)
    .limit(param("count"))
    .offset(param("skip"))
)
_liked = t.objects.c.likes_count + t.objects.c.boosts_count
_TRENDING_POSTS = Statement(
    select(t.objects.c.id)
    .select_from(_newest.join(t.objects, t.objects.c.id == _newest.c.id))
    .where(_open, _liked >= number(FEW))
    .order_by(_liked.desc(), t.objects.c.id.desc())
    .limit(param("count"))
    .offset(param("skip"))
)


def _since(now: int) -> int:
    return (now - TREND_DAYS * DAY_MS) << 16


async def trending_tags(tx: Tx, now: int, limit: int, offset: int) -> list[str]:
    """Tags of the last days' public posts, by how many people used them."""
    rows = await tx.rows(_TRENDING_TAGS, oldest=_since(now), count=limit, skip=offset)
    return [row[0] for row in rows]


async def trending_posts(tx: Tx, now: int, limit: int, offset: int) -> list[int]:
    """The last days' public posts, by how many liked or boosted them."""
    rows = await tx.rows(_TRENDING_POSTS, oldest=_since(now), count=limit, skip=offset)
    return [row[0] for row in rows]


# --- on profiles ------------------------------------------------------------------------------------------------------

_FEATURED = Statement(
    select(X.id, T.name).join(t.tags, T.id == X.tag_id).where(X.actor_id == param("owner")).order_by(X.id)
)
_profile = (
    t.entries.join(t.object_tags, t.object_tags.c.object_id == t.entries.c.object_id)
    .join(t.tags, T.id == t.object_tags.c.tag_id)
    .join(t.objects, t.objects.c.id == t.entries.c.object_id)
)
_on_profile = and_(
    t.entries.c.timeline == number(Timeline.PROFILE),
    t.entries.c.ref == param("owner"),
    t.entries.c.principal_id == number(PUBLIC),
    _open,
)
_COUNTS = Statement(
    select(T.name, func.count().label("uses"), func.max(t.objects.c.published).label("last"))
    .select_from(_profile)
    .where(_on_profile, one_of(T.name, "names", text=True))
    .group_by(T.name)
)
_MOST_USED = Statement(
    select(T.name)
    .select_from(_profile)
    .where(_on_profile)
    .group_by(T.name)
    .order_by(func.count().desc(), T.name)
    .limit(param("count"))
)


@dataclass(frozen=True, slots=True)
class Featured:
    """A tag on a profile: how many of its owner's public posts have it, and when the last one was (milliseconds)."""

    id: int
    name: str
    uses: int
    last: int | None


async def featured(tx: Tx, owner: int) -> list[Featured]:
    """The tags that somebody shows on his profile."""
    rows = await tx.rows(_FEATURED, owner=owner)
    names = [row[1] for row in rows]
    known = {r[0]: (r[1], r[2]) for r in await tx.rows(_COUNTS, owner=owner, names=names)} if names else {}
    return [Featured(row[0], row[1], *known.get(row[1], (0, None))) for row in rows]


async def most_used(tx: Tx, owner: int, limit: int = 10) -> list[str]:
    """The tags that somebody used most in public."""
    return [row[0] for row in await tx.rows(_MOST_USED, owner=owner, count=limit)]
