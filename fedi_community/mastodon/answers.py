"""JSON answers and errors of the client API, for programs of any origin; 404, 405, 413 and 500 too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from quart import Response, g, request

from fedi_community.auth.limits import Left
from fedi_community.errors import Problem
from fedi_community.mastodon.asked import Asked, new_id
from fedi_community.mastodon.words import in_words, language_of

EXPOSED: Final = ", ".join(
    "Link X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset X-Request-Id Mastodon-Async-Refresh Deprecation".split()
)
CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Expose-Headers": EXPOSED,
    "Access-Control-Max-Age": "86400",
}
JSON: Final = "application/json; charset=utf-8"
_OPEN: Final = ("/api/", "/.well-known/", "/nodeinfo/", "/media/")
_OAUTH: Final = frozenset({"/oauth/token", "/oauth/revoke", "/oauth/userinfo"})
TEXTS: Final = {
    400: "The request could not be read", 404: "Record not found", 405: "Method not allowed", 413: "The request is too large",
    415: "Send application/json or a form", 429: "Too many requests",
    500: "There was a problem on the server. Please try again later.", 503: "The server is busy. Please try again.",
}  # fmt: skip


def is_open(path: str) -> bool:
    """Whether scripts of any origin may read answers from this address."""
    return path.startswith(_OPEN) or path.rstrip("/") in _OAUTH


def is_client(path: str) -> bool:
    """Whether errors at this address are JSON: the client API's own."""
    return path.startswith("/api/") or path.rstrip("/") in _OAUTH


@dataclass(slots=True)
class Reply:
    """An answer, before it is known how it leaves."""

    status: int
    body: bytes
    headers: dict[str, str]

    def response(self) -> Response:
        """For Quart."""
        return Response(self.body, self.status, headers=self.headers)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """JSON, never cached."""
    given = {
        "Content-Type": JSON,
        "Cache-Control": "private, no-store",
        "Vary": "Authorization, Origin",
        **(headers or {}),
    }
    return Reply(status, orjson.dumps(value), given)


def refused(problem: Problem, accept_language: str | None, oauth: bool = False) -> Reply:
    """An error in the caller's language, without detail. A 404 is always the same bytes."""
    text = in_words(problem.reason, problem.safe, language_of(accept_language, None))
    body: dict[str, Any] = {"error": text}
    if oauth and problem.status in (400, 401):
        body = {"error": problem.reason, "error_description": text}
    details = getattr(problem, "details", None)
    if details:
        body["details"] = details
    reply = answer(body, problem.status)
    if problem.retry_after is not None:
        reply.headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        reply.headers["WWW-Authenticate"] = 'Bearer realm="api"' if not oauth else 'Basic realm="oauth"'
    return reply


def failed(status: int, accept_language: str | None) -> Reply:
    """An error that the framework found, or that nobody foresaw."""
    return refused(Problem(status, f"status_{status}", TEXTS.get(status, TEXTS[400])), accept_language)


def _around(request_id: str, left: Left | None) -> dict[str, str]:
    """What every answer to programs says: CORS, the request's number, and what is left of the budget."""
    if left is None:
        return {**CORS, "X-Request-Id": request_id}
    reset = datetime.fromtimestamp(left.reset / 1000, UTC)
    return {
        **CORS,
        "X-Request-Id": request_id,
        "X-RateLimit-Limit": str(left.limit),
        "X-RateLimit-Remaining": str(left.remaining),
        "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%M:%S}.{left.reset % 1000:03d}Z",
    }


def dressed(reply: Reply, asked: Asked) -> Reply:
    """An answer as it leaves the quick way (see `lane`)."""
    reply.headers.update(_around(asked.id, asked.left))
    return reply


# Quart runs hooks that are no coroutines on a thread: two hops of 0.1 ms a request.
async def begin() -> Response | None:
    """Before every request: give it a number; a preflight is answered at once, for no token and any address."""
    if not is_open(request.path):
        return None
    g.request_id = new_id()
    if request.method == "OPTIONS":
        return answer({}).response()
    return None


async def finish(response: Response) -> Response:
    """After every answer, errors too."""
    if is_open(request.path):
        response.headers.update(_around(g.get("request_id", ""), g.get("left", None)))
    return response
