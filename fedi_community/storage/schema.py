"""What the schema is written with: column types and the shapes of columns that recur.

Times are integer milliseconds UTC. Ids are 64-bit (see `ids`). Text compares in "C" collation (SQLite's BINARY).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

Big: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
Str: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
Flag: TypeEngine[int] = SmallInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(
    name: str, *items: Column[Any] | Index | UniqueConstraint, rowid: bool = True, never_again: bool = False
) -> Table:
    """never_again: on SQLite, too, an id of a row that is gone is not given to another."""
    return Table(name, metadata, *items, sqlite_with_rowid=rowid, sqlite_autoincrement=never_again)


def identifier(name: str = "id") -> Column[int]:
    return Column(name, Big, primary_key=True, autoincrement=False)


def serial() -> Column[int]:
    return Column("id", Big, primary_key=True, autoincrement=True)


def big(name: str, *more: ForeignKey, null: bool = True, **options: Any) -> Column[int]:
    return Column(name, Big, *more, nullable=null, **options)


def string(name: str, null: bool = True, **options: Any) -> Column[str]:
    return Column(name, Str, nullable=null and not options.get("primary_key"), **options)


def flag(name: str, default: int = 0) -> Column[int]:
    return Column(name, Flag, nullable=False, server_default=str(default))


def count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def actor(name: str = "actor_id", null: bool = False, **options: Any) -> Column[int]:
    return big(name, ForeignKey("actors.id"), null=null, **options)


def object_(name: str = "object_id", null: bool = False, **options: Any) -> Column[int]:
    return big(name, ForeignKey("objects.id"), null=null, **options)
