"""What one does not want to see, and what one might: blocks, mutes, hosts, suggestions, the directory, endorsements."""

from __future__ import annotations

from typing import Any

from fedi_community.domain import personal
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.origins import canonical_host
from fedi_community.errors import Problem, Refusal
from fedi_community.mastodon import entities
from fedi_community.mastodon.accounts import ACCOUNTS
from fedi_community.mastodon.base import Call, Table, anyone, member
from fedi_community.mastodon.lookup import accounts_of, existing, pair
from fedi_community.mastodon.paging import limit, offset, paging
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import people

table = Table("taste")


def _bounds(call: Call) -> people.Bounds:
    at = call.cursor
    return at.before, at.after, at.up, at.limit


@table.get("/api/v1/blocks", member("read:blocks"), ACCOUNTS, *paging(40, 80))
async def blocks(call: Call) -> Any:
    """Whom one blocks"""
    found = await call.read(lambda tx: people.blocked(tx, call.actor_id, _bounds(call)))
    return call.page(await accounts_of(call, found.ids), found.last, found.ids[0] if found.ids else None)


@table.get("/api/v1/mutes", member("read:mutes"), entities.many(entities.MUTED_ACCOUNT), *paging(40, 80))
async def mutes(call: Call) -> Any:
    """Whom one mutes, and until when"""
    owner, now = call.actor_id, call.now

    async def unit(tx: Any) -> tuple[people.People, dict[int, int | None]]:
        found = await people.muted(tx, owner, now, _bounds(call))
        return found, await people.expiries(tx, owner, found.ids)

    found, until = await call.read(unit)
    shown = await accounts_of(call, found.ids)
    for one in shown:
        ends = until.get(int(one["id"]))
        one["mute_expires_at"] = entities.moment(ends) if ends else None
    return call.page(shown, found.last, found.ids[0] if found.ids else None)


@table.get("/api/v1/endorsements", member("read:accounts"), ACCOUNTS, *paging(40, 80))
async def endorsements(call: Call) -> Any:
    """Whom one shows on one's profile"""
    found = await call.read(lambda tx: people.endorsed(tx, call.actor_id, _bounds(call)))
    return call.page(await accounts_of(call, found.ids), found.last, found.ids[0] if found.ids else None)


# --- hosts ----------------------------------------------------------------------------------------------------------------


@table.get("/api/v1/domain_blocks", member("read:blocks"), entities.many(entities.STR), *paging(100, 200))
async def domain_blocks(call: Call) -> Any:
    """Hosts that one wants nothing of"""
    at = call.cursor
    found = await call.read(
        lambda tx: people.domain_blocks(tx, call.actor_id, (at.before, at.after, at.up, at.limit + 1))
    )
    shown = found[: at.limit]
    last = shown[-1][0] if len(found) > at.limit else None
    return call.page([host for _, host in shown], last, shown[0][0] if shown else None)


def _host(call: Call) -> str:
    host = canonical_host((call["domain"] or "").strip().lower())
    if host is None or host == call.house.host:
        raise Problem.of(personal.BAD_HOST)
    return host


def _domain(method: str, on: bool, doc: str) -> None:
    @table.on(
        method, "/api/v1/domain_blocks", member("write:blocks"), entities.EMPTY, Param("domain", required=True), doc=doc
    )  # fmt: skip
    async def change(call: Call) -> Any:
        host, owner = _host(call), call.actor_id

        def decide(facts: Facts) -> Decision | Refusal:
            return personal.decide_domain_block(owner, host, on, facts)

        await call.perform(Change(personal.domain_needs(owner, host), decide, personal.domain_ids))
        return {}


_domain("POST", True, "Want nothing of a host; its people follow one no longer")
_domain("DELETE", False, "Take a host back")


@table.get(
    "/api/v1/domain_blocks/preview", member("read:blocks"),
    entities.shape(following_count=entities.COUNT, followers_count=entities.COUNT), Param("domain", default=""),
)  # fmt: skip
async def domain_preview(call: Call) -> Any:
    """How many follows would be touched"""
    host, owner = _host(call), call.actor_id
    followed, followers = await call.read(lambda tx: people.host_counts(tx, owner, host))
    return {"following_count": followed, "followers_count": followers}


# --- suggestions and directory ----------------------------------------------------------------------------------------------


async def _suggested(call: Call) -> list[Any]:
    async def unit(tx: Any) -> list[Any]:
        ids = await people.suggested(tx, call.viewer, 200)
        return await existing(tx, call.viewer, ids)

    return (await call.read(unit))[: call["limit"]]


@table.get("/api/v2/suggestions", member("read"), entities.many(entities.SUGGESTION), limit(40, 80))
async def suggestions(call: Call) -> Any:
    """Whom one might follow: groups first, and nobody by what others do"""
    return [entities.suggestion(actor, call.base) for actor in await _suggested(call)]


@table.get("/api/v1/suggestions", member("read"), ACCOUNTS, limit(40, 80))
async def suggestions_v1(call: Call) -> Any:
    """The same, as plain accounts"""
    return [entities.account(actor, call.base) for actor in await _suggested(call)]


@table.delete("/api/v1/suggestions/<id>", member("write:accounts"), entities.EMPTY)
async def dismiss(call: Call) -> Any:
    """Suggest this account no more"""
    target, owner = call.id(), call.actor_id

    def decide(facts: Facts) -> Decision | Refusal:
        return personal.decide_dismiss(owner, target, facts)

    await call.perform(Change(pair(call, target), decide, 0))
    return {}


@table.get(
    "/api/v1/directory", anyone(), ACCOUNTS, *offset(40, 80),
    Param("order", default="active", choices=("active", "new")), Param("local", "flag"),
)  # fmt: skip
async def directory(call: Call) -> Any:
    """Groups and people of this server who want to be found"""
    count, skip = call["limit"], call["offset"] or 0
    ids = await call.read(
        lambda tx: people.directory(tx, call.viewer, newest=call["order"] == "new", limit=count, offset=skip)
    )
    return await accounts_of(call, ids)
