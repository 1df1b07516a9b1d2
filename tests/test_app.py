"""The whole server wired together, in process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fedi_community import app
from fedi_community.config import Settings
from fedi_community.domain.facts import Needs
from fedi_community.domain.relations import decide_block
from fedi_community.errors import Problem, Refusal
from tests.make import Clock, Make


async def test_a_worker_whose_database_is_away_begins_again(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        base_url="https://clinic.example",
        data=str(tmp_path),
        keys=str(tmp_path / "k"),
        database_url=database_url,
    )
    parts = await app.build(settings)
    rounds: list[int] = []
    done = asyncio.Event()

    async def run() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise Problem(503, "storage", "away")
        done.set()

    app.WORKER_PAUSE_S, before = 0.0, app.WORKER_PAUSE_S
    try:
        await app._kept_running("test", run)
    finally:
        app.WORKER_PAUSE_S = before
        await parts.close()
    assert done.is_set()
    assert len(rounds) == 2


async def test_an_unknown_address_looks_like_what_one_may_not_see(database_url: str, tmp_path: Path) -> None:
    settings = Settings(
        base_url="https://clinic.example",
        data=str(tmp_path),
        keys=str(tmp_path / "k"),
        database_url=database_url,
    )
    parts = await app.build(settings)
    client = parts.web.test_client()
    try:
        for address in ("/nothing", "/objects/700000000000000000", "/groups/nobody/outbox"):
            answer = await client.get(address, headers={"Accept": "text/html"})
            assert answer.status_code == 404
        api = await client.get("/api/v1/nothing")
        assert (api.status_code, await api.get_json()) == (404, {"error": "Record not found"})
        assert api.headers["Access-Control-Allow-Origin"] == "*"
    finally:
        await parts.close()


async def test_a_ban_with_an_end_is_lifted_by_the_background_work_when_it_is_over(
    database_url: str, tmp_path: Path
) -> None:
    clock = Clock()
    settings = Settings(
        base_url="https://clinic.example",
        data=str(tmp_path),
        keys=str(tmp_path / "k"),
        database_url=database_url,
    )
    parts = await app.build(settings, clock=clock)
    make = Make(parts.house, clock)
    try:
        group, omar = await make.group("sleep"), await make.member("omar")
        needs = Needs(actor_ids=frozenset({group, omar}), subjects=frozenset({group, omar}))
        until = clock.now + 3_600_000
        await make.must(needs, lambda f: decide_block(group, omar, True, f, expires=until))

        async def join() -> str:
            await parts.settle()
            made = await make.join(omar, group)
            return made.reason if isinstance(made, Refusal) else made.verdict

        assert await join() == "not_found"
        clock.forward(3_600)
        assert await join() == "accepted"
    finally:
        await parts.close()
