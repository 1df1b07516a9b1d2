"""What `doctor` asks the database about itself; nothing here shows who did what."""

from __future__ import annotations

from sqlalchemy import select

from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number

_NEWEST = Statement(select(t.audit.c.at).order_by(t.audit.c.id.desc()).limit(number(1)))


async def newest_moment(tx: Tx) -> int:
    """When the last thing was written down (ms UTC), or 0: a clock that is behind it goes wrong."""
    return await tx.value(_NEWEST) or 0
