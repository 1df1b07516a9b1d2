"""What waits until somebody who runs the group has read it: a newcomer's first posts, words, links and telephone numbers that the
group wants to see first, answers in a thread that asks for it. Pure.

What waits exists for its author and for those who run the group alone (the rule), wherever it came from: it is neither sent nor
passed on, counted nor told. Those who run the group are not held.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any, Final, Literal

from fedi_community.domain import powers
from fedi_community.domain.effects import Audit, ChangeGroup, Decision, ignored
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import PUBLIC, SERVER, Actor, Body, Holds, Place, Post
from fedi_community.domain.text import plain
from fedi_community.errors import NOT_FOUND, Refusal

Why = Literal["first", "word", "link", "phone", "approval", "moderator"]
MAX_HELD_WORDS: Final = 200
"""Words and phrases that a group wants to see first."""
MAX_HELD_WORD: Final = 80
"""Characters of one of them."""
TOO_MANY: Final = Refusal(
    "too_many_words", 422, f"At most {MAX_HELD_WORDS} words of {MAX_HELD_WORD} characters can be held."
)
_LINK: Final = re.compile(r"https?://|\bwww\.[a-z0-9]", re.IGNORECASE)
_PHONE: Final = re.compile(r"(?<![\w/.=:-])\+?\(?\d(?:[ \u00a0().\-]{0,2}\d){6,14}(?![\w/-])")
_DATE: Final = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\b(?:19|20)\d\d ?[-\u2013] ?(?:19|20)\d\d\b"
)
"""Digits that are a date or a span of years, not somebody's number."""


def holds_of(stored: dict[str, Any]) -> Holds:
    """As a group's row has it; anything unknown counts as not held."""
    words = stored.get("words")
    links, replies = stored.get("links"), stored.get("replies")
    return Holds(
        tuple(w for w in words if isinstance(w, str)) if isinstance(words, list) else (),
        links if links in ("newcomers", "everybody") else "nobody",
        stored.get("phones") is True,
        replies if replies in ("newcomers", "everybody") else "nobody",
    )


def holds_stored(holds: Holds) -> dict[str, Any]:
    """The reverse; nothing where nothing is held."""
    made = {
        "words": list(holds.words),
        "links": holds.links,
        "phones": holds.phones,
        "replies": holds.replies,
    }
    return {name: value for name, value in made.items() if value not in ([], "nobody", False)}


def folded(text: str) -> str:
    """Small letters without accents, every run of other characters one space, and a space at both ends: for whole words."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in apart if not unicodedata.combining(c))
    return " " + " ".join("".join(kept).split()) + " "


def words_of(body: Body) -> str:
    """Everything that a post says, without markup."""
    said = [body.warning, *(a.name for a in body.attachments)]
    for text in body.texts:
        said += [text.name, plain(text.summary), plain(text.content)]
    poll = body.extra.get("poll")
    if isinstance(poll, dict):
        said += [
            str(option.get("name", "")) for option in poll.get("options", ()) if isinstance(option, dict)
        ]
    return "\n".join(said)


def in_words(body: Body, holds: Holds, newcomer: bool) -> Why | None:
    """Whether what a post says is something that the group wants to see first."""
    said = words_of(body)
    if holds.words:
        clear = folded(said)
        if any(folded(word) in clear for word in holds.words if word.strip()):
            return "word"
    if holds.phones and _PHONE.search(_DATE.sub(" ", said)):
        return "phone"
    wants_links = holds.links == "everybody" or (holds.links == "newcomers" and newcomer)
    linked = any(a.kind == "link" for a in body.attachments) or bool(_LINK.search(said))
    linked = linked or any(_foreign_link(text.content) for text in body.texts)
    return "link" if wants_links and linked else None


_HREF: Final = re.compile(r"<a\s[^>]*>", re.IGNORECASE)


def _foreign_link(html: str) -> bool:
    """A link that is no mention and no hashtag."""
    return any("mention" not in tag and "hashtag" not in tag for tag in _HREF.findall(html))


def why(
    facts: Facts,
    author: Actor,
    group: Actor | None,
    parent: Post | None,
    audience: dict[int, Place],
    body: Body,
) -> Why | None:
    """Why a new post waits; None where it does not. group: the one it is in, None outside groups."""
    if group is not None and not group.local:
        group = None
    if group is not None and facts.moderates(author.id, group.id):
        return None
    newcomer = facts.passed_posts < facts.hold_first and author.local
    if newcomer and author.type == "Person" and for_many(group, audience):
        return "first"
    if group is None:
        return None
    holds = facts.group(group.id).holds
    root = facts.posts.get(parent.root_id) if parent is not None and parent.root_id else parent
    if parent is not None and (holds.replies == "everybody" or (root is not None and root.asks_first)):
        return "approval"
    stranger = (author.id, group.id) not in facts.heard
    if parent is not None and holds.replies == "newcomers" and stranger:
        return "approval"
    return in_words(body, holds, stranger)


def for_many(group: Actor | None, audience: dict[int, Place]) -> bool:
    """For more than people who are named one by one."""
    return PUBLIC in audience or SERVER in audience or (group is not None and any(p & 3 for p in audience))


def decide_holds(
    group_id: int, actor_id: int, login_id: int | None, wanted: Holds, facts: Facts
) -> Decision | Refusal:
    """What waits in a group from now on; those who run it say so. What is published stays."""
    group = facts.groups.get(group_id)
    refused = powers.refused(facts, actor_id, group_id, "settings") if group is not None else NOT_FOUND
    if group is None or refused is not None:
        return refused or NOT_FOUND
    words = tuple(dict.fromkeys(w.strip() for w in wanted.words if folded(w).strip()))
    if len(words) > MAX_HELD_WORDS or any(len(w) > MAX_HELD_WORD for w in words):
        return TOO_MANY
    chosen = replace(wanted, words=words)
    if chosen == group.holds:
        return ignored("known")
    logged = Audit("holds_changed", facts.now, actor_id, login_id, group_id, detail=holds_stored(chosen))
    return Decision((ChangeGroup(replace(group, holds=chosen), facts.now), logged), group_id, "changed")
