"""NodeInfo 2.0 and 2.1 (FEP-f1d5, FEP-0151): what we say about this server, and what another says about itself.

Pure. Counts are published rounded down, small ones as zero: how many people joined a clinic's community this month is
nobody's business. What a peer says of its software is a hint for quirks, never a reason to trust it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bovine.types.nodeinfo import NodeInfo, Protocol, Services, Software, Usage, Users

from fedi_community.domain.counts import rounded
from fedi_community.domain.origins import canonical, host_of
from fedi_community.domain.text import clean_name
from fedi_community.errors import Refusal

SOFTWARE: Final = "fedi-community"
SCHEMA: Final = "http://nodeinfo.diaspora.software/ns/schema/"
VERSIONS: Final = ("2.0", "2.1")
MAX_LINKS: Final = 32

_READABLE: Final = ("2.1", "2.0", "1.1", "1.0")
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many, as they are; the document shows them rounded."""

    members: int = 0
    active_month: int = 0
    active_halfyear: int = 0
    posts: int = 0
    comments: int = 0


@dataclass(frozen=True, slots=True)
class RemoteSoftware:
    """A peer's software: name in lower case, version as it says."""

    name: str
    version: str


def discovery(base_url: str) -> dict[str, object]:
    """The document at `/.well-known/nodeinfo`, with the instance actor's address (FEP-2677)."""
    base = base_url.rstrip("/")
    links = [{"rel": SCHEMA + version, "href": f"{base}/nodeinfo/{version}"} for version in VERSIONS]
    links.append({"rel": "https://www.w3.org/ns/activitystreams#Application", "href": f"{base}/actor"})
    return {"links": links}


def document(
    version: str,
    *,
    software_version: str,
    counts: Counts,
    open_registrations: bool,
    name: str = "",
    description: str = "",
    repository: str | None = None,
    homepage: str | None = None,
) -> dict[str, object]:
    """The NodeInfo document of this server in schema 2.0 or 2.1.

    `metadata.upstream.name` says "mastodon", since some clients refuse to sign in to software they have not heard of;
    the software's own name stays in `software.name`. repository and homepage exist in 2.1 only. Raises ValueError for
    another schema version: the route offers these two alone.
    """
    if version not in VERSIONS:
        raise ValueError(f"no such NodeInfo schema: {version}")
    metadata: dict[str, object] = {"upstream": {"name": "mastodon"}}
    metadata |= {key: value for key, value in (("nodeName", name), ("nodeDescription", description)) if value}
    model = NodeInfo(
        version=version,
        software=Software(name=SOFTWARE, version=software_version),
        protocols=[Protocol.activitypub],
        services=Services(inbound=[], outbound=[]),
        openRegistrations=open_registrations,
        usage=Usage(
            users=Users(
                total=rounded(counts.members),
                activeMonth=rounded(counts.active_month),
                activeHalfyear=rounded(counts.active_halfyear),
            ),
            localPosts=rounded(counts.posts),
            localComments=rounded(counts.comments),
        ),
        metadata=metadata,
    )
    result: dict[str, object] = model.model_dump(mode="json")
    software = result["software"]
    if version == "2.1" and isinstance(software, dict):
        software |= {
            key: value for key, value in (("repository", repository), ("homepage", homepage)) if value
        }
    return result


def link_of(well_known: object, host: str, *, allow_http: bool = False) -> str | None:
    """The newest readable schema's address in a peer's discovery document, if it is https on that same host.

    A link elsewhere is not followed: with it a stranger could make this server ask any address.
    """
    links = well_known.get("links") if isinstance(well_known, dict) else None
    schemes = ("https://", "http://") if allow_http else ("https://",)
    found: dict[str, str] = {}
    for link in links[:MAX_LINKS] if isinstance(links, list) else []:
        if (
            isinstance(link, dict)
            and isinstance(rel := link.get("rel"), str)
            and isinstance(link.get("href"), str)
        ):
            address = canonical(link["href"])
            if address is not None and address.startswith(schemes) and host_of(address) == host:
                found.setdefault(rel.removeprefix(SCHEMA).removeprefix("https" + SCHEMA[4:]), address)
    return next((found[version] for version in _READABLE if version in found), None)


def parse(doc: object) -> RemoteSoftware | Refusal:
    """The software named by a NodeInfo document. Refusal (422): `nodeinfo_invalid`."""
    software = doc.get("software") if isinstance(doc, dict) else None
    name = software.get("name") if isinstance(software, dict) else None
    version = software.get("version") if isinstance(software, dict) else None
    if not isinstance(name, str) or not _NAME.match(name.lower()):
        return Refusal("nodeinfo_invalid", 422, "The server does not name its software.")
    return RemoteSoftware(name.lower(), clean_name(version, 64) if isinstance(version, str) else "")
