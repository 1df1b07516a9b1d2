"""Deliveries as a queue: hosts' lanes are leased, their next rows read and judged, verdicts written, all in one unit a turn.

What is leased is a host, not a delivery, so that order and limits are per host and one process minds a host at a time. The
columns of `hosts` that this room writes: `retry_at` is when the lane is to be looked at next (null: nothing waits),
`lease_until`/`lease_by` who minds it until when, or, with the words `hold` (the breaker is open) and `pause` (the host asked for
it), that nobody does before then. `failures` counts failures one after another, `failing_since` is the time of their first.

A row is gone once its delivery is done, `dead` when it was given up. Nothing here knows HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Integer, and_, bindparam, case, delete, exists, func, or_, select, update

from fedi_community.domain.model import STRANGER
from fedi_community.storage import tables as t
from fedi_community.storage.database import Database, Row, Tx
from fedi_community.storage.dialect import Inserts, Statement, number, one_of, param, word
from fedi_community.storage.fanout import had_been_public, readers
from fedi_community.storage.schema import Str
from fedi_community.storage.visible import visible_ids

LEASE_MS: Final = 30_000
HOLD: Final = "hold"
PAUSE: Final = "pause"
SCAN: Final = (32, 128, 512, 2048)
"""Rows of a lane that are looked through, page by page, for one that may go."""
BLOCKED_PAUSE_MS: Final = 5_000
"""When so much of a lane waits for retries that none was found in the pages."""
DEAD_KEPT_MS: Final = 30 * 24 * 3_600_000

_D, _H, _X = t.deliveries.c, t.hosts.c, t.activities.c
_is_waiting = _D.state == word("waiting")
_held = _H.lease_by == word(HOLD)
_is_minded = and_(_H.lease_by.is_not(None), _H.lease_by != word(HOLD), _H.lease_by != word(PAUSE))

# --- leases ------------------------------------------------------------------------------------------------------------

_DUE = Statement(
    select(
        _H.id, _H.name, _H.state, _H.listed, _H.signature_form, _H.signature_form_at, _H.failures,
        _H.failing_since, _H.lease_by,
    )
    .where(
        _H.retry_at <= param("now"),
        or_(_H.lease_until.is_(None), _H.lease_until <= param("now")),
        ~one_of(_H.id, "skip"),
    )
    .order_by(_H.retry_at, _H.id)
    .limit(param("count"))
    .with_for_update(skip_locked=True)
)  # fmt: skip
_TAKE = Statement(
    update(t.hosts)
    .where(one_of(_H.id, "ids"))
    .values(lease_until=param("until"), lease_by=bindparam("owner"))
)
_RENEW = Statement(
    update(t.hosts)
    .where(one_of(_H.id, "ids"), _H.lease_by == bindparam("owner"))
    .values(lease_until=param("until"))
)
_NEXT = Statement(
    select(
        func.min(
            case(
                (and_(_H.lease_until.is_not(None), _H.lease_until > _H.retry_at), _H.lease_until),
                else_=_H.retry_at,
            )
        )
    ).where(_H.retry_at.is_not(None))
)
_first = t.deliveries.alias()
_first_due = (
    select(func.min(_first.c.run_at))
    .where(_first.c.state == word("waiting"), _first.c.host_id == _H.id)
    .scalar_subquery()
)
_RELEASE = Statement(
    update(t.hosts)
    .where(_H.id == param("key"), _H.lease_by == bindparam("owner"))
    .values(
        lease_until=param("hold_until"),
        lease_by=bindparam("hold_by", type_=Str),
        retry_at=case(
            (_first_due.is_(None), None),
            (param("look_at") > number(0), param("look_at")),
            else_=_first_due,
        ),
        failures=bindparam("failed", type_=Integer()),
        failing_since=param("since"),
        success_at=func.coalesce(param("success"), _H.success_at),
        signature_form=bindparam("form", type_=Str),
        signature_form_at=param("form_at"),
    )
)
_LET_GO = Statement(
    update(t.hosts)
    .where(one_of(_H.id, "ids"), _H.lease_by == bindparam("owner"))
    .values(
        lease_until=None,
        lease_by=None,
        retry_at=case(
            (_first_due.is_(None), None), (_first_due < param("floor"), param("floor")), else_=_first_due
        ),
    )
)
_LOOK_AT = Statement(select(func.min(_H.retry_at)).where(one_of(_H.id, "ids"), _H.lease_until.is_(None)))
_RELEASE_ALL = Statement(update(t.hosts).where(_is_minded).values(lease_until=None, lease_by=None))
_any = t.deliveries.alias()
_FIND_LANES = Statement(
    update(t.hosts)
    .where(
        _H.retry_at.is_(None),
        exists(select(number(1)).where(_any.c.state == word("waiting"), _any.c.host_id == _H.id)),
    )
    .values(retry_at=number(0))
)
_MAY_BE_SENT = Statement(
    update(t.deliveries)
    .where(_is_waiting, one_of(_D.host_id, "ids"), _D.attempts == number(0))
    .values(attempts=number(1))
)
_minded = t.hosts.alias()
_MAY_BE_SENT_BY_THE_LAST = Statement(
    update(t.deliveries)
    .where(
        _is_waiting,
        _D.attempts == number(0),
        _D.host_id.in_(
            select(_minded.c.id)
            .where(
                _minded.c.lease_by.is_not(None),
                _minded.c.lease_by != word(HOLD),
                _minded.c.lease_by != word(PAUSE),
            )
            .scalar_subquery()
        ),
    )
    .values(attempts=number(1))
)

# --- rows --------------------------------------------------------------------------------------------------------------

_LANE = Statement(
    select(
        _D.id, _D.activity_id, _D.inbox, _D.target_id, _D.mode, _D.line, _D.attempts, _D.run_at, _D.created,
        _X.type, _X.actor_id, _X.object_id,
    )
    .join(t.activities, _X.id == _D.activity_id)
    .where(_is_waiting, _D.host_id == param("host_id"), _D.id > param("after"))
    .order_by(_D.id)
    .limit(param("count"))
)  # fmt: skip
_POSTPONE = Statement(
    update(t.deliveries)
    .where(
        _is_waiting,
        _D.host_id == param("host_id"),
        _D.line == param("line_id"),
        _D.activity_id != param("unless"),
        _D.run_at < param("until"),
    )
    .values(run_at=param("until"))
)
_DONE = Statement(delete(t.deliveries).where(one_of(_D.id, "ids")))
_AGAIN = Statement(
    update(t.deliveries)
    .where(_D.id == param("key"))
    .values(
        run_at=param("at"), attempts=bindparam("tried", type_=Integer()), reason=bindparam("why", type_=Str)
    )
)
_DEAD = Statement(
    update(t.deliveries)
    .where(_D.id == param("key"))
    .values(
        state=word("dead"),
        attempts=bindparam("tried", type_=Integer()),
        reason=bindparam("why", type_=Str),
    )
)
_DROP_INBOX = Statement(
    update(t.deliveries)
    .where(_is_waiting, _D.host_id == param("host_id"), _D.inbox == bindparam("url"))
    .values(state=word("dead"), reason=word("inbox_gone"))
)
_NO_INBOX = Statement(
    update(t.actors)
    .where(t.actors.c.host_id == param("host_id"), t.actors.c.inbox == bindparam("url"))
    .values(inbox=None)
)
_NO_SHARED_INBOX = Statement(
    update(t.actors)
    .where(t.actors.c.host_id == param("host_id"), t.actors.c.shared_inbox == bindparam("url"))
    .values(shared_inbox=None)
)
_DROP_HOST = Statement(
    update(t.deliveries)
    .where(_is_waiting, one_of(_D.host_id, "ids"))
    .values(state=word("dead"), reason=word("host_suspended"))
)
_about = t.activities.alias()
_DROP_UNREACHABLE = Statement(
    update(t.deliveries)
    .where(
        _is_waiting,
        one_of(_D.host_id, "ids"),
        _D.mode != word("retraction"),
        ~exists(
            select(number(1)).where(_about.c.id == _D.activity_id, one_of(_about.c.type, "kept", text=True))
        ),
    )
    .values(state=word("dead"), reason=word("host_unreachable"))
)
_PURGE = Statement(delete(t.deliveries).where(_D.state == word("dead"), _D.created < param("before")))
_WAITING = Statement(select(func.count()).select_from(t.deliveries).where(_is_waiting))


def _copy(insert: Inserts) -> Any:
    made = insert(t.ledger).values(
        {
            n: bindparam(n, type_=t.ledger.c[n].type)
            for n in ("object_id", "host_id", "inbox", "how", "created")
        }
    )
    return made.on_conflict_do_update(
        index_elements=["object_id", "host_id"],
        set_={"inbox": made.excluded["inbox"], "how": made.excluded["how"]},
        where=t.ledger.c.inbox.is_(None),
    )


_COPY = Statement(_copy)

_FAILING = Statement(select(_H.id).where(_H.name == bindparam("name"), _H.failures > number(0)))
_AT_ONCE = Statement(
    update(t.deliveries)
    .where(
        _is_waiting,
        _D.run_at > param("now"),
        _D.host_id.in_(select(_H.id).where(_H.id == param("key"), _held).scalar_subquery()),
    )
    .values(run_at=param("now"))
)
_ALIVE = Statement(
    update(t.hosts)
    .where(_H.id == param("key"))
    .values(
        failures=number(0),
        failing_since=None,
        lease_until=case((_held, None), else_=_H.lease_until),
        lease_by=case((_held, None), else_=_H.lease_by),
        retry_at=case((and_(_held, _H.retry_at > param("now")), param("now")), else_=_H.retry_at),
    )
)


# --- values ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Host:
    """A leased host. form: the signature form it took last, since form_at (milliseconds)."""

    id: int
    name: str
    form: str | None
    form_at: int | None
    failures: int
    failing_since: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row that may be sent now: the rule was asked in the unit that read it.

    line: thread or actor; what belongs to one line keeps its order. attempts: made so far. shared: everybody gets the same
    body, whatever the host. target_id: the one reader, where the inbox is personal and the content restricted.
    """

    id: int
    activity_id: int
    inbox: str
    target_id: int | None
    mode: str
    line: int
    attempts: int
    created: int
    type: str
    actor_id: int
    object_id: int | None
    shared: bool

    @property
    def carries_copy(self) -> bool:
        """Whoever gets it has a copy of the object afterwards."""
        return (
            self.mode == "content"
            and self.object_id is not None
            and self.type in ("Create", "Update", "Announce")
        )


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a lease. hold_until: nobody minds the host before, 0 for no hold. paused: because it asked for it, and not
    because it fails. success: time of its last answer. unreachable: drop what waits, but what takes something back."""

    host_id: int
    failures: int
    failing_since: int | None
    success: int | None
    form: str | None
    form_at: int | None
    hold_until: int = 0
    paused: bool = False
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Refill:
    """A leased lane that wants more rows; `flying` are those under way. any_time: a probe, which does not wait for a row's
    own time."""

    host_id: int
    flying: frozenset[int]
    count: int
    any_time: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What one unit is to do: write verdicts, end leases, renew others, read rows, lease hosts. Times in milliseconds."""

    now: int
    owner: str
    listed_only: bool = False
    done: tuple[int, ...] = ()
    copies: tuple[tuple[int, int, str], ...] = ()  # object, host, inbox
    again: tuple[tuple[int, int, int, str], ...] = ()  # row, run at, attempts, reason
    dead: tuple[tuple[int, int, str], ...] = ()  # row, attempts, reason
    gone: tuple[tuple[int, str], ...] = ()  # host, inbox
    releases: tuple[Release, ...] = ()
    renew: tuple[int, ...] = ()
    refills: tuple[Refill, ...] = ()
    lease: int = 0
    skip: tuple[int, ...] = ()
    rows: int = 8  # of each newly leased host
    breaker: int = 10
    kept_types: tuple[str, ...] = ()


@dataclass(slots=True)
class Turned:
    """What a turn brought. lanes: rows of each refilled and each new host, in order. unread: hosts with more rows that may
    go. refused: rows that the rule did not let out. next_due: when to look again; None: nothing waits; only known when
    fewer hosts were leased than asked for."""

    hosts: list[Host] = field(default_factory=list)
    lanes: dict[int, list[Delivery]] = field(default_factory=dict)
    unread: set[int] = field(default_factory=set)
    refused: int = 0
    searched: bool = False
    next_due: int | None = None
    released_due: int | None = None


# --- a turn ------------------------------------------------------------------------------------------------------------


async def take_turn(tx: Tx, turn: Turn) -> Turned:
    """Everything that waits to be written and read, in one unit."""
    await _write_verdicts(tx, turn)
    turned = Turned()
    await _end_leases(tx, turn, turned)
    if turn.renew:
        await tx.run(_RENEW, ids=turn.renew, owner=turn.owner, until=turn.now + LEASE_MS)
    found: dict[int, list[Row]] = {}
    for refill in turn.refills:
        found[refill.host_id] = await _next_rows(tx, turn, refill, turned)
    if turn.lease > 0:
        await _lease(tx, turn, turned, found)
    await _judge(tx, turn, turned, found)
    if turn.lease > 0 and len(turned.hosts) < turn.lease:
        turned.searched = True
        turned.next_due = await tx.value(_NEXT)
    return turned


async def _write_verdicts(tx: Tx, turn: Turn) -> None:
    if turn.copies:
        await tx.many(_COPY, [_copied(o, h, inbox, turn.now) for o, h, inbox in turn.copies])
    if turn.done:
        await tx.run(_DONE, ids=turn.done)
    await tx.many(
        _AGAIN, [{"key": k, "at": at, "tried": tried, "why": why} for k, at, tried, why in turn.again]
    )
    await tx.many(_DEAD, [{"key": k, "tried": tried, "why": why} for k, tried, why in turn.dead])
    for host_id, inbox in turn.gone:
        for statement in (_DROP_INBOX, _NO_SHARED_INBOX, _NO_INBOX):
            await tx.run(statement, host_id=host_id, url=inbox)


def _copied(object_id: int, host_id: int, inbox: str, now: int) -> dict[str, Any]:
    return {"object_id": object_id, "host_id": host_id, "inbox": inbox, "how": "delivered", "created": now}


async def _end_leases(tx: Tx, turn: Turn, turned: Turned) -> None:
    if not turn.releases:
        return
    lost = [r.host_id for r in turn.releases if r.unreachable]
    if lost:
        await tx.run(_DROP_UNREACHABLE, ids=lost, kept=list(turn.kept_types))
    await tx.many(
        _RELEASE,
        [
            {
                "key": r.host_id, "owner": turn.owner, "hold_until": r.hold_until or None,
                "hold_by": (PAUSE if r.paused else HOLD) if r.hold_until else None, "look_at": r.hold_until, "failed": r.failures,
                "since": r.failing_since, "success": r.success, "form": r.form, "form_at": r.form_at,
            }
            for r in turn.releases
        ],
    )  # fmt: skip
    turned.released_due = await tx.value(_LOOK_AT, ids=[r.host_id for r in turn.releases])


async def _lease(tx: Tx, turn: Turn, turned: Turned, found: dict[int, list[Row]]) -> None:
    due = await tx.rows(_DUE, now=turn.now, count=turn.lease, skip=list(turn.skip))
    if not due:
        return
    await tx.run(_TAKE, ids=[r["id"] for r in due], until=turn.now + LEASE_MS, owner=turn.owner)
    crashed = [r["id"] for r in due if r["lease_by"] not in (None, HOLD, PAUSE)]
    if crashed:  # whoever minded them is gone, and may have sent what he did not report
        await tx.run(_MAY_BE_SENT, ids=crashed)
    barred = [r["id"] for r in due if r["state"] == "suspended" or (turn.listed_only and not r["listed"])]
    if barred:
        await tx.run(_DROP_HOST, ids=barred)
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
        await tx.run(_LET_GO, ids=empty, owner=turn.owner, floor=turn.now + BLOCKED_PAUSE_MS)


async def _next_rows(tx: Tx, turn: Turn, refill: Refill, turned: Turned) -> list[Row]:
    """The next rows of a lane that may go, in order. One that waits for a retry holds back what follows in its line, except
    other inboxes of the same activity."""
    taken: list[Row] = []
    held: dict[int, tuple[int, int]] = {}  # line -> activity that waits, and until when
    late: dict[int, tuple[int, int]] = {}
    after = 0
    for count in SCAN:
        rows = await tx.rows(_LANE, host_id=refill.host_id, after=after, count=count)
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
        _POSTPONE,
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
                lane.append(_delivery(r, False))
            else:
                refused.append(r["id"])
                if r["attempts"] and _delivery(r, False).carries_copy:
                    copies.append(_copied(object_id, host_id, r["inbox"], turn.now))
    if refused:
        await tx.many(_COPY, copies)
        await tx.run(_DONE, ids=refused)
    turned.refused = len(refused)


def _delivery(r: Row, shared: bool) -> Delivery:
    return Delivery(
        r["id"], r["activity_id"], r["inbox"], r["target_id"], r["mode"], r["line"], r["attempts"], r["created"],
        r["type"], r["actor_id"], r["object_id"], shared,
    )  # fmt: skip


# --- the rest ----------------------------------------------------------------------------------------------------------


async def start_over(tx: Tx) -> None:
    """At the start of the only process: leases of the one before are void, and what it may have sent is marked so."""
    await tx.run(_MAY_BE_SENT_BY_THE_LAST)
    await tx.run(_RELEASE_ALL)
    await tx.run(_FIND_LANES)


async def purge(tx: Tx, now: int) -> int:
    """Forget deliveries that were given up long ago; how many."""
    return await tx.run(_PURGE, before=now - DEAD_KEPT_MS)


async def waiting(tx: Tx) -> int:
    """How many deliveries wait."""
    return int(await tx.value(_WAITING))


async def host_is_alive(db: Database, name: str, now: int) -> bool:
    """A verified request came from the host: close its breaker and let what waits go. True if there was anything to do.

    One look-up, and no write, for a host that did not fail lately."""
    key = await db.read(lambda tx: tx.value(_FAILING, name=name))
    if key is None:
        return False

    async def revive(tx: Tx) -> None:
        await tx.run(_AT_ONCE, key=key, now=now)
        await tx.run(_ALIVE, key=key, now=now)

    await db.write(revive)
    return True
