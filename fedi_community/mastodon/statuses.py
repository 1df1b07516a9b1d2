"""/api/v1/statuses: write, read, change, take back, react; the thread around a status."""

from __future__ import annotations

from typing import Any, Final

from quart import Blueprint, Response

from fedi_community.domain import posts, relations
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Body, Kind, Text
from fedi_community.domain.text import hashtags_in, markdown_to_html, mentions_in
from fedi_community.domain.views import PostView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Api, Asking, answer, endpoint, identifier
from fedi_community.mastodon.params import flag, parameters, text
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import timelines, views

MAX_CHARACTERS: Final = 5000
VISIBILITIES: Final = frozenset({"public", "unlisted", "private", "direct"})
MAX_KEPT_KEYS: Final = 5000


def statuses(api: Api) -> Blueprint:
    """The endpoints of one status."""
    blueprint = Blueprint("mastodon_statuses", __name__)
    written: dict[tuple[int, str], tuple[int, int]] = {}

    async def shown(asked: Asking, post_id: int) -> dict[str, Any]:
        post = await _load(api, asked, post_id)
        return entities.status(post, api.house.base_url, now=api.house.clock(), viewer_id=asked.viewer.id)

    @blueprint.post("/api/v1/statuses")
    @endpoint(api, "write:statuses")
    async def create(asked: Asking) -> Response:
        from quart import request

        given = await parameters()
        key = request.headers.get("Idempotency-Key", "")
        if key and (asked.actor_id, key) in written:
            return answer(await shown(asked, written[asked.actor_id, key][0]))
        wanted = _compose(api, asked, given)

        def decide(facts: Facts) -> Decision | Refusal:
            return posts.decide_compose(wanted, facts)

        made = await perform_or_raise(api.house, Change(posts.compose_needs(wanted), decide, 4))
        post_id = made.result or 0
        if key:
            _keep(written, (asked.actor_id, key), post_id, api.house.clock())
        return answer(await shown(asked, post_id))

    @blueprint.get("/api/v1/statuses/<status_id>")
    @endpoint(api, None)
    async def read(asked: Asking, status_id: str) -> Response:
        return answer(await shown(asked, identifier(status_id)))

    @blueprint.put("/api/v1/statuses/<status_id>")
    @endpoint(api, "write:statuses")
    async def change(asked: Asking, status_id: str) -> Response:
        given = await parameters()
        post_id = identifier(status_id)
        post = await _load(api, asked, post_id)
        body = _body(api, given, post.language or "en", post.texts[0].name if post.texts else "")

        def decide(facts: Facts) -> Decision | Refusal:
            return posts.decide_edit(post_id, asked.actor_id, body, facts)

        await perform_or_raise(api.house, Change(_about(post_id, asked), decide, 2))
        return answer(await shown(asked, post_id))

    @blueprint.delete("/api/v1/statuses/<status_id>")
    @endpoint(api, "write:statuses")
    async def delete(asked: Asking, status_id: str) -> Response:
        post_id = identifier(status_id)
        post = await _load(api, asked, post_id)
        last = entities.status(post, api.house.base_url, now=api.house.clock(), viewer_id=asked.viewer.id)
        last["text"] = post.text().source or ""

        def decide(facts: Facts) -> Decision | Refusal:
            return posts.decide_delete(post_id, asked.actor_id, facts)

        await perform_or_raise(api.house, Change(_about(post_id, asked, boosts=True), decide, 3))
        return answer(last)

    @blueprint.get("/api/v1/statuses/<status_id>/source")
    @endpoint(api, "read:statuses")
    async def source(asked: Asking, status_id: str) -> Response:
        post = await _load(api, asked, identifier(status_id))
        if post.author.id != asked.actor_id:
            raise not_found()
        return answer({"id": str(post.id), "text": post.text().source or "", "spoiler_text": post.warning})

    @blueprint.get("/api/v1/statuses/<status_id>/context")
    @endpoint(api, None)
    async def context(asked: Asking, status_id: str) -> Response:
        return answer(await _context(api, asked, identifier(status_id)))

    def reaction(name: str, scope: str, kind: Any, on: bool) -> None:
        @blueprint.post(f"/api/v1/statuses/<status_id>/{name}", endpoint=name)
        @endpoint(api, scope)
        async def react(asked: Asking, status_id: str) -> Response:
            post_id = identifier(status_id)

            def decide(facts: Facts) -> Decision | Refusal:
                if on:
                    return relations.decide_react(asked.actor_id, post_id, kind, facts)
                return relations.decide_unreact(asked.actor_id, post_id, kind, facts)

            await perform_or_raise(api.house, Change(_about(post_id, asked), decide, 2))
            return answer(await shown(asked, post_id))

    reaction("favourite", "write:favourites", "like", True)
    reaction("unfavourite", "write:favourites", "like", False)
    reaction("bookmark", "write:bookmarks", "bookmark", True)
    reaction("unbookmark", "write:bookmarks", "bookmark", False)

    @blueprint.post("/api/v1/statuses/<status_id>/reblog")
    @endpoint(api, "write:statuses")
    async def reblog(asked: Asking, status_id: str) -> Response:
        post_id = identifier(status_id)

        def decide(facts: Facts) -> Decision | Refusal:
            return relations.decide_boost(asked.actor_id, post_id, facts)

        made = await perform_or_raise(api.house, Change(_about(post_id, asked, boosts=True), decide, 2))
        return answer(await shown(asked, made.result or 0))

    @blueprint.post("/api/v1/statuses/<status_id>/unreblog")
    @endpoint(api, "write:statuses")
    async def unreblog(asked: Asking, status_id: str) -> Response:
        post_id = identifier(status_id)
        found = await api.house.db.read(lambda tx: timelines.own_boost(tx, asked.actor_id, post_id))
        if found is not None:

            def decide(facts: Facts) -> Decision | Refusal:
                return posts.decide_delete(found, asked.actor_id, facts)

            await perform_or_raise(api.house, Change(_about(found, asked), decide, 3))
        return answer(await shown(asked, post_id))

    return blueprint


def _about(post_id: int, asked: Asking, boosts: bool = False) -> Needs:
    actor = frozenset({asked.actor_id})
    return Needs(post_ids=frozenset({post_id}), actor_ids=actor, subjects=actor, boosts=boosts)


def _keep(
    written: dict[tuple[int, str], tuple[int, int]], key: tuple[int, str], post_id: int, now: int
) -> None:
    """Remember which post a key made, for an hour."""
    if len(written) > MAX_KEPT_KEYS:
        for old in [k for k, (_, at) in written.items() if now - at > 3_600_000] or list(written)[:1000]:
            del written[old]
    written[key] = (post_id, now)


async def _load(api: Api, asked: Asking, post_id: int) -> PostView:
    found = await api.house.db.read(lambda tx: views.load_posts(tx, asked.viewer, [post_id]))
    if not found:
        raise not_found()
    return found[0]


def _body(api: Api, given: dict[str, Any], language: str, name: str = "") -> Body:
    words = text(given, "status", MAX_CHARACTERS + 1) or ""
    if not words.strip():
        raise Problem(422, "empty", "Validation failed: Text can't be blank")
    if len(words) > MAX_CHARACTERS:
        raise Problem(
            422, "too_long", f"Validation failed: Text character limit of {MAX_CHARACTERS} exceeded"
        )
    base = api.house.base_url

    def mention(name: str, host: str | None) -> str | None:
        return f"{base}/@{name}" if host is None else f"https://{host}/@{name}"

    html = markdown_to_html(words, mention, lambda tag: f"{base}/tags/{tag.lower()}")
    spoken = (text(given, "language", 35) or language).lower()
    warning = (text(given, "spoiler_text", 500) or "").strip()
    return Body(
        texts=(Text(spoken, html, name, "", words, "text/markdown"),),
        language=spoken,
        sensitive=flag(given, "sensitive") or bool(warning),
        warning=warning,
        hashtags=tuple(dict.fromkeys(tag.lower() for tag in hashtags_in(words))),
    )


def _compose(api: Api, asked: Asking, given: dict[str, Any]) -> posts.Compose:
    if asked.speaker is None:
        raise Problem(401, "no_token", "The access token is invalid")
    visibility = text(given, "visibility") or "private"
    if visibility not in VISIBILITIES:
        raise Problem(422, "bad_visibility", "Validation failed: Visibility is not included in the list")
    parent = text(given, "in_reply_to_id")
    own = api.house.host
    words = text(given, "status") or ""
    named = tuple((name.lower() if not host or host == own else name, "" if host in (None, own) else host or "")
                  for name, host in mentions_in(words))  # fmt: skip
    return posts.Compose(
        author_id=asked.actor_id,
        body=_body(api, given, asked.speaker.language),
        visibility=visibility,  # type: ignore[arg-type]
        kind=Kind.NOTE,
        mentions=named,
        reply_to=identifier(parent) if parent else None,
        posted_by=asked.speaker.login_id,
    )


async def _context(api: Api, asked: Asking, post_id: int) -> dict[str, Any]:
    async def unit(tx: Any) -> tuple[list[PostView], list[PostView]]:
        if not await views.load_posts(tx, asked.viewer, [post_id]):
            raise not_found()
        root = await timelines.root_of(tx, post_id)
        nodes = await timelines.thread_ids(tx, asked.viewer, root or post_id)
        above = timelines.ancestors_of(nodes, post_id)
        below = timelines.descendants_of(nodes, post_id)
        shown = await views.load_posts(tx, asked.viewer, [*above, *below], checked=True)
        found = {post.id: post for post in shown}
        return [found[i] for i in above if i in found], [found[i] for i in below if i in found]

    above, below = await api.house.db.read(unit)
    base, now = api.house.base_url, api.house.clock()
    return {
        "ancestors": [entities.status(p, base, now=now, viewer_id=asked.viewer.id) for p in above],
        "descendants": [entities.status(p, base, now=now, viewer_id=asked.viewer.id) for p in below],
    }
