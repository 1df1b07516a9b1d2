"""A discussion leaves a group for another, or for none: as a peer's group says it, as NodeBB says it, and what nobody may say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedi_community.storage.database import Database
from tests.federation.platforms import Case
from tests.federation.world import BASE, PUBLIC, open_world

OLD, NEW = "https://forum.example/c/sleep", "https://forum.example/c/heart"
WRITER = "https://forum.example/u/writer"
THREAD = "https://forum.example/post/1"
OURS = f"{BASE}/groups/sleep"


@pytest.fixture
async def case(db: Database) -> AsyncIterator[Case]:
    async with open_world(db) as world:
        made = Case(world, "", "", "", {})
        await made.in_group(THREAD, OLD, WRITER)
        await made.actor(NEW, "Group")
        await made.actor(WRITER)
        yield made


def moved(actor: str = OLD, target: str = NEW, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{actor}#move-{number}", "type": "Move", "actor": actor, "object": THREAD, "origin": actor,
        "target": target, "to": [PUBLIC], **more,
    }  # fmt: skip


async def test_the_group_that_a_discussion_leaves_says_where_it_went(case: Case) -> None:
    before = await case.object_row(THREAD)
    assert await case.tell(moved()) == "thread_moved"
    after = await case.object_row(THREAD)
    assert before is not None
    assert after is not None
    assert before["group_id"] != after["group_id"]
    assert await case.tell(moved(actor=OLD, target=OLD, number=2)) == "unknown_move", "it has gone"


async def test_nobody_else_moves_it_and_into_our_groups_nothing_is_pushed(case: Case) -> None:
    for number, payload in enumerate(
        (moved(actor=WRITER, number=1), moved(actor=NEW, target=OLD, number=2), moved(target=OURS, number=3))
    ):
        before = await case.object_row(THREAD)
        await case.tell(payload)
        after = await case.object_row(THREAD)
        assert before is not None
        assert after is not None
        assert before["group_id"] == after["group_id"], number


# --- as NodeBB says it: the topic is named, which is the collection of the discussion, and who did it acts himself ---------------

TOPIC = "https://forum.example/topic/1"
STRANGER = "https://evil.example/users/mallory"


async def topic(case: Case, **more: Any) -> int:
    found = await case.post(
        "https://forum.example/post/9", WRITER, type="Note", name="A topic", to=[OLD, PUBLIC], audience=OLD,
        context=TOPIC, **more,
    )  # fmt: skip
    row = await case.object_row("https://forum.example/post/9")
    assert row is not None
    assert row["context_uri"] == TOPIC
    return found


def topic_moved(actor: str = WRITER, **more: Any) -> dict[str, Any]:
    return {**moved(actor, origin=OLD), "object": TOPIC, **more}


def topic_removed(actor: str = WRITER, target: str = OLD) -> dict[str, Any]:
    return {
        "id": f"{actor}#remove",
        "type": "Remove",
        "actor": actor,
        "object": TOPIC,
        "target": target,
        "to": [PUBLIC],
    }


async def test_a_nodebb_topic_is_moved_by_somebody_of_its_server(case: Case) -> None:
    await topic(case)
    before = await case.object_row("https://forum.example/post/9")
    assert await case.tell(topic_moved()) == "thread_moved"
    after = await case.object_row("https://forum.example/post/9")
    assert before is not None
    assert after is not None
    assert before["group_id"] != after["group_id"]


async def test_a_nodebb_topic_taken_out_of_its_category_is_removed_from_the_group(case: Case) -> None:
    await topic(case)
    assert await case.tell(topic_removed(target=NEW)) == "unknown_object"
    assert await case.tell(topic_removed()) == "removed"
    row = await case.object_row("https://forum.example/post/9")
    assert row is not None
    assert row["state"] == "removed"


async def test_nobody_of_another_server_moves_a_topic_or_takes_it_out(case: Case) -> None:
    await topic(case)
    case.peer(STRANGER)
    assert await case.send(topic_moved(STRANGER)) == (403, "not_own_move")
    await case.tell(topic_moved(STRANGER, origin=STRANGER))
    assert await case.tell(topic_removed(STRANGER)) == "not_a_moderator"
    row, other = await case.object_row("https://forum.example/post/9"), await case.object_row(THREAD)
    assert row is not None
    assert other is not None
    assert (row["group_id"], row["state"]) == (other["group_id"], "published")


async def test_a_discussion_is_not_handed_over_to_another_server(case: Case) -> None:
    await topic(case)
    await case.actor("https://evil.example/c/pills", "Group")
    assert await case.tell(topic_moved(target="https://evil.example/c/pills")) == "unknown_move"


async def test_the_address_of_a_topic_in_the_post_of_another_server_names_nothing(case: Case) -> None:
    claimed = "https://evil.example/notes/1"
    await case.post(claimed, STRANGER, name="A claim", to=[OLD, PUBLIC], audience=OLD, context=TOPIC)
    assert await case.tell(topic_removed()) == "unknown_object"
    assert await case.tell(topic_moved()) == "unknown_move"
    await topic(case)
    assert await case.tell({**topic_removed(), "id": f"{WRITER}#again"}) == "removed"
    row = await case.object_row(claimed)
    assert row is not None
    assert row["state"] == "published"
