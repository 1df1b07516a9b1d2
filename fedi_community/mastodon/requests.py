"""/api/v*/notifications/policy and /requests: whose notifications are kept apart, and taking them in."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain.client_effects import SetNotificationPolicy, SettleSenders
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Needs
from fedi_community.domain.notices import HOW, USUAL, WHO
from fedi_community.errors import not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities import notifications as shapes
from fedi_community.mastodon.lookup import existing
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import plainly
from fedi_community.perform import Change
from fedi_community.storage import notifications, views
from fedi_community.storage.database import Tx
from fedi_community.storage.notifications import Request

table = Table("notifications")
READ, WRITE = member("read:notifications"), member("write:notifications")
MAX_REQUESTS: Final = 100
"""Requests that are counted, and answered at once."""
NEWEST: Final = 2**63 - 1

# --- the policy ---------------------------------------------------------------------------------------------------------


async def _policy(call: Call) -> dict[str, Any]:
    async def unit(tx: Tx) -> tuple[dict[str, str], list[Request]]:
        chosen = await notifications.rules(tx, call.actor_id)
        return chosen, await notifications.requests(tx, call.actor_id, NEWEST, 0, MAX_REQUESTS)

    chosen, waiting = await call.read(unit)
    return shapes.policy({**USUAL, **chosen}, len(waiting), sum(one.number for one in waiting))


async def _choose(call: Call, changed: dict[str, str]) -> None:
    owner = call.actor_id
    before = await call.read(lambda tx: notifications.rules(tx, owner))
    rules = {**before, **changed}
    if rules != before:
        await call.perform(Change(Needs(), lambda _: Decision((SetNotificationPolicy(owner, rules),)), 0))


@table.get("/api/v2/notifications/policy", READ, shapes.POLICY)
async def policy(call: Call) -> Any:
    """Whose notifications are kept apart"""
    return await _policy(call)


@table.get("/api/v1/notifications/policy", READ, shapes.POLICY_V1)
async def policy_v1(call: Call) -> Any:
    """The same in the older form"""
    return shapes.policy_v1(await _policy(call))


async def _set_policy(call: Call) -> Any:
    await _choose(call, {who: call[who] for who in WHO if call[who]})
    return await _policy(call)


for _method in ("PATCH", "PUT"):
    table.on(
        _method, "/api/v2/notifications/policy", WRITE, shapes.POLICY, *(Param(who, choices=HOW) for who in WHO),
        doc="Choose whose notifications are kept apart",
    )(_set_policy)  # fmt: skip


@table.put(
    "/api/v1/notifications/policy", WRITE, shapes.POLICY_V1, *(Param(f"filter_{who[4:]}", "flag") for who in WHO[:4])
)  # fmt: skip
async def set_policy_v1(call: Call) -> Any:
    """Choose it in the older form"""
    asked = {who: call[f"filter_{who[4:]}"] for who in WHO[:4]}
    await _choose(call, {who: "filter" if yes else "accept" for who, yes in asked.items() if yes is not None})
    return shapes.policy_v1(await _policy(call))


# --- requests -----------------------------------------------------------------------------------------------------------


async def _shown(call: Call, found: list[Request]) -> list[dict[str, Any]]:
    async def unit(tx: Tx) -> tuple[Any, Any]:
        people = {a.id: a for a in await existing(tx, call.viewer, [one.sender for one in found])}
        posts = await views.load_posts(tx, call.viewer, [one.object_id for one in found if one.object_id])
        return people, posts

    people, posts = await call.read(unit)
    statuses = {int(made["id"]): made for made in plainly(call, posts)}
    return [
        {
            "id": str(one.sender),
            "created_at": entities.moment(one.first_at),
            "updated_at": entities.moment(one.last_at),
            "notifications_count": str(one.number),
            "account": entities.account(people[one.sender], call.base),
            "last_status": statuses.get(one.object_id or 0),
        }
        for one in found
        if one.sender in people
    ]


@table.get(
    "/api/v1/notifications/requests", READ, entities.many(shapes.REQUEST), *paging(40, 80)
)  # fmt: skip
async def requests(call: Call) -> Any:
    """Whose notifications are kept apart now"""
    at = call.cursor
    found = await call.read(
        lambda tx: notifications.requests(tx, call.actor_id, at.before or NEWEST, at.after or 0, at.limit)
    )
    last = found[-1].last if len(found) >= at.limit else None
    return call.page(await _shown(call, found), last, found[0].last if found else None)


async def _waiting(call: Call, sender: int) -> Request:
    found = await call.read(lambda tx: notifications.request(tx, call.actor_id, sender))
    if found is None:
        raise not_found()
    return found


@table.get("/api/v1/notifications/requests/<id>", READ, shapes.REQUEST)
async def request(call: Call) -> Any:
    """One of them"""
    shown = await _shown(call, [await _waiting(call, call.id())])
    if not shown:
        raise not_found()
    return shown[0]


async def _settle(call: Call, senders: list[int], state: str) -> dict[str, Any]:
    owner, at = call.actor_id, call.now
    effect = SettleSenders(owner, tuple(senders), state, at)
    await call.perform(Change(Needs(), lambda _: Decision((effect,)), 0))
    return {}


def _answer(verb: str, state: str, doc: str) -> None:
    @table.post(f"/api/v1/notifications/requests/<id>/{verb}", WRITE, entities.EMPTY, doc=doc)
    async def single(call: Call) -> Any:
        return await _settle(call, [(await _waiting(call, call.id())).sender], state)

    @table.post(
        f"/api/v1/notifications/requests/{verb}", WRITE, entities.EMPTY,
        Param("id", "ids", default=(), maximum=MAX_REQUESTS), doc=f"{doc}: several",
    )  # fmt: skip
    async def several(call: Call) -> Any:
        async def unit(tx: Tx) -> set[int]:
            found = await notifications.requests(tx, call.actor_id, NEWEST, 0, MAX_REQUESTS)
            return {one.sender for one in found}

        waiting = await call.read(unit)
        return await _settle(call, [i for i in call["id"] if i in waiting], state)


_answer("accept", "accepted", "Hear of somebody after all, and of what was kept apart")
_answer("dismiss", "dismissed", "Do not hear of what was kept apart")


@table.get("/api/v1/notifications/requests/merged", READ, entities.MERGED)
async def merged(call: Call) -> Any:
    """Always true: what was taken in is shown at once"""
    return {"merged": True}
