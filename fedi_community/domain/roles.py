"""Decide who runs a group: its staff, and its mentors with the powers that staff chose. Pure.

Ending a role ends at once what went with it: the grant (and so sight), and for staff the right to speak as the group with all
tokens that do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from fedi_community.domain.effects import Audit, Decision, Effect, MaySpeak, Notify, SetGrant, SetPowers
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.memberships import HOST_NOT_ALLOWED, NO_MEMBER
from fedi_community.domain.model import POWERS, USUAL_POWERS, Grant, followers_of, mentors_of, staff_of
from fedi_community.domain.moderation.announcing import say_of
from fedi_community.errors import NOT_FOUND, Refusal

UNKNOWN_POWER: Final = Refusal(
    "unknown_power", 422, f"There is no such power. Powers are: {', '.join(POWERS)}."
)
STAFF_ONLY: Final = Refusal("staff_only", 403, "Only the staff of this group can do this.")

KEPT_OUT: Final = Refusal("kept_out", 422, "This person is kept out of the group. End that first.")

Role = Literal["staff", "mentor"]
IDS: Final = 2
"""New ids that `decide_role` uses."""


def role_needs(group_id: int, actor_id: int, handle: str, by: int | None = None) -> Needs:
    """What `decide_role` looks at. handle: of the actor; with it comes his log-in. by: who acts, None for those who run the
    server."""
    people = frozenset({actor_id} | ({by} if by is not None else set()))
    return Needs(actor_ids=people | {group_id}, handles=frozenset({(handle, "")}), subjects=people)


def decide_role(
    group_id: int, actor_id: int, role: Role, on: bool, facts: Facts, *, powers: Iterable[str] | None = None,
    by: int | None = None, login_id: int | None = None,
) -> Decision | Refusal:  # fmt: skip
    """Make somebody staff or mentor of a local group, change a mentor's powers, or end it. Needs 2 new ids (`IDS`): peers hear who
    runs the group.

    powers: of a mentor, None for the usual ones. by: who acts; None for those who run the server, who alone make staff.
    """
    group, actor = facts.actors.get(group_id), facts.actors.get(actor_id)
    if group is None or not group.local or not group.is_group:
        return NO_MEMBER
    if by is not None and not facts.is_staff(by, group.id):
        return STAFF_ONLY if facts.moderates(by, group.id) else NOT_FOUND
    if actor is None or actor.is_group or actor.state in ("deleted", "waiting"):
        return NO_MEMBER
    if by is not None and role == "staff":
        return STAFF_ONLY
    if on and not facts.admits(actor, group.id):
        return HOST_NOT_ALLOWED
    if on and (group.id, actor.id) in facts.blocks:
        return KEPT_OUT
    chosen = None if powers is None else frozenset(powers)
    if chosen is not None and not chosen <= frozenset(POWERS):
        return UNKNOWN_POWER
    collection = staff_of(group.id) if role == "staff" else mentors_of(group.id)
    before = facts.granted(actor.id, collection)
    if not on and not before:
        return Decision((), group.id, "known")
    effects: list[Effect] = [SetGrant(actor.id, collection, Grant.ACCEPTED if on else Grant.ENDED, facts.now)]
    if on and role == "mentor":
        kept = None if chosen is None or chosen == USUAL_POWERS else tuple(sorted(chosen))
        effects.append(SetPowers(actor.id, group.id, kept))
    if on and not facts.granted(actor.id, followers_of(group.id)):
        effects.append(SetGrant(actor.id, followers_of(group.id), Grant.ACCEPTED, facts.now))
    login = facts.login_of.get(actor.id)
    if role == "staff" and on and login is not None:  # it ends with the grant
        effects.append(MaySpeak(login, group.id, "staff", True, facts.now))
    other = mentors_of(group.id) if role == "staff" else staff_of(group.id)
    if on != before and not facts.granted(actor.id, other):  # else he is among its moderators as before
        said = "Add" if on else "Remove"
        effects += say_of(facts, group, said, actor, *facts.new_ids[:2], collection="moderators")
    if on != before and actor.local and actor.id != by and (on or not facts.granted(actor.id, other)):
        kind = f"group_{role}" if on else "group_role_ended"
        effects.append(Notify(actor.id, kind, group.id, facts.now, anew=True))
    word = f"{role}_{'removed' if not on else 'changed' if before else 'added'}"
    detail = {"powers": sorted(chosen)} if on and chosen is not None else {}
    effects.append(Audit(word, facts.now, by, login_id, group.id, None, actor.id, detail))
    return Decision(tuple(effects), group.id, "changed")
