"""From ids to Statuses: loaded through the rule, sifted by what the viewer wants to see, rendered. Every list goes this way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fedi_community.domain.views import PostView
from fedi_community.domain.wants import Scene, Shown, sift
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Answer, Asker, Call
from fedi_community.mastodon.paging import Cursor
from fedi_community.storage import views, wants
from fedi_community.storage.database import Tx
from fedi_community.storage.timelines import NEWEST, Page


async def sifted(
    tx: Tx, call: Asker, ids: Sequence[int], scene: Scene, *, via: dict[int, int] | None = None, checked: bool = True
) -> Shown:  # fmt: skip
    """The posts of `ids` that the viewer may see and wants to. checked: the ids come from a page of this transaction."""
    posts = await views.load_posts(tx, call.viewer, ids, via=via, checked=checked)
    return sift(await wants.load(tx, call.viewer, call.now), posts, scene)


def _note(call: Asker, posts: Iterable[PostView]) -> None:
    if isinstance(call, Call):
        call.shown.extend(posts)


def rendered(call: Asker, shown: Shown) -> list[dict[str, Any]]:
    """Statuses, with the filters they fall under."""
    marks = {key: [entities.filter_result(m) for m in found] for key, found in shown.filtered.items()}
    _note(call, shown.posts)
    return entities.statuses(shown.posts, call.base, now=call.now, viewer_id=call.viewer.id, filtered=marks)


def plainly(call: Asker, posts: Sequence[PostView]) -> list[dict[str, Any]]:
    """Statuses that were asked for by name: nothing is left out or marked."""
    _note(call, posts)
    return entities.statuses(posts, call.base, now=call.now, viewer_id=call.viewer.id)


def timeline(call: Call, page: Page, shown: Shown) -> Answer:
    """A page of a timeline. It goes on from the last id scanned, so what was left out only made it shorter."""
    return call.page(rendered(call, shown), page.last, page.ids[0] if page.ids else None)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A cursor as statements of pages of relations take it."""

    before: int
    after: int
    up: bool
    count: int


def bounds(at: Cursor) -> Bounds:
    return Bounds(at.before or NEWEST, at.after or 0, at.up, at.limit)


def related(call: Call, items: list[Any], keys: Sequence[int]) -> Answer:
    """A page of what is paged by relations. keys: ids of the relations scanned, newest first."""
    last = keys[-1] if len(keys) >= call.cursor.limit else None
    return call.page(items, last, keys[0] if keys else None)
