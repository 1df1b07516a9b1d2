"""A post with its discussion, an article, and the article alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from quart import Response, request

from fedi_community import backfill
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Kind, State
from fedi_community.domain.receipts import lines
from fedi_community.domain.views import PostView
from fedi_community.errors import Refusal, not_found
from fedi_community.storage import receipts, timelines, views
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load
from fedi_community.web.compose import Choice, reply_choices
from fedi_community.web.pages.site import Ask, go, gone, object_id_of, render
from fedi_community.web.show import Around, around
from fedi_community.web.thread import Node, branch, nested, page_of


@dataclass(frozen=True, slots=True)
class Discussion:
    """A post, and one page of what answers it. may_reply: the choices, why not, or None for strangers."""

    post: PostView
    parent: PostView | None
    replies: list[Node]
    total: int
    page: int
    pages: int
    around: Around
    may_reply: list[Choice] | Refusal | None
    shown: list[PostView]


async def object_page(asked: Ask, object_id: int | str) -> Response:
    """HTML of a post that the reader may see; the one 404 for what is missing or denied; 410 for those who had access."""
    key = object_id_of(object_id)
    number = _page_number()
    found = await asked.house.db.read(lambda tx: _discussion(tx, asked, key, number))
    if found is None:
        own = (
            await asked.house.db.read(lambda tx: receipts.receipt(tx, key, asked.viewer_id))
            if asked.viewer_id
            else None
        )
        if own is not None:
            return gone(asked, lines(own, asked.t.language))
        had = await asked.house.db.read(lambda tx: could_read(tx, asked, key))
        return gone(asked) if had else _missing()
    if found.post.kind is Kind.BOOST and found.post.boost is not None:
        return go(asked, asked.href(f"/objects/{found.post.boost.id}"))
    if asked.viewer_id:
        await backfill.opened(asked.house, found.post.id)
    show = asked.show(found.around)
    template = "article.html" if show.titled(found.post) else "thread.html"
    return render(
        asked, template, show=show, d=found, post=found.post, index=show.may_index(found.shown), alone=False
    )


def _missing() -> Response:
    raise not_found()


def _page_number() -> int:
    text = request.args.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0):
        raise not_found()
    return int(text)


async def _discussion(tx: Tx, asked: Ask, key: int, number: int) -> Discussion | None:
    viewer = asked.viewer
    first = await views.load_posts(tx, viewer, [key])
    if not first:
        return None
    post = first[0]
    root = post.root_id or post.id
    nodes = await timelines.thread_ids(tx, viewer, root)
    places = branch(nodes, post.id, whole=root == post.id)
    on_page, pages = page_of(places, number)
    if number > pages:
        return None
    replies = await views.load_posts(tx, viewer, [place.id for place in on_page], checked=True)
    above = await views.load_posts(tx, viewer, [post.reply_to]) if post.reply_to else []
    shown = [post, *replies]
    return Discussion(
        post=post,
        parent=above[0] if above else None,
        replies=nested(on_page, {p.id: p for p in replies}),
        total=len(places),
        page=number,
        pages=pages,
        around=await around(tx, viewer, [*shown, *above]),
        may_reply=await _may_reply(tx, asked, post),
        shown=shown,
    )


async def _may_reply(tx: Tx, asked: Ask, post: PostView) -> list[Choice] | Refusal | None:
    if asked.speaker is None or post.state is not State.PUBLISHED:
        return None
    me = (await views.load_actors(tx, [asked.speaker.actor_id])).get(asked.speaker.actor_id)
    return None if me is None else await reply_choices(tx, asked.house, asked.t, me, post, more=False)


async def could_read(tx: Tx, asked: Ask, key: int) -> bool:
    """Whether the reader could see a post before it was deleted."""
    if not await views.was_deleted(tx, key):
        return False
    subjects = frozenset({asked.viewer_id} if asked.viewer_id else ())
    facts = await load(
        tx, Needs(post_ids=frozenset({key}), subjects=subjects), asked.now, (), asked.house.base_url
    )
    post = facts.posts.get(key)
    if post is None:
        return False
    # What it boosted or quoted may be gone as well; the post itself is what was read.
    before = replace(post, state=State.PUBLISHED, boost_of=None, quote_of=None)
    return facts.may_view(asked.viewer_id, before)


async def article_page(asked: Ask, object_id: str) -> Response:
    """An article without its discussion: to read, to print, and what search engines may keep."""
    key = object_id_of(object_id)
    viewer = asked.viewer

    async def unit(tx: Tx) -> tuple[PostView, Around]:
        found = await views.load_posts(tx, viewer, [key])
        if not found:
            raise not_found()
        return found[0], await around(tx, viewer, found)

    post, found = await asked.house.db.read(unit)
    show = asked.show(found)
    if not show.titled(post):
        raise not_found()
    return render(
        asked, "article.html", show=show, post=post, d=None, index=show.may_index([post]), alone=True
    )


async def thread(asked: Ask, object_id: str) -> Response:
    """`/threads/ID`: the discussion's first post, for those who may see it."""
    key = object_id_of(object_id)
    if not await asked.house.db.read(lambda tx: views.load_posts(tx, asked.viewer, [key])):
        raise not_found()
    return go(asked, asked.href(f"/objects/{key}"))
