"""Requests to join: who runs the group answers them, and to anybody else the page does not exist."""

from __future__ import annotations

import pytest

from fedi_community.domain.effects import Decision
from fedi_community.errors import Refusal
from fedi_community.web.catalogue import WORDS
from tests.web.conftest import Browser, World

PAGE = "/groups/caregivers/requests"


async def asked(world: World) -> tuple[int, int, int]:
    """(group, its mentor, who asked)"""
    make = world.make
    group = await make.group("caregivers", reads="members", joins="approval")
    mentor, omar = await world.member("mentor"), await world.member("omar")
    await make.role(group, mentor, "mentor")
    await make.join(omar, group)
    return group, mentor, omar


async def press(browser: Browser, accept: str, prefix: str = "") -> tuple[int, str]:
    page = await browser.get(prefix + PAGE)
    done = await browser.post(prefix + PAGE, {**page.form(prefix + PAGE), "accept": accept})
    return done.status, done.headers.get("Location", "")


@pytest.mark.parametrize("prefix", ["", "/es"])
async def test_a_mentor_sees_who_asks_and_lets_in_with_one_button(world: World, prefix: str) -> None:
    _, mentor, omar = await asked(world)
    boss = await world.as_(mentor)
    language = 1 if prefix else 0
    assert f'href="{prefix}{PAGE}"' in (await boss.get(f"{prefix}/groups/caregivers")).text
    page = await boss.get(prefix + PAGE)
    assert page.status == 200
    assert "Omar" in page.text
    assert WORDS["requests.accept"][language] in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    post = await world.make.post(mentor, "@caregivers welcome")
    reader = await world.as_(omar)
    assert (await reader.get(f"/objects/{post}")).status == 404
    assert await press(boss, "1", prefix) == (303, f"{prefix}{PAGE}?said=let_in")
    assert (await reader.get(f"/objects/{post}")).status == 200
    left = await boss.get(prefix + PAGE)
    assert WORDS["requests.none"][language] in left.text
    assert PAGE not in (await boss.get(f"{prefix}/groups/caregivers")).text


async def test_a_refusal_lets_nobody_in_and_a_second_answer_is_told_so(world: World) -> None:
    group, mentor, omar = await asked(world)
    boss = await world.as_(mentor)
    form = (await boss.get(PAGE)).form(PAGE)
    assert await press(boss, "0") == (303, f"{PAGE}?said=turned_away")
    again = await boss.post(PAGE, {**form, "accept": "1"})
    assert again.status == 422
    assert WORDS["refused.not_asked"][0] in again.text
    assert isinstance(await world.make.request(group, mentor, omar), Refusal)


async def test_to_anybody_else_the_page_is_one_that_does_not_exist_byte_for_byte(world: World) -> None:
    group, mentor, omar = await asked(world)
    eve = await world.member("eve")
    other = await world.make.group("sleep")
    await world.make.role(other, eve, "staff")
    await world.make.add(group, eve)  # a member who does not run it
    for browser in (world.browser(), await world.as_(omar), await world.as_(eve)):
        for prefix in ("", "/es"):
            hidden = await browser.get(prefix + PAGE)
            missing = await browser.get(f"{prefix}/groups/caregiverz/requests")
            assert hidden.status == missing.status == 404
            assert hidden.text.replace("caregivers", "caregiverz") == missing.text
            same = {"Date"}
            assert {k: v for k, v in hidden.headers.items() if k not in same} == {
                k: v for k, v in missing.headers.items() if k not in same
            }
        if browser.cookies:
            csrf = (await browser.get("/groups/sleep/")).text.split('name="csrf" value="')[1].split('"')[0]
            form = {"csrf": csrf, "person": str(omar), "accept": "1"}
            hidden, missing = [
                await browser.post(f"/groups/{g}/requests", form) for g in ("caregivers", "caregiverz")
            ]
            assert hidden.status == missing.status == 404
            assert hidden.text.replace("caregivers", "caregiverz") == missing.text
    assert isinstance(await world.make.request(group, mentor, omar), Decision)
    assert "Omar" not in (await (await world.as_(mentor)).get(PAGE)).text  # answered just now, and not before


async def test_a_forged_form_lets_nobody_in(world: World) -> None:
    _, mentor, omar = await asked(world)
    boss = await world.as_(mentor)
    assert (await boss.post(PAGE, {"person": str(omar), "accept": "1"})).status == 403
    form = (await boss.get(PAGE)).form(PAGE)
    for person in ("0", "x", "9" * 30):
        assert (await boss.post(PAGE, {**form, "person": person, "accept": "1"})).status == 404
    assert "Omar" in (await boss.get(PAGE)).text
