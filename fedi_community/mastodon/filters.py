"""/api/v2/filters and, on the same rows, /api/v1/filters: what one does not want to meet. Matching is done by the server."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import filters as rules
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.filters import Change as Asked
from fedi_community.domain.filters import Filter, Keyword
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.params import Param, invalid
from fedi_community.perform import Change
from fedi_community.storage import wants

table = Table("filters")
MAX_SECONDS: Final = 10 * 366 * 86_400
READ, WRITE = member("read:filters"), member("write:filters")
TITLE = Param("title", doc="What the filter is called")
CONTEXT = Param("context", "texts", doc="home, notifications, public, thread, account")
EXPIRES = Param("expires_in", "any", doc='Seconds; "" is for ever')
ACTION = Param("filter_action", choices=rules.ACTIONS)
KEYWORDS = Param("keywords_attributes", "objects", doc="{id, keyword, whole_word, _destroy}")
WHOLE = Param("whole_word", "flag")


async def _all(call: Call) -> tuple[Filter, ...]:
    return await call.read(lambda tx: wants.filters(tx, call.actor_id))


async def _one(call: Call, filter_id: int) -> Filter:
    found = next((f for f in await _all(call) if f.id == filter_id), None)
    if found is None:
        raise not_found()
    return found


def _expires(call: Call, known: int | None) -> int | None:
    """When a filter ends, in milliseconds: as it was where nothing was said."""
    if not call.sent("expires_in"):
        return known
    seconds = Param("expires_in", "number", minimum=0, maximum=MAX_SECONDS).read(call["expires_in"])
    return None if not seconds else call.now + int(seconds) * 1000


def _keywords(call: Call) -> tuple[dict[str, Any], ...]:
    made = []
    for row in (call["keywords_attributes"] or ())[: rules.MAX_KEYWORDS]:
        item: dict[str, Any] = {
            "keyword": row.get("keyword"),
            "_destroy": Param("_destroy", "flag").read(row.get("_destroy", "")),
        }
        if row.get("id") not in (None, ""):
            item["id"] = Param("id", "id").read(row["id"])
        whole = Param("whole_word", "flag").read(row["whole_word"]) if "whole_word" in row else None
        item["whole_word"] = True if whole is None else whole
        made.append(item)
    return tuple(made)


async def _save(call: Call, asked: Asked) -> int:
    def decide(facts: Facts) -> Decision | Refusal:
        return rules.decide_filter(asked, facts)

    made = await call.perform(Change(Needs(keeps=call.actor_id), decide, rules.ids_needed(asked)))
    return made.result or 0


async def _drop(call: Call, filter_id: int) -> None:
    owner = call.actor_id
    await call.perform(
        Change(Needs(keeps=owner), lambda facts: rules.decide_drop(owner, filter_id, facts), 0)
    )


def _again(one: Filter, owner: int, *keywords: dict[str, Any]) -> Asked:
    """A filter as it is, with changed keywords."""
    return Asked(owner, one.title, one.action, one.contexts, one.expires, one.id, keywords)


# --- version 2 --------------------------------------------------------------------------------------------------------


@table.get("/api/v2/filters", READ, entities.many(entities.FILTER))
async def every(call: Call) -> Any:
    """One's filters"""
    return [entities.filter_v2(one) for one in await _all(call)]


@table.post("/api/v2/filters", WRITE, entities.FILTER, TITLE, CONTEXT, EXPIRES, ACTION, KEYWORDS)
async def create(call: Call) -> Any:
    """Make a filter"""
    asked = Asked(
        call.actor_id, call["title"] or "", call["filter_action"] or "warn",
        tuple(dict.fromkeys(call["context"] or ())), _expires(call, None), None, _keywords(call),
    )  # fmt: skip
    return entities.filter_v2(await _one(call, await _save(call, asked)))


@table.get("/api/v2/filters/<id>", READ, entities.FILTER)
async def read(call: Call) -> Any:
    """A filter"""
    return entities.filter_v2(await _one(call, call.id()))


@table.put("/api/v2/filters/<id>", WRITE, entities.FILTER, TITLE, CONTEXT, EXPIRES, ACTION, KEYWORDS)
async def change(call: Call) -> Any:
    """Change a filter"""
    known = await _one(call, call.id())
    contexts = tuple(dict.fromkeys(call["context"] or ())) if call["context"] is not None else known.contexts
    asked = Asked(
        call.actor_id, known.title if call["title"] is None else call["title"], call["filter_action"] or known.action,
        contexts, _expires(call, known.expires), known.id, _keywords(call),
    )  # fmt: skip
    await _save(call, asked)
    return entities.filter_v2(await _one(call, known.id))


@table.delete("/api/v2/filters/<id>", WRITE, entities.EMPTY)
async def delete(call: Call) -> Any:
    """Delete a filter"""
    await _drop(call, call.id())
    return {}


@table.get("/api/v2/filters/<id>/keywords", READ, entities.many(entities.KEYWORD))
async def keywords(call: Call) -> Any:
    """The keywords of a filter"""
    return [entities.keyword(word) for word in (await _one(call, call.id())).keywords]


@table.post("/api/v2/filters/<id>/keywords", WRITE, entities.KEYWORD, Param("keyword", default=""), WHOLE)
async def add_keyword(call: Call) -> Any:
    """Add a keyword"""
    known = await _one(call, call.id())
    whole = True if call["whole_word"] is None else call["whole_word"]
    await _save(call, _again(known, call.actor_id, {"keyword": call["keyword"], "whole_word": whole}))
    there = {word.id for word in known.keywords}
    added = next(word for word in (await _one(call, known.id)).keywords if word.id not in there)
    return entities.keyword(added)


async def _keyword(call: Call) -> tuple[Filter, Keyword]:
    wanted = call.id()
    for one in await _all(call):
        for word in one.keywords:
            if word.id == wanted:
                return one, word
    raise not_found()


@table.get("/api/v2/filters/keywords/<id>", READ, entities.KEYWORD)
async def keyword(call: Call) -> Any:
    """A keyword"""
    return entities.keyword((await _keyword(call))[1])


@table.put("/api/v2/filters/keywords/<id>", WRITE, entities.KEYWORD, Param("keyword"), WHOLE)
async def change_keyword(call: Call) -> Any:
    """Change a keyword"""
    one, word = await _keyword(call)
    whole = word.whole if call["whole_word"] is None else call["whole_word"]
    text = word.text if call["keyword"] is None else call["keyword"]
    await _save(call, _again(one, call.actor_id, {"id": word.id, "keyword": text, "whole_word": whole}))
    return entities.keyword((await _keyword(call))[1])


@table.delete("/api/v2/filters/keywords/<id>", WRITE, entities.EMPTY)
async def delete_keyword(call: Call) -> Any:
    """Delete a keyword"""
    one, word = await _keyword(call)
    await _save(call, _again(one, call.actor_id, {"id": word.id, "_destroy": True}))
    return {}


@table.get("/api/v2/filters/<id>/statuses", READ, entities.many(entities.FILTER_STATUS))
async def statuses(call: Call) -> Any:
    """The single posts that a filter names"""
    found = await _one(call, call.id())
    return [entities.filter_status(row, post) for post, row in found.statuses.items()]


@table.post(
    "/api/v2/filters/<id>/statuses", WRITE, entities.FILTER_STATUS, Param("status_id", "id", required=True)
)
async def add_status(call: Call) -> Any:
    """Name a single post"""
    filter_id, post, owner = call.id(), call["status_id"], call.actor_id
    known = await _one(call, filter_id)
    if post in known.statuses:
        return entities.filter_status(known.statuses[post], post)

    def decide(facts: Facts) -> Decision | Refusal:
        return rules.decide_name_post(owner, filter_id, post, facts)

    needs = Needs(
        post_ids=frozenset({post}), actor_ids=frozenset({owner}), subjects=frozenset({owner}), keeps=owner
    )
    made = await call.perform(Change(needs, decide, 1))
    return entities.filter_status(made.result or 0, post)


@table.get("/api/v2/filters/statuses/<id>", READ, entities.FILTER_STATUS)
async def status(call: Call) -> Any:
    """A post that a filter names"""
    row, post = await _named(call)
    return entities.filter_status(row, post)


async def _named(call: Call) -> tuple[int, int]:
    wanted = call.id()
    for one in await _all(call):
        for post, row in one.statuses.items():
            if row == wanted:
                return row, post
    raise not_found()


@table.delete("/api/v2/filters/statuses/<id>", WRITE, entities.FILTER_STATUS)
async def delete_status(call: Call) -> Any:
    """Name it no more"""
    row, post = await _named(call)
    owner = call.actor_id
    await call.perform(
        Change(Needs(keeps=owner), lambda facts: rules.decide_unname_post(owner, row, facts), 0)
    )
    return entities.filter_status(row, post)


# --- version 1: a keyword is a filter ---------------------------------------------------------------------------------

PHRASE = (
    Param("phrase", default=""), CONTEXT, EXPIRES, WHOLE, Param("irreversible", "flag", doc="Hide instead of warn"),
)  # fmt: skip


@table.get("/api/v1/filters", READ, entities.many(entities.FILTER_V1))
async def every_v1(call: Call) -> Any:
    """One's filters, a keyword each"""
    return [entities.filter_v1(one, word) for one in await _all(call) for word in one.keywords]


@table.post("/api/v1/filters", WRITE, entities.FILTER_V1, *PHRASE)
async def create_v1(call: Call) -> Any:
    """Make a filter of one keyword"""
    phrase = (call["phrase"] or "").strip()
    if not phrase:
        raise invalid("phrase", "can't be blank")
    word = {"keyword": phrase, "whole_word": bool(call["whole_word"])}
    asked = Asked(
        call.actor_id, phrase, "hide" if call["irreversible"] else "warn",
        tuple(dict.fromkeys(call["context"] or ())), _expires(call, None), None, (word,),
    )  # fmt: skip
    made = await _one(call, await _save(call, asked))
    return entities.filter_v1(made, made.keywords[0])


@table.get("/api/v1/filters/<id>", READ, entities.FILTER_V1)
async def read_v1(call: Call) -> Any:
    """A filter of one keyword"""
    return entities.filter_v1(*await _keyword(call))


@table.put("/api/v1/filters/<id>", WRITE, entities.FILTER_V1, *PHRASE)
async def change_v1(call: Call) -> Any:
    """Change a filter of one keyword"""
    one, word = await _keyword(call)
    hides = one.action if call["irreversible"] is None else ("hide" if call["irreversible"] else "warn")
    changed = {
        "id": word.id,
        "keyword": call["phrase"] or word.text,
        "whole_word": word.whole if call["whole_word"] is None else call["whole_word"],
    }
    contexts = tuple(dict.fromkeys(call["context"] or ())) or one.contexts
    asked = Asked(call.actor_id, one.title, hides, contexts, _expires(call, one.expires), one.id, (changed,))
    await _save(call, asked)
    return entities.filter_v1(*await _keyword(call))


@table.delete("/api/v1/filters/<id>", WRITE, entities.EMPTY)
async def delete_v1(call: Call) -> Any:
    """Delete a keyword, and its filter with the last one"""
    one, word = await _keyword(call)
    if len(one.keywords) == 1 and not one.statuses:
        await _drop(call, one.id)
    else:
        await _save(call, _again(one, call.actor_id, {"id": word.id, "_destroy": True}))
    return {}
