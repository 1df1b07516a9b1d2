"""The differences between SQLite and PostgreSQL, and how a statement becomes text for a bare driver.

Statements are SQLAlchemy Core expressions at module level, composed once, compiled once per engine (running through
SQLAlchemy itself costs 130 to 240 µs a query), and run by sqlite3 or asyncpg with positional parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import orjson
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Executable,
    Table,
    bindparam,
    literal_column,
    or_,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import expression
from sqlalchemy.sql.expression import table as lightweight

from fedi_community.domain.words import MIN_BEGINNING

Engine = Literal["sqlite", "postgresql"]
Values = Mapping[str, Any]


class one_of(ColumnElement[bool]):  # noqa: N801  (reads as SQL)
    """`column IN (a list given as one parameter)`: one compiled text for any length."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], name: str, text: bool = False) -> None:
        self.column = column
        self.values: BindParameter[Any] = bindparam(name, type_=None)
        self.text = text
        self.type = expression.true().type

    def self_group(self, against: Any = None) -> Any:
        return self  # a condition already: SQLite must not compare it with 1


@compiles(one_of, "sqlite")
def _one_of_sqlite(element: one_of, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.column, **kw)
    return f"{column} IN (SELECT value FROM json_each({compiler.process(element.values, **kw)}))"


@compiles(one_of, "postgresql")
def _one_of_postgresql(element: one_of, compiler: Any, **kw: Any) -> str:
    column = compiler.process(element.column, **kw)
    kind = "text[]" if element.text else "bigint[]"
    return f"{column} = ANY(CAST({compiler.process(element.values, **kw)} AS {kind}))"


class _SearchId(ColumnElement[int]):
    """The id of the post that a row of the index of words is about: FTS5 knows rows by their number alone."""

    inherit_cache = True
    type = BigInteger()


@compiles(_SearchId, "sqlite")
def _search_id_sqlite(element: _SearchId, compiler: Any, **kw: Any) -> str:
    return "search.rowid"


@compiles(_SearchId, "postgresql")
def _search_id_postgresql(element: _SearchId, compiler: Any, **kw: Any) -> str:
    return "search.object_id"


class search_index:  # noqa: N801  (reads as a table)
    """The index of words: its table, and the id of the post."""

    table = lightweight("search")
    id = _SearchId()


class found_by(ColumnElement[bool]):  # noqa: N801  (reads as SQL)
    """The row of the index has all words of a list; those of three letters and more also as beginnings of longer ones."""

    inherit_cache = True

    def __init__(self, name: str) -> None:
        self.question: BindParameter[Any] = bindparam(name, type_=None)
        self.type = expression.true().type

    def self_group(self, against: Any = None) -> Any:
        return self


@compiles(found_by, "sqlite")
def _found_by_sqlite(element: found_by, compiler: Any, **kw: Any) -> str:
    terms = (
        f"SELECT group_concat('\"' || value || '\"' || CASE WHEN length(value) < {MIN_BEGINNING} THEN '' ELSE '*' END, ' ')"
        f" FROM json_each({compiler.process(element.question, **kw)})"
    )
    return f"search MATCH ({terms})"


@compiles(found_by, "postgresql")
def _found_by_postgresql(element: found_by, compiler: Any, **kw: Any) -> str:
    terms = (
        f"SELECT string_agg(word || CASE WHEN length(word) < {MIN_BEGINNING} THEN '' ELSE ':*' END, ' & ')"
        f" FROM unnest(CAST({compiler.process(element.question, **kw)} AS text[])) AS word"
    )
    return f"search.words @@ to_tsquery('simple', ({terms}))"


def among(column: ColumnElement[Any], *words: str) -> ColumnElement[bool]:
    """`column` is one of a few fixed words. (`in_` would need rendering anew for each execution.)"""
    return or_(*(column == word(text) for text in words))


def word(text: str) -> ColumnElement[Any]:
    """A fixed word of ours as a literal: no parameter to pass, and the planner knows it."""
    if not text.isidentifier():
        raise ValueError(text)
    return literal_column(f"'{text}'")


def number(value: int) -> ColumnElement[Any]:
    """A fixed number of ours as a literal."""
    return literal_column(str(int(value)))


def param(name: str) -> BindParameter[Any]:
    """A 64-bit integer parameter. Text parameters compared with a text column take the column's type by themselves."""
    return bindparam(name, type_=BigInteger())


class Inserts(Protocol):
    """The dialect's own `insert`, which knows ON CONFLICT."""

    def __call__(self, table: Table) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A composed statement. Identity is its key, so build each once, at module level.

    expression: a Core expression, or, for what needs ON CONFLICT, a function of the dialect's `insert`.
    """

    expression: Executable | Callable[[Inserts], Executable]

    def composed(self, engine: Engine) -> Executable:
        if isinstance(self.expression, Executable):
            return self.expression
        return self.expression(_INSERTS[engine])


def either(sqlite: Executable, postgresql: Executable) -> Statement:
    """A statement that the two databases have no common words for."""
    return Statement(lambda insert: sqlite if insert is sqlite_insert else postgresql)


_INSERTS: dict[Engine, Inserts] = {"sqlite": sqlite_insert, "postgresql": postgresql_insert}


def insert_row(table: Table, *names: str, ignore: bool = False) -> Statement:
    """INSERT of the named columns (all when none is named) from parameters of the same names."""
    columns = {n: bindparam(n, type_=table.c[n].type) for n in (names or [c.name for c in table.c])}
    if ignore:
        return Statement(lambda insert: insert(table).values(columns).on_conflict_do_nothing())
    return Statement(lambda insert: insert(table).values(columns))


def upsert_row(
    table: Table, keys: Sequence[str], names: Sequence[str], keep: Sequence[str] = ()
) -> Statement:
    """INSERT of the named columns; where `keys` exist already, all but them and `keep` are overwritten."""

    def build(insert: Inserts) -> Executable:
        made = insert(table).values({n: bindparam(n, type_=table.c[n].type) for n in names})
        changed = {n: made.excluded[n] for n in names if n not in keys and n not in keep}
        statement: Executable = made.on_conflict_do_update(index_elements=list(keys), set_=changed)
        return statement

    return Statement(build)


@dataclass(frozen=True, slots=True)
class Compiled:
    """Text and the order of its parameters, for one engine."""

    text: str
    order: tuple[str, ...]
    constants: Mapping[str, Any]

    def values(self, given: Values) -> list[Any]:
        """Positional values, in order; a missing one is an error of the caller (KeyError names it)."""
        constants = self.constants
        if not constants:
            return [given[name] for name in self.order]
        return [given[name] if name in given else constants[name] for name in self.order]


def _compile(statement: Statement, engine: Engine, dialect: Any) -> Compiled:
    compiled: Any = statement.composed(engine).compile(  # type: ignore[attr-defined]
        dialect=dialect
    )
    constants = {
        name: value
        for name, value in compiled.construct_params(_check=False).items()
        if value is not None or not compiled.binds[name].required
    }
    return Compiled(str(compiled), tuple(compiled.positiontup or ()), constants)


_DIALECTS: dict[Engine, Callable[[], Any]] = {
    "sqlite": lambda: sqlite_dialect(paramstyle="qmark"),
    "postgresql": asyncpg_dialect,
}


class Compiler:
    """Statement -> text for one engine, kept for the life of the process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._dialect = _DIALECTS[engine]()
        self._kept: dict[Statement, Compiled] = {}

    def __call__(self, statement: Statement) -> Compiled:
        found = self._kept.get(statement)
        if found is None:
            found = self._kept[statement] = _compile(statement, self.engine, self._dialect)
        return found


_LISTS = frozenset({list, tuple, set, frozenset})


def sqlite_values(compiled: Compiled, given: Values) -> Sequence[Any]:
    """Lists travel to SQLite as JSON text (see `one_of`)."""
    values = compiled.values(given)
    return [orjson.dumps(list(v)).decode() if type(v) in _LISTS else v for v in values]


def postgresql_values(compiled: Compiled, given: Values) -> Sequence[Any]:
    """asyncpg wants lists for arrays and takes the rest as it is."""
    return [
        list(value) if isinstance(value, tuple | set | frozenset) else value
        for value in compiled.values(given)
    ]
