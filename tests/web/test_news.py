"""What happened for somebody is on his pages: for him alone, without what he may not see, and it leads on."""

from __future__ import annotations

from typing import Any

from fedi_community.domain.effects import Decision, SetProfile
from fedi_community.domain.facts import Needs
from fedi_community.domain.moderation import acts, bans
from fedi_community.web.news import MAX_PAGE
from tests.web.conftest import World


async def scene(world: World) -> dict[str, Any]:
    who: dict[str, Any] = {name: await world.member(name) for name in ("nadia", "omar", "vera")}
    who["group"] = await world.make.group("sleep", name="Sleep well")
    for name in ("nadia", "omar"):
        await world.make.join(who[name], who["group"])
    await world.make.role(who["group"], who["vera"], "mentor")
    who["post"] = await world.make.post(who["nadia"], "does tea help?", group_id=who["group"])
    return who


async def test_an_answer_a_follower_and_a_like_are_told_on_the_home_page_and_lead_to_what_they_are_about(
    world: World,
) -> None:
    who = await scene(world)
    answer = await world.make.post(who["omar"], "it does", reply_to=who["post"])
    await world.make.react(who["omar"], who["post"])
    nadia = await world.as_(who["nadia"])
    for path in ("/", "/news"):
        page = (await nadia.get(path)).text
        assert f'<a href="/objects/{answer}">Omar wrote to you.' in page, path
        assert f'<a href="/objects/{who["post"]}">Omar liked what you wrote.' in page, path
    assert "Omar le ha escrito." in (await nadia.get("/es/news")).text
    stranger = await world.as_(await world.member("luna"))
    assert "Nothing has happened yet." in (await stranger.get("/news")).text
    assert (await world.browser().get("/news")).location == "/login?next=/news"


async def test_what_he_may_not_read_any_more_and_whom_he_muted_is_not_told(world: World) -> None:
    who = await scene(world)
    first = await world.make.post(who["omar"], "it does", reply_to=who["post"])
    nadia = await world.as_(who["nadia"])
    assert "Omar wrote to you." in (await nadia.get("/news")).text
    await world.make.must(
        acts.act_needs(first, who["vera"]),
        lambda f: acts.decide_act(first, who["vera"], None, "remove", "", f),
        acts.IDS,
    )
    assert "Omar wrote to you." not in (await nadia.get("/news")).text
    await world.make.post(who["omar"], "again", reply_to=who["post"])
    assert "Omar wrote to you." in (await nadia.get("/news")).text
    await world.make.block(who["nadia"], who["omar"])
    assert "Omar wrote to you." not in (await nadia.get("/news")).text


async def test_who_is_kept_out_of_a_group_is_told_of_which_and_where_to_say_that_it_is_wrong(
    world: World,
) -> None:
    who = await scene(world)
    needs = bans.ban_needs(who["group"], who["vera"], who["omar"])
    await world.make.must(
        needs,
        lambda f: bans.decide_ban(who["group"], who["vera"], None, who["omar"], True, "", None, f),
        bans.IDS,
    )
    omar = await world.as_(who["omar"])
    assert '<a href="/warnings">Our team has a message for you' in (await omar.get("/")).text
    told = (await omar.get("/warnings")).text
    assert "You cannot take part in a group." in told
    assert '<a href="/groups/sleep">Sleep</a>' in told
    group = (await omar.get("/groups/sleep")).text
    assert "You cannot take part in this group now." in group
    assert "/groups/sleep/join" not in group
    assert (
        "/groups/sleep/join"
        in (await (await world.as_(await world.member("luna"))).get("/groups/sleep")).text
    )
    await world.make.must(
        needs,
        lambda f: bans.decide_ban(who["group"], who["vera"], None, who["omar"], False, "", None, f),
        bans.IDS,
    )
    assert "/groups/sleep/join" in (await omar.get("/groups/sleep")).text


async def test_what_was_taken_away_is_named_to_its_author(world: World) -> None:
    who = await scene(world)
    await world.make.must(
        acts.act_needs(who["post"], who["vera"]),
        lambda f: acts.decide_act(who["post"], who["vera"], None, "remove", "", f),
        acts.IDS,
    )
    told = (await (await world.as_(who["nadia"])).get("/warnings")).text
    assert f'<a href="/objects/{who["post"]}">What you wrote</a>' in told


async def test_who_follows_no_more_is_not_told_of(world: World) -> None:
    who = await scene(world)
    open_ = SetProfile(who["nadia"], {"locked": 0}, world.make.clock.now)
    await world.make.must(Needs(), lambda _: Decision((open_,)), 0)
    await world.make.join(who["omar"], who["nadia"])
    nadia = await world.as_(who["nadia"])
    assert "Omar follows you now." in (await nadia.get("/news")).text
    await world.make.leave(who["omar"], who["nadia"])
    assert "Omar follows you now." not in (await nadia.get("/news")).text


async def test_older_news_are_a_page_further(world: World) -> None:
    who = await scene(world)
    for n in range(MAX_PAGE + 3):
        await world.make.post(who["omar"], f"answer {n}", reply_to=who["post"])
        world.make.clock.forward(1)
    nadia = await world.as_(who["nadia"])
    first = (await nadia.get("/news")).text
    assert first.count("Omar wrote to you.") == MAX_PAGE
    further = first.split('rel="next" href="')[1].split('"')[0]
    assert (await nadia.get(further)).text.count("Omar wrote to you.") == 3
