"""The world of the federation tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fedi_community.storage.database import Database
from tests.federation.world import World, open_world


@pytest.fixture
async def world(db: Database) -> AsyncIterator[World]:
    """Our server with a members-only and an open group, nadia and omar, and a known peer."""
    async with open_world(db) as made:
        yield made
