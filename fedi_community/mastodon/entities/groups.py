"""GroupSettings, GroupRunner, GroupMember, GroupRequest, GroupInvitation: our own entities around groups."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain.counts import rounded
from fedi_community.domain.facts import Invitation
from fedi_community.domain.model import POWERS, USUAL_POWERS, Group, Joins, Who
from fedi_community.domain.switch_words import words
from fedi_community.domain.switches import Said
from fedi_community.domain.views import ActorView
from fedi_community.mastodon.entities.accounts import ACCOUNT, account, moment
from fedi_community.mastodon.entities.schema import (
    BOOL,
    COUNT,
    ID,
    MOMENT,
    STR,
    URL,
    Schema,
    entity,
    extended,
    many,
    maybe,
    one_of,
    shape,
)

WORDS: Final = tuple(str(word) for word in Who)
JOINS: Final = tuple(str(how) for how in Joins)
ROLES: Final = ("none", "asked", "member", "mentor", "staff")
SWITCHES: Final[dict[str, Schema]] = {
    "finds": one_of(*WORDS), "reads": one_of(*WORDS), "posts": one_of(*WORDS), "replies": one_of(*WORDS),
    "joins": one_of(*JOINS), "question": STR,
}  # fmt: skip
GROUP: Final = entity(
    "GroupSettings", **SWITCHES, id=ID, account=ACCOUNT, members_count=COUNT, role=one_of(*ROLES),
    powers=many(one_of(*POWERS)), listed_servers=many(STR),
)  # fmt: skip
CONSEQUENCES: Final = entity(
    "GroupSwitchPreview",
    before=shape(**SWITCHES),
    after=shape(**SWITCHES),
    consequences=many(shape(key=STR, text=STR)),
)
MEMBER: Final = entity("GroupMember", account=ACCOUNT, role=one_of("member", "mentor", "staff"))
RUNNER: Final = entity(
    "GroupRunner", account=ACCOUNT, role=one_of("mentor", "staff"), powers=many(one_of(*POWERS))
)
REQUEST: Final = entity("GroupRequest", account=ACCOUNT, created_at=MOMENT, answer=STR)
INVITATION: Final = entity(
    "GroupInvitation", id=ID, note=STR, created_at=MOMENT, expires_at=MOMENT, uses_left=maybe(COUNT), used=COUNT,
    made_by=maybe(ACCOUNT), active=BOOL,
)  # fmt: skip
NEW_INVITATION: Final = extended("NewGroupInvitation", "GroupInvitation", url=URL)


def switches(group: Group) -> dict[str, str]:
    return {
        "finds": str(group.finds),
        "reads": str(group.reads),
        "posts": str(group.posts),
        "replies": str(group.replies),
        "joins": str(group.joins),
        "question": group.question,
    }


def group(group: Group, actor: ActorView, base: str, role: str, powers: frozenset[str]) -> dict[str, Any]:
    """A GroupSettings. Who runs it reads how many members there are; to everybody else it is a rounded count."""
    runs = role in ("mentor", "staff")
    return {
        **switches(group),
        "id": str(actor.id),
        "account": account(actor, base),
        "members_count": actor.followers_count if runs else rounded(actor.followers_count),
        "role": role,
        "powers": [one for one in POWERS if one in powers],
        "listed_servers": list(group.listed),
    }


def consequences(before: Group, then: Group, said: tuple[Said, ...], language: str) -> dict[str, Any]:
    """A GroupSwitchPreview."""
    texts = words(said, language)
    return {
        "before": switches(before),
        "after": switches(then),
        "consequences": [{"key": one.key, "text": text} for one, text in zip(said, texts, strict=True)],
    }


def runner(actor: ActorView, base: str, role: str, powers: frozenset[str] | None) -> dict[str, Any]:
    """A GroupRunner. powers: None for the usual ones."""
    held = frozenset(POWERS) if role == "staff" else USUAL_POWERS if powers is None else powers
    return {
        "account": account(actor, base),
        "role": role,
        "powers": [one for one in POWERS if one in held],
    }


def invitation(one: Invitation, base: str, by: ActorView | None, now: int) -> dict[str, Any]:
    """A GroupInvitation; its secret is told once, to who makes it."""
    return {
        "id": str(one.id),
        "note": one.note,
        "created_at": moment(one.created),
        "expires_at": moment(one.expires),
        "uses_left": one.uses_left,
        "used": one.used,
        "made_by": None if by is None else account(by, base),
        "active": one.works(now),
    }
