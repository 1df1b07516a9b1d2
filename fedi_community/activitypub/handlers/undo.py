"""Undo: only what the speaker did himself, found by the activity's id or by what it said."""

from __future__ import annotations

from dataclasses import replace

from fedi_community.activitypub.handlers.content import may_moderate
from fedi_community.activitypub.handlers.told import Handler, Told, speaker
from fedi_community.activitypub.wire import WireActivity
from fedi_community.domain import changes, memberships, relations
from fedi_community.domain.client_effects import EndMeasures
from fedi_community.domain.effects import Audit, Decision, MarkUndone, Record, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Reaction, followers_of
from fedi_community.domain.moderation import peers as moderated
from fedi_community.domain.moderation.announcing import passed_on
from fedi_community.errors import Refusal

_REACTIONS: dict[str, Reaction] = {"Like": "like", "Dislike": "dislike", "EmojiReact": "react"}


def _inner(told: Told) -> tuple[str | None, str | None, str | None]:
    """(type, id, object id) of what is undone; type and object are unknown when only an id came."""
    inner = told.activity.object
    if isinstance(inner, WireActivity):
        return inner.type, inner.id or told.activity.object_id, inner.object_id
    return None, told.activity.object_id, None


def _needs(told: Told) -> Needs:
    _, uri, target = _inner(told)
    found = [u for u in (uri, target) if u]
    inner = told.activity.object
    group = inner.target_id if isinstance(inner, WireActivity) else None
    named = {told.actor, *found, *(u for u in (group, told.relayed_by) if u)}
    return Needs(
        uris=frozenset(named),
        posts=frozenset(found),
        activities=frozenset(u for u in (uri, told.activity.id) if u),
        subjects=frozenset({told.actor, *([target] if target else [])}),
    )


def _undo(told: Told, facts: Facts) -> Decision | Refusal:
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    type_, uri, target = _inner(told)
    known = facts.activities.get(uri or "")
    if known is not None and known.actor_id != actor.id:
        return Refusal("not_own_activity", 403)
    type_ = type_ or (known.type if known is not None else None)
    post = facts.post_by_uri.get(target or "") or (
        facts.posts.get(known.object_id) if known and known.object_id else None
    )
    if type_ == "Follow":
        whom = facts.actor_by_uri.get(target or "") or (
            facts.actors.get(known.target_id) if known and known.target_id else None
        )
        if whom is None:
            return ignored("unknown_target")
        if (actor.id, followers_of(whom.id)) not in facts.grants:
            return _remember(told, facts, actor, uri)
        return memberships.decide_leave(actor.id, whom.id, facts, uri)
    if type_ == "Announce":
        boost = facts.post_by_uri.get(uri or "") or post
        if boost is None or boost.boost_of is None or boost.author_id != actor.id:
            return _remember(told, facts, actor, uri)
        return changes.decide_delete(boost.id, actor.id, facts)
    if type_ in _REACTIONS:
        return _unreact(told, facts, actor, post.id if post else None, _REACTIONS[type_], uri)
    if type_ == "Block":
        return _unblock(told, facts, actor, target, uri)
    if type_ in ("Delete", "Remove", "Lock") and post is not None and post.group_id is not None:
        return _unmoderate(told, facts, actor, post.id, type_)
    return _remember(told, facts, actor, uri)


def _unblock(
    told: Told, facts: Facts, actor: Actor, target: str | None, uri: str | None
) -> Decision | Refusal:
    """A person's own block, or (with a group as target) a ban by those who moderate it."""
    whom = facts.actor_by_uri.get(target or "")
    if whom is None:
        return ignored("unknown_target")
    inner = told.activity.object
    group = facts.actor_by_uri.get((inner.target_id or "") if isinstance(inner, WireActivity) else "")
    by = actor
    if group is not None and group.is_group:
        if not may_moderate(facts, actor.id, group.id, told.relayed_by, "members"):
            return Refusal("not_a_moderator", 403)
        by = group
    if (by.id, whom.id) not in facts.blocks:
        return _remember(told, facts, actor, uri)
    made = relations.decide_block(by.id, whom.id, False, facts)
    if isinstance(made, Refusal) or by.id == actor.id or not by.local:
        return made
    logged = Audit("unban", facts.now, actor.id, None, by.id, None, whom.id)
    on = passed_on(facts, by, "Undo", whom, actor, told.activity.id or None, told.raw)
    over = EndMeasures(whom.id, ("ban",), facts.now, by.id)
    return replace(made, effects=(*made.effects, logged, over, *on))


def _unreact(
    told: Told, facts: Facts, actor: Actor, post_id: int | None, kind: Reaction, uri: str | None
) -> Decision | Refusal:
    if post_id is None:
        return _remember(told, facts, actor, uri)
    kinds: tuple[Reaction, ...] = (kind, "react") if kind == "like" else (kind,)
    done = next((k for k in kinds if (actor.id, post_id, k) in facts.reactions), kind)
    if (actor.id, post_id, done) not in facts.reactions:
        return _remember(told, facts, actor, uri)
    return relations.decide_unreact(
        actor.id, post_id, done, facts, uri=told.activity.id or None, raw=told.raw
    )


def _remember(told: Told, facts: Facts, actor: Actor, uri: str | None) -> Decision | Refusal:
    """An Undo that overtook what it undoes: the activity counts as seen, so that it does nothing when it comes."""
    if not uri or uri in facts.activities or facts.actor_by_uri.get(uri) is not None:
        return ignored("nothing_to_undo")
    record = Record(facts.new_ids[0], uri, "Undo", actor.id, facts.now, state="undone")
    return Decision((record, MarkUndone(uri)), None, "remembered")


def _unmoderate(told: Told, facts: Facts, actor: Actor, post_id: int, type_: str) -> Decision | Refusal:
    post = facts.posts[post_id]
    group_id = post.group_id or 0
    own = type_ == "Lock" and post.author_id == actor.id
    if not own and not may_moderate(facts, actor.id, group_id, told.relayed_by):
        return Refusal("not_a_moderator", 403)
    if type_ != "Lock":
        return moderated.decide_restored(
            post, actor.id, facts, type_=type_, activity_uri=told.activity.id or None, raw=told.raw
        )
    return moderated.decide_locked(
        post, actor.id, False, facts, activity_uri=told.activity.id or None, raw=told.raw
    )


UNDO = Handler(_needs, _undo, ids=4)
