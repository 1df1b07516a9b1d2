"""What those who run a group do with a post in it, one act a request, each undone by another; and redacting, which is for good.

Each asks whether they may. What is removed or held is hidden in its group, and its author keeps his words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from fedi_community.domain import changes, held, measures, schedule, sending
from fedi_community.domain.client_effects import EndMeasures
from fedi_community.domain.effects import (
    Audit,
    Decision,
    EditPost,
    Effect,
    SetFlag,
    SetState,
    ignored,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Body, Kind, Post, State, Text
from fedi_community.domain.moderation.announcing import REMOVED, say, unboosted
from fedi_community.domain.powers import NO_POWER
from fedi_community.domain.status_effects import ChangePoll, DropEarlier
from fedi_community.errors import NOT_FOUND, Refusal

MAX_REASON: Final = 500
"""Characters of the reason that is kept with an act."""
NOT_YOURS: Final = Refusal("not_a_moderator", 403, "Only those who run the group can do this.")
NO_GROUP: Final = Refusal("not_in_a_group", 422, "This post is in no group of this server.")
NOT_LOCAL: Final = Refusal(
    "not_local", 422, "Only posts of this server can be redacted. Remove it from the group instead."
)
IDS: Final = held.IDS
"""New ids that an act uses."""
REDACTED: Final = Body(
    (
        Text("en", "<p>[The words of this post were taken away by those who look after the group.]</p>"),
        Text("es", "<p>[Quienes cuidan del grupo han quitado el texto de este mensaje.]</p>"),
    ),
    language="en",
)
"""What stands in the place of words that were taken away."""
UNKNOWN_ACT: Final = Refusal("unknown_act", 422, "There is no such act.")
NOT_A_THREAD: Final = Refusal("not_a_thread", 422, "This is an answer, not the beginning of a discussion.")
NOT_PUBLISHED: Final = Refusal("not_published", 422, "This post is not published in the group now.")


def act_needs(post_id: int, actor_id: int) -> Needs:
    """What `decide_act` looks at."""
    return Needs(
        actor_ids=frozenset({actor_id}),
        post_ids=frozenset({post_id}),
        subjects=frozenset({actor_id}),
        boosts=True,
        around=True,
        group_pins=True,
    )


def in_charge(post_id: int, actor_id: int, facts: Facts) -> tuple[Post, Actor] | Refusal:
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
    """A mentor or staff of a local group (or staff speaking as it) acts on a post in it. Needs 5 new ids (`IDS`)."""
    found = in_charge(post_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    return carry_out(*found, actor_id, login_id, act, reason, facts)


def carry_out(
    post: Post, group: Actor, actor_id: int, login_id: int | None, act: str, reason: str, facts: Facts
) -> Decision | Refusal:
    """The act itself, of which the caller has asked whether it is allowed."""
    if act not in ACTS:
        return UNKNOWN_ACT
    done = _done(post, act)
    if done is not None:
        return done
    effects = _DO[act](facts, post, group)
    if isinstance(effects, Refusal):
        return effects
    if not effects:
        return ignored("known")
    if act == "remove" and post.local and post.author_id != actor_id:
        effects = [*effects, *_told(post, "remove", login_id, facts)]
    if act == "restore":
        effects = [*effects, EndMeasures(post.author_id, ("remove",), facts.now, group.id, post.id)]
    return Decision((*effects, logged(act, facts, post, group, actor_id, login_id, reason)), post.id, act)


def logged(
    act: str, facts: Facts, post: Post, group: Actor, actor_id: int, login_id: int | None, reason: str
) -> Audit:
    """The line in the group's log."""
    detail = {"reason": reason[:MAX_REASON]} if reason else {}
    return Audit(act, facts.now, actor_id, login_id, group.id, post.id, post.author_id, detail)


Done = list[Effect] | Refusal


def hidden(facts: Facts, post: Post) -> list[Effect]:
    """What peers are told when a post is not shown in its group any more; nothing of what they never got."""
    if not post.released:
        return []
    return [*say(facts, post, "Delete", "retraction", summary=REMOVED), *unboosted(facts, post)]


def _remove(facts: Facts, post: Post, group: Actor) -> Done:
    return [SetState(post, State.REMOVED), *hidden(facts, post)]


def _hold(facts: Facts, post: Post, group: Actor) -> Done:
    return [SetState(post, State.HELD, "moderator"), *hidden(facts, post)]


def _pass(facts: Facts, post: Post, group: Actor) -> Done:
    """Publish what waits; of what is published, the group may boost it from now on."""
    if post.state is State.HELD:
        return held.shown(facts, post)
    effects: list[Effect] = [SetFlag(post, "passed", True)]
    if sending.should_boost(facts, group.id, replace(post, passed=True)):
        effects += sending.boost(facts, group, post, facts.new_ids[0])
    return effects


def _lock(facts: Facts, post: Post, group: Actor) -> Done:
    return [SetFlag(post, "locked", True), *say(facts, post, "Lock", "content"), *_updated(facts, post)]


def _unlock(facts: Facts, post: Post, group: Actor) -> Done:
    said = say(facts, post, "Undo", "content", undo="lock")
    return [SetFlag(post, "locked", False), *said, *_updated(facts, post)]


def _featured(on: bool) -> Callable[[Facts, Post, Actor], Done]:
    def decide(facts: Facts, post: Post, group: Actor) -> Done:
        pinned = schedule.decide_pin(group.id, post.id, on, facts)
        if isinstance(pinned, Refusal) or not pinned.effects:
            return pinned if isinstance(pinned, Refusal) else []
        return [
            *pinned.effects,
            *say(facts, post, "Add" if on else "Remove", "content", collection="featured"),
        ]

    return decide


def _asks_first(on: bool) -> Callable[[Facts, Post, Actor], Done]:
    def decide(facts: Facts, post: Post, group: Actor) -> Done:
        if post.reply_to is not None:
            return NOT_A_THREAD
        return [SetFlag(post, "asks_first", on), *_updated(facts, post)]

    return decide


_DO: Final[Mapping[str, Callable[[Facts, Post, Actor], Done]]] = {
    "remove": _remove,
    "restore": lambda facts, post, group: held.shown(facts, post),
    "hold": _hold,
    "pass": _pass,
    "lock": _lock,
    "unlock": _unlock,
    "feature": _featured(True),
    "unfeature": _featured(False),
    "read_answers_first": _asks_first(True),
    "answers_at_once": _asks_first(False),
}
ACTS: Final = tuple(_DO)


def decide_redact(
    post_id: int, actor_id: int, login_id: int | None, reason: str, facts: Facts
) -> Decision | Refusal:
    """Take the words, pictures and poll of a post of this server away for good, from every revision; what it answers and what
    answers it stays. Needs 4 new ids. Peers that have a copy get the Update."""
    found = in_charge(post_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    if not post.local or post.boost_of is not None:
        return NOT_LOCAL
    effects: list[Effect] = [EditPost(post, REDACTED, facts.now, keeps_origin=True), DropEarlier(post)]
    if post.kind is Kind.QUESTION:
        effects.append(ChangePoll(post, Kind.NOTE, (), False, False, None, True))
    effects += changes.told_of_change(facts, post, "Update", None, None)
    if post.author_id != actor_id:
        effects += _told(post, "redact", login_id, facts)
    effects.append(logged("redact", facts, post, group, actor_id, login_id, reason))
    return Decision(tuple(effects), post.id, "redact")


def _told(post: Post, action: str, login_id: int | None, facts: Facts) -> list[Effect]:
    """The author hears of it and may appeal; the reason stays in the group's log."""
    return measures.taken(
        facts.new_ids[3], post.author_id, login_id, action, measures.Telling(), facts, group_id=post.group_id,
        object_id=post.id,
    )  # fmt: skip


_FROM: Final[Mapping[str, tuple[State, ...]]] = {
    "remove": (State.PUBLISHED, State.HELD),
    "restore": (State.REMOVED,),
    "pass": (State.HELD, State.PUBLISHED),
}
"""From which state an act leads, where it is not the published one."""


def _done(post: Post, act: str) -> Decision | Refusal | None:
    """What there is no need, or no way, to do."""
    there = {
        "remove": post.state is State.REMOVED,
        "restore": post.state is State.PUBLISHED,
        "hold": post.state is State.HELD,
        "pass": post.state is State.PUBLISHED and post.passed,
        "lock": post.locked,
        "unlock": not post.locked,
        "read_answers_first": post.asks_first,
        "answers_at_once": not post.asks_first,
    }
    if there.get(act):
        return ignored("known")
    return None if post.state in _FROM.get(act, (State.PUBLISHED,)) else NOT_PUBLISHED


def _updated(facts: Facts, post: Post) -> list[Effect]:
    """Peers that know no Lock see `commentsEnabled` in the post: ours is sent again."""
    rest = replace(facts, new_ids=facts.new_ids[2:4])
    return changes.told_of_change(rest, post, "Update", None, None) if post.local else []
