"""Load what somebody wants to see: two statements, whatever there is. See `domain/wants.py`."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, literal_column, or_, select, union_all

from fedi_community.domain.filters import Filter, Keyword
from fedi_community.domain.model import Grant, Viewer, owner_of
from fedi_community.domain.wants import NOTHING, Wants
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, number, param, word

_EMPTY: ColumnElement[Any] = literal_column("''")
_M, _G, _F, _K = t.mutes.c, t.grants.c, c.filters.c, c.filter_keywords.c


def _part(kind: str, table: Any, key: Any, ref: Any, text: Any, *where: Any) -> Select[Any]:
    columns = (word(kind).label("kind"), key.label("id"), ref.label("ref"), text.label("name"))
    return select(*columns).select_from(table).where(*where)


_live = or_(_F.expires.is_(None), _F.expires > param("now"))
_TASTE = Statement(
    union_all(
        _part("mute", t.mutes, _M.target_id, _M.notifications, _EMPTY,
              _M.actor_id == param("owner"), or_(_M.expires.is_(None), _M.expires > param("now"))),
        _part("host", c.domain_blocks, c.domain_blocks.c.id, number(0), c.domain_blocks.c.host,
              c.domain_blocks.c.actor_id == param("owner")),
        _part("thread", c.thread_mutes, c.thread_mutes.c.root_id, number(0), _EMPTY,
              c.thread_mutes.c.actor_id == param("owner")),
        _part("apart", c.list_members.join(c.lists, c.lists.c.id == c.list_members.c.list_id),
              c.list_members.c.actor_id, number(0), _EMPTY,
              c.lists.c.actor_id == param("owner"), c.lists.c.exclusive == number(1)),
        _part("follow", t.grants, _G.collection_id, number(0), _G.settings,
              _G.actor_id == param("owner"), _G.state == number(Grant.ACCEPTED),
              _G.settings != literal_column("'{}'")),
        _part("named", c.filter_statuses.join(c.filters, _F.id == c.filter_statuses.c.filter_id),
              c.filter_statuses.c.id, c.filter_statuses.c.object_id,
              literal_column("CAST(filter_statuses.filter_id AS TEXT)"), _F.actor_id == param("owner"), _live),
    )
)  # fmt: skip
_FILTERS = Statement(
    select(_F.id, _F.title, _F.action, _F.contexts, _F.expires, _K.id.label("keyword_id"), _K.keyword, _K.whole_word)
    .select_from(c.filters.outerjoin(c.filter_keywords, _K.filter_id == _F.id))
    .where(and_(_F.actor_id == param("owner"), _live))
    .order_by(_F.id, _K.id)
)  # fmt: skip


async def load(tx: Tx, viewer: Viewer, now: int) -> Wants:
    """What the viewer wants; a stranger and a server want everything. now: milliseconds, for what has expired."""
    if not viewer.id or viewer.instance:
        return NOTHING
    rows: dict[str, list[tuple[int, int, str]]] = {}
    for kind, key, ref, name in await tx.rows(_TASTE, owner=viewer.id, now=now):
        rows.setdefault(kind, []).append((key, ref, name))
    named: dict[int, dict[int, int]] = {}
    for row_id, object_id, filter_id in rows.get("named", ()):
        named.setdefault(int(filter_id), {})[object_id] = row_id
    follows = {owner_of(key): orjson.loads(text) for key, _, text in rows.get("follow", ())}
    return Wants(
        viewer_id=viewer.id,
        muted=frozenset(key for key, _, _ in rows.get("mute", ())),
        quiet=frozenset(key for key, ref, _ in rows.get("mute", ()) if ref),
        hosts=frozenset(name for _, _, name in rows.get("host", ())),
        threads=frozenset(key for key, _, _ in rows.get("thread", ())),
        no_boosts=frozenset(i for i, s in follows.items() if s.get("reblogs") is False),
        languages={i: frozenset(s["languages"]) for i, s in follows.items() if s.get("languages")},
        apart=frozenset(key for key, _, _ in rows.get("apart", ())),
        filters=filters_of(await tx.rows(_FILTERS, owner=viewer.id, now=now), named),
    )


def filters_of(rows: Any, named: dict[int, dict[int, int]]) -> tuple[Filter, ...]:
    """Filters from their rows, one a keyword."""
    first: dict[int, Row] = {}
    keywords: dict[int, list[Keyword]] = {}
    for row in rows:
        first.setdefault(row["id"], row)
        if row["keyword_id"] is not None:
            found = keywords.setdefault(row["id"], [])
            found.append(Keyword(row["keyword_id"], row["keyword"], bool(row["whole_word"])))
    return tuple(
        Filter(
            key, row["title"], row["action"], tuple(row["contexts"].split()), row["expires"],
            tuple(keywords.get(key, ())), named.get(key, {}),
        )
        for key, row in first.items()
    )  # fmt: skip


async def filters(tx: Tx, owner: int) -> tuple[Filter, ...]:
    """All filters of somebody, expired ones too."""
    rows = await tx.rows(_TASTE, owner=owner, now=-1)
    named: dict[int, dict[int, int]] = {}
    for row in rows:
        if row["kind"] == "named":
            named.setdefault(int(row["name"]), {})[row["ref"]] = row["id"]
    return filters_of(await tx.rows(_FILTERS, owner=owner, now=-1), named)
