"""A limited host: its people are heard by those who follow them, and by nobody else who did not ask. On both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.domain import arrivals, changes, posts
from fedi_community.domain.effects import Decision
from fedi_community.domain.model import STRANGER, Body, Grant, Kind, Text, followers_of
from fedi_community.storage import homes, timelines, views
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from fedi_community.storage.entries import Timeline
from tests.make import Make

ANA = "https://peer.example/u/ana"
NOTIFIED = Statement(select(t.notifications.c.owner_id, t.notifications.c.kind, t.notifications.c.actor_id))
TAGS = Statement(select(t.tags.c.name, t.tags.c.id))


async def listed(make: Make) -> dict[str, list[int]]:
    """What a stranger finds in the public timeline and under the topic."""

    async def unit(tx: Any) -> dict[str, list[int]]:
        tags = {r[0]: r[1] for r in await tx.rows(TAGS)}
        public = await timelines.page(tx, STRANGER, Timeline.PUBLIC)
        tagged = await timelines.page(tx, STRANGER, Timeline.TAG, tags.get("sleep", 0))
        return {"public": list(public.ids), "tag": list(tagged.ids)}

    return await make.house.db.read(unit)


async def incoming(make: Make, number: int, author: str = ANA, **more: Any) -> int:
    body = Body((Text("en", "<p>good night</p>"),), hashtags=("sleep",))
    uri = f"{author}/notes/{number}"
    item = arrivals.Incoming(
        uri, author, Kind.NOTE, body, make.clock.now, public_at="to", activity_uri=f"{uri}/create",
        requested=True, **more,
    )  # fmt: skip
    made = await make.must(arrivals.incoming_needs(item), lambda f: arrivals.decide_incoming(item, f), 2)
    assert made.verdict == "stored"
    return made.result or 0


async def notified(make: Make, owner: int) -> list[tuple[str, int]]:
    found = await make.house.db.read(lambda tx: tx.rows(NOTIFIED))
    return [(kind, actor) for who, kind, actor in (tuple(r) for r in found) if who == owner]


@pytest.mark.parametrize("state", ["limited", "suspended"])
async def test_what_was_written_leaves_the_public_and_topic_timelines_and_comes_back_when_it_is_lifted(
    make: Make, state: str
) -> None:
    ben = await make.remote("https://other.example/u/ben")
    await make.remote(ANA)
    old, other = await incoming(make, 1), await incoming(make, 1, "https://other.example/u/ben")
    reply = await incoming(make, 2, in_reply_to=f"{ANA}/notes/1")
    before = await listed(make)
    assert before == {"public": [other, old], "tag": [reply, other, old]} or sorted(before["tag"]) == sorted(
        [reply, other, old]
    )
    await make.host("peer.example", state=state)
    assert await listed(make) == {"public": [other], "tag": [other]}
    await make.host("peer.example", state="ok")
    assert await listed(make) == before
    assert ben


async def test_what_a_limited_host_writes_is_on_its_own_page_and_in_its_followers_homes_alone(
    make: Make,
) -> None:
    ana, nadia = await make.remote(ANA), await make.member("nadia")
    await make.join(nadia, ana)
    await make.answer(ana, nadia)
    await make.house.db.write(lambda tx: homes.build(tx, nadia, make.clock.now, 800))
    await make.host("peer.example", state="limited")
    post = await incoming(make, 1)
    assert await listed(make) == {"public": [], "tag": []}

    async def unit(tx: Any) -> tuple[list[int], list[int], int]:
        profile = await timelines.page(tx, STRANGER, Timeline.PROFILE, ana)
        home = await timelines.home(tx, make.viewer(nadia))
        return list(profile.ids), list(home.ids), len(await views.load_posts(tx, STRANGER, [post]))

    assert await make.house.db.read(unit) == ([post], [post], 1)  # it may be seen; not everybody wants to


async def test_an_edit_does_not_bring_a_limited_post_back_to_its_topic(make: Make) -> None:
    ana = await make.remote(ANA)
    await make.host("peer.example", state="limited")
    post = await incoming(make, 1)
    needs = posts.Needs(post_ids=frozenset({post}), actor_ids=frozenset({ana}), subjects=frozenset({ana}))
    body = Body((Text("en", "<p>better</p>"),), hashtags=("sleep",))
    await make.must(needs, lambda f: changes.decide_edit(post, ana, body, f))
    assert await listed(make) == {"public": [], "tag": []}


async def test_a_limited_actor_is_announced_to_those_who_follow_it_and_to_nobody_else(make: Make) -> None:
    ana, nadia, omar = await make.remote(ANA), await make.member("nadia"), await make.member("omar")
    await make.join(nadia, ana)
    await make.answer(ana, nadia)
    mine, his = await make.post(nadia, "hello"), await make.post(omar, "hello")
    await make.host("peer.example", state="limited")
    for post in (mine, his):
        await make.react(ana, post)
    assert await notified(make, nadia) == [("favourite", ana)]
    assert await notified(make, omar) == []
    ben = await make.remote("https://other.example/u/ben")
    await make.react(ben, his)
    assert await notified(make, omar) == [("favourite", ben)]


async def test_follows_from_a_limited_host_need_approval_and_those_that_are_there_stay(make: Make) -> None:
    ana, eva = await make.remote(ANA), await make.remote("https://peer.example/u/eva")
    nadia, group = await make.member("nadia"), await make.group("sleep")
    await make.join(ana, nadia)
    await make.host("peer.example", state="limited")
    for target in (nadia, group):
        asked = await make.join(eva, target)
        assert isinstance(asked, Decision)
        assert asked.verdict == "asked"
    again = await make.join(ana, nadia)
    assert isinstance(again, Decision)
    assert again.verdict == "accepted"
    await make.answer(nadia, eva)
    grants = Statement(select(t.grants.c.actor_id, t.grants.c.collection_id, t.grants.c.state))
    held = {(a, c): s for a, c, s in (tuple(r) for r in await make.house.db.read(lambda tx: tx.rows(grants)))}
    assert held[eva, followers_of(nadia)] == Grant.ACCEPTED
    assert held[eva, followers_of(group)] == Grant.ASKED


async def test_nothing_of_a_suspended_host_is_shown_until_that_is_lifted_again(make: Make) -> None:
    ana = await make.remote(ANA)
    post = await incoming(make, 1)
    for state, seen in (("suspended", []), ("ok", [post]), ("limited", [post])):
        await make.host("peer.example", state=state)
        shown = await make.house.db.read(lambda tx: views.load_posts(tx, STRANGER, [post]))
        assert [p.id for p in shown] == seen, state
        people = await make.house.db.read(lambda tx: views.load_actors(tx, [ana]))
        assert people[ana].state == ("suspended" if state == "suspended" else "active")
