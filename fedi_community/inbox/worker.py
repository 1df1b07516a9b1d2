"""Work off accepted activities: lease them, run the lanes side by side, try again what has to wait; each once.

Activities of one actor are processed in the order they came, those of different actors side by side. A row is finished in
the transaction of its effects; one that fails is tried again with growing pauses, and after its attempts it is a dead
letter that an operator can read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from fedi_community.errors import Problem
from fedi_community.inbox.process import ATTEMPTS, Processor
from fedi_community.inbox.relays import Later
from fedi_community.peers import Peers
from fedi_community.perform import House
from fedi_community.storage import queue
from fedi_community.storage.database import UNAVAILABLE
from fedi_community.storage.queue import Accepted

log = structlog.get_logger("inbox")

BATCH: Final = 128
PARALLEL: Final = 32
PAUSES_MS: Final = tuple(
    s * 1000 for s in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 14_400, 14_400, 14_400)
)
"""After each failed attempt; together about a day, as long as a detached reply waits for its parent."""
OUR_PAUSE_MS: Final = 2000
"""After a failure of our own database. It says nothing about the activity, and counts as no attempt: what was accepted before
a disk was full would else wait for minutes after it has room again."""


class InboxWorker:
    """Works off the inbox. One per process; several processes share the table by leases."""

    def __init__(self, house: House, peers: Peers) -> None:
        self.house = house
        self._processor = Processor(house, peers)
        self._event = asyncio.Event()
        self._stopping = False
        self.verdicts: Counter[str] = Counter()

    def wake(self) -> None:
        """Something was accepted."""
        self._event.set()

    def stop(self) -> None:
        """Finish what is in hand, then end `run`."""
        self._stopping = True
        self._event.set()

    async def run(self) -> None:
        """Work until `stop`. Sleeps until woken, or until the next row is due."""
        while not self._stopping:
            self._event.clear()
            if not await self._batch():
                await self._rest()

    async def _rest(self) -> None:
        due = await self.house.db.read(queue.next_due)
        pause = 5.0 if due is None else min(max((due - self.house.clock()) / 1000, 0.05), 5.0)
        try:
            async with asyncio.timeout(pause):
                await self._event.wait()
        except TimeoutError:
            return

    async def run_until_idle(self) -> None:
        """Work off what is due now (tests, and commands that end)."""
        while await self._batch():
            pass

    async def _batch(self) -> bool:
        now = self.house.clock()
        rows = await self.house.db.write(lambda tx: queue.lease(tx, now, BATCH))
        if not rows:
            return False
        lanes: dict[str, list[Accepted]] = {}
        for row in rows:
            lanes.setdefault(row.signer, []).append(row)
        gate = asyncio.Semaphore(PARALLEL)
        async with asyncio.TaskGroup() as group:
            for lane in lanes.values():
                group.create_task(self._lane(lane, gate, now + queue.LEASE_MS))
        return True

    async def _lane(self, lane: Sequence[Accepted], gate: asyncio.Semaphore, until: int) -> None:
        """One actor's rows in order; those left when the lease has run out belong to whoever leases them next."""
        for row in lane:
            async with gate:
                if self.house.clock() >= until:
                    return
                await self._row(row)

    async def _row(self, row: Accepted) -> None:
        try:
            outcome = await self._processor.process(row)
        except Problem as problem:
            outcome = Later(problem.reason)
        except Exception as error:
            log.exception("inbox_failed", activity=row.uri, signer=row.signer, kind=type(error).__name__)
            outcome = Later("error_" + type(error).__name__)
        if isinstance(outcome, Later):
            await self._put_back(row, outcome)
        else:
            self.verdicts[outcome] += 1

    async def _put_back(self, row: Accepted, later: Later) -> None:
        self.verdicts["later_" + later.reason] += 1
        if later.reason == UNAVAILABLE:
            run_at = self.house.clock() + OUR_PAUSE_MS
            await self.house.db.write(
                lambda tx: queue.retry(tx, row.id, run_at, later.reason, None, forgiven=1)
            )
            return
        if row.attempts >= ATTEMPTS:
            await self.house.db.write(lambda tx: queue.bury(tx, row.id, later.reason))
            log.warning("inbox_dead", activity=row.uri, signer=row.signer, reason=later.reason)
            return
        run_at = self.house.clock() + PAUSES_MS[min(row.attempts, len(PAUSES_MS)) - 1]
        await self.house.db.write(lambda tx: queue.retry(tx, row.id, run_at, later.reason, later.waits_for))
