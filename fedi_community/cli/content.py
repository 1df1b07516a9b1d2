"""`feed`: blogs, video channels and news that come into groups."""

from __future__ import annotations

import asyncio

import click

from fedi_community import __version__
from fedi_community.cli.common import asynchronous, configure_logs, must, open_house, settings_or_exit
from fedi_community.domain import articles
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.errors import Refusal
from fedi_community.feeds.poller import FeedPoller
from fedi_community.network import Network
from fedi_community.perform import Change


@click.group()
def feed() -> None:
    """Content that comes in by feeds."""


@feed.command("add")
@click.argument("handle")
@click.argument("url")
@click.option(
    "--author", default="newsroom", show_default=True, help="The actor that writes; made when missing."
)
@click.option(
    "--from-others", is_flag=True, help="The feed is not the clinic's own: its articles are marked so."
)
@asynchronous
async def add(handle: str, url: str, author: str, from_others: bool) -> None:
    """Publish the entries of a feed (RSS, Atom, JSON Feed) in a group, once each.

    \b
    Example:  fedi-community feed add sleep_well https://blog.example/feed/
    """
    if not url.startswith(("https://", "http://")):
        raise click.ClickException("The address of a feed begins with https://")
    async with open_house(settings_or_exit()) as house:

        def decide(facts: Facts) -> Decision | Refusal:
            return articles.decide_add_feed(handle, author, url, not from_others, facts)

        await must(house, Change(articles.add_feed_needs(handle, author, url), decide, 2))
    click.echo("Added. `fedi-community feed poll --once` fetches it now; a running server within a moment.")


@feed.command("poll")
@click.option("--once", is_flag=True, help="Poll every feed once and end; otherwise go on as they fall due.")
@asynchronous
async def poll(once: bool) -> None:
    """Fetch feeds now.

    \b
    Example:  fedi-community feed poll --once
    """
    settings = settings_or_exit()
    configure_logs(settings)
    network = Network(
        allow_private=settings.allow_private_peers,
        own_host=settings.host,
        user_agent=f"fedi-community/{__version__} (+{settings.base_url}/)",
    )
    try:
        async with open_house(settings) as house:
            poller = FeedPoller(house, settings, network)
            if not once:
                await poller.run()
                return
            failed = 0
            for row, result in await poller.poll_all():
                failed += result.problem is not None
                click.echo(
                    _line(
                        row.url,
                        result.published,
                        result.edited,
                        result.unchanged,
                        result.refused,
                        result.problem,
                    )
                )
            await asyncio.sleep(0)
            if failed:
                raise click.ClickException(f"{failed} feed(s) could not be read; the lines above say why.")
    finally:
        await network.aclose()


def _line(url: str, published: int, edited: int, unchanged: int, refused: int, problem: str | None) -> str:
    if problem:
        return f"{url}: {problem}"
    return f"{url}: {published} published, {edited} edited, {unchanged} unchanged, {refused} refused"
