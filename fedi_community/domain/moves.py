"""Decide about accounts that moved (FEP-7628): whose word counts, and what becomes of those who followed.

Follows go along; blocks, mutes and memberships stay where they are. A stranger can take nobody's followers: both accounts
have to name each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fedi_community.domain import relations
from fedi_community.domain.effects import Decision, Effect, Moved
from fedi_community.domain.facts import Facts, Needs
from fedi_community.errors import NOT_FOUND, Refusal

MAX_MOVED_FOLLOWERS: Final = 100
"""Followers who go along in one transaction; the next ones in the next."""
IDS_EACH: Final = 3
"""New ids for each of them: a Follow, a spare, and an Undo."""
NO_BACK_LINK: Final = Refusal("no_back_link", 403, "The two accounts do not name each other.")


def decide_move(speaker_id: int, actor_id: int, target_id: int, facts: Facts) -> Decision | Refusal:
    """An account (`actor_id`) moved to another. speaker_id: which of the two said so.

    The new one names the old one (`alsoKnownAs`). The old one says it by the Move itself, or, where the new one sent the
    Move, by naming the new one in its own document.
    """
    actor, target = facts.actors.get(actor_id), facts.actors.get(target_id)
    if actor is None or target is None or actor.id == target.id or target.state in ("suspended", "deleted"):
        return NOT_FOUND
    named_back = speaker_id == actor.id or target.uri in actor.also_known_as
    if actor.uri not in target.also_known_as or not named_back:
        return NO_BACK_LINK
    return Decision((Moved(actor.id, target.id),), target.id, "moved")


def follow_along_needs(followers: Sequence[int], old_id: int, new_id: int) -> Needs:
    """What `decide_follow_along` looks at."""
    people = frozenset(followers)
    return Needs(actor_ids=people | {old_id, new_id}, subjects=people)


def decide_follow_along(
    followers: Sequence[int], old_id: int, new_id: int, facts: Facts
) -> Decision | Refusal:
    """Members follow the new account in place of the old one. Needs `IDS_EACH` new ids for each.

    Who may not follow the new one, since a block stands between the two, stays as he is.
    """
    effects: list[Effect] = []
    for place, follower in enumerate(followers):
        ids = facts.new_ids[place * IDS_EACH : (place + 1) * IDS_EACH]
        asked = relations.decide_follow(follower, new_id, replace(facts, new_ids=ids[:2]))
        if isinstance(asked, Refusal):
            continue
        left = relations.decide_unfollow(follower, old_id, replace(facts, new_ids=ids[2:]))
        effects += asked.effects
        effects += left.effects if isinstance(left, Decision) else ()
    return Decision(tuple(effects), new_id, "followed_along")
