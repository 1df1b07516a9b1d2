"""Load all that the documents of some activities and posts need, in one transaction, for one viewer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fedi_community.domain.model import Viewer, Who
from fedi_community.domain.softwares import keeps
from fedi_community.domain.views import ActorView, PostView
from fedi_community.storage import documents as rows
from fedi_community.storage.database import Tx
from fedi_community.storage.documents import ActivityRow, Bones
from fedi_community.storage.keys import host_software
from fedi_community.storage.views import findable, load_actors, load_posts

UNDONE: Final = {
    "like": "Like",
    "dislike": "Dislike",
    "react": "EmojiReact",
    "lock": "Lock",
    "block": "Block",
    "delete": "Delete",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """posts: those that the viewer may see, by id. bones: the same and others without their words, deleted ones too.

    inner: activities by URI that others carry. undone: id of an Undo -> URI of what it takes back. emoji: id of an
    EmojiReact -> its emoji. gated: groups that not everyone reads, among those that speak. by_name: the one reader, where his
    server knows no closed groups and shows him what names him.
    """

    viewer: Viewer
    posts: dict[int, PostView] = field(default_factory=dict)
    bones: dict[int, Bones] = field(default_factory=dict)
    actors: dict[int, ActorView] = field(default_factory=dict)
    inner: dict[str, ActivityRow] = field(default_factory=dict)
    undone: dict[int, str] = field(default_factory=dict)
    emoji: dict[int, str] = field(default_factory=dict)
    gated: frozenset[int] = frozenset()
    by_name: ActorView | None = None


async def gather(
    tx: Tx, viewer: Viewer, activities: Sequence[ActivityRow] = (), post_ids: Iterable[int] = ()
) -> Scene:
    """The scene of these activities (with what they carry) and posts."""
    inner = await rows.activity_rows(tx, (r.inner_uri for r in activities if r.wraps and r.inner_uri))
    every = [*activities, *inner.values()]
    wanted = {r.object_id for r in every if r.object_id is not None} | set(post_ids)
    posts = {post.id: post for post in await load_posts(tx, viewer, sorted(wanted))}
    roots = {post.root_id for post in posts.values() if post.root_id}
    bones = await rows.load_bones(tx, wanted | roots)
    reader = await _by_name(tx, viewer, bones.values())
    actors = await load_actors(tx, _people(every, bones.values()) | ({reader} if reader else set()))
    undone, emoji = {}, {}
    for row in every:
        if row.object_id is None:
            if row.type == "Undo" and row.target_id is not None and row.group_id is not None:
                undone[row.id] = await rows.latest_block(tx, row) or ""
            continue
        if row.type == "Undo" and row.undoes in UNDONE:
            uri = await rows.latest_of(tx, row.actor_id, row.object_id, UNDONE[row.undoes], row.id)
            undone[row.id] = uri or row.inner_uri or ""
        elif row.type == "EmojiReact":
            emoji[row.id] = await rows.reaction_content(tx, row.actor_id, row.object_id)
    plain = [r for r in every if r.object_id is None]
    gated = await _gated(tx, [g for r in plain if (g := r.actor_id if r.wraps else r.group_id) is not None])
    return Scene(viewer, posts, bones, actors, inner, undone, emoji, gated, actors.get(reader or 0))


def _people(activities: Iterable[ActivityRow], posts: Iterable[Bones]) -> set[int]:
    found = {i for row in activities for i in (row.actor_id, row.target_id, row.group_id) if i is not None}
    for bones in posts:
        found |= rows.owners(bones.audience) | rows.owners(bones.gate or ()) | {bones.author_id}
        if bones.group_id is not None:
            found.add(bones.group_id)
    return found


async def _by_name(tx: Tx, viewer: Viewer, posts: Iterable[Bones]) -> int | None:
    """The reader of something for the members of a group, if his server has to be told by name whom it is for."""
    if not viewer.id or viewer.instance or viewer.local or all(p.public or not p.group_id for p in posts):
        return None
    software, _ = await host_software(tx, viewer.host)
    return viewer.id if keeps(software) == "named" else None


async def _gated(tx: Tx, groups: Iterable[int]) -> frozenset[int]:
    found = set()
    for group in set(groups):
        reads = (await rows.actor_more(tx, group)).reads
        if reads is not None and reads != Who.EVERYONE:
            found.add(group)
    return frozenset(found)


async def local_actor(tx: Tx, viewer: Viewer, actor_id: int) -> ActorView | None:
    """An actor of this server, as far as it exists for the viewer: active, and if it is a group, one he may find."""
    if viewer.suspended_host:
        return None
    actor = (await load_actors(tx, [actor_id])).get(actor_id)
    if actor is None or not actor.local or actor.state not in ("active", "limited"):
        return None
    if actor.is_group and not await findable(tx, viewer, [actor_id]):
        return None
    return actor


async def may_see(tx: Tx, scene: Scene, row: ActivityRow) -> bool:
    """Whether the viewer may be shown an activity: as its object; control activities are for their two parties alone."""
    viewer = scene.viewer
    if viewer.suspended_host:
        return False
    if row.object_id is not None:
        if row.object_id in scene.posts:
            return True
        bones = scene.bones.get(row.object_id)
        retracts = row.type == "Delete" or (row.wraps and _carries_delete(scene, row))
        return bones is not None and bones.gone and retracts and await rows.had_access(tx, viewer, bones)
    if row.target_id is None:
        if row.wraps and row.actor_id in scene.gated:
            return False  # what was done about somebody in a closed group is told to whom it was sent
        return await local_actor(tx, viewer, row.actor_id) is not None
    if row.type == "Flag":
        return False
    parties = {row.actor_id, row.target_id}
    if viewer.id in parties and not viewer.instance:
        return True
    hosts = {scene.actors[i].host for i in parties if i in scene.actors}
    return viewer.instance and viewer.host in hosts - {""}


def _carries_delete(scene: Scene, row: ActivityRow) -> bool:
    inner = scene.inner.get(row.inner_uri or "")
    return inner is not None and inner.type == "Delete"
