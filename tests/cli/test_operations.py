"""The commands as an operator runs them: real processes on a fresh installation, on both databases."""

from __future__ import annotations

import http.server
import io
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path

import pytest

from fedi_community.cli import COMMANDS
from fedi_community.cli.doctor import seconds_apart
from tests.commands import run_command


class Installation:
    """A folder with settings, and commands run in it."""

    def __init__(self, folder: Path, database: str, **more: str) -> None:
        self.folder = folder
        self.database = folder / "community.db"
        self.environment = {
            "PATH": os.environ["PATH"], "FEDI_DATA": str(folder), "FEDI_KEYS": str(folder / "keys"),
            "FEDI_BASE_URL": "http://localhost:1", "FEDI_DATABASE_URL": database, **more,
        }  # fmt: skip

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(arguments, self.environment, self.folder)

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Installation:
    return Installation(tmp_path, database_url)


@contextmanager
def answering(body: bytes, date: str) -> Iterator[str]:
    """A program on loopback that says `body` to everything, with this Date."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", date)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "program",
    [[str(Path(sys.executable).with_name("fedi-community"))], [sys.executable, "-m", "fedi_community"]],
)
def test_the_program_starts_and_names_every_command(program: list[str], tmp_path: Path) -> None:
    done = subprocess.run([*program, "--help"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []


def test_what_patients_wrote_is_for_the_servers_user_alone(tmp_path: Path) -> None:
    made = Installation(tmp_path, "")
    made.ok("member", "create", "nadia", "--email", "nadia@example.org")
    made.ok("backup", str(tmp_path / "all.tar"))
    made.ok("export", "nadia", "--out", str(tmp_path / "nadia.jsonl"))
    for path in [p for p in tmp_path.rglob("*") if p.is_file()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"others may read {path.name}"


def test_a_backup_brings_back_what_was_there(installation: Installation) -> None:
    installation.ok("member", "create", "nadia", "--email", "nadia@example.org")
    archive = str(installation.folder / "all.tar")
    installation.ok("backup", archive)
    installation.ok("member", "create", "late", "--email", "late@example.org")
    installation.ok("restore", "--yes", archive)
    assert "nadia" in installation.ok("export", "nadia")
    lost = installation.run("export", "late")
    assert (lost.returncode, "no member late" in lost.stderr) == (1, True)


def test_what_is_no_backup_is_refused_and_changes_nothing(installation: Installation) -> None:
    installation.ok("member", "create", "nadia", "--email", "nadia@example.org")
    before = installation.ok("export", "nadia")
    outside, link, garbage = (
        installation.folder / name for name in ("outside.tar", "link.tar", "garbage.tar")
    )
    for path, name, kind in ((outside, "../stray", tarfile.REGTYPE), (link, "media", tarfile.SYMTYPE)):
        with tarfile.open(path, "w") as archive:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, str(installation.folder)
            archive.addfile(member, io.BytesIO())
    garbage.write_bytes(b"no archive")
    packed, twice = installation.folder / "packed.tar.gz", installation.folder / "twice.tar"
    packed.write_bytes(b"\x1f\x8b\x08\x00garbage")
    with tarfile.open(twice, "w") as archive:
        for name in ("media", "media/x"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    for path in (outside, link, garbage, packed, twice):
        done = installation.run("restore", "--yes", str(path))
        assert done.returncode == 1
        assert "Nothing was changed" in done.stderr
    assert installation.ok("export", "nadia") == before
    assert not (installation.folder.parent / "stray").exists()


def test_a_backup_of_nothing_says_so(tmp_path: Path) -> None:
    done = Installation(tmp_path, "").run("backup", str(tmp_path / "all.tar"))
    assert done.returncode == 1
    assert "no database" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_finds_a_sound_installation_sound(installation: Installation) -> None:
    with answering(b"ok\n", formatdate(usegmt=True)) as base:
        installation.environment["FEDI_BASE_URL"] = base
        installation.environment["FEDI_ALLOW_PRIVATE_PEERS"] = "1"
        lines = installation.ok("doctor").splitlines()
    assert all(line.startswith("ok ") for line in lines), lines
    assert {line[5:].split(":")[0] for line in lines} >= {
        "settings", "database", "keys", "clock", "disk", "public address",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "date", "says"),
    [
        (b"welcome to the proxy", formatdate(usegmt=True), "another program answers"),
        (b"ok\n", "Mon, 05 Jan 2026 10:00:00 GMT", "apart from ours"),
    ],
    ids=["another program", "another time"],
)
def test_the_doctor_says_what_is_wrong_with_the_public_address(
    tmp_path: Path, body: bytes, date: str, says: str
) -> None:
    with answering(body, date) as base:
        done = Installation(tmp_path, "", FEDI_BASE_URL=base, FEDI_ALLOW_PRIVATE_PEERS="1").run("doctor")
    assert done.returncode == 1
    assert says in done.stdout
    assert "1 thing(s) to mend" in done.stderr


def test_the_doctor_says_that_the_clock_is_behind_what_was_written(tmp_path: Path) -> None:
    made = Installation(tmp_path, "")
    made.ok("member", "create", "nadia", "--email", "nadia@example.org")
    with sqlite3.connect(made.database) as connection:
        later = "SELECT at + 3600000, action, detail FROM audit LIMIT 1"  # what stands in the log is never changed
        connection.execute(f"INSERT INTO audit (at, action, detail) {later}")
    connection.close()
    done = made.run("doctor")
    assert done.returncode == 1
    assert "MEND clock" in done.stdout


def test_the_doctor_says_that_the_keys_are_not_of_this_database(tmp_path: Path) -> None:
    made = Installation(tmp_path, "")
    made.ok("doctor")
    for key in (tmp_path / "keys").iterdir():
        key.unlink()
    done = made.run("doctor")
    assert done.returncode == 1
    assert "MEND keys" in done.stdout


def test_a_server_that_does_not_run_yet_is_a_note(installation: Installation) -> None:
    assert "note public address: http://localhost:1 does not answer" in installation.ok("doctor")


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Jan 2026 10:00:00 GMT"])
def test_a_date_that_cannot_be_read_accuses_nobody(date: str | None) -> None:
    assert seconds_apart(date, 1_800_000_000) == 0
