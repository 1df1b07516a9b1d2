"""The delivery worker: expands activities, leases hosts, sends what the rule lets out, and writes down what came of it.

One loop takes turns: a unit of work writes the verdicts that came in, ends and renews leases, and reads the next rows, for many
hosts at once; meanwhile requests run as tasks. A row is completed only after its answer, so that a crash at any moment repeats
at worst: receivers know an activity by its id. Nothing is polled: the loop sleeps until an answer, a wake or the next due row.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import Final

import structlog

from fedi_community.config import Settings
from fedi_community.delivery.attempt import Keys, Sender
from fedi_community.delivery.bodies import Bodies, BodyCache
from fedi_community.delivery.digests import Digests
from fedi_community.delivery.lanes import FRESH_SECONDS, SLOW_SECONDS, Lane, Slots, Ticket
from fedi_community.delivery.outcomes import Counters, Outcomes
from fedi_community.delivery.schedule import BREAKER, KEPT_TYPES, MINUTE, UNREACHABLE_MS, form_of
from fedi_community.delivery.signing import Signer
from fedi_community.network import Network
from fedi_community.perform import House
from fedi_community.storage import fanout, outgoing
from fedi_community.storage.database import Tx
from fedi_community.storage.turns import LEASE_MS, Delivery, Host, Refill, Turn, Turned
from fedi_community.storage.wake import Wake

log = structlog.get_logger("delivery")

MAX_LANES: Final = 2000
"""Hosts that one process minds at a time."""
MAX_SLOW_LANES: Final = 256
"""Slow hosts that wait for a place; with more of them, only others are leased."""
ROWS: Final = 8
"""Rows of a lane that are read at a time."""
OTHERS_SECONDS: Final = 5.0
"""Where several processes share a database, how often to look for work that another one made."""
LONGEST_REST_SECONDS: Final = 600.0
CROWDED_PAUSE_MS: Final = 250
DATABASE_PAUSE_SECONDS: Final = 2.0
"""After a write that failed (a full disk, a database that restarts)."""
PURGE_EVERY_MS: Final = 6 * 60 * MINUTE


class DeliveryWorker:
    """Sends what the house has to say. One per process; several processes share the tables by leases."""

    def __init__(
        self, house: House, settings: Settings, network: Network, bodies: Bodies, keys: Keys
    ) -> None:
        self._house = house
        self._settings = settings
        self._owner = secrets.token_hex(8)
        self._signer = Signer()
        self._digests = Digests(house.db)
        self._sender = Sender(
            network,
            BodyCache(bodies),
            keys,
            self._signer,
            house.clock,
            float(settings.delivery_timeout),
            self._digests,
        )
        self._slots = Slots(settings.delivery_concurrency, self._launch, now=lambda: self._loop.time())
        self._event = asyncio.Event()
        self._ended = asyncio.Event()
        self._lanes: dict[int, Lane] = {}
        self._refill: dict[int, Lane] = {}
        self._outcomes = Outcomes(max(1, settings.delivery_per_host))
        self._tasks: set[asyncio.Task[None]] = set()
        self._look_at: int | None = 0  # when leasing may find something; None: nothing waits
        self._fanout = True
        self._skipped = False  # slow hosts were passed over
        self._purged_at = 0
        self._stopping = self._running = self._started = False
        self._counters = self._outcomes.counters
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
                if self._stopping and not self._lanes and not self._outcomes:
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
            if not self._lanes and not self._outcomes:
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
        self._digests.forget(wake.followed)
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
        if not (self._outcomes or lease or renew or refills):
            return None
        crowded = lease > 0 and len(self._slots.slow) >= MAX_SLOW_LANES
        self._skipped = self._skipped or crowded
        v = self._outcomes.take()
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
        self._outcomes.put_back(turn)
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
        per_host = 1 if probe else self._outcomes.per_host
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
        self._refill.pop(lane.host.id, None)
        self._outcomes.release(lane, self._house.clock())

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
        self._outcomes.note(lane, row, attempted, self._house.clock())
        lane.finish(row)
        self._settle(lane)
        self._slots.fill()
        self._event.set()

    def _park(self, ticket: Ticket) -> None:
        self._counters.parked += 1
        self._slots.park(ticket)
        self._event.set()


async def _turn(turn: Turn, tx: Tx) -> Turned:
    return await outgoing.take_turn(tx, turn)
