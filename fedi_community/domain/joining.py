"""Decide how people come into a group of ours: they answer its question, or bring an invitation. Pure.

An invitation is a secret: only its hash is kept, and one that does not let in (any more) is answered like one that never was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fedi_community.domain import powers, relations
from fedi_community.domain.effects import AddJob, Audit, Decision, Effect, SetGrant
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.group_effects import KeepAnswer, MakeInvitation, RevokeInvitation, UseInvitation
from fedi_community.domain.model import Grant, Joins, followers_of
from fedi_community.domain.posts import ONLY_THERE
from fedi_community.errors import NOT_FOUND, Refusal

DAY_MS: Final = 86_400_000
MAX_ANSWER: Final = 1000
"""Characters of an answer to a group's question."""
KEEP_ANSWER_DAYS: Final = 60
"""An answer that nobody read for so long is deleted; the request stays."""
MAX_INVITATIONS: Final = 100
"""Invitations of a group that let in at a time."""
MAX_USES: Final = 1000
"""People whom one invitation lets in."""
MAX_INVITATION_DAYS: Final = 90
"""So long an invitation lets in at most."""
USUAL_INVITATION_DAYS: Final = 7
MAX_NOTE: Final = 100
"""Characters of what an invitation is for."""
TOO_MANY: Final = Refusal(
    "too_many_invitations", 422, "There are too many invitations. End some of them first."
)


# --- asking ---------------------------------------------------------------------------------------------------------------


def decide_join(actor_id: int, group_id: int, answer: str, facts: Facts) -> Decision | Refusal:
    """Join, or ask to join, with the answer to the group's question. Needs 2 new ids."""
    asked = relations.decide_follow(actor_id, group_id, facts)
    if isinstance(asked, Refusal) or asked.verdict != "asked" or not answer.strip():
        return asked
    group = facts.groups.get(group_id)
    if group is None or not group.question or group.joins is not Joins.APPROVAL:
        return asked
    text = answer.strip().replace("\x00", "")
    if len(text) > MAX_ANSWER:
        return Refusal("too_long", 422, f"The answer is too long (maximum is {MAX_ANSWER} characters)")
    expires = facts.now + KEEP_ANSWER_DAYS * DAY_MS
    kept = KeepAnswer(group_id, actor_id, text, expires)
    later = AddJob(relations.EXPIRY_JOB, f"answer-{group_id}-{actor_id}-{expires}", {}, expires)
    return replace(asked, effects=(*asked.effects, kept, later))


# --- invitations ------------------------------------------------------------------------------------------------------------


def invite_needs(group_id: int, by: int | None) -> Needs:
    """What making and ending invitations looks at. by: who acts, None for those who run the server."""
    who = frozenset({by} if by is not None else ())
    return Needs(actor_ids=who | {group_id}, subjects=who, invitations_of=group_id)


def decide_invite(
    group_id: int, by: int | None, login_id: int | None, hash_: str, uses: int | None, days: int, note: str, facts: Facts
) -> Decision | Refusal:  # fmt: skip
    """Make an invitation. Needs 1 new id. uses: None for any number. days: until it ends."""
    group = facts.actors.get(group_id)
    if group is None or not group.local or not group.is_group:
        return NOT_FOUND
    denied = powers.refused(facts, by, group_id, "members")
    if denied:
        return denied
    living = [one for one in facts.invitations.values() if one.works(facts.now)]
    if len(living) >= MAX_INVITATIONS:
        return TOO_MANY
    uses = None if uses is None else max(1, min(uses, MAX_USES))
    expires = facts.now + max(1, min(days, MAX_INVITATION_DAYS)) * DAY_MS
    new_id = facts.new_ids[0]
    made = MakeInvitation(
        new_id, group_id, hash_, by or group_id, " ".join(note.split())[:MAX_NOTE], uses, expires, facts.now
    )
    logged = Audit("invitation_made", facts.now, by, login_id, group_id)
    return Decision((made, logged), new_id, "made")


def decide_revoke(
    group_id: int, invitation_id: int, by: int | None, login_id: int | None, facts: Facts
) -> Decision | Refusal:
    """End an invitation; who came in by it stays in."""
    denied = powers.refused(facts, by, group_id, "members")
    if denied:
        return denied
    found = facts.invitations.get(invitation_id)
    if found is None:
        return NOT_FOUND
    if not found.works(facts.now):
        return Decision((), group_id, "known")
    logged = Audit("invitation_ended", facts.now, by, login_id, group_id)
    return Decision((RevokeInvitation(found.id, facts.now), logged), group_id, "ended")


def enter_needs(group_id: int, actor_id: int) -> Needs:
    """What `decide_enter` looks at; the group is that of the invitation."""
    return Needs(
        actor_ids=frozenset({group_id, actor_id}), subjects=frozenset({actor_id}), invitations_of=group_id
    )


def decide_enter(group_id: int, hash_: str, actor_id: int, facts: Facts) -> Decision | Refusal:
    """A member of this server comes in by an invitation, past approval. A ban stands."""
    found = next((one for one in facts.invitations.values() if one.hash == hash_), None)
    group, actor = facts.actors.get(group_id), facts.actors.get(actor_id)
    if (
        found is None
        or not found.works(facts.now)
        or group is None
        or group.state not in ("active", "limited")
    ):
        return NOT_FOUND
    if actor is None or not actor.local or actor.is_group or actor.state not in ("active", "limited"):
        return NOT_FOUND
    if facts.blocked(group_id, actor_id):
        return NOT_FOUND
    if actor.only_in is not None and actor.only_in != group_id:
        return ONLY_THERE
    if facts.granted(actor_id, followers_of(group_id)):
        return Decision((), group_id, "known")
    if facts.unheard(actor_id, group_id):
        return relations.asked_unheard(actor, group, facts)
    effects: tuple[Effect, ...] = (
        SetGrant(actor_id, followers_of(group_id), Grant.ACCEPTED, facts.now),
        UseInvitation(found.id),
        Audit("invitation_used", facts.now, actor_id, None, group_id, None, actor_id),
    )
    return Decision(effects, group_id, "joined")
