"""What a moderator of another server did to a post in a group: removed it, showed it again, or moved the discussion.

Handlers have asked whether he may.
"""

from __future__ import annotations

from dataclasses import replace

from fedi_community.domain import sending
from fedi_community.domain.changes import told_of_change
from fedi_community.domain.desk_effects import MoveThread
from fedi_community.domain.effects import Audit, Decision, Effect, SetFlag, SetState, ignored
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Actor, Post, State
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
    if post.released:  # else nobody has it
        effects += announced(facts, post, actor_id, type_, activity_uri, raw, "retraction", {})
        effects += unboosted(facts, post)
    detail = {"reason": reason[:MAX_REASON]} if reason else {}
    effects.append(Audit("remove", facts.now, actor_id, None, post.group_id, post.id, post.author_id, detail))
    return Decision(tuple(effects), post.id, "removed")


def decide_restored(
    post: Post, actor_id: int, facts: Facts, *, type_: str, activity_uri: str | None, raw: bytes | None
) -> Decision:
    """Show it again. Needs 3 new ids: the Undo that came (`type_`: of what), the group's Announce of it, a new boost."""
    if post.state is not State.REMOVED or not post.released:
        return ignored("nothing_to_undo")
    effects: list[Effect] = [SetState(post, State.PUBLISHED)]
    effects += announced(facts, post, actor_id, "Undo", activity_uri, raw, "content", {})
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and group.local and sending.should_boost(facts, group.id, post):
        effects += sending.boost(facts, group, post, facts.new_ids[2])
    logged = Audit(f"undo_{type_.lower()}", facts.now, actor_id, None, post.group_id, post.id, post.author_id)
    return Decision((*effects, logged), post.id, "restored")


def decide_locked(
    post: Post, actor_id: int, on: bool, facts: Facts, *, activity_uri: str | None, raw: bytes | None
) -> Decision:
    """Close a discussion to new answers, or open it again; its author may, and who moderates its group. Needs 4 new ids: what came,
    the group's Announce of it, and (a post of ours is sent again, with `commentsEnabled`) an Update with its Announce."""
    if activity_uri is not None and activity_uri in facts.activities:
        return ignored("duplicate")
    effects: list[Effect] = [SetFlag(post, "locked", on)]
    if post.locked != on and post.released:
        said = "Lock" if on else "Undo"
        extra = {} if on else {"undo": "lock"}
        effects += announced(facts, post, actor_id, said, activity_uri, raw, "content", extra)
        group = facts.actors.get(post.group_id) if post.group_id else None
        if post.local and group is not None and group.local:
            again = replace(facts, new_ids=facts.new_ids[2:4])
            effects += told_of_change(again, post, "Update", None, None)
    word = "lock" if on else "undo_lock"
    effects.append(Audit(word, facts.now, actor_id, None, post.group_id, post.id, post.author_id))
    return Decision(tuple(effects), post.id, "locked" if on else "unlocked")


def decide_moved(post: Post, old: Actor, new: Actor | None, facts: Facts) -> Decision:
    """A group elsewhere says that a discussion left it for another group elsewhere. Into ours nothing is pushed."""
    if (
        new is None
        or not new.is_group
        or new.local
        or old.local
        or new.host != old.host  # to the moderators of another server nobody's words are handed over
        or post.group_id != old.id
        or new.id == old.id
    ):
        return ignored("unknown_move")
    if post.reply_to is not None or not post.public:
        return ignored("not_a_thread")
    return Decision((MoveThread(post, new.id, None, facts.now),), post.id, "thread_moved")
