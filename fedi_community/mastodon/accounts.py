"""/api/v1/accounts: who there is, following and joining, relationships."""

from __future__ import annotations

from typing import Any

from fedi_community.domain import relations
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone, member
from fedi_community.mastodon.lookup import account_of, pair
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.search import by_handle
from fedi_community.mastodon.timelines import STATUSES, page_of
from fedi_community.perform import Change
from fedi_community.storage import client_queries, views
from fedi_community.storage.posts import Timeline

table = Table("accounts")


@table.get(
    "/api/v1/accounts/verify_credentials", member("profile", "read:accounts"), entities.CREDENTIAL_ACCOUNT, unready=True
)  # fmt: skip
async def verify_credentials(call: Call) -> Any:
    """Whose token this is"""
    own = await call.read(lambda tx: views.load_actors(tx, [call.actor_id]))
    who = call.who
    return entities.credential_account(own[call.actor_id], call.base, who.settings, who.role)


@table.get("/api/v1/accounts/lookup", anyone("read:accounts"), entities.ACCOUNT, Param("acct", default=""))
async def lookup(call: Call) -> Any:
    """An account by its handle"""
    found = await by_handle(call, call["acct"] or "")
    if found is None:
        raise not_found()
    return entities.account(found, call.base)


@table.get(
    "/api/v1/accounts/relationships", member("read:follows"), entities.many(entities.RELATIONSHIP),
    Param("id", "ids", default=(), maximum=100), Param("with_suspended", "flag"),
)  # fmt: skip
async def relationships(call: Call) -> Any:
    """How one stands to accounts"""
    ids = list(call["id"])
    known = await call.read(lambda tx: client_queries.relationships(tx, call.actor_id, ids))
    return [entities.relationship(i, **known[i]) for i in ids if i in known]


@table.get("/api/v1/accounts/<id>", anyone("read:accounts"), entities.ACCOUNT)
async def read(call: Call) -> Any:
    """An account"""
    return entities.account(await account_of(call, call.id()), call.base)


@table.get(
    "/api/v1/accounts/<id>/statuses", anyone("read:statuses"), STATUSES, Param("pinned", "flag"), *paging()
)
async def posts(call: Call) -> Any:
    """What an account posted, or what was posted in a group of this server"""
    actor = await account_of(call, call.id())
    if call["pinned"]:
        return []
    return await page_of(
        call, Timeline.GROUP if actor.is_group and actor.local else Timeline.PROFILE, actor.id
    )


async def related(call: Call, account_id: int) -> dict[str, Any]:
    """A Relationship of the acting actor."""
    known = await call.read(lambda tx: client_queries.relationships(tx, call.actor_id, [account_id]))
    return entities.relationship(account_id, **known.get(account_id, {}))


@table.post("/api/v1/accounts/<id>/follow", member("write:follows"), entities.RELATIONSHIP)
async def follow(call: Call) -> Any:
    """Follow somebody, or join a group"""
    target = (await account_of(call, call.id())).id

    def decide(facts: Facts) -> Decision | Refusal:
        return relations.decide_follow(call.actor_id, target, facts)

    await call.perform(Change(pair(call, target), decide, 2))
    return await related(call, target)


@table.post("/api/v1/accounts/<id>/unfollow", member("write:follows"), entities.RELATIONSHIP)
async def unfollow(call: Call) -> Any:
    """End following, or leave a group"""
    target = (await account_of(call, call.id())).id

    def decide(facts: Facts) -> Decision | Refusal:
        return relations.decide_unfollow(call.actor_id, target, facts)

    await call.perform(Change(pair(call, target), decide, 2))
    return await related(call, target)
