"""A discussion leaves a group for another: as a peer's group says it, and what nobody may say."""

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
