"""Whom to wake after a commit: workers and streams. Filled while effects are applied, used once the change is durable."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Wake:
    """deliveries: something is to be sent. keys: actor URIs whose cached keys are stale.
    streams: (what, id, other id) for open client streams; each asks the rule before it tells anybody. followed: actors whose
    followers are others now, 0 for anybody's."""

    deliveries: bool = False
    jobs: bool = False
    keys: list[str] = field(default_factory=list)
    streams: list[tuple[str, int, int | None]] = field(default_factory=list)
    followed: list[int] = field(default_factory=list)
