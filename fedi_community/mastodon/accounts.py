"""/api/v1/accounts: who there is, following and joining, relationships; search across accounts and posts."""

from __future__ import annotations

import asyncio
from typing import Any

from quart import Blueprint, Response, request

from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.webfinger import parse_handle
from fedi_community.domain import relations
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Api, Asking, answer, cursor, endpoint, identifier
from fedi_community.mastodon.params import TRUE, many, parameters
from fedi_community.mastodon.timelines import page_of
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import client_queries, views
from fedi_community.storage.posts import Timeline

RESOLVE_SECONDS = 8.0


async def account_of(api: Api, asked: Asking, account_id: int) -> ActorView:
    """An account that exists for the viewer: hidden groups do not."""

    async def unit(tx: Any) -> ActorView | None:
        found = (await views.load_actors(tx, [account_id])).get(account_id)
        if found is None or found.state == "deleted" or found.type == "Application":
            return None
        if (
            found.is_group
            and found.local
            and account_id not in await views.findable(tx, asked.viewer, [account_id])
        ):
            return None
        return found

    found = await api.house.db.read(unit)
    if found is None:
        raise not_found()
    return found


def accounts(api: Api) -> Blueprint:
    """The endpoints of accounts, and search."""
    blueprint = Blueprint("mastodon_accounts", __name__)
    base = api.house.base_url

    @blueprint.get("/api/v1/accounts/verify_credentials")
    @endpoint(api, "read:accounts")
    async def verify_credentials(asked: Asking) -> Response:
        own = await api.house.db.read(lambda tx: views.load_actors(tx, [asked.actor_id]))
        return answer(entities.credential_account(own[asked.actor_id], base, {}))

    @blueprint.get("/api/v1/accounts/lookup")
    @endpoint(api, None)
    async def lookup(asked: Asking) -> Response:
        found = await _by_handle(api, asked, request.args.get("acct", ""))
        if found is None:
            raise not_found()
        return answer(entities.account(found, base))

    @blueprint.get("/api/v1/accounts/relationships")
    @endpoint(api, "read:follows")
    async def relationships(asked: Asking) -> Response:
        given = await parameters()
        ids = [identifier(i) for i in many(given, "id")][:100]
        known = await api.house.db.read(lambda tx: client_queries.relationships(tx, asked.actor_id, ids))
        return answer([entities.relationship(i, **known[i]) for i in ids if i in known])

    @blueprint.get("/api/v1/accounts/<account_id>")
    @endpoint(api, None)
    async def read(asked: Asking, account_id: str) -> Response:
        return answer(entities.account(await account_of(api, asked, identifier(account_id)), base))

    @blueprint.get("/api/v1/accounts/<account_id>/statuses")
    @endpoint(api, None)
    async def posts(asked: Asking, account_id: str) -> Response:
        actor = await account_of(api, asked, identifier(account_id))
        if request.args.get("pinned", "").lower() in TRUE:
            return answer([])
        timeline = Timeline.GROUP if actor.is_group and actor.local else Timeline.PROFILE
        return await page_of(api, asked, timeline, actor.id, cursor())

    async def related(asked: Asking, account_id: int) -> Response:
        known = await api.house.db.read(
            lambda tx: client_queries.relationships(tx, asked.actor_id, [account_id])
        )
        return answer(entities.relationship(account_id, **known.get(account_id, {})))

    @blueprint.post("/api/v1/accounts/<account_id>/follow")
    @endpoint(api, "write:follows")
    async def follow(asked: Asking, account_id: str) -> Response:
        target = (await account_of(api, asked, identifier(account_id))).id

        def decide(facts: Facts) -> Decision | Refusal:
            return relations.decide_follow(asked.actor_id, target, facts)

        await perform_or_raise(api.house, Change(_pair(asked, target), decide, 2))
        return await related(asked, target)

    @blueprint.post("/api/v1/accounts/<account_id>/unfollow")
    @endpoint(api, "write:follows")
    async def unfollow(asked: Asking, account_id: str) -> Response:
        target = (await account_of(api, asked, identifier(account_id))).id

        def decide(facts: Facts) -> Decision | Refusal:
            return relations.decide_unfollow(asked.actor_id, target, facts)

        await perform_or_raise(api.house, Change(_pair(asked, target), decide, 2))
        return await related(asked, target)

    @blueprint.get("/api/v2/search")
    @endpoint(api, None)
    async def search(asked: Asking) -> Response:
        query = request.args.get("q", "").strip()
        found: dict[str, list[Any]] = {"accounts": [], "statuses": [], "hashtags": []}
        resolve = request.args.get("resolve", "").lower() in TRUE and asked.speaker is not None
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await _search(api, asked, query, resolve, found)
        except TimeoutError:
            return answer(
                found
            )  # clients want an answer within seconds, and an empty one rather than an error
        return answer(found)

    return blueprint


def _pair(asked: Asking, target: int) -> Needs:
    return Needs(actor_ids=frozenset({asked.actor_id, target}), subjects=frozenset({asked.actor_id}))


async def _by_handle(api: Api, asked: Asking, text: str, resolve: bool = False) -> ActorView | None:
    name, _, host = text.strip().lstrip("@!").removeprefix("acct:").partition("@")
    if host.lower() == api.house.host:
        host = ""
    local = await api.house.db.read(
        lambda tx: views.actor_by_handle(tx, name.lower() if not host else name, host)
    )
    if local is None and host and resolve:
        handle = parse_handle(f"{name}@{host}")
        uri = await api.peers.fetcher.lookup(handle) if handle is not None else Failed("bad_handle")
        learned = uri if isinstance(uri, Failed) else await api.peers.learn_actor(uri)
        if isinstance(learned, Failed):
            return None
        return await _existing(api, asked, learned)
    if local is None:
        return None
    return await _existing(api, asked, local.id)


async def _existing(api: Api, asked: Asking, account_id: int) -> ActorView | None:
    """The account, None when it does not exist for the viewer."""
    try:
        return await account_of(api, asked, account_id)
    except Problem:
        return None


async def _search(api: Api, asked: Asking, query: str, resolve: bool, found: dict[str, list[Any]]) -> None:
    base, now = api.house.base_url, api.house.clock()
    if query.startswith(("https://", "http://")):
        await _by_url(api, asked, query, resolve, found)
        return
    if query.startswith("#"):
        name = query[1:].lower()
        found["hashtags"].append(
            {"id": name, "name": name, "url": f"{base}/tags/{name}", "history": [], "following": False}
        )
        return
    actor = await _by_handle(api, asked, query, resolve) if query else None
    if actor is not None:
        found["accounts"].append(entities.account(actor, base))
    _ = now


async def _by_url(api: Api, asked: Asking, url: str, resolve: bool, found: dict[str, list[Any]]) -> None:
    base, now = api.house.base_url, api.house.clock()
    actor = await api.house.db.read(lambda tx: views.actor_by_uri(tx, url))
    post_id = (
        None if actor else await api.house.db.read(lambda tx: views.post_id_by_uri(tx, url, or_url=True))
    )
    if actor is None and post_id is None and resolve:
        learned = await api.peers.learn_actor(url)
        if isinstance(learned, Failed):
            stored = await api.peers.learn_post(url) if learned.reason == "not_an_actor" else learned
            post_id = None if isinstance(stored, Failed) else stored
        else:
            actor = (await api.house.db.read(lambda tx: views.load_actors(tx, [learned]))).get(learned)
    if actor is not None:
        shown = await _existing(api, asked, actor.id)
        found["accounts"] += [] if shown is None else [entities.account(shown, base)]
    elif post_id is not None:
        posts = await api.house.db.read(lambda tx: views.load_posts(tx, asked.viewer, [post_id]))
        found["statuses"] += [entities.status(p, base, now=now, viewer_id=asked.viewer.id) for p in posts]
