"""Actor documents: Person, Service, Group and Application, with what each platform refuses an actor for not having.

Also who may feature an actor (FEP-7aa9, `canFeature`).
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, Final

from bovine.activitystreams import Actor
from bovine.activitystreams.controller import Multikey
from bovine.types import Visibility

from fedi_community.activitypub.render.common import Document, Site, iso
from fedi_community.activitypub.render.contexts import ACTOR_CONTEXT, PUBLIC
from fedi_community.domain.views import ActorView

RFC9421: Final = {
    "href": "https://datatracker.ietf.org/doc/html/rfc9421",
    "name": "RFC-9421: HTTP Message Signatures",
}
"""Tells peers that they may sign to us in the new form (FEP-844e)."""
_LANGUAGES: Final = {"en": "English", "es": "Español"}


@dataclass(frozen=True, slots=True)
class ActorFacts:
    """What an actor document says beyond the view. rsa: SPKI PEM; ed25519: multibase. Times in milliseconds.

    gated: not everyone reads the group; findable: everyone finds it; only_mods: only mentors and staff begin threads.
    """

    rsa: str
    ed25519: str
    updated: int | None = None
    summary_source: str | None = None
    also_known_as: tuple[str, ...] = ()
    moved_to: str | None = None
    gated: bool = False
    findable: bool = True
    only_mods: bool = False


def actor_document(site: Site, actor: ActorView, facts: ActorFacts) -> Document:
    """The document under the actor's id (ActivityPub section 4.1; FEP-1b12, 2c59, 521a, 5feb and 844e).

    Exactly one RSA key, since PieFed ignores key ids, and its id has a fragment, since Lemmy's signed-GET check wants one.
    """
    instance = actor.type == "Application"
    uri = actor.uri
    built: Document = Actor(
        id=uri,
        type=actor.type,
        name=actor.name,
        preferred_username=actor.handle,
        inbox=f"{site.base}/inbox" if instance else f"{uri}/inbox",
        outbox=f"{uri}/outbox",
        followers=None if instance else f"{uri}/followers",
        following=None if instance else f"{uri}/following",
        summary=actor.summary,
        icon=_picture(site, actor.icon),
        url=site.base + "/" if instance else uri,
        public_key=facts.rsa,
        public_key_name="main-key",
        assertion_method=[Multikey(f"{uri}#ed25519-key", uri, facts.ed25519)],
        properties=_properties(site, actor, facts),
    ).build(visibility=Visibility.OWNER)  # with less, followers and following are left out
    built["publicKey"].pop("@context", None)
    return {**built, "@context": ACTOR_CONTEXT}


def _properties(site: Site, actor: ActorView, facts: ActorFacts) -> Document:
    found: Document = {
        "endpoints": {"sharedInbox": f"{site.base}/inbox"},
        "webfinger": site.handle(actor),
        "discoverable": facts.findable if actor.is_group else actor.discoverable,
        "indexable": actor.indexable,
        "manuallyApprovesFollowers": facts.gated if actor.is_group else actor.locked,
        "generator": {
            "type": "Application",
            "id": f"{site.base}/actor",
            "name": "fedi-community",
            "implements": [RFC9421],
        },
        "published": iso(actor.created),
    }
    if facts.updated is not None:
        found["updated"] = iso(facts.updated)
    if (image := _picture(site, actor.image)) is not None:
        found["image"] = image
    if facts.summary_source:
        found["source"] = {"content": facts.summary_source, "mediaType": "text/markdown"}
    said = [
        {"type": "PropertyValue", "name": f"{b['issuer']} says", "value": escape(b["label"])}
        for b in actor.badges
    ]
    own = [{"type": "PropertyValue", "name": f["name"], "value": f["value"]} for f in actor.fields]
    if said or own:
        found["attachment"] = said + own
    if facts.also_known_as:
        found["alsoKnownAs"] = list(facts.also_known_as)
    if facts.moved_to:
        found["movedTo"] = facts.moved_to
    if actor.type == "Application":
        return found
    found["featured"] = f"{actor.uri}/featured"
    allowed = [PUBLIC] if found["discoverable"] else [actor.uri]
    found["interactionPolicy"] = {"canFeature": {"automaticApproval": allowed, "manualApproval": []}}
    return {**found, **_group_properties(actor, facts)} if actor.is_group else found


def _group_properties(actor: ActorView, facts: ActorFacts) -> Document:
    moderators = f"{actor.uri}/moderators"
    found: Document = {
        "attributedTo": moderators,  # FEP-1b12: Lemmy, PieFed
        "moderators": moderators,  # Mbin
        "postingRestrictedToMods": facts.only_mods,
        "sensitive": False,
    }
    if actor.language:
        code = actor.language.split("-")[0]
        found["language"] = [{"identifier": code, "name": _LANGUAGES.get(code, code)}]
    return found


def _picture(site: Site, picture: dict[str, Any] | None) -> Document | None:
    if not picture or not picture.get("url"):
        return None
    found: Document = {"type": "Image", "url": site.media_url(picture["url"])}
    if picture.get("mediaType"):
        found["mediaType"] = picture["mediaType"]
    if picture.get("name"):
        found["name"] = picture["name"]
    return found
