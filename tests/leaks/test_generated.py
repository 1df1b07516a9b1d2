"""The generated walk: every audience × every state × every kind of viewer, over every address that shows posts; and ten leaks that
are planted, one after the other, each of which it finds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.documents import scene
from fedi_community.domain.model import State, Who
from fedi_community.mastodon import statuses as api_statuses
from fedi_community.storage import collections, search, timelines, views
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement, one_of, param
from fedi_community.storage.visible import _meets, exists_in
from fedi_community.web.pages import objects as pages
from tests.leaks.generated import GROUPS, LOCAL, READERS, Walk, canary, may, open_world, posts
from tests.leaks.stage import AS2, Seat
from tests.leaks.test_walk import DOCUMENT, MISSING, READ, comparable

ROBOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"
CANARY = re.compile(r"canary([a-z]+)zz")
ID = re.compile(r"(?<!\d)\d{18}(?!\d)")
WORDS = ("post", "group", "name", "actor", "word", "activity")


@pytest.fixture
async def walk(database_url: str, tmp_path: Path) -> AsyncIterator[Walk]:
    async with open_world(database_url, tmp_path) as made:
        yield made


def test_every_word_of_the_house_has_its_readers() -> None:
    """A new state or switch is walked through, or fails here."""
    assert {one.state for one in posts()} == set(State)
    assert set(READERS) == set(GROUPS) == set(Who)
    assert len({one.name for one in posts()}) == len(posts())
    for state in set(State) - {State.PUBLISHED, State.HELD, State.REMOVED}:
        shown = {n for n in (*LOCAL, "nobody", "alice") for o in posts() if o.state is state and may(n, o)}
        assert shown <= {"author"}, state


def _fill(walk: Walk, pattern: str) -> Iterator[str]:
    """The addresses of a pattern in this world; none where it asks about what this world does not have."""
    found = re.findall(r"\{(\w+)\}", pattern)
    if any(word not in WORDS for word in found):
        return
    values: dict[str, list[Any]] = {
        "group": list(GROUPS.values()),
        "name": ["author", "member", "mentor"],
        "actor": [walk.make.ids[n] for n in (*GROUPS.values(), "author", "member")],
        "word": ["canary"],
        "activity": [],
    }
    if "post" in found:
        return
    if not found:
        yield pattern
    for value in values[found[0]] if found else ():
        yield pattern.replace(f"{{{found[0]}}}", str(value))


def accepts(seat: Seat, path: str) -> tuple[str, ...]:
    if seat.signer:
        return (AS2,)
    return ("text/html", AS2) if path.startswith(("/objects/", "/groups/", "/users/")) else ("text/html",)


def wrong(walk: Walk, seat: Seat, answer: tuple[int, dict[str, str], bytes], asked: str = "") -> set[str]:
    """Which posts stand in an answer, by their words or by their id, that are not for this viewer. asked: the id of the address,
    which may be echoed. A document is asked for with a signature, a page with a session:
    the other counts for nothing there, nor does either in a feed or at a plain address."""
    kind = answer[1].get("content-type", answer[1].get("Content-Type", ""))
    alone = ("activity+json" in kind) is not bool(seat.signer) or "atom+xml" in kind
    kept = {
        k: v for k, v in answer[1].items() if k.lower() != "link"
    }  # a page goes on from the last id scanned, seen or not
    text = (answer[2].decode("utf-8", "replace") + repr(kept)).lower()
    seen = set(CANARY.findall(text))
    seen |= {walk.named[key] for key in ID.findall(text) if key in walk.named and key != asked}
    return {
        n for n in seen if n in walk.meant and not (may("nobody", walk.meant[n]) if alone else n in seat.may)
    }


async def look(
    walk: Walk, first: tuple[str, ...] = (), *, stop: bool = False, only: bool = False
) -> list[str]:
    """Walk everything; what is found. first: patterns to begin with. stop: at the first finding. only: no others."""
    found: list[str] = []
    patterns = [p for patterns in READ.values() for p in patterns]
    patterns = [*first, *(p for p in patterns if p not in first and not only)]
    for number, pattern in enumerate(patterns):
        for seat in walk.seats:
            async for line in _asked(walk, seat, pattern, number):
                found.append(line)
                if stop:
                    return found
    return found


async def _asked(walk: Walk, seat: Seat, pattern: str, number: int) -> AsyncIterator[str]:
    if "{post}" in pattern:
        async for line in _about_posts(walk, seat, pattern, number):
            yield line
        return
    for path in _fill(walk, pattern):
        for accept in accepts(seat, path):
            got = await walk.get(seat, path, accept)
            leaks = wrong(walk, seat, got)
            if leaks:
                yield f"{seat.name} got {sorted(leaks)} from {path} ({accept})"


EXACT = frozenset({"/api/v1/statuses/{post}", "/objects/{post}", "/api/v1/statuses/{post}/context"})
"""Who may see the post gets something there."""
WHOLE = EXACT | {"/objects/{post}/replies", "/threads/{post}/context"}
"""Asked about every post by everybody. Every other address is asked about each post by some, and by everybody about some."""
EVERY_NTH = 7


async def _about_posts(walk: Walk, seat: Seat, pattern: str, number: int) -> AsyncIterator[str]:
    for accept in accepts(seat, pattern):
        if accept == AS2 and not DOCUMENT.search(pattern):
            continue
        missing = await walk.get(seat, pattern.replace("{post}", str(MISSING)), accept)
        for place, (name, key) in enumerate(walk.posts.items()):
            if pattern not in WHOLE and (place + number + len(seat.name)) % EVERY_NTH:
                continue
            path = pattern.replace("{post}", str(key))
            got = await walk.get(seat, path, accept)
            leaks = wrong(walk, seat, got, str(key))
            if leaks:
                yield f"{seat.name} got {sorted(leaks)} from {path} ({accept})"
            one = walk.meant[name]
            alone = not seat.signer and (accept == AS2 or pattern.endswith(("/replies", "/context")))
            seen = may("nobody", one) if alone and not pattern.startswith("/api") else name in seat.may
            if one.state is State.DELETED:  # 410 is for who had access
                seen = may("nobody" if alone else seat.name, replace(one, state=State.PUBLISHED))
            same = comparable(
                (got[0], {k: v.replace(str(key), str(MISSING)) for k, v in got[1].items()},
                 got[2].replace(str(key).encode(), str(MISSING).encode())), path
            ) == comparable(missing, path)  # fmt: skip
            if not seen and not same:
                yield f"{seat.name} can tell {name} from what is missing at {path} ({accept}): {got[0]}"
            if seen and pattern in EXACT and got[0] != 200 and one.state is State.PUBLISHED:
                yield f"{seat.name} may see {name} and gets {got[0]} from {path} ({accept})"


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_no_answer_of_any_address_shows_anybody_what_is_not_for_him(walk: Walk) -> None:
    found = await look(walk)
    assert not found, "\n".join(found[:50])


async def test_who_may_see_a_post_gets_it_and_nobody_else(walk: Walk) -> None:
    """Not only nothing too much: nothing too little either."""
    for seat in walk.seats:
        got: set[str] = set()
        for name, key in walk.posts.items():
            path = f"/objects/{key}" if seat.signer or not seat.token else f"/api/v1/statuses/{key}"
            answer = await walk.get(seat, path, AS2 if seat.signer else "text/html")
            if answer[0] == 200 and canary(name) in answer[2].decode():
                got.add(name)
        assert got == seat.may, (seat.name, sorted(got ^ seat.may))


async def test_a_robot_is_nobody(walk: Walk) -> None:
    robot = next(seat for seat in walk.seats if seat.name == "robot")
    client = walk.parts.web.test_client(use_cookies=False)
    for path in ("/", *(f"/groups/{handle}" for handle in GROUPS.values()), "/@author"):
        headers = {**walk.headers(robot, "GET", path, "text/html"), "User-Agent": ROBOT}
        got = await client.get(path, headers=headers)
        body = await got.get_data()
        assert not wrong(walk, robot, (got.status_code, dict(got.headers), body)), path


# --- leaks that are planted -----------------------------------------------------------------------------------------------------


async def everything(tx: Any, viewer: Any, ids: Any) -> frozenset[int]:
    return frozenset(ids)


async def _deleted(tx: Any, asked: Any, key: int) -> bool:
    return await views.was_deleted(tx, key)


async def _any_parent(tx: Any, viewer: Any, lines: Any) -> dict[int, int]:
    parents = [line.reply_to for line in lines.values() if line.reply_to]
    return {row[0]: row[1] for row in await tx.rows(views._PARENT_AUTHORS, ids=parents)}


async def _unchecked(tx: Any, viewer: Any, ids: Any, **more: Any) -> Any:
    return await views.load_posts(tx, viewer, ids, **{**more, "checked": True})


def _thread() -> Statement:
    return Statement(
        select(t.objects.c.id, t.objects.c.reply_to)
        .where(t.objects.c.root_id == param("root"))
        .order_by(t.objects.c.id)
        .limit(param("count"))
    )


def _ids() -> Statement:
    """The rule without gates, states and blocks: whoever is addressed."""
    a = t.audience.alias()
    return Statement(
        select(t.objects.c.id).where(
            one_of(t.objects.c.id, "ids"),
            exists_in(
                a, a.c.object_id == t.objects.c.id, _meets(a.c.principal_id, param("viewer"), param("server"))
            ),
        )
    )


PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], tuple[str, ...]]] = {
    "single posts are not asked about": (
        lambda m: m.setattr(views, "visible_ids", everything),
        ("/api/v1/statuses/{post}",),
    ),
    "pages of timelines are not asked about": (
        lambda m: m.setattr(timelines, "visible_ids", everything),
        ("/groups/{group}", "/api/v1/timelines/home", "/@{name}"),
    ),
    "threads are read without the rule": (
        lambda m: m.setattr(timelines, "_THREAD", _thread()),
        ("/api/v1/statuses/{post}/context", "/objects/{post}"),
    ),
    "the place of a thread is told to anybody": (
        lambda m: m.setattr(api_statuses, "visible_ids", everything),
        ("/api/v1/statuses/{post}/context",),
    ),
    "collections for peers are not asked about": (
        lambda m: m.setattr(collections, "visible_ids", everything),
        ("/users/{name}/outbox", "/objects/{post}/replies", "/threads/{post}/context"),
    ),
    "documents are made of whatever is asked for": (
        lambda m: m.setattr(scene, "load_posts", _unchecked),
        ("/objects/{post}",),
    ),
    "the rule forgets gates, states and blocks": (
        lambda m: m.setattr("fedi_community.storage.visible._SEEN_IDS", _ids()),
        ("/api/v1/statuses/{post}", "/objects/{post}"),
    ),
    "what is answered is named to anybody": (
        lambda m: m.setattr(views, "_answered", _any_parent),
        ("/api/v1/statuses/{post}", "/api/v1/statuses/{post}/context"),
    ),
    "search asks no rule": (
        lambda m: m.setattr(search, "_FIND", _found()),
        ("/api/v2/search?q=canary", "/api/v2/search?q=canary&limit=40"),
    ),
    "what was deleted is said to be gone to anybody": (
        lambda m: m.setattr(pages, "could_read", _deleted),
        ("/objects/{post}",),
    ),
}


def _found() -> Statement:
    return Statement(
        select(t.objects.c.id)
        .select_from(t.objects.join(search._having, search._having.c.object_id == t.objects.c.id))
        .order_by(t.objects.c.id.desc())
        .limit(param("count"))
    )


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_ten_planted_leaks_are_found_one_after_the_other(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(PLANTED) == 10
    for what, (plant, first) in PLANTED.items():
        assert not await look(walk, first, only=True), what
        with monkeypatch.context() as patched:
            plant(patched)
            assert await look(walk, first, stop=True, only=True), f"nobody notices that {what}"
