"""What becomes of a human becomes of all his names, each at a time of its own. And how an actor of ours departs.

Two names that vanish in one minute are one human's to everybody who watches; so nothing here happens to two of them at once.
"""

from __future__ import annotations

from typing import Final

from fedi_community.domain import addresses
from fedi_community.domain.effects import (
    AddJob,
    Effect,
    MarkActor,
    Record,
    RememberGone,
    Send,
)
from fedi_community.domain.facts import Facts, Login, Persona
from fedi_community.domain.model import Actor

SOONEST_MS: Final = 6 * 3_600_000
SPREAD_MS: Final = 7 * 86_400_000
"""What ends one of somebody's names comes to the others within so long, `SOONEST_MS` later at the earliest."""
FOLLOW_JOB: Final = "persona"
"""The kind of job that lets an actor follow what became of its human."""


def living(login: Login) -> tuple[Persona, ...]:
    """Somebody's other names that were not ended."""
    return tuple(p for p in login.personas if p.state != "deleted")


def departed(facts: Facts, actor: Actor, activity_id: int) -> tuple[Effect, ...]:
    """An actor of ours is no more, and every server that may know it is told (Delete, ActivityPub section 7.4)."""
    if actor.state == "deleted":
        return ()
    uri = addresses.activity(facts.base_url, activity_id)
    return (
        Record(activity_id, uri, "Delete", actor.id, facts.now),
        Send(activity_id, "retraction", facts.now),
        RememberGone(actor.uri, actor.uri, facts.now),
        MarkActor(actor, "deleted", facts.now),
    )


def followed_by_names(facts: Facts, actor_id: int) -> tuple[Effect, ...]:
    """After a human's log-in was suspended, revived or erased by one of his names: the others follow, each at a time of its
    own, which nobody can foresee. Asked of with `Needs(humans=True)`."""
    login = facts.human(actor_id)
    if login is None:
        return ()
    others = [p.id for p in living(login) if p.id != actor_id]
    if login.own is not None and login.own != actor_id and login.personas:
        others.append(login.own)
    return tuple(
        AddJob(FOLLOW_JOB, f"{i}-{facts.now}", {"actor": i}, facts.now + SOONEST_MS + draw % SPREAD_MS)
        for i, draw in zip(others, facts.draws, strict=False)
    )
