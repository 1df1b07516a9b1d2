"""Statements about feeds: which are due, what they said last, and how the last poll went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update

from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, one_of, param

F = t.feeds.c
_COLUMNS = (F.id, F.url, F.group_id, F.author_id, F.origin, F.etag, F.modified, F.failures)
_DUE = Statement(select(*_COLUMNS).where(F.run_at <= param("now")).order_by(F.run_at).limit(param("count")))
_ALL = Statement(select(*_COLUMNS).order_by(F.id))
_NEXT = Statement(select(func.min(F.run_at)))
_POLLED = Statement(
    update(t.feeds)
    .where(F.id == param("key"))
    .values(
        etag=bindparam("new_etag"), modified=bindparam("new_modified"), polled_at=param("now"), run_at=param("next_at"),
        failures=param("new_failures"), reason=bindparam("new_reason"),
    )
)  # fmt: skip
_KNOWN = Statement(
    select(t.feed_items.c.guid, t.feed_items.c.object_id, t.feed_items.c.hash).where(
        t.feed_items.c.feed_id == param("feed_id"), one_of(t.feed_items.c.guid, "guids", text=True)
    )
)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed that comes into a group. origin: "ours" or "others"."""

    id: int
    url: str
    group_id: int
    author_id: int
    origin: str
    etag: str | None
    modified: str | None
    failures: int


def _row(row: Row) -> FeedRow:
    return FeedRow(**{name: row[name] for name in FeedRow.__slots__})


async def due(tx: Tx, now_ms: int, count: int = 20) -> list[FeedRow]:
    return [_row(row) for row in await tx.rows(_DUE, now=now_ms, count=count)]


async def everything(tx: Tx) -> list[FeedRow]:
    return [_row(row) for row in await tx.rows(_ALL)]


async def next_due(tx: Tx) -> int | None:
    """When the next feed is due, in milliseconds."""
    found: int | None = await tx.value(_NEXT)
    return found


async def polled(
    tx: Tx, feed: FeedRow, now_ms: int, next_ms: int, *, etag: str | None, modified: str | None, failures: int = 0,
    reason: str | None = None,
) -> None:  # fmt: skip
    """How a poll went, and when the next one is due."""
    await tx.run(
        _POLLED, key=feed.id, now=now_ms, next_at=next_ms, new_etag=etag, new_modified=modified, new_failures=failures,
        new_reason=reason,
    )  # fmt: skip


async def known_items(tx: Tx, feed_id: int, guids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """guid -> (object id, hash) of entries that came before."""
    rows = await tx.rows(_KNOWN, feed_id=feed_id, guids=list(guids))
    return {row[0]: (row[1], row[2]) for row in rows}
