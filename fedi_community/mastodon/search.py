"""/api/v2/search: accounts, hashtags and posts by their words, or one by its address (asked for elsewhere with `resolve`)."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fedi_community import backfill
from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.webfinger import parse_handle
from fedi_community.domain import personal
from fedi_community.domain.views import ActorView
from fedi_community.domain.wants import Shown
from fedi_community.errors import Problem
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone
from fedi_community.mastodon.lookup import account_of, existing
from fedi_community.mastodon.marks import shown_tags
from fedi_community.mastodon.paging import offset
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import plainly, rendered, sifted
from fedi_community.storage import people, tagging, views
from fedi_community.storage import search as search_rows
from fedi_community.storage.timelines import NEWEST

table = Table("search")
RESOLVE_SECONDS: Final = 8.0


ASKED: Final = (
    Param("q", default=""), Param("resolve", "flag"), Param("type", doc="accounts, statuses or hashtags alone"),
    Param("following", "flag", doc="Accounts that one follows alone"),
    Param("account_id", "id", doc="Statuses by this account, or in this group, alone"),
    Param("max_id", "cursor"), Param("min_id", "cursor"), *offset(),
)  # fmt: skip


@table.get("/api/v2/search", anyone("read:search"), entities.SEARCH, *ASKED)
async def search(call: Call) -> Any:
    """Accounts, posts by their address or their words, hashtags; what one may see and find alone"""
    return await _found(call)


@table.get("/api/v1/search", anyone("read:search"), entities.SEARCH_V1, *ASKED)
async def search_v1(call: Call) -> Any:
    """The same, with hashtags as plain words"""
    found = await _found(call)
    return {**found, "hashtags": [one["name"] for one in found["hashtags"]]}


async def _found(call: Call) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"accounts": [], "statuses": [], "hashtags": []}
    resolve = bool(call["resolve"]) and call.speaker is not None
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            await _search(call, (call["q"] or "").strip(), resolve, found)
    except TimeoutError:
        pass  # clients want an answer within seconds, and an empty one rather than an error
    chosen = call["type"]
    return {kind: [] if chosen and chosen != kind else some for kind, some in found.items()}


async def _search(call: Call, query: str, resolve: bool, found: dict[str, list[Any]]) -> None:
    if query.startswith(("https://", "http://")):
        await _by_url(call, query, resolve, found)
    elif query:
        if not call["offset"] and not query.startswith("#") and " " not in query:
            actor = await by_handle(call, query, resolve)
            found["accounts"] += [entities.account(actor, call.base)] if actor is not None else []
        await _by_words(call, query, found)


async def _by_words(call: Call, query: str, found: dict[str, list[Any]]) -> None:
    """People and groups by their names, hashtags that begin so, posts that hold all these words."""
    limit, skip = call["limit"] or 20, call["offset"] or 0
    named = query.lstrip("@!#").lower()
    wanted = search_rows.Asked(
        query, call["account_id"] or 0, call["max_id"] or NEWEST, call["min_id"] or 0, limit, skip
    )

    async def unit(tx: Any) -> tuple[list[ActorView], list[str], Shown]:
        accounts: list[ActorView] = []
        tags: list[str] = []
        shown = Shown([], {})
        if call["type"] in (None, "", "accounts") and not query.startswith("#") and "@" not in named:
            ids = await people.search(
                tx, call.viewer, named, limit=limit, offset=skip, followed=bool(call["following"]), groups=query[0] == "!"
            )  # fmt: skip
            accounts = await existing(tx, call.viewer, ids)
        if call["type"] in (None, "", "hashtags") and " " not in named:
            tags = await tagging.beginning_with(tx, named, limit, skip)
        if call["type"] in (None, "", "statuses"):
            shown = await sifted(tx, call, await search_rows.posts(tx, call.viewer, wanted), "account")
        return accounts, tags, shown

    accounts, tags, shown = await call.read(unit)
    have = {one["id"] for one in found["accounts"]}
    found["accounts"] += [entities.account(a, call.base) for a in accounts if str(a.id) not in have]
    if query.startswith("#") and personal.tag_name(named) and named not in tags and not skip:
        tags.insert(0, named)  # may be followed although nobody has used it yet
    found["hashtags"] += await shown_tags(call, tags) if tags else []
    found["statuses"] += rendered(call, shown)


async def by_handle(call: Call, text: str, resolve: bool = False) -> ActorView | None:
    """The account with this handle that exists for the viewer; with `resolve` its server is asked."""
    name, _, host = text.strip().lstrip("@!").removeprefix("acct:").partition("@")
    if host.lower() == call.house.host:
        host = ""
    local = await call.read(lambda tx: views.actor_by_handle(tx, name.lower() if not host else name, host))
    if local is not None:
        return await _existing(call, local.id)
    if not host or not resolve:
        return None
    handle = parse_handle(f"{name}@{host}")
    uri = await call.api.peers.fetcher.lookup(handle) if handle is not None else Failed("bad_handle")
    learned = uri if isinstance(uri, Failed) else await call.api.peers.learn_actor(uri)
    return None if isinstance(learned, Failed) else await _existing(call, learned)


async def _existing(call: Call, account_id: int) -> ActorView | None:
    """The account, None when it does not exist for the viewer."""
    try:
        return await account_of(call, account_id)
    except Problem:
        return None


async def _by_url(call: Call, url: str, resolve: bool, found: dict[str, list[Any]]) -> None:
    actor = await call.read(lambda tx: views.actor_by_uri(tx, url))
    post_id = None if actor else await call.read(lambda tx: views.post_id_by_uri(tx, url, or_url=True))
    if actor is None and post_id is None and resolve:
        peers = call.api.peers
        learned = await peers.learn_actor(url)
        if isinstance(learned, Failed):
            stored = await peers.learn_post(url) if learned.reason == "not_an_actor" else learned
            post_id = None if isinstance(stored, Failed) else stored
            if post_id is not None:
                await backfill.opened(call.house, post_id)
        else:
            actor = (await call.read(lambda tx: views.load_actors(tx, [learned]))).get(learned)
    if actor is not None:
        shown = await _existing(call, actor.id)
        found["accounts"] += [] if shown is None else [entities.account(shown, call.base)]
    elif post_id is not None:
        posts = await call.read(lambda tx: views.load_posts(tx, call.viewer, [post_id]))
        found["statuses"] += plainly(call, posts)
