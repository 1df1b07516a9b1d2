"""`Documents`: actors, posts, activities and collections of this server, for a viewer or for one delivery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import orjson

from fedi_community.activitypub import render
from fedi_community.activitypub.nodeinfo import Counts
from fedi_community.activitypub.proofs import sign_proof
from fedi_community.activitypub.render import ActorFacts, Addressing, Document, Site
from fedi_community.activitypub.render import activities as made
from fedi_community.documents import activities
from fedi_community.documents.scene import Scene, gather, local_actor, may_see
from fedi_community.domain import addresses
from fedi_community.domain.counts import rounded
from fedi_community.domain.model import STRANGER, Kind, Viewer, Who, followers_of
from fedi_community.domain.origins import host_of
from fedi_community.domain.views import ActorView
from fedi_community.keyring import Keyring
from fedi_community.perform import House
from fedi_community.storage import collections, timelines, vouching
from fedi_community.storage import documents as rows
from fedi_community.storage.collections import Found
from fedi_community.storage.database import Tx
from fedi_community.storage.documents import ActivityRow
from fedi_community.storage.entries import Timeline
from fedi_community.storage.views import load_actors

PAGE: Final = 50
"""Ids on a page of a thread or of replies."""
OUTBOX_PAGE: Final = 20
LISTED: Final = 1_000
"""Followers on a page for their own server."""
MAX_PINS: Final = 20
EMBEDDED_REPLIES: Final = 10
"""Own answers embedded in an object; Mastodon takes five by itself."""
COUNTS_MS: Final = 3_600_000
_MODS: Final = frozenset({Who.MENTORS, Who.STAFF})


class Documents:
    """What this server says, rendered when it is asked for. media: origin of pictures and files, "" for our address.

    Methods answer None where there is nothing, or nothing for this viewer: callers cannot tell the two apart.
    """

    def __init__(self, house: House, keyring: Keyring, media: str = "") -> None:
        self._house = house
        self._keyring = keyring
        self.site = Site(house.base_url, media)
        self._counts: tuple[int, Counts] | None = None

    # --- actors -----------------------------------------------------------------------------------------------------

    async def actor(self, actor_id: int, viewer: Viewer = STRANGER) -> Document | None:
        """An actor document; of a group only for those who may find it."""
        actor = await self._house.db.read(lambda tx: local_actor(tx, viewer, actor_id))
        return None if actor is None else await self._actor(actor)

    async def _actor(self, actor: ActorView) -> Document:
        keys = await self._keyring.of(actor.id)
        more = await self._house.db.read(lambda tx: rows.actor_more(tx, actor.id))
        facts = ActorFacts(
            keys.rsa_pem,
            keys.ed25519_multibase,
            more.updated,
            more.summary_source,
            more.also_known_as,
            more.moved_to,
            gated=more.reads is not None and more.reads != Who.EVERYONE,
            findable=more.finds is None or more.finds == Who.EVERYONE,
            only_mods=more.posts in _MODS,
        )
        return render.actor_document(self.site, actor, facts)

    async def instance(self) -> Document:
        """The instance actor, which signs every GET."""
        instance = await self._keyring.instance()
        actors = await self._house.db.read(lambda tx: load_actors(tx, [instance]))
        return await self._actor(actors[instance])

    async def departed(self, viewer: Viewer, actor_id: int) -> Document | None:
        """What remains of a person of ours who is no more: who was never told of as such stays unknown."""
        if viewer.suspended_host:
            return None
        actors = await self._house.db.read(lambda tx: load_actors(tx, [actor_id]))
        actor = actors.get(actor_id)
        if actor is None or not actor.local or actor.is_group or actor.state != "deleted":
            return None
        at = await self._house.db.read(lambda tx: rows.deleted_at(tx, actor.uri))
        return None if at is None else render.tombstone(actor.uri, actor.type, at)

    # --- posts ------------------------------------------------------------------------------------------------------

    async def post(self, viewer: Viewer, post_id: int) -> Document | None:
        """A local post with its first own answers, for whoever may see it. A boost is an activity, not an object."""

        async def unit(tx: Tx) -> tuple[Scene, Found]:
            scene = await gather(tx, viewer, (), [post_id])
            shown = post_id in scene.posts
            replies = (
                await collections.replies_page(tx, viewer, post_id, 0, EMBEDDED_REPLIES, own=True)
                if shown
                else None
            )
            return scene, replies or Found((), None)

        scene, replies = await self._house.db.read(unit)
        post = scene.posts.get(post_id)
        if post is None or not post.local or post.kind is Kind.BOOST:
            return None
        uris = [uri for _, uri in replies.posts]
        more = f"{post.uri}/replies?page=true" if uris or post.replies_count else None
        return activities.post_document(self.site, scene, post, viewer.host, self._house.clock(), uris, more)

    async def tombstone(self, viewer: Viewer, post_id: int) -> Document | None:
        """What remains of a deleted local post, for those who could read it (then the answer is 410, else 404)."""

        async def unit(tx: Tx) -> Document | None:
            bones = (await rows.load_bones(tx, [post_id])).get(post_id)
            if bones is None or not bones.gone or not bones.local or bones.kind == Kind.BOOST:
                return None
            if not await rows.had_access(tx, viewer, bones):
                return None
            return render.tombstone(bones.uri, bones.kind, await rows.deleted_at(tx, bones.uri))

        return await self._house.db.read(unit)

    # --- activities -------------------------------------------------------------------------------------------------

    async def activity(self, activity_id: int, viewer: Viewer) -> Document | None:
        """An activity of ours under its own id."""

        async def unit(tx: Tx) -> tuple[Scene, ActivityRow] | None:
            row = await rows.activity_row(tx, activity_id)
            if row is None or row.uri != addresses.activity(self.site.base, activity_id):
                return None
            scene = await gather(tx, viewer, [row])
            return (scene, row) if await may_see(tx, scene, row) else None

        found = await self._house.db.read(unit)
        return None if found is None else await self._full(*found, viewer.host, retraction=False)

    async def body(self, activity_id: int, mode: str, target_id: int | None, host: str) -> bytes | None:
        """The JSON of an activity as sent to one host, or to one reader there (target_id); None: nothing to send any more.

        mode: content, retraction or control, as in `effects.Send`. Whether the target may have it, the caller has asked;
        content is loaded through the rule all the same. Equal bytes for equal recipients: of a public post for everybody,
        of any other for each host.
        """
        viewer = Viewer(target_id or 0, False, host, instance=target_id is None)

        async def unit(tx: Tx) -> tuple[Scene, ActivityRow] | None:
            row = await rows.activity_row(tx, activity_id)
            return None if row is None else (await gather(tx, viewer, [row]), row)

        found = await self._house.db.read(unit)
        if found is None:
            return None
        document = await self._full(*found, host, retraction=mode == "retraction")
        return None if document is None else orjson.dumps(document)

    async def _full(self, scene: Scene, row: ActivityRow, host: str, *, retraction: bool) -> Document | None:
        """The activity with what it carries, and its proof where it is public."""
        if row.wraps:
            document = await self._wrapped(scene, row, host, retraction)
        elif row.type == "Update" and row.object_id is None:
            document = await self._updated_actor(scene, row)
        elif row.type == "Delete" and row.object_id is None:
            document = activities.departed(scene, row)
        else:
            now = self._house.clock()
            document = activities.document_of(self.site, scene, row, host, now, retraction)
        if document is None or not activities.is_public(scene, row):
            return document
        return await self._proved(document, row)

    async def _wrapped(self, scene: Scene, row: ActivityRow, host: str, retraction: bool) -> Document | None:
        """A group's Announce of an activity: a peer's as it came, ours as it is now."""
        gone = row.object_id is not None and row.object_id not in scene.posts
        carried = scene.inner.get(row.inner_uri or "")
        if gone and not retraction and (carried is None or carried.type != "Delete"):
            return None
        inner: Document | str | None = activities.raw_inner(row)
        if inner is None and carried is not None and not carried.wraps and self._ours(carried):
            inner = await self._full(scene, carried, host, retraction=retraction)
            if inner is None:
                return None
        return (
            activities.wrapped(scene, row, inner or row.inner_uri or "") if inner or row.inner_uri else None
        )

    def _ours(self, row: ActivityRow) -> bool:
        return row.uri == addresses.activity(self.site.base, row.id)

    async def _updated_actor(self, scene: Scene, row: ActivityRow) -> Document | None:
        actor = scene.actors.get(row.actor_id)
        if actor is None or not actor.local or actor.state not in ("active", "limited"):
            return None
        followers = (f"{actor.uri}/followers",)
        addressing = Addressing((render.PUBLIC,), followers)
        return made.update_actor(row.uri, await self._actor(actor), addressing, row.created)

    async def _proved(self, document: Document, row: ActivityRow) -> Document:
        """With an integrity proof by its actor (FEP-8b32), dated as the activity, so that the bytes stay the same."""
        keys = await self._keyring.of(row.actor_id)
        try:
            return sign_proof(document, keys.ed25519, created_ms=row.created)
        except ValueError:  # a peer's inner activity without a canonical form
            return document

    # --- collections ------------------------------------------------------------------------------------------------

    async def _shown(self, viewer: Viewer, actor_id: int) -> ActorView | None:
        return await self._house.db.read(lambda tx: local_actor(tx, viewer, actor_id))

    async def outbox(self, viewer: Viewer, actor_id: int, before: int | None = None) -> Document | None:
        """What an actor published for everybody, newest first. before: 0 for the first page, None for the collection.

        A group's collection has its last items in it: Lemmy and PieFed read no pages there.
        """
        actor = await self._shown(viewer, actor_id)
        if actor is None or actor.type == "Application":
            return None
        uri = f"{actor.uri}/outbox"
        if before is None and not actor.is_group:
            return render.collection(uri, total=rounded(actor.posts_count), first=f"{uri}?page=true")
        items, last = await self._published(actor, before or None)
        more = f"{uri}?page=true&before={last}" if last is not None else None
        if before is None:
            return {**render.collection(uri, items=items, owner=actor.uri), "first": f"{uri}?page=true"}
        here = f"{uri}?page=true" + (f"&before={before}" if before else "")
        return render.page(here, uri, items, more)

    async def _published(self, actor: ActorView, before: int | None) -> tuple[list[Document], int | None]:
        timeline = Timeline.GROUP if actor.is_group else Timeline.PROFILE

        async def unit(tx: Tx) -> tuple[Scene, list[ActivityRow], int | None]:
            page = await timelines.page(tx, STRANGER, timeline, actor.id, before=before, limit=OUTBOX_PAGE)
            found = await collections.published_by(tx, actor.id, actor.is_group, page.ids)
            shown = [found[i] for i in page.ids if i in found]
            return await gather(tx, STRANGER, shown), shown, page.last

        scene, shown, last = await self._house.db.read(unit)
        documents = [await self._full(scene, row, "", retraction=False) for row in shown]
        return [
            render.without_context(d) if "proof" not in d else d for d in documents if d is not None
        ], last

    async def followers(self, viewer: Viewer, actor_id: int) -> Document | None:
        """How many, rounded down and never who. Of a group that not everyone reads, not even that."""
        actor = await self._shown(viewer, actor_id)
        if actor is None or actor.type == "Application":
            return None

        async def unit(tx: Tx) -> int:
            more = await rows.actor_more(tx, actor_id)
            if more.reads is not None and more.reads != Who.EVERYONE:
                return 0
            return await collections.followers_count(tx, actor_id)

        count = await self._house.db.read(unit)
        return render.collection(f"{actor.uri}/followers", total=rounded(count))

    async def has_members_at(self, viewer: Viewer, group_id: int, whose: str) -> Document | None:
        """Whether a gated group has members on the server of an actor (`?is_follower=`, Lemmy 1.0): asked by another server that
        has members in it itself, before it shows what one of them wrote. Said of servers alone: who they are is nobody's."""
        group = await self._shown(viewer, group_id)
        host = host_of(whose)
        if group is None or not group.is_group or viewer.local or not viewer.host or host is None:
            return None

        async def unit(tx: Tx) -> bool:
            listed = await vouching.listed_hosts(tx, group_id)
            for one in {viewer.host, host} - {host_of(self.site.base)}:
                if one not in listed or not await vouching.members_at(tx, followers_of(group_id), one):
                    return False
            return True

        if not await self._house.db.read(unit):
            return None
        return render.collection(f"{group.uri}/followers", total=0)

    async def followers_at(
        self, viewer: Viewer, actor_id: int, host: str, after: str | None = None
    ) -> Document | None:
        """An actor's followers on the viewer's own host (FEP-8fcf); nobody hears of another host's. after: the last one of the page
        before, "" for the first page, None for the collection."""
        if not host or viewer.host != host or viewer.local:
            return None
        actor = await self._shown(viewer, actor_id)
        if actor is None:
            return None
        uris = await self._house.db.read(
            lambda tx: collections.followers_at(tx, actor_id, host, after or "", LISTED + 1)
        )
        whole = f"{actor.uri}/followers?domain={host}"
        if after is None and len(uris) <= LISTED:
            return render.collection(whole, items=uris)
        if after is None:
            return render.collection(whole, first=f"{whole}&page=true")
        uris, more = uris[:LISTED], len(uris) > LISTED
        here = f"{whole}&page=true" + (f"&after={quote(after, safe='')}" if after else "")
        onward = f"{whole}&page=true&after={quote(uris[-1], safe='')}" if more else None
        return render.page(here, whole, uris, onward)

    async def following(self, viewer: Viewer, actor_id: int) -> Document | None:
        """Empty: whom somebody follows here says what concerns him."""
        actor = await self._shown(viewer, actor_id)
        if actor is None or actor.type == "Application":
            return None
        return render.collection(f"{actor.uri}/following", total=0)

    async def featured(self, viewer: Viewer, actor_id: int) -> Document | None:
        """What an actor pinned, as far as the viewer may see it: ours embedded (Lemmy reads no ids there), others by id."""

        async def unit(tx: Tx) -> tuple[ActorView, Scene, Sequence[int]] | None:
            actor = await local_actor(tx, viewer, actor_id)
            if actor is None or actor.type == "Application":
                return None
            ids = await collections.pinned_ids(tx, actor_id, MAX_PINS)
            return actor, await gather(tx, viewer, (), ids), ids

        found = await self._house.db.read(unit)
        if found is None:
            return None
        actor, scene, ids = found
        now = self._house.clock()
        items: list[Document | str] = []
        for post in (scene.posts[i] for i in ids if i in scene.posts):
            if post.local and post.kind is not Kind.BOOST:
                document = activities.post_document(self.site, scene, post, viewer.host, now)
                items.append(render.without_context(document))
            else:
                items.append(post.uri)
        return render.collection(f"{actor.uri}/featured", items=items)

    async def moderators(self, viewer: Viewer, group_id: int) -> Document | None:
        """Who runs a group (FEP-1b12)."""
        group = await self._shown(viewer, group_id)
        if group is None or not group.is_group:
            return None
        uris = await self._house.db.read(
            lambda tx: collections.moderator_uris(tx, group_id, self._house.voice)
        )
        return render.collection(f"{group.uri}/moderators", items=uris, owner=group.uri)

    async def replies(self, viewer: Viewer, post_id: int, after: int | None = None) -> Document | None:
        """Answers to a local post that the viewer may see, by id (FEP-7458). after: 0 for the first page."""

        async def unit(tx: Tx) -> tuple[Scene, Found]:
            scene = await gather(tx, viewer, (), [post_id])
            if post_id not in scene.posts or not scene.posts[post_id].local:
                return Scene(viewer), Found((), None)
            return scene, await collections.replies_page(tx, viewer, post_id, after or 0, PAGE)

        scene, found = await self._house.db.read(unit)
        post = scene.posts.get(post_id)
        if post is None or post.kind is Kind.BOOST:
            return None
        return _listed(f"{post.uri}/replies", found, after, None)

    async def context(self, viewer: Viewer, root_id: int, after: int | None = None) -> Document | None:
        """The thread's collection (FEP-7888, FEP-f228): ids of the posts the viewer may see, in time order.

        Only of threads that are ours: begun here, or in a group of ours, which then owns it.
        """

        async def unit(tx: Tx) -> tuple[Scene, Found]:
            scene = await gather(tx, viewer, (), [root_id])
            return scene, await collections.thread_page(tx, viewer, root_id, after or 0, PAGE)

        scene, found = await self._house.db.read(unit)
        root = scene.posts.get(root_id)
        if root is None or root.root_id not in (None, root_id) or root.kind is Kind.BOOST:
            return None
        group = root.group if root.group is not None and root.group.local else None
        if group is None and not root.local:
            return None
        owner = group.uri if group is not None else root.author.uri
        return _listed(addresses.context(self.site.base, root_id), found, after, owner)

    # --- beside -----------------------------------------------------------------------------------------------------

    async def note_fetched(self, viewer: Viewer, post_ids: Sequence[int]) -> None:
        """A peer was served restricted posts: it has copies now, and must hear when they are taken back."""
        host = viewer.host
        missing = await self._house.db.read(lambda tx: collections.not_noted(tx, host, post_ids))
        if missing:
            now = self._house.clock()
            await self._house.db.write(lambda tx: collections.note_fetched(tx, host, viewer.id, missing, now))

    async def counts(self) -> Counts:
        """How many, counted once an hour; who shows it rounds it."""
        now = self._house.clock()
        if self._counts is None or now - self._counts[0] >= COUNTS_MS:
            self._counts = now, Counts(*await self._house.db.read(lambda tx: collections.usage(tx, now)))
        return self._counts[1]


def _listed(uri: str, found: Found, after: int | None, owner: str | None) -> Document:
    """A collection with its first page inside, or one page."""
    more = f"{uri}?page=true&after={found.last}" if found.last is not None else None
    uris = [item for _, item in found.posts]
    here = f"{uri}?page=true" + (f"&after={after}" if after else "")
    page = render.page(here, uri, uris, more)
    if owner is not None:
        page["attributedTo"] = owner
    if after is not None:
        return page
    total = len(uris) if found.last is None else None
    return render.collection(uri, total=total, first=render.without_context(page), owner=owner)
