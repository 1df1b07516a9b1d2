"""The one way to change anything: load the facts, decide, apply the effects, all in one transaction.

A member's post, a moderator's click, a feed item and an activity from a peer are all a `Change`: what to look up, and a
pure function that says yes with effects or no with a reason. Nothing is queued, notified or sent outside the
transaction, so what was acknowledged cannot be lost. No network and no slow work happens here.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fedi_community.domain.effects import Decision, Effect
from fedi_community.domain.facts import Facts, Needs
from fedi_community.errors import Problem, Refusal
from fedi_community.ids import IdMaker
from fedi_community.storage.apply import apply
from fedi_community.storage.database import Database, Tx
from fedi_community.storage.facts import load
from fedi_community.storage.wake import Wake

T = TypeVar("T")
DRAWS = 64
"""Unforeseeable numbers that a decision about somebody's names is handed."""
Decide = Callable[[Facts], Decision | Refusal]


def wall_clock() -> int:
    """Milliseconds UTC."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class House:
    """What every room is handed: the database, the clock, the id maker, our address, and who listens after commits."""

    db: Database
    base_url: str
    ids: IdMaker = field(default_factory=IdMaker)
    clock: Callable[[], int] = wall_clock
    listeners: list[Callable[[Wake], None]] = field(default_factory=list)
    hold_first: int = 0  # first posts of a newcomer that are held (a setting)
    protected: frozenset[str] = frozenset()  # names that nobody but staff may bear, as skeletons (a setting)
    opened: dict[int, int] = field(
        default_factory=dict
    )  # threads of other servers lately opened here, and when
    voice: int = 0  # the actor in whose name peers hear of moderation (`keyring.voice`); 0: the group's own

    @property
    def host(self) -> str:
        """Authority of our address; what local handles end in."""
        return self.base_url.split("://", 1)[1]

    def woken(self, wake: Wake) -> None:
        """Tell the listeners what a commit made ready."""
        for listener in self.listeners:
            listener(wake)


@dataclass(frozen=True, slots=True)
class Change:
    """Something somebody wants to change.

    needs: what to look up. decide: pure. ids: how many new ids `decide` may use, or what says so of the facts. always:
    effects that hold whatever is decided, also with a refusal (a processed inbox row is done either way).
    """

    needs: Needs
    decide: Decide
    ids: int | Callable[[Facts], int] = 4
    always: tuple[Effect, ...] = ()


async def _facts(tx: Tx, house: House, change: Change, now: int) -> Facts:
    needs = change.needs if house.hold_first else replace(change.needs, newcomer=None)
    ids = _new_ids(house, now, change.ids) if isinstance(change.ids, int) else ()
    facts = await load(tx, needs, now, ids, house.base_url)
    if house.hold_first:
        facts = replace(facts, hold_first=house.hold_first)
    if house.protected:
        facts = replace(facts, protected=house.protected)
    if house.voice:
        facts = replace(facts, voice=house.voice)
    if needs.humans:
        facts = replace(facts, draws=tuple(secrets.randbits(48) for _ in range(DRAWS)))
    if isinstance(change.ids, int):
        return facts
    return replace(facts, new_ids=_new_ids(house, now, change.ids(facts)))


def _new_ids(house: House, now: int, count: int) -> tuple[int, ...]:
    return tuple(house.ids.next(now) for _ in range(count))


async def perform(house: House, change: Change) -> Decision | Refusal:
    """Carry out a change, durably when this returns. A refusal changes nothing but `always`."""
    now = house.clock()

    async def unit(tx: Tx) -> Decision | Refusal:
        facts = await _facts(tx, house, change, now)
        decided = change.decide(facts)
        effects = decided.effects if isinstance(decided, Decision) else ()
        wake = Wake()
        await apply(tx, (*effects, *change.always), wake)
        tx.after_commit(lambda: house.woken(wake))
        return decided

    return await house.db.write(unit)


async def perform_or_raise(house: House, change: Change) -> Decision:
    """`perform` for callers that answer a person: a refusal is raised as a `Problem`."""
    decided = await perform(house, change)
    if isinstance(decided, Refusal):
        raise Problem.of(decided)
    return decided


async def rehearse(
    house: House, change: Change, look: Callable[[Tx, Facts, Decision], Awaitable[T]]
) -> T | Refusal:
    """Decide without carrying anything out, and look at what would follow, on the same snapshot."""
    now = house.clock()

    async def unit(tx: Tx) -> T | Refusal:
        facts = await _facts(tx, house, change, now)
        decided = change.decide(facts)
        return decided if isinstance(decided, Refusal) else await look(tx, facts, decided)

    return await house.db.read(unit)


class _Undone(Exception):
    def __init__(self, decided: Decision | Refusal) -> None:
        self.decided = decided


async def explain(house: House, change: Change) -> Decision | Refusal:
    """What `perform` would do, applied and then undone."""
    now = house.clock()

    async def unit(tx: Tx) -> Decision | Refusal:
        facts = await _facts(tx, house, change, now)
        decided = change.decide(facts)
        if isinstance(decided, Decision):
            await apply(tx, decided.effects, Wake())
        raise _Undone(decided)

    try:
        return await house.db.write(unit)
    except _Undone as undone:
        return undone.decided


async def perform_all(house: House, changes: Iterable[Change]) -> list[Decision | Refusal]:
    """Several changes, each its own unit, in order."""
    return [await perform(house, change) for change in changes]
