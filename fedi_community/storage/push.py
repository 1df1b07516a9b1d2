"""Push subscriptions: one for each access token, gone with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import and_, delete, or_, select

from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, number, param, upsert_row, word

P = c.push_subscriptions.c


@dataclass(frozen=True, slots=True)
class Subscription:
    """endpoint: where to post. p256dh, auth: the browser's keys, base64url. alerts: kind -> wanted. language, settings: of the
    log-in that the token is of."""

    id: int
    actor_id: int
    endpoint: str
    p256dh: str
    auth: str
    standard: bool
    alerts: dict[str, bool]
    policy: str
    language: str = "en"
    settings: dict[str, Any] | None = None


_COLUMNS = (P.id, P.actor_id, P.endpoint, P.p256dh, P.auth, P.standard, P.alerts, P.policy)
_OF_TOKEN = Statement(select(*_COLUMNS).where(P.token_id == param("token")))
_OF_ACTOR = Statement(
    select(*_COLUMNS, t.logins.c.language, t.logins.c.settings)
    .join(t.tokens, t.tokens.c.id == P.token_id)
    .join(t.logins, t.logins.c.id == t.tokens.c.login_id)
    .join(t.actors, t.actors.c.id == P.actor_id)
    .where(
        P.actor_id == param("owner"),
        t.tokens.c.revoked.is_(None),
        or_(t.tokens.c.expires.is_(None), t.tokens.c.expires > param("now")),
        t.logins.c.state == word("active"),
        and_(t.actors.c.state != word("suspended"), t.actors.c.state != word("deleted")),
    )
    .limit(number(20))
)
"""As long as the token is good, and its log-in and actor may do anything."""
_PUT = upsert_row(
    c.push_subscriptions,
    ["token_id"],
    ["token_id", "actor_id", "endpoint", "p256dh", "auth", "standard", "alerts", "policy", "created"],
)
_DROP = Statement(delete(c.push_subscriptions).where(P.token_id == param("token")))
_DROP_ID = Statement(delete(c.push_subscriptions).where(P.id == param("key")))
_DROP_DEAD = Statement(
    delete(c.push_subscriptions).where(
        P.token_id.in_(select(t.tokens.c.id).where(t.tokens.c.revoked.is_not(None)))
    )
)


def _one(row: Row) -> Subscription:
    return Subscription(
        row["id"], row["actor_id"], row["endpoint"], row["p256dh"], row["auth"], bool(row["standard"]),
        orjson.loads(row["alerts"]), row["policy"],
    )  # fmt: skip


async def of_token(tx: Tx, token_id: int) -> Subscription | None:
    row = await tx.row(_OF_TOKEN, token=token_id)
    return None if row is None else _one(row)


async def of_actor(tx: Tx, owner: int, now: int) -> list[Subscription]:
    """The phones of an actor that may be told anything now."""
    found = []
    for row in await tx.rows(_OF_ACTOR, owner=owner, now=now):
        one = _one(row)
        found.append(
            Subscription(
                one.id, one.actor_id, one.endpoint, one.p256dh, one.auth, one.standard, one.alerts, one.policy,
                row["language"], orjson.loads(row["settings"]),
            )
        )  # fmt: skip
    return found


async def put(tx: Tx, token_id: int, one: Subscription, at: int) -> None:
    await tx.run(
        _PUT, token_id=token_id, actor_id=one.actor_id, endpoint=one.endpoint, p256dh=one.p256dh, auth=one.auth,
        standard=int(one.standard), alerts=orjson.dumps(one.alerts).decode(), policy=one.policy, created=at,
    )  # fmt: skip


async def drop(tx: Tx, token_id: int) -> None:
    await tx.run(_DROP, token=token_id)


async def drop_one(tx: Tx, subscription_id: int) -> None:
    """The push service says that nobody listens there any more."""
    await tx.run(_DROP_ID, key=subscription_id)


async def drop_dead(tx: Tx) -> None:
    """Subscriptions whose token was revoked."""
    await tx.run(_DROP_DEAD)
