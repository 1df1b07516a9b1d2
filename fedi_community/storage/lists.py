"""Lists as timelines: rows of each list, written when a post arrives, so that a page is one range of one index.

Every page asks the rule again, and what the owner wants to see (`timelines.list_page`). Nothing here decides who is on a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import and_, case, delete, exists, literal_column, or_, select

from fedi_community.domain.effects import StorePost
from fedi_community.domain.model import PUBLIC, SERVER, Grant, Kind, followers_of
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Inserts, Statement, number, one_of, param, word

FILLED: Final = 40
"""Posts of each new member that a list begins with."""
_L, _M = c.lists.c, c.list_members.c


def _into_lists(query: Any) -> Statement:
    def build(insert: Inserts) -> Any:
        return insert(c.list_entries).from_select(["list_id", "object_id"], query).on_conflict_do_nothing()

    return Statement(build)


_on_list, _held = c.list_members.alias(), t.grants.alias()
_ANSWERED_IS_ON_LIST = exists(
    select(number(1))
    .select_from(_on_list)
    .where(_on_list.c.list_id == _L.id, _on_list.c.actor_id == param("answered"))
    .correlate_except(_on_list)
)
_ANSWERED_IS_FOLLOWED = exists(
    select(number(1))
    .select_from(_held)
    .where(
        _held.c.actor_id == _L.actor_id,
        _held.c.collection_id == param("answered_followers"),
        _held.c.state == number(Grant.ACCEPTED),
    )
    .correlate_except(_held)
)
_MEMBERSHIPS = c.list_members.join(c.lists, _L.id == _M.list_id)
_ARRIVED = _into_lists(
    select(_M.list_id, param("object_id"))
    .select_from(_MEMBERSHIPS)
    .where(
        or_(_M.actor_id == param("author"), _M.actor_id == param("group_id")),
        or_(
            param("answered") == number(0),
            param("answered") == param("author"),
            param("answered") == _L.actor_id,
            and_(_L.replies_policy == word("list"), _ANSWERED_IS_ON_LIST),
            and_(_L.replies_policy == word("followed"), _ANSWERED_IS_FOLLOWED),
        ),
    )
)


async def arrived(tx: Tx, x: StorePost) -> None:
    """Write a new post into the lists that its author or its group is on. What is meant for single people comes into none."""
    post = x.post
    if not any(p in (PUBLIC, SERVER) or p & 3 for p in post.audience):
        return
    answered = (x.parent_author or -1) if post.reply_to is not None or x.reply_to_uri is not None else 0
    in_group = post.group_id if post.reply_to is None and post.kind is not Kind.BOOST else None
    await tx.run(
        _ARRIVED, object_id=post.id, author=post.author_id, group_id=in_group or -1, answered=answered,
        answered_followers=followers_of(answered) if answered > 0 else -1,
    )  # fmt: skip


_E = t.entries.c
_FILL = _into_lists(
    select(param("list_id"), _E.object_id)
    .select_from(t.entries)
    .where(
        _E.timeline == case((param("is_group") == number(1), literal_column("4")), else_=literal_column("9")),
        _E.ref == param("author"),
        or_(
            _E.principal_id == number(PUBLIC),
            _E.principal_id == number(SERVER),
            _E.principal_id == param("followers"),
        ),
    )
    .order_by(_E.object_id.desc())
    .limit(FILLED)
)
_OF_AUTHORS = select(t.objects.c.id).where(
    or_(one_of(t.objects.c.author_id, "ids"), one_of(t.objects.c.group_id, "ids"))
)
_TAKE_OUT = Statement(
    delete(c.list_entries).where(
        c.list_entries.c.list_id == param("list_id"),
        c.list_entries.c.object_id.in_(_OF_AUTHORS.scalar_subquery()),
    )
)
_FORGET = Statement(delete(c.list_entries).where(c.list_entries.c.list_id == param("list_id")))


async def fill(tx: Tx, list_id: int, actor_ids: Sequence[int]) -> None:
    """After somebody came onto a list: the last posts of each, and what was posted in it for a group."""
    rows = [
        {"list_id": list_id, "author": i, "followers": followers_of(i), "is_group": is_group}
        for i in actor_ids
        for is_group in (0, 1)
    ]
    await tx.many(_FILL, rows)


async def take_out(tx: Tx, list_id: int, actor_ids: Sequence[int]) -> None:
    """After somebody was taken off a list."""
    await tx.run(_TAKE_OUT, list_id=list_id, ids=list(actor_ids))


async def forget(tx: Tx, list_id: int) -> None:
    """The list goes."""
    await tx.run(_FORGET, list_id=list_id)
