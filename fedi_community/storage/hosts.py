"""Statements about how this server stands to others, for those who run it."""

from __future__ import annotations

from sqlalchemy import select

from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, word

_BLOCKED = Statement(
    select(t.hosts.c.name, t.hosts.c.state).where(t.hosts.c.state != word("ok")).order_by(t.hosts.c.name)
)
_LISTED = Statement(select(t.hosts.c.name).where(t.hosts.c.listed == number(1)).order_by(t.hosts.c.name))


async def blocked(tx: Tx) -> list[tuple[str, str]]:
    """(host, suspended or limited), by name."""
    return [(row[0], row[1]) for row in await tx.rows(_BLOCKED)]


async def listed(tx: Tx) -> list[str]:
    """The hosts that may federate where only listed ones may, by name."""
    return [row[0] for row in await tx.rows(_LISTED)]
