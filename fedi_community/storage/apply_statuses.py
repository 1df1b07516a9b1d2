"""Carry out effects on what surrounds posts: posts put off, muted threads, polls that change and end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, null, or_, select, update

from fedi_community.domain import status_effects as e
from fedi_community.domain.uploads import EXPIRE_JOB, UNUSED_MS
from fedi_community.storage import client_tables as c
from fedi_community.storage import notifications
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, one_of, param, upsert_row, word
from fedi_community.storage.wake import Wake

_MUTE = insert_row(c.thread_mutes, "actor_id", "root_id", "created", ignore=True)
_UNMUTE = Statement(
    delete(c.thread_mutes).where(
        c.thread_mutes.c.actor_id == param("actor_id"), c.thread_mutes.c.root_id == param("root_id")
    )
)


async def _thread_mute(tx: Tx, x: e.SetThreadMute, wake: Wake) -> None:
    if x.on:
        await tx.run(_MUTE, actor_id=x.actor_id, root_id=x.root_id, created=x.at)
    else:
        await tx.run(_UNMUTE, actor_id=x.actor_id, root_id=x.root_id)


# --- posts put off ------------------------------------------------------------------------------------------------------

_KEEP = insert_row(c.scheduled, "id", "actor_id", "login_id", "run_at", "params", "created")
_MOVE = Statement(
    update(c.scheduled).where(c.scheduled.c.id == param("key")).values(run_at=param("new_run_at"))
)
_DROP = Statement(delete(c.scheduled).where(c.scheduled.c.id == param("key")))
_WAIT_LONGER = Statement(
    update(t.jobs)
    .where(t.jobs.c.kind == bindparam("job_kind"), one_of(t.jobs.c.key, "keys", text=True))
    .values(run_at=param("new_run_at"))
)


async def _wait_for(tx: Tx, uploads: tuple[int, ...], run_at: int) -> None:
    """Files that nobody used are dropped after a while; those of a post that is put off have to wait for it."""
    if uploads:
        keys = [str(i) for i in uploads]
        await tx.run(_WAIT_LONGER, job_kind=EXPIRE_JOB, keys=keys, new_run_at=run_at + UNUSED_MS)


async def _keep(tx: Tx, x: e.KeepScheduled, wake: Wake) -> None:
    await tx.run(
        _KEEP, id=x.id, actor_id=x.actor_id, login_id=x.login_id, run_at=x.run_at,
        params=orjson.dumps(x.params).decode(), created=x.at,
    )  # fmt: skip
    await _wait_for(tx, x.uploads, x.run_at)


async def _move(tx: Tx, x: e.MoveScheduled, wake: Wake) -> None:
    await tx.run(_MOVE, key=x.id, new_run_at=x.run_at)
    await _wait_for(tx, x.uploads, x.run_at)


async def _drop(tx: Tx, x: e.DropScheduled, wake: Wake) -> None:
    await tx.run(_DROP, key=x.id)


_OWN_FILES = Statement(
    select(t.attachments.c.id).where(
        t.attachments.c.object_id == param("key"), t.attachments.c.file.is_not(None)
    )
)
_RELEASE = Statement(
    update(t.attachments)
    .where(t.attachments.c.object_id == param("key"), t.attachments.c.file.is_not(None))
    .values(object_id=null())
)
_EXPIRE = insert_row(t.jobs, "kind", "key", "payload", "run_at", "created", ignore=True)


async def _release(tx: Tx, x: e.ReleaseUploads, wake: Wake) -> None:
    ids = [row[0] for row in await tx.rows(_OWN_FILES, key=x.post.id)]
    await tx.run(_RELEASE, key=x.post.id)
    rows = [
        {"kind": EXPIRE_JOB, "key": str(i), "payload": orjson.dumps({"id": i}).decode(), "run_at": x.at + UNUSED_MS,
         "created": x.at}
        for i in ids
    ]  # fmt: skip
    await tx.many(_EXPIRE, rows)


# --- polls --------------------------------------------------------------------------------------------------------------

_SET_POLL = upsert_row(
    t.polls, ["object_id"], ["object_id", "options", "multiple", "hide_totals", "expires", "voters"]
)
_SET_TERMS = Statement(
    update(t.polls)
    .where(t.polls.c.object_id == param("key"))
    .values(hide_totals=bindparam("new_hide", type_=t.polls.c.hide_totals.type), expires=param("new_expires"))
)
_DROP_VOTES = Statement(delete(t.poll_votes).where(t.poll_votes.c.object_id == param("key")))
_DROP_POLL = Statement(delete(t.polls).where(t.polls.c.object_id == param("key")))
_SET_KIND = Statement(
    update(t.objects).where(t.objects.c.id == param("key")).values(kind=bindparam("new_kind"))
)


async def _change_poll(tx: Tx, x: e.ChangePoll, wake: Wake) -> None:
    await tx.run(_SET_KIND, key=x.post.id, new_kind=str(x.kind))
    if not x.reset:
        await tx.run(_SET_TERMS, key=x.post.id, new_hide=int(x.hide_totals), new_expires=x.expires)
        return
    await tx.run(_DROP_VOTES, key=x.post.id)
    if not x.options:
        await tx.run(_DROP_POLL, key=x.post.id)
        return
    options = orjson.dumps([{"name": name, "votes": 0} for name in x.options]).decode()
    await tx.run(
        _SET_POLL, object_id=x.post.id, options=options, multiple=int(x.multiple), hide_totals=int(x.hide_totals),
        expires=x.expires, voters=0,
    )  # fmt: skip


_DROP_EARLIER = Statement(
    delete(t.texts).where(
        t.texts.c.object_id == param("key"),
        t.texts.c.revision
        < select(t.objects.c.revision).where(t.objects.c.id == param("key")).scalar_subquery(),
    )
)


async def _drop_earlier(tx: Tx, x: e.DropEarlier, wake: Wake) -> None:
    await tx.run(_DROP_EARLIER, key=x.post.id)


_voted = t.poll_votes.alias()
_CONCERNED = Statement(
    select(t.actors.c.id).where(
        t.actors.c.host_id.is_(None),
        t.actors.c.state == word("active"),
        t.actors.c.type != word("Group"),
        or_(
            t.actors.c.id == param("author"),
            t.actors.c.id.in_(
                select(_voted.c.actor_id).where(_voted.c.object_id == param("object_id")).scalar_subquery()
            ),
        ),
    )
)


async def _notify_voters(tx: Tx, x: e.NotifyVoters, wake: Wake) -> None:
    author = x.post.author_id
    found = [row[0] for row in await tx.rows(_CONCERNED, author=author, object_id=x.post.id)]
    await notifications.write(tx, found, "poll", author, x.post.id, f"poll-{x.post.id}", x.at, wake)


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.SetThreadMute: _thread_mute,
    e.KeepScheduled: _keep,
    e.MoveScheduled: _move,
    e.DropScheduled: _drop,
    e.ChangePoll: _change_poll,
    e.DropEarlier: _drop_earlier,
    e.NotifyVoters: _notify_voters,
    e.ReleaseUploads: _release,
}
