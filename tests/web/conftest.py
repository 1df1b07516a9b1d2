"""An application of the pages alone, on both databases, and browsers' requests for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from quart import Quart, Response

from fedi_community import auth
from fedi_community.config import Settings
from fedi_community.domain.effects import Decision, SetLogin
from fedi_community.domain.facts import Needs
from fedi_community.storage.database import Database
from fedi_community.web.pages import page_functions, pages
from tests.make import Make

BASE = "https://clinic.example"
PASSWORD = "a long walk by the sea"
QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def application(make: Make, settings: Settings) -> Quart:
    """What app.py does, with the pages alone."""
    app = Quart("test", static_folder=None, template_folder=None)
    app.url_map.strict_slashes = False
    app.register_blueprint(pages(make.house, settings, negotiated=True))
    functions = page_functions(make.house, settings)

    @app.errorhandler(404)
    async def missing(_: Exception) -> Response:
        return await functions.missing()

    return app


@dataclass
class Answer:
    """A response, read."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def form(self, action: str) -> dict[str, str]:
        """The hidden fields of the first form that posts to `action`."""
        for found in re.finditer(r"<form\b[^>]*action=\"([^\"]+)\"[^>]*>(.*?)</form>", self.text, re.DOTALL):
            if found[1] == action:
                return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', found[2]))
        raise AssertionError(f"no form posts to {action}")


@dataclass
class Browser:
    """One person's browser: keeps cookies, sends what browsers send."""

    app: Quart
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self._send("GET", path, None, headers)

    async def post(
        self, path: str, form: Mapping[str, Any] | list[tuple[str, str]], **headers: str
    ) -> Answer:
        return await self._send("POST", path, form, {"Sec-Fetch-Site": "same-origin"} | headers)

    async def _send(self, method: str, path: str, form: Any, headers: dict[str, str]) -> Answer:
        client = self.app.test_client(use_cookies=False)
        sent = {"Host": "clinic.example", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        data = None
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            data = urlencode(form if isinstance(form, list) else list(form.items()))
        response = await client.open(path, method=method, headers=sent, data=data)
        for line in response.headers.getlist("Set-Cookie"):
            name, _, rest = line.partition("=")
            value = rest.split(";", 1)[0]
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return Answer(response.status_code, response.headers, (await response.get_data()).decode())

    async def log_in(self, who: str, password: str = PASSWORD) -> Answer:
        page = await self.get("/login")
        return await self.post("/login", {**page.form("/login"), "who": who, "password": password})


@dataclass
class World:
    """A house with its pages."""

    make: Make
    settings: Settings
    app: Quart

    def browser(self) -> Browser:
        return Browser(self.app)

    async def member(self, handle: str, **more: Any) -> int:
        """A member who can log in with `PASSWORD`."""
        actor = await self.make.member(handle, **more)
        login = await self.login_of(actor)
        change = SetLogin(login, self.make.clock(), password=QUICK_HASH)
        await self.make.must(Needs(), lambda f: Decision((change,)))
        return actor

    async def login_of(self, actor: int) -> int:
        from fedi_community.storage import sessions

        handle = next(h for h, i in self.make.ids.items() if i == actor)
        row = await self.make.house.db.read(lambda tx: sessions.login_by_handle(tx, handle))
        assert row is not None
        return row.id

    async def as_(self, actor: int) -> Browser:
        """The browser of somebody who is logged in."""
        secret = await auth.open_session(self.make.house, await self.login_of(actor), actor)
        return Browser(self.app, {auth.cookie_name(self.settings, "session"): secret})


@pytest.fixture
def world(db: Database, make: Make) -> World:
    settings = Settings(base_url=BASE, site_name="Clinic Community", contact_email="help@clinic.example")
    return World(make, settings, application(make, settings))
