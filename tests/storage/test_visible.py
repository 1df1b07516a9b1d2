"""The rule in SQL and the rule in memory say the same, on random worlds, on both databases."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedi_community.domain.model import (
    PUBLIC,
    SERVER,
    STRANGER,
    Kind,
    Post,
    State,
    Viewer,
    followers_of,
    mentors_of,
    staff_of,
)
from fedi_community.domain.visibility import World, may_view
from fedi_community.storage import tables as t
from fedi_community.storage.database import Database, Tx
from fedi_community.storage.dialect import Statement, insert_row
from fedi_community.storage.visible import load_sight, visible_ids

LOCAL, REMOTE, OTHER = (4, 8, 12), (16, 20), (24,)
GROUP = 40
ACTORS = (*LOCAL, *REMOTE, *OTHER, GROUP)
HOSTS = {16: "a.example", 20: "a.example", 24: "b.example"}
COLLECTIONS = [
    *(followers_of(a) for a in (4, 16)),
    followers_of(GROUP),
    mentors_of(GROUP),
    staff_of(GROUP),
]
PRINCIPALS = [PUBLIC, SERVER, 4, 8, 16, 20, 24, *COLLECTIONS]
VIEWERS = [
    STRANGER,
    *(Viewer(a, local=True) for a in LOCAL),
    *(Viewer(a, host=HOSTS[a]) for a in (*REMOTE, *OTHER)),
    Viewer(GROUP, local=True),  # its staff speak as it
    Viewer(GROUP, host="a.example"),  # as if it were elsewhere
    Viewer(999_996, host="a.example", instance=True),
    Viewer(999_992, host="b.example", instance=True),
    Viewer(999_988, host="never-heard-of.example", instance=True),
    Viewer(16, host="a.example", suspended_host=True),
    Viewer(999_996, host="a.example", instance=True, suspended_host=True),
]

principal_sets = st.sets(st.sampled_from(PRINCIPALS), max_size=3)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, object]:
    count = draw(st.integers(1, 6))
    posts = []
    for index in range(count):
        earlier = [100 + 4 * i for i in range(index)]
        boost = draw(st.sampled_from([None, *earlier])) if earlier and draw(st.booleans()) else None
        quote = draw(st.sampled_from([None, *earlier])) if earlier and draw(st.booleans()) else None
        posts.append(
            {
                "id": 100 + 4 * index,
                "author": draw(st.sampled_from((4, 8, 16, 24))),
                "state": draw(st.sampled_from([*State, State.PUBLISHED, State.PUBLISHED, State.PUBLISHED])),
                "audience": draw(principal_sets),
                "gate": draw(st.sampled_from([None, None, 0, 1])),
                "group": draw(st.sampled_from([None, GROUP])),
                "boost": boost,
                "quote": quote,
            }
        )
    grants = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(ACTORS), st.sampled_from(COLLECTIONS)), st.integers(0, 3), max_size=10
        )
    )
    pairs = list(itertools.permutations(ACTORS, 2))
    return {
        "posts": posts,
        "gates": [draw(principal_sets), draw(principal_sets)],
        "grants": grants,
        "blocks": draw(st.sets(st.sampled_from(pairs), max_size=3)),
        "states": {
            a: draw(st.sampled_from(["active", "active", "limited", "suspended", "deleted"])) for a in ACTORS
        },
        "barred": draw(st.sets(st.sampled_from(ACTORS), max_size=2)),
    }


def _statements() -> dict[str, Statement]:
    return {name: insert_row(getattr(t, name), *columns.split()) for name, columns in {
        "hosts": "id name", "actors": "id uri type handle host_id state barred created", "gates": "id created",
        "gate_principals": "gate_id principal_id", "grants": "actor_id collection_id state created updated",
        "blocks": "actor_id target_id created", "audience": "object_id principal_id place",
        "objects": "id uri kind author_id state group_id gate_id boost_of quote_of published created",
    }.items()}  # fmt: skip


INSERT = _statements()
EMPTY = [Statement(getattr(t, n).delete()) for n in
         ("audience", "objects", "gate_principals", "gates", "grants", "blocks", "actors", "hosts")]  # fmt: skip


async def _fill(tx: Tx, world: dict) -> None:
    for statement in EMPTY:
        await tx.run(statement)
    for number, name in ((1, "a.example"), (2, "b.example")):
        await tx.run(INSERT["hosts"], id=number, name=name)
    numbers = {"a.example": 1, "b.example": 2}
    for a in ACTORS:
        await tx.run(INSERT["actors"], id=a, uri=f"https://x.example/{a}", type="Person", handle=f"a{a}",
                     host_id=numbers.get(HOSTS.get(a, "")), state=world["states"][a], barred=int(a in world["barred"]),
                     created=0)  # fmt: skip
    for number, gate in enumerate(world["gates"]):
        await tx.run(INSERT["gates"], id=number + 1, created=0)
        await tx.many(INSERT["gate_principals"], [{"gate_id": number + 1, "principal_id": p} for p in gate])
    for (actor, collection), state in world["grants"].items():
        await tx.run(
            INSERT["grants"], actor_id=actor, collection_id=collection, state=state, created=0, updated=0
        )
    for one, other in world["blocks"]:
        await tx.run(INSERT["blocks"], actor_id=one, target_id=other, created=0)
    for post in world["posts"]:
        await tx.run(INSERT["objects"], id=post["id"], uri=f"https://x.example/o/{post['id']}", kind="Note",
                     author_id=post["author"], state=str(post["state"]), group_id=post["group"],
                     gate_id=None if post["gate"] is None else post["gate"] + 1, boost_of=post["boost"],
                     quote_of=post["quote"], published=0, created=0)  # fmt: skip
        await tx.many(
            INSERT["audience"],
            [{"object_id": post["id"], "principal_id": p, "place": "to"} for p in post["audience"]],
        )


def _posts(world: dict) -> World:
    return World({
        p["id"]: Post(p["id"], "", Kind.NOTE, p["author"], p["state"], dict.fromkeys(p["audience"], "to"),
                      gate=None if p["gate"] is None else frozenset(world["gates"][p["gate"]]), group_id=p["group"],
                      boost_of=p["boost"], quote_of=p["quote"], author_state="suspended" if p["author"] in world["barred"]
                      else world["states"][p["author"]])
        for p in world["posts"]
    })  # fmt: skip


async def _compare(db: Database, world: dict) -> None:
    await db.write(lambda tx: _fill(tx, world))
    posts = _posts(world)
    ids = list(posts.posts)
    for viewer in VIEWERS:
        in_sql = await db.read(lambda tx, v=viewer: visible_ids(tx, v, ids))
        sight = await db.read(lambda tx, v=viewer: load_sight(tx, v, PRINCIPALS, ACTORS, [GROUP]))
        in_memory = {i for i, post in posts.posts.items() if may_view(sight, post, posts)}
        assert in_sql == in_memory, f"{viewer} of {world}"


@pytest.mark.parametrize("seed", range(4))
async def test_the_rule_in_sql_and_in_memory_agree_on_random_worlds(db: Database, seed: int) -> None:
    samples: list[dict] = []

    @settings(max_examples=40, database=None, derandomize=False, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(worlds())
    def collect(world: dict) -> None:
        samples.append(world)

    collect()
    for world in samples:
        await _compare(db, world)


@pytest.mark.parametrize("block", [(16, 20), (20, 16)])
async def test_a_block_between_two_people_of_one_host_holds_for_both(
    db: Database, block: tuple[int, int]
) -> None:
    """The instance actor of their host does not see the author's post for the one who is blocked."""
    post = {"id": 100, "author": 16, "state": State.PUBLISHED, "audience": {20}, "gate": None, "group": None,
            "boost": None, "quote": None}  # fmt: skip
    world = {
        "posts": [post],
        "gates": [set(), set()],
        "grants": {},
        "states": dict.fromkeys(ACTORS, "active"),
        "barred": set(),
    }
    host = Viewer(999_996, host="a.example", instance=True)
    for blocks, seen in ((set(), {100}), ({block}, set())):
        await _compare(db, {**world, "blocks": blocks})
        assert await db.read(lambda tx: visible_ids(tx, host, [100])) == seen
