"""The daily work in a group: saved answers, titles, threads that are moved, joined and parted, what nobody answered yet.

A thread's place is `root_id`, `reply_to`, `group_id` and `gate_id`; who reads its posts is their audience and gate, which are never
made wider here. Titles and places that documents tell go into a new revision, by which what is kept of posts is known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, bindparam, delete, select, update

from fedi_community.domain import desk_effects as e
from fedi_community.domain.model import PUBLIC, Attachment, Body, Kind, Post, Text
from fedi_community.storage import entries, homes, search
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, number, one_of, param, word
from fedi_community.storage.visible import exists_in
from fedi_community.storage.wake import Wake

O, T, S = t.objects.c, t.texts.c, t.saved_answers.c  # noqa: E741

# --- saved answers --------------------------------------------------------------------------------------------------------

_SAVE = insert_row(t.saved_answers, "id", "group_id", "name", "texts", "made_by", "created")
_DROP = Statement(delete(t.saved_answers).where(S.id == param("key"), S.group_id == param("group_id")))
_SAVED = Statement(
    select(S.id, S.name, S.texts).where(S.group_id == param("group_id")).order_by(S.name, S.id)
)


@dataclass(frozen=True, slots=True)
class Saved:
    """texts: language -> what is written."""

    id: int
    name: str
    texts: dict[str, str]


async def saved(tx: Tx, group_id: int) -> list[Saved]:
    """A group's saved answers by name. Who asks, the caller checks."""
    rows = await tx.rows(_SAVED, group_id=group_id)
    return [Saved(row["id"], row["name"], orjson.loads(row["texts"])) for row in rows]


async def saved_ids(tx: Tx, group_id: int) -> frozenset[int]:
    return frozenset(row["id"] for row in await tx.rows(_SAVED, group_id=group_id))


async def _save(tx: Tx, x: e.SaveAnswer, wake: Wake) -> None:
    texts = orjson.dumps(dict(x.texts)).decode()
    await tx.run(
        _SAVE, id=x.id, group_id=x.group_id, name=x.name, texts=texts, made_by=x.made_by, created=x.at
    )


async def _drop(tx: Tx, x: e.DropAnswer, wake: Wake) -> None:
    await tx.run(_DROP, key=x.id, group_id=x.group_id)


# --- a new revision with the same words -----------------------------------------------------------------------------------

_NEWEST = Statement(
    select(t.texts)
    .join(t.objects, and_(O.id == T.object_id, O.revision == T.revision))
    .where(O.id == param("key"))
)
_REVISION = Statement(select(O.revision, O.warning).where(O.id == param("key")))
_NAMES = Statement(
    select(t.attachments.c.kind, t.attachments.c.name).where(t.attachments.c.object_id == param("key"))
)
_TAGS = Statement(
    select(t.tags.c.id, t.tags.c.name)
    .join(t.object_tags, t.object_tags.c.tag_id == t.tags.c.id)
    .where(t.object_tags.c.object_id == param("key"))
)
_SET_REVISION = Statement(
    update(t.objects)
    .where(O.id == param("key"))
    .values(revision=bindparam("revision", type_=O.revision.type), edited=param("edited"))
)
_COPY = insert_row(
    t.texts,
    *[
        "object_id",
        "revision",
        "language",
        "name",
        "summary",
        "content",
        "source",
        "source_type",
        "translator",
    ],
    *["warning", "created"],
)


async def _again(tx: Tx, object_id: int, at: int, title: str | None = None) -> None:
    """Its words once more as a new revision, under a new title where one is given."""
    kept = await tx.row(_REVISION, key=object_id)
    if kept is None:
        return
    rows = [
        {**{name: row[name] for name in row.keys()}, "revision": kept["revision"] + 1, "created": at}  # noqa: SIM118
        for row in await tx.rows(_NEWEST, key=object_id)
    ]
    if title is not None:
        rows = [{**row, "name": title} for row in rows]
    await tx.many(_COPY, rows)
    await tx.run(_SET_REVISION, key=object_id, revision=kept["revision"] + 1, edited=at)
    if title is not None:
        texts = tuple(Text(r["language"], r["content"], r["name"], r["summary"]) for r in rows)
        named = tuple(
            Attachment("unknown", "", name=row["name"]) for row in await tx.rows(_NAMES, key=object_id)
        )
        tags = tuple(row["name"] for row in await tx.rows(_TAGS, key=object_id))
        body = Body(texts, warning=kept["warning"], attachments=named, hashtags=tags)
        await search.index(tx, object_id, body, again=True)


async def _retitle(tx: Tx, x: e.Retitle, wake: Wake) -> None:
    await _again(tx, x.post.id, x.at, x.title)
    wake.streams.append(("edited", x.post.id, None))


# --- threads --------------------------------------------------------------------------------------------------------------

_public = t.audience.alias()
_MOVE = Statement(
    update(t.objects)
    .where(
        O.root_id == param("root"),
        exists_in(_public, _public.c.object_id == O.id, _public.c.principal_id == number(PUBLIC)),
    )
    .values(group_id=param("new_group"))
)
"""An answer that not everybody may read stays with those who looked after it: others would read it as moderators."""
_LIMIT = Statement(update(t.objects).where(O.root_id == param("root")).values(gate_id=param("new_gate")))
_UNLIST = Statement(delete(t.entries).where(t.entries.c.object_id == param("key")))
_NOT_VIA = Statement(
    delete(t.home).where(t.home.c.object_id == param("key"), t.home.c.via == param("old_group"))
)
_SHAPE = Statement(select(O.id, O.reply_to, O.depth).where(O.root_id == param("root")))
_HANG = Statement(
    update(t.objects)
    .where(O.id == param("key"))
    .values(reply_to=param("parent"), reply_to_uri=bindparam("parent_uri"))
)
_TOP = Statement(update(t.objects).where(O.id == param("key")).values(reply_to=None, reply_to_uri=None))
_REROOT = Statement(
    update(t.objects)
    .where(one_of(O.id, "ids"))
    .values(root_id=param("new_root"), depth=O.depth + param("step"))
)
_COUNT = Statement(
    update(t.objects).where(O.id == param("key")).values(replies_count=O.replies_count + param("step"))
)


async def _relist(tx: Tx, post: Post, answered_author: int | None = None) -> None:
    """The timelines that a post stands in, anew."""
    tags = [row["id"] for row in await tx.rows(_TAGS, key=post.id)]
    shown = any(row["kind"] != "link" for row in await tx.rows(_NAMES, key=post.id))
    await tx.run(_UNLIST, key=post.id)
    await entries.enter(tx, post, tags, media=shown, own_thread=answered_author == post.author_id)


async def _move_thread(tx: Tx, x: e.MoveThread, wake: Wake) -> None:
    await tx.run(_MOVE, root=x.root.id, new_group=x.group_id)
    if x.gate_id is not None:
        await tx.run(_LIMIT, root=x.root.id, new_gate=x.gate_id)
    moved = replace(x.root, group_id=x.group_id)
    await _relist(tx, moved)
    await tx.run(_NOT_VIA, key=x.root.id, old_group=x.root.group_id)
    await homes.into_group_homes(tx, moved)
    await _again(tx, x.root.id, x.at)
    wake.streams.append(("edited", x.root.id, None))


async def branch(tx: Tx, post: Post | None) -> frozenset[int]:
    """A post and all that answers it, however deep."""
    if post is None:
        return frozenset()
    children: dict[int, list[int]] = {}
    for row in await tx.rows(_SHAPE, root=post.root_id or post.id):
        if row["reply_to"] is not None:
            children.setdefault(row["reply_to"], []).append(row["id"])
    found, waiting = [], [post.id]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], ())
    return frozenset(found)


_WITH_PUBLIC = Statement(
    select(O.id).where(
        one_of(O.id, "ids"),
        O.state == word("published"),
        exists_in(_public, _public.c.object_id == O.id, _public.c.principal_id == number(PUBLIC)),
    )
)


async def public_among(tx: Tx, ids: frozenset[int]) -> frozenset[int]:
    """Which of these posts are published for everybody, gates aside."""
    return frozenset(row[0] for row in await tx.rows(_WITH_PUBLIC, ids=list(ids))) if ids else frozenset()


async def _join(tx: Tx, x: e.JoinThread, wake: Wake) -> None:
    parent, root = x.parent, x.parent.root_id or x.parent.id
    ids = list(await branch(tx, x.post))
    if x.was_counted and x.post.reply_to is not None:
        await tx.run(_COUNT, key=x.post.reply_to, step=-1)
    await tx.run(_REROOT, ids=ids, new_root=root, step=parent.depth + 1 - x.post.depth)
    await tx.run(_HANG, key=x.post.id, parent=parent.id, parent_uri=parent.uri)
    if x.counted:
        await tx.run(_COUNT, key=parent.id, step=1)
    await _relist(tx, replace(x.post, reply_to=parent.id, root_id=root), parent.author_id)
    await _again(tx, x.post.id, x.at)
    wake.streams.append(("edited", x.post.id, None))


async def _split(tx: Tx, x: e.SplitThread, wake: Wake) -> None:
    ids = list(await branch(tx, x.post))
    if x.was_counted and x.post.reply_to is not None:
        await tx.run(_COUNT, key=x.post.reply_to, step=-1)
    await tx.run(_REROOT, ids=ids, new_root=x.post.id, step=-x.post.depth)
    await tx.run(_TOP, key=x.post.id)
    await _relist(tx, replace(x.post, reply_to=None, root_id=x.post.id))
    await _again(tx, x.post.id, x.at)
    wake.streams.append(("edited", x.post.id, None))


# --- what nobody answered ---------------------------------------------------------------------------------------------------


def _unanswered() -> Statement:
    answer = t.objects.alias()
    answered = exists_in(
        answer,
        answer.c.root_id == O.id,
        answer.c.author_id != O.author_id,
        answer.c.state == word("published"),
    )
    inside: ColumnElement[bool] = and_(
        O.group_id == param("group_id"), O.reply_to.is_(None), O.boost_of.is_(None), O.group_id.is_not(None)
    )
    return Statement(
        select(O.id)
        .where(
            inside,
            O.id > param("since_id"),
            O.id > param("after"),
            O.id < param("until_id"),
            O.state == word("published"),
            O.kind != word(Kind.ARTICLE),
            O.locked == number(0),
            O.author_id != param("group_id"),
            ~answered,
        )
        .order_by(O.id)
        .limit(param("count"))
    )


_UNANSWERED = _unanswered()


async def unanswered(
    tx: Tx, group_id: int, since_id: int, until_id: int, after: int, limit: int
) -> list[int]:
    """Threads of a group between two ids (times) that nobody but their author answered, the longest waiting first."""
    rows = await tx.rows(
        _UNANSWERED, group_id=group_id, since_id=since_id, until_id=until_id, after=after, count=limit
    )
    return [row[0] for row in rows]


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.SaveAnswer: _save,
    e.DropAnswer: _drop,
    e.Retitle: _retitle,
    e.MoveThread: _move_thread,
    e.JoinThread: _join,
    e.SplitThread: _split,
}
