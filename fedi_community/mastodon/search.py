"""/api/v2/search: an account by handle, a post or actor by address (asked for elsewhere with `resolve`), a hashtag."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.webfinger import parse_handle
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone
from fedi_community.mastodon.lookup import account_of
from fedi_community.mastodon.paging import offset
from fedi_community.mastodon.params import Param
from fedi_community.storage import views

table = Table("search")
RESOLVE_SECONDS: Final = 8.0


@table.get(
    "/api/v2/search", anyone("read:search"), entities.SEARCH,
    Param("q", default=""), Param("resolve", "flag"), Param("type"), *offset(),
)  # fmt: skip
async def search(call: Call) -> Any:
    """An account, a post by its address, a hashtag"""
    found: dict[str, list[Any]] = {"accounts": [], "statuses": [], "hashtags": []}
    resolve = bool(call["resolve"]) and call.speaker is not None
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            await _search(call, (call["q"] or "").strip(), resolve, found)
    except TimeoutError:
        return found  # clients want an answer within seconds, and an empty one rather than an error
    return found


async def _search(call: Call, query: str, resolve: bool, found: dict[str, list[Any]]) -> None:
    if query.startswith(("https://", "http://")):
        await _by_url(call, query, resolve, found)
    elif query.startswith("#"):
        found["hashtags"].append(entities.tag(query[1:].lower(), call.base))
    elif query:
        actor = await by_handle(call, query, resolve)
        if actor is not None:
            found["accounts"].append(entities.account(actor, call.base))


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
        else:
            actor = (await call.read(lambda tx: views.load_actors(tx, [learned]))).get(learned)
    if actor is not None:
        shown = await _existing(call, actor.id)
        found["accounts"] += [] if shown is None else [entities.account(shown, call.base)]
    elif post_id is not None:
        posts = await call.read(lambda tx: views.load_posts(tx, call.viewer, [post_id]))
        found["statuses"] += [
            entities.status(p, call.base, now=call.now, viewer_id=call.viewer.id) for p in posts
        ]
