"""What recorded actors and posts become when they are fetched."""

from __future__ import annotations

import json
import re

from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.incoming import KINDS
from fedi_community.activitypub.wire import WireActor, WireObject, parse_actor, parse_object
from fedi_community.domain.model import Kind, Viewer
from fedi_community.domain.origins import host_of, origin, same_origin
from fedi_community.storage import tables as t
from tests.federation.platforms import Case, Rule, looks_like_group, swap
from tests.federation.world import BASE, PUBLIC

ELSEWHERE = "https://copies.example/uploads/1"
TITLED = {"Article", "Page", "Video", "Event", "Audio"}
_POSTS = ("Note", "Article", "Page", "Video", "Event", "Question", "Audio")

# --- actors ----------------------------------------------------------------------------------------------------------


async def an_actor(case: Case) -> None:
    """Known with the type, inbox, keys and switches that its own document states; a copy elsewhere counts for nothing."""
    wire = parse_actor(case.doc)
    assert isinstance(wire, WireActor)
    case.serve(case.doc, ELSEWHERE)
    assert isinstance(await case.world.peers.learn_actor(ELSEWHERE), Failed)
    assert await case.actor_row(wire.id) is None
    case.serve(case.doc)
    moderator = f"{origin(wire.id)}/users/moderator"
    if wire.moderators:
        listed = {"id": wire.moderators, "type": "OrderedCollection", "orderedItems": [moderator]}
        case.serve(listed)
    learned = await case.world.peers.learn_actor(wire.id)
    assert isinstance(learned, int), learned
    row = await case.actor_row(wire.id)
    assert row is not None
    assert (row["type"], row["inbox"]) == (case.stated, case.doc["inbox"])
    assert bool(row["locked"]) == bool(case.doc.get("manuallyApprovesFollowers", False))
    assert row["handle"] == (case.doc.get("preferredUsername") or host_of(wire.id))
    await _keys_are_as_listed(case, learned)
    if "no sharedInbox" in case.outcome or "endpoints is a string" in case.outcome:
        assert row["shared_inbox"] is None
    else:
        assert row["shared_inbox"] == case.doc["endpoints"]["sharedInbox"]
    if "locked" in case.outcome:
        assert row["locked"]
    if "attributedTo = moderators" in case.outcome:
        people = json.loads(row["moderators"])
        assert people == ([moderator] if wire.moderators else list(wire.moderator_ids))
        assert people


async def _keys_are_as_listed(case: Case, actor: int) -> None:
    given = case.doc.get("publicKey") or []
    given = given if isinstance(given, list) else [given]
    # Nobody hands out another's key; one that names no owner is his under whose address it is.
    listed = {k["id"] for k in given if k.get("owner", k["id"].partition("#")[0]) == case.doc["id"]}
    listed |= {k["id"] for k in case.doc.get("assertionMethod", []) if k.get("type") == "Multikey"}
    held = {row["uri"] for row in await case.rows(t.keys) if row["actor_id"] == actor}
    assert held == listed
    if "key id without fragment" in case.outcome:
        assert any("#" not in key for key in held)
    if "Multikey" in case.outcome:
        assert [r["kind"] for r in await case.rows(t.keys)] == ["ed25519"]


async def an_actor_with_odd_members(case: Case) -> None:
    """Known all the same; what has the wrong shape counts as absent."""
    case.serve(case.doc)
    assert isinstance(await case.world.peers.learn_actor(case.doc["id"]), int)
    row = await case.actor_row(case.doc["id"])
    assert row is not None
    if "alsoKnownAs" in case.outcome:
        assert case.doc["alsoKnownAs"]
        assert row["also_known_as"] == "[]"
    else:
        assert case.doc["attachment"]
        assert row["fields"] == "[]"


async def no_actor(case: Case) -> None:
    """Nothing is known of it afterwards."""
    case.serve(case.doc)
    assert isinstance(await case.world.peers.learn_actor(case.doc["id"]), Failed)
    await case.nothing_learned(case.doc["id"])


async def an_impostor(case: Case) -> None:
    """Neither the actor nor the other host's key is kept, and what is signed with that key is refused."""
    await no_actor(case)
    key = case.doc["publicKey"]["id"]
    assert not same_origin(key, case.doc["id"])
    follow = {"id": f"{case.doc['id']}#1", "type": "Follow", "actor": case.doc["id"], "object": BASE}
    status, _ = await case.world.post(follow, case.doc["id"], key_id=key)
    assert status == 401
    assert await case.rows(t.keys) == []


# --- posts -----------------------------------------------------------------------------------------------------------


async def surroundings(case: Case, obj: WireObject) -> str:
    """Serve the post with its authors, group, parent and quoted post; its author's id."""
    for who in obj.attributed_to:
        await case.actor(who.id, who.kind)
    for uri in (*obj.audience, *obj.to, *obj.cc):
        if uri != PUBLIC and (looks_like_group(uri) or uri in obj.audience):
            await case.actor(uri, "Group")
    if obj.in_reply_to:
        group = next((u for u in (*obj.audience, *obj.to, *obj.cc) if looks_like_group(u)), None)
        if group is not None:
            await case.in_group(obj.in_reply_to, group)
        else:
            await case.post(obj.in_reply_to)
    if obj.quote and obj.quote != obj.id:
        await case.post(obj.quote)
    return next(a.id for a in obj.attributed_to if a.kind != "Group")


async def a_post(case: Case) -> None:
    """Stored as what it is, for whom it says; the same bytes at another address are refused."""
    obj = parse_object(case.doc)
    assert isinstance(obj, WireObject)
    author = await surroundings(case, obj)
    case.serve(case.doc, ELSEWHERE)
    await case.refused_post(ELSEWHERE, "id_on_other_origin")
    case.serve(case.doc)
    found = await case.world.peers.learn_post(obj.id)
    assert isinstance(found, int), found
    assert await case.world.peers.learn_post(obj.id) == found
    assert obj.url not in case.world.served.asked or obj.url == obj.id
    await is_as_stated(case, obj, author)


async def is_as_stated(case: Case, obj: WireObject, author: str) -> None:
    """The stored post says what the payload says, and is shown to those it names and to nobody else."""
    shown = await case.stored(obj.id)
    assert shown.author.uri == author
    assert shown.kind is KINDS[obj.kind]
    assert not re.search(r"<script|javascript:|onerror", repr(shown.texts), re.IGNORECASE)
    if obj.content:
        assert shown.text().content
    wanted = re.search(r"visibility (public|unlisted|direct|no audience)", case.outcome)
    if wanted is not None:
        label = {"no audience": "direct"}.get(wanted[1], wanted[1])
        assert shown.visibility == label
        assert (await case.shown(obj.id) is not None) == (label in ("public", "unlisted"))
    if "has name (title)" in case.outcome:
        assert shown.title
        assert shown.title == obj.name
    if "thread candidate" in case.outcome:
        assert shown.reply_to is None
        assert shown.root_id == shown.id
        assert shown.title or obj.kind not in TITLED
    if re.search(r"reply \(resolve|comment under", case.outcome):
        row = await case.object_row(obj.in_reply_to or "")
        assert row is not None
        assert (shown.reply_to, shown.root_id, shown.depth) == (row["id"], row["id"], 1)
        assert (shown.group.id if shown.group else None) == row["group_id"]
    elif any(u != PUBLIC for u in obj.audience):
        assert shown.group is not None
        assert shown.group.uri in obj.audience
    await _extras_are_kept(case, obj)


async def _extras_are_kept(case: Case, obj: WireObject) -> None:
    shown = await case.stored(obj.id)
    if re.search(r"; quote\b|note: quote\b", case.outcome):
        assert (shown.quote.uri if shown.quote else None) == (obj.quote if obj.quote != obj.id else None)
    if obj.kind == "Event":
        assert shown.extra["event"]["start"]
        assert shown.url
    if "place" in case.outcome:
        assert shown.extra["event"]["place"]
    if obj.kind == "Video":
        assert shown.url
        assert not shown.url.endswith((".mp4", ".m3u8"))
        groups = [a.id for a in obj.attributed_to if a.kind == "Group"]
        assert [shown.group.uri if shown.group else None] == groups
    if obj.kind == "Audio":
        assert shown.kind is Kind.PAGE
        assert shown.url
    if obj.kind == "Question":
        assert shown.poll is not None
        assert len(shown.poll.options) == len(case.doc.get("oneOf") or case.doc.get("anyOf"))


async def a_recursive_quote(case: Case) -> None:
    """A post that quotes itself is stored, and quotes nothing."""
    case.outcome = "accept → post; visibility public"
    await a_post(case)
    assert (await case.seen(case.doc["id"])).quote is None


async def a_letter(case: Case) -> None:
    """A direct message: for its addressee here, and for nobody else."""
    nadia, omar = await case.member("nadia"), await case.member("omar")
    case.doc = swap(case.doc, {case.doc["to"][0]: f"{BASE}/users/nadia"})
    obj = parse_object(case.doc)
    assert isinstance(obj, WireObject)
    await surroundings(case, obj)
    case.serve(case.doc)
    assert isinstance(await case.world.peers.learn_post(obj.id), int)
    assert (await case.stored(obj.id)).visibility == "direct"
    assert await case.shown(obj.id, Viewer(nadia, local=True)) is not None
    assert await case.shown(obj.id, Viewer(omar, local=True)) is None
    assert await case.shown(obj.id) is None


async def a_fetched_spoof(case: Case) -> None:
    """The same bytes from an upload path, with another type, under another id, from another host: refused each time."""
    uri, author = case.doc["id"], case.doc["attributedTo"]
    upload = f"{origin(uri)}/media/spoof.json"
    other_id = f"{origin(uri)}/objects/another"
    await case.actor(author)
    for place in (upload, other_id, ELSEWHERE):
        case.serve(case.doc, place)
        await case.refused_post(place, "status_404", "id_on_other_origin")
        case.world.served.types[place] = "application/json"
        await case.refused_post(place, "wrong_type")
    case.serve(case.doc)
    case.world.served.types[uri] = "application/json"
    await case.refused_post(uri, "wrong_type")
    case.world.served.types.clear()
    await a_post(case)
    assert (await case.seen(uri)).warning == case.doc["summary"]


async def a_stolen_id(case: Case) -> None:
    """A document of one server under the id of another."""
    await case.actor(case.doc["attributedTo"])
    place = "https://info.pleroma.site/activity4.json"
    case.serve(case.doc, place)
    await case.refused_post(place, "id_on_other_origin")
    await case.nothing_learned(case.doc["id"])


async def an_author_elsewhere(case: Case) -> None:
    """Served at its own id, by an author on another host: nobody believes it."""
    await case.actor(case.doc["attributedTo"])
    case.serve(case.doc)
    await case.refused_post(case.doc["id"], "author_elsewhere")
    copied = {"id": f"{case.doc['attributedTo']}#1", "type": "Create", "actor": case.doc["attributedTo"]}
    await case.followed(case.doc["attributedTo"])
    assert await case.changes_nothing({**copied, "object": case.doc}) == "object_on_other_origin"


async def no_post(case: Case) -> None:
    """Fetched, wrapped in a Create or sent bare: an object of an unknown type is never a post, nor an actor."""
    uri = case.doc["id"]
    author = f"{origin(uri)}/users/owner"
    await case.followed(author)
    document = {**case.doc, "attributedTo": author}
    for served in (document, case.doc):
        case.serve(served)
        await case.refused_post(uri)
        assert isinstance(await case.world.peers.learn_actor(uri), Failed)
    wrapped = {
        "id": f"{author}#create",
        "type": "Create",
        "actor": author,
        "to": [PUBLIC],
        "object": document,
    }
    assert await case.is_ignored(wrapped) == "unknown_object_type"
    status, reason = await case.send(case.doc, author)
    assert (status, reason) == (400, "actor_missing")  # no activity: there is nobody whose word it could be
    await case.nothing_learned(uri)


RULES = (
    Rule("accept when fetched from its own id → upsert remote", an_actor),
    Rule("accept actor;", an_actor_with_odd_members),
    Rule("reject: actor has no inbox", no_actor),
    Rule("reject: actor document carries another host’s key id", an_impostor),
    Rule("ignore (unknown actor type)", no_post),
    Rule("accept when fetched from own id → reply (resolve inReplyTo); visibility direct", a_letter),
    Rule("accept when fetched from own id → reply (resolve inReplyTo); visibility public", a_post),
    Rule("accept when fetched from own id → reply (resolve inReplyTo); visibility unlisted", a_post),
    Rule("accept when fetched from own id → thread candidate", a_post, _POSTS),
    Rule("accept when fetched from own id → post;", a_post, _POSTS),
    Rule("accept when fetched from own id → poll", a_post, _POSTS),
    Rule("accept note; stop quote resolution", a_recursive_quote),
    Rule("accept as direct message to local member", a_letter),
    Rule("accept only when served at exactly its id", a_fetched_spoof),
    Rule("reject: id is on another host", a_stolen_id),
    Rule("reject: id host and attributedTo host differ", an_author_elsewhere),
    Rule("not a post: ignore", no_post),
    Rule("unknown type", no_post),
)
