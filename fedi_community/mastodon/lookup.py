"""What several resources look up: an account and a status as far as they exist for who asks; else the one 404."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Viewer
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call
from fedi_community.storage import views


async def account_of(call: Call, account_id: int) -> ActorView:
    """An account that exists for the viewer: hidden groups do not, nor do members who were not let in yet."""

    async def unit(tx: Any) -> ActorView | None:
        found = (await views.load_actors(tx, [account_id])).get(account_id)
        if found is None or found.state in ("deleted", "waiting") or found.type == "Application":
            return None
        if (
            found.is_group
            and found.local
            and account_id not in await views.findable(tx, call.viewer, [account_id])
        ):
            return None
        return found

    found = await call.read(unit)
    if found is None:
        raise not_found()
    return found


async def existing(tx: Any, viewer: Viewer, ids: Iterable[int]) -> list[ActorView]:
    """Those of these accounts that exist for the viewer, in their order. See `account_of`."""
    wanted = list(dict.fromkeys(ids))
    found = await views.load_actors(tx, wanted)
    groups = [i for i, actor in found.items() if actor.is_group and actor.local]
    shown = await views.findable(tx, viewer, groups) if groups else frozenset()
    return [
        actor
        for i in wanted
        if (actor := found.get(i)) is not None
        and actor.state not in ("deleted", "waiting")
        and actor.type != "Application"
        and (i in shown or not (actor.is_group and actor.local))
    ]


async def accounts_of(call: Call, ids: Iterable[int]) -> list[dict[str, Any]]:
    """Accounts that exist for the viewer, in the order of the ids."""
    found = await call.read(lambda tx: existing(tx, call.viewer, ids))
    return [entities.account(actor, call.base) for actor in found]


async def post_of(call: Call, post_id: int) -> PostView:
    """A post that the viewer may see."""
    found = await call.read(lambda tx: views.load_posts(tx, call.viewer, [post_id]))
    if not found:
        raise not_found()
    call.shown.append(found[0])
    return found[0]


async def status_of(call: Call, post_id: int) -> dict[str, Any]:
    """A Status that the viewer may see."""
    post = await post_of(call, post_id)
    return entities.status(post, call.base, now=call.now, viewer_id=call.viewer.id)


def about(call: Call, post_id: int, boosts: bool = False) -> Needs:
    """What a decision about a post by the acting actor needs."""
    actor = frozenset({call.actor_id})
    return Needs(post_ids=frozenset({post_id}), actor_ids=actor, subjects=actor, boosts=boosts)


def pair(call: Call, target: int) -> Needs:
    """What a decision between the acting actor and another needs."""
    return Needs(actor_ids=frozenset({call.actor_id, target}), subjects=frozenset({call.actor_id}))
