"""The log of the server as those who run it read it: who acted in words, and no more of groups than the reader may know.

A role grants no sight. Lines of groups that the reader does not find are left out; of groups that he does not run, he learns what
was done and by whom, and neither about whom nor about which post.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fedi_community.domain.model import Viewer
from fedi_community.domain.views import ActorView
from fedi_community.storage import audit, moderation, views
from fedi_community.storage.audit import Wanted
from fedi_community.storage.database import Tx

DETAILS: Final = frozenset(
    {
        "host",
        "report",
        "reason",
        "until",
        "badge",
        "reject_media",
        "reject_reports",
        "new",
        "stricter",
        "looser",
        "known",
    }
)
"""What is shown of a line's detail: no log-in and no unmasking is among it."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """by: who acted; a group where staff spoke as it; None: the server itself, or on its command line. at: milliseconds."""

    id: int
    at: int
    action: str
    by: ActorView | None
    group: ActorView | None
    target: ActorView | None
    object_id: int | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """last, first: ids of the lines looked at, whether shown or not; full: there may be more."""

    lines: list[ShownLine]
    first: int | None
    last: int | None
    full: bool


async def page(
    tx: Tx, viewer: Viewer | None, wanted: Wanted, before: int | None, after: int | None, limit: int
) -> Page:
    """viewer: None for the command line of the server, to which nothing is hidden but who is behind a name."""
    found = await audit.lines(tx, wanted, before, after, limit, (viewer.login_id or 0) if viewer else 0)
    names = await audit.own_names(tx, found)
    everywhere = {line.group_id for line in found if line.group_id}
    people = (
        {i for line in found for i in (line.actor_id, line.target_id) if i} | set(names.values()) | everywhere
    )
    actors = await views.load_actors(tx, people)
    local = {i for i, actor in actors.items() if actor.is_group and actor.local}
    if viewer is None:
        finds, runs = frozenset(local), frozenset(everywhere)
    else:
        finds = await views.findable(tx, viewer, local) if local else frozenset()
        runs = await moderation.run_by(tx, viewer.id, everywhere)
    hidden = local - finds
    shown = []
    for line in found:
        if {line.group_id, line.actor_id, line.target_id} & hidden:
            continue
        open_ = line.group_id is None or line.group_id in runs
        detail = {key: value for key, value in line.detail.items() if key in DETAILS} if open_ else {}
        if line.action.startswith("unmasking"):
            detail = {}
        shown.append(
            ShownLine(
                line.id, line.at, line.action, actors.get(line.actor_id or names.get(line.id, 0)),
                actors.get(line.group_id or 0), actors.get(line.target_id or 0) if open_ else None,
                line.object_id if open_ else None, detail,
            )
        )  # fmt: skip
    first, last = (found[0].id, found[-1].id) if found else (None, None)
    return Page(shown, first, last, len(found) >= limit)
