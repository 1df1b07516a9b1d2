"""From an activity to its deliveries: one `fanout` row is expanded in chunks to one row a target inbox.

A chunk is read, judged and written in one transaction with its cursor, so a crash repeats nothing and loses nothing. Rows of an
activity that needs several chunks are `forming` until the last one is there: otherwise a fast host would be done, and its row
gone, before the next of its actors comes by. Activities are expanded in their order, which is the order of each lane.

Content goes to whom the rule admits now (and again at sending): where everybody may read it, once to a host's shared inbox;
else to the personal inbox of each admitted reader, never to a shared one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    union,
    update,
)

from fedi_community.domain.model import PUBLIC, STRANGER, Grant
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, insert_row, number, one_of, param, word
from fedi_community.storage.visible import (
    blocked_between,
    exists_in,
    open_to_all,
    visible_ids,
    visible_to_actor,
)

CHUNK: Final = 1000
"""Candidates of one unit of work."""
ROW_COST: Final = 8
"""What a fan-out counts at least towards a unit's bound."""

_F, _A, _H, _D = t.fanout.c, t.actors.c, t.hosts.c, t.deliveries.c

_least = select(func.min(t.fanout.alias().c.id)).scalar_subquery()
_FIRST = Statement(
    select(
        _F.id, _F.activity_id, _F.mode, _F.scope, _F.cursor, t.activities.c.type, t.activities.c.actor_id,
        t.activities.c.object_id, t.objects.c.root_id, t.objects.c.author_id,
    )
    .select_from(t.fanout)
    .join(t.activities, t.activities.c.id == _F.activity_id)
    .outerjoin(t.objects, t.objects.c.id == t.activities.c.object_id)
    .where(_F.id == _least)
    .with_for_update(skip_locked=True, of=t.fanout)
)  # fmt: skip
_GO_ON = Statement(update(t.fanout).where(_F.id == param("key")).values(cursor=bindparam("at")))
_EXPANDED = Statement(delete(t.fanout).where(_F.id == param("key")))
_WAITING = Statement(select(func.count()).select_from(t.fanout))

# Candidates. `open` is 0 where only listed hosts may federate; `lost_before` leaves out hosts that nobody reached for long.
_ELSEWHERE = and_(
    _A.host_id.is_not(None),
    _A.inbox.is_not(None),
    _H.state != word("suspended"),
    or_(param("open") == number(1), _H.listed == number(1)),
    not_(and_(_H.failures >= param("breaker"), _H.failing_since <= param("lost_before"))),
    not_(blocked_between(_A.id, param("author"))),
)
_CANDIDATE = select(_A.id, _A.host_id, _A.inbox, _A.shared_inbox).join(t.hosts, _H.id == _A.host_id)
_MEMBERS = Statement(
    _CANDIDATE.join(t.grants, t.grants.c.actor_id == _A.id)
    .where(
        t.grants.c.collection_id == param("collection"),
        t.grants.c.state == number(Grant.ACCEPTED),
        t.grants.c.actor_id > param("after"),
        _A.state == word("active"),
        _ELSEWHERE,
    )
    .order_by(t.grants.c.actor_id)
    .limit(param("count"))
)
_PEOPLE = Statement(
    _CANDIDATE.where(one_of(_A.id, "ids"), _A.id > param("after"), _A.state != word("deleted"), _ELSEWHERE)
    .order_by(_A.id)
    .limit(param("count"))
)


def _may_read(person: Any) -> ColumnElement[bool]:
    """The rule for an actor of another server, given as a column: it may see the object `object_id`."""
    o = t.objects.alias()
    return exists_in(o, o.c.id == param("object_id"), visible_to_actor(o, person))


_person = t.actors.alias()
_READERS = Statement(
    select(_person.c.id).where(
        one_of(_person.c.id, "ids"),
        _person.c.state == word("active"),
        _person.c.type != word("Application"),  # a server reads for its people, and is nobody's reader itself
        _person.c.host_id.is_not(None),
        _may_read(_person.c.id),
    )
)
_HAD_BEEN_PUBLIC = Statement(
    select(t.objects.c.id).where(
        one_of(t.objects.c.id, "ids"),
        exists(
            select(number(1)).where(
                t.audience.c.object_id == t.objects.c.id, t.audience.c.principal_id == number(PUBLIC)
            )
        ),
        open_to_all(t.objects),
    )
)

# Who has a copy. An inbox that no actor of the host has any more is replaced by one that somebody has.
_known, _other, _sent = t.actors.alias(), t.actors.alias(), t.deliveries.alias()
_L = t.ledger.c
_COPIES = Statement(
    select(
        _L.host_id,
        case(
            (
                exists(
                    select(number(1)).where(
                        _known.c.host_id == _L.host_id,
                        or_(_known.c.inbox == _L.inbox, _known.c.shared_inbox == _L.inbox),
                    )
                ),
                _L.inbox,
            ),
            else_=select(func.min(func.coalesce(_other.c.shared_inbox, _other.c.inbox)))
            .where(_other.c.host_id == _L.host_id, _other.c.inbox.is_not(None))
            .scalar_subquery(),
        ).label("inbox"),
    )
    .join(t.hosts, _H.id == _L.host_id)
    .where(
        _L.object_id == param("object_id"),
        _L.host_id > param("after"),
        _H.state != word("suspended"),
        ~exists(
            select(number(1)).where(
                _sent.c.activity_id == param("activity_id"), _sent.c.host_id == _L.host_id
            )
        ),
    )
    .order_by(_L.host_id)
    .limit(param("count"))
)
# Hosts that may have a copy though nobody knows yet: an attempt is under way, or its answer never came.
_ATTEMPTED = Statement(
    select(_D.host_id, _D.inbox)
    .join(t.activities, t.activities.c.id == _D.activity_id)
    .join(t.hosts, _H.id == _D.host_id)
    .where(
        t.activities.c.object_id == param("object_id"),
        _D.mode == word("content"),
        _H.state != word("suspended"),
        or_(
            _D.attempts > number(0),
            and_(_H.lease_by.is_not(None), _H.lease_by != word("hold"), _H.lease_by != word("pause")),
        ),
    )
)

# Who knows an actor: hosts with copies of what it wrote, of its followers, of whom it followed, whatever became of that since.
_theirs, _asker, _asked = t.actors.alias(), t.actors.alias(), t.actors.alias()
_KNOWING = Statement(
    select(
        _H.id.label("host_id"),
        func.min(func.coalesce(_theirs.c.shared_inbox, _theirs.c.inbox)).label("inbox"),
    )
    .select_from(t.hosts.join(_theirs, and_(_theirs.c.host_id == _H.id, _theirs.c.inbox.is_not(None))))
    .where(
        _H.id > param("after"),
        _H.state != word("suspended"),
        _H.id.in_(
            union(
                select(t.ledger.c.host_id)
                .join(t.objects, t.objects.c.id == t.ledger.c.object_id)
                .where(t.objects.c.author_id == param("actor")),
                select(_asker.c.host_id)
                .select_from(_asker.join(t.grants, t.grants.c.actor_id == _asker.c.id))
                .where(
                    t.grants.c.collection_id >= param("first"),
                    t.grants.c.collection_id <= param("last"),
                    _asker.c.host_id.is_not(None),
                ),
                select(_asked.c.host_id)
                .select_from(_asked.join(t.grants, t.grants.c.collection_id == _asked.c.id + number(1)))
                .where(
                    t.grants.c.actor_id == param("actor"),
                    t.grants.c.state != number(Grant.UNHEARD),
                    _asked.c.host_id.is_not(None),
                ),
            ).scalar_subquery()
        ),
    )
    .group_by(_H.id)
    .order_by(_H.id)
    .limit(param("count"))
)

_DELIVERY = insert_row(
    t.deliveries,
    *["activity_id", "host_id", "inbox", "target_id", "mode", "line", "run_at", "state", "created"],
    ignore=True,
)
_FORMED = Statement(
    update(t.deliveries)
    .where(_D.activity_id == param("activity_id"), _D.state == word("forming"))
    .values(state=word("waiting"))
)
_mine = t.deliveries.alias()
_TOUCH = Statement(
    update(t.hosts)
    .where(
        _H.id.in_(
            select(_mine.c.host_id)
            .where(_mine.c.activity_id == param("activity_id"), _mine.c.state == word("waiting"))
            .scalar_subquery()
        ),
        or_(_H.retry_at.is_(None), _H.retry_at > param("now")),
    )
    .values(retry_at=param("now"))
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms hosts are taken. listed_only: FEDI_FEDERATION=listed. A host that failed `breaker` times and more
    since before `lost_before` (milliseconds) gets nothing new but what is `kept`: modes and types that take things back."""

    now: int
    listed_only: bool
    breaker: int
    lost_before: int
    kept_types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Expanded:
    """deliveries: rows asked for (an inbox that has one already counts). activities: how many were worked on. more: there
    is more to expand."""

    deliveries: int
    activities: int
    more: bool


@dataclass(slots=True)
class _Expansion:
    """One fan-out row being expanded."""

    row: Row
    terms: Terms
    public: bool
    budget: int
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, host_id: int, inbox: str, target_id: int | None) -> None:
        r, now = self.row, self.terms.now
        if r["object_id"] is None:
            line = r["actor_id"]
        else:
            line = r["root_id"] or r["object_id"]
        self.made.setdefault(
            inbox,
            {
                "activity_id": r["activity_id"], "host_id": host_id, "inbox": inbox, "target_id": target_id,
                "mode": r["mode"], "line": line, "run_at": now, "created": now,
            },
        )  # fmt: skip


async def expand(tx: Tx, terms: Terms, chunk: int = CHUNK) -> Expanded:
    """Expand what waits, oldest first, up to about `chunk` candidates."""
    made, activities, budget = 0, 0, chunk
    while budget > 0:
        row = await tx.row(_FIRST)
        if row is None:
            return Expanded(made, activities, False)
        public = await _is_public(tx, row)
        work = _Expansion(row, terms, public, budget)
        await _expand_row(tx, work)
        made, activities = made + len(work.made), activities + 1
        budget = min(work.budget, budget - ROW_COST)
    return Expanded(made, activities, True)


async def _is_public(tx: Tx, row: Row) -> bool:
    """Everybody may read (or, for a retraction, might have read) what it is about."""
    object_id = row["object_id"]
    if object_id is None:
        return False
    if row["mode"] == "content":
        return object_id in await visible_ids(tx, STRANGER, [object_id])
    return object_id in await had_been_public(tx, [object_id])


async def _expand_row(tx: Tx, work: _Expansion) -> None:
    row = work.row
    scope = orjson.loads(row["scope"])
    begun: Sequence[int] = orjson.loads(row["cursor"]) if row["cursor"] else (0, 0)
    phases = _phases(work, scope)
    phase, after = begun[0], begun[1]
    while phase < len(phases) and work.budget > 0:
        name, argument = phases[phase]
        last = await _PHASES[name](tx, work, argument, after)
        phase, after = (phase + 1, 0) if last is None else (phase, last)
    finished = phase >= len(phases)
    state = "waiting" if finished and not row["cursor"] else "forming"
    await tx.many(_DELIVERY, [{**delivery, "state": state} for delivery in work.made.values()])
    if not finished:
        await tx.run(_GO_ON, key=row["id"], at=orjson.dumps([phase, after]).decode())
        return
    if row["cursor"]:
        await tx.run(_FORMED, activity_id=row["activity_id"])
    await tx.run(_EXPANDED, key=row["id"])
    await tx.run(_TOUCH, activity_id=row["activity_id"], now=work.terms.now)


def _phases(work: _Expansion, scope: dict[str, Any]) -> list[tuple[str, Any]]:
    """Whom to look for, in order. What was never public is taken back only where a copy may be."""
    row = work.row
    asked: list[tuple[str, Any]] = [("collection", c) for c in scope.get("collections") or ()]
    asked.append(("actors", scope.get("actors") or ()))
    about = row["object_id"] is not None
    if row["mode"] == "retraction" and row["type"] == "Delete" and not about:
        return [("departed", None)]
    if row["mode"] == "retraction" and about:
        known = asked if work.public else [("actors", [row["author_id"]])]  # he has what he wrote
        return [*known, ("attempted", None), ("ledger", None)]
    if row["mode"] == "content" and row["type"] == "Update" and work.public:
        return [*asked, ("ledger", None)]
    return asked


def _host_terms(work: _Expansion) -> dict[str, int]:
    terms, row = work.terms, work.row
    kept = row["mode"] == "retraction" or row["type"] in terms.kept_types
    return {
        "open": 0 if terms.listed_only else 1,
        "breaker": terms.breaker,
        "lost_before": -1 if kept else terms.lost_before,
        "author": (row["author_id"] or 0) if row["mode"] == "content" else 0,
    }


async def _collection(tx: Tx, work: _Expansion, collection: int, after: int) -> int | None:
    count = work.budget
    found = await tx.rows(_MEMBERS, collection=collection, after=after, count=count, **_host_terms(work))
    return await _take(tx, work, found, count)


async def _actors(tx: Tx, work: _Expansion, ids: Sequence[int], after: int) -> int | None:
    if not ids:
        return None
    count = work.budget
    found = await tx.rows(_PEOPLE, ids=list(ids), after=after, count=count, **_host_terms(work))
    return await _take(tx, work, found, count)


async def _take(tx: Tx, work: _Expansion, found: Sequence[Row], count: int) -> int | None:
    work.budget -= max(len(found), 1)
    row = work.row
    carried = (
        row["object_id"] is None and row["type"] == "Announce"
    )  # ids alone, and the same for all its followers
    if carried or (row["object_id"] is not None and (work.public or row["mode"] == "retraction")):
        for one in found:
            work.add(one["host_id"], one["shared_inbox"] or one["inbox"], None)
    else:
        ids = [one["id"] for one in found]
        if row["mode"] == "content" and row["object_id"] is not None:
            admitted: frozenset[int] | set[int] = await readers(tx, row["object_id"], ids)
        else:
            admitted = set(ids)
        for one in found:
            if one["id"] in admitted:
                work.add(one["host_id"], one["inbox"], one["id"])
    return None if len(found) < count else int(found[-1]["id"])


async def _attempted(tx: Tx, work: _Expansion, _: None, after: int) -> int | None:
    for one in await tx.rows(_ATTEMPTED, object_id=work.row["object_id"]):
        work.add(one["host_id"], one["inbox"], None)
    return None


async def _ledger(tx: Tx, work: _Expansion, _: None, after: int) -> int | None:
    row, count = work.row, work.budget
    covered = {delivery["host_id"] for delivery in work.made.values()}
    found = await tx.rows(
        _COPIES, object_id=row["object_id"], activity_id=row["activity_id"], after=after, count=count
    )
    work.budget -= max(len(found), 1)
    for one in found:
        if one["host_id"] not in covered and one["inbox"] is not None:
            work.add(one["host_id"], one["inbox"], None)
    return None if len(found) < count else int(found[-1]["host_id"])


async def _departed(tx: Tx, work: _Expansion, _: None, after: int) -> int | None:
    """An actor of ours is no more: every host that has something of it, or had to do with it, hears so once."""
    row, count = work.row, work.budget
    actor = row["actor_id"]
    found = await tx.rows(_KNOWING, actor=actor, first=actor, last=actor | 3, after=after, count=count)
    work.budget -= max(len(found), 1)
    for one in found:
        work.add(one["host_id"], one["inbox"], None)
    return None if len(found) < count else int(found[-1]["host_id"])


_PHASES: dict[str, Any] = {
    "collection": _collection,
    "actors": _actors,
    "attempted": _attempted,
    "ledger": _ledger,
    "departed": _departed,
}


async def readers(tx: Tx, object_id: int, actor_ids: Iterable[int]) -> frozenset[int]:
    """Which of these actors of other servers may see the object now."""
    ids = list(actor_ids)
    if not ids:
        return frozenset()
    found = await tx.rows(_READERS, object_id=object_id, ids=ids, everyone=PUBLIC)
    return frozenset(row["id"] for row in found)


async def had_been_public(tx: Tx, object_ids: Iterable[int]) -> frozenset[int]:
    """Which of these objects were for everybody while they lived."""
    return frozenset(row["id"] for row in await tx.rows(_HAD_BEEN_PUBLIC, ids=list(object_ids)))


async def waiting(tx: Tx) -> int:
    """How many activities wait to be expanded."""
    return int(await tx.value(_WAITING))
