"""`member`, `token`: who may log in, and who may speak as whom."""

from __future__ import annotations

import secrets
from typing import Any

import click

from fedi_community import cases
from fedi_community.auth import hash_password, new_secret, token_hash
from fedi_community.cli.common import asynchronous, must, open_house, settings_or_exit
from fedi_community.domain import account_measures, accounts, badges, measures
from fedi_community.domain.effects import Decision, MakeToken
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.origins import canonical_host
from fedi_community.errors import Refusal
from fedi_community.perform import Change
from fedi_community.storage import badges as badge_rows
from fedi_community.storage import client_queries, views

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


@member.command("badge")
@click.argument("name")
@click.argument("action", type=click.Choice(["list", "add", "remove"]))
@click.argument("label", required=False)
@asynchronous
async def badge(name: str, action: str, label: str | None) -> None:
    """What this server says of the member NAME: list it, say LABEL, or say it no longer.

    \b
    Example:  fedi-community member badge nadia add clinician
    """
    if (action == "list") is (label is not None):
        raise click.ClickException("`list` takes no label." if action == "list" else "Say which badge.")
    settings = settings_or_exit()
    async with open_house(settings) as house:
        actor = await house.db.read(lambda tx: views.actor_by_handle(tx, name))
        if actor is None:
            raise click.ClickException(f"There is no member {name} here.")
        held = await house.db.read(lambda tx: badge_rows.of(tx, actor.id))
        if label is None:
            for one in held:
                click.echo(f"{one.issuer} says: {one.label}")
            return
        known = next((one.id for one in held if one.label == label), 0)
        if action == "remove" and not known:
            raise click.ClickException(f"{name} has no badge {label}.")

        def decide(facts: Facts) -> Decision | Refusal:
            if action == "remove":
                return badges.decide_revoke(actor.id, known, badges.By(), facts)
            return badges.decide_grant(actor.id, label, settings.site_name, len(held), badges.By(), facts)

        await must(house, Change(Needs(actor_ids=frozenset({actor.id})), decide, 2))
    click.echo(f"{settings.site_name} {'says' if action == 'add' else 'no longer says'} of {name}: {label}")


@member.command("held-names")
@click.option("--allow", help="name@host whose name may be shown.")
@click.option("--hold", help="name@host who is to be shown by the handle again.")
@asynchronous
async def held_names(allow: str | None, hold: str | None) -> None:
    """Accounts of other servers whose name claims to be who runs this one: list them, or let one be shown.

    \b
    Example:  fedi-community member held-names --allow clinic@partner.example
    """
    if allow and hold:
        raise click.ClickException("Give one of --allow and --hold.")
    async with open_house(settings_or_exit()) as house:
        if not allow and not hold:
            found = await house.db.read(badge_rows.held_names)
            people = await house.db.read(lambda tx: views.load_actors(tx, [one.actor_id for one in found]))
            for one in found:
                shown = "shown" if one.allowed else "held"
                click.echo(f"{shown:<6} {people[one.actor_id].acct}  {one.name}")
            return
        handle, _, host = (allow or hold or "").removeprefix("@").partition("@")
        actor = await house.db.read(lambda tx: views.actor_by_handle(tx, handle, canonical_host(host) or "-"))
        if actor is None:
            raise click.ClickException(f"Nobody is known here as {allow or hold}.")

        def decide(facts: Facts) -> Decision | Refusal:
            return badges.decide_allow_name(actor.id, bool(allow), badges.By(), facts)

        await must(house, Change(Needs(actor_ids=frozenset({actor.id})), decide, 0))
    click.echo(f"{allow or hold} is {'shown by that name' if allow else 'shown by the handle'}.")


@member.command("suspend")
@click.argument("name")
@click.option("--why", default="", help="What the member is told.")
@click.option(
    "--days", type=click.IntRange(1, measures.LONGEST_S // 86_400), help="For so long; for good without it."
)
@click.option("--lift", is_flag=True, help="Take it back.")
@asynchronous
async def suspend_member(name: str, why: str, days: int | None, lift: bool) -> None:
    """Suspend a member: nothing of theirs is shown, and every log-in of theirs ends at once. The member gets a mail with a link
    under which they can say that it was wrong; somebody of the staff decides that.

    \b
    Examples:
      fedi-community member suspend spammer --why "You sold pills here."
      fedi-community member suspend spammer --lift
    """
    if lift and (why or days):
        raise click.ClickException("--lift goes with neither --why nor --days.")
    settings = settings_or_exit()
    async with open_house(settings) as house:
        actor = await house.db.read(lambda tx: views.actor_by_handle(tx, name))
        if actor is None or actor.is_group:
            raise click.ClickException(f"There is no member {name} here.")
        await cases.measure(
            house, settings.keys_dir, actor.id, "unsuspend" if lift else "suspend", None, text=why, mail=True,
            seconds=days * 86_400 if days else None,
        )  # fmt: skip
    click.echo(f"{name} is no longer suspended." if lift else f"Suspended {name}.")


@member.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@asynchronous
async def delete_member(name: str, yes: bool) -> None:
    """Delete a member with all that they wrote, for somebody who asks for it and cannot log in. Other servers are asked to delete
    their copies. It cannot be taken back, and nobody else can have the name. Other names of theirs end within
    eight days.

    \b
    Example:  fedi-community member delete nadia
    """
    if not yes:
        click.confirm(f"Delete {name} and all that {name} wrote, for good?", abort=True)
    async with open_house(settings_or_exit()) as house:
        actor = await house.db.read(lambda tx: views.actor_by_handle(tx, name))
        if actor is None or actor.is_group or actor.state == "deleted":
            raise click.ClickException(f"There is no member {name} here.")
        needs = account_measures.measure_needs(actor.id, None)
        await must(house, Change(needs, lambda f: account_measures.decide_erase(actor.id, None, f), 1))
    click.echo(f"Deleted {name}. The server, while it runs, asks the others to delete their copies.")


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
