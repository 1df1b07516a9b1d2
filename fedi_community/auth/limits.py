"""How often one may ask: budgets in windows, counted in memory and bounded. Each process counts for itself.

Signed-in people count per log-in, strangers (and wrong tokens) per address, so that one address with many members, such as a
clinic's, is not shut out.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Literal

MAX_WATCHED: Final = 20_000
"""Keys that are counted at once; the longest unseen is forgotten first."""
Budget = Literal["api", "uploads", "deletions", "signups", "mails", "apps"]
BUDGETS: Final[dict[Budget, tuple[int, int]]] = {
    "api": (300, 300_000),
    "uploads": (30, 1_800_000),
    "deletions": (30, 1_800_000),
    "signups": (5, 1_800_000),
    "mails": (5, 1_800_000),
    "apps": (60, 1_800_000),
}
"""Requests and milliseconds. The setting `api_rate` replaces the first of "api", and the others keep their proportion to it."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a budget. reset: milliseconds UTC."""

    limit: int
    remaining: int
    reset: int
    refused: bool = False


@dataclass(slots=True)
class Limits:
    """api_rate: 0 is no limit at all."""

    api_rate: int
    _windows: OrderedDict[tuple[Budget, str], list[int]] = field(default_factory=OrderedDict)

    def take(self, budget: Budget, who: str, now: int) -> Left | None:
        """Use one request up; None where nothing is limited."""
        if self.api_rate <= 0:
            return None
        allowed, window = BUDGETS[budget]
        limit = max(1, allowed * self.api_rate // BUDGETS["api"][0])
        key = (budget, who)
        known = self._windows.get(key)
        if known is None or known[0] <= now:
            known = self._windows[key] = [now + window, 0]
        self._windows.move_to_end(key)
        while len(self._windows) > MAX_WATCHED:
            self._windows.popitem(last=False)
        reset, used = known
        if used >= limit:
            return Left(limit, 0, reset, refused=True)
        known[1] = used + 1
        return Left(limit, limit - used - 1, reset)
