"""Whom a member thanks is told to other servers only where everybody reads, and only if he lets them hear of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fedi_community.domain import relations
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Needs
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, open_clinic, summary
from tests.federation.world import BASE, PUBLIC

ANA = "https://peer.example/users/ana"
SLEEP = f"{BASE}/groups/sleep"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


async def thread(clinic: Clinic) -> tuple[int, int]:
    """(nadia, a thread by ana in our open group), with ana's server following."""
    nadia = await clinic.make.member("nadia")
    await clinic.make.group("sleep", posts="everyone")
    await clinic.know(ANA)
    await clinic.tell({"id": f"{ANA}#follow", "type": "Follow", "actor": ANA, "object": SLEEP})
    note = {"id": "https://peer.example/notes/1", "type": "Note", "attributedTo": ANA, "content": "hello",
            "to": [PUBLIC], "cc": [SLEEP],
            "tag": [{"type": "Mention", "href": SLEEP, "name": "@sleep"}]}  # fmt: skip
    await clinic.tell(
        {
            "id": "https://peer.example/notes/1#c",
            "type": "Create",
            "actor": ANA,
            "object": note,
            "to": [PUBLIC],
            "cc": [SLEEP],
        }
    )
    await clinic.sent()
    row = await clinic.row("https://peer.example/notes/1")
    assert row is not None
    return nadia, row["id"]


async def react(clinic: Clinic, who: int, post: int, on: bool, tell: bool = True) -> list[str]:
    """What leaves when a member thanks, or takes it back."""
    needs = Needs(post_ids=frozenset({post}), actor_ids=frozenset({who}), subjects=frozenset({who}))
    made = await clinic.make.do(
        needs,
        lambda f: (
            relations.decide_react(who, post, "like", f, tell=tell)
            if on
            else relations.decide_unreact(who, post, "like", f)
        ),
    )
    assert isinstance(made, Decision)
    return sorted(summary(one) for one in await clinic.sent())


async def test_thanks_go_out_and_are_taken_back_there(clinic: Clinic) -> None:
    nadia, post = await thread(clinic)
    assert await react(clinic, nadia, post, True) == ["Announce{Like}", "Like"]
    assert await react(clinic, nadia, post, False) == ["Announce{Undo{Like}}", "Undo{Like}"]


async def test_who_does_not_want_it_thanks_here_alone_and_nothing_is_taken_back_elsewhere(
    clinic: Clinic,
) -> None:
    nadia, post = await thread(clinic)
    assert await react(clinic, nadia, post, True, tell=False) == []
    assert [row["kind"] for row in await clinic.rows(t.reactions)] == ["like"]
    shown = await clinic.shown("https://peer.example/notes/1")
    assert shown is not None
    assert shown.likes_count == 1
    assert await react(clinic, nadia, post, False) == [], "told of none, they are told of no end"
    assert await react(clinic, nadia, post, True) == ["Announce{Like}", "Like"]
    assert await react(clinic, nadia, post, False, tell=False) == ["Announce{Undo{Like}}", "Undo{Like}"]


async def test_thanks_in_a_closed_group_never_leave(clinic: Clinic) -> None:
    nadia, omar = await clinic.make.member("nadia"), await clinic.make.member("omar")
    group = await clinic.make.group("caregivers", reads="members")
    await clinic.make.peers(group, "peer.example")
    for who in (nadia, omar):
        await clinic.make.add(group, who)
    await clinic.know(ANA)
    await clinic.make.add(group, clinic.make.ids[ANA])
    post = await clinic.make.post(omar, "@caregivers a hard week")
    await clinic.sent()
    assert await react(clinic, nadia, post, True) == []
    assert await react(clinic, nadia, post, False) == []


def test_they_are_told_unless_the_member_says_no() -> None:
    assert relations.tells_votes({})
    assert not relations.tells_votes({relations.VOTES_SETTING: False})
