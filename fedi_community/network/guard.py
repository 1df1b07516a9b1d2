"""The SSRF guard: which URLs may be requested, and which addresses a name may lead to.

A name is resolved once and *every* answer is checked; the caller connects to the checked address itself,
so that a second answer (DNS rebinding) is never asked for. Nothing here opens a connection.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

import httpx

from fedi_community.network.addresses import is_public
from fedi_community.network.errors import FetchError, Reason

MAX_URL_LENGTH = 2048
DNS_SECONDS = 5.0
DEFAULT_PORTS = {"https": 443, "http": 80}

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""(ASCII host name, port) -> addresses as text, in the order to try. Raises OSError when there are none."""

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_AUTHORITY_END = re.compile(r"[/?#]")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be requested, taken apart once.

    text: the URL as it goes on the wire (A-label host, escaped path, no fragment, no default port): sign
    this one.
    authority: `host` or `host:port`, as in the Host header. origin: `scheme://authority`.
    """

    url: httpx.URL
    text: str
    scheme: str
    host: str
    port: int
    authority: str

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


@lru_cache(maxsize=2048)
def check_url(url: str, allow_private: bool = False) -> Target:
    """Take a URL apart, or raise `FetchError(bad_url)`.

    https on port 443 only; with `allow_private` also http and any port. User information, control
    characters, backslashes, a trailing dot and numbers that only look like an IPv4 address are refused.
    """
    if not 0 < len(url) <= MAX_URL_LENGTH or _FORBIDDEN.search(url):
        raise FetchError(Reason.BAD_URL, "length or characters")
    try:
        parsed = httpx.URL(url).copy_with(fragment=None)
        host = parsed.raw_host.decode("ascii")
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(Reason.BAD_URL, type(error).__name__) from None
    if parsed.scheme not in DEFAULT_PORTS or (parsed.scheme == "http" and not allow_private):
        raise FetchError(Reason.BAD_URL, "scheme")
    if "@" in _AUTHORITY_END.split(url.partition("//")[2], maxsplit=1)[0]:
        raise FetchError(Reason.BAD_URL, "user information")
    if not _is_literal(host) and not _is_name(host):
        raise FetchError(Reason.BAD_URL, "host")
    port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not (0 < port < 65536 if allow_private else port == 443):
        raise FetchError(Reason.BAD_URL, "port")
    authority = parsed.netloc.decode("ascii").lower()
    text = f"{parsed.scheme}://{authority}{parsed.raw_path.decode('ascii')}"
    return Target(httpx.URL(text), text, parsed.scheme, host, port, authority)


async def checked_addresses(
    host: str, port: int, resolver: Resolver, allow_private: bool = False
) -> list[str]:
    """All addresses of `host`, every one of them public; raises FetchError(dns | blocked_address)."""
    if _is_literal(host):
        addresses = [host]
    else:
        try:
            async with asyncio.timeout(DNS_SECONDS):
                addresses = await resolver(host, port)
        except TimeoutError:
            raise FetchError(Reason.DNS, "resolver timed out") from None
        except (OSError, UnicodeError) as error:
            raise FetchError(Reason.DNS, type(error).__name__) from None
        if not addresses:
            raise FetchError(Reason.DNS, "no addresses")
    if not allow_private and not all(is_public(address) for address in addresses):
        raise FetchError(Reason.BLOCKED_ADDRESS, host)
    return addresses


def system_resolver(executor: Executor) -> Resolver:
    """The operating system's resolver, run in threads of its own so that slow names do not starve other
    work."""

    async def resolve(host: str, port: int) -> list[str]:
        def lookup() -> list[str]:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return list(dict.fromkeys(str(entry[4][0]) for entry in found))

        return await asyncio.get_running_loop().run_in_executor(executor, lookup)

    return resolve


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    if len(host) > 253 or _NAME.fullmatch(host) is None:
        return False
    # The system's resolver reads 2130706433, 0x7f.1 and 127.1 as addresses; a top-level domain is never a
    # number.
    return re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rsplit(".", 1)[-1]) is None
