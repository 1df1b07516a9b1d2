"""What somebody wants to see: taste, never permission. The rule has said what he may; here a reader's mutes, hosts, boosts,
languages and filters leave things out of timelines, or mark them. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from fedi_community.domain.filters import Filter, Match, matches
from fedi_community.domain.views import ActorView, PostView

Scene = Literal["home", "list", "public", "tag", "thread", "account", "notifications"]
"""Where posts are shown. account: a profile, somebody's favourites or bookmarks, a search, a single status."""


@dataclass(frozen=True, slots=True)
class Wants:
    """One reader's. threads: roots of discussions he wants no notifications from. languages: followed actor -> codes.
    apart: members of lists that keep them out of home."""

    viewer_id: int = 0
    muted: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()  # muted together with their notifications
    hosts: frozenset[str] = frozenset()
    threads: frozenset[int] = frozenset()
    no_boosts: frozenset[int] = frozenset()
    languages: dict[int, frozenset[str]] = field(default_factory=dict)
    apart: frozenset[int] = frozenset()
    filters: tuple[Filter, ...] = ()


NOTHING = Wants()
"""A stranger's: everything."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is left of a page: posts in their order, and the filters they fall under, by post."""

    posts: list[PostView]
    filtered: dict[int, tuple[Match, ...]]


def sift(wants: Wants, posts: Sequence[PostView], scene: Scene) -> Shown:
    """Leave out what the reader does not want here; say which filters the rest falls under."""
    if not wants.viewer_id:
        return Shown(list(posts), {})
    left: list[PostView] = []
    filtered: dict[int, tuple[Match, ...]] = {}
    for post in posts:
        if unwanted(wants, post, scene):
            continue
        found = () if _own(wants, post) else matches(wants.filters, post)
        if scene in ("home", "list", "notifications") and _hides(found, scene):
            continue
        if found:
            filtered[post.id] = found
        left.append(post)
    return Shown(left, filtered)


def _own(wants: Wants, post: PostView) -> bool:
    return (post.boost or post).author.id == wants.viewer_id


def _hides(found: tuple[Match, ...], scene: Scene) -> bool:
    context = "notifications" if scene == "notifications" else "home"
    return any(m.filter.action == "hide" and context in m.filter.contexts for m in found)


def unwanted(wants: Wants, post: PostView, scene: Scene) -> bool:
    """Whether mutes, hosts and settings of follows leave the post out here. Filters are asked apart."""
    if scene == "account" or post.author.id == wants.viewer_id:
        return False
    shown = post.boost or post
    if scene != "notifications":
        if wants.muted & {post.author.id, shown.author.id}:
            return True
        if scene in ("home", "list") and any(m.id in wants.muted for m in shown.mentions):
            return True
    if _from_unwanted_host(wants, post, shown, scene):
        return True
    if scene in ("home", "list"):
        if post.boost is not None and post.author.id in wants.no_boosts:
            return True
        if post.via is not None and post.via.id in wants.muted:
            return True
    return scene == "home" and (_apart(wants, post) or _foreign(wants, post))


def _from_unwanted_host(wants: Wants, post: PostView, shown: PostView, scene: Scene) -> bool:
    if not wants.hosts:
        return False
    if scene in ("home", "list") and post.boost is None and post.via is None:
        return False  # written by somebody whom he follows
    return any(host in wants.hosts for actor in (post.author, shown.author) for host in hosts_of(actor))


def hosts_of(actor: ActorView) -> frozenset[str]:
    """Where an actor is at home: its server, and what its handle ends in."""
    return frozenset({actor.host, actor.handle_host or actor.host} - {""})


def _apart(wants: Wants, post: PostView) -> bool:
    source = post.via or post.author
    return source.id in wants.apart


def _foreign(wants: Wants, post: PostView) -> bool:
    chosen = wants.languages.get(post.author.id)
    if not chosen or post.boost is not None or not post.language:
        return False
    return post.language.split("-")[0].lower() not in chosen


def wants_notice(wants: Wants, kind: str, actor: ActorView, post: PostView | None) -> bool:
    """Whether somebody wants to be told: of a muted actor (with notifications), an unwanted host, or a muted discussion he does
    not, unless he follows them; and not of what his filters hide."""
    if actor.id == wants.viewer_id:
        return True
    if actor.id in wants.quiet or hosts_of(actor) & wants.hosts:
        return False
    if post is None:
        return True
    if kind == "mention" and (post.root_id or post.id) in wants.threads:
        return False
    return _own(wants, post) or not _hides(matches(wants.filters, post), "notifications")
