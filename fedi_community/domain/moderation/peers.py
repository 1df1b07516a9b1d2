"""What a moderator of another server did to a post in a group: removed it, or showed it again.

Handlers have asked whether he may.
"""

from __future__ import annotations

from fedi_community.domain import sending
from fedi_community.domain.effects import Audit, Decision, Effect, SetState, ignored
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Post, State
from fedi_community.domain.moderation.acts import MAX_REASON
from fedi_community.domain.moderation.announcing import announced, unboosted


def decide_removed(
    post: Post, actor_id: int, facts: Facts, *, type_: str, activity_uri: str | None, raw: bytes | None, reason: str = ""
) -> Decision:  # fmt: skip
    """Hide a post in its group. Needs 3 new ids: a moderator's activity that came (`type_`: Delete or Remove), the group's
    Announce of it, the Undo of the group's boost. The posts' boosts must have been looked up."""
    if post.state is State.REMOVED or (activity_uri is not None and activity_uri in facts.activities):
        return ignored("known")
    effects: list[Effect] = [SetState(post, State.REMOVED)]
    effects += announced(facts, post, actor_id, type_, activity_uri, raw, "retraction", {})
    effects += unboosted(facts, post)
    detail = {"reason": reason[:MAX_REASON]} if reason else {}
    effects.append(Audit("remove", facts.now, actor_id, None, post.group_id, post.id, post.author_id, detail))
    return Decision(tuple(effects), post.id, "removed")


def decide_restored(
    post: Post, actor_id: int, facts: Facts, *, type_: str, activity_uri: str | None, raw: bytes | None
) -> Decision:
    """Show it again. Needs 3 new ids: the Undo that came (`type_`: of what), the group's Announce of it, a new boost."""
    if post.state is not State.REMOVED:
        return ignored("nothing_to_undo")
    effects: list[Effect] = [SetState(post, State.PUBLISHED)]
    effects += announced(facts, post, actor_id, "Undo", activity_uri, raw, "content", {})
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and group.local and sending.should_boost(facts, group.id, post):
        effects += sending.boost(facts, group, post, facts.new_ids[2])
    logged = Audit(f"undo_{type_.lower()}", facts.now, actor_id, None, post.group_id, post.id, post.author_id)
    return Decision((*effects, logged), post.id, "restored")
