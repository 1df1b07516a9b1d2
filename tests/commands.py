"""Commands of the program as processes of their own, without the price of starting each.

Reading the program takes a second and more of CPU, and the tests run hundreds of commands. So one process reads it once, and
every command is a fork of that one: with its own environment, folder, standard streams and exit code. That the program starts
as it is installed is tried by the servers of the tests and by `test_operations`, which start it as a shell does.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from fedi_community.cli import COMMANDS

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([f"fedi_community.cli.{name}" for name in sorted(set(COMMANDS.values()))])


def run_command(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """What `fedi-community WORDS` answers there. Raises `subprocess.TimeoutExpired` as `subprocess.run` does."""
    with TemporaryDirectory() as place:
        said, wrong = Path(place, "out"), Path(place, "err")
        process = _PROCESSES.Process(
            target=_command, args=(list(words), dict(environment), str(folder), str(said), str(wrong))
        )
        process.start()
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(words), seconds)
        code = process.exitcode if process.exitcode is not None else -1
        return subprocess.CompletedProcess(list(words), code, said.read_text(), wrong.read_text())


def _command(words: list[str], environment: dict[str, str], folder: str, said: str, wrong: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for path, stream in ((said, 1), (wrong, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), stream)
    from fedi_community.cli import main

    sys.argv = ["fedi-community", *words]
    main(words, prog_name="fedi-community")
