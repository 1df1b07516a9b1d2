"""Bodies, made once for each set of recipients and kept for a moment: a thousand hosts get the same bytes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

MAX_BODIES: Final = 256
LIFE_SECONDS: Final = 20.0
"""A retry hours later is rendered anew."""

Bodies = Callable[[int, str, int | None, str], Awaitable[bytes | None]]
"""(activity id, mode, the one reader or None, host) -> the activity as JSON; None: there is nothing to send any more."""

Key = tuple[int, str, int | None, str]


class BodyCache:
    """The last bodies. Those that ask at the same time wait for one rendering."""

    def __init__(self, make: Bodies) -> None:
        self._make = make
        self._kept: OrderedDict[Key, tuple[float, asyncio.Future[bytes | None]]] = OrderedDict()

    async def get(
        self, activity_id: int, mode: str, target_id: int | None, host: str, shared: bool
    ) -> bytes | None:
        """The body for a recipient. shared: everybody gets the same, whatever the host."""
        key = (activity_id, mode, None, "") if shared else (activity_id, mode, target_id, host)
        loop = asyncio.get_running_loop()
        kept = self._kept.get(key)
        if kept is not None and kept[0] > loop.time():
            return kept[1].result() if kept[1].done() else await asyncio.shield(kept[1])
        made = asyncio.ensure_future(self._make(activity_id, mode, target_id, host))
        self._kept[key] = loop.time() + LIFE_SECONDS, made
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_BODIES:
            self._kept.popitem(last=False)
        try:
            return await asyncio.shield(made)
        except Exception:
            self._kept.pop(key, None)
            raise
