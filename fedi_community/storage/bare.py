"""What is shown without its media, because staff reject those of the host where they are. Nothing is deleted: it comes back with
the first read after that ended.

A post or actor of another server counts as a whole: if one of its pictures is at such a host, none is shown. What our own
members attach are files of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from fedi_community.domain.origins import host_of
from fedi_community.domain.text import pictures_at
from fedi_community.domain.views import ActorView, AttachmentView, PostParts
from fedi_community.storage import hosts
from fedi_community.storage.database import Tx

NOWHERE: Final[frozenset[str]] = frozenset()


async def of_actors(tx: Tx, found: dict[int, ActorView]) -> dict[int, ActorView]:
    """Actors, without pictures that are at such a host. Those of an actor's own host are gone already."""
    away = {key: places for key, actor in found.items() if actor.host and (places := _pictures_away(actor))}
    bare = await hosts.without_media(tx, NOWHERE.union(*away.values())) if away else NOWHERE
    if not bare:
        return found
    return {
        key: replace(actor, icon=None, image=None, memo={}) if away.get(key, NOWHERE) & bare else actor
        for key, actor in found.items()
    }


def _pictures_away(actor: ActorView) -> frozenset[str]:
    """Hosts of an actor's pictures, but for its own."""
    places: frozenset[str] | None = actor.memo.get("pictures")
    if places is None:
        urls = [str(picture.get("url", "")) for picture in (actor.icon, actor.image) if picture]
        places = actor.memo["pictures"] = _hosts(urls) - {actor.host}
    return places


def _hosts(urls: Sequence[str]) -> frozenset[str]:
    return frozenset(place for url in urls if (place := host_of(url)) is not None)


async def of_posts(
    tx: Tx, authors: Mapping[int, int], parts: Mapping[int, PostParts], files: Mapping[int, list[AttachmentView]],
    actors: Mapping[int, ActorView],
) -> frozenset[int]:  # fmt: skip
    """Which of these posts are shown without their media. authors: post id -> actor."""
    stripped = {key for key, author in authors.items() if author in actors and actors[author].no_media}
    places = {
        key: found
        for key, part in parts.items()
        if not part.local and key not in stripped
        and (found := _media_at(part) | _hosts([x.url for x in files.get(key, ()) if not x.own]))
    }  # fmt: skip
    if places:
        bare = await hosts.without_media(tx, NOWHERE.union(*places.values()))
        stripped |= {key for key, found in places.items() if found & bare}
    return frozenset(stripped)


def _media_at(part: PostParts) -> frozenset[str]:
    """Hosts of a post's headline picture, emojis and the pictures among its words: the same until it is edited."""
    found: frozenset[str] | None = part.memo.get("media at")
    if found is None:
        urls = [str(part.image.get("url", ""))] if part.image else []
        urls += [str(emoji[1]) for emoji in part.extra.get("emojis", ())]
        for text in part.texts:
            urls += pictures_at(text.content) + pictures_at(text.summary)
        found = part.memo["media at"] = _hosts(urls)
    return found
