"""Who would read a post that is not written yet: the rule (`domain.visibility`) asked for each kind of reader it is meant for.

Two sets come out. `sent` is whom the delivery would go to, block by block as the rule says it; a test compares it with what the
fan-out does. The counts that people are told leave blocks out, so that nobody learns of one by trying.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import and_, select, union_all

from fedi_community.domain.model import PUBLIC, SERVER, Grant, Post, State, Viewer
from fedi_community.domain.visibility import may_view, nothing, sight_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word

_A, _G, _H = t.actors.c, t.grants.c, t.hosts.c
_ALIVE = and_(among(_A.state, "active", "limited"), _A.barred == number(0), _A.id != param("author"))
_HOLDERS = Statement(
    union_all(
        select(_A.id, _A.host_id, _A.type, _G.collection_id)
        .join(t.grants, _G.actor_id == _A.id)
        .where(one_of(_G.collection_id, "collections"), _G.state == number(Grant.ACCEPTED), _ALIVE),
        select(_A.id, _A.host_id, _A.type, _A.id).where(one_of(_A.id, "named"), _ALIVE),
    )
)
_LOCAL = Statement(select(_A.id, _A.type).where(_A.host_id.is_(None), _ALIVE, _A.type != word("Application")))
_HOSTS = Statement(
    select(_H.id, _H.name, _H.listed).where(one_of(_H.id, "ids"), _H.state != word("suspended"))
)
_B = t.blocks.c
_BLOCKED = Statement(
    union_all(
        select(_B.target_id).where(_B.actor_id == param("author")),
        select(_B.actor_id).where(_B.target_id == param("author")),
    )
)


@dataclass(frozen=True, slots=True)
class Readers:
    """Who would read it now. everyone: anybody on the web. here, elsewhere: actor ids, blocks left out of account; elsewhere is
    by host. sent: remote actors whom the delivery goes to. groups: those of `here` that are no people."""

    everyone: bool
    here: frozenset[int]
    elsewhere: dict[str, frozenset[int]]
    sent: frozenset[int]
    groups: frozenset[int] = frozenset()


async def readers(
    tx: Tx, post: Post, collections: Collection[int], actors: Collection[int], *, listed_only: bool = False
) -> Readers:
    """collections, actors: the candidates of its deliveries (see `domain.sending`). Five statements at most."""
    audience = frozenset(post.audience)
    gate = post.gate if post.gate is not None else frozenset({PUBLIC})
    everyone = PUBLIC in audience and PUBLIC in gate
    wanted = audience | gate | set(collections)
    rows = await tx.rows(
        _HOLDERS,
        author=post.author_id,
        collections=[p for p in wanted if p & 3 and p > SERVER],
        named=[p for p in {*audience, *gate, *actors} if not p & 3 and p != post.author_id],
    )
    held: dict[int, set[int]] = {}
    groups: set[int] = set()
    host_of: dict[int, int | None] = {}
    for actor, host, kind, principal in rows:
        held.setdefault(actor, set()).add(principal)
        host_of[actor] = host
        if kind == "Group":
            groups.add(actor)
    if SERVER in audience:
        for actor, kind in await tx.rows(_LOCAL, author=post.author_id):
            if kind == "Group":
                groups.add(actor)
            held.setdefault(actor, set())
            host_of[actor] = None
    published = replace(post, state=State.PUBLISHED)
    kinds: dict[tuple[bool, bool, frozenset[int]], bool] = {}
    admitted = []
    for actor, principals in held.items():  # the rule is asked once for all who hold the same
        local = host_of[actor] is None
        kind = (local, actor == post.group_id, frozenset(principals))
        if kind not in kinds:
            sight = sight_of(Viewer(actor, local=local), kind[2])
            kinds[kind] = may_view(sight, published, nothing)
        if kinds[kind]:
            admitted.append(actor)
    hosts = {host for a in admitted if (host := host_of[a]) is not None}
    names = {row[0]: row[1] for row in await tx.rows(_HOSTS, ids=list(hosts)) if row[2] or not listed_only}
    blocked = {row[0] for row in await tx.rows(_BLOCKED, author=post.author_id)}
    candidates = {*collections, *actors}
    elsewhere: dict[str, set[int]] = {}
    sent = set()
    for actor in admitted:
        host = host_of[actor]
        if host in names and held[actor] & candidates:
            elsewhere.setdefault(names[host], set()).add(actor)
            if actor not in blocked:
                sent.add(actor)
    return Readers(
        everyone,
        frozenset(a for a in admitted if host_of[a] is None),
        {name: frozenset(found) for name, found in elsewhere.items()},
        frozenset(sent),
        frozenset(groups),
    )
