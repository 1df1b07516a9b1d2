"""`serve`, `work`, `migrate`: run the server, or a part of it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Any

import click
import structlog
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from fedi_community.app import Parts, build
from fedi_community.cli.common import asynchronous, configure_logs, settings_or_exit
from fedi_community.config import Settings
from fedi_community.storage.migrate import migrate as migrate_database

log = structlog.get_logger("serve")
PING_S = 30
"""Seconds between the pings that keep a WebSocket open."""
MAX_WEBSOCKET_BYTES = 65_536
"""Of one frame that a client sends."""
GRACE_S = 10.0
"""How long a stop waits for requests that are in hand."""
PARTING_S = 0.2
"""How long it waits for clients of streams to hear that these end."""


@click.command()
@asynchronous
async def migrate() -> None:
    """Bring the database's schema up to this version. `serve` does it too."""
    before, now = await migrate_database(settings_or_exit().database)
    click.echo(f"Schema {now}" + ("" if before == now else f" (was {before or 'empty'})"))


@click.command()
@click.option("--bind", default="127.0.0.1:8080", show_default=True, help="Address and port to listen on.")
@click.option("--workers", default=1, show_default=True, help="Processes; more than one needs PostgreSQL.")
@click.option(
    "--no-work", is_flag=True, help="Take requests only; leave the background work undone (for measuring)."
)
def serve(bind: str, workers: int, no_work: bool) -> None:
    """Bring the schema up, then serve, with the background work inside.

    \b
    Example:  FEDI_BASE_URL=https://community.example fedi-community serve --bind 127.0.0.1:8080
    """
    settings = settings_or_exit()
    if workers > 1:
        if settings.database.startswith("sqlite"):
            raise click.ClickException(
                "SQLite has one serving process. For more, set FEDI_DATABASE_URL to a PostgreSQL database."
            )
        _serve_many(settings, bind, workers, no_work)
    else:
        _serve_one(settings, bind, no_work)


@click.command()
@asynchronous
async def work() -> None:
    """Do only the background work: process the inbox, deliver, poll feeds. For a second machine; needs PostgreSQL."""
    settings = settings_or_exit()
    if settings.database.startswith("sqlite"):
        raise click.ClickException(
            "On SQLite the work runs inside `serve`. For a separate worker use PostgreSQL."
        )
    configure_logs(settings)
    await migrate_database(settings.database)
    parts = await build(settings)
    try:
        await _until_signal(parts.work)
    finally:
        await parts.close()


@asynchronous
async def _serve_one(settings: Settings, bind: str, no_work: bool) -> None:
    configure_logs(settings)
    with only_process(settings):
        await migrate_database(settings.database)
        await run_server(await build(settings), bind, no_work)


@contextlib.contextmanager
def only_process(settings: Settings) -> Any:
    """Hold the lock that says: this process serves this SQLite database."""
    if not settings.database.startswith("sqlite"):
        yield
        return
    path = Path(settings.database.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as file:
        _lock(file)
        yield


def _lock(file: IO[str]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise click.ClickException(
            "Another process serves this database already. Stop it first, or use PostgreSQL for several."
        ) from None


async def run_server(
    parts: Parts, bind: str, no_work: bool = False, ready: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Serve until SIGINT or SIGTERM; then finish what is in hand and close."""
    config = Config()
    config.bind = [bind]
    config.accesslog = None
    config.errorlog = None
    config.keep_alive_timeout = 75
    config.graceful_timeout = GRACE_S
    config.h11_max_incomplete_size = 65_536
    config.include_server_header = False
    config.websocket_ping_interval = PING_S
    config.websocket_max_message_size = MAX_WEBSOCKET_BYTES
    stopping = asyncio.Event()
    _on_signals(stopping.set)

    in_hand = 0

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        nonlocal in_hand
        requests = int(scope["type"] == "http")
        in_hand += requests
        try:
            await parts.asgi(scope, receive, send)
        finally:
            in_hand -= requests

    async def stop_asked() -> None:
        """Streams end at once. Hypercorn keeps a closed WebSocket until its next ping would be due: not worth the whole grace."""
        await stopping.wait()
        parts.hub.end()
        await asyncio.sleep(PARTING_S)
        config.graceful_timeout = GRACE_S if in_hand else PARTING_S

    # What was made until now stays: without this, each full collection walks through all of it and stops everything for
    # about 100 ms (p99 of a home page at 16 clients: 118 ms, with it 49).
    gc.collect()
    gc.freeze()
    log.info("serving", address=bind, base_url=parts.settings.base_url, database=parts.db.engine)
    async with asyncio.TaskGroup() as group:
        worker = None if no_work else group.create_task(parts.work())
        if ready is not None:
            group.create_task(_as_coroutine(ready()))
        await hypercorn_serve(counted, config, shutdown_trigger=stop_asked)
        await parts.stop()
        if worker is not None:
            await asyncio.wait([worker], timeout=GRACE_S)
            worker.cancel()
    await parts.close()


async def _as_coroutine(awaitable: Awaitable[None]) -> None:
    await awaitable


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


async def _until_signal(run: Callable[[], Awaitable[None]]) -> None:
    stopping = asyncio.Event()
    _on_signals(stopping.set)
    worker = asyncio.ensure_future(run())
    await stopping.wait()
    worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await worker


def _serve_many(settings: Settings, bind: str, workers: int, no_work: bool) -> None:
    """One listening socket, shared by child processes; each gets its own number for the ids it makes."""
    if workers > 16:
        raise click.ClickException("At most 16 workers on one database.")
    host, _, port = bind.rpartition(":")
    listener = socket.create_server((host.strip("[]"), int(port)), reuse_port=False, backlog=1024)
    os.set_inheritable(listener.fileno(), True)
    arguments = [sys.executable, "-m", "fedi_community", "serve", "--bind", f"fd://{listener.fileno()}"]
    if no_work:
        arguments.append("--no-work")
    import subprocess

    children = [
        subprocess.Popen(  # noqa: S603  (our own command line)
            arguments,
            pass_fds=[listener.fileno()],
            env={**os.environ, "FEDI_NODE": str((settings.node + n) % 16)},
        )
        for n in range(workers)
    ]

    def stop(*_: Any) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    codes = [child.wait() for child in children]
    sys.exit(max(abs(code) for code in codes))
