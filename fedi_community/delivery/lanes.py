"""Lanes and slots in memory: what may start now, and how much at once. No I/O.

A lane is a leased host with its next rows. A slot of the fast pool is for work that is soon done: a request that lasts longer
gives its slot back and goes on beside the others, and a host that was slow lately starts in the pool for slow ones at once. So
hosts that are slow or dead never hold back the rest.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from fedi_community.storage.turns import Delivery, Host

SLOW_SECONDS: Final = 0.25
"""A request that lasts longer gives its slot back."""
SLOW_KEPT_SECONDS: Final = 900.0
"""How long a host is remembered as slow; one fast answer clears it."""
MAX_SLOW_KEPT: Final = 10_000
MAX_OUTSTANDING: Final = 1000
"""Requests that gave their slot back, and those to slow hosts."""
SLOW_SLOTS: Final = 500
"""Requests to hosts that were slow lately."""
FRESH_SECONDS: Final = 1.0
"""A row that did not start so soon after the rule was asked is read again."""

Pool = Literal["fast", "slow", "parked"]


@dataclass(slots=True)
class Lane:
    """A leased host. rows: what may be sent next, in order. lines: line -> (activity under way, how often). probe: the
    breaker is half open, one at a time until one arrives."""

    host: Host
    form: str
    form_at: int | None
    failures: int
    failing_since: int | None
    per_host: int
    rows: deque[Delivery] = field(default_factory=deque)
    flying: dict[int, Delivery] = field(default_factory=dict)
    lines: dict[int, tuple[int, int]] = field(default_factory=dict)
    unread: bool = False
    read_at: float = 0.0
    leased_at: int = 0
    success: int | None = None
    hold_until: int = 0
    paused: bool = False
    ending: bool = False
    queued: bool = False
    probe: bool = False
    reading: bool = False

    def next(self) -> Delivery | None:
        """The first row that may start now: its line is free, or busy with other inboxes of the same activity."""
        if self.ending or self.hold_until or len(self.flying) >= self.per_host:
            return None
        blocked: set[tuple[int, int]] = set()
        for row in self.rows:
            busy = self.lines.get(row.line)
            free = busy is None or busy[0] == row.activity_id
            if free and all(other == row.activity_id for line, other in blocked if line == row.line):
                return row
            blocked.add((row.line, row.activity_id))
        return None

    def start(self, row: Delivery) -> None:
        self.rows.remove(row)
        self.flying[row.id] = row
        _, count = self.lines.get(row.line, (0, 0))
        self.lines[row.line] = row.activity_id, count + 1

    def finish(self, row: Delivery) -> None:
        del self.flying[row.id]
        activity_id, count = self.lines[row.line]
        if count == 1:
            del self.lines[row.line]
        else:
            self.lines[row.line] = activity_id, count - 1

    def hold_back(self, row: Delivery) -> None:
        """The row waits for a retry: what follows in its line is read again when that is over."""
        kept = deque(r for r in self.rows if r.line != row.line or r.activity_id == row.activity_id)
        self.unread = self.unread or len(kept) < len(self.rows)
        self.rows = kept

    def forget_rows(self) -> None:
        """The rows are too old to be sent on the word of the rule; they are read again."""
        self.unread = self.unread or bool(self.rows)
        self.rows.clear()


class Ticket:
    """A place of one request; `park` gives a fast one back while the request goes on."""

    __slots__ = ("pool",)

    def __init__(self, pool: Pool) -> None:
        self.pool: Pool = pool


class Slots:
    """Lanes that wait to start something, and the places there are."""

    def __init__(self, fast: int, start: Callable[[Lane, Ticket], None], *, now: Callable[[], float]) -> None:
        self._start = start
        self._now = now
        self._fast_free = fast
        self._slow_free = SLOW_SLOTS
        self.parked = 0
        self.in_flight = 0
        self.fast: deque[Lane] = deque()
        self.slow: deque[Lane] = deque()
        self._was_slow: OrderedDict[int, float] = OrderedDict()

    @property
    def outstanding(self) -> int:
        return self.parked + SLOW_SLOTS - self._slow_free

    def add(self, lane: Lane) -> None:
        """The lane has something that may start."""
        if lane.queued or lane.next() is None:
            return
        lane.queued = True
        (self.slow if self.is_slow(lane.host.id) else self.fast).append(lane)

    def fill(self) -> None:
        """Start what may start."""
        while self.fast and self._fast_free > 0:
            self._fast_free -= 1
            self._begin(self.fast.popleft(), Ticket("fast"))
        while self.slow and self._slow_free > 0 and self.outstanding < MAX_OUTSTANDING:
            self._slow_free -= 1
            self._begin(self.slow.popleft(), Ticket("slow"))

    def _begin(self, lane: Lane, ticket: Ticket) -> None:
        lane.queued = False
        self.in_flight += 1
        self._start(lane, ticket)

    def park(self, ticket: Ticket) -> None:
        """The request lasts: its fast slot goes to others, as long as not too many are outstanding."""
        if ticket.pool == "fast" and self.outstanding < MAX_OUTSTANDING:
            ticket.pool = "parked"
            self.parked += 1
            self._fast_free += 1
            self.fill()

    def give_back(self, ticket: Ticket) -> None:
        self.in_flight -= 1
        if ticket.pool == "fast":
            self._fast_free += 1
        elif ticket.pool == "slow":
            self._slow_free += 1
        else:
            self.parked -= 1

    def clear(self) -> None:
        """Forget the lanes that wait; what is under way gives its slot back itself."""
        self.fast.clear()
        self.slow.clear()

    def is_slow(self, host_id: int) -> bool:
        until = self._was_slow.get(host_id)
        return until is not None and until > self._now()

    def slow_hosts(self) -> list[int]:
        """Hosts that were slow lately."""
        now = self._now()
        return [host_id for host_id, until in self._was_slow.items() if until > now]

    def lasted(self, host_id: int, seconds: float) -> None:
        """Remember how long a request to the host took."""
        if seconds < SLOW_SECONDS:
            self._was_slow.pop(host_id, None)
            return
        self._was_slow[host_id] = self._now() + SLOW_KEPT_SECONDS
        self._was_slow.move_to_end(host_id)
        if len(self._was_slow) > MAX_SLOW_KEPT:
            self._was_slow.popitem(last=False)
