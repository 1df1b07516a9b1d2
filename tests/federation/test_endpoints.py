"""What other servers get when they ask: really signed requests against the blueprint, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from quart import Quart, Response
from quart.testing import QuartClient

from fedi_community.activitypub.fetch import Fetcher
from fedi_community.activitypub.signatures import (
    SigningKey,
    generate_rsa,
    public_pem,
    sign_cavage,
    signing_key,
)
from fedi_community.activitypub.wire import PUBLIC, parse_actor, parse_collection
from fedi_community.activitypub.wire.types import WireActor, WireCollection
from fedi_community.config import Settings
from fedi_community.documents import Documents
from fedi_community.domain import posts
from fedi_community.domain.effects import Decision, MarkActor, SetGrant, SetHost
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Actor, Body, Grant, Kind, Text, followers_of
from fedi_community.keyring import Keyring, master_key
from fedi_community.network import Network
from fedi_community.peers import Peers
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from fedi_community.storage.wake import Wake
from fedi_community.web.federation import federation, number, restricted_ids
from tests.make import Make

BASE = "https://clinic.example"
AS2 = "application/activity+json"
_RSA = generate_rsa()


class Pages:
    """Stands for the pages that another room brings."""

    async def object_page(self, object_id: str | int) -> Response:
        return Response(f"<p>object {object_id}", content_type="text/html; charset=utf-8")

    async def user_page(self, name: str) -> Response:
        return Response(f"<p>user {name}", content_type="text/html; charset=utf-8")

    async def group_page(self, handle: str) -> Response:
        return Response(f"<p>group {handle}", content_type="text/html; charset=utf-8")


class World:
    """A server with members, groups and peers, and a client that signs."""

    def __init__(self, make: Make, client: QuartClient, documents: Documents) -> None:
        self.make = make
        self.client = client
        self.documents = documents
        self.keys: dict[str, SigningKey] = {}

    async def peer(self, uri: str, type_: str = "Person") -> int:
        """A known remote actor whose key we hold."""
        key = signing_key(f"{uri}#main-key", _RSA)
        self.keys[uri] = key
        listed = ((key.key_id, "rsa", public_pem(_RSA.public_key())),)
        return await self.make.remote(uri, type=type_, keys=listed)

    async def get(
        self, path: str, signer: str | None = None, accept: str = AS2, host: str = "clinic.example"
    ) -> Any:
        headers = {"Accept": accept, "Host": host}
        if signer is not None:
            headers |= sign_cavage(
                "GET",
                f"https://{host}{path}",
                key=self.keys[signer],
                now_ms=self.make.clock.now,
                accept=accept,
            )
        return await self.client.get(path, headers=headers, scheme="https")


@pytest.fixture
async def world(make: Make, tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings(base_url=BASE)
    keyring = Keyring(make.house, master_key(tmp_path / "keys"))
    silent = httpx.MockTransport(lambda request: httpx.Response(404))  # no other server is there
    network = Network(allow_private=False, own_host="clinic.example", user_agent="test", transport=silent)
    peers = Peers(make.house, Fetcher(network, None), settings)
    documents = Documents(make.house, keyring)
    app = Quart("test", static_folder=None, template_folder=None)
    app.register_blueprint(federation(make.house, settings, keyring, peers, documents, Pages()))
    yield World(make, app.test_client(), documents)
    await network.aclose()


def told(response: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """All that an answer says, but when."""
    headers = {k.lower(): v for k, v in response.headers.items() if k.lower() != "date"}
    return response.status_code, headers, body


async def whole(world: World, path: str, signer: str | None = None) -> tuple[int, dict[str, str], bytes]:
    response = await world.get(path, signer)
    return told(response, await response.get_data())


async def document(world: World, path: str, signer: str | None = None) -> dict[str, Any]:
    response = await world.get(path, signer)
    assert response.status_code == 200, (path, response.status_code)
    assert response.headers["Content-Type"] == "application/activity+json; charset=utf-8"
    found: dict[str, Any] = orjson.loads(await response.get_data())
    return found


# --- negotiation ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "as2"),
    [
        ("application/activity+json", True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
        ("application/ld+json", True),
        ("application/activity+json, application/ld+json;q=0.9, text/html;q=0.1", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
async def test_accept_chooses_between_document_and_page(world: World, accept: str, as2: bool) -> None:
    nadia, group = await world.make.member("nadia"), await world.make.group("sleep")
    await world.make.join(nadia, group)
    post = await world.make.post(nadia, "@sleep hello")
    for path in ("/users/nadia", "/groups/sleep", f"/objects/{post}"):
        response = await world.get(path, accept=accept)
        assert response.status_code == 200
        kind = response.headers["Content-Type"]
        assert kind == ("application/activity+json; charset=utf-8" if as2 else "text/html; charset=utf-8")
        assert {v.strip() for v in response.headers["Vary"].split(",")} == {"Accept", "Signature"}


async def test_every_address_that_a_document_names_answers(world: World) -> None:
    nadia, group = await world.make.member("nadia"), await world.make.group("sleep")
    await world.make.role(group, nadia, "staff")
    post = await world.make.post(nadia, "@sleep hello")
    for path in ("/users/nadia", "/groups/sleep", "/actor"):
        actor = await document(world, path)
        assert isinstance(parse_actor(actor), WireActor)
        assert actor["id"] == BASE + path
        for name in ("outbox", "followers", "following", "featured", "moderators"):
            if name in actor:
                found = await document(world, actor[name].removeprefix(BASE))
                assert found["id"] == actor[name]
                assert isinstance(parse_collection(found), WireCollection)
    assert (await document(world, "/groups/sleep/members"))["id"] == f"{BASE}/groups/sleep/followers"
    obj = await document(world, f"/objects/{post}")
    for uri in (obj["context"], obj["replies"]["id"]):
        assert (await document(world, uri.removeprefix(BASE)))["id"] == uri
    outbox = await document(world, "/groups/sleep/outbox")
    announce = outbox["orderedItems"][0]
    for activity in (announce, announce["object"]):
        assert await document(world, activity["id"].removeprefix(BASE)) == activity


async def test_public_answers_may_be_kept_a_minute_and_signed_ones_never(world: World) -> None:
    ana = await world.peer("https://peer.example/users/ana")
    post = await world.make.post(await world.make.member("nadia"), "hello")
    public = await world.get(f"/objects/{post}")
    assert public.headers["Cache-Control"] == "public, max-age=60"
    signed = await world.get(f"/objects/{post}", "https://peer.example/users/ana")
    assert signed.headers["Cache-Control"] == "private, no-store"
    missing = await world.get("/objects/4")
    assert missing.headers["Cache-Control"] == "private, no-store"
    assert ana


# --- who asks ---------------------------------------------------------------------------------------------------------------


async def test_a_members_post_is_served_to_its_members_host_and_is_missing_for_all_others(
    world: World,
) -> None:
    make = world.make
    nadia, group = (
        await make.member("nadia"),
        await make.group("caregivers", reads="members", posts="members"),
    )
    await make.join(nadia, group)
    ana = await world.peer("https://peer.example/users/ana")
    for uri, kind in (("https://peer.example/actor", "Application"), ("https://other.example/actor", "Application"),
                      ("https://peer.example/users/ben", "Person")):  # fmt: skip
        await world.peer(uri, kind)
    await make.must(Needs(), lambda f: Decision((SetGrant(ana, followers_of(group), Grant.ACCEPTED, f.now),)))
    post = await make.post(nadia, "@caregivers a hard canary")
    reply = await make.post(nadia, "and another canary", reply_to=post)
    create = await make.house.db.read(
        lambda tx: tx.value(
            Statement(t.activities.select().with_only_columns(t.activities.c.id).where(
                t.activities.c.object_id == post, t.activities.c.type == "Create"))
        )
    )  # fmt: skip
    paths = {
        f"/objects/{post}": "/objects/8",
        f"/objects/{reply}": "/objects/8",
        f"/objects/{post}/replies": "/objects/8/replies",
        f"/objects/{post}/replies?page=true": "/objects/8/replies?page=true",
        f"/activities/{create}": "/activities/8",
        f"/threads/{post}/context": "/threads/8/context",
    }
    for denied, missing in paths.items():
        nothing = await whole(world, missing)
        assert nothing[0] == 404
        for signer in (None, "https://other.example/actor", "https://peer.example/users/ben"):
            seen = await whole(world, denied, signer)
            assert seen == nothing, (denied, signer)
            assert b"canary" not in seen[2]
        for signer in ("https://peer.example/actor", "https://peer.example/users/ana"):
            assert (await whole(world, denied, signer))[0] == 200, (denied, signer)
    shown = await document(world, f"/objects/{post}", "https://peer.example/actor")
    assert "canary" in shown["content"]
    assert PUBLIC not in shown["to"] + shown["cc"]
    assert await _ledger(world) == {(post, "peer.example", "fetched"), (reply, "peer.example", "fetched")}
    await document(world, f"/objects/{post}", "https://peer.example/actor")
    assert len(await _ledger(world)) == 2


async def _ledger(world: World) -> set[tuple[int, str, str]]:
    query = (
        t.ledger.join(t.hosts, t.hosts.c.id == t.ledger.c.host_id)
        .select()
        .with_only_columns(t.ledger.c.object_id, t.hosts.c.name, t.ledger.c.how, t.ledger.c.inbox)
    )
    rows = await world.make.house.db.read(lambda tx: tx.rows(Statement(query)))
    assert all(row[3] == "https://peer.example/inbox" for row in rows)
    return {(row[0], row[1], row[2]) for row in rows}


async def test_what_is_public_leaves_no_line_in_the_ledger(world: World) -> None:
    await world.peer("https://peer.example/actor", "Application")
    post = await world.make.post(await world.make.member("nadia"), "hello")
    await document(world, f"/objects/{post}", "https://peer.example/actor")
    assert await _ledger(world) == set()


async def test_a_signature_that_does_not_hold_is_refused_whatever_is_asked(world: World) -> None:
    await world.peer("https://peer.example/users/ana")
    post = await world.make.post(await world.make.member("nadia"), "hello")
    path = f"/objects/{post}"
    good = sign_cavage("GET", BASE + path, key=world.keys["https://peer.example/users/ana"],
                       now_ms=world.make.clock.now, accept=AS2)  # fmt: skip
    bad = {**good, "Signature": good["Signature"].replace('signature="', 'signature="AAAA')}
    old = sign_cavage("GET", BASE + path, key=world.keys["https://peer.example/users/ana"],
                      now_ms=world.make.clock.now - 90_000_000, accept=AS2)  # fmt: skip
    for headers in (bad, old, {"Signature": "nonsense"}, {"Accept": AS2, "Signature-Input": "x"}):
        response = await world.client.get(path, headers={"Accept": AS2, "Host": "clinic.example", **headers})
        assert response.status_code == 401, headers
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        assert response.headers["Cache-Control"] == "private, no-store"
        other = await world.client.get(
            "/objects/8", headers={"Accept": AS2, "Host": "clinic.example", **headers}
        )
        assert other.status_code == 401
    fine = await world.client.get(path, headers=good)
    assert fine.status_code == 200


async def test_a_signature_for_another_query_does_not_hold(world: World) -> None:
    await world.peer("https://peer.example/users/ana")
    await world.make.member("nadia")
    key = world.keys["https://peer.example/users/ana"]
    path = "/users/nadia/outbox?page=true"
    signed = sign_cavage("GET", BASE + path, key=key, now_ms=world.make.clock.now, accept=AS2)
    assert (await world.client.get(path, headers=signed)).status_code == 200
    other = await world.client.get("/users/nadia/outbox?page=true&before=8", headers=signed)
    assert other.status_code == 401


async def test_a_suspended_host_sees_nothing_but_the_instance_actor(world: World) -> None:
    make = world.make
    await world.peer("https://bad.example/users/eve")
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.join(nadia, group)
    post = await make.post(nadia, "@sleep hello")
    eve = "https://bad.example/users/eve"
    assert (await world.get(f"/objects/{post}", eve)).status_code == 200
    await make.must(Needs(), lambda f: Decision((SetHost("bad.example", "suspended"),)))
    world.make.house.woken(_forget("https://bad.example/users/eve"))
    nothing = await whole(world, "/objects/8", eve)
    assert nothing[0] == 404
    for path in (
        f"/objects/{post}", "/users/nadia", "/groups/sleep", "/users/nadia/outbox", "/users/nadia/followers",
        "/groups/sleep/featured", "/groups/sleep/moderators", f"/threads/{post}/context", f"/objects/{post}/replies",
    ):  # fmt: skip
        assert await whole(world, path, eve) == nothing, path
    assert (await world.get("/actor", eve)).status_code == 200


def _forget(uri: str) -> Any:
    wake = Wake()
    wake.keys.append(uri)
    return wake


async def test_the_instance_actor_answers_even_a_broken_signature(world: World) -> None:
    response = await world.client.get("/actor", headers={"Accept": AS2, "Signature": "nonsense"})
    assert response.status_code == 200
    assert orjson.loads(await response.get_data())["type"] == "Application"


# --- denied is missing --------------------------------------------------------------------------------------------------------


async def test_a_hidden_group_is_like_one_that_does_not_exist(world: World) -> None:
    make = world.make
    nadia = await make.member("nadia")
    group = await make.group("secret", finds="members", reads="members", joins="invite")
    await make.role(group, nadia, "staff")
    await world.peer("https://peer.example/actor", "Application")
    for signer in (None, "https://peer.example/actor"):
        for rest in ("", "/outbox", "/followers", "/members", "/following", "/featured", "/moderators"):
            hidden = await whole(world, f"/groups/secret{rest}", signer)
            assert hidden == await whole(world, f"/groups/nothere{rest}", signer)
            assert hidden[0] == 404
    for asked in ("acct:secret@clinic.example", f"{BASE}/groups/secret"):
        hidden = await whole(world, f"/.well-known/webfinger?resource={asked}")
        assert hidden == await whole(
            world, f"/.well-known/webfinger?resource={asked.replace('secret', 'nothere')}"
        )
        assert hidden[0] == 404


@pytest.mark.parametrize("path", ["/objects/abc", "/objects/-4", "/objects/99999999999999999999999", "/objects/0",
                                  "/activities/٣", "/threads/1.5/context", "/users/clinic.example", "/groups/nadia",
                                  "/users/sleep", "/users/NADIA", "/users/nadia/moderators"])  # fmt: skip
async def test_what_is_no_address_of_ours_is_missing(world: World, path: str) -> None:
    await world.make.member("nadia")
    await world.make.group("sleep")
    await world.documents.instance()
    assert (await world.get(path)).status_code == 404


async def test_a_deleted_public_post_is_gone_and_a_private_one_never_was(world: World) -> None:
    make = world.make
    nadia = await make.member("nadia")
    public, private = await make.post(nadia, "one"), await make.post(nadia, "two", "private")
    for post in (public, private):
        await make.delete(nadia, post)
    gone = await world.get(f"/objects/{public}")
    assert gone.status_code == 410
    stone = orjson.loads(await gone.get_data())
    assert (stone["type"], stone["id"]) == ("Tombstone", f"{BASE}/objects/{public}")
    assert await whole(world, f"/objects/{private}") == await whole(world, "/objects/8")


async def test_a_suspended_member_is_missing_everywhere(world: World) -> None:
    make = world.make
    nadia = await make.member("nadia")
    post = await make.post(nadia, "hello")
    actor = Actor(nadia, f"{BASE}/users/nadia", "Person", "nadia", "")
    await make.must(Needs(), lambda f: Decision((MarkActor(actor, "suspended", f.now),)))
    for path in ("/users/nadia", "/users/nadia/outbox", f"/objects/{post}"):
        assert (await world.get(path)).status_code == 404
    found = await world.get("/.well-known/webfinger?resource=acct:nadia@clinic.example")
    assert found.status_code == 404


async def test_partial_followers_are_for_the_host_that_asks(world: World) -> None:
    make = world.make
    nadia = await make.member("nadia")
    for uri in ("https://one.example/users/ana", "https://two.example/users/eva"):
        await make.join(await world.peer(uri), nadia, f"{uri}/follow")
    path = "/users/nadia/followers?domain=one.example"
    found = await document(world, path, "https://one.example/users/ana")
    assert found["orderedItems"] == ["https://one.example/users/ana"]
    nothing = await whole(world, "/users/nothere/followers?domain=one.example")
    assert await whole(world, path) == nothing
    assert await whole(world, path, "https://two.example/users/eva") == nothing
    open_ = await document(world, "/users/nadia/followers", "https://one.example/users/ana")
    assert "orderedItems" not in open_
    assert open_["totalItems"] == 0


# --- discovery ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "subject", "actor"),
    [
        ("acct:nadia@clinic.example", "acct:nadia@clinic.example", "/users/nadia"),
        ("acct:NADIA@Clinic.Example", "acct:nadia@clinic.example", "/users/nadia"),
        ("nadia@clinic.example", "acct:nadia@clinic.example", "/users/nadia"),
        ("acct:sleep@clinic.example", "acct:sleep@clinic.example", "/groups/sleep"),
        ("https://clinic.example/users/nadia", "acct:nadia@clinic.example", "/users/nadia"),
        ("https://clinic.example/@nadia", "acct:nadia@clinic.example", "/users/nadia"),
        ("https://clinic.example/groups/sleep", "acct:sleep@clinic.example", "/groups/sleep"),
        ("https://clinic.example/", "https://clinic.example/", "/actor"),
        ("https://clinic.example", "https://clinic.example/", "/actor"),
        ("acct:clinic.example@clinic.example", "acct:clinic.example@clinic.example", "/actor"),
        ("https://clinic.example/actor", "acct:clinic.example@clinic.example", "/actor"),
        ("acct:nadia@other.example", None, None),
        ("acct:nobody@clinic.example", None, None),
        ("https://clinic.example/groups/nadia", None, None),
        ("https://other.example/users/nadia", None, None),
        ("nonsense", None, None),
    ],
)
async def test_webfinger(world: World, resource: str, subject: str | None, actor: str | None) -> None:
    await world.make.member("nadia")
    await world.make.group("sleep", reads="members")
    response = await world.client.get("/.well-known/webfinger", query_string={"resource": resource})
    if subject is None or actor is None:
        assert response.status_code == 404
        return
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/jrd+json; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    jrd = orjson.loads(await response.get_data())
    assert jrd["subject"] == subject
    assert BASE + actor in [link.get("href") for link in jrd["links"] if link.get("type") == AS2]


async def test_webfinger_needs_a_resource(world: World) -> None:
    assert (await world.client.get("/.well-known/webfinger")).status_code == 400


async def test_nodeinfo_is_rounded_and_host_meta_leads_to_webfinger(world: World) -> None:
    for number_ in range(13):
        await world.make.member(f"member{number_}")
    links = orjson.loads(await (await world.client.get("/.well-known/nodeinfo")).get_data())["links"]
    for version in ("2.0", "2.1"):
        href = next(link["href"] for link in links if link["rel"].endswith(version))
        response = await world.client.get(href.removeprefix(BASE))
        info = orjson.loads(await response.get_data())
        assert info["version"] == version
        assert info["protocols"] == ["activitypub"]
        assert info["usage"]["users"]["total"] == 10
    assert (await world.client.get("/nodeinfo/3.0")).status_code == 404
    meta = await world.client.get("/.well-known/host-meta")
    assert b"/.well-known/webfinger?resource={uri}" in await meta.get_data()
    assert meta.headers["Content-Type"].startswith("application/xrd+xml")


# --- small things ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"), [("12", 12), ("0", None), ("012", None), ("-1", None), ("9" * 19, None), ("", None), ("1 ", None)]
)  # fmt: skip
def test_ids_in_addresses(text: str, found: int | None) -> None:
    assert (number(text) if text else None) == found


def test_restricted_posts_are_found_wherever_they_are_carried() -> None:
    note = {
        "id": f"{BASE}/objects/12",
        "type": "Note",
        "content": "x",
        "to": [f"{BASE}/users/a/followers"],
        "cc": [],
    }
    assert restricted_ids(BASE, note) == [12]
    assert restricted_ids(BASE, {"id": f"{BASE}/activities/3", "object": {"object": note}}) == [12]
    assert restricted_ids(BASE, {"orderedItems": [note, "https://x.example/1"]}) == [12]
    assert restricted_ids(BASE, {**note, "cc": [PUBLIC]}) == []
    assert restricted_ids("https://other.example", note) == []


async def test_an_article_is_served_with_both_languages(world: World) -> None:
    make = world.make
    news, group = await make.member("newsroom", type="Service"), await make.group("sleep")
    await make.role(group, news, "mentor")
    texts = (Text("en", "<p>Rest</p>", "Sleep"), Text("es", "<p>Descanso</p>", "Dormir"))
    asked = posts.Compose(news, Body(texts, language="en"), "public", Kind.ARTICLE, group_id=group)
    made = await make.must(posts.compose_needs(asked), lambda f: posts.decide_compose(asked, f))
    found = await document(world, f"/objects/{made.result}")
    assert found["contentMap"] == {"en": "<p>Rest</p>", "es": "<p>Descanso</p>"}
