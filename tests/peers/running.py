"""Real processes on loopback ports: servers of ours, the Fedify peer, and a feed; what tests ask them, and how they wait.

Nothing here knows the inside of the server: members and groups are made by its command line, everything else goes through
the client API. The one exception is `speak_first`, which stands for a peer that was seen to take a signature form before.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import pytest

from tests.commands import run_command

T = TypeVar("T")
HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).parent / "fedi-community"
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.04
AS2 = "application/activity+json"
FORMS = ("cavage", "rfc9421")


def until(probe: Callable[[], T | None], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """What `probe` answers as soon as it is true; fails after `seconds`, saying what was waited for and its last answer."""
    return asyncio.run(eventually(probe, what, seconds))


async def eventually(probe: Callable[[], T | None], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """`until`, for tests that run on an event loop themselves."""
    found: T | None = None
    try:
        async with asyncio.timeout(seconds):
            while not (found := await asyncio.to_thread(probe)):
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        pytest.fail(f"waited {seconds:.0f} s in vain until {what}; last seen: {found!r}", pytrace=False)
    return found


def plain(html: str) -> str:
    """The words of some HTML."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Client:
    """Somebody's client: the client API of one server with one access token."""

    http: httpx.Client

    def get(self, path: str, **parameters: Any) -> Any:
        return self._answer(self.http.get(path, params=parameters))

    def post(self, path: str, **values: Any) -> Any:
        return self._answer(self.http.post(path, json=values))

    def put(self, path: str, **values: Any) -> Any:
        return self._answer(self.http.put(path, json=values))

    def delete(self, path: str) -> Any:
        return self._answer(self.http.delete(path))

    @staticmethod
    def _answer(response: httpx.Response) -> Any:
        assert response.status_code == 200, f"{response.request.url}: {response.status_code} {response.text}"
        return response.json()

    def account(self, what: str) -> dict[str, Any]:
        """An account by its address or handle, asked for elsewhere when it is unknown here."""
        found = self.get("/api/v2/search", q=what, resolve="true")["accounts"]
        assert len(found) == 1, f"{what} leads to {found}"
        return dict(found[0])

    def status(self, uri: str) -> dict[str, Any] | None:
        """A post by its address if it is known here; nobody else is asked."""
        found = self.get("/api/v2/search", q=uri)["statuses"]
        return dict(found[0]) if found else None

    def has(self, uri: str) -> dict[str, Any]:
        """A post by its address, as soon as it is here."""
        return until(lambda: self.status(uri), f"{uri} is on {self.http.base_url}")

    def reply(self, to: str, text: str) -> str:
        """Answer the post with this address; the address of the answer."""
        parent = self.has(to)
        made = self.post("/api/v1/statuses", status=text, in_reply_to_id=parent["id"], visibility="public")
        return str(made["uri"])

    def thread(self, uri: str) -> frozenset[tuple[str, ...]]:
        """The thread below a post, as `paths`."""
        root = self.has(uri)
        around = self.get(f"/api/v1/statuses/{root['id']}/context")
        assert around["ancestors"] == []
        posts = {
            s["id"]: (s["in_reply_to_id"], s["account"]["uri"], s["content"]) for s in around["descendants"]
        }
        return paths(posts, root["id"])


def paths(posts: dict[str, tuple[str | None, str, str]], root: str) -> frozenset[tuple[str, ...]]:
    """A thread as one set: for every post its author and words, and those of each post above it up to the root's child.

    posts: id -> (id of what it answers, author, HTML).
    """
    found: set[tuple[str, ...]] = set()
    for start in posts:
        path: list[str] = []
        at: str | None = start
        while at != root:
            above, author, html = posts.get(at or "", (root, "nobody", "not in the thread"))
            path.append(f"{author}: {plain(html)}")
            at = above
        found.add(tuple(path))
    return frozenset(found)


@dataclass
class Server:
    """One of our servers as a process. database: its URL."""

    folder: Path
    database: str = ""
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FEDI_")}
        return kept | {
            "FEDI_BASE_URL": self.base,
            "FEDI_DATA": str(self.folder / "data"),
            "FEDI_KEYS": str(self.folder / "keys"),
            "FEDI_DATABASE_URL": self.database,
            "FEDI_ALLOW_PRIVATE_PEERS": "1",
            "FEDI_API_RATE": "0",
            **self.settings,
        }

    def run(self, *words: str) -> str:
        """What a command of the command line printed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        done = run_command(words, self._environment, self.folder)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def person(self, name: str, role: str = "member") -> str:
        """A new member's access token."""
        self.run("member", "create", name, "--email", f"{name}@example.org", "--role", role)
        return self.run("token", "create", name)

    def client(self, token: str) -> Client:
        return Client(
            httpx.Client(
                base_url=self.base, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30
            )
        )

    @contextmanager
    def serving(self) -> Iterator[None]:
        """`fedi-community serve` until the block ends; its log is in the folder, and shown when it does not start."""
        log = self.folder / "log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [PROGRAM, "serve", "--bind", self.host],
                env=self._environment,
                cwd=self.folder,
                stdout=out,
                stderr=out,
            )
            try:
                until(
                    lambda: process.poll() is not None or _answers(f"{self.base}/readyz"),
                    f"{self.base} serves",
                    60,
                )
                assert process.poll() is None, log.read_text()
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _sql(self, text: str, *values: Any) -> list[Any]:
        if not self.database:
            with sqlite3.connect(self.folder / "data" / "community.db", timeout=10) as connection:
                found = connection.execute(re.sub(r"\$\d", "?", text), values).fetchall()
            connection.close()
            return found

        async def ask() -> list[Any]:
            connection = await asyncpg.connect(self.database)
            try:
                return [tuple(row) for row in await connection.fetch(text, *values)]
            finally:
                await connection.close()

        return asyncio.run(ask())

    def speak_first(self, host: str, form: str) -> None:
        """From now on deliveries to `host` are signed in this form first, as after an earlier double knock."""
        self._sql(
            "INSERT INTO hosts (name, signature_form, signature_form_at) VALUES ($1, $2, $3) ON CONFLICT (name)"
            " DO UPDATE SET signature_form = excluded.signature_form, signature_form_at = excluded.signature_form_at",
            host, form, time.time_ns() // 1_000_000,
        )  # fmt: skip

    def spoken(self, host: str) -> str:
        """The form that `host` took last."""
        found = self._sql("SELECT signature_form FROM hosts WHERE name = $1", host)
        return (found[0][0] if found else None) or "cavage"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Fedify:
    """The peer of fedify.mjs, and what it can be told to do."""

    base: str
    control: httpx.Client
    log: Path

    @property
    def actor(self) -> str:
        return f"{self.base}/users/ferdi"

    def __call__(self, order: str, **values: Any) -> Any:
        answer = self.control.post(f"/{order}", json=values)
        assert answer.status_code == 200, f"{order}: {answer.text}\n{self.log.read_text()[-2000:]}"
        return answer.json()

    def reply(self, to: str, text: str) -> str:
        return str(self("reply", to=to, text=text)["id"])

    def received(self, **wanted: Any) -> list[dict[str, Any]]:
        """Verified activities, by their fields: `type`, `actor`, `objectId`; `inner` is the type of what it carries."""
        return [
            one
            for one in self("received")
            if all(
                ((one.get("object") or {}).get("type") if name == "inner" else one.get(name)) == value
                for name, value in wanted.items()
            )
        ]

    def gets(self, **wanted: Any) -> dict[str, Any]:
        """The first such activity, as soon as it is there."""
        return until(lambda: self.received(**wanted), f"Fedify receives {wanted}")[0]

    def thread(self, uri: str, root: str) -> frozenset[tuple[str, ...]]:
        """The thread below `root` as the collection `uri` lists it, as `paths`."""
        posts = {p["id"]: (p["to"], p["author"], p["html"]) for p in self("thread", uri=uri)}
        assert root in posts
        del posts[root]
        return paths(posts, root)


def node_or_skip() -> str:
    """The program `node`, where the modules are installed too."""
    node = shutil.which("node")
    missing = "Node.js is not installed" if node is None else "`npm install` was not run in tests/peers"
    if node is None or not (HERE / "node_modules" / "@fedify" / "fedify").is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{missing}, and CI may skip nothing", pytrace=False)
        pytest.skip(f"{missing} (make test does it)")
    return node


@contextmanager
def fedify(form: str, folder: Path) -> Iterator[Fedify]:
    """The Fedify peer in its own process. form: rfc9421 or cavage, the only one that it speaks."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "fedify.log"
    with log.open("w") as err:
        process = subprocess.Popen(
            [node_or_skip(), HERE / "fedify.mjs", form],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=err,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            at = json.loads(line)
            with httpx.Client(base_url=at["control"], trust_env=False, timeout=30) as control:
                yield Fedify(at["peer"], control, log)
        finally:
            process.stdin.close()  # it ends by itself then
            process.stdout.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass
class Feed:
    """A blog's RSS on a loopback port. entries: guid -> (title, HTML)."""

    url: str
    entries: dict[str, tuple[str, str]] = field(default_factory=dict)

    def document(self) -> bytes:
        items = "".join(
            f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title>"
            f"<content:encoded><![CDATA[{html}]]></content:encoded></item>"
            for guid, (title, html) in self.entries.items()
        )
        return (
            '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
            f"<title>Clinic blog</title><link>{self.url}</link><description>Health</description>"
            f"<language>en</language>{items}</channel></rss>"
        ).encode()


@contextmanager
def feed() -> Iterator[Feed]:
    """A blog that tests write."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = blog.document()
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        blog = Feed(f"http://127.0.0.1:{server.server_port}/feed")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield blog
        finally:
            server.shutdown()
            thread.join()
