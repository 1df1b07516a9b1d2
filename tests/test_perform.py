"""Posts, groups and relations through the one door, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from fedi_community.domain.effects import Decision
from fedi_community.domain.model import PUBLIC, STRANGER, Viewer, followers_of
from fedi_community.errors import Refusal
from fedi_community.storage import homes, timelines, views
from fedi_community.storage.entries import Timeline
from tests.make import Make


async def _seen(make: Make, viewer: Viewer, *ids: int) -> set[int]:
    return {p.id for p in await make.house.db.read(lambda tx: views.load_posts(tx, viewer, list(ids)))}


async def _page(make: Make, viewer: Viewer, timeline: Timeline, ref: int = 0) -> list[int]:
    page = await make.house.db.read(lambda tx: timelines.page(tx, viewer, timeline, ref))
    return list(page.ids)


async def test_a_public_post_is_seen_by_everybody_and_a_direct_one_by_those_it_names(make: Make) -> None:
    nadia, omar, eve = [await make.member(n) for n in ("nadia", "omar", "eve")]
    public = await make.post(nadia, "hello #sleep")
    direct = await make.post(nadia, "only for @omar", "direct")
    assert await _seen(make, STRANGER, public, direct) == {public}
    assert await _seen(make, make.viewer(eve), public, direct) == {public}
    assert await _seen(make, make.viewer(omar), public, direct) == {public, direct}
    assert await _page(make, STRANGER, Timeline.PUBLIC) == [public]
    assert await _page(make, make.viewer(omar), Timeline.PROFILE, nadia) == [direct, public]
    assert await _page(make, make.viewer(eve), Timeline.PROFILE, nadia) == [public]


async def test_many_answers_to_one_post_at_once_are_all_stored(make: Make) -> None:
    people = [await make.member(f"member{n}") for n in range(20)]
    root = await make.post(people[0], "who is awake?")
    made = await asyncio.gather(*(make.compose(people[n % 20], f"me {n}", reply_to=root) for n in range(200)))
    assert [m for m in made if isinstance(m, Refusal)] == []
    post = (await make.house.db.read(lambda tx: views.load_posts(tx, STRANGER, [root])))[0]
    assert post.replies_count == 200


async def test_a_post_to_a_members_only_group_is_for_members_whatever_the_client_said(make: Make) -> None:
    nadia, omar, eve = [await make.member(n) for n in ("nadia", "omar", "eve")]
    group = await make.group("caregivers", reads="members", posts="members", joins="open")
    await make.join(nadia, group)
    await make.join(omar, group)
    post = await make.post(nadia, "@caregivers a hard week", "public")
    reply = await make.post(omar, "thinking of you", "public", reply_to=post)
    for viewer in (STRANGER, make.viewer(eve)):
        assert await _seen(make, viewer, post, reply) == set()
        assert await _page(make, viewer, Timeline.GROUP, group) == []
    assert await _seen(make, make.viewer(nadia), post, reply) == {post, reply}
    assert await _page(make, make.viewer(omar), Timeline.GROUP, group) == [post]
    shown = (await make.house.db.read(lambda tx: views.load_posts(tx, make.viewer(omar), [post])))[0]
    assert shown.visibility == "private"
    await make.leave(omar, group)
    assert await _seen(make, make.viewer(omar), post, reply) == {reply}  # one's own words stay one's own


async def test_a_stranger_cannot_reply_to_what_he_cannot_see_and_is_told_nothing(make: Make) -> None:
    nadia, eve = await make.member("nadia"), await make.member("eve")
    group = await make.group("caregivers", reads="members")
    await make.join(nadia, group)
    post = await make.post(nadia, "@caregivers hello")
    hidden = await make.compose(eve, "let me in", reply_to=post)
    missing = await make.compose(eve, "let me in", reply_to=post + 4)
    assert hidden == missing == Refusal("not_found", 404, "Record not found")


@pytest.mark.parametrize(
    ("text", "visibility", "reason"),
    [
        ("@sleep only for followers", "private", "private_in_open_group"),
        ("@sleep and @heart", "public", "two_groups"),
        ("@slepe a mistyped group", "public", "unknown_mention"),
    ],
)
async def test_a_post_that_would_reach_others_than_meant_is_refused(
    make: Make, text: str, visibility: str, reason: str
) -> None:
    nadia = await make.member("nadia")
    for handle in ("sleep", "heart"):
        await make.join(nadia, await make.group(handle))
    made = await make.compose(nadia, text, visibility)
    assert isinstance(made, Refusal)
    assert (made.reason, made.status) == (reason, 422)
    assert isinstance(await make.compose(nadia, "@sleep for all"), Decision)


async def test_a_hidden_group_is_answered_like_a_mistyped_one(make: Make) -> None:
    nadia, eve = await make.member("nadia"), await make.member("eve")
    group = await make.group("secret", finds="members", reads="members", joins="invite")
    staff = await make.role(group, nadia, "staff")
    assert isinstance(staff, Decision)
    assert isinstance(await make.compose(nadia, "@secret hello"), Decision)
    assert await make.compose(eve, "@secret hello") == await make.compose(eve, "@secrte hello")


async def test_only_members_post_where_members_post(make: Make) -> None:
    nadia, eve = await make.member("nadia"), await make.member("eve")
    group = await make.group("sleep", posts="members", replies="everyone")
    await make.join(nadia, group)
    post = await make.post(nadia, "@sleep who else is awake?")
    refused = await make.compose(eve, "@sleep me")
    assert isinstance(refused, Refusal)
    assert refused.reason == "may_not_post"
    assert isinstance(await make.compose(eve, "me", reply_to=post), Decision)


async def test_deleting_takes_the_words_away_and_a_stranger_sees_nothing_of_it(make: Make) -> None:
    nadia, omar = await make.member("nadia"), await make.member("omar")
    post = await make.post(nadia, "I wish I had not said this")
    refused = await make.delete(omar, post)
    assert isinstance(refused, Refusal)
    assert await _seen(make, STRANGER, post) == {post}
    assert isinstance(await make.delete(nadia, post), Decision)
    assert await _seen(make, STRANGER, post) == await _seen(make, make.viewer(nadia), post) == set()
    assert await _page(make, STRANGER, Timeline.PUBLIC) == []


async def test_a_like_counts_once(make: Make) -> None:
    nadia, omar = await make.member("nadia"), await make.member("omar")
    post = await make.post(nadia, "hello")
    await make.react(omar, post)
    await make.react(omar, post)
    shown = (await make.house.db.read(lambda tx: views.load_posts(tx, make.viewer(omar), [post])))[0]
    assert (shown.likes_count, shown.mine) == (1, {"like"})


async def test_a_block_hides_both_ways_and_ends_what_was_granted(make: Make) -> None:
    nadia, omar = await make.member("nadia"), await make.member("omar")
    await make.join(omar, nadia)
    post, other = await make.post(nadia, "one"), await make.post(omar, "two")
    await make.block(nadia, omar)
    assert await _seen(make, make.viewer(omar), post) == set()
    assert await _seen(make, make.viewer(nadia), other) == set()
    assert await _seen(make, STRANGER, post, other) == {post, other}
    await make.block(nadia, omar, on=False)
    private = await make.post(nadia, "for followers", "private")
    assert await _seen(make, make.viewer(omar), post, private) == {post}


async def test_home_holds_what_one_follows_and_a_rebuilt_home_is_the_same(make: Make) -> None:
    nadia, omar, eve = [await make.member(n) for n in ("nadia", "omar", "eve")]
    group = await make.group("sleep")
    for person in (nadia, omar):
        await make.join(person, group)
    await make.join(omar, eve)
    db, viewer = make.house.db, make.viewer(omar)
    await db.write(lambda tx: homes.build(tx, omar, make.clock.now, 800))
    post = await make.post(nadia, "@sleep good night")
    await make.post(eve, "a reply to somebody else", reply_to=post)
    own = await make.post(eve, "from a friend")
    page = await db.read(lambda tx: timelines.home(tx, viewer))
    assert list(page.ids) == [own, post]
    assert page.via == {post: group}
    from fedi_community.storage import tables as t
    from fedi_community.storage.dialect import Statement

    for table in (t.home, t.homes):
        await db.write(lambda tx, table=table: tx.run(Statement(table.delete())))
    await db.write(lambda tx: homes.build(tx, omar, make.clock.now, 800))
    assert await db.read(lambda tx: timelines.home(tx, viewer)) == page


async def test_a_gated_group_member_count_and_grants_follow_joins_and_leaves(make: Make) -> None:
    nadia = await make.member("nadia")
    group = await make.group("sleep", joins="approval")
    asked = await make.join(nadia, group)
    assert isinstance(asked, Decision)
    assert asked.verdict == "asked"
    await make.answer(group, nadia)
    seen = (await make.house.db.read(lambda tx: views.load_actors(tx, [group])))[group]
    assert seen.followers_count == 1
    await make.leave(nadia, group)
    seen = (await make.house.db.read(lambda tx: views.load_actors(tx, [group])))[group]
    assert seen.followers_count == 0
    assert followers_of(group) != PUBLIC
