"""Databases for tests: every test that asks for `db` runs on SQLite and on PostgreSQL.

The PostgreSQL cluster is made here, in a temporary folder, by a user that is not root, on a free port, and stopped at
the end. Where PostgreSQL is not installed those tests are skipped and say so; with CI=true that is a failure.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog

from fedi_community.storage import views
from fedi_community.storage.database import Database, open_database
from fedi_community.storage.migrate import migrate
from tests.cluster import installed, temporary_cluster
from tests.make import Make

structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
)
SLOWEST_FILES = 12
SHARED = Path(__file__).parent.parent.parent / "shared"

_kept_parts = views._parts


async def _checked_parts(tx: Any, lines: Any) -> Any:
    """Everywhere in the tests: what was kept of a post is what would be loaded now."""
    found = await _kept_parts(tx, lines)
    assert found == (await views._load_parts(tx, list(lines), lines) if lines else {}), (
        "a post changed without a new revision"
    )
    return found


views._parts = _checked_parts


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A failure is told when it happens: a run that is ended before its end would keep it for itself."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        sys.stderr.write(f"\nfailed in {report.when}: {report.nodeid}\n{report.longreprtext[-1500:]}\n")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where the time of a whole run goes: the slowest files, which are what a run waits for in the end."""
    spent: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                spent[report.nodeid.partition("::")[0]] += report.duration
    if len(spent) > SLOWEST_FILES:
        terminalreporter.section("slowest files")
        for name, seconds in spent.most_common(SLOWEST_FILES):
            terminalreporter.line(f"{seconds:7.1f} s  {name}")


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """URL of a fresh PostgreSQL cluster with one migrated database called "template"."""
    if not installed():
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and CI may skip nothing")
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with temporary_cluster("fsync=off", "synchronous_commit=off", in_memory=True) as url:
        asyncio.run(_make_template(url))
        yield url


async def _sql(url: str, text: str, newer: str = "") -> None:
    """newer: what PostgreSQL 15 and later are told beside."""
    connection = await asyncpg.connect(f"{url}/postgres")
    try:
        await connection.execute(text + (newer if connection.get_server_version().major >= 15 else ""))
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
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, migrated database of the engine."""
    if engine == "sqlite":
        path = tmp_path / "community.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    url = request.getfixturevalue("cluster")
    name = f"test{next(_made)}"
    asyncio.run(_sql(url, f"CREATE DATABASE {name} TEMPLATE template", " STRATEGY FILE_COPY"))
    yield f"{url}/{name}"
    asyncio.run(_sql(url, f"DROP DATABASE {name} WITH (FORCE)"))


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
