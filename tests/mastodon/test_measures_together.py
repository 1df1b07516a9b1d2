"""Measures that stand at once: each is lifted for itself, and none undoes another."""

from __future__ import annotations

from tests.mastodon.conftest import World
from tests.mastodon.test_measures import act, court


async def test_limiting_somebody_who_is_suspended_shows_nothing_of_him_again(world: World) -> None:
    it = await court(world)
    post = await world.make.post(it["nadia"], "hello")
    await act(world, it, "suspend")
    await act(world, it, "silence")
    path = f"/api/v1/admin/accounts/{it['nadia']}"
    assert (await world.get(path, it["to_desk"])).json["suspended"] is True
    assert (await world.get(f"/api/v1/statuses/{post}")).status == 404
    assert (await world.post(f"{path}/unsuspend", it["to_desk"])).json["silenced"] is True


async def test_who_was_limited_before_he_was_suspended_is_limited_afterwards(world: World) -> None:
    it = await court(world)
    await act(world, it, "silence")
    await act(world, it, "suspend")
    path = f"/api/v1/admin/accounts/{it['nadia']}"
    got = (await world.post(f"{path}/unsuspend", it["to_desk"])).json
    assert (got["suspended"], got["silenced"]) == (False, True)
    assert (await world.post(f"{path}/unsilence", it["to_desk"])).json["silenced"] is False


async def test_who_may_not_log_in_may_not_either_when_his_suspension_ends(world: World) -> None:
    it = await court(world)
    await act(world, it, "disable")
    await act(world, it, "suspend")
    path = f"/api/v1/admin/accounts/{it['nadia']}"
    got = (await world.post(f"{path}/unsuspend", it["to_desk"])).json
    assert (got["suspended"], got["disabled"]) == (False, True)
    assert (await world.browser().log_in("nadia")).status != 303
    assert (await world.post(f"{path}/enable", it["to_desk"])).json["disabled"] is False
    assert (await world.browser().log_in("nadia")).status == 303


async def test_a_lifted_suspension_is_lifted_for_every_name_also_where_a_log_in_stays_shut(
    world: World,
) -> None:
    it = await court(world)
    login = await world.login_of(it["nadia"])
    river = await world.make.persona(login, "river", name="Quiet River")
    post = await world.make.post(river, "by river")
    await act(world, it, "disable")
    await act(world, it, "suspend")
    path = f"/api/v1/admin/accounts/{it['nadia']}"
    world.clock.forward(9 * 86_400)
    await world.parts.settle()
    assert (await world.get(f"/api/v1/statuses/{post}")).status == 404
    assert (await world.post(f"{path}/unsuspend", it["to_desk"])).status == 200
    world.clock.forward(9 * 86_400)
    await world.parts.settle()
    assert (await world.get(f"/api/v1/statuses/{post}")).status == 200
