"""Real clients as processes against a running server, on both databases: they register, sign in and are signed out."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.media import files
from tests.peers.running import Server

HERE = Path(__file__).parent
MODULES = HERE.parent / "peers" / "node_modules"
PASSWORD = "a long walk by the sea"
SECONDS = 60
_made = count()


def _absent(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and CI may skip nothing", pytrace=False)
    pytest.skip(f"{what} is not installed")


def python_or_skip(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        _absent(f"the Python package {module}")


def node_or_skip(module: str) -> str:
    node = shutil.which("node")
    if node is None:
        _absent("Node.js")
    places = [MODULES, *map(Path, os.environ.get("NODE_PATH", "").split(os.pathsep))]
    if not any((place / module / "package.json").is_file() for place in places):
        _absent(f"{module} (npm install in tests/peers)")
    return str(node)


def fresh_database(request: pytest.FixtureRequest) -> str:
    """URL of a new PostgreSQL database without a schema."""
    cluster, name = request.getfixturevalue("cluster"), f"clients{next(_made)}"

    async def make() -> None:
        connection = await asyncpg.connect(f"{cluster}/postgres")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(make())
    return f"{cluster}/{name}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A served community with a member and a group that she runs."""
    folder, url = tmp_path_factory.mktemp("clients"), ""
    if request.param == "postgresql":
        url = fresh_database(request)
    (folder / "data" / "texts").mkdir(parents=True)
    (folder / "data" / "texts" / "rules.en.md").write_text("- Be kind\n")
    made = Server(folder, url)
    made.run("member", "create", "nadia", "--email", "nadia@example.org", "--password", PASSWORD)
    made.run("group", "create", "sleep", "--name", "Sleep well")
    made.run("group", "staff", "sleep", "add", "nadia")
    with made.serving():
        yield made


@dataclass
class Person:
    """Somebody with a browser: logs in, chooses whom the client speaks as, allows it, and copies the code."""

    http: httpx.Client

    def allow(self, address: str, speak_as: str = "nadia") -> str:
        page = self.http.get(address)
        login = self._form(page.text, "/login")
        page = self.http.post("/login", data={**login, "who": "nadia", "password": PASSWORD})
        action = re.search(r'<form class="write" method="post" action="(/oauth/[^"]*)"', page.text)
        assert action, page.text
        fields = self._form(page.text, unescape(action[1]))
        actor = re.search(rf'value="(\d+)"[^>]*> <bdi>[^<]*</bdi> <span class="soft">@{speak_as} ', page.text)
        assert actor, page.text
        done = self.http.post(unescape(action[1]), data={**fields, "actor": actor[1], "decision": "allow"})
        code = re.search(r'id="code" class="code">([^<]+)<', done.text)
        assert code, done.text
        return code[1]

    @staticmethod
    def _form(text: str, action: str) -> dict[str, str]:
        for found in re.finditer(r'<form\b[^>]*action="([^"]+)"[^>]*>(.*?)</form>', text, re.DOTALL):
            if unescape(found[1]) == action:
                pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', found[2])
                return {name: unescape(value) for name, value in pairs}
        raise AssertionError(f"no form posts to {action}: {text}")


@pytest.fixture
def person(server: Server) -> Iterator[Person]:
    with httpx.Client(base_url=server.base, trust_env=False, follow_redirects=True, timeout=30) as http:
        yield Person(http)


@dataclass
class Client:
    """A client's process. home: a folder of its own for its settings."""

    command: list[str]
    home: Path

    def start(self) -> subprocess.Popen[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FEDI_")}
        return subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**kept, "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "MODULES": str(MODULES),
                 "BROWSER": "true", "PYTHONWARNINGS": "ignore", "NO_PROXY": "*"},
        )  # fmt: skip

    def sign_in(self, person: Person, speak_as: str = "nadia", answers: str = "") -> str:
        """Start it, allow what it asks at the address it prints, give it the code. Returns everything it printed."""
        process = self.start()
        assert process.stdin
        assert process.stdout
        printed = ""
        try:
            for line in process.stdout:
                printed += line
                found = re.search(r"https?://\S*/oauth/authorize/?\?\S+", line)
                if found:
                    process.stdin.write(answers + person.allow(found[0], speak_as) + "\n")
                    process.stdin.flush()
                    break
            rest, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
            process.stdin.close()
            process.stdout.close()
            process.wait()
        assert process.returncode == 0, printed + rest
        return printed + rest

    def run(self) -> str:
        process = self.start()
        printed, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, printed
        return printed


def last_line(printed: str) -> dict[str, Any]:
    return dict(json.loads(printed.strip().splitlines()[-1]))


def test_mastodon_py_signs_in_posts_once_and_is_signed_out(
    server: Server, person: Person, tmp_path: Path
) -> None:
    python_or_skip("mastodon")
    client = Client([sys.executable, str(HERE / "mastodon_py.py"), server.base], tmp_path)
    found = last_line(client.sign_in(person))
    assert found["acct"] == "nadia"
    assert found["privacy"] == "private"
    assert found["content"] == "<p>hello from Mastodon.py</p>"
    assert found["once"] is True
    assert found["home"][0] is True
    assert found["streaming"] is True
    assert found["rules"] == ["Be kind"]
    assert found["after"] == 401


def test_toot_signs_in_as_a_group_and_posts(server: Server, person: Person, tmp_path: Path) -> None:
    python_or_skip("toot")
    toot = [sys.executable, "-m", "toot"]
    Client([*toot, "login", "--instance", server.base], tmp_path).sign_in(person, "sleep", "n\n")
    assert "sleep@" in Client([*toot, "auth"], tmp_path).run()
    assert "Sleep well" in Client([*toot, "--no-color", "whoami"], tmp_path).run()
    posted = Client([*toot, "post", "hello from toot", "--visibility", "public"], tmp_path).run()
    assert "/objects/" in posted
    assert (
        "hello from toot"
        in Client([*toot, "--no-color", "timelines", "home", "--limit", "1"], tmp_path).run()
    )


def test_toot_through_a_day(server: Server, person: Person, tmp_path: Path) -> None:
    """All that its command line knows, for her and, where somebody else must act, for another member."""
    python_or_skip("toot")
    (tmp_path / "kettle.png").write_bytes(files.png(64, 48))
    toot = [sys.executable, "-m", "toot"]
    Client([*toot, "login", "--instance", server.base], tmp_path).sign_in(person, "nadia", "n\n")

    def run(*words: str) -> str:
        return Client([*toot, *words], tmp_path).run()

    def post(text: str, *words: str) -> dict[str, Any]:
        return last_line(run("post", text, "--visibility", "public", *words, "--json"))

    omar = server.client(server.person(f"omar{server.port}{next(_made)}"))
    his = omar.get("/api/v1/accounts/verify_credentials")["acct"]
    asked = omar.post("/api/v1/statuses", status="tea or milk?", visibility="public",
                      poll={"options": ["tea", "milk"], "expires_in": 600})  # fmt: skip
    picture = str(tmp_path / "kettle.png")
    first = post("the toot kettle #warm", "--media", picture, "--description", "a kettle")
    assert first["media_attachments"][0]["description"] == "a kettle"
    answer = post("and its lid", "--reply-to", first["id"])
    assert "and its lid" in run("thread", first["id"])
    assert [s["id"] for s in last_line(run("thread", first["id"], "--json"))["descendants"]] == [answer["id"]]
    assert post("later", "--scheduled-in", "1 hour")["params"]["text"] == "later"
    for word in ("favourite", "bookmark", "reblog", "pin", "unpin", "unreblog", "unfavourite"):
        run(word, first["id"])
    assert "the toot kettle" in run("bookmarks")
    assert [
        s["id"] for s in last_line(run("search", "toot kettle", "--type", "statuses", "--json"))["statuses"]
    ] == [first["id"]]
    run("follow", his)
    run("lists", "create", "near")
    run("lists", "add", "near", his)
    assert his in run("lists", "accounts", "near")
    run("tags", "follow", "warm")
    assert "warm" in run("tags", "followed")
    assert last_line(run("polls", "vote", asked["poll"]["id"], "0", "--json"))["own_votes"] == [0]
    omar.post(f"/api/v1/statuses/{first['id']}/favourite")
    assert his in run("notifications")
    run("mute", his)
    assert his in run("muted")
    run("unmute", his)
    run("delete", answer["id"])
    assert last_line(run("thread", first["id"], "--json"))["descendants"] == []
    omar.http.close()


def test_masto_js_signs_in_pages_and_is_signed_out(server: Server, person: Person, tmp_path: Path) -> None:
    node = node_or_skip("masto")
    found = last_line(Client([node, str(HERE / "masto.mjs"), server.base], tmp_path).sign_in(person))
    assert found["acct"] == "nadia"
    assert found["privacy"] == "private"
    assert found["content"] == "<p>hello from masto</p>"
    assert found["home"][0] is True
    assert set(found["pages"]) <= {0, 1}
    assert found["after"] == "401"


def test_megalodon_knows_the_server_for_one_it_speaks_with_and_signs_in(
    server: Server, person: Person, tmp_path: Path
) -> None:
    node = node_or_skip("megalodon")
    found = last_line(Client([node, str(HERE / "megalodon.mjs"), server.base], tmp_path).sign_in(person))
    assert found["sns"] == "mastodon"
    assert found["acct"] == "nadia"
    assert found["content"] == "<p>hello from megalodon</p>"
    assert found["home"][0] is True
    assert found["after"] == "401"
