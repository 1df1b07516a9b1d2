"""Notifications: written with what causes them, kept apart as their owner's policy says, and listed.

Every row is written here, so that streams and push hear of each one. Lists give ids of posts: whether their owner may
still read them is for `views.load_posts` to say.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Executable, and_, bindparam, case, delete, func, literal_column, or_, select, update

from fedi_community.domain.model import Grant, Post, followers_of
from fedi_community.domain.notices import Sender, Together, verdict
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import (
    Inserts,
    Statement,
    insert_row,
    number,
    one_of,
    param,
    upsert_row,
    word,
)
from fedi_community.storage.visible import exists_in
from fedi_community.storage.wake import Wake

MAX_SCAN: Final = 400
"""Notifications that one page looks at."""
N = t.notifications.c
PUSH_JOB: Final = "push"


def _writing(insert: Inserts) -> Executable:
    columns = (N.owner_id, N.kind, N.actor_id, N.object_id, N.group_key, N.filtered, N.created)
    values = (t.actors.c.id, *(bindparam(c.name, type_=c.type) for c in columns[1:]))
    rows = select(*values).where(one_of(t.actors.c.id, "owners"))
    made = insert(t.notifications).from_select([c.name for c in columns], rows)
    statement: Executable = made.on_conflict_do_nothing().returning(N.id, N.owner_id)
    return statement


_WRITE = Statement(_writing)
"""Nobody is told the same twice: the unique index sees to that. One statement instead of two, and no reading of what
others write (PostgreSQL)."""
_SUBSCRIBED = Statement(
    select(c.push_subscriptions.c.actor_id)
    .where(one_of(c.push_subscriptions.c.actor_id, "owners"))
    .distinct()
)
_ADD_JOB = insert_row(t.jobs, "kind", "key", "payload", "run_at", "created", ignore=True)


async def write(
    tx: Tx, owners: Collection[int], kind: str, actor_id: int, object_id: int | None, key: str, at: int, wake: Wake,
    *, filtered: bool = False,
) -> None:  # fmt: skip
    """Tell these owners, with their streams and phones, unless they were told (by this actor, under this key)."""
    if not owners:
        return
    rows = await tx.rows(
        _WRITE, owners=list(owners), kind=kind, actor_id=actor_id, object_id=object_id, group_key=key,
        filtered=int(filtered), created=at,
    )  # fmt: skip
    made = {row["owner_id"]: row["id"] for row in rows}
    if filtered or not made:
        return
    wake.streams += [("notification", owner, new_id) for owner, new_id in made.items()]
    phones = [row[0] for row in await tx.rows(_SUBSCRIBED, owners=list(made))]
    if phones:
        await tx.many(_ADD_JOB, [_push(made[owner], owner, at) for owner in phones])
        wake.jobs = True


def _push(notification_id: int, owner: int, at: int) -> dict[str, Any]:
    payload = orjson.dumps({"id": notification_id, "owner": owner}).decode()
    return {"kind": PUSH_JOB, "key": str(notification_id), "payload": payload, "run_at": at, "created": at}


_about_it = t.objects.alias()
_TAKE_BACK = Statement(
    delete(t.notifications).where(
        N.owner_id
        == select(_about_it.c.author_id).where(_about_it.c.id == param("object_id")).scalar_subquery(),
        N.group_key == bindparam("group_key"),
        N.actor_id == param("actor_id"),
    )
)


async def take_back(tx: Tx, kind: str, actor_id: int, object_id: int) -> None:
    """What was told of a like that is no more."""
    await tx.run(_TAKE_BACK, object_id=object_id, group_key=f"{kind}-{object_id}", actor_id=actor_id)


# --- one person tells another ------------------------------------------------------------------------------------------

_followed, _follows = t.grants.alias(), t.grants.alias()
_about, _mute, _reader = t.objects.alias(), c.thread_mutes.alias(), t.audience.alias()
_P, _S = c.notification_policies.c, c.notification_senders.c


def _yes(condition: Any) -> Any:
    return case((condition, number(1)), else_=number(0))


_SENDER = Statement(
    select(
        _yes(exists_in(
            _followed,
            _followed.c.actor_id == param("owner_id"),
            _followed.c.collection_id == param("followers"),
            _followed.c.state == number(Grant.ACCEPTED),
        )).label("followed"),
        _yes(exists_in(
            _follows,
            _follows.c.actor_id == param("actor_id"),
            _follows.c.collection_id == param("own_followers"),
            _follows.c.state == number(Grant.ACCEPTED),
        )).label("follows"),
        _yes(or_(
            t.actors.c.state == word("limited"), func.coalesce(t.hosts.c.state, word("ok")) == word("limited")
        )).label("limited"),
        _yes(and_(
            exists_in(_about, _about.c.id == param("object_id")),
            ~exists_in(_reader, _reader.c.object_id == param("object_id"), _reader.c.principal_id % number(4) != number(0)),
        )).label("private"),
        t.actors.c.created,
        select(_P.rules).where(_P.actor_id == param("owner_id")).scalar_subquery().label("rules"),
        select(_S.state)
        .where(_S.owner_id == param("owner_id"), _S.actor_id == t.actors.c.id)
        .correlate(t.actors)
        .scalar_subquery()
        .label("settled"),
    )
    .select_from(t.actors.outerjoin(t.hosts, t.hosts.c.id == t.actors.c.host_id))
    .where(
        t.actors.c.id == param("actor_id"),
        ~exists_in(
            _mute,
            _mute.c.actor_id == param("owner_id"),
            exists_in(_about, _about.c.id == param("object_id"), _about.c.root_id == _mute.c.root_id),
        ),
    )
)  # fmt: skip
"""How the sender stands to the owner; nothing when he muted the thread."""


async def tell(
    tx: Tx, owner_id: int, kind: str, actor_id: int, object_id: int | None, at: int, wake: Wake, *, anew: bool = False
) -> None:  # fmt: skip
    """One notification from one person to another, as the owner's policy has it. anew: also where he was told before."""
    row = await tx.row(
        _SENDER, owner_id=owner_id, actor_id=actor_id, object_id=object_id, followers=followers_of(actor_id),
        own_followers=followers_of(owner_id),
    )  # fmt: skip
    if row is None:
        return
    sender = Sender(
        bool(row["followed"]), bool(row["follows"]), row["created"], bool(row["private"]), bool(row["limited"]),
        row["settled"],
    )  # fmt: skip
    how = verdict(orjson.loads(row["rules"] or "{}"), kind, sender, at)
    if how != "drop":
        key = f"{kind}-{object_id or actor_id}{f'-{at}' if anew else ''}"
        await write(tx, [owner_id], kind, actor_id, object_id, key, at, wake, filtered=how == "filter")


_WATCHERS = Statement(
    select(t.grants.c.actor_id)
    .join(t.actors, t.actors.c.id == t.grants.c.actor_id)
    .where(
        t.grants.c.collection_id == param("collection"),
        t.grants.c.state == number(Grant.ACCEPTED),
        literal_column("grants.settings <> '{}'"),
        literal_column("grants.settings LIKE '%\"notify\":true%'"),
        t.actors.c.host_id.is_(None),
        t.actors.c.state == word("active"),
    )
)
_BOOSTERS = Statement(
    select(t.actors.c.id)
    .join(t.objects, t.objects.c.author_id == t.actors.c.id)
    .where(
        t.objects.c.boost_of == param("object_id"),
        t.objects.c.state == word("published"),
        t.actors.c.host_id.is_(None),
        t.actors.c.state == word("active"),
        t.actors.c.type != word("Group"),
        t.actors.c.id != param("author"),
    )
    .distinct()
)


async def tell_watchers(tx: Tx, post: Post, at: int, wake: Wake) -> None:
    """Those who asked to be told when the author posts. Of an answer, and of what is not for followers, nobody is."""
    broad = any(p & 3 or p in (1, 2) for p in post.audience)
    if post.reply_to is None and broad:
        found = [row[0] for row in await tx.rows(_WATCHERS, collection=followers_of(post.author_id))]
        await write(tx, found, "status", post.author_id, post.id, f"status-{post.id}", at, wake)


async def tell_boosters(tx: Tx, post: Post, at: int, wake: Wake) -> None:
    """Those who boosted a post hear that it says something else now."""
    found = [row[0] for row in await tx.rows(_BOOSTERS, object_id=post.id, author=post.author_id)]
    await write(tx, found, "update", post.author_id, post.id, f"update-{post.id}-{at}", at, wake)


# --- lists -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notifications of an owner. kinds: none for all. actor: by whom, 0 for anybody. filtered: kept apart (True), not
    (False), both (None). up: the page just above `after`."""

    owner: int
    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    actor: int = 0
    filtered: bool | None = False
    before: int = 2**63 - 1
    after: int = 0
    up: bool = False
    limit: int = 40


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification as it stands."""

    id: int
    kind: str
    actor_id: int
    object_id: int | None
    key: str
    created: int


def _page(order: Any) -> Statement:
    return Statement(
        select(N.id, N.kind, N.actor_id, N.object_id, N.group_key, N.created)
        .where(
            N.owner_id == param("owner"),
            N.id < param("before"),
            N.id > param("after"),
            or_(param("any_kind") == number(1), one_of(N.kind, "kinds", text=True)),
            ~one_of(N.kind, "without", text=True),
            or_(param("actor") == number(0), N.actor_id == param("actor")),
            or_(param("filtered") == number(-1), N.filtered == param("filtered")),
        )
        .order_by(order)
        .limit(param("count"))
    )


_DOWN, _UP = _page(N.id.desc()), _page(N.id.asc())


def _notice(row: Row) -> Notice:
    return Notice(
        row["id"], row["kind"], row["actor_id"], row["object_id"], row["group_key"] or "", row["created"]
    )


async def page(tx: Tx, wanted: Wanted) -> list[Notice]:
    """The newest first; `up` gives the oldest ones above `after`, still newest first."""
    rows = await tx.rows(
        _UP if wanted.up else _DOWN, owner=wanted.owner, before=wanted.before, after=wanted.after,
        any_kind=int(not wanted.kinds), kinds=list(wanted.kinds), without=list(wanted.without), actor=wanted.actor,
        filtered=-1 if wanted.filtered is None else int(wanted.filtered), count=min(wanted.limit, MAX_SCAN),
    )  # fmt: skip
    return sorted((_notice(row) for row in rows), key=lambda one: -one.id)


def _of_key(what: Together) -> tuple[Any, dict[str, Any]]:
    if not what.kind:
        return N.id == param("number"), {"number": what.number}
    if what.kind == "follow":
        low, high = what.span
        return and_(N.kind == word("follow"), N.created >= param("low"), N.created < param("high")), {
            "low": low, "high": high,
        }  # fmt: skip
    return and_(N.kind == bindparam("kind"), N.object_id == param("number")), {
        "kind": what.kind,
        "number": what.number,
    }


_COLUMNS = (N.id, N.kind, N.actor_id, N.object_id, N.group_key, N.created)
_KEYS = {kind: _of_key(Together(kind, 0))[0] for kind in ("", "follow", "favourite")}
_BY_KEY = {
    kind: Statement(
        select(*_COLUMNS)
        .where(N.owner_id == param("owner"), where)
        .order_by(N.id.desc())
        .limit(number(MAX_SCAN))
    )
    for kind, where in _KEYS.items()
}
_DROP_KEY = {
    kind: Statement(delete(t.notifications).where(N.owner_id == param("owner"), where))
    for kind, where in _KEYS.items()
}


def _kind(what: Together) -> str:
    return what.kind if what.kind in ("", "follow") else "favourite"


async def of_key(tx: Tx, owner: int, what: Together) -> list[Notice]:
    """All that is shown under one key, newest first."""
    return [_notice(row) for row in await tx.rows(_BY_KEY[_kind(what)], owner=owner, **_of_key(what)[1])]


async def drop(tx: Tx, owner: int, what: Together | None) -> None:
    """Forget what is shown under a key, or (None) everything."""
    if what is None:
        await tx.run(_CLEAR, owner=owner)
    else:
        await tx.run(_DROP_KEY[_kind(what)], owner=owner, **_of_key(what)[1])


_CLEAR = Statement(delete(t.notifications).where(N.owner_id == param("owner")))

# --- policies and requests ----------------------------------------------------------------------------------------------

_RULES = Statement(select(_P.rules).where(_P.actor_id == param("owner")))
_SET_RULES = upsert_row(c.notification_policies, ["actor_id"], ["actor_id", "rules"])
_SETTLE = upsert_row(
    c.notification_senders, ["owner_id", "actor_id"], ["owner_id", "actor_id", "state", "created"]
)
_LET_IN = Statement(
    update(t.notifications)
    .where(N.owner_id == param("owner"), N.filtered == number(1), one_of(N.actor_id, "senders"))
    .values(filtered=number(0))
)
_FORGET_APART = Statement(
    delete(t.notifications).where(
        N.owner_id == param("owner"), N.filtered == number(1), one_of(N.actor_id, "senders")
    )
)
_settled = c.notification_senders.alias()
_is_dismissed = exists_in(
    _settled,
    _settled.c.owner_id == N.owner_id,
    _settled.c.actor_id == N.actor_id,
    _settled.c.state == word("dismissed"),
)


def _requests(*where: Any) -> Statement:
    last = func.max(N.id)
    return Statement(
        select(
            N.actor_id, func.count().label("number"), last.label("last"), func.max(N.object_id).label("object_id"),
            func.min(N.created).label("first_at"), func.max(N.created).label("last_at"),
        )
        .where(N.owner_id == param("owner"), N.filtered == number(1), ~_is_dismissed, *where)
        .group_by(N.actor_id)
        .having(last < param("before"), last > param("after"))
        .order_by(last.desc())
        .limit(param("count"))
    )  # fmt: skip


_REQUESTS, _REQUEST = _requests(), _requests(N.actor_id == param("sender"))


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody whose notifications are kept apart. last: the newest one's id; object_id: what it is about."""

    sender: int
    number: int
    last: int
    object_id: int | None
    first_at: int
    last_at: int


async def rules(tx: Tx, owner: int) -> dict[str, str]:
    found = await tx.value(_RULES, owner=owner)
    return dict(orjson.loads(found)) if found else {}


async def set_rules(tx: Tx, owner: int, chosen: dict[str, str]) -> None:
    await tx.run(_SET_RULES, actor_id=owner, rules=orjson.dumps(chosen).decode())


async def settle(tx: Tx, owner: int, senders: Sequence[int], state: str, at: int) -> None:
    """Take senders in (what was kept apart is shown, and what comes too), or dismiss them."""
    await tx.many(
        _SETTLE, [{"owner_id": owner, "actor_id": i, "state": state, "created": at} for i in senders]
    )
    await tx.run(_LET_IN if state == "accepted" else _FORGET_APART, owner=owner, senders=list(senders))


async def requests(tx: Tx, owner: int, before: int, after: int, count: int) -> list[Request]:
    rows = await tx.rows(_REQUESTS, owner=owner, before=before, after=after, count=count)
    return [Request(*row) for row in rows]


async def request(tx: Tx, owner: int, sender: int) -> Request | None:
    row = await tx.row(_REQUEST, owner=owner, sender=sender, before=2**63 - 1, after=0, count=1)
    return None if row is None else Request(*row)
