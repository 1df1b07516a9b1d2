"""What is said of an audience beforehand is what happens: the preview's set is the delivery's, on random posts."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import delete, or_, select

from fedi_community.domain import posts, preview
from fedi_community.domain.effects import Decision, Send, StorePost
from fedi_community.domain.model import Body, Kind, Post, State, Text, Viewer, followers_of
from fedi_community.errors import Refusal
from fedi_community.perform import Change, perform, rehearse
from fedi_community.storage import fanout
from fedi_community.storage import preview as rows
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement
from fedi_community.storage.visible import visible_ids
from tests.make import Make

HOSTS = ("one.example", "two.example", "three.example")
DELIVERIES = Statement(
    select(t.deliveries.c.target_id, t.hosts.c.name).join(t.hosts, t.hosts.c.id == t.deliveries.c.host_id)
)
EMPTY = (Statement(delete(t.deliveries)), Statement(delete(t.fanout)))
LOCAL = Statement(select(t.actors.c.id).where(t.actors.c.host_id.is_(None), t.actors.c.type != "Application"))


class Crowd:
    """Members, people elsewhere and groups of every kind, tied to each other by chance."""

    def __init__(self, make: Make, chance: random.Random) -> None:
        self.make, self.chance = make, chance
        self.people: list[int] = []
        self.remote: list[int] = []
        self.groups: dict[str, int] = {}
        self.handles: list[tuple[str, str]] = []
        self.posts: list[int] = []

    async def gather(self) -> None:
        make, chance = self.make, self.chance
        for n in range(9):
            self.people.append(await make.member(f"member{n}"))
            self.handles.append((f"member{n}", ""))
        for n in range(12):
            host = HOSTS[n % 3]
            self.remote.append(await make.remote(f"https://{host}/users/far{n}"))
            self.handles.append((f"far{n}", host))
        for name, reads in (
            ("open", "everyone"),
            ("house", "server"),
            ("closed", "members"),
            ("inner", "mentors"),
        ):
            self.groups[name] = await make.group(name, reads=reads, posts="everyone" if reads == "everyone" else "members",
                                                 joins="open")  # fmt: skip
            self.handles.append((name, ""))
        everybody = [*self.people, *self.remote]
        for who in everybody:
            for other in chance.sample(self.people, 3):
                if other != who:
                    await make.join(
                        who, other, f"https://x.example/{who}/{other}" if who in self.remote else None
                    )
                    await make.answer(other, who)
        for who in self.people:
            for group in self.groups.values():
                if chance.random() < 0.7:
                    await make.join(who, group)
        for who in self.remote:
            await make.join(who, self.groups["open"], f"https://x.example/{who}/open")
        for group in self.groups.values():
            await make.role(group, chance.choice(self.people), "mentor")
        for _ in range(8):
            await make.block(chance.choice(self.people), chance.choice(everybody))

    def asked(self) -> posts.Compose:
        chance = self.chance
        named = tuple(chance.sample(self.handles, chance.choice((0, 0, 1, 1, 2, 3))))
        answered = chance.choice(self.posts[-40:]) if self.posts and chance.random() < 0.5 else None
        body = Body((Text("en", "<p>hello</p>"),), language="en")
        visibility = chance.choice(("public", "unlisted", "private", "private", "direct"))
        return posts.Compose(chance.choice(self.people), body, visibility, mentions=named, reply_to=answered)


async def rehearsed(make: Make, asked: posts.Compose) -> tuple[rows.Readers, Post] | None:
    async def look(tx: Tx, facts: Any, decided: Decision) -> tuple[rows.Readers, Post]:
        post = next(x for x in decided.effects if isinstance(x, StorePost)).post
        sends = [x for x in decided.effects if isinstance(x, Send) and x.object_id == post.id]
        found = await rows.readers(
            tx, post, {c for x in sends for c in x.collections}, {a for x in sends for a in x.actors}
        )
        return found, post

    made = await rehearse(
        make.house, Change(posts.compose_needs(asked), lambda f: posts.decide_compose(asked, f), 4), look
    )
    return None if isinstance(made, Refusal) else made


async def delivered(make: Make) -> list[Any]:
    async def unit(tx: Tx) -> list[Any]:
        terms = fanout.Terms(make.clock.now, False, 10, 0, frozenset())
        while (await fanout.expand(tx, terms)).more:
            pass
        found = [tuple(row) for row in await tx.rows(DELIVERIES)]
        for statement in EMPTY:
            await tx.run(statement)
        return found

    return await make.house.db.write(unit)


async def sees(make: Make, people: list[int], post: int) -> set[int]:
    async def unit(tx: Tx) -> set[int]:
        return {who for who in people if post in await visible_ids(tx, Viewer(who, local=True), [post])}

    return await make.house.db.read(unit)


async def test_the_previews_set_is_the_deliverys(make: Make, engine: str) -> None:
    chance = random.Random(11)
    crowd = Crowd(make, chance)
    await crowd.gather()
    await delivered(make)
    local = [row[0] for row in await make.house.db.read(lambda tx: tx.rows(LOCAL))]
    wanted, public, narrow, empty = (1000 if engine == "sqlite" else 120), 0, 0, 0
    while public + narrow < wanted:
        asked = crowd.asked()
        foreseen = await rehearsed(make, asked)
        make.clock.forward(1)
        change = Change(posts.compose_needs(asked), lambda f, asked=asked: posts.decide_compose(asked, f), 4)
        done = await perform(make.house, change)
        assert (foreseen is None) == isinstance(done, Refusal)
        if foreseen is None or isinstance(done, Refusal):
            continue
        found, post = foreseen
        key = done.result or 0
        crowd.posts.append(key)
        out = await delivered(make)
        assert {host for _, host in out} == {
            h for h, people in found.elsewhere.items() if people & found.sent
        }
        if found.everyone:
            public += 1
            continue
        narrow += 1
        empty += not out
        assert {target for target, _ in out} == found.sent, asked
        blocked = await make.house.db.read(
            lambda tx, author=asked.author_id: tx.rows(rows._BLOCKED, author=author)
        )
        shut = {row[0] for row in blocked}
        moderating = await _moderators(make, post)
        expected = {a for a in found.here if a not in shut} | moderating
        assert await sees(make, [a for a in local if a != asked.author_id], key) == expected - {
            asked.author_id
        }, asked
    assert public > wanted / 10
    assert narrow - empty > wanted / 10, "posts that leave for some people only"


async def _moderators(make: Make, post: Post) -> set[int]:
    if post.group_id is None:
        return set()
    group = post.group_id
    runs = or_(t.grants.c.collection_id == group + 2, t.grants.c.collection_id == group + 3)
    grants = Statement(select(t.grants.c.actor_id).where(runs))
    return {post.group_id, *(row[0] for row in await make.house.db.read(lambda tx: tx.rows(grants)))}


@pytest.mark.parametrize("language", ["en", "es"])
def test_small_numbers_and_small_servers_are_not_told(language: Any) -> None:
    audience = {followers_of(20): "to"}
    post = Post(
        4,
        "u",
        Kind.NOTE,
        8,
        State.PUBLISHED,
        audience,
        gate=frozenset(audience),
        gate_id=1,
        group_id=20,
    )  # type: ignore[arg-type]
    elsewhere = {"small.example": 4, "large.example": 5}
    said = preview.told(post, preview.Numbers(False, 9, elsewhere), preview.Around(), language)
    assert (said.here, said.elsewhere, said.servers, said.named_servers) == (
        None,
        None,
        None,
        ("large.example",),
    )
    words = " ".join(said.lines)
    assert "small.example" not in words
    few = preview.told(post, preview.Numbers(False, 5, {"small.example": 4}), preview.Around(), language)
    assert not any(letter.isdigit() for letter in " ".join((*few.lines, *few.notices)))
    many = preview.told(post, preview.Numbers(False, 10, elsewhere), preview.Around(), language)
    assert many.here == 10


def test_every_sentence_exists_in_both_languages() -> None:
    for key, (english, spanish) in preview.TEXTS.items():
        assert english != spanish, key
        assert set(_fields(english)) == set(_fields(spanish)), key


def _fields(text: str) -> list[str]:
    from string import Formatter

    return [name for _, name, _, _ in Formatter().parse(text) if name]
