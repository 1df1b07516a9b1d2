"""What recorded groups pass on: bare boosts, and activities of others wrapped in an Announce."""

from __future__ import annotations

import json
from typing import Any

from fedi_community.activitypub.wire import WireActivity, WireActor, WireObject
from fedi_community.domain.model import State, Viewer
from fedi_community.domain.origins import origin, same_origin
from fedi_community.storage import tables as t
from tests.federation.platforms import MALLORY, Case, Json, Rule, first_id, swap
from tests.federation.platforms_writing import activity_of
from tests.federation.world import PUBLIC

CANARY = "words that only the announcer says"


def inner_of(case: Case) -> WireActivity:
    found = activity_of(case).object
    assert isinstance(found, WireActivity)
    return found


def _own_words(document: Json) -> Json:
    """The embedded copy with another text than the object's own server has."""
    return {**document, "content": f"<p>{CANARY}</p>", "contentMap": None, "source": None, "name": None}


def _nowhere(rows: list[Any]) -> bool:
    return CANARY not in json.dumps(rows, default=repr)


_INNER = "accept if actor is a known Group and inner "


# --- bare boosts -----------------------------------------------------------------------------------------------------


async def a_boost(case: Case) -> None:
    """Nobody follows the announcer: nothing is fetched or stored. Else a boost of what the object's own server says."""
    activity = activity_of(case)
    uri, announcer = activity.object_id or "", activity.actor
    author = f"{origin(uri)}/users/somebody"
    embedded = case.doc["object"]
    if isinstance(embedded, dict):
        author = first_id(embedded["attributedTo"])
        case.doc["object"] = _own_words(embedded)
    document = {
        "id": uri, "type": "Note", "attributedTo": author, "to": [PUBLIC], "content": "<p>from its own server</p>",
    }  # fmt: skip
    await case.actor(announcer)
    assert await case.is_ignored() == "unknown_object"
    assert uri not in case.world.served.asked
    await case.followed(announcer)
    assert await case.is_ignored({**case.doc, "id": activity.id + "-early"}) == "unknown_object"
    assert uri in case.world.served.asked, "it is asked for, and is not there"
    case.peer(author, "Person")
    case.serve(document)
    assert await case.tell() == "boosted"
    assert await case.tell() == "duplicate"
    assert await case.is_ignored(case.by_mallory()) == "not_for_us", "nobody here follows him"
    shown = await case.seen(uri)
    assert "own server" in shown.text().content
    assert _nowhere(await case.rows(t.texts))
    boost = await case.stored(activity.id)
    assert (boost.author.uri, boost.boost.uri if boost.boost else None) == (announcer, uri)
    public = PUBLIC in (*activity.to, *activity.cc)
    assert (await case.shown(activity.id) is not None) == public, "a boost is no wider than its own audience"
    assert shown.boosts_count == int(public)


async def a_boost_for_followers(case: Case) -> None:
    """A house rule: what not everybody may read is not boosted; the post itself reaches who may read it."""
    activity = activity_of(case)
    uri, author = activity.object_id or "", activity.actor
    await case.followed(author)
    nadia = await case.member()
    case.serve({**case.doc["object"], "@context": "https://www.w3.org/ns/activitystreams"})
    assert await case.tell() == "not_found"
    assert await case.object_row(activity.id) is None
    assert await case.shown(uri) is None
    seen = await case.shown(uri, Viewer(nadia, local=True))
    assert seen is not None
    assert (seen.visibility, seen.boosts_count) == ("private", 0)


# --- wrapped activities ----------------------------------------------------------------------------------------------


async def _group(case: Case, *moderators: str) -> str:
    """The announcing group, known and followed by somebody here, and these moderators of it."""
    group = activity_of(case).actor
    listed = {"id": f"{group}/moderators", "type": "OrderedCollection", "orderedItems": list(moderators)}
    case.peer(group, "Group", attributedTo=case.serve(listed))
    await case.followed(group)
    return group


async def _not_from_a_person(case: Case) -> None:
    """The same words passed on by somebody who is no group, and by a group elsewhere that nobody here knows."""
    person = case.peer(MALLORY, "Person")
    wrapped = {**case.doc, "actor": person, "id": "https://evil.example/announces/1"}
    assert await case.changes_nothing(wrapped) == "announced_by_no_group"


async def _not_by_another_group(case: Case, *allowed: str) -> None:
    """Nor does a foreign group's word count for what it cannot know."""
    other = case.peer("https://other.example/c/thieves", "Group")
    wrapped = {**case.doc, "actor": other, "id": "https://other.example/announces/1"}
    assert await case.changes_nothing(wrapped) in ("unconfirmed", *allowed)


async def a_relayed_post(case: Case) -> None:
    """A thread or comment in the group; from a person or another server's group nothing."""
    inner = inner_of(case)
    obj = inner.object
    assert isinstance(obj, WireObject)
    await case.actor(inner.actor)
    await _not_from_a_person(case)
    await _not_by_another_group(case)
    group = await _group(case)
    if obj.in_reply_to:
        await case.in_group(obj.in_reply_to, group)
    assert await case.tell() == "stored"
    assert await case.tell() in ("duplicate", "known")
    shown = await case.seen(obj.id)
    assert shown.author.uri == inner.actor
    assert shown.group is not None
    assert shown.group.uri == group
    assert (shown.reply_to is None) == (obj.in_reply_to is None)
    if obj.name:
        assert shown.title == obj.name


async def a_relayed_change(case: Case) -> None:
    """A known post: its new text. A profile: its own server is asked."""
    inner = inner_of(case)
    await case.actor(inner.actor)
    await _not_from_a_person(case)
    if isinstance(inner.object, WireActor):
        case.doc["object"]["object"]["id"] = activity_of(case).actor  # scrubbed: the group's own
        group = await _group(case, inner.actor)
        case.world.served.documents[group]["name"] = "As its own server says"
        assert await case.tell() == "actor_updated"
        row = await case.actor_row(group)
        assert row is not None
        assert row["name"] == "As its own server says"
        return
    uri = inner.object_id or ""
    await _not_by_another_group(case)
    group = await _group(case)
    await case.in_group(uri, group, inner.actor)
    del case.world.served.documents[uri]
    await _not_by_another_group(case, "status_404")
    assert await case.tell() == "edited"
    shown = await case.seen(uri)
    assert "as it was" not in shown.text().content
    assert shown.group is not None


async def a_relayed_deletion(case: Case) -> None:
    """The author takes it back; a moderator removes it; an account goes with all it wrote."""
    inner = inner_of(case)
    group = await _group(case, f"{origin(inner.actor)}/u/owner")
    await case.actor(inner.actor)
    await _not_from_a_person(case)
    if "delete_user" in case.name:
        case.doc["object"]["object"] = inner.actor  # scrubbed: the account's own id
        note = f"{inner.actor}/notes/1"
        await case.in_group(note, group, inner.actor)
        await _not_by_another_group(case)
        assert await case.tell() == "actor_deleted"
        assert await case.shown(note) is None
        return
    uri = inner.object_id or ""
    by_moderator = inner.summary is not None
    author = f"{origin(uri)}/u/writer" if by_moderator else inner.actor
    await case.in_group(uri, group, author)
    await _not_by_another_group(case)
    await case.seen(uri)
    assert await case.tell() == ("removed" if by_moderator else "deleted")
    assert await case.shown(uri) is None
    row = await case.object_row(uri)
    assert row is not None
    assert row["state"] == (State.REMOVED if by_moderator else State.DELETED)


async def a_relayed_vote(case: Case) -> None:
    """Counted on the group's own thread, once; another group's word about it counts for nothing."""
    inner = inner_of(case)
    uri = inner.object_id or ""
    await case.actor(inner.actor)
    await _not_from_a_person(case)
    group = await _group(case)
    document = case.doc["object"]["object"]
    case.doc["object"]["object"] = _own_words(document) if isinstance(document, dict) else document
    assert await case.changes_nothing() in ("unknown_object", "unconfirmed")
    await case.in_group(uri, group)
    await _not_by_another_group(case)
    assert await case.tell() == "reacted"
    assert await case.tell() in ("duplicate", "known")
    assert (await case.seen(uri)).likes_count == 1
    assert _nowhere(await case.rows(t.texts))
    assert not same_origin(inner.actor, group)


async def a_relayed_ban(case: Case) -> None:
    """The group blocks the person; a foreign group may not."""
    inner = inner_of(case)
    person = inner.object_id or ""
    group = await _group(case, inner.actor)
    await case.actor(inner.actor)
    await case.actor(person)
    await _not_from_a_person(case)
    await _not_by_another_group(case)
    assert await case.tell() == "blocked"
    ids = [(await case.actor(uri)) for uri in (group, person)]
    assert [[b["actor_id"], b["target_id"]] for b in await case.rows(t.blocks)] == [ids]


async def a_relayed_addition(case: Case) -> None:
    """A pinned thread of the group; new moderators as its own server lists them."""
    inner = inner_of(case)
    uri = inner.object_id or ""
    group = await _group(case, inner.actor)
    await case.actor(inner.actor)
    await _not_from_a_person(case)
    await _not_by_another_group(case)
    if inner.target_id == f"{group}/moderators":
        await new_moderators(case, group, inner.actor, uri)
        return
    assert await case.is_ignored({**case.doc, "id": case.doc["id"] + "-early"}) == "unknown_object"
    post = await case.in_group(uri, group)
    assert await case.tell() == "added"
    assert [row["object_id"] for row in await case.rows(t.pins)] == [post]


async def new_moderators(case: Case, group: str, before: str, after: str) -> None:
    row = await case.actor_row(group)
    assert row is not None
    assert json.loads(row["moderators"]) == [before]
    assert await case.tell() == "actor_updated"
    row = await case.actor_row(group)
    assert row is not None
    assert json.loads(row["moderators"]) == [before], "its own server has the last word"
    listed = case.world.served.documents[f"{group}/moderators"]
    listed["orderedItems"].append(after)
    assert await case.tell({**case.doc, "id": case.doc["id"] + "-2"}) == "actor_updated"
    row = await case.actor_row(group)
    assert row is not None
    assert json.loads(row["moderators"]) == [before, after]


async def a_feed_of_groups(case: Case) -> None:
    """PieFed's feeds are no actors here: their signature cannot be checked. From a group: acknowledged, no state."""
    feed = activity_of(case).actor
    case.peer(feed, "Feed")
    before = await case.state()
    assert (await case.send(case.doc))[0] == 401
    assert await case.state() == before
    assert await case.actor_row(feed) is None
    del case.world.served.documents[feed]
    group = f"{origin(feed)}/c/other"
    case.doc = swap(case.doc, {feed: group})
    case.peer(group, "Group")
    await case.followed(group)
    assert await case.is_ignored() == "unknown_target"


RULES = (
    Rule("accept → boost/group listing of object", a_boost),
    Rule("do not trust embedded copy", a_boost),
    Rule(_INNER + "Create", a_relayed_post),
    Rule(_INNER + "Update", a_relayed_change),
    Rule(_INNER + "Delete", a_relayed_deletion),
    Rule(_INNER + "Like", a_relayed_vote),
    Rule(_INNER + "Block", a_relayed_ban),
    Rule(_INNER + "Add", a_relayed_addition),
)
