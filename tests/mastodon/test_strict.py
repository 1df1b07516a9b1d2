"""What strict native clients decode: their models, kept beside the checkout, against a server that holds what 38 platforms sent."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx, open_database
from fedi_community.storage.dialect import Statement
from tests.activitypub.test_wire_fixtures import ROWS, load
from tests.conftest import SHARED
from tests.federation.platforms import Case
from tests.federation.test_platforms import WRONG, rules_of
from tests.federation.world import BASE, World, open_world
from tests.peers.running import Server

TOOL = SHARED / "tools" / "strict_decode.py"
pytestmark = pytest.mark.skipif(
    not (TOOL.is_file() and ROWS),
    reason="the strict decoder and the recorded payloads are not beside this checkout",
)
MODELS_END = "me, _ = get("


def _gather(world: World, known: dict[str, int], number: int) -> None:
    """One community for all payloads: its clock goes on, and a local name that exists is taken as it is."""
    make, (member, group) = world.make, (world.make.member, world.make.group)
    make.clock.forward(3600 * number)

    async def one_member(handle: str, **more: Any) -> int:
        if handle not in known:
            known[handle] = await member(handle, **more)
        return known[handle]

    async def one_group(handle: str, **switches: Any) -> int:
        if handle not in known:
            known[handle] = await group(handle, **switches)
        return known[handle]

    make.member, make.group = one_member, one_group  # type: ignore[method-assign]


async def fill(path: Path) -> tuple[list[int], list[int]]:
    """Play every recorded payload into one database. Some meet traces of others and come out otherwise; all that counts here is
    what is stored. Returns the ids of the remote posts and actors."""
    db, known = await open_database(f"sqlite:///{path}"), dict[str, int]()
    try:
        for number, (name, stated, outcome) in enumerate(ROWS):
            async with open_world(db, allow_private_peers=True) as world:
                _gather(world, known, number)
                play = WRONG[name].play if name in WRONG else rules_of(stated, outcome)[0].play
                with suppress(Exception):
                    await play(Case(world, name, stated, outcome, load(name)))

        async def ids(tx: Tx) -> tuple[list[int], list[int]]:
            posts = await tx.rows(Statement(select(t.objects.c.id).where(t.objects.c.state == "published")))
            actors = await tx.rows(Statement(select(t.actors.c.id).where(t.actors.c.host_id.is_not(None))))
            return [row[0] for row in posts], [row[0] for row in actors]

        return await db.read(ids)
    finally:
        await db.close()


@pytest.fixture
async def filled(tmp_path: Path, sqlite_template: Path) -> tuple[Path, list[int], list[int]]:
    path = tmp_path / "community.db"
    shutil.copy(sqlite_template, path)
    return (path, *await fill(path))


@pytest.fixture
def served(filled: tuple[Path, list[int], list[int]], tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server = Server(tmp_path / "server", f"sqlite:///{filled[0]}", settings={"FEDI_BASE_URL": BASE})
    token = server.person("reader")
    with server.serving():
        yield server, token


def test_everything_that_other_platforms_sent_is_decoded(
    filled: tuple[Path, list[int], list[int]], served: tuple[Server, str]
) -> None:
    """Each post and actor alone, then the decoder's own round."""
    (_, posts, actors), (server, token) = filled, served
    models: dict[str, Any] = {}
    source = TOOL.read_text("utf-8").partition(MODELS_END)[0].replace("sys.argv[1]", repr(server.base))
    exec(compile(source.replace("sys.argv[2]", repr(token)), str(TOOL), "exec"), models)
    seen = 0
    for key in posts:
        status, made, *_ = models["http"]("GET", f"/api/v1/statuses/{key}")
        assert status in (200, 404), key
        if status == 200:
            seen += 1
            models["status"](made, f"status {key} {made['uri']}")
            around = models["http"]("GET", f"/api/v1/statuses/{key}/context")[1]
            for one in [*around["ancestors"], *around["descendants"]]:
                models["status"](one, f"context of {key}")
    for key in actors:
        status, made, *_ = models["http"]("GET", f"/api/v1/accounts/{key}")
        if status == 200:
            models["account"](made, f"account {key}")
    assert seen > 100, "the payloads did not arrive"
    assert models["bad"] == 0
    done = subprocess.run(
        [sys.executable, TOOL, server.base, token], capture_output=True, text=True, timeout=200
    )
    assert re.search(r"^\d+ passed, 0 failed$", done.stdout, re.MULTILINE), done.stdout[-3000:]
