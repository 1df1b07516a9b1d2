"""/api/v1/polls: how a poll stands, and voting in it. A poll has the id of its status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fedi_community.domain import polls
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone, member
from fedi_community.mastodon.lookup import post_of
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change, House, perform

table = Table("polls")


async def poll_of(call: Call) -> dict[str, Any]:
    post = await post_of(call, call.id())
    found = entities.poll(post.boost or post, call.now, call.viewer.id)
    if found is None:
        raise not_found()
    return found


@table.get("/api/v1/polls/<id>", anyone("read:statuses"), entities.POLL)
async def read(call: Call) -> Any:
    """A poll"""
    return await poll_of(call)


@table.post(
    "/api/v1/polls/<id>/votes", member("write:statuses"), entities.POLL,
    Param("choices", "texts", doc="Places of the answers, from 0", maximum=polls.MAX_CHOICES * 5),
)  # fmt: skip
async def vote(call: Call) -> Any:
    """Vote, once"""
    post_id = call.id()
    sent = [str(choice).strip() for choice in call["choices"] or ()]
    choices = [int(c) if c.isascii() and c.isdigit() and len(c) < 4 else -1 for c in sent]

    def decide(facts: Facts) -> Decision | Refusal:
        return polls.decide_vote(call.actor_id, post_id, choices, facts)

    await call.perform(Change(polls.vote_needs(call.actor_id, post_id), decide, max(1, len(choices))))
    return await poll_of(call)


Run = Callable[[dict[str, Any]], Awaitable[None]]


def jobs(house: House) -> dict[str, Run]:
    """Kind of job -> what runs it: a poll ends; peers are told how one stands."""

    def runs(decided: Callable[[int, Facts], Decision]) -> Run:
        async def run(payload: dict[str, Any]) -> None:
            post_id = int(payload["id"])
            await perform(house, Change(polls.job_needs(post_id), lambda f: decided(post_id, f), 2))

        return run

    return {polls.END_JOB: runs(polls.decide_ended), polls.COUNT_JOB: runs(polls.decide_counted)}
