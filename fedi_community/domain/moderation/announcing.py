"""How peers hear of what those who run a group did: the group itself says it, and passes on what moderators elsewhere said.

What a local group passed on and boosted it takes back from every server that has a copy (FEP-1b12 §Announcing): microblogs know a
thread by the group's boost alone.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from fedi_community.domain import addresses, sending
from fedi_community.domain.effects import DeletePost, Effect, Record, Send
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Post, followers_of

REMOVED: Final = "Removed from the group"
"""What peers are told: the reason stays in the group's log."""


def say(
    facts: Facts, post: Post, type_: str, mode: Literal["content", "retraction"], **extra: str
) -> list[Effect]:
    """The group itself says what was done to a post."""
    uri, group_id = addresses.activity(facts.base_url, facts.new_ids[0]), post.group_id or 0
    return announced(facts, post, group_id, type_, uri, None, mode, dict(extra))


def announced(
    facts: Facts, post: Post, actor_id: int, type_: str, uri: str | None, raw: bytes | None,
    mode: Literal["content", "retraction"], extra: dict[str, Any],
) -> list[Effect]:  # fmt: skip
    """A local group passes on what was said of a post in it, a peer's activity unchanged (FEP-1b12 §Announcing)."""
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is None or not group.local or uri is None:
        return []
    if not post.public and not facts.group(group.id).peers:
        return []
    said_id, announce_id = facts.new_ids[:2]
    announce = addresses.activity(facts.base_url, announce_id)
    wraps = {"wraps": True}
    return [
        Record(said_id, uri, type_, actor_id, facts.now, post.id, extra=extra),
        Record(announce_id, announce, "Announce", group.id, facts.now, post.id, None, uri, raw, wraps),
        Send(announce_id, mode, facts.now, (followers_of(group.id),), (post.author_id,), post.id),
    ]


def unboosted(facts: Facts, post: Post) -> list[Effect]:
    told = sending.unboost(facts, post, facts.new_ids[2])
    boost = sending.boost_of(facts, post)
    if boost is None:
        return []
    return [*told, DeletePost(boost, facts.actors[boost.author_id].uri, facts.now)]
