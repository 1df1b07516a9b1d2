"""Statements about tokens, sessions and log-ins. Reading only, and the mark of when somebody was last here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, and_, bindparam, select, update

from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, param, word

K, L, A = t.tokens.c, t.logins.c, t.actors.c

_TOKEN = Statement(
    select(
        K.id, K.login_id, K.actor_id, K.app_id, K.scopes, K.expires, K.revoked, K.used_at, L.role, L.language,
        L.state.label("login_state"), A.handle, A.name, A.type, A.state.label("actor_state"),
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
