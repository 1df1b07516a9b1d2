"""/api/v1/timelines/*: home, public, tag, list, link, direct. What each viewer does not want to see is left out in `show`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any, Final

from fedi_community.domain.wants import Scene, Shown
from fedi_community.errors import not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Answer, Call, Table, anyone, member
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import rendered, sifted, timeline
from fedi_community.storage import homes, views
from fedi_community.storage import statuses as rows
from fedi_community.storage import timelines as pages
from fedi_community.storage.database import Tx
from fedi_community.storage.entries import Timeline, with_media

table = Table("timelines")
STATUSES = entities.many(entities.STATUS)
MAX_TAGS: Final = 4
"""Hashtags in each of `any`, `all` and `none`."""
MEDIA = Param("only_media", "flag", "Only with pictures, films or sounds")
LOCAL = Param("local", "flag", "This server alone")
REMOTE = Param("remote", "flag", "Other servers alone")


async def page_of(call: Call, timeline_: Timeline, ref: int, scene: Scene = "account") -> Answer:
    """One page of a keyed timeline as statuses."""
    return await merged(call, [(timeline_, ref)], scene)


async def merged(
    call: Call, keys: Sequence[pages.Key], scene: Scene, keep: pages.Filter | None = None
) -> Answer:
    """One page of several keyed timelines together. keep: see `storage.timelines.merged`."""
    at = call.cursor

    async def unit(tx: Tx) -> tuple[pages.Page, Shown]:
        found = await pages.merged(
            tx, call.viewer, keys, before=at.before, after=at.after, up=at.up, limit=at.limit, keep=keep
        )
        return found, await sifted(tx, call, found.ids, scene)

    return timeline(call, *await call.read(unit))


@table.get("/api/v1/timelines/home", member("read:statuses"), STATUSES, *paging())
async def home(call: Call) -> Any:
    """What those whom one follows, and one's groups, posted"""
    at, owner = call.cursor, call.actor_id

    async def unit(tx: Tx) -> tuple[pages.Page, Shown] | None:
        if not await homes.is_built(tx, owner):
            return None
        found = await pages.home(tx, call.viewer, before=at.before, after=at.after, up=at.up, limit=at.limit)
        return found, await sifted(tx, call, found.ids, "home", via=found.via)

    made = await call.read(unit)
    if made is None:
        now, length = call.now, call.api.settings.home_length
        await call.house.db.write(lambda tx: homes.build(tx, owner, now, length))
        made = await call.read(unit)
    return [] if made is None else timeline(call, *made)


@table.get("/api/v1/timelines/public", anyone("read:statuses"), STATUSES, LOCAL, REMOTE, MEDIA, *paging())
async def public(call: Call) -> Any:
    """What is public and known here"""
    chosen = Timeline.LOCAL if call["local"] else Timeline.REMOTE if call["remote"] else Timeline.PUBLIC
    return await merged(call, [(with_media(chosen) if call["only_media"] else chosen, 0)], "public")


@table.get(
    "/api/v1/timelines/tag/<name>", anyone("read:statuses"), STATUSES,
    Param("any", "texts", "Or with one of these", maximum=MAX_TAGS),
    Param("all", "texts", "And with each of these", maximum=MAX_TAGS),
    Param("none", "texts", "And with none of these", maximum=MAX_TAGS), LOCAL, REMOTE, MEDIA, *paging(),
)  # fmt: skip
async def tag(call: Call) -> Any:
    """Posts with a hashtag"""
    name, any_, all_, none = (
        _plain(call.path["name"]),
        *(_names(call, which) for which in ("any", "all", "none")),
    )
    ids = await call.read(lambda tx: rows.tag_ids(tx, [name, *any_, *all_, *none]))
    wanted = [ids[n] for n in dict.fromkeys([name, *any_]) if n in ids]
    if not wanted or any(n not in ids for n in all_):
        return []
    chosen = Timeline.TAG_LOCAL if call["local"] else Timeline.TAG
    if call["only_media"]:
        chosen = with_media(chosen)
    must, never = {ids[n] for n in all_}, {ids[n] for n in none if n in ids}
    remote = bool(call["remote"]) and not call["local"]
    keep = partial(_tagged, must, never, remote) if must or never or remote else None
    return await merged(call, [(chosen, one) for one in wanted], "tag", keep)


def _plain(name: str) -> str:
    return name.strip().lstrip("#").lower()


def _names(call: Call, which: str) -> list[str]:
    return [name for text in call[which] or () if (name := _plain(text))]


async def _tagged(
    must: set[int], never: set[int], remote: bool, tx: Tx, ids: Sequence[int]
) -> Collection[int]:
    """Posts with all of the one and none of the other; with `remote`, of other servers alone."""
    found = await rows.tags_among(tx, ids, sorted(must | never))
    left = [i for i in ids if must <= found[i] and not never & found[i]]
    return {row["id"] for row in await rows.shapes(tx, left) if not row["local"]} if remote else left


@table.get("/api/v1/timelines/list/<id>", member("read:lists"), STATUSES, *paging())
async def of_list(call: Call) -> Any:
    """What those on a list of one's own posted"""
    at, list_id = call.cursor, call.id()

    async def unit(tx: Tx) -> tuple[pages.Page, Shown]:
        if not await rows.owns_list(tx, call.actor_id, list_id):
            raise not_found()
        found = await pages.list_page(
            tx, call.viewer, list_id, before=at.before, after=at.after, up=at.up, limit=at.limit
        )
        return found, await sifted(tx, call, found.ids, "list")

    return timeline(call, *await call.read(unit))


@table.get("/api/v1/timelines/direct", member("read:statuses"), STATUSES, *paging())
async def direct(call: Call) -> Any:
    """What was written to single people, oneself among them (clients of old)"""
    return await merged(call, [(Timeline.DIRECT, call.actor_id)], "account")


@table.get(
    "/api/v1/timelines/link", anyone("read:statuses"), STATUSES, Param("url", required=True, maximum=2000), *paging()
)  # fmt: skip
async def link(call: Call) -> Any:
    """Posts about a link: here the titled post whose address it is"""

    async def unit(tx: Tx) -> Shown:
        base, own = f"{call.base}/objects/", call["url"].split("#")[0].rstrip("/")
        key = own.removeprefix(base)
        known = int(key) if own.startswith(base) and key.isdigit() and len(key) < 19 else None
        found = known or await views.post_id_by_uri(tx, call["url"], or_url=True)
        return await sifted(tx, call, [found] if found else [], "account", checked=False)

    shown = await call.read(unit)
    shown.posts[:] = [post for post in shown.posts if entities.card(post, call.base) is not None]
    if not shown.posts:
        raise not_found()
    at = call.cursor
    inside = [p for p in shown.posts if p.id < (at.before or pages.NEWEST) and p.id > (at.after or 0)]
    shown.posts[:] = inside
    return rendered(call, shown)
