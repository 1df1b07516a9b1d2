"""What listeners are told of an event: loaded through the rule and their taste, once for each viewer and place.

A deletion carries an id alone, and goes to those who could read the post: to anybody else it never was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from fedi_community.auth import Speaker
from fedi_community.domain import notices as kinds
from fedi_community.domain.model import Viewer
from fedi_community.domain.text import markdown_to_html
from fedi_community.domain.wants import Scene, sift
from fedi_community.mastodon import conversations, entities, notifications
from fedi_community.mastodon.show import rendered
from fedi_community.mastodon.streaming.channels import PUBLIC, TAGGED, Channel
from fedi_community.mastodon.streaming.hub import Frame, Hub, Listener
from fedi_community.storage import conversations as conversation_rows
from fedi_community.storage import notices, streams, views, wants
from fedi_community.storage import notifications as notification_rows
from fedi_community.storage.bus import Event
from fedi_community.storage.database import Tx

TOGETHER: Final = 20
"""Viewers after whom everything else of the process has its turn."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What the functions of the API ask of a call, for one viewer of a stream."""

    viewer: Viewer
    speaker: Speaker | None
    base: str
    now: int
    language: str = "en"

    @property
    def actor_id(self) -> int:
        return self.viewer.id

    @property
    def who(self) -> Speaker:
        assert self.speaker is not None
        return self.speaker


def _asking(hub: Hub, one: Listener) -> Asking:
    return Asking(one.viewer, one.speaker, hub.house.base_url, hub.house.clock(), one.language)


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


async def tell(hub: Hub, event: Event) -> None:
    """Tell an event to all it concerns."""
    what, key, other = event
    match what:
        case "post":
            await _tell_post(hub, key, "update")
        case "edited":
            await _tell_post(hub, key, "status.update")
        case "gone":
            await _tell_gone(hub, key)
        case "notification" if other is not None:
            await _tell_notification(hub, key, other)
        case "conversation" if other is not None:
            await _tell_conversation(hub, key, other)
        case "filters":
            _to_actor(hub, key, "filters_changed", None)
        case "notifications_merged":
            _to_actor(hub, key, "notifications_merged", "1")
        case "announcement" | "announcement_gone" | "announcement_reaction":
            await _tell_announcement(hub, what, key)


def _of_actor(hub: Hub, actor_id: int, *names: str) -> list[tuple[Listener, Channel]]:
    return [
        (one, channel)
        for name in names
        for channel in (Channel(name, str(actor_id)),)
        for one in hub.of_channel.get(channel, ())
    ]


def _to_actor(hub: Hub, actor_id: int, event: str, payload: str | None) -> None:
    for one, channel in _of_actor(hub, actor_id, "user", "user:notification"):
        if event != "filters_changed" or channel.name == "user":
            one.put(Frame(channel, event, payload))


# --- posts --------------------------------------------------------------------------------------------------------------


def _places(hub: Hub, found: streams.Places) -> Iterable[tuple[Channel, Scene, int | None]]:
    """Channels that are listened to and on which a post stands, with how it is shown there."""
    for channel in tuple(hub.of_channel):
        if channel.name in PUBLIC:
            if PUBLIC[channel.name] in found.timelines:
                yield channel, "public", None
        elif channel.name in TAGGED:
            if channel.ref in (found.tags if channel.name == "hashtag" else found.local_tags):
                yield channel, "tag", None
        elif channel.name == "list":
            if int(channel.ref) in found.lists:
                yield channel, "list", None
        elif channel.name == "user" and int(channel.ref) in found.homes:
            yield channel, "home", found.homes[int(channel.ref)]


async def _tell_post(hub: Hub, post_id: int, event: str) -> None:
    owners = [int(c.ref) for c in hub.of_channel if c.name == "user"]
    lists = [int(c.ref) for c in hub.of_channel if c.name == "list"]
    found = await hub.house.db.read(lambda tx: streams.places(tx, post_id, owners, lists))
    made: dict[tuple[int, Scene], str | None] = {}
    for channel, scene, via in list(_places(hub, found)):
        for one in tuple(hub.of_channel.get(channel, ())):
            key = (one.viewer.id, scene)
            if key not in made:
                made[key] = await _status(hub, one, post_id, scene, via)
                if len(made) % TOGETHER == 0:
                    await asyncio.sleep(0)
            payload = made[key]
            if payload is not None:
                one.put(Frame(channel, event, payload))


async def _status(hub: Hub, one: Listener, post_id: int, scene: Scene, via: int | None) -> str | None:
    """A Status as this listener may and wants to see it, None where he does not."""
    asking = _asking(hub, one)

    async def unit(tx: Tx) -> Any:
        posts = await views.load_posts(tx, asking.viewer, [post_id], via={post_id: via} if via else None)
        return sift(await wants.load(tx, asking.viewer, asking.now), posts, scene)

    shown = await hub.house.db.read(unit)
    made = rendered(asking, shown)
    return _text(made[0]) if made else None


async def _tell_gone(hub: Hub, post_id: int) -> None:
    told = [c for c in hub.of_channel if c.name not in ("user:notification", "direct")]
    listeners = {one for channel in told for one in hub.of_channel[channel]}
    viewers = list({one.viewer.id: one.viewer for one in listeners}.values())
    allowed = await hub.house.db.read(lambda tx: streams.had_access(tx, post_id, viewers))
    for channel in told:
        for one in tuple(hub.of_channel.get(channel, ())):
            if one.viewer.id in allowed:
                one.put(Frame(channel, "delete", str(post_id)))


# --- what is somebody's own ---------------------------------------------------------------------------------------------


async def _tell_notification(hub: Hub, owner: int, notification_id: int) -> None:
    there = _of_actor(hub, owner, "user", "user:notification")
    if not there:
        return
    asking = _asking(hub, there[0][0])

    async def unit(tx: Tx) -> Any:
        found = await notification_rows.of_key(tx, owner, kinds.Together("", notification_id))
        return await notifications.told(tx, asking, found, await wants.load(tx, asking.viewer, asking.now))

    made = await hub.house.db.read(unit)
    shown = notifications.shown_notices(asking, made, frozenset(kinds.GROUPED))
    if shown:
        for one, channel in there:
            if one.speaker is not None and notifications.may_hear(one.speaker):
                one.put(Frame(channel, "notification", _text(shown[0])))


async def _tell_conversation(hub: Hub, owner: int, key: int) -> None:
    there = _of_actor(hub, owner, "direct")
    if not there:
        return
    asking = _asking(hub, there[0][0])

    async def unit(tx: Tx) -> list[dict[str, Any]]:
        found = await conversation_rows.one(tx, owner, key)
        return await conversations.shown(tx, asking, [found]) if found is not None else []

    for made in await hub.house.db.read(unit):
        for one, channel in there:
            one.put(Frame(channel, "conversation", _text(made)))


async def _tell_announcement(hub: Hub, what: str, key: int) -> None:
    there = [(one, c) for c in hub.of_channel if c.name == "user" for one in hub.of_channel[c]]
    if what == "announcement_gone":
        for one, channel in there:
            one.put(Frame(channel, "announcement.delete", str(key)))
        return
    now = hub.house.clock()
    found = await hub.house.db.read(lambda tx: notices.announced(tx, 0, now))
    for made in found:
        if made.id != key:
            continue
        for one, channel in there:
            if what == "announcement":
                words = made.texts.get(one.language) or next(iter(made.texts.values()), "")
                shown = entities.announcement(made, markdown_to_html(words))
                one.put(Frame(channel, "announcement", _text(shown)))
            for name, count, _ in made.reactions if what != "announcement" else ():
                told = {"name": name, "count": count, "announcement_id": str(key)}
                one.put(Frame(channel, "announcement.reaction", _text(told)))
