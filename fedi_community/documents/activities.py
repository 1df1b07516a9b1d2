"""From recorded activities to documents. Pure: scene in, document out; None where there is nothing to say any more.

What each type records is decided in `domain/` (posts, changes, relations, sending); this is the other end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson

from fedi_community.activitypub import render
from fedi_community.activitypub.render import Addressing, Document, PostFacts, Site
from fedi_community.activitypub.render import activities as made
from fedi_community.documents.scene import UNDONE, Scene
from fedi_community.domain import addresses
from fedi_community.domain.held import APPROVAL
from fedi_community.domain.model import PUBLIC, Kind, followers_of
from fedi_community.domain.moderation.announcing import REMOVED
from fedi_community.domain.views import ActorView, PostView
from fedi_community.storage.documents import ActivityRow, Bones

HIDDEN: Final = ("bto", "bcc")
NO_COMMENT: Final = "Reported without words"
"""Lemmy takes no report without a reason."""


# --- posts ------------------------------------------------------------------------------------------------------------------


def addressing_of(scene: Scene, bones: Bones, host: str) -> Addressing:
    """Who a post of ours is addressed to, as that host is told."""
    audience = render.effective_audience(bones.audience, bones.gate)
    group = scene.actors.get(bones.group_id) if bones.group_id else None
    return render.address(audience, scene.actors, group, host, bones.author_id)


def post_facts(
    site: Site, scene: Scene, post: PostView, host: str, now: int,
    replies: list[str] | None = None, more: str | None = None,
) -> PostFacts:  # fmt: skip
    bones = scene.bones[post.id]
    answered = scene.actors.get(post.reply_to_author or 0)
    addressing, context = addressing_of(scene, bones, host), _context(site, scene, post)
    root = scene.bones.get(post.root_id or post.id, bones)
    reader = scene.by_name if post.group is not None and post.group.local and not addressing.public else None
    if reader is not None and reader.uri not in addressing.to:
        addressing = replace(addressing, to=(*addressing.to, reader.uri))
    return PostFacts(addressing, context, replies, more, now, answered, root.asks_first, reader)


def _context(site: Site, scene: Scene, post: PostView) -> str | None:
    """The thread's collection (FEP-7888): ours where the thread or its group is ours, else what its owner named."""
    root = scene.bones.get(post.root_id or post.id)
    if root is None:
        return None
    if root.local or (post.group is not None and post.group.local):
        return addresses.context(site.base, root.id)
    named = root.context_uri
    return named if named is not None and named.startswith("https://") else None


def post_document(
    site: Site, scene: Scene, post: PostView, host: str, now: int,
    replies: list[str] | None = None, more: str | None = None,
) -> Document:  # fmt: skip
    """A local post as that host is shown it."""
    return render.post_document(site, post, post_facts(site, scene, post, host, now, replies, more))


# --- activities -------------------------------------------------------------------------------------------------------------


def is_public(scene: Scene, row: ActivityRow) -> bool:
    """Whether the activity says something public, and may carry a proof that anybody can check."""
    if row.object_id is not None:
        bones = scene.bones.get(row.object_id)
        return bones is not None and bones.public
    if row.target_id is not None:
        return False
    return row.actor_id not in scene.gated


def document_of(
    site: Site, scene: Scene, row: ActivityRow, host: str, now: int, retraction: bool
) -> Document | None:
    """Any activity but those that carry another activity (`wrapped`) or an actor.

    retraction: the reader may not see the object any more and is told ids alone.
    """
    actor = scene.actors.get(row.actor_id)
    if actor is None:
        return None
    if row.object_id is None:
        return _control(site, scene, row, actor)
    bones = scene.bones.get(row.object_id)
    if bones is None:
        return None
    if row.type == "Delete":
        return _retracted(scene, row, actor, bones, host)
    post = scene.posts.get(row.object_id)
    if row.type == "Undo":
        return _undone(scene, row, actor, bones) if post is not None or retraction else None
    if post is None:
        return None
    if row.type in ("Create", "Update"):
        if not post.local:
            return None
        build = made.create if row.type == "Create" else made.update
        return build(row.uri, post_document(site, scene, post, host, now), actor.uri)
    if row.type == "Announce":
        if post.boost is None:
            return None
        boosted = addressing_of(scene, bones, host)
        if boosted.public and not actor.is_group:
            boosted = Addressing(boosted.to, (*boosted.cc, post.boost.author.uri))
        return made.announce(row.uri, actor.uri, post.boost.uri, boosted, row.created)
    if row.type in ("Like", "Dislike", "EmojiReact"):
        content = scene.emoji.get(row.id, "")
        return made.reaction(row.type, row.uri, actor.uri, post.uri, _vote_addressing(scene, bones), content)
    if row.type in (APPROVAL, "Accept"):
        return _approved(scene, row, actor, post)
    if row.type == "Move":
        return _moved(scene, row, actor, bones)
    return _moderation(scene, row, actor, bones)


def _approved(scene: Scene, row: ActivityRow, actor: ActorView, post: PostView) -> Document | None:
    """An answer that waited was passed: GoToSocial shows it once it can fetch the `result` of an Accept by whom it answers."""
    to = Addressing((post.author.uri,), (render.PUBLIC,))
    if post.reply_to_uri is None:
        return None
    if row.type == "Accept":
        said = made.activity(
            "Accept", row.uri, actor.uri, post.uri, to, published=row.created, target=post.reply_to_uri
        )
        return {**said, "result": row.inner_uri}
    said = made.activity(APPROVAL, row.uri, actor.uri, post.uri, to, target=post.reply_to_uri)
    return {
        **{name: part for name, part in said.items() if name != "actor"},
        "attributedTo": actor.uri, "interactingObject": post.uri, "interactionTarget": post.reply_to_uri,
    }  # fmt: skip


def _moved(scene: Scene, row: ActivityRow, actor: ActorView, bones: Bones) -> Document | None:
    """A group says that a discussion left it for another (as NodeBB does, with `origin` and `target`)."""
    target = scene.actors.get(row.target_id or 0)
    if target is None:
        return None
    to = Addressing((render.PUBLIC,), (actor.uri,), actor.uri)
    made_ = made.activity("Move", row.uri, actor.uri, bones.uri, to, published=row.created, target=target.uri)
    return {**made_, "origin": actor.uri}


def _vote_addressing(scene: Scene, bones: Bones) -> Addressing:
    author, group = scene.actors.get(bones.author_id), scene.actors.get(bones.group_id or 0)
    to = (author.uri,) if author is not None else ()
    return Addressing(to, (group.uri,) if group else (), group.uri if group else None)


def _retracted(scene: Scene, row: ActivityRow, actor: ActorView, bones: Bones, host: str) -> Document:
    """Delete of a post; of a boost, the Undo of its Announce, under the id that the Announce had."""
    addressing = addressing_of(scene, bones, host)
    if bones.kind != Kind.BOOST:
        return made.delete(row.uri, actor.uri, bones.uri, addressing, str(row.extra.get("summary", "")))
    inner: Document = {"id": bones.uri, "type": "Announce", "actor": actor.uri, "object": bones.boosted}
    return made.undo(row.uri, actor.uri, inner, addressing)


def _undone(scene: Scene, row: ActivityRow, actor: ActorView, bones: Bones) -> Document | None:
    type_ = UNDONE.get(row.undoes or "")
    if type_ is None:
        return None
    inner: Document = {"type": type_, "actor": actor.uri, "object": bones.uri}
    if scene.undone.get(row.id):
        inner["id"] = scene.undone[row.id]
    addressing = _vote_addressing(scene, bones)
    if type_ in ("Lock", "Delete"):
        addressing = _group_addressing(scene, bones)
        inner |= addressing.fields()
    if type_ == "Delete":
        inner["summary"] = REMOVED
    if addressing.audience is not None:
        inner["audience"] = addressing.audience
    return made.undo(row.uri, actor.uri, inner, addressing)


def _group_addressing(scene: Scene, bones: Bones) -> Addressing:
    """What a moderator does in a group: to everybody, or to those who read it."""
    group = scene.actors.get(bones.group_id or 0)
    if group is None:
        return made.NOBODY
    if bones.public:
        return Addressing((render.PUBLIC,), (group.uri,), group.uri)
    readers = (group.followers_uri,) if group.followers_uri else ()
    return Addressing((group.uri, *readers), (), group.uri)


def _moderation(scene: Scene, row: ActivityRow, actor: ActorView, bones: Bones) -> Document | None:
    """Lock; Add and Remove with `extra.collection` (featured, outbox)."""
    group = scene.actors.get(bones.group_id or 0)
    if group is None or row.type not in ("Lock", "Add", "Remove"):
        return None
    target = _target(group, row) if row.type != "Lock" else None
    return made.activity(
        row.type, row.uri, actor.uri, bones.uri, _group_addressing(scene, bones), published=row.created, target=target
    )  # fmt: skip


def _target(group: ActorView, row: ActivityRow) -> str:
    name = row.extra.get("collection")
    return f"{group.uri}/{name if name in ('featured', 'moderators', 'outbox') else 'featured'}"


def _control(site: Site, scene: Scene, row: ActivityRow, actor: ActorView) -> Document | None:
    """Activities for one addressee: follows and their answers, blocks, moves, reports."""
    target = scene.actors.get(row.target_id or 0)
    if target is None:
        return None
    group = scene.actors.get(row.group_id or 0)
    if group is not None and row.type in ("Block", "Undo", "Add", "Remove"):
        return _of_person(scene, row, actor, target, group)
    to = Addressing((target.uri,), ())
    match row.type:
        case "Follow":
            return made.follow(row.uri, actor.uri, target.uri)
        case "Reject" if "post" in row.extra:
            return _refused(row, actor, target, to)
        case "Accept" | "Reject":
            return made.answer(row.type, row.uri, actor.uri, target.uri, row.inner_uri)
        case "Undo":
            type_ = UNDONE.get(row.undoes or "", "Follow")
            inner: Document = {"type": type_, "actor": actor.uri, "object": target.uri}
            if row.inner_uri:
                inner["id"] = row.inner_uri
            return made.undo(row.uri, actor.uri, inner, to)
        case "Block":
            return made.activity("Block", row.uri, actor.uri, target.uri, to)
        case "Create":
            return _vote(row, actor, to)
        case "Move":
            return made.activity("Move", row.uri, actor.uri, actor.uri, to, target=target.uri)
        case "Flag":
            objects = [target.uri, *(o for o in row.extra.get("objects", ()) if isinstance(o, str))]
            comment = str(row.extra.get("comment", ""))
            if group is not None:
                return made.flag(row.uri, actor.uri, objects, comment or NO_COMMENT, group.uri)
            return made.flag(row.uri, f"{site.base}/actor", objects, comment, target.uri)
    return None


def _refused(row: ActivityRow, actor: ActorView, author: ActorView, to: Addressing) -> Document:
    """A post was not taken: its Create (FEP-1b12), or, to GoToSocial, the post itself."""
    create, post = row.extra.get("create"), row.extra["post"]
    said: Document | str = post
    if create is not None:
        said = {"id": create, "type": "Create", "actor": author.uri, "object": post}
    return made.activity("Reject", row.uri, actor.uri, said, to)


def _of_person(
    scene: Scene, row: ActivityRow, actor: ActorView, person: ActorView, group: ActorView
) -> Document | None:
    """What a group says was done about somebody: a ban, its end, a moderator who came or went. Addressed as the group's own
    content is (Lemmy and PieFed compare), with a ban's end under both names that are in use."""
    if group.id in scene.gated:
        addressing = Addressing(
            (group.uri, *((group.followers_uri,) if group.followers_uri else ())), (), group.uri
        )
    else:
        addressing = Addressing((render.PUBLIC,), (group.uri,), group.uri)
    target = _target(group, row) if row.type in ("Add", "Remove") else group.uri
    until = row.extra.get("until")
    ends = {name: render.iso(until) for name in ("endTime", "expires")} if isinstance(until, int) else {}
    if row.type != "Undo":
        said = made.activity(
            row.type, row.uri, actor.uri, person.uri, addressing, published=row.created, target=target
        )
        return {**said, **ends}
    block = made.activity(
        "Block",
        scene.undone.get(row.id) or f"{row.uri}#block",
        actor.uri,
        person.uri,
        addressing,
        target=target,
    )
    return made.undo(row.uri, actor.uri, block, addressing)


def _vote(row: ActivityRow, actor: ActorView, to: Addressing) -> Document | None:
    """A vote, as Mastodon has it: a Note with a name and no content, for the poll's author alone."""
    answer = row.extra.get("vote")
    if not isinstance(answer, str) or row.inner_uri is None:
        return None
    return made.create_vote(row.uri, actor.uri, row.inner_uri, answer, to, row.created)


def departed(scene: Scene, row: ActivityRow) -> Document | None:
    """An actor of ours says that it is no more (ActivityPub section 7.4): its id alone, for everybody."""
    actor = scene.actors.get(row.actor_id)
    if actor is None or not actor.local:
        return None
    return made.delete(row.uri, actor.uri, actor.uri, Addressing((render.PUBLIC,), ()))


# --- activities that carry activities ---------------------------------------------------------------------------------------


def raw_inner(row: ActivityRow) -> Document | None:
    """The carried activity as a peer sent it: unchanged, so that its proof survives, but for what may never be passed on."""
    if row.raw is None:
        return None
    try:
        found = orjson.loads(row.raw)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    _strip(found)
    if isinstance(found.get("object"), dict):
        _strip(found["object"])
    return found


def _strip(document: dict[str, Any]) -> None:
    for name in HIDDEN:
        document.pop(name, None)


def wrapped(scene: Scene, row: ActivityRow, inner: Document | str) -> Document | None:
    """The group's Announce around an activity, addressed no wider than what it is about."""
    group = scene.actors.get(row.actor_id)
    if group is None or not group.followers_uri:
        return None
    followers = group.followers_uri
    bones = scene.bones.get(row.object_id) if row.object_id is not None else None
    if not is_public(scene, row):
        addressing = Addressing((group.uri, followers), ())
    elif bones is not None and bones.audience.get(PUBLIC) == "cc":
        addressing = Addressing((followers,), (render.PUBLIC,))
    else:
        addressing = Addressing((render.PUBLIC,), (followers,))
    if bones is not None and not bones.public and followers_of(group.id) not in _reach(bones):
        addressing = Addressing((group.uri,), ())
    return made.announce(row.uri, group.uri, inner, addressing, row.created)


def _reach(bones: Bones) -> set[int]:
    return set(render.effective_audience(bones.audience, bones.gate))
