"""A large closed group: who can read this before it is sent, posting in it, and how soon a removal and a closed switch hold.

`python -m benchmarks.audience [--members 10000] [--hosts 500] [--count 50] [--database sqlite|URL]`. Half of the members are of
this server, the other half on as many listed hosts. The application is called in process, as a member with a token. Removal and
switch are checked at the very next request.
"""

from __future__ import annotations

import argparse
import gc
import logging
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import structlog
import uvloop
from sqlalchemy import select

from benchmarks.client_api import Client, timed, token_of
from fedi_community import app
from fedi_community.config import Settings
from fedi_community.domain import switches
from fedi_community.domain.effects import ChangeGroup, Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Grant, Who, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement, insert_row
from fedi_community.storage.migrate import migrate
from tests.make import START, Clock, Make

BASE = "https://clinic.example"
HOST = insert_row(t.hosts, "name", "state")
ACTOR = insert_row(
    t.actors,
    *(
        "id",
        "uri",
        "type",
        "handle",
        "handle_host",
        "host_id",
        "inbox",
        "shared_inbox",
        "followers_uri",
        "created",
    ),
)
GRANT = insert_row(t.grants, "actor_id", "collection_id", "state", "created", "updated")
HOSTS = Statement(select(t.hosts.c.id, t.hosts.c.name))


async def crowd(make: Make, group: int, members: int, hosts: int) -> None:
    """The members, straight into the tables."""
    first = (make.clock.now - 86_400_000) << 16
    names = [f"host{n}.example" for n in range(hosts)]

    async def unit(tx: Any) -> None:
        await tx.many(HOST, [{"name": name, "state": "ok"} for name in names])
        known = {row["name"]: row["id"] for row in await tx.rows(HOSTS)}
        rows = []
        for n in range(members):
            host = names[(n // 2) % hosts] if n % 2 else None
            uri = f"https://{host or 'clinic.example'}/users/crowd{n}"
            rows.append(
                {"id": first + 4 * n, "uri": uri, "type": "Person", "handle": f"crowd{n}", "handle_host": host,
                 "host_id": known[host] if host else None, "inbox": f"{uri}/inbox",
                 "shared_inbox": f"https://{host}/inbox" if host else None, "followers_uri": f"{uri}/followers",
                 "created": 0}
            )  # fmt: skip
        await tx.many(ACTOR, rows)
        await tx.many(
            GRANT,
            [
                {"actor_id": row["id"], "collection_id": followers_of(group), "state": int(Grant.ACCEPTED), "created": 0,
                 "updated": 0}
                for row in rows
            ],
        )  # fmt: skip

    await make.house.db.write(unit)

    def allowed(facts: Facts) -> Decision:
        return Decision((ChangeGroup(replace(facts.group(group), peers=frozenset(names)), facts.now),))

    await make.must(Needs(actor_ids=frozenset({group})), allowed, 0)


async def main(members: int, hosts: int, count: int, database: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}" if database == "sqlite" else database
        await migrate(url)
        settings = Settings(
            base_url=BASE, data=folder, keys=str(Path(folder) / "keys"), database_url=url, api_rate=0, node=1
        )
        parts = await app.build(settings, clock=Clock(START))
        try:
            make = Make(parts.house, Clock(START))
            group = await make.group("caregivers", reads="members", posts="members", replies="members")
            nadia, omar = await make.member("nadia"), await make.member("omar")
            for person in (nadia, omar):
                await make.join(person, group)
            await crowd(make, group, members, hosts)
            print(f"{members:,} members, half of them on {hosts} hosts, {parts.db.engine}")
            gc.collect()
            gc.freeze()
            await measure(make, parts, group, nadia, omar, count)
        finally:
            await parts.close()


async def measure(make: Make, parts: app.Parts, group: int, nadia: int, omar: int, count: int) -> None:
    client, reader = Client(parts, await token_of(make, nadia)), Client(parts, await token_of(make, omar))
    words = b'{"status": "@caregivers Last night was hard.", "visibility": "public"}'
    told = orjson.loads(await client.ask("POST", "/api/v1/audience/preview", words))
    print("  ".join(told["lines"]))
    await timed(
        "preview (budget: wall <= 50 ms)",
        count,
        lambda: client.ask("POST", "/api/v1/audience/preview", words),
    )
    await timed(
        "posting, accepted (budget: wall <= 20 ms)",
        count,
        lambda: client.ask("POST", "/api/v1/statuses", words),
    )
    made = orjson.loads(await client.ask("POST", "/api/v1/statuses", words))
    path = f"/api/v1/statuses/{made['id']}"
    await reader.ask("GET", path)
    began = time.perf_counter()
    await make.remove(group, omar)
    print(f"{'removal of a member':<40} wall {1000 * (time.perf_counter() - began):7.3f} ms")
    await _gone(reader, path)
    await make.join(omar, group)
    await reader.ask("GET", path)
    await _closed(make, group)
    await _gone(reader, path)


async def _closed(make: Make, group: int) -> None:
    """Reading is for mentors from now on."""
    asked = switches.Asked(reads=Who.MENTORS)
    began = time.perf_counter()
    closed = await make.do(
        switches.needs(group, None),
        lambda f: switches.decide_change(group, None, None, asked, f),
        switches.ids,
    )
    assert isinstance(closed, Decision), closed
    print(f"{'closing the group':<40} wall {1000 * (time.perf_counter() - began):7.3f} ms")


async def _gone(client: Client, path: str) -> None:
    try:
        await client.ask("GET", path)
    except RuntimeError as error:
        if ": 404 " in str(error):
            return
        raise
    raise AssertionError("The next request still shows the post.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--database", default="sqlite")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    uvloop.run(main(given.members, given.hosts, given.count, given.database))
