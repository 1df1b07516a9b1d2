"""A request as endpoints see it, whichever way it came: straight from ASGI (see `lane`), or through Quart, which reads bodies."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from quart import Request

from fedi_community.auth.limits import Left

FORWARDED: Final = b"x-forwarded-for"
MAX_QUERY_FIELDS: Final = 1000


_NUMBERS: Final = random.Random()  # noqa: S311  (its own, so that what is shown tells nothing of other chance)


class Headers:
    """Headers of an ASGI scope, names in any case: of repeated ones the first, of X-Forwarded-For all lines."""

    __slots__ = ("_held",)

    def __init__(self, pairs: Any) -> None:
        self._held: dict[bytes, bytes] = {}
        for name, value in pairs:
            if name not in self._held:
                self._held[name] = value
            elif name == FORWARDED:
                self._held[name] += b", " + value

    def get(self, key: str) -> str | None:
        found = self._held.get(key.lower().encode())
        return None if found is None else found.decode("latin-1")


@dataclass(slots=True)
class Asked:
    """query: decoded pairs in their order. body: what came with it is read through this; None where nothing can have come.
    id: names the request in the log and in the answer. left: what remains of the caller's budget, once that is known."""

    method: str
    path: str
    headers: Headers
    query: list[tuple[str, str]]
    remote: str | None
    id: str
    body: Request | None = None
    left: Left | None = None

    def argument(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)


def new_id() -> str:
    """A request's number; no secret."""
    return f"{_NUMBERS.getrandbits(64):016x}"


def from_scope(scope: Mapping[str, Any]) -> Asked:
    """A request without a body. Raises ValueError for a query string of too many fields."""
    raw: bytes = scope["query_string"]
    query = (
        parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
        if raw
        else []
    )
    client = scope.get("client")
    return Asked(
        scope["method"],
        scope["path"],
        Headers(scope["headers"]),
        query,
        client[0] if client else None,
        new_id(),
    )


def from_quart(request: Request, request_id: str) -> Asked:
    return Asked(
        request.method, request.path, Headers(request.scope["headers"]), list(request.args.items(multi=True)), request.remote_addr,
        request_id, request,
    )  # fmt: skip
