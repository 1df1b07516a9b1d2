"""Search in text: what the posts are found by, and the page of those found that the viewer may see.

FTS5 on SQLite and `tsvector` on PostgreSQL; both hold the words of `domain/words`, and are asked newest first, since ranking
a common word among 100,000 texts costs 74 ms and more. The rule is asked here as everywhere: a page scans at most
`MAX_SCAN` posts that have the words, and whom it shows what is `visible_to`'s to say.

*Who may find* is narrower than who may see: one's own, what names one, what stands in a group, and else what is public by
authors who want to be searched (FEP-5feb). Strangers find titled posts and such authors alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, or_, select, text

from fedi_community.domain import words
from fedi_community.domain.model import PUBLIC, TITLED, Body, Viewer
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import (
    Statement,
    among,
    either,
    found_by,
    number,
    param,
    search_index,
    word,
)
from fedi_community.storage.visible import exists_in, sight_values, visible_to

MAX_SCAN: Final = 500
"""Posts with the words that one search looks at."""

_STORE = either(
    text("INSERT INTO search (rowid, words) VALUES (:object_id, :words)"),
    text(
        "INSERT INTO search (object_id, words) VALUES (:object_id, to_tsvector('simple', CAST(:words AS text)))"
    ),
)
_DROP = either(
    text("DELETE FROM search WHERE rowid = :object_id"), text("DELETE FROM search WHERE object_id = :object_id")
)  # fmt: skip

_KNOWN = Statement(
    select(search_index.id).select_from(search_index.table).where(search_index.id == param("object_id"))
)


async def index(tx: Tx, object_id: int, body: Body, *, again: bool) -> None:
    """Make a post's words findable; again: instead of those it had."""
    if again:
        await tx.run(_DROP, object_id=object_id)
    found = words.searched(body)
    if found:
        await tx.run(_STORE, object_id=object_id, words=found)


async def drop(tx: Tx, object_id: int) -> None:
    """Nothing of it is found any more."""
    await tx.run(_DROP, object_id=object_id)


async def known(tx: Tx, object_id: int) -> bool:
    """Whether the index holds words of a post."""
    return bool(await tx.rows(_KNOWN, object_id=object_id))


O = t.objects.c  # noqa: E741
_named, _open, _audience = t.mentions.alias(), t.actors.alias(), t.audience.alias()
_for_all = exists_in(
    _audience,
    _audience.c.object_id == O.id,
    _audience.c.principal_id == number(PUBLIC),
    _audience.c.place == word("to"),
)
_wants_it = exists_in(_open, _open.c.id == O.author_id, _open.c.indexable == number(1))
_MAY_FIND = or_(
    and_(param("viewer") != number(0), or_(
        O.author_id == param("viewer"),
        O.group_id.is_not(None),
        exists_in(_named, _named.c.object_id == O.id, _named.c.actor_id == param("viewer")),
    )),
    and_(_for_all, or_(_wants_it, among(O.kind, *TITLED))),
)  # fmt: skip
_having = (
    select(search_index.id.label("object_id"))
    .select_from(search_index.table)
    .where(
        found_by("question"),
        search_index.id < param("before"),
        search_index.id > param("after"),
    )
    .order_by(search_index.id.desc())
    .limit(number(MAX_SCAN))
    .subquery()
)
_FIND = Statement(
    select(O.id)
    .select_from(t.objects.join(_having, _having.c.object_id == O.id))
    .where(
        or_(param("author") == number(0), O.author_id == param("author"), O.group_id == param("author")),
        _MAY_FIND,
        visible_to(t.objects),
    )
    .order_by(O.id.desc())
    .limit(param("count"))
    .offset(param("skip"))
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for. author: an account, or a group; 0 for any. before, after: ids, exclusive."""

    question: str
    author: int = 0
    before: int = 2**63 - 1
    after: int = 0
    limit: int = 20
    offset: int = 0


async def posts(tx: Tx, viewer: Viewer, wanted: Asked) -> list[int]:
    """Ids of posts with all these words that the viewer may see and may find, newest first."""
    named = words.asked(wanted.question)
    if not named:
        return []
    values: dict[str, Any] = sight_values(viewer)
    rows = await tx.rows(
        _FIND, **values, question=named, author=wanted.author, before=wanted.before, after=wanted.after,
        count=wanted.limit, skip=wanted.offset,
    )  # fmt: skip
    return [row[0] for row in rows]
