"""What is written down about moderation stays as it was written: the database itself refuses anything else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError

from fedi_community.storage import tables as t
from tests.storage.test_migrations import looked_at

ROWS: dict[str, dict[str, Any]] = {
    "audit": {"at": 1, "action": "remove"},
    "moderation_notes": {"login_id": 1, "actor_id": 4, "text": "he called", "created": 1},
}


@pytest.mark.parametrize("table", list(ROWS))
@pytest.mark.parametrize("what", ["UPDATE {} SET login_id = 2", "DELETE FROM {}"])
async def test_the_log_and_the_notes_only_grow(database_url: str, table: str, what: str) -> None:
    added = insert(getattr(t, table))
    await looked_at(database_url, lambda c: c.execute(added.values(**ROWS[table])))

    def refused(connection: Connection) -> None:
        with pytest.raises(DBAPIError, match="never changed"):
            connection.execute(text(what.format(table)))

    await looked_at(database_url, refused)
    left = text(f"SELECT login_id FROM {table}")
    assert len(await looked_at(database_url, lambda c: c.execute(left).all())) == 1
