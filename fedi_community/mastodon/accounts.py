"""/api/v1/accounts: who there is, and how one stands to them. Following and the like: `following`."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fedi_community.errors import not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone, member
from fedi_community.mastodon.lookup import account_of, accounts_of, existing
from fedi_community.mastodon.paging import offset, paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.search import RESOLVE_SECONDS, by_handle
from fedi_community.storage import people, tagging, views

table = Table("accounts")
MAX_AT_ONCE: Final = 100
"""Accounts, or relationships, asked for at once."""
ACCOUNTS: Final = entities.many(entities.ACCOUNT)


async def own_account(call: Call) -> dict[str, Any]:
    """The CredentialAccount of whoever the token speaks as."""
    who, actor_id = call.who, call.actor_id

    async def unit(tx: Any) -> tuple[Any, str | None, tuple[int, int, int]]:
        found = await views.load_actors(tx, [actor_id])
        counts = await people.own_counts(tx, actor_id, await people.answers_for(tx, actor_id))
        return found[actor_id], await people.note_source(tx, actor_id), counts

    actor, source, counts = await call.read(unit)
    return entities.credential_account(actor, call.base, who.settings, who.role, source=source, counts=counts)


@table.get(
    "/api/v1/accounts/verify_credentials", member("profile", "read:accounts"), entities.CREDENTIAL_ACCOUNT, unready=True
)  # fmt: skip
async def verify_credentials(call: Call) -> Any:
    """Whose token this is"""
    return await own_account(call)


@table.get("/api/v1/accounts/lookup", anyone("read:accounts"), entities.ACCOUNT, Param("acct", default=""))
async def lookup(call: Call) -> Any:
    """An account by its handle"""
    found = await by_handle(call, call["acct"] or "")
    if found is None:
        raise not_found()
    return entities.account(found, call.base)


@table.get(
    "/api/v1/accounts/search", member("read:accounts"), ACCOUNTS,
    Param("q", default="", doc="Beginning of a handle, or words of a name; `!` for groups alone"),
    Param("resolve", "flag", doc="Ask the server of a whole handle"), Param("following", "flag"), *offset(40, 80),
)  # fmt: skip
async def search(call: Call) -> Any:
    """Accounts for a mention that is being typed: groups first"""
    text = (call["q"] or "").strip()
    return await accounts_of(call, await matching(call, text, bool(call["resolve"]), bool(call["following"])))


async def matching(call: Call, text: str, resolve: bool, followed: bool = False) -> list[int]:
    """Ids of the accounts that a text may mean: a whole handle's first, then what begins like it."""
    groups, bare = text.startswith("!"), text.lstrip("@!").strip()
    if not bare:
        return []
    ids: list[int] = []
    count, skip = call["limit"], call["offset"] or 0
    if "@" in bare or not groups:
        exact = await _exactly(call, bare, resolve)
        ids += [exact] if exact is not None and not skip and not followed else []
    name, _, host = bare.removeprefix("acct:").partition("@")
    if name and (not host or host.lower() == call.house.host):
        ids += await call.read(
            lambda tx: people.search(
                tx, call.viewer, name, limit=count, offset=skip, followed=followed, groups=groups
            )
        )
    return list(dict.fromkeys(ids))[:count]


async def _exactly(call: Call, text: str, resolve: bool) -> int | None:
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await by_handle(call, text, resolve)
    except TimeoutError:
        return None
    return found.id if found is not None else None


@table.get(
    "/api/v1/accounts/relationships", member("read:follows"), entities.many(entities.RELATIONSHIP),
    Param("id", "ids", default=(), maximum=MAX_AT_ONCE), Param("with_suspended", "flag"),
)  # fmt: skip
async def relationships(call: Call) -> Any:
    """How one stands to accounts"""
    return await relations_to(call, list(call["id"]))


async def relations_to(call: Call, ids: list[int]) -> list[dict[str, Any]]:
    """Relationships of the acting actor to those that exist for him, all with one look."""
    owner, now = call.actor_id, call.now

    async def unit(tx: Any) -> dict[int, dict[str, Any]]:
        shown = await views.findable(tx, call.viewer, ids)
        return await people.relationships(tx, owner, [i for i in ids if i in shown], now)

    known = await call.read(unit)
    return [entities.relationship(i, **known[i]) for i in ids if i in known]


async def related(call: Call, account_id: int) -> dict[str, Any]:
    """A Relationship of the acting actor."""
    found = await relations_to(call, [account_id])
    return found[0] if found else entities.relationship(account_id)


@table.get(
    "/api/v1/accounts/familiar_followers", member("read:follows"), entities.many(entities.FAMILIAR),
    Param("id", "ids", default=(), maximum=MAX_AT_ONCE),
)  # fmt: skip
async def familiar_followers(call: Call) -> Any:
    """Who of those one follows follows them too: nobody is told, whom people follow is theirs to know"""
    there = await call.read(lambda tx: existing(tx, call.viewer, call["id"]))
    return [{"id": str(actor.id), "accounts": []} for actor in there]


@table.get(
    "/api/v1/accounts", anyone("read:accounts"), ACCOUNTS, Param("id", "ids", default=(), maximum=MAX_AT_ONCE)
)
async def several(call: Call) -> Any:
    """Accounts by their ids"""
    return await accounts_of(call, call["id"])


@table.get("/api/v1/accounts/<id>", anyone("read:accounts"), entities.ACCOUNT)
async def read(call: Call) -> Any:
    """An account"""
    return entities.account(await account_of(call, call.id()), call.base)


# --- what a profile shows beside posts ----------------------------------------------------------------------------------


@table.get(
    "/api/v1/accounts/<id>/featured_tags", anyone("read:accounts"), entities.many(entities.FEATURED_TAG)
)
async def featured_tags(call: Call) -> Any:
    """Hashtags that somebody shows on his profile"""
    actor = await account_of(call, call.id())
    found = await call.read(lambda tx: tagging.featured(tx, actor.id))
    return [entities.featured_tag(one, entities.page_url(actor, call.base)) for one in found]


@table.get("/api/v1/accounts/<id>/lists", member("read:lists"), entities.many(entities.LIST))
async def lists_with(call: Call) -> Any:
    """One's own lists that somebody is on"""
    actor = await account_of(call, call.id())
    rows = await call.read(lambda tx: people.lists(tx, call.actor_id, actor.id))
    return [entities.listed(row) for row in rows]


def _people(name: str, doc: str) -> None:
    @table.get(f"/api/v1/accounts/<id>/{name}", anyone("read:accounts"), ACCOUNTS, *paging(40, 80), doc=doc)
    async def listing(call: Call) -> Any:
        actor, at = await account_of(call, call.id()), call.cursor
        own = call.viewer.id == actor.id
        if not own and (not actor.open_collections or not actor.local or await _blocked(call, actor.id)):
            return []
        bounds = (at.before, at.after, at.up, at.limit)
        wanted = people.followers if name == "followers" else people.following
        found = await call.read(lambda tx: wanted(tx, actor.id, own, bounds))
        return call.page(await accounts_of(call, found.ids), found.last, found.ids[0] if found.ids else None)


async def _blocked(call: Call, actor_id: int) -> bool:
    return await call.read(lambda tx: people.block_stands(tx, call.viewer.id, actor_id))


_people(
    "followers",
    "Who follows: all for oneself; for others only who shows it, and whom the follower lets show it",
)
_people("following", "Who is followed: all for oneself; for others only who shows it, and never a group")


@table.get("/api/v1/accounts/<id>/endorsements", anyone("read:accounts"), ACCOUNTS, *paging(40, 80))
async def endorsed_by(call: Call) -> Any:
    """People whom somebody shows on his profile"""
    actor, at = await account_of(call, call.id()), call.cursor
    found = await call.read(lambda tx: people.endorsed(tx, actor.id, (at.before, at.after, at.up, at.limit)))
    return call.page(await accounts_of(call, found.ids), found.last, found.ids[0] if found.ids else None)
