"""What those who run a group do with its posts: remove and restore, lock and unlock, feature and no more.

`decide_act` is for people of this server and asks whether they may; the rest is for what peers sent, whose handlers have asked.
A removed post is hidden in its group, and its author keeps his words. Peers are told by the group itself: who acted stays inside.

What a local group passed on and boosted it takes back from every server that has a copy (FEP-1b12 §Announcing): microblogs know a
thread by the group's boost alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from fedi_community.domain import addresses, posts, relations, schedule, sending
from fedi_community.domain.effects import (
    Audit,
    Decision,
    DeletePost,
    EditPost,
    Effect,
    Notify,
    Record,
    Send,
    SetFlag,
    SetState,
    ignored,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Body, Kind, Post, State, Text, followers_of
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
RUNS_IT: Final = Refusal(
    "runs_the_group", 403, "Somebody who runs the group cannot be kept out of it. Staff end the role first."
)
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
    return (post, group) if facts.moderates(actor_id, group.id) else NOT_YOURS


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
                *_said(facts, post, "Delete", "retraction", summary=REMOVED),
                *_unboosted(facts, post),
            ]
        case "restore":
            effects += [
                SetState(post, State.PUBLISHED),
                *_said(facts, post, "Undo", "content", undo="delete"),
            ]
            if sending.should_boost(facts, group.id, post):
                effects += sending.boost(facts, group, post, facts.new_ids[2])
        case "lock" | "unlock":
            locked = act == "lock"
            said = (
                _said(facts, post, "Lock", "content")
                if locked
                else _said(facts, post, "Undo", "content", undo="lock")
            )
            effects += [SetFlag(post, "locked", locked), *said, *_updated(facts, post)]
        case _:
            on = act == "feature"
            pinned = schedule.decide_pin(group.id, post.id, on, facts)
            if isinstance(pinned, Refusal) or not pinned.effects:
                return pinned
            said = _said(facts, post, "Add" if on else "Remove", "content", collection="featured")
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


def ban_needs(group_id: int, actor_id: int, target_id: int) -> Needs:
    """What `decide_ban` looks at."""
    people = frozenset({group_id, actor_id, target_id})
    return Needs(actor_ids=people, subjects=people)


def decide_ban(
    group_id: int, actor_id: int, login_id: int | None, target_id: int, on: bool, reason: str, expires: int | None, facts: Facts
) -> Decision | Refusal:  # fmt: skip
    """Those who run a group of this server keep somebody out of it, for a time or for good, or let him in again. Needs 2 new ids.

    He is out at once, and what he wrote stays. Mentors keep out neither staff nor each other. expires: milliseconds UTC.
    """
    group, target = facts.actors.get(group_id), facts.actors.get(target_id)
    if group is None or not group.local or not facts.moderates(actor_id, group_id):
        return NOT_FOUND
    if target is None or target.is_group or target.state in ("deleted", "waiting"):
        return NOT_FOUND
    staff = facts.is_staff(actor_id, group_id)
    if (
        target_id == actor_id
        or facts.is_staff(target_id, group_id)
        or (facts.moderates(target_id, group_id) and not staff)
    ):
        return RUNS_IT
    made = relations.decide_block(group_id, target_id, on, facts, expires=expires)
    if isinstance(made, Refusal):
        return made
    detail: dict[str, Any] = {"reason": reason[:MAX_REASON]} if reason else {}
    if on and expires is not None:
        detail["until"] = expires
    word = "ban" if on else "unban"
    logged = Audit(word, facts.now, actor_id, login_id, group_id, None, target_id, detail)
    return Decision((*made.effects, logged), target_id, word)


def _done(post: Post, act: str) -> Decision | Refusal | None:
    """What there is no need, or no way, to do."""
    there = {"remove": post.state is State.REMOVED, "lock": post.locked, "unlock": not post.locked}
    if there.get(act):
        return ignored("known")
    if act == "restore":
        return None if post.state is State.REMOVED else ignored("known")
    return None if post.state is State.PUBLISHED else NOT_PUBLISHED


def _said(
    facts: Facts, post: Post, type_: str, mode: Literal["content", "retraction"], **extra: str
) -> list[Effect]:
    """The group itself says what was done to a post."""
    uri, group_id = addresses.activity(facts.base_url, facts.new_ids[0]), post.group_id or 0
    return _announced(facts, post, group_id, type_, uri, None, mode, dict(extra))


def _updated(facts: Facts, post: Post) -> list[Effect]:
    """Peers that know no Lock see `commentsEnabled` in the post: ours is sent again."""
    rest = replace(facts, new_ids=facts.new_ids[2:4])
    return posts.told_of_change(rest, post, "Update", None, None) if post.local else []


def decide_removed(
    post: Post, actor_id: int, facts: Facts, *, type_: str, activity_uri: str | None, raw: bytes | None, reason: str = ""
) -> Decision:  # fmt: skip
    """Hide a post in its group. Needs 3 new ids: a moderator's activity that came (`type_`: Delete or Remove), the group's
    Announce of it, the Undo of the group's boost. The posts' boosts must have been looked up."""
    if post.state is State.REMOVED or (activity_uri is not None and activity_uri in facts.activities):
        return ignored("known")
    effects: list[Effect] = [SetState(post, State.REMOVED)]
    effects += _announced(facts, post, actor_id, type_, activity_uri, raw, "retraction", {})
    effects += _unboosted(facts, post)
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
    effects += _announced(facts, post, actor_id, "Undo", activity_uri, raw, "content", {})
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is not None and group.local and sending.should_boost(facts, group.id, post):
        effects += sending.boost(facts, group, post, facts.new_ids[2])
    logged = Audit(f"undo_{type_.lower()}", facts.now, actor_id, None, post.group_id, post.id, post.author_id)
    return Decision((*effects, logged), post.id, "restored")


def _announced(
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


def _unboosted(facts: Facts, post: Post) -> list[Effect]:
    told = sending.unboost(facts, post, facts.new_ids[2])
    boost = sending.boost_of(facts, post)
    if boost is None:
        return []
    return [*told, DeletePost(boost, facts.actors[boost.author_id].uri, facts.now)]
