"""/api/v1/timelines/*: home, public, tag."""

from __future__ import annotations

from typing import Any

from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Answer, Call, Table, anyone, member
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.storage import timelines as pages
from fedi_community.storage import views
from fedi_community.storage.posts import Timeline

table = Table("timelines")
STATUSES = entities.many(entities.STATUS)


async def page_of(call: Call, timeline: Timeline, ref: int) -> Answer:
    """One page of a keyed timeline as statuses."""
    at = call.cursor

    async def unit(tx: Any) -> tuple[pages.Page, list[Any]]:
        found = await pages.page(
            tx, call.viewer, timeline, ref, before=at.before, after=at.after, up=at.up, limit=at.limit
        )
        return found, await views.load_posts(tx, call.viewer, found.ids, checked=True)

    return listed(call, *await call.read(unit))


def listed(call: Call, found: pages.Page, posts: list[Any]) -> Answer:
    """Statuses with their `Link` header."""
    shown = [entities.status(post, call.base, now=call.now, viewer_id=call.viewer.id) for post in posts]
    return call.page(shown, found.last, found.ids[0] if found.ids else None)


@table.get("/api/v1/timelines/home", member("read:statuses"), STATUSES, *paging())
async def home(call: Call) -> Any:
    """What those whom one follows, and one's groups, posted"""
    at, owner = call.cursor, call.actor_id
    if not await call.read(lambda tx: pages.home_is_built(tx, owner)):
        now, length = call.now, call.api.settings.home_length
        await call.house.db.write(lambda tx: pages.build_home(tx, owner, now, length))

    async def unit(tx: Any) -> tuple[pages.Page, list[Any]]:
        found = await pages.home(tx, call.viewer, before=at.before, after=at.after, up=at.up, limit=at.limit)
        return found, await views.load_posts(tx, call.viewer, found.ids, via=found.via, checked=True)

    return listed(call, *await call.read(unit))


@table.get(
    "/api/v1/timelines/public", anyone("read:statuses"), STATUSES,
    Param("local", "flag", "This server alone"), *paging(),
)  # fmt: skip
async def public(call: Call) -> Any:
    """What is public and known here"""
    return await page_of(call, Timeline.LOCAL if call["local"] else Timeline.PUBLIC, 0)


@table.get("/api/v1/timelines/tag/<name>", anyone("read:statuses"), STATUSES, *paging())
async def tag(call: Call) -> Any:
    """Posts with a hashtag"""
    name = call.path["name"].lower()
    found = await call.read(lambda tx: pages.tag_id(tx, name))
    return [] if found is None else await page_of(call, Timeline.TAG, found)
