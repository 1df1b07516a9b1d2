"""/api/v1/scheduled_statuses: what is to be posted later; and the job that publishes it, under the rules of that time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from fedi_community.domain import posts, schedule
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs, Scheduled
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon import entities, writing
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param, invalid
from fedi_community.mastodon.show import bounds, related
from fedi_community.perform import Change, House, perform
from fedi_community.storage import scheduled as rows
from fedi_community.storage import statuses

table = Table("scheduled")
ADDRESS = "/api/v1/scheduled_statuses"
log = structlog.get_logger("api")


def moment_of(text: str) -> int:
    """ISO 8601 as milliseconds UTC; a time without a zone is UTC. Raises `Problem` 422."""
    try:
        found = datetime.fromisoformat(text.strip())
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise invalid("scheduled_at", "is not a time") from None


async def _shown(call: Call, items: list[Scheduled]) -> list[dict[str, Any]]:
    ids = [int(i) for item in items for i in item.params["media_ids"]]
    files = await call.read(lambda tx: statuses.own_files(tx, call.viewer, ids))
    return [
        entities.scheduled_status(item, [files[int(i)] for i in item.params["media_ids"] if int(i) in files])
        for item in items
    ]


async def scheduled_of(call: Call, scheduled_id: int) -> dict[str, Any]:
    """A ScheduledStatus of the acting actor."""
    found = await call.read(lambda tx: rows.one(tx, scheduled_id))
    if found is None or found.actor_id != call.actor_id:
        raise not_found()
    return (await _shown(call, [found]))[0]


def _about(call: Call) -> Needs:
    return Needs(scheduled=call.id(), actor_ids=frozenset({call.actor_id}))


@table.get(ADDRESS, member("read:statuses"), entities.many(entities.SCHEDULED_STATUS), *paging())
async def every(call: Call) -> Any:
    """What is to be posted later"""
    at = bounds(call.cursor)
    found = await call.read(lambda tx: rows.page(tx, call.actor_id, at.before, at.after, at.up, at.count))
    return related(call, await _shown(call, found), [item.id for item in found])


@table.get(f"{ADDRESS}/<id>", member("read:statuses"), entities.SCHEDULED_STATUS)
async def read(call: Call) -> Any:
    """One of them"""
    return await scheduled_of(call, call.id())


@table.put(
    f"{ADDRESS}/<id>", member("write:statuses"), entities.SCHEDULED_STATUS, Param("scheduled_at", doc="At least five minutes ahead")
)  # fmt: skip
async def change(call: Call) -> Any:
    """Post it at another time"""
    if call["scheduled_at"]:
        run_at = moment_of(call["scheduled_at"])

        def decide(facts: Facts) -> Decision | Refusal:
            return schedule.decide_reschedule(call.actor_id, run_at, facts)

        await call.perform(Change(replace(_about(call), schedule_of=(call.actor_id, run_at)), decide, 0))
    return await scheduled_of(call, call.id())


@table.delete(f"{ADDRESS}/<id>", member("write:statuses"), entities.EMPTY)
async def delete(call: Call) -> Any:
    """Do not post it"""

    def decide(facts: Facts) -> Decision | Refusal:
        return schedule.decide_unschedule(call.actor_id, facts)

    await call.perform(Change(_about(call), decide, 0))
    return {}


def publisher(house: House) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """The job that publishes what was put off. What is refused then stays in the list, where its author finds it."""

    async def run(payload: dict[str, Any]) -> None:
        key = int(payload["id"])
        found = await house.db.read(lambda tx: rows.one(tx, key))
        if found is None or found.run_at > house.clock():
            return
        asked = writing.compose_of(house, found.actor_id, found.login_id, found.params, house.clock())

        def decide(facts: Facts) -> Decision | Refusal:
            return schedule.decide_publish(asked, facts)

        needs = replace(posts.compose_needs(asked), scheduled=key)
        made = await perform(house, Change(needs, decide, 4))
        if isinstance(made, Refusal):
            log.info("scheduled_refused", reason=made.reason)

    return run
