"""What can be read off an addressing: its label for people, the groups it may concern, and a title for a thread.

No rule asks these labels who may see a thing; that is the domain's audience. Which candidate *is* a group is known to
whoever holds the list of groups.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, Literal, TypeAlias

from fedi_community.activitypub.wire.types import PUBLIC, WireActivity, WireObject
from fedi_community.domain.text import clean_name, plain

Label: TypeAlias = Literal["public", "unlisted", "followers", "direct"]
MAX_TITLE: Final = 150
"""Characters of a title made from text; a `name` keeps its own length."""

_THREADED: Final = frozenset({"Page", "Article", "Video", "Event", "Link", "Audio", "Image"})
_LEADING: Final = re.compile(r"(?:[@!#][^\s@#]+(?:@[^\s@#]+)?[\s,:;.–-]*)+")


def audience_label(to: Collection[str], cc: Collection[str], followers: str | None = None) -> Label:
    """How Mastodon and most others name an addressing: Public in `to`, in `cc`, the author's followers, else direct.

    followers: the author's followers collection if it is known. An empty addressing is the narrowest.
    """
    if PUBLIC in to:
        return "public"
    if PUBLIC in cc:
        return "unlisted"
    if followers is not None and (followers in to or followers in cc):
        return "followers"
    return "direct"


def group_candidates(thing: WireObject | WireActivity) -> tuple[str, ...]:
    """Ids that may be the group of a post, the strongest claim first: audience, the owner of target and of context,
    `to`, `cc`, then a Group in `attributedTo` (PeerTube). An activity is asked after its object. The group of the parent
    thread comes after all of these, and outweighs them for a reply; that is the caller's to know.
    """
    found: list[str] = []
    addressed: list[str] = []
    typed: list[str] = []
    objects = [thing] if isinstance(thing, WireObject) else [thing.object, thing]
    for one in objects:
        if isinstance(one, WireObject):
            found += one.audience
            found += [owner for owner in (one.target_owner, one.context_owner) if owner is not None]
            addressed += [*one.to, *one.cc]
            typed += [author.id for author in one.attributed_to if author.kind == "Group"]
        elif isinstance(one, WireActivity):
            found += one.audience
            addressed += [*one.to, *one.cc]
    return tuple(one for one in dict.fromkeys([*found, *addressed, *typed]) if one != PUBLIC)


def addresses_group(obj: WireObject, group_id: str) -> bool:
    """Whether the author meant the post for the group.

    Microblog posts (Note, Question) must address it in `to` or `cc` *and* name it, by a mention or as audience: being
    copied along a chain of boosts or replies is not posting. Threaded kinds (Page, Article, Video, Event …) that address
    it in `to` need no more; in `cc` they do.
    """
    in_to = group_id in obj.to
    if not in_to and group_id not in obj.cc:
        return False
    if in_to and obj.kind in _THREADED:
        return True
    return group_id in obj.audience or any(mention.href == group_id for mention in obj.mentions)


def thread_title(obj: WireObject, group_handles: Collection[str]) -> str:
    """The title of a thread: its `name`, else the first line of its text that says something.

    group_handles: the group's handles as they may stand in the text (`@diabetes@clinic.example`, `@diabetes`); they are
    taken out, and so are mentions and hashtags that lead the line. The content warning of a Note comes first, in
    brackets. "" when there is no text at all.
    """
    if obj.name:
        return obj.name
    line = next(
        filter(None, (_said(line, group_handles) for line in plain(obj.content or "").split("\n"))), ""
    )
    warning = clean_name(plain(obj.summary)) if obj.summary and obj.kind in ("Note", "Question") else ""
    return _cut(f"[{warning}] {line}".strip() if warning else line)


def _said(line: str, handles: Collection[str]) -> str:
    for handle in sorted(handles, key=len, reverse=True):
        line = re.sub(rf"(?<![\w@/]){re.escape(handle)}(?![\w@])", "", line, flags=re.IGNORECASE)
    line = line.strip()
    leading = _LEADING.match(line)
    return clean_name(line[leading.end() :] if leading else line)


def _cut(line: str) -> str:
    if len(line) <= MAX_TITLE:
        return line
    head = line[: MAX_TITLE - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[MAX_TITLE // 2 :] else head).rstrip(" ,;:.") + "…"
