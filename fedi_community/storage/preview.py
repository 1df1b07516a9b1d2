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
    shared = [p for p in wanted if p & 3 and p > SERVER]
    named = [p for p in {*audience, *gate, *actors} if not p & 3 and p != post.author_id]
    rows = await tx.rows(_HOLDERS, author=post.author_id, collections=shared, named=named)
    held: dict[int, frozenset[int]] = {}
    alone = {p: frozenset({p}) for p in (*shared, *named)}  # made once, not once a member
    groups: set[int] = set()
    host_of: dict[int, int | None] = {}
    for actor, host, kind, principal in rows:
        if actor in held:
            held[actor] |= {principal}
            continue
        held[actor] = alone[principal]
        host_of[actor] = host
        if kind == "Group":
            groups.add(actor)
    if SERVER in audience:
        for actor, kind in await tx.rows(_LOCAL, author=post.author_id):
            if kind == "Group":
                groups.add(actor)
            held.setdefault(actor, frozenset())
            host_of[actor] = None
    # The rule is asked once for all of a host who hold the same, not once for each of 10,000 members.
    kinds: dict[tuple[int | None, frozenset[int], bool], list[int]] = {}
    for actor, principals in held.items():
        kinds.setdefault((host_of[actor], principals, actor == post.group_id), []).append(actor)
    published = replace(post, state=State.PUBLISHED)
    admitted = [
        (host, principals, people)
        for (host, principals, _), people in kinds.items()
        if may_view(sight_of(Viewer(people[0], local=host is None), principals), published, nothing)
    ]
    hosts = {host for host, _, _ in admitted if host is not None}
    names = {row[0]: row[1] for row in await tx.rows(_HOSTS, ids=list(hosts)) if row[2] or not listed_only}
    blocked = {row[0] for row in await tx.rows(_BLOCKED, author=post.author_id)}
    candidates = {*collections, *actors}
    here: set[int] = set()
    elsewhere: dict[str, set[int]] = {}
    for host, principals, people in admitted:
        if host is None:
            here.update(people)
        elif host in names and principals & candidates:
            elsewhere.setdefault(names[host], set()).update(people)
    return Readers(
        everyone,
        frozenset(here),
        {name: frozenset(found) for name, found in elsewhere.items()},
        frozenset().union(*elsewhere.values()) - blocked,
        frozenset(groups),
    )
