"""What the wire says, typed: frozen values that `parse_…` makes and everybody else only reads.

Rules that hold for each field: every id and URL is absolute http(s) with its origin in canonical spelling; a missing,
malformed or foreign value is None or an empty tuple, never an exception; text is as it was sent (not yet sanitised), cut
at its limit; times are integer milliseconds UTC, not yet clamped. `raw` is the document itself, for rendering, proofs and
relaying: it is not shown by `repr` and not compared. Nothing here is believed because it is here: see `authority`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from fedi_community.activitypub.strict_json import Json

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"

OBJECT_KINDS: Final = frozenset(
    {
        "Note",
        "Article",
        "Page",
        "Video",
        "Event",
        "Question",
        "Audio",
        "Image",
        "Link",
        "ChatMessage",
        "Tombstone",
    }
)
ACTOR_KINDS: Final = frozenset({"Person", "Group", "Service", "Application", "Organization"})
COLLECTION_KINDS: Final = frozenset(
    {"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage", "Conversation"}
)
ACTIVITY_TYPES: Final = frozenset(
    {
        "Accept", "Add", "Announce", "Arrive", "Block", "Create", "Delete", "Dislike", "EmojiReact", "Flag", "Follow",
        "Ignore", "Invite", "Join", "Leave", "Like", "Listen", "Lock", "Move", "Offer", "QuoteRequest", "Read", "Reject",
        "Remove", "Resolve", "TentativeAccept", "TentativeReject", "Travel", "Undo", "Update", "View",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attribution:
    """One entry of `attributedTo`; `kind` is the type that the entry names for itself (PeerTube), or None."""

    id: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    href: str
    name: str


@dataclass(frozen=True, slots=True)
class Hashtag:
    """name: without the `#`; href: the tag's page at its author's server, or None."""

    name: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Emoji:
    """A custom emoji: `shortcode` without colons, `url` of its picture."""

    shortcode: str
    url: str
    id: str | None = None
    updated_ms: int | None = None


@dataclass(frozen=True, slots=True)
class WireLink:
    href: str
    media_type: str | None = None
    rel: tuple[str, ...] = ()
    name: str | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """kind: Image, Video, Audio, Document or Link (a Document with a telling media type is named after that).

    name is the alternative text; focus is x and y from -1 to 1.
    """

    kind: str
    url: str
    media_type: str | None = None
    name: str | None = None
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    focus: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    content: str
    media_type: str


@dataclass(frozen=True, slots=True)
class PollOption:
    name: str
    votes: int | None


@dataclass(frozen=True, slots=True)
class Poll:
    """closed_ms is when it did close, ends_ms when it will; closed without closed_ms: at an unknown time."""

    options: tuple[PollOption, ...]
    multiple: bool
    closed: bool = False
    closed_ms: int | None = None
    ends_ms: int | None = None
    voters: int | None = None


@dataclass(frozen=True, slots=True)
class EventFacts:
    start_ms: int | None
    end_ms: int | None
    location: str | None


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """duration_s: whole seconds; files: the playable files and playlists, not pages."""

    duration_s: int | None
    files: tuple[WireLink, ...]


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may do a thing at once, and who may ask (GoToSocial's interaction policies): ids, Public or collections."""

    automatic: tuple[str, ...] = ()
    manual: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InteractionPolicy:
    can_reply: Permission | None = None
    can_announce: Permission | None = None
    can_like: Permission | None = None
    can_quote: Permission | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireObject:
    """A post or its like. `kind` is one of `OBJECT_KINDS` or "unknown"; `type` is the word that was sent.

    id is empty when the object has none: such an object cannot be stored. url is the page for people, or the id.
    content_map, name_map and summary_map: pairs of language tag and text, as sent. language is a BCP-47 tag or None.
    to, cc, audience: ids, with the names of Public as `PUBLIC`; `bto` and `bcc` are never read. context and
    conversation are grouping hints of any form. quote is the quoted object's id, quote_authorization its stamp
    (FEP-044f).
    """

    id: str
    kind: str
    type: str
    attributed_to: tuple[Attribution, ...] = ()
    in_reply_to: str | None = None
    name: str | None = None
    summary: str | None = None
    content: str | None = field(default=None, repr=False)
    media_type: str = "text/html"
    content_map: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    name_map: tuple[tuple[str, str], ...] = ()
    summary_map: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    source: Source | None = field(default=None, repr=False)
    language: str | None = None
    url: str = ""
    image: Attachment | None = None
    icon: Attachment | None = None
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    links: tuple[WireLink, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    context: str | None = None
    context_owner: str | None = None
    context_history: str | None = None
    conversation: str | None = None
    target: str | None = None
    target_owner: str | None = None
    published_ms: int | None = None
    updated_ms: int | None = None
    deleted_ms: int | None = None
    sensitive: bool = False
    comments_enabled: bool = True
    quote: str | None = None
    quote_authorization: str | None = None
    replies: str | None = None
    replies_page: WireCollection | None = None  # as it came within the post
    poll: Poll | None = None
    event: EventFacts | None = None
    video: VideoFacts | None = None
    interaction_policy: InteractionPolicy | None = None
    is_vote: bool = False
    raw: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class WireKey:
    """A public key that the actor lists and owns, under the actor's own origin; either pem or multibase is set."""

    id: str
    owner: str
    pem: str | None = None
    multibase: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileField:
    """A PropertyValue; value is HTML as sent."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WireActor:
    """An actor document. Every collection and inbox is on the actor's own origin, or None.

    username is `preferredUsername`, else the name of the FEP-2c59 `webfinger` handle, else None. moderators is the URL of
    the moderators collection (FEP-1b12), moderator_ids the people that some software lists in `attributedTo` instead.
    implements: URLs of specifications that the server says it implements (FEP-844e). restricted_posting:
    only moderators post (Lemmy). locked: `manuallyApprovesFollowers`, which makes a Group private for Lemmy.
    """

    id: str
    kind: str
    username: str | None
    inbox: str
    shared_inbox: str | None = None
    outbox: str | None = None
    followers: str | None = None
    following: str | None = None
    featured: str | None = None
    members: str | None = None
    moderators: str | None = None
    moderator_ids: tuple[str, ...] = ()
    name: str | None = None
    summary: str | None = None
    source: Source | None = None
    url: str = ""
    icon: Attachment | None = None
    image: Attachment | None = None
    fields: tuple[ProfileField, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    keys: tuple[WireKey, ...] = ()
    webfinger: str | None = None
    also_known_as: tuple[str, ...] = ()
    moved_to: str | None = None
    locked: bool = False
    restricted_posting: bool = False
    discoverable: bool | None = None
    indexable: bool | None = None
    sensitive: bool = False
    suspended: bool = False
    memorial: bool = False
    languages: tuple[str, ...] = ()
    implements: tuple[str, ...] = ()
    interaction_policy: InteractionPolicy | None = None
    published_ms: int | None = None
    updated_ms: int | None = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireCollection:
    """A collection or one page of it. item_ids: the ids of all items in order; items: those embedded, as sent.

    first, next, last and part_of are on the collection's own origin, or None. first_page: a first page if embedded.
    """

    id: str
    kind: str
    total: int | None = None
    item_ids: tuple[str, ...] = ()
    items: tuple[Json, ...] = field(default=(), repr=False)
    first: str | None = None
    first_page: WireCollection | None = None
    next: str | None = None
    last: str | None = None
    part_of: str | None = None
    owner: str | None = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)


Embedded: TypeAlias = "WireObject | WireActor | WireActivity | WireCollection"
Target: TypeAlias = "str | WireObject | WireActor | WireActivity | WireCollection"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireActivity:
    """An activity; `type` is whatever word was sent, so that an unknown verb can be acknowledged and ignored.

    id is empty only for an activity embedded in another that gave it none. object is the first object if it came
    embedded and readable, object_id its id in either case, object_type its type if it named one. objects holds all of
    them in order (Flag, batched votes, the items of an embedded OrderedCollection): an id, or the embedded value.
    object_ids are the ids of all objects. content is the emoji of a reaction or the text of a report. summary may be
    empty text: Lemmy marks a moderator's removal by sending one at all.
    """

    id: str
    type: str
    actor: str
    object: Embedded | None = None
    object_id: str | None = None
    object_type: str | None = None
    objects: tuple[Target, ...] = ()
    object_ids: tuple[str, ...] = ()
    target_id: str | None = None
    origin_id: str | None = None
    instrument_id: str | None = None
    result_id: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    published_ms: int | None = None
    ends_ms: int | None = None
    summary: str | None = None
    content: str | None = field(default=None, repr=False)
    emojis: tuple[Emoji, ...] = ()
    remove_data: bool = False
    raw: Json = field(default_factory=dict, repr=False, compare=False)
