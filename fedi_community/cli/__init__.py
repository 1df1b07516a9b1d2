"""The command line: one group of commands a file. Every command has help and examples, every error says what to do."""

from __future__ import annotations

import os

import click

from fedi_community import __version__
from fedi_community.cli.audit import audit
from fedi_community.cli.content import feed
from fedi_community.cli.demo import demo
from fedi_community.cli.doctor import doctor
from fedi_community.cli.hosts import allow, block, hosts_group
from fedi_community.cli.operations import backup, explain, export, restore
from fedi_community.cli.people import member, token
from fedi_community.cli.personas import persona
from fedi_community.cli.serving import migrate, serve, work
from fedi_community.cli.switches import group


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


for command in (
    demo,
    serve,
    work,
    migrate,
    doctor,
    member,
    token,
    persona,
    group,
    feed,
    block,
    allow,
    hosts_group,
    audit,
    explain,
    export,
    backup,
    restore,
):
    main.add_command(command)
