"""Follower synchronisation (FEP-8fcf): the digest of an actor's followers on one server, and the header field that names it. Pure.

A digest says whether two servers hold the same people for followers, and nothing of who they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

FIELD: Final = "Collection-Synchronization"
MAX_FIELD: Final = 4_096
"""Characters of the field; a longer one is left alone."""
_PARAMETER: Final = re.compile(r'\s*([A-Za-z]+)="([^"\\]*)"\s*(?:,|$)')
_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Synchronization:
    """What a header field says. collection: URI of the signer's followers. url: where those of them on the receiver's server are
    listed. digest: of these, 64 hex digits."""

    collection: str
    url: str
    digest: str


def digest_of(followers: Iterable[str]) -> str:
    """64 hex digits: the SHA-256 of each follower's id, all of them XORed; zeros for nobody."""
    return hex_of(number_of(followers))


def number_of(followers: Iterable[str]) -> int:
    """The same as a number, to which more can be added with `^`."""
    found = 0
    for uri in followers:
        found ^= int.from_bytes(hashlib.sha256(uri.encode()).digest())
    return found


def hex_of(number: int) -> str:
    return f"{number:064x}"


def written(said: Synchronization) -> str:
    """The field's value."""
    return f'collectionId="{said.collection}", url="{said.url}", digest="{said.digest}"'


def parsed(field: str) -> Synchronization | None:
    """What a field says; None where it is not clean, or leaves something out."""
    if len(field) > MAX_FIELD:
        return None
    found: dict[str, str] = {}
    at = 0
    while at < len(field):
        match = _PARAMETER.match(field, at)
        if match is None or match[1] in found:
            return None
        found[match[1]], at = match[2], match.end()
    if not {"collectionId", "url", "digest"} <= found.keys():
        return None
    digest = found["digest"].lower()
    if not _DIGEST.match(digest):
        return None
    return Synchronization(found["collectionId"], found["url"], digest)
