"""Keep somebody out of a group, for a time or for good, and let him in again."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import measures, relations
from fedi_community.domain.client_effects import EndMeasures
from fedi_community.domain.effects import Audit, Decision, Effect
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.memberships import RUNS_IT
from fedi_community.domain.moderation.acts import MAX_REASON
from fedi_community.domain.moderation.announcing import say_of
from fedi_community.domain.powers import NO_POWER
from fedi_community.errors import NOT_FOUND, Refusal

IDS: Final = 4
"""New ids that `decide_ban` uses."""


def ban_needs(group_id: int, actor_id: int, target_id: int) -> Needs:
    """What `decide_ban` looks at."""
    people = frozenset({group_id, actor_id, target_id})
    return Needs(actor_ids=people, subjects=people)


def decide_ban(
    group_id: int, actor_id: int, login_id: int | None, target_id: int, on: bool, reason: str, expires: int | None, facts: Facts
) -> Decision | Refusal:  # fmt: skip
    """Those who run a group of this server keep somebody out of it, for a time or for good, or let him in again. Needs 4 new ids
    (`IDS`). Peers hear it of people of other servers alone: what our own members write passes through here.

    He is out at once, and what he wrote stays. Mentors keep out neither staff nor each other. expires: milliseconds UTC.
    """
    group, target = facts.actors.get(group_id), facts.actors.get(target_id)
    if group is None or not group.local or not facts.moderates(actor_id, group_id):
        return NOT_FOUND
    if target is None or target.is_group or target.state in ("deleted", "waiting"):
        return NOT_FOUND
    if not facts.may(actor_id, group_id, "members"):
        return NO_POWER
    staff = facts.is_staff(actor_id, group_id)
    if (
        target_id == actor_id
        or facts.is_staff(target_id, group_id)
        or (facts.moderates(target_id, group_id) and not staff)
    ):
        return RUNS_IT
    made = relations.decide_block(group_id, target_id, on, facts, expires=expires)
    if isinstance(made, Refusal):
        return made
    detail: dict[str, Any] = {"reason": reason[:MAX_REASON]} if reason else {}
    if on and expires is not None:
        detail["until"] = expires
    word = "ban" if on else "unban"
    logged = Audit(word, facts.now, actor_id, login_id, group_id, None, target_id, detail)
    told: list[Effect] = [EndMeasures(target_id, ("ban",), facts.now, group_id)]
    if on and target.local:
        telling = measures.Telling(expires=expires)
        told += measures.taken(
            facts.new_ids[2], target_id, login_id, "ban", telling, facts, group_id=group_id
        )
    if not target.local and on != ((group_id, target_id) in facts.blocks):
        how: dict[str, Any] = {} if on else {"undo": "block"}
        if expires is not None:
            how["until"] = expires
        told += say_of(
            facts, group, "Block" if on else "Undo", target, facts.new_ids[0], facts.new_ids[3], **how
        )
    return Decision((*made.effects, logged, *told), target_id, word)
