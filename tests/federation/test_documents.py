"""What leaves this server: every document parses back into the audience it was written for, and names nobody it need not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from fedi_community.activitypub.proofs import ProofInfo, parse_proof, verify_proof
from fedi_community.activitypub.render import AS2
from fedi_community.activitypub.signatures import load_multikey
from fedi_community.activitypub.wire import (
    PUBLIC,
    WireActivity,
    WireActor,
    WireCollection,
    WireObject,
    audience_label,
    parse,
    parse_activity,
    parse_actor,
    parse_object,
)
from fedi_community.documents import Documents
from fedi_community.domain import changes, posts, relations
from fedi_community.domain.effects import Decision, Pin, Record, SetGrant, SetProfile
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import STRANGER, Body, Grant, Kind, Text, Viewer, followers_of
from fedi_community.errors import Refusal
from fedi_community.keyring import Keyring, master_key
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from fedi_community.storage.documents import ActivityRow, activity_of
from tests.make import Make

BASE = "https://clinic.example"


@pytest.fixture
def keyring(make: Make, tmp_path: Path) -> Keyring:
    return Keyring(make.house, master_key(tmp_path / "keys"))


@pytest.fixture
def documents(make: Make, keyring: Keyring) -> Documents:
    return Documents(make.house, keyring)


async def recorded(make: Make, type_: str, **where: Any) -> ActivityRow:
    """The newest activity of a type."""
    query = t.activities.select().where(t.activities.c.type == type_).order_by(t.activities.c.id.desc())
    rows = [activity_of(r) for r in await make.house.db.read(lambda tx: tx.rows(Statement(query)))]
    return next(row for row in rows if all(getattr(row, name) == value for name, value in where.items()))


async def sent(documents: Documents, row: ActivityRow, mode: str = "content", target: int | None = None,
               host: str = "peer.example") -> dict[str, Any] | None:  # fmt: skip
    body = await documents.body(row.id, mode, target, host)
    return None if body is None else orjson.loads(body)


def wire(document: dict[str, Any] | None) -> WireActivity:
    found = parse_activity(document)
    assert isinstance(found, WireActivity), found
    return found


def carried(document: dict[str, Any] | None) -> WireObject:
    found = wire(document).object
    assert isinstance(found, WireObject), found
    return found


async def act(make: Make, *effects: Any) -> None:
    await make.must(Needs(), lambda facts: Decision(effects))


def verified(document: dict[str, Any], actor: dict[str, Any]) -> bool:
    """Whether the document's proof holds under the key that the actor lists."""
    info = parse_proof(document)
    assert isinstance(info, ProofInfo), info
    listed = actor["assertionMethod"][0]
    key = load_multikey(listed["publicKeyMultibase"])
    assert not isinstance(key, Refusal)
    assert info.verification_method == listed["id"]
    return verify_proof(info, key, 2**62) == listed["id"]


# --- actors ---------------------------------------------------------------------------------------------------------------


async def _actors(make: Make, documents: Documents) -> dict[str, dict[str, Any]]:
    nadia = await make.member("nadia")
    news = await make.member("newsroom", type="Service")
    group = await make.group("sleep", posts="mentors", language="es", summary="<p>Dormir</p>")
    instance = await documents.instance()
    found = {"Application": instance}
    for name, actor in (("Person", nadia), ("Service", news), ("Group", group)):
        document = await documents.actor(actor)
        assert document is not None
        found[name] = document
    return found


NEEDED = [  # (field, kinds of actor, who needs it)
    ("id", "Person Service Group Application", "everyone"),
    ("preferredUsername", "Person Service Group Application", "Mastodon, Lemmy"),
    ("inbox", "Person Service Group Application", "everyone"),
    ("outbox", "Person Service Group Application", "Lemmy"),
    ("publicKey", "Person Service Group Application", "everyone"),
    ("assertionMethod", "Person Service Group Application", "Mastodon 4.7, Mitra, Fedify"),
    ("endpoints", "Person Service Group Application", "shared inboxes"),
    ("generator", "Person Service Group Application", "FEP-844e"),
    ("webfinger", "Person Service Group Application", "FEP-2c59"),
    ("manuallyApprovesFollowers", "Person Service Group Application", "Lemmy: private communities"),
    ("published", "Person Service Group Application", "Lemmy"),
    ("url", "Person Service Group Application", "profiles"),
    ("followers", "Person Service Group", "Mastodon: followers-only posts"),
    ("following", "Person Service Group", "profiles"),
    ("featured", "Person Service Group", "Lemmy, Mastodon"),
    ("discoverable", "Person Service Group", "Mastodon, PieFed; Lemmy: unlisted"),
    ("indexable", "Person Service Group", "FEP-5feb"),
    ("attributedTo", "Group", "FEP-1b12: Lemmy, PieFed"),
    ("moderators", "Group", "Mbin"),
    ("postingRestrictedToMods", "Group", "Lemmy, PieFed, Mbin, NodeBB"),
    ("summary", "Group", "everyone"),
    ("language", "Group", "Lemmy"),
]


async def test_actor_documents_have_what_each_platform_needs(make: Make, documents: Documents) -> None:
    found = await _actors(make, documents)
    for field, kinds, who in NEEDED:
        for kind in kinds.split():
            assert field in found[kind], f"{kind} lacks {field}: needed by {who}"
    for kind, document in found.items():
        uri = document["id"]
        assert document["type"] == kind
        assert document["@context"][:2] == [AS2, "https://w3id.org/security/v1"]
        assert isinstance(document["@context"][2], dict)
        assert set(document["publicKey"]) == {"id", "owner", "publicKeyPem"}
        assert (document["publicKey"]["id"], document["publicKey"]["owner"]) == (f"{uri}#main-key", uri)
        assert document["publicKey"]["publicKeyPem"].startswith("-----BEGIN PUBLIC KEY-----")
        method = document["assertionMethod"][0]
        assert (method["type"], method["controller"]) == ("Multikey", uri)
        assert method["publicKeyMultibase"].startswith("z6Mk")
        assert document["endpoints"] == {"sharedInbox": f"{BASE}/inbox"}
        parsed = parse_actor(document)
        assert isinstance(parsed, WireActor), parsed
        assert len(parsed.keys) == 2
        assert "https://datatracker.ietf.org/doc/html/rfc9421" in parsed.implements
    group = found["Group"]
    assert group["attributedTo"] == group["moderators"] == f"{group['id']}/moderators"
    assert group["postingRestrictedToMods"] is True
    assert group["language"] == [{"identifier": "es", "name": "Español"}]
    assert (group["discoverable"], found["Person"]["discoverable"]) == (True, False)
    assert found["Person"]["webfinger"] == "nadia@clinic.example"
    assert found["Application"]["preferredUsername"] == "clinic.example"
    assert found["Application"]["inbox"] == f"{BASE}/inbox"


async def test_a_profile_that_says_more_is_told_whole(make: Make, documents: Documents) -> None:
    nadia, at = await make.member("nadia"), make.clock.now
    await act(
        make,
        SetProfile(
            nadia,
            {
                "summary": "<p>Hi</p>",
                "summary_source": "Hi",
                "locked": 1,
                "discoverable": 1,
                "icon": '{"url":"media/a.webp","mediaType":"image/webp","name":"me"}',
                "fields": '[{"name":"Pronouns","value":"she"}]',
                "also_known_as": '["https://old.example/users/nadia"]',
            },
            at,
        ),
    )
    document = await documents.actor(nadia)
    assert document is not None
    icon = {"type": "Image", "url": f"{BASE}/media/a.webp", "mediaType": "image/webp", "name": "me"}
    assert document["icon"] == icon
    assert document["source"] == {"content": "Hi", "mediaType": "text/markdown"}
    assert document["attachment"] == [{"type": "PropertyValue", "name": "Pronouns", "value": "she"}]
    assert document["alsoKnownAs"] == ["https://old.example/users/nadia"]
    assert document["manuallyApprovesFollowers"] is True
    assert document["updated"].endswith("Z")
    parsed = parse_actor(document)
    assert isinstance(parsed, WireActor)
    assert parsed.locked
    assert parsed.discoverable


@pytest.mark.parametrize(
    ("switches", "private"),
    [({}, False), ({"joins": "approval"}, False), ({"reads": "members", "posts": "members"}, True)],
)
async def test_only_a_group_that_not_everyone_reads_looks_private_to_lemmy(
    make: Make, documents: Documents, switches: dict[str, str], private: bool
) -> None:
    document = await documents.actor(await make.group("sleep", **switches))
    assert document is not None
    assert document["manuallyApprovesFollowers"] is private


async def test_a_hidden_group_has_a_document_for_its_members_alone(make: Make, documents: Documents) -> None:
    nadia, eve = await make.member("nadia"), await make.member("eve")
    group = await make.group("secret", finds="members", reads="members", joins="invite")
    await make.role(group, nadia, "staff")
    assert await documents.actor(group) is None
    assert await documents.actor(group, make.viewer(eve)) is None
    assert await documents.actor(group, make.viewer(nadia)) is not None
    assert await documents.moderators(STRANGER, group) is None
    assert await documents.outbox(STRANGER, group) is None
    assert await documents.followers(STRANGER, group) is None


# --- posts ----------------------------------------------------------------------------------------------------------------


async def test_a_public_group_post_is_addressed_to_the_group_and_everybody(
    make: Make, documents: Documents
) -> None:
    nadia = await make.member("nadia")
    ana = await make.remote("https://peer.example/users/ana")
    group = await make.group("sleep")
    await make.join(nadia, group)
    post = await make.post(nadia, "@sleep hello @ana@peer.example #Rest")
    document = await documents.post(STRANGER, post)
    assert document is not None
    uri = f"{BASE}/groups/sleep"
    assert (document["to"], document["cc"]) == ([uri, PUBLIC], ["https://peer.example/users/ana"])
    assert document["audience"] == uri
    assert document["context"] == f"{BASE}/threads/{post}/context"
    assert document["url"] == document["id"] == f"{BASE}/objects/{post}"
    assert {(tag["type"], tag.get("name")) for tag in document["tag"]} == {
        ("Mention", "@ana@peer.example"),
        ("Mention", "@sleep@clinic.example"),
        ("Hashtag", "#rest"),
    }
    reply = await make.post(nadia, "and a reply", reply_to=post)
    answer = await documents.post(STRANGER, reply)
    assert answer is not None
    assert answer["inReplyTo"] == document["id"]
    assert answer["context"] == document["context"]
    assert "tag" not in answer
    assert answer["cc"] == []
    again = await documents.post(STRANGER, post)
    assert again is not None
    assert again["replies"]["first"]["items"] == [answer["id"]]
    assert ana


@pytest.mark.parametrize(
    ("visibility", "label"), [("public", "public"), ("unlisted", "unlisted"), ("private", "followers"), ("direct", "direct")]
)  # fmt: skip
async def test_what_is_sent_parses_back_into_the_same_audience(
    make: Make, documents: Documents, visibility: str, label: str
) -> None:
    nadia = await make.member("nadia")
    ana = await make.remote("https://peer.example/users/ana")
    await make.join(ana, nadia, "https://peer.example/follows/1")
    post = await make.post(nadia, "hello @ana@peer.example", visibility)
    create = await sent(documents, await recorded(make, "Create", object_id=post), target=ana)
    found = carried(create)
    followers = f"{BASE}/users/nadia/followers"
    assert audience_label(found.to, found.cc, followers) == label
    assert wire(create).to == found.to
    assert wire(create).cc == found.cc
    assert create is not None
    restricted = label in ("followers", "direct")
    assert ("proof" in create) is not restricted
    assert (found.interaction_policy is not None) is restricted
    if restricted:
        policy = found.interaction_policy
        assert policy is not None
        assert policy.can_announce is not None
        assert policy.can_announce.automatic == (f"{BASE}/users/nadia",)
        assert "url" not in create["object"]


async def test_a_members_post_names_the_group_and_its_members_and_never_public(
    make: Make, documents: Documents
) -> None:
    nadia = await make.member("nadia")
    group = await make.group("caregivers", reads="members", posts="members")
    await make.join(nadia, group)
    ana = await make.remote("https://lemmy.example/u/ana")
    await act(make, SetGrant(ana, followers_of(group), Grant.ACCEPTED, make.clock.now))
    post = await make.post(nadia, "@caregivers a hard week")
    create = await sent(
        documents, await recorded(make, "Create", object_id=post), target=ana, host="lemmy.example"
    )
    uri = f"{BASE}/groups/caregivers"
    assert create is not None
    assert (create["to"], create["cc"]) == ([uri, f"{uri}/followers"], [])
    assert create["object"]["to"] == create["to"]
    assert PUBLIC.encode() not in orjson.dumps({k: v for k, v in create.items() if k != "@context"})
    assert "proof" not in create
    stranger = await sent(documents, await recorded(make, "Create", object_id=post), host="other.example")
    assert stranger is None
    assert await documents.post(STRANGER, post) is None


async def test_a_circle_is_named_to_nobody_but_each_hosts_own_people(
    make: Make, documents: Documents
) -> None:
    nadia = await make.member("nadia")
    people = [
        await make.remote(f"https://{host}/users/{name}")
        for host, name in (("one.example", "ana"), ("one.example", "ben"), ("two.example", "eva"))
    ]
    ana, ben, eva = people
    post = await make.post(nadia, "only for you", "direct", circle=tuple(people))
    row = await recorded(make, "Create", object_id=post)
    to_one = await documents.body(row.id, "content", ana, "one.example")
    assert to_one is not None
    assert to_one == await documents.body(row.id, "content", ben, "one.example")
    assert b"two.example" not in to_one
    assert orjson.loads(to_one)["to"] == ["https://one.example/users/ana", "https://one.example/users/ben"]
    to_two = await sent(documents, row, target=eva, host="two.example")
    assert to_two is not None
    assert to_two["to"] == ["https://two.example/users/eva"]
    assert await documents.body(row.id, "content", None, "three.example") is None
    fetched = await documents.post(Viewer(eva, False, "two.example"), post)
    assert fetched is not None
    assert b"one.example" not in orjson.dumps(fetched)
    await make.delete(nadia, post)
    gone = await documents.body((await recorded(make, "Delete")).id, "retraction", eva, "two.example")
    assert gone is not None
    assert b"one.example" not in gone


async def _article(make: Make, author: int, group: int, **more: Any) -> int:
    english = Text("en", '<h2>Sleep</h2><p>Rest <img src="https://m.example/a.png" alt="a bed"></p>', "Sleeping well",
                   "<p>How to rest</p>", "## Sleep", "text/markdown")  # fmt: skip
    spanish = Text("es", "<p>Descansar</p>", "Dormir bien", "<p>Cómo descansar</p>")
    asked = posts.Compose(
        author, Body((english, spanish), language="en"), "public", Kind.ARTICLE, group_id=group, **more
    )
    made = await make.must(posts.compose_needs(asked), lambda f: posts.decide_compose(asked, f))
    return made.result or 0


async def test_an_article_says_in_both_languages_what_fep_b2b8_asks(make: Make, documents: Documents) -> None:
    news, group = await make.member("newsroom", type="Service"), await make.group("sleep")
    await make.role(group, news, "mentor")
    document = await documents.post(STRANGER, await _article(make, news, group))
    assert document is not None
    assert document["type"] == "Article"
    assert document["name"] == "Sleeping well"
    assert document["summary"] == "<p>How to rest</p>"
    assert list(document["contentMap"]) == ["en", "es"]
    assert document["nameMap"] == {"en": "Sleeping well", "es": "Dormir bien"}
    assert document["summaryMap"]["es"] == "<p>Cómo descansar</p>"
    assert document["source"] == {"content": "## Sleep", "mediaType": "text/markdown"}
    assert document["attributedTo"] == f"{BASE}/users/newsroom"
    assert document["attachment"] == [{"type": "Image", "url": "https://m.example/a.png", "name": "a bed"}]
    assert document["preview"]["type"] == "Note"
    assert "Sleeping well" in document["preview"]["content"]
    assert document["sensitive"] is False
    assert document["commentsEnabled"] is True
    parsed = parse_object(document)
    assert isinstance(parsed, WireObject)
    assert parsed.name_map == (("en", "Sleeping well"), ("es", "Dormir bien"))
    assert parsed.language == "en"
    assert parsed.kind == "Article"


async def test_an_edit_is_told_with_its_time_and_the_same_audience(make: Make, documents: Documents) -> None:
    nadia = await make.member("nadia")
    post = await make.post(nadia, "first")
    before = await documents.post(STRANGER, post)
    needs = Needs(post_ids=frozenset({post}), actor_ids=frozenset({nadia}), subjects=frozenset({nadia}))
    body = Body((Text("en", "<p>second</p>"),), language="en")
    await make.must(needs, lambda f: changes.decide_edit(post, nadia, body, f))
    update = await sent(documents, await recorded(make, "Update"))
    assert update is not None
    assert before is not None
    assert update["object"]["content"] == "<p>second</p>"
    assert update["object"]["updated"] == update["published"] > before["published"]
    assert (update["to"], update["cc"]) == (before["to"], before["cc"])


async def test_hidden_recipients_are_never_sent(make: Make, documents: Documents) -> None:
    """A peer's activity that a group passes on goes unchanged, but for bto and bcc."""
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.join(nadia, group)
    post = await make.post(nadia, "@sleep hello")
    target = {"id": f"{BASE}/objects/{post}", "type": "Note"}
    inner = {"id": "https://p.example/a/1", "type": "Like", "actor": "https://p.example/u/x", "object": target,
             "@context": AS2, "extra": {"kept": 1}}  # fmt: skip
    secret = ["https://p.example/u/secret"]
    raw = orjson.dumps({**inner, "bcc": secret, "bto": secret, "object": {**target, "bcc": secret}})
    uri, row_id = f"{BASE}/activities/4000", 4000
    record = Record(row_id, uri, "Announce", group, make.clock.now, post, None, inner["id"], raw,
                    {"wraps": True})  # fmt: skip
    await act(make, record)
    document = await sent(documents, await recorded(make, "Announce", id=row_id))
    assert document is not None
    assert document["object"] == inner
    again = await documents.activity(row_id, STRANGER)
    assert again == document


async def test_what_a_peer_said_is_passed_on_to_nobody_who_may_not_read_it(
    make: Make, documents: Documents
) -> None:
    nadia, group = (
        await make.member("nadia"),
        await make.group("caregivers", reads="members", posts="members"),
    )
    await make.join(nadia, group)
    ana = await make.remote("https://peer.example/users/ana")
    await act(make, SetGrant(ana, followers_of(group), Grant.ACCEPTED, make.clock.now))
    post = await make.post(nadia, "@caregivers a hard week")
    raw = orjson.dumps({"id": "https://p.example/a/1", "type": "Create", "object": {"content": "canary"}})
    await act(make, Record(4000, f"{BASE}/activities/4000", "Announce", group, make.clock.now, post, None,
                           "https://p.example/a/1", raw, {"wraps": True}))  # fmt: skip
    assert await documents.body(4000, "content", None, "other.example") is None
    assert await documents.activity(4000, STRANGER) is None
    told = await documents.body(4000, "content", ana, "peer.example")
    assert told is not None
    found = orjson.loads(told)
    assert found["object"]["object"] == {"content": "canary"}
    uri = f"{BASE}/groups/caregivers"
    assert (found["to"], found["cc"]) == ([uri, f"{uri}/followers"], [])
    assert "proof" not in found


# --- activities -----------------------------------------------------------------------------------------------------------


async def test_a_group_passes_on_a_thread_whole_and_boosts_its_id(make: Make, documents: Documents) -> None:
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.role(group, nadia, "mentor")
    post = await make.post(nadia, "@sleep hello")
    wrapped = await sent(documents, await recorded(make, "Announce", object_id=post))
    bare = await sent(documents, await recorded(make, "Announce", inner_uri=f"{BASE}/objects/{post}"))
    create = await sent(documents, await recorded(make, "Create", object_id=post))
    assert wrapped is not None
    assert bare is not None
    assert create is not None
    uri = f"{BASE}/groups/sleep"
    assert wrapped["actor"] == bare["actor"] == uri
    assert wrapped["object"] == create
    assert bare["object"] == f"{BASE}/objects/{post}"
    for one in (wrapped, bare):
        assert (one["to"], one["cc"]) == ([PUBLIC], [f"{uri}/followers"])
    group_actor, person = await documents.actor(group), await documents.actor(nadia)
    assert group_actor is not None
    assert person is not None
    assert verified(wrapped, group_actor)
    assert verified(wrapped["object"], person)
    assert not verified({**wrapped, "object": {**create, "to": []}}, group_actor)
    row = await recorded(make, "Announce", object_id=post)
    assert await documents.activity(row.id, STRANGER) == wrapped
    await make.delete(nadia, post)
    assert await sent(documents, row) is None
    assert await documents.activity(row.id, STRANGER) is None
    retraction = await sent(documents, await recorded(make, "Announce", actor_id=group), "retraction")
    assert retraction is not None
    assert retraction["object"]["type"] == "Delete"
    assert retraction["object"]["object"] == f"{BASE}/objects/{post}"
    assert "hello" not in orjson.dumps(retraction).decode()


async def test_a_vote_and_its_undo_carry_ids_alone(make: Make, documents: Documents) -> None:
    nadia, omar, group = await make.member("nadia"), await make.member("omar"), await make.group("sleep")
    for one in (nadia, omar):
        await make.join(one, group)
    post = await make.post(nadia, "@sleep hello")
    await make.react(omar, post)
    like_row = await recorded(make, "Like")
    like = await sent(documents, like_row)
    assert like is not None
    assert like["object"] == f"{BASE}/objects/{post}"
    assert like["audience"] == f"{BASE}/groups/sleep"
    needs = Needs(post_ids=frozenset({post}), actor_ids=frozenset({omar}), subjects=frozenset({omar}))
    await make.must(needs, lambda f: relations.decide_unreact(omar, post, "like", f))
    undo = await sent(documents, await recorded(make, "Undo"))
    assert undo is not None
    assert undo["object"] == {"id": like_row.uri, "type": "Like", "actor": f"{BASE}/users/omar",
                              "object": f"{BASE}/objects/{post}", "audience": f"{BASE}/groups/sleep"}  # fmt: skip
    announced = await sent(documents, await recorded(make, "Announce"))
    assert announced is not None
    assert announced["object"]["type"] == "Undo"
    await make.react(omar, post, "dislike")
    assert wire(await sent(documents, await recorded(make, "Dislike"))).type == "Dislike"


async def test_an_unboost_is_an_undo_of_the_announce_under_its_own_id(
    make: Make, documents: Documents
) -> None:
    nadia, omar = await make.member("nadia"), await make.member("omar")
    post = await make.post(nadia, "hello")
    needs = Needs(post_ids=frozenset({post}), actor_ids=frozenset({omar}), subjects=frozenset({omar}))
    made = await make.must(needs, lambda f: relations.decide_boost(omar, post, f))
    row = await recorded(make, "Announce")
    boost = await sent(documents, row)
    assert boost is not None
    assert boost["cc"] == [f"{BASE}/users/omar/followers", f"{BASE}/users/nadia"]
    await make.delete(omar, made.result or 0)
    undo = await sent(documents, await recorded(make, "Delete"), "retraction")
    assert undo is not None
    assert undo["type"] == "Undo"
    assert undo["object"] == {
        "id": boost["id"], "type": "Announce", "actor": boost["actor"], "object": boost["object"],
    }  # fmt: skip
    assert await sent(documents, row) is None


async def test_follows_and_their_answers_name_each_other(make: Make, documents: Documents) -> None:
    nadia = await make.member("nadia")
    ana = await make.remote("https://peer.example/users/ana")
    await make.join(ana, nadia, "https://peer.example/follows/7")
    accept = await sent(documents, await recorded(make, "Accept"), "control", ana)
    assert accept is not None
    assert accept["object"] == {"id": "https://peer.example/follows/7", "type": "Follow",
                                "actor": "https://peer.example/users/ana", "object": f"{BASE}/users/nadia"}  # fmt: skip
    assert (accept["actor"], accept["to"]) == (f"{BASE}/users/nadia", ["https://peer.example/users/ana"])
    await make.join(nadia, ana)
    row = await recorded(make, "Follow")
    follow = await sent(documents, row, "control", ana)
    assert follow is not None
    assert (follow["id"], follow["object"]) == (row.uri, "https://peer.example/users/ana")
    await make.leave(nadia, ana)
    undo = wire(await sent(documents, await recorded(make, "Undo"), "control", ana))
    assert isinstance(undo.object, WireActivity)
    assert (undo.object.type, undo.object.id) == ("Follow", row.uri)
    await make.answer(nadia, ana, False)
    reject = wire(await sent(documents, await recorded(make, "Reject"), "control", ana))
    assert isinstance(reject.object, WireActivity)
    assert reject.object.id == "https://peer.example/follows/7"
    # Only the two hear of it when they ask.
    assert await documents.activity(row.id, STRANGER) is None
    assert await documents.activity(row.id, Viewer(0, False, "other.example", instance=True)) is None
    assert await documents.activity(row.id, Viewer(0, False, "peer.example", instance=True)) is not None
    assert await documents.activity(row.id, Viewer(ana, False, "peer.example")) is not None


async def test_a_report_speaks_as_the_instance_and_never_names_its_reporter(
    make: Make, documents: Documents, keyring: Keyring
) -> None:
    await make.member("nadia")
    ana = await make.remote("https://peer.example/users/ana")
    instance = await keyring.instance()
    extra = {"comment": "unkind", "objects": ["https://peer.example/notes/1"]}
    await act(
        make,
        Record(4000, f"{BASE}/activities/4000", "Flag", instance, make.clock.now, None, ana, extra=extra),
    )
    flag = await sent(documents, await recorded(make, "Flag"), "control", ana)
    assert flag is not None
    assert flag["actor"] == f"{BASE}/actor"
    assert flag["object"] == ["https://peer.example/users/ana", "https://peer.example/notes/1"]
    assert flag["content"] == "unkind"
    assert b"nadia" not in orjson.dumps(flag)
    assert await documents.activity(4000, Viewer(ana, False, "peer.example")) is None


async def test_a_moderators_lock_pin_and_their_undo_are_addressed_to_the_group(
    make: Make, documents: Documents
) -> None:
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.role(group, nadia, "mentor")
    post, at = await make.post(nadia, "@sleep hello"), make.clock.now
    kinds = (("Lock", {}), ("Add", {"collection": "featured"}), ("Undo", {"undo": "lock"}))
    for number, (type_, extra) in enumerate(kinds):
        one = 4000 + 4 * number
        await act(make, Record(one, f"{BASE}/activities/{one}", type_, nadia, at, post, extra=extra))
    lock = await sent(documents, await recorded(make, "Lock"))
    add = await sent(documents, await recorded(make, "Add", object_id=post))
    undo = await sent(documents, await recorded(make, "Undo"))
    assert lock is not None
    assert add is not None
    assert undo is not None
    uri = f"{BASE}/groups/sleep"
    assert (lock["object"], lock["to"], lock["cc"]) == (f"{BASE}/objects/{post}", [PUBLIC], [uri])
    assert add["target"] == f"{uri}/featured"
    assert undo["object"]["id"] == lock["id"]
    assert undo["to"] == [PUBLIC]


async def test_a_changed_profile_is_told_with_the_whole_actor(make: Make, documents: Documents) -> None:
    nadia = await make.member("nadia")
    await act(make, Record(4000, f"{BASE}/activities/4000", "Update", nadia, make.clock.now))
    update = await sent(documents, await recorded(make, "Update"))
    assert update is not None
    assert isinstance(wire(update).object, WireActor)
    assert update["object"]["publicKey"]["id"] == f"{BASE}/users/nadia#main-key"
    actor = await documents.actor(nadia)
    assert actor is not None
    assert verified(update, actor)


async def test_the_same_recipients_get_the_same_bytes(make: Make, documents: Documents) -> None:
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.join(nadia, group)
    for name in ("ana", "ben"):
        await make.remote(f"https://{name}.example/users/{name}")
    post = await make.post(nadia, "@sleep hello @ben@ben.example @ana@ana.example")
    for row in (await recorded(make, "Create", object_id=post), await recorded(make, "Announce")):
        first = await documents.body(row.id, "content", None, "ana.example")
        make.clock.forward(3600)
        assert first == await documents.body(row.id, "content", None, "ben.example")
        assert first is not None


async def test_a_thread_that_was_closed_later_is_no_longer_addressed_to_everybody(
    make: Make, documents: Documents
) -> None:
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.join(nadia, group)
    post = await make.post(nadia, "@sleep hello")
    gate = 7004
    principals = [group, followers_of(group)]
    db = make.house.db

    async def close(tx: Any) -> None:
        await tx.run(Statement(t.gates.insert().values(id=gate, created=0)))
        for principal in principals:
            await tx.run(Statement(t.gate_principals.insert().values(gate_id=gate, principal_id=principal)))
        await tx.run(Statement(t.objects.update().where(t.objects.c.id == post).values(gate_id=gate)))

    await db.write(close)
    assert await documents.post(STRANGER, post) is None
    document = await documents.post(make.viewer(nadia), post)
    assert document is not None
    uri = f"{BASE}/groups/sleep"
    assert document["to"] == [uri, f"{uri}/followers"]
    assert PUBLIC not in document["to"] + document["cc"]


# --- collections ------------------------------------------------------------------------------------------------------------


async def test_an_outbox_holds_what_is_public_and_parses_as_activities(
    make: Make, documents: Documents
) -> None:
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.role(group, nadia, "mentor")
    public = await make.post(nadia, "@sleep hello")
    await make.post(nadia, "a secret", "private")
    person = await documents.outbox(STRANGER, nadia, 0)
    assert person is not None
    assert [wire(i).type for i in person["orderedItems"]] == ["Create"]
    assert b"secret" not in orjson.dumps(person)
    assert (await documents.outbox(STRANGER, nadia) or {})["first"] == f"{BASE}/users/nadia/outbox?page=true"
    voice = await documents.outbox(STRANGER, group)
    assert voice is not None
    inner = voice["orderedItems"][0]["object"]
    assert (voice["orderedItems"][0]["type"], inner["type"]) == ("Announce", "Create")
    assert inner["object"]["id"] == f"{BASE}/objects/{public}"
    assert isinstance(parse(voice), WireCollection)


async def test_followers_are_counted_roughly_and_never_named(make: Make, documents: Documents) -> None:
    group = await make.group("sleep")
    closed = await make.group("caregivers", reads="members")
    for number in range(12):
        ana = await make.remote(f"https://peer.example/users/n{number}")
        await make.join(ana, group, f"https://peer.example/follows/{number}")
        await act(make, SetGrant(ana, followers_of(closed), Grant.ACCEPTED, make.clock.now))
    document = await documents.followers(STRANGER, group)
    assert document is not None
    assert document["totalItems"] == 10
    assert set(document) == {"@context", "id", "type", "totalItems"}
    assert (await documents.followers(STRANGER, closed) or {})["totalItems"] == 0
    assert (await documents.following(STRANGER, group) or {})["totalItems"] == 0
    own = await documents.followers_at(Viewer(0, False, "peer.example", instance=True), group, "peer.example")
    assert own is not None
    assert len(own["orderedItems"]) == 12
    for viewer in (STRANGER, Viewer(0, False, "other.example", instance=True), make.viewer(group)):
        assert await documents.followers_at(viewer, group, "peer.example") is None


async def test_moderators_and_pins(make: Make, documents: Documents) -> None:
    nadia, omar, group = await make.member("nadia"), await make.member("omar"), await make.group("sleep")
    await make.role(group, nadia, "mentor")
    await make.role(group, omar, "staff")
    mods = await documents.moderators(STRANGER, group)
    assert mods is not None
    assert mods["orderedItems"] == [f"{BASE}/users/nadia", f"{BASE}/users/omar"]
    public, private = await make.post(nadia, "@sleep hello"), await make.post(nadia, "secret", "private")

    class _Post:
        def __init__(self, id_: int) -> None:
            self.id = id_

    for post in (public, private):
        await act(make, Pin(group, _Post(post), True, make.clock.now))  # type: ignore[arg-type]
    pins = await documents.featured(STRANGER, group)
    assert pins is not None
    assert [item["id"] for item in pins["orderedItems"]] == [f"{BASE}/objects/{public}"]


async def test_a_thread_lists_what_the_viewer_may_see_in_time_order(make: Make, documents: Documents) -> None:
    nadia, omar, group = await make.member("nadia"), await make.member("omar"), await make.group("sleep")
    for one in (nadia, omar):
        await make.join(one, group)
    await make.join(omar, nadia)
    root = await make.post(nadia, "@sleep hello")
    replies = [await make.post(omar, f"reply {n}", reply_to=root) for n in range(60)]
    narrow = await make.post(nadia, "for followers", "private", reply_to=root)
    first = await documents.context(STRANGER, root)
    assert first is not None
    assert first["attributedTo"] == f"{BASE}/groups/sleep"
    assert "totalItems" not in first
    page = first["first"]
    assert page["orderedItems"] == [f"{BASE}/objects/{i}" for i in [root, *replies[:49]]]
    after = int(page["next"].rsplit("=", 1)[1])
    rest = await documents.context(STRANGER, root, after)
    assert rest is not None
    assert rest["orderedItems"] == [f"{BASE}/objects/{i}" for i in replies[49:]]
    assert "next" not in rest
    mine = await documents.context(make.viewer(omar), root, after)
    assert mine is not None
    assert mine["orderedItems"][-1] == f"{BASE}/objects/{narrow}"
    answers = await documents.replies(STRANGER, root, 0)
    assert answers is not None
    assert answers["orderedItems"][:2] == [f"{BASE}/objects/{i}" for i in replies[:2]]
    assert await documents.context(STRANGER, replies[0]) is None


async def test_a_tombstone_is_for_those_who_could_read(make: Make, documents: Documents) -> None:
    nadia, omar, eve = [await make.member(n) for n in ("nadia", "omar", "eve")]
    await make.join(omar, nadia)
    public, private = await make.post(nadia, "one"), await make.post(nadia, "two", "private")
    assert await documents.tombstone(STRANGER, public) is None
    for post in (public, private):
        await make.delete(nadia, post)
    stone = await documents.tombstone(STRANGER, public)
    assert stone is not None
    assert (stone["type"], stone["formerType"], stone["id"]) == (
        "Tombstone",
        "Note",
        f"{BASE}/objects/{public}",
    )
    assert stone["deleted"].endswith("Z")
    assert await documents.tombstone(STRANGER, private) is None
    assert await documents.tombstone(make.viewer(eve), private) is None
    assert await documents.tombstone(make.viewer(omar), private) is not None
    delete = await recorded(make, "Delete", object_id=private)
    assert await documents.activity(delete.id, STRANGER) is None
    told = await documents.activity(delete.id, make.viewer(omar))
    assert told is not None
    assert told["object"] == f"{BASE}/objects/{private}"
    assert told["to"] == [f"{BASE}/users/nadia/followers"]
