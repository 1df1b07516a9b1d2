"""Carry out effects about how actors stand to each other: grants, blocks, and what somebody is told of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy import bindparam, case, delete, exists, func, or_, select, update

from fedi_community.domain import effects as e
from fedi_community.domain.model import Grant, followers_of, mentors_of, owner_of, staff_of
from fedi_community.storage import gates, homes, joining, notifications
from fedi_community.storage import tables as t
from fedi_community.storage.client_tables import push_subscriptions
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, one_of, param, upsert_row, word
from fedi_community.storage.wake import Wake

_SET_GRANT = upsert_row(
    t.grants,
    ["actor_id", "collection_id"],
    ["actor_id", "collection_id", "state", "uri", "created", "updated"],
    ["created"],
)


def members_of_group(key: Any) -> Any:
    g = t.grants.alias()
    return (
        select(func.count())
        .select_from(g)
        .where(g.c.collection_id == key + number(1), g.c.state == number(Grant.ACCEPTED))
        .correlate_except(g)
        .scalar_subquery()
    )


_COUNT_MEMBERS = Statement(
    update(t.groups)
    .where(t.groups.c.actor_id == param("key"))
    .values(members_count=members_of_group(t.groups.c.actor_id))
)
_FORGET_HOME_OF_AUTHOR = Statement(
    delete(t.home).where(
        t.home.c.owner_id == param("owner"),
        t.home.c.object_id.in_(select(t.objects.c.id).where(t.objects.c.author_id == param("author"))),
    )
)
_FORGET_HOME_VIA = Statement(
    delete(t.home).where(t.home.c.owner_id == param("owner"), t.home.c.via == param("author"))
)


def _logins_of(actor: Any) -> Any:
    """The log-ins that an actor is the self of."""
    own = t.speakers.alias()
    return select(own.c.login_id).where(own.c.actor_id == actor, own.c.role == word("self"))


_NO_LONGER_SPEAKS = Statement(
    delete(t.speakers).where(
        t.speakers.c.actor_id == param("group"),
        t.speakers.c.role == word("staff"),
        t.speakers.c.login_id.in_(_logins_of(param("actor")).scalar_subquery()),
    )
)
_END_TOKENS = Statement(
    update(t.tokens)
    .where(
        t.tokens.c.actor_id == param("group"),
        t.tokens.c.login_id.in_(_logins_of(param("actor")).scalar_subquery()),
        t.tokens.c.revoked.is_(None),
    )
    .values(revoked=param("at"))
)


_LOGINS = Statement(_logins_of(param("actor")))
_END_PUSH = Statement(
    delete(push_subscriptions).where(
        push_subscriptions.c.actor_id == param("group"),
        push_subscriptions.c.token_id.in_(
            select(t.tokens.c.id)
            .where(
                t.tokens.c.actor_id == param("group"),
                t.tokens.c.login_id.in_(_logins_of(param("actor")).scalar_subquery()),
            )
            .scalar_subquery()
        ),
    )
)
_SET_POWERS = Statement(
    update(t.grants)
    .where(t.grants.c.actor_id == param("actor"), t.grants.c.collection_id == param("mentors"))
    .values(settings=bindparam("settings"))
)


async def _set_powers(tx: Tx, x: e.SetPowers, wake: Wake) -> None:
    chosen = {} if x.powers is None else {"powers": sorted(x.powers)}
    await tx.run(
        _SET_POWERS, actor=x.actor_id, mentors=mentors_of(x.group_id), settings=orjson.dumps(chosen).decode()
    )


async def _set_grant(tx: Tx, x: e.SetGrant, wake: Wake) -> None:
    await tx.run(
        _SET_GRANT, actor_id=x.actor_id, collection_id=x.collection_id, state=int(x.state), uri=x.uri,
        created=x.at, updated=x.at,
    )  # fmt: skip
    owner = owner_of(x.collection_id)
    if x.collection_id == followers_of(owner):
        wake.followed.append(owner)
        await tx.run(_COUNT_MEMBERS, key=owner)
        if x.state is not Grant.ASKED:
            await joining.drop_answer(tx, owner, x.actor_id)
        if x.state is not Grant.ACCEPTED:
            await gates.left(tx, x.actor_id, owner, x.at)
            await tx.run(_FORGET_HOME_OF_AUTHOR, owner=x.actor_id, author=owner)
            await tx.run(_FORGET_HOME_VIA, owner=x.actor_id, author=owner)
        else:
            await homes.fill_home(tx, x.actor_id, owner)
    elif x.collection_id == staff_of(owner) and x.state is not Grant.ACCEPTED:
        await tx.run(_NO_LONGER_SPEAKS, group=owner, actor=x.actor_id)
        await tx.run(_END_TOKENS, group=owner, actor=x.actor_id, at=x.at)
        await tx.run(_END_PUSH, group=owner, actor=x.actor_id)
        logins = await tx.rows(_LOGINS, actor=x.actor_id)
        wake.streams += [("tokens", row[0], owner) for row in logins]  # open streams that speak as the group
    elif x.collection_id == mentors_of(owner) and x.state is not Grant.ACCEPTED:
        await _set_powers(tx, e.SetPowers(x.actor_id, owner, None), wake)
    wake.streams.append(("relation", x.actor_id, owner))


_of_host = (
    select(t.actors.c.id)
    .join(t.hosts, t.hosts.c.id == t.actors.c.host_id)
    .where(t.hosts.c.name == bindparam("host"))
    .scalar_subquery()
)
_END_HOST_GRANTS = Statement(
    update(t.grants)
    .where(
        t.grants.c.actor_id.in_(_of_host),
        t.grants.c.collection_id >= param("first"),
        t.grants.c.collection_id <= param("last"),
        or_(t.grants.c.state == number(Grant.ASKED), t.grants.c.state == number(Grant.ACCEPTED)),
    )
    .values(
        state=case(
            (t.grants.c.state == number(Grant.ASKED), number(Grant.REFUSED)), else_=number(Grant.ENDED)
        ),
        updated=param("at"),
    )
)
_COUNT_ALL_MEMBERS = Statement(
    update(t.groups)
    .where(t.groups.c.actor_id >= param("first"), t.groups.c.actor_id <= param("last"))
    .values(members_count=members_of_group(t.groups.c.actor_id))
)


async def _end_host_grants(tx: Tx, x: e.EndHostGrants, wake: Wake) -> None:
    first, last = (0, 2**63 - 1) if x.group_id is None else (x.group_id, staff_of(x.group_id))
    wake.followed.append(x.group_id or 0)
    if await tx.run(_END_HOST_GRANTS, host=x.host, first=first, last=last, at=x.at):
        await tx.run(_COUNT_ALL_MEMBERS, first=first, last=last)
        if x.group_id is not None:
            await gates.many_left(tx, x.group_id, x.at)


_G = t.grants.c
_END_REMOTE_GRANTS = Statement(
    update(t.grants)
    .where(
        _G.collection_id >= param("first"),
        _G.collection_id <= param("last"),
        or_(_G.state == number(Grant.ASKED), _G.state == number(Grant.ACCEPTED)),
        _G.actor_id.in_(
            select(t.actors.c.id)
            .join(t.hosts, t.hosts.c.id == t.actors.c.host_id)
            .where(~one_of(t.hosts.c.name, "peers", text=True))
            .scalar_subquery()
        ),
    )
    .values(
        state=case((_G.state == number(Grant.ASKED), number(Grant.REFUSED)), else_=number(Grant.ENDED)),
        updated=param("at"),
    )
)
_runs = t.grants.alias()
_END_READERS = Statement(
    update(t.grants)
    .where(
        _G.collection_id == param("first") + number(1),
        or_(_G.state == number(Grant.ASKED), _G.state == number(Grant.ACCEPTED)),
        _G.actor_id.in_(select(t.actors.c.id).where(t.actors.c.host_id.is_not(None)).scalar_subquery()),
        ~exists(
            select(number(1)).where(
                _runs.c.actor_id == _G.actor_id,
                or_(_runs.c.collection_id == param("mentors"), _runs.c.collection_id == param("staff")),
                _runs.c.state == number(Grant.ACCEPTED),
            )
        ),
    )
    .values(
        state=case((_G.state == number(Grant.ASKED), number(Grant.REFUSED)), else_=number(Grant.ENDED)),
        updated=param("at"),
    )
)
_PEERS = Statement(select(t.groups.c.peers).where(t.groups.c.actor_id == param("key")))


async def _end_remote_grants(tx: Tx, x: e.EndRemoteGrants, wake: Wake) -> None:
    wake.followed.append(x.group_id)
    peers = orjson.loads(await tx.value(_PEERS, key=x.group_id) or "[]")
    last = staff_of(x.group_id)
    await tx.run(_END_REMOTE_GRANTS, first=x.group_id, last=last, peers=peers, at=x.at)
    if x.readers:
        await tx.run(_END_READERS, first=x.group_id, mentors=mentors_of(x.group_id), staff=last, at=x.at)
    await gates.many_left(tx, x.group_id, x.at)
    await tx.run(_COUNT_ALL_MEMBERS, first=x.group_id, last=last)


_EXPIRED = tuple(
    Statement(delete(table).where(table.c.expires <= param("now")))
    for table in (t.blocks, t.mutes, t.join_answers)
)


async def _end_expired(tx: Tx, x: e.EndExpired, wake: Wake) -> None:
    for statement in _EXPIRED:
        await tx.run(statement, now=x.now)


_SET_BLOCK = upsert_row(
    t.blocks, ["actor_id", "target_id"], ["actor_id", "target_id", "uri", "expires", "created"], ["created"]
)
_CLEAR_BLOCK = Statement(
    delete(t.blocks).where(
        t.blocks.c.actor_id == param("actor_id"), t.blocks.c.target_id == param("target_id")
    )
)


async def _set_block(tx: Tx, x: e.SetBlock, wake: Wake) -> None:
    if x.on:
        await tx.run(
            _SET_BLOCK, actor_id=x.actor_id, target_id=x.target_id, uri=x.uri, expires=x.expires, created=x.at
        )
    else:
        await tx.run(_CLEAR_BLOCK, actor_id=x.actor_id, target_id=x.target_id)
    wake.streams.append(("relation", x.actor_id, x.target_id))


# --- notifications ---


async def _notify(tx: Tx, x: e.Notify, wake: Wake) -> None:
    await notifications.tell(tx, x.owner_id, x.kind, x.actor_id, x.object_id, x.at, wake, anew=x.anew)


_MODERATORS = Statement(
    select(t.actors.c.id)
    .join(t.grants, t.grants.c.actor_id == t.actors.c.id)
    .where(
        or_(t.grants.c.collection_id == param("mentors"), t.grants.c.collection_id == param("staff")),
        t.grants.c.state == number(Grant.ACCEPTED),
        t.actors.c.host_id.is_(None),
        t.actors.c.state == word("active"),
        t.actors.c.type != word("Service"),
    )
    .distinct()
)


async def _notify_moderators(tx: Tx, x: e.NotifyModerators, wake: Wake) -> None:
    found = await tx.rows(_MODERATORS, mentors=mentors_of(x.group_id), staff=staff_of(x.group_id))
    owners = [row["id"] for row in found]
    await notifications.write(tx, owners, x.kind, x.actor_id, None, f"{x.kind}-{x.group_id}", x.at, wake)


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.SetGrant: _set_grant,
    e.KeepToMembers: gates.keep_to_members,
    e.SetPowers: _set_powers,
    e.EndHostGrants: _end_host_grants,
    e.EndRemoteGrants: _end_remote_grants,
    e.EndExpired: _end_expired,
    e.SetBlock: _set_block,
    e.Notify: _notify,
    e.NotifyModerators: _notify_moderators,
}
