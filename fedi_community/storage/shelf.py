"""A bounded memory of what was read and cannot have changed: values by a key that names their version.

What is kept must follow from its key alone (a post's id and revision), or carry what it was made of for comparison. So
nothing is ever wrong to use, and processes need not tell each other anything.
"""

from __future__ import annotations

from typing import Any, Final

MAX_KEPT: Final = 24 * 1024 * 1024
"""Bytes that a database keeps of posts and actors at most, counted roughly."""


class Shelf:
    """Two generations: what is used moves to the young one; when that is full, the old one is forgotten. Threads may meet here:
    each step is a single operation of a dict, and what gets lost is only read again."""

    __slots__ = ("_half", "_old", "_weight", "_young")

    def __init__(self, size: int = MAX_KEPT) -> None:
        self._half = size // 2
        self._young: dict[Any, tuple[Any, int]] = {}
        self._old: dict[Any, tuple[Any, int]] = {}
        self._weight = 0

    def get(self, key: Any) -> Any:
        """What was kept under the key, or None."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                return None
            self._keep(key, found)
        return found[0]

    def put(self, key: Any, value: Any, weight: int) -> None:
        """weight: bytes, roughly."""
        if weight <= self._half:
            self._keep(key, (value, weight))

    def _keep(self, key: Any, item: tuple[Any, int]) -> None:
        if self._weight + item[1] > self._half:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = item
        self._weight += item[1]


NOTHING: Final = Shelf(0)
"""For units that write: what they read may never be committed."""
