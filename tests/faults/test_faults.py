"""A handful of `kill -9`, full disks and locked databases under load; `make faults` does fifty and more."""

from __future__ import annotations

from benchmarks.faults import Plan, run


def quiet(text: str) -> None:
    """Nothing: a test says what is wrong at its end."""


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(database_url: str) -> None:
    database = "" if database_url.startswith("sqlite") else database_url
    outcome = await run(Plan(kills=3, database=database, seed=7), quiet)
    assert outcome.good, outcome
    assert outcome.acknowledged > 30


async def test_a_server_that_cannot_write_says_so_shows_what_it_has_and_goes_on_afterwards() -> None:
    outcome = await run(Plan(kills=0, full=1, locked=1, seed=3), quiet)
    assert outcome.good, outcome
    assert outcome.refused.get(503, 0) > 0, "nothing was ever refused: the faults did not bite"
