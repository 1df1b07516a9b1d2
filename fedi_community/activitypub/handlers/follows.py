"""Follow, Accept, Reject, Move (FEP-7628): how people and groups stand to each other."""

from __future__ import annotations

from dataclasses import replace

from fedi_community.activitypub.handlers.content import may_moderate
from fedi_community.activitypub.handlers.told import Handler, Told, speaker, target_uri
from fedi_community.activitypub.wire import WireActivity
from fedi_community.domain import moves, relations
from fedi_community.domain.effects import Decision, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.moderation import peers as moderated
from fedi_community.errors import Refusal


def _follow_needs(told: Told) -> Needs:
    uri = target_uri(told)
    return Needs(
        uris=frozenset({told.actor, *([uri] if uri else [])}),
        activities=frozenset([told.activity.id] if told.activity.id else []),
        subjects=frozenset({told.actor}),
    )


def _follow(told: Told, facts: Facts) -> Decision | Refusal:
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    target = facts.actor_by_uri.get(target_uri(told) or "")
    if told.activity.id in facts.activities:
        return ignored("undone")  # its Undo overtook it
    if target is None or not target.local:
        return ignored("unknown_target")  # Friendica follows threads too
    if target.type == "Application":
        return ignored("instance_actor")
    return relations.decide_follow(actor.id, target.id, facts, told.activity.id or None)


FOLLOW = Handler(_follow_needs, _follow, ids=2)


def _inner_follow(told: Told) -> tuple[str | None, str | None, str | None]:
    """(id of the Follow, who asked, whom) of an answer; peers send the object, or its id alone."""
    inner = told.activity.object
    if isinstance(inner, WireActivity):
        return inner.id or told.activity.object_id, inner.actor, inner.object_id
    return told.activity.object_id, None, None


def _answer_needs(told: Told) -> Needs:
    follow, asker, _ = _inner_follow(told)
    uris = frozenset(u for u in (told.actor, asker) if u)
    return Needs(uris=uris, activities=frozenset([follow] if follow else []), subjects=uris)


def _answer(told: Told, facts: Facts, accept: bool) -> Decision | Refusal:
    owner = speaker(told, facts)
    if isinstance(owner, Refusal):
        return owner
    inner = told.activity.object
    if isinstance(inner, WireActivity) and inner.type != "Follow":
        return ignored("not_a_follow")
    follow, asker_uri, _ = _inner_follow(told)
    asker = facts.actor_by_uri.get(asker_uri or "")
    known = facts.activities.get(follow or "")
    if asker is None and known is not None and known.type == "Follow" and known.target_id == owner.id:
        return relations.decide_answered(owner.id, known.actor_id, accept, facts)
    if asker is None or not asker.local:
        return ignored("not_asked")
    return relations.decide_answered(owner.id, asker.id, accept, facts)


def _accept(told: Told, facts: Facts) -> Decision | Refusal:
    return _answer(told, facts, accept=True)


def _reject(told: Told, facts: Facts) -> Decision | Refusal:
    return _answer(told, facts, accept=False)


ACCEPT = Handler(_answer_needs, _accept, ids=1)
REJECT = Handler(_answer_needs, _reject, ids=1)


def _move_uris(told: Told) -> tuple[str, ...]:
    if _leaves_a_group(told):  # a discussion's address is no actor
        return (told.activity.target_id,) if told.activity.target_id else ()
    return tuple(u for u in (told.activity.object_id, told.activity.target_id) if u)


def _leaves_a_group(told: Told) -> bool:
    """A discussion is moved, not an account: `origin` names the group that it was in."""
    return told.activity.origin_id not in (None, told.activity.object_id)


def _move_needs(told: Told) -> Needs:
    needs = Needs(uris=frozenset({told.actor, *_move_uris(told)}), subjects=frozenset({told.actor}))
    left, thread = told.activity.origin_id, told.activity.object_id
    if left is None or thread is None or not _leaves_a_group(told):
        return needs
    return replace(needs, uris=needs.uris | {left}, posts=frozenset({thread}), thread=thread)


def _move(told: Told, facts: Facts) -> Decision | Refusal:
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    thread = facts.post_by_uri.get(told.activity.object_id or "") or facts.thread
    left = facts.actor_by_uri.get(told.activity.origin_id or "")
    if thread is not None and left is not None:
        if not may_moderate(facts, actor.id, left.id, told.relayed_by):
            return Refusal("not_a_moderator", 403)
        return moderated.decide_moved(
            thread, left, facts.actor_by_uri.get(told.activity.target_id or ""), facts
        )
    old = facts.actor_by_uri.get(told.activity.object_id or "")
    new = facts.actor_by_uri.get(told.activity.target_id or "")
    if old is None or new is None or old.local or actor.id not in (old.id, new.id):
        return ignored("unknown_move")
    return moves.decide_move(actor.id, old.id, new.id, facts)


MOVE = Handler(_move_needs, _move, actors=_move_uris, ids=1)
