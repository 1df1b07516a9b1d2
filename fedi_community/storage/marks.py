"""Statements about how far somebody has read."""

from __future__ import annotations

from sqlalchemy import select

from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, param

_M = t.markers.c
_MARKERS = Statement(
    select(_M.timeline, _M.last_read, _M.version, _M.updated).where(_M.actor_id == param("owner"))
)


async def markers(tx: Tx, owner: int) -> dict[str, tuple[int, int, int]]:
    """timeline -> (last read, version, when, in milliseconds)."""
    return {row[0]: (row[1], row[2], row[3]) for row in await tx.rows(_MARKERS, owner=owner)}
