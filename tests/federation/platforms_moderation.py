"""What those who run recorded groups do in them, and reports to them."""

from __future__ import annotations

import json
from copy import deepcopy

from fedi_community.domain.model import State, Viewer
from fedi_community.domain.origins import origin
from fedi_community.errors import Refusal
from fedi_community.storage import tables as t
from tests.federation.platforms import Case, Rule, first_id, looks_like_group, swap
from tests.federation.platforms_relays import new_moderators
from tests.federation.platforms_writing import NADIA, activity_of


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
        await new_moderators(case, group, activity.actor, uri)
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


async def nobody_may_reply_there(case: Case, uri: str) -> None:
    """A member's answer to a closed thread is refused."""
    nadia = await case.member()
    row = await case.object_row(uri)
    assert row is not None
    refused = await case.world.make.compose(nadia, "one more thing", reply_to=row["id"])
    assert isinstance(refused, Refusal)
    assert refused.reason == "locked"


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
        if activity.ends_ms is not None and activity.ends_ms < case.world.make.clock.now:
            assert (
                await case.is_ignored() == "expired"
            )  # recorded long ago; as it was said, it had an end to come
            case.doc = {**case.doc, "endTime": "2036-01-01T00:00:00Z"}
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


RULES = (
    Rule("accept only if actor controls target", an_addition),
    Rule("moderator removal", a_removal),
    Rule("accept only if Undo.actor = inner actor → revert Delete", an_undone_removal),
    Rule("accept from author or moderator of group", a_lock),
    Rule("accept if moderator/host of group (ban)", a_block),
    Rule("accept → report for moderators", a_report),
)
