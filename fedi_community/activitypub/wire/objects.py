"""Posts from the wire: Note, Article, Page, Video, Event, Question and their like -> `WireObject`.

Shapes follow what the peers send (Lemmy, PieFed, Mbin, Mastodon, PeerTube, Mobilizon, NodeBB, Misskey …). Nothing is
judged here but the shape: whether the author may say it is `authority`'s question, and HTML is sanitised by whoever
stores it.
"""

from __future__ import annotations

from typing import Final

from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire.pages import parse_collection
from fedi_community.activitypub.wire.read import (
    MAX_SUMMARY,
    addressees_of,
    as_doc,
    as_list,
    attachment_of,
    bool_of,
    count_of,
    duration_of,
    emoji_of,
    hint_of,
    id_of,
    is_restructured,
    language_of,
    link_of,
    links_of,
    map_of,
    media_type_of,
    name_of,
    page_url,
    picture_of,
    policy_of,
    source_of,
    text_of,
    time_of,
    type_of,
    web_url,
)
from fedi_community.activitypub.wire.types import (
    OBJECT_KINDS,
    Attachment,
    Attribution,
    Emoji,
    EventFacts,
    Hashtag,
    Mention,
    Poll,
    PollOption,
    VideoFacts,
    WireCollection,
    WireLink,
    WireObject,
)
from fedi_community.domain.text import MAX_CONTENT, MAX_NAME, clean_name
from fedi_community.errors import Refusal

MAX_TAGS: Final = 100
MAX_ATTACHMENTS: Final = 32
MAX_MENTIONS: Final = 50
MAX_POLL_OPTIONS: Final = 50
MAX_AUTHORS: Final = 16

_QUOTE_NAMES: Final = ("quote", "quoteUrl", "quoteUri", "quoteURL", "_misskey_quote")
_QUOTE_RELS: Final = ("#_misskey_quote", "/ns#_misskey_quote", "fep/044f#quote")
_PLAYABLE: Final = ("video/", "audio/", "application/x-mpegurl", "application/vnd.apple.mpegurl")


def parse_object(doc: object) -> WireObject | Refusal:
    """A post from any JSON value. Refusals (400): `not_an_object`, `json_ld_graph`, `type_missing`, `id_invalid`."""
    if not isinstance(doc, dict):
        return Refusal("not_an_object", 400, "An object is expected.")
    if is_restructured(doc):
        return Refusal("json_ld_graph", 400, "JSON-LD graphs are not accepted.")
    kind = type_of(doc, OBJECT_KINDS)
    if not kind:
        return Refusal("type_missing", 400, "The object has no type.")
    identity = id_of(doc.get("id"))
    if identity is None and doc.get("id") is not None:
        return Refusal("id_invalid", 400, "The object's id is not an acceptable URL.")
    return _object(doc, kind, identity or "")


def _object(doc: Json, kind: str, identity: str) -> WireObject:
    content_map = map_of(doc.get("contentMap"), MAX_CONTENT)
    name_map = map_of(doc.get("nameMap"), MAX_NAME)
    summary_map = map_of(doc.get("summaryMap"), MAX_SUMMARY)
    content = text_of(doc.get("content")) or (content_map[0][1] if content_map else None)
    name = name_of(doc.get("name")) or (name_of(name_map[0][1]) if name_map else None)
    in_reply_to = id_of(doc.get("inReplyTo"))
    tags = _Tags(doc.get("tag"))
    context, target = as_doc(doc.get("context")), as_doc(doc.get("target"))
    return WireObject(
        id=identity,
        kind=kind if kind in OBJECT_KINDS else "unknown",
        type=kind,
        attributed_to=authors_of(doc),
        in_reply_to=in_reply_to,
        name=name,
        summary=text_of(doc.get("summary"), MAX_SUMMARY) or (summary_map[0][1] if summary_map else None),
        content=content,
        media_type=media_type_of(doc) or "text/html",
        content_map=content_map,
        name_map=name_map,
        summary_map=summary_map,
        source=source_of(doc.get("source")),
        language=language_of(doc, content, content_map),
        url=page_url(doc.get("url")) or web_url(doc.get("href")) or identity,
        image=picture_of(doc.get("image")),
        icon=picture_of(doc.get("icon")),
        attachments=attachments_of(doc.get("attachment")),
        mentions=tuple(tags.mentions),
        hashtags=tuple(tags.hashtags),
        emojis=tuple(tags.emojis),
        links=tuple(tags.links),
        to=addressees_of(doc.get("to")),
        cc=addressees_of(doc.get("cc")),
        audience=addressees_of(doc.get("audience")),
        context=hint_of(doc.get("context")),
        context_owner=id_of(context.get("attributedTo")) if context else None,
        context_history=id_of(doc.get("contextHistory")),
        conversation=hint_of(doc.get("conversation")),
        target=id_of(doc.get("target")),
        target_owner=id_of(target.get("attributedTo")) if target else None,
        published_ms=time_of(doc.get("published")),
        updated_ms=time_of(doc.get("updated")),
        deleted_ms=time_of(doc.get("deleted")),
        sensitive=bool_of(doc.get("sensitive", doc.get("as:sensitive"))),
        comments_enabled=doc.get("commentsEnabled") is not False,
        quote=_quote(doc, tags.links),
        quote_authorization=id_of(doc.get("quoteAuthorization")),
        replies=id_of(doc.get("replies")),
        replies_page=_embedded(doc.get("replies")),
        poll=_poll(doc),
        event=_event(doc) if kind == "Event" else None,
        video=_video(doc) if kind in ("Video", "Audio") else None,
        interaction_policy=policy_of(doc.get("interactionPolicy")),
        is_vote=kind == "Note" and name is not None and content is None and in_reply_to is not None,
        raw=doc,
    )


def authors_of(doc: Json) -> tuple[Attribution, ...]:
    """`attributedTo` as entries with the type that each names for itself (PeerTube lists a Person and a Group)."""
    found: dict[str, Attribution] = {}
    for item in as_list(doc.get("attributedTo"))[:MAX_AUTHORS]:
        if not isinstance(item, list) and (identity := id_of(item)) is not None:
            kind = type_of(item, frozenset()) if isinstance(item, dict) else None
            found.setdefault(identity, Attribution(identity, kind or None))
    return tuple(found.values())


def attachments_of(value: object) -> tuple[Attachment, ...]:
    """Media and links of a post; profile fields and what has no http(s) address are left out."""
    found: list[Attachment] = []
    for item in as_list(value)[:MAX_ATTACHMENTS]:
        if isinstance(item, dict) and item.get("type") == "PropertyValue":
            continue
        attachment = attachment_of(item)
        if attachment is not None:
            found.append(attachment)
    return tuple(found)


class _Tags:
    """The `tag` list, sorted by kind in one walk."""

    __slots__ = ("emojis", "hashtags", "links", "mentions")

    def __init__(self, value: object) -> None:
        self.mentions: list[Mention] = []
        self.hashtags: list[Hashtag] = []
        self.emojis: list[Emoji] = []
        self.links: list[WireLink] = []
        for tag in as_list(value)[:MAX_TAGS]:
            if isinstance(tag, dict):
                self._sort(tag)

    def _sort(self, tag: Json) -> None:
        match type_of(tag, frozenset({"Mention", "Hashtag", "Emoji", "Link"})):
            case "Mention":
                href = id_of(tag.get("href"))
                if href is not None and len(self.mentions) < MAX_MENTIONS:
                    self.mentions.append(Mention(href, name_of(tag.get("name")) or ""))
            case "Hashtag":
                name = (name_of(tag.get("name")) or "").lstrip("#").strip()
                if name:
                    self.hashtags.append(Hashtag(name, web_url(tag.get("href"))))
            case "Emoji":
                if (emoji := emoji_of(tag)) is not None:
                    self.emojis.append(emoji)
            case "Link":
                if (link := link_of(tag)) is not None:
                    self.links.append(link)


def emojis_of(value: object) -> tuple[Emoji, ...]:
    """The custom emoji of a `tag` list."""
    return tuple(_Tags(value).emojis)


def _quote(doc: Json, links: list[WireLink]) -> str | None:
    for name in _QUOTE_NAMES:
        if (found := id_of(doc.get(name))) is not None:
            return found
    return next((link.href for link in links if any(rel.endswith(_QUOTE_RELS) for rel in link.rel)), None)


def _poll(doc: Json) -> Poll | None:
    multiple = isinstance(doc.get("anyOf"), list)
    listed = doc.get("anyOf") if multiple else doc.get("oneOf")
    if not isinstance(listed, list):
        return None
    options: list[PollOption] = []
    for item in listed[:MAX_POLL_OPTIONS]:
        if isinstance(item, dict) and (name := text_of(item.get("name"), MAX_NAME)) is not None:
            replies = item.get("replies")
            votes = count_of(replies.get("totalItems")) if isinstance(replies, dict) else None
            options.append(PollOption(clean_name(name), votes))
    if not options:
        return None
    closed_ms = time_of(doc.get("closed"))
    return Poll(
        tuple(options),
        multiple,
        closed_ms is not None or doc.get("closed") is True,
        closed_ms,
        time_of(doc.get("endTime")),
        count_of(doc.get("votersCount")),
    )


def _event(doc: Json) -> EventFacts:
    return EventFacts(time_of(doc.get("startTime")), time_of(doc.get("endTime")), _place(doc.get("location")))


def _place(value: object) -> str | None:
    """The name and postal address of the first place, on one line."""
    place = as_doc(value)
    if place is None:
        return name_of(value)
    address = place.get("address")
    parts = [place.get("name")]
    if isinstance(address, dict):
        parts += [
            address.get(key) for key in ("streetAddress", "postalCode", "addressLocality", "addressCountry")
        ]
    else:
        parts.append(address)
    texts = [name for name in map(name_of, parts) if name is not None]
    return clean_name(", ".join(dict.fromkeys(texts))) or None


def _video(doc: Json) -> VideoFacts:
    files: list[WireLink] = []
    for link in links_of(doc.get("url")):
        if link.media_type is not None and link.media_type.startswith(_PLAYABLE):
            files.append(link)
    return VideoFacts(duration_of(doc.get("duration")), tuple(files))


def _embedded(listed: object) -> WireCollection | None:
    """Answers that are listed within a post."""
    found = parse_collection(listed) if isinstance(listed, dict) else None
    return None if found is None or isinstance(found, Refusal) else found
