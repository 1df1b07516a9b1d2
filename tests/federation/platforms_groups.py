"""What recorded groups pass on (bare and wrapped Announce), and what those who run them do."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from fedi_community.activitypub.wire import WireActivity, WireActor, WireObject
from fedi_community.domain.model import State, Viewer
from fedi_community.domain.origins import origin, same_origin
from fedi_community.storage import tables as t
from tests.federation.platforms import MALLORY, Case, Json, Rule, first_id, looks_like_group, swap
from tests.federation.platforms_activities import NADIA, activity_of, nobody_may_reply_there
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


# --- bare boosts ------------------------------------------------------------------------------------------------------


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


# --- wrapped activities -----------------------------------------------------------------------------------------------


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
        await _new_moderators(case, group, inner.actor, uri)
        return
    assert await case.is_ignored({**case.doc, "id": case.doc["id"] + "-early"}) == "unknown_object"
    post = await case.in_group(uri, group)
    assert await case.tell() == "added"
    assert [row["object_id"] for row in await case.rows(t.pins)] == [post]


async def _new_moderators(case: Case, group: str, before: str, after: str) -> None:
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


# --- moderation -------------------------------------------------------------------------------------------------------


async def an_addition(case: Case) -> None:
    """To a collection of a group by those who run it; to any other collection: ignored."""
    activity = activity_of(case)
    target, uri = activity.target_id or "", activity.object_id or ""
    group = target.rsplit("/", 1)[0]
    if not looks_like_group(group):
        await case.actor(group)
        await case.is_ignored()
        await case.followed(group)
        assert await case.is_ignored({**case.doc, "id": case.doc["id"] + "-2"}) == "unknown_target"
        return
    assert await case.is_ignored() == "unknown_target"
    listed = {"id": f"{group}/moderators", "type": "OrderedCollection", "orderedItems": [activity.actor]}
    await case.actor(group, "Group", attributedTo=case.serve(listed))
    assert await case.changes_nothing(case.by_mallory()) == "not_a_moderator"
    if target.endswith("/moderators"):
        await _new_moderators(case, group, activity.actor, uri)
        return
    post = await case.in_group(uri, group)
    pin = {**case.doc, "type": "Add", "id": case.doc["id"] + "-add"}
    assert await case.tell(pin) == "added"
    assert [row["object_id"] for row in await case.rows(t.pins)] == [post]
    assert await case.changes_nothing(case.by_mallory()) == "not_a_moderator"
    assert await case.tell() == "removed"
    assert await case.rows(t.pins) == []


async def a_removal(case: Case) -> None:
    """Out of the group by its moderators: hidden, its author keeps it; by a stranger nothing."""
    activity = activity_of(case)
    uri = activity.object_id or ""
    group = next(u for u in (*activity.cc, *activity.to) if looks_like_group(u))
    thread = f"{origin(uri)}/post/of-the-group"
    listed = {"id": f"{group}/moderators", "type": "OrderedCollection", "orderedItems": [activity.actor]}
    await case.actor(group, "Group", attributedTo=case.serve(listed))
    await case.in_group(thread, group)
    await case.post(uri, inReplyTo=thread)
    assert await case.changes_nothing(case.by_mallory()) == "not_the_author"
    assert await case.tell() == "removed"
    assert await case.shown(uri) is None
    row = await case.object_row(uri)
    assert row is not None
    assert row["state"] == State.REMOVED
    assert any("as it was" in r["content"] for r in await case.rows(t.texts))
    undo = {"id": activity.id + "-undo", "type": "Undo", "actor": activity.actor, "object": case.doc}
    assert await case.tell(undo) == "restored"
    await case.seen(uri)


async def an_undone_removal(case: Case) -> None:
    """A moderator's removal is reverted. What its author took back stays gone: its words were erased."""
    activity = activity_of(case)
    inner = case.doc["object"]
    uri = first_id(inner["object"])
    assert await case.tell() == "remembered"
    assert await case.rows(t.objects) == []
    second = {**case.doc, "id": activity.id + "-2", "object": {**inner, "id": inner["id"] + "-2"}}
    group = next((u for u in activity.cc if looks_like_group(u)), None)
    if group is not None:
        listed = {"id": f"{group}/moderators", "type": "OrderedCollection", "orderedItems": [activity.actor]}
        await case.actor(group, "Group", attributedTo=case.serve(listed))
        await case.in_group(uri, group, f"{origin(uri)}/u/writer")
        removal = {**second["object"], "summary": "against the rules"}
        assert await case.tell(removal) == "removed"
        assert await case.shown(uri) is None
        forged = {**case.by_mallory(), "object": removal}
        assert await case.changes_nothing(forged) == "not_own_activity"
        assert await case.tell({**second, "object": removal}) == "restored"
        await case.seen(uri)
    own = uri + "-own"
    await case.post(own, activity.actor)
    delete = {**swap(inner, {uri: own}), "id": inner["id"] + "-3"}
    assert await case.tell(delete) == "deleted"
    undo = {**swap(case.doc, {uri: own}), "id": activity.id + "-3", "object": delete}
    assert await case.tell(undo) in ("remembered", "nothing_to_undo")
    assert await case.shown(own) is None


async def a_lock(case: Case) -> None:
    """Closed by its author or who runs the group: no member answers there. By a stranger: nothing."""
    activity = activity_of(case)
    uri = activity.object_id or ""
    await case.actor(activity.actor)
    assert await case.is_ignored() == "unknown_object"
    group = next(u for u in (*activity.cc, *activity.to) if looks_like_group(u))
    by_moderator = "by_moderator" in case.name
    await case.in_group(uri, group, f"{origin(uri)}/u/writer" if by_moderator else activity.actor)
    assert await case.changes_nothing(case.by_mallory()) == "not_a_moderator"
    assert await case.tell() == "locked"
    assert (await case.seen(uri)).locked
    await nobody_may_reply_there(case, uri)


async def a_block(case: Case) -> None:
    """A ban by who runs the group; between two people a block that ends what they follow of each other."""
    activity = activity_of(case)
    person = activity.object_id or ""
    actor = await case.actor(activity.actor)
    assert await case.is_ignored() == "unknown_target"
    if activity.target_id is not None:
        group = await case.actor(activity.target_id, "Group")
        target = await case.actor(person)
        assert await case.changes_nothing(case.by_mallory()) == "not_a_moderator"
        assert await case.tell() == "blocked"
        assert [(b["actor_id"], b["target_id"]) for b in await case.rows(t.blocks)] == [(group, target)]
        undo = {"id": activity.id + "-undo", "type": "Undo", "actor": activity.actor, "object": case.doc}
        assert await case.changes_nothing({**case.by_mallory(undo)}) == "not_own_activity"
        assert await case.tell(undo) == "unblocked"
        assert await case.rows(t.blocks) == []
        return
    await case.followed(activity.actor)
    nadia = await case.member()
    case.doc = swap(case.doc, {person: NADIA})
    assert await case.tell() == "blocked"
    assert [(b["actor_id"], b["target_id"]) for b in await case.rows(t.blocks)] == [(actor, nadia)]
    assert [row["state"] for row in await case.rows(t.grants)] == [3]
    note = f"{activity.actor}/notes/1"
    await case.post(note, activity.actor)
    assert await case.shown(note, Viewer(nadia, local=True)) is None


async def a_report(case: Case) -> None:
    """About what is ours: filed for those who moderate, and passed on to nobody. About anything else: ignored."""
    activity = activity_of(case)
    await case.actor(activity.actor, "Application" if activity.actor.endswith("/actor") else None)
    assert await case.is_ignored() == "nothing_reported"
    thread, uri = await case.thread()
    posts = [u for u in activity.object_ids if "/users/" not in u]
    people = [u for u in activity.object_ids if "/users/" in u]
    case.doc = swap(case.doc, {**dict.fromkeys(posts[:1], uri), **dict.fromkeys(people, NADIA)})
    sent = await case.rows(t.fanout)
    assert await case.tell() == "reported"
    (report,) = await case.rows(t.reports)
    reporter = await case.actor(activity.actor)
    assert (report["reporter_id"], report["target_id"]) == (reporter, case.members["nadia"])
    assert json.loads(report["object_ids"]) == [thread]
    assert report["group_id"] == case.members["sleep"]
    words = case.doc.get("content") or case.doc.get("summary") or ""
    assert report["comment"] == words
    assert await case.rows(t.fanout) == sent, "a report is told to nobody"
    again = deepcopy(case.doc)
    await case.tell(again)
    assert len(await case.rows(t.reports)) == 1


_INNER = "accept if actor is a known Group and inner "
RULES = (
    Rule("accept → boost/group listing of object", a_boost),
    Rule("do not trust embedded copy", a_boost),
    Rule(_INNER + "Create", a_relayed_post),
    Rule(_INNER + "Update", a_relayed_change),
    Rule(_INNER + "Delete", a_relayed_deletion),
    Rule(_INNER + "Like", a_relayed_vote),
    Rule(_INNER + "Block", a_relayed_ban),
    Rule(_INNER + "Add", a_relayed_addition),
    Rule("accept only if actor controls target", an_addition),
    Rule("moderator removal", a_removal),
    Rule("accept only if Undo.actor = inner actor → revert Delete", an_undone_removal),
    Rule("accept from author or moderator of group", a_lock),
    Rule("accept if moderator/host of group (ban)", a_block),
    Rule("accept → report for moderators", a_report),
)
