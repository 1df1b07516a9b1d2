"""How recorded activities make people follow, react, and think better of it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from fedi_community.domain.effects import ChangeGroup, Decision
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Grant, followers_of
from fedi_community.storage import tables as t
from tests.federation.platforms import (
    MALLORY,
    Case,
    Json,
    Rule,
    first_id,
    swap,
)
from tests.federation.platforms_writing import NADIA, activity_of
from tests.federation.world import BASE, PUBLIC

# --- Follow, Accept, Reject, Move ------------------------------------------------------------------------------------


async def _answers(case: Case, follow: str) -> list[str]:
    return [r["type"] for r in await case.rows(t.activities) if r["inner_uri"] == follow]


async def a_follow(case: Case) -> None:
    """An open group or member: accepted, echoing the Follow. By approval: it waits. Nobody of ours: nothing."""
    activity = activity_of(case)
    target, asker = activity.object_id or "", activity.actor
    recorded = case.doc
    assert await case.is_ignored() == "unknown_target"
    actor = await case.actor(asker)
    wanted = (
        (await case.group("sleep"), f"{BASE}/groups/sleep", Grant.ACCEPTED, ["Accept"]),
        (await case.member("nadia"), NADIA, Grant.ACCEPTED, ["Accept"]),
        (await case.group("quiet", joins="approval"), f"{BASE}/groups/quiet", Grant.ASKED, []),
    )
    for number, (ours, uri, state, answers) in enumerate(wanted):
        case.doc = {**swap(recorded, {target: uri}), "id": f"{activity.id}{number or ''}"}
        forged = {**case.doc, "actor": MALLORY}
        assert await case.changes_nothing(forged) == "id_on_other_origin"
        assert await case.tell() == ("accepted" if answers else "asked")
        assert await case.grant(actor, followers_of(ours)) is state
        assert await _answers(case, case.doc["id"]) == answers
    quiet = case.members["quiet"]
    assert isinstance(await case.world.make.answer(quiet, actor, accept=False), Decision)
    assert await case.grant(actor, followers_of(quiet)) is Grant.REFUSED
    assert await _answers(case, case.doc["id"]) == ["Reject"]


async def an_acceptance(case: Case) -> None:
    """Only the one who was asked may say yes, and only to what was asked."""
    activity = activity_of(case)
    followed = activity.actor
    nadia = await case.member()
    actor = await case.actor(followed, "Application" if "relay." in followed else None)
    inner = case.doc["object"]
    if isinstance(inner, dict):
        inner["actor"] = NADIA
    assert await case.is_ignored() == "not_asked"
    await case.world.make.join(nadia, actor)
    grant = next(r for r in await case.rows(t.grants) if r["actor_id"] == nadia)
    assert grant["state"] == Grant.ASKED
    case.doc["object"] = {**inner, "id": grant["uri"]} if isinstance(inner, dict) else grant["uri"]
    assert await case.changes_nothing(case.by_mallory()) in ("not_followed_actor", "not_asked")
    assert await case.tell() == "answered"
    assert await case.grant(nadia, followers_of(actor)) is Grant.ACCEPTED


async def an_interaction_answer(case: Case) -> None:
    """Of no concern, even while a Follow of the same actor waits for its answer."""
    activity = activity_of(case)
    assert await case.is_ignored() in ("not_a_follow", "not_asked")
    nadia, actor = await case.member(), await case.actor(activity.actor)
    await case.world.make.join(nadia, actor)
    assert await case.is_ignored() in ("not_a_follow", "not_asked")
    assert await case.changes_nothing(case.by_mallory()) in ("not_a_follow", "not_asked")
    assert await case.grant(nadia, followers_of(actor)) is Grant.ASKED


async def a_move(case: Case) -> None:
    """Only when the new account names the old one; then who follows the old asks to follow the new."""
    activity = activity_of(case)
    old, new = activity.object_id or "", activity.target_id or ""
    nadia = await case.member()
    await case.followed(old)
    new_id = await case.actor(new)
    assert await case.is_ignored() == "no_back_link"
    assert await case.changes_nothing(case.by_mallory()) == "not_own_move"
    case.world.served.documents[new]["alsoKnownAs"] = [old]
    again = {**case.doc, "id": case.doc["id"] + "-again"}
    if activity.actor == new:
        assert await case.is_ignored(again) == "no_back_link", (
            "nobody takes another's followers by his word alone"
        )
        case.world.served.documents[old]["movedTo"] = new
        again["id"] += "-2"
    assert await case.tell(again) == "moved"
    row = await case.actor_row(old)
    assert row is not None
    assert row["moved_to"] == new_id
    assert await case.grant(nadia, followers_of(new_id)) is Grant.ASKED
    follows = [r for r in await case.rows(t.activities) if r["type"] == "Follow" and r["target_id"] == new_id]
    assert len(follows) == 1


# --- reactions -------------------------------------------------------------------------------------------------------


async def a_reaction(case: Case) -> None:
    """Unknown object: ignored. Known: counted, once, however often it comes."""
    activity = activity_of(case)
    uri = activity.object_id or ""
    await case.actor(activity.actor)
    assert await case.is_ignored() == "unknown_object"
    await case.post(uri)
    assert await case.tell() == "reacted"
    assert await case.tell() in ("duplicate", "known")
    assert await case.tell({**case.doc, "id": case.doc["id"] + "-again"}) == "known"
    shown = await case.seen(uri)
    assert (shown.likes_count, shown.dislikes_count) == (1, 0)
    (row,) = await case.rows(t.reactions)
    emoji = activity.content or ""
    assert (row["kind"], row["content"]) == ("react" if emoji not in ("", "❤") else "like", emoji)


async def a_downvote(case: Case) -> None:
    """Counted once; in a group without downvotes ignored."""
    activity = activity_of(case)
    uri = activity.object_id or ""
    await case.actor(activity.actor)
    await case.post(uri)
    assert await case.tell() == "reacted"
    assert await case.tell({**case.doc, "id": case.doc["id"] + "-again"}) == "known"
    shown = await case.seen(uri)
    assert (shown.likes_count, shown.dislikes_count) == (0, 1)
    _, ours = await case.thread()
    group = case.members["sleep"]

    def without(facts: Any) -> Decision:
        return Decision((ChangeGroup(replace(facts.group(group), downvotes=False), facts.now),))

    await case.world.make.must(Needs(actor_ids=frozenset({group})), without, 0)
    aimed = {**swap(case.doc, {uri: ours}), "id": case.doc["id"] + "-ours"}
    assert await case.is_ignored(aimed) == "downvotes_off"


async def a_long_reaction(case: Case) -> None:
    """More than one emoji is refused at the door."""
    await case.post(activity_of(case).object_id or "")
    before = await case.state()
    assert await case.send(case.doc) == (400, "reaction_not_one_emoji")
    assert await case.state() == before


# --- Undo ------------------------------------------------------------------------------------------------------------


async def an_unfollow(case: Case) -> None:
    """Ends what was held; before there was anything to end it is remembered, and the late Follow does nothing."""
    activity = activity_of(case)
    inner = deepcopy(case.doc["object"])
    target, ours = first_id(inner["object"]), await case.group()
    actor = await case.actor(activity.actor)
    assert await case.is_ignored() == "unknown_target"
    names = {target: f"{BASE}/groups/sleep"}
    case.doc, inner = swap(case.doc, names), swap(inner, names)
    assert await case.tell() == "remembered"
    assert await case.is_ignored(inner) == "undone"
    second = {**inner, "id": inner["id"] + "-2"}
    assert await case.tell(second) == "accepted"
    forged = {**case.by_mallory(), "object": second}
    assert await case.changes_nothing(forged) == "not_own_activity"
    assert await case.grant(actor, followers_of(ours)) is Grant.ACCEPTED
    undo = {**case.doc, "object": second, "id": case.doc["id"] + "-2"}
    assert await case.tell(undo) == "unfollowed"
    assert await case.grant(actor, followers_of(ours)) is Grant.ENDED


async def an_undone_vote(case: Case) -> None:
    """The count goes back; before the vote came it is remembered, and the late vote does not count."""
    activity = activity_of(case)
    inner = case.doc["object"]
    if isinstance(inner, str):  # by its id alone: what it was is known from when it came
        uri = "http://mastodon.example.org/notes/1"
        inner = {"id": inner, "type": "Like", "actor": activity.actor, "object": uri}
    uri = first_id(inner["object"])
    await case.actor(activity.actor)
    await case.post(uri)
    assert await case.tell() == "remembered"
    assert await case.is_ignored(inner) == "duplicate"
    second = {**inner, "id": inner["id"] + "-2"}
    assert await case.tell(second) == "reacted"
    assert (await case.seen(uri)).likes_count == 1
    undo = {**case.doc, "id": case.doc["id"] + "-2"}
    undo["object"] = second["id"] if isinstance(case.doc["object"], str) else second
    assert await case.changes_nothing({**case.by_mallory(), "object": undo["object"]}) == "not_own_activity"
    assert await case.tell(undo) == "unreacted"
    assert (await case.seen(uri)).likes_count == 0


async def an_undone_boost(case: Case) -> None:
    """The boost goes; before it came it is remembered, and the late boost is not shown."""
    activity = activity_of(case)
    inner: Json = {**case.doc["object"], "to": [PUBLIC]}
    uri = inner["object"]
    await case.followed(activity.actor)
    await case.post(uri)
    assert await case.tell() == "remembered"
    assert await case.is_ignored(inner) in ("duplicate", "gone")
    second = {**inner, "id": inner["id"] + "-2"}
    assert await case.tell(second) == "boosted"
    assert (await case.seen(uri)).boosts_count == 1
    undo = {**case.doc, "id": case.doc["id"] + "-2", "object": second}
    assert await case.changes_nothing({**case.by_mallory(), "object": second}) == "not_own_activity"
    assert await case.tell(undo) == "deleted"
    assert (await case.seen(uri)).boosts_count == 0
    assert await case.shown(second["id"]) is None


async def an_undone_block(case: Case) -> None:
    """The block goes; before it came it is remembered, and the late Block does nothing."""
    activity = activity_of(case)
    actor, nadia = await case.actor(activity.actor), await case.member()
    assert await case.is_ignored() == "unknown_target"
    names = {first_id(case.doc["object"]["object"]): NADIA}
    case.doc = swap(case.doc, names)
    inner = case.doc["object"]
    assert await case.tell() == "remembered"
    assert await case.is_ignored(inner) == "undone"
    second = {**inner, "id": inner["id"] + "-2"}
    assert await case.tell(second) == "blocked"
    assert [(b["actor_id"], b["target_id"]) for b in await case.rows(t.blocks)] == [(actor, nadia)]
    assert await case.changes_nothing({**case.by_mallory(), "object": second}) == "not_own_activity"
    assert await case.tell({**case.doc, "id": case.doc["id"] + "-2", "object": second}) == "unblocked"
    assert await case.rows(t.blocks) == []


# --- the rest --------------------------------------------------------------------------------------------------------


async def an_unsupported_verb(case: Case) -> None:
    """Acknowledged, counted, and nothing else; whoever it names."""
    await case.member()
    await case.group()
    assert await case.is_ignored() == "unknown_verb"
    target = activity_of(case).object_id
    if target is not None:
        aimed = {**swap(case.doc, {target: f"{BASE}/groups/sleep"}), "id": case.doc["id"] + "-ours"}
        assert await case.is_ignored(aimed) == "unknown_verb"


RULES = (
    Rule("accept → follow of local group/member", a_follow),
    Rule("accept only from the followed actor", an_acceptance),
    Rule("Accept of an interaction/quote request", an_interaction_answer),
    Rule("Reject of an interaction/quote request", an_interaction_answer),
    Rule("accept only if target.alsoKnownAs contains object", a_move),
    Rule("accept once per (actor, object) → vote", a_reaction),
    Rule("accept once per (actor, object) → downvote", a_downvote),
    Rule("reject: emoji content too long", a_long_reaction),
    Rule("accept only if Undo.actor = inner actor → revert Follow", an_unfollow),
    Rule("accept only if Undo.actor = inner actor → revert Like", an_undone_vote),
    Rule("accept only if Undo.actor = inner actor → revert activity", an_undone_vote),
    Rule("accept only if Undo.actor = inner actor → revert Announce", an_undone_boost),
    Rule("accept only if Undo.actor = inner actor → revert Block", an_undone_block),
    Rule("unsupported verb", an_unsupported_verb),
    Rule("optional → close matching report", an_unsupported_verb),
)
