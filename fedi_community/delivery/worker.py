"""The delivery worker: expands activities, leases hosts, sends what the rule lets out, and writes down what came of it.

One loop takes turns: a unit of work writes the verdicts that came in, ends and renews leases, and reads the next rows, for many
hosts at once; meanwhile requests run as tasks. A row is completed only after its answer, so that a crash at any moment repeats
at worst: receivers know an activity by its id. Nothing is polled: the loop sleeps until an answer, a wake or the next due row.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import structlog

from fedi_community.config import Settings
from fedi_community.delivery.attempt import Attempted, Keys, Sender
from fedi_community.delivery.bodies import Bodies, BodyCache
from fedi_community.delivery.lanes import FRESH_SECONDS, SLOW_SECONDS, Lane, Slots, Ticket
from fedi_community.delivery.schedule import (
    BREAKER,
    KEPT_TYPES,
    MINUTE,
    UNREACHABLE_MS,
    Verdict,
    form_of,
    is_kept,
    next_attempt,
    probe_pause,
)
from fedi_community.delivery.signing import Signer
from fedi_community.network import Network
from fedi_community.perform import House
from fedi_community.storage import fanout, outgoing
from fedi_community.storage.database import Tx
from fedi_community.storage.outgoing import LEASE_MS, Delivery, Host, Refill, Release, Turn, Turned
from fedi_community.storage.wake import Wake

log = structlog.get_logger("delivery")

MAX_LANES: Final = 2000
"""Hosts that one process minds at a time."""
MAX_SLOW_LANES: Final = 256
"""Slow hosts that wait for a place; with more of them, only others are leased."""
ROWS: Final = 8
"""Rows of a lane that are read at a time."""
BUSY_PAUSE_MS: Final = 5_000
"""When all our connections are in use."""
OTHERS_SECONDS: Final = 5.0
"""Where several processes share a database, how often to look for work that another one made."""
LONGEST_REST_SECONDS: Final = 600.0
CROWDED_PAUSE_MS: Final = 250
DATABASE_PAUSE_SECONDS: Final = 2.0
"""After a write that failed (a full disk, a database that restarts)."""
PURGE_EVERY_MS: Final = 6 * 60 * MINUTE


@dataclass(slots=True)
class Counters:
    """What happened since the start, and what is going on (`lanes`, `in_flight`, `outstanding`)."""

    expanded: int = 0
    delivered: int = 0
    refused: int = 0
    empty: int = 0
    retried: int = 0
    dead: int = 0
    gone: int = 0
    double_knocks: int = 0
    unauthorised: int = 0
    held: int = 0
    unreachable: int = 0
    signed: int = 0
    turns: int = 0
    parked: int = 0
    lanes: int = 0
    in_flight: int = 0
    outstanding: int = 0


@dataclass(slots=True)
class _Verdicts:
    """What the next turn writes."""

    done: list[int] = field(default_factory=list)
    copies: list[tuple[int, int, str]] = field(default_factory=list)
    again: list[tuple[int, int, int, str]] = field(default_factory=list)
    dead: list[tuple[int, int, str]] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)
    releases: dict[int, Release] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.done or self.again or self.dead or self.gone or self.releases)


class DeliveryWorker:
    """Sends what the house has to say. One per process; several processes share the tables by leases."""

    def __init__(
        self, house: House, settings: Settings, network: Network, bodies: Bodies, keys: Keys
    ) -> None:
        self._house = house
        self._settings = settings
        self._owner = secrets.token_hex(8)
        self._signer = Signer()
        self._sender = Sender(
            network, BodyCache(bodies), keys, self._signer, house.clock, float(settings.delivery_timeout)
        )
        self._slots = Slots(settings.delivery_concurrency, self._launch, now=lambda: self._loop.time())
        self._event = asyncio.Event()
        self._ended = asyncio.Event()
        self._lanes: dict[int, Lane] = {}
        self._refill: dict[int, Lane] = {}
        self._verdicts = _Verdicts()
        self._tasks: set[asyncio.Task[None]] = set()
        self._look_at: int | None = 0  # when leasing may find something; None: nothing waits
        self._fanout = True
        self._skipped = False  # slow hosts were passed over
        self._purged_at = 0
        self._stopping = self._running = self._started = False
        self._random = random.Random()  # noqa: S311
        self._counters = Counters()
        self._loop: asyncio.AbstractEventLoop
        house.listeners.append(self._woken)

    @property
    def counters(self) -> Counters:
        """For /metrics."""
        c = self._counters
        c.lanes, c.in_flight, c.outstanding = len(self._lanes), self._slots.in_flight, self._slots.outstanding
        c.signed = self._signer.signed
        return c

    # --- the loop --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until `stop`."""
        await self._begin()
        self._running = True
        self._ended.clear()
        try:
            while True:
                self._event.clear()
                if await self._step():
                    continue
                if self._stopping and not self._lanes and not self._verdicts:
                    return
                await self._rest()
        finally:
            await self._end()

    async def run_until_idle(self) -> None:
        """Do what is due by the house's clock (tests, and commands that end)."""
        await self._begin()
        self._fanout, self._look_at = True, 0
        while True:
            self._event.clear()
            if await self._step():
                continue
            if not self._lanes and not self._verdicts:
                return
            await self._event.wait()

    async def stop(self) -> None:
        """Start nothing new, wait for what is under way, give the leases back."""
        self._stopping = True
        for lane in list(self._lanes.values()):
            lane.ending = True
            self._settle(lane)
        self._event.set()
        if self._running:
            await self._ended.wait()
        self._signer.close()

    async def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not self._started and self._house.db.engine == "sqlite":
            await self._house.db.write(outgoing.start_over)
        self._started = True

    async def _end(self) -> None:
        """Also when the loop is cancelled or fails: then leases are void at the next start, or when they expire."""
        self._running = self._started = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()
        self._refill.clear()
        self._slots.clear()
        self._look_at, self._fanout = 0, True
        self._ended.set()

    async def _step(self) -> bool:
        """Expand, take a turn, start what may start. False if there was nothing to do."""
        worked = await self._expand()
        turn = self._next_turn()
        if turn is not None:
            try:
                self._take_in(turn, await self._house.db.write(partial(_turn, turn)))
            except Exception as error:
                self._put_back(turn)
                await self._failed(error)
            worked = True
        self._slots.fill()
        return worked

    async def _rest(self) -> None:
        """Until something happens, or the next row is due."""
        await self._purge()
        pause = LONGEST_REST_SECONDS
        if not self._stopping and self._look_at is not None and self._has_room:
            pause = max((self._look_at - self._house.clock()) / 1000, 0.001)
        if self._house.db.engine != "sqlite" and not self._stopping and pause > OTHERS_SECONDS:
            pause = OTHERS_SECONDS
        try:
            async with asyncio.timeout(min(pause, LONGEST_REST_SECONDS)):
                await self._event.wait()
        except TimeoutError:
            if self._house.db.engine != "sqlite":
                self._look()

    async def _purge(self) -> None:
        now = self._house.clock()
        if now - self._purged_at >= PURGE_EVERY_MS and not self._stopping:
            self._purged_at = now
            try:
                await self._house.db.write(lambda tx: outgoing.purge(tx, now))
            except Exception as error:
                await self._failed(error)

    def _woken(self, wake: Wake) -> None:
        if wake.deliveries:
            self._look()

    def _look(self) -> None:
        self._fanout, self._look_at = True, 0
        self._event.set()

    async def _expand(self) -> bool:
        if not self._fanout or self._stopping or len(self._slots.fast) >= self._ahead:
            return False
        now = self._house.clock()
        terms = fanout.Terms(now, self._listed_only, BREAKER, now - UNREACHABLE_MS, KEPT_TYPES)
        self._fanout = False
        try:
            expanded = await self._house.db.write(lambda tx: fanout.expand(tx, terms))
        except Exception as error:
            self._fanout = True
            await self._failed(error)
            return True
        self._fanout = self._fanout or expanded.more
        self._counters.expanded += expanded.deliveries
        if expanded.activities:
            self._look_at = 0
        return expanded.activities > 0

    @property
    def _ahead(self) -> int:
        """Lanes that are read ahead, so that no slot waits for a turn."""
        return 2 * self._settings.delivery_concurrency

    @property
    def _room(self) -> int:
        return min(self._ahead - len(self._slots.fast), MAX_LANES - len(self._lanes))

    @property
    def _has_room(self) -> bool:
        """For enough lanes to be worth a turn."""
        return self._room >= self._ahead // 2

    @property
    def _listed_only(self) -> bool:
        return self._settings.federation == "listed"

    # --- turns -----------------------------------------------------------------------------------------------------------

    def _next_turn(self) -> Turn | None:
        now = self._house.clock()
        due = self._look_at is not None and self._look_at <= now
        lease = self._room if due and not self._stopping and self._has_room else 0
        renew = tuple(i for i, lane in self._lanes.items() if now - lane.leased_at > LEASE_MS // 2)
        refills = tuple(self._refilled(lane) for lane in self._refill.values())
        if not (self._verdicts or lease or renew or refills):
            return None
        crowded = lease > 0 and len(self._slots.slow) >= MAX_SLOW_LANES
        self._skipped = self._skipped or crowded
        v, self._verdicts = self._verdicts, _Verdicts()
        for lane in self._refill.values():
            lane.reading = True  # not again before these rows are here
        self._refill = {}
        for host_id in renew:
            self._lanes[host_id].leased_at = now
        if lease:
            self._look_at = None
        return Turn(
            now, self._owner, self._listed_only, tuple(v.done), tuple(v.copies), tuple(v.again), tuple(v.dead),
            tuple(v.gone), tuple(v.releases.values()), renew, refills, lease,
            tuple(self._slots.slow_hosts()) if crowded else (), ROWS, BREAKER, tuple(KEPT_TYPES),
        )  # fmt: skip

    def _refilled(self, lane: Lane) -> Refill:
        return Refill(lane.host.id, frozenset(lane.flying), 1 if lane.probe else ROWS)

    def _take_in(self, turn: Turn, turned: Turned) -> None:
        self._counters.turns += 1
        self._counters.refused += turned.refused
        for host in turned.hosts:
            self._lanes[host.id] = self._lane(host, turn.now)
        if turned.searched:
            next_due = turned.next_due
            if next_due is not None and turn.skip:
                next_due = max(next_due, turn.now + CROWDED_PAUSE_MS)
            self._sooner(next_due)
        elif turn.lease:
            self._sooner(0)
        self._sooner(turned.released_due)
        if self._skipped and turn.releases and len(self._slots.slow) < MAX_SLOW_LANES:
            self._skipped = False
            self._sooner(0)
        for host_id, rows in turned.lanes.items():
            lane = self._lanes.get(host_id)
            if lane is None:
                continue
            lane.rows.extend(rows)
            lane.reading, lane.unread = False, host_id in turned.unread
            lane.read_at = self._loop.time()
            self._settle(lane)

    async def _failed(self, error: Exception) -> None:
        """The database cannot be written just now: what is known stays in memory, and is written when it can be."""
        if not self._running:
            raise error
        log.error("delivery_not_written", kind=type(error).__name__)
        await asyncio.sleep(DATABASE_PAUSE_SECONDS)

    def _put_back(self, turn: Turn) -> None:
        v = self._verdicts
        v.done[:0], v.copies[:0], v.again[:0] = turn.done, turn.copies, turn.again
        v.dead[:0], v.gone[:0] = turn.dead, turn.gone
        v.releases = {r.host_id: r for r in turn.releases} | v.releases
        for host_id in (r.host_id for r in turn.refills):
            self._lanes[host_id].reading = False
            self._refill[host_id] = self._lanes[host_id]
        for host_id in turn.renew:
            if host_id in self._lanes:
                self._lanes[host_id].leased_at = 0
        if turn.lease:
            self._sooner(0)

    def _sooner(self, at: int | None) -> None:
        if at is not None and (self._look_at is None or at < self._look_at):
            self._look_at = at

    def _lane(self, host: Host, now: int) -> Lane:
        probe = host.failures >= BREAKER
        per_host = 1 if probe else max(1, self._settings.delivery_per_host)
        form = form_of(host.form, host.form_at, now)
        return Lane(
            host, form, host.form_at, host.failures, host.failing_since, per_host, leased_at=now,
            ending=self._stopping, probe=probe,
        )  # fmt: skip

    def _settle(self, lane: Lane) -> None:
        """Queue the lane for a slot, ask for more rows, or end its lease."""
        if lane.next() is not None:
            self._slots.add(lane)
            return
        over = lane.ending or lane.hold_until > 0
        if lane.reading:
            return
        if lane.unread and not over and not lane.rows and len(lane.flying) < lane.per_host:
            self._refill[lane.host.id] = lane
        elif not lane.flying and (over or not lane.rows):
            self._release(lane)

    def _release(self, lane: Lane) -> None:
        if self._lanes.pop(lane.host.id, None) is None:
            return
        now = self._house.clock()
        self._refill.pop(lane.host.id, None)
        lost = lane.failures >= BREAKER and now - (lane.failing_since or now) >= UNREACHABLE_MS
        if lost:
            self._counters.unreachable += 1
        form = lane.form if lane.form == "rfc9421" else None
        self._verdicts.releases[lane.host.id] = Release(
            lane.host.id, lane.failures, lane.failing_since, lane.success, form,
            lane.form_at if form else None, lane.hold_until, lane.paused, lost,
        )  # fmt: skip

    # --- attempts --------------------------------------------------------------------------------------------------------

    def _launch(self, lane: Lane, ticket: Ticket) -> None:
        """A slot is free for the lane."""
        row = lane.next()
        if row is not None and self._loop.time() - lane.read_at > FRESH_SECONDS:
            lane.forget_rows()
            row = None
        if row is None:
            self._slots.give_back(ticket)
            self._settle(lane)
            self._event.set()
            return
        lane.start(row)
        task = self._loop.create_task(self._deliver(lane, row, ticket))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._settle(lane)

    async def _deliver(self, lane: Lane, row: Delivery, ticket: Ticket) -> None:
        began = self._loop.time()
        timer = self._loop.call_later(SLOW_SECONDS, self._park, ticket)
        try:
            attempted = await self._sender.attempt(row, lane.host.name, lane.form)
        finally:
            timer.cancel()
            self._slots.give_back(ticket)
        self._slots.lasted(lane.host.id, self._loop.time() - began)
        self._note(lane, row, attempted)
        lane.finish(row)
        self._settle(lane)
        self._slots.fill()
        self._event.set()

    def _park(self, ticket: Ticket) -> None:
        self._counters.parked += 1
        self._slots.park(ticket)
        self._event.set()

    def _note(self, lane: Lane, row: Delivery, attempted: Attempted) -> None:
        """Put the verdict down for the next turn."""
        verdict, now = attempted.verdict, self._house.clock()
        self._note_host(lane, attempted, now)
        self._counters.double_knocks += attempted.knocked_twice
        tried = row.attempts + 1
        match verdict.outcome:
            case "delivered":
                self._verdicts.done.append(row.id)
                if verdict.reason:
                    self._counters.empty += 1
                    return
                self._counters.delivered += 1
                if row.carries_copy and row.object_id is not None:
                    self._verdicts.copies.append((row.object_id, lane.host.id, row.inbox))
            case "busy":
                self._again(lane, row, now + BUSY_PAUSE_MS, row.attempts, verdict.reason)
            case "again":
                kept = is_kept(row.mode, row.type)
                at = next_attempt(tried, now, row.created, kept, self._random.uniform(-1, 1))
                if at is None:
                    self._drop(lane, row, tried, verdict)
                else:
                    self._again(
                        lane, row, now + verdict.pause_ms if verdict.pause_ms else at, tried, verdict.reason
                    )
            case "gone":
                self._counters.gone += 1
                self._verdicts.gone.append((lane.host.id, row.inbox))
                lane.rows = type(lane.rows)(r for r in lane.rows if r.inbox != row.inbox)
                self._drop(lane, row, tried, verdict)
            case "dead":
                self._drop(lane, row, tried, verdict)

    def _again(self, lane: Lane, row: Delivery, at: int, attempts: int, reason: str) -> None:
        self._counters.retried += 1
        self._verdicts.again.append((row.id, at, attempts, reason))
        lane.hold_back(row)

    def _drop(self, lane: Lane, row: Delivery, attempts: int, verdict: Verdict) -> None:
        self._counters.dead += 1
        self._counters.unauthorised += verdict.reason == "http_401"
        self._verdicts.dead.append((row.id, attempts, verdict.reason))
        log.warning("delivery_dead", activity=row.activity_id, host=lane.host.name, verdict=verdict.reason)

    def _note_host(self, lane: Lane, attempted: Attempted, now: int) -> None:
        verdict = attempted.verdict
        if attempted.form is not None and attempted.form != lane.form:
            lane.form, lane.form_at = attempted.form, now
        if verdict.host == "alive":
            lane.failures, lane.failing_since, lane.success = 0, None, now
            lane.per_host, lane.probe = max(1, self._settings.delivery_per_host), False
            if not lane.paused:
                lane.hold_until = 0
        elif verdict.host == "failing":
            lane.failures += 1
            lane.failing_since = lane.failing_since or now
            if (pause := probe_pause(lane.failures)) > 0:
                lane.hold_until, lane.paused = now + pause, False
                self._counters.held += 1
                log.warning("host_held", host=lane.host.name, failures=lane.failures, verdict=verdict.reason)
        if verdict.pause_ms and now + verdict.pause_ms > lane.hold_until:
            lane.hold_until, lane.paused = now + verdict.pause_ms, lane.failures < BREAKER


async def _turn(turn: Turn, tx: Tx) -> Turned:
    return await outgoing.take_turn(tx, turn)
