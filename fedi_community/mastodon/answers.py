"""JSON answers and errors of the client API, for programs of any origin; 404, 405, 413 and 500 too."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from quart import Response, g, request

from fedi_community.errors import Problem
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


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON, never cached."""
    response = Response(orjson.dumps(value), status, content_type=JSON)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Authorization, Origin"
    if headers:
        response.headers.update(dict(headers))
    return response


def refused(problem: Problem, oauth: bool = False) -> Response:
    """An error in the caller's language, without detail. A 404 is always the same bytes."""
    language = language_of(request.headers.get("Accept-Language"), None)
    text = in_words(problem.reason, problem.safe, language)
    body: dict[str, Any] = {"error": text}
    if oauth and problem.status in (400, 401):
        body = {"error": problem.reason, "error_description": text}
    details = getattr(problem, "details", None)
    if details:
        body["details"] = details
    response = answer(body, problem.status)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="api"' if not oauth else 'Basic realm="oauth"'
    return response


def failed(status: int) -> Response:
    """An error that the framework found, or that nobody foresaw."""
    return refused(Problem(status, f"status_{status}", TEXTS.get(status, TEXTS[400])))


async def begin() -> Response | None:
    """Before every request: give it a number; a preflight is answered at once, for no token and any address."""
    if not is_open(request.path):
        return None
    g.request_id = secrets.token_hex(8)
    if request.method == "OPTIONS":
        return answer({})
    return None


async def finish(response: Response) -> Response:
    """After every answer, errors too: CORS, the request's number, and what is left of the budget."""
    if not is_open(request.path):
        return response
    response.headers.update(CORS)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    left = g.get("left", None)
    if left is not None:
        reset = datetime.fromtimestamp(left.reset / 1000, UTC)
        response.headers["X-RateLimit-Limit"] = str(left.limit)
        response.headers["X-RateLimit-Remaining"] = str(left.remaining)
        response.headers["X-RateLimit-Reset"] = (
            reset.strftime("%Y-%m-%dT%H:%M:%S.") + f"{left.reset % 1000:03d}Z"
        )
    return response
