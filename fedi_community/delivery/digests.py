"""The digests that go with what only followers read (FEP-8fcf): one for each host an actor has followers on.

All of an actor's are made at once and kept until somebody comes or goes, and for a moment at most (another process may have let him
in), so
that a delivery costs a look-up in memory. One that is old makes a peer ask for the list at worst, and the list is always of now.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from fedi_community.activitypub.synchronization import Synchronization, hex_of, number_of, written
from fedi_community.storage.database import Database, Tx
from fedi_community.storage.follows import followers_elsewhere

LIFE_SECONDS: Final = 60.0
MAX_KEPT: Final = 1_000
"""Actors whose digests are kept."""
MAX_FOLLOWERS: Final = 25_000
"""Of an actor with more followers elsewhere no digests are sent, as Mastodon has it."""
PAGE: Final = 1_000
NOBODY: Final = hex_of(0)

Found = Mapping[str, str] | None
"""Host -> digest; None where there are too many followers."""


class Digests:
    """Those that ask for an actor at the same time wait for one reading."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: OrderedDict[int, tuple[float, asyncio.Future[Found]]] = OrderedDict()

    async def field(self, actor_id: int, actor_uri: str, host: str) -> str | None:
        """The header field for a host; None where none is sent."""
        found = await self._of(actor_id)
        if found is None:
            return None
        collection = f"{actor_uri}/followers"
        return written(Synchronization(collection, f"{collection}?domain={host}", found.get(host, NOBODY)))

    def forget(self, actor_ids: Iterable[int]) -> None:
        """Their followers are others now; 0: anybody's may be."""
        for actor_id in actor_ids:
            if actor_id == 0:
                self._kept.clear()
            self._kept.pop(actor_id, None)

    async def _of(self, actor_id: int) -> Found:
        loop = asyncio.get_running_loop()
        kept = self._kept.get(actor_id)
        if kept is not None and kept[0] > loop.time():
            return kept[1].result() if kept[1].done() else await asyncio.shield(kept[1])
        made = asyncio.ensure_future(self._read(actor_id))
        self._kept[actor_id] = loop.time() + LIFE_SECONDS, made
        self._kept.move_to_end(actor_id)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        try:
            return await asyncio.shield(made)
        except Exception:
            self._kept.pop(actor_id, None)
            raise

    async def _read(self, actor_id: int) -> Found:
        """In pages, between which the loop goes on."""
        numbers: dict[str, int] = {}
        after = read = 0
        while rows := await self._db.read(partial(_page, actor_id, after)):
            for _, uri, host in rows:
                numbers[host] = numbers.get(host, 0) ^ number_of((uri,))
            after, read = rows[-1][0], read + len(rows)
            if read > MAX_FOLLOWERS:
                return None
            if len(rows) < PAGE:
                break
            await asyncio.sleep(0)
        return {host: hex_of(found) for host, found in numbers.items()}


async def _page(actor_id: int, after: int, tx: Tx) -> list[tuple[int, str, str]]:
    return await followers_elsewhere(tx, actor_id, after, PAGE)
