"""Signing off the event loop, several requests a hop: the private operation costs 225 µs, a hop to a thread 40 µs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from fedi_community.activitypub.signatures import SigningKey, sign_cavage, sign_rfc9421

BATCH: Final = 8
"""Signatures of one hop: 2 ms, which is what the first of them waits for the last."""
THREADS: Final = max(1, min(4, (os.cpu_count() or 2) - 1))

Headers = dict[str, str]
NO_MORE: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class _Job:
    form: str
    url: str
    key: SigningKey
    now_ms: int
    body: bytes
    extra: Mapping[str, str]
    future: asyncio.Future[Headers]


def _sign(jobs: Sequence[_Job]) -> list[Headers | ValueError]:
    """On a thread; cryptography lets go of the GIL while it signs."""
    made: list[Headers | ValueError] = []
    for job in jobs:
        sign = sign_rfc9421 if job.form == "rfc9421" else sign_cavage
        try:
            made.append(sign("POST", job.url, key=job.key, now_ms=job.now_ms, body=job.body, extra=job.extra))
        except ValueError as error:
            made.append(error)
    return made


class Signer:
    """`await signer.headers(…)`; what is asked for in the same moment is signed together."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "sign")
        self._waiting: list[_Job] = []
        self._hands = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.signed = 0

    async def headers(
        self,
        form: str,
        url: str,
        key: SigningKey,
        now_ms: int,
        body: bytes,
        extra: Mapping[str, str] = NO_MORE,
    ) -> Headers:
        """Header fields of a signed POST. form: cavage or rfc9421. url: as it goes on the wire. extra: sent and signed too."""
        future: asyncio.Future[Headers] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(form, url, key, now_ms, body, extra, future))
        if self._hands < THREADS:
            self._hands += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self) -> None:
        try:
            await self._sign_all()
        finally:
            # Here, and not when the task is collected: what is asked for in between would wait for ever.
            self._hands -= 1

    async def _sign_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            for job, made in zip(batch, await loop.run_in_executor(self._pool, _sign, batch), strict=True):
                if job.future.done():
                    continue
                if isinstance(made, ValueError):
                    job.future.set_exception(made)
                else:
                    job.future.set_result(made)
            self.signed += len(batch)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
