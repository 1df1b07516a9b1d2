"""Bring a database's schema up to this version, and refuse one that is newer than we are. It runs before serving.

A database that is up to date is only asked its revision: Alembic is loaded where there is something to do, since it would
keep 12 MiB of a server's memory for as long as it serves.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Final

import asyncpg

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_ASK: Final = "SELECT version_num FROM alembic_version"


def head() -> str:
    """The revision of this version: files are named REVISION_words.py, and count upwards."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


async def migrate(url: str) -> tuple[str | None, str]:
    """Upgrade the database at `url`; returns (revision before, revision now). Raises Problem("newer_schema")."""
    found, wanted = await _revision(url), head()
    if found == wanted:
        return found, wanted
    from fedi_community.storage.migrating import upgrade  # see above

    return await upgrade(url)


async def _revision(url: str) -> str | None:
    """What the database says it is; None for an empty one."""
    if url.startswith("sqlite:///"):
        return await asyncio.to_thread(_sqlite_revision, Path(url.removeprefix("sqlite:///")))
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(_ASK))
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()


def _sqlite_revision(path: Path) -> str | None:
    if not path.is_file():
        return None
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        row = connection.execute(_ASK).fetchone()
    except sqlite3.OperationalError:  # no such table
        return None
    finally:
        connection.close()
    return None if row is None else str(row[0])
