"""Whether a value keeps to a schema of the OpenAPI document: as much of JSON Schema as the entities use."""

from __future__ import annotations

import re
from typing import Any

from fedi_community.mastodon.entities.schema import SCHEMAS

TYPES: dict[str, Any] = {
    "string": str, "object": dict, "array": list, "boolean": bool, "null": type(None), "integer": int,
    "number": (int, float),
}  # fmt: skip
KNOWN = {"type", "format", "pattern", "properties", "required", "items", "anyOf", "enum", "minimum", "maximum", "$ref",
         "additionalProperties"}  # fmt: skip


def wrong(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """What does not fit, each with its place."""
    assert set(schema) <= KNOWN, f"{at}: words nobody checks: {set(schema) - KNOWN}"
    if "$ref" in schema:
        return wrong(value, SCHEMAS[schema["$ref"].rsplit("/", 1)[1]], at)
    if "anyOf" in schema:
        found = [wrong(value, one, at) for one in schema["anyOf"]]
        return [] if any(not one for one in found) else found[0]
    kind = schema.get("type")
    yes_or_no = kind in ("integer", "number") and isinstance(value, bool)  # a bool is an int to Python alone
    if kind is not None and (yes_or_no or not isinstance(value, TYPES[kind])):
        return [f"{at}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{at}: {value!r} does not look like {schema['pattern']}"]
    if ("minimum" in schema and value < schema["minimum"]) or (
        "maximum" in schema and value > schema["maximum"]
    ):
        return [f"{at}: {value!r} is out of bounds"]
    if kind == "array" and "items" in schema:
        return [text for n, item in enumerate(value) for text in wrong(item, schema["items"], f"{at}[{n}]")]
    if kind == "object":
        found = [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                found += wrong(value[name], inner, f"{at}.{name}")
        return found
    return []
