"""What those who run a group do with its posts: remove and restore, lock and unlock, feature and no more, redact.

Each asks whether they may. A removed post is hidden in its group, and its author keeps his words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fedi_community.domain import posts, schedule, sending
from fedi_community.domain.effects import (
    Audit,
    Decision,
    EditPost,
    Effect,
    Notify,
    SetFlag,
    SetState,
    ignored,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Body, Kind, Post, State, Text
from fedi_community.domain.moderation.announcing import say, unboosted
from fedi_community.domain.powers import NO_POWER
from fedi_community.domain.status_effects import ChangePoll, DropEarlier
from fedi_community.errors import Refusal

ACTS: Final = ("remove", "restore", "lock", "unlock", "feature", "unfeature")
MAX_REASON: Final = 500
"""Characters of the reason that is kept with an act."""
REMOVED: Final = "Removed from the group"
"""What peers are told: the reason stays in the group's log."""
NOT_FOUND: Final = Refusal("not_found", 404, "Record not found")
NOT_YOURS: Final = Refusal("not_a_moderator", 403, "Only those who run the group can do this.")
NO_GROUP: Final = Refusal("not_in_a_group", 422, "This post is in no group of this server.")
NOT_LOCAL: Final = Refusal(
    "not_local", 422, "Only posts of this server can be redacted. Remove it from the group instead."
)
REDACTED: Final = Body(
    (
        Text("en", "<p>[The words of this post were taken away by those who look after the group.]</p>"),
        Text("es", "<p>[Quienes cuidan del grupo han quitado el texto de este mensaje.]</p>"),
    ),
    language="en",
)
"""What stands in the place of words that were taken away."""
UNKNOWN_ACT: Final = Refusal("unknown_act", 422, "There is no such act.")
NOT_PUBLISHED: Final = Refusal("not_published", 422, "This post is not published in the group now.")


def act_needs(post_id: int, actor_id: int) -> Needs:
    """What `decide_act` looks at."""
    return Needs(
        actor_ids=frozenset({actor_id}),
        post_ids=frozenset({post_id}),
        subjects=frozenset({actor_id}),
        boosts=True,
        group_pins=True,
    )


def _in_charge(post_id: int, actor_id: int, facts: Facts) -> tuple[Post, Actor] | Refusal:
    """The post and its group, where somebody runs that; what he may not see is missing."""
    post = facts.posts.get(post_id)
    if post is None or not facts.may_view(actor_id, post):
        return NOT_FOUND
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is None or not group.local:
        return NO_GROUP
    if not facts.moderates(actor_id, group.id):
        return NOT_YOURS
    return (post, group) if facts.may(actor_id, group.id, "posts") else NO_POWER


def decide_act(
    post_id: int, actor_id: int, login_id: int | None, act: str, reason: str, facts: Facts
) -> Decision | Refusal:
    """A mentor or staff of a local group (or staff speaking as it) acts on a post in it. Needs 4 new ids."""
    found = _in_charge(post_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    if act not in ACTS:
        return UNKNOWN_ACT
    done = _done(post, act)
    if done is not None:
        return done
    effects: list[Effect] = []
    match act:
        case "remove":
            effects += [
                SetState(post, State.REMOVED),
                *say(facts, post, "Delete", "retraction", summary=REMOVED),
                *unboosted(facts, post),
            ]
        case "restore":
            effects += [
                SetState(post, State.PUBLISHED),
                *say(facts, post, "Undo", "content", undo="delete"),
            ]
            if sending.should_boost(facts, group.id, post):
                effects += sending.boost(facts, group, post, facts.new_ids[2])
        case "lock" | "unlock":
            locked = act == "lock"
            said = (
                say(facts, post, "Lock", "content")
                if locked
                else say(facts, post, "Undo", "content", undo="lock")
            )
            effects += [SetFlag(post, "locked", locked), *said, *_updated(facts, post)]
        case _:
            on = act == "feature"
            pinned = schedule.decide_pin(group.id, post.id, on, facts)
            if isinstance(pinned, Refusal) or not pinned.effects:
                return pinned
            said = say(facts, post, "Add" if on else "Remove", "content", collection="featured")
            effects += [*pinned.effects, *said]
    if act == "remove" and post.local and post.author_id != actor_id:
        effects.append(Notify(post.author_id, "group_removed", group.id, facts.now, post.id))
    detail = {"reason": reason[:MAX_REASON]} if reason else {}
    effects.append(Audit(act, facts.now, actor_id, login_id, group.id, post.id, post.author_id, detail))
    return Decision(tuple(effects), post.id, act)


def decide_redact(
    post_id: int, actor_id: int, login_id: int | None, reason: str, facts: Facts
) -> Decision | Refusal:
    """Take the words, pictures and poll of a post of this server away for good, from every revision; what it answers and what
    answers it stays. Needs 4 new ids. Peers that have a copy get the Update."""
    found = _in_charge(post_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    if not post.local or post.boost_of is not None:
        return NOT_LOCAL
    effects: list[Effect] = [EditPost(post, REDACTED, facts.now), DropEarlier(post)]
    if post.kind is Kind.QUESTION:
        effects.append(ChangePoll(post, Kind.NOTE, (), False, False, None, True))
    effects += posts.told_of_change(facts, post, "Update", None, None)
    if post.author_id != actor_id:
        effects.append(Notify(post.author_id, "group_redacted", group.id, facts.now, post.id))
    detail = {"reason": reason[:MAX_REASON]} if reason else {}
    effects.append(Audit("redact", facts.now, actor_id, login_id, group.id, post.id, post.author_id, detail))
    return Decision(tuple(effects), post.id, "redact")


def _done(post: Post, act: str) -> Decision | Refusal | None:
    """What there is no need, or no way, to do."""
    there = {"remove": post.state is State.REMOVED, "lock": post.locked, "unlock": not post.locked}
    if there.get(act):
        return ignored("known")
    if act == "restore":
        return None if post.state is State.REMOVED else ignored("known")
    return None if post.state is State.PUBLISHED else NOT_PUBLISHED


def _updated(facts: Facts, post: Post) -> list[Effect]:
    """Peers that know no Lock see `commentsEnabled` in the post: ours is sent again."""
    rest = replace(facts, new_ids=facts.new_ids[2:4])
    return posts.told_of_change(rest, post, "Update", None, None) if post.local else []
