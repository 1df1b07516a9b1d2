"""Two servers of ours for all tests with peers: one on SQLite, one on PostgreSQL, a group on the first for each form."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from tests.peers.running import FORMS, Client, Feed, Server, feed

_made = count()


def database(cluster: str) -> str:
    """URL of a new, empty database of the cluster."""
    name = f"peers{next(_made)}"

    async def make() -> None:
        connection = await asyncpg.connect(f"{cluster}/postgres")
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()

    asyncio.run(make())
    return f"{cluster}/{name}"


@dataclass
class Servers:
    """Our two, serving, with one group (and its blog) for each form."""

    a: Server
    b: Server
    nadia: Client
    bo: Client
    blogs: dict[str, Feed]


@pytest.fixture(scope="package")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder: Path = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        blogs = {form: stack.enter_context(feed()) for form in FORMS}
        a = Server(folder / "a", settings={"FEDI_FEED_INTERVAL": "1"})
        b = Server(folder / "b", database(request.getfixturevalue("cluster")))

        def furnish_a() -> str:
            token = a.person("nadia", "staff")
            for form, blog in blogs.items():
                a.run("group", "create", f"sleep_{form}", "--name", "Sleep well", "--language", "en")
                a.run("group", "staff", f"sleep_{form}", "add", "nadia")
                a.run("feed", "add", f"sleep_{form}", blog.url)
            stack.enter_context(a.serving())
            return token

        with ThreadPoolExecutor() as pool:
            nadia = pool.submit(furnish_a)
            bo = b.person("bo")
            stack.enter_context(b.serving())
            clients = a.client(nadia.result()), b.client(bo)
        for client in clients:
            stack.enter_context(client.http)
        yield Servers(a, b, *clients, blogs)
