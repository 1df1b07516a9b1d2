"""Deliveries as a queue: hosts' lanes are leased, their next rows read and judged, verdicts written, all in one unit a turn.

What is leased is a host, not a delivery, so that order and limits are per host and one process minds a host at a time. The
columns of `hosts` that this room writes: `retry_at` is when the lane is to be looked at next (null: nothing waits),
`lease_until`/`lease_by` who minds it until when, or, with the words `hold` (the breaker is open) and `pause` (the host asked for
it), that nobody does before then. `failures` counts failures one after another, `failing_since` is the time of their first.

A row is gone once its delivery is done, `dead` when it was given up. Nothing here knows HTTP.
"""

from __future__ import annotations

from typing import Any

from fedi_community.domain.model import STRANGER, followers_of
from fedi_community.storage import outgoing_sql as sql
from fedi_community.storage.database import Database, Row, Tx
from fedi_community.storage.fanout import had_been_public, readers
from fedi_community.storage.turns import (
    BLOCKED_PAUSE_MS,
    DEAD_KEPT_MS,
    HOLD,
    LEASE_MS,
    PAUSE,
    SCAN,
    Delivery,
    Host,
    Refill,
    Turn,
    Turned,
)
from fedi_community.storage.visible import visible_ids


async def take_turn(tx: Tx, turn: Turn) -> Turned:
    """Everything that waits to be written and read, in one unit."""
    await _write_verdicts(tx, turn)
    turned = Turned()
    await _end_leases(tx, turn, turned)
    if turn.renew:
        await tx.run(sql.RENEW, ids=turn.renew, owner=turn.owner, until=turn.now + LEASE_MS)
    found: dict[int, list[Row]] = {}
    for refill in turn.refills:
        found[refill.host_id] = await _next_rows(tx, turn, refill, turned)
    if turn.lease > 0:
        await _lease(tx, turn, turned, found)
    await _judge(tx, turn, turned, found)
    if turn.lease > 0 and len(turned.hosts) < turn.lease:
        turned.searched = True
        turned.next_due = await tx.value(sql.NEXT)
    return turned


async def _write_verdicts(tx: Tx, turn: Turn) -> None:
    if turn.copies:
        await tx.many(sql.COPY, [_copied(o, h, inbox, turn.now) for o, h, inbox in turn.copies])
    if turn.done:
        await tx.run(sql.DONE, ids=turn.done)
    await tx.many(
        sql.AGAIN, [{"key": k, "at": at, "tried": tried, "why": why} for k, at, tried, why in turn.again]
    )
    await tx.many(sql.DEAD, [{"key": k, "tried": tried, "why": why} for k, tried, why in turn.dead])
    for host_id, inbox in turn.gone:
        for statement in (sql.DROP_INBOX, sql.NO_SHARED_INBOX, sql.NO_INBOX):
            await tx.run(statement, host_id=host_id, url=inbox)


def _copied(object_id: int, host_id: int, inbox: str, now: int) -> dict[str, Any]:
    return {"object_id": object_id, "host_id": host_id, "inbox": inbox, "how": "delivered", "created": now}


async def _end_leases(tx: Tx, turn: Turn, turned: Turned) -> None:
    if not turn.releases:
        return
    lost = [r.host_id for r in turn.releases if r.unreachable]
    if lost:
        await tx.run(sql.DROP_UNREACHABLE, ids=lost, kept=list(turn.kept_types))
    await tx.many(
        sql.RELEASE,
        [
            {
                "key": r.host_id, "owner": turn.owner, "hold_until": r.hold_until or None,
                "hold_by": (PAUSE if r.paused else HOLD) if r.hold_until else None, "look_at": r.hold_until, "failed": r.failures,
                "since": r.failing_since, "success": r.success, "form": r.form, "form_at": r.form_at,
            }
            for r in turn.releases
        ],
    )  # fmt: skip
    turned.released_due = await tx.value(sql.LOOK_AT, ids=[r.host_id for r in turn.releases])


async def _lease(tx: Tx, turn: Turn, turned: Turned, found: dict[int, list[Row]]) -> None:
    due = await tx.rows(sql.DUE, now=turn.now, count=turn.lease, skip=list(turn.skip))
    if not due:
        return
    await tx.run(sql.TAKE, ids=[r["id"] for r in due], until=turn.now + LEASE_MS, owner=turn.owner)
    crashed = [r["id"] for r in due if r["lease_by"] not in (None, HOLD, PAUSE)]
    if crashed:  # whoever minded them is gone, and may have sent what he did not report
        await tx.run(sql.MAY_BE_SENT, ids=crashed)
    barred = [r["id"] for r in due if r["state"] == "suspended" or (turn.listed_only and not r["listed"])]
    if barred:
        await tx.run(sql.DROP_HOST, ids=barred)
    empty = list(barred)
    for r in due:
        if r["id"] in barred:
            continue
        probe = r["failures"] >= turn.breaker
        refill = Refill(r["id"], frozenset(), 1 if probe else turn.rows, probe)
        rows = await _next_rows(tx, turn, refill, turned)
        if not rows:
            empty.append(r["id"])
            continue
        found[r["id"]] = rows
        turned.hosts.append(
            Host(
                r["id"], r["name"], r["signature_form"], r["signature_form_at"], r["failures"],
                r["failing_since"],
            )
        )  # fmt: skip
    if empty:
        await tx.run(sql.LET_GO, ids=empty, owner=turn.owner, floor=turn.now + BLOCKED_PAUSE_MS)


async def _next_rows(tx: Tx, turn: Turn, refill: Refill, turned: Turned) -> list[Row]:
    """The next rows of a lane that may go, in order. One that waits for a retry holds back what follows in its line, except
    other inboxes of the same activity."""
    taken: list[Row] = []
    held: dict[int, tuple[int, int]] = {}  # line -> activity that waits, and until when
    late: dict[int, tuple[int, int]] = {}
    after = 0
    for count in SCAN:
        rows = await tx.rows(sql.LANE, host_id=refill.host_id, after=after, count=count)
        for row in rows:
            if row["id"] in refill.flying:
                continue
            line, holder = row["line"], held.get(row["line"])
            if holder is not None and holder[0] != row["activity_id"]:
                if row["run_at"] < holder[1]:
                    late[line] = holder
                continue
            if row["run_at"] > turn.now and not refill.any_time:
                held.setdefault(line, (row["activity_id"], row["run_at"]))
                continue
            if len(taken) == refill.count:
                turned.unread.add(refill.host_id)
                break
            taken.append(row)
        if taken or len(rows) < count:
            if len(rows) == count:
                turned.unread.add(refill.host_id)
            break
        after = rows[-1]["id"]
    await tx.many(
        sql.POSTPONE,
        [
            {"host_id": refill.host_id, "line_id": line, "unless": activity, "until": until}
            for line, (activity, until) in late.items()
        ],
    )
    return taken


async def _judge(tx: Tx, turn: Turn, turned: Turned, found: dict[int, list[Row]]) -> None:
    """Ask the rule for each row, and end those that it does not let out."""
    told = {r["object_id"] for rows in found.values() for r in rows if r["mode"] == "content"} - {None}
    public = await visible_ids(tx, STRANGER, told)
    back = {r["object_id"] for rows in found.values() for r in rows if r["mode"] == "retraction"} - {None}
    was_public = await had_been_public(tx, back) if back else frozenset()
    targets: dict[int, set[int]] = {}
    for rows in found.values():
        for r in rows:
            if r["mode"] == "content" and r["target_id"] is not None and r["object_id"] not in public:
                targets.setdefault(r["object_id"], set()).add(r["target_id"])
    admitted = {o: await readers(tx, o, people) for o, people in targets.items() if o is not None}
    followed = (
        {(r[0], r[1]) for r in await tx.rows(sql.TO_FOLLOWERS, ids=list(targets))} if targets else set()
    )
    refused: list[int] = []
    copies: list[dict[str, Any]] = []
    for host_id, rows in found.items():
        lane = turned.lanes[host_id] = []
        for r in rows:
            object_id = r["object_id"]
            if r["mode"] != "content" or object_id is None:
                lane.append(_delivery(r, object_id in was_public))
            elif object_id in public:
                lane.append(_delivery(r, True))
            elif r["target_id"] in admitted.get(object_id, ()):
                lane.append(_delivery(r, False, (object_id, followers_of(r["actor_id"])) in followed))
            else:
                refused.append(r["id"])
                if r["attempts"] and _delivery(r, False).carries_copy:
                    copies.append(_copied(object_id, host_id, r["inbox"], turn.now))
    if refused:
        await tx.many(sql.COPY, copies)
        await tx.run(sql.DONE, ids=refused)
    turned.refused = len(refused)


def _delivery(r: Row, shared: bool, to_followers: bool = False) -> Delivery:
    return Delivery(
        r["id"], r["activity_id"], r["inbox"], r["target_id"], r["mode"], r["line"], r["attempts"], r["created"],
        r["type"], r["actor_id"], r["object_id"], shared, to_followers,
    )  # fmt: skip


# --- the rest ----------------------------------------------------------------------------------------------------------


async def start_over(tx: Tx) -> None:
    """At the start of the only process: leases of the one before are void, and what it may have sent is marked so."""
    await tx.run(sql.MAY_BE_SENT_BY_THE_LAST)
    await tx.run(sql.RELEASE_ALL)
    await tx.run(sql.FIND_LANES)


async def purge(tx: Tx, now: int) -> int:
    """Forget deliveries that were given up long ago; how many."""
    return await tx.run(sql.PURGE, before=now - DEAD_KEPT_MS)


async def waiting(tx: Tx) -> int:
    """How many deliveries wait."""
    return int(await tx.value(sql.WAITING))


async def host_is_alive(db: Database, name: str, now: int) -> bool:
    """A verified request came from the host: close its breaker and let what waits go. True if there was anything to do.

    One look-up, and no write, for a host that did not fail lately."""
    key = await db.read(lambda tx: tx.value(sql.FAILING, name=name))
    if key is None:
        return False

    async def revive(tx: Tx) -> None:
        await tx.run(sql.AT_ONCE, key=key, now=now)
        await tx.run(sql.ALIVE, key=key, now=now)

    await db.write(revive)
    return True
