"""What the two signature forms share: the request as it was received, a parsed signature, and header fields.

Values only. Nothing here verifies anything.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from fedi_community.errors import Refusal

SINGLE_FIELDS = frozenset(
    {
        "authorization",
        "content-digest",
        "content-length",
        "content-type",
        "date",
        "digest",
        "host",
        "signature",
        "signature-input",
    }
)
"""Fields of which a second copy refuses the request: two readers could take two different ones."""

MAX_COVERED = 32
MAX_SIGNATURE_FIELD = 8192
"""Characters of a Signature or Signature-Input field."""
MAX_KEY_ID = 2048
MAX_SIGNATURE_BYTES = 1024

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_IMF_FIXDATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_KEY_ID = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it came in.

    method: upper case. target: path and query exactly as received (origin form). headers: lower-case names, see
    `collect_headers`. body: raw bytes. scheme: that of this server's public address.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    scheme: str = "https"

    @property
    def needs_digest(self) -> bool:
        """Whether the body must be bound by a digest: everything but reading."""
        return self.method not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """A signature that was parsed and not yet verified.

    algorithm: as declared, or None; the key's type decides. covered: component names in their order. created, expires:
    seconds, or None. params: the `@signature-params` value in its canonical form (RFC 9421 only).
    """

    kind: Literal["cavage", "rfc9421"]
    key_id: str
    algorithm: str | None
    covered: tuple[str, ...]
    signature: bytes
    created: int | None = None
    expires: int | None = None
    params: str = ""


def refuse(reason: str) -> Refusal:
    """A refusal of the signature gate: 401, with one text for all reasons."""
    return Refusal(reason, 401, "The request is not signed as this server requires.")


def collect_headers(fields: Iterable[tuple[bytes | str, bytes | str]]) -> dict[str, str] | Refusal:
    """Header fields with lower-case names; repeated fields joined by ", " where that is legal.

    A repeated field of SINGLE_FIELDS, and control characters in a value, refuse the request.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name = (raw_name if isinstance(raw_name, str) else raw_name.decode("latin-1")).lower()
        value = (raw_value if isinstance(raw_value, str) else raw_value.decode("latin-1")).strip(" \t")
        if "\n" in value or "\r" in value or "\0" in value:
            return refuse("malformed_header")
        if name not in headers:
            headers[name] = value
        elif name in SINGLE_FIELDS:
            return refuse("duplicate_header")
        else:
            headers[name] += ", " + value
    return headers


def is_key_id(text: object) -> bool:
    """Printable ASCII without spaces, quotes and backslashes; whether it is a URL is the fetcher's question."""
    return isinstance(text, str) and len(text) <= MAX_KEY_ID and _KEY_ID.fullmatch(text) is not None


def parse_date(text: str) -> int | None:
    """Seconds of an HTTP date (IMF-fixdate, RFC 9110 section 5.6.7), None if malformed. The weekday is not checked."""
    match = _IMF_FIXDATE.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    month = _MONTHS[match[2]]
    if not 1 <= day <= calendar.monthrange(max(year, 1), month)[1] or hour > 23 or minute > 59 or second > 60:
        return None
    return calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0))


@lru_cache(maxsize=8)
def format_date(seconds: int) -> str:
    """The HTTP date of a time in seconds."""
    now = time.gmtime(seconds)
    weekday = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[now.tm_wday]
    month = tuple(_MONTHS)[now.tm_mon - 1]
    return f"{weekday}, {now.tm_mday:02} {month} {now.tm_year:04} {now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02} GMT"


def base_of(parts: Iterable[tuple[str, str | None]], encoding: str) -> bytes | Refusal:
    """The bytes to be signed, in either form: `name: value`, a line each. A covered part that is not there is None."""
    lines: list[str] = []
    for name, value in parts:
        if value is None:
            return refuse("covered_field_missing")
        lines.append(f"{name}: {value}")
    try:
        return "\n".join(lines).encode(encoding)
    except UnicodeEncodeError:
        return refuse("malformed_header")


def split_url(url: str) -> tuple[str, str]:
    """(authority, path and query) of an absolute URL in its form on the wire; raises ValueError for another."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if not separator or scheme not in ("https", "http") or not authority or not slash or "#" in url:
        raise ValueError("not an absolute URL as it goes on the wire")
    return authority, "/" + path
