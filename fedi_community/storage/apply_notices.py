"""Carry out effects on announcements, notifications and push."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, update

from fedi_community.domain import client_effects as e
from fedi_community.storage import client_tables as c
from fedi_community.storage import conversations, notifications, push
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, param
from fedi_community.storage.wake import Wake

_MAKE = insert_row(c.announcements, "id", "texts", "until", "published")
_WITHDRAW = Statement(
    update(c.announcements).where(c.announcements.c.id == param("key")).values(withdrawn=param("at"))
)
_READ = insert_row(c.announcement_reads, "actor_id", "announcement_id", ignore=True)
_REACT = insert_row(c.announcement_reactions, "announcement_id", "actor_id", "name", ignore=True)
_UNREACT = Statement(
    delete(c.announcement_reactions).where(
        c.announcement_reactions.c.announcement_id == param("announcement_id"),
        c.announcement_reactions.c.actor_id == param("actor_id"),
        c.announcement_reactions.c.name == bindparam("name"),
    )
)


async def _make(tx: Tx, x: e.MakeAnnouncement, wake: Wake) -> None:
    await tx.run(_MAKE, id=x.id, texts=orjson.dumps(x.texts).decode(), until=x.until, published=x.at)
    wake.streams.append(("announcement", x.id, None))


async def _withdraw(tx: Tx, x: e.WithdrawAnnouncement, wake: Wake) -> None:
    await tx.run(_WITHDRAW, key=x.id, at=x.at)
    wake.streams.append(("announcement_gone", x.id, None))


async def _read(tx: Tx, x: e.ReadAnnouncement, wake: Wake) -> None:
    await tx.run(_READ, actor_id=x.actor_id, announcement_id=x.announcement_id)


async def _react(tx: Tx, x: e.ReactAnnouncement, wake: Wake) -> None:
    await tx.run(
        _REACT if x.on else _UNREACT, announcement_id=x.announcement_id, actor_id=x.actor_id, name=x.name
    )
    wake.streams.append(("announcement_reaction", x.announcement_id, None))


async def _clear(tx: Tx, x: e.ClearNotifications, wake: Wake) -> None:
    await notifications.drop(tx, x.owner_id, x.what)


async def _set_policy(tx: Tx, x: e.SetNotificationPolicy, wake: Wake) -> None:
    await notifications.set_rules(tx, x.owner_id, dict(x.rules))


async def _settle(tx: Tx, x: e.SettleSenders, wake: Wake) -> None:
    await notifications.settle(tx, x.owner_id, x.senders, x.state, x.at)
    if x.state == "accepted":
        wake.streams.append(("notifications_merged", x.owner_id, None))


async def _mark_conversation(tx: Tx, x: e.MarkConversation, wake: Wake) -> None:
    await conversations.mark(tx, x.owner_id, x.id, x.unread)


async def _drop_conversation(tx: Tx, x: e.DropConversation, wake: Wake) -> None:
    await conversations.drop(tx, x.owner_id, x.id)


async def _set_push(tx: Tx, x: e.SetPush, wake: Wake) -> None:
    kept = push.Subscription(0, x.actor_id, x.endpoint, x.p256dh, x.auth, x.standard, x.alerts, x.policy)
    await push.put(tx, x.token_id, kept, x.at)


async def _drop_push(tx: Tx, x: e.DropPush, wake: Wake) -> None:
    await (push.drop(tx, x.token_id) if x.token_id else push.drop_one(tx, x.id))


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.MakeAnnouncement: _make,
    e.WithdrawAnnouncement: _withdraw,
    e.ReadAnnouncement: _read,
    e.ReactAnnouncement: _react,
    e.ClearNotifications: _clear,
    e.SetNotificationPolicy: _set_policy,
    e.SettleSenders: _settle,
    e.MarkConversation: _mark_conversation,
    e.DropConversation: _drop_conversation,
    e.SetPush: _set_push,
    e.DropPush: _drop_push,
}
