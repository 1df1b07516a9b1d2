"""JSON Feed, versions 1 and 1.1 (jsonfeed.org): text in, the raw entries out, bounds and types checked once.

It decides nothing about an entry; `parse` does that for every format alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fedi_community.feeds.document import MAX_ENTRIES, FeedProblem

_VERSION = ("https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1")


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """title, home, language: as the feed has them, of any JSON type. items: objects only."""

    title: Any
    home: Any
    language: Any
    authors: tuple[str, ...]
    items: tuple[Mapping[str, Any], ...]

    def authors_of(self, entry: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the entry's authors, else the feed's."""
        return tuple(_author_names(entry)) or self.authors


def read_json_feed(text: str) -> JsonFeed:
    """Raises FeedProblem for what is no JSON, no feed, or too many entries."""
    try:
        feed = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise FeedProblem("malformed", f"JSON: line {getattr(error, 'lineno', 0)}") from None
    version = feed.get("version") if isinstance(feed, dict) else None
    if not isinstance(version, str) or not version.startswith(_VERSION):
        raise FeedProblem("not_a_feed", "JSON without a JSON Feed version")
    items = feed.get("items")
    if not isinstance(items, list):
        raise FeedProblem("malformed", "items is no list")
    if len(items) > MAX_ENTRIES:
        raise FeedProblem("too_complex", f"{len(items)} entries, {MAX_ENTRIES} allowed")
    return JsonFeed(
        title=feed.get("title"),
        home=feed.get("home_page_url"),
        language=feed.get("language"),
        authors=tuple(_author_names(feed)),
        items=tuple(item for item in items if isinstance(item, dict)),
    )


def _author_names(holder: Mapping[str, Any]) -> Iterator[str]:
    """`authors` is version 1.1, `author` version 1."""
    authors = holder.get("authors")
    for author in authors if isinstance(authors, list) else [holder.get("author")]:
        name = author.get("name") if isinstance(author, dict) else None
        if isinstance(name, str) and name.strip():
            yield name.strip()
