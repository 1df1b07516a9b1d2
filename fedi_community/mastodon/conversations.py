"""/api/v1/conversations: what was written to oneself and a few others, a row for each thread."""

from __future__ import annotations

from typing import Any

from fedi_community.domain.client_effects import DropConversation, MarkConversation
from fedi_community.domain.effects import Decision, Effect
from fedi_community.domain.facts import Needs
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Asker, Call, Table, member
from fedi_community.mastodon.entities import notifications as shapes
from fedi_community.mastodon.lookup import existing
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.show import plainly
from fedi_community.perform import Change
from fedi_community.storage import conversations as rows
from fedi_community.storage import views
from fedi_community.storage.conversations import Conversation
from fedi_community.storage.database import Tx

table = Table("conversations")


def others(post: PostView, owner: int) -> list[int]:
    """Whom a conversation is with: all who wrote or were written to, but oneself. In a circle that is its author alone."""
    if post.extra.get("circle") and owner != post.author.id:
        return [post.author.id]
    return [i for i in dict.fromkeys([post.author.id, *post.audience]) if i != owner and not i & 3]


async def shown(tx: Tx, call: Asker, found: list[Conversation]) -> list[dict[str, Any]]:
    """Conversations whose last post the owner may see."""
    posts = {p.id: p for p in await views.load_posts(tx, call.viewer, [one.last_id for one in found])}
    owner = call.viewer.id
    ids = {i for post in posts.values() for i in others(post, owner)}
    people: dict[int, ActorView] = {a.id: a for a in await existing(tx, call.viewer, ids)}
    statuses = {int(made["id"]): made for made in plainly(call, list(posts.values()))}
    return [
        {
            "id": str(one.id),
            "unread": one.unread,
            "accounts": [
                entities.account(people[i], call.base)
                for i in others(posts[one.last_id], owner)
                if i in people
            ],
            "last_status": statuses[one.last_id],
        }
        for one in found
        if one.last_id in posts
    ]


@table.get(
    "/api/v1/conversations", member("read:statuses"), entities.many(shapes.CONVERSATION), *paging(20, 40)
)
async def listed(call: Call) -> Any:
    """What was written to oneself and a few others"""
    at = call.cursor

    async def unit(tx: Tx) -> tuple[list[Conversation], list[dict[str, Any]]]:
        found = await rows.page(tx, call.actor_id, at.before or 2**63 - 1, at.after or 0, at.limit)
        return found, await shown(tx, call, found)

    found, made = await call.read(unit)
    last = found[-1].last_id if len(found) >= at.limit else None
    return call.page(made, last, found[0].last_id if found else None)


async def _carry_out(call: Call, effect: Effect) -> None:
    await call.perform(Change(Needs(), lambda _: Decision((effect,)), 0))


async def _own(call: Call) -> int:
    key = call.id()
    if await call.read(lambda tx: rows.one(tx, call.actor_id, key)) is None:
        raise not_found()
    return key


@table.delete("/api/v1/conversations/<id>", member("write:conversations"), entities.EMPTY)
async def delete(call: Call) -> Any:
    """Take one off the list; the posts stay"""
    await _carry_out(call, DropConversation(call.actor_id, await _own(call)))
    return {}


def _mark(verb: str, unread: bool, doc: str) -> None:
    @table.post(
        f"/api/v1/conversations/<id>/{verb}", member("write:conversations"), shapes.CONVERSATION, doc=doc
    )
    async def mark(call: Call) -> Any:
        key = await _own(call)
        await _carry_out(call, MarkConversation(call.actor_id, key, unread))

        async def unit(tx: Tx) -> list[dict[str, Any]]:
            found = await rows.one(tx, call.actor_id, key)
            return await shown(tx, call, [found]) if found is not None else []

        made = await call.read(unit)
        if not made:
            raise not_found()
        return made[0]


_mark("read", False, "Say that one has read it")
_mark("unread", True, "Say that one has not")
