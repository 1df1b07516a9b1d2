"""The page of other names one writes under: made, chosen, seen while writing, ended; for their human alone."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from fedi_community.web.catalogue import WORDS
from tests.web.conftest import Browser, World


async def made(browser: Browser, prefix: str = "", **fields: str) -> tuple[int, str]:
    page = await browser.get(f"{prefix}/names")
    given = {"name": "Quiet River", "handle": "quiet_river", "group": "", **fields}
    done = await browser.post(f"{prefix}/names", {**page.form(f"{prefix}/names"), **given})
    return done.status, done.headers.get("Location", "") or done.text


async def chosen(browser: Browser, actor: int) -> int:
    page = await browser.get("/names")
    return (await browser.post("/names/use", {**page.form("/names"), "actor": str(actor)})).status


@pytest.mark.parametrize("prefix", ["", "/es"])
async def test_a_member_makes_a_name_chooses_it_and_is_told_as_whom_he_writes(
    world: World, prefix: str
) -> None:
    language = 1 if prefix else 0
    nadia = await world.member("nadia")
    browser = await world.as_(nadia)
    page = await browser.get(f"{prefix}/names")
    for key in ("names.intro", "names.not_1", "names.not_2", "names.not_3", "names.not_4"):
        assert WORDS[key][language] in page.text.replace("&#39;", "'")
    assert await made(browser, prefix) == (303, f"{prefix}/names?said=name_made")
    page = await browser.get(f"{prefix}/names")
    assert "Quiet River" in page.text
    actor = int(page.text.split('name="actor" value="')[1].split('"')[0])
    assert await chosen(browser, actor) == 303
    for path in ("/write", f"{prefix}/names"):
        assert "@quiet_river" in (await browser.get(path)).text
    form = await browser.get("/write")
    assert f"<strong>{WORDS['write.as'][0]}</strong> <bdi>Quiet River</bdi>" in form.text
    post = await world.make.post(actor, "by river")
    own = await world.make.post(nadia, "by nadia")
    assert (await browser.get(f"/write?edit={post}")).status == 200
    assert (await browser.get(f"/write?edit={own}")).status == 404, (
        "a post is changed under the name that wrote it"
    )
    thread = await browser.get(f"/objects/{own}")
    assert "<bdi>Quiet River</bdi>" in thread.text.split('class="write"')[1]


async def test_a_name_that_tells_who_it_is_comes_back_with_the_reason_and_what_was_typed(
    world: World,
) -> None:
    browser = await world.as_(await world.member("nadia"))
    status, text = await made(browser, name="Nadia again")
    assert status == 422
    assert WORDS["refused.gives_away"][0] in text
    assert 'value="quiet_river"' in text


async def test_somebody_elses_names_are_not_there(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.as_(await world.member("omar"))
    river = await world.make.persona(await world.login_of(nadia), "river")
    assert (await omar.get("/names")).status == 200
    assert "river" not in (await omar.get("/names")).text.replace("quiet_river", "").replace("River", "")
    assert (await omar.get(f"/names/{river}/end")).status == 404
    assert await chosen(omar, river) == 404
    assert await chosen(omar, nadia) == 404
    assert urlsplit((await world.browser().get("/names")).location).path == "/login"


async def test_who_ends_the_name_that_he_writes_under_is_himself_again(world: World) -> None:
    nadia = await world.member("nadia")
    river = await world.make.persona(await world.login_of(nadia), "river")
    browser = await world.as_(nadia)
    assert await chosen(browser, river) == 303
    page = await browser.get(f"/names/{river}/end")
    assert WORDS["names.end_submit"][0] in page.text
    done = await browser.post(f"/names/{river}/end", page.form(f"/names/{river}/end"))
    assert (done.status, done.headers["Location"]) == (303, "/names?said=name_ended")
    assert "You are logged in as Nadia." in (await browser.get("/names")).text
    assert (await browser.get("/@river")).status == 404


async def test_those_who_look_after_a_group_read_how_often_and_nobody_else(world: World) -> None:
    make = world.make
    group = await make.group("sleep", joins="open")
    nadia, mentor = await world.member("nadia"), await world.member("mentor")
    await make.join(nadia, group)
    await make.role(group, mentor, "mentor")
    post = await make.post(nadia, "@sleep hello")
    boss = await world.as_(mentor)
    assert f"/objects/{post}/strikes" in (await boss.get(f"/objects/{post}")).text
    page = await boss.get(f"/objects/{post}/strikes")
    assert "No measures in the last year" in page.text
    assert (await (await world.as_(nadia)).get(f"/objects/{post}/strikes")).status == 404
