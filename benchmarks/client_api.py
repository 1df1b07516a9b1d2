"""CPU of what clients ask most: a home page of 20, the context of a 500-reply thread, and posting.

`python -m benchmarks.client_api [--posts 1000] [--count 300] [--replies 500] [--database sqlite|URL]`. The application is called
in process, without the HTTP server, as a member with a token; the figure is CPU of the whole process (database threads
included) over the requests done. `--posts 1000000` shows whether a home page stays flat.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
import structlog
import uvloop

from benchmarks.timelines import AUDIENCE, ENTRY, OBJECT
from fedi_community import app, auth
from fedi_community.config import Settings
from fedi_community.domain.effects import Decision, MakeToken
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import PUBLIC, Body, Kind, Text
from fedi_community.domain.posts import Compose, compose_needs, decide_compose
from fedi_community.storage import sessions
from fedi_community.storage.entries import Timeline
from fedi_community.storage.migrate import migrate
from tests.make import START, Clock, Make

BASE = "https://clinic.example"
AUTHORS = 40


class Client:
    """Requests of one member, as ASGI messages."""

    def __init__(self, parts: app.Parts, token: str) -> None:
        self._parts = parts
        self._headers = [(b"host", b"clinic.example"), (b"authorization", f"Bearer {token}".encode())]

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The answer's body, unread: reading half a megabyte of JSON would be the client's work."""
        address, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
            "path": address, "raw_path": address.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [*self._headers, (b"content-type", b"application/json")], "client": ("127.0.0.1", 5),
            "server": ("clinic.example", 443), "extensions": {},
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            while not messages:
                await asyncio.sleep(3600)  # the client stays until it has its answer
            return messages.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        await self._parts.asgi(scope, receive, send)
        status = sent[0]["status"]
        content = b"".join(m.get("body", b"") for m in sent[1:])
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {content[:300]!r}")
        return content


async def timed(name: str, count: int, ask: Any) -> None:
    """Ask `count` times after a warm-up, and print CPU and wall per request, and the p99."""
    for _ in range(5):
        await ask()
    times = []
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(count):
        began = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - began)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    times.sort()
    print(
        f"{name:<40} {1000 * cpu / count:7.3f} ms CPU   wall {1000 * wall / count:7.3f} ms   "
        f"p99 {1000 * times[int(count * 0.99)]:7.3f} ms",
        flush=True,
    )


async def community(make: Make, replies: int) -> tuple[int, int, str]:
    """A member who follows forty people who wrote 400 posts, and a thread. Returns (member, root, token)."""
    nadia = await make.member("nadia")
    people = [await make.member(f"writer{n}") for n in range(AUTHORS)]
    group = await make.group("sleep")
    for person in (nadia, *people):
        await make.join(person, group)
    for person in people:
        await make.join(nadia, person)
    chance = random.Random(1)
    for n in range(400):
        words = (
            "Last night I slept "
            + "a little " * chance.randrange(1, 40)
            + "better. See https://example.org/a?b=c #sleep"
        )
        await make.post(people[n % AUTHORS], words, "public")
    root = await make.post(nadia, "@sleep What helped you?", "public")
    thread = [root]
    for n in range(replies):
        asked = Compose(
            people[n % AUTHORS], Body((Text("en", f"<p>Answer {n}: tea, and no screens.</p>"),)), "public", Kind.NOTE,
            reply_to=thread[chance.randrange(max(0, len(thread) - 30), len(thread))],
        )  # fmt: skip
        made = await make.must(compose_needs(asked), lambda f, asked=asked: decide_compose(asked, f))
        thread.append(made.result or 0)
    return nadia, root, await token_of(make, nadia)


async def token_of(make: Make, actor: int) -> str:
    """A token of a member."""
    secret = auth.new_secret()
    login = await make.house.db.read(lambda tx: sessions.login_of(tx, actor))
    hash_ = auth.token_hash(secret)

    def decide(facts: Any) -> Decision:
        made = MakeToken(facts.new_ids[0], hash_, "access", facts.now, login, actor, scopes="read write")
        return Decision((made,))

    await make.must(Needs(), decide, 1)
    return secret


async def crowd(make: Make, count: int) -> None:
    """So many older public posts of somebody else, straight into the tables: what a page must not depend on."""
    other = await make.member("other")
    start = make.clock.now - 10 * count - 86_400_000

    def rows(first: int) -> dict[Any, list[dict[str, Any]]]:
        ids = [(start + 10 * n) << 16 for n in range(first, min(first + 10_000, count))]
        return {
            OBJECT: [
                {"id": i, "uri": f"https://clinic.example/objects/{i}", "kind": "Note", "author_id": other, "root_id": i,
                 "group_id": None, "gate_id": None, "state": "published", "published": i >> 16, "created": i >> 16}
                for i in ids
            ],
            AUDIENCE: [{"object_id": i, "principal_id": PUBLIC, "place": "to"} for i in ids],
            ENTRY: [
                {"timeline": int(kind), "ref": ref, "principal_id": PUBLIC, "object_id": i}
                for i in ids
                for kind, ref in ((Timeline.PUBLIC, 0), (Timeline.PROFILE, other))
            ],
        }  # fmt: skip

    for first in range(0, count, 10_000):
        made = rows(first)

        async def unit(tx: Any, made: dict[Any, list[dict[str, Any]]] = made) -> None:
            for statement, values in made.items():
                await tx.many(statement, values)

        await make.house.db.write(unit)


async def main(posts: int, count: int, replies: int, database: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}" if database == "sqlite" else database
        await migrate(url)
        settings = Settings(
            base_url=BASE, data=folder, keys=str(Path(folder) / "keys"), database_url=url, api_rate=0, node=1
        )
        clock = Clock(START)
        parts = await app.build(settings, clock=clock)
        try:
            make = Make(parts.house, clock)
            await crowd(make, posts)
            _, root, token = await community(make, replies)
            print(f"{posts:,} posts, {parts.db.engine}")
            gc.collect()
            gc.freeze()  # as `serve` does
            await measure(Client(parts, token), count, root)
        finally:
            await parts.close()


async def measure(client: Client, count: int, root: int) -> None:
    await timed("home page of 20", count, lambda: client.ask("GET", "/api/v1/timelines/home"))
    await timed("public page of 20", count, lambda: client.ask("GET", "/api/v1/timelines/public"))
    context = f"/api/v1/statuses/{root}/context"
    found = orjson.loads(await client.ask("GET", context))
    await timed(
        f"context of {len(found['descendants'])} replies", count // 5, lambda: client.ask("GET", context)
    )
    words = b'{"status": "Last night I slept a little better. #sleep", "visibility": "public"}'
    await timed("posting, without delivery", count, lambda: client.ask("POST", "/api/v1/statuses", words))
    await timed(
        "search, one common word",
        count // 5,
        lambda: client.ask("GET", "/api/v2/search?q=slept&type=statuses"),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1000, help="older posts beside the community's")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--replies", type=int, default=500)
    parser.add_argument("--database", default="sqlite")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    uvloop.run(main(given.posts, given.count, given.replies, given.database))
