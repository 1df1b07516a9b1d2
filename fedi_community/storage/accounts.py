"""Carry out effects about accounts: actors of ours, groups, logins, tokens, keys, hosts and feeds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, func, select, update

from fedi_community.domain import effects as e
from fedi_community.domain.holds import holds_stored
from fedi_community.domain.model import WIDTH, Who, audience_of, followers_of, mentors_of, staff_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, one_of, param, upsert_row
from fedi_community.storage.entries import list_host
from fedi_community.storage.schema import Big, Flag, Str
from fedi_community.storage.wake import Wake


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


_ACTOR = insert_row(
    t.actors,
    *[
        "id",
        "uri",
        "type",
        "handle",
        "name",
        "summary",
        "language",
        "locked",
        "discoverable",
        "sample",
        "state",
        "inbox",
        "outbox",
        "followers_uri",
        "url",
        "published",
        "created",
    ],
)
_HANDLE = insert_row(t.handles, "handle", "actor_id", "created")
_PRINCIPAL = insert_row(t.principals, "uri", "id", "owner_id", ignore=True)


async def _make_actor(tx: Tx, x: e.MakeActor, wake: Wake) -> None:
    instance = x.type == "Application"
    await tx.run(
        _ACTOR, id=x.id, uri=x.uri, type=x.type, handle=x.handle, name=x.name, summary=x.summary, language=x.language,
        locked=int(x.locked), discoverable=int(x.discoverable), sample=int(x.sample), state=x.state,
        inbox=x.uri.rsplit("/", 1)[0] + "/inbox" if instance else f"{x.uri}/inbox", outbox=f"{x.uri}/outbox",
        followers_uri=f"{x.uri}/followers", url=x.uri, published=x.at, created=x.at,
    )  # fmt: skip
    await tx.run(_HANDLE, handle=x.handle, actor_id=x.id, created=x.at)
    names = {x.uri: x.id, f"{x.uri}/followers": followers_of(x.id)}
    if x.type == "Group":
        names |= {
            f"{x.uri}/members": followers_of(x.id),
            f"{x.uri}/moderators": mentors_of(x.id),
            f"{x.uri}/staff": staff_of(x.id),
        }
    await tx.many(_PRINCIPAL, [{"uri": uri, "id": p, "owner_id": x.id} for uri, p in names.items()])


_GROUP = upsert_row(
    t.groups,
    ["actor_id"],
    [
        "actor_id",
        "finds",
        "reads",
        "posts",
        "replies",
        "joins",
        "boosts",
        "downvotes",
        "gate_id",
        "peers",
        "question",
        "holds",
        "updated",
    ],
)
_GATE = insert_row(t.gates, "id", "group_id", "reads", "created", ignore=True)
_GATE_PRINCIPAL = insert_row(t.gate_principals, "gate_id", "principal_id", ignore=True)


async def _write_group(tx: Tx, group: Any, at: int) -> None:
    await tx.run(
        _GROUP, actor_id=group.id, finds=str(group.finds), reads=str(group.reads), posts=str(group.posts),
        replies=str(group.replies), joins=str(group.joins), boosts=group.boosts, downvotes=int(group.downvotes),
        gate_id=group.gate_id, peers=_dump(sorted(group.peers)), question=group.question or None,
        holds=_dump(holds_stored(group.holds)), updated=at,
    )  # fmt: skip


async def _fill_gate(tx: Tx, group: Any, at: int) -> None:
    if group.gate_id is not None:
        await tx.run(_GATE, id=group.gate_id, group_id=group.id, reads=str(group.reads), created=at)
        chosen = sorted(audience_of(group.reads, group.id))
        await tx.many(_GATE_PRINCIPAL, [{"gate_id": group.gate_id, "principal_id": p} for p in chosen])


async def _make_group(tx: Tx, x: e.MakeGroup, wake: Wake) -> None:
    await _fill_gate(tx, x.group, x.at)
    await _write_group(tx, x.group, x.at)


async def _change_group(tx: Tx, x: e.ChangeGroup, wake: Wake) -> None:
    await _fill_gate(tx, x.group, x.at)
    await _write_group(tx, x.group, x.at)


_WIDER_GATES = Statement(
    select(t.gates.c.id).where(
        t.gates.c.group_id == param("group"), one_of(t.gates.c.reads, "wider", text=True)
    )
)
_TIGHTEN = Statement(
    update(t.gates).where(one_of(t.gates.c.id, "ids")).values(reads=bindparam("new_reads", type_=Str))
)
_EMPTY_GATES = Statement(delete(t.gate_principals).where(one_of(t.gate_principals.c.gate_id, "ids")))


async def _tighten_gates(tx: Tx, x: e.TightenGates, wake: Wake) -> None:
    wider = [str(word) for word in Who if WIDTH[word] > WIDTH[x.reads]]
    found = [row[0] for row in await tx.rows(_WIDER_GATES, group=x.group_id, wider=wider)]
    if not found:
        return
    await tx.run(_TIGHTEN, ids=found, new_reads=str(x.reads))
    await tx.run(_EMPTY_GATES, ids=found)
    inside = sorted(audience_of(x.reads, x.group_id))
    await tx.many(_GATE_PRINCIPAL, [{"gate_id": g, "principal_id": p} for g in found for p in inside])


async def _set_profile(tx: Tx, x: e.SetProfile, wake: Wake) -> None:
    for name, value in x.columns.items():
        await tx.run(_PROFILE[name], key=x.actor_id, value=value, at=x.at)


_PROFILE = {
    name: Statement(
        update(t.actors)
        .where(t.actors.c.id == param("key"))
        .values({name: bindparam("value", type_=t.actors.c[name].type), "updated": param("at")})
    )
    for name in [
        "name",
        "summary",
        "summary_source",
        "language",
        "icon",
        "image",
        "fields",
        "locked",
        "discoverable",
        "indexable",
        "also_known_as",
        "badges",
        "type",
        "open_collections",
    ]
}
_LOGIN = insert_row(
    t.logins,
    *[
        "id",
        "email",
        "password",
        "role",
        "state",
        "language",
        "created",
        "confirmed",
        "active_at",
        "settings",
    ],
)
_SPEAKER = upsert_row(t.speakers, ["login_id", "actor_id"], ["login_id", "actor_id", "role", "created"])
_NO_SPEAKER = Statement(
    delete(t.speakers).where(
        t.speakers.c.login_id == param("login_id"), t.speakers.c.actor_id == param("actor_id")
    )
)


async def _make_login(tx: Tx, x: e.MakeLogin, wake: Wake) -> None:
    await tx.run(
        _LOGIN, id=x.id, email=x.email, password=x.password, role=x.role, state=x.state, language=x.language,
        created=x.at, confirmed=x.at if x.state == "active" else None, active_at=x.at, settings=_dump(x.settings),
    )  # fmt: skip


async def _may_speak(tx: Tx, x: e.MaySpeak, wake: Wake) -> None:
    if x.on:
        await tx.run(_SPEAKER, login_id=x.login_id, actor_id=x.actor_id, role=x.role, created=x.at)
    else:
        await tx.run(_NO_SPEAKER, login_id=x.login_id, actor_id=x.actor_id)


_TOKEN = insert_row(
    t.tokens,
    *[
        "id",
        "hash",
        "kind",
        "login_id",
        "actor_id",
        "app_id",
        "scopes",
        "data",
        "created",
        "expires",
        "made_by",
    ],
)
_REVOKE_HASH = Statement(
    update(t.tokens)
    .where(t.tokens.c.hash == bindparam("hash"), t.tokens.c.revoked.is_(None))
    .values(revoked=param("at"))
    .returning(t.tokens.c.id)
)
_REVOKE_MADE_BY = Statement(
    update(t.tokens)
    .where(t.tokens.c.made_by == param("made_by"), t.tokens.c.revoked.is_(None))
    .values(revoked=param("at"))
    .returning(t.tokens.c.id)
)
_REVOKE_LOGIN = Statement(
    update(t.tokens)
    .where(t.tokens.c.login_id == param("login_id"), t.tokens.c.revoked.is_(None))
    .values(revoked=param("at"))
)
_REVOKE_ACTOR = Statement(
    update(t.tokens)
    .where(
        t.tokens.c.login_id == param("login_id"),
        t.tokens.c.actor_id == param("actor_id"),
        t.tokens.c.revoked.is_(None),
    )
    .values(revoked=param("at"))
)


async def _make_token(tx: Tx, x: e.MakeToken, wake: Wake) -> None:
    await tx.run(
        _TOKEN, id=x.id, hash=x.hash, kind=x.kind, login_id=x.login_id, actor_id=x.actor_id, app_id=x.app_id,
        scopes=x.scopes, data=_dump(x.data), created=x.at, expires=x.expires, made_by=x.made_by,
    )  # fmt: skip


async def _revoke_tokens(tx: Tx, x: e.RevokeTokens, wake: Wake) -> None:
    if x.hash is not None or x.made_by is not None:
        ended = (
            await tx.rows(_REVOKE_HASH, hash=x.hash, at=x.at)
            if x.hash is not None
            else await tx.rows(_REVOKE_MADE_BY, made_by=x.made_by, at=x.at)
        )
        wake.streams += [("token", row["id"], None) for row in ended]
        return
    if x.actor_id is not None:
        await tx.run(_REVOKE_ACTOR, login_id=x.login_id, actor_id=x.actor_id, at=x.at)
    else:
        await tx.run(_REVOKE_LOGIN, login_id=x.login_id, at=x.at)
    wake.streams.append(("tokens", x.login_id or 0, x.actor_id))


_APP = insert_row(
    t.apps, *["id", "client_id", "client_secret", "name", "website", "redirect_uris", "scopes", "created"]
)


async def _make_app(tx: Tx, x: e.MakeApp, wake: Wake) -> None:
    await tx.run(
        _APP, id=x.id, client_id=x.client_id, client_secret=x.client_secret, name=x.name, website=x.website,
        redirect_uris=_dump(x.redirect_uris), scopes=x.scopes, created=x.at,
    )  # fmt: skip


_SET_LOGIN = Statement(
    update(t.logins)
    .where(t.logins.c.id == param("key"))
    .values(
        state=func.coalesce(bindparam("new_state", type_=Str), t.logins.c.state),
        password=func.coalesce(bindparam("new_password", type_=Str), t.logins.c.password),
        settings=func.coalesce(bindparam("new_settings", type_=Str), t.logins.c.settings),
        email=func.coalesce(bindparam("new_email", type_=Str), t.logins.c.email),
        confirmed=func.coalesce(bindparam("new_confirmed", type_=Big), t.logins.c.confirmed),
    )
)


async def _set_login(tx: Tx, x: e.SetLogin, wake: Wake) -> None:
    settings = None if x.settings is None else _dump(x.settings)
    await tx.run(
        _SET_LOGIN, key=x.login_id, new_state=x.state, new_password=x.password, new_settings=settings,
        new_email=x.email, new_confirmed=x.confirmed,
    )  # fmt: skip


_JOB = insert_row(t.jobs, "kind", "key", "payload", "run_at", "created", ignore=True)


async def _add_job(tx: Tx, x: e.AddJob, wake: Wake) -> None:
    await tx.run(_JOB, kind=x.kind, key=x.key, payload=_dump(x.payload), run_at=x.at, created=x.at)
    wake.jobs = True


_KEPT = upsert_row(t.idempotency, ["actor_id", "key"], ["actor_id", "key", "kind", "result", "created"])


async def _remember_key(tx: Tx, x: e.RememberKey, wake: Wake) -> None:
    await tx.run(_KEPT, actor_id=x.actor_id, key=x.key, kind=x.kind, result=x.result, created=x.at)


_KEY = insert_row(
    t.keys, *["uri", "actor_id", "kind", "public", "private", "sealed_by", "created"], ignore=True
)
_TERMS = ("reject_media", "reject_reports", "obfuscate", "public_comment", "private_comment")
_HOST = insert_row(t.hosts, "name", ignore=True)
_HOST_STATE = Statement(
    update(t.hosts)
    .where(t.hosts.c.name == bindparam("host"))
    .values(
        state=func.coalesce(bindparam("new_state", type_=Str), t.hosts.c.state),
        listed=func.coalesce(bindparam("new_listed", type_=Flag), t.hosts.c.listed),
        **{
            name: func.coalesce(bindparam(f"new_{name}", type_=t.hosts.c[name].type), t.hosts.c[name])
            for name in _TERMS
        },
        judged_at=param("at"),
    )
)
_SOFTWARE = Statement(
    update(t.hosts)
    .where(t.hosts.c.name == bindparam("host"))
    .values(software=bindparam("new_software", type_=Str), software_at=param("at"))
)
_BAR = Statement(
    update(t.actors)
    .where(
        t.actors.c.host_id
        == select(t.hosts.c.id).where(t.hosts.c.name == bindparam("host")).scalar_subquery()
    )
    .values(barred=bindparam("new_barred", type_=Flag))
)
_FEED = insert_row(
    t.feeds, *["id", "url", "group_id", "author_id", "origin", "run_at", "created"], ignore=True
)


async def _store_key(tx: Tx, x: e.StoreKey, wake: Wake) -> None:
    await tx.run(
        _KEY, uri=x.uri, actor_id=x.actor_id, kind=x.kind, public=x.public, private=x.private, sealed_by=x.sealed_by,
        created=x.at,
    )  # fmt: skip


def _stored(value: bool | str | None) -> int | str | None:
    return int(value) if isinstance(value, bool) else value


async def _set_host(tx: Tx, x: e.SetHost, wake: Wake) -> None:
    await tx.run(_HOST, name=x.host)
    await tx.run(
        _HOST_STATE,
        host=x.host,
        new_state=x.state,
        new_listed=None if x.listed is None else int(x.listed),
        at=x.at,
        **{f"new_{name}": _stored(getattr(x, name)) for name in _TERMS},
    )
    if x.state is not None:
        await tx.run(_BAR, host=x.host, new_barred=int(x.state == "suspended"))
        await list_host(tx, x.host, x.state == "ok")
    wake.keys.append("*")


async def _set_software(tx: Tx, x: e.SetSoftware, wake: Wake) -> None:
    await tx.run(_HOST, name=x.host)
    await tx.run(_SOFTWARE, host=x.host, new_software=x.software, at=x.at)


async def _add_feed(tx: Tx, x: e.AddFeed, wake: Wake) -> None:
    await tx.run(
        _FEED,
        id=x.id,
        url=x.url,
        group_id=x.group_id,
        author_id=x.author_id,
        origin=x.origin,
        run_at=x.at,
        created=x.at,
    )
    wake.jobs = True


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.MakeActor: _make_actor,
    e.MakeGroup: _make_group,
    e.ChangeGroup: _change_group,
    e.TightenGates: _tighten_gates,
    e.SetProfile: _set_profile,
    e.MakeLogin: _make_login,
    e.MaySpeak: _may_speak,
    e.MakeToken: _make_token,
    e.RevokeTokens: _revoke_tokens,
    e.MakeApp: _make_app,
    e.SetLogin: _set_login,
    e.StoreKey: _store_key,
    e.SetHost: _set_host,
    e.SetSoftware: _set_software,
    e.AddFeed: _add_feed,
    e.AddJob: _add_job,
    e.RememberKey: _remember_key,
}
