"""What recorded activities of single people do: writing, changing, following, reacting, and taking any of it back."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from fedi_community.activitypub.wire import WireActivity, WireObject, parse_activity
from fedi_community.domain.effects import ChangeGroup, Decision, SetFlag
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Grant, Viewer, followers_of
from fedi_community.errors import Refusal
from fedi_community.storage import tables as t
from tests.federation.platforms import (
    MALLORY,
    Case,
    Json,
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


# --- Create -----------------------------------------------------------------------------------------------------------


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
    assert await case.is_ignored() == "locked"
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


# --- Update and Delete ------------------------------------------------------------------------------------------------


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


# --- Follow, Accept, Reject, Move -------------------------------------------------------------------------------------


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
    assert isinstance(await case.world.peers.learn_actor(new, force=True), int)
    again = {**case.doc, "id": case.doc["id"] + "-again"}
    assert await case.tell(again) == "moved"
    row = await case.actor_row(old)
    assert row is not None
    assert row["moved_to"] == new_id
    assert await case.grant(nadia, followers_of(new_id)) is Grant.ASKED
    follows = [r for r in await case.rows(t.activities) if r["type"] == "Follow" and r["target_id"] == new_id]
    assert len(follows) == 1


# --- reactions --------------------------------------------------------------------------------------------------------


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


# --- Undo -------------------------------------------------------------------------------------------------------------


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


# --- the rest ---------------------------------------------------------------------------------------------------------


async def an_unsupported_verb(case: Case) -> None:
    """Acknowledged, counted, and nothing else; whoever it names."""
    await case.member()
    await case.group()
    assert await case.is_ignored() == "unknown_verb"
    target = activity_of(case).object_id
    if target is not None:
        aimed = {**swap(case.doc, {target: f"{BASE}/groups/sleep"}), "id": case.doc["id"] + "-ours"}
        assert await case.is_ignored(aimed) == "unknown_verb"


async def nobody_may_reply_there(case: Case, uri: str) -> None:
    """A member's answer to a closed thread is refused."""
    nadia = await case.member()
    row = await case.object_row(uri)
    assert row is not None
    refused = await case.world.make.compose(nadia, "one more thing", reply_to=row["id"])
    assert isinstance(refused, Refusal)
    assert refused.reason == "locked"


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
