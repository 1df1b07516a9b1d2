"""The inbox: what is refused at the door, and what comes of what is taken."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from fedi_community.domain.model import STRANGER, Grant, followers_of
from fedi_community.domain.views import PostView
from fedi_community.errors import Problem
from fedi_community.storage import tables as t
from fedi_community.storage import views
from fedi_community.storage.database import UNAVAILABLE
from fedi_community.storage.dialect import Statement, param
from tests.federation.world import BASE, PUBLIC, World

ALICE = "https://peer.example/users/alice"
GROUP = f"{BASE}/groups/diabetes"


async def posts_by_uri(world: World, uri: str) -> list[PostView]:
    async def unit(tx: Any) -> list[PostView]:
        found = await views.post_id_by_uri(tx, uri)
        return await views.load_posts(tx, STRANGER, [found]) if found else []

    return await world.make.house.db.read(unit)


async def count(world: World, table: Any) -> int:
    statement = Statement(select(func.count()).select_from(table))
    return int(await world.make.house.db.read(lambda tx: tx.value(statement)))


async def grant(world: World, actor: int, collection: int) -> int | None:
    g = t.grants.c
    statement = Statement(select(g.state).where(g.actor_id == param("a"), g.collection_id == param("c")))
    return await world.make.house.db.read(lambda tx: tx.value(statement, a=actor, c=collection))


def note(number: int, author: str = ALICE, **more: Any) -> dict[str, Any]:
    host = "/".join(author.split("/")[:3])
    return {
        "id": f"{host}/notes/{number}", "type": "Note", "attributedTo": author, "content": "<p>How do you all sleep?</p>",
        "to": [PUBLIC], "cc": [f"{author}/followers"], **more,
    }  # fmt: skip


def create(obj: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "@context": "https://www.w3.org/ns/activitystreams", "id": obj["id"] + "/create", "type": "Create",
        "actor": obj["attributedTo"], "to": obj.get("to"), "cc": obj.get("cc"), "object": obj, **more,
    }  # fmt: skip


def follow(target: str, actor: str = ALICE, number: int = 1) -> dict[str, Any]:
    return {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{actor}/follows/{number}", "type": "Follow",
            "actor": actor, "object": target}  # fmt: skip


async def setting(world: World) -> tuple[int, int]:
    """(nadia, the open group diabetes); alice is served and follows the group."""
    nadia = await world.make.member("nadia")
    group = await world.make.group("diabetes", posts="members")
    await world.make.join(nadia, group)
    world.peer(ALICE)
    assert await world.tell(follow(GROUP)) == 202
    return nadia, group


async def test_a_follow_makes_a_member_and_is_answered_each_time_it_is_repeated(world: World) -> None:
    _, group = await setting(world)
    alice = await world.know(ALICE)
    assert await grant(world, alice, followers_of(group)) == Grant.ACCEPTED
    before = await count(world, t.fanout)
    assert await world.tell(follow(GROUP, number=2)) == 202
    assert await count(world, t.fanout) == before + 1


async def test_an_undo_ends_the_membership_by_id_or_by_what_it_says(world: World) -> None:
    _, group = await setting(world)
    alice = await world.know(ALICE)
    undo = {"id": f"{ALICE}/undo/1", "type": "Undo", "actor": ALICE, "object": f"{ALICE}/follows/1"}
    mallory = world.peer("https://evil.example/users/mallory", key="mallory")
    stranger = {**undo, "id": "https://evil.example/undo/1", "actor": mallory}
    assert await world.tell(stranger, key="mallory") in (202, 403)
    assert await grant(world, alice, followers_of(group)) == Grant.ACCEPTED
    embedded = {
        **undo,
        "object": {"type": "Follow", "actor": ALICE, "object": GROUP, "id": "https://peer.example/lost"},
    }
    assert await world.tell(embedded) == 202
    assert await grant(world, alice, followers_of(group)) == Grant.ENDED


async def test_a_post_that_mentions_the_group_becomes_a_thread_and_is_announced(world: World) -> None:
    _, group = await setting(world)
    mention = {"type": "Mention", "href": GROUP, "name": "@diabetes@clinic.example"}
    assert await world.tell(create(note(1, to=[PUBLIC, GROUP], tag=[mention]))) == 202
    shown = (await posts_by_uri(world, "https://peer.example/notes/1"))[0]
    assert shown.group is not None
    assert shown.group.id == group
    assert shown.visibility == "public"
    kinds = Statement(select(t.activities.c.type).where(t.activities.c.actor_id == param("a")))
    made = [r[0] for r in await world.make.house.db.read(lambda tx: tx.rows(kinds, a=group))]
    assert "Announce" in made


async def test_a_reply_joins_the_thread_at_any_depth_and_its_author_is_told(world: World) -> None:
    nadia, group = await setting(world)
    root = await world.make.post(nadia, "@diabetes what helps you?")
    parent = f"{BASE}/objects/{root}"
    for number in range(1, 6):
        assert (
            await world.tell(create(note(number, inReplyTo=parent, to=[PUBLIC], cc=[f"{BASE}/users/nadia"])))
            == 202
        )
        parent = f"https://peer.example/notes/{number}"
    shown = (await posts_by_uri(world, parent))[0]
    assert (shown.root_id, shown.depth, shown.group.id if shown.group else 0) == (root, 5, group)
    assert await count(world, t.notifications) >= 1


async def test_the_same_activity_twice_is_stored_once(world: World) -> None:
    nadia, _ = await setting(world)
    root = await world.make.post(nadia, "@diabetes hello")
    reply = create(note(1, inReplyTo=f"{BASE}/objects/{root}"))
    for _ in range(2):
        assert await world.tell(reply) == 202
    shown = (await world.make.house.db.read(lambda tx: views.load_posts(tx, STRANGER, [root])))[0]
    assert shown.replies_count == 1


async def test_a_delete_that_overtakes_its_create_wins(world: World) -> None:
    nadia, _ = await setting(world)
    root = await world.make.post(nadia, "@diabetes hello")
    reply = note(1, inReplyTo=f"{BASE}/objects/{root}")
    delete = {
        "id": f"{ALICE}/del/1",
        "type": "Delete",
        "actor": ALICE,
        "object": {"id": reply["id"], "type": "Tombstone"},
    }
    assert await world.tell(delete) == 202
    assert await world.tell(create(reply)) == 202
    assert await posts_by_uri(world, reply["id"]) == []


async def test_an_edit_and_a_delete_by_the_author_and_by_nobody_else(world: World) -> None:
    nadia, _ = await setting(world)
    root = await world.make.post(nadia, "@diabetes hello")
    reply = note(1, inReplyTo=f"{BASE}/objects/{root}")
    await world.tell(create(reply))
    eve = world.peer("https://peer.example/users/eve")
    edited = {**reply, "content": "<p>edited</p>", "updated": "2026-01-05T10:05:00Z"}
    update = {"id": f"{ALICE}/upd/1", "type": "Update", "actor": ALICE, "object": edited}
    forged = {**update, "id": f"{eve}/upd/1", "actor": eve}
    assert await world.tell(forged) in (202, 403)
    assert "edited" not in (await posts_by_uri(world, reply["id"]))[0].text().content
    assert await world.tell(update) == 202
    assert "edited" in (await posts_by_uri(world, reply["id"]))[0].text().content
    mallory = world.peer("https://evil.example/users/mallory", key="mallory")
    delete = {"id": f"{mallory}/del/1", "type": "Delete", "actor": mallory, "object": reply["id"], "audience": GROUP,
              "summary": "removed by a moderator"}  # fmt: skip
    await world.tell(delete, key="mallory")
    assert len(await posts_by_uri(world, reply["id"])) == 1
    await world.tell({**delete, "id": f"{ALICE}/del/1", "actor": ALICE})
    assert await posts_by_uri(world, reply["id"]) == []


async def test_a_missing_parent_is_fetched_with_its_ancestors(world: World) -> None:
    nadia, group = await setting(world)
    root = await world.make.post(nadia, "@diabetes hello")
    first = note(1, inReplyTo=f"{BASE}/objects/{root}")
    second = note(2, inReplyTo=first["id"])
    for document in (first, second):
        world.served.documents[document["id"]] = {
            "@context": "https://www.w3.org/ns/activitystreams",
            **document,
        }
    assert await world.tell(create(note(3, inReplyTo=second["id"], cc=[GROUP]))) == 202
    shown = (await posts_by_uri(world, "https://peer.example/notes/3"))[0]
    assert (shown.root_id, shown.depth, shown.group.id if shown.group else 0) == (root, 3, group)


async def test_a_reply_to_a_members_only_thread_by_an_outsider_leaves_no_trace(world: World) -> None:
    nadia, _ = await setting(world)
    gated = await world.make.group("caregivers", reads="members")
    await world.make.join(nadia, gated)
    root = await world.make.post(nadia, "@caregivers a hard day")
    before = await count(world, t.objects)
    for number, obj in enumerate((f"{BASE}/objects/{root}", f"{BASE}/objects/{root + 4}")):
        assert await world.tell(create(note(number, inReplyTo=obj))) == 202
    assert world.inbox.verdicts["not_for_us"] == 2, "a hidden thread is answered like one that does not exist"
    for verb in ("Like", "Announce"):
        activity = {
            "id": f"{ALICE}/{verb}/1",
            "type": verb,
            "actor": ALICE,
            "object": f"{BASE}/objects/{root}",
            "to": [PUBLIC],
        }
        assert await world.tell(activity) == 202
    assert await count(world, t.objects) == before
    assert await count(world, t.reactions) == 0
    assert await count(world, t.notifications) == 0


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("no signature", {"signed": False}, 401, "signature_missing"),
    ("a wrong type", {"headers": {"Content-Type": "text/html"}}, 415, "content_type"),
    ("another key", {"key": "mallory"}, 401, "bad_signature"),
    ("an unknown key", {"key_id": "https://nobody.example/x#main-key"}, 401, "unknown_key"),
    ("another host", {"headers": {"Host": "other.example"}}, 401, "wrong_host"),
]


@pytest.mark.parametrize(("what", "how", "status", "reason"), REFUSED, ids=[r[0] for r in REFUSED])
async def test_a_request_is_refused_and_changes_nothing(
    world: World, what: str, how: dict[str, Any], status: int, reason: str
) -> None:
    await world.make.group("diabetes")
    world.peer(ALICE)
    answer = await world.post(follow(GROUP), ALICE, **how)
    assert (answer[0], answer[1].get("reason")) == (status, reason)
    assert await count(world, t.inbox) == 0
    assert await count(world, t.grants) == 0
    assert world.door.counts.answers[status, reason] == 1
    assert (await world.post(follow(GROUP), ALICE))[0] == 202


MALFORMED = [
    (b"{", 400), (b"[]", 400), (b'{"a":1,"a":2}', 400), (b"\xff\xfe", 400), (b'{"id":NaN}', 400),
    (b"[" * 1000 + b"]" * 1000, 400), (b'{"type":"Follow","actor":"https://peer.example/users/alice"}', 400),
    (b'{"x":"' + b"A" * 1_100_000 + b'"}', 413),
]  # fmt: skip


@pytest.mark.parametrize("chunks", [1, 7])
async def test_malformed_bodies_are_refused_before_any_key_is_fetched(world: World, chunks: int) -> None:
    for body, status in MALFORMED:
        answer = await world.post(body, ALICE, chunks=chunks)
        assert answer[0] == status, body[:40]
    assert world.served.asked == []


async def test_a_delete_of_an_unknown_actor_is_acknowledged_without_asking_anybody(world: World) -> None:
    gone = {"id": f"{ALICE}#delete", "type": "Delete", "actor": ALICE, "object": ALICE}
    assert (await world.post(gone, ALICE, signed=False))[0] == 202
    assert world.served.asked == []
    assert await count(world, t.inbox) == 0


async def test_a_full_queue_and_a_busy_host_are_told_when_to_come_back(world: World) -> None:
    from dataclasses import replace

    await world.make.group("diabetes")
    world.peer(ALICE)
    world.door._settings = replace(world.settings, inbox_rate=2)
    answers = [(await world.post(follow(GROUP, number=n), ALICE))[0] for n in range(4)]
    assert answers == [202, 202, 429, 429]
    world.door._settings = replace(world.settings, inbox_queue_limit=1)
    world.make.clock.forward(61)
    assert (await world.post(follow(GROUP, number=9), ALICE))[0] == 503
    world.door._settings = world.settings
    assert (await world.post(follow(GROUP, number=10), ALICE))[0] == 202


async def test_a_suspended_host_is_refused(world: World) -> None:
    from fedi_community.domain.effects import Decision, SetHost
    from fedi_community.domain.facts import Needs

    await world.make.group("diabetes")
    world.peer(ALICE)
    assert (await world.post(follow(GROUP), ALICE))[0] == 202
    await world.make.must(Needs(), lambda f: Decision((SetHost("peer.example", "suspended"),)), 0)
    assert (await world.post(follow(GROUP, number=2), ALICE))[0] == 403


async def test_a_reply_whose_thread_stays_lost_is_dropped_and_no_group_is_guessed(world: World) -> None:
    await setting(world)
    mention = {"type": "Mention", "href": GROUP, "name": "@diabetes"}
    lost = create(note(6, inReplyTo="https://slow.example/notes/9", to=[PUBLIC, GROUP], tag=[mention]))
    world.served.documents["https://slow.example/notes/9"] = 503
    await world.tell(lost)
    assert await count(world, t.inbox) == 1
    for _ in range(20):
        world.make.clock.forward(20_000)
        await world.inbox.run_until_idle()
    assert await count(world, t.inbox) == await count(world, t.objects) == 0


async def test_an_activity_that_fails_is_tried_again_and_ends_as_a_dead_letter(world: World) -> None:
    nadia, _ = await setting(world)
    root = await world.make.post(nadia, "@diabetes hello")
    reply = create(note(5, inReplyTo="https://slow.example/notes/1", cc=[GROUP]))
    world.served.documents["https://slow.example/notes/1"] = 503
    assert await world.tell(reply) == 202
    assert await posts_by_uri(world, reply["object"]["id"]) == []
    parent = note(1, "https://slow.example/users/bo", inReplyTo=f"{BASE}/objects/{root}")
    world.peer("https://slow.example/users/bo")
    await world.tell(create(parent))
    assert len(await posts_by_uri(world, reply["object"]["id"])) == 1, "it waited for its parent, which came"
    lost = create(note(6, inReplyTo="https://slow.example/notes/9", cc=[GROUP]))
    world.served.documents["https://slow.example/notes/9"] = RuntimeError("a bug")
    await world.tell(lost)
    for _ in range(20):
        world.make.clock.forward(20_000)
        await world.inbox.run_until_idle()
    state = Statement(select(t.inbox.c.state, t.inbox.c.reason))
    rows = await world.make.house.db.read(lambda tx: tx.rows(state))
    assert [tuple(r) for r in rows] == [("dead", "error_RuntimeError")]


async def test_what_waits_while_nothing_can_be_saved_is_done_at_once_afterwards_and_never_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nadia, _ = await setting(world)
    root = await world.make.post(nadia, "@diabetes hello")
    reply = create(note(5, inReplyTo=f"{BASE}/objects/{root}", cc=[GROUP]))

    async def full(row: Any) -> str:
        raise Problem(503, UNAVAILABLE, "The server cannot save anything just now.")

    with monkeypatch.context() as patched:
        patched.setattr(world.inbox._processor, "process", full)
        assert await world.tell(reply) == 202
        for _ in range(20):
            world.make.clock.forward(3)
            await world.inbox.run_until_idle()
    assert await posts_by_uri(world, reply["object"]["id"]) == []
    world.make.clock.forward(3)
    await world.inbox.run_until_idle()
    assert len(await posts_by_uri(world, reply["object"]["id"])) == 1
