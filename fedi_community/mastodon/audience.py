"""Who could read a status, said before it is sent (/api/v1/audience/preview), and what became of it once it was taken back."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import polls, preview
from fedi_community.domain.model import label
from fedi_community.domain.receipts import lines
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.foreseen import foresee
from fedi_community.mastodon import writing
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.schema import BOOL, COUNT, STR, entity, many, maybe, one_of, shape
from fedi_community.mastodon.params import Param
from fedi_community.storage import receipts

table = Table("audience")
_COUNT: Final = shape(count=maybe(COUNT), fewer_than=maybe(COUNT))
PREVIEW: Final = entity(
    "AudiencePreview",
    visibility=one_of("public", "unlisted", "private", "direct"), lines=many(STR), notices=many(STR),
    readers=shape(here=_COUNT, elsewhere=_COUNT, servers=_COUNT, named_servers=many(STR)),
    later_members=BOOL, web=BOOL, search=BOOL, feeds=BOOL, held=BOOL,
)  # fmt: skip


RECEIPT: Final = entity("Receipt", servers=COUNT, accepted=COUNT, waiting=COUNT, lost=COUNT, lines=many(STR))


def _count(number: int | None, everyone: bool) -> dict[str, int | None]:
    """Neither is told where everybody may read: nobody counts those."""
    if everyone:
        return {"count": None, "fewer_than": None}
    return {"count": number, "fewer_than": preview.FEW if number is None else None}


@table.post(
    "/api/v1/audience/preview", member("write:statuses"), PREVIEW, *writing.WORDS, writing.VISIBILITY, writing.CIRCLE,
    Param("in_reply_to_id", "id"),
)  # fmt: skip
async def audience_preview(call: Call) -> Any:
    """Who could read this status, in words; nothing is posted"""
    wanted = await writing.into_circle(call, writing.asked(call))
    asked = writing.compose_of(call.house, call.actor_id, call.who.login_id, wanted, call.now)
    found = await foresee(
        call.house, asked, lambda facts: polls.decide_post(asked, facts), "es" if call.language == "es" else "en",
        listed_only=call.api.settings.federation == "listed",
    )  # fmt: skip
    if isinstance(found, Refusal):
        raise Problem.of(found)
    told = found.told
    return {
        "visibility": label(found.post.audience, found.post.author_id),
        "lines": list(told.lines),
        "notices": list(told.notices),
        "readers": {
            "here": _count(told.here, told.web),
            "elsewhere": _count(told.elsewhere, told.web),
            "servers": _count(told.servers, told.web),
            "named_servers": [] if told.web else list(told.named_servers),
        },
        "later_members": told.later,
        "web": told.web,
        "search": told.search,
        "feeds": told.feeds,
        "held": found.held,
    }


@table.get("/api/v1/statuses/<id>/receipt", member("read:statuses"), RECEIPT)
async def receipt(call: Call) -> Any:
    """Of a status that one deleted: how many servers had a copy, and accepted the request to delete it"""
    post_id, actor_id = call.id(), call.actor_id
    found = await call.read(lambda tx: receipts.receipt(tx, post_id, actor_id))
    if found is None:
        raise not_found()
    return {
        "servers": found.servers,
        "accepted": found.accepted,
        "waiting": found.waiting,
        "lost": found.lost,
        "lines": list(lines(found, call.language)),
    }
