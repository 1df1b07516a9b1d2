"""What was done about oneself, with the one appeal against each; and the appeals that wait for somebody else to decide."""

from __future__ import annotations

from typing import Any, Final

from fedi_community import cases
from fedi_community.errors import Problem, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities import notifications as shapes
from fedi_community.mastodon.entities.accounts import account
from fedi_community.mastodon.entities.schema import BOOL, entity, many
from fedi_community.mastodon.params import Param
from fedi_community.storage import measures, reports, views
from fedi_community.storage.database import Tx
from fedi_community.storage.measures import Taken

table = Table("appeals")
APPEAL: Final = entity("Appeal", warning=shapes.WARNING, yours=BOOL)
"""yours: whoever asks took the measure, so somebody else decides."""


async def _shown(call: Call, found: list[Taken]) -> list[dict[str, Any]]:
    people = await call.read(lambda tx: views.load_actors(tx, [one.target_id for one in found]))
    return [
        shapes.warning(one, account(people[one.target_id], call.base), call.now)
        for one in found
        if one.target_id in people
    ]


@table.get("/api/v1/account_warnings", member("read:accounts"), many(shapes.WARNING))
async def mine(call: Call) -> Any:
    """What was done about oneself, the newest first"""
    return await _shown(call, await call.read(lambda tx: measures.of(tx, call.actor_id)))


@table.post(
    "/api/v1/account_warnings/<id>/appeal", member("write:accounts"), shapes.WARNING,
    Param("text", required=True, doc="Why it was wrong; somebody else reads it"),
)  # fmt: skip
async def appeal(call: Call) -> Any:
    """Appeal, once for each"""
    measure_id = call.id()
    await cases.appeal(call.house, measure_id, call.actor_id, call["text"])
    found = await call.read(lambda tx: measures.one(tx, measure_id))
    return (await _shown(call, [found] if found else []))[0]


async def _waiting(call: Call, group_id: int) -> list[dict[str, Any]]:
    async def unit(tx: Tx) -> list[Taken]:
        if group_id and group_id not in await reports.answers(tx, call.actor_id, [group_id]):
            raise not_found()
        powers = await reports.powers_in(tx, call.actor_id, group_id)
        return await measures.appeals(tx, group_id, call.who.login_id, powers)

    found = await call.read(unit)
    own = {one.id for one in found if one.login_id == call.who.login_id}
    return [{"warning": one, "yours": int(one["id"]) in own} for one in await _shown(call, found)]


def _staff(call: Call) -> None:
    if not call.who.staff:
        raise Problem(403, "not_staff", "This action is not allowed")


@table.get("/api/v1/admin/appeals", member("admin:read:accounts"), many(APPEAL))
async def all_waiting(call: Call) -> Any:
    """Appeals that wait, oldest first"""
    _staff(call)
    return await _waiting(call, 0)


@table.get("/api/v1/groups/<id>/appeals", member("read:statuses"), many(APPEAL))
async def in_group(call: Call) -> Any:
    """Appeals against what was done in a group, for those who answer its reports"""
    return await _waiting(call, call.id())


def _answers(verb: str, granted: bool, doc: str) -> None:
    @table.post(
        f"/api/v1/admin/appeals/<id>/{verb}",
        member("admin:write:accounts"),
        entities.EMPTY,
        doc=f"{doc}, as server staff",
    )
    async def by_staff(call: Call) -> Any:
        _staff(call)
        await cases.answer_appeal(call.house, call.who.helper, call.id(), granted)
        return {}

    @table.post(
        f"/api/v1/groups/<id>/appeals/<appeal>/{verb}",
        member("write:statuses"),
        entities.EMPTY,
        doc=f"{doc}, in a group",
    )
    async def by_mentor(call: Call) -> Any:
        await cases.answer_appeal(call.house, call.who.helper, call.id("appeal"), granted, call.id())
        return {}


_answers("approve", True, "Take the measure back")
_answers("reject", False, "Let it stand")
