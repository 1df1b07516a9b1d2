"""`audit`: read the log."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from fedi_community.cli.common import asynchronous, open_house, settings_or_exit
from fedi_community.perform import House
from fedi_community.storage import audit_shown, views
from fedi_community.storage.audit import Wanted
from fedi_community.storage.audit_shown import ShownLine

MAX_LINES = 1000
"""Lines that the command shows at most."""


def _line(line: ShownLine) -> str:
    at = datetime.fromtimestamp(line.at / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    by = "-" if line.by is None else f"staff of {line.by.handle}" if line.by.is_group else line.by.acct
    more = [f"in {line.group.handle}"] if line.group is not None else []
    more += [f"about {line.target.acct}"] if line.target is not None else []
    more += [f"post {line.object_id}"] if line.object_id else []
    more += [f"{key}={value}" for key, value in sorted(line.detail.items())]
    return "  ".join((at, by, line.action, *more))


@click.command()
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="From this day or minute (UTC) on."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="Until before it.")
@click.option("--action", default="", help="One kind of act, as in host_suspended.")
@click.option("--by", help="Who acted: a member, or a group as which staff spoke.")
@click.option("--group", "group", help="In which group.")
@click.option("--limit", type=click.IntRange(1, MAX_LINES), default=100, show_default=True,
              help="How many lines.")  # fmt: skip
@asynchronous
async def audit(
    since: datetime | None, until: datetime | None, action: str, by: str | None, group: str | None, limit: int
) -> None:
    """Show the log, the newest first: what was done, by whom, about whom. Who is behind another name is never in it.

    \b
    Examples:
      fedi-community audit --since 2026-11-01
      fedi-community audit --group sleep --action remove
    """
    async with open_house(settings_or_exit()) as house:
        ids = {handle: await _id_of(house, handle) for handle in (by, group) if handle}
        wanted = Wanted(action, ids.get(by or "", 0), ids.get(group or "", 0), _ms(since), _ms(until))
        found = await house.db.read(lambda tx: audit_shown.page(tx, None, wanted, None, None, limit))
        for line in found.lines:
            click.echo(_line(line))


async def _id_of(house: House, handle: str) -> int:
    actor = await house.db.read(lambda tx: views.actor_by_handle(tx, handle.removeprefix("@")))
    if actor is None:
        raise click.ClickException(f"There is nobody called {handle} here.")
    return actor.id


def _ms(moment: datetime | None) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000) if moment else 0
