"""The inbox as a queue: accepted activities, leased in batches, finished in the transaction of their effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update

from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, number, param, word

LEASE_MS = 30_000  # after a crash another process takes over so soon; a row done twice changes nothing the second time
I = t.inbox.c  # noqa: E741

_ACCEPT = insert_row(t.inbox, "uri", "signer", "host", "body", "form", "run_at", "received", "sync")
_DUE = (
    select(I.id)
    .where(I.state == word("waiting"), I.run_at <= param("now"), I.lease_until <= param("now"))
    .order_by(I.run_at, I.id)
    .limit(param("count"))
    .with_for_update(skip_locked=True)
)
_LEASE = Statement(
    update(t.inbox)
    .where(I.id.in_(_DUE.scalar_subquery()))
    .values(lease_until=param("until"), attempts=I.attempts + number(1))
    .returning(I.id, I.uri, I.signer, I.host, I.body, I.attempts, I.received, I.sync)
)
_RETRY = Statement(
    update(t.inbox)
    .where(I.id == param("key"))
    .values(
        run_at=param("run_at"),
        lease_until=number(0),
        attempts=I.attempts - param("forgiven"),
        reason=bindparam("new_reason"),
        waits_for=bindparam("new_waits_for"),
    )
)
_DEAD = Statement(
    update(t.inbox).where(I.id == param("key")).values(state=word("dead"), reason=bindparam("new_reason"))
)
_RELEASE = Statement(update(t.inbox).where(I.lease_until > number(0)).values(lease_until=number(0)))
_ARRIVED = Statement(
    update(t.inbox)
    .where(I.waits_for == bindparam("uri"), I.state == word("waiting"))
    .values(run_at=number(0), lease_until=number(0))
)
_WAITING = Statement(select(func.count()).select_from(t.inbox).where(I.state == word("waiting")))
_NEXT = Statement(select(func.min(I.run_at)).where(I.state == word("waiting")))


@dataclass(frozen=True, slots=True)
class Accepted:
    """A verified activity that waits to be processed. signer: URI of the actor whose key signed it. sync: what came with it about
    his followers here (FEP-8fcf), as it came."""

    id: int
    uri: str
    signer: str
    host: str
    body: bytes
    attempts: int
    received: int
    sync: str | None = None


async def accept(
    tx: Tx, uri: str, signer: str, host: str, body: bytes, now_ms: int, sync: str | None = None
) -> None:
    """Store a verified activity; once this is committed the sender gets his 202."""
    await tx.run(
        _ACCEPT,
        uri=uri,
        signer=signer,
        host=host,
        body=body,
        form="http",
        run_at=now_ms,
        received=now_ms,
        sync=sync,
    )


async def lease(tx: Tx, now_ms: int, count: int) -> Sequence[Accepted]:
    """Take up to `count` due activities, oldest first; another worker does not get them while the lease lasts."""
    rows = await tx.rows(_LEASE, now=now_ms, until=now_ms + LEASE_MS, count=count)
    found = [
        Accepted(
            r["id"],
            r["uri"],
            r["signer"],
            r["host"],
            bytes(r["body"]),
            r["attempts"],
            r["received"],
            r["sync"],
        )
        for r in rows
    ]
    return sorted(found, key=lambda a: a.id)


async def retry(
    tx: Tx, row_id: int, run_at: int, reason: str, waits_for: str | None = None, *, forgiven: int = 0
) -> None:
    """Try again later; sooner when what it waits for arrives. forgiven: attempts that do not count."""
    await tx.run(
        _RETRY, key=row_id, run_at=run_at, new_reason=reason, new_waits_for=waits_for, forgiven=forgiven
    )


async def bury(tx: Tx, row_id: int, reason: str) -> None:
    """Give up: a dead letter that an operator can read."""
    await tx.run(_DEAD, key=row_id, new_reason=reason)


async def arrived(tx: Tx, uri: str) -> None:
    """A post arrived that others may wait for."""
    await tx.run(_ARRIVED, uri=uri)


async def release_all(tx: Tx) -> None:
    """At the start of the only process: leases of the one before are void."""
    await tx.run(_RELEASE)


async def waiting(tx: Tx) -> int:
    """How many activities wait."""
    return int(await tx.value(_WAITING))


async def next_due(tx: Tx) -> int | None:
    """When the next one is due, in milliseconds."""
    found: int | None = await tx.value(_NEXT)
    return found
