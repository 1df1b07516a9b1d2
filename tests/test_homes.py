"""Home timelines kept ready are cut to their length, and let go when nobody looks; coming back gathers them anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from fedi_community.storage import homes, sessions, timelines
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.make import Make

COUNT = Statement(select(func.count()).select_from(t.home))
DAY = 86_400


async def shown(make: Make, owner: int) -> list[int]:
    async def unit(tx: Any) -> list[int]:
        return list((await timelines.home(tx, make.viewer(owner))).ids)

    return await make.house.db.read(unit)


async def built(make: Make, owner: int) -> bool:
    return await make.house.db.read(lambda tx: homes.is_built(tx, owner))


async def test_a_home_is_cut_once_a_day_and_keeps_the_newest(make: Make) -> None:
    nadia, omar = await make.member("nadia"), await make.member("omar")
    await make.join(nadia, omar)
    db, clock = make.house.db, make.clock
    await db.write(lambda tx: homes.build(tx, nadia, clock.now, 800))
    posts = [await make.post(omar, f"word {n}") for n in range(6)]
    assert await shown(make, nadia) == posts[::-1]
    await db.write(lambda tx: homes.tidy(tx, clock.now, 14, 4))
    assert len(await shown(make, nadia)) == 6, "not yet a day old"
    clock.forward(2 * DAY)
    login = await db.read(lambda tx: sessions.login_of(tx, nadia))
    await db.write(lambda tx: sessions.touch(tx, 0, login or 0, clock.now))
    await db.write(lambda tx: homes.tidy(tx, clock.now, 14, 4))
    assert await shown(make, nadia) == posts[:1:-1]
    more = await make.post(omar, "one more")
    assert (await shown(make, nadia))[0] == more, "it is written on arrival as before"


async def test_a_home_that_nobody_looks_at_is_let_go_and_gathered_again(make: Make) -> None:
    nadia, omar = await make.member("nadia"), await make.member("omar")
    db, clock = make.house.db, make.clock
    logins = {
        who: await db.read(lambda tx, who=who: sessions.login_of(tx, who)) or 0 for who in (nadia, omar)
    }
    for who in (nadia, omar):
        await make.join(who, omar if who == nadia else nadia)
        await db.write(lambda tx, who=who: homes.build(tx, who, clock.now, 800))
        await db.write(lambda tx, who=who: sessions.touch(tx, 0, logins[who], clock.now))
    post = await make.post(omar, "before the long silence")
    clock.forward(10 * DAY)
    await db.write(lambda tx: sessions.touch(tx, 0, logins[omar], clock.now))
    clock.forward(5 * DAY)
    await db.write(lambda tx: homes.tidy(tx, clock.now, 14, 800))
    assert (await built(make, nadia), await built(make, omar)) == (False, True)
    assert await shown(make, nadia) == []
    later = await make.post(omar, "while she was away")
    assert await shown(make, nadia) == [], "nothing is written for her meanwhile"
    await db.write(lambda tx: homes.build(tx, nadia, clock.now, 800))
    assert await shown(make, nadia) == [later, post]


async def test_cutting_every_day_does_not_keep_a_home_alive(make: Make) -> None:
    nadia = await make.member("nadia")
    db, clock = make.house.db, make.clock
    await db.write(lambda tx: homes.build(tx, nadia, clock.now, 800))
    for _ in range(20):
        clock.forward(DAY + 60)
        await db.write(lambda tx: homes.tidy(tx, clock.now, 14, 800))
    assert not await built(make, nadia)
