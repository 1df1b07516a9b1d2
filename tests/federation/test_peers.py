"""Learning from peers: what they ask of us before they answer, and what their documents may lack."""

from __future__ import annotations

import httpx
import pytest

from fedi_community.activitypub.fetch import Failed, Fetcher
from fedi_community.activitypub.signatures import signing_key
from fedi_community.network import Network
from tests.federation.world import BASE, Served, World, actor_document, rsa_key

ALICE = "https://peer.example/users/alice"


class OneForm(Served):
    """A peer that takes one signature form alone, and answers 401 to all else."""

    wanted = ""
    knocks = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.knocks += 1
        form = "rfc9421" if "signature-input" in request.headers else "cavage"
        return await super().handle_async_request(request) if form == self.wanted else httpx.Response(401)


@pytest.mark.parametrize(("wanted", "knocks"), [("cavage", 1), ("rfc9421", 2), ("none", 2)])
async def test_a_document_is_asked_for_in_the_other_form_where_the_first_is_not_taken(
    wanted: str, knocks: int
) -> None:
    served = OneForm({ALICE: actor_document(ALICE)})
    served.wanted = wanted
    network = Network(allow_private=False, own_host="clinic.example", user_agent="tests", transport=served)
    fetcher = Fetcher(network, signing_key(f"{BASE}/actor#main-key", rsa_key("instance")))
    found = await fetcher.actor(ALICE)
    await network.aclose()
    assert served.knocks == knocks
    if wanted == "none":
        assert found == Failed("status_401", 401)
    else:
        assert not isinstance(found, Failed)
        assert found.id == ALICE


async def test_the_form_that_a_host_took_is_asked_in_first_until_it_takes_it_no_more() -> None:
    other = "https://other.example/users/bob"
    served = OneForm({ALICE: actor_document(ALICE), other: actor_document(other)})
    network = Network(allow_private=False, own_host="clinic.example", user_agent="tests", transport=served)
    fetcher = Fetcher(network, signing_key(f"{BASE}/actor#main-key", rsa_key("instance")))
    for wanted, uri, knocks in (
        ("rfc9421", ALICE, 2), ("rfc9421", ALICE, 1), ("rfc9421", other, 2), ("none", ALICE, 2), ("rfc9421", ALICE, 1),
        ("cavage", ALICE, 2), ("cavage", ALICE, 1), ("rfc9421", other, 1),
    ):  # fmt: skip
        served.wanted, served.knocks = wanted, 0
        await fetcher.actor(uri)
        assert (served.knocks, wanted, uri) == (knocks, wanted, uri)
    await network.aclose()


@pytest.mark.parametrize("name", [None, "peer.example:8443"])
async def test_an_instance_actor_signs_for_its_host_whatever_its_name(world: World, name: str | None) -> None:
    uri = world.peer("https://peer.example/actor", "Application", preferredUsername=name or "")
    assert isinstance(await world.peers.learn_actor(uri), int)
    known = await world.peers.key(f"{uri}#main-key")
    assert getattr(known, "actor_uri", known) == uri
    assert known.viewer.instance  # type: ignore[union-attr]
