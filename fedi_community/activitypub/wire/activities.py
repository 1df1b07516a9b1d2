"""Activities from the wire -> `WireActivity`, with what they embed, a few levels deep."""

from __future__ import annotations

from typing import Final

from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire.actors import parse_actor
from fedi_community.activitypub.wire.objects import emojis_of, parse_object
from fedi_community.activitypub.wire.pages import parse_collection
from fedi_community.activitypub.wire.read import (
    MAX_SUMMARY,
    addressees_of,
    as_list,
    bool_of,
    id_of,
    is_restructured,
    text_of,
    time_of,
    type_of,
)
from fedi_community.activitypub.wire.types import (
    ACTIVITY_TYPES,
    ACTOR_KINDS,
    COLLECTION_KINDS,
    Embedded,
    Target,
    WireActivity,
    WireCollection,
)
from fedi_community.errors import Refusal

MAX_OBJECTS: Final = 200
"""Objects of one activity; PieFed batches votes to peers of its own kind."""
MAX_EMBEDDED: Final = 4
"""Levels of embedding that are read, as in Announce{Undo{Like{Note}}}; below that only ids count."""


def parse_activity(doc: object) -> WireActivity | Refusal:
    """An activity from any JSON value, whatever its verb.

    Refusals (400): `not_an_object`, `json_ld_graph`, `type_missing`, `id_missing` (as clients send), `id_invalid`,
    `actor_missing` (also when it is a list of several, or no acceptable URL).
    """
    return _parse(doc, MAX_EMBEDDED)


def _parse(doc: object, levels: int) -> WireActivity | Refusal:
    if not isinstance(doc, dict):
        return Refusal("not_an_object", 400, "An object is expected.")
    if is_restructured(doc):
        return Refusal("json_ld_graph", 400, "JSON-LD graphs are not accepted.")
    verb = type_of(doc, ACTIVITY_TYPES)
    if not verb:
        return Refusal("type_missing", 400, "The activity has no type.")
    given, identity = doc.get("id"), id_of(doc.get("id"))
    if identity is None and (given is not None or levels == MAX_EMBEDDED):
        return Refusal(
            "id_missing" if given is None else "id_invalid", 400, "The activity needs an id that is a URL."
        )
    actors = as_list(doc.get("actor"))
    actor = id_of(actors[0]) if len(actors) == 1 else None
    if actor is None:
        return Refusal("actor_missing", 400, "The activity needs one actor.")
    return _activity(doc, verb, identity or "", actor, levels)


def _activity(doc: Json, verb: str, identity: str, actor: str, levels: int) -> WireActivity:
    items = as_list(doc.get("object"))[:MAX_OBJECTS]
    parsed = [_embedded(item, levels - 1) if isinstance(item, dict) else None for item in items]
    first = parsed[0] if parsed else None
    if (
        isinstance(first, WireCollection)
        and len(items) == 1
        and (first.items or first.item_ids)
        and verb == "Announce"
    ):
        contents = _items_of(first)
        items, parsed = (
            contents,
            [_embedded(i, levels - 1) if isinstance(i, dict) else None for i in contents],
        )
        first = parsed[0] if parsed else None
    ids = [None if isinstance(item, list) else id_of(item) for item in items]
    objects: list[Target] = []
    for embedded, object_id in zip(parsed, ids, strict=True):
        if embedded is not None:
            objects.append(embedded)
        elif object_id is not None:
            objects.append(object_id)
    lead = items[0] if items else None
    return WireActivity(
        id=identity,
        type=verb,
        actor=actor,
        object=first,
        object_id=ids[0] if ids else None,
        object_type=(type_of(lead, ACTIVITY_TYPES) or None) if isinstance(lead, dict) else None,
        objects=tuple(objects),
        object_ids=tuple(dict.fromkeys(one for one in ids if one is not None)),
        target_id=id_of(doc.get("target")),
        origin_id=id_of(doc.get("origin")),
        instrument_id=id_of(doc.get("instrument")),
        result_id=id_of(doc.get("result")),
        to=addressees_of(doc.get("to")),
        cc=addressees_of(doc.get("cc")),
        audience=addressees_of(doc.get("audience")),
        published_ms=time_of(doc.get("published")),
        ends_ms=time_of(doc.get("endTime", doc.get("expires"))),
        summary=summary[:MAX_SUMMARY] if isinstance(summary := doc.get("summary"), str) else None,
        content=text_of(doc.get("content"), MAX_SUMMARY) or text_of(doc.get("_misskey_reaction"), 128),
        emojis=emojis_of(doc.get("tag")),
        remove_data=bool_of(doc.get("removeData")),
        raw=doc,
    )


def _items_of(collection: WireCollection) -> list[object]:
    """The items of an embedded collection as sent (PieFed announces an OrderedCollection of activities)."""
    raw = collection.raw
    listed = raw.get("orderedItems")
    return as_list(listed if listed is not None else raw.get("items"))[:MAX_OBJECTS]


def parse(doc: object) -> Embedded | Refusal:
    """Any document, by its type: activity, actor, collection, or else a post of known or unknown kind."""
    return _any(doc, MAX_EMBEDDED)


def _embedded(doc: Json, levels: int) -> Embedded | None:
    """What is embedded, or None when it is unreadable, too deep, or says no more than an id."""
    if levels <= 0 or not (doc.keys() - {"id", "type", "@context"}):
        return None
    found = _any(doc, levels)
    return None if isinstance(found, Refusal) else found


def _any(doc: object, levels: int) -> Embedded | Refusal:
    if not isinstance(doc, dict):
        return Refusal("not_an_object", 400, "An object is expected.")
    kind = type_of(doc, ACTIVITY_TYPES | ACTOR_KINDS | COLLECTION_KINDS)
    if kind in ACTOR_KINDS:
        return parse_actor(doc)
    if kind in COLLECTION_KINDS:
        return parse_collection(doc)
    if kind in ACTIVITY_TYPES or ("actor" in doc and "object" in doc):
        return _parse(doc, levels)
    return parse_object(doc)
