"""`block`, `allow`, `hosts`: how this server stands to others."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import click

from fedi_community.cli.common import asynchronous, must, open_house, settings_or_exit
from fedi_community.domain import hosts as rules
from fedi_community.domain import memberships
from fedi_community.domain.facts import Needs
from fedi_community.domain.origins import canonical_host
from fedi_community.domain.stands import FREE, HostState, Stand
from fedi_community.perform import Change
from fedi_community.storage import hosts as rows

LISTED = "--list takes no host."
WHY = {
    "header": "the first line must name the columns, as in #domain,#severity", "columns": "the columns do not fit",
    "host": "no host name", "own": "this is our own server", "severity": "no severity (suspend, silence or noop)",
    "flag": "neither true nor false", "comment": f"a comment has at most {rules.MAX_COMMENT} characters",
    "text": "not UTF-8 text",
    "size": f"a list has at most {rules.MAX_LIST_LINES:,} lines and {rules.MAX_LIST_BYTES // 1024} KiB",
}  # fmt: skip


def _name(host: str | None) -> str:
    if host is None:
        raise click.ClickException("Say which host, as in spam.example, or --list.")
    name = canonical_host(host)
    if name is None:
        raise click.ClickException(f"{host!r} is no host name. Give it as in spam.example")
    return name


def _line(stand: Stand) -> str:
    more = [
        word for word, on in (("no media", stand.reject_media), ("no reports", stand.reject_reports)) if on
    ]
    return f"{stand.state:<10} {stand.host}" + (f"  ({', '.join(more)})" if more else "")


@click.command()
@click.argument("host", required=False)
@click.option("--state", type=click.Choice(["suspended", "limited", "ok"]),
              help="limited: its people are heard by those who follow them. ok: the same as --lift. Without it: suspended, or as "
                   "it is where media or reports are to be rejected.")  # fmt: skip
@click.option("--no-media", is_flag=True, help="Show no pictures, films or sounds of its people.")
@click.option("--no-reports", is_flag=True, help="Take its reports and drop them.")
@click.option("--comment", help="Why, for everybody; it goes into an exported list.")
@click.option("--lift", is_flag=True, help="End the block, whatever it was.")
@click.option("--list", "show", is_flag=True, help="Show the blocked hosts.")
@asynchronous
async def block(
    host: str | None, state: HostState | None, no_media: bool, no_reports: bool, comment: str | None, lift: bool, show: bool
) -> None:  # fmt: skip
    """Suspend a host: nothing comes from it, nothing goes to it, it sees nothing, and whatever its people followed or joined
    here has ended. With --state limited what they write stands in no public or topic timeline, notifies nobody who does not
    follow them, and their follows need approval. With --no-media what they attach is not shown.

    \b
    Examples:
      fedi-community block spam.example
      fedi-community block loud.example --state limited
      fedi-community block rude.example --no-media
      fedi-community block spam.example --lift
    """
    if show:
        if host is not None:
            raise click.ClickException(LISTED)
        async with open_house(settings_or_exit()) as house:
            for stand in await house.db.read(rows.blocked):
                click.echo(_line(stand))
        return
    name = _name(host)
    async with open_house(settings_or_exit()) as house:
        if lift or (state == "ok" and not (no_media or no_reports)):
            await must(house, Change(Needs(), lambda f: memberships.decide_host(name, f, state="ok"), 0))
            click.echo(f"{name} is ok.")
            return
        found = (await house.db.read(lambda tx: rows.stands(tx, [name]))).get(name, replace(FREE, host=name))
        wanted = replace(
            found, state=state or (found.state if no_media or no_reports else "suspended"),
            reject_media=no_media or found.reject_media, reject_reports=no_reports or found.reject_reports,
            public_comment=found.public_comment if comment is None else comment.strip(),
        )  # fmt: skip
        if isinstance(rules.name_of(name, house.host), str):
            await must(house, Change(rules.stand_needs(name), lambda f: rules.decide_stand(wanted, f), 0))
        else:
            raise click.ClickException(rules.OWN.safe)
    click.echo(f"{name} is {wanted.state}." if not (no_media or no_reports) else _line(wanted))


@click.command()
@click.argument("host", required=False)
@click.option("--remove", is_flag=True, help="Take the host off the list.")
@click.option("--list", "show", is_flag=True, help="Show the listed hosts.")
@asynchronous
async def allow(host: str | None, remove: bool, show: bool) -> None:
    """List a host. With FEDI_FEDERATION=listed only listed hosts may write to this server, sign requests to it and get
    deliveries; else the list has no effect. A block counts all the same.

    \b
    Examples:
      fedi-community allow partner.example
      fedi-community allow --list
    """
    if show:
        if host is not None:
            raise click.ClickException(LISTED)
        async with open_house(settings_or_exit()) as house:
            for name in await house.db.read(rows.listed):
                click.echo(name)
        return
    name = _name(host)
    async with open_house(settings_or_exit()) as house:
        await must(house, Change(Needs(), lambda f: memberships.decide_host(name, f, listed=not remove), 0))
    click.echo(f"{name} is {'no longer listed' if remove else 'listed'}.")


@click.group("hosts")
def hosts() -> None:
    """Lists of blocked hosts, in the CSV that other servers share."""


@hosts.command("export")
@click.argument("file", type=click.File("wb"))
@asynchronous
async def export_hosts(file: BinaryIO) -> None:
    """Write the blocked hosts to a file (- for standard output): domain, severity, what is rejected, and the public comment.

    \b
    Example:  fedi-community hosts export blocked.csv
    """
    async with open_house(settings_or_exit()) as house:
        file.write(rules.write_list(await house.db.read(rows.blocked)).encode())


@hosts.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--loosen", is_flag=True, help="Also where the list is milder than we are now.")
@asynchronous
async def import_hosts(file: BinaryIO, dry_run: bool, loosen: bool) -> None:
    """Block the hosts of a list (- for standard input): all of it, or nothing if one line makes no sense. Where we are stricter
    already, that stays.

    \b
    Examples:
      fedi-community hosts import blocked.csv --dry-run
      fedi-community hosts import blocked.csv
    """
    body = file.read(rules.MAX_LIST_BYTES + 1)
    async with open_house(settings_or_exit()) as house:
        found = rules.read_list(body, house.host)
        if found.wrong:
            for wrong in found.wrong[: rules.MAX_WRONG]:
                said = f": {wrong.what!r}" if wrong.what else ""
                click.echo(f"Line {wrong.line}: {WHY[wrong.why]}{said}", err=True)
            raise click.ClickException(f"{len(found.wrong)} lines make no sense. Nothing was changed.")

        known = await house.db.read(lambda tx: rows.stands(tx, [one.host for one in found.stands]))
        made = rules.plan(found.stands, known, loosen)
        ending = await house.db.read(lambda tx: rows.ending(tx, made.suspended))
        if not dry_run:
            needs = rules.list_needs(found.stands)
            await must(house, Change(needs, lambda f: rules.decide_list(found.stands, f, loosen=loosen), 0))
    would = "would be " if dry_run else ""
    looser = f", {len(made.looser)} milder" if loosen else ""
    click.echo(f"{would}{len(made.new)} new, {len(made.stricter)} stricter{looser}, {made.known} known")
    if ending:
        click.echo(f"{ending} follows and memberships of their people {'would end' if dry_run else 'ended'}")
    if found.twice:
        click.echo(f"{found.twice} lines named a host again; the strictest counts")
