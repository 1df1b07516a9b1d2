"""Load what a viewer is shown: posts and actors with all that belongs to them, a fixed number of statements a page.

Every post that leaves here has passed the rule for this viewer, and so has what it boosts and quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Select, and_, bindparam, exists, or_, select, union_all

from fedi_community.domain.model import PUBLIC, STRANGER, Grant, Kind, State, Text, Viewer, label
from fedi_community.domain.text import without_pictures
from fedi_community.domain.views import ActorView, AttachmentView, PollView, PostParts, PostView
from fedi_community.storage import bare, client_tables, media
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word
from fedi_community.storage.visible import shown_state, visible_ids

A, O = t.actors.c, t.objects.c  # noqa: E741
KINDS = {kind.value: kind for kind in Kind}
STATES = {state.value: state for state in State}
NOTHING_DONE: frozenset[str] = frozenset()


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


# --- actors -------------------------------------------------------------------------------------------------------------


def _select_actors() -> Select[Any]:
    return select(
        A.id, A.uri, A.type, A.handle, A.handle_host, t.hosts.c.name.label("host"), t.hosts.c.reject_media,
        A.name, A.summary, A.url, A.icon, A.image, A.fields,
        A.locked, A.discoverable, A.indexable, shown_state().label("state"), A.language, A.created,
        A.last_post_at, A.posts_count, A.sample, A.sensitive,
        A.moved_to, A.followers_uri, A.badges, A.open_collections, t.groups.c.members_count,
    ).select_from(
        t.actors.outerjoin(t.hosts, t.hosts.c.id == A.host_id).outerjoin(t.groups, t.groups.c.actor_id == A.id)
    )  # fmt: skip


def _actor_view(row: Row) -> ActorView:
    no_media = bool(row["reject_media"])
    return ActorView(
        id=row["id"],
        uri=row["uri"],
        type=row["type"],
        handle=row["handle"],
        host=row["host"] or "",
        handle_host=row["handle_host"] or "",
        name=row["name"] or row["handle"],
        summary=without_pictures(row["summary"]) if no_media else row["summary"],
        url=row["url"] or row["uri"],
        icon=None if no_media else _json(row["icon"]),
        image=None if no_media else _json(row["image"]),
        no_media=no_media,
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
        sensitive=bool(row["sensitive"]),
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
    found = {row[0]: _known_actor(tx, row) for row in await tx.rows(_ACTORS, ids=wanted)}
    return await bare.of_actors(tx, found)


def _known_actor(tx: Tx, row: Row) -> ActorView:
    """The view made earlier of the same row, with what faces keep in it; else a new one."""
    key = ("actor", row[0])
    known = tx.shelf.get(key)
    if known is not None and known[0] == row:
        view: ActorView = known[1]
        return view
    made = _actor_view(row)
    fields = sum(len(value) for each in made.fields for value in each.values())
    tx.shelf.put(key, (row, made), 4_000 + 3 * (len(made.summary) + fields))
    return made


async def actor_by_uri(tx: Tx, uri: str) -> ActorView | None:
    return await _one_actor(tx, await tx.row(_ACTOR_BY_URI, uri=uri))


async def _one_actor(tx: Tx, row: Row | None) -> ActorView | None:
    return None if row is None else (await bare.of_actors(tx, {row[0]: _actor_view(row)}))[row[0]]


async def actor_by_handle(tx: Tx, handle: str, host: str = "") -> ActorView | None:
    """An actor by its handle: name, and what stands behind the @ ("" for this server's own)."""
    if host:
        row = await tx.row(_REMOTE_ACTOR, handle=handle, host=host)
    else:
        row = await tx.row(_LOCAL_ACTOR, handle=handle)
    return await _one_actor(tx, row)


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


_COLUMNS = (
    O.id, O.revision, O.edited, O.kind, O.state, O.author_id, O.group_id, O.gate_id, O.root_id, O.reply_to, O.boost_of,
    O.quote_of, O.depth, O.locked, O.passed, O.note, O.held_for, O.replies_count, O.boosts_count, O.likes_count, O.dislikes_count,
)  # fmt: skip
_POSTS = Statement(select(*_COLUMNS).where(one_of(O.id, "ids")))
"""What may change at any time. All else follows from a post's id and revision, see `_parts`."""


class _Line(NamedTuple):
    """A row of `_POSTS`: by name, and quick."""

    id: int
    revision: int
    edited: int | None
    kind: str
    state: str
    author_id: int
    group_id: int | None
    gate_id: int | None
    root_id: int | None
    reply_to: int | None
    boost_of: int | None
    quote_of: int | None
    depth: int
    locked: int
    passed: int
    note: int
    held_for: str | None
    replies_count: int
    boosts_count: int
    likes_count: int
    dislikes_count: int


_PARTS = Statement(
    select(
        O.id, O.uri, O.published, O.local, O.reply_to_uri, O.language, O.warning, O.sensitive, O.indexed, O.url, O.image,
        O.addressed, O.extra, O.context_uri, O.posted_by,
        exists(select(number(1)).where(t.attachments.c.object_id == O.id).correlate(t.objects)).label("files"),
    ).where(one_of(O.id, "ids"))
)  # fmt: skip
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
            one_of(O.boost_of, "ids"), O.author_id == param("viewer"), among(O.state, "published", "unheard")
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
    lines = await _lines(tx, wanted)
    for _ in range(2):  # what they boost, and what those quote
        inner = {
            key for line in lines.values() for key in (line.boost_of, line.quote_of) if key is not None
        } - lines.keys()
        shown = await visible_ids(tx, viewer, inner) if inner else frozenset()
        if not shown:
            break
        lines |= await _lines(tx, list(shown))
    return await _assemble(tx, viewer, wanted, lines, via or {})


async def _lines(tx: Tx, ids: list[int]) -> dict[int, _Line]:
    return {row[0]: _Line(*row) for row in await tx.rows(_POSTS, ids=ids)}


async def _parts(tx: Tx, lines: dict[int, _Line]) -> dict[int, PostParts]:
    """What the posts are in their revisions, kept from page to page: loading and cleaning it anew was most of a page's cost.

    A revision's parts never change: only `storage.posts` writes them, when a post is stored, and whatever it does later
    (`edit`, `forget`) makes a new revision.
    """
    found: dict[int, PostParts] = {}
    missing = []
    for line in lines.values():
        parts = tx.shelf.get((line.id, line.revision, line.edited))
        if parts is None:
            missing.append(line.id)
        else:
            found[line.id] = parts
    if missing:
        for key, parts in (await _load_parts(tx, missing, lines)).items():
            found[key] = parts
            line = lines[key]
            tx.shelf.put((line.id, line.revision, line.edited), parts, _weight(parts))
    return found


def _weight(parts: PostParts) -> int:
    """Bytes, roughly: the words come again in what faces make of them."""
    words = sum(len(text.content) * 2 + len(text.summary) + len(text.source or "") for text in parts.texts)
    addresses = sum(60 + len(uri) for place in parts.addressed.values() for uri in place)
    rows = len(parts.audience) + len(parts.mentions) + len(parts.hashtags)
    return 3_000 + 2 * words + addresses + 200 * rows + 4 * len(orjson.dumps(parts.extra))


async def _load_parts(tx: Tx, ids: list[int], lines: dict[int, _Line]) -> dict[int, PostParts]:
    places: dict[int, dict[int, Any]] = {i: {} for i in ids}
    for post, principal, place in await tx.rows(_AUDIENCE, ids=ids):
        places[post][principal] = place
    texts = _grouped((row["object_id"], _text(row)) for row in await tx.rows(_TEXTS, ids=ids))
    named = _grouped((post, actor) for post, actor in await tx.rows(_MENTIONS, ids=ids))
    tags = _grouped((post, name) for post, name in await tx.rows(_TAGS, ids=ids))
    return {
        key: PostParts(
            uri=row["uri"],
            published=row["published"],
            texts=_ordered(texts.get(key, []), row["language"]),
            visibility=label(places[key], lines[key].author_id),
            audience=places[key],
            mentions=tuple(named.get(key, ())),
            hashtags=tuple(tags.get(key, ())),
            files=bool(row["files"]),
            local=bool(row["local"]),
            edited=lines[key].edited,
            reply_to_uri=row["reply_to_uri"],
            language=row["language"],
            warning=row["warning"],
            sensitive=bool(row["sensitive"]),
            indexed=bool(row["indexed"]),
            url=row["url"],
            image=_json(row["image"]),
            addressed=_json(row["addressed"]) or {},
            extra=_json(row["extra"]) or {},
            context_uri=row["context_uri"],
            posted_by=row["posted_by"],
        )
        for row in await tx.rows(_PARTS, ids=ids)
        for key in (row["id"],)
    }


async def _assemble(
    tx: Tx, viewer: Viewer, wanted: list[int], lines: dict[int, _Line], via: dict[int, int]
) -> list[PostView]:
    parts = await _parts(tx, lines)
    gates = {line.gate_id for line in lines.values() if line.gate_id is not None}
    opened = {None, *(await media.open_gates(tx, gates) if gates else ())}
    files = await _files(tx, viewer, lines, parts, opened)
    mine = await _mine(tx, viewer, list(lines))
    polls = await _polls(tx, viewer, [i for i, line in lines.items() if line.kind == "Question"])
    answered = await _answered(tx, viewer, lines)
    people = {line.author_id for line in lines.values()}
    people |= {line.group_id for line in lines.values() if line.group_id}
    people |= {actor for part in parts.values() for actor in part.mentions} | set(via.values())
    actors = await load_actors(tx, people)
    stripped = await bare.of_posts(tx, {i: lines[i].author_id for i in lines}, parts, files, actors)

    def build(key: int | None, depth: int) -> PostView | None:
        line = lines.get(key) if key else None
        if line is None or depth < 0:
            return None
        part = parts[line.id]
        return PostView(
            id=line.id,
            kind=KINDS[line.kind],
            state=STATES[line.state],
            author=actors[line.author_id],
            parts=part,
            group=actors.get(line.group_id) if line.group_id else None,
            root_id=line.root_id,
            reply_to=line.reply_to if line.reply_to in answered else None,
            reply_to_author=answered.get(line.reply_to) if line.reply_to else None,
            depth=line.depth,
            locked=bool(line.locked),
            passed=bool(line.passed),
            gated=line.gate_id not in opened,
            note=bool(line.note),
            held_for=line.held_for if line.state == "held" else None,
            attachments=tuple(files.get(line.id, ())) if line.id not in stripped else (),
            no_media=line.id in stripped,
            mentions=tuple([actors[a] for a in part.mentions if a in actors]),
            poll=polls.get(line.id),
            boost=build(line.boost_of, depth - 1),
            quote=build(line.quote_of, depth - 1),
            via=actors.get(via[line.id]) if via.get(line.id) else None,
            replies_count=max(line.replies_count, 0),
            boosts_count=max(line.boosts_count, 0),
            likes_count=max(line.likes_count, 0),
            dislikes_count=max(line.dislikes_count, 0),
            mine=mine.get(line.id, NOTHING_DONE),
        )

    built = [build(i, 2) for i in wanted]
    return [
        post for post in built if post is not None and (post.kind is not Kind.BOOST or post.boost is not None)
    ]


async def _answered(tx: Tx, viewer: Viewer, lines: dict[int, _Line]) -> dict[int, int]:
    """Parent id -> its author, for parents that the viewer may see: who wrote what is hidden from him is hidden too."""
    parents = {line.reply_to for line in lines.values() if line.reply_to}
    found = {key: lines[key].author_id for key in parents & lines.keys()}
    others = parents - lines.keys()
    shown = await visible_ids(tx, viewer, others) if others else frozenset()
    if shown:
        found |= {row[0]: row[1] for row in await tx.rows(_PARENT_AUTHORS, ids=list(shown))}
    return found


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
    tx: Tx, viewer: Viewer, lines: dict[int, _Line], parts: dict[int, PostParts], opened: set[int | None]
) -> dict[int, list[AttachmentView]]:
    """What is attached, by post: a public post's files at their plain addresses, others' at those made for this viewer."""
    ids = [key for key, part in parts.items() if part.files]
    if not ids:
        return {}
    rows = await tx.rows(_ATTACHMENTS, ids=ids)
    own = {row["object_id"] for row in rows if row["file"] is not None}
    wide = {i for i in own if PUBLIC in parts[i].audience and lines[i].state == "published"}
    public = {i for i in wide if lines[i].gate_id in opened}

    def address(post: int, path: str) -> str:
        return tx.address(STRANGER if post in public else viewer, path)

    return _grouped((row["object_id"], media.shown(row, partial(address, row["object_id"]))) for row in rows)


async def _mine(tx: Tx, viewer: Viewer, ids: list[int]) -> dict[int, frozenset[str]]:
    if not viewer.id or viewer.instance:
        return {}
    done = _grouped((post, kind) for post, kind in await tx.rows(_MINE, ids=ids, viewer=viewer.id))
    return {post: frozenset(kinds) for post, kinds in done.items()}


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
