"""Statements about how this server stands to others, for those who run it; and whose media are not shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from fedi_community.domain.model import Grant
from fedi_community.domain.stands import Stand
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, number, one_of, param, word

NEWEST = 2**63 - 1
H, G = t.hosts.c, t.grants.c


@dataclass(frozen=True, slots=True)
class HostRow:
    """at: when it was last judged, in milliseconds."""

    id: int
    at: int
    listed: bool
    stand: Stand


def _select() -> Select[Any]:
    return select(
        H.id, H.name, H.state, H.judged_at, H.listed, H.reject_media, H.reject_reports, H.obfuscate, H.public_comment,
        H.private_comment,
    )  # fmt: skip


_blocked: ColumnElement[bool] = or_(
    H.state != word("ok"), H.reject_media == number(1), H.reject_reports == number(1)
)
_ALL = Statement(_select().where(_blocked).order_by(H.name))
_LISTED = Statement(select(H.name).where(H.listed == number(1)).order_by(H.name))
_KNOWN = Statement(_select().where(one_of(H.name, "names", text=True)))
_PAGE = {
    allowed: Statement(
        _select()
        .where(H.listed == number(1) if allowed else _blocked, H.id < param("before"), H.id > param("after"))
        .order_by(H.id.desc())
        .limit(param("count"))
    )
    for allowed in (False, True)
}
_ONE = Statement(_select().where(H.id == param("key")))
_NAMED = Statement(_select().where(H.name == bindparam("name")))
_WITHOUT_MEDIA = Statement(
    select(H.name).where(H.reject_media == number(1), one_of(H.name, "names", text=True))
)
_ENDING = Statement(
    select(func.count())
    .select_from(t.grants)
    .join(t.actors, t.actors.c.id == G.actor_id)
    .join(t.hosts, H.id == t.actors.c.host_id)
    .where(
        one_of(H.name, "names", text=True),
        or_(G.state == number(Grant.ASKED), G.state == number(Grant.ACCEPTED)),
    )
)


def _row(row: Row) -> HostRow:
    stand = Stand(
        row["name"], row["state"], bool(row["reject_media"]), bool(row["reject_reports"]), bool(row["obfuscate"]),
        row["public_comment"] or "", row["private_comment"] or "",
    )  # fmt: skip
    return HostRow(row["id"], row["judged_at"] or 0, bool(row["listed"]), stand)


async def blocked(tx: Tx) -> list[Stand]:
    """All to which we do not stand as usual, by name."""
    return [_row(row).stand for row in await tx.rows(_ALL)]


async def listed(tx: Tx) -> list[str]:
    """The hosts that may federate where only listed ones may, by name."""
    return [row[0] for row in await tx.rows(_LISTED)]


async def stands(tx: Tx, names: Iterable[str]) -> dict[str, Stand]:
    """Those of these hosts that are known."""
    return {row["name"]: _row(row).stand for row in await tx.rows(_KNOWN, names=list(names))}


async def page(tx: Tx, allowed: bool, before: int | None, after: int | None, limit: int) -> list[HostRow]:
    """Blocked hosts, or (allowed) listed ones, the newest first."""
    rows = await tx.rows(_PAGE[allowed], before=before or NEWEST, after=after or 0, count=limit)
    return [_row(row) for row in rows]


async def one(tx: Tx, key: int | str) -> HostRow | None:
    """A host by its id or name."""
    row = await (tx.row(_ONE, key=key) if isinstance(key, int) else tx.row(_NAMED, name=key))
    return None if row is None else _row(row)


async def ending(tx: Tx, names: Iterable[str]) -> int:
    """How many follows and memberships of their people end if these hosts are suspended."""
    wanted = list(names)
    return int(await tx.value(_ENDING, names=wanted)) if wanted else 0


async def without_media(tx: Tx, names: Iterable[str]) -> frozenset[str]:
    """Those of these hosts whose media are not shown. Hosts below one of them are meant too: their media are often there."""
    wanted = {name: set(_above(name)) for name in names}
    asked = set().union(*wanted.values()) if wanted else set()
    if not asked:
        return frozenset()
    found = {row[0] for row in await tx.rows(_WITHOUT_MEDIA, names=list(asked))}
    return frozenset(name for name, above in wanted.items() if above & found) if found else frozenset()


def _above(name: str) -> Iterable[str]:
    for one in {name, name.partition(":")[0]}:
        labels = one.split(".")
        yield from (".".join(labels[i:]) for i in range(max(len(labels) - 1, 1)))
