"""Statements about people as clients list them: who follows whom, blocks, mutes, lists, requests, search, directory.

Pages go by the actor's id, newest account first, and name ids alone. Whether the asker may have a list at all is for the
caller to know; groups that do not exist for him he asks of `views.findable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, bindparam, case, func, literal_column, or_, select

from fedi_community.domain.model import Grant, Viewer, followers_of
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word
from fedi_community.storage.visible import exists_in

NEWEST = 2**63 - 1
A, G = t.actors.c, t.grants.c
_THERE = and_(among(A.state, "active", "limited"), A.barred == number(0))


@dataclass(frozen=True, slots=True)
class People:
    """ids in order, newest account first; last: where the next page goes on, None at the end."""

    ids: tuple[int, ...]
    last: int | None


class _Pages:
    """One list in both directions."""

    def __init__(self, source: Any, key: ColumnElement[Any], *where: ColumnElement[bool]) -> None:
        asked = select(key).select_from(source).where(*where, key < param("before"), key > param("after"))
        self.down = Statement(asked.order_by(key.desc()).limit(param("count")))
        self.up = Statement(asked.order_by(key.asc()).limit(param("count")))

    async def page(
        self, tx: Tx, before: int | None, after: int | None, up: bool, limit: int, **values: Any
    ) -> People:
        rows = await tx.rows(
            self.up if up else self.down, before=before or NEWEST, after=after or 0, count=limit + 1, **values
        )
        found = [int(row[0]) for row in rows]
        more = len(found) > limit
        found = found[:limit]
        if up:
            found.reverse()
        return People(tuple(found), found[-1] if found and (more or up) else None)


_followed = G.collection_id - number(1)
_FOLLOWERS = _Pages(
    t.grants.join(t.actors, A.id == G.actor_id),
    G.actor_id,
    G.collection_id == param("collection"),
    G.state == number(Grant.ACCEPTED),
    _THERE,
    or_(param("everyone") == number(1), A.open_collections == number(1)),
)
_FOLLOWING = _Pages(
    t.actors.join(t.grants, G.collection_id == A.id + number(1)),
    A.id,
    G.actor_id == param("owner"),
    G.state == number(Grant.ACCEPTED),
    _THERE,
    or_(param("everyone") == number(1), A.type != word("Group")),
)
_ASKED = _Pages(
    t.grants.join(t.actors, A.id == G.actor_id),
    G.actor_id,
    one_of(G.collection_id, "collections"),
    G.state == number(Grant.ASKED),
    _THERE,
)


def _targets(table: Any) -> _Pages:
    return _Pages(table, table.c.target_id, table.c.actor_id == param("owner"))


_BLOCKED, _ENDORSED = _targets(t.blocks), _targets(c.endorsements)
_MUTED = _Pages(
    t.mutes,
    t.mutes.c.target_id,
    t.mutes.c.actor_id == param("owner"),
    or_(t.mutes.c.expires.is_(None), t.mutes.c.expires > param("now")),
)
_LISTED = _Pages(
    c.list_members.join(c.lists, c.lists.c.id == c.list_members.c.list_id),
    c.list_members.c.actor_id,
    c.list_members.c.list_id == param("list_id"),
    c.lists.c.actor_id == param("owner"),
)

Bounds = tuple[int | None, int | None, bool, int]
"""before, after, up, limit."""


async def followers(tx: Tx, actor_id: int, everyone: bool, at: Bounds) -> People:
    """Who follows. everyone: for the owner; else those alone who show whom they follow."""
    return await _FOLLOWERS.page(tx, *at, collection=followers_of(actor_id), everyone=int(everyone))


async def following(tx: Tx, actor_id: int, everyone: bool, at: Bounds) -> People:
    """Who is followed. everyone: for the owner; else without groups, since that would be membership."""
    return await _FOLLOWING.page(tx, *at, owner=actor_id, everyone=int(everyone))


async def asked(tx: Tx, owners: Iterable[int], at: Bounds) -> People:
    """Who asks to follow one of these actors, or to join one of these groups."""
    return await _ASKED.page(tx, *at, collections=[followers_of(i) for i in owners])


async def blocked(tx: Tx, owner: int, at: Bounds) -> People:
    return await _BLOCKED.page(tx, *at, owner=owner)


async def muted(tx: Tx, owner: int, now: int, at: Bounds) -> People:
    return await _MUTED.page(tx, *at, owner=owner, now=now)


async def endorsed(tx: Tx, owner: int, at: Bounds) -> People:
    return await _ENDORSED.page(tx, *at, owner=owner)


async def listed(tx: Tx, owner: int, list_id: int, at: Bounds) -> People:
    """Who is on a list, for its owner."""
    return await _LISTED.page(tx, *at, owner=owner, list_id=list_id)


_EXPIRIES = Statement(
    select(t.mutes.c.target_id, t.mutes.c.expires).where(
        t.mutes.c.actor_id == param("owner"), one_of(t.mutes.c.target_id, "ids")
    )
)
_MODERATED = Statement(
    select(G.collection_id).where(
        G.actor_id == param("owner"),
        G.state == number(Grant.ACCEPTED),
        G.collection_id % number(4) >= number(2),
    )
)
_ASKED_WHERE = Statement(
    select(G.collection_id)
    .where(
        G.actor_id == param("asker"), one_of(G.collection_id, "collections"), G.state == number(Grant.ASKED)
    )
    .order_by(G.updated, G.collection_id)
)
_COUNT_ASKED = Statement(
    select(func.count())
    .select_from(t.grants)
    .where(one_of(G.collection_id, "collections"), G.state == number(Grant.ASKED))
)
_OWN_COUNTS = Statement(
    select(
        select(func.count())
        .select_from(t.grants)
        .where(G.collection_id == param("collection"), G.state == number(Grant.ACCEPTED))
        .scalar_subquery(),
        select(func.count())
        .select_from(t.grants.join(t.actors, A.id == G.collection_id - number(1)))
        .where(G.actor_id == param("owner"), G.state == number(Grant.ACCEPTED))
        .scalar_subquery(),
    )
)


async def expiries(tx: Tx, owner: int, ids: Sequence[int]) -> dict[int, int | None]:
    """When mutes are over, by the muted actor."""
    return {row[0]: row[1] for row in await tx.rows(_EXPIRIES, owner=owner, ids=list(ids))}


async def answers_for(tx: Tx, actor_id: int) -> list[int]:
    """For whom an actor answers requests: itself, and the groups that it is mentor or staff of."""
    rows = await tx.rows(_MODERATED, owner=actor_id)
    return [actor_id, *sorted({row[0] & ~3 for row in rows})]


async def asked_whom(tx: Tx, asker: int, owners: Sequence[int]) -> list[int]:
    """Which of these somebody asks, the one he asked first first."""
    rows = await tx.rows(_ASKED_WHERE, asker=asker, collections=[followers_of(i) for i in owners])
    return [row[0] & ~3 for row in rows]


_BLOCK_STANDS = Statement(
    select(number(1)).where(
        exists_in(
            t.blocks,
            or_(
                and_(t.blocks.c.actor_id == param("one"), t.blocks.c.target_id == param("other")),
                and_(t.blocks.c.actor_id == param("other"), t.blocks.c.target_id == param("one")),
            ),
        )
    )
)


async def block_stands(tx: Tx, one: int, other: int) -> bool:
    """Whether a block stands between two."""
    return await tx.row(_BLOCK_STANDS, one=one, other=other) is not None


_SOURCE = Statement(select(A.summary_source).where(A.id == param("key")))


async def note_source(tx: Tx, actor_id: int) -> str | None:
    """What somebody typed as his profile's text; None where it was never typed here."""
    found: str | None = await tx.value(_SOURCE, key=actor_id)
    return found


async def own_counts(tx: Tx, owner: int, asked_of: Sequence[int]) -> tuple[int, int, int]:
    """(followers, followed, requests that wait) of somebody, for himself."""
    row = await tx.row(_OWN_COUNTS, owner=owner, collection=followers_of(owner))
    waiting = await tx.value(_COUNT_ASKED, collections=[followers_of(i) for i in asked_of])
    return (row[0], row[1], int(waiting)) if row is not None else (0, 0, 0)


# --- how one stands to others -----------------------------------------------------------------------------------------

_EMPTY: ColumnElement[Any] = literal_column("''")


def _standing(kind: str, table: Any, key: Any, state: Any, text: Any, *where: Any) -> Any:
    return (
        select(word(kind).label("kind"), key.label("id"), state.label("state"), text.label("name"))
        .select_from(table)
        .where(*where)
    )


_RELATIONS = Statement(
    _standing("mine", t.grants, _followed, G.state, G.settings,
              G.actor_id == param("owner"), one_of(G.collection_id, "collections"))
    .union_all(
        _standing("theirs", t.grants, G.actor_id, G.state, _EMPTY,
                  G.collection_id == param("own_followers"), one_of(G.actor_id, "ids")),
        _standing("block", t.blocks, t.blocks.c.target_id, number(1), _EMPTY,
                  t.blocks.c.actor_id == param("owner"), one_of(t.blocks.c.target_id, "ids")),
        _standing("mute", t.mutes, t.mutes.c.target_id, t.mutes.c.notifications, _EMPTY,
                  t.mutes.c.actor_id == param("owner"), one_of(t.mutes.c.target_id, "ids"),
                  or_(t.mutes.c.expires.is_(None), t.mutes.c.expires > param("now"))),
        _standing("note", c.account_notes, c.account_notes.c.target_id, number(1), c.account_notes.c.note,
                  c.account_notes.c.actor_id == param("owner"), one_of(c.account_notes.c.target_id, "ids")),
        _standing("endorsed", c.endorsements, c.endorsements.c.target_id, number(1), _EMPTY,
                  c.endorsements.c.actor_id == param("owner"), one_of(c.endorsements.c.target_id, "ids")),
        _standing("host",
                  t.actors.outerjoin(t.hosts, t.hosts.c.id == A.host_id).join(
                      c.domain_blocks,
                      or_(c.domain_blocks.c.host == t.hosts.c.name, c.domain_blocks.c.host == A.handle_host)),
                  A.id, number(1), _EMPTY, c.domain_blocks.c.actor_id == param("owner"), one_of(A.id, "ids")),
    )
)  # fmt: skip
_KNOWN = Statement(
    select(A.id).where(
        one_of(A.id, "ids"), ~among(A.state, "deleted", "waiting"), A.type != word("Application")
    )
)


async def relationships(tx: Tx, owner: int, ids: Sequence[int], now: int) -> dict[int, dict[str, Any]]:
    """How `owner` stands to each known actor: the fields of a Relationship that are not the usual ones."""
    found: dict[int, dict[str, Any]] = {row[0]: {} for row in await tx.rows(_KNOWN, ids=list(ids))}
    rows = await tx.rows(
        _RELATIONS, owner=owner, ids=list(found), collections=[followers_of(i) for i in found],
        own_followers=followers_of(owner), now=now,
    )  # fmt: skip
    for kind, actor, state, text in rows:
        if actor in found:
            found[actor] |= _MEANS[kind](state, text)
    return found


def _follow(state: int, text: str) -> dict[str, Any]:
    settings = orjson.loads(text)
    there = state == Grant.ACCEPTED
    return {
        "following": there,
        "requested": state in (Grant.ASKED, Grant.UNHEARD),
        "showing_reblogs": there and settings.get("reblogs", True),
        "notifying": there and bool(settings.get("notify")),
        "languages": settings.get("languages") or None if there else None,
    }


_MEANS: dict[str, Any] = {
    "mine": _follow,
    "theirs": lambda state, _: {
        "followed_by": state == Grant.ACCEPTED,
        "requested_by": state == Grant.ASKED,
    },
    "block": lambda *_: {"blocking": True},
    "mute": lambda state, _: {"muting": True, "muting_notifications": bool(state)},
    "note": lambda _, text: {"note": text},
    "endorsed": lambda *_: {"endorsed": True},
    "host": lambda *_: {"domain_blocking": True},
}


# --- finding people ---------------------------------------------------------------------------------------------------

_mine = t.grants.alias()
_is_followed = exists_in(
    _mine,
    _mine.c.actor_id == param("viewer"),
    _mine.c.collection_id == A.id + number(1),
    _mine.c.state == number(Grant.ACCEPTED),
)
_b = t.blocks.alias()
_no_block = ~exists_in(
    _b,
    or_(
        and_(_b.c.actor_id == A.id, _b.c.target_id == param("viewer")),
        and_(_b.c.actor_id == param("viewer"), _b.c.target_id == A.id),
    ),
)
_SEARCH = Statement(
    select(A.id)
    .where(
        _THERE,
        A.type != word("Application"),
        or_(
            and_(A.handle >= bindparam("low"), A.handle < bindparam("high")),
            and_(
                or_(A.host_id.is_(None), _is_followed),
                or_(A.discoverable == number(1), _is_followed),
                func.lower(A.name).like(bindparam("words"), escape="!"),
            ),
        ),
        or_(A.discoverable == number(1), param("member") == number(1), _is_followed),
        or_(param("only_followed") == number(0), _is_followed),
        or_(param("only_groups") == number(0), A.type == word("Group")),
        _no_block,
    )
    .order_by(
        case((and_(A.type == word("Group"), A.host_id.is_(None)), number(0)), (_is_followed, number(1)), else_=number(2)),
        A.handle,
        A.id,
    )
    .limit(param("count"))
    .offset(param("skip"))
)  # fmt: skip


async def search(
    tx: Tx,
    viewer: Viewer,
    text: str,
    *,
    limit: int,
    offset: int = 0,
    followed: bool = False,
    groups: bool = False,
) -> list[int]:
    """Accounts whose handle begins with a text, or in whose name it stands: our groups first, then whom one follows.

    Strangers find those alone who want to be found; groups that are hidden are for the caller to leave out.
    """
    low = text.lower()
    escaped = low.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    rows = await tx.rows(
        _SEARCH, low=low, high=low + "\uffff", words=f"%{escaped}%", viewer=viewer.id, member=int(viewer.local),
        only_followed=int(followed), only_groups=int(groups), count=limit, skip=offset,
    )  # fmt: skip
    return [row[0] for row in rows]


def _directory(*order: Any) -> Statement:
    return Statement(
        select(A.id)
        .where(
            A.host_id.is_(None),
            A.state == word("active"),
            or_(A.type == word("Group"), A.discoverable == number(1)),
            A.type != word("Application"),
            _no_block,
        )
        .order_by(*order)
        .limit(param("count"))
        .offset(param("skip"))
    )


_ACTIVE = _directory(func.coalesce(A.last_post_at, number(0)).desc(), A.id.desc())
_NEW = _directory(A.id.desc())


async def directory(tx: Tx, viewer: Viewer, *, newest: bool, limit: int, offset: int) -> list[int]:
    """Groups and people of this server who want to be found."""
    rows = await tx.rows(_NEW if newest else _ACTIVE, viewer=viewer.id, count=limit, skip=offset)
    return [row[0] for row in rows]


_gone, _held, _quiet = c.dismissed_suggestions.alias(), t.grants.alias(), t.mutes.alias()
_SUGGESTED = Statement(
    select(A.id, A.type)
    .where(
        A.host_id.is_(None),
        A.state == word("active"),
        or_(A.type == word("Group"), A.discoverable == number(1)),
        A.type != word("Application"),
        A.id != param("viewer"),
        _no_block,
        ~exists_in(_gone, _gone.c.actor_id == param("viewer"), _gone.c.target_id == A.id),
        ~exists_in(_quiet, _quiet.c.actor_id == param("viewer"), _quiet.c.target_id == A.id),
        ~exists_in(
            _held,
            _held.c.actor_id == param("viewer"),
            _held.c.collection_id == A.id + number(1),
            or_(*(_held.c.state == number(state) for state in (Grant.ACCEPTED, Grant.ASKED, Grant.UNHEARD))),
        ),
    )
    .order_by(case((A.type == word("Group"), number(0)), else_=number(1)), A.id.desc())
    .limit(param("count"))
)


async def suggested(tx: Tx, viewer: Viewer, limit: int) -> list[int]:
    """Groups and people whom a member does not follow yet: groups first, by nothing that others do."""
    return [row[0] for row in await tx.rows(_SUGGESTED, viewer=viewer.id, count=limit)]


# --- lists and hosts --------------------------------------------------------------------------------------------------

_L = c.lists.c
_LISTS = Statement(
    select(c.lists).where(_L.actor_id == param("owner"), _L.circle == param("circle")).order_by(_L.id)
)
_LISTS_WITH = Statement(
    select(c.lists)
    .join(c.list_members, c.list_members.c.list_id == _L.id)
    .where(_L.actor_id == param("owner"), c.list_members.c.actor_id == param("key"), _L.circle == number(0))
    .order_by(_L.id)
)
_DB = c.domain_blocks.c
_HOSTS = Statement(
    select(_DB.id, _DB.host)
    .where(_DB.actor_id == param("owner"), _DB.id < param("before"), _DB.id > param("after"))
    .order_by(_DB.id.desc())
    .limit(param("count"))
)


@dataclass(frozen=True, slots=True)
class ListRow:
    id: int
    title: str
    replies_policy: str
    exclusive: bool


async def lists(tx: Tx, owner: int, with_actor: int | None = None, circle: bool = False) -> list[ListRow]:
    """The lists of somebody, or those that an actor is on; circle: his circles, to which he writes."""
    rows = (
        await tx.rows(_LISTS, owner=owner, circle=int(circle))
        if with_actor is None
        else await tx.rows(_LISTS_WITH, owner=owner, key=with_actor)
    )
    return [ListRow(r["id"], r["title"], r["replies_policy"], bool(r["exclusive"])) for r in rows]


async def domain_blocks(tx: Tx, owner: int, at: Bounds) -> list[tuple[int, str]]:
    """(id, host) of what somebody avoids, newest first."""
    before, after, _, limit = at
    rows = await tx.rows(_HOSTS, owner=owner, before=before or NEWEST, after=after or 0, count=limit)
    return [(row[0], row[1]) for row in rows]


_HOST_COUNTS = Statement(
    select(
        func.count(case((G.actor_id == param("owner"), number(1)))),
        func.count(case((G.actor_id != param("owner"), number(1)))),
    )
    .select_from(
        t.grants.join(
            t.actors,
            or_(
                and_(G.actor_id == param("owner"), A.id == G.collection_id - number(1)),
                and_(G.collection_id == param("collection"), A.id == G.actor_id),
            ),
        ).join(t.hosts, t.hosts.c.id == A.host_id)
    )
    .where(t.hosts.c.name == bindparam("host"), G.state == number(Grant.ACCEPTED))
)


async def host_counts(tx: Tx, owner: int, host: str) -> tuple[int, int]:
    """How many people of a host somebody follows, and how many follow him."""
    row = await tx.row(_HOST_COUNTS, owner=owner, collection=followers_of(owner), host=host)
    return (row[0], row[1]) if row is not None else (0, 0)
