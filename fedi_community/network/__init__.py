"""The only way out: requests to other servers, with the SSRF guard, limits and connection pool.

Rooms above use what is named here and nothing else; no other room imports an HTTP client.
"""

from fedi_community.network.addresses import is_public
from fedi_community.network.client import (
    HARD_TIMEOUT_SECONDS,
    MAX_ANSWER_BYTES,
    MAX_BODY_BYTES,
    MAX_REDIRECTS,
    TIMEOUT_SECONDS,
    Network,
    Response,
    Sign,
)
from fedi_community.network.errors import FetchError, Reason
from fedi_community.network.guard import Resolver, Target, check_url

__all__ = [
    "HARD_TIMEOUT_SECONDS",
    "MAX_ANSWER_BYTES",
    "MAX_BODY_BYTES",
    "MAX_REDIRECTS",
    "TIMEOUT_SECONDS",
    "FetchError",
    "Network",
    "Reason",
    "Resolver",
    "Response",
    "Sign",
    "Target",
    "check_url",
    "is_public",
]
