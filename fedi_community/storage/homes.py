"""Home timelines kept ready: gathered when somebody asks for the first time, written on arrival from then on, and let go when
nobody has looked for a while (`FEDI_HOME_ACTIVE_DAYS`). They only remember what may be shown; the rule is asked at each page.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from fedi_community.domain.model import PUBLIC, SERVER, Grant
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, among, insert_row, number, one_of, param
from fedi_community.storage.posts import Timeline
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
