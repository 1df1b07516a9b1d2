"""How others find us: WebFinger (RFC 7033), host-meta (RFC 6415) and NodeInfo (FEP-f1d5).

Open to anybody and the same for everybody: a group that not everyone finds is answered like one that does not exist.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from quart import Blueprint, Response, request

from fedi_community import __version__
from fedi_community.activitypub import nodeinfo
from fedi_community.activitypub.webfinger import (
    JRD_TYPE,
    XRD_TYPE,
    Handle,
    host_meta,
    instance_jrd,
    jrd_document,
    parse_handle,
)
from fedi_community.config import Settings
from fedi_community.documents import Documents
from fedi_community.domain import addresses
from fedi_community.domain.model import STRANGER
from fedi_community.domain.views import ActorView
from fedi_community.perform import House
from fedi_community.storage.database import Tx
from fedi_community.storage.views import actor_by_handle, findable

DISCOVERY_SECONDS: Final = 300
MAX_RESOURCE: Final = 2048


def discovery(house: House, settings: Settings, documents: Documents) -> Blueprint:
    """/.well-known/{webfinger,host-meta,nodeinfo} and /nodeinfo/{2.0,2.1}."""
    blueprint = Blueprint("discovery", __name__)

    @blueprint.get("/.well-known/webfinger")
    async def webfinger() -> Response:
        resource = request.args.get("resource", "")
        if not resource or len(resource) > MAX_RESOURCE:
            return _open({"error": "Name a resource, as in ?resource=acct:name@host"}, status=400)
        found = await _resource(house, resource)
        return _open({"error": "Record not found"}, status=404) if found is None else _open(found, JRD_TYPE)

    @blueprint.get("/.well-known/host-meta")
    async def meta() -> Response:
        response = Response(host_meta(house.base_url), content_type=XRD_TYPE)
        return _kept(response)

    @blueprint.get("/.well-known/nodeinfo")
    async def links() -> Response:
        return _open(nodeinfo.discovery(house.base_url))

    @blueprint.get("/nodeinfo/<any('2.0','2.1'):version>")
    async def info(version: str) -> Response:
        document = nodeinfo.document(
            version,
            software_version=__version__,
            counts=await documents.counts(),
            open_registrations=settings.signups == "open",
            name=settings.site_name,
        )
        profile = f'application/json; profile="{nodeinfo.SCHEMA}{version}#"; charset=utf-8'
        return _open(document, profile)

    return blueprint


def _open(
    document: dict[str, Any], kind: str = "application/json; charset=utf-8", status: int = 200
) -> Response:
    return _kept(Response(orjson.dumps(document), status, content_type=kind))


def _kept(response: Response) -> Response:
    """Public, and for scripts of any origin (RFC 7033 section 5)."""
    response.headers["Cache-Control"] = f"public, max-age={DISCOVERY_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


async def _resource(house: House, resource: str) -> dict[str, object] | None:
    """The JRD of a handle (`acct:`, in any case), of an actor's address or page, or of the server itself (FEP-d556)."""
    base, host = house.base_url, house.host
    instance = addresses.actor(base, "Application", "")
    if resource.rstrip("/") == base:
        return instance_jrd(base, instance)
    name = _name_of(base, host, resource)
    if name is None:
        return None
    if name == host or resource == instance:
        return jrd_document(Handle(host, host), instance, base + "/")
    actor = await house.db.read(lambda tx: _known(tx, name))
    if actor is None or (resource.startswith(base) and not _is_at(base, actor, resource)):
        return None
    return jrd_document(Handle(actor.handle, host), actor.uri, actor.uri)


def _name_of(base: str, host: str, resource: str) -> str | None:
    if resource.startswith(base + "/"):
        if resource == f"{base}/actor":
            return host
        where = addresses.parse(base, resource)
        if where is not None and where[0] in ("users", "groups") and where[2] is None:
            return where[1].lower()
        page = resource.removeprefix(base + "/@")
        return page.lower() if page != resource and addresses.HANDLE.fullmatch(page.lower()) else None
    text = resource.strip()
    asked = text.removeprefix("acct:").lstrip("@")
    if asked.lower() == f"{host}@{host}".lower():
        return host
    handle = parse_handle(text)
    if handle is not None and handle.host == host.lower():
        return handle.name.lower()
    # A host with a port, as on a developer's machine, is no canonical one.
    left, at, right = asked.partition("@")
    return left.lower() if at and right.lower() == urlsplit(base).netloc.lower() else None


def _is_at(base: str, actor: ActorView, resource: str) -> bool:
    return resource.lower() in (actor.uri.lower(), f"{base}/@{actor.handle}".lower())


async def _known(tx: Tx, name: str) -> ActorView | None:
    """A local actor by handle, if everybody may know of it."""
    actor = await actor_by_handle(tx, name)
    if actor is None or actor.type == "Application" or actor.state not in ("active", "limited"):
        return None
    if actor.is_group and not await findable(tx, STRANGER, [actor.id]):
        return None
    return actor
