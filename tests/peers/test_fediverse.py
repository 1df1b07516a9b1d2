"""Three servers that share no process: two of ours, one on SQLite and one on PostgreSQL, and a peer built on Fedify.

Everything is said twice: with HTTP signatures of draft-cavage, and with those of RFC 9421. Fedify verifies what it gets by
its own code, takes only the one form, and signs with it; our two servers sign in the same form to each other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fedi_community.activitypub.signatures import generate_rsa, sign_cavage, sign_rfc9421, signing_key
from tests.peers.conftest import Servers
from tests.peers.running import AS2, FORMS, Client, Fedify, Feed, Server, fedify, node_or_skip, plain, until


@dataclass
class World:
    """a, nadia: the server of the group and its staff member. b, bo: a member's server elsewhere. ferdi: on Fedify.

    group: the group's address. follow: the id of Ferdi's Follow.
    """

    form: str
    a: Server
    b: Server
    nadia: Client
    bo: Client
    ferdi: Fedify
    blog: Feed
    group: str
    follow: str

    def article(self, guid: str, title: str, html: str = "<p>Sleep when it is dark.</p>") -> str:
        """Publish, or edit, an entry of the clinic's blog; the address that the article has."""
        self.blog.entries[guid] = (title, html)
        return until(lambda: self._article(title), f"the article {title!r} is in the group")

    def _article(self, title: str) -> str | None:
        group = self.nadia.account(self.group)
        posts = [s["reblog"] or s for s in self.nadia.get(f"/api/v1/accounts/{group['id']}/statuses")]
        return next((s["uri"] for s in posts if (s["card"] or {}).get("title") == title), None)

    def discussion(self, text: str) -> str:
        """A discussion that staff begin in the group; its address, once everybody has it."""
        handle = f"@{self.group.rsplit('/', 1)[1]}"
        uri = str(self.nadia.post("/api/v1/statuses", status=f"{handle} {text}", visibility="public")["uri"])
        self.bo.has(uri)
        self.ferdi.gets(type="Announce", objectId=uri)
        return uri

    def context(self, uri: str) -> str:
        """The address of the thread's collection, as the post itself names it."""
        return str(document(uri)["context"])

    def read(self, root: str) -> list[frozenset[tuple[str, ...]]]:
        """The thread as each of the three reads it."""
        return [self.nadia.thread(root), self.bo.thread(root), self.ferdi.thread(self.context(root), root)]

    def everybody_reads(self, root: str, wanted: frozenset[tuple[str, ...]]) -> None:
        """All three come to read exactly this thread."""
        until(lambda: self.read(root) == [wanted] * 3, f"{root} reads the same everywhere")


def document(uri: str) -> dict[str, Any]:
    """A public document as anybody gets it."""
    answer = httpx.get(uri, headers={"Accept": AS2}, trust_env=False)
    assert answer.status_code == 200, f"{uri}: {answer.status_code}"
    return dict(answer.json())


@pytest.fixture(scope="module", params=FORMS)
def world(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    node_or_skip()
    form: str = request.param
    a, b = servers.a, servers.b
    a.speak_first(b.host, form)
    b.speak_first(a.host, form)
    with fedify(form, tmp_path_factory.mktemp(form)) as ferdi:
        group = f"{a.base}/groups/sleep_{form}"
        follow = ferdi("follow", whom=group)["id"]
        found = servers.bo.account(f"@sleep_{form}@{a.host}")
        servers.bo.post(f"/api/v1/accounts/{found['id']}/follow")
        made = World(form, a, b, servers.nadia, servers.bo, ferdi, servers.blogs[form], group, follow)
        joined(made)
        yield made


def joined(world: World) -> None:
    """Both who asked to follow the group are told that they do."""
    group = world.bo.account(world.group)["id"]
    world.ferdi.gets(type="Accept", actor=world.group)
    until(
        lambda: world.bo.get("/api/v1/accounts/relationships", id=group)[0]["following"],
        "Bo follows the group",
    )


def test_a_follow_of_a_group_is_accepted_and_the_accept_names_the_follow(world: World) -> None:
    accept = world.ferdi.gets(type="Accept", actor=world.group)
    assert accept["objectId"] == world.follow


def test_an_article_arrives_as_its_create_and_as_the_groups_bare_boost(world: World) -> None:
    uri = world.article("dark", "Sleep in the dark", "<p>Curtains help.</p>")
    author = f"{world.a.base}/users/newsroom"
    relayed = until(
        lambda: next((r for r in world.ferdi.received(type="Announce", inner="Create")
                      if r["object"]["objectId"] == uri), None),
        "Announce{Create} is there",
    )  # fmt: skip
    assert relayed["actor"] == world.group
    assert relayed["object"]["actor"] == author
    assert relayed["object"]["object"] == {"type": "Article", "id": uri, "author": author}
    boost = world.ferdi.gets(type="Announce", objectId=uri)
    assert boost["actor"] == world.group
    assert boost["object"] == {"type": "Article", "id": uri, "author": author}
    shown = world.bo.has(uri)
    assert (shown["card"]["title"], shown["account"]["uri"]) == ("Sleep in the dark", author)
    assert "Curtains help." in plain(shown["content"])
    home = until(
        lambda: [s for s in world.bo.get("/api/v1/timelines/home") if (s["reblog"] or s)["uri"] == uri],
        "Bo's home timeline shows it",
    )
    assert len(home) == 1, "once, though it came in two forms"


def test_all_three_write_in_one_thread_and_read_one_and_the_same(world: World) -> None:
    root = world.article("naps", "Are naps good?")
    world.ferdi.gets(type="Announce", objectId=root)
    first = world.nadia.reply(root, "I nap at noon.")
    second = world.bo.reply(first, "For how long?")
    third = world.ferdi.reply(second, "Twenty minutes.")
    fourth = world.nadia.reply(third, "Exactly.")
    fifth = world.ferdi.reply(fourth, "Good to hear.")
    world.bo.reply(fifth, "Thanks to both of you.")
    world.ferdi.reply(root, "I never nap.")
    world.bo.reply(root, "Nor do I.")
    nadia, bo, ferdi = f"{world.a.base}/users/nadia", f"{world.b.base}/users/bo", world.ferdi.actor
    chain = [f"{nadia}: I nap at noon.", f"{bo}: For how long?", f"{ferdi}: Twenty minutes.", f"{nadia}: Exactly.",
             f"{ferdi}: Good to hear.", f"{bo}: Thanks to both of you."]  # fmt: skip
    wanted = frozenset(
        [tuple(reversed(chain[:n])) for n in range(1, 7)]
        + [(f"{ferdi}: I never nap.",), (f"{bo}: Nor do I.",)]
    )
    world.everybody_reads(root, wanted)


def test_an_edit_of_each_is_read_by_all(world: World) -> None:
    root = world.discussion("Which pillow?")
    own, theirs, elsewhere = (
        world.nadia.reply(root, "A hard one."),
        world.bo.reply(root, "A soft one."),
        world.ferdi.reply(root, "None."),
    )
    nadia, bo, ferdi = f"{world.a.base}/users/nadia", f"{world.b.base}/users/bo", world.ferdi.actor
    before = {(f"{nadia}: A hard one.",), (f"{bo}: A soft one.",), (f"{ferdi}: None.",)}
    world.everybody_reads(root, frozenset(before))
    world.nadia.put(f"/api/v1/statuses/{world.nadia.has(own)['id']}", status="A flat one.")
    world.bo.put(f"/api/v1/statuses/{world.bo.has(theirs)['id']}", status="A warm one.")
    world.ferdi("edit", id=elsewhere, text="None at all.")
    after = {(f"{nadia}: A flat one.",), (f"{bo}: A warm one.",), (f"{ferdi}: None at all.",)}
    world.everybody_reads(root, frozenset(after))
    for uri in (own, theirs):
        until(
            lambda uri=uri: [r for r in world.ferdi.received(type="Announce", inner="Update")
                             if r["object"]["objectId"] == uri],
            "Fedify is told of the edit",
        )  # fmt: skip
    assert world.bo.has(elsewhere)["edited_at"], "the edit of a peer is shown as one"


def test_an_edited_article_is_read_by_all_under_its_old_address(world: World) -> None:
    uri = world.article("tea", "Tea", "<p>No tea at night.</p>")
    world.bo.has(uri)
    assert world.article("tea", "Tea at night", "<p>No black tea at night.</p>") == uri
    until(lambda: "No black tea" in world.bo.has(uri)["content"], "Bo reads the new text")
    until(
        lambda: [r for r in world.ferdi.received(type="Announce", inner="Update")
                 if r["object"]["objectId"] == uri],
        "Fedify is told of the edit",
    )  # fmt: skip
    assert "No black tea" in world.ferdi("lookup", uri=uri)["content"]


def test_likes_are_counted_everywhere_and_can_be_taken_back(world: World) -> None:
    root = world.discussion("A walk in the evening?")
    world.bo.post(f"/api/v1/statuses/{world.bo.has(root)['id']}/favourite")
    liked = world.ferdi("like", what=root)["id"]

    def likes() -> tuple[int, int]:
        return world.nadia.has(root)["favourites_count"], world.bo.has(root)["favourites_count"]

    until(lambda: likes() == (2, 2), "both servers count both likes")
    world.ferdi("undo", id=liked)
    until(lambda: likes() == (1, 1), "both servers count one like")
    world.bo.post(f"/api/v1/statuses/{world.bo.has(root)['id']}/unfavourite")
    until(lambda: likes() == (0, 0), "no server counts a like")
    for verb in ("Like", "Undo"):
        world.ferdi.gets(type="Announce", inner=verb)


def test_a_like_of_ours_and_its_undo_reach_the_author_on_fedify(world: World) -> None:
    root = world.discussion("Blue light?")
    answer = world.ferdi.reply(root, "Switch it off.")
    for client, actor in (
        (world.nadia, f"{world.a.base}/users/nadia"),
        (world.bo, f"{world.b.base}/users/bo"),
    ):
        status = client.has(answer)["id"]
        client.post(f"/api/v1/statuses/{status}/favourite")
        world.ferdi.gets(type="Like", actor=actor, objectId=answer)
        client.post(f"/api/v1/statuses/{status}/unfavourite")
        undone = world.ferdi.gets(type="Undo", actor=actor)
        assert undone["object"]["type"] == "Like"
        assert undone["object"]["objectId"] == answer


def test_what_its_author_deletes_is_gone_everywhere(world: World) -> None:
    root = world.discussion("Milk and honey?")
    own, theirs, elsewhere = (
        world.nadia.reply(root, "Yes."),
        world.bo.reply(root, "No."),
        world.ferdi.reply(root, "Maybe."),
    )
    until(lambda: all(len(t) == 3 for t in world.read(root)), "everybody reads three answers")
    world.nadia.delete(f"/api/v1/statuses/{world.nadia.has(own)['id']}")
    world.bo.delete(f"/api/v1/statuses/{world.bo.has(theirs)['id']}")
    world.ferdi("delete", id=elsewhere)
    world.everybody_reads(root, frozenset())
    for uri, actor in ((own, f"{world.a.base}/users/nadia"), (theirs, f"{world.b.base}/users/bo")):
        deleted = until(
            lambda uri=uri: [r for r in world.ferdi.received(type="Announce", inner="Delete")
                             if r["object"]["objectId"] == uri],
            "Fedify is told that it is gone",
        )  # fmt: skip
        assert deleted[0]["object"]["actor"] == actor
        assert httpx.get(uri, headers={"Accept": AS2}, trust_env=False).status_code == 410
    for client in (world.nadia, world.bo):
        assert client.status(own) is None
        assert client.status(theirs) is None
        assert client.status(elsewhere) is None


def test_a_deleted_discussion_and_its_boost_are_taken_back(world: World) -> None:
    root = world.discussion("Loud neighbours?")
    world.bo.reply(root, "Earplugs.")
    world.nadia.delete(f"/api/v1/statuses/{world.nadia.has(root)['id']}")
    world.ferdi.gets(type="Undo", actor=world.group, inner="Announce")
    until(lambda: world.bo.status(root) is None, "it is gone at Bo's")


def test_what_those_who_run_the_group_do_holds_on_other_servers(world: World) -> None:
    root = world.nadia.post(
        "/api/v1/statuses", status=f"@sleep_{world.form} is it dark?", visibility="public"
    )
    world.ferdi.gets(type="Announce", objectId=root["uri"])
    here = world.nadia.has(world.ferdi.reply(root["uri"], "drink a litre of it"))
    uri = here["uri"]
    world.bo.has(uri)

    def act(what: str, key: str) -> None:
        world.nadia.post(f"/api/v1/statuses/{key}/moderate", act=what, reason="a reason that stays here")

    act("remove", here["id"])
    until(lambda: world.bo.status(uri) is None, "it is gone on the other server")
    until(
        lambda: [r for r in world.ferdi.received(type="Announce", inner="Delete", actor=world.group)
                 if r["object"]["actor"].endswith("/users/moderation")],
        "Fedify hears it from the group, and not who did it",
    )  # fmt: skip
    act("restore", here["id"])
    world.bo.has(uri)
    there = world.bo.has(root["uri"])

    def answered() -> int:
        sent = {"status": "yes", "in_reply_to_id": there["id"], "visibility": "public"}
        return world.bo.http.post("/api/v1/statuses", json=sent).status_code

    act("lock", root["id"])
    until(lambda: answered() == 422, "the other server takes no answers")
    act("unlock", root["id"])
    until(lambda: answered() == 200, "and takes them again")


def test_a_delivery_in_the_groups_name_that_another_key_signed_is_refused_by_fedify(world: World) -> None:
    inbox = f"{world.ferdi.base}/users/ferdi/inbox"
    activity = {
        "@context": "https://www.w3.org/ns/activitystreams", "id": f"{world.group}#forged", "type": "Announce",
        "actor": world.group, "object": world.group,
    }  # fmt: skip
    body = json.dumps(activity).encode()
    sign = {"cavage": sign_cavage, "rfc9421": sign_rfc9421}[world.form]
    forger = signing_key(f"{world.group}#main-key", generate_rsa())
    headers = sign("POST", inbox, key=forger, now_ms=time.time_ns() // 1_000_000, body=body)
    assert httpx.post(inbox, content=body, headers=headers, trust_env=False).status_code == 401
    assert world.ferdi.received(id=activity["id"]) == []


def test_every_request_between_the_three_was_signed_and_taken_in_the_one_form(world: World) -> None:
    ferdi = world.ferdi.base.removeprefix("http://")
    until(lambda: world.a.spoken(ferdi) == world.form, "the form that Fedify takes is remembered")
    assert world.a.spoken(world.b.host) == world.b.spoken(world.a.host) == world.form
    came = world.ferdi("requests")
    for method in ("GET", "POST"):
        taken = [r for r in came if r["method"] == method and r["form"] != "none" and r["status"] < 300]
        assert taken, f"some {method} was signed"
        assert {r["form"] for r in taken} == {world.form}
    forged, *knocks = [r for r in reversed(came) if r["method"] == "POST" and r["status"] == 401]
    assert forged["form"] == world.form
    assert bool(knocks) == (world.form == "rfc9421"), "who takes RFC 9421 alone is knocked at twice"
    assert len(knocks) <= 2, "once by each of our servers; later deliveries begin with the other form"
    # A fragment is signed by Fedify and never sent, see fedify.mjs.
    went = [r for r in world.ferdi("went") if r["form"] != "none" and "#" not in r["url"]]
    assert {(r["form"], r["status"]) for r in went if r["method"] == "POST"} == {(world.form, 202)}
    assert {r["form"] for r in went if r["method"] == "GET" and r["status"] == 200} == {world.form}
