"""Pages of timelines, threads and collections: ids that the viewer may see, newest first, flat in the size of everything.

A page merges at most four ranges of one index (the principals that the viewer may hold there), asks the rule again about
what it found, and goes on from the last id *scanned*, at most `MAX_SCAN` rows a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select, union

from fedi_community.domain.model import PUBLIC, SERVER, Viewer, followers_of, mentors_of, staff_of
from fedi_community.storage import client_tables as ct
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, one_of, param, word
from fedi_community.storage.entries import Timeline
from fedi_community.storage.visible import sight_values, visible_ids, visible_to

MAX_SCAN = 200
MAX_PAGE = 80
NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """ids, newest first; last: the oldest id scanned, None when the timeline ends here; via: post id -> group."""

    ids: tuple[int, ...]
    last: int | None
    via: dict[int, int]


def _range(index: int, ascending: bool) -> Select[Any]:
    e = t.entries.c
    chosen = select(e.object_id).where(
        e.timeline == param(f"t{index}"), e.ref == param(f"r{index}"), e.principal_id == param(f"p{index}"),
        e.object_id < param("before"), e.object_id > param("after"),
    )  # fmt: skip
    chosen = chosen.order_by(e.object_id.asc() if ascending else e.object_id.desc()).limit(param("count"))
    return select(chosen.subquery())


def _merged(ranges: int, ascending: bool) -> Statement:
    merged = union(*(_range(i, ascending) for i in range(ranges))).subquery()
    column = merged.c[0]
    return Statement(
        select(column).order_by(column.asc() if ascending else column.desc()).limit(param("count"))
    )


FEW, MANY = 4, 10
_SCANS = {(n, up): _merged(n, up) for n in (FEW, MANY) for up in (False, True)}
_H = t.home.c
_HOME = Statement(
    select(_H.object_id, _H.via)
    .where(_H.owner_id == param("ref"), _H.object_id < param("before"), _H.object_id > param("after"))
    .order_by(_H.object_id.desc())
    .limit(param("count"))
)
_HOME_UP = Statement(
    select(_H.object_id, _H.via)
    .where(_H.owner_id == param("ref"), _H.object_id < param("before"), _H.object_id > param("after"))
    .order_by(_H.object_id.asc())
    .limit(param("count"))
)


Key = tuple[Timeline, int]
Filter = Callable[[Tx, Sequence[int]], Awaitable[Collection[int]]]
_OPEN = frozenset({Timeline.GROUP, Timeline.GROUP_MEDIA})
_OWN_READERS = frozenset(
    {Timeline.PROFILE, Timeline.PROFILE_ROOTS, Timeline.PROFILE_MEDIA, Timeline.PROFILE_TAG, Timeline.DIRECT}
)


def _principals(timeline: Timeline, ref: int, viewer: Viewer) -> list[int]:
    """At most four: what the viewer may hold in this timeline. The rule is asked again about what is found."""
    known = viewer.id and not viewer.instance
    if timeline is Timeline.DIRECT:
        return [viewer.id] if known else []
    found = [PUBLIC] + ([SERVER] if viewer.local else [])
    if timeline in _OPEN and known:
        found += [followers_of(ref), staff_of(ref)]
    elif timeline in _OWN_READERS and known:
        found += [followers_of(ref), viewer.id]
    return found


async def page(
    tx: Tx, viewer: Viewer, timeline: Timeline, ref: int = 0, *, before: int | None = None, after: int | None = None,
    up: bool = False, limit: int = 20,
) -> Page:  # fmt: skip
    """One page of a keyed timeline. before, after: ids, exclusive; up: the page just above `after` (`min_id`)."""
    return await merged(tx, viewer, [(timeline, ref)], before=before, after=after, up=up, limit=limit)


async def merged(
    tx: Tx, viewer: Viewer, keys: Sequence[Key], *, before: int | None = None, after: int | None = None, up: bool = False,
    limit: int = 20, keep: Filter | None = None,
) -> Page:  # fmt: skip
    """One page of several keyed timelines together, at most `MANY` ranges. keep: which of the ids found are wanted; a page goes
    on from the last id scanned, so what is left out only makes it shorter."""
    ranges = [(kind, ref, p) for kind, ref in keys for p in _principals(kind, ref, viewer)][:MANY]
    size = FEW if len(ranges) <= FEW else MANY
    values: dict[str, int] = {}
    for i in range(size):
        kind, ref, principal = ranges[i] if i < len(ranges) else (0, 0, -1)
        values |= {f"t{i}": int(kind), f"r{i}": ref, f"p{i}": principal}
    return await _paged(tx, viewer, _SCANS[size, up], values, before, after, up, limit, keep)


async def _paged(
    tx: Tx, viewer: Viewer, scan: Statement, values: dict[str, int], before: int | None, after: int | None, up: bool,
    limit: int, keep: Filter | None = None,
) -> Page:  # fmt: skip
    limit = max(1, min(limit, MAX_PAGE))
    found: list[int] = []
    via: dict[int, int] = {}
    low, high = after or 0, before or NEWEST
    scanned, last, ended = 0, None, False
    while len(found) < limit and scanned < MAX_SCAN and not ended:
        count = min(MAX_SCAN - scanned, limit + 4)
        rows = await tx.rows(scan, **values, before=high, after=low, count=count)
        ended = len(rows) < count
        scanned += len(rows)
        ids = [row[0] for row in rows]
        allowed: Collection[int] = await visible_ids(tx, viewer, ids)
        if keep is not None and allowed:
            allowed = await keep(tx, [i for i in ids if i in allowed])
        for row in rows:
            if len(found) == limit:
                ended = False
                break
            last = row[0]
            if row[0] in allowed:
                found.append(row[0])
                if scan in (_HOME, _HOME_UP) and row[1]:
                    via[row[0]] = row[1]
        if ids:
            low, high = (ids[-1], high) if up else (low, ids[-1])
    if up:
        found.reverse()
    return Page(tuple(found), None if ended else last, via)


# --- home ---------------------------------------------------------------------------------------------------------------


async def home(
    tx: Tx,
    viewer: Viewer,
    *,
    before: int | None = None,
    after: int | None = None,
    up: bool = False,
    limit: int = 20,
) -> Page:
    """One page of the viewer's own home timeline."""
    return await _paged(tx, viewer, _HOME_UP if up else _HOME, {"ref": viewer.id}, before, after, up, limit)


_L = ct.list_entries.c
_LIST, _LIST_UP = (
    Statement(
        select(_L.object_id)
        .where(_L.list_id == param("ref"), _L.object_id < param("before"), _L.object_id > param("after"))
        .order_by(_L.object_id.asc() if up else _L.object_id.desc())
        .limit(param("count"))
    )
    for up in (False, True)
)


async def list_page(
    tx: Tx, viewer: Viewer, list_id: int, *, before: int | None = None, after: int | None = None, up: bool = False,
    limit: int = 20,
) -> Page:  # fmt: skip
    """One page of a list of the viewer's own."""
    return await _paged(tx, viewer, _LIST_UP if up else _LIST, {"ref": list_id}, before, after, up, limit)


# --- threads --------------------------------------------------------------------------------------------------------------

MAX_THREAD = 2000
_THREAD = Statement(
    select(t.objects.c.id, t.objects.c.reply_to)
    .where(t.objects.c.root_id == param("root"), visible_to())
    .order_by(t.objects.c.note.desc(), t.objects.c.id)
    .limit(param("count"))
)
_PLACE = Statement(
    select(t.objects.c.id, t.objects.c.root_id, t.objects.c.reply_to, t.objects.c.boost_of).where(
        t.objects.c.id == param("key")
    )
)


async def thread_ids(
    tx: Tx, viewer: Viewer, root_id: int, limit: int = MAX_THREAD
) -> list[tuple[int, int | None]]:
    """(id, id it answers) of all posts of a thread that a person or stranger may see, oldest first, the root among them; what a
    group itself notes about a post comes before other answers."""
    if viewer.suspended_host:
        return []
    rows = await tx.rows(_THREAD, root=root_id, count=limit, **sight_values(viewer))
    return [(row[0], row[1]) for row in rows]


async def root_of(tx: Tx, post_id: int) -> int | None:
    """The root of a post's thread. Says nothing about who may see it."""
    row = await tx.row(_PLACE, key=post_id)
    return None if row is None else row["root_id"] or row["id"]


@dataclass(frozen=True, slots=True)
class InThread:
    """Where a post stands: itself (for a boost, what it boosts), and the root of the thread."""

    post: int
    root: int


async def place_of(tx: Tx, post_id: int) -> InThread | None:
    """A post's place in its thread. Says nothing about who may see it."""
    row = await tx.row(_PLACE, key=post_id)
    if row is not None and row["boost_of"] is not None:
        row = await tx.row(_PLACE, key=row["boost_of"])
    return None if row is None else InThread(row["id"], row["root_id"] or row["id"])


def depth_first(nodes: Sequence[tuple[int, int | None]], start: int) -> list[int]:
    """The descendants of `start`, each followed by its own replies, siblings oldest first. A reply whose parent the
    viewer may not see hangs on the nearest known place: the start."""
    known = {node for node, _ in nodes}
    children: dict[int, list[int]] = {}
    for node, parent in nodes:
        if node != start:
            children.setdefault(parent if parent in known and parent is not None else start, []).append(node)
    order: list[int] = []
    stack = list(reversed(children.get(start, [])))
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(reversed(children.get(node, [])))
    return order


def descendants_of(nodes: Sequence[tuple[int, int | None]], start: int) -> list[int]:
    """What answers `start`, directly or not, depth first. Replies below one the viewer may not see are left out."""
    children: dict[int, list[int]] = {}
    for node, parent in nodes:
        if parent is not None:
            children.setdefault(parent, []).append(node)
    order: list[int] = []
    stack = list(reversed(children.get(start, [])))
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(reversed(children.get(node, [])))
    return order


def ancestors_of(nodes: Sequence[tuple[int, int | None]], start: int) -> list[int]:
    """The chain above `start`, oldest first, as far as the viewer may see it."""
    parents = dict(nodes)
    chain: list[int] = []
    step = parents.get(start)
    while step is not None and step in parents and step not in chain:
        chain.append(step)
        step = parents.get(step)
    return chain[::-1]


_OWN_BOOST = Statement(
    select(t.objects.c.id).where(
        t.objects.c.boost_of == param("key"),
        t.objects.c.author_id == param("owner"),
        t.objects.c.state == word("published"),
    )
)


async def own_boost(tx: Tx, owner: int, post_id: int) -> int | None:
    """The actor's boost of a post."""
    found: int | None = await tx.value(_OWN_BOOST, key=post_id, owner=owner)
    return found


# --- groups ---------------------------------------------------------------------------------------------------------------

_LOCAL_GROUPS = Statement(
    select(t.groups.c.actor_id)
    .join(t.actors, t.actors.c.id == t.groups.c.actor_id)
    .where(t.actors.c.state == word("active"))
    .order_by(t.actors.c.name)
)
_MEMBER_OF = Statement(
    select(t.grants.c.collection_id, t.grants.c.state).where(
        t.grants.c.actor_id == param("viewer"), one_of(t.grants.c.collection_id, "ids")
    )
)


async def group_ids(tx: Tx) -> list[int]:
    """All local groups by name; ask `views.findable` which of them exist for a viewer."""
    return [row[0] for row in await tx.rows(_LOCAL_GROUPS)]


async def standing(tx: Tx, viewer: Viewer, group_id: int) -> dict[str, int]:
    """How the viewer stands to a group: {"member": state, "mentor": state, "staff": state} where there is a grant."""
    if not viewer.id or viewer.instance:
        return {}
    names = {followers_of(group_id): "member", mentors_of(group_id): "mentor", staff_of(group_id): "staff"}
    rows = await tx.rows(_MEMBER_OF, viewer=viewer.id, ids=list(names))
    return {names[row[0]]: row[1] for row in rows}


_TAG_ID = Statement(select(t.tags.c.id).where(t.tags.c.name == bindparam("name")))


async def tag_id(tx: Tx, name: str) -> int | None:
    """The id of a hashtag, in small letters."""
    found: int | None = await tx.value(_TAG_ID, name=name)
    return found


_OWN_POSTS = Statement(
    select(t.objects.c.id)
    .where(
        t.objects.c.author_id == param("owner"),
        t.objects.c.id < param("before"),
        t.objects.c.state != word("deleted"),
    )
    .order_by(t.objects.c.id.desc())
    .limit(100)
)


async def own_posts(tx: Tx, owner: int, before: int | None = None) -> list[int]:
    """Ids of what an actor wrote, newest first, in pages of 100: for its own export."""
    return [row[0] for row in await tx.rows(_OWN_POSTS, owner=owner, before=before or NEWEST)]
