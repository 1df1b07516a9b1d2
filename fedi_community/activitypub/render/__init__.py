"""Rendering: typed views -> ActivityPub documents, on bovine's builders. Pure: no look-ups, no clock, no signing.

What comes in has passed the rule for the reader; what goes out names no one it need not. The documents parse back
(`wire`) into the same audience.
"""

from fedi_community.activitypub.render import activities
from fedi_community.activitypub.render.actors import ActorFacts, actor_document
from fedi_community.activitypub.render.collections import collection, page
from fedi_community.activitypub.render.common import (
    Addressing,
    Document,
    Site,
    address,
    effective_audience,
    iso,
    without_context,
)
from fedi_community.activitypub.render.contexts import ACTOR_CONTEXT, AS2, CONTEXT, PUBLIC
from fedi_community.activitypub.render.objects import PostFacts, post_document, tombstone

__all__ = [
    "ACTOR_CONTEXT",
    "AS2",
    "CONTEXT",
    "PUBLIC",
    "ActorFacts",
    "Addressing",
    "Document",
    "PostFacts",
    "Site",
    "activities",
    "actor_document",
    "address",
    "collection",
    "effective_audience",
    "iso",
    "page",
    "post_document",
    "tombstone",
    "without_context",
]
