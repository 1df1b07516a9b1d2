"""Handles that end in another host than their actor's: shown and found when that host confirms them, and not otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.render import Site
from fedi_community.domain.effects import Decision, SetHost
from fedi_community.domain.facts import Needs
from fedi_community.domain.views import ActorView
from fedi_community.storage import views
from fedi_community.storage.database import Database
from tests.federation.platforms import Case
from tests.federation.world import BASE, PUBLIC, open_world, webfinger_url

ALICE = "https://social.example.org/users/alice"
HANDLE = "alice@example.org"


@pytest.fixture
async def case(db: Database) -> AsyncIterator[Case]:
    """A world without a payload."""
    async with open_world(db) as world:
        yield Case(world, "", "", "", {})


async def by_handle(case: Case, name: str, host: str) -> ActorView | None:
    return await case.world.make.house.db.read(lambda tx: views.actor_by_handle(tx, name, host))


async def test_a_handle_of_another_host_is_shown_found_and_mentioned(case: Case) -> None:
    case.world.split_peer(ALICE, HANDLE)
    alice = await case.actor(ALICE)
    found = await by_handle(case, "alice", "example.org")
    assert found is not None
    assert (found.id, found.host, found.acct) == (alice, "social.example.org", HANDLE)
    assert Site(BASE).handle(found) == HANDLE
    assert await by_handle(case, "alice", "social.example.org") is None
    nadia = await case.member()
    written = await case.world.make.post(nadia, f"hello @{HANDLE}")
    shown = await case.seen(f"{BASE}/objects/{written}")
    assert [actor.acct for actor in shown.mentions] == [HANDLE]
    ours = await by_handle(case, "nadia", "")
    assert ours is not None
    assert (ours.acct, Site(BASE).handle(ours)) == ("nadia", "nadia@clinic.example")


async def test_a_handle_that_its_host_does_not_confirm_is_not_believed(case: Case) -> None:
    case.world.split_peer(ALICE, HANDLE, webfinger=HANDLE)
    case.world.served.documents[webfinger_url(HANDLE)]["links"][0]["href"] = (
        "https://social.example.org/users/eve"
    )
    await case.actor(ALICE)
    assert await by_handle(case, "alice", "example.org") is None
    found = await by_handle(case, "alice", "social.example.org")
    assert found is not None
    assert found.acct == "alice@social.example.org"


async def test_a_confirmed_handle_stays_while_its_host_is_away_and_goes_when_it_says_no(case: Case) -> None:
    case.world.split_peer(ALICE, HANDLE)
    await case.actor(ALICE)
    answers = case.world.served.documents
    for away in (503, httpx.ConnectError("no route")):
        answers[webfinger_url(HANDLE)] = away
        assert isinstance(await case.world.peers.learn_actor(ALICE, force=True), int)
        assert await by_handle(case, "alice", "example.org") is not None
    answers[webfinger_url(HANDLE)] = 404
    assert isinstance(await case.world.peers.learn_actor(ALICE, force=True), int)
    assert await by_handle(case, "alice", "example.org") is None
    assert await by_handle(case, "alice", "social.example.org") is not None


async def test_who_is_known_under_a_suspended_host_is_not_learned(case: Case) -> None:
    suspended = Decision((SetHost("example.org", "suspended"),))
    await case.world.make.must(Needs(), lambda facts: suspended)
    case.world.split_peer(ALICE, HANDLE)
    assert await case.world.peers.learn_actor(ALICE) == Failed("refused_host")
    assert await case.actor_row(ALICE) is None


async def test_a_post_of_such_an_actor_names_its_handle(case: Case) -> None:
    case.world.split_peer(ALICE, HANDLE)
    await case.actor(ALICE)
    await case.followed(ALICE)
    note = {"id": "https://social.example.org/notes/1", "type": "Note", "attributedTo": ALICE, "to": [PUBLIC],
            "content": "<p>hello</p>"}  # fmt: skip
    assert (
        await case.tell({"id": f"{note['id']}/create", "type": "Create", "actor": ALICE, "object": note})
        == "stored"
    )
    assert (await case.seen(str(note["id"]))).author.acct == HANDLE
