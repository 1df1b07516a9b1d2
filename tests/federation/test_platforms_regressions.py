"""What the recorded payloads of other platforms brought to light, in small payloads of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedi_community.activitypub.fetch import Failed
from fedi_community.domain.model import Grant, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Database
from tests.federation.platforms import Case
from tests.federation.world import AS2, BASE, PUBLIC, actor_document, open_world

ALICE = "https://peer.example/users/alice"
GROUP = "https://forum.example/c/sleep"
EVIL = "https://evil.example/c/thieves"


@pytest.fixture
async def case(db: Database) -> AsyncIterator[Case]:
    """A world without a payload."""
    async with open_world(db) as world:
        yield Case(world, "", "", "", {})


def note(uri: str, author: str = ALICE, **more: Any) -> dict[str, Any]:
    return {
        "id": uri,
        "type": "Note",
        "attributedTo": author,
        "content": "<p>hello</p>",
        "to": [PUBLIC],
        **more,
    }


def says(verb: str, obj: Any, actor: str = ALICE, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{actor}#{verb}-{number}",
        "type": verb,
        "actor": actor,
        "object": obj,
        "to": [PUBLIC],
        **more,
    }


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"type": "Story"}, 0),
        ({"type": "Tombstone"}, 410),
        ({"content": None, "name": "yes", "inReplyTo": "https://peer.example/q/1"}, 0),
    ],
    ids=["of an unknown type", "taken back", "a vote"],
)
async def test_a_fetched_object_that_is_no_post_is_not_stored(
    case: Case, more: dict[str, Any], status: int
) -> None:
    await case.actor(ALICE)
    case.serve({**note("https://peer.example/o/1"), **more})
    assert await case.world.peers.store_post(await _document(case)) == Failed("not_a_post", status)
    assert await case.rows(t.objects) == []
    case.serve(note("https://peer.example/o/2"))
    assert isinstance(await case.world.peers.learn_post("https://peer.example/o/2"), int)


async def _document(case: Case) -> Any:
    found = await case.world.peers.fetcher.post("https://peer.example/o/1")
    assert not isinstance(found, Failed)
    return found


async def test_an_actor_without_a_name_is_known_by_its_host(case: Case) -> None:
    case.peer(ALICE, preferredUsername=None)
    assert isinstance(await case.world.peers.learn_actor(ALICE), int)
    row = await case.actor_row(ALICE)
    assert row is not None
    assert row["handle"] == "peer.example"


async def test_an_actor_that_shows_only_another_servers_key_is_refused(case: Case) -> None:
    key = actor_document(ALICE)["publicKey"]
    case.peer(ALICE, publicKey={**key, "id": "https://other.example/users/admin#main-key"})
    assert await case.world.peers.learn_actor(ALICE) == Failed("foreign_key")
    assert await case.actor_row(ALICE) is None
    bob = "https://peer.example/users/bob"
    case.peer(bob, publicKey=None)
    assert isinstance(await case.world.peers.learn_actor(bob), int), "an actor without any key is no impostor"


async def test_a_key_that_names_no_owner_is_of_the_actor_under_whose_address_it_is(case: Case) -> None:
    key = actor_document(ALICE)["publicKey"]
    case.peer(ALICE, publicKey={k: v for k, v in key.items() if k != "owner"})
    await case.member()
    assert await case.tell(says("Follow", f"{BASE}/users/nadia")) == "accepted"
    eve = "https://peer.example/users/eve"
    case.peer(eve, publicKey={**key, "id": f"{ALICE}-2#main-key", "owner": None})
    await case.actor(eve)
    assert [row["uri"] for row in await case.rows(t.keys)] == [f"{ALICE}#main-key"]


async def test_a_post_for_a_remote_group_that_nobody_here_follows_is_dropped(case: Case) -> None:
    await case.actor(GROUP, "Group")
    page = note(f"{ALICE}/1", type="Page", name="A thread", to=[GROUP, PUBLIC], audience=GROUP)
    relayed = says("Announce", says("Create", page), GROUP)
    await case.actor(ALICE)
    case.serve(page)
    assert await case.is_ignored(says("Create", page)) == "not_for_us"
    assert await case.is_ignored(relayed) == "not_for_us"
    await case.followed(GROUP)
    assert await case.tell({**relayed, "id": relayed["id"] + "-2"}) == "stored"


async def test_a_group_can_neither_forge_nor_undo_votes_on_what_is_not_its_own(case: Case) -> None:
    await case.actor(ALICE)
    _, uri = await case.thread()
    like = says("Like", uri)
    await case.actor(EVIL, "Group")
    await case.followed(EVIL)
    assert await case.is_ignored(says("Announce", like, EVIL)) == "unconfirmed"
    assert await case.tell(like) == "reacted"
    undo = says("Announce", says("Undo", like), EVIL, 2)
    assert await case.is_ignored(undo) == "unconfirmed"
    assert (await case.seen(uri)).likes_count == 1
    theirs = "https://evil.example/post/1"
    await case.in_group(theirs, EVIL)
    assert await case.tell(says("Announce", says("Like", theirs, number=3), EVIL, 3)) == "reacted"


async def test_a_moderator_elsewhere_makes_us_ask_the_groups_own_server_and_a_stranger_does_not(
    case: Case,
) -> None:
    listed = {"id": f"{GROUP}/moderators", "type": "OrderedCollection", "orderedItems": [ALICE]}
    await case.actor(GROUP, "Group", attributedTo=case.serve(listed))
    case.world.served.documents[GROUP]["name"] = "Sleep and rest"
    claimed = {**case.world.served.documents[GROUP], "name": "Hacked"}
    assert await case.changes_nothing(case.by_mallory(says("Update", claimed))) == "not_owner"
    assert await _name(case) == "Somebody"
    assert await case.tell(says("Update", claimed)) == "actor_updated"
    assert await _name(case) == "Sleep and rest"
    case.world.served.documents[GROUP]["name"] = "Rest"
    owner = "https://forum.example/u/owner"
    assert await case.tell(says("Announce", says("Update", claimed, owner), GROUP)) == "unknown_inner_actor"
    await case.actor(owner)
    assert await case.tell(says("Announce", says("Update", claimed, owner), GROUP, 2)) == "actor_updated"
    assert await _name(case) == "Rest"


async def _name(case: Case) -> str:
    row = await case.actor_row(GROUP)
    assert row is not None
    return str(row["name"])


async def test_a_profile_whose_server_is_away_is_asked_for_again_later(case: Case) -> None:
    await case.actor(ALICE)
    document = case.world.served.documents[ALICE]
    case.world.served.documents[ALICE] = 503
    assert (await case.tell(says("Update", document))).startswith("later_")
    case.world.served.documents[ALICE] = {**document, "name": "Alice"}
    case.world.make.clock.forward(60)
    await case.world.inbox.run_until_idle()
    assert case.world.inbox.verdicts["actor_updated"] == 1
    assert await case.rows(t.inbox) == []


@pytest.mark.parametrize("verb", ["Follow", "Block"])
async def test_an_undo_that_overtook_its_activity_wins_once_and_not_for_ever(case: Case, verb: str) -> None:
    nadia = await case.member()
    alice = await case.actor(ALICE)
    first, second = (says(verb, f"{BASE}/users/nadia", number=n) for n in (1, 2))
    assert await case.tell(says("Undo", first)) == "remembered"
    assert await case.is_ignored(first) == "undone"
    for number in (3, 4):  # an id may be used again after an Undo that found what it ends
        assert await case.tell(second) == ("accepted" if verb == "Follow" else "blocked")
        held = await case.grant(alice, followers_of(nadia)) is Grant.ACCEPTED or await case.rows(t.blocks)
        assert held
        assert await case.tell(says("Undo", second, number=number)) in ("unfollowed", "unblocked")


async def test_who_followed_an_account_that_moved_asks_to_follow_the_new_one(case: Case) -> None:
    new = "https://new.example/users/alice"
    nadia, omar = await case.member("nadia"), await case.member("omar")
    await case.followed(ALICE)
    await case.actor(new, alsoKnownAs=[ALICE])
    assert await case.tell(says("Move", ALICE, target=new)) == "moved"
    new_id = await case.actor(new)
    assert await case.grant(nadia, followers_of(new_id)) is Grant.ASKED
    assert await case.grant(omar, followers_of(new_id)) is None


async def test_a_deletion_that_nobody_can_verify_holds_when_the_account_is_gone_at_its_own_server(
    case: Case,
) -> None:
    await case.actor(ALICE)
    await case.post("https://peer.example/notes/1", ALICE)
    gone = says("Delete", ALICE)
    assert (await case.world.post(gone, ALICE, key="mallory"))[0] == 401
    case.world.served.documents[ALICE] = 410
    asked = len(case.world.served.asked)
    assert (await case.world.post(gone, ALICE, key="mallory"))[0] == 401
    assert len(case.world.served.asked) == asked, "asked once in five minutes, whoever makes us ask"
    case.world.make.clock.forward(600)
    for other in (says("Update", ALICE), says("Delete", "https://peer.example/notes/1")):
        assert (await case.world.post(other, ALICE, key="mallory"))[0] == 401
    case.world.make.clock.forward(600)
    assert (await case.world.post(gone, ALICE, key="mallory"))[0] == 202
    await case.world.inbox.run_until_idle()
    assert await case.shown("https://peer.example/notes/1") is None
    assert case.world.served.types.get(ALICE, AS2) == AS2
