"""Decide about posts that are to be published later, about pins, and about muted threads.

A post that is put off is only what its author asked. Who may read it is decided when it is published, as things stand then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from fedi_community.domain.effects import AddJob, Decision, Pin, ignored
from fedi_community.domain.facts import Facts, Needs, Scheduled
from fedi_community.domain.model import Kind, State
from fedi_community.domain.polls import decide_post
from fedi_community.domain.posts import Compose
from fedi_community.domain.status_effects import DropScheduled, KeepScheduled, MoveScheduled, SetThreadMute
from fedi_community.domain.uploads import attached_ids
from fedi_community.errors import NOT_FOUND, Refusal

MIN_AHEAD_MS: Final = 300_000
MAX_SCHEDULED: Final = 300
MAX_SCHEDULED_A_DAY: Final = 25
MAX_PINS: Final = 5
PUBLISH_JOB: Final = "publish"

TOO_SOON: Final = Refusal(
    "scheduled_too_soon", 422, "Validation failed: Scheduled at must be at least 5 minutes in the future"
)
TOO_MANY: Final = Refusal(
    "too_many_scheduled",
    422,
    f"Validation failed: You have exceeded the limit of {MAX_SCHEDULED} scheduled posts",
)
TOO_MANY_THAT_DAY: Final = Refusal(
    "too_many_scheduled_that_day", 422,
    f"Validation failed: You have exceeded the limit of {MAX_SCHEDULED_A_DAY} scheduled posts for that day",
)  # fmt: skip
NOT_YOURS: Final = Refusal("pin_not_own", 422, "Validation failed: Someone else's post cannot be pinned")
NOT_A_BOOST: Final = Refusal("pin_boost", 422, "Validation failed: A boost cannot be pinned")
NOT_DIRECT: Final = Refusal(
    "pin_direct", 422, "Validation failed: Posts that are only visible to mentioned users cannot be pinned"
)
TOO_MANY_PINS: Final = Refusal(
    "too_many_pins", 422, "Validation failed: You have already pinned the maximum number of posts"
)


# --- posts put off --------------------------------------------------------------------------------------------------------


def _publishing(scheduled_id: int, run_at: int) -> AddJob:
    """The job of another time is left alone: it finds that it is not yet time, or nothing."""
    return AddJob(PUBLISH_JOB, f"{scheduled_id}-{run_at}", {"id": scheduled_id}, run_at)


def decide_schedule(asked: Compose, run_at: int, params: dict[str, Any], facts: Facts) -> Decision | Refusal:
    """Put a post off. Refused like posting it now would be; needs 4 new ids. params: what the client asked for."""
    if run_at < facts.now + MIN_AHEAD_MS:
        return TOO_SOON
    total, that_day = facts.put_off
    if total >= MAX_SCHEDULED:
        return TOO_MANY
    if that_day >= MAX_SCHEDULED_A_DAY:
        return TOO_MANY_THAT_DAY
    tried = decide_post(asked, facts)
    if isinstance(tried, Refusal):
        return tried
    new_id, waiting = facts.new_ids[0], tuple(sorted(attached_ids(asked.body.attachments)))
    kept = KeepScheduled(new_id, asked.author_id, asked.posted_by or 0, run_at, params, waiting, facts.now)
    return Decision((kept, _publishing(new_id, run_at)), new_id, "scheduled")


def _own(actor_id: int, facts: Facts) -> Scheduled | None:
    found = facts.scheduled
    return found if found is not None and found.actor_id == actor_id else None


def decide_reschedule(actor_id: int, run_at: int, facts: Facts) -> Decision | Refusal:
    """Another time."""
    found = _own(actor_id, facts)
    if found is None:
        return NOT_FOUND
    if run_at < facts.now + MIN_AHEAD_MS:
        return TOO_SOON
    if facts.put_off[1] >= MAX_SCHEDULED_A_DAY and found.run_at // 86_400_000 != run_at // 86_400_000:
        return TOO_MANY_THAT_DAY
    waiting = tuple(int(i) for i in found.params.get("media_ids") or ())
    return Decision(
        (MoveScheduled(found.id, run_at, waiting), _publishing(found.id, run_at)), found.id, "moved"
    )


def decide_unschedule(actor_id: int, facts: Facts) -> Decision | Refusal:
    found = _own(actor_id, facts)
    return NOT_FOUND if found is None else Decision((DropScheduled(found.id),), found.id, "unscheduled")


def decide_publish(asked: Compose, facts: Facts) -> Decision | Refusal:
    """It is time: the post is written now, under the rules of now. What is refused stays where its author finds it."""
    found = facts.scheduled
    if found is None or found.run_at > facts.now:
        return ignored("not_now")
    made = decide_post(asked, facts)
    if isinstance(made, Refusal):
        return made
    return replace(made, effects=(*made.effects, DropScheduled(found.id)))


# --- pins and muted threads ----------------------------------------------------------------------------------------------


def pin_needs(actor_id: int, post_id: int) -> Needs:
    people = frozenset({actor_id})
    return Needs(post_ids=frozenset({post_id}), actor_ids=people, subjects=people, pins_of=actor_id)


def decide_pin(actor_id: int, post_id: int, on: bool, facts: Facts) -> Decision | Refusal:
    """Pin a post of one's own; a group (those who run it speak for it) pins what was posted in it, too."""
    post = facts.posts.get(post_id)
    if post is None or not facts.may_view(actor_id, post):
        return NOT_FOUND
    if not on:
        return Decision((Pin(actor_id, post, False, facts.now),), post.id, "unpinned")
    if post.kind is Kind.BOOST:
        return NOT_A_BOOST
    if post.author_id != actor_id and (post.group_id != actor_id or post.state is not State.PUBLISHED):
        return NOT_YOURS
    if not any(p & 3 for p in post.audience):
        return NOT_DIRECT
    if post.id in facts.pinned:
        return Decision((), post.id, "known")
    if len(facts.pinned) >= MAX_PINS:
        return TOO_MANY_PINS
    return Decision((Pin(actor_id, post, True, facts.now),), post.id, "pinned")


def decide_mute_thread(actor_id: int, post_id: int, on: bool, facts: Facts) -> Decision | Refusal:
    """Hear nothing more of the discussion that a post belongs to, or again."""
    post = facts.posts.get(post_id)
    if post is not None and post.boost_of is not None:
        post = facts.posts.get(post.boost_of)
    if post is None or not facts.may_view(actor_id, post):
        return NOT_FOUND
    return Decision((SetThreadMute(actor_id, post.root_id or post.id, on, facts.now),), post.id, "muted")
