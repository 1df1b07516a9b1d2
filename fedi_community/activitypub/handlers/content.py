"""Create, Update, Delete: what peers write, change and take back."""

from __future__ import annotations

from dataclasses import replace

from fedi_community.activitypub.handlers.told import Handler, Told, embedded_post, speaker, target_uri
from fedi_community.activitypub.incoming import KINDS, MAX_ANSWER, body_of, incoming_of
from fedi_community.activitypub.wire import WireActor, WireObject
from fedi_community.domain import arrivals, changes, polls, refusals, relations
from fedi_community.domain.effects import Decision, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Body, Post
from fedi_community.domain.moderation import peers as moderated
from fedi_community.domain.origins import same_origin
from fedi_community.domain.text import clean_name
from fedi_community.errors import Refusal

ASK_AGAIN = "actor_changed"
"""The verdict that an actor's own document has to be read again; the decision's result is the actor."""


def _create_needs(told: Told) -> Needs:
    obj = embedded_post(told)
    if obj is None:
        return Needs()
    return arrivals.incoming_needs(_incoming(told, obj))


def _incoming(told: Told, obj: WireObject) -> arrivals.Incoming:
    found = incoming_of(obj, told.actor, told.now, told.activity, told.raw, told.relayed_by)
    return found if told.relayed_by else replace(found, refusal_key=refusals.key(told.actor, told.now))


def _create(told: Told, facts: Facts) -> Decision | Refusal:
    obj = embedded_post(told)
    if obj is None or (obj.kind not in KINDS and obj.kind != "unknown"):
        return ignored("not_a_post")
    if obj.kind == "unknown":
        return ignored("unknown_object_type")
    if obj.is_vote:
        return _vote(told, obj, facts)
    return arrivals.decide_incoming(_incoming(told, obj), facts)


def _vote(told: Told, obj: WireObject, facts: Facts) -> Decision | Refusal:
    """A vote is a Note with a name and no content; it is counted and never shown as a reply."""
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    poll = facts.post_by_uri.get(obj.in_reply_to or "")
    if poll is None:
        return ignored("vote_on_unknown_poll")
    return polls.decide_voted(actor.id, poll.id, clean_name(obj.name or "", MAX_ANSWER), facts)


def _wants_parent(told: Told) -> tuple[str, ...]:
    obj = embedded_post(told)
    return (obj.in_reply_to,) if obj is not None and obj.in_reply_to and not obj.is_vote else ()


CREATE = Handler(_create_needs, _create, wants=_wants_parent, ids=2)


def _update_needs(told: Told) -> Needs:
    obj = embedded_post(told)
    if obj is None:
        named = {told.actor, *([told.activity.object_id] if told.activity.object_id else [])}
        return Needs(uris=frozenset(named), subjects=frozenset({told.actor}))
    wanted = arrivals.incoming_needs(_incoming(told, obj))
    return Needs(
        uris=wanted.uris, posts=wanted.posts, activities=wanted.activities, subjects=wanted.subjects,
        new_post_ids=wanted.new_post_ids, boosts=True,
    )  # fmt: skip


def _update(told: Told, facts: Facts) -> Decision | Refusal:
    if isinstance(told.activity.object, WireActor):
        return _profile(told, facts)
    obj = embedded_post(told)
    if obj is None or obj.kind not in KINDS:
        return ignored("not_a_post")
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    post = facts.post_by_uri.get(obj.id)
    if post is None:  # an Update that overtook its Create, or whose Create was missed
        return arrivals.decide_incoming(_incoming(told, obj), facts)
    if post.author_id != actor.id:
        return Refusal("not_the_author", 403)
    counted = _counted(obj, post, facts)
    if counted is not None:
        return counted
    mentions = tuple(
        p.id for m in obj.mentions if (p := facts.principals.get(m.href)) is not None and not p.is_collection
    )
    body = body_of(obj)
    return changes.decide_edit(
        post.id, actor.id, _with_mentions(body, mentions), facts, edited=obj.updated_ms,
        activity_uri=told.activity.id or None, raw=told.raw,
    )  # fmt: skip


def _counted(obj: WireObject, post: Post, facts: Facts) -> Decision | None:
    """An Update that says how a poll stands, and is no edit: Mastodon and its kin send `updated` with edits alone."""
    if obj.poll is None or (obj.updated_ms is not None and obj.updated_ms > (post.edited or 0)):
        return None
    options = [(clean_name(option.name, MAX_ANSWER), option.votes or 0) for option in obj.poll.options]
    return polls.decide_tally(post, options, obj.poll.voters, obj.poll.closed_ms or obj.poll.ends_ms, facts)


def _profile(told: Told, facts: Facts) -> Decision | Refusal:
    """An actor changed, or somebody who may moderate changed a group. Nothing is taken from the request: with this
    verdict the worker asks the actor's own server."""
    speaker_, known = facts.actor_by_uri.get(told.actor), facts.actor_by_uri.get(target_uri(told) or "")
    if known is None or speaker_ is None or known.local:
        return ignored("unknown_actor")
    if known.id != speaker_.id and not (
        known.is_group and may_moderate(facts, speaker_.id, known.id, told.relayed_by)
    ):
        return Refusal("not_owner", 403)
    return Decision((), known.id, ASK_AGAIN)


def _with_mentions(body: Body, mentions: tuple[int, ...]) -> Body:
    return replace(body, mentions=mentions)


UPDATE = Handler(_update_needs, _update, ids=3)


def _delete_needs(told: Told) -> Needs:
    uri = target_uri(told)
    return Needs(
        uris=frozenset({told.actor, *([uri] if uri else [])}),
        posts=frozenset([uri] if uri else []),
        activities=frozenset([told.activity.id] if told.activity.id else []),
        subjects=frozenset({told.actor}),
        boosts=True,
    )


def _delete(told: Told, facts: Facts) -> Decision | Refusal:
    uri = target_uri(told)
    actor = facts.actor_by_uri.get(told.actor)
    if uri is None or actor is None:
        return ignored("unknown_object")
    if uri == told.actor:
        return relations.decide_actor_gone(actor, facts) if not actor.local else ignored("local_actor")
    post = facts.post_by_uri.get(uri)
    if post is None:
        return (
            changes.decide_gone(uri, actor, facts)
            if same_origin(uri, told.actor)
            else ignored("unknown_object")
        )
    if post.author_id == actor.id:
        return changes.decide_delete(
            post.id, actor.id, facts, activity_uri=told.activity.id or None, raw=told.raw
        )
    return _moderated(told, facts, post.id)


def _moderated(told: Told, facts: Facts, post_id: int) -> Decision | Refusal:
    """A Delete by another than the author: a removal from the group that holds the post, which its author keeps."""
    post, actor = facts.posts[post_id], speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    author = facts.actors[post.author_id]
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is None or not _may_remove(told, facts, actor, author, group):
        return Refusal("not_the_author", 403)
    return moderated.decide_removed(
        post, actor.id, facts, type_="Delete", activity_uri=told.activity.id or None, raw=told.raw,
        reason=told.activity.summary or "",
    )  # fmt: skip


def _may_remove(told: Told, facts: Facts, actor: Actor, author: Actor, group: Actor) -> bool:
    """The group's own moderators, and what a remote group relays from its own server. Administrators are listed nowhere:
    somebody else of the group's or of the author's server counts as one when he gives a reason (`summary`) and names the
    group, as Lemmy 0.19 and 1.0 do; what another person of that server says without those is nobody's removal."""
    relayed = told.relayed_by == group.uri
    listed = group.local or relayed or actor.id == group.id or actor.uri in group.moderators
    if listed and may_moderate(facts, actor.id, group.id, told.relayed_by):
        return True
    said = told.activity
    named = relayed or group.uri in (*said.to, *said.cc, *said.audience, said.target_id)
    administers = not actor.local and actor.host in (group.host, author.host)
    return administers and named and said.summary is not None


def may_moderate(
    facts: Facts, actor_id: int, group_id: int, relayed_by: str | None, power: str = "posts"
) -> bool:
    """Mentors and staff of a local group; for a remote group those it lists, or what it relays itself from its own host."""
    actor, group = facts.actors[actor_id], facts.actors[group_id]
    if group.local:
        return facts.may(actor_id, group_id, power) and actor.host_state != "suspended"
    if actor.id == group.id or actor.uri in group.moderators or actor.host == group.host:
        return True
    return relayed_by is not None and relayed_by == group.uri and actor.host == group.host


DELETE = Handler(_delete_needs, _delete, ids=3)

__all__ = ["ASK_AGAIN", "CREATE", "DELETE", "UPDATE", "may_moderate"]
