"""The schema of what clients keep for their member: lists, filters, subscriptions and the like. See `tables`."""

from __future__ import annotations

from fedi_community.storage import tables
from fedi_community.storage.schema import metadata

__all__ = ["metadata", "tables"]
