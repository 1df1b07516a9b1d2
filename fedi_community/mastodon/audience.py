"""/api/v1/audience/preview: who could read a status, said before it is sent. The parameters are those of posting."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import polls, preview
from fedi_community.domain.model import label
from fedi_community.errors import Problem, Refusal
from fedi_community.foreseen import foresee
from fedi_community.mastodon import writing
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.schema import BOOL, COUNT, STR, entity, many, maybe, one_of, shape
from fedi_community.mastodon.params import Param

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
