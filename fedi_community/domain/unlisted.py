"""Decide what follows when an actor of another server does not list somebody here among its followers any more (FEP-8fcf). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fedi_community.domain.effects import Decision, Effect, SetGrant
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Grant, followers_of
from fedi_community.errors import Refusal

JOB: Final = "follower_sync"
"""The kind of the job that compares."""
MAX_ENDED: Final = 100
"""Follows that end in one transaction; the next ones in the next."""


def needs(owner_id: int, followers: Iterable[int]) -> Needs:
    """followers: ids of our own, at most `MAX_ENDED`."""
    people = frozenset(followers)
    return Needs(actor_ids=people | {owner_id}, subjects=people)


def decide(owner_id: int, followers: Iterable[int], facts: Facts) -> Decision | Refusal:
    """Their follows of the owner end, as if it had said Reject: a group that does not list somebody does not let him read. Who asks
    still, goes on asking. Nobody is told: the owner knows."""
    collection = followers_of(owner_id)
    ended: list[Effect] = [
        SetGrant(one, collection, Grant.ENDED, facts.now)
        for one in followers
        if facts.granted(one, collection) and facts.actors[one].local
    ]
    return Decision(tuple(ended), owner_id, "unlisted")
