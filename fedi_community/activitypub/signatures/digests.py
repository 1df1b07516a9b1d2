"""Digests of bodies (Digest, RFC 3230; Content-Digest, RFC 9530) and of follower lists (FEP-8fcf)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping

import http_sf

from fedi_community.activitypub.signatures.message import refuse
from fedi_community.errors import Refusal

MAX_DIGEST_FIELD = 1024

_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def digest(body: bytes) -> str:
    """The value of a `Digest` field."""
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def content_digest(body: bytes) -> str:
    """The value of a `Content-Digest` field."""
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode("ascii") + ":"


def check_digests(headers: Mapping[str, str], body: bytes) -> Refusal | None:
    """Recompute every digest that the request lists, in either field; all must match, and each field needs sha-256.

    An algorithm that cannot be recomputed refuses the request. Absent fields are no refusal: what must be there is a
    matter of coverage.
    """
    for field, parse in (("digest", _parse_digest), ("content-digest", _parse_content_digest)):
        text = headers.get(field)
        if text is None:
            continue
        listed = parse(text) if len(text) <= MAX_DIGEST_FIELD else None
        if listed is None:
            return refuse("digest_malformed")
        if "sha-256" not in listed:
            return refuse("digest_no_sha256")
        for name, value in listed.items():
            if name not in _HASHES:
                return refuse("digest_algorithm")
            if _HASHES[name](body).digest() != value:
                return refuse("digest_mismatch")
    return None


def partial_digest(ids: Iterable[str]) -> str:
    """XOR of the SHA-256 of each follower id, in hex; 64 zeros for none (FEP-8fcf)."""
    combined = 0
    for follower in ids:
        combined ^= int.from_bytes(hashlib.sha256(follower.encode("utf-8")).digest(), "big")
    return f"{combined:064x}"


def _parse_digest(text: str) -> dict[str, bytes] | None:
    listed: dict[str, bytes] = {}
    for part in text.split(","):
        name, separator, value = part.strip(" \t").partition("=")
        name = name.lower()
        if not separator or not name or name in listed:
            return None
        try:
            listed[name] = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return None
    return listed


def _parse_content_digest(text: str) -> dict[str, bytes] | None:
    repeated: list[str] = []
    try:
        parsed = http_sf.parse(
            text.encode("ascii"), tltype="dictionary", on_duplicate_key=lambda key, _: repeated.append(key)
        )
    except ValueError:
        return None
    if repeated or not isinstance(parsed, dict):
        return None
    listed: dict[str, bytes] = {}
    for name, member in parsed.items():
        if not isinstance(member, tuple) or not isinstance(member[0], bytes):
            return None
        listed[name] = member[0]
    return listed
