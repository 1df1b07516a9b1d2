"""Who is in a group, who says so, and what ends with it: sight, deliveries, tokens. On both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.domain import roles
from fedi_community.domain.effects import (
    ChangeGroup,
    Decision,
    EndExpired,
    MarkActor,
    Record,
    SetBlock,
    SetGrant,
    TellEach,
)
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Grant, Viewer, followers_of, mentors_of, staff_of
from fedi_community.errors import Refusal
from fedi_community.storage import fanout, views
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.make import Make

ANA, BEN = "https://peer.example/u/ana", "https://other.example/u/ben"
ROWS = {
    table: Statement(select(table)) for table in (t.grants, t.notifications, t.activities, t.fanout, t.blocks)
}
GROUPS = Statement(select(t.groups.c.actor_id, t.groups.c.members_count))
SPEAKERS = Statement(select(t.speakers.c.actor_id))


async def rows(make: Make, table: Any) -> list[dict[str, Any]]:
    found = await make.house.db.read(lambda tx: tx.rows(ROWS[table]))
    return [dict(zip(r.keys(), tuple(r), strict=True)) for r in found]


async def sees(make: Make, viewer: Viewer, post: int) -> bool:
    return bool(await make.house.db.read(lambda tx: views.load_posts(tx, viewer, [post])))


async def held(make: Make, actor: int, collection: int) -> Grant | None:
    found = [
        r["state"]
        for r in await rows(make, t.grants)
        if (r["actor_id"], r["collection_id"]) == (actor, collection)
    ]
    return Grant(found[0]) if found else None


async def count(make: Make, group: int) -> int:
    return dict([tuple(r) for r in await make.house.db.read(lambda tx: tx.rows(GROUPS))])[group]


def reason(decided: Decision | Refusal) -> str:
    return decided.reason if isinstance(decided, Refusal) else decided.verdict


def at(actor: int, host: str) -> Viewer:
    return Viewer(actor, host=host)


async def gated(make: Make) -> tuple[int, int, int]:
    """(a gated group, a post in it, its author): members of peer.example may be let in."""
    group, nadia = await make.group("caregivers", reads="members"), await make.member("nadia")
    await make.join(nadia, group)
    await make.peers(group, "peer.example")
    return group, await make.post(nadia, "@caregivers a hard week"), nadia


async def inside(make: Make, group: int, uri: str = ANA) -> int:
    """Somebody of an allowed host who asked and was let in."""
    actor = await make.remote(uri)
    assert reason(await make.join(actor, group, f"{uri}#follow")) == "asked"
    assert reason(await make.request(group, None, actor)) == "accepted"
    return actor


# --- hosts ------------------------------------------------------------------------------------------------------------


async def test_denying_a_host_ends_its_members_sight_at_once_and_tells_each_of_them(make: Make) -> None:
    group, post, nadia = await gated(make)
    ana, asker = await inside(make, group), await make.remote("https://peer.example/u/asker")
    await make.join(asker, group, "https://peer.example/u/asker#follow")
    assert await sees(make, at(ana, "peer.example"), post)
    assert await sees(make, Viewer(host="peer.example", instance=True), post)
    denied = await make.peers(group, "peer.example", allow=False)
    assert isinstance(denied, Decision)
    assert not await sees(make, at(ana, "peer.example"), post)
    assert not await sees(make, Viewer(host="peer.example", instance=True), post)
    assert await make.house.db.read(lambda tx: fanout.readers(tx, post, [ana])) == frozenset()
    assert await held(make, ana, followers_of(group)) is Grant.ENDED
    assert await held(make, asker, followers_of(group)) is Grant.REFUSED
    assert await held(make, nadia, followers_of(group)) is Grant.ACCEPTED
    assert await count(make, group) == 1
    told = next(e for e in denied.effects if isinstance(e, TellEach))
    assert {(r.type, r.actor_id, r.target_id, r.inner_uri) for r in told.records} == {
        ("Reject", group, ana, f"{ANA}#follow"),
        ("Reject", group, asker, "https://peer.example/u/asker#follow"),
    }
    recorded = {r["id"]: r for r in await rows(make, t.activities)}
    sent = [r for r in await rows(make, t.fanout) if recorded[r["activity_id"]]["type"] == "Reject"]
    assert {recorded[r["activity_id"]]["target_id"] for r in sent} == {ana, asker}
    assert {r["mode"] for r in sent} == {"control"}


async def test_denying_a_host_that_was_never_allowed_ends_whatever_its_people_have_in_the_group(
    make: Make,
) -> None:
    group, post, _ = await gated(make)
    ana = await inside(make, group)
    for c in (mentors_of(group), staff_of(group)):
        await make.must(Needs(), lambda f, c=c: Decision((grant(ana, c, f.now),)))

    def forget(facts: Any) -> Decision:
        return Decision((ChangeGroup(replace(facts.groups[group], peers=frozenset()), facts.now),))

    await make.must(Needs(actor_ids=frozenset({group})), forget)
    await make.peers(group, "peer.example", allow=False)
    assert not await sees(make, at(ana, "peer.example"), post)
    assert {r["state"] for r in await rows(make, t.grants) if r["actor_id"] == ana} == {Grant.ENDED}


def grant(actor: int, collection: int, now: int) -> Any:
    return SetGrant(actor, collection, Grant.ACCEPTED, now)


async def test_denying_a_host_leaves_other_hosts_and_other_groups_alone(make: Make) -> None:
    group, post, nadia = await gated(make)
    await make.peers(group, "other.example")
    ana, ben, open_group = (
        await inside(make, group),
        await inside(make, group, BEN),
        await make.group("sleep"),
    )
    await make.join(ana, open_group)
    await make.join(ana, nadia)
    await make.peers(group, "peer.example", allow=False)
    await make.peers(
        open_group, "peer.example", allow=False
    )  # who reads an open group is everybody's business
    assert await sees(make, at(ben, "other.example"), post)
    assert await held(make, ana, followers_of(open_group)) is Grant.ACCEPTED
    assert await held(make, ana, followers_of(nadia)) is Grant.ACCEPTED


async def test_blocking_a_host_ends_what_its_people_were_granted_everywhere_and_a_lift_does_not_bring_it_back(
    make: Make,
) -> None:
    group, post, nadia = await gated(make)
    ana, ben = await inside(make, group), await make.remote(BEN)
    for actor in (ana, ben):
        await make.join(actor, nadia)
    private = await make.post(nadia, "for followers", "private")
    await make.host("peer.example", state="suspended")
    await make.host("peer.example", state="ok")
    for seen in (post, private):
        assert not await sees(make, at(ana, "peer.example"), seen)
    assert await sees(make, at(ben, "other.example"), private)
    assert await count(make, group) == 1


@pytest.mark.parametrize("joins", ["open", "approval"])
async def test_a_gated_group_refuses_who_is_of_a_host_that_is_not_listed_by_default(
    make: Make, joins: str
) -> None:
    group = await make.group("caregivers", reads="members", joins=joins)
    ana = await make.remote(ANA)
    refused = await make.join(ana, group, f"{ANA}#follow")
    assert reason(refused) == "rejected"
    assert [e.type for e in refused.effects if isinstance(e, Record)] == ["Reject"]  # type: ignore[union-attr]
    assert await held(make, ana, followers_of(group)) is None
    assert reason(await make.add(group, ana)) == "host_not_allowed"
    for role in ("mentor", "staff"):
        needs = Needs(actor_ids=frozenset({group, ana}), subjects=frozenset({ana}))
        made = await make.do(needs, lambda f, role=role: roles.decide_role(group, ana, role, True, f))
        assert reason(made) == "host_not_allowed"
    assert await rows(make, t.grants) == []


async def test_who_asked_before_the_host_was_denied_cannot_be_let_in(make: Make) -> None:
    group, _, _ = await gated(make)
    ana = await make.remote(ANA)
    await make.join(ana, group)
    await make.peers(group, "peer.example", allow=False)
    assert reason(await make.request(group, None, ana)) == "not_asked"
    assert reason(await make.join(ana, group)) == "rejected"
    assert await held(make, ana, followers_of(group)) is Grant.REFUSED


# --- requests -----------------------------------------------------------------------------------------------------------


async def asked(make: Make) -> tuple[int, int, int, int]:
    """(group, its mentor, its staff, who asked)"""
    group = await make.group("caregivers", reads="members", joins="approval")
    mentor, boss, omar = [await make.member(n) for n in ("mentor", "boss", "omar")]
    await make.role(group, mentor, "mentor")
    await make.role(group, boss, "staff")
    assert reason(await make.join(omar, group)) == "asked"
    return group, mentor, boss, omar


async def test_who_runs_a_group_is_told_once_that_somebody_asks_and_nobody_else_is(make: Make) -> None:
    group, mentor, boss, omar = await asked(make)
    await make.role(group, boss, "mentor")  # both roles, one notification
    await make.leave(omar, group)
    await make.join(omar, group)
    told = [r for r in await rows(make, t.notifications) if r["kind"] == "group_request"]
    assert sorted((r["owner_id"], r["actor_id"]) for r in told) == sorted([(mentor, omar), (boss, omar)])
    assert {r["group_key"] for r in told} == {f"group_request-{group}"}


@pytest.mark.parametrize("accept", [True, False])
async def test_a_mentor_answers_and_the_asker_is_told(make: Make, accept: bool) -> None:
    group, mentor, boss, omar = await asked(make)
    post = await make.post(boss, "@caregivers welcome")
    answered = await make.request(group, mentor, omar, accept)
    assert reason(answered) == ("accepted" if accept else "refused")
    assert await sees(make, make.viewer(omar), post) is accept
    told = [(r["kind"], r["actor_id"]) for r in await rows(make, t.notifications) if r["owner_id"] == omar]
    assert told == [("group_accepted" if accept else "group_refused", group)]
    assert reason(await make.request(group, mentor, omar)) == "not_asked"


async def test_who_does_not_run_the_group_cannot_answer_and_learns_nothing(make: Make) -> None:
    group, _, _, omar = await asked(make)
    eve = await make.member("eve")
    other = await make.group("sleep")
    await make.role(other, eve, "staff")
    for stranger in (eve, omar):
        missing = await make.request(group, stranger, eve)
        assert (
            await make.request(group, stranger, omar)
            == missing
            == Refusal("not_found", 404, "Record not found")
        )
    assert await held(make, omar, followers_of(group)) is Grant.ASKED


async def test_a_group_by_invitation_takes_whom_it_invites_and_nobody_who_just_comes(make: Make) -> None:
    group = await make.group("quiet", joins="invite")
    omar, eve, ana = await make.member("omar"), await make.member("eve"), await make.remote(ANA)
    assert reason(await make.join(eve, group)) == "by_invitation"
    assert reason(await make.join(ana, group)) == "rejected"
    for actor in (omar, ana):
        assert reason(await make.add(group, actor)) == "joined"
        assert reason(await make.join(actor, group)) == "accepted"
        assert await held(make, actor, followers_of(group)) is Grant.ACCEPTED
    assert await held(make, eve, followers_of(group)) is None
    assert reason(await make.add(group, omar)) == "known"


async def test_leaving_and_removal_end_sight_at_the_next_request(make: Make) -> None:
    group, mentor, boss, omar = await asked(make)
    await make.add(group, omar)  # one who asked is let in by it
    post = await make.post(boss, "@caregivers welcome")
    assert await sees(make, make.viewer(omar), post)
    assert reason(await make.remove(group, omar)) == "removed"
    assert not await sees(make, make.viewer(omar), post)
    assert reason(await make.remove(group, omar)) == "not_inside"
    assert await sees(make, make.viewer(mentor), post)
    await make.leave(mentor, group)
    assert not await sees(make, make.viewer(mentor), post)
    assert await count(make, group) == 1


async def test_who_leaves_as_staff_no_longer_speaks_as_the_group(make: Make) -> None:
    group, _, boss, _ = await asked(make)
    speaking = {r[0] for r in await make.house.db.read(lambda tx: tx.rows(SPEAKERS))}
    assert group in speaking
    await make.leave(boss, group)
    left = {r[0] for r in await make.house.db.read(lambda tx: tx.rows(SPEAKERS))}
    assert left == speaking - {group}


async def test_somebody_of_another_server_who_is_removed_is_told(make: Make) -> None:
    group, post, _ = await gated(make)
    ana = await inside(make, group)
    removed = await make.remove(group, ana)
    assert isinstance(removed, Decision)
    told = [(e.type, e.target_id, e.inner_uri) for e in removed.effects if isinstance(e, Record)]
    assert told == [("Reject", ana, f"{ANA}#follow")]
    assert not await sees(make, at(ana, "peer.example"), post)


# --- what is over -------------------------------------------------------------------------------------------------------


async def test_a_ban_with_an_end_is_lifted_when_it_is_over_and_not_before(make: Make) -> None:
    group, omar = await make.group("sleep"), await make.member("omar")
    post = await make.post(omar, "@sleep hello") if reason(await make.join(omar, group)) == "accepted" else 0
    until = make.clock.now + 60_000
    for expires in (until + 1_000_000, until):  # said again, the later word counts
        ban = SetBlock(group, omar, True, make.clock.now, None, expires)
        await make.must(Needs(), lambda f, ban=ban: Decision((ban,)))

    async def tidied() -> str:
        await make.must(Needs(), lambda f: Decision((EndExpired(f.now),)))
        return reason(await make.compose(omar, "me", reply_to=post))

    assert await tidied() == "may_not_reply"
    make.clock.forward(60)
    assert await tidied() == "stored"
    assert await rows(make, t.blocks) == []


async def test_a_deleted_account_leaves_no_follower_and_no_member_behind(make: Make) -> None:
    group, nadia, ana = await make.group("sleep"), await make.member("nadia"), await make.remote(ANA)
    await make.join(ana, group)
    await make.join(nadia, group)
    await make.must(Needs(), lambda f: Decision((grant(nadia, followers_of(ana), f.now),)))
    await make.must(
        Needs(actor_ids=frozenset({ana})), lambda f: Decision((MarkActor(f.actors[ana], "deleted", f.now),))
    )
    for actor, collection in ((ana, followers_of(group)), (nadia, followers_of(ana))):
        assert await held(make, actor, collection) is Grant.ENDED
    assert await held(make, nadia, followers_of(group)) is Grant.ACCEPTED
    assert await count(make, group) == 1
