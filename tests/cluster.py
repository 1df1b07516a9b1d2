"""A PostgreSQL cluster of our own: in a temporary folder, not as root, on a free port, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _program(name: str) -> str | None:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    return shutil.which(name)


def installed() -> bool:
    """Whether PostgreSQL's server programs are on this machine."""
    return _program("initdb") is not None and _program("pg_ctl") is not None


def _other_user() -> int | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


MEMORY = Path("/dev/shm")  # Linux keeps it in memory
ROOM = 2 * 1024**3
"""Bytes that must be free there."""


def _in_memory() -> Path | None:
    """Where files are not written to a disk: a database is copied there in an eighth of the time (28 ms against 225)."""
    fits = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if fits else None


@contextmanager
def temporary_cluster(*settings: str, in_memory: bool = False) -> Iterator[str]:
    """`postgresql://tester@127.0.0.1:PORT` of a fresh cluster with these settings ("fsync=off")."""
    user = _other_user()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_in_memory() if in_memory else None))
    if user is not None:
        os.chown(folder, user, -1)
    run = {"check": True, "stdout": subprocess.DEVNULL, "user": user, "cwd": folder}
    port = free_port()
    options = " ".join(
        [f"-p {port} -k {folder} -h 127.0.0.1", *(f"-c {s}" for s in ("max_connections=200", *settings))]
    )
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    subprocess.run(
        [initdb, "-D", folder / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C"], **run
    )
    subprocess.run([pg_ctl, "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start"], **run)
    try:
        yield f"postgresql://tester@127.0.0.1:{port}"
    finally:
        subprocess.run([pg_ctl, "-D", folder / "data", "-m", "immediate", "stop"], **run)
        shutil.rmtree(folder, ignore_errors=True)
