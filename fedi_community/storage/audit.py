"""The log that only grows: read it, and ask whether something stands in it already. It is written by the effect `Audit` alone, and
the database refuses to change or delete a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select

from fedi_community.domain.effects import Audit
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param

NEWEST = 2**63 - 1
L = t.audit.c
_THERE = Statement(
    select(L.id)
    .where(
        L.login_id == param("login_id"),
        L.at > param("since"),
        L.action == bindparam("action"),
        func.coalesce(L.object_id, number(0)) == param("object_id"),
        func.coalesce(L.target_id, number(0)) == param("target_id"),
        L.detail == bindparam("detail"),
    )
    .limit(number(1))
)
_ALL = Statement(
    select(t.audit)
    .where(L.id < param("before"), L.id > param("after"))
    .order_by(L.id.desc())
    .limit(param("count"))
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line. login_id: who did it; actor_id: as whom, where that mattered. detail: what else is known, never words of posts."""

    id: int
    at: int
    action: str
    login_id: int | None
    actor_id: int | None
    group_id: int | None
    object_id: int | None
    target_id: int | None
    detail: dict[str, Any]


async def there_is(tx: Tx, line: Audit, since: int) -> bool:
    """Whether the same log-in did the same to the same after `since` (milliseconds)."""
    found = await tx.row(
        _THERE, login_id=line.login_id, since=since, action=line.action, object_id=line.object_id or 0,
        target_id=line.target_id or 0, detail=orjson.dumps(line.detail).decode(),
    )  # fmt: skip
    return found is not None


async def everything(tx: Tx, before: int | None, after: int | None, limit: int) -> list[Line]:
    """The whole log, the newest first; for those who run the server."""
    rows = await tx.rows(_ALL, before=before or NEWEST, after=after or 0, count=limit)
    return [
        Line(
            row["id"], row["at"], row["action"], row["login_id"], row["actor_id"], row["group_id"], row["object_id"],
            row["target_id"], orjson.loads(row["detail"]),
        )
        for row in rows
    ]  # fmt: skip
