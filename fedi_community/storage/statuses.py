"""Statements of the client API about single posts: revisions, who liked or boosted them, what somebody liked or kept.

Ids and words alone. Who may see a post is asked before these are; people who are blocked or gone are left out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select

from fedi_community.domain.model import Text, Viewer
from fedi_community.domain.views import AttachmentView
from fedi_community.storage import client_tables, media, views
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word
from fedi_community.storage.visible import blocked_between, visible_ids

# --- revisions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Revision:
    """What a post said from `at` on, in each of its languages."""

    texts: tuple[Text, ...]
    warning: str
    at: int

    def text(self, language: str | None) -> Text:
        return next((text for text in self.texts if text.language == language), self.texts[0])


async def revisions(tx: Tx, post_id: int) -> list[Revision]:
    """Everything it said, oldest first; nothing when it was taken back."""
    found: dict[int, list[Any]] = {}
    for row in await tx.rows(views.HISTORY, key=post_id):
        found.setdefault(row["revision"], []).append(row)
    return [
        Revision(
            tuple(Text(r["language"], r["content"], r["name"], r["summary"]) for r in rows), rows[0]["warning"],
            rows[0]["created"],
        )
        for rows in found.values()
    ]  # fmt: skip


# --- who liked and boosted ------------------------------------------------------------------------------------------------


def _way(up: bool, column: Any) -> tuple[ColumnElement[bool], Any]:
    inside = and_(column < param("before"), column > param("after"))
    return inside, column.asc() if up else column.desc()


_R, _A, _O = t.reactions.c, t.actors.c, t.objects.c


def _liked_by(up: bool) -> Statement:
    inside, order = _way(up, _R.id)
    return Statement(
        select(_R.id, _R.actor_id)
        .join(t.actors, _A.id == _R.actor_id)
        .where(
            _R.object_id == param("key"), _R.kind == word("like"), inside, among(_A.state, "active", "limited"),
            _A.barred == number(0), ~blocked_between(param("viewer"), _R.actor_id),
        )
        .order_by(order)
        .limit(param("count"))
    )  # fmt: skip


def _boosted_by(up: bool) -> Statement:
    inside, order = _way(up, _O.id)
    return Statement(
        select(_O.id, _O.author_id)
        .where(_O.boost_of == param("key"), _O.state == word("published"), inside)
        .order_by(order)
        .limit(param("count"))
    )


def _kept(up: bool) -> Statement:
    inside, order = _way(up, _R.id)
    return Statement(
        select(_R.id, _R.object_id)
        .where(_R.actor_id == param("owner"), _R.kind == bindparam("reaction"), inside)
        .order_by(order)
        .limit(param("count"))
    )


_LIKED_BY, _BOOSTED_BY, _KEPT = (
    {up: make(up) for up in (False, True)} for make in (_liked_by, _boosted_by, _kept)
)
Pairs = list[tuple[int, int]]


def _pairs(rows: Sequence[Any], up: bool) -> Pairs:
    return [(row[0], row[1]) for row in (reversed(rows) if up else rows)]


async def liked_by(
    tx: Tx, viewer: Viewer, post_id: int, before: int, after: int, up: bool, count: int
) -> Pairs:
    """(relation id, actor id) of those who like a post, the last first: nobody who is suspended or has a block with the viewer."""
    rows = await tx.rows(
        _LIKED_BY[up], key=post_id, viewer=viewer.id, before=before, after=after, count=count
    )
    return _pairs(rows, up)


async def boosted_by(
    tx: Tx, viewer: Viewer, post_id: int, before: int, after: int, up: bool, count: int
) -> tuple[Pairs, frozenset[int]]:
    """(boost id, actor id), the last first, and which of the boosts the viewer may see."""
    rows = await tx.rows(_BOOSTED_BY[up], key=post_id, before=before, after=after, count=count)
    found = _pairs(rows, up)
    return found, await visible_ids(tx, viewer, [key for key, _ in found])


async def kept(tx: Tx, owner: int, kind: str, before: int, after: int, up: bool, count: int) -> Pairs:
    """(relation id, post id) of what somebody liked ("like") or bookmarked, the last first."""
    rows = await tx.rows(_KEPT[up], owner=owner, reaction=kind, before=before, after=after, count=count)
    return _pairs(rows, up)


# --- files ------------------------------------------------------------------------------------------------------------------

_OWN_FILES = Statement(
    select(t.attachments).where(
        one_of(t.attachments.c.id, "ids"), t.attachments.c.owner_id == param("owner"), t.attachments.c.file.is_not(None)
    )
)  # fmt: skip


async def own_files(tx: Tx, owner: Viewer, ids: Sequence[int]) -> dict[int, AttachmentView]:
    """Uploads of somebody as he is shown them, by id."""
    if not ids:
        return {}
    rows = await tx.rows(_OWN_FILES, ids=list(ids), owner=owner.id)
    return {row["id"]: media.shown(row, lambda path: tx.address(owner, path)) for row in rows}


# --- lists --------------------------------------------------------------------------------------------------------------------

_OWNS_LIST = Statement(
    select(client_tables.lists.c.id).where(
        client_tables.lists.c.id == param("key"), client_tables.lists.c.actor_id == param("owner")
    )
)


async def owns_list(tx: Tx, owner: int, list_id: int) -> bool:
    return await tx.row(_OWNS_LIST, key=list_id, owner=owner) is not None


# --- shapes of posts, for pages that leave some out -----------------------------------------------------------------------

_parent = t.objects.alias()
_SHAPES = Statement(
    select(
        _O.id,
        _O.author_id,
        _O.reply_to,
        _O.reply_to_uri,
        _O.boost_of,
        _O.local,
        _parent.c.author_id.label("answered"),
    )
    .select_from(t.objects.outerjoin(_parent, _parent.c.id == _O.reply_to))
    .where(one_of(_O.id, "ids"))
)
_TAGGED = Statement(
    select(t.object_tags.c.object_id, t.object_tags.c.tag_id).where(
        one_of(t.object_tags.c.object_id, "ids"), one_of(t.object_tags.c.tag_id, "tags")
    )
)
_BOOSTS_BY = Statement(
    select(_O.boost_of).where(
        one_of(_O.boost_of, "ids"), _O.author_id == param("owner"), _O.state == word("published")
    )
)
_TAG_IDS = Statement(select(t.tags.c.name, t.tags.c.id).where(one_of(t.tags.c.name, "names", text=True)))


async def shapes(tx: Tx, ids: Sequence[int]) -> Sequence[Any]:
    """(id, author_id, reply_to, reply_to_uri, boost_of, local, answered) of posts."""
    return await tx.rows(_SHAPES, ids=list(ids))


async def tags_among(tx: Tx, ids: Sequence[int], tags: Sequence[int]) -> dict[int, set[int]]:
    """Which of these tags each post has."""
    found: dict[int, set[int]] = {i: set() for i in ids}
    for post, tag in await tx.rows(_TAGGED, ids=list(ids), tags=list(tags)):
        found[post].add(tag)
    return found


async def boosted_by_actor(tx: Tx, ids: Sequence[int], owner: int) -> frozenset[int]:
    """Which of these posts the actor boosts."""
    return frozenset(row[0] for row in await tx.rows(_BOOSTS_BY, ids=list(ids), owner=owner))


async def tag_ids(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """Ids of hashtags by name, in small letters; nobody used the others yet."""
    return {row[0]: row[1] for row in await tx.rows(_TAG_IDS, names=list(names))} if names else {}
