"""Every recorded payload of another platform reaches its stated outcome, on both databases, through the real server.

The index beside the payloads states an outcome for each. Each belongs to exactly one rule, or to the table of rows whose
stated outcome does not hold, with the reason and what happens instead.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from fedi_community.storage.database import Database, open_database
from fedi_community.storage.dialect import Statement
from tests.activitypub.test_wire_fixtures import ROWS, load
from tests.conftest import _sql
from tests.federation import (
    platforms_discovery,
    platforms_documents,
    platforms_moderation,
    platforms_relations,
    platforms_relays,
    platforms_writing,
)
from tests.federation.platforms import Case, Rule, clear
from tests.federation.platforms_wrong import WRONG
from tests.federation.world import open_world

ONLY_GROW = ("audit", "moderation_notes")
RULES: tuple[Rule, ...] = (
    *platforms_documents.RULES,
    *platforms_discovery.RULES,
    *platforms_writing.RULES,
    *platforms_relations.RULES,
    *platforms_relays.RULES,
    *platforms_moderation.RULES,
)
pytestmark = pytest.mark.skipif(
    not ROWS, reason="the corpus of recorded payloads is not beside this checkout"
)


def rules_of(stated: str, outcome: str) -> list[Rule]:
    """The rules that claim a row; there must be one."""
    return [rule for rule in RULES if rule.covers(stated, outcome)]


def test_every_payload_belongs_to_exactly_one_rule() -> None:
    assert len(ROWS) == 289
    assert set(WRONG) <= {name for name, _, _ in ROWS}
    strays = {n: len(rules_of(s, o)) for n, s, o in ROWS if n not in WRONG and len(rules_of(s, o)) != 1}
    assert strays == {}
    used = Counter(rules_of(s, o)[0].words for n, s, o in ROWS if n not in WRONG)
    assert [rule.words for rule in RULES if not used[rule.words]] == [], "a rule without a payload"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def one_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of the one database of an engine that all payloads are played in, each on a clean slate."""
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("platforms") / "community.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url = request.getfixturevalue("cluster")
    asyncio.run(_sql(url, "CREATE DATABASE platforms TEMPLATE template"))
    return f"{url}/platforms"


def triggers(engine: str) -> list[str]:
    """What keeps the log of moderation from being changed, taken away."""
    if engine == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_{what}" for table in ONLY_GROW for what in ("update", "delete")
        ]
    return [f"DROP TRIGGER IF EXISTS {table}_only_grows ON {table}" for table in ONLY_GROW]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slate(one_database: str) -> AsyncIterator[Database]:
    database = await open_database(one_database)
    for trigger in triggers(database.engine):  # a clean slate forgets what nobody else may
        await database.write(lambda tx, trigger=trigger: tx.run(Statement(text(trigger))))  # type: ignore[misc]
    yield database
    await database.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "stated", "outcome"), [pytest.param(*row, id=row[0]) for row in ROWS])
async def test_a_payload_reaches_its_stated_outcome(
    slate: Database, name: str, stated: str, outcome: str
) -> None:
    await clear(slate)
    async with open_world(slate, allow_private_peers=True) as world:
        case = Case(world, name, stated, outcome, load(name))
        play = WRONG[name].play if name in WRONG else rules_of(stated, outcome)[0].play
        await play(case)
