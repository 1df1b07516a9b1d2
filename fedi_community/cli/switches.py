"""`group change` and `group invite`: a group's switches, with what follows said first, and invitations."""

from __future__ import annotations

import click

from fedi_community import auth
from fedi_community.cli.common import asynchronous, must, open_house, settings_or_exit
from fedi_community.cli.groups import WHO, find_group, group
from fedi_community.domain import joining, switches
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Joins, Who
from fedi_community.domain.switch_words import words as said_in
from fedi_community.errors import Refusal
from fedi_community.perform import Change
from fedi_community.storage import joining as rows
from fedi_community.storage.facts import load


@group.command("change")
@click.argument("handle")
@click.option("--finds", type=WHO, help="Who finds it.")
@click.option("--reads", type=WHO, help="Who reads in it.")
@click.option("--posts", type=WHO, help="Who starts discussions.")
@click.option("--replies", type=WHO, help="Who replies.")
@click.option("--joins", type=click.Choice([j.value for j in Joins]))
@click.option("--question", help="Asked of those who ask to join; empty for none.")
@click.option("--yes", is_flag=True, help="Do not ask, do it.")
@asynchronous
async def change(
    handle: str, joins: str | None, question: str | None, yes: bool, **given: str | None
) -> None:
    """Change the switches of the group HANDLE. What follows from it is said first, and done when you agree.

    \b
    Examples:
      fedi-community group change caregivers --reads members --joins approval
      fedi-community group change caregivers --question "What brings you here?"
    """
    chosen = {name: Who(word) if word else None for name, word in given.items()}
    asked = switches.Asked(**chosen, joins=Joins(joins) if joins else None, question=question)
    async with open_house(settings_or_exit()) as house:
        found = await find_group(house, handle)
        needs = Needs(actor_ids=frozenset({found.id}))
        facts = await house.db.read(lambda tx: load(tx, needs, house.clock(), (), house.base_url))
        before = facts.group(found.id)
        then = switches.after(before, asked)
        if isinstance(then, Refusal):
            raise click.ClickException(then.safe)
        for line in said_in(switches.consequences(before, then), "en"):
            click.echo(line)
        if then == before or not (yes or click.confirm("Change it?")):
            return

        def decide(facts: Facts) -> Decision | Refusal:
            return switches.decide_change(found.id, None, None, asked, facts)

        await must(house, Change(switches.needs(found.id, None, asked), decide, switches.ids))
    click.echo(f"Changed group {handle}.")


@group.command("invite")
@click.argument("handle")
@click.option(
    "--uses", type=int, default=1, show_default=True, help="People whom it lets in; 0 for any number."
)
@click.option(
    "--days", type=int, default=joining.USUAL_INVITATION_DAYS, show_default=True, help="Until it ends."
)
@click.option("--note", default="", help="For whom it is.")
@click.option("--list", "listed", is_flag=True, help="Show the invitations that let in.")
@click.option("--end", type=int, help="Number of an invitation that is to let in nobody more.")
@asynchronous
async def invite(handle: str, uses: int, days: int, note: str, listed: bool, end: int | None) -> None:
    """Make an invitation to the group HANDLE and print its address, which is shown this once; or list them, or end one.

    \b
    Examples:
      fedi-community group invite caregivers --uses 10 --note "the Tuesday circle"
      fedi-community group invite caregivers --list
    """
    async with open_house(settings_or_exit()) as house:
        found = await find_group(house, handle)
        if listed:
            for one in await house.db.read(lambda tx: rows.living(tx, found.id, house.clock())):
                left = "any" if one.uses_left is None else one.uses_left
                click.echo(f"{one.id}  left {left}, used {one.used}  {one.note}")
            return
        needs, secret = joining.invite_needs(found.id, None), auth.new_secret()

        def decide(facts: Facts) -> Decision | Refusal:
            if end is not None:
                return joining.decide_revoke(found.id, end, None, None, facts)
            hash_ = auth.token_hash(secret)
            return joining.decide_invite(found.id, None, None, hash_, uses or None, days, note, facts)

        await must(house, Change(needs, decide, 1))
        click.echo(f"{house.base_url}/invitations/{secret}" if end is None else f"Ended {end}.")


__all__ = ["group"]
