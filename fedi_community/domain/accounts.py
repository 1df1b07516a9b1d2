"""Decide about accounts: new members and groups, suspension. Who is in a group: `memberships`; who runs it: `roles`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from fedi_community.domain import addresses, impersonation, switches
from fedi_community.domain.effects import (
    Audit,
    Decision,
    Effect,
    MakeActor,
    MakeGroup,
    MakeLogin,
    MaySpeak,
    SetGrant,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import WIDTH, Grant, Group, Joins, Who, followers_of, staff_of
from fedi_community.errors import Refusal

BAD_HANDLE: Final = Refusal(
    "bad_handle",
    422,
    "A name has 1 to 30 small letters, digits, “-” or “_”, and begins and ends with a letter or digit.",
)
TAKEN: Final = Refusal("taken", 422, "This name is taken, or was once. Please choose another.")
BAD_EMAIL: Final = Refusal("bad_email", 422, "This is no e-mail address.")
EMAIL_TAKEN: Final = Refusal("email_taken", 422, "There is an account with this e-mail address already.")
EMAIL: Final = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}")
RESERVED: Final = frozenset(
    [
        "about",
        "actor",
        "admin",
        "administrator",
        "api",
        "auth",
        "es",
        "en",
        "everyone",
        "help",
        "here",
        "inbox",
        "instance",
        "login",
        "media",
        "metrics",
        "moderator",
        "nobody",
        "nodeinfo",
        "oauth",
        "objects",
        "privacy",
        "root",
        "rules",
        "search",
        "security",
        "server",
        "settings",
        "signup",
        "staff",
        "support",
        "system",
    ]
)


@dataclass(frozen=True, slots=True)
class NewMember:
    """password: an argon2 hash. type: Person, or Service for a newsroom or bot."""

    handle: str
    email: str
    password: str
    role: Literal["member", "staff", "admin"] = "member"
    name: str = ""
    summary: str = ""
    language: str = "en"
    type: str = "Person"
    sample: bool = False
    state: str = "active"

    def needs(self) -> Needs:
        return Needs(new_handles=frozenset({self.handle}), emails=frozenset({self.email.lower()}))


def name_refused(handle: str, facts: Facts) -> Refusal | None:
    if not addresses.HANDLE.fullmatch(handle) or handle in RESERVED:
        return BAD_HANDLE if handle not in RESERVED else TAKEN
    return TAKEN if handle in facts.taken_handles else None


def decide_new_member(asked: NewMember, facts: Facts) -> Decision | Refusal:
    """A login and its actor. Needs 2 new ids. result: the actor's id."""
    refused = name_refused(asked.handle, facts)
    if refused:
        return refused
    if asked.role == "member" and asked.type == "Person":
        refused = impersonation.refused_name(asked.handle, facts) or impersonation.refused_name(
            asked.name, facts
        )
        if refused:
            return refused
    email = asked.email.lower()
    if not EMAIL.fullmatch(email):
        return BAD_EMAIL
    if email in facts.logins:
        return EMAIL_TAKEN
    actor_id, login_id = facts.new_ids[:2]
    uri = addresses.actor(facts.base_url, asked.type, asked.handle)
    effects: tuple[Effect, ...] = (
        MakeActor(actor_id, uri, asked.type, asked.handle, facts.now, asked.name, asked.summary, asked.language,
                  sample=asked.sample),
        MakeLogin(login_id, email, asked.password, asked.role, asked.language, facts.now, asked.state),
        MaySpeak(login_id, actor_id, "self", True, facts.now),
        Audit("member_created", facts.now, None, login_id, target_id=actor_id),
    )  # fmt: skip
    return Decision(effects, actor_id, "created")


@dataclass(frozen=True, slots=True)
class NewGroup:
    """The five switches and what people read about the group."""

    handle: str
    name: str
    summary: str = ""
    language: str | None = None
    finds: Who = Who.EVERYONE
    reads: Who = Who.EVERYONE
    posts: Who = Who.MEMBERS
    replies: Who = Who.EVERYONE
    joins: Joins = Joins.OPEN
    boosts: Literal["passed", "all", "none"] = "passed"
    sample: bool = False
    question: str = ""
    by: tuple[int, int] | None = None  # (actor, log-in) who makes it and is its staff

    def needs(self) -> Needs:
        return Needs(
            new_handles=frozenset({self.handle}), actor_ids=frozenset({self.by[0]} if self.by else ())
        )


def decide_new_group(asked: NewGroup, facts: Facts) -> Decision | Refusal:
    """A group actor with its switches. Needs 2 new ids. result: the group's id."""
    refused = name_refused(asked.handle, facts)
    if refused:
        return refused
    replies = asked.replies if WIDTH[asked.replies] <= WIDTH[asked.reads] else asked.reads
    posts = asked.posts if WIDTH[asked.posts] <= WIDTH[asked.reads] else asked.reads
    refused = switches.refused(asked.reads, posts, replies, asked.finds)
    if refused:
        return refused
    group_id, gate_id = facts.new_ids[:2]
    uri = addresses.actor(facts.base_url, "Group", asked.handle)
    joins = Joins.INVITE if asked.finds in switches.HIDDEN else asked.joins
    group = Group(
        group_id, asked.finds, asked.reads, posts, replies, joins, gate_id, asked.boosts, language=asked.language,
        question=asked.question if joins is Joins.APPROVAL else "",
    )  # fmt: skip
    actor, login = asked.by or (None, None)
    effects: tuple[Effect, ...] = (
        MakeActor(group_id, uri, "Group", asked.handle, facts.now, asked.name, asked.summary, asked.language,
                  locked=switches.locked(group), discoverable=asked.finds is Who.EVERYONE,
                  sample=asked.sample),
        MakeGroup(group, facts.now),
        *_first_staff(asked.by, group_id, facts.now),
        Audit("group_created", facts.now, actor, login, group_id),
    )  # fmt: skip
    return Decision(effects, group_id, "created")


def _first_staff(by: tuple[int, int] | None, group_id: int, now: int) -> list[Effect]:
    """Who makes a group is in it, runs it and speaks as it."""
    if by is None:
        return []
    actor, login = by
    return [
        SetGrant(actor, followers_of(group_id), Grant.ACCEPTED, now),
        SetGrant(actor, staff_of(group_id), Grant.ACCEPTED, now),
        MaySpeak(login, group_id, "staff", True, now),
    ]
