"""The JSON Canonicalization Scheme (RFC 8785): one byte sequence for a JSON value, to be hashed and signed.

Two documents that differ must never share their bytes, so an integer that a double would print otherwise is refused
instead of rounded, as are NaN, infinities, lone surrogates and names that are not strings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite

MAX_DEPTH = 64
MAX_SAFE_INTEGER = 2**53 - 1

_string = (
    json.encoder.encode_basestring
)  # escapes ", \ and U+0000 to U+001F exactly as RFC 8785 section 3.2.2.2 asks


def canonicalise(value: object) -> bytes:
    """The canonical UTF-8 bytes of a JSON value; raises ValueError for what has none."""
    text = "".join(_parts(value, 0))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is not text") from None


def number(value: float) -> str:
    """A number as ECMAScript writes it (RFC 8785 section 3.2.2.3); raises ValueError for NaN and infinities."""
    if not isfinite(value):
        raise ValueError("NaN and infinities are not JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    shown = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{shown}e{point - 1:+d}"


def _integer(value: int) -> str:
    if abs(value) <= MAX_SAFE_INTEGER:
        return str(value)
    # Beyond 2**53 a peer's double still prints as an integer, up to 10**21: it keeps its digits or is refused.
    if abs(value) >= 10**21 or number(float(value)) != str(value):
        raise ValueError("an integer that JSON numbers cannot carry")
    return str(value)


def _parts(value: object, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        yield _string(value)
    elif value is None:
        yield "null"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int):
        yield _integer(value)
    elif isinstance(value, float):
        yield number(value)
    elif isinstance(value, list | tuple):
        yield "["
        for position, item in enumerate(value):
            if position:
                yield ","
            yield from _parts(item, depth + 1)
        yield "]"
    elif isinstance(value, dict):
        yield from _object(value, depth)
    else:
        raise ValueError("not a JSON value")


def _object(value: dict[object, object], depth: int) -> Iterator[str]:
    names: list[str] = [name for name in value if isinstance(name, str)]
    if len(names) != len(value):
        raise ValueError("a name that is not a string")
    yield "{"
    for position, name in enumerate(sorted(names, key=_utf16)):
        yield f",{_string(name)}:" if position else f"{_string(name)}:"
        yield from _parts(value[name], depth + 1)
    yield "}"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")
