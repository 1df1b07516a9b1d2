"""Load what a viewer is shown: posts and actors with all that belongs to them, a fixed number of statements a page.

Every post that leaves here has passed the rule for this viewer, and so has what it boosts and quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Select, and_, bindparam, or_, select, union_all

from fedi_community.domain.model import PUBLIC, STRANGER, Grant, Kind, State, Text, Viewer, label
from fedi_community.domain.views import ActorView, AttachmentView, PollView, PostView
from fedi_community.storage import client_tables, media
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, number, one_of, param, word
from fedi_community.storage.visible import shown_state, visible_ids

A, O = t.actors.c, t.objects.c  # noqa: E741


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


# --- actors -------------------------------------------------------------------------------------------------------------


def _select_actors() -> Select[Any]:
    return select(
        A.id, A.uri, A.type, A.handle, A.handle_host, t.hosts.c.name.label("host"), A.name, A.summary, A.url, A.icon,
        A.image, A.fields,
        A.locked, A.discoverable, A.indexable, shown_state().label("state"), A.language, A.created,
        A.last_post_at, A.posts_count, A.sample,
        A.moved_to, A.followers_uri, A.badges, A.open_collections, t.groups.c.members_count,
    ).select_from(
        t.actors.outerjoin(t.hosts, t.hosts.c.id == A.host_id).outerjoin(t.groups, t.groups.c.actor_id == A.id)
    )  # fmt: skip


def _actor_view(row: Row) -> ActorView:
    return ActorView(
        id=row["id"],
        uri=row["uri"],
        type=row["type"],
        handle=row["handle"],
        host=row["host"] or "",
        handle_host=row["handle_host"] or "",
        name=row["name"] or row["handle"],
        summary=row["summary"],
        url=row["url"] or row["uri"],
        icon=_json(row["icon"]),
        image=_json(row["image"]),
        fields=() if row["fields"] == "[]" else tuple(orjson.loads(row["fields"])),
        locked=bool(row["locked"]),
        discoverable=bool(row["discoverable"]),
        indexable=bool(row["indexable"]),
        state=row["state"],
        language=row["language"],
        created=row["created"],
        last_post_at=row["last_post_at"],
        posts_count=row["posts_count"],
        followers_count=row["members_count"] or 0,
        sample=bool(row["sample"]),
        moved_to=row["moved_to"],
        followers_uri=row["followers_uri"],
        open_collections=bool(row["open_collections"]),
        badges=() if row["badges"] == "[]" else tuple(orjson.loads(row["badges"])),
    )


_ACTORS = Statement(_select_actors().where(one_of(A.id, "ids")))
_ACTOR_BY_URI = Statement(_select_actors().where(A.uri == bindparam("uri")))
_LOCAL_ACTOR = Statement(_select_actors().where(A.handle == bindparam("handle"), A.host_id.is_(None)))
_REMOTE_ACTOR = Statement(
    _select_actors().where(A.handle == bindparam("handle"), A.handle_host == bindparam("host"))
)


_INSTANCE = Statement(select(A.id).where(A.type == word("Application"), A.host_id.is_(None)).limit(1))


async def instance_actor(tx: Tx) -> int | None:
    """The actor in whose name the server itself speaks."""
    found: int | None = await tx.value(_INSTANCE)
    return found


async def load_actors(tx: Tx, ids: Iterable[int]) -> dict[int, ActorView]:
    """Actors by id; unknown ones are left out."""
    wanted = list(set(ids))
    if not wanted:
        return {}
    return {row["id"]: _actor_view(row) for row in await tx.rows(_ACTORS, ids=wanted)}


async def actor_by_uri(tx: Tx, uri: str) -> ActorView | None:
    row = await tx.row(_ACTOR_BY_URI, uri=uri)
    return None if row is None else _actor_view(row)


async def actor_by_handle(tx: Tx, handle: str, host: str = "") -> ActorView | None:
    """An actor by its handle: name, and what stands behind the @ ("" for this server's own)."""
    if host:
        row = await tx.row(_REMOTE_ACTOR, handle=handle, host=host)
    else:
        row = await tx.row(_LOCAL_ACTOR, handle=handle)
    return None if row is None else _actor_view(row)


_FINDS = Statement(select(t.groups.c.actor_id, t.groups.c.finds).where(one_of(t.groups.c.actor_id, "ids")))
_HELD = Statement(
    select(t.grants.c.collection_id).where(
        t.grants.c.actor_id == param("viewer"),
        t.grants.c.state == number(Grant.ACCEPTED),
        one_of(t.grants.c.collection_id, "ids"),
    )
)


async def findable(tx: Tx, viewer: Viewer, group_ids: Iterable[int]) -> frozenset[int]:
    """Which of these local groups exist for the viewer (their *finds* switch). Remote groups are not listed in `groups`
    and always exist. An instance actor finds what everyone finds."""
    wanted = list(set(group_ids))
    if not wanted:
        return frozenset()
    rows = {row[0]: row[1] for row in await tx.rows(_FINDS, ids=wanted)}
    held: set[int] = set()
    if viewer.id and not viewer.instance and not viewer.suspended_host:
        collections = [c for g in rows for c in (g | 1, g | 2, g | 3)]
        held = {row[0] for row in await tx.rows(_HELD, viewer=viewer.id, ids=collections)}
    found = {g for g in wanted if g not in rows}
    for group, finds in rows.items():
        staff, mentor, member = (
            (group | 3) in held or viewer.id == group,
            (group | 2) in held,
            (group | 1) in held,
        )
        if (
            finds == "everyone"
            or staff
            or (mentor and finds != "staff")
            or (member and finds in ("members", "server"))
            or (viewer.local and finds == "server")
        ):
            found.add(group)
    return frozenset(found)


# --- posts --------------------------------------------------------------------------------------------------------------


def _select_posts() -> Select[Any]:
    return select(
        O.id, O.uri, O.kind, O.author_id, O.state, O.group_id, O.root_id, O.reply_to, O.reply_to_uri, O.boost_of,
        O.quote_of, O.gate_id, O.local, O.passed, O.locked, O.sensitive, O.indexed, O.depth, O.revision, O.language,
        O.warning, O.url, O.image, O.addressed, O.extra, O.context_uri, O.published, O.edited, O.replies_count,
        O.boosts_count, O.likes_count, O.dislikes_count, O.posted_by,
    ).select_from(t.objects)  # fmt: skip


_POSTS = Statement(_select_posts().where(one_of(O.id, "ids")))
_TEXTS = Statement(
    select(
        t.texts.c.object_id, t.texts.c.language, t.texts.c.content, t.texts.c.name, t.texts.c.summary, t.texts.c.source,
        t.texts.c.source_type,
    )
    .join(t.objects, and_(O.id == t.texts.c.object_id, O.revision == t.texts.c.revision))
    .where(one_of(t.texts.c.object_id, "ids"))
)  # fmt: skip
_ATTACHMENTS = Statement(
    select(t.attachments)
    .where(one_of(t.attachments.c.object_id, "ids"))
    .order_by(t.attachments.c.object_id, t.attachments.c.position)
)
_AUDIENCE = Statement(
    select(t.audience.c.object_id, t.audience.c.principal_id, t.audience.c.place).where(
        one_of(t.audience.c.object_id, "ids")
    )
)
_MENTIONS = Statement(
    select(t.mentions.c.object_id, t.mentions.c.actor_id).where(one_of(t.mentions.c.object_id, "ids"))
)
_TAGS = Statement(
    select(t.object_tags.c.object_id, t.tags.c.name)
    .join(t.tags, t.tags.c.id == t.object_tags.c.tag_id)
    .where(one_of(t.object_tags.c.object_id, "ids"))
)
_MINE = Statement(
    union_all(
        select(t.reactions.c.object_id, t.reactions.c.kind).where(
            one_of(t.reactions.c.object_id, "ids"), t.reactions.c.actor_id == param("viewer")
        ),
        select(O.boost_of, word("boost")).where(
            one_of(O.boost_of, "ids"), O.author_id == param("viewer"), O.state == word("published")
        ),
        select(t.pins.c.object_id, word("pin")).where(
            one_of(t.pins.c.object_id, "ids"), t.pins.c.actor_id == param("viewer")
        ),
        select(O.id, word("mute"))
        .join(client_tables.thread_mutes, client_tables.thread_mutes.c.root_id == O.root_id)
        .where(one_of(O.id, "ids"), client_tables.thread_mutes.c.actor_id == param("viewer")),
    )
)
"""What the viewer did with a post: like, bookmark, boost, pin, and whether he muted its thread."""
_POLLS = Statement(select(t.polls).where(one_of(t.polls.c.object_id, "ids")))
_VOTES = Statement(
    select(t.poll_votes.c.object_id, t.poll_votes.c.choice).where(
        one_of(t.poll_votes.c.object_id, "ids"), t.poll_votes.c.actor_id == param("viewer")
    )
)
_PARENT_AUTHORS = Statement(select(O.id, O.author_id).where(one_of(O.id, "ids")))


async def load_posts(
    tx: Tx, viewer: Viewer, ids: Sequence[int], *, via: dict[int, int] | None = None, checked: bool = False
) -> list[PostView]:
    """The posts of `ids`, in their order, as far as the viewer may see them.

    via: post id -> group through which it came to a home timeline. checked: the ids come from `visible_ids` of the same
    transaction and viewer.
    """
    allowed = frozenset(ids) if checked else await visible_ids(tx, viewer, ids)
    wanted = [i for i in dict.fromkeys(ids) if i in allowed]
    if not wanted:
        return []
    rows = {row["id"]: row for row in await tx.rows(_POSTS, ids=wanted)}
    for _ in range(2):  # what they boost, and what those quote
        inner = {
            row[c] for row in rows.values() for c in ("boost_of", "quote_of") if row[c] is not None
        } - rows.keys()
        shown = await visible_ids(tx, viewer, inner) if inner else frozenset()
        if not shown:
            break
        rows |= {row["id"]: row for row in await tx.rows(_POSTS, ids=list(shown))}
    return await _assemble(tx, viewer, wanted, rows, via or {})


async def _assemble(
    tx: Tx, viewer: Viewer, wanted: list[int], rows: dict[int, Row], via: dict[int, int]
) -> list[PostView]:
    ids = list(rows)
    places: dict[int, dict[int, Any]] = {i: {} for i in ids}
    for post, principal, place in await tx.rows(_AUDIENCE, ids=ids):
        places[post][principal] = place
    texts = _grouped((row["object_id"], _text(row)) for row in await tx.rows(_TEXTS, ids=ids))
    files = await _files(tx, viewer, rows, places, await tx.rows(_ATTACHMENTS, ids=ids))
    named = _grouped((post, actor) for post, actor in await tx.rows(_MENTIONS, ids=ids))
    tags = _grouped((post, name) for post, name in await tx.rows(_TAGS, ids=ids))
    mine = await _mine(tx, viewer, ids)
    polls = await _polls(tx, viewer, [i for i in ids if rows[i]["kind"] == "Question"])
    answered = await _answered(tx, viewer, rows)
    people = {row["author_id"] for row in rows.values()} | {
        row["group_id"] for row in rows.values() if row["group_id"]
    }
    people |= {actor for actors in named.values() for actor in actors} | set(via.values())
    actors = await load_actors(tx, people)
    made: dict[int, PostView] = {}

    def build(post_id: int, depth: int) -> PostView | None:
        row = rows.get(post_id)
        if row is None:
            return None
        key = post_id if depth == 2 else -post_id - depth
        if key not in made:
            extra = _json(row["extra"]) or {}
            made[key] = PostView(
                id=post_id,
                uri=row["uri"],
                kind=Kind(row["kind"]),
                state=State(row["state"]),
                author=actors[row["author_id"]],
                published=row["published"],
                texts=_ordered(texts.get(post_id, []), row["language"]),
                visibility=label(places[post_id], row["author_id"]),
                audience=places[post_id],
                local=bool(row["local"]),
                edited=row["edited"],
                group=actors.get(row["group_id"]) if row["group_id"] else None,
                root_id=row["root_id"],
                reply_to=row["reply_to"] if row["reply_to"] in answered else None,
                reply_to_uri=row["reply_to_uri"],
                reply_to_author=answered.get(row["reply_to"]),
                depth=row["depth"],
                language=row["language"],
                warning=row["warning"],
                sensitive=bool(row["sensitive"]),
                indexed=bool(row["indexed"]),
                locked=bool(row["locked"]),
                passed=bool(row["passed"]),
                gated=row["gate_id"] is not None,
                url=row["url"],
                image=_json(row["image"]),
                attachments=tuple(files.get(post_id, ())),
                mentions=tuple(actors[a] for a in named.get(post_id, ()) if a in actors),
                hashtags=tuple(tags.get(post_id, ())),
                poll=polls.get(post_id),
                boost=build(row["boost_of"], depth - 1) if row["boost_of"] and depth else None,
                quote=build(row["quote_of"], depth - 1) if row["quote_of"] and depth else None,
                via=actors.get(via[post_id]) if via.get(post_id) else None,
                replies_count=max(row["replies_count"], 0),
                boosts_count=max(row["boosts_count"], 0),
                likes_count=max(row["likes_count"], 0),
                dislikes_count=max(row["dislikes_count"], 0),
                mine=frozenset(mine.get(post_id, ())),
                addressed=_json(row["addressed"]) or {},
                extra=extra,
                context_uri=row["context_uri"],
                posted_by=row["posted_by"],
            )
        return made[key]

    built = [build(i, 2) for i in wanted]
    return [
        post for post in built if post is not None and (post.kind is not Kind.BOOST or post.boost is not None)
    ]


async def _answered(tx: Tx, viewer: Viewer, rows: dict[int, Row]) -> dict[int, int]:
    """Parent id -> its author, for parents that the viewer may see: who wrote what is hidden from him is hidden too."""
    parents = {row["reply_to"] for row in rows.values() if row["reply_to"]}
    if not parents:
        return {}
    shown = await visible_ids(tx, viewer, parents - rows.keys()) | (parents & rows.keys())
    return {row[0]: row[1] for row in await tx.rows(_PARENT_AUTHORS, ids=list(shown))} if shown else {}


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _text(row: Row) -> Text:
    return Text(
        row["language"], row["content"], row["name"], row["summary"], row["source"], row["source_type"]
    )


def _ordered(texts: list[Text], language: str | None) -> tuple[Text, ...]:
    """The post's own language first."""
    return tuple(sorted(texts, key=lambda text: (text.language != language, text.language)))


async def _files(
    tx: Tx, viewer: Viewer, posts: dict[int, Row], places: dict[int, dict[int, Any]], rows: Sequence[Row]
) -> dict[int, list[AttachmentView]]:
    """What is attached, by post: a public post's files at their plain addresses, others' at those made for this viewer."""
    own = {row["object_id"] for row in rows if row["file"] is not None}
    wide = {i for i in own if PUBLIC in places[i] and posts[i]["state"] == "published"}
    gated = {posts[i]["gate_id"] for i in wide} - {None}
    opened = {None, *(await media.open_gates(tx, gated) if gated else ())}
    public = {i for i in wide if posts[i]["gate_id"] in opened}

    def address(post: int, path: str) -> str:
        return tx.address(STRANGER if post in public else viewer, path)

    return _grouped((row["object_id"], media.shown(row, partial(address, row["object_id"]))) for row in rows)


async def _mine(tx: Tx, viewer: Viewer, ids: list[int]) -> dict[int, list[str]]:
    if not viewer.id or viewer.instance:
        return {}
    return _grouped((post, kind) for post, kind in await tx.rows(_MINE, ids=ids, viewer=viewer.id))


async def _polls(tx: Tx, viewer: Viewer, ids: list[int]) -> dict[int, PollView]:
    if not ids:
        return {}
    own = _grouped((p, c) for p, c in await tx.rows(_VOTES, ids=ids, viewer=viewer.id)) if viewer.id else {}
    return {
        row["object_id"]: PollView(
            tuple(orjson.loads(row["options"])), bool(row["multiple"]), row["expires"], row["voters"],
            tuple(own.get(row["object_id"], ())), bool(row["hide_totals"]),
        )
        for row in await tx.rows(_POLLS, ids=ids)
    }  # fmt: skip


_BY_URI = Statement(select(O.id).where(O.uri == bindparam("uri")))
_BY_URL = Statement(select(O.id).where(or_(O.uri == bindparam("uri"), O.url == bindparam("uri"))).limit(1))


async def post_id_by_uri(tx: Tx, uri: str, or_url: bool = False) -> int | None:
    """The id of a post by its URI (or its page's address). Says nothing about who may see it."""
    found: int | None = await tx.value(_BY_URL if or_url else _BY_URI, uri=uri)
    return found


_GONE_TO = Statement(
    select(O.id).where(
        O.id == param("key"),
        O.state == word("deleted"),
    )
)


async def was_deleted(tx: Tx, post_id: int) -> bool:
    """The post existed and its author took it back. Only for those who had access may this be told (410)."""
    return await tx.row(_GONE_TO, key=post_id) is not None


HISTORY = Statement(
    select(t.texts)
    .where(t.texts.c.object_id == param("key"))
    .order_by(t.texts.c.revision, t.texts.c.language)
)

__all__ = [
    "HISTORY",
    "PUBLIC",
    "actor_by_handle",
    "actor_by_uri",
    "findable",
    "instance_actor",
    "load_actors",
    "load_posts",
    "post_id_by_uri",
    "was_deleted",
]
