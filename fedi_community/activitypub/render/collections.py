"""Collections and their pages. Items are ids, or documents without their `@context`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bovine.activitystreams import OrderedCollection, OrderedCollectionPage

from fedi_community.activitypub.render.common import Document
from fedi_community.activitypub.render.contexts import CONTEXT


def collection(
    uri: str,
    *,
    items: Sequence[Any] | None = None,
    total: int | None = None,
    first: str | Document | None = None,
    owner: str | None = None,
) -> Document:
    """An OrderedCollection. items: all of them, where they fit; total: where it may be known; owner: `attributedTo`."""
    found: Document = OrderedCollection(uri, count=total).build()
    if items is not None:
        found |= {"totalItems": len(items) if total is None else total, "orderedItems": list(items)}
    if first is not None:
        found["first"] = first
    if owner is not None:
        found["attributedTo"] = owner
    return {**found, "@context": CONTEXT}


def page(uri: str, part_of: str, items: Sequence[Any], more: str | None = None) -> Document:
    """A page of an OrderedCollection; more: address of the next."""
    found: Document = OrderedCollectionPage(uri, list(items), part_of, more).build()
    return {**found, "@context": CONTEXT}
