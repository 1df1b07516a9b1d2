"""Actor documents from the wire -> `WireActor`.

An actor is read as its own witness only: an inbox, a collection or a key on another origin, or a key that names another
owner, is left out, since it is somebody else's to hand out (a victim's server as an inbox; a stranger's followers).
"""

from __future__ import annotations

from typing import Final

from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire.objects import emojis_of
from fedi_community.activitypub.wire.read import (
    MAX_SUMMARY,
    as_doc,
    as_list,
    bool_of,
    flag_of,
    id_of,
    ids_of,
    is_restructured,
    language_tag,
    name_of,
    own_url,
    page_url,
    picture_of,
    policy_of,
    source_of,
    text_of,
    time_of,
    type_of,
)
from fedi_community.activitypub.wire.types import ACTOR_KINDS, ProfileField, WireActor, WireKey
from fedi_community.domain.origins import same_origin
from fedi_community.domain.text import clean_name
from fedi_community.errors import Refusal

MAX_KEYS: Final = 10
MAX_ALIASES: Final = 256
MAX_FIELDS: Final = 50
MAX_MODERATORS: Final = 100
MAX_BIO: Final = 20_000
MAX_KEY: Final = 10_000


def parse_actor(doc: object) -> WireActor | Refusal:
    """An actor from any JSON value.

    Refusals (400): `not_an_object`, `json_ld_graph`, `not_an_actor` (another type), `id_invalid`, `actor_without_inbox`
    (none, or one on another origin).
    """
    if not isinstance(doc, dict):
        return Refusal("not_an_object", 400, "An object is expected.")
    if is_restructured(doc):
        return Refusal("json_ld_graph", 400, "JSON-LD graphs are not accepted.")
    kind = type_of(doc, ACTOR_KINDS)
    if kind not in ACTOR_KINDS:
        return Refusal("not_an_actor", 400, "The document is not an actor.")
    identity = id_of(doc.get("id"))
    if identity is None:
        return Refusal("id_invalid", 400, "The actor's id is not an acceptable URL.")
    inbox = own_url(doc.get("inbox"), identity)
    if inbox is None:
        return Refusal("actor_without_inbox", 400, "The actor has no inbox on its own server.")
    return _actor(doc, kind, identity, inbox)


def _actor(doc: Json, kind: str, identity: str, inbox: str) -> WireActor:
    endpoints = doc.get("endpoints")
    shared = endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None
    webfinger = text_of(doc.get("webfinger"), 512)
    moderators, moderator_ids = _moderators(doc, kind, identity)
    return WireActor(
        id=identity,
        kind=kind,
        username=_username(doc, webfinger),
        inbox=inbox,
        shared_inbox=own_url(shared if shared is not None else doc.get("sharedInbox"), identity),
        outbox=own_url(doc.get("outbox"), identity),
        followers=own_url(doc.get("followers"), identity),
        following=own_url(doc.get("following"), identity),
        featured=own_url(doc.get("featured"), identity),
        members=own_url(doc.get("members"), identity),
        moderators=moderators,
        moderator_ids=moderator_ids,
        name=name_of(doc.get("name")),
        summary=text_of(doc.get("summary"), MAX_BIO),
        source=source_of(doc.get("source")),
        url=page_url(doc.get("url")) or identity,
        icon=picture_of(doc.get("icon")),
        image=picture_of(doc.get("image")),
        fields=_fields(doc.get("attachment")),
        emojis=emojis_of(doc.get("tag")),
        keys=_keys(doc, identity),
        webfinger=webfinger.removeprefix("acct:") if webfinger and "@" in webfinger else None,
        also_known_as=_aliases(doc.get("alsoKnownAs")),
        moved_to=id_of(doc.get("movedTo")),
        locked=bool_of(doc.get("manuallyApprovesFollowers")),
        restricted_posting=bool_of(doc.get("postingRestrictedToMods")),
        discoverable=flag_of(doc.get("discoverable", doc.get("toot:discoverable"))),
        indexable=flag_of(doc.get("indexable")),
        sensitive=bool_of(doc.get("sensitive")),
        suspended=bool_of(doc.get("suspended")),
        memorial=bool_of(doc.get("memorial")),
        languages=_languages(doc.get("language")),
        implements=_implements(doc),
        interaction_policy=policy_of(doc.get("interactionPolicy")),
        published_ms=time_of(doc.get("published")),
        updated_ms=time_of(doc.get("updated")),
        raw=doc,
    )


def _username(doc: Json, webfinger: str | None) -> str | None:
    given = text_of(doc.get("preferredUsername"), 255)
    if given is None and webfinger is not None:
        given = webfinger.removeprefix("acct:").lstrip("@").partition("@")[0]
    name = clean_name(given, 255) if given else ""
    return name if name and not any(c in "@/:?#\\ <>" for c in name) else None


def _moderators(doc: Json, kind: str, identity: str) -> tuple[str | None, tuple[str, ...]]:
    """FEP-1b12: the collection is `attributedTo` (Lemmy) or `moderators` (Mbin, PieFed); PeerTube lists people."""
    if kind != "Group":
        return None, ()
    given = doc.get("attributedTo")
    collection = own_url(doc.get("moderators"), identity)
    if collection is None and (isinstance(given, str) or (isinstance(given, list) and len(given) == 1)):
        only = given[0] if isinstance(given, list) else given
        if isinstance(only, str):
            return own_url(only, identity), ()
    people = tuple(one for one in ids_of(given, MAX_MODERATORS) if one != collection)
    return collection, people


def _aliases(value: object) -> tuple[str, ...]:
    """Only a list counts: a lone string is a shape that no software means as an alias list."""
    return ids_of(value, MAX_ALIASES) if isinstance(value, list) else ()


def _fields(value: object) -> tuple[ProfileField, ...]:
    found: list[ProfileField] = []
    for item in as_list(value)[:MAX_FIELDS]:
        if isinstance(item, dict) and type_of(item, frozenset({"PropertyValue"})) == "PropertyValue":
            name = name_of(item.get("name"))
            text = text_of(item.get("value"), MAX_SUMMARY)
            if name is not None and text is not None:
                found.append(ProfileField(name, text))
    return tuple(found)


def _keys(doc: Json, identity: str) -> tuple[WireKey, ...]:
    """`publicKey` (PEM) and `assertionMethod` (Multikey, FEP-521a): under the actor's origin and owned by the actor."""
    found: dict[str, WireKey] = {}
    for item in as_list(doc.get("publicKey"))[:MAX_KEYS]:
        if isinstance(item, dict):
            pem = text_of(item.get("publicKeyPem"), MAX_KEY)
            key_id = id_of(item.get("id"))
            if pem is not None and key_id is not None and _is_own(key_id, item.get("owner"), identity):
                found.setdefault(key_id, WireKey(key_id, identity, pem=pem))
    for item in as_list(doc.get("assertionMethod"))[:MAX_KEYS]:
        if isinstance(item, dict) and item.get("type") == "Multikey":
            multibase = text_of(item.get("publicKeyMultibase"), MAX_KEY)
            key_id = id_of(item.get("id"))
            if (
                multibase is not None
                and key_id is not None
                and _is_own(key_id, item.get("controller"), identity)
            ):
                found.setdefault(key_id, WireKey(key_id, identity, multibase=multibase))
    return tuple(found.values())


def _is_own(key_id: str, owner: object, identity: str) -> bool:
    if owner is None:  # Bridgy Fed names no owner: a key under the actor's own address needs none
        return key_id.partition("#")[0] == identity
    return same_origin(key_id, identity) and id_of(owner) == identity


def _languages(value: object) -> tuple[str, ...]:
    tags = (language_tag(i.get("identifier") if isinstance(i, dict) else i) for i in as_list(value)[:64])
    return tuple(dict.fromkeys(tag for tag in tags if tag is not None))


def _implements(doc: Json) -> tuple[str, ...]:
    generator = as_doc(doc.get("generator"))
    return ids_of(generator.get("implements"), 64) if generator is not None else ()
