"""URLs as identities: which origin an id belongs to, and whether a URL may be an id at all.

Pure text work (FEP-fe34): no name is resolved here and no address is judged; whether a host may be *connected to* is
the network's question. Nothing else in the house may compare hosts of ids by its own means.

An *origin* is `scheme://host[:port]`: scheme and host in lower case, the host as A-labels (IDNA 2008), the default port
left out. A *canonical* URL is the same URL with its origin written that way, so that two spellings of one id are equal.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final

import idna

MAX_URL: Final = 2048
"""Longest URL that may be an id, in characters."""
MAX_HOST: Final = 253

# Outside the authority: no white space, control character, backslash, quote or angle bracket; the bidirectional
# controls too, since an id is shown to moderators.
_FORBIDDEN: Final = '\\s\x00-\x20\x7f-\x9f\\\\"<>\u200e\u200f\u202a-\u202e\u2066-\u2069'
_URL: Final = re.compile(
    rf"(https?)://([^/?#@{_FORBIDDEN}]+)((?:[/?#][^{_FORBIDDEN}]*)?)\Z", re.IGNORECASE | re.UNICODE
)
_CANONICAL: Final = re.compile(
    r"(https?://((?:(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!xn--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?))"
    rf"(?:[/?#][^{_FORBIDDEN}]*)?\Z"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}\Z")
_DEFAULT_PORT: Final = {"http": "80", "https": "443"}


def origin(uri: str) -> str | None:
    """`https://host[:port]` of an http(s) URL, or None when the URL may not be an id.

    Refused: other schemes, userinfo, backslash, white space and control characters, a trailing dot, an empty or
    out-of-range port, percent-encoding or non-ASCII dots in the host, hosts that IDNA 2008 refuses or would first have
    to map (full-width letters), shorthand IPv4 such as `127.1`, and more than `MAX_URL` characters.
    """
    if len(uri) <= MAX_URL and (plain := _CANONICAL.match(uri)) and len(plain[2]) <= MAX_HOST:
        return plain[1]
    parts = _parts(uri)
    return None if parts is None else parts[0]


def canonical(uri: str) -> str | None:
    """The URL with its origin in canonical spelling, or None as in `origin`; path, query and fragment stay."""
    if len(uri) <= MAX_URL and (plain := _CANONICAL.match(uri)) and len(plain[2]) <= MAX_HOST:
        return uri
    parts = _parts(uri)
    return None if parts is None else parts[0] + parts[1]


def same_origin(a: str, b: str) -> bool:
    """Whether both are ids of one origin; false when either may not be an id."""
    left = origin(a)
    return left is not None and left == origin(b)


def valid_id(uri: str, allow_http: bool = False) -> bool:
    """Whether the URL may name an actor, object or activity. Plain http only where the operator allows it."""
    found = origin(uri)
    return found is not None and (allow_http or found.startswith("https://"))


def host_of(uri: str) -> str | None:
    """The host with its port when that is not the default (`peer.example`, `peer.example:8443`), or None."""
    found = origin(uri)
    return None if found is None else found.partition("://")[2]


def canonical_host(host: str) -> str | None:
    """A host (with or without port, as in a handle or a setting) in canonical spelling, or None; https is assumed."""
    return host_of(f"https://{host}")


def _parts(uri: str) -> tuple[str, str] | None:
    if len(uri) > MAX_URL or (match := _URL.match(uri)) is None:
        return None
    scheme = match[1].lower()
    authority = match[2]
    if authority.startswith("["):
        address, bracket, rest = authority.partition("]")
        host, colon, port = address + bracket, rest[:1], rest[1:]
        if not bracket or colon not in ("", ":"):
            return None
    else:
        host, colon, port = authority.partition(":")
    if colon and (not _PORT.match(port) or int(port) > 65_535):
        return None
    name = _host(host)
    if name is None:
        return None
    suffix = f":{port}" if port and port != _DEFAULT_PORT[scheme] else ""
    return f"{scheme}://{name}{suffix}", match[3]


@lru_cache(maxsize=4096)
def _host(host: str) -> str | None:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return None
    name = host.lower()
    if not name.isascii() or "xn--" in name:
        try:
            # Strict: only "." parts labels, and nothing is mapped. Two spellings of one host would be a trap.
            name = idna.encode(name, strict=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    labels = name.split(".")
    if len(name) > MAX_HOST or not all(_LABEL.match(label) for label in labels):
        return None
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        # As browsers do: a name that ends in a number is an address, and only in its full spelling.
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            return None
    return name
