"""What recorded activities write, change and take back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fedi_community.activitypub.wire import WireActivity, WireObject, parse_activity
from fedi_community.domain.effects import ChangeGroup, Decision, SetFlag
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Viewer
from fedi_community.storage import tables as t
from tests.federation.platforms import (
    Case,
    Rule,
    first_id,
    looks_like_group,
    swap,
)
from tests.federation.platforms_documents import is_as_stated
from tests.federation.world import BASE, PUBLIC

NADIA = f"{BASE}/users/nadia"


def activity_of(case: Case) -> WireActivity:
    found = parse_activity(case.doc)
    assert isinstance(found, WireActivity), found
    return found


def object_of(case: Case) -> WireObject:
    found = activity_of(case).object
    assert isinstance(found, WireObject)
    return found


# --- Create ----------------------------------------------------------------------------------------------------------


async def a_new_post(case: Case) -> None:
    """Nobody here has to do with it: dropped with 202. A follower or a group of ours: a post or a thread."""
    obj = object_of(case)
    author = first_id(case.doc["actor"])
    for who in obj.attributed_to:
        await case.actor(who.id, who.kind)
    named = [u for u in (*obj.audience, *obj.to, *obj.cc) if u != PUBLIC and looks_like_group(u)]
    for uri in named:
        await case.actor(uri, "Group")
    assert await case.is_ignored() == "not_for_us"
    forged = case.by_mallory()
    assert await case.changes_nothing(forged) in ("not_owner", "object_on_other_origin")
    if named:
        ours = await case.group()
        case.doc = swap(case.doc, dict.fromkeys(named, f"{BASE}/groups/sleep"))
        obj = object_of(case)
    else:
        await case.followed(author)
    assert await case.tell() == "stored"
    assert await case.tell() in ("duplicate", "known")
    if named:
        shown = await case.seen(obj.id)
        assert (shown.group.id if shown.group else None) == ours
        assert shown.root_id == shown.id
    await is_as_stated(case, obj, author)


async def a_new_letter(case: Case) -> None:
    """A message for somebody here: nobody else sees it. For nobody here: dropped."""
    obj = object_of(case)
    await case.actor(obj.attributed_to[0].id)
    assert await case.is_ignored() == "not_for_us"
    nadia, omar = await case.member("nadia"), await case.member("omar")
    case.doc = swap(case.doc, {obj.to[0]: NADIA})
    assert await case.tell() == "stored"
    shown = await case.stored(obj.id)
    assert shown.visibility == "direct"
    assert await case.shown(obj.id) is None
    assert await case.shown(obj.id, Viewer(omar, local=True)) is None
    assert await case.shown(obj.id, Viewer(nadia, local=True)) is not None
    assert [n["owner_id"] for n in await case.rows(t.notifications)] in ([nadia], [])


async def a_reply(case: Case) -> None:
    """A comment in the thread of ours that it answers; not by another, not when closed, not under a members-only thread."""
    obj = object_of(case)
    author = first_id(case.doc["actor"])
    await case.actor(author)
    assert obj.in_reply_to is not None
    verdict = await case.is_ignored()
    assert verdict == "not_for_us", "its thread cannot be found, and nobody here knows its author"
    groups = [u for u in (*obj.audience, *obj.to, *obj.cc) if u != PUBLIC and looks_like_group(u)]
    recorded = case.doc

    _, hidden = await case.thread("hidden", reads="members")
    into_hidden = {obj.in_reply_to: hidden, **dict.fromkeys(groups, f"{BASE}/groups/hidden")}
    case.doc = swap(recorded, into_hidden)
    assert await case.is_ignored() in ("not_for_us", "gated_group"), "he may not see it"
    await _approve(case, author, case.members["hidden"])
    assert await case.is_ignored() == "wider_than_thread", "a member may, and still not tell everybody"

    thread, uri = await case.thread("sleep")
    case.doc = swap(recorded, {obj.in_reply_to: uri, **dict.fromkeys(groups, f"{BASE}/groups/sleep")})
    obj = object_of(case)
    assert await case.changes_nothing(case.by_mallory()) in ("not_owner", "object_on_other_origin")
    await _lock(case, thread, True)
    assert await case.is_refused_aloud() == "locked"
    await _lock(case, thread, False)
    assert await case.tell() == "stored"
    await is_as_stated(case, obj, author)
    assert (await case.seen(uri)).replies_count == 1
    shown = await case.seen(obj.id)
    assert shown.group is not None
    assert shown.group.id == case.members["sleep"]


async def _approve(case: Case, author: str, group: int) -> None:
    """Staff let the author of another server into a members-only group."""
    actor = await case.actor(author)

    def open_to_host(facts: Any) -> Decision:
        peers = frozenset({facts.actors[actor].host})
        return Decision((ChangeGroup(replace(facts.group(group), peers=peers), facts.now),))

    await case.world.make.must(Needs(actor_ids=frozenset({group, actor})), open_to_host, 0)
    await case.world.make.join(actor, group)
    assert isinstance(await case.world.make.answer(group, actor), Decision)


async def _lock(case: Case, post_id: int, on: bool) -> None:
    def decide(facts: Any) -> Decision:
        return Decision((SetFlag(facts.posts[post_id], "locked", on),))

    await case.world.make.must(Needs(post_ids=frozenset({post_id})), decide, 0)


async def a_client_shape(case: Case) -> None:
    """What only a client sends to its own server is refused at the door of another."""
    before = await case.state()
    assert await case.send(case.doc, case.peer("https://peer.example/users/alice")) == (400, "id_missing")
    assert await case.state() == before


# --- Update and Delete -----------------------------------------------------------------------------------------------


async def an_edit(case: Case) -> None:
    """The author's new text, the old one kept; from anybody else nothing."""
    obj = object_of(case)
    author = obj.attributed_to[0].id
    await case.post(obj.in_reply_to or "")
    await case.post(obj.id, author, inReplyTo=obj.in_reply_to)
    assert await case.changes_nothing(case.by_mallory()) in ("not_owner", "object_on_other_origin")
    eve = case.peer(f"{author}-eve")
    assert await case.changes_nothing({**case.doc, "actor": eve, "id": f"{eve}/1"}) == "not_owner"
    assert await case.tell() == "edited"
    shown = await case.seen(obj.id)
    assert "as it was" not in shown.text().content
    assert shown.edited is not None
    texts = [row for row in await case.rows(t.texts) if row["object_id"] == shown.id]
    assert sorted({row["revision"] for row in texts}) == [0, 1]
    assert any("as it was" in row["content"] for row in texts)


async def a_profile_update(case: Case) -> None:
    """The actor's own server is asked; nothing is taken from the request, and strangers cause nothing."""
    speaker, profile = first_id(case.doc["actor"]), case.doc["object"]
    if "kbin.test/id/" in profile["id"]:  # a scrubbed id that must be the group's own
        profile["id"] = profile["followers"].removesuffix("/followers")
    uri = profile["id"]
    if uri != speaker:
        assert await case.changes_nothing() == "unknown_actor"
    listed = {"id": f"{uri}/moderators", "type": "OrderedCollection", "orderedItems": [speaker]}
    more = {"attributedTo": case.serve(listed)} if profile["type"] == "Group" else {}
    await case.actor(uri, profile["type"], preferredUsername=profile["preferredUsername"], **more)
    before = await case.actor_row(uri)
    assert await case.changes_nothing(case.by_mallory()) == "not_owner"
    assert await case.actor_row(uri) == before
    case.world.served.documents[uri]["name"] = "As its own server says"
    assert await case.tell() == "actor_updated"
    after = await case.actor_row(uri)
    assert after is not None
    assert after["name"] == "As its own server says", "not what the activity claims"
    assert profile["name"] != after["name"]


async def a_deletion(case: Case) -> None:
    """Known: taken back. Unknown: remembered, so that a late Create is dropped. A stranger's: nothing."""
    activity = activity_of(case)
    uri, author = activity.object_id or "", activity.actor
    await case.followed(author)
    assert await case.changes_nothing(case.by_mallory()) in ("not_owner", "unknown_object")
    assert await case.tell() == "remembered"
    assert [(r["uri"], r["owner_uri"]) for r in await case.rows(t.tombstones)] == [(uri, author)]
    note = {"id": uri, "type": "Note", "attributedTo": author, "content": "late", "to": [PUBLIC]}
    late = {"id": f"{author}#late", "type": "Create", "actor": author, "to": [PUBLIC], "object": note}
    assert await case.is_ignored(late) == "gone"
    known = f"{uri}-known"
    await case.post(known, author)
    case.doc = {**swap(case.doc, {uri: known}), "id": f"{activity.id}-known"}
    await case.seen(known)
    assert await case.changes_nothing(case.by_mallory()) in ("not_owner", "not_the_author")
    assert await case.tell() == "deleted"
    assert await case.shown(known) is None
    texts = [row["content"] for row in await case.rows(t.texts)]
    assert not any("as it was" in text for text in texts), "the words are gone, not hidden"


async def an_account_deletion(case: Case) -> None:
    """Unknown: 202 without asking anybody. Known: the account and all it wrote go."""
    author = activity_of(case).actor
    before = await case.state()
    assert await case.world.post(case.doc, author, signed=False) == (202, {})
    assert case.world.served.asked == []
    assert await case.state() == before
    await case.followed(author)
    note = f"{author}/notes/1"
    await case.post(note, author)
    assert (await case.world.post(case.doc, author, key="mallory"))[0] == 401
    await case.seen(note)
    assert await case.tell() == "actor_deleted"
    assert await case.shown(note) is None
    row = await case.actor_row(author)
    assert row is not None
    assert row["state"] == "deleted"
    assert not any("as it was" in r["content"] for r in await case.rows(t.texts))
    await _a_deletion_whose_key_is_gone(case, author)


async def _a_deletion_whose_key_is_gone(case: Case, author: str) -> None:
    """Nobody can check the signature any more, but the account's own server answers 410."""
    other = f"{author}-2"
    await case.actor(other)
    note = f"{other}/notes/1"
    await case.post(note, other)
    payload = swap(case.doc, {author: other})
    for answer, status in ((404, 401), (500, 401), (410, 202)):
        case.world.served.documents[other] = answer
        case.world.make.clock.forward(600)
        assert (await case.world.post(payload, other, key="mallory"))[0] == status
        await case.world.inbox.run_until_idle()
        assert (await case.shown(note) is None) == (status == 202)
    assert (await case.world.post({**payload, "actor": NADIA, "object": NADIA}, NADIA, signed=False))[
        0
    ] != 202


RULES = (
    Rule("accept if it addresses a local group/member or actor is followed → new thread/post", a_new_post),
    Rule("accept if it addresses a local group/member or actor is followed → new message", a_new_letter),
    Rule("accept if author=actor and parent known/resolvable", a_reply),
    Rule("client-to-server shape", a_client_shape),
    Rule("accept only if actor owns the object (or group moderator for Group) → edit", an_edit),
    Rule(
        "accept only if actor owns the object (or group moderator for Group) → refresh actor",
        a_profile_update,
    ),
    Rule("accept only from owner host → tombstone", a_deletion),
    Rule("accept if signature valid or actor now 410", an_account_deletion),
)
