"""A real browser: keyboard alone, no script, both languages, 320 pixels, both colour schemes, and axe on every page.

Needs Debian's chromium and axe-core (tests/peers). Where they are not installed these tests are skipped and say so; with
CI=true that is a failure. FEDI_SCREENSHOTS=DIR keeps a picture of every page for people to look at.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from fedi_community import auth
from fedi_community.config import Settings
from fedi_community.domain import account_measures, joining, measures
from fedi_community.domain.model import Attachment, Text
from fedi_community.domain.moderation import acts
from fedi_community.storage.database import open_database
from tests.make import Make
from tests.web.conftest import PASSWORD, World, application
from tests.web.test_pages import article

CHROMIUM = "/usr/bin/chromium"
AXE = Path(__file__).parent.parent / "peers" / "node_modules" / "axe-core" / "axe.min.js"
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1100, "height": 800}


def _need(path: str | Path, how: str) -> None:
    if not Path(path).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is not there, and CI may skip nothing")
        pytest.skip(f"{path} is not there ({how})")


@dataclass
class Place:
    """A served community with somebody in it."""

    world: World
    url: str
    nadia: int
    paths: dict[str, str]


async def _fill(world: World) -> tuple[int, dict[str, str]]:
    make = world.make
    nadia = await world.member("nadia", summary="I live with **diabetes**. I like long walks.", language="en")
    omar = await world.member("omar")
    news = await world.member("newsroom", type="Service")
    sleep = await make.group(
        "sleep", summary="Nights, naps and everything between. Questions are welcome.", joins="open"
    )
    care = await make.group("caregivers", reads="members", posts="members", replies="members", joins="approval",
                            summary="For people who look after a relative or a friend.")  # fmt: skip
    await make.role(sleep, news, "mentor")
    for person in (nadia, omar):
        await make.join(person, sleep)
    await make.join(nadia, care)
    await make.answer(care, nadia)
    words = "<p>Go to bed at the same time. Keep the room dark.</p><h2>At night</h2><ul><li>No screens</li><li>No coffee</li></ul>"
    espanol = "<p>Acuéstese a la misma hora. Deje el cuarto oscuro.</p><h2>Por la noche</h2><ul><li>Sin pantallas</li></ul>"
    key = await article(
        world, news, sleep, Text("en", words, "Ten habits for calmer nights", "Small steps that help many people."),
        Text("es", espanol, "Diez hábitos para noches tranquilas", "Pasos pequeños que ayudan a muchas personas."),
        extra={"origin": "ours", "sample": True, "categories": ["Sleep", "Habits"]},
        image=Attachment("image", "https://far.example/moon.png", name="A moon over a roof"),
    )  # fmt: skip
    root = await make.post(
        omar, "@sleep I wake at 3 every night. What do you do then? https://far.example/" + "a" * 120
    )
    above = root
    for level in range(1, 10):
        text = f"Answer number {level}: I get up, drink water and read two pages of a dull book."
        above = await make.post(nadia if level % 2 else omar, text, reply_to=above)
        await make.post(omar, "That helps me too. A_very_long_word_" + "x" * 80, reply_to=root)
    own = await make.post(nadia, "@caregivers a hard week, and nobody asks how I am", "public")
    await make.post(nadia, "A walk today #sleep")
    river = await make.persona(await world.login_of(nadia), "quiet_river", name="Quiet River", group_id=sleep)
    run = await make.group("own_group", finds="server", reads="members", joins="approval")
    await make.role(run, nadia, "staff")
    await make.role(run, omar, "mentor")
    kept = await make.post(omar, "does valerian help? call 507-555-0199", group_id=run)
    invitation = auth.new_secret()
    needs = joining.invite_needs(run, None)
    await make.must(
        needs, lambda f: joining.decide_invite(run, None, None, auth.token_hash(invitation), 3, 7, "choir", f)
    )
    paths = {
        "settings": "/groups/own_group/settings", "invitations": "/groups/own_group/invitations",
        "invitation": f"/invitations/{invitation}",
        "home": "/", "groups": "/groups", "group": "/groups/sleep", "closed": "/groups/caregivers",
        "article": f"/objects/{key}", "alone": f"/objects/{key}/article", "thread": f"/objects/{root}",
        "reply": f"/objects/{above}", "private": f"/objects/{own}", "profile": "/@nadia", "other": "/@omar",
        "login": "/login", "logout": "/logout", "write": "/write", "answer": f"/write?reply_to={root}",
        "edit": f"/write?edit={own}", "delete": f"/objects/{own}/delete", "tag": "/tags/sleep", "about": "/about",
        "privacy": "/privacy", "missing": "/nothing",
        "desk": "/groups/own_group/desk", "grouplog": "/groups/own_group/log", "bans": "/groups/own_group/bans",
        "lookafter": f"/objects/{kept}/lookafter", "circles": "/circles",
        "news": "/news", "preferences": "/preferences",
        "names": "/names", "ended": f"/names/{river}/end",
    }  # fmt: skip
    return nadia, paths | await _reported(world, nadia, omar, sleep, run)


async def _reported(world: World, nadia: int, omar: int, sleep: int, run: int) -> dict[str, str]:
    """Where something is told that is wrong, the desk that answers it, and where a decision is said to be wrong."""
    make, him = world.make, await world.as_(omar)
    advice = await make.post(omar, "take twice as much of it, it cannot hurt", group_id=run)
    form = f"/objects/{advice}/report"
    cat = await make.member("cat")
    await make.join(cat, run)
    await make.answer(run, cat)
    hers = await world.as_(cat)
    page = await hers.get(form)
    sent = await hers.post(form, {**page.form(form), "category": "advice"})
    assert sent.status == 303, sent.text
    queue = (await (await world.as_(nadia)).get("/groups/own_group/reports")).text
    case = "/reports/" + queue.split('href="/reports/')[1].split('"')[0]
    own = await make.post(nadia, "@sleep buy my pillow")
    secret = auth.new_secret()
    telling = measures.Telling("Please do not sell things here.", (secret[:32], auth.token_hash(secret)))
    needs = account_measures.measure_needs(nadia, None)
    await make.must(
        needs, lambda f: account_measures.decide_measure(nadia, "none", None, f, None, telling), 1
    )
    removed = acts.act_needs(own, sleep)
    await make.must(removed, lambda f: acts.decide_act(own, sleep, None, "remove", "selling", f), acts.IDS)
    assert "buy" not in (await him.get("/groups/sleep")).text
    return {
        "reportpost": form, "reportperson": "/@omar/report", "reported": "/reported", "lifelines": "/lifelines",
        "groupqueue": "/groups/own_group/reports", "case": case, "warnings": "/warnings", "appeal": f"/appeal/{secret}",
        "strikes": f"/objects/{advice}/strikes",
    }  # fmt: skip


@pytest.fixture
async def place(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Place]:
    """A community on a free loopback port. One database is enough for what a browser sees."""
    import shutil

    _need(CHROMIUM, "Debian: apt-get install chromium")
    _need(AXE, "npm install in tests/peers")
    shutil.copy(sqlite_template, tmp_path / "community.db")
    db = await open_database(f"sqlite:///{tmp_path / 'community.db'}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    make = Make.on(db, url)
    settings = Settings(base_url=url, site_name="Clinic Community", contact_email="help@clinic.example")
    world = World(make, settings, application(make, settings))
    nadia, paths = await _fill(world)
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.accesslog = config.errorlog = None
    stop = asyncio.Event()
    served = asyncio.create_task(serve(world.app, config, shutdown_trigger=stop.wait))  # type: ignore[arg-type]
    yield Place(world, url, nadia, paths)
    stop.set()
    await served
    await db.close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGS)
        try:
            yield browser
        finally:
            await browser.close()


async def logged_in(place: Place, context: BrowserContext) -> None:
    secret = await auth.open_session(
        place.world.make.house, await place.world.login_of(place.nadia), place.nadia
    )
    await context.add_cookies([{"name": "session", "value": secret, "url": place.url}])


async def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("FEDI_SCREENSHOTS")
    if folder:
        await page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
COLOURS = "{runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"
"""What a dark page can have wrong that the light one has not."""
SMALL = """() => [...document.querySelectorAll('button, .button, nav a, input:not([type=hidden]), select, textarea, summary')]
  .filter(e => e.getClientRects().length && !e.closest('.hide'))
  .map(e => [e.outerHTML.slice(0, 90), e.type === 'radio' ? 44 : Math.round(e.getBoundingClientRect().height)])
  .filter(([, height]) => height < 44)"""


async def examine(page: Page, url: str, seen: set[str] | None = None, rules: str = RULES) -> list[str]:
    """What is wrong with a page: axe's findings, sideways scrolling, small targets. seen: where one was led already (to log in)."""
    await page.goto(url)
    if seen is not None and page.url in seen:
        return []
    if seen is not None:
        seen.add(page.url)
    wrong = []
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate(f"axe.run(document, {rules})")
    for each in found["violations"]:
        wrong.append(f"{each['id']}: {each['help']}: {[n['html'][:120] for n in each['nodes'][:3]]}")
    wide = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if wide[0] > wide[1]:
        wrong.append(f"scrolls sideways: {wide}")
    wrong += [f"small target: {each}" for each in await page.evaluate(SMALL)]
    return wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("member", [False, True])
async def test_every_page_is_accessible_in_both_languages_at_320_pixels(
    place: Place, scheme: str, member: bool
) -> None:
    wrong: list[str] = []
    seen: set[str] = set()
    rules = RULES if scheme == "light" else COLOURS
    async with chromium() as browser:
        context = await browser.new_context(viewport=NARROW, color_scheme=scheme)  # type: ignore[arg-type]
        if member:
            await logged_in(place, context)
        page = await context.new_page()
        for language in ("", "/es") if scheme == "light" else ("",):
            for name, path in place.paths.items():
                wrong += [
                    f"{language}{path} ({name}): {each}"
                    for each in await examine(page, place.url + language + path, seen, rules)
                ]
                await keep_picture(
                    page,
                    f"{name}-{language.strip('/') or 'en'}-{scheme}-{'member' if member else 'stranger'}",
                )
        await context.close()
    assert wrong == []


async def test_pages_are_readable_when_enlarged_fourfold_and_when_wide(place: Place) -> None:
    async with chromium() as browser:
        for name, viewport in (("zoom", {"width": 320, "height": 256}), ("wide", WIDE)):
            context = await browser.new_context(viewport=viewport)  # type: ignore[arg-type]
            await logged_in(place, context)
            page = await context.new_page()
            for key in ("home", "thread", "article", "write"):
                assert await examine(page, place.url + place.paths[key]) == []
                await keep_picture(page, f"{key}-{name}")
            await context.close()


async def _tab_to(page: Page, words: str, most: int = 40) -> None:
    """Press Tab until the focused element says `words`; where the focus is must be seen."""
    for _ in range(most):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not await focused.count():
            continue
        text = await focused.evaluate(
            "e => (e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText || '')"
        )
        if words in text:
            outline = await focused.evaluate(
                "e => getComputedStyle(e).outlineStyle + getComputedStyle(e).outlineWidth"
            )
            assert outline == "solid3px", (words, outline)
            return
    raise AssertionError(f"no way to {words!r} with the keyboard")


async def test_one_reads_logs_in_and_replies_with_the_keyboard_alone_and_no_script(place: Place) -> None:
    async with chromium() as browser:
        context = await browser.new_context(viewport=NARROW, java_script_enabled=False)  # type: ignore[arg-type]
        page = await context.new_page()
        await page.goto(place.url + place.paths["thread"])
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").inner_text() == "Skip to the content"
        await page.keyboard.press("Enter")
        await _tab_to(page, "Log in to reply", 80)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/login?next=**")
        await _tab_to(page, "E-mail address or name")
        await page.keyboard.type("nadia")
        await _tab_to(page, "Password")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(place.url + place.paths["thread"])
        await _tab_to(page, "Your reply to Omar", 160)
        await page.keyboard.type("Warm milk, and a hand on my shoulder.")
        assert "Everyone on the web can read this." in await page.locator("#who").inner_text()
        await _tab_to(page, "Send reply")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**?said=replied")
        assert "Your reply is published." in await page.locator("[role=status]").inner_text()
        assert "Warm milk, and a hand on my shoulder." in await page.locator("main").inner_text()
        await keep_picture(page, "journey-end")
        await context.close()


async def test_no_page_asks_anybody_else_and_none_runs_a_script(place: Place) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    async with chromium() as browser:
        context = await browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        await logged_in(place, context)
        page = await context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        for path in place.paths.values():
            await page.goto(place.url + path)
            assert await page.locator("script").count() == 0
        await context.close()
    assert {url for url in asked if not url.startswith((place.url, "data:"))} == set()
    assert [text for text in complaints if "404" not in text] == []
