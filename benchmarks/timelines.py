"""Timeline pages at size: the database part of a page, for a member with many follows and for a stranger.

`python -m benchmarks.timelines [--objects 1000000] [--follows 10000] [--database sqlite|URL]`. Objects are written in bulk
(public posts of 20,000 authors, every tenth in one of 50 groups, of which half are members-only); then pages are asked for
at random places of every timeline, and the time of each page's reading unit is printed as p50 and p99.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from fedi_community.domain.model import PUBLIC, STRANGER, Viewer, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage import timelines
from fedi_community.storage.database import Database, open_database
from fedi_community.storage.dialect import insert_row
from fedi_community.storage.entries import Timeline
from fedi_community.storage.migrate import migrate

AUTHORS = 20_000
GROUPS = 50
CHUNK = 5_000
START = 1_600_000_000_000
ACTOR = insert_row(t.actors, *"id uri type handle state created".split())
GROUP = insert_row(t.groups, *"actor_id finds reads posts replies joins gate_id updated".split())
GATE = insert_row(t.gates, "id", "group_id", "created")
GATE_PRINCIPAL = insert_row(t.gate_principals, "gate_id", "principal_id")
OBJECT = insert_row(
    t.objects, *"id uri kind author_id group_id root_id gate_id state published created".split()
)
AUDIENCE = insert_row(t.audience, "object_id", "principal_id", "place")
ENTRY = insert_row(t.entries, "timeline", "ref", "principal_id", "object_id")
GRANT = insert_row(t.grants, *"actor_id collection_id state created updated".split())
HOME = insert_row(t.home, "owner_id", "object_id", "via")
HOMES = insert_row(t.homes, "owner_id", "built")


def author(n: int) -> int:
    return 4_000_000 + 4 * n


def group(n: int) -> int:
    return 8_000_000 + 4 * n


MEMBER = author(0)


async def fill(db: Database, objects: int, follows: int) -> None:
    """Everything in bulk, as the server's own rows."""

    async def people(tx: Any) -> None:
        await tx.many(ACTOR, [
            {"id": author(n), "uri": f"https://x.example/{n}", "type": "Person", "handle": f"a{n}", "state": "active", "created": 0}
            for n in range(AUTHORS)
        ])  # fmt: skip
        for n in range(GROUPS):
            await tx.run(
                ACTOR,
                id=group(n),
                uri=f"https://x.example/g{n}",
                type="Group",
                handle=f"g{n}",
                state="active",
                created=0,
            )
            gated = n % 2 == 1
            if gated:
                await tx.run(GATE, id=group(n), group_id=group(n), created=0)
                await tx.run(GATE_PRINCIPAL, gate_id=group(n), principal_id=followers_of(group(n)))
            await tx.run(GROUP, actor_id=group(n), finds="everyone", reads="members" if gated else "everyone", posts="members",
                         replies="members", joins="open", gate_id=group(n) if gated else None, updated=0)  # fmt: skip
        joined = [followers_of(group(n)) for n in range(0, GROUPS, 3)]
        followed = [followers_of(author(1 + n)) for n in range(follows)]
        await tx.many(GRANT, [
            {"actor_id": MEMBER, "collection_id": c, "state": 1, "created": 0, "updated": 0} for c in (*joined, *followed)
        ])  # fmt: skip
        await tx.run(HOMES, owner_id=MEMBER, built=0)

    await db.write(people)
    chance = random.Random(1)
    for start in range(0, objects, CHUNK):
        await db.write(_chunk(range(start, min(start + CHUNK, objects)), chance, follows))


def _chunk(numbers: range, chance: random.Random, follows: int) -> Any:
    rows: dict[Any, list[dict[str, Any]]] = {OBJECT: [], AUDIENCE: [], ENTRY: [], HOME: []}
    for n in numbers:
        object_id, who = (START + n * 100) << 16, chance.randrange(AUTHORS)
        place = group(chance.randrange(GROUPS)) if n % 10 == 0 else None
        gated = place is not None and (place - group(0)) // 4 % 2 == 1
        reader = followers_of(place) if gated and place else PUBLIC
        rows[OBJECT].append({
            "id": object_id, "uri": f"https://x.example/o{n}", "kind": "Note", "author_id": author(who), "group_id": place,
            "root_id": object_id, "gate_id": place if gated else None, "state": "published", "published": 0, "created": 0,
        })  # fmt: skip
        rows[AUDIENCE].append({"object_id": object_id, "principal_id": reader, "place": "to"})
        keys = [(Timeline.PROFILE, author(who))] if not gated else []
        keys += [(Timeline.PUBLIC, 0)] if not gated else []
        keys += [(Timeline.GROUP, place)] if place else []
        rows[ENTRY] += [
            {"timeline": int(k), "ref": ref, "principal_id": reader, "object_id": object_id}
            for k, ref in keys
        ]
        if 1 <= who <= follows:
            rows[HOME].append({"owner_id": MEMBER, "object_id": object_id, "via": place})

    async def unit(tx: Any) -> None:
        for statement, values in rows.items():
            await tx.many(statement, values)

    return unit


async def pages(db: Database, name: str, objects: int, count: int, ask: Any) -> None:
    """p50 and p99 of the reading unit alone, at random places."""
    chance = random.Random(2)
    times: list[float] = []
    for _ in range(count):
        before = (START + chance.randrange(1, objects) * 100) << 16

        async def unit(tx: Any, before: int = before) -> float:
            began = time.perf_counter()
            await ask(tx, before)
            return time.perf_counter() - began

        times.append(await db.read(unit))
    times.sort()
    print(
        f"{name:<34} p50 {1000 * times[len(times) // 2]:7.3f} ms   p99 {1000 * times[int(len(times) * 0.99)]:7.3f} ms"
    )


async def measure(db: Database, objects: int, count: int) -> None:
    member = Viewer(MEMBER, local=True)
    open_group, gated = group(0), group(3)
    await pages(db, "home, member", objects, count, lambda tx, b: timelines.home(tx, member, before=b))
    for name, viewer in (("member", member), ("stranger", STRANGER)):
        for timeline, ref in (
            (Timeline.PUBLIC, 0),
            (Timeline.GROUP, open_group),
            (Timeline.GROUP, gated),
            (Timeline.PROFILE, author(7)),
        ):
            what = f"{timeline.name.lower()}{' (members-only)' if ref == gated else ''}, {name}"
            await pages(db, what, objects, count, _asker(viewer, timeline, ref))


def _asker(viewer: Viewer, timeline: Timeline, ref: int) -> Any:
    return lambda tx, before: timelines.page(tx, viewer, timeline, ref, before=before)


async def main(objects: int, follows: int, count: int, database: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}" if database == "sqlite" else database
        await migrate(url)
        db = await open_database(url)
        try:
            began = time.perf_counter()
            await fill(db, objects, follows)
            print(
                f"{objects:,} objects, {follows:,} follows, {db.engine}: filled in {time.perf_counter() - began:.0f} s"
            )
            await measure(db, objects, count)
        finally:
            await db.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--follows", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--database", default="sqlite")
    given = parser.parse_args()
    uvloop.run(main(given.objects, given.follows, given.pages, given.database))
