"""What those who run groups did about a member, for his home page: clients have notifications, and many people have no client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fedi_community.domain.model import Viewer
from fedi_community.domain.views import ActorView, PostView
from fedi_community.storage import moderation, notifications, views
from fedi_community.storage.database import Tx

KINDS: Final = (
    "group_accepted", "group_refused", "group_moved", "group_retitled", "group_mentor", "group_staff", "group_role_ended",
)  # fmt: skip
OF_POSTS: Final = frozenset({"group_moved", "group_retitled"})
MAX_NEWS: Final = 5
"""News that a home page holds."""
DAYS_MS: Final = 14 * 86_400_000
"""How long they are news."""


@dataclass(frozen=True, slots=True)
class News:
    """kind: one of `KINDS`. post: the one it is about, if it is about one. to_desk: it leads to the desk of who runs the group."""

    kind: str
    group: ActorView
    post: PostView | None

    @property
    def to_desk(self) -> bool:
        return self.kind in ("group_mentor", "group_staff")


async def news_for(tx: Tx, viewer: Viewer, now: int) -> list[News]:
    """The newest first. A group or post that does not exist for him (any more) is not spoken of, nor a role that has ended."""
    wanted = notifications.Wanted(viewer.id, KINDS, filtered=None, limit=MAX_NEWS)
    found = [one for one in await notifications.page(tx, wanted) if one.created > now - DAYS_MS]
    if not found:
        return []
    shown = await views.findable(tx, viewer, {one.actor_id for one in found})
    groups = await views.load_actors(tx, shown)
    run = await moderation.run_by(tx, viewer.id, shown)
    about = [one.object_id for one in found if one.object_id is not None]
    posts = {post.id: post for post in await views.load_posts(tx, viewer, about)}
    news = [
        News(one.kind, groups[one.actor_id], posts.get(one.object_id or 0))
        for one in found
        if one.actor_id in groups and (one.kind not in OF_POSTS or one.object_id in posts)
    ]
    return [one for one in news if not one.to_desk or one.group.id in run]
