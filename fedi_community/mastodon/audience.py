"""/api/v1/audience/preview: who could read a status, said before it is sent. The parameters are those of posting."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import polls, posts, preview
from fedi_community.domain.effects import Decision, Send, StorePost
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Kind, label
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem, Refusal
from fedi_community.mastodon import writing
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.schema import BOOL, COUNT, STR, entity, many, maybe, one_of, shape
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change, rehearse
from fedi_community.storage import preview as rows
from fedi_community.storage import views
from fedi_community.storage.database import Tx

table = Table("audience")
_COUNT: Final = shape(count=maybe(COUNT), fewer_than=maybe(COUNT))
PREVIEW: Final = entity(
    "AudiencePreview",
    visibility=one_of("public", "unlisted", "private", "direct"), lines=many(STR), notices=many(STR),
    readers=shape(here=_COUNT, elsewhere=_COUNT, servers=_COUNT, named_servers=many(STR)),
    later_members=BOOL, web=BOOL, search=BOOL, feeds=BOOL, held=BOOL,
)  # fmt: skip


def _count(number: int | None, everyone: bool) -> dict[str, int | None]:
    """Neither is told where everybody may read: nobody counts those."""
    if everyone:
        return {"count": None, "fewer_than": None}
    return {"count": number, "fewer_than": preview.FEW if number is None else None}


@table.post(
    "/api/v1/audience/preview", member("write:statuses"), PREVIEW, *writing.WORDS, writing.VISIBILITY,
    Param("in_reply_to_id", "id"),
)  # fmt: skip
async def audience_preview(call: Call) -> Any:
    """Who could read this status, in words; nothing is posted"""
    wanted = writing.asked(call)
    asked = writing.compose_of(call.house, call.actor_id, call.who.login_id, wanted, call.now)
    kept: list[Facts] = []

    def decide(facts: Facts) -> Decision | Refusal:
        kept.append(facts)
        return polls.decide_post(asked, facts)

    async def look(tx: Tx, decided: Decision) -> tuple[rows.Readers, ActorView]:
        post = _stored(decided).post
        sends = [
            x
            for x in decided.effects
            if isinstance(x, Send) and x.mode == "content" and x.object_id == post.id
        ]
        collections = {c for x in sends for c in x.collections}
        actors = {a for x in sends for a in x.actors}
        listed_only = call.api.settings.federation == "listed"
        found = await rows.readers(tx, post, collections, actors, listed_only=listed_only)
        return found, (await views.load_actors(tx, [post.author_id]))[post.author_id]

    made = await rehearse(call.house, Change(posts.compose_needs(asked), decide, 4), look)
    if isinstance(made, Refusal):
        raise Problem.of(made)
    decided, (found, author) = made
    facts, post = kept[-1], _stored(decided).post
    group = facts.actors.get(post.group_id) if post.group_id else None
    named = {
        actor.id: "@" + key[0] + (f"@{key[1]}" if key[1] else "")
        for key in asked.mentions
        if (actor := facts.actor_by_handle.get(key)) is not None and not actor.is_group
    }
    numbers = preview.Numbers(
        found.everyone,
        len(found.here - found.groups),
        {host: len(people) for host, people in found.elsewhere.items()},
    )
    held = decided.verdict == "held"
    said = preview.told(
        post, numbers, group, named, searchable=author.indexable or post.kind is Kind.ARTICLE, held=held,
        language="es" if call.language == "es" else "en",
    )  # fmt: skip
    return {
        "visibility": label(post.audience, post.author_id),
        "lines": list(said.lines),
        "notices": list(said.notices),
        "readers": {
            "here": _count(said.here, said.web),
            "elsewhere": _count(said.elsewhere, said.web),
            "servers": _count(said.servers, said.web),
            "named_servers": [] if said.web else list(said.named_servers),
        },
        "later_members": said.later,
        "web": said.web,
        "search": said.search,
        "feeds": said.feeds,
        "held": held,
    }


def _stored(decided: Decision) -> StorePost:
    """The post itself; a boost of it by its group is stored after it."""
    return next(x for x in decided.effects if isinstance(x, StorePost))
