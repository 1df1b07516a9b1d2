"""JSON from strangers: one parser, strict and bounded, for the inbox and for fetched documents.

It answers with a plain `dict`, or raises `Problem(400, …)`. It must not interpret anything (that is `wire`), and it does
not judge the length of the body (the reader of the stream does, with 413, before the bytes are in memory).

Refused: invalid UTF-8, anything that is not JSON (NaN, Infinity, comments, trailing commas), a top level that is not an
object, member names that occur twice in one object (I-JSON, RFC 7493 section 2.3; a last-wins and a first-wins reader
would disagree about who acts), more than `MAX_DEPTH` levels and more than `MAX_NODES` values.

How it is kept cheap: the limits are counted on the punctuation between the strings, before anything is built, and
a duplicate is seen by counting colons, since the parsed tree written out again has fewer of them. All of this runs in C.
"""

from __future__ import annotations

from typing import Final, TypeAlias, cast

import orjson

from fedi_community.errors import Problem

Json: TypeAlias = dict[str, object]
"""A JSON object as it came; values are anything JSON can be, so readers test before they use."""

MAX_DEPTH: Final = 32
"""Levels of objects and arrays, the outer object being the first."""
MAX_NODES: Final = 20_000
"""Values in a document, counted a little generously (an empty array or object counts twice)."""

_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_MAX_QUOTES: Final = 4 * MAX_NODES


def loads(body: bytes) -> Json:
    """The JSON object in `body`.

    Raises Problem(400) with the reasons `json_too_deep`, `json_too_large`, `json_duplicate_member`, `json_not_object`
    or `json_invalid`. The texts quote nothing of the body.
    """
    between = _between_strings(body)
    if between.count(b",") + between.count(b"{") + between.count(b"[") >= MAX_NODES:
        raise _refused("json_too_large", "The JSON document has too many values.")
    if _deeper_than_allowed(between):
        raise _refused("json_too_deep", "The JSON document is nested too deeply.")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refused("json_invalid", "The body is not valid JSON in UTF-8.") from error
    if not isinstance(parsed, dict):
        raise _refused("json_not_object", "The JSON document must be an object.")
    if _between_strings(orjson.dumps(parsed)).count(b":") != between.count(b":"):
        raise _refused("json_duplicate_member", "A member name occurs twice in one object.")
    return cast(Json, parsed)


def _between_strings(text: bytes) -> bytes:
    """The bytes outside of string literals; meaningless, but harmless, when the text is not JSON."""
    if b"\\" in text:
        # Escapes pair from the left, so that a quote after an even run of backslashes still ends its string.
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    if text.count(b'"') > _MAX_QUOTES:
        raise _refused("json_too_large", "The JSON document has too many values.")
    return b"".join(text.split(b'"')[::2])


def _deeper_than_allowed(between: bytes) -> bool:
    """Peels one level a round. What is left after `MAX_DEPTH` rounds is too deep, or unbalanced and so not JSON."""
    brackets = between.translate(_BRACKETS, _NOT_BRACKETS)
    if brackets.count(b"[") <= MAX_DEPTH:
        return False
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _refused(reason: str, safe: str) -> Problem:
    return Problem(400, reason, safe)
