"""/api/v1/timelines/*: home, public, tag."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, request

from fedi_community.domain.model import Viewer
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Api, Asking, Cursor, answer, bounds, cursor, endpoint, link_header
from fedi_community.mastodon.params import TRUE
from fedi_community.storage import timelines as pages
from fedi_community.storage import views
from fedi_community.storage.posts import Timeline


async def page_of(api: Api, asked: Asking, timeline: Timeline, ref: int, at: Cursor) -> Response:
    """One page of a keyed timeline as statuses."""

    async def unit(tx: Any) -> tuple[pages.Page, list[Any]]:
        found = await pages.page(
            tx, asked.viewer, timeline, ref, before=at.before, after=at.after, up=at.up, limit=at.limit
        )
        return found, await views.load_posts(tx, asked.viewer, found.ids, checked=True)

    found, posts = await api.house.db.read(unit)
    return listed(api, asked.viewer, found, posts)


def listed(api: Api, viewer: Viewer, found: pages.Page, posts: list[Any]) -> Response:
    """Statuses with their `Link` header."""
    base, now = api.house.base_url, api.house.clock()
    _, newest = bounds(found.ids)
    link = link_header(base, found.last, newest, found.last is not None)
    return answer([entities.status(post, base, now=now, viewer_id=viewer.id) for post in posts], link=link)


def timelines(api: Api) -> Blueprint:
    """The endpoints of timelines."""
    blueprint = Blueprint("mastodon_timelines", __name__)

    @blueprint.get("/api/v1/timelines/home")
    @endpoint(api, "read:statuses")
    async def home(asked: Asking) -> Response:
        at = cursor()
        owner = asked.actor_id
        if not await api.house.db.read(lambda tx: pages.home_is_built(tx, owner)):
            now, length = api.house.clock(), api.settings.home_length
            await api.house.db.write(lambda tx: pages.build_home(tx, owner, now, length))

        async def unit(tx: Any) -> tuple[pages.Page, list[Any]]:
            found = await pages.home(
                tx, asked.viewer, before=at.before, after=at.after, up=at.up, limit=at.limit
            )
            return found, await views.load_posts(tx, asked.viewer, found.ids, via=found.via, checked=True)

        found, posts = await api.house.db.read(unit)
        return listed(api, asked.viewer, found, posts)

    @blueprint.get("/api/v1/timelines/public")
    @endpoint(api, None)
    async def public(asked: Asking) -> Response:
        local = request.args.get("local", "").lower() in TRUE
        return await page_of(api, asked, Timeline.LOCAL if local else Timeline.PUBLIC, 0, cursor())

    @blueprint.get("/api/v1/timelines/tag/<name>")
    @endpoint(api, None)
    async def tag(asked: Asking, name: str) -> Response:
        found = await api.house.db.read(lambda tx: pages.tag_id(tx, name.lower()))
        if found is None:
            return answer([])
        return await page_of(api, asked, Timeline.TAG, found, cursor())

    return blueprint
