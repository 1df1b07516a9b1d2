"""`persona`: other names that members write under; and who is behind one, which two of the staff learn together."""

from __future__ import annotations

from typing import Any

import click

from fedi_community.auth import names
from fedi_community.cli.common import asynchronous, must, open_house, settings_or_exit
from fedi_community.domain import personas
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House
from fedi_community.storage import personas as rows
from fedi_community.storage import sessions, views


@click.group()
def persona() -> None:
    """Other names that members write under."""


async def _login(house: House, name: str) -> int:
    found = await house.db.read(lambda tx: sessions.login_by_handle(tx, name))
    if found is None:
        raise click.ClickException(f"There is no member {name}.")
    return found.id


async def _staff(house: House, name: str) -> int:
    found = await house.db.read(lambda tx: sessions.login_by_handle(tx, name))
    if found is None or found.role not in ("staff", "admin") or found.state != "active":
        raise click.ClickException(f"{name} is not one of the staff.")
    return found.id


async def _actor(house: House, handle: str) -> int:
    found = await house.db.read(lambda tx: views.actor_by_handle(tx, handle))
    if found is None:
        raise click.ClickException(f"There is nobody called {handle}.")
    return found.id


@persona.command("create")
@click.argument("member")
@click.argument("handle")
@click.option("--name", required=True, help="What others read; nothing that tells who it is.")
@click.option("--group", "group_handle", help="The one group that it is for.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True)
@asynchronous
async def create(member: str, handle: str, name: str, group_handle: str | None, language: str) -> None:
    """Give a member another name. Nobody else can tell whose it is.

    \b
    Example:  fedi-community persona create nadia quiet_river --name "Quiet River"
    """
    async with open_house(settings_or_exit()) as house:
        group = await _actor(house, group_handle) if group_handle else None
        made = await names.make_persona(house, await _login(house, member), handle, name, group, language)
        if isinstance(made, Refusal):
            raise click.ClickException(made.safe)
    click.echo(f"Made {handle.lower()}.")


@persona.command("list")
@click.argument("member")
@asynchronous
async def listed(member: str) -> None:
    """The names of a member: for the member's own request."""
    async with open_house(settings_or_exit()) as house:
        login = await _login(house, member)
        found = await house.db.read(lambda tx: rows.names(tx, login))
    for name in found:
        group = f"  only in {name.group[1]}" if name.group else ""
        click.echo(f"{name.handle}  {name.role}  {name.state}{group}")


@persona.command("end")
@click.argument("member")
@click.argument("handle")
@asynchronous
async def end(member: str, handle: str) -> None:
    """End a member's other name, with all that was written under it."""
    async with open_house(settings_or_exit()) as house:
        done = await names.end_persona(house, await _login(house, member), await _actor(house, handle))
        if isinstance(done, Refusal):
            raise click.ClickException(done.safe)
    click.echo(f"Ended {handle}.")


@persona.command("unmask")
@click.argument("handle")
@click.option("--by", required=True, help="Who of the staff asks.")
@click.option("--reason", required=True, help="Kept in the log.")
@asynchronous
async def unmask(handle: str, by: str, reason: str) -> None:
    """Ask who is behind a name. Another one of the staff has to confirm it within three days.

    \b
    Example:  fedi-community persona unmask quiet_river --by chief --reason "Threatens a member"
    """
    async with open_house(settings_or_exit()) as house:
        actor, login = await _actor(house, handle), await _staff(house, by)
        change = Change(
            personas.kin_needs(actor), lambda facts: personas.decide_unmask(actor, login, reason, facts), 1
        )
        done = await must(house, change)
    click.echo(f"Asked. Another one of the staff confirms it with: persona confirm {done.result} --by NAME")


async def _step(key: int, by: str, decide: Any) -> tuple[int, str]:
    async with open_house(settings_or_exit()) as house:
        login = await _staff(house, by)
        asked = await house.db.read(lambda tx: rows.unmasking(tx, key))
        if asked is None:
            raise click.ClickException("Nobody asked for this.")
        change = Change(
            personas.unmask_needs(key, asked.actor_id), lambda facts: decide(key, login, facts), 0
        )
        done = (await must(house, change)).result or 0
        found = await house.db.read(lambda tx: views.load_actors(tx, [done]))
        return done, found[done].handle if done in found else ""


@persona.command("confirm")
@click.argument("key", type=int)
@click.option("--by", required=True, help="Another one of the staff.")
@asynchronous
async def confirm(key: int, by: str) -> None:
    """Confirm what another one of the staff asked. The member is told a month later."""
    await _step(key, by, personas.decide_confirm)
    click.echo(f"Confirmed. Each of the two reads the name once, with: persona read {key} --by NAME")


@persona.command("read")
@click.argument("key", type=int)
@click.option("--by", required=True, help="One of the two.")
@asynchronous
async def read(key: int, by: str) -> None:
    """Read who is behind a name: once for each of the two of the staff."""
    click.echo((await _step(key, by, personas.decide_read))[1])
