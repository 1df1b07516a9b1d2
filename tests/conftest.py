"""Databases for tests: every test that asks for `db` runs on SQLite and on PostgreSQL.

The PostgreSQL cluster is made here, in a temporary folder, by a user that is not root, on a free port, and stopped at
the end. Where PostgreSQL is not installed those tests are skipped and say so; with CI=true that is a failure.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from fedi_community.storage.database import Database, open_database
from fedi_community.storage.migrate import migrate
from tests.make import Make

structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
)
SHARED = Path(__file__).parent.parent.parent / "shared"


def _program(name: str) -> str | None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    return shutil.which(name)


def _other_user() -> int | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """URL of a fresh PostgreSQL cluster with one migrated database called "template"."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if not initdb or not pg_ctl:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and CI may skip nothing")
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user is not None:
        os.chown(folder, user, -1)
    run = {"check": True, "stdout": subprocess.DEVNULL, "user": user, "cwd": folder}
    port = _free_port()
    options = (
        f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off -c synchronous_commit=off -c max_connections=200"
    )
    subprocess.run(
        [initdb, "-D", folder / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C"], **run
    )
    subprocess.run([pg_ctl, "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start"], **run)
    try:
        url = f"postgresql://tester@127.0.0.1:{port}"
        asyncio.run(_make_template(url))
        yield url
    finally:
        subprocess.run([pg_ctl, "-D", folder / "data", "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder, ignore_errors=True)


async def _sql(url: str, text: str) -> None:
    connection = await asyncpg.connect(f"{url}/postgres")
    try:
        await connection.execute(text)
    finally:
        await connection.close()


async def _make_template(url: str) -> None:
    await _sql(url, "CREATE DATABASE template")
    await migrate(f"{url}/template")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


_made = iter(range(1_000_000))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a fresh, migrated database of the engine."""
    if engine == "sqlite":
        path = tmp_path / "community.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url = request.getfixturevalue("cluster")
    name = f"test{next(_made)}"
    asyncio.run(_sql(url, f"CREATE DATABASE {name} TEMPLATE template"))
    return f"{url}/{name}"


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = await open_database(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Recorded payloads of other platforms, kept beside the checkout; tests that need them say so when they are absent."""
    if not (SHARED / "fixtures").is_dir():
        pytest.skip("the recorded payloads are not beside this checkout")
    return SHARED / "fixtures"


@pytest.fixture
def make(db: Database) -> Make:
    """Factories on a fresh database of each engine."""
    return Make.on(db)
