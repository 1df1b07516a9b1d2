"""Parameters as real clients send them: JSON, forms, multipart and the query string, merged; Rails' nested names.

`a[]=x`, `a=x&a=y`, `a[0]=x`, `poll[options][]=x`, `subscription[keys][auth]=x`: one parser for all. An object whose keys
are all integers is a list. An empty string means "clear it" and is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import orjson
from quart import request

from fedi_community.errors import Problem

MAX_PARAMETERS: Final = 1000
MAX_DEPTH: Final = 6
_KEY: Final = re.compile(r"\[([^\[\]]*)\]")
TRUE: Final = frozenset({"true", "1", "on", "t", "yes"})
FALSE: Final = frozenset({"false", "0", "off", "f", "no", ""})


def nest(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Nested values from flat names; a repeated plain name keeps all its values in a list."""
    root: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs):
        if count >= MAX_PARAMETERS:
            raise Problem(422, "too_many_parameters", "Too many parameters")
        head, bracket, rest = name.partition("[")
        path = [head, *(_KEY.findall("[" + rest) if bracket else [])][: MAX_DEPTH + 1]
        _put(root, path, value)
    lists: Any = _as_lists(root)
    return lists if isinstance(lists, dict) else root


def _put(node: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        step = str(len(node)) if key == "" else key
        child = node.get(step)
        if not isinstance(child, dict):
            child = node[step] = {}
        node = child
    last = path[-1]
    if last == "":
        node[str(len(node))] = value
    elif last in node and len(path) == 1:
        earlier = node[last]
        node[last] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
    else:
        node[last] = value


def _as_lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    made = {key: _as_lists(value) for key, value in node.items()}
    if made and all(key.isdigit() for key in made):
        return [made[key] for key in sorted(made, key=int)]
    return made


async def parameters() -> dict[str, Any]:
    """All parameters of the request, the body's over the query string's."""
    merged = nest(request.args.items(multi=True))
    kind = (request.mimetype or "").lower()
    if kind == "application/json":
        raw = await request.get_data()
        if raw.strip():
            try:
                body = orjson.loads(raw)
            except orjson.JSONDecodeError:
                raise Problem(400, "bad_json", "The request body is not valid JSON") from None
            if isinstance(body, dict):
                merged |= body
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        merged |= nest((await request.form).items(multi=True))
    return merged


def flag(given: dict[str, Any], name: str, default: bool = False) -> bool:
    """A boolean in any of its spellings."""
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    return True if text in TRUE else False if text in FALSE else default


def text(given: dict[str, Any], name: str, limit: int = 100_000) -> str | None:
    """A text, None where it is missing."""
    value = given.get(name)
    if value is None or isinstance(value, dict | list):
        return None
    return str(value)[:limit]


def number(given: dict[str, Any], name: str, default: int | None = None) -> int | None:
    """A whole number, also when it came as text."""
    value = given.get(name)
    try:
        return default if value in (None, "") else int(str(value))
    except ValueError:
        return default


def many(given: dict[str, Any], name: str) -> list[str]:
    """A list of texts, also when a single one came."""
    value = given.get(name)
    if value is None or value == "":
        return []
    return (
        [str(v) for v in value if not isinstance(v, dict | list)] if isinstance(value, list) else [str(value)]
    )
