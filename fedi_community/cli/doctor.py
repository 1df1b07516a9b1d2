"""`doctor`: what is wrong with this installation, and what to do about it. It changes nothing."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import click

from fedi_community import __version__
from fedi_community.cli.common import asynchronous, open_house, settings_or_exit
from fedi_community.config import Settings
from fedi_community.errors import Problem
from fedi_community.keyring import Keyring, master_key
from fedi_community.network import Network
from fedi_community.network.errors import FetchError
from fedi_community.storage.health import newest_moment

MAX_CLOCK_SKEW_MS: Final = 60_000
"""Peers refuse signatures that are older than some minutes; a minute is early enough to be told."""
MIN_FREE_BYTES: Final = 500_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the answer. `note` asks for attention, `MEND` for work."""

    name: str
    state: Literal["ok", "note", "MEND"] = "ok"
    text: str = ""


@click.command()
@asynchronous
async def doctor() -> None:
    """Check settings, keys, database, disk, clock and reachability, and say what to mend.

    Ends with 1 when something is to mend. It changes nothing but bringing the database's schema up to date.

    \b
    Example:  fedi-community doctor
    """
    settings = settings_or_exit()
    checks = [Check("settings", text=settings.base_url)]
    checks += await _database_and_keys(settings)
    checks.append(_disk(settings.data_dir))
    checks += await _reachable(settings)
    for check in checks:
        click.echo(f"{check.state:5}{check.name}" + (f": {check.text}" if check.text else ""))
    bad = sum(check.state == "MEND" for check in checks)
    if bad:
        raise click.ClickException(f"{bad} thing(s) to mend, see above.")


async def _database_and_keys(settings: Settings) -> list[Check]:
    checks: list[Check] = []
    try:
        async with open_house(settings) as house:
            checks.append(Check("database", text=house.db.engine))
            ahead = await house.db.read(newest_moment) - house.clock()
            keyring = Keyring(house, master_key(settings.keys_dir))
            await keyring.of(await keyring.instance())
            checks.append(Check("keys"))
    except (Problem, OSError, sqlite3.Error) as error:
        text = error.safe if isinstance(error, Problem) else str(error)
        return [*checks, Check("keys" if checks else "database", "MEND", text)]
    if ahead > MAX_CLOCK_SKEW_MS:
        text = f"{ahead // 1000} s behind what was last written. Set the clock, by NTP if you can."
        return [*checks, Check("clock", "MEND", text)]
    return [*checks, Check("clock", text=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))]


def _disk(folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(
            "disk",
            "MEND",
            f"cannot write to {folder}: {error.strerror}. Give the server's user the right to.",
        )
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        return Check("disk", "MEND", f"only {free // 1_000_000} MB free in {folder}. Make room.")
    return Check("disk", text=f"{free // 1_000_000} MB free")


async def _reachable(settings: Settings) -> list[Check]:
    """Whether the public address leads here, and what its clock says (RFC 9110 §6.6.1)."""
    parts = urlsplit(settings.base_url)
    try:
        socket.getaddrinfo(parts.hostname, parts.port or 443)
    except OSError:
        text = f"{parts.hostname} does not resolve. Check FEDI_BASE_URL and the DNS entry."
        return [Check("public address", "MEND", text)]
    network = Network(allow_private=True, own_host="", user_agent=f"fedi-community/{__version__} (doctor)")
    asked = time.time()
    try:
        answer = await network.get(f"{settings.base_url}/healthz")
    except FetchError as error:
        text = f"{settings.base_url} does not answer ({error.reason}). Start the server, or check the proxy."
        return [Check("public address", "note", text)]
    finally:
        await network.aclose()
    if answer.status != 200 or answer.body != b"ok\n":
        text = f"another program answers at {settings.base_url} (status {answer.status}). Check the proxy."
        return [Check("public address", "MEND", text)]
    apart = seconds_apart(answer.headers.get("date"), asked)
    if apart * 1000 > MAX_CLOCK_SKEW_MS:
        return [
            Check("public address", "MEND", f"its clock is {apart:.0f} s apart from ours. Set both by NTP.")
        ]
    return [Check("public address", text="answers")]


def seconds_apart(date: str | None, now: float) -> float:
    """Between a Date field (RFC 9110 §6.6.1) and `now` (s since 1970); 0 where there is none to compare with."""
    try:
        told = parsedate_to_datetime(date or "")
    except ValueError:
        return 0
    return abs((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() - now)
