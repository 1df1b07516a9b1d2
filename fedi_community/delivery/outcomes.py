"""What came of attempts: judged for the row and for its host, counted, and kept until the next turn writes it down.

Nothing here does I/O. The worker takes what is pending, and puts it back when it could not be written.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import ClassVar, Final

import structlog

from fedi_community.delivery.attempt import Attempted
from fedi_community.delivery.lanes import Lane
from fedi_community.delivery.schedule import (
    BREAKER,
    UNREACHABLE_MS,
    Verdict,
    is_kept,
    next_attempt,
    probe_pause,
)
from fedi_community.storage.turns import Delivery, Release, Turn

log = structlog.get_logger("delivery")

BUSY_PAUSE_MS: Final = 5_000
"""When all our connections are in use."""


@dataclass(slots=True)
class Counters:
    """What happened since the start, and what is going on (`GAUGES`)."""

    GAUGES: ClassVar[frozenset[str]] = frozenset({"lanes", "in_flight", "outstanding"})

    expanded: int = 0
    delivered: int = 0
    refused: int = 0
    empty: int = 0
    retried: int = 0
    dead: int = 0
    gone: int = 0
    double_knocks: int = 0
    unauthorised: int = 0
    held: int = 0
    unreachable: int = 0
    signed: int = 0
    turns: int = 0
    parked: int = 0
    lanes: int = 0
    in_flight: int = 0
    outstanding: int = 0


@dataclass(slots=True)
class Pending:
    """What the next turn writes."""

    done: list[int] = field(default_factory=list)
    copies: list[tuple[int, int, str]] = field(default_factory=list)
    again: list[tuple[int, int, int, str]] = field(default_factory=list)
    dead: list[tuple[int, int, str]] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)
    releases: dict[int, Release] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.done or self.again or self.dead or self.gone or self.releases)


class Outcomes:
    """per_host: requests at a time to a host that is well."""

    def __init__(self, per_host: int) -> None:
        self.per_host = per_host
        self.counters = Counters()
        self._pending = Pending()
        self._random = random.Random()  # noqa: S311

    def __bool__(self) -> bool:
        """Something is to be written."""
        return bool(self._pending)

    def take(self) -> Pending:
        """All that the next turn writes."""
        taken, self._pending = self._pending, Pending()
        return taken

    def put_back(self, turn: Turn) -> None:
        """The turn could not be written."""
        v = self._pending
        v.done[:0], v.copies[:0], v.again[:0] = turn.done, turn.copies, turn.again
        v.dead[:0], v.gone[:0] = turn.dead, turn.gone
        v.releases = {r.host_id: r for r in turn.releases} | v.releases

    def release(self, lane: Lane, now: int) -> None:
        """The lane's lease ends: what was learned of its host."""
        lost = lane.failures >= BREAKER and now - (lane.failing_since or now) >= UNREACHABLE_MS
        if lost:
            self.counters.unreachable += 1
        form = lane.form if lane.form == "rfc9421" else None
        self._pending.releases[lane.host.id] = Release(
            lane.host.id, lane.failures, lane.failing_since, lane.success, form,
            lane.form_at if form else None, lane.hold_until, lane.paused, lost,
        )  # fmt: skip

    def note(self, lane: Lane, row: Delivery, attempted: Attempted, now: int) -> None:
        """Put the verdict down for the next turn."""
        verdict = attempted.verdict
        self._note_host(lane, attempted, now)
        self.counters.double_knocks += attempted.knocked_twice
        tried = row.attempts + 1
        match verdict.outcome:
            case "delivered":
                self._pending.done.append(row.id)
                if verdict.reason:
                    self.counters.empty += 1
                    return
                self.counters.delivered += 1
                if row.carries_copy and row.object_id is not None:
                    self._pending.copies.append((row.object_id, lane.host.id, row.inbox))
            case "busy":
                self._again(lane, row, now + BUSY_PAUSE_MS, row.attempts, verdict.reason)
            case "again":
                kept = is_kept(row.mode, row.type)
                at = next_attempt(tried, now, row.created, kept, self._random.uniform(-1, 1))
                if at is None:
                    self._drop(lane, row, tried, verdict)
                else:
                    self._again(
                        lane, row, now + verdict.pause_ms if verdict.pause_ms else at, tried, verdict.reason
                    )
            case "gone":
                self.counters.gone += 1
                self._pending.gone.append((lane.host.id, row.inbox))
                lane.rows = type(lane.rows)(r for r in lane.rows if r.inbox != row.inbox)
                self._drop(lane, row, tried, verdict)
            case "dead":
                self._drop(lane, row, tried, verdict)

    def _again(self, lane: Lane, row: Delivery, at: int, attempts: int, reason: str) -> None:
        self.counters.retried += 1
        self._pending.again.append((row.id, at, attempts, reason))
        lane.hold_back(row)

    def _drop(self, lane: Lane, row: Delivery, attempts: int, verdict: Verdict) -> None:
        self.counters.dead += 1
        self.counters.unauthorised += verdict.reason == "http_401"
        self._pending.dead.append((row.id, attempts, verdict.reason))
        log.warning("delivery_dead", activity=row.activity_id, host=lane.host.name, verdict=verdict.reason)

    def _note_host(self, lane: Lane, attempted: Attempted, now: int) -> None:
        verdict = attempted.verdict
        if attempted.form is not None and attempted.form != lane.form:
            lane.form, lane.form_at = attempted.form, now
        if verdict.host == "alive":
            lane.failures, lane.failing_since, lane.success = 0, None, now
            lane.per_host, lane.probe = self.per_host, False
            if not lane.paused:
                lane.hold_until = 0
        elif verdict.host == "failing":
            lane.failures += 1
            lane.failing_since = lane.failing_since or now
            if (pause := probe_pause(lane.failures)) > 0:
                lane.hold_until, lane.paused = now + pause, False
                self.counters.held += 1
                log.warning("host_held", host=lane.host.name, failures=lane.failures, verdict=verdict.reason)
        if verdict.pause_ms and now + verdict.pause_ms > lane.hold_until:
            lane.hold_until, lane.paused = now + verdict.pause_ms, lane.failures < BREAKER
