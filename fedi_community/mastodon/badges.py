"""/api/v1/admin/accounts/ID/badges and /admin/held_names: what those who run the server say of members, and names that claim to be
theirs. Every act is written down."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import badges as domain
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.accounts import ACCOUNT
from fedi_community.mastodon.entities.schema import BOOL, ID, MOMENT, STR, entity, many
from fedi_community.mastodon.lookup import account_of
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import badges as rows
from fedi_community.storage import views
from fedi_community.storage.database import Tx

table = Table("admin")
BADGE: Final = entity("Badge", id=ID, label=STR, issuer=STR, created_at=MOMENT)
HELD_NAME: Final = entity("HeldName", account=ACCOUNT, name=STR, allowed=BOOL)
READ, WRITE = member("admin:read:accounts"), member("admin:write:accounts")


def _staff(call: Call) -> domain.By:
    if not call.who.staff:
        raise Problem(403, "not_staff", "This action is not allowed")
    return domain.By(call.actor_id, call.who.login_id)


async def _badges(call: Call, actor_id: int) -> list[dict[str, Any]]:
    return [
        {
            "id": str(one.id),
            "label": one.label,
            "issuer": one.issuer,
            "created_at": entities.moment(one.created),
        }
        for one in await call.read(lambda tx: rows.of(tx, actor_id))
    ]


def _needs(actor_id: int) -> Needs:
    return Needs(actor_ids=frozenset({actor_id}))


@table.get("/api/v1/admin/accounts/<id>/badges", READ, many(BADGE))
async def listed(call: Call) -> Any:
    """What is said of a member"""
    _staff(call)
    return await _badges(call, (await account_of(call, call.id())).id)


@table.post(
    "/api/v1/admin/accounts/<id>/badges", WRITE, many(BADGE),
    Param("label", "text", "What is said, as in clinician", required=True, maximum=domain.MAX_LABEL),
)  # fmt: skip
async def grant(call: Call) -> Any:
    """Say something of a member, in the name of this server"""
    by, actor_id, issuer = _staff(call), (await account_of(call, call.id())).id, call.api.settings.site_name
    held = len(await _badges(call, actor_id))

    def decide(facts: Facts) -> Decision | Refusal:
        return domain.decide_grant(actor_id, call["label"], issuer, held, by, facts)

    await call.perform(Change(_needs(actor_id), decide, 2))
    return await _badges(call, actor_id)


@table.delete("/api/v1/admin/accounts/<id>/badges/<badge>", WRITE, many(BADGE))
async def revoke(call: Call) -> Any:
    """Say it no longer"""
    by, actor_id, badge_id = _staff(call), (await account_of(call, call.id())).id, call.id("badge")
    if str(badge_id) not in {one["id"] for one in await _badges(call, actor_id)}:
        raise not_found()

    def decide(facts: Facts) -> Decision | Refusal:
        return domain.decide_revoke(actor_id, badge_id, by, facts)

    await call.perform(Change(_needs(actor_id), decide, 1))
    return await _badges(call, actor_id)


# --- held names -------------------------------------------------------------------------------------------------------------


async def _held(call: Call) -> list[dict[str, Any]]:
    async def unit(tx: Tx) -> list[dict[str, Any]]:
        found = await rows.held_names(tx)
        people = await views.load_actors(tx, [one.actor_id for one in found])
        return [
            {
                "account": entities.account(people[one.actor_id], call.base),
                "name": one.name,
                "allowed": one.allowed,
            }
            for one in found
            if one.actor_id in people
        ]

    return await call.read(unit)


@table.get("/api/v1/admin/held_names", READ, many(HELD_NAME))
async def held(call: Call) -> Any:
    """Accounts of other servers whose name claims to be who runs this one"""
    _staff(call)
    return await _held(call)


def _answer(verb: str, allow: bool, doc: str) -> None:
    @table.post(f"/api/v1/admin/accounts/<id>/{verb}", WRITE, many(HELD_NAME), doc=doc)
    async def answer(call: Call) -> Any:
        by, actor_id = _staff(call), (await account_of(call, call.id())).id

        def decide(facts: Facts) -> Decision | Refusal:
            return domain.decide_allow_name(actor_id, allow, by, facts)

        await call.perform(Change(_needs(actor_id), decide, 0))
        return await _held(call)


_answer("allow_name", True, "Let a name that is held be shown")
_answer("hold_name", False, "Show the account by its handle again")
