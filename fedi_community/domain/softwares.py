"""What a server's software does with a closed group: keeps it for its members, shows its people what names them, or neither. Pure.

The name is what the server says of itself (NodeInfo): enough to refuse one that says it cannot, and never a reason to trust it.
Staff list hosts, and let in each member.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from fedi_community.errors import Refusal

Keeps = Literal["group", "named", "nothing", "unknown"]
"""group: it shows a closed group to its members alone. named: it knows no closed groups, and shows a post to those whom it names.
nothing: it would show the posts to others. unknown: it does not say what it is."""

GROUPS: Final[dict[str, int]] = {"fedi-community": 0, "lemmy": 1, "streams": 0, "forte": 0, "hubzilla": 0}
"""Software with closed groups of its own, from this major version on."""
MICROBLOGS: Final = frozenset(
    {"mastodon", "hometown", "gotosocial", "misskey", "sharkey", "iceshrimp", "akkoma", "pleroma", "mitra"}
)
UNFIT: Final = Refusal(
    "unfit_software",
    422,
    "The software of this server cannot keep a group private: what its members read in the group, others would read there too. "
    "Servers with Lemmy 1.0 or newer, this software, Hubzilla, streams or Forte can. People of Mastodon, GoToSocial, Misskey, "
    "Akkoma and the like can be members too: each of them gets the posts by name.",
)
_MAJOR: Final = re.compile(r"\D*(\d+)")


def keeps(software: str) -> Keeps:
    """software: name and version, as `"lemmy 1.0.2"`; "" for unknown."""
    name, _, version = software.partition(" ")
    if not name:
        return "unknown"
    if name in MICROBLOGS:
        return "named"
    if name not in GROUPS:
        return "nothing"
    major = _MAJOR.match(version)
    return "group" if (int(major[1]) if major else 0) >= GROUPS[name] else "nothing"
