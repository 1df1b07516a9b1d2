"""Boosts: shown once beside what they boost, made once, and taken back with it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from fedi_community.domain import changes, relations
from fedi_community.domain.effects import Decision, Record, Send, StorePost
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import followers_of
from fedi_community.storage import homes, timelines
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement, param
from tests.make import Make

_BOOSTS_OF = Statement(select(t.objects.c.id).where(t.objects.c.boost_of == param("key")))


def about(actor_id: int, post_id: int) -> Needs:
    actor = frozenset({actor_id})
    return Needs(post_ids=frozenset({post_id}), actor_ids=actor, subjects=actor, boosts=True)


async def boost(make: Make, actor_id: int, post_id: int) -> Decision:
    return await make.must(about(actor_id, post_id), lambda f: relations.decide_boost(actor_id, post_id, f))


async def delete(make: Make, actor_id: int, post_id: int) -> Decision:
    return await make.must(about(actor_id, post_id), lambda f: changes.decide_delete(post_id, actor_id, f), 3)


async def discussion(make: Make) -> tuple[int, int, int]:
    """(staff member, group, a post of his there, which the group boosts)"""
    nadia = await make.member("nadia")
    group = await make.group("sleep")
    await make.role(group, nadia, "staff")
    return nadia, group, await make.post(nadia, "@sleep good night")


async def home(make: Make, owner: int) -> list[int]:
    """A home timeline that is gathered now."""
    db = make.house.db

    async def unit(tx: Any) -> list[int]:
        await homes.build(tx, owner, make.clock.now, 800)
        return list((await timelines.home(tx, make.viewer(owner))).ids)

    return await db.write(unit)


async def test_a_gathered_home_shows_a_post_once_however_often_it_is_boosted(make: Make) -> None:
    _, group, post = await discussion(make)
    omar, eve = await make.member("omar"), await make.member("eve")
    await boost(make, eve, post)
    await make.join(omar, group)
    await make.join(omar, eve)
    assert await home(make, omar) == [post]


async def test_a_gathered_home_shows_the_boost_to_who_follows_the_booster_alone(make: Make) -> None:
    _, _, post = await discussion(make)
    omar, eve = await make.member("omar"), await make.member("eve")
    boosted = (await boost(make, eve, post)).result
    await make.join(omar, eve)
    assert await home(make, omar) == [boosted]


async def test_a_boost_is_made_once_and_again_after_it_was_taken_back(make: Make) -> None:
    _, _, post = await discussion(make)
    eve = await make.member("eve")
    first = await boost(make, eve, post)
    again = await boost(make, eve, post)
    assert (again.verdict, again.result, again.effects) == ("known", first.result, ())
    await delete(make, eve, first.result or 0)
    anew = await boost(make, eve, post)
    assert anew.verdict == "boosted"
    assert any(isinstance(effect, StorePost) for effect in anew.effects)


async def test_a_deleted_discussion_takes_the_groups_boost_back_from_its_followers(make: Make) -> None:
    nadia, group, post = await discussion(make)
    rows = await make.house.db.read(lambda tx: tx.rows(_BOOSTS_OF, key=post))
    boosted = rows[0][0]
    effects = (await delete(make, nadia, post)).effects
    undo = next(e for e in effects if isinstance(e, Record) and e.object_id == boosted)
    assert (undo.type, undo.actor_id) == ("Delete", group)  # told to peers as Undo{Announce}
    sent = next(e for e in effects if isinstance(e, Send) and e.activity_id == undo.id)
    assert (sent.mode, sent.collections) == ("retraction", (followers_of(group),))


async def test_a_deleted_reply_has_no_boost_to_take_back(make: Make) -> None:
    nadia, group, post = await discussion(make)
    reply = await make.post(nadia, "and sweet dreams", reply_to=post)
    effects = (await delete(make, nadia, reply)).effects
    told = [e for e in effects if isinstance(e, Record) and e.actor_id == group]
    assert [e.type for e in told] == ["Announce"]
