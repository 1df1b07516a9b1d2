"""Rows of a post: its texts, audience, timeline entries and counts; and taking them away again.

Timelines are keyed (timeline, ref, principal, object): the audience is part of the key, so that a stranger's page is one
range of one index and never a long list filtered afterwards.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Any, Final

import orjson
from sqlalchemy import (
    Executable,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from fedi_community.domain.effects import EditPost, StorePost
from fedi_community.domain.model import (
    PUBLIC,
    SERVER,
    TITLED,
    Attachment,
    Body,
    Grant,
    Kind,
    Post,
    State,
    followers_of,
)
from fedi_community.storage import client_tables, lists, media, search
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
from fedi_community.storage.queue import arrived
from fedi_community.storage.schema import Flag


class Timeline(IntEnum):
    """First part of an entry's key. `ref` is the tag's, group's or author's id, 0 where there is only one.

    Each thing that clients ask for has a key of its own (only media, only from here), so that no long timeline is filtered.
    """

    PUBLIC = 1
    LOCAL = 2
    TAG = 3
    GROUP = 4
    PROFILE = 5
    ARTICLES = 6  # our own titled posts
    REMOTE = 7
    TAG_LOCAL = 8
    PROFILE_ROOTS = 9  # without answers to others
    PROFILE_TAG = 10  # ref: `profile_tag(author, tag)`
    DIRECT = 11  # ref: one of those it is for
    PUBLIC_MEDIA = 17
    LOCAL_MEDIA = 18
    TAG_MEDIA = 19
    GROUP_MEDIA = 20
    PROFILE_MEDIA = 21
    REMOTE_MEDIA = 23
    TAG_LOCAL_MEDIA = 24


MEDIA: Final = 16
"""A timeline's number and this is that of its posts with pictures, films or sounds."""


def with_media(timeline: Timeline) -> Timeline:
    return Timeline(timeline + MEDIA)


def profile_tag(author_id: int, tag_id: int) -> int:
    """The key of an author's posts with a hashtag: 63 bits of a hash of both."""
    mixed = hashlib.blake2b(f"{author_id} {tag_id}".encode(), digest_size=8).digest()
    return int.from_bytes(mixed, "big") >> 1


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
_ENTRY = insert_row(t.entries, "timeline", "ref", "principal_id", "object_id", ignore=True)
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


_HOST_OF = Statement(
    select(t.hosts.c.state)
    .join(t.actors, t.actors.c.host_id == t.hosts.c.id)
    .where(t.actors.c.id == param("author"))
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
    limited, answers_itself = await is_limited(tx, post), x.parent_author == post.author_id
    found = entries_of(post, tag_ids, limited, media=shows_media(body), own_thread=answers_itself)
    await tx.many(_ENTRY, found)
    if post.state is State.UNHEARD:
        await tx.run(_HOME_OWN, object_id=post.id, via=None, owner=post.author_id)
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
    await fill_homes(tx, x)
    await lists.arrived(tx, x)


async def release(tx: Tx, x: StorePost) -> None:
    """A held post is published: what `store` left out. x: its body is empty and not looked at."""
    if x.post.reply_to is not None and x.counts:
        await tx.run(_COUNT_REPLY, key=x.post.reply_to, step=1)
    await tx.run(_COUNT_POSTS, key=x.post.author_id, at=x.created)
    await fill_homes(tx, x)
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


async def is_limited(tx: Tx, post: Post) -> bool:
    """Staff limited its author, or the author's host."""
    if post.local or post.author_state == "limited":
        return post.author_state == "limited"
    return await tx.value(_HOST_OF, author=post.author_id) not in (None, "ok")


def entries_of(
    post: Post, tag_ids: list[int], limited: bool = False, *, media: bool = False, own_thread: bool = False
) -> list[dict[str, int]]:
    """The timeline entries of a post: one for each timeline it belongs to and each principal that may find it there.

    limited: it is for those who follow its author or read its group, and stands in no public or topic timeline. media: it has a
    picture, film or sound. own_thread: it answers its own author.
    """
    wide = [p for p in (PUBLIC, SERVER) if p in post.audience]
    boost, root = post.kind is Kind.BOOST, post.reply_to is None and post.kind is not Kind.BOOST
    found: list[tuple[Timeline, int, int]] = []
    if not limited and (post.audience.get(PUBLIC) == "to" or SERVER in post.audience):
        here = Timeline.LOCAL if post.local else Timeline.REMOTE
        if root:
            found += [(kind, 0, p) for kind in (Timeline.PUBLIC, here) for p in wide]
        if root and post.local and post.kind in TITLED:
            found += [(Timeline.ARTICLES, 0, p) for p in wide]
        found += [(Timeline.TAG, tag, p) for tag in tag_ids for p in wide]
        if post.local:
            found += [(Timeline.TAG_LOCAL, tag, p) for tag in tag_ids for p in wide]
    if post.group_id is not None and root:
        inner = [p for p in post.audience if p & ~3 == post.group_id and p & 3]
        found += [(Timeline.GROUP, post.group_id, p) for p in {*wide, *inner}]
    own, author = followers_of(post.author_id), post.author_id
    people = [p for p in post.audience if p not in (PUBLIC, SERVER) and (p == own or not p & 3)]
    readers = {*wide, *people}
    found += [(Timeline.PROFILE, author, p) for p in readers]
    if root or boost or own_thread:
        found += [(Timeline.PROFILE_ROOTS, author, p) for p in readers]
    found += [(Timeline.PROFILE_TAG, profile_tag(author, tag), p) for tag in tag_ids for p in readers]
    if media:
        found += [(with_media(kind), ref, p) for kind, ref, p in found if kind in _OF_MEDIA]
    if not wide and not any(p & 3 for p in post.audience):
        found += [(Timeline.DIRECT, p, p) for p in {*post.audience, author}]
    return [{"timeline": int(k), "ref": ref, "principal_id": p, "object_id": post.id} for k, ref, p in found]


_OF_MEDIA: Final = frozenset(Timeline(kind - MEDIA) for kind in Timeline if kind > MEDIA)


def shows_media(body: Body) -> bool:
    return any(item.kind != "link" for item in body.attachments)


_of_host = (
    select(t.actors.c.id)
    .join(t.hosts, t.hosts.c.id == t.actors.c.host_id)
    .where(t.hosts.c.name == bindparam("host"), t.actors.c.state == word("active"))
    .scalar_subquery()
)
_by_host = select(t.objects.c.id).where(t.objects.c.author_id.in_(_of_host)).scalar_subquery()
_WHOLE: Final = (Timeline.PUBLIC, Timeline.REMOTE, Timeline.PUBLIC_MEDIA, Timeline.REMOTE_MEDIA)
_TAGGED: Final = (Timeline.TAG, Timeline.TAG_MEDIA)
_UNLIST = Statement(
    delete(t.entries).where(
        t.entries.c.object_id.in_(_by_host),
        or_(*(t.entries.c.timeline == number(kind) for kind in (*_WHOLE, *_TAGGED))),
    )
)
_FOR_EVERYBODY = and_(
    t.objects.c.author_id.in_(_of_host),
    t.objects.c.state != word("deleted"),
    t.audience.c.principal_id == number(PUBLIC),
    t.audience.c.place == word("to"),
)


def _entries_from(query: Any) -> Statement:
    return Statement(
        lambda insert: (
            insert(t.entries)
            .from_select(["timeline", "ref", "principal_id", "object_id"], query)
            .on_conflict_do_nothing()
        )
    )


_with_audience = t.objects.join(t.audience, t.audience.c.object_id == t.objects.c.id)


def _media_alone(kind: Timeline) -> tuple[Any, ...]:
    """What a timeline asks of a post beside its audience."""
    if kind < MEDIA:
        return ()
    file = t.attachments.alias()
    shown = select(number(1)).where(file.c.object_id == t.objects.c.id, file.c.kind != word("link"))
    return (exists(shown.correlate_except(file)),)


def _listed_again(kind: Timeline) -> Statement:
    if kind in _TAGGED:
        ref: Any = t.object_tags.c.tag_id
        source = _with_audience.join(t.object_tags, t.object_tags.c.object_id == t.objects.c.id)
        which: tuple[Any, ...] = ()
    else:
        ref, source = number(0), _with_audience
        which = (t.objects.c.reply_to.is_(None), t.objects.c.boost_of.is_(None))
    chosen = select(number(kind), ref, number(PUBLIC), t.objects.c.id).select_from(source)
    return _entries_from(chosen.where(_FOR_EVERYBODY, *which, *_media_alone(kind)))


_LIST_AGAIN = tuple(_listed_again(kind) for kind in (*_WHOLE, *_TAGGED))


async def list_host(tx: Tx, host: str, on: bool) -> None:
    """Take all that a host's actors wrote out of the public and topic timelines, or (on) put it there again."""
    for statement in _LIST_AGAIN if on else (_UNLIST,):
        await tx.run(statement, host=host)


# --- homes --------------------------------------------------------------------------------------------------------------


def _followers_home(*more: Any) -> Any:
    g, h = t.grants, t.homes
    return (
        select(g.c.actor_id, param("object_id"), param("via"))
        .select_from(g.join(h, h.c.owner_id == g.c.actor_id))
        .where(g.c.collection_id == param("collection"), g.c.state == number(Grant.ACCEPTED), *more)
    )


def _into_home(query: Any) -> Statement:
    return Statement(
        lambda insert: (
            insert(t.home).from_select(["owner_id", "object_id", "via"], query).on_conflict_do_nothing()
        )
    )


def _has(owner: Any, object_id: Any) -> Any:
    other = t.home.alias()
    return exists(
        select(number(1))
        .select_from(other)
        .where(other.c.owner_id == owner, other.c.object_id == object_id)
        .correlate_except(other)
    )


def _follows(owner: Any, collection: Any) -> Any:
    other = t.grants.alias()
    return exists(
        select(number(1))
        .select_from(other)
        .where(
            other.c.actor_id == owner,
            other.c.collection_id == collection,
            other.c.state == number(Grant.ACCEPTED),
        )
        .correlate_except(other)
    )


_HOME_ALL = _into_home(_followers_home())
_HOME_NAMED = _into_home(_followers_home(one_of(t.grants.c.actor_id, "people")))
_HOME_REPLY = _into_home(
    _followers_home(
        or_(
            t.grants.c.actor_id == param("parent_author"),
            _follows(t.grants.c.actor_id, param("parent_followers")),
        )
    )
)
_HOME_BOOST = _into_home(_followers_home(~_has(t.grants.c.actor_id, param("boosted"))))
_HOME_OWN = _into_home(
    select(t.homes.c.owner_id, param("object_id"), param("via")).where(t.homes.c.owner_id == param("owner"))
)
_PROFILE_OR_GROUP = and_(t.entries.c.timeline == param("timeline"), t.entries.c.ref == param("source"))
FILL_HOME = Statement(
    lambda insert: (
        insert(t.home)
        .from_select(
            ["owner_id", "object_id", "via"],
            select(param("owner"), t.entries.c.object_id, func.nullif(param("via"), number(0)))
            .select_from(
                t.entries.join(t.objects, t.objects.c.id == t.entries.c.object_id).join(
                    t.homes, t.homes.c.owner_id == param("owner")
                )
            )
            .where(
                _PROFILE_OR_GROUP, t.entries.c.principal_id == number(PUBLIC), t.objects.c.reply_to.is_(None)
            )
            .order_by(t.entries.c.object_id.desc())
            .limit(40),
        )
        .on_conflict_do_nothing()
    )
)


async def fill_home(tx: Tx, owner: int, source: int) -> None:
    """After following: the last public things of the one followed, a group's as from the group."""
    if not await tx.run(FILL_HOME, owner=owner, source=source, via=source, timeline=int(Timeline.GROUP)):
        await tx.run(FILL_HOME, owner=owner, source=source, via=0, timeline=int(Timeline.PROFILE))


async def fill_homes(tx: Tx, x: StorePost) -> None:
    """Write a new post into the homes of those who are shown it. Each page asks the rule again."""
    post = x.post
    common: dict[str, Any] = {"object_id": post.id, "via": None, "collection": followers_of(post.author_id)}
    await tx.run(_HOME_OWN, object_id=post.id, via=None, owner=post.author_id)
    broad = any(p in (PUBLIC, SERVER) or p & 3 for p in post.audience)
    if not broad:
        await tx.run(_HOME_NAMED, **common, people=[p for p in post.audience if not p & 3])
    elif post.boost_of is not None:
        await tx.run(_HOME_BOOST, **common, boosted=post.boost_of)
    elif post.reply_to is not None or x.reply_to_uri is not None:
        parent = x.parent_author or 0
        await tx.run(_HOME_REPLY, **common, parent_author=parent, parent_followers=followers_of(parent))
    else:
        await tx.run(_HOME_ALL, **common)
    await into_group_homes(tx, post)


async def into_group_homes(tx: Tx, post: Post) -> None:
    """A thread comes to all who are in its group."""
    if post.group_id is not None and post.reply_to is None and post.kind is not Kind.BOOST:
        await tx.run(_HOME_ALL, object_id=post.id, via=post.group_id, collection=followers_of(post.group_id))


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
_BY_WORDS: Final = frozenset(
    {Timeline.TAG, Timeline.TAG_LOCAL, Timeline.PROFILE_TAG, *(kind for kind in Timeline if kind > MEDIA)}
)
"""Timelines that a post enters or leaves by an edit."""
_DROP_TAG_ENTRIES = Statement(
    delete(t.entries).where(
        t.entries.c.object_id == param("key"),
        or_(*(t.entries.c.timeline == number(kind) for kind in _BY_WORDS)),
    )
)


async def edit(tx: Tx, x: EditPost) -> None:
    """A new revision; the old texts stay as history."""
    revision = (await tx.value(_REVISION, key=x.post.id) or 0) + 1
    kept = frozenset(a.media_id for a in x.body.attachments if a.media_id is not None)
    await media.detach(tx, x.post.id, kept, x.edited)
    for statement in (_DROP_MENTIONS, _DROP_TAGS, _DROP_TAG_ENTRIES):
        await tx.run(statement, key=x.post.id)
    tag_ids = await _store_body(tx, x.post, x.body, revision, x.edited)
    found = entries_of(x.post, tag_ids, await is_limited(tx, x.post), media=shows_media(x.body))
    await tx.many(_ENTRY, [entry for entry in found if entry["timeline"] in _BY_WORDS])
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
