"""Telling that something is wrong, the desk that answers it, and saying that a decision was wrong: on the pages, without script."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedi_community.web.catalogue import WORDS
from fedi_community.web.pages.reports import CHOICES
from tests.mastodon.conftest import World, opened
from tests.web.conftest import Browser


@pytest.fixture
async def town(tmp_path: Path) -> object:
    from fedi_community.storage.migrate import migrate

    url = f"sqlite:///{tmp_path / 'c.db'}"
    await migrate(url)
    world = await opened(url, tmp_path)
    yield world
    await world.parts.close()


async def seated(world: World, name: str, **more: object) -> tuple[int, Browser]:
    actor = await world.member(name, **more)
    browser = world.browser()
    assert (await browser.log_in(name)).status == 303
    return actor, browser


async def sent(browser: Browser, path: str, **fields: str) -> str:
    page = await browser.get(path)
    done = await browser.post(path, {**page.form(path), **fields})
    assert done.status == 303, done.text
    return done.location


@pytest.mark.parametrize("prefix", ["", "/es"])
async def test_a_member_reports_a_post_and_who_may_hurt_himself_finds_help(town: World, prefix: str) -> None:
    nadia = await town.member("nadia")
    _, omar = await seated(town, "omar")
    post = await town.make.post(nadia, "I cannot go on")
    language = 1 if prefix else 0
    shown = await omar.get(f"{prefix}/objects/{post}")
    assert f'href="{prefix}/objects/{post}/report"' in shown.text
    path = f"{prefix}/objects/{post}/report"
    page = await omar.get(path)
    assert all(WORDS[f"report.category.{choice}"][language] in page.text for choice in CHOICES)
    empty = await omar.post(path, {**page.form(path), "category": "nonsense"})
    assert (empty.status, WORDS["report.no_category"][language] in empty.text) == (422, True)
    where = await sent(omar, path, category="self_harm")
    assert where == f"{prefix}/reported?about=help"
    assert "988" in (await omar.get(where)).text
    assert "024" in (await omar.get(where)).text
    assert await sent(omar, f"{prefix}/@nadia/report", category="spam") == f"{prefix}/reported"
    assert (await town.browser().get(path)).status == 404
    assert (await omar.get(f"{prefix}/objects/7/report")).status == 404


async def test_staff_read_the_sealed_copy_and_act_and_to_everybody_else_there_is_no_such_page(
    town: World,
) -> None:
    nadia, hers = await seated(town, "nadia")
    _, omar = await seated(town, "omar")
    _, desk = await seated(town, "desk", role="staff")
    _, second = await seated(town, "second", role="staff")
    post = await town.make.post(nadia, "buy my pills")
    await sent(omar, f"/objects/{post}/report", category="selling", comment="she sells")
    queue = await desk.get("/moderation")
    path = "/reports/" + queue.text.split('href="/reports/')[1].split('"')[0]
    page = await desk.get(path)
    assert "buy my pills" in page.text
    assert "Omar" in page.text
    for browser in (hers, omar, town.browser()):
        missing = await browser.get("/reports/7")
        for there in ("/moderation", path, f"{path}/pictures/0"):
            got = await browser.get(there)
            assert (got.status, got.text) == (404, missing.text)
    assert await sent(desk, path, do="note", text="called her") == f"{path}?said=case_done"
    assert "called her" in (await second.get(path)).text
    await sent(desk, path, do="warn", text="No selling here")
    assert "No selling here" in (await hers.get("/warnings")).text
    assert await sent(hers, "/warnings", text="They are vitamins") == "/warnings?said=appealed"
    assert WORDS["queue.yours"][0] in (await desk.get("/moderation")).text
    assert await sent(second, "/moderation", grant="1") == "/moderation?said=case_done"
    assert WORDS["warned.approved"][0] in (await hers.get("/warnings")).text


async def test_who_is_shut_out_appeals_by_the_link_in_his_mail(town: World) -> None:
    nadia, hers = await seated(town, "nadia")
    desk, staff = await seated(town, "desk", role="staff")
    to_desk = await town.token(desk, "read write admin:read admin:write")
    path = f"/api/v1/admin/accounts/{nadia}/action"
    assert (await town.post(path, to_desk, type="suspend", text="Threats")).status == 200
    await town.parts.settle()
    (mail,) = town.mails()
    link = "/appeal/" + mail.split("https://clinic.example/appeal/")[1][:64]
    stranger = town.browser()
    assert "Threats" in (await stranger.get(link)).text
    assert (await stranger.get("/appeal/guess")).status == 404
    assert await sent(stranger, link, text="It was my brother") == f"{link}?said=appealed"
    assert "It was my brother" in (await staff.get("/moderation")).text
    assert (await hers.get("/warnings")).status == 404  # the session ended
