"""In which timelines a post stands, and who finds it there.

Timelines are keyed (timeline, ref, principal, object): the audience is part of the key, so that a stranger's page is one
range of one index and never a long list filtered afterwards.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, exists, or_, select

from fedi_community.domain.model import PUBLIC, SERVER, TITLED, Body, Kind, Post, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, insert_row, number, param, word


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


_HOST_OF = Statement(
    select(t.hosts.c.state)
    .join(t.actors, t.actors.c.host_id == t.hosts.c.id)
    .where(t.actors.c.id == param("author"))
)


_ENTRY = insert_row(t.entries, "timeline", "ref", "principal_id", "object_id", ignore=True)
_BY_WORDS: Final = frozenset(
    {Timeline.TAG, Timeline.TAG_LOCAL, Timeline.PROFILE_TAG, *(kind for kind in Timeline if kind > MEDIA)}
)
"""Timelines that a post enters or leaves by an edit."""
_DROP_BY_WORDS = Statement(
    delete(t.entries).where(
        t.entries.c.object_id == param("key"),
        or_(*(t.entries.c.timeline == number(kind) for kind in _BY_WORDS)),
    )
)


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


async def enter(
    tx: Tx, post: Post, tag_ids: list[int], *, media: bool = False, own_thread: bool = False
) -> None:
    """Put a post into its timelines (`entries_of`)."""
    limited = await is_limited(tx, post)
    await tx.many(_ENTRY, entries_of(post, tag_ids, limited, media=media, own_thread=own_thread))


async def enter_anew(tx: Tx, post: Post, tag_ids: list[int], *, media: bool) -> None:
    """After an edit: the timelines that follow from its words and files; the others stay."""
    await tx.run(_DROP_BY_WORDS, key=post.id)
    found = entries_of(post, tag_ids, await is_limited(tx, post), media=media)
    await tx.many(_ENTRY, [entry for entry in found if entry["timeline"] in _BY_WORDS])


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
