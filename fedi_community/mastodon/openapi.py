"""/api/openapi.json: the OpenAPI 3.1 description of the client API, generated from the table of endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from fedi_community import __version__
from fedi_community.domain.scopes import SCOPES
from fedi_community.mastodon.base import Endpoint
from fedi_community.mastodon.entities.schema import ERROR, ID, SCHEMAS, Schema
from fedi_community.mastodon.params import Param

_PLACE: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_TYPES: Final[dict[str, Schema]] = {
    "text": {"type": "string"}, "flag": {"type": "boolean"}, "number": {"type": "integer"}, "id": ID, "cursor": ID,
    "texts": {"type": "array", "items": {"type": "string"}}, "ids": {"type": "array", "items": ID},
    "object": {"type": "object"}, "objects": {"type": "array", "items": {"type": "object"}},
    "file": {"type": "string", "format": "binary"}, "any": {},
}  # fmt: skip


def document(rows: Iterable[tuple[str, Endpoint]], base_url: str, title: str) -> dict[str, Any]:
    """The description. rows: each endpoint with the name of its resource."""
    paths: dict[str, dict[str, Any]] = {}
    for tag, endpoint in rows:
        path = _PLACE.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(tag, endpoint)
    flows = {
        "authorizationCode": {
            "authorizationUrl": f"{base_url}/oauth/authorize",
            "tokenUrl": f"{base_url}/oauth/token",
            "scopes": {scope: scope for scope in SCOPES},
        },
        "clientCredentials": {
            "tokenUrl": f"{base_url}/oauth/token",
            "scopes": {scope: scope for scope in SCOPES},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title}: client API", "version": __version__},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"oauth": {"type": "oauth2", "flows": flows}},
        },
    }


def _operation(tag: str, endpoint: Endpoint) -> dict[str, Any]:
    made: dict[str, Any] = {
        "tags": [tag],
        "summary": endpoint.doc,
        "operationId": _operation_id(endpoint),
        "security": _security(endpoint),
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": ID if name == "id" else {"type": "string"},
            }
            for name in _PLACE.findall(endpoint.path)
        ],
        "responses": _responses(endpoint),
    }
    if endpoint.method == "GET":
        made["parameters"] += [_query(p) for p in endpoint.params]
    elif endpoint.params:
        made["requestBody"] = _body(endpoint.params)
    return made


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"[a-z0-9]+", _PLACE.sub(r"by_\1", endpoint.path).lower())
    return "_".join([endpoint.method.lower(), *words])


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    access = endpoint.access
    rows = [{"oauth": [scope]} for scope in access.scopes] or [{"oauth": list[str]()}]
    return [{}, *rows] if access.kind == "anyone" else rows


def _schema(param: Param) -> Schema:
    made = dict(_TYPES[param.kind])
    if param.choices:
        made["enum"] = list(param.choices)
    if param.kind == "number":
        made |= {k: v for k, v in (("minimum", param.minimum), ("maximum", param.maximum)) if v is not None}
    elif param.maximum is not None:
        made["maxLength" if param.kind == "text" else "maxItems"] = param.maximum
    if param.default not in (None, ()):
        made["default"] = param.default
    return made


def _query(param: Param) -> dict[str, Any]:
    plural = param.kind in ("texts", "ids")
    made: dict[str, Any] = {
        "name": f"{param.name}[]" if plural else param.name,
        "in": "query",
        "required": param.required,
        "schema": _schema(param),
    }
    return made | ({"description": param.doc} if param.doc else {})


def _body(params: tuple[Param, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {p.name: _schema(p) | ({"description": p.doc} if p.doc else {}) for p in params},
    }
    required = [p.name for p in params if p.required]
    if required:
        schema["required"] = required
    files = any(p.kind == "file" for p in params)
    kinds = (
        ("multipart/form-data",)
        if files
        else ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
    )
    return {"required": bool(required), "content": {kind: {"schema": schema} for kind in kinds}}


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    kind = "text/plain" if endpoint.returns is None else "application/json"
    schema = endpoint.returns if endpoint.returns is not None else {"type": "string"}
    well = {
        str(status): {"description": "Done", "content": {kind: {"schema": schema}}}
        for status in endpoint.statuses
    }
    error = {"description": "Refused", "content": {"application/json": {"schema": ERROR}}}
    codes = ["4XX", "5XX"]
    return well | dict.fromkeys(codes, error)
