"""/api/v1/statuses: write, read, change, take back, react; the thread around a status."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import posts, relations
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Body, Kind, Reaction, Text, Visibility
from fedi_community.domain.text import hashtags_in, markdown_to_html, mentions_in
from fedi_community.domain.views import PostView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone, member
from fedi_community.mastodon.lookup import about, post_of, status_of
from fedi_community.mastodon.once import once
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import timelines, views

table = Table("statuses")
MAX_CHARACTERS: Final = 5000
MAX_WARNING: Final = 500
TEXT: Final = (
    Param("status", default=""),
    Param("language", maximum=35),
    Param("spoiler_text", default="", maximum=MAX_WARNING),
    Param("sensitive", "flag", default=False),
)


@table.post(
    "/api/v1/statuses", member("write:statuses"), entities.STATUS, *TEXT,
    Param("visibility", choices=entities.VISIBILITIES), Param("in_reply_to_id", "id"),
)  # fmt: skip
async def create(call: Call) -> Any:
    """Post a status; a mention of a group posts in it"""
    wanted = _compose(call)

    def decide(facts: Facts) -> Decision | Refusal:
        return posts.decide_compose(wanted, facts)

    made = await call.perform(once(call, Change(posts.compose_needs(wanted), decide, 4)))
    return await status_of(call, made.result or 0)


@table.get("/api/v1/statuses/<id>", anyone("read:statuses"), entities.STATUS)
async def read(call: Call) -> Any:
    """A status"""
    return await status_of(call, call.id())


@table.put("/api/v1/statuses/<id>", member("write:statuses"), entities.STATUS, *TEXT)
async def change(call: Call) -> Any:
    """Edit a status"""
    post_id = call.id()
    post = await post_of(call, post_id)
    body = _body(call, post.language or "en", post.texts[0].name if post.texts else "")

    def decide(facts: Facts) -> Decision | Refusal:
        return posts.decide_edit(post_id, call.actor_id, body, facts)

    await call.perform(Change(about(call, post_id), decide, 2))
    return await status_of(call, post_id)


@table.delete("/api/v1/statuses/<id>", member("write:statuses"), entities.STATUS, budget="deletions")
async def delete(call: Call) -> Any:
    """Take a status back; the answer holds what was typed"""
    post_id = call.id()
    post = await post_of(call, post_id)
    last = entities.status(post, call.base, now=call.now, viewer_id=call.viewer.id)
    last["text"] = post.text().source or ""

    def decide(facts: Facts) -> Decision | Refusal:
        return posts.decide_delete(post_id, call.actor_id, facts)

    await call.perform(Change(about(call, post_id, boosts=True), decide, 3))
    return last


@table.get("/api/v1/statuses/<id>/source", member("read:statuses"), entities.SOURCE_TEXT)
async def source(call: Call) -> Any:
    """What its author typed, for its author"""
    post = await post_of(call, call.id())
    if post.author.id != call.actor_id:
        raise not_found()
    return entities.source(post)


def _reaction(name: str, scope: str, kind: Reaction, on: bool, doc: str) -> None:
    @table.post(f"/api/v1/statuses/<id>/{name}", member(scope), entities.STATUS, doc=doc)
    async def react(call: Call) -> Any:
        post_id = call.id()
        decided = relations.decide_react if on else relations.decide_unreact

        def decide(facts: Facts) -> Decision | Refusal:
            return decided(call.actor_id, post_id, kind, facts)

        await call.perform(Change(about(call, post_id), decide, 2))
        return await status_of(call, post_id)


_reaction("favourite", "write:favourites", "like", True, "Like a status")
_reaction("unfavourite", "write:favourites", "like", False, "Take the like back")
_reaction("bookmark", "write:bookmarks", "bookmark", True, "Bookmark a status; nobody is told")
_reaction("unbookmark", "write:bookmarks", "bookmark", False, "Take the bookmark back")


@table.post("/api/v1/statuses/<id>/reblog", member("write:statuses"), entities.STATUS)
async def reblog(call: Call) -> Any:
    """Boost a status"""
    post_id = call.id()

    def decide(facts: Facts) -> Decision | Refusal:
        return relations.decide_boost(call.actor_id, post_id, facts)

    made = await call.perform(Change(about(call, post_id, boosts=True), decide, 2))
    return await status_of(call, made.result or 0)


@table.post("/api/v1/statuses/<id>/unreblog", member("write:statuses"), entities.STATUS)
async def unreblog(call: Call) -> Any:
    """Take the boost back"""
    post_id, owner = call.id(), call.actor_id
    found = await call.read(lambda tx: timelines.own_boost(tx, owner, post_id))
    if found is not None:

        def decide(facts: Facts) -> Decision | Refusal:
            return posts.decide_delete(found, owner, facts)

        await call.perform(Change(about(call, found), decide, 3))
    return await status_of(call, post_id)


def _body(call: Call, language: str, name: str = "") -> Body:
    words = call["status"] or ""
    if not words.strip():
        raise Problem(422, "empty", "Validation failed: Text can't be blank")
    if len(words) > MAX_CHARACTERS:
        raise Problem(
            422, "too_long", f"Validation failed: Text character limit of {MAX_CHARACTERS} exceeded"
        )
    base = call.base

    def mention(name: str, host: str | None) -> str | None:
        return f"{base}/@{name}" if host is None else f"https://{host}/@{name}"

    html = markdown_to_html(words, mention, lambda tag: f"{base}/tags/{tag.lower()}")
    spoken = (call["language"] or language).lower()
    warning = (call["spoiler_text"] or "").strip()
    return Body(
        texts=(Text(spoken, html, name, "", words, "text/markdown"),),
        language=spoken,
        sensitive=bool(call["sensitive"]) or bool(warning),
        warning=warning,
        hashtags=tuple(dict.fromkeys(tag.lower() for tag in hashtags_in(words))),
    )


def _compose(call: Call) -> posts.Compose:
    who, own = call.who, call.house.host
    visibility: Visibility = call["visibility"] or who.settings.get("posting:default:visibility") or "private"
    named = tuple(
        (name.lower() if not host or host == own else name, "" if host in (None, own) else host or "")
        for name, host in mentions_in(call["status"] or "")
    )
    return posts.Compose(
        author_id=call.actor_id,
        body=_body(call, who.language),
        visibility=visibility,
        kind=Kind.NOTE,
        mentions=named,
        reply_to=call["in_reply_to_id"],
        posted_by=who.login_id,
    )


@table.get("/api/v1/statuses/<id>/context", anyone("read:statuses"), entities.CONTEXT)
async def context(call: Call) -> Any:
    """The discussion around a status"""
    post_id, viewer = call.id(), call.viewer

    async def unit(tx: Any) -> tuple[list[PostView], list[PostView]]:
        if not await views.load_posts(tx, viewer, [post_id]):
            raise not_found()
        root = await timelines.root_of(tx, post_id)
        nodes = await timelines.thread_ids(tx, viewer, root or post_id)
        above = timelines.ancestors_of(nodes, post_id)
        below = timelines.descendants_of(nodes, post_id)
        shown = await views.load_posts(tx, viewer, [*above, *below], checked=True)
        found = {post.id: post for post in shown}
        return [found[i] for i in above if i in found], [found[i] for i in below if i in found]

    above, below = await call.read(unit)
    return {
        "ancestors": [entities.status(p, call.base, now=call.now, viewer_id=viewer.id) for p in above],
        "descendants": [entities.status(p, call.base, now=call.now, viewer_id=viewer.id) for p in below],
    }
