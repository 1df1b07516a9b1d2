"""Jobs as a queue: work that outlives a request, written in the transaction that wants it, leased, done, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import bindparam, delete, func, select, update

from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, one_of, param, word

LEASE_MS: Final = 120_000  # longer than any job may take; after a crash another process takes over so soon
J = t.jobs.c

_DUE = (
    select(J.id)
    .where(
        J.state == word("waiting"),
        J.run_at <= param("now"),
        J.lease_until <= param("now"),
        one_of(J.kind, "kinds", text=True),
    )
    .order_by(J.run_at, J.id)
    .limit(param("count"))
    .with_for_update(skip_locked=True)
)
_LEASE = Statement(
    update(t.jobs)
    .where(J.id.in_(_DUE.scalar_subquery()))
    .values(lease_until=param("until"), attempts=J.attempts + number(1))
    .returning(J.id, J.kind, J.key, J.payload, J.attempts)
)
_DONE = Statement(delete(t.jobs).where(J.id == param("key")))
_AGAIN = Statement(
    update(t.jobs)
    .where(J.id == param("key"))
    .values(run_at=param("at"), lease_until=number(0), reason=bindparam("new_reason"))
)
_DEAD = Statement(
    update(t.jobs).where(J.id == param("key")).values(state=word("dead"), reason=bindparam("new_reason"))
)
_NEXT = Statement(
    select(func.min(J.run_at)).where(J.state == word("waiting"), one_of(J.kind, "kinds", text=True))
)
_RELEASE = Statement(update(t.jobs).where(J.lease_until > number(0)).values(lease_until=number(0)))


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. attempts: with this one."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    attempts: int


async def lease(tx: Tx, kinds: Sequence[str], now: int, count: int) -> list[Job]:
    """Up to `count` due jobs of these kinds, oldest first; nobody else gets them while the lease lasts."""
    rows = await tx.rows(_LEASE, kinds=list(kinds), now=now, until=now + LEASE_MS, count=count)
    found = [Job(r["id"], r["kind"], r["key"], orjson.loads(r["payload"]), r["attempts"]) for r in rows]
    return sorted(found, key=lambda job: job.id)


async def done(tx: Tx, job_id: int) -> None:
    await tx.run(_DONE, key=job_id)


async def again(tx: Tx, job_id: int, at: int, reason: str) -> None:
    """Try once more at `at`."""
    await tx.run(_AGAIN, key=job_id, at=at, new_reason=reason)


async def bury(tx: Tx, job_id: int, reason: str) -> None:
    """Give up: a dead letter that an operator can read."""
    await tx.run(_DEAD, key=job_id, new_reason=reason)


async def next_due(tx: Tx, kinds: Sequence[str]) -> int | None:
    """When the next one is due, in milliseconds."""
    found: int | None = await tx.value(_NEXT, kinds=list(kinds))
    return found


async def release_all(tx: Tx) -> None:
    """At the start of the only process: leases of the one before are void."""
    await tx.run(_RELEASE)
