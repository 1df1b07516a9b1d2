"""What happened for a member: who answered, who follows, what those who run groups and the server did. Clients have notifications,
and many people have no client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fedi_community.domain.model import Grant, Viewer
from fedi_community.domain.views import ActorView, PostView
from fedi_community.domain.wants import wants_notice
from fedi_community.storage import moderation, notifications, views, wants, web_queries
from fedi_community.storage.database import Tx

OF_POSTS: Final = frozenset({"mention", "favourite", "group_moved", "group_retitled"})
TO_DESK: Final = frozenset({"group_mentor", "group_staff"})
KINDS: Final = (
    "mention", "follow", "favourite", "moderation_warning", "group_accepted", "group_refused", "group_moved", "group_retitled",
    "group_mentor", "group_staff", "group_role_ended",
)  # fmt: skip
MAX_NEWS: Final = 5
"""News that a home page holds."""
MAX_PAGE: Final = 40
"""News on one page of their own."""
DAYS_MS: Final = 14 * 86_400_000
"""How long they stand on the home page."""


@dataclass(frozen=True, slots=True)
class News:
    """kind: one of `KINDS`. by: who did it, a group where those who run it did. post: what it is about, if about a post."""

    kind: str
    by: ActorView
    post: PostView | None
    created: int

    @property
    def to_desk(self) -> bool:
        """It leads to where those who run the group find their work."""
        return self.kind in TO_DESK


@dataclass(frozen=True, slots=True)
class NewsPage:
    """last: the oldest that was looked at, whether shown or not; 0 where there is nothing older."""

    news: list[News]
    last: int


async def news_page(tx: Tx, viewer: Viewer, now: int, before: int | None, limit: int = MAX_PAGE) -> NewsPage:
    """The newest first. What does not exist for him (any more) is not spoken of, nor a role or a place in a group that has ended,
    nor whom he muted."""
    wanted = notifications.Wanted(viewer.id, KINDS, before=before or 2**63 - 1, limit=limit)
    found = await notifications.page(tx, wanted)
    if not found:
        return NewsPage([], 0)
    actors = await views.load_actors(tx, {one.actor_id for one in found})
    local = {i for i, actor in actors.items() if actor.is_group and actor.local}
    shown = await views.findable(tx, viewer, local)
    run = await moderation.run_by(tx, viewer.id, local)
    about = [one.object_id for one in found if one.object_id is not None]
    posts = {post.id: post for post in await views.load_posts(tx, viewer, about)}
    followers = await web_queries.followers_among(tx, viewer.id, [i for i in actors if i not in local])
    joined = await web_queries.memberships(tx, viewer.id) if local else {}
    taste = await wants.load(tx, viewer, now)
    news = []
    for one in found:
        by, post = actors.get(one.actor_id), posts.get(one.object_id or 0)
        if by is None or by.state in ("suspended", "deleted") or (by.id in local and by.id not in shown):
            continue
        if (one.kind in OF_POSTS and post is None) or not _holds(one.kind, by.id, run, joined, followers):
            continue
        if wants_notice(taste, one.kind, by, post):
            news.append(News(one.kind, by, post, one.created))
    return NewsPage(news, found[-1].id if len(found) == limit else 0)


def _holds(
    kind: str, by: int, run: frozenset[int], joined: Mapping[int, Grant], followers: frozenset[int]
) -> bool:
    """Whether it is still so."""
    if kind in TO_DESK:
        return by in run
    if kind == "group_role_ended":
        return by not in run
    if kind == "follow":
        return by in followers
    return kind != "group_accepted" or joined.get(by) is Grant.ACCEPTED


async def news_for(tx: Tx, viewer: Viewer, now: int) -> list[News]:
    """What stands on his home page."""
    page = await news_page(tx, viewer, now, None, 4 * MAX_NEWS)  # some may not be spoken of any more
    return [one for one in page.news if one.created > now - DAYS_MS][:MAX_NEWS]
