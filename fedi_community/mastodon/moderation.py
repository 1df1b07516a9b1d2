"""What those who run a group do from a client: act on its posts, and read what was done. Each act can be undone."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import moderation
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
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
from fedi_community.storage import views
from fedi_community.storage.database import Tx

table = Table("moderation")
LOGGED: Final = entity(
    "GroupLogEntry", id=ID, created_at=MOMENT, action=STR, by=maybe(ACCOUNT), account=maybe(ACCOUNT), status_id=maybe(ID),
    reason=STR,
)  # fmt: skip


@table.post(
    "/api/v1/statuses/<id>/moderate", member("write:statuses"), entities.STATUS,
    Param("act", required=True, choices=moderation.ACTS),
    Param("reason", maximum=moderation.MAX_REASON, doc="Kept in the group's log, and shown to its author"),
)  # fmt: skip
async def moderate(call: Call) -> Any:
    """Remove or restore, lock or unlock, feature or unfeature a status in its group; for its mentors and staff"""
    post_id, actor_id, login = call.id(), call.actor_id, call.who.login_id
    act, reason = call["act"], (call["reason"] or "").strip()

    def decide(facts: Facts) -> Decision | Refusal:
        return moderation.decide_act(post_id, actor_id, login, act, reason, facts)

    await call.perform(Change(moderation.act_needs(post_id, actor_id), decide, 4))
    return await status_of(call, post_id)


@table.get("/api/v1/groups/<id>/log", member("read:statuses"), many(LOGGED), *paging(40, 80))
async def log(call: Call) -> Any:
    """What was done in a group, the newest first; for its mentors and staff, to everybody else it is missing"""
    group_id, at = call.id(), call.cursor

    async def unit(tx: Tx) -> tuple[list[rows.LogRow], dict[int, Any]]:
        if call.actor_id != group_id and not await rows.runs(tx, call.actor_id, group_id):
            raise not_found()
        found = await rows.log(tx, group_id, at.before, at.after, at.limit)
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
