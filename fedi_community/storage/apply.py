"""Carry out effects in the transaction that loaded the facts. One function an effect; the table is at the end.

Nothing is decided here: what may be, `decide` has said. What follows mechanically from an effect (timeline entries,
counts, interned principals) is done beside it, so that no caller can forget it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, func, select, update

from fedi_community.domain import effects as e
from fedi_community.domain.model import Grant, State, followers_of, staff_of
from fedi_community.storage import (
    accounts,
    apply_kept,
    apply_notices,
    apply_statuses,
    badges,
    conversations,
    desk,
    erasing,
    joining,
    measures,
    media,
    notifications,
    personas,
    relations,
    reports,
)
from fedi_community.storage import posts as p
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, number, param, upsert_row, word
from fedi_community.storage.relations import members_of_group
from fedi_community.storage.schema import Flag
from fedi_community.storage.visible import exists_in
from fedi_community.storage.wake import Wake


def dump(value: Any) -> str:
    """Compact JSON text."""
    return orjson.dumps(value).decode()


# --- reactions and pins ----------------------------------------------------------------------------------------

_REACT = insert_row(t.reactions, "actor_id", "object_id", "kind", "content", "uri", "created", ignore=True)
_UNREACT = Statement(
    delete(t.reactions).where(
        t.reactions.c.actor_id == param("actor_id"),
        t.reactions.c.object_id == param("object_id"),
        t.reactions.c.kind == bindparam("kind"),
    )
)
_COUNTED = {
    "like": t.objects.c.likes_count,
    "react": t.objects.c.likes_count,
    "dislike": t.objects.c.dislikes_count,
}
_STEP = {
    kind: Statement(
        update(t.objects).where(t.objects.c.id == param("key")).values({column.name: column + param("step")})
    )
    for kind, column in _COUNTED.items()
}


async def _react(tx: Tx, x: e.React, wake: Wake) -> None:
    added = await tx.run(
        _REACT,
        actor_id=x.actor_id,
        object_id=x.post.id,
        kind=x.kind,
        content=x.content,
        uri=x.uri,
        created=x.at,
    )
    if added and x.kind in _STEP:
        await tx.run(_STEP[x.kind], key=x.post.id, step=1)


async def _unreact(tx: Tx, x: e.Unreact, wake: Wake) -> None:
    gone = await tx.run(_UNREACT, actor_id=x.actor_id, object_id=x.post.id, kind=x.kind)
    if gone and x.kind in _STEP:
        await tx.run(_STEP[x.kind], key=x.post.id, step=-1)
    if gone and x.kind == "like":
        await notifications.take_back(tx, "favourite", x.actor_id, x.post.id)


_PIN = insert_row(t.pins, "actor_id", "object_id", "created", ignore=True)
_UNPIN = Statement(
    delete(t.pins).where(t.pins.c.actor_id == param("actor_id"), t.pins.c.object_id == param("object_id"))
)


async def _pin(tx: Tx, x: e.Pin, wake: Wake) -> None:
    if x.on:
        await tx.run(_PIN, actor_id=x.actor_id, object_id=x.post.id, created=x.at)
    else:
        await tx.run(_UNPIN, actor_id=x.actor_id, object_id=x.post.id)


_VOTE = insert_row(t.poll_votes, "object_id", "actor_id", "choice", "created", ignore=True)
_POLL = Statement(select(t.polls.c.options, t.polls.c.voters).where(t.polls.c.object_id == param("key")))
_SET_POLL = Statement(
    update(t.polls)
    .where(t.polls.c.object_id == param("key"))
    .values(options=bindparam("options"), voters=bindparam("voters"))
)


_VOTED = Statement(
    select(func.count()).where(
        t.poll_votes.c.object_id == param("object_id"), t.poll_votes.c.actor_id == param("actor_id")
    )
)
_TALLY = Statement(
    update(t.polls)
    .where(t.polls.c.object_id == param("key"))
    .values(options=bindparam("options"), voters=bindparam("voters"), expires=param("expires"))
)


async def _tally(tx: Tx, x: e.TallyPoll, wake: Wake) -> None:
    row = await tx.row(_POLL, key=x.post.id)
    if row is None:
        return
    options = [
        {**option, "votes": votes}
        for option, votes in zip(orjson.loads(row["options"]), x.votes, strict=False)
    ]
    await tx.run(_TALLY, key=x.post.id, options=dump(options), voters=x.voters, expires=x.expires)


async def _vote(tx: Tx, x: e.VotePoll, wake: Wake) -> None:
    row = await tx.row(_POLL, key=x.post.id)
    if row is None:
        return
    first = not await tx.value(_VOTED, object_id=x.post.id, actor_id=x.actor_id)
    options = orjson.loads(row["options"])
    added = False
    for choice in x.choices:
        if 0 <= choice < len(options) and await tx.run(
            _VOTE, object_id=x.post.id, actor_id=x.actor_id, choice=choice, created=x.at
        ):
            options[choice]["votes"] = options[choice].get("votes", 0) + 1
            added = True
    if added:
        known = row["voters"] is not None or x.post.local  # a peer may not say how many people voted
        voters = (row["voters"] or 0) + first if known else None
        await tx.run(_SET_POLL, key=x.post.id, options=dump(options), voters=voters)


# --- actors -------------------------------------------------------------------------------------------------------------

_HOST = insert_row(t.hosts, "name", ignore=True)
_HOST_ID = Statement(select(t.hosts.c.id).where(t.hosts.c.name == bindparam("name")))
_PRINCIPAL = insert_row(t.principals, "uri", "id", "owner_id", ignore=True)
ACTOR_COLUMNS = [
    "type",
    "handle",
    "name",
    "summary",
    "language",
    "url",
    "inbox",
    "shared_inbox",
    "outbox",
    "followers_uri",
    "following_uri",
    "featured_uri",
    "moderators_uri",
    "icon",
    "image",
    "fields",
    "held_name",
    "locked",
    "discoverable",
    "indexable",
    "also_known_as",
    "moderators",
    "mods_only",
    "implements",
    "published",
    "updated",
]
_ACTOR = upsert_row(
    t.actors,
    ["uri"],
    ["id", "uri", "host_id", "handle_host", "created", "fetched_at", *ACTOR_COLUMNS],
    ["id", "host_id", "created"],
)
_ACTOR_ID = Statement(select(t.actors.c.id).where(t.actors.c.uri == bindparam("uri")))
_KEY = upsert_row(
    t.keys, ["uri"], ["uri", "actor_id", "kind", "public", "created", "checked_at"], ["created"]
)
_RETIRE_KEYS = Statement(
    delete(t.keys).where(t.keys.c.actor_id == param("actor_id"), t.keys.c.checked_at < param("at"))
)
_MARK = Statement(update(t.actors).where(t.actors.c.id == param("key")).values(state=bindparam("new_state")))
_MOVED = Statement(update(t.actors).where(t.actors.c.id == param("key")).values(moved_to=param("target")))
_END_GRANTS = Statement(
    update(t.grants)
    .where(t.grants.c.actor_id == param("key"), t.grants.c.state != number(Grant.ENDED))
    .values(state=number(Grant.ENDED), updated=param("at"))
)
_END_FOLLOWS_OF = Statement(
    update(t.grants)
    .where(
        t.grants.c.collection_id >= param("key"),
        t.grants.c.collection_id <= param("last"),
        t.grants.c.state != number(Grant.ENDED),
    )
    .values(state=number(Grant.ENDED), updated=param("at"))
)
_held = t.grants.alias()
_COUNT_MEMBERS_WITHOUT = Statement(
    update(t.groups)
    .where(
        exists_in(
            _held, _held.c.actor_id == param("key"), _held.c.collection_id == t.groups.c.actor_id + number(1)
        )
    )
    .values(members_count=members_of_group(t.groups.c.actor_id))
)
_POSTS_OF = Statement(select(t.objects.c.id, t.objects.c.uri).where(t.objects.c.author_id == param("key")))


async def host_row(tx: Tx, name: str) -> int:
    """The id of a host's row, made when missing."""
    found = await tx.value(_HOST_ID, name=name)
    if found is None:
        await tx.run(_HOST, name=name)
        found = await tx.value(_HOST_ID, name=name)
    return int(found)


async def _learn_actor(tx: Tx, x: e.LearnActor, wake: Wake) -> None:
    host = await host_row(tx, x.host)
    columns = {"handle_host": x.host, "held_name": None, **x.columns}
    await tx.run(_ACTOR, id=x.id, uri=x.uri, host_id=host, created=x.at, fetched_at=x.at, **columns)
    actor = await tx.value(_ACTOR_ID, uri=x.uri)
    if columns["held_name"]:
        await tx.run(badges.STILL_ALLOWED, actor=actor)
    names = {x.uri: actor}
    if x.columns.get("followers_uri"):
        names[x.columns["followers_uri"]] = followers_of(actor)
    for uri, principal in names.items():
        await tx.run(_PRINCIPAL, uri=uri, id=principal, owner_id=actor)
    for uri, kind, public in x.keys:
        await tx.run(_KEY, uri=uri, actor_id=actor, kind=kind, public=public, created=x.at, checked_at=x.at)
    await tx.run(_RETIRE_KEYS, actor_id=actor, at=x.at)
    wake.keys.append(x.uri)


async def _mark_actor(tx: Tx, x: e.MarkActor, wake: Wake) -> None:
    await tx.run(_MARK, key=x.actor.id, new_state=x.state)
    wake.followed.append(0)
    if x.state == "deleted":
        await tx.run(_END_GRANTS, key=x.actor.id, at=x.at)
        await tx.run(_END_FOLLOWS_OF, key=x.actor.id, last=staff_of(x.actor.id), at=x.at)
        await tx.run(_COUNT_MEMBERS_WITHOUT, key=x.actor.id)
        for row in await tx.rows(_POSTS_OF, key=x.actor.id):
            await p.forget(tx, row["id"], row["uri"], x.actor.uri, x.at)
        await media.drop_owned(tx, x.actor.id, x.at)
        await erasing.forget_actor(tx, x.actor.id)
        wake.jobs = True
    wake.keys.append(x.actor.uri)


async def _moved(tx: Tx, x: e.Moved, wake: Wake) -> None:
    await tx.run(_MOVED, key=x.actor_id, target=x.target_id)


# --- activities and work --------------------------------------------------------------------------------------------------

_RECORD = insert_row(
    t.activities,
    *[
        "id",
        "uri",
        "type",
        "actor_id",
        "object_id",
        "target_id",
        "inner_uri",
        "state",
        "raw",
        "extra",
        "created",
    ],
    ignore=True,
)
_UNDONE = Statement(
    update(t.activities).where(t.activities.c.uri == bindparam("uri")).values(state=word("undone"))
)
_FANOUT = insert_row(t.fanout, "activity_id", "mode", "scope", "created")
_COMPLETE = Statement(delete(t.inbox).where(t.inbox.c.id == param("key")))
_AUDIT = insert_row(
    t.audit, *["at", "login_id", "actor_id", "action", "group_id", "object_id", "target_id", "detail"]
)
_REPORT = insert_row(
    t.reports,
    *[
        "id",
        "reporter_id",
        "target_id",
        "group_id",
        "uri",
        "category",
        "comment",
        "object_ids",
        "rule_ids",
        "forwarded",
        "copy",
        "language",
        "urgent",
        "sealed_until",
        "created",
    ],
    ignore=True,
)
_FEED_ITEM = upsert_row(t.feed_items, ["feed_id", "guid"], ["feed_id", "guid", "object_id", "hash", "seen"])


async def _record(tx: Tx, x: e.Record, wake: Wake) -> None:
    await tx.run(
        _RECORD, id=x.id, uri=x.uri, type=x.type, actor_id=x.actor_id, object_id=x.object_id, target_id=x.target_id,
        inner_uri=x.inner_uri, state=x.state, raw=x.raw, extra=dump(x.extra), created=x.at,
    )  # fmt: skip


async def _mark_undone(tx: Tx, x: e.MarkUndone, wake: Wake) -> None:
    await tx.run(_UNDONE, uri=x.uri)


async def _send(tx: Tx, x: e.Send, wake: Wake) -> None:
    scope = {"collections": x.collections, "actors": x.actors, "object": x.object_id}
    await tx.run(_FANOUT, activity_id=x.activity_id, mode=x.mode, scope=dump(scope), created=x.at)
    wake.deliveries = True


async def _tell_each(tx: Tx, x: e.TellEach, wake: Wake) -> None:
    rows = [
        {"id": r.id, "uri": r.uri, "type": r.type, "actor_id": r.actor_id, "object_id": r.object_id,
         "target_id": r.target_id, "inner_uri": r.inner_uri, "state": r.state, "raw": r.raw, "extra": dump(r.extra),
         "created": r.at}
        for r in x.records
    ]  # fmt: skip
    scopes = [{"collections": (), "actors": (r.target_id,), "object": None} for r in x.records]
    await tx.many(_RECORD, rows)
    await tx.many(
        _FANOUT,
        [
            {"activity_id": r.id, "mode": "control", "scope": dump(scope), "created": x.at}
            for r, scope in zip(x.records, scopes, strict=True)
        ],
    )
    wake.deliveries = wake.deliveries or bool(x.records)


async def _complete(tx: Tx, x: e.CompleteInbox, wake: Wake) -> None:
    await tx.run(_COMPLETE, key=x.id)


async def _audit(tx: Tx, x: e.Audit, wake: Wake) -> None:
    await tx.run(
        _AUDIT, at=x.at, login_id=x.login_id, actor_id=x.actor_id, action=x.action, group_id=x.group_id,
        object_id=x.object_id, target_id=x.target_id, detail=dump(x.detail),
    )  # fmt: skip


async def _file(tx: Tx, x: e.File, wake: Wake) -> None:
    copy = x.copy or await reports.copies(tx, x.object_ids)
    await tx.run(
        _REPORT, id=x.id, reporter_id=x.reporter_id, target_id=x.target_id, group_id=x.group_id, uri=x.uri,
        category=x.category, comment=x.comment, object_ids=dump(x.object_ids), rule_ids=dump(x.rule_ids),
        forwarded=int(x.forwarded), copy=dump(copy) if copy else None, language=x.language, urgent=int(x.urgent),
        sealed_until=x.sealed_until, created=x.at,
    )  # fmt: skip
    await reports.seal(tx, x.id, x.object_ids)
    wake.jobs = True


async def _link_feed_item(tx: Tx, x: e.LinkFeedItem, wake: Wake) -> None:
    await tx.run(_FEED_ITEM, feed_id=x.feed_id, guid=x.guid, object_id=x.object_id, hash=x.hash, seen=x.at)


_GATE = insert_row(t.gates, "id", "group_id", "reads", "created")
_GATE_PRINCIPAL = insert_row(t.gate_principals, "gate_id", "principal_id", ignore=True)


async def _make_gate(tx: Tx, x: e.MakeGate, wake: Wake) -> None:
    await tx.run(_GATE, id=x.id, group_id=x.group_id, reads=x.reads, created=0)
    await tx.many(_GATE_PRINCIPAL, [{"gate_id": x.id, "principal_id": c} for c in sorted(x.principals)])


_FLAG = {
    name: Statement(
        update(t.objects).where(t.objects.c.id == param("key")).values({name: bindparam("on", type_=Flag)})
    )
    for name in ("locked", "passed", "asks_first")
}
_STATE = Statement(
    update(t.objects).where(t.objects.c.id == param("key")).values(state=bindparam("new_state"))
)
_HOLD = Statement(
    update(t.objects)
    .where(t.objects.c.id == param("key"))
    .values(state=word("held"), held_for=bindparam("reason"))
)
_RELEASE = Statement(
    update(t.objects)
    .where(t.objects.c.id == param("key"))
    .values(state=word("published"), released=number(1))
)


async def _set_flag(tx: Tx, x: e.SetFlag, wake: Wake) -> None:
    await tx.run(_FLAG[x.flag], key=x.post.id, on=int(x.on))


async def _set_state(tx: Tx, x: e.SetState, wake: Wake) -> None:
    if x.state is State.HELD:
        await tx.run(_HOLD, key=x.post.id, reason=x.held_for)
    else:
        await tx.run(_STATE, key=x.post.id, new_state=str(x.state))
    if x.state is State.PUBLISHED:
        wake.streams.append(("post", x.post.id, None))
    else:
        wake.streams.append(("gone", x.post.id, None))


async def _store_post(tx: Tx, x: e.StorePost, wake: Wake) -> None:
    await p.store(tx, x)
    if x.post.state is State.UNHEARD:
        await conversations.arrived(tx, x.post, wake)
        wake.streams.append(("post", x.post.id, None))
    elif x.post.state is not State.HELD:
        await _arrived(tx, x, wake)


async def _arrived(tx: Tx, x: e.StorePost, wake: Wake) -> None:
    """What is told of a post when it is published."""
    await conversations.arrived(tx, x.post, wake)
    await notifications.tell_watchers(tx, x.post, x.created, wake)
    wake.streams.append(("post", x.post.id, None))


async def _release_post(tx: Tx, x: e.ReleasePost, wake: Wake) -> None:
    await tx.run(_RELEASE, key=x.stored.post.id)
    await p.release(tx, x.stored)
    await _arrived(tx, x.stored, wake)


async def _edit_post(tx: Tx, x: e.EditPost, wake: Wake) -> None:
    await p.edit(tx, x)
    await notifications.tell_boosters(tx, x.post, x.edited, wake)
    wake.jobs = True  # files that are no longer attached go
    wake.streams.append(("edited", x.post.id, None))


async def _delete_post(tx: Tx, x: e.DeletePost, wake: Wake) -> None:
    if x.files_until is not None:
        await media.release(tx, x.post.id, x.files_until, x.at)
    await p.forget(
        tx, x.post.id, x.post.uri, x.owner_uri, x.at, parent=x.post.reply_to if x.counted else None,
        boost_of=x.post.boost_of if x.post.public and x.post.state is not State.UNHEARD else None,
    )  # fmt: skip
    if x.post.state is State.UNHEARD:
        await p.forget_unheard(tx, x.post.id)
    await conversations.gone(tx, x.post.id)
    wake.jobs = True
    if x.post.state is State.PUBLISHED:  # of what was held nobody heard
        wake.streams.append(("gone", x.post.id, None))


async def _remember_gone(tx: Tx, x: e.RememberGone, wake: Wake) -> None:
    await p.bury(tx, x.uri, x.owner_uri, x.at)


_APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    **accounts.APPLY,
    **relations.APPLY,
    **apply_kept.APPLY,
    **apply_notices.APPLY,
    **apply_statuses.APPLY,
    **desk.APPLY,
    **media.APPLY,
    **joining.APPLY,
    **reports.APPLY,
    **badges.APPLY,
    **personas.APPLY,
    **measures.APPLY,
    e.MakeGate: _make_gate,
    e.StorePost: _store_post,
    e.ReleasePost: _release_post,
    e.EditPost: _edit_post,
    e.DeletePost: _delete_post,
    e.RememberGone: _remember_gone,
    e.SetState: _set_state,
    e.SetFlag: _set_flag,
    e.React: _react,
    e.Unreact: _unreact,
    e.Pin: _pin,
    e.LearnActor: _learn_actor,
    e.MarkActor: _mark_actor,
    e.Moved: _moved,
    e.File: _file,
    e.Record: _record,
    e.MarkUndone: _mark_undone,
    e.Send: _send,
    e.TellEach: _tell_each,
    e.Audit: _audit,
    e.LinkFeedItem: _link_feed_item,
    e.VotePoll: _vote,
    e.TallyPoll: _tally,
    e.CompleteInbox: _complete,
}


async def apply(tx: Tx, effects: tuple[e.Effect, ...], wake: Wake) -> None:
    """Carry out the effects in order; note in `wake` whom to wake after the commit."""
    for effect in effects:
        await _APPLY[type(effect)](tx, effect, wake)
