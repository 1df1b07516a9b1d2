"""Conversations: what was written to single people, one row for each of them and thread. Written with the post itself.

A row says where its owner finds the last post; whether he may read it is asked when it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update

from fedi_community.domain.model import Post, State, label
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, one_of, param, upsert_row, word
from fedi_community.storage.wake import Wake

C = c.conversations.c
_HERE = Statement(
    select(t.actors.c.id).where(
        one_of(t.actors.c.id, "ids"), t.actors.c.host_id.is_(None), t.actors.c.state == word("active")
    )
)
_PUT = upsert_row(c.conversations, ["owner_id", "root_id"], ["owner_id", "root_id", "last_id", "unread"])
_MADE = Statement(select(C.id, C.owner_id).where(one_of(C.owner_id, "ids"), C.root_id == param("root")))


async def arrived(tx: Tx, post: Post, wake: Wake) -> None:
    """A direct post comes up in the conversation of each of its people here."""
    if post.boost_of is not None or label(post.audience, post.author_id) != "direct":
        return
    heard_by = () if post.state is State.UNHEARD else post.audience
    people = [row[0] for row in await tx.rows(_HERE, ids=[post.author_id, *heard_by])]
    root = post.root_id or post.id
    await tx.many(
        _PUT,
        [
            {"owner_id": i, "root_id": root, "last_id": post.id, "unread": int(i != post.author_id)}
            for i in people
        ],
    )
    if people:
        found = await tx.rows(_MADE, ids=people, root=root)
        wake.streams += [("conversation", row["owner_id"], row["id"]) for row in found]


_o, _a = t.objects.alias(), t.audience.alias()
_before = (
    select(func.max(_o.c.id))
    .select_from(_o.outerjoin(_a, (_a.c.object_id == _o.c.id) & (_a.c.principal_id == C.owner_id)))
    .where(
        _o.c.root_id == C.root_id,
        _o.c.state == word("published"),
        _o.c.id != param("key"),
        or_(_o.c.author_id == C.owner_id, _a.c.principal_id.is_not(None)),
    )
    .correlate(c.conversations)
    .scalar_subquery()
)
_BACK = Statement(
    update(c.conversations).where(C.last_id == param("key")).values(last_id=func.coalesce(_before, number(0)))
)
_EMPTY = Statement(delete(c.conversations).where(C.last_id == number(0)))


async def gone(tx: Tx, post_id: int) -> None:
    """The last post of conversations was taken back: the one before it is the last, and where there is none, nothing is left."""
    if await tx.run(_BACK, key=post_id):
        await tx.run(_EMPTY)


@dataclass(frozen=True, slots=True)
class Conversation:
    id: int
    last_id: int
    unread: bool


_PAGE = Statement(
    select(C.id, C.last_id, C.unread)
    .where(C.owner_id == param("owner"), C.last_id < param("before"), C.last_id > param("after"))
    .order_by(C.last_id.desc())
    .limit(param("count"))
)
_ONE = Statement(select(C.id, C.last_id, C.unread).where(C.owner_id == param("owner"), C.id == param("key")))
_READ = Statement(
    update(c.conversations)
    .where(C.owner_id == param("owner"), C.id == param("key"))
    .values(unread=param("now_unread"))
)
_DROP = Statement(delete(c.conversations).where(C.owner_id == param("owner"), C.id == param("key")))


async def page(tx: Tx, owner: int, before: int, after: int, count: int) -> list[Conversation]:
    rows = await tx.rows(_PAGE, owner=owner, before=before, after=after, count=count)
    return [Conversation(r["id"], r["last_id"], bool(r["unread"])) for r in rows]


async def one(tx: Tx, owner: int, key: int) -> Conversation | None:
    row = await tx.row(_ONE, owner=owner, key=key)
    return None if row is None else Conversation(row["id"], row["last_id"], bool(row["unread"]))


async def mark(tx: Tx, owner: int, key: int, unread: bool) -> None:
    await tx.run(_READ, owner=owner, key=key, now_unread=int(unread))


async def drop(tx: Tx, owner: int, key: int) -> None:
    await tx.run(_DROP, owner=owner, key=key)
