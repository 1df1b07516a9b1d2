"""What a group elsewhere passes on: what it may say of itself counts, whoever did it; what is another's to say does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain.model import Viewer, followers_of
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, Json, open_clinic
from tests.federation.world import BASE, PUBLIC

CONTEXT = "https://www.w3.org/ns/activitystreams"
REST = "https://forum.example/c/rest"
BOSS = "https://third.example/u/boss"
ALICE = "https://fourth.example/u/alice"
MAL = "https://evil.example/u/mal"
TRAP = "https://evil.example/c/trap"
NADIA = f"{BASE}/users/nadia"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


async def join(clinic: Clinic, group: str = REST, **more: Any) -> int:
    """Nadia is in a group elsewhere, which BOSS of a third server moderates; her id."""
    listed: Json = {"@context": CONTEXT, "id": f"{group}/moderators", "type": "OrderedCollection"}
    listed["orderedItems"] = [BOSS]
    clinic.peers.documents[listed["id"]] = listed
    made = await clinic.know(group, "Group", attributedTo=listed["id"], **more)
    nadia = clinic.make.ids.get("nadia") or await clinic.make.member("nadia")
    for person in (BOSS, ALICE, MAL):
        await clinic.know(person)
    await clinic.make.join(nadia, made)
    follow = (await clinic.sent())[-1]
    await clinic.tell({"id": f"{group}/accept", "type": "Accept", "actor": group, "object": follow})
    return nadia


def note(clinic: Clinic, author: str, number: int, group: str = REST, **more: Any) -> Json:
    """A post, served at its address."""
    uri = f"{author.rsplit('/u/', 1)[0]}/post/{number}"
    made: Json = {
        "@context": CONTEXT, "id": uri, "type": "Note", "attributedTo": author, "content": f"<p>{number}</p>",
        "to": [group, PUBLIC], "cc": [], "audience": group, "published": "2026-01-05T09:59:00Z", **more,
    }  # fmt: skip
    clinic.peers.documents[uri] = made
    return made


async def passes_on(clinic: Clinic, inner: Json, group: str = REST) -> None:
    number = clinic.make.clock.now
    made = {"id": f"{group}/announce/{number}", "type": "Announce", "actor": group, "object": inner}
    await clinic.tell({**made, "to": [PUBLIC], "cc": [f"{group}/followers"]})


def act(type_: str, actor: str, object_: Any, group: str = REST, **more: Any) -> Json:
    uri = f"{actor.rsplit('/u/', 1)[0]}/act/{type_}"
    made: Json = {"id": uri, "type": type_, "actor": actor, "object": object_, "to": [PUBLIC], "cc": [group]}
    return {**made, "audience": group, **more}


async def thread(clinic: Clinic, group: str = REST) -> Json:
    post = note(clinic, ALICE, 1 if group == REST else 2, group)
    await passes_on(clinic, act("Create", ALICE, post, group), group)
    assert await clinic.shown(post["id"]) is not None
    return post


async def test_moderators_of_a_group_who_live_on_a_third_server_lock_pin_remove_and_ban_in_it(
    clinic: Clinic,
) -> None:
    nadia = await join(clinic)
    uri = (await thread(clinic))["id"]
    await passes_on(clinic, act("Lock", BOSS, uri))
    await passes_on(clinic, act("Add", BOSS, uri, target=f"{REST}/featured"))
    row = await clinic.row(uri)
    assert row is not None
    assert row["locked"] == 1
    assert [pin["object_id"] for pin in await clinic.rows(t.pins)] == [row["id"]]
    removal = act("Delete", BOSS, uri, summary="not kind")
    await passes_on(clinic, removal)
    assert (await clinic.row(uri) or {})["state"] == "removed"
    await passes_on(clinic, act("Undo", BOSS, removal))
    assert (await clinic.row(uri) or {})["state"] == "published"
    await passes_on(clinic, act("Block", BOSS, NADIA, target=REST))
    assert [block["target_id"] for block in await clinic.rows(t.blocks)] == [nadia]


@pytest.mark.parametrize("actor", [ALICE, MAL])
async def test_who_moderates_nothing_does_nothing_by_the_groups_word_either(
    clinic: Clinic, actor: str
) -> None:
    await join(clinic)
    uri = (await thread(clinic))["id"]
    await passes_on(clinic, act("Delete", actor, uri, summary="not kind"))
    await passes_on(clinic, act("Block", actor, NADIA, target=REST))
    await passes_on(clinic, act("Add", actor, uri, target=f"{REST}/featured"))
    assert (await clinic.row(uri) or {})["state"] == "published"
    assert await clinic.rows(t.blocks) == []
    assert await clinic.rows(t.pins) == []


async def test_a_group_says_nothing_of_other_groups_of_posts_outside_it_or_of_people(clinic: Clinic) -> None:
    await join(clinic)
    await join(clinic, TRAP)
    uri = (await thread(clinic))["id"]
    for inner in (
        act("Lock", BOSS, uri),
        act("Lock", ALICE, uri),
        act("Delete", BOSS, uri, summary="not kind"),
        act("Add", BOSS, uri, target=f"{REST}/featured"),
        act("Block", BOSS, NADIA, target=REST),
        act("Block", ALICE, NADIA),
        act("Delete", ALICE, ALICE),
    ):
        await passes_on(clinic, inner, TRAP)
    row = await clinic.row(uri)
    assert row is not None
    assert (row["state"], row["locked"]) == ("published", 0)
    assert await clinic.rows(t.blocks) == []
    assert await clinic.rows(t.pins) == []
    assert [a["state"] for a in await clinic.rows(t.actors) if a["uri"] == ALICE] == ["active"]


async def test_that_an_author_deleted_his_post_his_own_server_says(clinic: Clinic) -> None:
    await join(clinic)
    uri = (await thread(clinic))["id"]
    await passes_on(clinic, act("Delete", ALICE, uri))
    assert (await clinic.row(uri) or {})["state"] == "published"
    del clinic.peers.documents[uri]
    await passes_on(clinic, act("Delete", ALICE, uri))
    assert (await clinic.row(uri) or {})["state"] == "deleted"


# --- closed groups ----------------------------------------------------------------------------------------------------------


def quietly(clinic: Clinic, author: str, number: int, **more: Any) -> Json:
    return note(clinic, author, number, to=[REST, f"{REST}/followers"], **more)


async def test_nobody_gets_a_post_into_a_closed_group_by_answering_it(clinic: Clinic) -> None:
    nadia = await join(clinic, manuallyApprovesFollowers=True)
    post = quietly(clinic, MAL, 1)
    await clinic.tell(act("Create", MAL, post, to=post["to"]))
    answer = note(clinic, MAL, 2, to=[NADIA], audience=None, inReplyTo=post["id"])
    await clinic.tell({**act("Create", MAL, answer, to=[NADIA]), "id": "https://evil.example/act/2"})
    assert await clinic.row(post["id"]) is None
    shown = await clinic.shown(answer["id"], Viewer(nadia, True))
    assert shown is not None
    assert shown.group is None
    assert (await clinic.parts.peers.learn_post(post["id"])).reason == "not_relayed"  # type: ignore[union-attr]


async def test_what_a_closed_group_passes_on_brings_what_it_answers(clinic: Clinic) -> None:
    nadia = await join(clinic, manuallyApprovesFollowers=True)
    group = clinic.make.ids[REST]
    root = quietly(clinic, ALICE, 1)
    answer = quietly(clinic, BOSS, 2, inReplyTo=root["id"])
    await passes_on(clinic, act("Create", BOSS, answer, to=answer["to"]))
    for uri in (root["id"], answer["id"]):
        shown = await clinic.shown(uri, Viewer(nadia, True))
        assert shown is not None
        assert shown.group is not None
        assert shown.group.id == group
        assert await clinic.shown(uri) is None
    rows = [r for r in await clinic.rows(t.audience) if r["principal_id"] == followers_of(group)]
    assert len(rows) == 2


async def test_what_a_closed_groups_own_server_shows_is_in_it(clinic: Clinic) -> None:
    nadia = await join(clinic, manuallyApprovesFollowers=True)
    clinic.peer("https://forum.example/u/fay")
    post = quietly(clinic, "https://forum.example/u/fay", 1)
    found = await clinic.parts.peers.learn_post(post["id"])
    assert isinstance(found, int)
    assert await clinic.shown(post["id"], Viewer(nadia, True)) is not None
