"""`member`, `token`, `group`: who may log in, who may speak as whom, and the groups."""

from __future__ import annotations

import secrets
from typing import Any, Literal

import click

from fedi_community.auth import hash_password, new_secret, token_hash
from fedi_community.cli.common import asynchronous, must, open_house, settings_or_exit
from fedi_community.domain import accounts
from fedi_community.domain.effects import Decision, MakeToken
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Joins, Who
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House
from fedi_community.storage import client_queries

WHO = click.Choice([who.value for who in Who])
SCOPES = "read write follow push"


@click.group()
def member() -> None:
    """People who may log in."""


@member.command("create")
@click.argument("name")
@click.option("--email", required=True, help="Where mails to this member go; also a name to log in with.")
@click.option("--password", help="Made and printed when you give none.")
@click.option("--role", type=click.Choice(["member", "staff", "admin"]), default="member", show_default=True)
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True)
@asynchronous
async def create_member(name: str, email: str, password: str | None, role: Any, language: str) -> None:
    """Make a member. No confirmation is needed.

    \b
    Example:  fedi-community member create nadia --email nadia@example.org
    """
    settings = settings_or_exit()
    made = password or secrets.token_urlsafe(12)
    asked = accounts.NewMember(name, email, await hash_password(made), role, name=name, language=language)
    async with open_house(settings) as house:
        await must(house, Change(asked.needs(), lambda facts: accounts.decide_new_member(asked, facts), 2))
    click.echo(f"Made {role} {name} ({email}).")
    if password is None:
        click.echo(f"Password: {made}")


@member.command("suspend")
@click.argument("name")
@asynchronous
async def suspend_member(name: str) -> None:
    """Suspend a member: nothing of theirs is shown, and every log-in of theirs ends at once."""
    async with open_house(settings_or_exit()) as house:
        needs = Needs(handles=frozenset({(name, "")}))

        def decide(facts: Facts) -> Decision | Refusal:
            actor = facts.actor_by_handle.get((name, ""))
            return accounts.decide_suspend(actor.id if actor else 0, facts)

        await must(house, Change(needs, decide, 0))
    click.echo(f"Suspended {name}.")


@click.group()
def token() -> None:
    """Access tokens for clients."""


@token.command("create")
@click.argument("name")
@click.option("--scopes", default=SCOPES, show_default=True, help="Separated by spaces.")
@click.option("--as", "speaks_as", help="A group this member is staff of, or a persona; else the member.")
@asynchronous
async def create_token(name: str, scopes: str, speaks_as: str | None) -> None:
    """Print an access token for a client, which then speaks as the member or as a group.

    \b
    Example:  fedi-community token create nadia --as sleep_well
    """
    secret = new_secret()
    async with open_house(settings_or_exit()) as house:
        spoken = await house.db.read(lambda tx: client_queries.may_speak(tx, name, speaks_as or name))
        if spoken is None:
            raise click.ClickException(
                f"{name} may not speak as {speaks_as or name}. Make the member, or add it as staff of the group, first."
            )
        login_id, actor_id = spoken

        def decide(facts: Facts) -> Decision:
            made = MakeToken(
                facts.new_ids[0], token_hash(secret), "access", facts.now, login_id, actor_id, None, scopes
            )
            return Decision((made,), None)

        await must(house, Change(Needs(), decide, 1))
    click.echo(secret)


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


def _role_command(role: Literal["staff", "mentor"]) -> click.Command:
    @click.command(role)
    @click.argument("handle")
    @click.argument("action", type=click.Choice(["add", "remove"]))
    @click.argument("name")
    @asynchronous
    async def run(handle: str, action: str, name: str) -> None:
        async with open_house(settings_or_exit()) as house:
            await _set_role(house, handle, name, role, action == "add")
        click.echo(f"{name} is {'now' if action == 'add' else 'no longer'} {role} of {handle}.")

    command: click.Command = run
    example = f"Example:  fedi-community group {role} sleep_well add nadia"
    command.help = f"Make NAME {role} of the group HANDLE, or end it.\n\n\b\n{example}"
    return command


async def _set_role(house: House, handle: str, name: str, role: Any, on: bool) -> None:
    needs = Needs(handles=frozenset({(handle, ""), (name, "")}))

    def decide(facts: Facts) -> Decision | Refusal:
        group_actor, actor = facts.actor_by_handle.get((handle, "")), facts.actor_by_handle.get((name, ""))
        if group_actor is None or actor is None:
            return Refusal(
                "not_found",
                404,
                f"There is no {'group ' + handle if group_actor is None else 'member ' + name} here.",
            )
        return accounts.decide_role(group_actor.id, actor.id, role, on, facts)

    await must(house, Change(needs, decide, 0))


group.add_command(_role_command("staff"))
group.add_command(_role_command("mentor"))


@group.command("peers")
@click.argument("handle")
@click.argument("action", type=click.Choice(["allow", "deny"]))
@click.argument("host")
@asynchronous
async def peers(handle: str, action: str, host: str) -> None:
    """Which servers may hold approved members of a gated group.

    \b
    Example:  fedi-community group peers caregivers allow partner.example
    """
    async with open_house(settings_or_exit()) as house:
        needs = Needs(handles=frozenset({(handle, "")}))

        def decide(facts: Facts) -> Decision | Refusal:
            found = facts.actor_by_handle.get((handle, ""))
            return accounts.decide_peers(found.id if found else 0, host.lower(), action == "allow", facts)

        await must(house, Change(needs, decide, 0))
    click.echo(f"{host} is now {'allowed' if action == 'allow' else 'denied'} for {handle}.")
