"""What somebody keeps for himself, as decisions need it: one statement for all of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column, select, union_all

from fedi_community.domain.facts import Kept
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param, word

_NAMELESS: ColumnElement[Any] = literal_column("''")


def _rows(
    kind: str, table: Any, key: Any, ref: Any = None, name: Any = None, owner: Any = None
) -> Select[Any]:
    return (
        select(
            word(kind).label("kind"),
            key.label("id"),
            (number(0) if ref is None else ref).label("ref"),
            (_NAMELESS if name is None else name).label("name"),
        )
        .select_from(table)
        .where((table.c.actor_id if owner is None else owner) == param("owner"))
    )


_ALL = Statement(
    union_all(
        _rows("list", c.lists, c.lists.c.id),
        _rows("filter", c.filters, c.filters.c.id),
        _rows(
            "keyword",
            c.filter_keywords.join(c.filters, c.filters.c.id == c.filter_keywords.c.filter_id),
            c.filter_keywords.c.id,
            c.filter_keywords.c.filter_id,
            owner=c.filters.c.actor_id,
        ),
        _rows(
            "status",
            c.filter_statuses.join(c.filters, c.filters.c.id == c.filter_statuses.c.filter_id),
            c.filter_statuses.c.id,
            c.filter_statuses.c.filter_id,
            owner=c.filters.c.actor_id,
        ),
        _rows(
            "featured",
            c.featured_tags.join(t.tags, t.tags.c.id == c.featured_tags.c.tag_id),
            c.featured_tags.c.id,
            name=t.tags.c.name,
            owner=c.featured_tags.c.actor_id,
        ),
        _rows(
            "tag",
            c.followed_tags.join(t.tags, t.tags.c.id == c.followed_tags.c.tag_id),
            c.followed_tags.c.id,
            name=t.tags.c.name,
            owner=c.followed_tags.c.actor_id,
        ),
        _rows("endorsed", c.endorsements, c.endorsements.c.target_id),
        _rows("host", c.domain_blocks, c.domain_blocks.c.id, name=c.domain_blocks.c.host),
        _rows("marker", t.markers, t.markers.c.last_read, t.markers.c.version, t.markers.c.timeline),
    )
)


async def load(tx: Tx, owner: int) -> Kept:
    """Everything of one actor."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    for kind, key, ref, name in await tx.rows(_ALL, owner=owner):
        found.setdefault(kind, []).append((key, ref, name))

    def ids(kind: str) -> frozenset[int]:
        return frozenset(key for key, _, _ in found.get(kind, ()))

    return Kept(
        lists=ids("list"),
        filters=ids("filter"),
        keywords={key: ref for key, ref, _ in found.get("keyword", ())},
        statuses={key: ref for key, ref, _ in found.get("status", ())},
        featured={name: key for key, _, name in found.get("featured", ())},
        followed_tags=frozenset(name for _, _, name in found.get("tag", ())),
        endorsed=ids("endorsed"),
        domain_blocks=frozenset(name for _, _, name in found.get("host", ())),
        markers={name: (key, ref) for key, ref, name in found.get("marker", ())},
    )
