"""Carry out effects on what somebody keeps for himself: mutes, notes, lists, filters, tags, marks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select, update

from fedi_community.domain import client_effects as e
from fedi_community.domain.model import owner_of
from fedi_community.storage import client_tables as c
from fedi_community.storage import lists
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, one_of, param, upsert_row
from fedi_community.storage.wake import Wake

# --- people ---------------------------------------------------------------------------------------------------------------

_MUTE = upsert_row(
    t.mutes,
    ["actor_id", "target_id"],
    ["actor_id", "target_id", "notifications", "expires", "created"],
    ["created"],
)


def _between(table: Any) -> Statement:
    return Statement(
        delete(table).where(table.c.actor_id == param("actor_id"), table.c.target_id == param("target_id"))
    )


_UNMUTE, _NO_NOTE, _UNENDORSE = _between(t.mutes), _between(c.account_notes), _between(c.endorsements)
_NOTE = upsert_row(c.account_notes, ["actor_id", "target_id"], ["actor_id", "target_id", "note"])
_ENDORSE = insert_row(c.endorsements, "actor_id", "target_id", "created", ignore=True)
_DISMISS = insert_row(c.dismissed_suggestions, "actor_id", "target_id", ignore=True)
_SETTINGS = Statement(
    update(t.grants)
    .where(t.grants.c.actor_id == param("actor_id"), t.grants.c.collection_id == param("collection_id"))
    .values(settings=bindparam("new_settings"))
)
_AVOID = insert_row(c.domain_blocks, "actor_id", "host", "created", ignore=True)
_ADMIT = Statement(
    delete(c.domain_blocks).where(
        c.domain_blocks.c.actor_id == param("actor_id"), c.domain_blocks.c.host == bindparam("host")
    )
)


async def _mute(tx: Tx, x: e.SetMute, wake: Wake) -> None:
    if x.on:
        await tx.run(
            _MUTE, actor_id=x.actor_id, target_id=x.target_id, notifications=int(x.notifications),
            expires=x.expires, created=x.at,
        )  # fmt: skip
    else:
        await tx.run(_UNMUTE, actor_id=x.actor_id, target_id=x.target_id)
    wake.streams.append(("relation", x.actor_id, x.target_id))


async def _note(tx: Tx, x: e.SetNote, wake: Wake) -> None:
    if x.note:
        await tx.run(_NOTE, actor_id=x.actor_id, target_id=x.target_id, note=x.note)
    else:
        await tx.run(_NO_NOTE, actor_id=x.actor_id, target_id=x.target_id)


async def _endorse(tx: Tx, x: e.Endorse, wake: Wake) -> None:
    if x.on:
        await tx.run(_ENDORSE, actor_id=x.actor_id, target_id=x.target_id, created=x.at)
    else:
        await tx.run(_UNENDORSE, actor_id=x.actor_id, target_id=x.target_id)


async def _dismiss(tx: Tx, x: e.DismissSuggestion, wake: Wake) -> None:
    await tx.run(_DISMISS, actor_id=x.actor_id, target_id=x.target_id)


async def _follow_settings(tx: Tx, x: e.SetFollowSettings, wake: Wake) -> None:
    made = orjson.dumps(x.settings).decode()
    await tx.run(_SETTINGS, actor_id=x.actor_id, collection_id=x.collection_id, new_settings=made)
    wake.streams.append(("relation", x.actor_id, owner_of(x.collection_id)))


async def _domain_block(tx: Tx, x: e.SetDomainBlock, wake: Wake) -> None:
    if x.on:
        await tx.run(_AVOID, actor_id=x.actor_id, host=x.host, created=x.at)
    else:
        await tx.run(_ADMIT, actor_id=x.actor_id, host=x.host)
    wake.streams.append(("relation", x.actor_id, None))


# --- lists ----------------------------------------------------------------------------------------------------------------

_LIST = upsert_row(
    c.lists, ["id"], ["id", "actor_id", "title", "replies_policy", "exclusive", "circle", "created"],
    ["actor_id", "circle", "created"],
)  # fmt: skip
_PUT = insert_row(c.list_members, "list_id", "actor_id", "created", ignore=True)
_TAKE = Statement(
    delete(c.list_members).where(
        c.list_members.c.list_id == param("list_id"), one_of(c.list_members.c.actor_id, "ids")
    )
)
_EMPTY_LIST = Statement(delete(c.list_members).where(c.list_members.c.list_id == param("key")))
_DROP_LIST = Statement(delete(c.lists).where(c.lists.c.id == param("key")))


async def _save_list(tx: Tx, x: e.SaveList, wake: Wake) -> None:
    await tx.run(
        _LIST, id=x.id, actor_id=x.actor_id, title=x.title, replies_policy=x.replies_policy,
        exclusive=int(x.exclusive), circle=int(x.circle), created=x.at,
    )  # fmt: skip


async def _drop_list(tx: Tx, x: e.DropList, wake: Wake) -> None:
    await lists.forget(tx, x.id)
    await tx.run(_EMPTY_LIST, key=x.id)
    await tx.run(_DROP_LIST, key=x.id)


async def _list_members(tx: Tx, x: e.SetListMembers, wake: Wake) -> None:
    if x.on:
        await tx.many(_PUT, [{"list_id": x.list_id, "actor_id": i, "created": x.at} for i in x.actor_ids])
        await lists.fill(tx, x.list_id, x.actor_ids)
    else:
        await tx.run(_TAKE, list_id=x.list_id, ids=list(x.actor_ids))
        await lists.take_out(tx, x.list_id, x.actor_ids)


# --- filters --------------------------------------------------------------------------------------------------------------

_FILTER = upsert_row(
    c.filters, ["id"], ["id", "actor_id", "title", "action", "contexts", "expires", "created"], ["actor_id", "created"]
)  # fmt: skip
_KEYWORD = upsert_row(c.filter_keywords, ["id"], ["id", "filter_id", "keyword", "whole_word"])
_DROP_KEYWORDS = Statement(
    delete(c.filter_keywords).where(
        c.filter_keywords.c.filter_id == param("key"), one_of(c.filter_keywords.c.id, "ids")
    )
)
_DROP_FILTER = tuple(
    Statement(delete(table).where(column == param("key")))
    for table, column in (
        (c.filter_keywords, c.filter_keywords.c.filter_id),
        (c.filter_statuses, c.filter_statuses.c.filter_id),
        (c.filters, c.filters.c.id),
    )
)
_FILTER_STATUS = insert_row(c.filter_statuses, "id", "filter_id", "object_id", ignore=True)
_NO_FILTER_STATUS = Statement(delete(c.filter_statuses).where(c.filter_statuses.c.id == param("key")))


async def _save_filter(tx: Tx, x: e.SaveFilter, wake: Wake) -> None:
    await tx.run(
        _FILTER, id=x.id, actor_id=x.actor_id, title=x.title, action=x.action, contexts=" ".join(x.contexts),
        expires=x.expires, created=x.at,
    )  # fmt: skip
    if x.dropped:
        await tx.run(_DROP_KEYWORDS, key=x.id, ids=list(x.dropped))
    await tx.many(
        _KEYWORD,
        [
            {"id": key, "filter_id": x.id, "keyword": keyword, "whole_word": int(whole)}
            for key, keyword, whole in x.keywords
        ],
    )
    wake.streams.append(("filters", x.actor_id, None))


async def _drop_filter(tx: Tx, x: e.DropFilter, wake: Wake) -> None:
    for statement in _DROP_FILTER:
        await tx.run(statement, key=x.id)
    wake.streams.append(("filters", x.actor_id, None))


async def _filter_status(tx: Tx, x: e.SetFilterStatus, wake: Wake) -> None:
    if x.on:
        await tx.run(_FILTER_STATUS, id=x.id, filter_id=x.filter_id, object_id=x.object_id)
    else:
        await tx.run(_NO_FILTER_STATUS, key=x.id)
    wake.streams.append(("filters", x.actor_id, None))


# --- marks and tags -------------------------------------------------------------------------------------------------------

_MARKER = upsert_row(
    t.markers, ["actor_id", "timeline"], ["actor_id", "timeline", "last_read", "version", "updated"]
)
_TAG = insert_row(t.tags, "name", "created", ignore=True)
_TAG_ID = Statement(select(t.tags.c.id).where(t.tags.c.name == bindparam("name")))
_KEEP_TAG = {
    table: insert_row(table, "actor_id", "tag_id", "created", ignore=True)
    for table in (c.followed_tags, c.featured_tags)
}
_LEAVE_TAG = {
    table: Statement(
        delete(table).where(table.c.actor_id == param("actor_id"), table.c.tag_id == param("tag_id"))
    )
    for table in (c.followed_tags, c.featured_tags)
}


async def _marker(tx: Tx, x: e.SetMarker, wake: Wake) -> None:
    await tx.run(
        _MARKER, actor_id=x.actor_id, timeline=x.timeline, last_read=x.last_read, version=x.version, updated=x.at
    )  # fmt: skip


async def _tagged(tx: Tx, table: Any, actor_id: int, name: str, on: bool, at: int) -> None:
    if on:
        await tx.run(_TAG, name=name, created=at)
    tag_id = await tx.value(_TAG_ID, name=name)
    if tag_id is None:
        return
    if on:
        await tx.run(_KEEP_TAG[table], actor_id=actor_id, tag_id=tag_id, created=at)
    else:
        await tx.run(_LEAVE_TAG[table], actor_id=actor_id, tag_id=tag_id)


async def _follow_tag(tx: Tx, x: e.FollowTag, wake: Wake) -> None:
    await _tagged(tx, c.followed_tags, x.actor_id, x.name, x.on, x.at)


async def _feature_tag(tx: Tx, x: e.FeatureTag, wake: Wake) -> None:
    await _tagged(tx, c.featured_tags, x.actor_id, x.name, x.on, x.at)


APPLY: dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]] = {
    e.SetMute: _mute,
    e.SetNote: _note,
    e.Endorse: _endorse,
    e.DismissSuggestion: _dismiss,
    e.SetFollowSettings: _follow_settings,
    e.SetDomainBlock: _domain_block,
    e.SaveList: _save_list,
    e.DropList: _drop_list,
    e.SetListMembers: _list_members,
    e.SaveFilter: _save_filter,
    e.DropFilter: _drop_filter,
    e.SetFilterStatus: _filter_status,
    e.SetMarker: _marker,
    e.FollowTag: _follow_tag,
    e.FeatureTag: _feature_tag,
}
