"""Decide about first posts that were held: a mentor of the group passes them or takes them out. Pure.

A held post exists for its author and for those who moderate its group (the rule); nothing of it was sent, counted or told.
Passing it does what posting it would have done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fedi_community.domain import addresses, posts, sending
from fedi_community.domain.effects import (
    Audit,
    Decision,
    Effect,
    Record,
    ReleasePost,
    Send,
    SetState,
    StorePost,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Body, State
from fedi_community.domain.posts import NOT_FOUND
from fedi_community.domain.powers import NO_POWER
from fedi_community.errors import Refusal


def needs(post_id: int, parent_id: int | None, people: Iterable[int], moderator: int | None) -> Needs:
    """people: actors in the post's audience. moderator: who decides; None on the command line."""
    ids = frozenset({post_id} | ({parent_id} if parent_id else set()))
    who = frozenset({moderator} if moderator else set())
    return Needs(post_ids=ids, actor_ids=frozenset(people) | who, subjects=who)


def decide(
    post_id: int, moderator: int | None, passed: bool, facts: Facts, *, group_id: int | None
) -> Decision | Refusal:
    """Publish or remove a held post of a group (None: outside groups). Needs 3 new ids: Create, Announce, boost."""
    post = facts.posts.get(post_id)
    if post is None or post.group_id != group_id or post.state is not State.HELD:
        return NOT_FOUND
    if moderator is not None and (group_id is None or not facts.moderates(moderator, group_id)):
        return NOT_FOUND
    if moderator is not None and group_id is not None and not facts.may(moderator, group_id, "posts"):
        return NO_POWER
    word = "held_published" if passed else "held_removed"
    logged = Audit(word, facts.now, moderator, None, group_id, post.id, post.author_id)
    if not passed:
        return Decision((SetState(post, State.REMOVED), logged), post.id, "removed")
    return Decision((*_published(post_id, facts), logged), post.id, "published")


def decide_seen(group_id: int, moderator: int, facts: Facts) -> Decision:
    """Somebody looked at what is held: that is written down."""
    return Decision((Audit("held_read", facts.now, moderator, None, group_id),), group_id, "read")


def _published(post_id: int, facts: Facts) -> list[Effect]:
    held = facts.posts[post_id]
    post = replace(held, state=State.PUBLISHED)
    create_id, announce_id, boost_id = facts.new_ids[:3]
    parent = facts.posts.get(post.reply_to) if post.reply_to else None
    create_uri = addresses.activity(facts.base_url, create_id)
    named = {i: facts.actors[i] for i in post.audience if not i & 3 and i in facts.actors}
    collections, actors = sending.candidates(facts, post, parent)
    stored = StorePost(
        post, Body(()), facts.now, parent_author=parent.author_id if parent else None, counts=posts.counts(post)
    )  # fmt: skip
    effects: list[Effect] = [
        ReleasePost(stored),
        Record(create_id, create_uri, "Create", post.author_id, facts.now, post.id),
        Send(create_id, "content", facts.now, collections, actors, post.id),
        *posts.tell(facts, post, named, parent),
    ]
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and group.local:
        effects += posts.relay(facts, group, post, announce_id, boost_id, create_uri, None)
    return effects
