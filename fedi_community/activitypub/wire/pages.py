"""Collections and their pages from the wire -> `WireCollection`.

Items are handed on unread: each is believed only from its own host.
"""

from __future__ import annotations

from typing import Final

from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire.read import as_list, count_of, id_of, is_restructured, own_url, type_of
from fedi_community.activitypub.wire.types import COLLECTION_KINDS, WireCollection
from fedi_community.errors import Refusal

MAX_ITEMS: Final = 1_000
"""Items read of one page; the rest is left."""


def parse_collection(doc: object) -> WireCollection | Refusal:
    """A collection or page from any JSON value.

    NodeBB's `Conversation` counts as one, its `posts` being the first page. Refusals (400): `not_an_object`,
    `json_ld_graph`, `not_a_collection`, `id_invalid`.
    """
    if not isinstance(doc, dict):
        return Refusal("not_an_object", 400, "An object is expected.")
    if is_restructured(doc):
        return Refusal("json_ld_graph", 400, "JSON-LD graphs are not accepted.")
    kind = type_of(doc, COLLECTION_KINDS)
    if kind not in COLLECTION_KINDS:
        return Refusal("not_a_collection", 400, "The document is not a collection.")
    identity = id_of(doc.get("id"))
    if identity is None and doc.get("id") is not None:
        return Refusal("id_invalid", 400, "The collection's id is not an acceptable URL.")
    return _collection(doc, kind, identity or "", with_page=True)


def _collection(doc: Json, kind: str, identity: str, *, with_page: bool) -> WireCollection:
    listed = doc.get("orderedItems")
    items = as_list(listed if listed is not None else doc.get("items"))[:MAX_ITEMS]
    ids = (id_of(item) for item in items if not isinstance(item, list))
    first = doc.get("first", doc.get("posts"))
    home = identity or id_of(doc.get("partOf")) or id_of(doc.get("next")) or ""
    page = None
    if with_page and isinstance(first, dict):
        page_id = id_of(first.get("id")) or identity
        page = _collection(
            first, type_of(first, COLLECTION_KINDS) or "CollectionPage", page_id, with_page=False
        )
    return WireCollection(
        id=identity,
        kind=kind,
        total=count_of(doc.get("totalItems")),
        item_ids=tuple(dict.fromkeys(one for one in ids if one is not None)),
        items=tuple(item for item in items if isinstance(item, dict)),
        first=own_url(first, home),
        first_page=page,
        next=own_url(doc.get("next"), home),
        last=own_url(doc.get("last"), home),
        part_of=own_url(doc.get("partOf"), home),
        owner=id_of(doc.get("attributedTo")),
        raw=doc,
    )
