"""Decide about a group's switches: who finds, reads, posts, replies, and how one joins; what follows is said first. Pure.

Tightening *reads* edits the group's gates, so that it holds at the next request for what was written before, too; opening makes a
new gate, for later discussions only. A gate is one row: no post is rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from fedi_community.domain import addresses, powers, profiles
from fedi_community.domain.effects import (
    Audit,
    ChangeGroup,
    Decision,
    Effect,
    EndRemoteGrants,
    KeepToMembers,
    Record,
    SetProfile,
    TellEach,
    TightenGates,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import WIDTH, Group, Joins, Who
from fedi_community.errors import Refusal

NO_GROUP: Final = Refusal("not_found", 404, "There is no such group.")
MAX_QUESTION: Final = 500
"""Characters of what who asks to join is asked."""
READS_WIDER: Final = Refusal(
    "reads_wider_than_finds",
    422,
    "Who reads a group must be able to find it: widen “finds” or narrow “reads”.",
)
WRITES_WIDER: Final = Refusal(
    "writes_wider_than_reads",
    422,
    "Who writes in a group must be able to read it: narrow “posts” and “replies”.",
)
HIDDEN_JOINS: Final = Refusal(
    "hidden_joins",
    422,
    "Nobody can ask to join a group that he cannot find: a hidden group is joined by invitation.",
)
NO_QUESTION: Final = Refusal(
    "question_without_approval",
    422,
    "A question is asked of those whom somebody answers: choose joining by approval.",
)
HIDDEN: Final = (Who.MEMBERS, Who.MENTORS, Who.STAFF)
"""The words of *finds* with which nobody from outside finds a group."""

RUN_IT: Final = (Who.MENTORS, Who.STAFF)
"""The words of *reads* that leave members nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to change; None: as it is. question: "" for none."""

    finds: Who | None = None
    reads: Who | None = None
    posts: Who | None = None
    replies: Who | None = None
    joins: Joins | None = None
    question: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of what follows: its key in `switch_words`, and what is filled in (a switch's word)."""

    key: str
    who: Who | None = None


def refused(reads: Who, posts: Who, replies: Who, finds: Who) -> Refusal | None:
    """Nobody may write where he cannot read, and nobody reads what he cannot find."""
    if WIDTH[reads] > WIDTH[finds]:
        return READS_WIDER
    for word in (posts, replies):
        if WIDTH[word] > WIDTH[reads] and reads is not Who.EVERYONE:
            return WRITES_WIDER
    return None


def needs(group_id: int, by: int | None, asked: Asked | None = None) -> Needs:
    """What `decide_change` looks at. by: who acts, None for those who run the server."""
    who = frozenset({by} if by is not None else ())
    whose = "**" if asked is not None and asked.reads in RUN_IT else "*"
    return Needs(actor_ids=who | {group_id}, subjects=who, host_members=(whose, group_id))


def ids(facts: Facts) -> int:
    """How many new ids `decide_change` needs: a gate, the Update, and a Reject for each member elsewhere."""
    return 2 + len(facts.host_members)


def after(group: Group, asked: Asked) -> Group | Refusal:
    """The switches as they would be. Who writes is narrowed with who reads, where nothing was asked about it."""
    reads, finds = asked.reads or group.reads, asked.finds or group.finds
    joins = asked.joins or group.joins
    if asked.joins is None and finds in HIDDEN:
        joins = Joins.INVITE
    narrowed = [
        mine if mine is not None else old if WIDTH[old] <= WIDTH[reads] else reads
        for mine, old in ((asked.posts, group.posts), (asked.replies, group.replies))
    ]
    posts, replies = narrowed
    denied = refused(reads, posts, replies, finds)
    if denied:
        return denied
    if finds in HIDDEN and joins is not Joins.INVITE:
        return HIDDEN_JOINS
    question = group.question if asked.question is None else " ".join(asked.question.split())
    if len(question) > MAX_QUESTION:
        return Refusal("too_long", 422, f"The question is too long (maximum is {MAX_QUESTION} characters)")
    if question and joins is not Joins.APPROVAL:
        if asked.question:
            return NO_QUESTION
        question = ""
    return replace(
        group, finds=finds, reads=reads, posts=posts, replies=replies, joins=joins, question=question
    )


def tightens(before: Group, then: Group) -> bool:
    return WIDTH[then.reads] < WIDTH[before.reads]


def widens(before: Group, then: Group) -> bool:
    return WIDTH[then.reads] > WIDTH[before.reads]


def consequences(before: Group, then: Group) -> tuple[Said, ...]:
    """What follows from a change, in the order in which somebody wants to know it."""
    said: list[Said] = []
    if tightens(before, then):
        said.append(Said("reads_narrower", then.reads))
        if not before.gated:
            said += [Said("copies_stay"), Said("elsewhere_leave")]
    if widens(before, then):
        old = "reads_wider_members" if before.reads is Who.MEMBERS else "reads_wider_old"
        said += [Said("reads_wider", then.reads), Said(old, before.reads)]
    if then.finds is not before.finds:
        said.append(
            Said("finds_wider" if WIDTH[then.finds] > WIDTH[before.finds] else "finds_narrower", then.finds)
        )
    for key, old, new in (("posts", before.posts, then.posts), ("replies", before.replies, then.replies)):
        if new is not old:
            said.append(Said(key, new))
    if then.joins is not before.joins:
        said.append(Said(f"joins_{then.joins.value}"))
        if before.joins is Joins.APPROVAL:
            said.append(Said("requests_stay"))
    if then.joins is Joins.OPEN and then.gated and (before.joins is not Joins.OPEN or not before.gated):
        said.append(Said("open_door"))
    if then.question != before.question:
        said.append(Said("question_asked" if then.question else "question_gone"))
    return tuple(said) or (Said("nothing"),)


def decide_change(
    group_id: int, by: int | None, login_id: int | None, asked: Asked, facts: Facts
) -> Decision | Refusal:
    """Change a group's switches. by: staff, a mentor with the power `settings`, the group itself; None for those who run the
    server."""
    group, actor = facts.groups.get(group_id), facts.actors.get(group_id)
    if group is None or actor is None or not actor.local:
        return NO_GROUP
    denied = powers.refused(facts, by, group_id, "settings")
    if denied:
        return denied
    then = after(group, asked)
    if isinstance(then, Refusal):
        return then
    if then == group:
        return Decision((), group_id, "known")
    gate_id = facts.new_ids[0]
    effects: list[Effect] = []
    if tightens(group, then):
        effects.append(TightenGates(group_id, then.reads))
    if widens(group, then):
        effects.append(KeepToMembers(group_id, facts.now))
        then = replace(then, gate_id=gate_id)
    effects.append(ChangeGroup(then, facts.now))
    if then.gated and (not group.gated or (tightens(group, then) and then.reads in RUN_IT)):
        effects += _out(then, facts)
    shown = {"locked": int(locked(then)), "discoverable": int(then.finds is Who.EVERYONE)}
    effects.append(SetProfile(group_id, shown, facts.now))
    effects += profiles.tell(group_id, replace(facts, new_ids=facts.new_ids[1:2]))
    effects.append(Audit("switches_changed", facts.now, by, login_id, group_id, detail=_told(group, then)))
    return Decision(tuple(effects), group_id, "changed")


def locked(group: Group) -> bool:
    """Clients show that one is let in here rather than joins."""
    return group.gated or group.joins is not Joins.OPEN


def _out(group: Group, facts: Facts) -> list[Effect]:
    """A group that not everyone reads stays on this server and on the listed ones: who is elsewhere leaves it, and is told.
    Where members read nothing any more, all of them who are elsewhere leave it: a copy there is hidden by nothing else."""
    records = tuple(
        Record(new_id, addresses.activity(facts.base_url, new_id), "Reject", group.id, facts.now, None, actor_id, follow)
        for new_id, (actor_id, follow) in zip(facts.new_ids[2:], facts.host_members.items(), strict=False)
    )  # fmt: skip
    return [EndRemoteGrants(group.id, facts.now, group.reads in RUN_IT), TellEach(records, facts.now)]


def _told(before: Group, then: Group) -> dict[str, Any]:
    names = ("finds", "reads", "posts", "replies", "joins")
    pairs = {n: (str(getattr(before, n)), str(getattr(then, n))) for n in names}
    return {n: f"{old} → {new}" for n, (old, new) in pairs.items() if old != new}
