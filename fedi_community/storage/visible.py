"""The one rule in SQL: `visible_to(objects)`. `domain/visibility.py` says the same in memory.

Conditions take the parameters of `sight_values(viewer)`: `everyone` (PUBLIC, or -1 where nothing at all may be seen),
`server` (SERVER for members of this server), `viewer` (the asking actor, 0 for nobody). An instance actor is asked
about with `visible_to_host` and `host_id`; a person and a stranger share one text, so a stranger's page costs no more.
Parts that quantify over another table use fresh aliases, so that nothing is correlated away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, case, exists, or_, select

from fedi_community.domain.model import PUBLIC, SERVER, Grant, Viewer, mentors_of, staff_of
from fedi_community.domain.visibility import MAX_CHAIN, Reach, Sight, sight_of, sight_of_host
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word
from fedi_community.storage.tables import actors, audience, blocks, gate_principals, grants, hosts, objects

Condition = ColumnElement[bool]
Column = ColumnElement[Any]

NOT_EVEN_PUBLIC = -1


def sight_values(viewer: Viewer) -> dict[str, int]:
    """The rule's parameters for a person, a stranger or (with `visible_to_host`) a host."""
    shut = viewer.suspended_host
    return {
        "viewer": 0 if viewer.instance or shut else viewer.id,
        "everyone": NOT_EVEN_PUBLIC if shut else PUBLIC,
        "server": SERVER if viewer.local and not shut else NOT_EVEN_PUBLIC,
    }


def exists_in(table: FromClause, *conditions: Condition) -> Condition:
    """EXISTS over one fresh alias. Everything else is the outer query's: without saying so, SQLAlchemy puts tables of
    outer queries into FROM again once nesting is deep, and the condition would hold for other rows than meant."""
    return exists(select(number(1)).select_from(table).where(*conditions).correlate_except(table))


def _granted(viewer: Column, collection: Column) -> Condition:
    g = grants.alias()
    return exists_in(
        g, g.c.actor_id == viewer, g.c.collection_id == collection, g.c.state == number(Grant.ACCEPTED)
    )


def _meets(principal: Column, viewer: Column, server: Column) -> Condition:
    """The principal is in P(viewer)."""
    return or_(
        principal == param("everyone"), principal == server, principal == viewer, _granted(viewer, principal)
    )


def blocked_between(viewer: Column, author: Column) -> Condition:
    b = blocks.alias()
    return exists_in(
        b,
        or_(
            and_(b.c.actor_id == viewer, b.c.target_id == author),
            and_(b.c.actor_id == author, b.c.target_id == viewer),
        ),
    )


def shown_state() -> Column:
    """An actor's state as readers meet it: one whose host is suspended is suspended."""
    return case((actors.c.barred == number(1), word("suspended")), else_=actors.c.state)


def _reaches(o: FromClause, viewer: Column, server: Column, depth: int = MAX_CHAIN) -> Condition:
    a, p, author = audience.alias(), gate_principals.alias(), actors.alias()
    parts: list[Condition] = [
        o.c.state == word("published"),
        exists_in(a, a.c.object_id == o.c.id, _meets(a.c.principal_id, viewer, server)),
        or_(
            o.c.gate_id.is_(None),
            exists_in(p, p.c.gate_id == o.c.gate_id, _meets(p.c.principal_id, viewer, server)),
        ),
        exists_in(
            author,
            author.c.id == o.c.author_id,
            among(author.c.state, "active", "limited"),
            author.c.barred == number(0),
        ),
        ~blocked_between(viewer, o.c.author_id),
    ]
    for column in ((o.c.boost_of,) if depth == MAX_CHAIN else ()) + ((o.c.quote_of,) if depth else ()):
        inner = objects.alias()
        parts.append(
            or_(
                column.is_(None),
                exists_in(inner, inner.c.id == column, _reaches(inner, viewer, server, depth - 1)),
            )
        )
    return and_(*parts)


def open_to_all(o: FromClause) -> Condition:
    """The thread's gate lets everybody in, as far as that goes: there is none, or it is that of an open group."""
    p = gate_principals.alias()
    return or_(
        o.c.gate_id.is_(None),
        exists_in(p, p.c.gate_id == o.c.gate_id, p.c.principal_id == number(PUBLIC)),
    )


def moderates(viewer: Column, group: Column) -> Condition:
    """The viewer is a mentor or staff of the group (a column of group actor ids)."""
    g = grants.alias()
    return exists_in(
        g,
        g.c.actor_id == viewer,
        or_(g.c.collection_id == group + number(2), g.c.collection_id == group + number(3)),
        g.c.state == number(Grant.ACCEPTED),
    )


def visible_to(o: FromClause = objects) -> Condition:
    """The rule for a person or a stranger: parameters `viewer`, `server`, `everyone`."""
    return visible_to_actor(o, param("viewer"), param("server"))


def visible_to_actor(o: FromClause, viewer: Column, server: Column | None = None) -> Condition:
    """The rule for an actor given as a column or parameter; `server`: SERVER for members of this server, else None.

    A group of this server moderates itself: its staff speak as it. Of a group elsewhere that is not so."""
    here = number(NOT_EVEN_PUBLIC) if server is None else server
    runs = moderates(viewer, o.c.group_id)
    if server is not None:
        runs = or_(runs, and_(o.c.group_id == viewer, server == number(SERVER)))
    return or_(
        and_(o.c.author_id == viewer, o.c.state != word("deleted")),
        and_(among(o.c.state, "held", "published", "removed"), runs),
        _reaches(o, viewer, here),
    )


def visible_to_host(o: FromClause = objects) -> Condition:
    """The rule for an instance actor: what the public, or a single active actor of its host, may see. Whose people they are that
    read in a group of another server, that server knows alone: `vouched` is what it said of this host."""
    person = actors.alias()
    nobody, none = number(0), number(NOT_EVEN_PUBLIC)
    return or_(
        _reaches(o, nobody, param("vouched")),
        exists_in(
            person,
            person.c.host_id == param("host_id"),
            person.c.state == word("active"),
            _reaches(o, person.c.id, none),
        ),
    )


# --- the rule for a few known objects --------------------------------------------------------------------------------

_SEEN_IDS = Statement(select(objects.c.id).where(one_of(objects.c.id, "ids"), visible_to()))
_SEEN_IDS_HOST = Statement(select(objects.c.id).where(one_of(objects.c.id, "ids"), visible_to_host()))
_HOST_ID = Statement(select(hosts.c.id).where(hosts.c.name == bindparam("name")))


async def visible_ids(tx: Tx, viewer: Viewer, ids: Iterable[int]) -> frozenset[int]:
    """Which of these objects the viewer may see."""
    wanted = list(ids)
    if not wanted or viewer.suspended_host:
        return frozenset()
    values: dict[str, Any] = {"ids": wanted, **sight_values(viewer)}
    if viewer.instance:
        values["vouched"] = viewer.vouched or NOT_EVEN_PUBLIC
        values["host_id"] = await host_id(tx, viewer.host)
        found = await tx.rows(_SEEN_IDS_HOST, **values)
    else:
        found = await tx.rows(_SEEN_IDS, **values)
    return frozenset(row[0] for row in found)


async def host_id(tx: Tx, name: str) -> int:
    """The row of a host, -1 when we never heard of it."""
    return await tx.value(_HOST_ID, name=name) or -1


# --- sights for decisions in memory ------------------------------------------------------------------------------------

_GRANTED = Statement(
    select(grants.c.collection_id).where(
        grants.c.actor_id == param("viewer"),
        grants.c.state == number(Grant.ACCEPTED),
        one_of(grants.c.collection_id, "ids"),
    )
)
_BLOCKED = Statement(
    select(blocks.c.target_id)
    .where(blocks.c.actor_id == param("viewer"), one_of(blocks.c.target_id, "ids"))
    .union(
        select(blocks.c.actor_id).where(
            blocks.c.target_id == param("viewer"), one_of(blocks.c.actor_id, "ids")
        )
    )
)
_HOST_GRANTED = Statement(
    select(grants.c.actor_id, grants.c.collection_id)
    .join(actors, actors.c.id == grants.c.actor_id)
    .where(
        actors.c.host_id == param("host_id"),
        actors.c.state == word("active"),
        grants.c.state == number(Grant.ACCEPTED),
        one_of(grants.c.collection_id, "ids"),
    )
)
_HOST_PEOPLE = Statement(
    select(actors.c.id).where(
        actors.c.host_id == param("host_id"), actors.c.state == word("active"), one_of(actors.c.id, "ids")
    )
)
_HOST_BLOCKED = Statement(
    select(blocks.c.actor_id, blocks.c.target_id).where(
        or_(
            and_(one_of(blocks.c.actor_id, "people"), one_of(blocks.c.target_id, "ids")),
            and_(one_of(blocks.c.target_id, "people"), one_of(blocks.c.actor_id, "ids")),
        )
    )
)


async def load_sight(
    tx: Tx, viewer: Viewer, principals: Iterable[int], authors: Iterable[int], groups: Iterable[int] = ()
) -> Sight:
    """The viewer's sight, as far as these principals, authors and groups go."""
    wanted = {*principals, *(p for g in groups for p in (mentors_of(g), staff_of(g)))}
    others = list(authors)
    if viewer.suspended_host or (not viewer.id and not viewer.instance):
        return sight_of(viewer, frozenset())
    if viewer.instance:
        return await _load_host_sight(tx, viewer, list(wanted), others)
    granted = await tx.rows(_GRANTED, viewer=viewer.id, ids=list(wanted))
    blocked = await tx.rows(_BLOCKED, viewer=viewer.id, ids=others)
    return sight_of(viewer, frozenset(r[0] for r in granted), frozenset(r[0] for r in blocked))


async def _load_host_sight(tx: Tx, viewer: Viewer, wanted: list[int], authors: list[int]) -> Sight:
    host = await host_id(tx, viewer.host)
    people: dict[int, set[int]] = {}
    for actor, collection in await tx.rows(_HOST_GRANTED, host_id=host, ids=wanted):
        people.setdefault(actor, set()).add(collection)
    for row in await tx.rows(_HOST_PEOPLE, host_id=host, ids=wanted):
        people.setdefault(row[0], set())
    blocked: dict[int, set[int]] = {}
    for one, other in await tx.rows(_HOST_BLOCKED, people=list(people), ids=authors):
        for person, author in ((one, other), (other, one)):  # both may be people of this host
            if person in people:
                blocked.setdefault(person, set()).add(author)
    reaches: Mapping[int, Reach] = {
        actor: Reach(frozenset(held), frozenset(blocked.get(actor, ()))) for actor, held in people.items()
    }
    return sight_of_host(viewer, reaches)
