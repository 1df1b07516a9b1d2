"""/api/v1/lists: one's own lists of people and groups. Nobody else knows of them."""

from __future__ import annotations

from typing import Any

from fedi_community.domain import personal
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.accounts import ACCOUNTS
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.lookup import accounts_of
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import people

table = Table("lists")
MAX_PUT: int = 100
"""Accounts put on a list at once."""
SWITCHES = (
    Param("replies_policy", choices=personal.POLICIES, doc="Whose replies are shown"),
    Param("exclusive", "flag", doc="What is here is not in home"),
)


async def list_of(call: Call) -> people.ListRow:
    """The list in the address, if it is one's own."""
    wanted = call.id()
    rows = await call.read(lambda tx: people.lists(tx, call.actor_id))
    found = next((row for row in rows if row.id == wanted), None)
    if found is None:
        raise not_found()
    return found


@table.get("/api/v1/lists", member("read:lists"), entities.many(entities.LIST))
async def every(call: Call) -> Any:
    """One's lists"""
    return [entities.listed(row) for row in await call.read(lambda tx: people.lists(tx, call.actor_id))]


@table.get("/api/v1/lists/<id>", member("read:lists"), entities.LIST)
async def read(call: Call) -> Any:
    """A list"""
    return entities.listed(await list_of(call))


async def _save(call: Call, title: str, policy: str, exclusive: bool, list_id: int | None) -> dict[str, Any]:
    owner = call.actor_id

    def decide(facts: Facts) -> Decision | Refusal:
        return personal.decide_list(owner, title, policy, exclusive, facts, list_id)

    made = await call.perform(Change(personal.of(owner), decide, 1))
    return entities.listed(people.ListRow(made.result or 0, title.strip(), policy, exclusive))


@table.post("/api/v1/lists", member("write:lists"), entities.LIST, Param("title", default=""), *SWITCHES)
async def create(call: Call) -> Any:
    """Make a list"""
    return await _save(
        call, call["title"] or "", call["replies_policy"] or "list", bool(call["exclusive"]), None
    )


@table.put("/api/v1/lists/<id>", member("write:lists"), entities.LIST, Param("title"), *SWITCHES)
async def change(call: Call) -> Any:
    """Change a list"""
    known = await list_of(call)
    title = call["title"] if call["title"] is not None else known.title
    exclusive = known.exclusive if call["exclusive"] is None else call["exclusive"]
    return await _save(call, title, call["replies_policy"] or known.replies_policy, exclusive, known.id)


@table.delete("/api/v1/lists/<id>", member("write:lists"), entities.EMPTY)
async def delete(call: Call) -> Any:
    """Delete a list"""
    list_id = call.id()
    await call.perform(
        Change(personal.of(call.actor_id), lambda facts: personal.decide_list_gone(list_id, facts), 0)
    )
    return {}


@table.get("/api/v1/lists/<id>/accounts", member("read:lists"), ACCOUNTS, *paging(40, 80))
async def members(call: Call) -> Any:
    """Who is on a list; limit=0 for all"""
    known, at = await list_of(call), call.cursor
    found = await call.read(
        lambda tx: people.listed(tx, call.actor_id, known.id, (at.before, at.after, at.up, at.limit))
    )
    return call.page(await accounts_of(call, found.ids), found.last, found.ids[0] if found.ids else None)


def _members(method: str, on: bool, doc: str) -> None:
    @table.on(
        method, "/api/v1/lists/<id>/accounts", member("write:lists"), entities.EMPTY,
        Param("account_ids", "ids", default=(), maximum=MAX_PUT), doc=doc,
    )  # fmt: skip
    async def put(call: Call) -> Any:
        list_id, owner, chosen = call.id(), call.actor_id, tuple(call["account_ids"] or ())

        def decide(facts: Facts) -> Decision | Refusal:
            return personal.decide_list_members(owner, list_id, chosen, on, facts)

        await call.perform(Change(personal.of(owner, *chosen), decide, 0))
        return {}


_members("POST", True, "Put people whom one follows on a list")
_members("DELETE", False, "Take people off a list")
