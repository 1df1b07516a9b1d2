"""What those who run a group do with whole discussions: give a title, move to another group, join two, part one.

Nothing here makes anything wider. What not everybody may read stays in its group, since other people run the next one; a thread
that comes into a closed group is gone for everybody else, everywhere it was sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fedi_community.domain import addresses, changes, posts, sending
from fedi_community.domain.desk_effects import JoinThread, MoveThread, Retitle, SplitThread
from fedi_community.domain.effects import Decision, Effect, Notify, Record, Send, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Kind, Post, State, followers_of
from fedi_community.domain.moderation.acts import (
    NOT_A_THREAD,
    NOT_PUBLISHED,
    NOT_YOURS,
    hidden,
    in_charge,
    logged,
)
from fedi_community.domain.moderation.announcing import REMOVED
from fedi_community.domain.powers import NO_POWER
from fedi_community.domain.switches import HIDDEN
from fedi_community.errors import NOT_FOUND, Refusal

MAX_TITLE: Final = 150
"""Characters of a title."""
TITLE_LENGTH: Final = Refusal("title_length", 422, f"A title has 1 to {MAX_TITLE} characters.")
NOT_LOCAL: Final = Refusal("not_local", 422, "Only posts of this server can be given another title.")
STAYS: Final = Refusal("stays", 422, "Not everybody may read this discussion, so it stays in its group.")
SAME_GROUP: Final = Refusal("same_group", 422, "It is in this group already.")
HIDDEN_GROUP: Final = Refusal(
    "hidden_group",
    422,
    "Not everybody can find that group. Those who wrote in this discussion would learn of it, so it cannot go there.",
)
OTHER_READERS: Final = Refusal(
    "other_readers",
    422,
    "These two discussions are in different groups or for different readers, so they stay apart.",
)
INSIDE_ITSELF: Final = Refusal("inside_itself", 422, "A discussion cannot become an answer to itself.")
NOT_AN_ANSWER: Final = Refusal("not_an_answer", 422, "This is the beginning of a discussion already.")


def needs(
    post_id: int, actor_id: int, other_post: int | None = None, other_group: int | None = None
) -> Needs:
    """What the decisions here look at."""
    people = {actor_id, *([other_group] if other_group else [])}
    return Needs(
        actor_ids=frozenset(people),
        post_ids=frozenset({post_id, *([other_post] if other_post else [])}),
        subjects=frozenset({actor_id}),
        boosts=True,
        around=True,
        branch=post_id if other_post or other_group else None,
    )


def decide_retitle(
    post_id: int, actor_id: int, login_id: int | None, title: str, reason: str, facts: Facts
) -> Decision | Refusal:
    """A discussion has another title; its author's words stay. Needs 2 new ids. Undone by the title it had (see its history)."""
    found = in_charge(post_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    if post.reply_to is not None or post.kind is Kind.BOOST:
        return NOT_A_THREAD
    if not post.local:
        return NOT_LOCAL
    title = " ".join(title.split())
    if not title or len(title) > MAX_TITLE:
        return TITLE_LENGTH
    effects: list[Effect] = [Retitle(post, title, facts.now), *_told(facts, post)]
    if post.author_id != actor_id:
        effects.append(Notify(post.author_id, "group_retitled", group.id, facts.now, post.id))
    return Decision(
        (*effects, logged("retitle", facts, post, group, actor_id, login_id, reason)), post.id, "retitled"
    )


def _told(facts: Facts, post: Post) -> list[Effect]:
    return changes.told_of_change(facts, post, "Update", None, None) if post.local and post.released else []


def decide_move(
    post_id: int, actor_id: int, login_id: int | None, group_id: int, reason: str, facts: Facts
) -> Decision | Refusal:
    """A discussion goes to another group of this server that the same person runs. Needs `move_ids` new ids.

    Into a group that not everybody reads it disappears for all others: peers are told to take their copies away.
    """
    found = in_charge(post_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    target = facts.actors.get(group_id)
    if target is None or not target.is_group or not target.local or not facts.moderates(actor_id, group_id):
        seen = target is not None and target.is_group and posts.may_find(facts, actor_id, target)
        return NOT_YOURS if seen else NOT_FOUND
    if not facts.may(actor_id, target.id, "posts"):
        return NO_POWER
    if target.id == group.id:
        return SAME_GROUP
    if post.reply_to is not None or post.kind is Kind.BOOST:
        return NOT_A_THREAD
    if post.state is not State.PUBLISHED:
        return NOT_PUBLISHED
    if not post.public:
        return STAYS
    if facts.group(target.id).finds in HIDDEN:
        return HIDDEN_GROUP
    closed = facts.group(target.id).gated
    gate = facts.group(target.id).gate_id  # whatever limits its new group from now on limits it too
    effects: list[Effect] = [MoveThread(post, target.id, gate, facts.now)]
    if closed:
        effects += [*hidden(facts, post), *_answers_hidden(facts, post, group.id)]
    else:
        effects += _told_of_move(facts, post, group.id, target.id)
    if post.author_id != actor_id:
        effects.append(Notify(post.author_id, "group_moved", target.id, facts.now, post.id))
    effects += [
        logged("move_out", facts, post, group, actor_id, login_id, reason),
        logged("move_in", facts, post, target, actor_id, login_id, reason),
    ]
    return Decision(tuple(effects), post.id, "moved")


def move_ids(facts: Facts) -> int:
    """How many new ids `decide_move` needs: two more for each answer that is taken back."""
    return 5 + 2 * len(facts.public_branch)


def _answers_hidden(facts: Facts, post: Post, group_id: int) -> list[Effect]:
    """The answers go with their discussion: the group that it leaves takes each back from every server that has it."""
    effects: list[Effect] = []
    ids = iter(facts.new_ids[5:])
    for key, said_id, announce_id in zip(sorted(facts.public_branch), ids, ids, strict=False):
        said, wrap = (addresses.activity(facts.base_url, i) for i in (said_id, announce_id))
        extra = {"summary": REMOVED}
        effects += [
            Record(said_id, said, "Delete", group_id, facts.now, key, extra=extra),
            Record(
                announce_id, wrap, "Announce", group_id, facts.now, key, None, said, None, {"wraps": True}
            ),
            Send(announce_id, "retraction", facts.now, (followers_of(group_id),), (), key),
        ]
    return effects


def _told_of_move(facts: Facts, post: Post, old_id: int, new_id: int) -> list[Effect]:
    """The old group says where it went; the new one passes it on to its own followers, and boosts it where it would have."""
    move_id, wrap_id, announce_id, boost_id = facts.new_ids[:4]
    move = addresses.activity(facts.base_url, move_id)
    wrap = addresses.activity(facts.base_url, wrap_id)
    effects: list[Effect] = [
        Record(move_id, move, "Move", old_id, facts.now, post.id, new_id),
        Record(wrap_id, wrap, "Announce", old_id, facts.now, post.id, None, move, None, {"wraps": True}),
        Send(wrap_id, "content", facts.now, (followers_of(old_id),), (post.author_id,), post.id),
    ]
    moved = replace(post, group_id=new_id)
    said, raw = facts.creates.get(post.id, ("", None))
    if said:
        effects += sending.announce(facts, facts.actors[new_id], moved, announce_id, said, raw)
    if sending.should_boost(facts, new_id, moved) and sending.boost_of(facts, post) is None:
        effects += sending.boost(facts, facts.actors[new_id], moved, boost_id)
    return effects


def decide_join(
    post_id: int, actor_id: int, login_id: int | None, parent_id: int, reason: str, facts: Facts
) -> Decision | Refusal:
    """A discussion (or an answer with its answers) becomes an answer to another post of the same group. Needs 2 new ids."""
    found, onto = in_charge(post_id, actor_id, facts), in_charge(parent_id, actor_id, facts)
    if isinstance(found, Refusal) or isinstance(onto, Refusal):
        return found if isinstance(found, Refusal) else NOT_FOUND
    (post, group), (parent, other) = found, onto
    if parent.id == post.id or parent.id in facts.branch:
        return INSIDE_ITSELF
    if group.id != other.id or not _same_readers(post, parent):
        return OTHER_READERS
    if post.state is not State.PUBLISHED or parent.state is not State.PUBLISHED or post.kind is Kind.BOOST:
        return NOT_PUBLISHED
    if post.reply_to == parent.id:
        return ignored("known")
    joined = JoinThread(post, parent, posts.counts(post), posts.was_counted(post), facts.now)
    line = logged("join", facts, post, group, actor_id, login_id, reason)
    return Decision((joined, *_told(facts, post), line), post.id, "joined")


def _same_readers(post: Post, parent: Post) -> bool:
    """A post is held to its thread's gate: under another one it might be read by others."""
    if post.gate_id == parent.gate_id:
        return True
    return post.gate == parent.gate and post.gate is not None


def decide_split(
    post_id: int, actor_id: int, login_id: int | None, reason: str, facts: Facts
) -> Decision | Refusal:
    """An answer with its answers becomes a discussion of its own, for the same readers. Needs 2 new ids."""
    found = in_charge(post_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    if post.reply_to is None:
        return NOT_AN_ANSWER
    if post.state is not State.PUBLISHED:
        return NOT_PUBLISHED
    line = logged("split", facts, post, group, actor_id, login_id, reason)
    apart = SplitThread(post, posts.was_counted(post), facts.now)
    return Decision((apart, *_told(facts, post), line), post.id, "split")
