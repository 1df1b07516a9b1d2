"""/api/v1/statuses: write, read, change, take back; the thread around a status. What one does with it is in `reactions`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from fedi_community import backfill
from fedi_community.domain import changes, polls, posts, schedule, uploads
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.wants import Shown, sift
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities, writing
from fedi_community.mastodon.base import Call, Table, anyone, member
from fedi_community.mastodon.lookup import about, post_of, status_of
from fedi_community.mastodon.once import once
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.scheduled import moment_of, scheduled_of
from fedi_community.mastodon.show import plainly, rendered
from fedi_community.perform import Change
from fedi_community.storage import statuses as rows
from fedi_community.storage import timelines, views, wants
from fedi_community.storage.visible import visible_ids

table = Table("statuses")
MAX_ASKED: Final = 20
"""Statuses asked for by id at once."""
ONE_OF_TWO: Final = {
    "anyOf": [entities.STATUS, entities.SCHEDULED_STATUS],
}


@table.post(
    "/api/v1/statuses", member("write:statuses"), ONE_OF_TWO, *writing.WORDS, writing.VISIBILITY, writing.CIRCLE,
    Param("in_reply_to_id", "id"), Param("scheduled_at", doc="At least five minutes ahead: answers a ScheduledStatus"),
)  # fmt: skip
async def create(call: Call) -> Any:
    """Post a status, now or later; a mention of a group posts in it"""
    wanted = await writing.into_circle(call, writing.asked(call))
    asked = writing.compose_of(call.house, call.actor_id, call.who.login_id, wanted, call.now)
    run_at = moment_of(call["scheduled_at"]) if call["scheduled_at"] else None
    needs = posts.compose_needs(asked)
    if run_at is not None:
        needs = replace(needs, schedule_of=(call.actor_id, run_at))

    def decide(facts: Facts) -> Decision | Refusal:
        if run_at is None:
            return polls.decide_post(asked, facts)
        return schedule.decide_schedule(asked, run_at, wanted, facts)

    made = await call.perform(once(call, Change(needs, decide, 4)))
    if made.verdict == "scheduled":
        return await scheduled_of(call, made.result or 0)
    return await status_of(call, made.result or 0)


@table.get(
    "/api/v1/statuses", anyone("read:statuses"), entities.many(entities.STATUS),
    Param("id", "ids", default=(), maximum=MAX_ASKED),
)  # fmt: skip
async def several(call: Call) -> Any:
    """Statuses by id, as far as there are any"""
    found = await call.read(lambda tx: views.load_posts(tx, call.viewer, call["id"]))
    return plainly(call, found)


@table.get("/api/v1/statuses/<id>", anyone("read:statuses"), entities.STATUS)
async def read(call: Call) -> Any:
    """A status; that a moderator read one that is not shown is written down"""
    post = await post_of(call, call.id())
    return entities.status(post, call.base, now=call.now, viewer_id=call.viewer.id)


@table.put(
    "/api/v1/statuses/<id>", member("write:statuses"), entities.STATUS, *writing.WORDS,
    Param("media_attributes", "objects", maximum=uploads.MAX_ATTACHED, doc="{id, description, focus} of what is attached"),
)  # fmt: skip
async def change(call: Call) -> Any:
    """Edit a status; who may read it stays as it was"""
    post_id = call.id()
    post = await post_of(call, post_id)
    attached = writing.attached(call, post)
    body, poll = writing.edited(call, post, attached), writing.new_poll(call)
    keep, described = not call.sent("poll"), writing.described(call)
    named = writing.handles_in(call.house, call["status"] or "")

    def decide(facts: Facts) -> Decision | Refusal:
        known = (facts.actor_by_handle.get(key) for key in named)
        told = tuple(actor.id for actor in known if actor is not None and not actor.is_group)
        if attached and poll is None and keep and post_id in facts.polls and call["media_ids"]:
            return Refusal("poll_and_media", 422, "Cannot attach files to a post with a poll")
        with_names = replace(body, mentions=told)
        decided = polls.decide_change(post_id, call.actor_id, with_names, poll, keep, facts)
        if isinstance(decided, Refusal):
            return decided
        return replace(decided, effects=(*decided.effects, *(c for c in described if c.id in facts.uploads)))

    needs = replace(
        about(call, post_id, boosts=True), uploads=uploads.attached_ids(attached), handles=frozenset(named)
    )
    await call.perform(Change(needs, decide, 3))
    return await status_of(call, post_id)


@table.delete(
    "/api/v1/statuses/<id>", member("write:statuses"), entities.STATUS, Param("delete_media", "flag"), budget="deletions"
)  # fmt: skip
async def delete(call: Call) -> Any:
    """Take a status back; the answer holds what was typed, to write it anew"""
    post_id = call.id()
    post = await post_of(call, post_id)
    last = entities.status(post, call.base, now=call.now, viewer_id=call.viewer.id)
    last["text"] = post.text().source or ""

    def decide(facts: Facts) -> Decision | Refusal:
        return changes.decide_delete(post_id, call.actor_id, facts, redraft=not call["delete_media"])

    await call.perform(Change(about(call, post_id, boosts=True), decide, 3))
    return last


@table.get("/api/v1/statuses/<id>/source", member("read:statuses"), entities.SOURCE_TEXT)
async def source(call: Call) -> Any:
    """What its author typed, for its author"""
    post = await post_of(call, call.id())
    if post.author.id != call.actor_id:
        raise not_found()
    return entities.source(post)


@table.get("/api/v1/statuses/<id>/history", anyone("read:statuses"), entities.many(entities.EDIT))
async def history(call: Call) -> Any:
    """What it said before it was edited, oldest first"""
    post = await post_of(call, call.id())
    shown = post.boost or post
    found = await call.read(lambda tx: rows.revisions(tx, shown.id))
    people: dict[int, dict[str, Any]] = {}
    first = shown.language
    return [
        entities.revision(r.text(first), r.warning, r.at if n else shown.published, shown, call.base, people)
        for n, r in enumerate(found)
    ]


@table.get("/api/v1/statuses/<id>/card", anyone("read:statuses"), entities.CARD_OR_NOTHING)
async def card(call: Call) -> Any:
    """The headline box of a titled post, `{}` where there is none"""
    return entities.card(await post_of(call, call.id()), call.base) or {}


@table.post(
    "/api/v1/statuses/<id>/translate", member("read:statuses"), entities.ERROR, Param("lang", maximum=35), statuses=(503,)
)  # fmt: skip
async def translate(call: Call) -> Any:
    """There is no translator; `configuration.translation` says so"""
    await post_of(call, call.id())
    raise Problem(503, "no_translator", "Translation is not available here")


@table.get("/api/v1/statuses/<id>/quotes", anyone("read:statuses"), entities.many(entities.STATUS))
async def quotes(call: Call) -> Any:
    """Nobody quotes here yet"""
    await post_of(call, call.id())
    return []


@table.get("/api/v1/statuses/<id>/context", anyone("read:statuses"), entities.CONTEXT)
async def context(call: Call) -> Any:
    """The discussion around a status: up to the root, and all answers, each followed by its own"""
    post_id, viewer = call.id(), call.viewer

    async def unit(tx: Any) -> tuple[Shown, frozenset[int]]:
        place = await timelines.place_of(tx, post_id)
        if place is None or not await visible_ids(tx, viewer, [post_id]):
            raise not_found()
        start, nodes = place.post, await timelines.thread_ids(tx, viewer, place.root)
        above, below = timelines.ancestors_of(nodes, start), timelines.descendants_of(nodes, start)
        found = await views.load_posts(tx, viewer, [*above, *below], checked=True)
        return sift(await wants.load(tx, viewer, call.now), found, "thread"), frozenset(above)

    shown, above = await call.read(unit)
    if call.viewer.local:
        await backfill.opened(call.house, post_id)
    made = rendered(call, shown)
    return {
        "ancestors": [one for post, one in zip(shown.posts, made, strict=True) if post.id in above],
        "descendants": [one for post, one in zip(shown.posts, made, strict=True) if post.id not in above],
    }
