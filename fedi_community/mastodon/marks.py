"""How far one has read (markers), hashtags one follows or shows, announcements, what is in use these days."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import personal
from fedi_community.domain.client_effects import ReactAnnouncement, ReadAnnouncement
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.text import markdown_to_html
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone, member
from fedi_community.mastodon.paging import offset, paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import rendered, sifted
from fedi_community.mastodon.timelines import STATUSES
from fedi_community.perform import Change
from fedi_community.storage import marks, notices, tagging
from fedi_community.storage.notices import Announced

table = Table("marks")
TIMELINES: Final = ("home", "notifications")
MAX_REACTION: Final = 30
"""Characters of a reaction to an announcement."""
MAX_REACTIONS: Final = 8
"""Different reactions to one announcement."""
TAGS: Final = entities.many(entities.TAG)

# --- markers --------------------------------------------------------------------------------------------------------------


async def _marked(call: Call, wanted: list[str]) -> dict[str, Any]:
    found = await call.read(lambda tx: marks.markers(tx, call.actor_id))
    return {name: entities.marker(*found[name]) for name in wanted if name in found}


@table.get(
    "/api/v1/markers",
    member("read:statuses"),
    entities.MARKERS,
    Param("timeline", "texts", default=TIMELINES),
)
async def markers(call: Call) -> Any:
    """How far one has read"""
    return await _marked(call, [name for name in call["timeline"] or TIMELINES if name in TIMELINES])


@table.post(
    "/api/v1/markers", member("write:statuses"), entities.MARKERS,
    *(Param(name, "object", doc="{last_read_id, version}") for name in TIMELINES),
)  # fmt: skip
async def mark(call: Call) -> Any:
    """Say how far one has read; it never goes back, and 409 when another client was first"""
    read: dict[str, tuple[int, int | None]] = {}
    for name in TIMELINES:
        sent = call[name] or {}
        last = Param("last_read_id", "cursor").read(sent.get("last_read_id", ""))
        if last is not None:
            version = Param("version", "number").read(sent["version"]) if "version" in sent else None
            read[name] = (last, version)
    owner = call.actor_id

    def decide(facts: Facts) -> Decision | Refusal:
        return personal.decide_markers(owner, read, facts)

    await call.perform(Change(Needs(keeps=owner), decide, 0))
    return await _marked(call, list(read))


# --- hashtags -------------------------------------------------------------------------------------------------------------


def _name(call: Call, text: str | None = None) -> str:
    found = personal.tag_name(call.path["name"] if text is None else text)
    if found is None:
        raise not_found() if text is None else Problem.of(personal.BAD_TAG)
    return found


async def shown_tags(call: Call, names: list[str], following: bool = False) -> list[dict[str, Any]]:
    """Tags with how much they are used, all with one look."""
    owner, now = call.viewer.id, call.now

    async def unit(tx: Any) -> tuple[dict[str, list[tagging.Used]], frozenset[str], frozenset[str]]:
        used = await tagging.history(tx, names, now)
        followed = frozenset(names) if following or not owner else await tagging.follows(tx, owner, names)
        featured = {one.name for one in await tagging.featured(tx, owner)} if owner else set()
        return used, followed if owner else frozenset(), frozenset(featured)

    used, followed, featured = await call.read(unit)
    return [
        entities.full_tag(n, call.base, used[n], following=n in followed, featuring=n in featured)
        for n in names
    ]


@table.get("/api/v1/tags/<name>", anyone("read"), entities.TAG)
async def tag(call: Call) -> Any:
    """A hashtag, and how much it was used in public"""
    return (await shown_tags(call, [_name(call)]))[0]


def _tag_change(verb: str, scope: str, doc: str) -> None:
    @table.post(f"/api/v1/tags/<name>/{verb}", member(scope), entities.TAG, doc=doc)
    async def change(call: Call) -> Any:
        name, owner, on = _name(call), call.actor_id, not verb.startswith("un")
        decided = personal.decide_follow_tag if verb.endswith("follow") else personal.decide_feature_tag

        def decide(facts: Facts) -> Decision | Refusal:
            return decided(owner, name, on, facts)

        await call.perform(Change(Needs(keeps=owner), decide, 0))
        return (await shown_tags(call, [name]))[0]


_tag_change("follow", "write:follows", "Have public posts with a hashtag in one's home")
_tag_change("unfollow", "write:follows", "Have them there no more")
_tag_change("feature", "write:accounts", "Show a hashtag on one's profile")
_tag_change("unfeature", "write:accounts", "Show it there no more")


@table.get("/api/v1/followed_tags", member("read:follows"), TAGS, *paging(100, 200))
async def followed_tags(call: Call) -> Any:
    """Hashtags that one follows"""
    at = call.cursor
    found = await call.read(lambda tx: tagging.followed(tx, call.actor_id, at.before, at.after, at.limit + 1))
    shown = found[: at.limit]
    last = shown[-1][0] if len(found) > at.limit else None
    tags = await shown_tags(call, [name for _, name in shown], following=True)
    return call.page(tags, last, shown[0][0] if shown else None)


@table.get("/api/v1/featured_tags", member("read:accounts"), entities.many(entities.FEATURED_TAG))
async def featured_tags(call: Call) -> Any:
    """Hashtags on one's profile"""
    found = await call.read(lambda tx: tagging.featured(tx, call.actor_id))
    return [entities.featured_tag(one, f"{call.base}/@{call.who.handle}") for one in found]


async def _feature(call: Call, name: str, on: bool) -> None:
    owner = call.actor_id
    await call.perform(
        Change(Needs(keeps=owner), lambda facts: personal.decide_feature_tag(owner, name, on, facts), 0)
    )


@table.post(
    "/api/v1/featured_tags", member("write:accounts"), entities.FEATURED_TAG, Param("name", default="")
)
async def feature(call: Call) -> Any:
    """Show a hashtag on one's profile"""
    name = _name(call, call["name"] or "")
    await _feature(call, name, True)
    found = await call.read(lambda tx: tagging.featured(tx, call.actor_id))
    made = next(one for one in found if one.name == name)
    return entities.featured_tag(made, f"{call.base}/@{call.who.handle}")


@table.delete("/api/v1/featured_tags/<id>", member("write:accounts"), entities.EMPTY)
async def unfeature(call: Call) -> Any:
    """Show it there no more"""
    wanted = call.id()
    found = await call.read(lambda tx: tagging.featured(tx, call.actor_id))
    known = next((one for one in found if one.id == wanted), None)
    if known is None:
        raise not_found()
    await _feature(call, known.name, False)
    return {}


@table.get("/api/v1/featured_tags/suggestions", member("read:accounts"), TAGS)
async def feature_suggestions(call: Call) -> Any:
    """Hashtags that one used most in public and does not show yet"""

    async def unit(tx: Any) -> list[str]:
        shown = {one.name for one in await tagging.featured(tx, call.actor_id)}
        return [name for name in await tagging.most_used(tx, call.actor_id) if name not in shown]

    return await shown_tags(call, await call.read(unit))


# --- what is in use ---------------------------------------------------------------------------------------------------


async def _trending_tags(call: Call) -> Any:
    count, skip = call["limit"], call["offset"] or 0
    names = await call.read(lambda tx: tagging.trending_tags(tx, call.now, count, skip))
    return await shown_tags(call, names)


for _path in ("/api/v1/trends/tags", "/api/v1/trends"):
    table.get(
        _path, anyone(), TAGS, *offset(10, 20),
        doc="Hashtags of the last days' public posts, by how many people used them; five at least",
    )(_trending_tags)  # fmt: skip


@table.get("/api/v1/trends/statuses", anyone(), STATUSES, *offset(20, 40))
async def trending_statuses(call: Call) -> Any:
    """Public posts of the last days, by how many liked or boosted them; five at least"""
    count, skip = call["limit"], call["offset"] or 0

    async def unit(tx: Any) -> Any:
        ids = await tagging.trending_posts(tx, call.now, count, skip)
        return await sifted(tx, call, ids, "public", checked=False)

    return rendered(call, await call.read(unit))


@table.get("/api/v1/trends/links", anyone(), entities.many(entities.ANYTHING), *offset(10, 20))
async def trending_links(call: Call) -> Any:
    """Always empty: nobody counts who shares a link"""
    return []


# --- announcements ----------------------------------------------------------------------------------------------------


async def _announced(call: Call) -> list[Announced]:
    return await call.read(lambda tx: notices.announced(tx, call.actor_id, call.now))


def _in_words(call: Call, one: Announced) -> dict[str, Any]:
    words = one.texts.get(call.language) or next(iter(one.texts.values()), "")
    return entities.announcement(one, markdown_to_html(words))


@table.get(
    "/api/v1/announcements", member(), entities.many(entities.ANNOUNCEMENT), Param("with_dismissed", "flag")
)
async def announcements(call: Call) -> Any:
    """What those who run the server say to everybody"""
    found = await _announced(call)
    return [_in_words(call, one) for one in found if call["with_dismissed"] or not one.read]


async def _announcement(call: Call) -> Announced:
    wanted = call.id()
    found = next((one for one in await _announced(call) if one.id == wanted), None)
    if found is None:
        raise not_found()
    return found


async def _keep(call: Call, effect: ReadAnnouncement | ReactAnnouncement) -> None:
    await call.perform(Change(Needs(), lambda facts: Decision((effect,)), 0))


@table.post("/api/v1/announcements/<id>/dismiss", member("write:accounts"), entities.EMPTY)
async def dismiss(call: Call) -> Any:
    """One has read it"""
    await _keep(call, ReadAnnouncement(call.actor_id, (await _announcement(call)).id))
    return {}


def _reaction(method: str, on: bool, doc: str) -> None:
    @table.on(
        method, "/api/v1/announcements/<id>/reactions/<name>", member("write:favourites"), entities.EMPTY, doc=doc
    )  # fmt: skip
    async def react(call: Call) -> Any:
        found, name = await _announcement(call), call.path["name"].strip()
        if not 0 < len(name) <= MAX_REACTION or name.isascii():
            raise Problem(422, "bad_reaction", "Validation failed: Name is not a recognized emoji")
        there = {known for known, _, _ in found.reactions}
        if on and name not in there and len(there) >= MAX_REACTIONS:
            raise Problem(422, "reaction_limit", "Validation failed: Limit of different reactions reached")
        await _keep(call, ReactAnnouncement(call.actor_id, found.id, name, on))
        return {}


_reaction("PUT", True, "React to an announcement with an emoji")
_reaction("DELETE", False, "Take the reaction back")


@table.get("/api/v1/custom_emojis", anyone(), entities.many(entities.EMOJI), unready=True)
async def custom_emojis(call: Call) -> Any:
    """Emoji of this server: there are none"""
    return []
