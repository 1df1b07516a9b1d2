"""`block`, `allow`: how this server stands to others."""

from __future__ import annotations

import click

from fedi_community.cli.common import asynchronous, must, open_house, settings_or_exit
from fedi_community.domain import memberships
from fedi_community.domain.facts import Needs
from fedi_community.domain.memberships import HostState
from fedi_community.domain.origins import canonical_host
from fedi_community.perform import Change
from fedi_community.storage import hosts

LISTED = "--list takes no host."


def _name(host: str | None) -> str:
    if host is None:
        raise click.ClickException("Say which host, as in spam.example, or --list.")
    name = canonical_host(host)
    if name is None:
        raise click.ClickException(f"{host!r} is no host name. Give it as in spam.example")
    return name


async def _set(name: str, state: HostState | None = None, listed: bool | None = None) -> None:
    async with open_house(settings_or_exit()) as house:
        await must(
            house, Change(Needs(), lambda f: memberships.decide_host(name, f, state=state, listed=listed), 0)
        )


@click.command()
@click.argument("host", required=False)
@click.option("--state", type=click.Choice(["suspended", "limited", "ok"]), default="suspended", show_default=True,
              help="limited: its people are heard by those who follow them. ok: the same as --lift.")  # fmt: skip
@click.option("--lift", is_flag=True, help="End the block, whatever it was.")
@click.option("--list", "show", is_flag=True, help="Show the blocked hosts.")
@asynchronous
async def block(host: str | None, state: HostState, lift: bool, show: bool) -> None:
    """Suspend a host: nothing comes from it, nothing goes to it, it sees nothing, and whatever its people followed or joined
    here has ended. With --state limited what they write stands in no public or topic timeline, notifies nobody who does not
    follow them, and their follows need approval.

    \b
    Examples:
      fedi-community block spam.example
      fedi-community block loud.example --state limited
      fedi-community block spam.example --lift
    """
    if show:
        if host is not None:
            raise click.ClickException(LISTED)
        async with open_house(settings_or_exit()) as house:
            for name, how in await house.db.read(hosts.blocked):
                click.echo(f"{how:<10} {name}")
        return
    name = _name(host)
    wanted: HostState = "ok" if lift else state
    await _set(name, wanted)
    click.echo(f"{name} is {wanted}.")


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
            for name in await house.db.read(hosts.listed):
                click.echo(name)
        return
    name = _name(host)
    await _set(name, listed=not remove)
    click.echo(f"{name} is {'no longer listed' if remove else 'listed'}.")
