"""Filters: words and single posts that somebody does not want to meet, and what matches them. Pure.

Matching is on the words that a reader would see (warning, text in all its languages, answers of a poll, descriptions of
media), in any case and any Unicode form. What a match does, the filter's action says: warn, hide, blur.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from fedi_community.domain.client_effects import DropFilter, SaveFilter, SetFilterStatus
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.text import plain
from fedi_community.domain.views import PostView
from fedi_community.errors import NOT_FOUND, Refusal

CONTEXTS: Final = ("home", "notifications", "public", "thread", "account")
ACTIONS: Final = ("warn", "hide", "blur")
MAX_FILTERS: Final = 100
MAX_KEYWORDS: Final = 200
"""Keywords of one filter."""
MAX_KEYWORD: Final = 200
"""Characters of a keyword."""
MAX_FILTERED: Final = 1000
"""Single posts that the filters of one member name."""
NO_TITLE: Final = Refusal("filter_title", 422, "Validation failed: Title can't be blank")
NO_CONTEXT: Final = Refusal(
    "filter_context",
    422,
    "Validation failed: Context must be one or more of home, notifications, public, thread, account",
)
BAD_KEYWORD: Final = Refusal(
    "filter_keyword", 422, f"Validation failed: Keyword must have 1 to {MAX_KEYWORD} characters"
)
TOO_MANY: Final = Refusal("filter_limit", 422, "You have as many filters as there can be. Delete one first.")


@dataclass(frozen=True, slots=True)
class Keyword:
    id: int
    text: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """statuses: post id -> id of the row that names it. expires: milliseconds, None: permanent."""

    id: int
    title: str
    action: str
    contexts: tuple[str, ...]
    expires: int | None = None
    keywords: tuple[Keyword, ...] = ()
    statuses: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A filter that a post falls under, by which of its keywords and by which posts it names."""

    filter: Filter
    keywords: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@functools.lru_cache(maxsize=4096)
def _pattern(keyword: str, whole: bool) -> re.Pattern[str]:
    """A keyword as a pattern; at an end that is no letter there is no word to be whole."""
    text = _folded(keyword.strip())
    inner = r"\s+".join(re.escape(part) for part in text.split())
    before = r"(?<!\w)" if whole and re.match(r"\w", text) else ""
    after = r"(?!\w)" if whole and re.search(r"\w\Z", text) else ""
    return re.compile(f"{before}{inner}{after}")


def text_of(post: PostView) -> str:
    """All words of a post that a reader would see, folded."""
    parts = [post.warning]
    for text in post.texts:
        parts += [text.name, plain(text.content), plain(text.summary)]
    if post.poll is not None:
        parts += [str(option.get("name", "")) for option in post.poll.options]
    parts += [item.name for item in post.attachments]
    return _folded("\n\n".join(part for part in parts if part))


def matches(filters: Iterable[Filter], post: PostView) -> tuple[Match, ...]:
    """The filters that the post (or what it boosts) falls under, whatever their contexts."""
    shown = post.boost or post
    found: list[Match] = []
    text: str | None = None
    for one in filters:
        named = tuple(i for i in dict.fromkeys((post.id, shown.id)) if i in one.statuses)
        hit: tuple[str, ...] = ()
        if one.keywords:
            text = text_of(shown) if text is None else text
            hit = tuple(k.text for k in one.keywords if _pattern(k.text, k.whole).search(text))
        if hit or named:
            found.append(Match(one, hit, named))
    return tuple(found)


# --- changing them --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody asks of a filter. id: None for a new one. keywords: {id, keyword, whole_word, _destroy}."""

    owner_id: int
    title: str
    action: str
    contexts: tuple[str, ...]
    expires: int | None = None
    id: int | None = None
    keywords: tuple[dict[str, Any], ...] = ()


def ids_needed(asked: Change) -> int:
    """How many new ids the decision may use."""
    return 1 + len(asked.keywords)


def decide_filter(asked: Change, facts: Facts) -> Decision | Refusal:
    """Make or change a filter. Needs `keeps` of the owner and `ids_needed` new ids. result: the filter's id."""
    kept = facts.kept
    if asked.id is not None and asked.id not in kept.filters:
        return NOT_FOUND
    if asked.id is None and len(kept.filters) >= MAX_FILTERS:
        return TOO_MANY
    if not asked.title.strip():
        return NO_TITLE
    if not asked.contexts or any(c not in CONTEXTS for c in asked.contexts):
        return NO_CONTEXT
    filter_id = asked.id if asked.id is not None else facts.new_ids[0]
    chosen = _keywords(asked, filter_id, facts)
    if isinstance(chosen, Refusal):
        return chosen
    saved, dropped = chosen
    there = sum(owner == filter_id for owner in kept.keywords.values())
    if there + sum(key not in kept.keywords for key, _, _ in saved) - len(dropped) > MAX_KEYWORDS:
        return TOO_MANY
    made = SaveFilter(
        filter_id, asked.owner_id, asked.title.strip()[:500], asked.action, asked.contexts, asked.expires, facts.now,
        saved, dropped,
    )  # fmt: skip
    return Decision((made,), filter_id, "saved")


def _keywords(
    asked: Change, filter_id: int, facts: Facts
) -> tuple[tuple[tuple[int, str, bool], ...], tuple[int, ...]] | Refusal:
    saved: list[tuple[int, str, bool]] = []
    dropped: list[int] = []
    for index, item in enumerate(asked.keywords):
        key = item.get("id")
        if key is not None and facts.kept.keywords.get(key) != filter_id:
            return NOT_FOUND
        if item.get("_destroy"):
            dropped += [key] if key is not None else []
            continue
        word = str(item.get("keyword") or "").strip()
        if not 0 < len(word) <= MAX_KEYWORD:
            return BAD_KEYWORD
        saved.append((key or facts.new_ids[1 + index], word, bool(item.get("whole_word", True))))
    return tuple(saved), tuple(dropped)


def decide_drop(owner_id: int, filter_id: int, facts: Facts) -> Decision | Refusal:
    """Delete a filter with all that belongs to it."""
    if filter_id not in facts.kept.filters:
        return NOT_FOUND
    return Decision((DropFilter(filter_id, owner_id),), filter_id, "deleted")


def decide_name_post(owner_id: int, filter_id: int, post_id: int, facts: Facts) -> Decision | Refusal:
    """A filter names one post. Needs 1 new id. result: the row's id."""
    post = facts.posts.get(post_id)
    if filter_id not in facts.kept.filters or post is None or not facts.may_view(owner_id, post):
        return NOT_FOUND
    if len(facts.kept.statuses) >= MAX_FILTERED:
        return TOO_MANY
    row = facts.new_ids[0]
    return Decision((SetFilterStatus(row, owner_id, filter_id, post_id, True),), row, "named")


def decide_unname_post(owner_id: int, row_id: int, facts: Facts) -> Decision | Refusal:
    """It no longer does."""
    filter_id = facts.kept.statuses.get(row_id)
    if filter_id is None:
        return NOT_FOUND
    return Decision((SetFilterStatus(row_id, owner_id, filter_id, 0, False),), row_id, "unnamed")
