"""Parameters as real clients send them: JSON, forms, multipart and the query string, merged; Rails' nested names.

`a[]=x`, `a=x&a=y`, `a[0]=x`, `poll[options][]=x`, `subscription[keys][auth]=x`: one parser for all. An object whose keys
are all integers is a list. An empty string means "clear it" and is kept. An endpoint declares what it takes (`Param`);
what it did not declare is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from werkzeug.datastructures import FileStorage

from fedi_community.errors import Problem, not_found
from fedi_community.mastodon.asked import Asked

MAX_PARAMETERS: Final = 1000
MAX_DEPTH: Final = 6
MAX_ID: Final = 2**63 - 1
_KEY: Final = re.compile(r"\[([^\[\]]*)\]")
TRUE: Final = frozenset({"true", "1", "on", "t", "yes"})
FALSE: Final = frozenset({"false", "0", "off", "f", "no", ""})
Kind = Literal["text", "flag", "number", "id", "cursor", "texts", "ids", "object", "objects", "file", "any"]


# --- declared ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an endpoint.

    kind: text; flag; number (whole); id (anything else is 404); cursor (an id of a page, anything else is ignored);
    texts, ids: lists, `name[]` or not; object, objects: nested; file: an upload; any: as it came.
    maximum: of a number its cap, of a text its characters (422 above), of a list its length (cut). choices: 422 for any other word.
    strict: 422 for what is no number, where leaving it out means much.
    """

    name: str
    kind: Kind = "text"
    doc: str = ""
    default: Any = None
    required: bool = False
    maximum: int | None = None
    minimum: int | None = None
    choices: tuple[str, ...] = ()
    strict: bool = False

    def read(self, value: Any) -> Any:
        """The value as the endpoint gets it. Raises `Problem` 422 (or 404 for an id that is none)."""
        made = _READ[self.kind](self, value)
        if made is None or made == "":
            return made
        if self.choices and made not in self.choices:
            raise invalid(self.name, "is not included in the list")
        return made


def invalid(name: str, why: str) -> Problem:
    """422 in the words that clients show."""
    return Problem(422, "invalid", f"Validation failed: {name.replace('_', ' ').capitalize()} {why}")


def _text(param: Param, value: Any) -> str | None:
    if isinstance(value, dict | list):
        return None
    made = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if param.maximum is not None and len(made) > param.maximum:
        raise invalid(param.name, f"is too long (maximum is {param.maximum} characters)")
    return made


def _flag(param: Param, value: Any) -> bool | None:
    text = str(value).lower()
    return True if text in TRUE else False if text in FALSE else None


def _number(param: Param, value: Any) -> int | None:
    if isinstance(value, dict | list | bool):
        return None
    try:
        made = int(value) if isinstance(value, int | float) else int(str(value).strip()[:20])
    except (ValueError, OverflowError):
        if param.strict and value != "":
            raise invalid(param.name, "is not a number") from None
        return None
    if param.minimum is not None:
        made = max(made, param.minimum)
    if param.maximum is not None:
        made = min(made, param.maximum)
    return made if -MAX_ID <= made <= MAX_ID else None


def _cursor(param: Param, value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_ID else None


def _id(param: Param, value: Any) -> int | None:
    if value == "":
        return None
    found = _cursor(param, value)
    if found is None:
        raise not_found()
    return found


def _texts(param: Param, value: Any) -> list[str]:
    if value == "":
        return []
    values = value if isinstance(value, list) else [value]
    return [str(v) for v in values if not isinstance(v, dict | list)][: param.maximum]


def _ids(param: Param, value: Any) -> list[int]:
    found = (_cursor(param, text) for text in _texts(param, value))
    return list(dict.fromkeys(i for i in found if i is not None))


def _object(param: Param, value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _objects(param: Param, value: Any) -> list[dict[str, Any]]:
    values = list(value.values()) if isinstance(value, dict) else value
    found = [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []
    return found[: param.maximum]


def _file(param: Param, value: Any) -> FileStorage | None:
    return value if isinstance(value, FileStorage) else None


def _any(param: Param, value: Any) -> Any:
    return value


_READ: Final = {
    "text": _text, "flag": _flag, "number": _number, "id": _id, "cursor": _cursor, "texts": _texts, "ids": _ids,
    "object": _object, "objects": _objects, "file": _file, "any": _any,
}  # fmt: skip


def read_all(declared: Iterable[Param], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The declared parameters that were sent, converted. Raises `Problem` 422 for a missing required one."""
    found: dict[str, Any] = {}
    for param in declared:
        value = sent.get(param.name)
        if value is not None:
            made = param.read(value)
            # what cannot be read of a number, switch or text that has a usual value is as if it had not been sent
            if made is not None or param.default is None or param.kind not in ("number", "flag", "text"):
                found[param.name] = made
        if param.required and found.get(param.name) in (None, "", []):
            raise invalid(param.name, "can't be blank")
    return found


# --- received ---------------------------------------------------------------------------------------------------------


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
    for at, key in enumerate(path[:-1]):
        step = _next_step(node, path[at + 1]) if key == "" else key
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


def _next_step(node: dict[str, Any], inner: str) -> str:
    """`a[][x]=1&a[][y]=2` is one object, until a name comes again (as in Rails)."""
    last = str(len(node) - 1)
    current = node.get(last)
    return last if isinstance(current, dict) and inner not in current else str(len(node))


def _as_lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    made = {key: _as_lists(value) for key, value in node.items()}
    if made and all(key.isascii() and key.isdigit() for key in made):
        return [made[key] for key in sorted(made, key=int)]
    return made


async def received(asked: Asked) -> dict[str, Any]:
    """All parameters of the request, the body's over the query string's. Bad JSON is 400, an unknown kind of body 415."""
    merged = _root(asked.query) if asked.query else {}
    request = asked.body
    if request is None or asked.method in ("GET", "HEAD"):
        return merged
    kind = (request.mimetype or "").lower()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        merged |= _root((await request.form).items(multi=True))
        merged |= _root((await request.files).items(multi=True))
        return merged
    raw = await request.get_data()
    if not raw.strip():
        return merged
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, "media_type", "Send application/json or a form")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Problem(400, "bad_json", "The request body is not valid JSON") from None
    if isinstance(body, dict):
        merged |= _root(body.items()) if any("[" in key for key in body) else _bounded(body)
    return merged


def _root(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found = nest((name.replace("\0", ""), _clean(value)) for name, value in pairs)
    return found if isinstance(found, dict) else {}


def _bounded(body: dict[str, Any]) -> dict[str, Any]:
    cleaned: Any = _clean(body)
    return cleaned if isinstance(cleaned, dict) else {}


def _clean(value: Any, depth: int = 0) -> Any:
    """Without the one character that databases refuse, and never deeper than anything we know."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, list):
        return [_clean(v, depth + 1) for v in value[:MAX_PARAMETERS]]
    if isinstance(value, dict):
        return {k.replace("\0", ""): _clean(v, depth + 1) for k, v in list(value.items())[:MAX_PARAMETERS]}
    return value
