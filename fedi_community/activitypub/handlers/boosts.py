"""Announce of an object: a boost. (An Announce of an *activity* is unwrapped by the worker before it comes here.)"""

from __future__ import annotations

from fedi_community.activitypub.handlers.told import Handler, Told, speaker, target_uri
from fedi_community.activitypub.wire import PUBLIC
from fedi_community.domain import relations
from fedi_community.domain.effects import Decision, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import PUBLIC as EVERYONE
from fedi_community.domain.model import Place, followers_of
from fedi_community.errors import Refusal
from fedi_community.ids import remote_id


def _needs(told: Told) -> Needs:
    uri = target_uri(told)
    activity = told.activity
    posts = {u for u in (uri, activity.id) if u}
    return Needs(
        uris=frozenset({told.actor}),
        posts=frozenset(posts),
        activities=frozenset([activity.id] if activity.id else []),
        subjects=frozenset({told.actor}),
        boosts=True,
        new_post_ids=(remote_id(activity.id, activity.published_ms, told.now),),
    )


def _announce(told: Told, facts: Facts) -> Decision | Refusal:
    actor = speaker(told, facts)
    if isinstance(actor, Refusal):
        return actor
    post = facts.post_by_uri.get(target_uri(told) or "")
    if post is None:
        return ignored("unknown_object")
    activity = told.activity
    if activity.id in facts.tombstones:
        return ignored("gone")
    if not post.local and actor.id not in facts.followed:
        return ignored("not_for_us")
    places: dict[int, Place] = {}
    if PUBLIC in activity.to or PUBLIC in activity.cc:
        places[EVERYONE] = "to" if PUBLIC in activity.to else "cc"
    if actor.followers_uri and actor.followers_uri in (*activity.to, *activity.cc):
        places[followers_of(actor.id)] = "cc" if places else "to"
    if not places:
        return ignored("boost_without_audience")
    published = min(activity.published_ms or told.now, told.now)
    new_id = facts.free_id(remote_id(activity.id, published, told.now))
    return relations.decide_boost(
        actor.id, post.id, facts, uri=activity.id, audience=places, published=published, new_id=new_id
    )


def _wants(told: Told) -> tuple[str, ...]:
    uri = target_uri(told)
    return (uri,) if uri else ()


ANNOUNCE = Handler(_needs, _announce, wants=_wants, ids=2)
