"""Time-sortable 64-bit ids: 47 bits of milliseconds since 1970, then 16 bits that tell ids of one millisecond apart.

Local ids: 4 bits of node number and 12 of sequence. Remote objects: 16 bits of the URI's hash, so that the same object
gets the same id wherever and whenever it arrives. Actors' ids are multiples of four: `id | 1`, `| 2` and `| 3` are the
principals of the actor's followers (a group's members), mentors and staff (see `domain.model`).
"""

from __future__ import annotations

import hashlib
import threading

SHIFT = 16
FIRST_MS = 946_684_800_000  # 2000-01-01: nothing on the fediverse was published earlier


class IdMaker:
    """Makes local ids. One per process; `node` (0 to 15) must differ between processes on one database."""

    def __init__(self, node: int = 0) -> None:
        if not 0 <= node <= 15:
            raise ValueError("node must be 0 to 15")
        self._node = node << 12
        self._last = 0
        self._sequence = 0
        self._lock = threading.Lock()

    def next(self, now_ms: int) -> int:
        """A new id at or after `now_ms`; always larger than the last one of this maker. A multiple of four."""
        with self._lock:
            if now_ms > self._last:
                self._last, self._sequence = now_ms, 0
            else:
                self._sequence += 4
                if self._sequence > 0xFFF:
                    self._last, self._sequence = self._last + 1, 0
            return self._last << SHIFT | self._node | self._sequence

    def at(self, ms: int) -> int:
        """The first id that this maker would have made at a time. It may have been given."""
        return ms << SHIFT | self._node


def remote_id(uri: str, published_ms: int | None, now_ms: int) -> int:
    """The id of a remote object: its time of publication, clamped to [2000, now], and bits of the URI's hash.

    Many servers publish whole seconds; then the hash picks the millisecond too, so that a busy second does not crowd.
    """
    digest = int.from_bytes(hashlib.sha256(uri.encode()).digest()[:8], "big")
    at = min(max(published_ms if published_ms is not None else now_ms, FIRST_MS), now_ms)
    if at % 1000 == 0:
        at = min(at + (digest >> 16) % 1000, now_ms)
    return at << SHIFT | digest & 0xFFFC


def time_of(identifier: int) -> int:
    """Milliseconds UTC in an id."""
    return identifier >> SHIFT
