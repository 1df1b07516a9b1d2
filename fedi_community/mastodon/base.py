"""What every endpoint shares: who asks and with which scope, JSON answers with CORS, pages with `Link`, limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from quart import Response, request

from fedi_community.auth import Speaker, viewer_of_token
from fedi_community.config import Settings
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.errors import Problem
from fedi_community.peers import Peers
from fedi_community.perform import House

EXPOSED: Final = "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id"
CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Expose-Headers": EXPOSED,
    "Access-Control-Max-Age": "86400",
}
UNAUTHORISED: Final = "The access token is invalid"


@dataclass(frozen=True, slots=True)
class Api:
    """What endpoints are handed."""

    house: House
    settings: Settings
    peers: Peers


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: `speaker` is None for nobody."""

    speaker: Speaker | None

    @property
    def viewer(self) -> Viewer:
        return self.speaker.viewer if self.speaker is not None else STRANGER

    @property
    def actor_id(self) -> int:
        """The acting actor; endpoints that use it require a token."""
        if self.speaker is None:
            raise Problem(401, "no_token", UNAUTHORISED)
        return self.speaker.actor_id


def covers(held: frozenset[str], needed: str) -> bool:
    """Whether what a token holds covers a scope: `write` covers `write:statuses`, `follow` covers both kinds of follows."""
    return (
        needed in held
        or needed.split(":", 1)[0] in held
        or (needed.endswith(":follows") and "follow" in held)
    )


async def asking(house: House, scope: str | None) -> Asking:
    """Who sent the request. scope: what a token must hold; None: nobody may ask too, but a bad token is still 401."""
    header = request.headers.get("Authorization", "")
    secret = header[7:].strip() if header[:7].lower() == "bearer " else request.args.get("access_token", "")
    if not secret:
        if scope is not None:
            raise Problem(401, "no_token", UNAUTHORISED)
        return Asking(None)
    speaker = await viewer_of_token(house, secret)
    if speaker is None:
        raise Problem(401, "bad_token", UNAUTHORISED)
    if scope is not None and not covers(speaker.scopes, scope):
        raise Problem(403, "scope", "This action is outside the authorized scopes")
    return Asking(speaker)


def answer(value: Any, status: int = 200, link: str | None = None) -> Response:
    """JSON, never cached, readable from any origin."""
    response = Response(orjson.dumps(value), status, content_type="application/json; charset=utf-8")
    response.headers.update(CORS)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Authorization, Origin"
    if link:
        response.headers["Link"] = link
    return response


Endpoint = Callable[..., Awaitable[Response]]


def endpoint(api: Api, scope: str | None) -> Callable[[Endpoint], Endpoint]:
    """Give an endpoint its `Asking` first; refusals become JSON with CORS headers."""

    def wrap(function: Endpoint) -> Endpoint:
        @wraps(function)
        async def run(**values: Any) -> Response:
            try:
                return await function(await asking(api.house, scope), **values)
            except Problem as problem:
                response = answer({"error": problem.safe}, problem.status)
                if problem.retry_after is not None:
                    response.headers["Retry-After"] = str(problem.retry_after)
                return response

        return run

    return wrap


def link_header(base_url: str, oldest: int | None, newest: int | None, more: bool) -> str | None:
    """`Link` with absolute addresses, the other query parameters kept; no `next` on the last page."""
    kept = [
        (k, v)
        for k, v in request.args.items(multi=True)
        if k not in ("max_id", "min_id", "since_id", "access_token")
    ]
    parts: list[str] = []
    if more and oldest is not None:
        parts.append(f'<{base_url}{request.path}?{urlencode([*kept, ("max_id", str(oldest))])}>; rel="next"')
    if newest is not None:
        parts.append(f'<{base_url}{request.path}?{urlencode([*kept, ("min_id", str(newest))])}>; rel="prev"')
    return ", ".join(parts) or None


@dataclass(frozen=True, slots=True)
class Cursor:
    """before and after are exclusive ids; up: the page just above `after`."""

    before: int | None
    after: int | None
    up: bool
    limit: int


def cursor(default: int = 20, cap: int = 40) -> Cursor:
    """Paging parameters of the request."""

    def whole(name: str) -> int | None:
        value = request.args.get(name, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None

    lowest = whole("min_id")
    limit = whole("limit") or default
    return Cursor(
        whole("max_id"),
        lowest if lowest is not None else whole("since_id"),
        lowest is not None,
        min(limit, cap),
    )


def identifier(value: str) -> int:
    """An id from a path; anything else is simply not found."""
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise Problem(404, "not_found", "Record not found")
    return int(value)


def bounds(ids: Sequence[int]) -> tuple[int | None, int | None]:
    """(oldest, newest) of a page."""
    return (ids[-1], ids[0]) if ids else (None, None)
