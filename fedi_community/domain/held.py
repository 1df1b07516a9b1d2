"""Decide about what waits to be read (`holds` says what does): a mentor of the group publishes it or takes it out. Pure.

What waits exists for its author and for those who moderate its group (the rule). Of what was never published, nothing was sent,
counted or told: publishing it does what posting it would have done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

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
from fedi_community.domain.model import Body, Post, State
from fedi_community.domain.moderation.announcing import say
from fedi_community.domain.powers import NO_POWER
from fedi_community.errors import NOT_FOUND, Refusal

IDS: Final = 5
"""New ids that publishing what waits uses."""
APPROVAL: Final = "ReplyAuthorization"
"""What says that an answer may be shown, as GoToSocial calls it."""


def needs(post_id: int, moderator: int | None) -> Needs:
    """moderator: who decides; None on the command line."""
    who = frozenset({moderator} if moderator else set())
    return Needs(post_ids=frozenset({post_id}), actor_ids=who, subjects=who, around=True, boosts=True)


def decide(
    post_id: int, moderator: int | None, passed: bool, facts: Facts, *, group_id: int | None
) -> Decision | Refusal:
    """Publish or remove a held post of a group (None: outside groups). Needs 5 new ids: Create, Announce, boost, an Accept
    with what it approves."""
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
    return Decision((*shown(facts, post), logged), post.id, "published")


def decide_seen(group_id: int, moderator: int, facts: Facts) -> Decision:
    """Somebody looked at what is held: that is written down."""
    return Decision((Audit("held_read", facts.now, moderator, None, group_id),), group_id, "read")


def shown(facts: Facts, post: Post) -> list[Effect]:
    """A post that waited or was removed is published: the first time as posting it would have done, later on its group says so
    and boosts it as before. Needs 5 new ids, and what is `around` it."""
    if not post.released:
        return _published(facts, post)
    effects: list[Effect] = [SetState(post, State.PUBLISHED)]
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and group.local:
        effects += say(facts, post, "Undo", "content", undo="delete")
        if sending.should_boost(facts, group.id, post):
            effects += sending.boost(facts, group, post, facts.new_ids[2])
    return effects


def _published(facts: Facts, waiting: Post) -> list[Effect]:
    post = replace(waiting, state=State.PUBLISHED, released=True)
    create_id, announce_id, boost_id = facts.new_ids[:3]
    parent = facts.posts.get(post.reply_to) if post.reply_to else None
    named = {i: facts.actors[i] for i in post.audience if not i & 3 and i in facts.actors}
    stored = StorePost(
        post, Body(()), facts.now, parent_author=parent.author_id if parent else None, counts=posts.counts(post)
    )  # fmt: skip
    effects: list[Effect] = [ReleasePost(stored)]
    if post.local:
        said, raw = addresses.activity(facts.base_url, create_id), None
        collections, actors = sending.candidates(facts, post, parent)
        effects += [
            Record(create_id, said, "Create", post.author_id, facts.now, post.id),
            Send(create_id, "content", facts.now, collections, actors, post.id),
        ]
    else:
        said, raw = facts.creates.get(post.id, ("", None))
    effects += posts.tell(facts, post, named, parent)
    effects += _approval(facts, post, parent)
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and group.local and said:
        effects += posts.relay(facts, group, post, announce_id, boost_id, said, raw)
    return effects


def _approval(facts: Facts, post: Post, parent: Post | None) -> list[Effect]:
    """Whom a public answer from elsewhere answers accepts it: GoToSocial holds it back until then, others take no notice."""
    if post.local or parent is None or not parent.local or not post.public:
        return []
    accept_id, approval_id = facts.new_ids[3:5]
    accept, approval = (addresses.activity(facts.base_url, i) for i in (accept_id, approval_id))
    return [
        Record(approval_id, approval, APPROVAL, parent.author_id, facts.now, post.id),
        Record(accept_id, accept, "Accept", parent.author_id, facts.now, post.id, None, approval),
        Send(accept_id, "control", facts.now, (), (post.author_id,), post.id),
    ]
