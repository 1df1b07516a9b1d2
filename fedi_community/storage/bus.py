"""How processes of one community tell each other what changed, for open streams: LISTEN and NOTIFY on PostgreSQL.

On SQLite one process serves, and hears itself. What is told is ids alone, after the commit and outside of it: NOTIFY inside
makes all commits of a database queue up behind one lock. Lost messages cost a stream an event, never anybody a post.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg
import orjson
import structlog

Event = tuple[str, int, int | None]
Hear = Callable[[Sequence[Event]], None]
CHANNEL: Final = "fedi_community_streams"
FLUSH_S: Final = 0.05
"""Events of so many seconds go out together."""
MAX_TOGETHER: Final = 150
"""Events of one message; PostgreSQL takes 8,000 bytes."""
RETRY_S: Final = 1.0
log = structlog.get_logger("bus")


class Bus:
    """url: of the database. hear: called with what happened, here or in another process."""

    def __init__(self, url: str, hear: Hear) -> None:
        self._url = url if url.startswith("postgres") else ""
        self._hear = hear
        self._waiting: list[Event] = []
        self._flush: asyncio.Task[None] | None = None
        self._listen: asyncio.Task[None] | None = None
        self._speaker: Any = None

    def tell(self, events: Sequence[Event]) -> None:
        """After a commit."""
        if not self._url:
            self._hear(events)
            return
        self._waiting += events
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._send())

    async def _send(self) -> None:
        await asyncio.sleep(FLUSH_S)
        while self._waiting:
            part, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
            try:
                if self._speaker is None or self._speaker.is_closed():
                    self._speaker = await asyncpg.connect(self._url)
                await self._speaker.execute("SELECT pg_notify($1, $2)", CHANNEL, orjson.dumps(part).decode())
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("bus_failed", kind=type(error).__name__)
                return

    def open(self) -> None:
        """Listen to the other processes, from when the first stream is opened."""
        if self._url and self._listen is None:
            self._listen = asyncio.create_task(self._listening())

    async def _listening(self) -> None:
        while True:
            lost = asyncio.Event()
            connection: Any = None
            try:
                connection = await asyncpg.connect(self._url)
                connection.add_termination_listener(lambda *_, lost=lost: lost.set())
                await connection.add_listener(CHANNEL, self._received)
                await lost.wait()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("bus_lost", kind=type(error).__name__)
            finally:
                if connection is not None:
                    await _end(connection)
            await asyncio.sleep(RETRY_S)

    def _received(self, _connection: Any, _pid: int, _channel: str, text: str) -> None:
        self._hear([(what, key, other) for what, key, other in orjson.loads(text)])

    async def close(self) -> None:
        for task in (self._flush, self._listen):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._speaker is not None:
            await _end(self._speaker)


async def _end(connection: Any) -> None:
    """Close it as it should be, or, where the database is gone, at once."""
    try:
        await connection.close(timeout=1)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
