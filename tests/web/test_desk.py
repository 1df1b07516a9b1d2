"""The pages of those who run a group: what they can do there, in both languages, and that nobody else has them."""

from __future__ import annotations

from typing import Any

import pytest

from fedi_community.domain.moderation import bans
from fedi_community.storage import moderation
from tests.web.conftest import Answer, Browser, World
from tests.web.test_write import send


async def scene(world: World) -> dict[str, Any]:
    who: dict[str, Any] = {name: await world.member(name) for name in ("nadia", "omar", "vera", "chief")}
    who["group"] = await world.make.group("sleep", name="Sleep well")
    who["other"] = await world.make.group("heart", name="Heart")
    for name in ("nadia", "omar"):
        await world.make.join(who[name], who["group"])
    await world.make.role(who["group"], who["vera"], "mentor")
    await world.make.role(who["other"], who["vera"], "mentor")
    await world.make.role(who["group"], who["chief"], "staff")
    who["post"] = await world.make.post(who["nadia"], "does tea help?", group_id=who["group"])
    return who


async def press(browser: Browser, page: Answer, action: str, **values: str) -> Answer:
    csrf = page.form(action)["csrf"]
    return await browser.post(action, {"csrf": csrf, **values})


async def test_the_desk_holds_what_waits_and_what_the_group_has_ready(world: World) -> None:
    who = await scene(world)
    vera, chief = await world.as_(who["vera"]), await world.as_(who["chief"])
    desk = await vera.get("/groups/sleep/desk")
    assert desk.status == 200
    for words in (
        "What is waiting",
        "Nobody has answered for a day",
        "Saved answers",
        "Posts to read first: 0",
    ):
        assert words in desk.text, words
    assert "Lo que espera" in (await vera.get("/es/groups/sleep/desk")).text
    done = await press(vera, desk, "/groups/sleep/desk", do="answer", name="Ask a doctor",
                       en="Please ask your doctor.", es="Consulte a su médico.")  # fmt: skip
    assert done.status == 303
    assert "Ask a doctor" in (await vera.get(done.location)).text
    held = await press(vera, desk, "/groups/sleep/desk", do="holds", words="bleach", phones="1")
    assert held.status == 403, "mentors have no power over settings until staff give it"
    assert 'value="holds"' not in desk.text, "what he may not do is not offered"
    saved = await press(
        chief, await chief.get("/groups/sleep/desk"), "/groups/sleep/desk", do="holds", words="bleach\n\ncure",
        phones="1", links="newcomers", replies="nobody",
    )  # fmt: skip
    assert saved.status == 303
    again = (await chief.get("/groups/sleep/desk")).text
    assert "bleach\ncure</textarea>" in again
    assert 'value="newcomers" selected' in again
    await world.make.post(who["omar"], "Call me: 555 0100 200", group_id=who["group"])
    await world.make.post(who["nadia"], "Has anybody tried bleach?", group_id=who["group"])
    nadia = await world.as_(who["nadia"])
    for language, received in (("", "We have it."), ("/es", "Lo hemos recibido.")):
        sent = await send(
            nadia, await nadia.get(f"{language}/write?group=sleep"), "bleach again?", path=f"{language}/write"
        )
        page = (await nadia.get(sent.location)).text
        assert received in page, "it is not published"
        assert "is published." not in page
    waiting = (await vera.get("/groups/sleep/held")).text
    assert "It waits because it has a telephone number." in waiting
    assert "It waits because of a word that the group wants to read first." in waiting
    assert "Espera porque tiene un número de teléfono." in (await vera.get("/es/groups/sleep/held")).text


async def test_the_desk_offers_a_mentor_what_he_has_the_power_for(world: World) -> None:
    who = await scene(world)
    here = "/groups/sleep"
    offers = {
        "posts": 'value="answer"', "members": f'href="{here}/requests"', "reports": f'href="{here}/reports"',
        "settings": 'value="holds"',
    }  # fmt: skip
    for power in offers:
        await world.make.role(who["group"], who["vera"], "mentor", powers=[power])
        desk = (await (await world.as_(who["vera"])).get(f"{here}/desk")).text
        assert {one for one, mark in offers.items() if mark in desk} == {power}
    desk = (await (await world.as_(who["chief"])).get(f"{here}/desk")).text
    assert all(mark in desk for mark in offers.values())


async def test_all_that_can_be_done_with_one_post_is_on_one_page(world: World) -> None:
    who = await scene(world)
    vera, chief = await world.as_(who["vera"]), await world.as_(who["chief"])
    path = f"/objects/{who['post']}/lookafter"
    page = await vera.get(path)
    for words in ("another title", "another group", "Take its words away"):
        assert words in page.text, words
    assert "Say something as the group" not in page.text, "staff alone"
    titled = await press(vera, page, path, do="retitle", title="Tea in the evening")
    assert titled.status == 303
    assert "Tea in the evening" in (await vera.get(titled.location)).text
    note = await press(chief, await chief.get(path), path, do="note", text="Tea is fine, says the *house*.")
    assert note.status == 303
    thread = (await chief.get(f"/objects/{who['post']}")).text
    assert "A note from those who run this group" in thread
    wrong = await press(vera, page, path, do="join", address="https://elsewhere.example/1")
    assert (wrong.status, "not the address of a post here" in wrong.text) == (422, True)
    moved = await press(vera, page, path, do="move", group=str(who["other"]), reason="About the heart")
    assert moved.status == 303
    nadia = await world.as_(who["nadia"])
    home = (await nadia.get("/")).text
    assert "Your discussion is in Heart now." in home
    assert "Sleep gave your discussion another title." in home
    assert "Su conversación está ahora en Heart." in (await nadia.get("/es/")).text
    assert "Your discussion is in" not in (await vera.get("/")).text
    log = await vera.get("/groups/heart/log")
    assert "moved a discussion into this group" in log.text
    assert "Reason: About the heart" in log.text
    assert "conversación traída a este grupo" in (await vera.get("/es/groups/heart/log")).text


async def test_who_comes_to_help_a_group_is_told_where_its_work_waits_and_when_it_ends(world: World) -> None:
    who = await scene(world)
    vera, nadia = await world.as_(who["vera"]), await world.as_(who["nadia"])
    home = (await vera.get("/")).text
    assert '<a href="/groups/sleep/desk">You are a mentor of Sleep now.' in home
    assert "Usted ayuda ahora a llevar Sleep." in (await vera.get("/es/")).text
    assert "What happened in your groups" not in (await nadia.get("/")).text
    await world.make.role(who["group"], who["vera"], "mentor", False)
    ended = (await vera.get("/")).text
    assert "You are a mentor of Sleep" not in ended
    assert '<a href="/groups/sleep">You no longer help to run Sleep.' in ended
    world.make.clock.forward(1)
    await world.make.role(who["group"], who["vera"], "mentor")
    again = (await vera.get("/")).text
    assert "You are a mentor of Sleep now." in again
    assert "You no longer help" not in again
    await world.make.role(who["group"], who["vera"], "staff")
    world.make.clock.forward(1)
    await world.make.role(who["group"], who["vera"], "staff", False)
    assert "You no longer help" not in (await vera.get("/news")).text, "she is a mentor as before"


async def test_the_buttons_below_a_post_hold_it_back_and_publish_it(world: World) -> None:
    who = await scene(world)
    vera, omar = await world.as_(who["vera"]), await world.as_(who["omar"])
    path, act = f"/objects/{who['post']}", f"/objects/{who['post']}/moderate"
    assert (await press(vera, await vera.get(path), act, act="hold")).status == 303
    assert (await omar.get(path)).status == 404
    waits = await vera.get(path)
    assert "It waits until one of you publishes it." in waits.text
    assert "somebody of the team took it back for now" in (await vera.get("/groups/sleep/held")).text
    assert (await press(vera, waits, act, act="pass")).status == 303
    assert (await omar.get(path)).status == 200


async def test_who_is_kept_out_is_let_in_again_on_a_page(world: World) -> None:
    who = await scene(world)
    await world.make.must(
        bans.ban_needs(who["group"], who["vera"], who["omar"]),
        lambda f: bans.decide_ban(who["group"], who["vera"], None, who["omar"], True, "Selling", None, f),
        3,
    )
    vera = await world.as_(who["vera"])
    page = await vera.get("/groups/sleep/bans")
    assert "for good" in page.text
    done = await press(vera, page, "/groups/sleep/bans", person=str(who["omar"]))
    assert done.status == 303
    assert "Nobody is kept out." in (await vera.get(done.location)).text


async def test_to_everybody_else_these_pages_are_missing(world: World) -> None:
    who = await scene(world)
    for name in ("nadia", "omar"):
        browser = await world.as_(who[name])
        missing = await browser.get("/groups/nosuch/desk")
        for which in ("desk", "log", "bans"):
            got = await browser.get(f"/groups/sleep/{which}")
            assert got.status == missing.status == 404
        assert (await browser.get(f"/objects/{who['post']}/lookafter")).status == 404


@pytest.mark.parametrize("days", [7, 0])
async def test_the_author_of_a_post_is_kept_out_from_its_page(world: World, days: int) -> None:
    who = await scene(world)
    path = f"/objects/{who['post']}/lookafter"
    browser = await world.as_(who["vera"])
    page = await browser.get(path)
    assert 'class="lookafter" open' in page.text, "what is done most is not hidden there"
    assert (await press(browser, page, path, do="ban", days="soon")).status == 422
    done = await press(browser, page, path, do="ban", days=str(days), reason="rude")
    assert done.status == 303
    [ban] = await world.make.house.db.read(lambda tx: moderation.bans(tx, who["group"], None, None, 9))
    assert ban.target_id == who["nadia"]
    left = None if ban.expires is None else round((ban.expires - world.make.clock.now) / 86_400_000)
    assert left == (days or None)
    own = await world.make.post(who["vera"], "welcome", group_id=who["group"])
    assert 'value="ban"' not in (await browser.get(f"/objects/{own}/lookafter")).text


async def test_a_post_that_waits_says_who_sees_it_now_and_its_author_changes_or_deletes_it(
    world: World,
) -> None:
    who = await scene(world)
    vera, nadia = await world.as_(who["vera"]), await world.as_(who["nadia"])
    path, act = f"/objects/{who['post']}", f"/objects/{who['post']}/moderate"
    assert "Everyone on the web can read this." in (await nadia.get(path)).text
    assert (await press(vera, await vera.get(path), act, act="hold")).status == 303
    hers = (await nadia.get(path)).text
    assert "Only you and the group's team see this now." in hers.replace("&#39;", "'")
    assert "Everyone on the web" not in hers
    assert f'href="/write?edit={who["post"]}"' in hers
    assert f'href="{path}/delete"' in hers
    assert "Everyone on the web" not in (await nadia.get(f"{path}/delete")).text
    seen = (await vera.get(path)).text
    assert "/write?edit=" not in seen
    assert f"{path}/delete" not in seen
    edit = await nadia.get(f"/write?edit={who['post']}")
    changed = await press(nadia, edit, "/write", edit=str(who["post"]), text="does mint tea help?", lang="en")
    assert changed.status == 303
    assert "mint tea" in (await vera.get("/groups/sleep/held")).text


async def test_a_post_that_waits_and_has_no_words_any_more_says_so(world: World) -> None:
    who = await scene(world)
    vera, nadia = await world.as_(who["vera"]), await world.as_(who["nadia"])
    path, act = f"/objects/{who['post']}", f"/objects/{who['post']}/moderate"
    await press(vera, await vera.get(path), act, act="hold")
    assert (
        await press(vera, await vera.get(f"{path}/lookafter"), f"{path}/lookafter", do="redact")
    ).status == 303
    for prefix, words, wrong in (
        ("", "Its words were taken away.", "It waits until"),
        ("/es", "Se ha quitado su texto.", "Espera a que"),
    ):
        text = (await nadia.get(prefix + path)).text
        assert words in text
        assert wrong not in text
