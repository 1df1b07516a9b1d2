"""Pages to read: home, groups, a group and its feed, a profile, a topic, and what the site says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from quart import Response, request

from fedi_community.domain import addresses
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import STRANGER, Grant, Viewer, Who, followers_of
from fedi_community.domain.origins import canonical_host
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import not_found
from fedi_community.storage import held, homes, members, timelines, views, web_queries
from fedi_community.storage.database import Tx
from fedi_community.storage.entries import Timeline
from fedi_community.storage.facts import load
from fedi_community.web.i18n import Words, preferred
from fedi_community.web.news import News, news_for
from fedi_community.web.pages.site import Ask, before, dressed, environment, go, render
from fedi_community.web.show import Around, around

PAGE = 20
ARTICLES = 6
FEED_SECONDS = 300
_REMOTE_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Listing:
    """Posts of a timeline with what is needed to show them; `older`: address of the next page's beginning."""

    posts: list[PostView]
    around: Around
    older: int | None


async def listing(tx: Tx, viewer: Viewer, timeline: Timeline, ref: int, start: int | None) -> Listing:
    page = await timelines.page(tx, viewer, timeline, ref, before=start, limit=PAGE)
    posts = await views.load_posts(tx, viewer, page.ids, checked=True)
    return Listing(posts, await around(tx, viewer, posts), page.last)


async def groups_for(tx: Tx, viewer: Viewer, language: str) -> list[ActorView]:
    """The local groups that exist for the viewer, by name; those that speak the page's language first."""
    ids = await timelines.group_ids(tx)
    found = await views.findable(tx, viewer, ids)
    actors = await views.load_actors(tx, found)
    return sorted(actors.values(), key=lambda a: (a.language != language, a.name.casefold(), a.id))


# --- home -------------------------------------------------------------------------------------------------------------


async def home(asked: Ask) -> Response:
    """A welcome for strangers, the home timeline for members."""
    if asked.speaker is None:
        return await _welcome(asked)
    viewer, start = asked.viewer, before()
    await _build_home(asked)

    async def unit(tx: Tx) -> tuple[Listing, list[ActorView], list[News]]:
        page = await timelines.home(tx, viewer, before=start, limit=PAGE)
        posts = await views.load_posts(tx, viewer, page.ids, via=page.via, checked=True)
        joined = await web_queries.memberships(tx, viewer.id)
        groups = await views.load_actors(tx, [g for g, s in joined.items() if s is Grant.ACCEPTED])
        found = Listing(posts, await around(tx, viewer, posts), page.last)
        told = [] if start else await news_for(tx, viewer, asked.now)
        return found, sorted(groups.values(), key=lambda a: a.name.casefold()), told

    found, groups, told = await asked.house.db.read(unit)
    return render(
        asked,
        "home.html",
        show=asked.show(found.around),
        listing=found,
        groups=groups,
        news=told,
        start=start,
    )


async def _build_home(asked: Ask) -> None:
    house, owner = asked.house, asked.viewer_id
    if not await house.db.read(lambda tx: homes.is_built(tx, owner)):
        length = asked.site.settings.home_length
        await house.db.write(lambda tx: homes.build(tx, owner, house.clock(), length))


async def _welcome(asked: Ask) -> Response:
    async def unit(tx: Tx) -> tuple[list[ActorView], list[PostView], Around]:
        groups = await groups_for(tx, STRANGER, asked.t.language)
        page = await timelines.page(tx, STRANGER, Timeline.ARTICLES, limit=ARTICLES)
        articles = await views.load_posts(tx, STRANGER, page.ids, checked=True)
        return groups, articles, await around(tx, STRANGER, articles)

    groups, articles, found = await asked.house.db.read(unit)
    wanted = preferred(request.headers.get("Accept-Language"))
    offer = Words(wanted) if wanted and wanted != asked.t.language else None
    response = render(
        asked,
        "welcome.html",
        show=asked.show(found),
        index=True,
        groups=groups,
        articles=articles,
        offer=offer,
    )
    response.headers["Vary"] += ", Accept-Language"
    return response


# --- groups -----------------------------------------------------------------------------------------------------------


async def groups(asked: Ask) -> Response:
    """All groups that exist for the reader."""
    viewer = asked.viewer

    async def unit(tx: Tx) -> tuple[list[ActorView], Facts, dict[int, Grant]]:
        found = await groups_for(tx, viewer, asked.t.language)
        facts = await _switches(tx, asked, [g.id for g in found])
        return found, facts, await web_queries.memberships(tx, viewer.id)

    found, facts, joined = await asked.house.db.read(unit)
    return render(asked, "groups.html", index=True, groups=found, facts=facts, joined=joined, Grant=Grant)


async def _switches(tx: Tx, asked: Ask, ids: list[int]) -> Facts:
    """The groups' switches, and how the reader stands to them."""
    needs = Needs(actor_ids=frozenset(ids), subjects=frozenset({asked.viewer_id} if asked.viewer_id else ()))
    return await load(tx, needs, asked.now, (), asked.house.base_url)


async def find_group(tx: Tx, viewer: Viewer, handle: str) -> ActorView:
    """A local group that exists for the viewer; raises the one 404."""
    if not addresses.HANDLE.fullmatch(handle.lower()):
        raise not_found()
    found = await views.actor_by_handle(tx, handle.lower())
    if found is None or not found.is_group or found.state not in ("active", "limited"):
        raise not_found()
    if found.id not in await views.findable(tx, viewer, [found.id]):
        raise not_found()
    return found


async def group(asked: Ask, handle: str) -> Response:
    """A group: what it is, who may do what, and what is written in it."""
    viewer, start = asked.viewer, before()

    async def unit(tx: Tx) -> tuple[ActorView, Facts, Listing, int, int, bool]:
        found = await find_group(tx, viewer, handle)
        facts = await _switches(tx, asked, [found.id])
        runs = bool(viewer.id) and facts.moderates(viewer.id, found.id)
        waiting = await members.asked_count(tx, found.id) if runs else 0
        kept = await held.count(tx, found.id) if runs else 0
        return found, facts, await listing(tx, viewer, Timeline.GROUP, found.id, start), waiting, kept, runs

    found, facts, posts, waiting, kept, runs = await asked.house.db.read(unit)
    me = facts.actors.get(asked.viewer_id)
    switches = facts.group(found.id)
    return render(
        asked, "group.html", show=asked.show(posts.around), group=found, switches=switches, listing=posts, start=start,
        waiting=waiting, held=kept, runs=runs, listed=switches.listed, kept_out=(found.id, asked.viewer_id) in facts.blocks,
        standing=facts.grants.get((asked.viewer_id, followers_of(found.id)), Grant.ENDED).to_asker, Grant=Grant,
        may_post=me is not None and facts.within(me, switches.posts, found.id),
        may_read=switches.reads is Who.EVERYONE or (me is not None and facts.within(me, switches.reads, found.id)),
    )  # fmt: skip


async def feed(asked: Ask, handle: str) -> Response:
    """Atom (RFC 4287) of a group's public posts, the same for whoever asks."""

    async def unit(tx: Tx) -> tuple[ActorView, Listing]:
        found = await find_group(tx, STRANGER, handle)
        return found, await listing(tx, STRANGER, Timeline.GROUP, found.id, None)

    found, posts = await asked.house.db.read(unit)
    nobody = replace(asked, speaker=None)
    show = nobody.show(posts.around)
    shown = [p for p in posts.posts if show.public(p) and p.boost is None]
    body = environment().get_template("feed.xml").render(
        t=asked.t, s=show, group=found, posts=shown, base=asked.house.base_url,
        updated=max((p.edited or p.published for p in shown), default=found.created),
        address=asked.house.base_url + asked.href(f"/groups/{found.handle}"),
    )  # fmt: skip
    response = Response(body, content_type="application/atom+xml; charset=utf-8")
    dressed(nobody, response)
    response.headers["Cache-Control"] = f"public, max-age={FEED_SECONDS}"
    return response


# --- people and topics ------------------------------------------------------------------------------------------------


async def find_person(tx: Tx, viewer: Viewer, name: str) -> ActorView:
    """`name` of this server, or `name@host` for members; raises the one 404."""
    handle, _, host = name.removeprefix("@").partition("@")
    at = canonical_host(host) if host else ""
    if at is None or (host and not viewer.id):
        raise not_found()
    if not (_REMOTE_NAME.fullmatch(handle) if at else addresses.HANDLE.fullmatch(handle.lower())):
        raise not_found()
    found = await views.actor_by_handle(tx, handle if at else handle.lower(), at)
    if found is None or found.state not in ("active", "limited") or found.type == "Application":
        raise not_found()
    if found.is_group and found.local and found.id not in await views.findable(tx, viewer, [found.id]):
        raise not_found()
    return found


async def profile(asked: Ask, name: str) -> Response:
    """A person: who it is, and what the reader may see of it."""
    viewer, start = asked.viewer, before()

    async def unit(tx: Tx) -> tuple[ActorView, Listing, Grant | None]:
        found = await find_person(tx, viewer, name)
        standing = await web_queries.grant_of(tx, viewer.id, followers_of(found.id))
        return found, await listing(tx, viewer, Timeline.PROFILE, found.id, start), standing

    found, posts, standing = await asked.house.db.read(unit)
    if found.is_group and found.local:
        return go(asked, asked.href(f"/groups/{found.handle}"))
    show = asked.show(posts.around)
    return render(
        asked, "profile.html", show=show, person=found, listing=posts, start=start, standing=standing, Grant=Grant,
        index=found.local and found.indexable and show.may_index(posts.posts),
    )  # fmt: skip


async def user(asked: Ask, name: str) -> Response:
    """The page at a member's id: the profile; a group's name is not here."""
    if not addresses.HANDLE.fullmatch(name):
        raise not_found()
    found = await asked.house.db.read(lambda tx: find_person(tx, asked.viewer, name))
    if found.is_group:
        raise not_found()
    return await profile(asked, name)


async def tag(asked: Ask, name: str) -> Response:
    """Posts of a topic. One that nobody used looks like one that the reader sees nothing of."""
    viewer, start = asked.viewer, before()
    word = name.casefold().replace("\x00", "")[:100]

    async def unit(tx: Tx) -> Listing:
        found = await web_queries.tag_id(tx, word)
        return (
            Listing([], Around(), None)
            if found is None
            else await listing(tx, viewer, Timeline.TAG, found, start)
        )

    posts = await asked.house.db.read(unit)
    if not posts.posts and posts.older is None:
        raise not_found()
    return render(asked, "tag.html", show=asked.show(posts.around), name=word, listing=posts, start=start)


# --- what the site says of itself -------------------------------------------------------------------------------------


async def about(asked: Ask) -> Response:
    return render(asked, "about.html", index=True)


async def privacy(asked: Ask) -> Response:
    return render(asked, "privacy.html", index=True)
