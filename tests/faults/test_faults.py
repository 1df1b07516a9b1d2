"""A handful of `kill -9` under load, on both databases; `make faults` does fifty."""

from __future__ import annotations

from benchmarks.faults import run


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(database_url: str) -> None:
    database = "" if database_url.startswith("sqlite") else database_url
    outcome = await run(3, 20, database, seed=7, say=lambda text: None)
    assert outcome.good, outcome
    assert outcome.acknowledged > 30
