"""Pages of lists: `max_id`, `since_id`, `min_id`, `limit` (or `offset`), and the `Link` header that leads on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from fedi_community.mastodon.asked import Asked
from fedi_community.mastodon.params import Param

_OWN: Final = frozenset({"max_id", "min_id", "since_id", "access_token"})


@dataclass(frozen=True, slots=True)
class Cursor:
    """before and after are exclusive ids; up: the page just above `after`."""

    before: int | None
    after: int | None
    up: bool
    limit: int


def paging(default: int = 20, cap: int = 40) -> tuple[Param, ...]:
    """The parameters of a paged list: `@table.get(path, access, schema, *paging(40, 80))`, then `call.cursor` and `call.page`."""
    return (
        Param("max_id", "cursor", "Older than this"),
        Param("since_id", "cursor", "The newest page above this"),
        Param("min_id", "cursor", "The page just above this"),
        limit(default, cap),
    )


def limit(default: int = 20, cap: int = 40) -> Param:
    return Param("limit", "number", f"At most {cap}", default=default, minimum=1, maximum=cap)


def offset(default: int = 20, cap: int = 40) -> tuple[Param, ...]:
    """The parameters of a list that is paged by counting."""
    return limit(default, cap), Param(
        "offset", "number", "How many to leave out", default=0, minimum=0, maximum=10_000
    )


def link_header(base_url: str, asked: Asked, last: int | None, newest: int | None) -> str | None:
    """`Link` with absolute addresses, the other query parameters kept. last: None on the last page, which has no `next`."""
    kept = [(k, v) for k, v in asked.query if k not in _OWN]
    parts = [
        f'<{base_url}{quote(asked.path)}?{urlencode([*kept, (name, str(value))])}>; rel="{rel}"'
        for rel, name, value in (("next", "max_id", last), ("prev", "min_id", newest))
        if value is not None
    ]
    return ", ".join(parts) or None
