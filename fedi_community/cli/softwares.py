"""What another server runs, asked from the command line, and what that means for a closed group."""

from __future__ import annotations

from typing import Final

from fedi_community import __version__
from fedi_community.activitypub.fetch import Fetcher
from fedi_community.config import Settings
from fedi_community.network import Network
from fedi_community.peers import learn_software
from fedi_community.perform import House

MEANS: Final = {
    "group": "That keeps a closed group for its members.",
    "named": "That knows no closed groups: each member there gets the posts by name, "
    "and what he answers is read by members on this server alone.",
    "unknown": "It does not say what it runs just now. Whoever asks to join from there is refused if it says later "
    "that it cannot keep a group private.",
}


async def software_of(house: House, settings: Settings, host: str) -> str:
    """Name and version, "" where the server does not say; kept for later."""
    network = Network(
        allow_private=settings.allow_private_peers,
        own_host=settings.host,
        user_agent=f"fedi-community/{__version__} (+{settings.base_url}/)",
    )
    try:
        return await learn_software(
            house, Fetcher(network, None, allow_http=settings.allow_private_peers), host
        )
    finally:
        await network.aclose()
