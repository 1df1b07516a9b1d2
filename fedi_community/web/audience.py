"""Who can read a thing, in words. Pure: what the rule will decide is said here, never decided.

Readers are those whom both the audience and the thread's gate hold, so the words describe the narrower of the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from fedi_community.domain.counts import rounded
from fedi_community.domain.model import PUBLIC, SERVER, followers_of, owner_of
from fedi_community.domain.views import ActorView
from fedi_community.web.i18n import FEW, Words

MAX_NAMES = 5


@dataclass(frozen=True, slots=True)
class Readers:
    """audience, gate: principals (gate None: none). named: people the author named. viewer_id: who is told."""

    audience: frozenset[int]
    gate: frozenset[int] | None
    author: ActorView
    viewer_id: int
    group: ActorView | None = None
    named: tuple[ActorView, ...] = ()
    actors: Mapping[int, ActorView] = field(default_factory=dict)


def _width(principals: Collection[int]) -> int:
    if PUBLIC in principals:
        return 3
    if SERVER in principals:
        return 2
    return 1 if any(p & 3 for p in principals) else 0


def effective(audience: frozenset[int], gate: frozenset[int] | None) -> frozenset[int]:
    """The principals to describe: the narrower of audience and gate; what both hold where they are alike."""
    if gate is None or _width(gate) > _width(audience):
        return audience
    if _width(gate) < _width(audience):
        return gate
    return (audience & gate) or audience


def owners(audience: frozenset[int], gate: frozenset[int] | None) -> frozenset[int]:
    """Actors whose names the words may need."""
    chosen = effective(audience, gate)
    if PUBLIC in chosen:
        return frozenset()
    return frozenset(owner_of(p) for p in chosen if p not in (PUBLIC, SERVER))


def token(audience: frozenset[int], gate: frozenset[int] | None) -> str:
    """A short word that changes when the kind of readers does (people who are named one by one do not count)."""
    chosen = sorted(p for p in effective(audience, gate) if p in (PUBLIC, SERVER) or p & 3)
    return hashlib.sha256(repr(chosen).encode()).hexdigest()[:12]


def words(t: Words, readers: Readers) -> str:
    """One sentence: who can read it."""
    chosen = effective(readers.audience, readers.gate)
    if PUBLIC in chosen:
        return t("aud.public")
    if SERVER in chosen:
        return t("aud.server")
    collections = {p for p in chosen if p & 3}
    if collections:
        return _collection(t, readers, collections)
    return _people(t, readers, chosen)


def _collection(t: Words, readers: Readers, collections: set[int]) -> str:
    group = readers.group
    own = {p for p in collections if group is not None and owner_of(p) == group.id}
    if group is not None and own:
        return _of_group(t, group, own)
    for principal in sorted(collections):
        owner = readers.actors.get(owner_of(principal))
        if owner is not None and owner.is_group:
            same = {p for p in collections if owner_of(p) == owner.id}
            return _of_group(t, owner, same)
    author = followers_of(readers.author.id)
    principal = author if author in collections else min(collections)
    if owner_of(principal) == readers.viewer_id:
        return t("aud.your_followers")
    named = readers.author if principal == author else readers.actors.get(owner_of(principal))
    return t("aud.followers", name=named.name if named else readers.author.name)


def _of_group(t: Words, group: ActorView, collections: set[int]) -> str:
    if followers_of(group.id) in collections:
        count = group.followers_count
        form = "few" if count < FEW else "other"
        return t(f"aud.members.{form}", group=group.name, count=t.number(rounded(count)))
    return t("aud.mentors" if group.id | 2 in collections else "aud.staff", group=group.name)


def _people(t: Words, readers: Readers, chosen: frozenset[int]) -> str:
    if readers.viewer_id != readers.author.id:
        return t("aud.chosen", name=readers.author.name)
    known = {a.id: a.name for a in readers.actors.values()} | {a.id: a.name for a in readers.named}
    names = [known[p] for p in sorted(chosen) if p in known and p != readers.author.id]
    if not names:
        return t("aud.self")
    listed = ", ".join(names[:MAX_NAMES]) + (
        f" … (+{len(names) - MAX_NAMES})" if len(names) > MAX_NAMES else ""
    )
    return t("aud.people", names=listed)
