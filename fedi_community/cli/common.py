"""What commands share: settings, a house without a server, and errors as one line on standard error."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TextIO, TypeVar

import click
import structlog
import uvloop

from fedi_community.config import Settings, load
from fedi_community.domain.effects import Decision
from fedi_community.domain.impersonation import skeletons
from fedi_community.errors import Problem, Refusal
from fedi_community.ids import IdMaker
from fedi_community.keyring import voice
from fedi_community.perform import Change, House, perform
from fedi_community.storage.database import open_database
from fedi_community.storage.migrate import migrate

T = TypeVar("T")


def settings_or_exit(**override: Any) -> Settings:
    """The settings; a wrong one ends the command with its reason."""
    try:
        return load(**override)
    except Problem as problem:
        raise click.ClickException(problem.safe) from None


class _Lines:
    """Writes lines of the log. On a full disk they are lost, and the server goes on."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            self._out.write(f"{message}\n")
            self._out.flush()

    log = debug = info = warning = warn = error = critical = exception = fatal = failure = msg


def configure_logs(settings: Settings) -> None:
    """Structured logs on standard error: text for people, JSON for machines. Never content of posts."""
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(sys.stderr),
        cache_logger_on_first_use=True,
    )


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """The database, migrated, as a house without network or workers: for commands that change a few rows."""
    await migrate(settings.database)
    db = await open_database(settings.database)
    try:
        house = House(db, settings.base_url, IdMaker(settings.node), protected=skeletons(settings.protected))
        house.voice = await voice(house)
        yield house
    finally:
        await db.close()


async def must(house: House, change: Change) -> Decision:
    """Carry out a change, or end the command with the reason why not."""
    decided = await perform(house, change)
    if isinstance(decided, Refusal):
        raise click.ClickException(decided.safe)
    return decided


def asynchronous(function: Callable[..., Awaitable[T]]) -> Callable[..., T]:
    """Run a command's coroutine; expected problems become one line, without a traceback."""

    @functools.wraps(function)
    def run(*args: Any, **named: Any) -> T:
        try:
            return uvloop.run(_ignore_type(function(*args, **named)))
        except Problem as problem:
            raise click.ClickException(problem.safe) from None

    return run


async def _ignore_type(awaitable: Awaitable[T]) -> T:
    return await awaitable
