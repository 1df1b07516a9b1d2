"""The words in which entities describe themselves: JSON Schema (2020-12, as OpenAPI 3.1 takes it), compact.

`entity("Tag", name=STR, url=URL)` registers a schema and gives a reference to it. Every field named is always present; those in
`sometimes` may be absent. A test holds real answers to these.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

STR: Final[Schema] = {"type": "string"}
ID: Final[Schema] = {"type": "string", "pattern": "^[0-9]+$"}
INT: Final[Schema] = {"type": "integer"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
NUMBER: Final[Schema] = {"type": "number"}
BOOL: Final[Schema] = {"type": "boolean"}
URL: Final[Schema] = {"type": "string", "pattern": "^https?://"}
MOMENT: Final[Schema] = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
}
DAY: Final[Schema] = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
ANYTHING: Final[Schema] = {"type": "object"}
SCHEMAS: Final[dict[str, Schema]] = {}
"""Every entity's schema by name: `components.schemas` of the OpenAPI document."""


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of them, never null."""
    return {"type": "array", "items": schema}


def one_of(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def shape(sometimes: dict[str, Schema] | None = None, /, **fields: Schema) -> Schema:
    """An object without a name of its own."""
    return {"type": "object", "properties": fields | (sometimes or {}), "required": list(fields)}


def entity(name: str, sometimes: dict[str, Schema] | None = None, /, **fields: Schema) -> Schema:
    """A named object; gives the reference that fields and endpoints use."""
    if name in SCHEMAS:
        raise ValueError(f"entity {name} is there already")
    SCHEMAS[name] = shape(sometimes, **fields)
    return ref(name)


def extended(name: str, of: str, sometimes: dict[str, Schema] | None = None, /, **fields: Schema) -> Schema:
    """An entity with all fields of another, and more."""
    base = SCHEMAS[of]
    left = {k: v for k, v in base["properties"].items() if k not in base["required"]}
    kept = {k: v for k, v in base["properties"].items() if k in base["required"]}
    return entity(name, left | (sometimes or {}), **(kept | fields))


def ref(name: str) -> Schema:
    """A reference to an entity, also to one that is defined later."""
    return {"$ref": f"#/components/schemas/{name}"}


EMPTY: Final = entity("Empty")
ERROR: Final = entity(
    "Error",
    {
        "error_description": STR,
        "details": {
            "type": "object",
            "additionalProperties": many(shape(error=STR, description=STR)),
        },
    },
    error=STR,
)
