"""Three servers of ours in one process, which talk to each other for real: signed, through each other's doors, over ASGI.

`open_town` starts them on copies of a filled template (people and groups who know of each other, keys made), so that a new
town costs no keys. Time stands still until somebody acts; `settle` delivers until nothing is left.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from fedi_community import auth
from fedi_community.activitypub.signatures import sign_cavage
from fedi_community.app import Parts, build
from fedi_community.config import Settings
from fedi_community.domain import switches
from fedi_community.domain.effects import Decision
from fedi_community.domain.model import Who
from fedi_community.domain.moderation import acts, bans
from fedi_community.errors import Refusal
from fedi_community.perform import Change, perform
from fedi_community.storage.views import post_id_by_uri
from tests.leaks.stage import _login_of, _token
from tests.make import START, Clock, Make

AS2 = "application/activity+json"
HOSTS = ("ash.example", "birch.example", "cedar.example")
PEOPLE = {
    "ash.example": ("ana", "abe", "amy"),
    "birch.example": ("bea", "ben"),
    "cedar.example": ("cam", "cleo"),
}
HOME = {name: host for host, names in PEOPLE.items() for name in names}
GROUPS = {"heart": {"posts": "everyone"}, "quiet": {"reads": "members", "joins": "approval"}}
GROUP_HOME = "ash.example"


@dataclass
class Wires(httpx.AsyncBaseTransport):
    """What lies between the servers. said: (method, url, body) of each request. cut: hosts that cannot be reached."""

    apps: dict[str, httpx.ASGITransport] = field(default_factory=dict)
    said: list[tuple[str, str, bytes]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host in self.cut or host not in self.apps:
            raise httpx.ConnectError("nobody there")
        self.said.append((request.method, str(request.url), await request.aread()))
        self.heads.append({k.lower(): v for k, v in request.headers.items()})
        return await self.apps[host].handle_async_request(request)

    def carried(self, host: str, *, since: int = 0) -> list[Any]:
        """The activities posted to a host."""
        return [
            orjson.loads(body)
            for method, url, body in self.said[since:]
            if method == "POST" and httpx.URL(url).host == host
        ]


@dataclass
class Server:
    """One of ours. ids: what each actor of the town is called here."""

    host: str
    parts: Parts
    make: Make
    ids: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"https://{self.host}"

    async def get(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        client = self.parts.web.test_client(use_cookies=False)
        got = await client.get(path, headers={"Host": self.host, **headers})
        return got.status_code, await got.get_data()

    async def post_id(self, uri: str) -> int | None:
        """What a post is called here, None where it never came."""
        return await self.parts.db.read(lambda tx: post_id_by_uri(tx, uri))

    async def seen_by(self, name: str | None, ids: Iterable[int]) -> set[int]:
        """Which of these posts the client API shows somebody of this server, or (None) a stranger."""
        query = "&".join(f"id[]={i}" for i in ids)
        if not query:
            return set()
        fields = {"Authorization": f"Bearer {self.tokens[name]}"} if name else {}
        status, body = await self.get(f"/api/v1/statuses?{query}", fields)
        assert status == 200, body
        return {int(one["id"]) for one in orjson.loads(body)}

    async def page(self, name: str | None, post_id: int) -> int:
        """The status of a post's page."""
        cookie = auth.cookie_name(self.parts.settings, "session")
        fields = {"Cookie": f"{cookie}={self.sessions[name]}"} if name else {}
        status, _ = await self.get(f"/objects/{post_id}", {"Accept": "text/html", **fields})
        return status

    async def key(self, name: str | None) -> Any:
        """What an actor of this server, or (None) its instance actor, signs with."""
        keys = self.parts.keyring
        return (await keys.of(self.ids[name] if name else await keys.instance())).rsa


@dataclass
class Town:
    clock: Clock
    wires: Wires
    servers: dict[str, Server] = field(default_factory=dict)

    def __getitem__(self, host: str) -> Server:
        return self.servers[host]

    def home(self, name: str) -> Server:
        return self.servers[HOME.get(name, GROUP_HOME)]

    def uri(self, name: str) -> str:
        return f"{self.home(name).base}/{'groups' if name in GROUPS else 'users'}/{name}"

    async def settle(self) -> None:
        """Deliver and take in until nobody has anything left to do."""
        for _ in range(30):
            before = len(self.wires.said)
            for server in self.servers.values():
                await server.parts.settle()
            if len(self.wires.said) == before:
                return
        raise AssertionError("the town does not come to rest")

    async def signed(self, signer: str | None, host: str, at: str, path: str) -> tuple[int, bytes]:
        """Somebody of `host` (None: its instance actor) asks `at` for a path."""
        key = await self.servers[host].key(signer)
        url = self.servers[at].base + path
        fields = sign_cavage("GET", url, key=key, now_ms=self.clock.now, accept=AS2)
        return await self.servers[at].get(path, fields)

    # --- what people do ---------------------------------------------------------------------------------------------

    async def follow(self, who: str, whom: str) -> Decision | Refusal:
        s = self.home(who)
        return await s.make.join(s.ids[who], s.ids[whom])

    async def unfollow(self, who: str, whom: str) -> Decision | Refusal:
        s = self.home(who)
        return await s.make.leave(s.ids[who], s.ids[whom])

    async def answer(self, group: str, who: str, accept: bool) -> Decision | Refusal:
        s = self[GROUP_HOME]
        return await s.make.request(s.ids[group], None, s.ids[who], accept)

    async def remove(self, group: str, who: str) -> Decision | Refusal:
        s = self[GROUP_HOME]
        return await s.make.remove(s.ids[group], s.ids[who])

    async def ban(self, group: str, who: str, on: bool = True) -> Decision | Refusal:
        s = self[GROUP_HOME]
        g, target = s.ids[group], s.ids[who]
        needs = bans.ban_needs(g, g, target)
        return await s.make.do(needs, lambda f: bans.decide_ban(g, g, None, target, on, "", None, f))

    async def switch(self, group: str, **words: str) -> Decision | Refusal:
        s = self[GROUP_HOME]
        asked = switches.Asked(**{k: Who(v) for k, v in words.items()})  # type: ignore[arg-type]
        g = s.ids[group]
        self.clock.forward(1)
        return await perform(
            s.parts.house,
            Change(
                switches.needs(g, None, asked),
                lambda f: switches.decide_change(g, None, None, asked, f),
                switches.ids,
            ),
        )

    async def act(self, uri: str, group: str, act: str) -> Decision | Refusal:
        """Staff act on a post, as the group."""
        s = self[GROUP_HOME]
        post, g = await s.post_id(uri) or 0, s.ids[group]
        return await s.make.do(acts.act_needs(post, g), lambda f: acts.decide_act(post, g, None, act, "", f))


def _settings(host: str, folder: Path) -> Settings:
    at = folder / host
    return Settings(
        base_url=f"https://{host}",
        data=str(at),
        keys=str(at / "keys"),
        database_url=f"sqlite:///{at}/community.db",
        api_rate=0,
    )


@asynccontextmanager
async def _started(folder: Path, clock: Clock) -> AsyncIterator[Town]:
    town = Town(clock, Wires())
    async with AsyncExitStack() as stack:
        for host in HOSTS:
            parts = await build(_settings(host, folder), clock=clock, transport=town.wires)
            stack.push_async_callback(parts.close)
            town.servers[host] = Server(host, parts, Make(parts.house, clock))
            town.wires.apps[host] = httpx.ASGITransport(parts.asgi)
        yield town


async def _fill(town: Town) -> None:
    for host, names in PEOPLE.items():
        server = town[host]
        for name in names:
            server.ids[name] = await server.make.member(name)
            login, actor = await _login_of(server, server.ids[name])  # type: ignore[arg-type]
            server.tokens[name] = await _token(server.make, login, actor)
            server.sessions[name] = await auth.open_session(server.parts.house, login, actor)
    for name, how in GROUPS.items():
        server = town[GROUP_HOME]
        server.ids[name] = await server.make.group(name, **how)
    for server in town.servers.values():
        for name in (*HOME, *GROUPS):
            if name not in server.ids:
                learned = await server.parts.peers.learn_actor(town.uri(name))
                assert isinstance(learned, int), learned
                server.ids[name] = learned
        for other in town.servers.values():
            if other is not server:
                assert isinstance(await server.parts.peers.learn_actor(f"{other.base}/actor"), int)
    await town.settle()


async def _template(empty: Path, folder: Path) -> None:
    for host in HOSTS:
        (folder / host / "keys").mkdir(parents=True)
        shutil.copy(empty, folder / host / "community.db")
    async with _started(folder, Clock(START)) as town:
        await _fill(town)
        for server in town.servers.values():
            kept = {
                "ids": server.ids,
                "tokens": server.tokens,
                "sessions": server.sessions,
                "clock": town.clock.now,
                "made": {**server.make.ids},
            }
            (folder / server.host / "town.json").write_bytes(orjson.dumps(kept))


def town_template(empty: Path, folder: Path) -> Path:
    """A folder that towns are copied from. empty: a migrated database."""
    if not folder.exists():
        asyncio.run(_template(empty, folder))
    return folder


@asynccontextmanager
async def open_town(template: Path, folder: Path) -> AsyncIterator[Town]:
    """A fresh town."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    kept = {host: orjson.loads((folder / host / "town.json").read_bytes()) for host in HOSTS}
    clock = Clock(max(one["clock"] for one in kept.values()) + 60_000)
    async with _started(folder, clock) as town:
        for host, one in kept.items():
            server = town[host]
            server.ids, server.tokens, server.sessions = one["ids"], one["tokens"], one["sessions"]
            server.make.ids = dict(one["made"])
        yield town
