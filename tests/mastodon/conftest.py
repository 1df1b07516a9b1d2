"""A whole server without sockets, on both databases; phones that ask it, and people who sign in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
import pytest

from fedi_community import auth
from fedi_community.app import Parts, build
from fedi_community.config import Settings
from fedi_community.domain.effects import Decision, MakeToken, SetLogin
from fedi_community.domain.facts import Needs
from fedi_community.storage import sessions
from tests.make import START, Clock, Make
from tests.web.conftest import BASE, QUICK_HASH, Answer, Browser

OOB = "urn:ietf:wg:oauth:2.0:oob"


@dataclass(frozen=True)
class Reply:
    """An answer, read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def error(self) -> str:
        return str(self.json["error"])


@dataclass
class World:
    """One server."""

    parts: Parts
    make: Make
    clock: Clock

    async def ask(
        self,
        method: str,
        path: str,
        token: str = "",
        *,
        json: Any = None,
        form: Any = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Reply:
        client = self.parts.web.test_client(use_cookies=False)
        fields = {"Host": "clinic.example", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if token:
            fields["Authorization"] = f"Bearer {token}"
        more: dict[str, Any] = {}
        if json is not None:
            more["data"], fields["Content-Type"] = orjson.dumps(json), "application/json"
        elif form is not None:
            more["data"] = urlencode(form if isinstance(form, list) else list(form.items()))
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        elif raw is not None:
            more["data"] = raw
        got = await client.open(path, method=method, headers=fields, **more)
        return Reply(got.status_code, got.headers, await got.get_data())

    async def get(self, path: str, token: str = "", **headers: str) -> Reply:
        return await self.ask("GET", path, token, **headers)

    async def post(self, path: str, token: str = "", **values: Any) -> Reply:
        return await self.ask("POST", path, token, json=values)

    async def member(self, handle: str, **more: Any) -> int:
        """A member who can log in with `PASSWORD`."""
        actor = await self.make.member(handle, **more)
        login = await self.login_of(actor)
        await self.make.must(Needs(), lambda f: Decision((SetLogin(login, f.now, password=QUICK_HASH),)))
        return actor

    async def login_of(self, actor: int) -> int:
        found = await self.parts.db.read(lambda tx: sessions.login_of(tx, actor))
        assert found is not None
        return found

    async def token(self, actor: int, scopes: str = "read write follow push", login: int = 0) -> str:
        """login: who speaks as the actor; 0 for the one whose self it is."""
        secret, login = auth.new_secret(), login or await self.login_of(actor)

        def decide(facts: Any) -> Decision:
            hash_ = auth.token_hash(secret)
            made = MakeToken(facts.new_ids[0], hash_, "access", facts.now, login, actor, scopes=scopes)
            return Decision((made,))

        await self.make.must(Needs(), decide, 1)
        return secret

    def browser(self) -> Browser:
        return Browser(self.parts.web)

    async def register(
        self, *redirects: str, scopes: str = "read write follow push", name: str = "Pocket"
    ) -> dict[str, Any]:
        made = await self.post(
            "/api/v1/apps", client_name=name, redirect_uris="\n".join(redirects or (OOB,)), scopes=scopes
        )
        assert made.status == 200, made.body
        return dict(made.json)

    def authorize(self, app: dict[str, Any], redirect: str, **more: str) -> str:
        values = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": redirect,
                  "scope": "read write follow push", **more}  # fmt: skip
        return f"/oauth/authorize?{urlencode({k: v for k, v in values.items() if v})}"

    async def allow(self, browser: Browser, page: Answer, **fields: str) -> Answer:
        """Press the button of the consent page."""
        action = page.text.split('<form class="write" method="post" action="')[1].split('"')[0]
        values = {**page.form(action), "decision": "allow", **fields}
        return await browser.post(action, {k: unescape(v) for k, v in values.items()})

    async def exchange(self, app: dict[str, Any], code: str, redirect: str, **more: str) -> Reply:
        return await self.post(
            "/oauth/token", grant_type="authorization_code", code=code, redirect_uri=redirect,
            client_id=app["client_id"], client_secret=app["client_secret"], **more,
        )  # fmt: skip

    async def sign_in(self, who: str, app: dict[str, Any], redirect: str, **more: str) -> str:
        """The code of somebody who signs in and allows it."""
        browser = self.browser()
        await browser.log_in(who)
        page = await browser.get(self.authorize(app, redirect, **more))
        assert page.status == 200, page.text
        done = await self.allow(browser, page)
        assert done.status == 303, done.text
        return code_of(done.location)

    def mails(self) -> list[str]:
        """What was sent, oldest first."""
        folder = Path(self.parts.settings.data) / "mail"
        return [
            path.read_bytes().decode().replace("=\r\n", "").replace("=3D", "=")
            for path in sorted(folder.glob("*.eml"))
        ]


def code_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


async def opened(database_url: str, folder: Path, **settings: Any) -> World:
    chosen = Settings(
        base_url=BASE, data=str(folder), keys=str(folder / "keys"), database_url=database_url,
        **{"api_rate": 0, "contact_email": "help@clinic.example", **settings},
    )  # fmt: skip
    clock = Clock(START)
    parts = await build(chosen, clock=clock)
    return World(parts, Make(parts.house, clock), clock)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    made = await opened(database_url, tmp_path)
    yield made
    await made.parts.close()
