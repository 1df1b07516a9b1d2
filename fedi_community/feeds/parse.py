"""Feeds as other sites write them (RSS 2.0, Atom, JSON Feed 1 and 1.1) read into one shape.

Pure: bytes in, values out. It fetches nothing, stores nothing and cleans no HTML: what it returns is a
stranger's markup, to be sanitised before anybody sees it. The feed library needs milliseconds (5 s for the
worst 5 MB tried), so callers run this in a thread.
"""

from __future__ import annotations

import calendar
import hashlib
import html
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast
from urllib.parse import urljoin, urlsplit

import feedparser

from fedi_community.feeds.document import FeedProblem, ItemFacts, decode, read_document
from fedi_community.feeds.jsonfeed import read_json_feed

MAX_TITLE = 500
MAX_URL = 2_000
MAX_GUID = 1_000
MAX_HTML = 400_000
"""Longest text of one item, in characters; longer ones are cut (the sanitiser closes what is left open)."""
LATEST_DATE_MS = 4_102_444_800_000
"""The year 2100: what lies behind it, or before 1970, is no date of a publication."""
MAX_ALT = 1_500
MAX_CATEGORIES = 20
MAX_NAME = 200
"""Longest author or category name, in characters."""

Kind = Literal["article", "video", "link"]

_TAGS = re.compile(r"</?[A-Za-z][^<>]*>")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})([-_][A-Za-z0-9]{1,8})*")
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{6,24}")
_IMAGE_PATH = re.compile(r"\.(jpe?g|png|gif|webp|avif)$", re.IGNORECASE)
_YOUTUBE_THUMBNAIL = re.compile(r"^https?://i\d?\.ytimg\.com/")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. Texts are trimmed and never None; times are milliseconds UTC.

    guid: the key, never empty: the feed's own identifier, else the link.
    summary_html: the excerpt, '' if there is none apart from the text. content_html: the text, '' for a bare
    headline. Both are raw. kind: 'video' has a video_id; 'link' points to another site than the channel's.
    image_alt: '' when the feed does not describe the image. language: primary subtag such as 'es', or None.
    """

    guid: str
    link: str | None
    title: str
    summary_html: str
    content_html: str
    author: str
    categories: tuple[str, ...]
    published_ms: int | None
    updated_ms: int | None
    image_url: str | None
    image_alt: str
    video_id: str | None
    kind: Kind
    language: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """link: the site's own page. items: in the feed's order, each guid once.

    skipped: how many entries had no key at all, or repeated a guid.
    """

    title: str
    link: str | None
    language: str | None
    items: tuple[Item, ...]
    skipped: int = 0


def parse_feed(body: bytes, content_type: str | None, url: str) -> Feed:
    """Read a feed. url: where it came from, the base of relative addresses. Raises FeedProblem only."""
    text = decode(body, content_type)
    if not text:
        raise FeedProblem("empty")
    if text.startswith("{"):
        return _from_json(text, url)
    document = read_document(text)
    parsed = _with_library(document.data, url)
    channel: Mapping[str, Any] = parsed["feed"]
    entries: list[Mapping[str, Any]] = parsed["entries"]
    link = _address(_raw(channel, "link"), url)
    language = _language(_raw(channel, "language"))
    aligned = len(entries) == len(document.items)
    read = (
        _xml_item(
            entry,
            document.items[at] if aligned else ItemFacts(),
            url,
            site=link or url,
            language=language,
            atom=document.flavour == "atom",
        )
        for at, entry in enumerate(entries)
    )
    items = _unique(read)
    title = _plain(_raw(channel, "title"), markup=document.flavour == "rss")
    return Feed(title[:MAX_TITLE], link, language, items, skipped=len(entries) - len(items))


def _with_library(data: bytes, url: str) -> Mapping[str, Any]:
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    try:
        # wrapped, since plain bytes would first be tried as the name of a file
        return cast(
            Mapping[str, Any],
            feedparser.parse(
                io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=True
            ),
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, AssertionError) as error:
        raise FeedProblem("malformed", f"the feed library failed: {type(error).__name__}") from None


def content_hash(item: Item) -> str:
    """A hex digest that changes only with title, text, image or link; white space does not count.

    Dates that move on their own are no edit: YouTube's `updated` follows the statistics.
    """
    parts = (item.title, item.summary_html, item.content_html, item.image_url or "", item.link or "")
    told_apart = "\0".join(" ".join(part.split()) for part in parts)
    return hashlib.sha256(told_apart.encode()).hexdigest()


def plain_to_html(text: str) -> str:
    """Plain text as paragraphs and line breaks; everything that looks like markup is escaped."""
    paragraphs = re.split(r"\n[ \t]*\n\s*", text.replace("\r\n", "\n").replace("\r", "\n").strip())
    return "".join(
        "<p>" + "<br>".join(html.escape(line.strip(), quote=False) for line in paragraph.split("\n")) + "</p>"
        for paragraph in paragraphs
        if paragraph
    )


def _unique(items: Iterable[Item | None]) -> tuple[Item, ...]:
    first: dict[str, Item] = {}
    for item in items:
        if item:
            first.setdefault(item.guid, item)
    return tuple(first.values())


def _raw(entry: Mapping[str, Any], key: str) -> Any:
    """The stored value itself: the library's own look-up answers `updated` with `published`, and warns."""
    return dict.get(entry, key) if isinstance(entry, dict) else entry.get(key)


def _xml_item(
    entry: Mapping[str, Any], facts: ItemFacts, base: str, *, site: str, language: str | None, atom: bool
) -> Item | None:
    link = _link(entry, facts, base)
    guid = _clean(facts.guid or _raw(entry, "id"))[:MAX_GUID] or link
    if not guid:
        return None
    video_id = _clean(_raw(entry, "yt_videoid"))
    video_id = video_id if _VIDEO_ID.fullmatch(video_id) else ""
    content, summary = _texts(entry)
    if not content:
        content = plain_to_html(_clean(facts.description))
    image_url, alt = _image(entry, facts, base)
    title_type = (_raw(entry, "title_detail") or {}).get("type", "")
    title = _plain(_raw(entry, "title"), markup=not atom or title_type != "text/plain")
    return Item(
        guid=guid,
        link=link,
        title=(title or _clean(facts.title))[:MAX_TITLE],
        summary_html="" if summary == content else summary[:MAX_HTML],
        content_html=content[:MAX_HTML],
        author=_author(entry),
        categories=_names(tag.get("term") for tag in _raw(entry, "tags") or ()),
        published_ms=_time(_raw(entry, "published_parsed")),
        updated_ms=_time(_raw(entry, "updated_parsed")),
        image_url=image_url,
        image_alt=alt,
        video_id=video_id or None,
        kind="video" if video_id else _kind(link, site),
        language=_language(_raw(entry, "language")) or language,
    )


def _link(entry: Mapping[str, Any], facts: ItemFacts, base: str) -> str | None:
    """The alternate link, else a guid that is an address and not declared to be something else."""
    for found in _raw(entry, "links") or ():
        if found.get("rel") == "alternate" and (link := _address(found.get("href"), base)):
            return link
    is_address = _raw(entry, "guidislink") and facts.guid.startswith(("http://", "https://"))
    return _address(facts.guid, base) if is_address else None


def _texts(entry: Mapping[str, Any]) -> tuple[str, str]:
    """(text, excerpt) in the order content:encoded, content, description, summary."""
    bodies = [_markup(detail) for detail in _raw(entry, "content") or ()]
    excerpt = _markup(_raw(entry, "summary_detail") or {})
    bodies = [body for body in bodies if body]
    return (bodies[0], excerpt) if bodies else (excerpt, "")


def _markup(detail: Mapping[str, Any]) -> str:
    value = _clean(detail.get("value"))
    return plain_to_html(value) if detail.get("type") == "text/plain" else value


def _author(entry: Mapping[str, Any]) -> str:
    """The name alone: RSS puts an address for mail beside it, which is nobody's to republish."""
    detail = _raw(entry, "author_detail") or {}
    name = _clean(detail.get("name")) or _clean(_raw(entry, "author"))
    return "" if "@" in name else " ".join(name.split())[:MAX_NAME]


def _image(entry: Mapping[str, Any], facts: ItemFacts, base: str) -> tuple[str | None, str]:
    for raw in _image_candidates(entry):
        url = _address(raw, base)
        # WordPress.com lists the author's avatar first among an item's pictures
        if url and not (urlsplit(url).hostname or "").endswith("gravatar.com"):
            # the thumbnail's host is numbered anew at each fetch
            stable = _YOUTUBE_THUMBNAIL.sub("https://i.ytimg.com/", url)
            return stable, " ".join(_clean(facts.alts.get(raw)).split())[:MAX_ALT]
    return None, ""


def _image_candidates(entry: Mapping[str, Any]) -> Iterator[str]:
    for found in _raw(entry, "media_content") or ():
        kind, medium = found.get("type", ""), found.get("medium", "")
        named = not kind and not medium and _IMAGE_PATH.search(found.get("url", "").partition("?")[0])
        if kind.startswith("image/") or (medium == "image" and not kind) or named:
            yield found.get("url", "")
    for found in _raw(entry, "links") or ():
        if found.get("rel") == "enclosure" and found.get("type", "").startswith("image/"):
            yield found.get("href", "")
    for found in _raw(entry, "media_thumbnail") or ():
        yield found.get("url", "")
    yield (_raw(entry, "image") or {}).get("href", "")


def _from_json(text: str, url: str) -> Feed:
    raw = read_json_feed(text)
    site = _address(raw.home, url) or url
    feed_language = _language(raw.language)

    def item(entry: Mapping[str, Any]) -> Item | None:
        own = _address(entry.get("url"), url)
        external = _address(entry.get("external_url"), url)
        link = external or own
        guid = _clean(_identifier(entry.get("id")))[:MAX_GUID] or link
        if not guid:
            return None
        content = _clean(entry.get("content_html")) or plain_to_html(_clean(entry.get("content_text")))
        summary = plain_to_html(_clean(entry.get("summary")))
        image = _address(entry.get("image") or entry.get("banner_image"), url)
        return Item(
            guid=guid,
            link=link,
            title=" ".join(_clean(entry.get("title")).split())[:MAX_TITLE],
            summary_html=summary[:MAX_HTML] if content and content != summary else "",
            content_html=(content or summary)[:MAX_HTML],
            author=", ".join(_names([*raw.authors_of(entry)]))[:MAX_NAME],
            categories=_names(tags if isinstance(tags := entry.get("tags"), list) else ()),
            published_ms=_date(entry.get("date_published")),
            updated_ms=_date(entry.get("date_modified")),
            image_url=image,
            image_alt="",
            video_id=None,
            kind="link" if external and not _same_site(external, site) else _kind(link, site),
            language=_language(entry.get("language")) or feed_language,
        )

    items = _unique(map(item, raw.items))
    title = " ".join(_clean(raw.title).split())[:MAX_TITLE]
    return Feed(title, _address(raw.home, url), feed_language, items, skipped=len(raw.items) - len(items))


def _identifier(value: Any) -> str:
    return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _clean(value: Any) -> str:
    return _CONTROLS.sub("", value).strip() if isinstance(value, str) else ""


def _plain(value: Any, *, markup: bool) -> str:
    """A title on one line. RSS never says whether titles are markup: tags go, entities are resolved."""
    words = _clean(value)
    if markup:
        words = _CONTROLS.sub("", html.unescape(_TAGS.sub("", words)))
    return " ".join(words.split())


def _names(values: Iterable[Any]) -> tuple[str, ...]:
    names = (" ".join(_clean(value).split())[:MAX_NAME] for value in values)
    return tuple(dict.fromkeys(filter(None, names)))[:MAX_CATEGORIES]


def _address(value: Any, base: str) -> str | None:
    """An absolute http(s) address, or None for everything else."""
    words = _clean(value)
    if not words or len(words) > MAX_URL:
        return None
    try:
        absolute = urljoin(base, words)
        parts = urlsplit(absolute)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return absolute if usable and not re.search(r"[\s<>\"]", absolute) and parts.username is None else None


def _same_site(one: str, other: str) -> bool:
    a, b = (_host(url) for url in (one, other))
    return a == b or a.endswith("." + b) or b.endswith("." + a)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.").rstrip(".")


def _kind(link: str | None, site: str) -> Kind:
    return "link" if link and not _same_site(link, site) else "article"


def _language(value: Any) -> str | None:
    found = _LANGUAGE.fullmatch(_clean(value))
    return found[1].lower() if found else None


def _time(parsed: Any) -> int | None:
    try:
        moment = calendar.timegm(parsed) * 1000 if parsed else 0
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if 0 < moment < LATEST_DATE_MS else None


def _date(value: Any) -> int | None:
    """RFC 3339, as JSON Feed asks; without a zone it is taken for UTC."""
    try:
        moment = datetime.fromisoformat(_clean(value))
        return _time(moment.astimezone(UTC).timetuple() if moment.tzinfo else moment.timetuple())
    except (ValueError, OverflowError):
        return None
