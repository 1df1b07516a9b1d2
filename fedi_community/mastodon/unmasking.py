"""/api/v1/admin/unmaskings: two members of staff together may learn who is behind a persona. Each step is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fedi_community.domain import personas
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Unmasking
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.accounts import ACCOUNT, account, moment
from fedi_community.mastodon.entities.schema import BOOL, ID, MOMENT, STR, entity, many, maybe, one_of
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import moderation, views
from fedi_community.storage import personas as rows
from fedi_community.storage.database import Tx

table = Table("unmaskings")
UNMASKING: Final = entity(
    "AdminUnmasking", id=ID, account=maybe(ACCOUNT), reason=STR, state=one_of("asked", "confirmed"),
    asked_by=maybe(ACCOUNT), confirmed_by=maybe(ACCOUNT), created_at=MOMENT, expires_at=MOMENT, read=BOOL,
)  # fmt: skip
UNMASKED: Final = entity("AdminUnmasked", account=ACCOUNT)
_READ, _WRITE = "admin:read:accounts", "admin:write:accounts"


def _staff(call: Call) -> None:
    if not call.who.staff:
        raise Problem(403, "not_staff", "This action is not allowed")


async def _shown(call: Call, found: list[Unmasking]) -> list[dict[str, Any]]:
    async def unit(tx: Tx) -> tuple[dict[int, int], dict[int, Any]]:
        selves = await moderation.selves(
            tx, [i for one in found for i in (one.asked_by, one.confirmed_by) if i]
        )
        people = {one.actor_id for one in found} | set(selves.values())
        return selves, await views.load_actors(tx, people)

    selves, people = await call.read(unit)

    def shown(actor_id: int) -> dict[str, Any] | None:
        return account(people[actor_id], call.base) if actor_id in people else None

    return [
        {
            "id": str(one.id),
            "account": shown(one.actor_id),
            "reason": one.reason,
            "state": "asked" if one.confirmed_by is None else "confirmed",
            "asked_by": shown(selves.get(one.asked_by, 0)),
            "confirmed_by": shown(selves.get(one.confirmed_by or 0, 0)),
            "created_at": moment(one.asked_at),
            "expires_at": moment(one.expires),
            "read": call.who.login_id in one.read_by,
        }
        for one in found
    ]


async def _one(call: Call, key: int) -> Unmasking:
    found = await call.read(lambda tx: rows.unmasking(tx, key))
    if found is None:
        raise not_found()
    return found


@table.get("/api/v1/admin/unmaskings", member(_READ), many(UNMASKING))
async def listed(call: Call) -> Any:
    """What staff asked in the last three days about who is behind a name, the newest first"""
    _staff(call)
    return await _shown(call, await call.read(lambda tx: rows.unmaskings(tx, call.now, call.who.login_id)))


@table.post(
    "/api/v1/admin/unmaskings", member(_WRITE), UNMASKING, Param("account_id", "id", required=True),
    Param("reason", required=True, maximum=personas.MAX_REASON, doc="Kept in the log"),
)  # fmt: skip
async def ask(call: Call) -> Any:
    """Ask who is behind a persona; another member of staff has to confirm it"""
    _staff(call)
    account_id, by, reason = call["account_id"], call.who.login_id, call["reason"]
    done = await call.perform(
        Change(
            personas.kin_needs(account_id),
            lambda facts: personas.decide_unmask(account_id, by, reason, facts),
            1,
        )
    )
    return (await _shown(call, [await _one(call, done.result or 0)]))[0]


async def _step(call: Call, decide: Callable[[int, int, Facts], Decision | Refusal]) -> Decision:
    _staff(call)
    key, by = call.id(), call.who.login_id
    asked = await _one(call, key)
    return await call.perform(
        Change(personas.unmask_needs(key, asked.actor_id), lambda facts: decide(key, by, facts), 0)
    )


@table.post("/api/v1/admin/unmaskings/<id>/confirm", member(_WRITE), UNMASKING)
async def confirm(call: Call) -> Any:
    """Confirm what another member of staff asked; both may then read the name, once"""
    await _step(call, personas.decide_confirm)
    return (await _shown(call, [await _one(call, call.id())]))[0]


@table.post("/api/v1/admin/unmaskings/<id>/read", member(_WRITE), UNMASKED)
async def read(call: Call) -> Any:
    """The account behind the persona, once for each of the two"""
    done = await _step(call, personas.decide_read)
    found = await call.read(lambda tx: views.load_actors(tx, [done.result or 0]))
    return {"account": account(found[done.result or 0], call.base)}
