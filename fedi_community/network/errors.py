"""How a request to another server can fail: one exception with an enumerated reason.

The detail names hosts, numbers and exception classes; never a body, a header value or a key.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why no answer came back. The words are counted in metrics and asserted in tests."""

    BAD_URL = "bad_url"  # not an address that may be requested at all
    OWN_HOST = "own_host"  # this server never asks itself
    BLOCKED_ADDRESS = "blocked_address"  # a literal or a DNS answer outside the public internet
    DNS = "dns"  # the name does not resolve
    CONNECT = "connect"  # no TCP connection to any checked address
    TLS = "tls"  # handshake or certificate
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"  # closed before the answer was whole
    BAD_RESPONSE = "bad_response"  # not HTTP/1.1, or a head beyond the limits
    BAD_ENCODING = "bad_encoding"  # a content coding we did not ask for, or a damaged one
    TOO_LARGE = "too_large"  # body, or decompressed body
    REDIRECT_LOOP = "redirect_loop"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_REFUSED = "redirect_refused"  # another scheme, or another origin where not allowed
    BUSY = "busy"  # every connection of the pool is in use


RETRYABLE: frozenset[Reason] = frozenset(
    {
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.TIMEOUT,
        Reason.DISCONNECTED,
        Reason.BAD_RESPONSE,
        Reason.BUSY,
    }
)


class FetchError(Exception):
    """No usable answer. `retryable` says whether the same request may succeed later."""

    def __init__(self, reason: Reason, detail: str = "", *, retryable: bool | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
        self.retryable = reason in RETRYABLE if retryable is None else retryable
