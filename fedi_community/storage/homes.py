"""Home timelines kept ready: gathered when somebody asks for the first time, written on arrival from then on, and let go when
nobody has looked for a while (`FEDI_HOME_ACTIVE_DAYS`). They only remember what may be shown; the rule is asked at each page.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from fedi_community.domain.effects import StorePost
from fedi_community.domain.model import PUBLIC, SERVER, Grant, Kind, Post, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, among, insert_row, number, one_of, param
from fedi_community.storage.entries import Timeline
from fedi_community.storage.visible import exists_in

DAY_MS: Final = 86_400_000
TIDY_HOMES: Final = 50
"""Home timelines that are cut to their length at a time."""

_BUILT = Statement(select(t.homes.c.owner_id).where(t.homes.c.owner_id == param("owner")))
_MARK_BUILT = insert_row(t.homes, "owner_id", "built", ignore=True)
REBUILD_SPAN_MS = 30 * 86_400_000


def _rebuild(timeline: Timeline, via_ref: bool, which: ColumnElement[bool]) -> Statement:
    g, e, o = t.grants.c, t.entries.c, t.objects.c
    source = t.grants.join(
        t.entries,
        and_(
            e.timeline == number(timeline),
            e.ref == g.collection_id - number(1),
            or_(
                e.principal_id == number(PUBLIC),
                e.principal_id == number(SERVER),
                e.principal_id == g.collection_id,
            ),
            e.object_id > param("oldest"),
        ),
    ).join(t.objects, o.id == e.object_id)
    chosen = (
        select(param("owner"), e.object_id, (e.ref if via_ref else func.nullif(number(0), number(0))))
        .select_from(source)
        .where(g.actor_id == param("owner"), g.state == number(Grant.ACCEPTED), o.reply_to.is_(None), which)
        .order_by(e.object_id.desc())
        .limit(param("count"))
    )
    return Statement(
        lambda insert: (
            insert(t.home).from_select(["owner_id", "object_id", "via"], chosen).on_conflict_do_nothing()
        )
    )


_there = t.home.alias()
_IS_BOOST = t.objects.c.boost_of.is_not(None)
_SHOWN_ITSELF = exists(
    select(number(1))
    .select_from(_there)
    .where(_there.c.owner_id == param("owner"), _there.c.object_id == t.objects.c.boost_of)
    .correlate_except(_there)
)
_FROM_GROUPS = _rebuild(Timeline.GROUP, True, ~_IS_BOOST)
_FROM_PEOPLE = _rebuild(Timeline.PROFILE, False, ~_IS_BOOST)
_BOOSTS = _rebuild(Timeline.PROFILE, False, and_(_IS_BOOST, ~_SHOWN_ITSELF))
_OWN = Statement(
    lambda insert: (
        insert(t.home)
        .from_select(
            ["owner_id", "object_id"],
            select(param("owner"), t.objects.c.id)
            .where(t.objects.c.author_id == param("owner"), among(t.objects.c.state, "published", "unheard"))
            .order_by(t.objects.c.id.desc())
            .limit(40),
        )
        .on_conflict_do_nothing()
    )
)


async def is_built(tx: Tx, owner: int) -> bool:
    """Whether the home timeline is kept up on arrival; if not, `build` first (a write)."""
    return await tx.row(_BUILT, owner=owner) is not None


async def build(tx: Tx, owner: int, now_ms: int, length: int) -> None:
    """Gather a home timeline from what is followed, for a member who comes back; from now on it is kept up."""
    oldest = (now_ms - REBUILD_SPAN_MS) << 16
    await tx.run(_MARK_BUILT, owner_id=owner, built=now_ms)
    await tx.run(_FROM_GROUPS, owner=owner, oldest=oldest, count=length)
    await tx.run(_FROM_PEOPLE, owner=owner, oldest=oldest, count=length)
    await tx.run(_OWN, owner=owner)
    await tx.run(_BOOSTS, owner=owner, oldest=oldest, count=length)


# --- what arrives -------------------------------------------------------------------------------------------------------


def _followers_home(*more: Any) -> Any:
    g, h = t.grants, t.homes
    return (
        select(g.c.actor_id, param("object_id"), param("via"))
        .select_from(g.join(h, h.c.owner_id == g.c.actor_id))
        .where(g.c.collection_id == param("collection"), g.c.state == number(Grant.ACCEPTED), *more)
    )


def _into_home(query: Any) -> Statement:
    return Statement(
        lambda insert: (
            insert(t.home).from_select(["owner_id", "object_id", "via"], query).on_conflict_do_nothing()
        )
    )


def _has(owner: Any, object_id: Any) -> Any:
    other = t.home.alias()
    return exists(
        select(number(1))
        .select_from(other)
        .where(other.c.owner_id == owner, other.c.object_id == object_id)
        .correlate_except(other)
    )


def _follows(owner: Any, collection: Any) -> Any:
    other = t.grants.alias()
    return exists(
        select(number(1))
        .select_from(other)
        .where(
            other.c.actor_id == owner,
            other.c.collection_id == collection,
            other.c.state == number(Grant.ACCEPTED),
        )
        .correlate_except(other)
    )


_HOME_ALL = _into_home(_followers_home())
_HOME_NAMED = _into_home(_followers_home(one_of(t.grants.c.actor_id, "people")))
_HOME_REPLY = _into_home(
    _followers_home(
        or_(
            t.grants.c.actor_id == param("parent_author"),
            _follows(t.grants.c.actor_id, param("parent_followers")),
        )
    )
)
_HOME_BOOST = _into_home(_followers_home(~_has(t.grants.c.actor_id, param("boosted"))))
_HOME_OWN = _into_home(
    select(t.homes.c.owner_id, param("object_id"), param("via")).where(t.homes.c.owner_id == param("owner"))
)
_PROFILE_OR_GROUP = and_(t.entries.c.timeline == param("timeline"), t.entries.c.ref == param("source"))
FILL_HOME = Statement(
    lambda insert: (
        insert(t.home)
        .from_select(
            ["owner_id", "object_id", "via"],
            select(param("owner"), t.entries.c.object_id, func.nullif(param("via"), number(0)))
            .select_from(
                t.entries.join(t.objects, t.objects.c.id == t.entries.c.object_id).join(
                    t.homes, t.homes.c.owner_id == param("owner")
                )
            )
            .where(
                _PROFILE_OR_GROUP, t.entries.c.principal_id == number(PUBLIC), t.objects.c.reply_to.is_(None)
            )
            .order_by(t.entries.c.object_id.desc())
            .limit(40),
        )
        .on_conflict_do_nothing()
    )
)


async def fill_home(tx: Tx, owner: int, source: int) -> None:
    """After following: the last public things of the one followed, a group's as from the group."""
    if not await tx.run(FILL_HOME, owner=owner, source=source, via=source, timeline=int(Timeline.GROUP)):
        await tx.run(FILL_HOME, owner=owner, source=source, via=0, timeline=int(Timeline.PROFILE))


async def into_own(tx: Tx, post: Post) -> None:
    """A post comes into its author's own home."""
    await tx.run(_HOME_OWN, object_id=post.id, via=None, owner=post.author_id)


async def fill_homes(tx: Tx, x: StorePost) -> None:
    """Write a new post into the homes of those who are shown it. Each page asks the rule again."""
    post = x.post
    common: dict[str, Any] = {"object_id": post.id, "via": None, "collection": followers_of(post.author_id)}
    await into_own(tx, post)
    broad = any(p in (PUBLIC, SERVER) or p & 3 for p in post.audience)
    if not broad:
        await tx.run(_HOME_NAMED, **common, people=[p for p in post.audience if not p & 3])
    elif post.boost_of is not None:
        await tx.run(_HOME_BOOST, **common, boosted=post.boost_of)
    elif post.reply_to is not None or x.reply_to_uri is not None:
        parent = x.parent_author or 0
        await tx.run(_HOME_REPLY, **common, parent_author=parent, parent_followers=followers_of(parent))
    else:
        await tx.run(_HOME_ALL, **common)
    await into_group_homes(tx, post)


async def into_group_homes(tx: Tx, post: Post) -> None:
    """A thread comes to all who are in its group."""
    if post.group_id is not None and post.reply_to is None and post.kind is not Kind.BOOST:
        await tx.run(_HOME_ALL, object_id=post.id, via=post.group_id, collection=followers_of(post.group_id))


# --- letting go -----------------------------------------------------------------------------------------------------------

_seen, _voice = t.logins.alias(), t.speakers.alias()
_FORGOTTEN = Statement(
    select(t.homes.c.owner_id)
    .where(
        t.homes.c.built < param("since"),
        ~exists_in(
            _voice,
            _voice.c.actor_id == t.homes.c.owner_id,
            exists_in(_seen, _seen.c.id == _voice.c.login_id, _seen.c.active_at >= param("since")),
        ),
    )
    .limit(param("count"))
)
_LET_GO = Statement(delete(t.home).where(one_of(t.home.c.owner_id, "owners")))
_UNMARK = Statement(delete(t.homes).where(one_of(t.homes.c.owner_id, "owners")))
_LONGEST_UNCUT = Statement(
    select(t.homes.c.owner_id)
    .where(t.homes.c.cut < param("before"), t.homes.c.built < param("before"))
    .order_by(t.homes.c.cut)
    .limit(param("count"))
)
_kept = t.home.alias()
_CUT = Statement(
    delete(t.home).where(
        one_of(t.home.c.owner_id, "owners"),
        t.home.c.object_id
        < select(_kept.c.object_id)
        .where(_kept.c.owner_id == t.home.c.owner_id)
        .correlate(t.home)
        .order_by(_kept.c.object_id.desc())
        .limit(1)
        .offset(param("last"))
        .scalar_subquery(),
    )
)
_MARK_CUT = Statement(update(t.homes).where(one_of(t.homes.c.owner_id, "owners")).values(cut=param("now")))


async def tidy(tx: Tx, now_ms: int, active_days: int, length: int) -> None:
    """Let go of what nobody looked at for `active_days`, and cut a few others to `length` entries, each once a day."""
    since = now_ms - active_days * DAY_MS
    gone = [row[0] for row in await tx.rows(_FORGOTTEN, since=since, count=TIDY_HOMES)]
    if gone:
        await tx.run(_LET_GO, owners=gone)
        await tx.run(_UNMARK, owners=gone)
    long = [row[0] for row in await tx.rows(_LONGEST_UNCUT, before=now_ms - DAY_MS, count=TIDY_HOMES)]
    if long:
        await tx.run(_CUT, owners=long, last=length - 1)
        await tx.run(_MARK_CUT, owners=long, now=now_ms)
