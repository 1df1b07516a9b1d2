"""The quick way for what clients ask most: a GET of the client API goes straight from ASGI to its endpoint.

Through Quart the smallest such request costs 0.25 ms CPU more (docs/decisions/0012). Everything else (bodies,
streams, HEAD, addresses that do not exist) goes on to Quart, and the same `Endpoint` answers both ways.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fedi_community.mastodon.answers import Reply, dressed
from fedi_community.mastodon.asked import Asked, from_scope
from fedi_community.mastodon.base import Endpoint

App = Callable[[Any, Any, Any], Awaitable[None]]
Answering = Callable[[Endpoint, Asked, dict[str, str]], Awaitable[Any]]
Branch = dict[str, Any]
_HERE, _ANY = "/", "<"


class Routes:
    """Endpoints by address: a tree of its parts, where a literal part goes before a named one."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root: Branch = {}
        for endpoint in endpoints:
            branch, names = self._root, []
            for part in endpoint.path.strip("/").split("/"):
                if part.startswith("<"):
                    names.append(part.strip("<>"))
                branch = branch.setdefault(_ANY if part.startswith("<") else part, {})
            branch[_HERE] = (endpoint, names)

    def find(self, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """The endpoint of an address, and the values of its named parts."""
        parts = path[1:].removesuffix("/").split("/")
        found = _walk(self._root, parts, 0, [])
        if found is None:
            return None
        (endpoint, names), values = found
        return endpoint, dict(zip(names, values, strict=True))


def _walk(branch: Branch, parts: list[str], at: int, values: list[str]) -> Any:
    if at == len(parts):
        return (branch[_HERE], values) if _HERE in branch else None
    part = parts[at]
    if part in branch and part not in (_HERE, _ANY):
        found = _walk(branch[part], parts, at + 1, values)
        if found is not None:
            return found
    if _ANY in branch and part:
        return _walk(branch[_ANY], parts, at + 1, [*values, part])
    return None


def lane(routes: Routes, answering: Answering, rest: App) -> App:
    """The ASGI application in front of `rest`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found = None
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith("/api/"):
            found = routes.find(scope["path"]) if not _has_body(scope["headers"]) else None
        if found is None:
            await rest(scope, receive, send)
            return
        try:
            asked = from_scope(scope)
        except ValueError:  # too many parameters: refused in the usual words
            await rest(scope, receive, send)
            return
        await _send(dressed(await answering(found[0], asked, found[1]), asked), send)

    return app


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Somebody must read it, or the server waits for ever: that is Quart's work."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


async def _send(reply: Reply, send: Any) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
