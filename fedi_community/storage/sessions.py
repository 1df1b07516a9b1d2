"""Statements about tokens, sessions, log-ins and applications. Reading only, and the mark of when somebody was last here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Select, and_, bindparam, delete, func, select, update

from fedi_community.domain.facts import Login, Persona, Token
from fedi_community.storage import push
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, among, one_of, param, word

KEY_MS: Final = 3_600_000
"""How long an idempotency key is remembered."""
SPENT_MS: Final = 86_400_000
"""How long spent codes and mailed links are kept, so that a second use is noticed."""

K, L, A = t.tokens.c, t.logins.c, t.actors.c

_TOKEN = Statement(
    select(
        K.id, K.login_id, K.actor_id, K.app_id, K.scopes, K.expires, K.revoked, K.used_at, L.role, L.language,
        L.state.label("login_state"), L.settings, A.handle, A.name, A.type, A.state.label("actor_state"),
        t.speakers.c.role.label("voice"),
    )
    .select_from(
        t.tokens.join(t.logins, L.id == K.login_id)
        .join(t.actors, A.id == K.actor_id)
        .join(t.speakers, and_(t.speakers.c.login_id == K.login_id, t.speakers.c.actor_id == K.actor_id))
    )
    .where(K.hash == bindparam("hash"), K.kind == bindparam("kind"))
)  # fmt: skip


async def token_row(tx: Tx, hash_: str, kind: str) -> Row | None:
    """A token with its login and actor, whatever their states; None when the login may not speak as that actor."""
    return await tx.row(_TOKEN, hash=hash_, kind=kind)


@dataclass(frozen=True, slots=True)
class LoginRow:
    """password: an argon2 hash. actor_id: the actor the login is the self of."""

    id: int
    password: str
    state: str
    role: str
    language: str
    actor_id: int
    actor_state: str


def _logins() -> Select[tuple[object, ...]]:
    return (
        select(
            L.id, L.password, L.state, L.role, L.language, A.id.label("actor"), A.state.label("actor_state")
        )
        .select_from(
            t.logins.join(t.speakers, t.speakers.c.login_id == L.id).join(
                t.actors, A.id == t.speakers.c.actor_id
            )
        )
        .where(t.speakers.c.role == word("self"))
    )


_BY_EMAIL = Statement(_logins().where(L.email == bindparam("email")))
_BY_HANDLE = Statement(_logins().where(A.handle == bindparam("handle"), A.host_id.is_(None)))


async def login_by_email(tx: Tx, email: str) -> LoginRow | None:
    """email: in small letters, as stored."""
    row = await tx.row(_BY_EMAIL, email=email)
    return None if row is None else LoginRow(*row)


async def login_by_handle(tx: Tx, handle: str) -> LoginRow | None:
    row = await tx.row(_BY_HANDLE, handle=handle)
    return None if row is None else LoginRow(*row)


_TOKEN_USED = Statement(update(t.tokens).where(K.id == param("key")).values(used_at=param("at")))
_LOGIN_SEEN = Statement(update(t.logins).where(L.id == param("key")).values(active_at=param("at")))


async def touch(tx: Tx, token_id: int, login_id: int, at: int) -> None:
    """The token was used and its owner seen."""
    await tx.run(_TOKEN_USED, key=token_id, at=at)
    await tx.run(_LOGIN_SEEN, key=login_id, at=at)


# --- applications -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class App:
    """A registered client. secret_hash: SHA-256 of its secret."""

    id: int
    client_id: str
    secret_hash: str
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]


P = t.apps.c
_APP_COLUMNS = (P.id, P.client_id, P.client_secret, P.name, P.website, P.redirect_uris, P.scopes)
_APP = Statement(select(*_APP_COLUMNS).where(P.client_id == bindparam("client_id")))
_APP_BY_ID = Statement(select(*_APP_COLUMNS).where(P.id == param("key")))
_APP_TOKEN = Statement(
    select(K.id, K.app_id, K.scopes, K.revoked).where(
        K.hash == bindparam("hash"), K.kind == word("app"), K.app_id.is_not(None)
    )
)


def _app(row: Row | None) -> App | None:
    if row is None:
        return None
    return App(
        row["id"],
        row["client_id"],
        row["client_secret"],
        row["name"],
        row["website"],
        tuple(orjson.loads(row["redirect_uris"])),
        tuple(row["scopes"].split()),
    )


async def app_by_client_id(tx: Tx, client_id: str) -> App | None:
    return _app(await tx.row(_APP, client_id=client_id))


async def app_by_id(tx: Tx, app_id: int) -> App | None:
    return _app(await tx.row(_APP_BY_ID, key=app_id))


async def app_token(tx: Tx, hash_: str) -> Row | None:
    """id, app_id, scopes and revoked of a token that speaks for an application alone."""
    return await tx.row(_APP_TOKEN, hash=hash_)


# --- facts for decisions ----------------------------------------------------------------------------------------------

_TOKENS = Statement(
    select(
        K.hash, K.id, K.kind, K.login_id, K.actor_id, K.app_id, K.scopes, K.data, K.expires, K.revoked
    ).where(one_of(K.hash, "hashes", text=True))
)
_LOGINS_BY_ID = Statement(select(L.id, L.email, L.state, L.role, L.language).where(one_of(L.id, "ids")))
_SPEAKERS = Statement(
    select(t.speakers.c.login_id, t.speakers.c.role, A.id, A.handle, A.name, A.state, A.only_in)
    .select_from(t.speakers.join(t.actors, A.id == t.speakers.c.actor_id))
    .where(one_of(t.speakers.c.login_id, "ids"))
    .order_by(A.id)
)
_DONE = Statement(
    select(t.idempotency.c.kind, t.idempotency.c.result).where(
        t.idempotency.c.actor_id == param("actor_id"),
        t.idempotency.c.key == bindparam("key"),
        t.idempotency.c.created > param("since"),
    )
)


async def known_tokens(tx: Tx, hashes: Iterable[str]) -> dict[str, Token]:
    """Tokens of any kind by hash."""
    return {
        r["hash"]: Token(
            r["id"], r["kind"], r["login_id"], r["actor_id"], r["app_id"], r["scopes"], orjson.loads(r["data"]),
            r["expires"], r["revoked"],
        )
        for r in await tx.rows(_TOKENS, hashes=list(hashes))
    }  # fmt: skip


async def known_logins(tx: Tx, ids: Iterable[int]) -> dict[int, Login]:
    """Log-ins with everybody they may speak as."""
    wanted = list(ids)
    spoken: dict[int, dict[int, str]] = {}
    personas: dict[int, list[Persona]] = {}
    for login, role, *who in await tx.rows(_SPEAKERS, ids=wanted):
        spoken.setdefault(login, {})[who[0]] = role
        if role == "persona":
            personas.setdefault(login, []).append(Persona(*who))
    found: dict[int, Login] = {}
    for r in await tx.rows(_LOGINS_BY_ID, ids=wanted):
        actors = spoken.get(r["id"], {})
        own = next((a for a, role in actors.items() if role == "self"), None)
        found[r["id"]] = Login(
            r["id"], r["email"], r["state"], r["role"], r["language"], own, frozenset(actors),
            tuple(personas.get(r["id"], ())),
        )  # fmt: skip
    return found


async def done_before(tx: Tx, actor_id: int, key: str, now: int) -> tuple[str, int] | None:
    """(verdict, result) of the request that used this idempotency key in the last hour."""
    row = await tx.row(_DONE, actor_id=actor_id, key=key, since=now - KEY_MS)
    return None if row is None else (row["kind"], row["result"])


# --- people -----------------------------------------------------------------------------------------------------------

_VOICES = Statement(
    select(A.id, A.handle, A.name, A.type, t.speakers.c.role)
    .select_from(t.speakers.join(t.actors, A.id == t.speakers.c.actor_id))
    .where(t.speakers.c.login_id == param("login_id"), among(A.state, "active", "limited"))
    .order_by(t.speakers.c.role != word("self"), A.handle)
)


@dataclass(frozen=True, slots=True)
class Voice:
    """An actor that a login may speak as. role: self, persona or staff (of a group)."""

    id: int
    handle: str
    name: str
    type: str
    role: str


async def voices(tx: Tx, login_id: int) -> list[Voice]:
    """Whom a login may speak as: itself first."""
    return [Voice(*row) for row in await tx.rows(_VOICES, login_id=login_id)]


_MODERATORS = Statement(
    select(func.count())
    .select_from(t.logins)
    .where(L.state == word("active"), among(L.role, "staff", "admin"))
)
_CONTACT = Statement(
    select(func.min(A.id))
    .select_from(
        t.logins.join(t.speakers, t.speakers.c.login_id == L.id).join(t.actors, A.id == t.speakers.c.actor_id)
    )
    .where(
        L.state == word("active"),
        L.role == word("admin"),
        t.speakers.c.role == word("self"),
        A.state == word("active"),
    )
)


async def moderators(tx: Tx) -> int:
    """How many active log-ins are staff or admin."""
    return int(await tx.value(_MODERATORS))


async def first_admin(tx: Tx) -> int | None:
    """The actor of the oldest admin."""
    found: int | None = await tx.value(_CONTACT)
    return found


# --- tidying ----------------------------------------------------------------------------------------------------------

_OLD_KEYS = Statement(delete(t.idempotency).where(t.idempotency.c.created < param("before")))
_OLD_TOKENS = Statement(
    delete(t.tokens).where(
        K.expires.is_not(None),
        K.expires < param("before"),
        among(K.kind, "code", "confirm", "reset", "session"),
    )
)


async def tidy(tx: Tx, now: int) -> None:
    """Forget idempotency keys after their hour, and codes, links and sessions a day after their end.

    Push subscriptions go with their token."""
    await push.drop_dead(tx)
    await tx.run(_OLD_KEYS, before=now - KEY_MS)
    await tx.run(_OLD_TOKENS, before=now - SPENT_MS)


_LOGIN_OF = Statement(
    select(t.speakers.c.login_id).where(
        t.speakers.c.actor_id == param("actor_id"), t.speakers.c.role == word("self")
    )
)


async def login_of(tx: Tx, actor_id: int) -> int | None:
    """The login that an actor is the self of."""
    found: int | None = await tx.value(_LOGIN_OF, actor_id=actor_id)
    return found
