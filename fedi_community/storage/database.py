"""Units of work: `await db.write(unit)` and `await db.read(unit)`, the same source on SQLite and PostgreSQL.

A unit is an `async def unit(tx)`. On PostgreSQL it awaits. On SQLite it is driven to its end on the one writer thread by
a single `coro.send(None)` (there `tx` never suspends; a unit that waits for anything else is refused), and all writing units
that wait share one `BEGIN IMMEDIATE … COMMIT`, a savepoint each. What a unit registers with `tx.after_commit` runs on
the event loop after the outer commit. A unit may run twice (PostgreSQL, after a serialization conflict): it must not
change anything outside its transaction.
"""

from __future__ import annotations

import asyncio
import functools
import random
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import aiosqlite
import asyncpg

from fedi_community.domain.model import Viewer
from fedi_community.errors import Problem
from fedi_community.storage.dialect import Compiler, Engine, Statement, postgresql_values, sqlite_values
from fedi_community.storage.shelf import NOTHING, Shelf

T = TypeVar("T")
Unit = Callable[["Tx"], Coroutine[Any, Any, T]]
Address = Callable[[Viewer, str], str]
"""The address that a viewer is given of a file of ours, by its path (see `media.addresses`)."""

BATCH = 128  # units that share a commit at most: bounds how long one waits for the others
READ_WAIT_MS = 250  # how long a read waits for a database that is just being opened or restored
GROUP = 8  # PostgreSQL units that share a commit at most; a conflict with another process undoes them all
RETRIES = 30  # of a PostgreSQL unit that another process was in the way of
_CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Row(Protocol):
    """A row: columns by name or position; can be unpacked."""

    def __getitem__(self, key: str | int, /) -> Any: ...
    def __iter__(self) -> Any: ...
    def keys(self) -> Any: ...


class Tx(Protocol):
    """A transaction as units see it. Values are given by parameter name. shelf: what reading units keep between them."""

    engine: Engine
    address: Address
    shelf: Shelf

    async def rows(self, statement: Statement, /, **values: Any) -> Sequence[Row]: ...
    async def row(self, statement: Statement, /, **values: Any) -> Row | None: ...
    async def value(self, statement: Statement, /, **values: Any) -> Any: ...
    async def run(self, statement: Statement, /, **values: Any) -> int: ...
    async def many(self, statement: Statement, values: Sequence[Mapping[str, Any]], /) -> None: ...
    def after_commit(self, call: Callable[[], None], /) -> None: ...


class Database(Protocol):
    """What `open_database` gives. address: set by whoever wires the server; without it, files have plain addresses."""

    engine: Engine
    address: Address

    async def write(self, unit: Unit[T], /) -> T: ...
    async def read(self, unit: Unit[T], /) -> T: ...
    async def close(self) -> None: ...


def _plain(viewer: Viewer, path: str) -> str:
    return path


UNAVAILABLE: Final = "storage"
"""The reason of what failed because nothing can be saved just now."""


def _unavailable(detail: str) -> Problem:
    return Problem(
        503,
        UNAVAILABLE,
        "The server cannot save anything just now. Please try again.",
        detail,
        retry_after=30,
    )


# --- SQLite ---------------------------------------------------------------------------------------------------------


class _SqliteTx:
    """Runs statements at once on the thread that owns the connection; its coroutines never suspend."""

    engine: Engine = "sqlite"

    def __init__(
        self, connection: sqlite3.Connection, compiler: Compiler, address: Address, shelf: Shelf = NOTHING
    ) -> None:
        self._connection = connection
        self._compiler = compiler
        self.address = address
        self.shelf = shelf
        self.callbacks: list[Callable[[], None]] = []

    async def rows(self, statement: Statement, /, **values: Any) -> Sequence[Row]:
        compiled = self._compiler(statement)
        return self._connection.execute(compiled.text, sqlite_values(compiled, values)).fetchall()

    async def row(self, statement: Statement, /, **values: Any) -> Row | None:
        compiled = self._compiler(statement)
        cursor = self._connection.execute(compiled.text, sqlite_values(compiled, values))
        found: Row | None = cursor.fetchone()
        cursor.close()
        return found

    async def value(self, statement: Statement, /, **values: Any) -> Any:
        found = await self.row(statement, **values)
        return None if found is None else found[0]

    async def run(self, statement: Statement, /, **values: Any) -> int:
        compiled = self._compiler(statement)
        return self._connection.execute(compiled.text, sqlite_values(compiled, values)).rowcount

    async def many(self, statement: Statement, values: Sequence[Mapping[str, Any]], /) -> None:
        if values:
            compiled = self._compiler(statement)
            self._connection.executemany(compiled.text, [sqlite_values(compiled, v) for v in values])

    def after_commit(self, call: Callable[[], None], /) -> None:
        self.callbacks.append(call)


def _drive(unit: Unit[T], tx: _SqliteTx) -> T:
    """Run a unit to its end without an event loop. One that suspends is an error of its author."""
    coroutine = unit(tx)
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError(f"{unit!r} waits for something inside a transaction")


class _Waiting(Generic[T]):
    """A unit in the writer's queue and the future its caller awaits."""

    __slots__ = ("callbacks", "error", "future", "result", "unit")

    def __init__(self, unit: Unit[T], future: asyncio.Future[T]) -> None:
        self.unit = unit
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None
        self.callbacks: list[Callable[[], None]] = []

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class _Line:
    """Units that write wait in a line and are carried out in their order, some at a time; then each caller hears of his own.

    carry_out: what a database does with a batch; it never raises, results and errors go to the units. most: the length of one.
    """

    def __init__(self, carry_out: Callable[[Sequence[_Waiting[Any]]], Awaitable[None]], most: int) -> None:
        self._carry_out = carry_out
        self._most = most
        self._queue: list[_Waiting[Any]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, unit: Unit[T], /) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(unit, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[: self._most], self._queue[self._most :]
            await self._carry_out(batch)
            for waiting in batch:
                waiting.settle()
            for waiting in batch:
                for call in waiting.callbacks:
                    call()

    async def drained(self) -> None:
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])


def _run_batch(
    connection: sqlite3.Connection, compiler: Compiler, address: Address, batch: Sequence[_Waiting[Any]]
) -> None:
    """On the writer thread: all units of a batch under one commit. Never raises; errors go to the units."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for waiting in batch:
            tx = _SqliteTx(connection, compiler, address)
            connection.execute("SAVEPOINT unit")
            try:
                waiting.result = _drive(waiting.unit, tx)
                waiting.callbacks = tx.callbacks
            except Exception as error:
                waiting.error = error
                # A full disk ends the whole transaction; then this raises and the batch fails together.
                connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
        connection.execute("COMMIT")
    except Exception as error:
        if connection.in_transaction:
            connection.rollback()
        for waiting in batch:
            waiting.callbacks = []
            if waiting.error is None or isinstance(waiting.error, sqlite3.Error):
                waiting.error = _unavailable(f"commit failed: {error}")


def _run_read(
    connection: sqlite3.Connection, compiler: Compiler, address: Address, shelf: Shelf, unit: Unit[T]
) -> T:
    """One unit on one consistent snapshot."""
    connection.execute("BEGIN")
    try:
        return _drive(unit, _SqliteTx(connection, compiler, address, shelf))
    finally:
        connection.execute("ROLLBACK")


async def _in_thread(connection: aiosqlite.Connection, call: Callable[..., T], *args: Any) -> T:
    """Run a whole function on an aiosqlite connection's thread: one hop (40 µs) for many statements.

    aiosqlite's public calls cost a hop a statement; the lock file pins the version whose `_execute` this uses.
    """
    result: T = await connection._execute(call, connection._conn, *args)  # type: ignore[no-untyped-call]
    return result


_PRAGMAS = ("foreign_keys=ON", "cache_size=-16000", "temp_store=MEMORY")


class SqliteDatabase:
    """One writer on a thread of its own, one reader on the event loop's, WAL. One serving process: see `serve`.

    Reads take well under a millisecond and never wait for the writer, so they run where they are asked for: on reader
    threads a home page cost 2.3 to 4.1 ms CPU, most of the difference for the interpreter lock; so it costs 2.0
    (docs/decisions/0010).
    """

    engine: Engine = "sqlite"

    def __init__(self, writer: aiosqlite.Connection, reader: sqlite3.Connection) -> None:
        self._writer = writer
        self._line = _Line(self._carry_out, BATCH)
        self._reader = reader
        self._compiler = Compiler("sqlite")
        self._shelf = Shelf()
        self.address: Address = _plain

    @classmethod
    async def open(cls, path: Path) -> SqliteDatabase:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = await aiosqlite.connect(path, isolation_level=None, cached_statements=512)
        writer.row_factory = sqlite3.Row
        for pragma in (*_PRAGMAS, "busy_timeout=5000", "journal_mode=WAL", "synchronous=FULL"):
            await writer.execute_fetchall(f"PRAGMA {pragma}")
        reader = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        reader.row_factory = sqlite3.Row
        for pragma in (*_PRAGMAS, f"busy_timeout={READ_WAIT_MS}", "query_only=ON"):
            reader.execute(f"PRAGMA {pragma}").fetchall()
        return cls(writer, reader)

    async def write(self, unit: Unit[T], /) -> T:
        return await self._line.write(unit)

    async def _carry_out(self, batch: Sequence[_Waiting[Any]]) -> None:
        await _in_thread(self._writer, _run_batch, self._compiler, self.address, batch)

    async def read(self, unit: Unit[T], /) -> T:
        return _run_read(self._reader, self._compiler, self.address, self._shelf, unit)

    async def close(self) -> None:
        await self._line.drained()
        self._reader.close()
        await self._writer.close()


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def _count(status: str) -> int:
    """Rows affected, from a command tag such as "INSERT 0 1"."""
    last = status.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


class _PostgresqlTx:
    engine: Engine = "postgresql"

    def __init__(self, connection: Any, compiler: Compiler, address: Address, shelf: Shelf = NOTHING) -> None:
        self._connection = connection
        self._compiler = compiler
        self.address = address
        self.shelf = shelf
        self.callbacks: list[Callable[[], None]] = []

    async def rows(self, statement: Statement, /, **values: Any) -> Sequence[Row]:
        compiled = self._compiler(statement)
        found: Sequence[Row] = await self._connection.fetch(
            compiled.text, *postgresql_values(compiled, values)
        )
        return found

    async def row(self, statement: Statement, /, **values: Any) -> Row | None:
        compiled = self._compiler(statement)
        found: Row | None = await self._connection.fetchrow(
            compiled.text, *postgresql_values(compiled, values)
        )
        return found

    async def value(self, statement: Statement, /, **values: Any) -> Any:
        found = await self.row(statement, **values)
        return None if found is None else found[0]

    async def run(self, statement: Statement, /, **values: Any) -> int:
        compiled = self._compiler(statement)
        return _count(await self._connection.execute(compiled.text, *postgresql_values(compiled, values)))

    async def many(self, statement: Statement, values: Sequence[Mapping[str, Any]], /) -> None:
        if values:
            compiled = self._compiler(statement)
            await self._connection.executemany(
                compiled.text, [postgresql_values(compiled, v) for v in values]
            )

    def after_commit(self, call: Callable[[], None], /) -> None:
        self.callbacks.append(call)


class _UnitFailed(Exception):
    """A unit of a group raised before anything was committed: its neighbours are run again, each alone."""


async def _pause(attempt: int) -> None:
    """A moment by chance, longer each time, so that two that met do not meet again."""
    await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 6)))  # noqa: S311


class PostgresqlDatabase:
    """A pool of asyncpg connections. Writing units are SERIALIZABLE; those of one process go one after the other, in small groups
    that share a commit, and run again when another process was in their way (docs/decisions/0013)."""

    engine: Engine = "postgresql"

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._line = _Line(self._carry_out, GROUP)
        self._compiler = Compiler("postgresql")
        self._shelf = Shelf()
        self.address: Address = _plain

    @classmethod
    async def open(cls, url: str, size: int = 10) -> PostgresqlDatabase:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            statement_cache_size=1024,
            # A sequential scan of a small table would lock the whole of it against every other writer.
            server_settings={"jit": "off", "enable_seqscan": "off"},
        )
        return cls(pool)

    async def write(self, unit: Unit[T], /) -> T:
        return await self._line.write(unit)

    async def _carry_out(self, batch: Sequence[_Waiting[Any]]) -> None:
        if len(batch) == 1 or not await self._together(batch):
            for waiting in batch:
                await self._alone(waiting)

    async def _together(self, batch: Sequence[_Waiting[Any]]) -> bool:
        """All units of a group under one commit. False when nothing happened: a unit failed, or another process was in the way.

        What goes wrong while it commits may have happened all the same (a connection lost before the answer came), so that is
        every unit's own error, and none is run again.
        """
        try:
            made = await self._once([waiting.unit for waiting in batch])
        except (_UnitFailed, *_CONFLICTS):
            return False
        except Exception as error:
            for waiting in batch:
                waiting.error = error
            return True
        for waiting, (result, callbacks) in zip(batch, made, strict=True):
            waiting.result, waiting.callbacks = result, callbacks
        return True

    async def _alone(self, waiting: _Waiting[Any]) -> None:
        """One unit in a transaction of its own; never raises."""
        for attempt in range(RETRIES):
            try:
                ((waiting.result, waiting.callbacks),) = await self._once([waiting.unit])
            except _CONFLICTS:
                await _pause(attempt)
            except BaseException as error:
                waiting.error = error
                return
            else:
                return
        waiting.error = _unavailable("too many serialization conflicts")

    async def _once(self, units: Sequence[Unit[Any]]) -> list[tuple[Any, list[Callable[[], None]]]]:
        """Raises `_UnitFailed` for what a unit raised in a group (nothing is committed then)."""
        made = []
        async with self._pool.acquire() as connection, connection.transaction(isolation="serializable"):
            for unit in units:
                tx = _PostgresqlTx(connection, self._compiler, self.address)
                try:
                    made.append((await unit(tx), tx.callbacks))
                except Exception as error:
                    if len(units) == 1 or isinstance(error, _CONFLICTS):
                        raise
                    raise _UnitFailed from error
        return made

    async def read(self, unit: Unit[T], /) -> T:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await unit(_PostgresqlTx(connection, self._compiler, self.address, self._shelf))

    async def close(self) -> None:
        await self._line.drained()
        await self._pool.close()


async def open_database(url: str) -> Database:
    """Open `sqlite:///PATH` or `postgresql://…`. The schema must be there (`storage.migrate`)."""
    if url.startswith("sqlite:///"):
        return await SqliteDatabase.open(Path(url.removeprefix("sqlite:///")))
    return await PostgresqlDatabase.open(url)


def unit(function: Callable[..., Awaitable[T]]) -> Callable[..., Unit[T]]:
    """`f(tx, …)` -> a maker of units: `db.write(f(…))`."""

    @functools.wraps(function)
    def bind(*args: Any, **named: Any) -> Unit[T]:
        async def run(tx: Tx) -> T:
            return await function(tx, *args, **named)

        return run

    return bind
