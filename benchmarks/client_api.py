"""CPU of what clients ask most: a home page of 20, the context of a 500-reply thread, and posting.

`python -m benchmarks.client_api [--posts 1000] [--count 300] [--replies 500] [--database sqlite|URL]`. The application is called
in process, without the HTTP server, as a member with a token; the figure is CPU of the whole process (database threads
included) over the requests done. `--posts 1000000` shows whether a home page stays flat.
"""

from __future__ import annotations

import json
import random
import time
from typing import Any

from fedi_community import app, auth
from fedi_community.domain.effects import Decision, MakeToken
from fedi_community.domain.model import Body, Kind, Text
from fedi_community.domain.posts import Compose, compose_needs, decide_compose
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import insert_row
from tests.make import Make

BASE = "https://clinic.example"
AUTHORS = 40
HOME = insert_row(t.home, "owner_id", "object_id", "via", ignore=True)


class Client:
    """Requests of one member, as ASGI messages."""

    def __init__(self, parts: app.Parts, token: str) -> None:
        self._parts = parts
        self._headers = [(b"host", b"clinic.example"), (b"authorization", f"Bearer {token}".encode())]

    async def ask(self, method: str, path: str, body: bytes = b"") -> Any:
        address, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
            "path": address, "raw_path": address.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [*self._headers, (b"content-type", b"application/json")], "client": ("127.0.0.1", 5),
            "server": ("clinic.example", 443), "extensions": {},
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(messages, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message)

        await self._parts.asgi(scope, receive, send)
        status = sent[0]["status"]
        content = b"".join(m.get("body", b"") for m in sent[1:])
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {content[:300]!r}")
        return json.loads(content)


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
    secret = auth.new_secret()

    def decide(facts: Any) -> Decision:
        login = facts.logins[nadia] if hasattr(facts, "logins") else 0
        return Decision(
            (
                MakeToken(
                    facts.new_ids[0],
                    auth.token_hash(secret),
                    "access",
                    facts.now,
                    login,
                    nadia,
                    scopes="read write",
                ),
            )
        )

    return nadia, root, secret
