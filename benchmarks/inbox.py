"""CPU of an inbound activity: at the door (signature checked, durable, 202), and until visible and notified.

`python -m benchmarks.inbox [--count 2000] [--database sqlite|URL]`. Requests are signed before the clock starts; the figure
is CPU of the whole process over the activities done, beside wall time. Machine and figures: docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from fedi_community.activitypub.signatures import sign_cavage, signing_key
from fedi_community.storage.database import open_database
from fedi_community.storage.migrate import migrate
from tests.federation.test_inbox import create, note
from tests.federation.world import AS2, BASE, World, asgi_post, open_world, rsa_key

ACTORS = 10
PARALLEL = 64


async def prepare(world: World, count: int) -> list[tuple[dict[str, str], bytes]]:
    """Signed replies from ten known actors to ten threads of a member."""
    make = world.make
    make.clock.now = time.time_ns() // 1_000_000
    nadia = await make.member("nadia")
    group = await make.group("diabetes", posts="members")
    await make.join(nadia, group)
    roots = [await make.post(nadia, f"@diabetes root {n}") for n in range(10)]
    actors = [f"https://peer{n}.example/users/a{n}" for n in range(ACTORS)]
    for actor in actors:
        await world.know(actor)
    requests = []
    for n in range(count):
        actor = actors[n % ACTORS]
        reply = note(n, actor, inReplyTo=f"{BASE}/objects/{roots[n % 10]}", cc=[f"{BASE}/users/nadia"])
        reply["tag"] = [{"type": "Mention", "href": f"{BASE}/users/nadia", "name": "@nadia@clinic.example"}]
        body = json.dumps(create(reply)).encode()
        key = signing_key(f"{actor}#main-key", rsa_key("peer"))
        fields = {"Host": "clinic.example", "Content-Type": AS2}
        fields |= sign_cavage("POST", f"{BASE}/inbox", key=key, now_ms=make.clock.now, body=body)
        requests.append((fields, body))
    return requests


async def accept(world: World, requests: list[tuple[dict[str, str], bytes]]) -> None:
    """All requests at the door, so many at a time."""
    waiting = iter(requests)

    async def client() -> None:
        for fields, body in waiting:
            status, answer = await asgi_post(world.door, "/inbox", fields, body)
            assert status == 202, answer

    await asyncio.gather(*(client() for _ in range(PARALLEL)))


async def measure(name: str, count: int, run: Any) -> None:
    """One line: CPU per operation, operations a second."""
    cpu, wall = time.process_time(), time.perf_counter()
    await run
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{name:<44} {1000 * cpu / count:8.3f} ms CPU {count / wall:9.0f}/s")


async def main(count: int, database: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}" if database == "sqlite" else database
        await migrate(url)
        db = await open_database(url)
        async with open_world(db, inbox_rate=0) as world:
            requests = await prepare(world, count)
            await measure("accepted: checked, durable, 202", count, accept(world, requests))
            await measure("the same until visible and notified", count, world.inbox.run_until_idle())
            print(dict(world.inbox.verdicts))
        await db.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument(
        "--database", default="sqlite", help="sqlite, or the URL of an empty PostgreSQL database"
    )
    given = parser.parse_args()
    uvloop.run(main(given.count, given.database))
