"""What all documents share: our address, times as text, and who is named in `to` and `cc`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fedi_community.activitypub.render.contexts import PUBLIC as PUBLIC_URI
from fedi_community.domain.model import PUBLIC, SERVER, Place, followers_of, mentors_of, owner_of
from fedi_community.domain.views import ActorView

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """Where we live. base: scheme and host; media: the origin of pictures and files, where it is another."""

    base: str
    media: str = ""

    @property
    def host(self) -> str:
        return self.base.split("://", 1)[1]

    def handle(self, actor: ActorView) -> str:
        """`name@host`, for ours too."""
        return f"{actor.handle}@{self.host}" if actor.local else actor.acct

    def media_url(self, url: str) -> str:
        """An absolute address; ours are stored as paths."""
        return url if "://" in url else f"{self.media or self.base}/{url.lstrip('/')}"


def iso(ms: int) -> str:
    """RFC 3339 with milliseconds, as Lemmy orders versions by it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Addressing:
    """`to`, `cc` and `audience` as they are sent. There is no `bto` or `bcc`, anywhere."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: str | None = None

    @property
    def public(self) -> bool:
        return PUBLIC_URI in self.to or PUBLIC_URI in self.cc

    def fields(self) -> Document:
        """As members of a document. Always lists: Lemmy reads nothing else."""
        found: Document = {"to": list(self.to), "cc": list(self.cc)}
        if self.audience is not None:
            found["audience"] = self.audience
        return found


def effective_audience(audience: Mapping[int, Place], gate: frozenset[int] | None) -> dict[int, Place]:
    """Who is addressed once the gate is drawn in: what was public in a group that was closed later goes to its gate."""
    if gate is None or PUBLIC in gate or PUBLIC not in audience:
        return dict(audience)
    narrowed: dict[int, Place] = {p: place for p, place in audience.items() if p != PUBLIC}
    return {**dict.fromkeys(sorted(gate), "to"), **narrowed}


def address(
    audience: Mapping[int, Place],
    actors: Mapping[int, ActorView],
    group: ActorView | None,
    host: str,
    author: int = 0,
) -> Addressing:
    """Principals as addresses, for the readers of one host.

    audience: see `effective_audience`. actors: the owners of its principals. host: authority of the reading server, ""
    for our own; of what is not public it learns its own people's names alone. A group's mentors are named only where its
    members are not meant; all of this server and a group's staff have no address. author: who needs no copy of his own.
    """
    public = PUBLIC in audience
    found: dict[Place, list[tuple[int, str]]] = {"to": [], "cc": []}
    for principal, place in audience.items():
        if principal == author and (group is None or group.id != author):
            continue
        named = _named(principal, audience, actors, group, host, public)
        if named is not None:
            found[place].append(named)
    to, cc = ([uri for _, uri in sorted(found[place])] for place in ("to", "cc"))
    to = list(dict.fromkeys(to))
    own = group is not None and (group.id in audience or followers_of(group.id) in audience)
    return Addressing(
        tuple(to),
        tuple(uri for uri in dict.fromkeys(cc) if uri not in to),
        group.uri if group is not None and own else None,
    )


def _named(
    principal: int,
    audience: Mapping[int, Place],
    actors: Mapping[int, ActorView],
    group: ActorView | None,
    host: str,
    public: bool,
) -> tuple[int, str] | None:
    """(rank, address): the group first, then Public, collections, people."""
    if principal == PUBLIC:
        return 1, PUBLIC_URI
    if principal == SERVER:
        return None
    owner = actors.get(owner_of(principal))
    if owner is None:
        return None
    if principal == owner.id:
        if owner.is_group:
            return 0, owner.uri
        return (3, owner.uri) if public or owner.host == host else None
    if principal == followers_of(owner.id):
        return (2, owner.followers_uri) if owner.followers_uri else None
    if owner.local and principal == mentors_of(owner.id) and followers_of(owner.id) not in audience:
        return 2, f"{owner.uri}/moderators"
    return None


def without_context(document: Document) -> Document:
    """To be embedded in a document that brings its own."""
    return {name: part for name, part in document.items() if name != "@context"}


def built(builder: Any) -> Document:
    """What one of bovine's builders makes."""
    found: Document = builder.build()
    return found
