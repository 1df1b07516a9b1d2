"""Who listens to what. Events come in by the bus, one task works them off, frames go into each listener's own short queue.

Nothing here decides who may see anything: `events` loads what is told for each viewer. A listener that does not keep up
is dropped, and its client begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from fedi_community.auth import Speaker
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.mastodon.streaming.channels import Channel
from fedi_community.perform import House
from fedi_community.storage import streams as rows
from fedi_community.storage.bus import Bus, Event
from fedi_community.storage.wake import Wake

MAX_OPEN: Final = 5000
"""Open streams of a process."""
MAX_OF_TOKEN: Final = 20
"""Open streams of one token, or of one stranger's address."""
MAX_CHANNELS: Final = 50
"""Channels of one WebSocket."""
MAX_BEHIND: Final = 100
"""Frames that wait for a slow reader; with one more it is dropped."""
MAX_EVENTS: Final = 10_000
"""Events that wait to be told; the oldest are left out beyond that."""
RECHECK_S: Final = 5.0
"""So often the tokens of open streams are looked at, all with one statement: another process may have ended them."""
POLICY: Final = 1008
GOING_AWAY: Final = 1001
log = structlog.get_logger("streaming")


class Frame(NamedTuple):
    """payload: JSON as text, None for events without."""

    channel: Channel
    event: str
    payload: str | None


@dataclass(slots=True, eq=False)
class Listener:
    """One open stream. who: whose limit it counts to."""

    who: str
    speaker: Speaker | None = None
    language: str = "en"
    channels: set[Channel] = field(default_factory=set)
    frames: asyncio.Queue[Frame | None] = field(default_factory=lambda: asyncio.Queue(MAX_BEHIND + 1))
    closed: bool = False
    code: int = POLICY

    @property
    def viewer(self) -> Viewer:
        return self.speaker.viewer if self.speaker is not None else STRANGER

    def put(self, frame: Frame) -> None:
        if self.closed or frame.channel not in self.channels:
            return
        if self.frames.qsize() >= MAX_BEHIND:
            self.end()
        else:
            self.frames.put_nowait(frame)

    def end(self, code: int = POLICY) -> None:
        """Nothing more is told; what waits is not sent either. code: what a WebSocket says of it (RFC 6455 §7.4.1)."""
        if not self.closed:
            self.closed, self.code = True, code
            while not self.frames.empty():
                self.frames.get_nowait()
            self.frames.put_nowait(None)


class Hub:
    """All listeners of this process."""

    def __init__(self, house: House, url: str) -> None:
        self.house = house
        self.bus = Bus(url, self._heard)
        self.of_channel: dict[Channel, set[Listener]] = {}
        self._listeners: set[Listener] = set()
        self._counts: dict[str, int] = {}
        self._events: asyncio.Queue[Event] = asyncio.Queue(MAX_EVENTS)
        self._tasks: list[asyncio.Task[None]] = []
        self._ended_all = False
        house.listeners.append(self._woken)

    def _woken(self, wake: Wake) -> None:
        if wake.streams:
            self.bus.tell(list(wake.streams))

    def _heard(self, events: Sequence[Event]) -> None:
        if not self._listeners:
            return
        for event in events:
            if self._events.full():
                self._events.get_nowait()
            self._events.put_nowait(event)

    # --- coming and going ---

    def add(self, listener: Listener) -> bool:
        """Let somebody listen; False when there are too many already, or the server ends."""
        if (
            self._ended_all
            or len(self._listeners) >= MAX_OPEN
            or self._counts.get(listener.who, 0) >= MAX_OF_TOKEN
        ):
            return False
        self._listeners.add(listener)
        self._counts[listener.who] = self._counts.get(listener.who, 0) + 1
        self.bus.open()
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._recheck())]
        return True

    def remove(self, listener: Listener) -> None:
        if listener not in self._listeners:
            return
        self._listeners.discard(listener)
        left = self._counts[listener.who] - 1
        self._counts[listener.who] = left
        if not left:
            del self._counts[listener.who]
        for channel in tuple(listener.channels):
            self.unsubscribe(listener, channel)

    def subscribe(self, listener: Listener, channel: Channel) -> bool:
        if len(listener.channels) >= MAX_CHANNELS:
            return False
        listener.channels.add(channel)
        self.of_channel.setdefault(channel, set()).add(listener)
        return True

    def unsubscribe(self, listener: Listener, channel: Channel) -> None:
        listener.channels.discard(channel)
        there = self.of_channel.get(channel)
        if there is not None:
            there.discard(listener)
            if not there:
                del self.of_channel[channel]

    @property
    def count(self) -> int:
        return len(self._listeners)

    # --- telling ---

    async def _tell(self) -> None:
        from fedi_community.mastodon.streaming.events import tell

        while True:
            event = await self._events.get()
            try:
                if not self._ended(event):
                    await tell(self, event)
            except Exception as error:
                log.error("event_failed", event=event[0], kind=type(error).__name__)
            finally:
                self._events.task_done()

    async def settled(self) -> None:
        """All events until now are told (tests)."""
        await self._events.join()

    def _ended(self, event: Event) -> bool:
        """Events that end streams: a token, all of a log-in, or those of a log-in as one actor."""
        what, key, other = event
        if what not in ("token", "tokens"):
            return False
        for one in tuple(self._listeners):
            speaker = one.speaker
            if speaker is None:
                continue
            if (what == "token" and speaker.token_id == key) or (
                what == "tokens" and speaker.login_id == key and other in (None, speaker.actor_id)
            ):
                one.end()
        return True

    async def recheck(self) -> None:
        """End the streams whose token is no longer good."""
        held = {one.speaker.token_id for one in self._listeners if one.speaker is not None}
        if not held:
            return
        now = self.house.clock()
        good = await self.house.db.read(lambda tx: rows.good_tokens(tx, held, now))
        for one in tuple(self._listeners):
            if one.speaker is not None and one.speaker.token_id not in good:
                one.end()

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            try:
                await self.recheck()
            except Exception as error:
                log.warning("recheck_failed", kind=type(error).__name__)

    def end(self) -> None:
        """All streams end, and none begins: their clients begin anew, elsewhere or when the server is back."""
        self._ended_all = True
        for one in tuple(self._listeners):
            one.end(GOING_AWAY)

    async def close(self) -> None:
        self.end()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.bus.close()
