"""`group`: groups, who runs them, who is in them, and which other servers they admit."""

from __future__ import annotations

import click

from fedi_community.cli.common import asynchronous, must, open_house, settings_or_exit
from fedi_community.domain import accounts, held, memberships, roles, softwares
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import POWERS, USUAL_POWERS, Joins, Who
from fedi_community.domain.origins import canonical_host
from fedi_community.domain.views import ActorView
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House
from fedi_community.storage import held as held_rows
from fedi_community.storage import members as rows
from fedi_community.storage import views

_USUAL = ", ".join(one for one in POWERS if one in USUAL_POWERS)
WHO = click.Choice([who.value for who in Who])


@click.group()
def group() -> None:
    """Groups and who runs them."""


@group.command("create")
@click.argument("handle")
@click.option("--name", required=True, help="What people read as its name.")
@click.option("--summary", default="", help="A sentence or two about it.")
@click.option("--language", type=click.Choice(["en", "es"]))
@click.option("--finds", type=WHO, default="everyone", show_default=True, help="Who finds it.")
@click.option("--reads", type=WHO, default="everyone", show_default=True, help="Who reads in it.")
@click.option("--posts", type=WHO, default="members", show_default=True, help="Who starts discussions.")
@click.option("--replies", type=WHO, default="everyone", show_default=True, help="Who replies.")
@click.option("--joins", type=click.Choice([j.value for j in Joins]), default="open", show_default=True)
@asynchronous
async def create_group(
    handle: str, name: str, summary: str, language: str | None, joins: str, **words: str
) -> None:
    """Make a group.

    \b
    Examples:
      fedi-community group create sleep_well --name "Sleep well"
      fedi-community group create caregivers --name Caregivers --reads members --joins approval
    """
    switches = {key: Who(word) for key, word in words.items()}
    asked = accounts.NewGroup(handle, name, summary, language, joins=Joins(joins), **switches)  # type: ignore[arg-type]
    async with open_house(settings_or_exit()) as house:
        await must(house, Change(asked.needs(), lambda facts: accounts.decide_new_group(asked, facts), 2))
    click.echo(f"Made group {handle}.")


@group.command("staff")
@click.argument("handle")
@click.argument("action", type=click.Choice(["add", "remove"]))
@click.argument("name")
@asynchronous
async def staff(handle: str, action: str, name: str) -> None:
    """Make NAME staff of the group HANDLE, who speak as the group and choose its mentors, or end it. What spoke as the group for
    NAME ends with it: tokens, open streams, push messages.

    \b
    Example:  fedi-community group staff sleep_well add nadia
    """
    async with open_house(settings_or_exit()) as house:
        await _set_role(house, handle, name, "staff", action == "add")
    click.echo(f"{name} is {'now' if action == 'add' else 'no longer'} staff of {handle}.")


@group.command("mentor")
@click.argument("handle")
@click.argument("action", type=click.Choice(["add", "remove"]))
@click.argument("name")
@click.option("--powers", help=f"Which of {', '.join(POWERS)}, with commas between; without it {_USUAL}.")
@asynchronous
async def mentor(handle: str, action: str, name: str, powers: str | None) -> None:
    """Make NAME mentor of the group HANDLE with chosen powers, change them (add again), or end it.

    \b
    posts     remove, restore, lock, pin, redact; answer what is held
    members   answer who asks, invite, take out, ban
    reports   work on reports
    settings  change the group's switches, name and words

    \b
    Examples:
      fedi-community group mentor sleep_well add nadia
      fedi-community group mentor sleep_well add nadia --powers posts,reports
      fedi-community group mentor sleep_well remove nadia
    """
    if powers is not None and action == "remove":
        raise click.ClickException("Powers are chosen when adding: who is no longer mentor has none.")
    chosen = None if powers is None else frozenset(one.strip() for one in powers.split(",") if one.strip())
    async with open_house(settings_or_exit()) as house:
        await _set_role(house, handle, name, "mentor", action == "add", chosen)
    click.echo(f"{name} is {'now' if action == 'add' else 'no longer'} mentor of {handle}.")


async def _set_role(
    house: House, handle: str, name: str, role: roles.Role, on: bool, powers: frozenset[str] | None = None
) -> None:
    found = await find_group(house, handle)
    person = await house.db.read(lambda tx: views.actor_by_handle(tx, name))
    if person is None:
        raise click.ClickException(f"There is no member {name} here.")

    def decide(facts: Facts) -> Decision | Refusal:
        return roles.decide_role(found.id, person.id, role, on, facts, powers=powers)

    await must(house, Change(roles.role_needs(found.id, person.id, name), decide, roles.IDS))


async def find_group(house: House, handle: str) -> ActorView:
    found = await house.db.read(lambda tx: views.actor_by_handle(tx, handle))
    if found is None or not found.is_group:
        raise click.ClickException(f"There is no group {handle} here.")
    return found


async def _person(house: House, name: str) -> ActorView:
    """`name` of this server, or `name@host` of another one that is known here."""
    handle, _, host = name.removeprefix("@").partition("@")
    at = canonical_host(host) if host else ""
    found = await house.db.read(lambda tx: views.actor_by_handle(tx, handle, at)) if at is not None else None
    if found is None:
        raise click.ClickException(f"Nobody is known here as {name}.")
    return found


@group.command("member")
@click.argument("handle")
@click.argument("action", type=click.Choice(["list", "add", "remove", "approve", "refuse"]))
@click.argument("name", required=False)
@asynchronous
async def member(handle: str, action: str, name: str | None) -> None:
    """Who is in the group HANDLE: list them and those who ask, let in past invitation and approval (add), take out (remove), or
    answer one who asked (approve, refuse). NAME is of this server, or name@host.

    \b
    Examples:
      fedi-community group member caregivers list
      fedi-community group member caregivers approve nadia
    """
    if (action == "list") is (name is not None):
        raise click.ClickException(
            "`list` takes no name." if action == "list" else f"Say whom: group member {handle} {action} NAME"
        )
    async with open_house(settings_or_exit()) as house:
        found = await find_group(house, handle)
        if name is None:
            await _list(house, found.id)
            return
        person = await _person(house, name)

        def decide(facts: Facts) -> Decision | Refusal:
            match action:
                case "add":
                    return memberships.decide_membership(found.id, person.id, facts)
                case "remove":
                    return memberships.decide_removal(found.id, person.id, facts)
            return memberships.decide_request(found.id, None, person.id, action == "approve", facts)

        await must(house, Change(memberships.between(found.id, person.id), decide, 3))
    said = {"add": "is in", "approve": "is in", "remove": "is no longer in", "refuse": "was refused by"}[
        action
    ]
    click.echo(f"{person.acct} {said} {handle}.")


async def _list(house: House, group_id: int) -> None:
    after = 0
    while page := await house.db.read(lambda tx, after=after: rows.members(tx, group_id, after)):  # type: ignore[misc]
        for one in page:
            click.echo(f"{one.role:<8} {one.acct}")
        after = page[-1].id


@group.command("peers")
@click.argument("handle")
@click.argument("action", type=click.Choice(["allow", "deny"]))
@click.argument("host")
@asynchronous
async def peers(handle: str, action: str, host: str) -> None:
    """Which servers may hold approved members of a gated group. One whose software cannot keep a group private is refused. Denying
    one takes all its people out of the group at once, and tells them.

    \b
    Example:  fedi-community group peers caregivers allow partner.example
    """
    name = canonical_host(host)
    if name is None:
        raise click.ClickException(f"{host!r} is no host name. Give it as in partner.example")
    settings = settings_or_exit()
    async with open_house(settings) as house:
        found = await find_group(house, handle)
        software = ""
        if action == "allow":
            # Here, since no other command needs the network: reading it costs each call a second.
            from fedi_community.cli.softwares import MEANS, software_of

            software = await software_of(house, settings, name)
            if software:
                click.echo(f"{name} says that it runs {software}.")

        def decide(facts: Facts) -> Decision | Refusal:
            return memberships.decide_peers(found.id, name, action == "allow", facts, software)

        await must(house, Change(memberships.peers_needs(found.id, name), decide, memberships.peers_ids))
    click.echo(f"{name} is now {'allowed' if action == 'allow' else 'denied'} for {handle}.")
    if action == "allow":
        click.echo(MEANS[softwares.keeps(software)])


@group.command("held")
@click.argument("handle")
@click.option("--publish", type=int, help="Number of a post that is published.")
@click.option("--remove", type=int, help="Number of a post that is taken out.")
@asynchronous
async def held_posts(handle: str, publish: int | None, remove: int | None) -> None:
    """Posts that wait to be read in the group HANDLE; `-` stands for those outside groups.

    \b
    Examples:
      fedi-community group held caregivers
      fedi-community group held caregivers --publish 115841907490816000
    """
    if publish is not None and remove is not None:
        raise click.ClickException("Give one of --publish and --remove.")
    async with open_house(settings_or_exit()) as house:
        group_id = None if handle == "-" else (await find_group(house, handle)).id
        chosen = publish or remove
        if chosen is None:
            for one in await house.db.read(lambda tx: held_rows.shown(tx, group_id)):
                click.echo(f"{one.id}  {one.handle}: {one.text}")
            return

        def decide(facts: Facts) -> Decision | Refusal:
            return held.decide(chosen, None, publish is not None, facts, group_id=group_id)

        await must(house, Change(held.needs(chosen, None), decide, held.IDS))
    click.echo(f"{'Published' if publish else 'Removed'} {chosen}.")
