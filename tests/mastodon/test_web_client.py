"""A client in a real browser, served from an origin of its own: it signs in through the consent page, as a member and as a
group that she runs, and works with `fetch`, an image and a WebSocket alone. What CORS hides from scripts would fail here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.mastodon.test_clients import PASSWORD
from tests.peers.running import Server
from tests.web.test_browser import CHROMIUM, _need, chromium

HERE = Path(__file__).parent / "web_client"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def origin() -> Iterator[str]:
    """The address of the client's page: another port is another origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(HERE))) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}/index.html"
        http.shutdown()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    _need(CHROMIUM, "Debian: apt-get install chromium")
    made = Server(tmp_path, settings={"FEDI_API_RATE": "300"})
    made.run("member", "create", "nadia", "--email", "nadia@example.org", "--password", PASSWORD)
    made.run("group", "create", "sleep", "--name", "Sleep well")
    made.run("group", "staff", "sleep", "add", "nadia")
    with made.serving():
        yield made


async def _sign_in(page: Page, origin: str, server: Server, speak_as: str) -> None:
    """As a person does it: type name and password, choose whom the client speaks as, allow."""
    await page.goto(f"{origin}?server={server.base}")
    await page.wait_for_url(f"{server.base}/**")
    await page.locator("input[name=who]").fill("nadia")
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("form[action^='/login'] button").first.click()
    await page.get_by_label(f"@{speak_as}").check()
    await page.locator("button[value=allow]").click()
    await page.wait_for_url(f"{origin}?code=*")
    await page.wait_for_function("document.getElementById('who').textContent")
    assert await page.locator("#who").text_content() == f"@{speak_as}"


@pytest.mark.parametrize("speak_as", ["nadia", "sleep"])
async def test_a_web_client_signs_in_and_works_from_another_origin(
    server: Server, origin: str, speak_as: str
) -> None:
    async with chromium() as browser:
        page = await (await browser.new_context()).new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await _sign_in(page, origin, server, speak_as)
        found = await page.evaluate("day()")
        assert found == {
            "posted": [200, "public", speak_as],
            "picture": [200, "a box"],
            "page": [1, True, True],
            "edited": "<p>Edited from another origin</p>",
            "deleted": 200,
            "missing": [404, "Record not found"],
            "unknown": [404, "string"],
            "loaded": 40,
        }
        assert await page.evaluate("hears('user', 'Said while listening')") == "<p>Said while listening</p>"
        assert await page.evaluate("leave()") == 401
        assert wrong == []


async def test_who_says_no_comes_back_with_that_answer(server: Server, origin: str) -> None:
    async with chromium() as browser:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{origin}?server={server.base}")
        await page.wait_for_url(f"{server.base}/**")
        await page.locator("input[name=who]").fill("nadia")
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("form[action^='/login'] button").first.click()
        await page.locator("button[value=deny]").click()
        await page.wait_for_url(f"{origin}?error=*")
        assert await page.locator("#who").text_content() == "access_denied"
