"""What brings a database's schema up: Alembic, from `migrations/`, through SQLAlchemy's own engines. Asked by `migrate` alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool
from sqlalchemy.ext.asyncio import create_async_engine

from fedi_community.errors import Problem

HERE = Path(__file__).parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file; `connection` is handed to `migrations/env.py`."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    script = ScriptDirectory.from_config(alembic_config())
    head = script.get_current_head() or ""
    before = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in script.walk_revisions()}
    if before is not None and before not in known:
        raise Problem(
            500,
            "newer_schema",
            "The database was made by a newer version. Install that version, or restore a backup.",
        )
    if before != head:
        command.upgrade(alembic_config(connection), "head")
    return before, head


async def upgrade(url: str) -> tuple[str | None, str]:
    """Upgrade the database at `url`; returns (revision before, revision now). Raises Problem("newer_schema")."""
    if url.startswith("sqlite:///"):
        return await asyncio.to_thread(_upgrade_sqlite, url)
    engine = create_async_engine(_async_url(url), poolclass=pool.NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade_sqlite(url: str) -> tuple[str | None, str]:
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine: Any = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        return _upgrade(connection)


def _async_url(url: str) -> str:
    scheme, rest = url.split("://", 1)
    return f"postgresql+asyncpg://{rest}" if scheme.startswith("postgres") else url
