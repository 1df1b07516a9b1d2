"""What somebody is told, and what his policy keeps apart: pure. Rows are written by `storage/notifications`, which asks here.

A *kind* is Mastodon's type of notification; ours that no client knows begin with `group_`. Whether he may still read what a
notification is about is asked anew whenever it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

How = Literal["accept", "filter", "drop"]
HOW: Final = ("accept", "filter", "drop")
WHO: Final = (
    "for_not_following",
    "for_not_followers",
    "for_new_accounts",
    "for_private_mentions",
    "for_limited_accounts",
)
"""Whose notifications a policy may keep apart."""
USUAL: Final[Mapping[str, How]] = {**dict.fromkeys(WHO, "accept"), "for_limited_accounts": "drop"}
"""What holds where somebody chose nothing: of those whom the server limited nobody hears who does not follow them."""
FROM_PEOPLE: Final = frozenset({"mention", "status", "reblog", "follow", "follow_request", "favourite"})
"""Kinds that a policy is asked about: never what moderators and members are told by the server itself."""
NEW_MS: Final = 30 * 86_400_000
"""So long an account counts as new."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Sender:
    """How the one who causes a notification stands to the one who is told. settled: accepted or dismissed as a sender."""

    followed: bool
    follows: bool
    since: int
    private: bool
    limited: bool
    settled: str | None = None


def verdict(rules: Mapping[str, str], kind: str, sender: Sender, now: int) -> How:
    """Whether a notification is shown, kept apart or not written. Who is followed, or was accepted, is always heard."""
    if kind not in FROM_PEOPLE or sender.followed or sender.settled == "accepted":
        return "accept"
    chosen = {**USUAL, **rules}
    asked = {
        "for_not_following": True,
        "for_not_followers": not sender.follows,
        "for_new_accounts": now - sender.since < NEW_MS,
        "for_private_mentions": sender.private,
        "for_limited_accounts": sender.limited,
    }
    found = [chosen[who] for who, holds in asked.items() if holds]
    return "drop" if "drop" in found else "filter" if "filter" in found else "accept"


GROUPED: Final = ("favourite", "reblog", "follow")
"""Kinds that are shown together: those of one post, and the follows of one day."""


def together(
    kind: str, notification_id: int, object_id: int | None, created: int, grouped: frozenset[str]
) -> str:
    """The key under which a notification is shown with its like."""
    if kind not in grouped or (kind != "follow" and object_id is None):
        return f"ungrouped-{notification_id}"
    return f"{kind}-{created // DAY_MS if kind == 'follow' else object_id}"


@dataclass(frozen=True, slots=True)
class Together:
    """What a key stands for. kind "" is one notification by its id."""

    kind: str
    number: int

    @property
    def span(self) -> tuple[int, int]:
        """The times of a day of follows."""
        return self.number * DAY_MS, (self.number + 1) * DAY_MS


def read_key(key: str) -> Together | None:
    """The reverse of `together`; None for what is none."""
    kind, _, number = key.rpartition("-")
    if not number.isdigit() or len(number) > 19 or kind not in (*GROUPED, "ungrouped"):
        return None
    return Together("" if kind == "ungrouped" else kind, int(number))
