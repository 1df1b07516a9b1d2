"""Units of work: what is promised to be written is written, whole or not at all, and the writer outlives every failure."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, text, update

from fedi_community.errors import Problem
from fedi_community.storage import database as module
from fedi_community.storage import tables as t
from fedi_community.storage.database import (
    Database,
    PostgresqlDatabase,
    SqliteDatabase,
    Tx,
    open_database,
    unit,
)
from fedi_community.storage.dialect import Statement, insert_row

PUT = insert_row(t.meta, "key", "value")
SET = Statement(update(t.meta).where(t.meta.c.key == "count").values(value=t.meta.c.value + "i"))
LATE = Statement(text("PRAGMA defer_foreign_keys=ON"))
DANGLING = insert_row(t.gate_principals, "gate_id", "principal_id")
ALL = Statement(select(t.meta.c.key, t.meta.c.value).order_by(t.meta.c.key))
COUNT = Statement(select(t.meta.c.value).where(t.meta.c.key == "count"))


@unit
async def put(tx: Tx, key: str, value: str = "") -> str:
    await tx.run(PUT, key=key, value=value)
    return key


async def keys(db: Database) -> list[str]:
    return [row["key"] for row in await db.read(lambda tx: tx.rows(ALL))]


@pytest.fixture
async def sqlite(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    path = tmp_path / "community.db"
    path.write_bytes(sqlite_template.read_bytes())
    db = await SqliteDatabase.open(path)
    yield db
    await db.close()


@pytest.fixture
async def postgresql_url(cluster: str, request: pytest.FixtureRequest) -> str:
    name = f"units_{abs(hash(request.node.nodeid))}"
    admin = await asyncpg.connect(f"{cluster}/postgres")
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template")
    await admin.close()
    return f"{cluster}/{name}"


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[PostgresqlDatabase]:
    db = await PostgresqlDatabase.open(postgresql_url)
    yield db
    await db.close()


async def on_writer(db: SqliteDatabase, call: Callable[[sqlite3.Connection], object]) -> None:
    """Do something to the writing connection, on the thread that owns it."""
    await db._writer._execute(lambda: call(db._writer._conn))  # type: ignore[no-untyped-call]


async def traced(db: SqliteDatabase) -> list[str]:
    """The statements that begin and end transactions on the writing connection, from now on."""
    said: list[str] = []

    def note(statement: str) -> None:
        if statement.split(" ")[0] in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT"):
            said.append(statement)

    await on_writer(db, lambda connection: connection.set_trace_callback(note))
    return said


# --- both databases ---------------------------------------------------------------------------------------------------


async def test_a_unit_gives_its_result_and_is_there_for_the_next_reader(db: Database) -> None:
    assert await db.write(put("a")) == "a"
    assert await keys(db) == ["a"]


async def test_a_failing_unit_leaves_nothing_and_its_neighbours_everything(db: Database) -> None:
    async def fails(tx: Tx) -> None:
        await tx.run(PUT, key="half", value="")
        raise LookupError("a fault of this unit alone")

    done = await asyncio.gather(
        db.write(put("a")), db.write(fails), db.write(put("b")), return_exceptions=True
    )
    assert [type(d) for d in done] == [str, LookupError, str]
    assert await keys(db) == ["a", "b"]


async def test_a_database_error_in_the_middle_lets_the_others_and_the_writer_live_on(db: Database) -> None:
    await db.write(put("taken"))
    done = await asyncio.gather(
        db.write(put("a")), db.write(put("taken")), db.write(put("b")), return_exceptions=True
    )
    assert [done[0], done[2]] == ["a", "b"]
    assert isinstance(done[1], Exception)
    await db.write(put("c"))
    assert await keys(db) == ["a", "b", "c", "taken"]


async def test_what_comes_after_a_commit_comes_after_the_commit_and_only_then(db: Database) -> None:
    seen: list[list[str]] = []
    waiting: list[asyncio.Task[None]] = []

    async def look() -> None:
        seen.append(await keys(db))

    async def good(tx: Tx) -> None:
        await tx.run(PUT, key="a", value="")
        tx.after_commit(lambda: waiting.append(asyncio.create_task(look())))
        assert waiting == []

    async def bad(tx: Tx) -> None:
        tx.after_commit(lambda: waiting.append(asyncio.create_task(look())))
        raise LookupError

    await asyncio.gather(db.write(good), db.write(bad), return_exceptions=True)
    await asyncio.gather(*waiting)
    assert seen == [["a"]]


async def test_a_reading_unit_sees_one_moment_and_may_not_write(db: Database) -> None:
    with pytest.raises(Exception, match=r"readonly|read-only"):
        await db.read(put("a"))
    assert await keys(db) == []


# --- SQLite -----------------------------------------------------------------------------------------------------------


async def test_units_that_wait_together_share_one_commit_with_a_savepoint_each(
    sqlite: SqliteDatabase,
) -> None:
    said = await traced(sqlite)
    await asyncio.gather(*(sqlite.write(put(f"k{n:02}")) for n in range(20)))
    assert [said.count("BEGIN IMMEDIATE"), said.count("COMMIT"), said.count("SAVEPOINT unit")] == [1, 1, 20]
    assert len(await keys(sqlite)) == 20


async def test_a_batch_is_bounded_so_that_nobody_waits_for_all_the_others(
    sqlite: SqliteDatabase,
) -> None:
    said = await traced(sqlite)
    await asyncio.gather(*(sqlite.write(put(f"k{n:03}")) for n in range(2 * module.BATCH + 4)))
    assert said.count("COMMIT") == 3


async def test_a_unit_that_waits_for_anything_else_is_refused(sqlite: SqliteDatabase) -> None:
    async def waits(tx: Tx) -> None:
        await tx.run(PUT, key="a", value="")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="inside a transaction"):
        await sqlite.write(waits)
    with pytest.raises(RuntimeError, match="inside a transaction"):
        await sqlite.read(waits_only)
    await sqlite.write(put("b"))
    assert await keys(sqlite) == ["b"]


async def waits_only(tx: Tx) -> None:
    """A unit that asks the event loop for something."""
    await asyncio.sleep(0)


async def test_a_caller_who_goes_away_does_not_take_the_writer_along(sqlite: SqliteDatabase) -> None:
    leaving = asyncio.create_task(sqlite.write(put("a")))
    staying = asyncio.create_task(sqlite.write(put("b")))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == "b"
    await sqlite.write(put("c"))
    assert {"b", "c"} <= set(await keys(sqlite))


async def test_a_commit_that_fails_fails_every_unit_in_it_and_nothing_of_them_stays(
    sqlite: SqliteDatabase,
) -> None:
    called: list[str] = []

    async def good(tx: Tx) -> None:
        await tx.run(PUT, key="good", value="")
        tx.after_commit(lambda: called.append("good"))

    async def broken_at_commit(tx: Tx) -> None:
        await tx.run(LATE)
        await tx.run(DANGLING, gate_id=4, principal_id=1)

    done = await asyncio.gather(sqlite.write(good), sqlite.write(broken_at_commit), return_exceptions=True)
    assert [d.reason for d in done if isinstance(d, Problem)] == ["storage", "storage"]
    assert called == []
    assert await keys(sqlite) == []
    await sqlite.write(good)
    assert called == ["good"]


async def limit_pages(db: SqliteDatabase, pages: int) -> None:
    """A disk that is full beyond so many pages; never fewer than there are."""
    await on_writer(db, lambda connection: connection.execute(f"PRAGMA max_page_count={pages}"))


async def test_a_full_disk_fails_what_does_not_fit_says_so_and_passes(sqlite: SqliteDatabase) -> None:
    await sqlite.write(put("before"))
    await limit_pages(sqlite, 1)
    called: list[str] = []

    async def large(tx: Tx) -> None:
        tx.after_commit(lambda: called.append("large"))
        await tx.run(PUT, key="large", value="x" * 5_000_000)

    done = await asyncio.gather(
        sqlite.write(put("a")), sqlite.write(large), sqlite.write(put("b")), return_exceptions=True
    )
    assert isinstance(done[1], Problem)
    assert (done[1].status, done[1].reason, done[1].retry_after) == (503, "storage", 30)
    kept = await keys(sqlite)
    told = [d for d in done if isinstance(d, str)]
    assert kept == sorted([*told, "before"]), "what was told to be written is, and nothing else"
    assert called == []
    await limit_pages(sqlite, 1_000_000)
    await sqlite.write(large)
    await sqlite.write(put("after"))
    assert called == ["large"]
    assert {"large", "after"} <= set(await keys(sqlite))


async def test_a_database_that_somebody_else_locks_is_unavailable_until_he_lets_go(
    sqlite: SqliteDatabase, tmp_path: Path
) -> None:
    await on_writer(sqlite, lambda connection: connection.execute("PRAGMA busy_timeout=50"))
    other = sqlite3.connect(tmp_path / "community.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    done = await asyncio.gather(sqlite.write(put("a")), sqlite.write(put("b")), return_exceptions=True)
    assert [d.reason for d in done if isinstance(d, Problem)] == ["storage", "storage"]
    assert await keys(sqlite) == [], "readers go on"
    other.execute("ROLLBACK")
    other.close()
    assert await sqlite.write(put("a")) == "a"


async def test_an_url_leads_to_its_engine(database_url: str, engine: str) -> None:
    db = await open_database(database_url)
    assert db.engine == engine
    await db.close()


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


async def test_units_of_two_processes_that_meet_are_run_again_until_each_saw_the_other(
    postgresql: PostgresqlDatabase, postgresql_url: str
) -> None:
    await postgresql.write(put("count"))
    runs: list[int] = []
    called: list[int] = []

    async def add(tx: Tx) -> None:
        runs.append(1)
        await tx.value(COUNT)
        await asyncio.sleep(0.01)
        await tx.run(SET)
        tx.after_commit(lambda: called.append(1))

    other = await open_database(postgresql_url)
    try:
        await asyncio.gather(*(db.write(add) for db in (postgresql, other) for _ in range(8)))
    finally:
        await other.close()
    assert await postgresql.read(lambda tx: tx.value(COUNT)) == "i" * 16
    assert len(runs) > 16, "some had to run again"
    assert len(called) == 16, "what comes after a commit comes once"


async def test_units_of_one_process_share_commits_and_never_meet(postgresql: PostgresqlDatabase) -> None:
    runs: list[int] = []

    async def add(tx: Tx) -> None:
        runs.append(1)
        await tx.rows(ALL)
        await put(f"k{len(runs)}")(tx)

    await asyncio.gather(*(postgresql.write(add) for _ in range(16)))
    assert len(runs) == 16, "none had to run again"
    commits = await postgresql.read(
        lambda tx: tx.rows(Statement(text("SELECT DISTINCT xmin::text FROM meta")))
    )
    assert len(commits) <= 5, "a few groups, not sixteen commits"


async def test_a_unit_that_fails_takes_none_of_its_group_along(postgresql: PostgresqlDatabase) -> None:
    called: list[str] = []

    @unit
    async def one(tx: Tx, key: str) -> None:
        await put(key)(tx)
        tx.after_commit(lambda: called.append(key))
        if key == "c":
            raise ValueError("no")

    done = await asyncio.gather(*(postgresql.write(one(k)) for k in "abcde"), return_exceptions=True)
    assert [type(each) for each in done] == [type(None), type(None), ValueError, type(None), type(None)]
    assert sorted(await keys(postgresql)) == ["a", "b", "d", "e"]
    assert sorted(called) == ["a", "b", "d", "e"]


async def test_a_unit_that_loses_every_time_is_told_to_come_back(
    postgresql: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRIES", 3)
    runs: list[int] = []

    async def loses(tx: Tx) -> Any:
        runs.append(1)
        raise asyncpg.SerializationError("could not serialize access")

    with pytest.raises(Problem) as refused:
        await postgresql.write(loses)
    assert (refused.value.status, refused.value.reason, len(runs)) == (503, "storage", 3)
    await postgresql.write(put("a"))
    assert await keys(postgresql) == ["a"]


async def test_a_commit_whose_answer_is_lost_is_not_done_again(
    postgresql: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have happened, and here it has: everybody of the group is told that it went wrong, and nobody's unit runs twice."""
    leave = asyncpg.transaction.Transaction.__aexit__
    runs: list[str] = []

    async def lost(self: Any, *how: Any) -> Any:
        done = await leave(self, *how)
        if how[0] is None and self._isolation == "serializable":
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return done

    @unit
    async def one(tx: Tx, key: str) -> None:
        runs.append(key)
        await put(key)(tx)

    with monkeypatch.context() as broken:
        broken.setattr(asyncpg.transaction.Transaction, "__aexit__", lost)
        done = await asyncio.gather(*(postgresql.write(one(k)) for k in "abc"), return_exceptions=True)
    assert {type(each) for each in done} == {asyncpg.ConnectionDoesNotExistError}
    assert sorted(runs) == ["a", "b", "c"]
    assert sorted(await keys(postgresql)) == ["a", "b", "c"]
