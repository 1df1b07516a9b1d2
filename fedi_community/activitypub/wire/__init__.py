"""The wire: plain JSON from peers -> typed values, tolerant once, so that everything behind it can be strict.

`parse_activity`, `parse_object`, `parse_actor`, `parse_collection` and `parse` are total: any JSON value gives a value
or a `Refusal`. They judge shapes alone; who may say what is `authority`. No JSON-LD processing, no fetching, no clock.
"""

from fedi_community.activitypub.wire.activities import parse, parse_activity
from fedi_community.activitypub.wire.actors import parse_actor
from fedi_community.activitypub.wire.audience import (
    Label,
    addresses_group,
    audience_label,
    group_candidates,
    thread_title,
)
from fedi_community.activitypub.wire.objects import parse_object
from fedi_community.activitypub.wire.pages import parse_collection
from fedi_community.activitypub.wire.types import (
    ACTIVITY_TYPES,
    ACTOR_KINDS,
    COLLECTION_KINDS,
    OBJECT_KINDS,
    PUBLIC,
    Attachment,
    Attribution,
    Embedded,
    Emoji,
    EventFacts,
    Hashtag,
    InteractionPolicy,
    Mention,
    Permission,
    Poll,
    PollOption,
    ProfileField,
    Source,
    Target,
    VideoFacts,
    WireActivity,
    WireActor,
    WireCollection,
    WireKey,
    WireLink,
    WireObject,
)

__all__ = [
    "ACTIVITY_TYPES",
    "ACTOR_KINDS",
    "COLLECTION_KINDS",
    "OBJECT_KINDS",
    "PUBLIC",
    "Attachment",
    "Attribution",
    "Embedded",
    "Emoji",
    "EventFacts",
    "Hashtag",
    "InteractionPolicy",
    "Label",
    "Mention",
    "Permission",
    "Poll",
    "PollOption",
    "ProfileField",
    "Source",
    "Target",
    "VideoFacts",
    "WireActivity",
    "WireActor",
    "WireCollection",
    "WireKey",
    "WireLink",
    "WireObject",
    "addresses_group",
    "audience_label",
    "group_candidates",
    "parse",
    "parse_activity",
    "parse_actor",
    "parse_collection",
    "parse_object",
    "thread_title",
]
