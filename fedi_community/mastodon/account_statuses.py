"""/api/v1/accounts/ID/statuses: what somebody posted; for a group of this server, what was posted in it and what it says itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from fedi_community.domain.wants import Shown
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, anyone
from fedi_community.mastodon.lookup import account_of
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import rendered, sifted
from fedi_community.mastodon.timelines import merged
from fedi_community.storage import scheduled
from fedi_community.storage import statuses as rows
from fedi_community.storage.database import Tx
from fedi_community.storage.entries import Timeline, profile_tag

table = Table("accounts")


@table.get(
    "/api/v1/accounts/<id>/statuses", anyone("read:statuses"), entities.many(entities.STATUS),
    Param("pinned", "flag"), Param("only_media", "flag"), Param("exclude_replies", "flag"),
    Param("exclude_reblogs", "flag"), Param("tagged"), *paging(),
)  # fmt: skip
async def posts(call: Call) -> Any:
    """What an account posted, or what was posted in a group of this server"""
    actor = await account_of(call, call.id())
    if actor.state == "suspended":
        return []
    if call["pinned"]:
        return await _pinned(call, actor.id)
    group = actor.is_group and actor.local
    tag = (call["tagged"] or "").strip().lstrip("#").lower()
    keys = await _keys(call, actor.id, group, tag)
    if keys is None:
        return []
    keep = partial(_kept, actor.id, group, bool(call["exclude_replies"]), bool(call["exclude_reblogs"]))
    return await merged(
        call, keys, "account", keep if group or call["exclude_replies"] or call["exclude_reblogs"] else None
    )


async def _keys(call: Call, actor_id: int, group: bool, tag: str) -> list[tuple[Timeline, int]] | None:
    """Which keyed timelines hold it; None when nobody used the hashtag yet."""
    if tag:
        known = await call.read(lambda tx: rows.tag_ids(tx, [tag]))
        return [(Timeline.PROFILE_TAG, profile_tag(actor_id, known[tag]))] if tag in known else None
    if call["only_media"]:
        keys = [(Timeline.PROFILE_MEDIA, actor_id)]
        return [*keys, (Timeline.GROUP_MEDIA, actor_id)] if group else keys
    keys = [(Timeline.PROFILE_ROOTS if call["exclude_replies"] else Timeline.PROFILE, actor_id)]
    return [*keys, (Timeline.GROUP, actor_id)] if group else keys


async def _kept(
    actor_id: int, group: bool, no_replies: bool, no_boosts: bool, tx: Tx, ids: Sequence[int]
) -> Collection[int]:
    """What is asked for; of a post in the group that the group boosts, one of the two is shown."""
    shapes = await rows.shapes(tx, ids)
    left = {
        row["id"]
        for row in shapes
        if not (no_boosts and row["boost_of"] is not None)
        and not (
            no_replies and (row["reply_to"] or row["reply_to_uri"]) and row["answered"] != row["author_id"]
        )
    }
    if group and not no_boosts:
        bare = [row["id"] for row in shapes if row["boost_of"] is None and row["author_id"] != actor_id]
        left -= await rows.boosted_by_actor(tx, bare, actor_id)
    return left


async def _pinned(call: Call, actor_id: int) -> list[dict[str, Any]]:
    """What is pinned, the last pinned first; there are never many."""

    async def unit(tx: Tx) -> Shown:
        return await sifted(tx, call, await scheduled.pins(tx, actor_id), "account", checked=False)

    return rendered(call, await call.read(unit))
