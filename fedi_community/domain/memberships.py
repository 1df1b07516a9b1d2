"""Decide who is in a group of ours, and what other servers may have to do with us: those who run them say so.

Asking to join is `relations.decide_follow`. Here are the answers, adding and removing, the hosts that a gated group admits,
and how this server stands to a host. What ends somebody's sight ends the grant itself, so that the one rule stays the one
place.
"""

from __future__ import annotations

from dataclasses import replace

from fedi_community.domain import addresses, powers, relations, softwares
from fedi_community.domain.effects import (
    Audit,
    ChangeGroup,
    Decision,
    Effect,
    EndHostGrants,
    Notify,
    Record,
    SetGrant,
    SetHost,
    TellEach,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Grant, followers_of, mentors_of, staff_of
from fedi_community.domain.moderation.announcing import say_of
from fedi_community.domain.stands import HostState
from fedi_community.errors import Refusal

NO_MEMBER = Refusal("not_found", 404, "There is no such group or member.")
NOT_ASKED = Refusal("not_asked", 422, "This person has not asked to join, or has been answered already.")
NOT_INSIDE = Refusal("not_inside", 422, "This person is not in the group.")
HOST_NOT_ALLOWED = Refusal(
    "host_not_allowed",
    422,
    "Not everybody reads this group, so it stays on this server. First allow the other one: group peers HANDLE allow HOST",
)

RUNS_IT = Refusal(
    "runs_the_group", 403, "Somebody who runs the group cannot be kept out of it. Staff end the role first."
)


def between(group_id: int, actor_id: int, moderator_id: int | None = None) -> Needs:
    """What is looked up for one person and one group; `moderator_id`: who acts, None for those who run the server."""
    people = {actor_id} | ({moderator_id} if moderator_id is not None else set())
    return Needs(actor_ids=frozenset({group_id, *people}), subjects=frozenset(people))


def _both(facts: Facts, group_id: int, actor_id: int) -> tuple[Actor, Actor] | Refusal:
    group, actor = facts.actors.get(group_id), facts.actors.get(actor_id)
    if group is None or actor is None or not group.local or not group.is_group or group.id == actor.id:
        return NO_MEMBER
    return group, actor


def decide_request(
    group_id: int, moderator_id: int | None, asker_id: int, accept: bool, facts: Facts
) -> Decision | Refusal:
    """Let in one who asked, or refuse. Needs 1 new id. moderator_id: None for those who run the server; to anybody who
    does not run the group, there is nothing to answer."""
    both = _both(facts, group_id, asker_id)
    if isinstance(both, Refusal):
        return both
    group, asker = both
    denied = powers.refused(facts, moderator_id, group.id, "members")
    if denied:
        return denied
    if facts.grants.get((asker.id, followers_of(group.id))) is not Grant.ASKED:
        return NOT_ASKED
    if accept and not facts.admits(asker, group.id):
        return HOST_NOT_ALLOWED
    answered = relations.decide_answer(group.id, asker.id, accept, facts)
    if isinstance(answered, Refusal):
        return answered
    word = "accepted" if accept else "refused"
    effects: list[Effect] = [*answered.effects, _logged(f"request_{word}", facts, group, asker, moderator_id)]
    if asker.local:
        effects.append(Notify(asker.id, f"group_{word}", group.id, facts.now))
    return Decision(tuple(effects), group.id, word)


def decide_membership(group_id: int, actor_id: int, facts: Facts) -> Decision | Refusal:
    """Those who run the server put somebody into a group, past invitation and approval. Needs 1 new id. Somebody of
    another server is invited by it: the Follow that comes from there is accepted then."""
    both = _both(facts, group_id, actor_id)
    if isinstance(both, Refusal) or facts.blocked(group_id, actor_id):
        return NO_MEMBER
    group, actor = both
    if not facts.admits(actor, group.id):
        return HOST_NOT_ALLOWED
    held = facts.grants.get((actor.id, followers_of(group.id)))
    if held is Grant.ACCEPTED:
        return Decision((), group.id, "known")
    if held is Grant.ASKED:
        return decide_request(group.id, None, actor.id, True, facts)
    joined = SetGrant(actor.id, followers_of(group.id), Grant.ACCEPTED, facts.now)
    told = [Notify(actor.id, "group_accepted", group.id, facts.now)] if actor.local else []
    return Decision((joined, *told, _logged("member_added", facts, group, actor)), group.id, "joined")


def decide_leave(actor_id: int, target_id: int, facts: Facts, uri: str | None = None) -> Decision | Refusal:
    """End following somebody, or leave a group; who ran it runs it no longer, which its log and its peers are told. Needs 2 new
    ids. uri: of the Follow that a peer takes back."""
    left = relations.decide_unfollow(actor_id, target_id, facts, uri)
    if isinstance(left, Refusal) or not left.effects:
        return left
    group, actor = facts.actors[target_id], facts.actors[actor_id]
    ended = roles_ended(facts, group, actor, actor_id, facts.new_ids[:2]) if group.local else []
    return replace(left, effects=(*left.effects, *ended))


def roles_ended(
    facts: Facts, group: Actor, actor: Actor, by: int | None, new_ids: tuple[int, ...]
) -> list[Effect]:
    """What is told when somebody who may run the group is not in it any more. Needs 2 new ids, where he did."""
    held = [
        role
        for role, collection in (("staff", staff_of), ("mentor", mentors_of))
        if group.is_group and facts.granted(actor.id, collection(group.id))
    ]
    if not held:
        return []
    return [
        *say_of(facts, group, "Remove", actor, *new_ids, collection="moderators"),
        *(_logged(f"{role}_removed", facts, group, actor, by) for role in held),
    ]


def decide_removal(
    group_id: int, actor_id: int, facts: Facts, moderator_id: int | None = None
) -> Decision | Refusal:
    """Take somebody out of a group, whatever he is in it. Needs 3 new ids. He may ask to join again; a ban is a block."""
    both = _both(facts, group_id, actor_id)
    if isinstance(both, Refusal):
        return both
    group, actor = both
    denied = powers.refused(facts, moderator_id, group.id, "members")
    if denied:
        return denied
    if moderator_id is not None and moderator_id != actor.id and facts.moderates(actor.id, group.id):
        return RUNS_IT  # staff end the role first
    held = {
        c: state
        for c in (followers_of(group.id), mentors_of(group.id), staff_of(group.id))
        if (state := facts.grants.get((actor.id, c))) in (Grant.ASKED, Grant.ACCEPTED)
    }
    if not held:
        return NOT_INSIDE
    if followers_of(group.id) in held:
        ended = relations.decide_answer(group.id, actor.id, False, facts)
        effects: list[Effect] = [] if isinstance(ended, Refusal) else [*ended.effects]
    else:
        effects = []
    effects += [SetGrant(actor.id, c, Grant.ENDED, facts.now) for c in held if c != followers_of(group.id)]
    effects += roles_ended(facts, group, actor, moderator_id, facts.new_ids[1:3])
    logged = _logged("member_removed", facts, group, actor, moderator_id)
    return Decision((*effects, logged), group.id, "removed")


def _logged(action: str, facts: Facts, group: Actor, actor: Actor, by: int | None = None) -> Audit:
    return Audit(action, facts.now, by, group_id=group.id, target_id=actor.id)


# --- hosts ------------------------------------------------------------------------------------------------------------------


def peers_needs(group_id: int, host: str) -> Needs:
    """What `decide_peers` looks at."""
    return Needs(actor_ids=frozenset({group_id}), host_members=(host, group_id))


def peers_ids(facts: Facts) -> int:
    """How many new ids `decide_peers` needs: a Reject for each member that it may turn away."""
    return len(facts.host_members)


def decide_peers(
    group_id: int, host: str, allow: bool, facts: Facts, software: str = ""
) -> Decision | Refusal:
    """Which hosts may hold a gated group's approved members; not one whose software (what it says it runs, "" for unknown) would
    show the posts to others. Denying one ends the grants of all its people in the group, of whatever kind, at once, also where it
    was never allowed; each who followed is told (Reject)."""
    group = facts.groups.get(group_id)
    if group is None:
        return Refusal("not_found", 404, "There is no such group.")
    if allow and softwares.keeps(software) == "nothing":
        return softwares.UNFIT
    peers = group.peers | {host} if allow else group.peers - {host}
    effects: list[Effect] = [ChangeGroup(replace(group, peers=peers), facts.now)]
    if not allow and group.gated:
        effects += [
            EndHostGrants(host, facts.now, group_id),
            TellEach(_rejections(group_id, facts), facts.now),
        ]
    word = "allowed" if allow else "denied"
    logged = Audit(f"peer_{word}", facts.now, group_id=group_id, detail={"host": host})
    return Decision((*effects, logged), group_id, "changed")


def _rejections(group_id: int, facts: Facts) -> tuple[Record, ...]:
    return tuple(
        Record(new_id, addresses.activity(facts.base_url, new_id), "Reject", group_id, facts.now, None, actor_id, follow)
        for new_id, (actor_id, follow) in zip(facts.new_ids, facts.host_members.items(), strict=False)
    )  # fmt: skip


def decide_host(
    host: str,
    facts: Facts,
    *,
    state: HostState | None = None,
    listed: bool | None = None,
    login_id: int | None = None,
) -> Decision | Refusal:
    """How this server stands to a host; see `hosts` for more than that. Suspending it ends whatever its people were granted here;
    they are not told, since nothing goes to a suspended host, and have to follow again when it is lifted."""
    judged = SetHost(host, state, listed, facts.now)
    if state == "ok":  # the block ends, whatever it was
        judged = replace(judged, reject_media=False, reject_reports=False, obfuscate=False)
    effects: list[Effect] = [judged]
    if state == "suspended":
        effects.append(EndHostGrants(host, facts.now))
    words = [f"host_{state}"] if state else []
    if listed is not None:
        words.append("host_listed" if listed else "host_unlisted")
    effects += [Audit(word, facts.now, None, login_id, detail={"host": host}) for word in words]
    return Decision(tuple(effects), None, "changed")
