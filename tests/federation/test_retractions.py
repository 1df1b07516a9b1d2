"""Who may take a post back: its author; in a group those who moderate it; nobody else, whatever server he is on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedi_community.domain.model import State
from fedi_community.storage.database import Database
from tests.federation.platforms import Case
from tests.federation.world import BASE, PUBLIC, open_world

ALICE = "https://peer.example/users/alice"
EVE = "https://peer.example/users/eve"
NOTE = "https://peer.example/notes/1"
GROUP = "https://forum.example/c/sleep"
OWN_GROUP = f"{BASE}/groups/sleep"


@pytest.fixture
async def case(db: Database) -> AsyncIterator[Case]:
    """A world without a payload, where alice and eve of one server are known."""
    async with open_world(db) as world:
        made = Case(world, "", "", "", {})
        await made.actor(ALICE)
        await made.actor(EVE)
        yield made


def delete(uri: str = NOTE, actor: str = EVE, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{actor}#delete-{number}",
        "type": "Delete",
        "actor": actor,
        "object": uri,
        "to": [PUBLIC],
        **more,
    }


def create(actor: str = ALICE, number: int = 1, **more: Any) -> dict[str, Any]:
    post = {"id": NOTE, "type": "Note", "attributedTo": actor, "content": "<p>as it was</p>", "to": [PUBLIC]}
    return {"id": f"{actor}#create-{number}", "type": "Create", "actor": actor, "object": {**post, **more}}


async def test_another_person_of_the_authors_server_cannot_delete_a_post(case: Case) -> None:
    await case.post(NOTE, ALICE)
    for number, more in enumerate(({}, {"summary": "spam", "audience": OWN_GROUP}, {"summary": "spam"})):
        assert await case.changes_nothing(delete(number=number, **more)) == "not_the_author"
    await case.seen(NOTE)
    assert await case.tell(delete(actor=ALICE)) == "deleted"
    assert await case.shown(NOTE) is None


async def test_in_a_group_an_administrator_of_the_authors_server_removes_with_a_reason_and_only_there(
    case: Case,
) -> None:
    _, root = await case.thread()
    assert await case.tell(create(inReplyTo=root)) == "stored"
    assert await case.changes_nothing(delete(audience=OWN_GROUP)) == "not_the_author"
    elsewhere = delete(number=2, summary="spam", audience=f"{BASE}/groups/other")
    assert await case.changes_nothing(elsewhere) == "not_the_author"
    assert await case.changes_nothing(delete(number=3, summary="spam")) == "not_the_author"
    assert await case.tell(delete(number=4, summary="spam", cc=[OWN_GROUP])) == "removed"
    row = await case.object_row(NOTE)
    assert row is not None
    assert row["state"] == State.REMOVED, "hidden in the group, its author keeps his words"


async def test_a_person_of_the_groups_server_who_is_no_moderator_removes_only_with_a_reason(
    case: Case,
) -> None:
    owner = "https://forum.example/u/owner"
    await case.actor(owner)
    uri = "https://forum.example/post/1"
    await case.in_group(uri, GROUP, "https://forum.example/u/writer")
    plain = delete(uri, owner, cc=[GROUP])
    assert await case.changes_nothing(plain) == "not_the_author"
    assert await case.tell({**plain, "id": f"{owner}#2", "summary": "against the rules"}) == "removed"


async def test_a_stranger_of_the_same_server_cannot_forestall_a_post_and_its_author_can(case: Case) -> None:
    await case.followed(ALICE)
    assert await case.tell(delete()) == "remembered"
    assert await case.tell(create()) == "stored"
    other = NOTE + "2"
    assert await case.tell(delete(other, number=2)) == "remembered"
    assert await case.tell(delete(other, ALICE, 2)) == "remembered"
    assert await case.is_ignored(create(number=2, id=other)) == "gone"
    third = NOTE + "3"
    assert await case.tell(delete(third, ALICE, 3)) == "remembered"
    assert await case.tell(delete(third, number=3)) == "remembered"
    assert await case.is_ignored(create(number=3, id=third)) == "gone"


async def test_nobody_but_the_author_edits_or_undoes(case: Case) -> None:
    await case.followed(ALICE)
    await case.post(NOTE, ALICE)
    edited = {**create()["object"], "content": "<p>changed</p>"}
    update = {"id": f"{EVE}#update", "type": "Update", "actor": EVE, "object": edited}
    assert await case.changes_nothing(update) == "not_owner"
    unowned = {k: v for k, v in edited.items() if k != "attributedTo"}
    assert await case.changes_nothing({**update, "id": f"{EVE}#u2", "object": unowned}) == "not_the_author"
    like = {"id": f"{ALICE}#like", "type": "Like", "actor": ALICE, "object": NOTE}
    boost = {"id": f"{ALICE}#boost", "type": "Announce", "actor": ALICE, "object": NOTE, "to": [PUBLIC]}
    assert await case.tell(like) == "reacted"
    assert await case.tell(boost) == "boosted"
    for number, inner in enumerate((f"{ALICE}#like", f"{ALICE}#boost", like, boost)):
        undo = {"id": f"{EVE}#undo-{number}", "type": "Undo", "actor": EVE, "object": inner}
        assert await case.changes_nothing(undo) in ("not_own_activity", "nothing_to_undo")
    assert (await case.seen(NOTE)).likes_count == 1
    assert (
        await case.tell({"id": f"{ALICE}#undo", "type": "Undo", "actor": ALICE, "object": like})
        == "unreacted"
    )
