"""Rows of a post: its texts, audience and counts; and taking them away again. Its places in timelines are in `entries`, those in
homes in `homes`."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import (
    Executable,
    bindparam,
    case,
    delete,
    literal_column,
    select,
    update,
)

from fedi_community.domain.effects import EditPost, StorePost
from fedi_community.domain.model import (
    Attachment,
    Body,
    Post,
    State,
)
from fedi_community.storage import client_tables, entries, homes, lists, media, search
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import (
    Inserts,
    Statement,
    insert_row,
    number,
    one_of,
    param,
    upsert_row,
    word,
)
from fedi_community.storage.entries import shows_media
from fedi_community.storage.queue import arrived
from fedi_community.storage.schema import Flag

_OBJECT = insert_row(
    t.objects,
    *[
        "id",
        "uri",
        "kind",
        "author_id",
        "posted_by",
        "group_id",
        "root_id",
        "reply_to",
        "reply_to_uri",
        "boost_of",
        "quote_of",
        "gate_id",
        "state",
        "local",
        "released",
        "held_for",
        "note",
        "passed",
        "sensitive",
        "indexed",
        "depth",
        "language",
        "warning",
        "url",
        "image",
        "addressed",
        "extra",
        "context_uri",
        "published",
        "edited",
        "created",
    ],
)
_TEXT = insert_row(
    t.texts,
    *[
        "object_id",
        "revision",
        "language",
        "name",
        "summary",
        "content",
        "source",
        "source_type",
        "warning",
        "created",
    ],
    ignore=True,
)
_ATTACH = insert_row(
    t.attachments,
    *[
        "id",
        "object_id",
        "position",
        "owner_id",
        "kind",
        "url",
        "media_type",
        "name",
        "width",
        "height",
        "blurhash",
        "focus",
        "created",
    ],
    ignore=True,
)
_AUDIENCE = insert_row(t.audience, "object_id", "principal_id", "place", ignore=True)
_MENTION = insert_row(t.mentions, "object_id", "actor_id", ignore=True)
_TAG = insert_row(t.tags, "name", "created", ignore=True)
_TAG_IDS = Statement(select(t.tags.c.id).where(one_of(t.tags.c.name, "names", text=True)))
_OBJECT_TAG = insert_row(t.object_tags, "object_id", "tag_id", ignore=True)
_POLL = upsert_row(
    t.polls, ["object_id"], ["object_id", "options", "multiple", "hide_totals", "expires", "voters"]
)
_COUNT_REPLY = Statement(
    update(t.objects)
    .where(t.objects.c.id == param("key"))
    .values(replies_count=t.objects.c.replies_count + param("step"))
)
_COUNT_BOOST = Statement(
    update(t.objects)
    .where(t.objects.c.id == param("key"))
    .values(boosts_count=t.objects.c.boosts_count + param("step"))
)
_COUNT_POSTS = Statement(
    update(t.actors)
    .where(t.actors.c.id == param("key"))
    .values(posts_count=t.actors.c.posts_count + number(1), last_post_at=param("at"))
)


def _dump(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def attachment_json(item: Attachment | None) -> str | None:
    """A picture kept inside another row."""
    if item is None:
        return None
    return _dump({"url": item.url, "mediaType": item.media_type, "name": item.name, "width": item.width,
                  "height": item.height, "blurhash": item.blurhash})  # fmt: skip


async def store(tx: Tx, x: StorePost) -> None:
    """All rows of a new post."""
    post, body = x.post, x.body
    await tx.run(
        _OBJECT,
        id=post.id,
        uri=post.uri,
        kind=str(post.kind),
        author_id=post.author_id,
        posted_by=x.posted_by,
        group_id=post.group_id,
        root_id=post.root_id,
        reply_to=post.reply_to,
        reply_to_uri=x.reply_to_uri,
        boost_of=post.boost_of,
        quote_of=post.quote_of,
        gate_id=post.gate_id,
        state=str(post.state),
        local=int(post.local),
        released=int(post.released),
        held_for=x.held_for,
        note=int(post.note),
        passed=int(post.passed),
        sensitive=int(body.sensitive),
        indexed=int(bool(body.extra.get("indexed"))),
        depth=post.depth,
        language=body.language,
        warning=body.warning,
        url=body.url,
        image=attachment_json(body.image),
        addressed=_dump(x.addressed),
        extra=_dump(body.extra),
        context_uri=x.context_uri,
        published=post.published,
        edited=post.edited,
        created=x.created,
    )
    await tx.many(
        _AUDIENCE, [{"object_id": post.id, "principal_id": k, "place": v} for k, v in post.audience.items()]
    )
    tag_ids = await _store_body(tx, post, body, 0, x.created)
    answers_itself = x.parent_author == post.author_id
    await entries.enter(tx, post, tag_ids, media=shows_media(body), own_thread=answers_itself)
    if post.state is State.UNHEARD:
        await homes.into_own(tx, post)
        return
    if (
        post.state is State.HELD
    ):  # it is in timelines, where the rule hides it; counts and homes come with its release
        return
    if post.reply_to is not None and x.counts:
        await tx.run(_COUNT_REPLY, key=post.reply_to, step=1)
    if post.boost_of is not None and post.public:
        await tx.run(_COUNT_BOOST, key=post.boost_of, step=1)
    await tx.run(_COUNT_POSTS, key=post.author_id, at=x.created)
    await arrived(tx, post.uri)
    await homes.fill_homes(tx, x)
    await lists.arrived(tx, x)


async def release(tx: Tx, x: StorePost) -> None:
    """A held post is published: what `store` left out. x: its body is empty and not looked at."""
    if x.post.reply_to is not None and x.counts:
        await tx.run(_COUNT_REPLY, key=x.post.reply_to, step=1)
    await tx.run(_COUNT_POSTS, key=x.post.author_id, at=x.created)
    await homes.fill_homes(tx, x)
    await lists.arrived(tx, x)


async def _store_body(tx: Tx, post: Post, body: Body, revision: int, at: int) -> list[int]:
    await tx.many(
        _TEXT,
        [
            {"object_id": post.id, "revision": revision, "language": text.language, "name": text.name,
             "summary": text.summary, "content": text.content, "source": text.source,
             "source_type": text.source_type, "warning": body.warning, "created": at}
            for text in body.texts
        ],
    )  # fmt: skip
    await tx.many(_MENTION, [{"object_id": post.id, "actor_id": actor} for actor in body.mentions])
    places = list(enumerate(body.attachments))
    await tx.many(
        _ATTACH, [_attachment(post, at_, item, at) for at_, item in places if item.media_id is None]
    )
    await media.attach(
        tx, post.id, [(item.media_id, at_) for at_, item in places if item.media_id is not None]
    )
    await search.index(tx, post.id, body, again=revision > 0)
    poll = body.extra.get("poll")
    if isinstance(poll, dict):
        await tx.run(
            _POLL, object_id=post.id, options=_dump(poll["options"]), multiple=int(poll["multiple"]),
            hide_totals=int(poll.get("hide_totals", False)), expires=poll.get("expires"), voters=poll.get("voters"),
        )  # fmt: skip
    if not body.hashtags:
        return []
    await tx.many(_TAG, [{"name": name, "created": at} for name in body.hashtags])
    tag_ids = [row[0] for row in await tx.rows(_TAG_IDS, names=list(body.hashtags))]
    await tx.many(_OBJECT_TAG, [{"object_id": post.id, "tag_id": tag} for tag in tag_ids])
    return tag_ids


def _attachment(post: Post, position: int, item: Attachment, at: int) -> dict[str, Any]:
    return {
        "id": post.id + position,
        "object_id": post.id,
        "position": position,
        "owner_id": post.author_id,
        "kind": item.kind,
        "url": item.url,
        "media_type": item.media_type,
        "name": item.name,
        "width": item.width,
        "height": item.height,
        "blurhash": item.blurhash,
        "focus": _dump(item.focus),
        "created": at,
    }


# --- editing and taking back ----------------------------------------------------------------------------------------------

_REVISION = Statement(select(t.objects.c.revision).where(t.objects.c.id == param("key")))
_EDIT = Statement(
    update(t.objects)
    .where(t.objects.c.id == param("key"))
    .values(
        revision=bindparam("revision", type_=t.objects.c.revision.type),
        edited=param("edited"),
        warning=bindparam("warning"),
        sensitive=bindparam("sensitive", type_=Flag),
        language=bindparam("language"),
        url=bindparam("url"),
        image=bindparam("image"),
        extra=bindparam("extra"),
    )
)


def _of(table: Any, column: str = "object_id") -> Statement:
    return Statement(delete(table).where(table.c[column] == param("key")))


_DROP_MENTIONS, _DROP_TAGS = _of(t.mentions), _of(t.object_tags)


async def edit(tx: Tx, x: EditPost) -> None:
    """A new revision; the old texts stay as history."""
    revision = (await tx.value(_REVISION, key=x.post.id) or 0) + 1
    kept = frozenset(a.media_id for a in x.body.attachments if a.media_id is not None)
    await media.detach(tx, x.post.id, kept, x.edited)
    for statement in (_DROP_MENTIONS, _DROP_TAGS):
        await tx.run(statement, key=x.post.id)
    tag_ids = await _store_body(tx, x.post, x.body, revision, x.edited)
    await entries.enter_anew(tx, x.post, tag_ids, media=shows_media(x.body))
    extra = x.body.extra if not x.keeps_origin else {**await _origin(tx, x.post.id), **x.body.extra}
    await tx.run(
        _EDIT, key=x.post.id, revision=revision, edited=x.edited, warning=x.body.warning,
        sensitive=int(x.body.sensitive), language=x.body.language, url=x.body.url,
        image=attachment_json(x.body.image), extra=_dump(extra),
    )  # fmt: skip


_EXTRA = Statement(select(t.objects.c.extra).where(t.objects.c.id == param("key")))


async def _origin(tx: Tx, object_id: int) -> dict[str, Any]:
    """Of a post's extra what is no word of its author's."""
    extra = orjson.loads(await tx.value(_EXTRA, key=object_id) or "{}")
    return {name: extra[name] for name in ("origin", "indexed") if name in extra}


_GONE = Statement(
    update(t.objects)
    .where(t.objects.c.id == param("key"))
    .values(
        state=word("deleted"), revision=t.objects.c.revision + number(1), warning=literal_column("''"), url=None,
        image=None, addressed=literal_column("'{}'"), extra=literal_column("'{}'"), language=None,
    )
)  # fmt: skip
_FORGET = tuple(
    _of(table)
    for table in (
        t.texts, t.mentions, t.object_tags, t.entries, t.home, t.reactions, t.notifications, t.pins,
        t.polls, t.poll_votes, t.feed_items, client_tables.list_entries,
    )
)  # fmt: skip
_BOOSTS = Statement(
    update(t.objects).where(t.objects.c.boost_of == param("key")).values(state=word("deleted"))
)


def _bury(insert: Inserts) -> Executable:
    made = insert(t.tombstones).values({c.name: bindparam(c.name, type_=c.type) for c in t.tombstones.c})
    owner = case((t.tombstones.c.owner_uri == made.excluded.owner_uri, made.excluded.owner_uri))
    statement: Executable = made.on_conflict_do_update(index_elements=["uri"], set_={"owner_uri": owner})
    return statement


_TOMBSTONE = Statement(_bury)


async def forget(
    tx: Tx,
    object_id: int,
    uri: str,
    owner_uri: str,
    at: int,
    parent: int | None = None,
    boost_of: int | None = None,
) -> None:
    """Take a post's words, pictures and traces away. Who may have known of it stays, for an honest 410."""
    await tx.run(_GONE, key=object_id)
    await media.detach(tx, object_id, frozenset(), at)
    for statement in _FORGET:
        await tx.run(statement, key=object_id)
    await search.drop(tx, object_id)
    await tx.run(_BOOSTS, key=object_id)
    if parent is not None:
        await tx.run(_COUNT_REPLY, key=parent, step=-1)
    if boost_of is not None:
        await tx.run(_COUNT_BOOST, key=boost_of, step=-1)
    await bury(tx, uri, owner_uri, at)


_UNADDRESS = _of(t.audience)


async def forget_unheard(tx: Tx, object_id: int) -> None:
    """Nobody had access to what was heard by nobody: nobody is told that it is gone."""
    await tx.run(_UNADDRESS, key=object_id)


async def bury(tx: Tx, uri: str, owner_uri: str, at: int) -> None:
    """Remember that an id is gone, for ever, and whose it was: null (whoever's) when two said so, of whom one may lie."""
    await tx.run(_TOMBSTONE, uri=uri, owner_uri=owner_uri, created=at)
