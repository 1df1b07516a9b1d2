"""What delivery and storage hand each other: a turn's work, and what it brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LEASE_MS: Final = 30_000
HOLD: Final = "hold"
PAUSE: Final = "pause"
SCAN: Final = (32, 128, 512, 2048)
"""Rows of a lane that are looked through, page by page, for one that may go."""
BLOCKED_PAUSE_MS: Final = 5_000
"""When so much of a lane waits for retries that none was found in the pages."""
DEAD_KEPT_MS: Final = 30 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Host:
    """A leased host. form: the signature form it took last, since form_at (milliseconds)."""

    id: int
    name: str
    form: str | None
    form_at: int | None
    failures: int
    failing_since: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row that may be sent now: the rule was asked in the unit that read it.

    line: thread or actor; what belongs to one line keeps its order. attempts: made so far. shared: everybody gets the same
    body, whatever the host. target_id: the one reader, where the inbox is personal and the content restricted. to_followers: it is
    for those who follow the actor (or are in the group that it is), and not for everybody.
    """

    id: int
    activity_id: int
    inbox: str
    target_id: int | None
    mode: str
    line: int
    attempts: int
    created: int
    type: str
    actor_id: int
    object_id: int | None
    shared: bool
    to_followers: bool = False

    @property
    def carries_copy(self) -> bool:
        """Whoever gets it has a copy of the object afterwards."""
        return (
            self.mode == "content"
            and self.object_id is not None
            and self.type in ("Create", "Update", "Announce")
        )


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a lease. hold_until: nobody minds the host before, 0 for no hold. paused: because it asked for it, and not
    because it fails. success: time of its last answer. unreachable: drop what waits, but what takes something back."""

    host_id: int
    failures: int
    failing_since: int | None
    success: int | None
    form: str | None
    form_at: int | None
    hold_until: int = 0
    paused: bool = False
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Refill:
    """A leased lane that wants more rows; `flying` are those under way. any_time: a probe, which does not wait for a row's
    own time."""

    host_id: int
    flying: frozenset[int]
    count: int
    any_time: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What one unit is to do: write verdicts, end leases, renew others, read rows, lease hosts. Times in milliseconds."""

    now: int
    owner: str
    listed_only: bool = False
    done: tuple[int, ...] = ()
    copies: tuple[tuple[int, int, str], ...] = ()  # object, host, inbox
    again: tuple[tuple[int, int, int, str], ...] = ()  # row, run at, attempts, reason
    dead: tuple[tuple[int, int, str], ...] = ()  # row, attempts, reason
    gone: tuple[tuple[int, str], ...] = ()  # host, inbox
    releases: tuple[Release, ...] = ()
    renew: tuple[int, ...] = ()
    refills: tuple[Refill, ...] = ()
    lease: int = 0
    skip: tuple[int, ...] = ()
    rows: int = 8  # of each newly leased host
    breaker: int = 10
    kept_types: tuple[str, ...] = ()


@dataclass(slots=True)
class Turned:
    """What a turn brought. lanes: rows of each refilled and each new host, in order. unread: hosts with more rows that may
    go. refused: rows that the rule did not let out. next_due: when to look again; None: nothing waits; only known when
    fewer hosts were leased than asked for."""

    hosts: list[Host] = field(default_factory=list)
    lanes: dict[int, list[Delivery]] = field(default_factory=dict)
    unread: set[int] = field(default_factory=set)
    refused: int = 0
    searched: bool = False
    next_due: int | None = None
    released_due: int | None = None
