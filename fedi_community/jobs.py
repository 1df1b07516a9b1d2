"""Leases and runs jobs: what must happen after a request, and may fail for a while (mail, later media and push).

A job is a row written by the effect `AddJob` in the transaction that wants it. `app` registers a function for each kind.
A function may run twice for one job (after a crash), so it must bear that. What it raises is written down by its kind
alone: payloads may be private.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from fedi_community.perform import House
from fedi_community.storage import jobs as rows
from fedi_community.storage import sessions
from fedi_community.storage.database import Tx
from fedi_community.storage.jobs import Job
from fedi_community.storage.wake import Wake

MAX_ATTEMPTS: Final = 12
FIRST_PAUSE_MS: Final = 15_000
LONGEST_PAUSE_MS: Final = 6 * 3_600_000
BATCH: Final = 4
TIDY_MS: Final = 600_000
"""How often expired keys, codes and sessions are forgotten."""

Tidy = Callable[[Tx, int], Awaitable[None]]
Run = Callable[[dict[str, Any]], Awaitable[None]]
log = structlog.get_logger("jobs")


class Jobs:
    """The worker. kinds: what to call with a job's payload. tidying: units of work that forget what is over, now and then."""

    def __init__(
        self, house: House, kinds: Mapping[str, Run], tidying: Sequence[Tidy] = (sessions.tidy,)
    ) -> None:
        self._house = house
        self._kinds = dict(kinds)
        self._event = asyncio.Event()
        self._stopping = False
        self._tidied = 0
        self._tidying = tuple(tidying)
        house.listeners.append(self._woken)

    def _woken(self, wake: Wake) -> None:
        if wake.jobs:
            self._event.set()

    def stop(self) -> None:
        self._stopping = True
        self._event.set()

    async def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            self._event.clear()
            await self.run_until_idle()
            await self._tidy()
            due = await self._house.db.read(lambda tx: rows.next_due(tx, list(self._kinds)))
            pause = TIDY_MS if due is None else min(max(due - self._house.clock(), 100), TIDY_MS)
            try:
                async with asyncio.timeout(pause / 1000):
                    await self._event.wait()
            except TimeoutError:
                continue

    async def run_until_idle(self) -> int:
        """Do what is due now. Returns how many jobs were tried."""
        tried = 0
        while not self._stopping:
            now = self._house.clock()
            batch = await self._house.db.write(
                lambda tx, now=now: rows.lease(tx, list(self._kinds), now, BATCH)  # type: ignore[misc]
            )
            if not batch:
                break
            tried += len(batch)
            await asyncio.gather(*(self._one(job) for job in batch))
        return tried

    async def _one(self, job: Job) -> None:
        try:
            await self._kinds[job.kind](job.payload)
        except Exception as error:
            await self._failed(job, type(error).__name__)
        else:
            await self._house.db.write(lambda tx: rows.done(tx, job.id))

    async def _failed(self, job: Job, reason: str) -> None:
        log.warning("job_failed", kind=job.kind, job=job.id, attempts=job.attempts, reason=reason)
        if job.attempts >= MAX_ATTEMPTS:
            await self._house.db.write(lambda tx: rows.bury(tx, job.id, reason))
            return
        pause = min(FIRST_PAUSE_MS * 2 ** (job.attempts - 1), LONGEST_PAUSE_MS)
        at = self._house.clock() + pause
        await self._house.db.write(lambda tx: rows.again(tx, job.id, at, reason))

    async def _tidy(self) -> None:
        now = self._house.clock()
        if now - self._tidied >= TIDY_MS:
            self._tidied = now
            for tidy in self._tidying:
                await self._house.db.write(lambda tx, tidy=tidy: tidy(tx, now))  # type: ignore[misc]
