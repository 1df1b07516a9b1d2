"""OAuth scopes of the client API: which there are, what covers what. Pure.

Scopes are hierarchical: `read` covers every `read:…`, `follow` both kinds of blocks, follows and mutes. (Mastodon, "OAuth scopes".)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_READ: Final = (
    "accounts blocks bookmarks favourites filters follows lists mutes notifications search statuses".split()
)
_WRITE: Final = (
    "accounts blocks bookmarks conversations favourites filters follows lists media mutes notifications reports statuses"
).split()
_ADMIN: Final = "accounts reports domain_allows domain_blocks ip_blocks email_domain_blocks canonical_email_blocks".split()
FOLLOW: Final = frozenset(
    f"{kind}:{thing}" for kind in ("read", "write") for thing in ("blocks", "follows", "mutes")
)
SCOPES: Final[tuple[str, ...]] = (
    "read", *(f"read:{x}" for x in _READ),
    "write", *(f"write:{x}" for x in _WRITE),
    "follow", "push", "profile",
    "admin:read", *(f"admin:read:{x}" for x in _ADMIN),
    "admin:write", *(f"admin:write:{x}" for x in _ADMIN),
)  # fmt: skip
"""Every scope there is, the wide one before its parts."""
_KNOWN: Final = frozenset(SCOPES)
_BETWEEN: Final = re.compile(r"[\s+]+")


def parse(text: str) -> tuple[str, ...] | None:
    """Scopes separated by spaces or `+`, each once, in their order; `read` when there are none; None for an unknown one."""
    found = tuple(dict.fromkeys(part for part in _BETWEEN.split(text) if part))
    return None if set(found) - _KNOWN else found or ("read",)


def covers(held: Iterable[str], needed: str) -> bool:
    """Whether what is held allows what is needed."""
    have = held if isinstance(held, frozenset) else frozenset(held)
    if needed in have:
        return True
    wide, _, _ = needed.rpartition(":")
    return (wide in have and wide != "admin") or (needed in FOLLOW and "follow" in have)


def within(asked: Iterable[str], registered: Iterable[str]) -> bool:
    """Whether an application may ask for these scopes: each is covered by one it registered."""
    have = frozenset(registered)
    return all(covers(have, one) for one in asked)
