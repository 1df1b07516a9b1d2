"""Decide about badges: what those who run this server say of somebody, with their name: "Mayo Clinic says: clinician". Pure.

A badge comes from a grant alone, so that nobody can say it of himself: fields and names that look like one are refused
(`impersonation`), and what other servers call a badge is shown as any field of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fedi_community.domain import profiles
from fedi_community.domain.effects import Audit, Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.group_effects import AllowName, GrantBadge, RevokeBadge
from fedi_community.errors import NOT_FOUND, Refusal

MAX_BADGES: Final = 5
"""Badges that somebody has at a time."""
MAX_LABEL: Final = 60
"""Characters of a badge."""
NO_LABEL: Final = Refusal("bad_label", 422, f"A badge says something, in at most {MAX_LABEL} characters.")
NOT_HERE: Final = Refusal("not_here", 422, "Badges are for members of this server.")
TOO_MANY: Final = Refusal("too_many_badges", 422, "This member has as many badges as somebody may have.")


@dataclass(frozen=True, slots=True)
class By:
    """Who grants: actor and log-in, None on the command line."""

    actor_id: int | None = None
    login_id: int | None = None


def decide_grant(
    actor_id: int, label: str, issuer: str, held: int, by: By, facts: Facts
) -> Decision | Refusal:
    """Say something of a member. Needs 2 new ids. held: how many badges he has."""
    actor = facts.actors.get(actor_id)
    if actor is None or actor.state in ("deleted", "waiting"):
        return NOT_FOUND
    if not actor.local or actor.is_group:
        return NOT_HERE
    words = " ".join(label.split())
    if not words or len(words) > MAX_LABEL:
        return NO_LABEL
    if held >= MAX_BADGES:
        return TOO_MANY
    made = GrantBadge(facts.new_ids[0], actor_id, words, issuer, by.login_id, facts.now)
    logged = Audit(
        "badge_granted", facts.now, by.actor_id, by.login_id, None, None, actor_id, {"badge": words}
    )
    told = profiles.tell(actor_id, replace(facts, new_ids=facts.new_ids[1:]))
    return Decision((made, *told, logged), facts.new_ids[0], "granted")


def decide_revoke(actor_id: int, badge_id: int, by: By, facts: Facts) -> Decision | Refusal:
    """It is said no longer. Needs 1 new id."""
    if actor_id not in facts.actors:
        return NOT_FOUND
    logged = Audit("badge_revoked", facts.now, by.actor_id, by.login_id, None, None, actor_id)
    ended = RevokeBadge(badge_id, actor_id, facts.now)
    return Decision((ended, *profiles.tell(actor_id, facts), logged), actor_id, "revoked")


def decide_allow_name(actor_id: int, allow: bool, by: By, facts: Facts) -> Decision | Refusal:
    """Staff let a name that claims be shown, or no longer."""
    actor = facts.actors.get(actor_id)
    if actor is None or actor.local:
        return NOT_FOUND
    word = "name_allowed" if allow else "name_held"
    logged = Audit(word, facts.now, by.actor_id, by.login_id, None, None, actor_id)
    return Decision((AllowName(actor_id, allow), logged), actor_id, word)
