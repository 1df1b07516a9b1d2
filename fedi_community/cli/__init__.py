"""The command line: one group of commands a file. Every command has help and examples, every error says what to do.

A command's file is read when the command is asked for: reading all of them takes a second of CPU, which a script that makes
a hundred members would pay a hundred times.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Final

import click

from fedi_community import __version__

COMMANDS: Final = {
    "demo": "demo",
    "serve": "serving",
    "work": "serving",
    "migrate": "serving",
    "doctor": "doctor",
    "member": "people",
    "token": "people",
    "persona": "personas",
    "group": "switches",
    "feed": "content",
    "block": "hosts",
    "allow": "hosts",
    "hosts": "hosts",
    "audit": "audit",
    "explain": "operations",
    "export": "operations",
    "backup": "operations",
    "restore": "operations",
}
"""A command, and the file of this folder where it is defined under its own name."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{COMMANDS[cmd_name]}"), cmd_name)
        return command


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="fedi-community")
def main() -> None:
    """A federated community: groups, articles and threaded discussions.

    Settings come from FEDI_… variables or fedi.toml; see docs/reference/settings.md.

    \b
    Try it:     fedi-community demo
    Run it:     FEDI_BASE_URL=https://community.example fedi-community serve
    """
    # The database, mails, exports and backups hold what patients wrote: they are for this user's eyes alone.
    os.umask(0o077)
