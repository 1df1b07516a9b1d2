"""/api/v1/circles: one's own lists of people to write to. Nobody else knows of them, not even who is in one.

`circle_id` when posting writes to the people who are in it then, and to nobody else. Their answers come to the author alone.
"""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import personal
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon.accounts import ACCOUNTS
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.schema import EMPTY, ID, STR, entity, many
from fedi_community.mastodon.lookup import accounts_of
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import people

table = Table("circles")
CIRCLE: Final = entity("Circle", id=ID, title=STR)
READ, WRITE = member("read:lists"), member("write:lists")
MAX_PUT: Final = 100
"""People put into a circle at once."""
TITLE: Final = Param("title", required=True, maximum=personal.MAX_TITLE)


def _shown(row: people.ListRow) -> dict[str, Any]:
    return {"id": str(row.id), "title": row.title}


async def _circle(call: Call, wanted: int) -> people.ListRow:
    """A circle, if it is one's own."""
    rows = await call.read(lambda tx: people.lists(tx, call.actor_id, circle=True))
    found = next((row for row in rows if row.id == wanted), None)
    if found is None:
        raise not_found()
    return found


async def people_of(call: Call, circle_id: int) -> list[int]:
    """Who is in one's own circle now."""
    known = await _circle(call, circle_id)
    found = await call.read(
        lambda tx: people.listed(tx, call.actor_id, known.id, (None, None, False, personal.MAX_CIRCLE))
    )
    return list(found.ids)


@table.get("/api/v1/circles", READ, many(CIRCLE))
async def every(call: Call) -> Any:
    """One's circles"""
    return [_shown(row) for row in await call.read(lambda tx: people.lists(tx, call.actor_id, circle=True))]


@table.get("/api/v1/circles/<id>", READ, CIRCLE)
async def read(call: Call) -> Any:
    """A circle"""
    return _shown(await _circle(call, call.id()))


async def _save(call: Call, circle_id: int | None) -> dict[str, Any]:
    owner, title = call.actor_id, call["title"]

    def decide(facts: Facts) -> Decision | Refusal:
        return personal.decide_list(owner, title, "none", False, facts, circle_id, circle=True)

    made = await call.perform(Change(personal.of(owner), decide, 1))
    return {"id": str(made.result), "title": title.strip()}


@table.post("/api/v1/circles", WRITE, CIRCLE, TITLE)
async def create(call: Call) -> Any:
    """Make a circle"""
    return await _save(call, None)


@table.put("/api/v1/circles/<id>", WRITE, CIRCLE, TITLE)
async def change(call: Call) -> Any:
    """Call it otherwise"""
    return await _save(call, (await _circle(call, call.id())).id)


@table.delete("/api/v1/circles/<id>", WRITE, EMPTY)
async def delete(call: Call) -> Any:
    """Delete a circle; what was written to it stays with those who got it"""
    key = (await _circle(call, call.id())).id
    await call.perform(
        Change(personal.of(call.actor_id), lambda facts: personal.decide_list_gone(key, facts), 0)
    )
    return {}


@table.get("/api/v1/circles/<id>/accounts", READ, ACCOUNTS, *paging(40, 80))
async def members(call: Call) -> Any:
    """Who is in a circle, for its owner"""
    known, at = await _circle(call, call.id()), call.cursor
    found = await call.read(
        lambda tx: people.listed(tx, call.actor_id, known.id, (at.before, at.after, at.up, at.limit))
    )
    return call.page(await accounts_of(call, found.ids), found.last, found.ids[0] if found.ids else None)


def _members(method: str, on: bool, doc: str) -> None:
    @table.on(
        method, "/api/v1/circles/<id>/accounts", WRITE, EMPTY,
        Param("account_ids", "ids", default=(), maximum=MAX_PUT), doc=doc,
    )  # fmt: skip
    async def put(call: Call) -> Any:
        key, owner, chosen = (
            (await _circle(call, call.id())).id,
            call.actor_id,
            tuple(call["account_ids"] or ()),
        )

        def decide(facts: Facts) -> Decision | Refusal:
            return personal.decide_list_members(owner, key, chosen, on, facts)

        await call.perform(Change(personal.of(owner, *chosen), decide, 0))
        return {}


_members("POST", True, "Put people whom one follows into a circle")
_members("DELETE", False, "Take people out of a circle")
