"""An account that moves takes its followers along, when both accounts say so, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fedi_community.domain import moves
from fedi_community.domain.model import Grant, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Database
from tests.federation.platforms import Case
from tests.federation.world import BASE, open_world

OLD = "https://peer.example/users/alice"
NEW = "https://new.example/users/alice"


@pytest.fixture
async def case(db: Database) -> AsyncIterator[Case]:
    """A world without a payload, where nadia follows alice."""
    async with open_world(db) as world:
        made = Case(world, "", "", "", {})
        await made.followed(OLD)
        yield made


def move(actor: str = OLD, number: int = 1) -> dict[str, Any]:
    return {"id": f"{actor}#move-{number}", "type": "Move", "actor": actor, "object": OLD, "target": NEW}


async def stand(case: Case, name: str = "nadia") -> tuple[Grant | None, Grant | None]:
    """How a member stands to the old account and to the new one."""
    old, new = await case.actor(OLD), await case.actor(NEW)
    member = await case.member(name)
    return await case.grant(member, followers_of(old)), await case.grant(member, followers_of(new))


async def test_a_follower_follows_the_new_account_and_leaves_the_old_one(case: Case) -> None:
    await case.member("omar")
    await case.actor(NEW)  # known from before, when it did not name the old one yet
    assert await case.is_ignored(move()) == "no_back_link"
    assert await stand(case) == (Grant.ACCEPTED, None)
    case.world.served.documents[NEW]["alsoKnownAs"] = [OLD]
    assert await case.tell(move(number=2)) == "moved"
    assert await stand(case) == (Grant.ENDED, Grant.ASKED)
    assert await stand(case, "omar") == (None, None)
    sent = [r["type"] for r in await case.rows(t.activities) if r["actor_id"] == case.members["nadia"]]
    assert sorted(sent) == ["Follow", "Follow", "Undo"]
    assert await case.tell(move(number=3)) == "moved"
    assert await stand(case) == (Grant.ENDED, Grant.ASKED), "told again, nothing happens again"


@pytest.mark.parametrize("link", [{"movedTo": NEW}, {"alsoKnownAs": [NEW]}], ids=["movedTo", "alsoKnownAs"])
async def test_the_new_account_alone_cannot_take_followers(case: Case, link: dict[str, Any]) -> None:
    await case.actor(NEW, alsoKnownAs=[OLD])
    assert await case.is_ignored(move(NEW)) == "no_back_link"
    assert await stand(case) == (Grant.ACCEPTED, None)
    case.world.served.documents[OLD] |= link
    assert await case.tell(move(NEW, 2)) == "moved"
    assert await stand(case) == (Grant.ENDED, Grant.ASKED)


async def test_who_blocks_the_new_account_stays_and_blocks_stay(case: Case) -> None:
    new, nadia = await case.actor(NEW, alsoKnownAs=[OLD]), await case.member()
    await case.world.make.block(nadia, new)
    assert await case.tell(move()) == "moved"
    assert await stand(case) == (Grant.ACCEPTED, None)
    assert [(b["actor_id"], b["target_id"]) for b in await case.rows(t.blocks)] == [(nadia, new)]


async def test_an_account_moves_here_only_if_the_member_names_it(case: Case) -> None:
    omar, old = await case.member("omar"), await case.actor(OLD)
    home = f"{BASE}/users/omar"
    here = {**move(), "target": home}
    assert await case.is_ignored(here) == "no_back_link"
    assert await case.grant(await case.member(), followers_of(omar)) is None
    assert await case.grant(await case.member(), followers_of(old)) is Grant.ACCEPTED


async def test_more_followers_than_one_transaction_takes_all_go_along(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moves, "MAX_MOVED_FOLLOWERS", 2)
    for name in ("omar", "lena", "yusuf"):
        member, old = await case.member(name), await case.actor(OLD)
        await case.world.make.join(member, old)
        ask = {"type": "Follow", "actor": f"{BASE}/users/{name}", "object": OLD}
        assert (
            await case.tell({"id": f"{OLD}#{name}", "type": "Accept", "actor": OLD, "object": ask})
            == "answered"
        )
    await case.actor(NEW, alsoKnownAs=[OLD])
    assert await case.tell(move()) == "moved"
    for name in ("nadia", "omar", "lena", "yusuf"):
        assert await stand(case, name) == (Grant.ENDED, Grant.ASKED), name


async def test_a_move_of_somebody_nobody_follows_asks_no_server_twice(case: Case) -> None:
    bob, new = "https://peer.example/users/bob", "https://new.example/users/bob"
    await case.actor(bob)
    await case.actor(new, alsoKnownAs=[bob])
    asked = len(case.world.served.asked)
    told = {"id": f"{bob}#move", "type": "Move", "actor": bob, "object": bob, "target": new}
    assert await case.tell(told) == "moved"
    assert len(case.world.served.asked) == asked
