"""Tolerant accessors: a value of any JSON shape in, a typed value or nothing out. None of them raises.

This is the only place where the many spellings of ActivityStreams are known (string, object or list; `@value`; links as
lists). Plain JSON only: contexts are neither fetched nor expanded, so a document means what it literally says.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from fedi_community.activitypub.strict_json import Json
from fedi_community.activitypub.wire.types import (
    PUBLIC,
    Attachment,
    Emoji,
    InteractionPolicy,
    Permission,
    Source,
    WireLink,
)
from fedi_community.domain.origins import canonical, same_origin
from fedi_community.domain.text import MAX_CONTENT, MAX_NAME, clean_name

MAX_SUMMARY: Final = 5_000
MAX_ADDRESSEES: Final = 1_000
"""Ids read from each of `to`, `cc` and `audience`; more are dropped, which narrows."""
MAX_HINT: Final = 2_048
MAX_LANGUAGES: Final = 20
MAX_LINKS: Final = 64

# Members that only have a meaning to a JSON-LD processor: with them two readers would see two documents.
_GRAPH: Final = frozenset({"@graph", "@included", "@reverse"})
_PUBLIC_NAMES: Final = frozenset({PUBLIC, "as:Public", "Public"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8}){0,3}\Z")
_DURATION: Final = re.compile(
    r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?\Z"
)
_AS2: Final = ("application/activity+json", "application/ld+json")


def is_restructured(doc: Json) -> bool:
    """Whether the document carries `@graph`, `@included` or `@reverse`."""
    return not _GRAPH.isdisjoint(doc)


def as_list(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def as_doc(value: object) -> Json | None:
    """The value if it is an object; the first object of a list."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return next((item for item in value if isinstance(item, dict)), None)
    return None


def type_of(doc: Json, known: frozenset[str]) -> str:
    """The type of a document; of several the first that is `known`, else the first; "" when there is none."""
    value = doc.get("type")
    if isinstance(value, str):
        return value[:MAX_NAME]
    names = [item for item in as_list(value) if isinstance(item, str)]
    return next((name for name in names if name in known), names[0] if names else "")[:MAX_NAME]


def id_of(value: object) -> str | None:
    """The id of a string, of an object with `id` (or `href`), or of the first of a list that has one."""
    if isinstance(value, str):
        return canonical(value)
    if isinstance(value, dict):
        inner = value.get("id", value.get("href"))
        return canonical(inner) if isinstance(inner, str) else None
    if isinstance(value, list):
        for item in value:
            if not isinstance(item, list) and (found := id_of(item)) is not None:
                return found
    return None


def ids_of(value: object, limit: int) -> tuple[str, ...]:
    """The ids of a string, object or flat list, each once; nested lists and unknown shapes are dropped."""
    found: dict[str, None] = {}
    for item in as_list(value)[:limit]:
        if not isinstance(item, list) and (identity := id_of(item)) is not None:
            found[identity] = None
    return tuple(found)


def addressees_of(value: object) -> tuple[str, ...]:
    """As `ids_of`, with every name of the public audience as `PUBLIC`. What is not understood is left out: it narrows."""
    found: dict[str, None] = {}
    for item in as_list(value)[:MAX_ADDRESSEES]:
        inner = item.get("id", item.get("href")) if isinstance(item, dict) else item
        if not isinstance(inner, str):
            continue
        identity = PUBLIC if inner in _PUBLIC_NAMES else canonical(inner)
        if identity is not None:
            found[identity] = None
    return tuple(found)


def own_url(value: object, owner: str) -> str | None:
    """The id, if it is on the owner's origin: an inbox or a collection elsewhere is somebody else's."""
    found = id_of(value)
    return found if found is not None and same_origin(found, owner) else None


def web_url(value: object) -> str | None:
    """A string as an http(s) URL for people or media (spaces are mended), or None."""
    return canonical(value.strip().replace(" ", "%20")) if isinstance(value, str) else None


def page_url(value: object) -> str | None:
    """The page for people: a string, a Link, or of a list the text/html Link, else the first without another type."""
    if isinstance(value, str):
        return web_url(value)
    links = links_of(value)
    for link in links:
        if link.media_type == "text/html":
            return link.href
    return next((link.href for link in links if link.media_type is None), None)


def links_of(value: object) -> tuple[WireLink, ...]:
    """Strings and Link objects of a `url` or the like."""
    found = (link_of(item) for item in as_list(value)[:MAX_LINKS])
    return tuple(link for link in found if link is not None)


def link_of(value: object) -> WireLink | None:
    if isinstance(value, str):
        href = web_url(value)
        return None if href is None else WireLink(href)
    if not isinstance(value, dict):
        return None
    href = web_url(value.get("href")) or web_url(value.get("url"))
    if href is None:
        return None
    rel = tuple(item for item in as_list(value.get("rel"))[:8] if isinstance(item, str))
    return WireLink(
        href, media_type_of(value), rel, name_of(value.get("name")), count_of(value.get("height"))
    )


def media_type_of(doc: Json) -> str | None:
    value = doc.get("mediaType")
    return value.strip().lower()[:255] if isinstance(value, str) and value else None


def is_as2(media_type: str | None) -> bool:
    return media_type is not None and media_type.startswith(_AS2)


def text_of(value: object, limit: int = MAX_CONTENT) -> str | None:
    """A string, a JSON-LD value object or the first string of a list, cut at `limit` characters; empty is missing."""
    if isinstance(value, str):
        return value[:limit] or None
    if isinstance(value, dict):
        return (
            text_of(value.get("@value"), limit) if not isinstance(value.get("@value"), (dict, list)) else None
        )
    if isinstance(value, list):
        return next((item[:limit] for item in value if isinstance(item, str) and item), None)
    return None


def name_of(value: object) -> str | None:
    """A one-line text without control characters, or None."""
    text = text_of(value, 4 * MAX_NAME)
    return None if text is None else clean_name(text) or None


def map_of(value: object, limit: int) -> tuple[tuple[str, str], ...]:
    """A language map as pairs; entries that are not text are left out."""
    if not isinstance(value, dict):
        return ()
    pairs = [(str(key)[:64], text[:limit]) for key, text in value.items() if isinstance(text, str) and text]
    return tuple(pairs[:MAX_LANGUAGES])


def language_of(doc: Json, content: str | None, content_map: tuple[tuple[str, str], ...]) -> str | None:
    """The language of an object: Lemmy's `language`, else the map's entry for its content, else the context's default."""
    given = doc.get("language")
    candidates = [given.get("identifier") if isinstance(given, dict) else given]
    candidates += [tag for tag, text in content_map if text == content]
    candidates += [tag for tag, _ in content_map[:1]]
    if not content_map:
        candidates += [
            item.get("@language") for item in as_list(doc.get("@context"))[:16] if isinstance(item, dict)
        ]
    return next((tag for tag in map(language_tag, candidates) if tag is not None), None)


def language_tag(value: object) -> str | None:
    if not isinstance(value, str) or not _LANGUAGE.match(value) or value.lower() in ("und", "mul", "zxx"):
        return None
    primary, dash, rest = value.partition("-")
    return primary.lower() + dash + rest


def bool_of(value: object) -> bool:
    return value is True or value in ("true", "True")


def flag_of(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def count_of(value: object) -> int | None:
    """A count of zero or more that fits a database's integer, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return int(value) if 0 <= value < 2**31 and value == int(value) else None


def time_of(value: object) -> int | None:
    """Milliseconds UTC of an ISO 8601 time (RFC 3339; without an offset it is UTC), or None."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None


def duration_of(value: object) -> int | None:
    """Whole seconds of an ISO 8601 duration such as PT1H2M3S, or None."""
    if not isinstance(value, str) or len(value) > 40 or not (match := _DURATION.match(value)):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return total if total < 2**31 else None


def hint_of(value: object) -> str | None:
    """An opaque string (conversation, context), or the id of an object in its place."""
    if isinstance(value, str):
        return value[:MAX_HINT] or None
    return id_of(value)


def source_of(value: object) -> Source | None:
    if not isinstance(value, dict):
        return None
    content = text_of(value.get("content"))
    return None if content is None else Source(content, media_type_of(value) or "text/html")


def attachment_of(value: object) -> Attachment | None:
    """An Image, Video, Audio, Document or Link with an http(s) address; `url` may be a list of Links (Pleroma)."""
    if isinstance(value, str):
        url = web_url(value)
        return None if url is None else Attachment("Link", url)
    if not isinstance(value, dict):
        return None
    link = link_of(value)
    if link is None:
        inner = links_of(value.get("url")) or links_of(value.get("href"))
        if not inner:
            return None
        link = inner[0]
    kind = type_of(value, _ATTACHMENT_KINDS)
    media_type = media_type_of(value) or link.media_type
    if kind not in ("Image", "Video", "Audio", "Link"):
        kind = _KIND_OF_MEDIA.get((media_type or "").partition("/")[0], "Document")
    return Attachment(
        kind,
        link.href,
        media_type,
        _alt_text(value),
        count_of(value.get("width")),
        count_of(value.get("height")),
        text_of(value.get("blurhash"), 128),
        _focus(value.get("focalPoint")),
    )


_ATTACHMENT_KINDS: Final = frozenset({"Image", "Video", "Audio", "Document", "Link"})
_KIND_OF_MEDIA: Final = {"image": "Image", "video": "Video", "audio": "Audio"}


def _alt_text(doc: Json) -> str | None:
    return text_of(doc.get("name"), MAX_SUMMARY) or text_of(doc.get("summary"), MAX_SUMMARY)


def _focus(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    x, y = value
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) or not -1 <= n <= 1 for n in (x, y)):
        return None
    return float(x), float(y)


def picture_of(value: object) -> Attachment | None:
    """An icon or image: an object, a URL, or the last usable of a list (as Lemmy reads it)."""
    for item in reversed(as_list(value)[:16]):
        found = attachment_of(item)
        if found is not None:
            return (
                found
                if found.kind != "Link"
                else Attachment("Image", found.url, found.media_type, found.name)
            )
    return None


def emoji_of(doc: Json) -> Emoji | None:
    """A custom emoji of a `tag` list (FEP-9098)."""
    name = text_of(doc.get("name"), 128)
    picture = picture_of(doc.get("icon"))
    if name is None or picture is None or not (shortcode := name.strip().strip(":")):
        return None
    return Emoji(clean_name(shortcode, 64), picture.url, id_of(doc.get("id")), time_of(doc.get("updated")))


def policy_of(value: object) -> InteractionPolicy | None:
    """GoToSocial's interaction policy, in the new words (automaticApproval) and the old (always)."""
    if not isinstance(value, dict):
        return None
    parts = {
        name: _permission(value.get(name)) for name in ("canReply", "canAnnounce", "canLike", "canQuote")
    }
    if not any(part is not None for part in parts.values()):
        return None
    return InteractionPolicy(parts["canReply"], parts["canAnnounce"], parts["canLike"], parts["canQuote"])


def _permission(value: object) -> Permission | None:
    if not isinstance(value, dict):
        return None
    automatic = value.get("automaticApproval", value.get("always"))
    manual = value.get("manualApproval", value.get("approvalRequired"))
    return Permission(addressees_of(automatic), addressees_of(manual))
