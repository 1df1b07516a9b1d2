"""An activity whose speaker is verified, and the shape of a handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fedi_community.activitypub.wire import WireActivity, WireObject
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor
from fedi_community.errors import Refusal


@dataclass(frozen=True, slots=True)
class Told:
    """actor: URI of the verified speaker. raw: the activity as it came, for passing on. relayed_by: the URI of the
    group whose Announce it came in, None when it came by itself. now: milliseconds."""

    activity: WireActivity
    actor: str
    now: int
    raw: bytes | None = None
    relayed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Handler:
    """needs: what to look up. decide: pure. wants: URIs of objects that must be known first (fetched when missing);
    actors: URIs of actors that must be known first. ids: how many new ids `decide` uses."""

    needs: Callable[[Told], Needs]
    decide: Callable[[Told, Facts], Decision | Refusal]
    wants: Callable[[Told], tuple[str, ...]] = lambda told: ()
    actors: Callable[[Told], tuple[str, ...]] = lambda told: ()
    ids: int = 3


def speaker(told: Told, facts: Facts) -> Actor | Refusal:
    """The verified speaker as we know it; suspended ones are not heard."""
    actor = facts.actor_by_uri.get(told.actor)
    if actor is None:
        return Refusal("unknown_actor", 403)
    if actor.state in ("suspended", "deleted") or actor.host_state == "suspended":
        return Refusal("suspended_actor", 403)
    return actor


def target_uri(told: Told) -> str | None:
    """The id of the activity's object."""
    return told.activity.object_id


def embedded_post(told: Told) -> WireObject | None:
    """The object, when it is a post that came embedded with an id."""
    obj = told.activity.object
    return obj if isinstance(obj, WireObject) and obj.id else None
