"""Follower synchronisation (FEP-8fcf), out and in: a Reject that got lost leaves nobody reading for ever, and nobody else is told
who follows whom."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.activitypub import synchronization
from fedi_community.activitypub.signatures import sign_cavage, signing_key
from fedi_community.activitypub.synchronization import Synchronization, digest_of, parsed, written
from fedi_community.domain.effects import Decision, SetGrant
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Grant, followers_of
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, Json, open_clinic
from tests.federation.neighbours import HOSTS, Town
from tests.federation.test_gated_groups import QUIET, sees, template, town, write
from tests.federation.world import AS2, BASE, asgi_post, rsa_key

__all__ = ["template", "town"]
ASH, BIRCH, CEDAR = HOSTS
FIELD = synchronization.FIELD.lower()
ANA = "https://peer.example/users/ana"
LIST = f"{ANA}/followers_synchronization"


def uri(name: str, host: str = BIRCH) -> str:
    return f"https://{host}/users/{name}"


def fields(town: Town, since: int = 0) -> list[tuple[str, str, Synchronization | None, str]]:
    """(inbox, type, what was said of followers, signature) of each activity posted since."""
    found = []
    for (method, url, body), head in zip(town.wires.said[since:], town.wires.heads[since:], strict=True):
        if method == "POST":
            said = parsed(head[FIELD]) if FIELD in head else None
            found.append((url, json.loads(body)["type"], said, head["signature"]))
    return found


# --- out --------------------------------------------------------------------------------------------------------------------


async def test_what_followers_alone_read_says_who_of_the_host_they_are_and_the_field_is_signed(
    town: Town,
) -> None:
    ash = town[ASH]
    for who in ("bea", "ben"):
        await town.follow(who, "ana")
    await town.settle()
    begun = len(town.wires.said)
    await ash.make.post(ash.ids["ana"], "to followers", "private")
    await town.settle()
    said = fields(town, begun)
    assert {url for url, *_ in said} == {f"{uri('bea')}/inbox", f"{uri('ben')}/inbox"}
    for _, _, one, signature in said:
        assert one == Synchronization(
            f"{uri('ana', ASH)}/followers",
            f"{uri('ana', ASH)}/followers?domain={BIRCH}",
            digest_of([uri("bea"), uri("ben")]),
        )
        assert FIELD in signature
    listed = (await town.signed(None, BIRCH, ASH, f"/users/ana/followers?domain={BIRCH}"))[1]
    assert json.loads(listed)["orderedItems"] == [uri("bea"), uri("ben")]


async def test_of_a_closed_group_the_group_says_it_of_its_members(town: Town) -> None:
    begun = len(town.wires.said)
    await write(town, "ana", "for members")
    said = {(url, one) for url, type_, one, _ in fields(town, begun) if type_ == "Announce"}
    assert said == {
        (
            f"https://{host}/users/{who}/inbox",
            Synchronization(
                f"{QUIET}/followers", f"{QUIET}/followers?domain={host}", digest_of([uri(who, host)])
            ),
        )
        for who, host in (("bea", BIRCH), ("cam", CEDAR))
    }
    assert all(one is None for _, type_, one, _ in fields(town, begun) if type_ == "Create")


async def test_what_everybody_reads_and_what_is_for_one_person_says_nothing_of_followers(town: Town) -> None:
    ash = town[ASH]
    await town.follow("bea", "ana")
    await town.settle()
    begun = len(town.wires.said)
    await ash.make.post(ash.ids["ana"], "for everybody", "public")
    await ash.make.post(ash.ids["ana"], f"@bea@{BIRCH} for you", "direct")
    await town.settle()
    said = fields(town, begun)
    assert len(said) == 2
    assert all(one is None for _, _, one, _ in said)


async def test_the_list_is_for_its_own_server_alone_and_comes_in_pages(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("bea", "ben", "cam"):
        await town.follow(who, "ana")
    await town.settle()
    path = f"/users/ana/followers?domain={BIRCH}"
    nobody = await town.signed(None, BIRCH, ASH, "/users/nobody/followers?domain=x")
    assert await town.signed(None, CEDAR, ASH, path) == nobody
    assert (await town[ASH].get(path, {"Accept": AS2}))[0] == 404
    monkeypatch.setattr("fedi_community.documents.documents.LISTED", 1)
    first = json.loads((await town.signed(None, BIRCH, ASH, path))[1])["first"]
    found = []
    while first:
        page = json.loads((await town.signed(None, BIRCH, ASH, first.removeprefix(f"https://{ASH}")))[1])
        found += page["orderedItems"]
        first = page.get("next")
    assert found == [uri("bea"), uri("ben")]


# --- in ---------------------------------------------------------------------------------------------------------------------


async def forget(town: Town, host: str, collection: int, who: str) -> None:
    """A server ends what somebody was granted, and its word of it never leaves."""
    server = town[host]
    ended = SetGrant(server.ids[who], collection, Grant.ENDED, town.clock.now)
    await server.make.must(Needs(), lambda f: Decision((ended,)))


async def test_who_was_removed_from_a_closed_group_and_never_heard_of_it_reads_no_more(town: Town) -> None:
    before = await write(town, "ana", "before")
    await town.follow("ben", "quiet")
    await town.settle()
    await town.answer("quiet", "ben", True)
    await town.settle()
    await forget(town, ASH, followers_of(town[ASH].ids["quiet"]), "bea")
    assert await sees(town, "bea", before)
    after = await write(town, "ana", "after")
    assert await sees(town, "ben", after)
    assert not await sees(town, "bea", after)
    assert not await sees(town, "bea", before)


async def test_a_follower_whom_the_other_server_does_not_know_any_more_is_one_no_more(town: Town) -> None:
    ash, birch = town[ASH], town[BIRCH]
    for who in ("bea", "ben"):
        await town.follow(who, "ana")
    await town.settle()
    await forget(town, ASH, followers_of(ash.ids["ana"]), "bea")
    post = await ash.make.post(ash.ids["ana"], "to followers", "private")
    await town.settle()
    there = f"https://{ASH}/objects/{post}"
    assert await sees(town, "ben", there)
    assert not await sees(town, "bea", there)
    begun = len(town.wires.said)
    town.clock.forward(700)
    await ash.make.post(ash.ids["ana"], "one more", "private")
    await town.settle()
    assert not [url for method, url, _ in town.wires.said[begun:] if method == "GET"], "they agree again"
    assert birch.host == BIRCH


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


async def following(clinic: Clinic) -> None:
    """Nadia and omar follow ANA, who knows of omar alone."""
    ana = await clinic.know(ANA)
    for name in ("nadia", "omar"):
        who = await clinic.make.member(name)
        await clinic.make.join(who, ana)
        follow = (await clinic.sent())[-1]
        await clinic.tell({"id": f"{ANA}/accept/{name}", "type": "Accept", "actor": ANA, "object": follow})
    listing(clinic, [f"{BASE}/users/omar"])


def listing(clinic: Clinic, items: list[str], where: str = LIST, **more: Any) -> None:
    clinic.peers.documents[where] = {
        "@context": "https://www.w3.org/ns/activitystreams", "id": where, "type": "OrderedCollection", "orderedItems": items,
        **more,
    }  # fmt: skip


async def hear(clinic: Clinic, said: Synchronization) -> None:
    """ANA says something with the field."""
    clinic.make.clock.forward(1)
    now = clinic.make.clock.now
    note: Json = {
        "id": f"{ANA}/note/{now}", "type": "Note", "attributedTo": ANA, "content": "x", "to": [f"{ANA}/followers"],
    }  # fmt: skip
    body = json.dumps({"id": f"{ANA}/create/{now}", "type": "Create", "actor": ANA, "object": note}).encode()
    sent = {"Host": "clinic.example", "Content-Type": AS2, synchronization.FIELD: written(said)}
    key = signing_key(f"{ANA}#main-key", rsa_key("peer"))
    sent |= sign_cavage("POST", f"{BASE}/inbox", key=key, now_ms=now, body=body)
    status, answer = await asgi_post(clinic.parts.door, "/inbox", sent, body)
    assert status == 202, answer
    await clinic.parts.settle()


async def followers(clinic: Clinic) -> set[str]:
    collection = followers_of(clinic.make.ids[ANA])
    ids = {
        r["actor_id"]
        for r in await clinic.rows(t.grants)
        if (r["collection_id"], r["state"]) == (collection, Grant.ACCEPTED)
    }
    return {name for name in ("nadia", "omar") if clinic.make.ids[name] in ids}


RIGHT = Synchronization(f"{ANA}/followers", LIST, digest_of([f"{BASE}/users/omar"]))


async def test_who_is_not_on_the_list_follows_no_more(clinic: Clinic) -> None:
    await following(clinic)
    await hear(clinic, RIGHT)
    assert await followers(clinic) == {"omar"}
    assert await clinic.sent() == []


async def test_the_list_may_come_in_pages_ten_of_them(clinic: Clinic) -> None:
    await following(clinic)
    listing(clinic, [], first=f"{LIST}/1")
    for number in range(1, 9):
        listing(clinic, [], f"{LIST}/{number}", type="OrderedCollectionPage", next=f"{LIST}/{number + 1}")
    listing(clinic, [f"{BASE}/users/omar"], f"{LIST}/9", type="OrderedCollectionPage")
    await hear(clinic, RIGHT)
    assert await followers(clinic) == {"omar"}


@pytest.mark.parametrize("what", ["too long", "missing", "other digest", "elsewhere", "other collection"])
async def test_nobody_is_taken_off_by_a_list_that_is_not_whole_or_not_the_signers(
    clinic: Clinic, what: str
) -> None:
    await following(clinic)
    said = RIGHT
    if what == "too long":
        for number in range(12):
            onward = {"next": f"{LIST}/{number + 1}"} if number < 11 else {}
            listing(clinic, [f"{BASE}/users/omar"], f"{LIST}/{number}", **onward)
        said = Synchronization(said.collection, f"{LIST}/0", said.digest)
    elif what == "missing":
        del clinic.peers.documents[LIST]
    elif what == "other digest":
        said = Synchronization(said.collection, LIST, digest_of([]))
    elif what == "elsewhere":
        listing(clinic, [f"{BASE}/users/omar"], "https://other.example/list")
        said = Synchronization(said.collection, "https://other.example/list", said.digest)
    else:
        said = Synchronization("https://peer.example/users/ben/followers", LIST, said.digest)
    await hear(clinic, said)
    assert await followers(clinic) == {"nadia", "omar"}


async def test_where_both_hold_the_same_nobody_is_asked(clinic: Clinic) -> None:
    await following(clinic)
    both = digest_of([f"{BASE}/users/nadia", f"{BASE}/users/omar"])
    await hear(clinic, Synchronization(RIGHT.collection, LIST, both))
    assert LIST not in clinic.peers.asked
    assert await followers(clinic) == {"nadia", "omar"}
