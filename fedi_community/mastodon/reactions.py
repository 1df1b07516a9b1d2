"""What one does with a status: like, keep, boost, pin, mute its discussion; who did; and one's own likes and bookmarks.

Facts about people are private: who liked a post that not everybody may read is told to nobody.
"""

from __future__ import annotations

from typing import Any

from fedi_community.domain import changes, relations, schedule
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import PUBLIC, Place, Reaction, followers_of
from fedi_community.domain.wants import Shown
from fedi_community.errors import Refusal
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Answer, Call, Table, anyone, member
from fedi_community.mastodon.lookup import about, post_of, status_of
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import bounds, related, rendered, sifted
from fedi_community.perform import Change
from fedi_community.storage import statuses as rows
from fedi_community.storage import timelines, views

table = Table("reactions")
ONE = "/api/v1/statuses/<id>"
ACCOUNTS = entities.many(entities.ACCOUNT)
STATUSES = entities.many(entities.STATUS)


def _reaction(name: str, scope: str, kind: Reaction, on: bool, doc: str) -> None:
    @table.post(f"{ONE}/{name}", member(scope), entities.STATUS, doc=doc)
    async def react(call: Call) -> Any:
        post_id = call.id()
        tell = relations.tells_votes(call.who.settings)

        def decide(facts: Facts) -> Decision | Refusal:
            if on:
                return relations.decide_react(call.actor_id, post_id, kind, facts, tell=tell)
            return relations.decide_unreact(call.actor_id, post_id, kind, facts)

        await call.perform(Change(about(call, post_id), decide, 2))
        return await status_of(call, post_id)


_reaction("favourite", "write:favourites", "like", True, "Like a status")
_reaction("unfavourite", "write:favourites", "like", False, "Take the like back")
_reaction("bookmark", "write:bookmarks", "bookmark", True, "Bookmark a status; nobody is told")
_reaction("unbookmark", "write:bookmarks", "bookmark", False, "Take the bookmark back")


@table.post(
    f"{ONE}/reblog", member("write:statuses"), entities.STATUS,
    Param("visibility", choices=("public", "unlisted", "private"), doc="Who is told; public when left out"),
)  # fmt: skip
async def reblog(call: Call) -> Any:
    """Boost a status; the answer is the boost, with the status inside"""
    post_id, own = call.id(), followers_of(call.actor_id)
    audiences: dict[str, dict[int, Place]] = {
        "public": {PUBLIC: "to", own: "cc"}, "unlisted": {own: "to", PUBLIC: "cc"}, "private": {own: "to"},
    }  # fmt: skip
    audience = audiences[call["visibility"] or "public"]

    def decide(facts: Facts) -> Decision | Refusal:
        return relations.decide_boost(call.actor_id, post_id, facts, audience=audience)

    made = await call.perform(Change(about(call, post_id, boosts=True), decide, 2))
    return await status_of(call, made.result or 0)


@table.post(f"{ONE}/unreblog", member("write:statuses"), entities.STATUS)
async def unreblog(call: Call) -> Any:
    """Take the boost back; the answer is the status itself"""
    post, owner = await post_of(call, call.id()), call.actor_id
    boosted = post.boost.id if post.boost is not None else post.id
    found = await call.read(lambda tx: timelines.own_boost(tx, owner, boosted))
    if found is not None:

        def decide(facts: Facts) -> Decision | Refusal:
            return changes.decide_delete(found, owner, facts)

        await call.perform(Change(about(call, found), decide, 3))
    return await status_of(call, boosted)


def _pin(name: str, on: bool, doc: str) -> None:
    @table.post(f"{ONE}/{name}", member("write:accounts"), entities.STATUS, doc=doc)
    async def pin(call: Call) -> Any:
        post_id = call.id()

        def decide(facts: Facts) -> Decision | Refusal:
            return schedule.decide_pin(call.actor_id, post_id, on, facts)

        await call.perform(Change(schedule.pin_needs(call.actor_id, post_id), decide, 2))
        return await status_of(call, post_id)


_pin("pin", True, "Pin a status of one's own to the profile; a group pins what was posted in it")
_pin("unpin", False, "No longer pin it")


def _mute(name: str, on: bool, doc: str) -> None:
    @table.post(f"{ONE}/{name}", member("write:mutes"), entities.STATUS, doc=doc)
    async def mute(call: Call) -> Any:
        post_id = call.id()

        def decide(facts: Facts) -> Decision | Refusal:
            return schedule.decide_mute_thread(call.actor_id, post_id, on, facts)

        await call.perform(Change(about(call, post_id), decide, 0))
        return await status_of(call, post_id)


_mute("mute", True, "Hear nothing more of the discussion a status belongs to")
_mute("unmute", False, "Hear of it again")


# --- who did --------------------------------------------------------------------------------------------------------------


@table.get(f"{ONE}/favourited_by", anyone("read:accounts"), ACCOUNTS, *paging(40, 80))
async def favourited_by(call: Call) -> Any:
    """Who likes a public status. Of any other one is told one's own like alone"""
    post = await post_of(call, call.id())
    shown, at = post.boost or post, bounds(call.cursor)

    async def unit(tx: Any) -> tuple[rows.Pairs, dict[int, Any]]:
        found = await rows.liked_by(tx, call.viewer, shown.id, at.before, at.after, at.up, at.count)
        if PUBLIC not in shown.audience or shown.gated:
            found = [(key, who) for key, who in found if who == call.viewer.id]
        return found, await _people(tx, call, [who for _, who in found])

    return _accounts(call, *await call.read(unit))


@table.get(f"{ONE}/reblogged_by", anyone("read:accounts"), ACCOUNTS, *paging(40, 80))
async def reblogged_by(call: Call) -> Any:
    """Whose boosts of a status one may see"""
    post = await post_of(call, call.id())
    shown, at = post.boost or post, bounds(call.cursor)

    async def unit(tx: Any) -> tuple[rows.Pairs, dict[int, Any]]:
        found, seen = await rows.boosted_by(tx, call.viewer, shown.id, at.before, at.after, at.up, at.count)
        return found, await _people(tx, call, [who for key, who in found if key in seen])

    return _accounts(call, *await call.read(unit))


async def _people(tx: Any, call: Call, ids: list[int]) -> dict[int, Any]:
    """Those of these actors who exist for the viewer: groups that he may not find do not."""
    actors = await views.load_actors(tx, ids)
    groups = [a.id for a in actors.values() if a.is_group and a.local]
    found = await views.findable(tx, call.viewer, groups)
    return {i: a for i, a in actors.items() if i in found or i not in groups}


def _accounts(call: Call, found: rows.Pairs, people: dict[int, Any]) -> Answer:
    made = [entities.account(people[who], call.base) for _, who in found if who in people]
    return related(call, made, [key for key, _ in found])


# --- one's own ------------------------------------------------------------------------------------------------------------


def _own(path: str, scope: str, kind: Reaction, doc: str) -> None:
    @table.get(path, member(scope), STATUSES, *paging(), doc=doc)
    async def own(call: Call) -> Any:
        at = bounds(call.cursor)

        async def unit(tx: Any) -> tuple[rows.Pairs, Shown]:
            found = await rows.kept(tx, call.actor_id, kind, at.before, at.after, at.up, at.count)
            return found, await sifted(tx, call, [i for _, i in found], "account", checked=False)

        found, shown = await call.read(unit)
        return related(call, rendered(call, shown), [key for key, _ in found])


_own("/api/v1/bookmarks", "read:bookmarks", "bookmark", "What one bookmarked, the last first")
_own("/api/v1/favourites", "read:favourites", "like", "What one likes, the last first")
