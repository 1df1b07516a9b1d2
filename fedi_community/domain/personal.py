"""Decide what somebody keeps for himself: mutes, notes, endorsements, hosts he avoids, lists, tags, how far he has read.

None of it leaves this server, but that a host which is avoided loses its followers here.
"""

from __future__ import annotations

import re
from typing import Any, Final

from fedi_community.domain import addresses
from fedi_community.domain.client_effects import (
    DismissSuggestion,
    DropList,
    Endorse,
    FeatureTag,
    FollowTag,
    SaveList,
    SetDomainBlock,
    SetFollowSettings,
    SetListMembers,
    SetMarker,
    SetMute,
    SetNote,
)
from fedi_community.domain.effects import AddJob, Decision, Effect, EndHostGrants, Record, TellEach
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Grant, followers_of
from fedi_community.domain.relations import EXPIRY_JOB
from fedi_community.errors import NOT_FOUND, Refusal

MAX_CIRCLE: Final = 500
"""People of a circle who are written to."""
MAX_LISTS: Final = 50
MAX_TITLE: Final = 200
"""Characters of a list's title."""
MAX_NOTE: Final = 2000
"""Characters of a note on an account."""
MAX_FEATURED: Final = 10
"""Hashtags on a profile."""
MAX_FOLLOWED_TAGS: Final = 500
MAX_ENDORSED: Final = 50
MAX_DOMAIN_BLOCKS: Final = 1000
"""Hosts that one member may avoid."""
POLICIES: Final = ("followed", "list", "none")
TAG: Final = re.compile(r"\w*[^\W\d]\w*")
MAX_TAG: Final = 100
"""Characters of a hashtag that is followed or featured."""
BAD_TITLE: Final = Refusal(
    "list_title", 422, f"Validation failed: Title must have 1 to {MAX_TITLE} characters"
)
TOO_MANY_LISTS: Final = Refusal(
    "list_limit", 422, "Validation failed: You have reached the maximum number of lists"
)
NOT_FOLLOWED: Final = Refusal("not_followed", 404, "You need to follow this account first")
MUST_FOLLOW: Final = Refusal(
    "must_follow", 422, "Validation failed: You must be already following the person you want to endorse"
)
NOTE_TOO_LONG: Final = Refusal(
    "note_too_long", 422, f"Validation failed: Comment is too long (maximum is {MAX_NOTE} characters)"
)
TOO_MANY: Final = Refusal("limit_reached", 422, "Validation failed: This is as many as there can be")
BAD_TAG: Final = Refusal("bad_tag", 422, "Validation failed: Name is not a hashtag")
STALE: Final = Refusal("marker_conflict", 409, "Conflict during update, please try again")
BAD_HOST: Final = Refusal("bad_host", 422, "Validation failed: Domain is not a valid domain name")


def of(owner: int, *others: int) -> Needs:
    """What the decisions here look at."""
    return Needs(actor_ids=frozenset({owner, *others}), subjects=frozenset({owner}), keeps=owner)


# --- people ---------------------------------------------------------------------------------------------------------------


def decide_mute(
    owner: int, target: int, on: bool, facts: Facts, *, notifications: bool = True, seconds: int = 0
) -> Decision | Refusal:
    """Mute or unmute. seconds: for how long, 0 for ever; a job ends it then."""
    if owner == target or target not in facts.actors:
        return NOT_FOUND
    expires = facts.now + seconds * 1000 if on and seconds > 0 else None
    effects: list[Effect] = [SetMute(owner, target, on, facts.now, notifications, expires)]
    if expires is not None:
        effects.append(AddJob(EXPIRY_JOB, f"mute-{owner}-{target}-{expires}", {}, expires))
    return Decision(tuple(effects), target, "muted" if on else "unmuted")


def decide_note(owner: int, target: int, note: str, facts: Facts) -> Decision | Refusal:
    """Write to oneself what one thinks of somebody."""
    if target not in facts.actors:
        return NOT_FOUND
    if len(note) > MAX_NOTE:
        return NOTE_TOO_LONG
    return Decision((SetNote(owner, target, note.strip()),), target, "noted")


def decide_endorse(owner: int, target: int, on: bool, facts: Facts) -> Decision | Refusal:
    """Show somebody whom one follows on one's profile. A group is no person's to show: that would tell of membership."""
    actor = facts.actors.get(target)
    if actor is None:
        return NOT_FOUND
    if on and (actor.is_group or not facts.granted(owner, followers_of(target))):
        return MUST_FOLLOW
    if on and len(facts.kept.endorsed) >= MAX_ENDORSED:
        return TOO_MANY
    return Decision((Endorse(owner, target, on, facts.now),), target, "endorsed" if on else "unendorsed")


def decide_follow_settings(
    owner: int, target: int, wanted: dict[str, Any], facts: Facts
) -> Decision | Refusal:
    """How a follow is shown; only what is not the default is kept."""
    collection = followers_of(target)
    if facts.grants.get((owner, collection)) not in (Grant.ASKED, Grant.ACCEPTED, Grant.UNHEARD):
        return NOT_FOUND
    kept: dict[str, object] = {}
    if wanted.get("reblogs") is False:
        kept["reblogs"] = False
    if wanted.get("notify"):
        kept["notify"] = True
    languages = sorted({str(c).split("-")[0].lower()[:8] for c in wanted.get("languages") or () if c})
    if languages:
        kept["languages"] = languages[:50]
    return Decision((SetFollowSettings(owner, collection, kept),), target, "changed")


def decide_dismiss(owner: int, target: int, facts: Facts) -> Decision:
    """Suggest this account no more."""
    return Decision(
        (DismissSuggestion(owner, target),) if target in facts.actors else (), target, "dismissed"
    )


# --- hosts ----------------------------------------------------------------------------------------------------------------


def domain_needs(owner: int, host: str) -> Needs:
    return Needs(
        actor_ids=frozenset({owner}), subjects=frozenset({owner}), keeps=owner, host_members=(host, owner)
    )


def domain_ids(facts: Facts) -> int:
    """A Reject for each follower there."""
    return len(facts.host_members)


def decide_domain_block(owner: int, host: str, on: bool, facts: Facts) -> Decision | Refusal:
    """Avoid a host: its people follow the owner no longer, and are told so one by one; nothing else leaves."""
    if not on:
        return Decision((SetDomainBlock(owner, host, False, facts.now),), owner, "unblocked")
    if len(facts.kept.domain_blocks) >= MAX_DOMAIN_BLOCKS:
        return TOO_MANY
    told = tuple(
        Record(new_id, addresses.activity(facts.base_url, new_id), "Reject", owner, facts.now, None, actor, follow)
        for new_id, (actor, follow) in zip(facts.new_ids, facts.host_members.items(), strict=False)
    )  # fmt: skip
    return Decision(
        (
            SetDomainBlock(owner, host, True, facts.now),
            EndHostGrants(host, facts.now, owner),
            TellEach(told, facts.now),
        ),
        owner,
        "blocked",
    )


# --- lists ----------------------------------------------------------------------------------------------------------------


def decide_list(
    owner: int,
    title: str,
    policy: str,
    exclusive: bool,
    facts: Facts,
    list_id: int | None = None,
    circle: bool = False,
) -> Decision | Refusal:
    """Make or change a list. Needs 1 new id. result: its id."""
    if list_id is not None and list_id not in facts.kept.lists:
        return NOT_FOUND
    if not 0 < len(title.strip()) <= MAX_TITLE:
        return BAD_TITLE
    if list_id is None and len(facts.kept.lists) >= MAX_LISTS:
        return TOO_MANY_LISTS
    key = list_id if list_id is not None else facts.new_ids[0]
    return Decision(
        (SaveList(key, owner, title.strip(), policy, exclusive, facts.now, circle),), key, "saved"
    )


def decide_list_gone(list_id: int, facts: Facts) -> Decision | Refusal:
    if list_id not in facts.kept.lists:
        return NOT_FOUND
    return Decision((DropList(list_id),), list_id, "deleted")


def decide_list_members(
    owner: int, list_id: int, targets: tuple[int, ...], on: bool, facts: Facts
) -> Decision | Refusal:
    """Put people on a list, or take them off. Only whom the owner follows (or is himself) can be on it."""
    if list_id not in facts.kept.lists:
        return NOT_FOUND
    if on:
        for target in targets:
            if target not in facts.actors:
                return NOT_FOUND
            if target != owner and not facts.granted(owner, followers_of(target)):
                return NOT_FOLLOWED
    return Decision((SetListMembers(list_id, targets, on, facts.now),), list_id, "changed")


# --- tags and marks -------------------------------------------------------------------------------------------------------


def tag_name(text: str) -> str | None:
    """A hashtag as it is kept: without #, in small letters; None for what is none."""
    name = text.strip().removeprefix("#").lower()
    return name if len(name) <= MAX_TAG and TAG.fullmatch(name) else None


def decide_follow_tag(owner: int, name: str, on: bool, facts: Facts) -> Decision | Refusal:
    if on and len(facts.kept.followed_tags) >= MAX_FOLLOWED_TAGS:
        return TOO_MANY
    return Decision((FollowTag(owner, name, on, facts.now),), owner, "followed" if on else "unfollowed")


def decide_feature_tag(owner: int, name: str, on: bool, facts: Facts) -> Decision | Refusal:
    if on and name not in facts.kept.featured and len(facts.kept.featured) >= MAX_FEATURED:
        return TOO_MANY
    return Decision((FeatureTag(owner, name, on, facts.now),), owner, "featured" if on else "unfeatured")


def decide_markers(owner: int, read: dict[str, tuple[int, int | None]], facts: Facts) -> Decision | Refusal:
    """How far timelines were read. read: timeline -> (last read, version that the client knows or None). A mark never goes
    back; a version that is not the kept one is a conflict."""
    effects: list[Effect] = []
    for timeline, (last_read, version) in read.items():
        known, current = facts.kept.markers.get(timeline, (0, 0))
        if version is not None and version != current:
            return STALE
        if last_read > known:
            effects.append(SetMarker(owner, timeline, last_read, current + 1, facts.now))
    return Decision(tuple(effects), owner, "marked")
