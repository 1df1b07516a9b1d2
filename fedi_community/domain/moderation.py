"""Decide about removal from a group: hidden there, its author keeps his words. Who may is for the caller to have asked.

What a local group passed on and boosted it takes back from every server that has a copy (FEP-1b12 §Announcing): microblogs know a
thread by the group's boost alone.
"""

from __future__ import annotations

from fedi_community.domain import addresses, sending
from fedi_community.domain.effects import Audit, Decision, DeletePost, Effect, Record, Send, SetState, ignored
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Post, State, followers_of


def decide_removed(
    post: Post, actor_id: int, facts: Facts, *, type_: str, activity_uri: str | None, raw: bytes | None, reason: str = ""
) -> Decision:  # fmt: skip
    """Hide a post in its group. Needs 3 new ids: a moderator's activity that came (`type_`: Delete or Remove), the group's
    Announce of it, the Undo of the group's boost. The posts' boosts must have been looked up."""
    if post.state is State.REMOVED or (activity_uri is not None and activity_uri in facts.activities):
        return ignored("known")
    effects: list[Effect] = [SetState(post, State.REMOVED)]
    effects += _passed_on(facts, post, actor_id, type_, activity_uri, raw, "retraction")
    effects += _unboosted(facts, post)
    detail = {"reason": reason[:500]} if reason else {}
    effects.append(Audit("remove", facts.now, actor_id, None, post.group_id, post.id, post.author_id, detail))
    return Decision(tuple(effects), post.id, "removed")


def decide_restored(
    post: Post, actor_id: int, facts: Facts, *, type_: str, activity_uri: str | None, raw: bytes | None
) -> Decision:
    """Show it again. Needs 3 new ids: the Undo that came (`type_`: of what), the group's Announce of it, a new boost."""
    if post.state is not State.REMOVED:
        return ignored("nothing_to_undo")
    effects: list[Effect] = [SetState(post, State.PUBLISHED)]
    effects += _passed_on(facts, post, actor_id, "Undo", activity_uri, raw, "content")
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and group.local and sending.should_boost(facts, group.id, post):
        effects += sending.boost(facts, group, post, facts.new_ids[2])
    logged = Audit(f"undo_{type_.lower()}", facts.now, actor_id, None, post.group_id, post.id, post.author_id)
    return Decision((*effects, logged), post.id, "restored")


def _passed_on(
    facts: Facts,
    post: Post,
    actor_id: int,
    type_: str,
    activity_uri: str | None,
    raw: bytes | None,
    mode: str,
) -> list[Effect]:
    """The group's Announce of what its moderator said, unchanged."""
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is None or not group.local or activity_uri is None:
        return []
    if not post.public and not facts.group(group.id).peers:
        return []
    said_id, announce_id = facts.new_ids[:2]
    uri = addresses.activity(facts.base_url, announce_id)
    wraps = {"wraps": True}
    return [
        Record(said_id, activity_uri, type_, actor_id, facts.now, post.id),
        Record(announce_id, uri, "Announce", group.id, facts.now, post.id, None, activity_uri, raw, wraps),
        Send(announce_id, mode, facts.now, (followers_of(group.id),), (post.author_id,), post.id),  # type: ignore[arg-type]
    ]


def _unboosted(facts: Facts, post: Post) -> list[Effect]:
    told = sending.unboost(facts, post, facts.new_ids[2])
    boost = sending.boost_of(facts, post)
    if boost is None:
        return []
    return [*told, DeletePost(boost, facts.actors[boost.author_id].uri, facts.now)]
