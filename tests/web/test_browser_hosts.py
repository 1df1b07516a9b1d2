"""The pages for those who run the server, in a real browser at 320 pixels, in both languages. See `test_browser`."""

from __future__ import annotations

from playwright.async_api import Browser

from fedi_community import auth
from fedi_community.domain import hosts
from fedi_community.domain.stands import Stand
from tests.web.test_browser import NARROW, Place, chromium, examine, keep_picture, place

__all__ = ["place"]


async def test_other_servers_the_log_and_the_lifelines_are_accessible(place: Place) -> None:
    async with chromium() as browser:
        await _walk(place, browser)


async def _walk(place: Place, browser: Browser) -> None:
    world = place.world
    chief = await world.member("chief", role="admin")
    for stand in (
        Stand("loud.example", "limited", public_comment="loud"),
        Stand("rude.example", reject_media=True),
    ):
        await world.make.must(
            hosts.stand_needs(stand.host), lambda f, s=stand: hosts.decide_stand(s, f, login_id=None), 0
        )
    context = await browser.new_context(viewport=NARROW, java_script_enabled=True)
    secret = await auth.open_session(world.make.house, await world.login_of(chief), chief)
    await context.add_cookies(
        [{"name": auth.cookie_name(world.settings, "session"), "value": secret, "url": place.url}]
    )
    page = await context.new_page()
    wrong: list[str] = []
    for prefix in ("", "/es"):
        for name, path in (
            ("hosts", "/moderation/hosts"), ("log", "/moderation/log?by=chief"), ("lifelines", "/lifelines"),
            ("queue", "/moderation"), ("warnings", "/warnings"),
        ):  # fmt: skip
            wrong += [f"{prefix}{path}: {each}" for each in await examine(page, place.url + prefix + path)]
            await keep_picture(page, f"{name}{prefix.replace('/', '-')}")
        await page.goto(f"{place.url}{prefix}/moderation/hosts")
        file = {
            "name": "list.csv",
            "mimeType": "text/csv",
            "buffer": b"#domain,#severity\nbad.example,suspend\n",
        }
        await page.set_input_files("#file", files=[file])
        await page.focus("form[action$='/import'] button")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("button[name=sure]")
        wrong += [f"{prefix} sure: {each}" for each in await _here(page)]
        await keep_picture(page, f"sure{prefix.replace('/', '-')}")
    assert wrong == []
    await context.close()


async def _here(page: object) -> list[str]:
    wide = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")  # type: ignore[attr-defined]
    return [f"scrolls sideways: {wide}"] if wide[0] > wide[1] else []
