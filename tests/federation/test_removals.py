"""What a group takes down goes where it went: its Announce of the removal, and the Undo of its own boost, to whoever has a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from fedi_community.documents import Documents
from fedi_community.domain.effects import Decision, SetGrant
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import STRANGER, Grant, State, mentors_of, staff_of
from fedi_community.keyring import Keyring, master_key
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.federation.platforms import Case
from tests.federation.world import BASE, PUBLIC, World

MENTOR = "https://peer.example/users/mentor"
GROUP = f"{BASE}/groups/sleep"


@pytest.fixture
def case(world: World) -> Case:
    return Case(world, "", "", "", {})


@pytest.fixture
def documents(world: World, tmp_path: Path) -> Documents:
    return Documents(world.make.house, Keyring(world.make.house, master_key(tmp_path / "keys")))


async def boosted(case: Case) -> tuple[int, str]:
    """(id, address) of a thread in an open group, which the group boosted; MENTOR is a mentor of it."""
    make = case.world.make
    nadia, group = await case.member("olga"), await case.group("sleep")
    mentor = await case.actor(MENTOR)
    await make.role(group, nadia, "staff")
    await make.must(Needs(), lambda f: decision(SetGrant(mentor, mentors_of(group), Grant.ACCEPTED, f.now)))
    post = await make.post(nadia, "what helps you?", group_id=group)
    return post, f"{BASE}/objects/{post}"


def decision(*effects: Any) -> Any:
    return Decision(effects)


def removal(uri: str, type_: str = "Delete", **more: Any) -> dict[str, Any]:
    target = {"target": f"{GROUP}/outbox"} if type_ == "Remove" else {}
    return {"id": f"{MENTOR}#{type_}-1", "type": type_, "actor": MENTOR, "object": uri, "to": [PUBLIC], "cc": [GROUP],
            "summary": "against the rules", **target, **more}  # fmt: skip


async def sent_since(case: Case, documents: Documents, before: int) -> list[tuple[str, dict[str, Any]]]:
    """(mode, document) of what goes out, in order."""
    found = []
    for row in await case.rows(t.fanout):
        if row["id"] > before:
            body = await documents.body(row["activity_id"], row["mode"], None, "peer.example")
            assert body is not None
            found.append((row["mode"], orjson.loads(body)))
    return found


async def last(case: Case) -> int:
    return max((row["id"] for row in await case.rows(t.fanout)), default=0)


@pytest.mark.parametrize("type_", ["Delete", "Remove"])
async def test_a_mentors_removal_is_announced_and_the_groups_boost_is_taken_back(
    case: Case, documents: Documents, type_: str
) -> None:
    post, uri = await boosted(case)
    boost = next(row for row in await case.rows(t.objects) if row["boost_of"] == post)
    before = await last(case)
    activity = removal(uri, type_)
    assert await case.tell(activity) == "removed"
    (announced, wrapped), (undone, undo) = await sent_since(case, documents, before)
    assert announced == undone == "retraction"
    assert (wrapped["type"], wrapped["actor"], wrapped["object"]["id"]) == ("Announce", GROUP, activity["id"])
    assert wrapped["object"]["type"] == type_
    assert (undo["type"], undo["actor"]) == ("Undo", GROUP)
    assert (undo["object"]["type"], undo["object"]["id"], undo["object"]["object"]) == (
        "Announce",
        boost["uri"],
        uri,
    )
    assert "what helps" not in str(wrapped) + str(undo)
    states = {row["id"]: row["state"] for row in await case.rows(t.objects)}
    assert (states[post], states[boost["id"]]) == (State.REMOVED, State.DELETED)


async def test_the_same_removal_is_announced_once(case: Case) -> None:
    _, uri = await boosted(case)
    assert await case.tell(removal(uri)) == "removed"
    before = await last(case)
    assert await case.tell(removal(uri, id=f"{MENTOR}#again")) == "known"
    assert await last(case) == before


async def test_a_removal_by_a_stranger_takes_nothing_down_and_says_nothing(case: Case) -> None:
    _, uri = await boosted(case)
    forged = case.by_mallory(removal(uri))
    assert await case.changes_nothing(forged) == "not_the_author"


async def test_an_undone_removal_is_announced_and_the_group_boosts_anew(
    case: Case, documents: Documents
) -> None:
    post, uri = await boosted(case)
    inner = removal(uri)
    await case.tell(inner)
    before = await last(case)
    undo = {"id": f"{MENTOR}#undo-1", "type": "Undo", "actor": MENTOR, "object": inner, "to": [PUBLIC]}
    assert await case.tell(undo) == "restored"
    (announced, wrapped), (again, boost) = await sent_since(case, documents, before)
    assert announced == again == "content"
    assert wrapped["object"]["id"] == undo["id"]
    assert (boost["type"], boost["object"]) == ("Announce", uri)
    fresh = [r for r in await case.rows(t.objects) if r["boost_of"] == post and r["state"] == State.PUBLISHED]
    assert [row["uri"] for row in fresh] == [boost["id"]]
    assert await case.shown(uri, STRANGER) is not None


async def test_a_mentor_of_a_host_that_may_not_be_in_the_group_is_not_made_by_another_server(
    case: Case,
) -> None:
    make = case.world.make
    boss = await case.actor("https://partner.example/users/boss")
    group = await case.group("caregivers", reads="members", posts="members")
    await make.peers(group, "partner.example")
    await make.must(Needs(), lambda f: decision(SetGrant(boss, staff_of(group), Grant.ACCEPTED, f.now)))
    friend = await case.actor("https://partner.example/users/friend")
    stranger = await case.actor("https://peer.example/users/stranger")
    for number, (who, verdict) in enumerate((("https://peer.example/users/stranger", "host_not_allowed"),
                                             ("https://partner.example/users/friend", "added"))):  # fmt: skip
        add = {"id": f"https://partner.example/users/boss#add-{number}", "type": "Add", "actor": "https://partner.example/users/boss",
               "object": who, "target": f"{BASE}/groups/caregivers/moderators", "to": [f"{BASE}/groups/caregivers"]}  # fmt: skip
        assert await case.tell(add) == verdict
    assert await case.grant(stranger, mentors_of(group)) is None
    assert await case.grant(friend, mentors_of(group)) is Grant.ACCEPTED


async def test_a_ban_with_an_end_is_kept_with_the_job_that_lifts_it_and_one_that_is_over_bans_nobody(
    case: Case,
) -> None:
    await boosted(case)
    make = case.world.make
    ban = {"type": "Block", "actor": MENTOR, "target": GROUP, "to": [PUBLIC], "cc": [GROUP]}
    eve = await case.actor("https://peer.example/users/eve")
    over = {
        **ban,
        "id": f"{MENTOR}#ban-1",
        "object": "https://peer.example/users/eve",
        "endTime": "2026-01-05T10:00:00Z",
    }
    assert await case.changes_nothing(over) == "expired"
    later = {**over, "id": f"{MENTOR}#ban-2", "endTime": "2026-01-06T10:00:00Z"}
    assert await case.tell(later) == "blocked"
    (block,) = await case.rows(t.blocks)
    assert (block["actor_id"], block["target_id"]) == (case.members["sleep"], eve)
    query = t.jobs.select()
    (job,) = await make.house.db.read(lambda tx: tx.rows(Statement(query)))
    assert (job["kind"], job["run_at"]) == ("end_expired", block["expires"])
