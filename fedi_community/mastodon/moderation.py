"""What those who run a group do from a client: act on its posts, and read what was done. Each act can be undone."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.measures import LONGEST_S
from fedi_community.domain.moderation import acts
from fedi_community.domain.moderation import bans as keeping_out
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.accounts import ACCOUNT, account, moment
from fedi_community.mastodon.entities.schema import ID, MOMENT, STR, entity, many, maybe
from fedi_community.mastodon.lookup import status_of
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import moderation as rows
from fedi_community.storage import reports, views
from fedi_community.storage.database import Tx

table = Table("moderation")
LOGGED: Final = entity(
    "GroupLogEntry", id=ID, created_at=MOMENT, action=STR, by=maybe(ACCOUNT), account=maybe(ACCOUNT), status_id=maybe(ID),
    reason=STR,
)  # fmt: skip


@table.post(
    "/api/v1/statuses/<id>/moderate", member("write:statuses"), entities.STATUS,
    Param("act", required=True, choices=acts.ACTS),
    Param("reason", maximum=acts.MAX_REASON, doc="Kept in the group's log"),
)  # fmt: skip
async def moderate(call: Call) -> Any:
    """Remove or restore, lock or unlock, feature or unfeature a status in its group; for its mentors and staff"""
    post_id, actor_id, login = call.id(), call.actor_id, call.who.login_id
    act, reason = call["act"], (call["reason"] or "").strip()

    def decide(facts: Facts) -> Decision | Refusal:
        return acts.decide_act(post_id, actor_id, login, act, reason, facts)

    await call.perform(Change(acts.act_needs(post_id, actor_id), decide, acts.IDS))
    return await status_of(call, post_id)


@table.post(
    "/api/v1/statuses/<id>/redact", member("write:statuses"), entities.STATUS,
    Param("reason", maximum=acts.MAX_REASON, doc="Kept in the group's log"),
)  # fmt: skip
async def redact(call: Call) -> Any:
    """Take a status's words, pictures and poll away for good, from every revision; for the mentors and staff of its group"""
    post_id, actor_id, login = call.id(), call.actor_id, call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return acts.decide_redact(post_id, actor_id, login, (call["reason"] or "").strip(), facts)

    await call.perform(Change(acts.act_needs(post_id, actor_id), decide, 4))
    return await status_of(call, post_id)


FOR_SO_LONG: Final = Param(
    "expires_in", "number", "Seconds; for good without it", minimum=60, maximum=LONGEST_S, strict=True
)
"""How long a measure lasts; what is no number is refused, since it would be for good."""
BAN: Final = entity("GroupBan", account=ACCOUNT, created_at=MOMENT, expires_at=maybe(MOMENT))


async def _ban(
    call: Call, group_id: int, target_id: int, on: bool, reason: str = "", until: int | None = None
) -> None:
    actor_id, login = call.actor_id, call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return keeping_out.decide_ban(group_id, actor_id, login, target_id, on, reason, until, facts)

    await call.perform(Change(keeping_out.ban_needs(group_id, actor_id, target_id), decide, keeping_out.IDS))


async def _bans(
    call: Call, group_id: int, before: int | None, after: int | None, limit: int
) -> list[rows.BanRow]:
    async def unit(tx: Tx) -> list[rows.BanRow]:
        if group_id not in await rows.run_by(tx, call.actor_id, [group_id]):
            raise not_found()
        return await rows.bans(tx, group_id, before, after, limit)

    return await call.read(unit)


async def _shown_bans(call: Call, found: list[rows.BanRow]) -> list[dict[str, Any]]:
    people = await call.read(lambda tx: views.load_actors(tx, [row.target_id for row in found]))
    return [
        {
            "account": account(people[row.target_id], call.base),
            "created_at": moment(row.created),
            "expires_at": moment(row.expires) if row.expires else None,
        }
        for row in found
        if row.target_id in people
    ]


@table.post(
    "/api/v1/groups/<id>/bans", member("write:blocks"), BAN, Param("account_id", "id", required=True),
    Param("reason", maximum=acts.MAX_REASON, doc="Kept in the group's log"),
    FOR_SO_LONG,
)  # fmt: skip
async def ban(call: Call) -> Any:
    """Keep somebody out of a group, for its mentors and staff: out at once, and what was written stays"""
    group_id, target_id = call.id(), call["account_id"]
    until = call.now + call["expires_in"] * 1000 if call["expires_in"] else None
    await _ban(call, group_id, target_id, True, (call["reason"] or "").strip(), until)
    found = await _bans(call, group_id, target_id + 1, target_id - 1, 1)
    return (await _shown_bans(call, found))[0]


@table.get("/api/v1/groups/<id>/bans", member("read:blocks"), many(BAN), *paging(40, 80))
async def bans(call: Call) -> Any:
    """Who is kept out of a group; for its mentors and staff, to everybody else it is missing"""
    at = call.cursor
    found = await _bans(call, call.id(), at.before, at.after, at.limit)
    last = found[-1].target_id if len(found) >= at.limit else None
    return call.page(await _shown_bans(call, found), last, found[0].target_id if found else None)


@table.delete("/api/v1/groups/<id>/bans/<account>", member("write:blocks"), entities.EMPTY)
async def unban(call: Call) -> Any:
    """Let somebody in again, who joins as everybody does"""
    await _ban(call, call.id(), call.id("account"), False)
    return {}


@table.get("/api/v1/groups/<id>/log", member("read:statuses"), many(LOGGED), *paging(40, 80))
async def log(call: Call) -> Any:
    """What was done in a group, the newest first; for its mentors and staff, to everybody else it is missing"""
    group_id, at = call.id(), call.cursor

    async def unit(tx: Tx) -> tuple[list[rows.LogRow], dict[int, Any]]:
        if group_id not in await rows.run_by(tx, call.actor_id, [group_id]):
            raise not_found()
        answers = group_id in await reports.answers(tx, call.actor_id, [group_id])
        found = await rows.log(tx, group_id, call.who.login_id, answers, at.before, at.after, at.limit)
        people = {i for row in found for i in (row.actor_id, row.target_id) if i}
        return found, await views.load_actors(tx, people)

    found, people = await call.read(unit)

    def shown(actor_id: int | None) -> dict[str, Any] | None:
        actor = people.get(actor_id or 0)
        return None if actor is None else account(actor, call.base)

    made = [
        {
            "id": str(row.id),
            "created_at": moment(row.at),
            "action": row.action,
            "by": shown(row.actor_id),
            "account": shown(row.target_id),
            "status_id": str(row.object_id) if row.object_id else None,
            "reason": row.reason,
        }
        for row in found
    ]
    return call.page(made, found[-1].id if len(found) >= at.limit else None, found[0].id if found else None)
