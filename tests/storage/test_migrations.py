"""The migrations lead to exactly the schema that the code expects, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, insert, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from fedi_community.errors import Problem
from fedi_community.storage import tables as t
from fedi_community.storage.client_tables import metadata
from fedi_community.storage.migrate import migrate


async def looked_at(url: str, look: Any) -> Any:
    """What `look(connection)` finds, committed."""
    if url.startswith("sqlite"):
        engine: Engine = create_engine(url)
        with engine.begin() as connection:
            found = look(connection)
        engine.dispose()
        return found
    other = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with other.begin() as connection_:
        found = await connection_.run_sync(look)
    await other.dispose()
    return found


def differences(connection: Connection) -> list[Any]:
    options = {
        "compare_type": True,
        "compare_server_default": connection.dialect.name == "postgresql",
        # the index of words is no part of what the databases share
        "include_name": lambda name, kind, _: kind != "table" or not str(name).startswith("search"),
    }
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def defaults(connection: Connection) -> dict[tuple[str, str], str]:
    """Server defaults without their quotes and casts, by table and column."""
    inspector = inspect(connection)
    return {
        (table, column["name"]): str(column["default"]).partition("::")[0].strip("'")
        for table in metadata.tables
        for column in inspector.get_columns(table)
        if column["default"] is not None
    }


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def test_a_migrated_database_is_the_schema(database_url: str) -> None:
    assert await looked_at(database_url, differences) == []


async def test_a_missing_index_or_column_would_be_seen(database_url: str) -> None:
    await looked_at(database_url, lambda c: c.execute(text("DROP INDEX ix_objects_url")))
    await looked_at(database_url, lambda c: c.execute(text("ALTER TABLE objects DROP COLUMN image")))
    found = await looked_at(database_url, differences)
    assert {what[0] for what in found} == {"add_column", "add_index"}


async def test_every_default_of_the_schema_is_in_the_database(database_url: str) -> None:
    stated = {
        (table.name, column.name): str(column.server_default.arg)  # type: ignore[attr-defined]
        for table in metadata.tables.values()
        for column in table.c
        if column.server_default is not None
    }
    found = await looked_at(database_url, defaults)
    assert {key: found.get(key) for key in stated} == stated


async def test_tables_without_row_ids_are_so_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    await migrate(url)
    statement = text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
    made = await looked_at(url, lambda c: {r[0]: r[1] for r in c.execute(statement)})
    for table in metadata.tables.values():
        without = not table.dialect_options["sqlite"]["with_rowid"]
        assert ("WITHOUT ROWID" in made[table.name]) == without, table.name


async def test_migrating_twice_is_harmless_and_keeps_what_is_there(database_url: str) -> None:
    row = {"key": "kept", "value": "yes"}
    await looked_at(database_url, lambda c: c.execute(insert(t.meta).values(**row)))
    before = await looked_at(database_url, revision)
    assert await migrate(database_url) == (before, before)
    assert await looked_at(database_url, differences) == []
    kept = await looked_at(database_url, lambda c: c.execute(text("SELECT value FROM meta")).scalar())
    assert kept == "yes"


async def test_a_database_of_a_newer_version_is_refused_untouched(database_url: str) -> None:
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    await looked_at(database_url, lambda c: c.execute(newer))
    with pytest.raises(Problem) as refused:
        await migrate(database_url)
    assert refused.value.reason == "newer_schema"
    assert await looked_at(
        database_url, lambda c: c.execute(text("SELECT * FROM alembic_version")).all()
    ) == [("9999",)]


async def test_an_empty_file_in_a_new_folder_becomes_a_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'community.db'}"
    before, now = await migrate(url)
    assert before is None
    assert await looked_at(url, revision) == now
