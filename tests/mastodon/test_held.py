"""First posts of newcomers: held until somebody has read them, then published as if they were posted then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.domain import held as decisions
from fedi_community.domain.effects import Decision
from fedi_community.errors import Refusal
from fedi_community.mastodon import entities
from fedi_community.storage import held
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.mastodon.conftest import World, opened
from tests.mastodon.schema import wrong

CANARY = "canaryofafirstpost"
_ACTIVITIES = Statement(
    select(t.activities.c.type).where(t.activities.c.object_id.is_not(None)).order_by(t.activities.c.id)
)
_AUDIT = Statement(select(t.audit.c.action).order_by(t.audit.c.id))


@pytest.fixture
async def guarded(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A server where people sign up, so that first posts are held."""
    made = await opened(database_url, tmp_path, signups="approval")
    yield made
    await made.parts.close()


async def person(world: World, handle: str, **more: Any) -> tuple[int, str]:
    made = await world.member(handle, **more)
    return made, await world.token(made)


async def post(world: World, token: str, **values: Any) -> dict[str, Any]:
    made = await world.post("/api/v1/statuses", token, **values)
    assert made.status == 200, made.body
    assert wrong(made.json, entities.STATUS) == []
    return dict(made.json)


async def answer(
    world: World, post_id: int, group_id: int | None, passed: bool, by: int | None = None
) -> Any:
    needs = decisions.needs(post_id, by)
    return await world.make.do(
        needs, lambda f: decisions.decide(post_id, by, passed, f, group_id=group_id), 3
    )


async def words(world: World, statement: Statement) -> list[str]:
    return [row[0] for row in await world.parts.db.read(lambda tx: tx.rows(statement))]


async def home(world: World, token: str) -> list[str]:
    return [one["id"] for one in (await world.get("/api/v1/timelines/home", token)).json]


async def scene(world: World) -> tuple[int, tuple[int, str], tuple[int, str], tuple[int, str]]:
    """(group, newcomer, another member, mentor)"""
    group = await world.make.group("sleep", posts="everyone")
    people = [await person(world, name) for name in ("nadia", "omar", "mentor")]
    for actor, _ in people:
        await world.make.join(actor, group)
    await world.make.role(group, people[2][0], "mentor")
    return group, people[0], people[1], people[2]


async def test_a_first_post_waits_and_only_its_author_and_those_who_run_the_group_see_it(
    guarded: World,
) -> None:
    _, (nadia_id, nadia), (_, omar), (_, mentor) = await scene(guarded)
    made = await post(guarded, nadia, status=f"@sleep @omar {CANARY}", visibility="public")
    assert made["held"] is True
    path = f"/api/v1/statuses/{made['id']}"
    assert (await guarded.get(path, nadia)).json["held"] is True
    assert (await guarded.get(path, mentor)).json["held"] is True
    for token in (omar, ""):
        missing = await guarded.get("/api/v1/statuses/700000000000000000", token)
        got = await guarded.get(path, token)
        assert (got.status, got.body) == (missing.status, missing.body) == (404, missing.body)
        for where in ("/api/v1/timelines/public", f"/api/v1/accounts/{nadia_id}/statuses"):
            assert CANARY not in (await guarded.get(where, token)).body.decode()
    assert made["id"] not in await home(guarded, omar)
    assert await words(guarded, _ACTIVITIES) == []
    told = Statement(select(t.notifications.c.kind).where(t.notifications.c.kind == "mention"))
    assert await words(guarded, told) == []
    assert (await guarded.get(f"/api/v1/accounts/{nadia_id}")).json["statuses_count"] == 0


async def test_what_is_passed_is_sent_told_and_counted_then_and_the_next_is_not_held(guarded: World) -> None:
    group, (nadia_id, nadia), (omar_id, omar), (mentor_id, _) = await scene(guarded)
    root = await guarded.make.post(mentor_id, "what helps you?", group_id=group)
    made = await post(guarded, nadia, status=f"@omar {CANARY}", in_reply_to_id=str(root), visibility="public")
    await guarded.parts.settle()
    before = await words(guarded, _ACTIVITIES)
    assert (await guarded.get(f"/api/v1/statuses/{root}")).json["replies_count"] == 0
    again = await post(guarded, nadia, status="a second one", visibility="public")
    assert again["held"] is True, "until one is passed"
    done = await answer(guarded, int(made["id"]), group, True, mentor_id)
    assert isinstance(done, Decision), done
    assert (await words(guarded, _ACTIVITIES))[len(before) :] == ["Create", "Announce"]
    shown = await guarded.get(f"/api/v1/statuses/{made['id']}")
    assert "held" not in shown.json
    assert (await guarded.get(f"/api/v1/statuses/{root}")).json["replies_count"] == 1
    told = Statement(select(t.notifications.c.owner_id).where(t.notifications.c.kind == "mention"))
    assert omar_id in await words(guarded, told)
    assert (await guarded.get(f"/api/v1/accounts/{nadia_id}")).json["statuses_count"] == 1
    third = await post(guarded, nadia, status="@sleep a third one", visibility="public")
    assert "held" not in third
    assert third["id"] in await home(guarded, omar)
    assert "held_published" in await words(guarded, _AUDIT)


async def test_a_passed_post_comes_into_homes(guarded: World) -> None:
    group, (_, nadia), (_, omar), (mentor_id, _) = await scene(guarded)
    await home(guarded, omar)  # it is written ahead from now on
    made = await post(guarded, nadia, status=f"@sleep {CANARY}", visibility="public")
    assert made["id"] not in await home(guarded, omar)
    await answer(guarded, int(made["id"]), group, True, mentor_id)
    assert made["id"] in await home(guarded, omar)
    assert made["id"] in [one["id"] for one in (await guarded.get("/api/v1/timelines/public")).json]


async def test_what_is_removed_stays_its_authors(guarded: World) -> None:
    group, (_, nadia), (_, omar), (mentor_id, _) = await scene(guarded)
    made = await post(guarded, nadia, status=f"@sleep {CANARY}", visibility="public")
    await answer(guarded, int(made["id"]), group, False, mentor_id)
    path = f"/api/v1/statuses/{made['id']}"
    assert (await guarded.get(path, nadia)).status == 200
    assert (await guarded.get(path, omar)).status == 404
    again = await answer(guarded, int(made["id"]), group, True, mentor_id)
    assert isinstance(again, Refusal), "it is held no longer"
    assert "held_removed" in await words(guarded, _AUDIT)


async def test_nobody_else_answers_what_is_held(guarded: World) -> None:
    group, (nadia_id, nadia), (omar_id, _), (mentor_id, _) = await scene(guarded)
    other = await guarded.make.group("heart", posts="everyone")
    made = int((await post(guarded, nadia, status=f"@sleep {CANARY}", visibility="public"))["id"])
    for where, by in ((group, nadia_id), (group, omar_id), (other, mentor_id), (None, mentor_id)):
        refused = await answer(guarded, made, where, True, by)
        assert isinstance(refused, Refusal)
        assert refused.status == 404
    assert (await guarded.get(f"/api/v1/statuses/{made}")).status == 404


async def test_letters_notes_for_followers_and_those_who_run_things_are_never_held(guarded: World) -> None:
    _, (_, nadia), _, (_, mentor) = await scene(guarded)
    for visibility in ("private", "direct"):
        assert "held" not in await post(guarded, nadia, status="@omar hello", visibility=visibility)
    assert (await post(guarded, nadia, status="hello all", visibility="unlisted"))["held"] is True
    assert "held" not in await post(guarded, mentor, status="@sleep welcome", visibility="public")
    staff_id = await guarded.member("olga", role="staff")
    assert "held" not in await post(
        guarded, await guarded.token(staff_id), status="hello", visibility="public"
    )


async def test_outside_groups_the_command_line_answers(guarded: World) -> None:
    _, (_, nadia), _, _ = await scene(guarded)
    made = await post(guarded, nadia, status=CANARY, visibility="public")
    [waiting] = await guarded.parts.db.read(lambda tx: held.shown(tx, None))
    assert (waiting.id, waiting.handle, waiting.text) == (int(made["id"]), "nadia", CANARY)
    assert isinstance(await answer(guarded, waiting.id, None, True), Decision)
    assert (await guarded.get(f"/api/v1/statuses/{made['id']}")).status == 200


async def test_where_nobody_signs_up_nothing_is_held(world: World) -> None:
    _, (_, nadia), _, _ = await scene(world)
    assert "held" not in await post(world, nadia, status="@sleep hello", visibility="public")


async def test_none_is_held_where_the_setting_says_so(database_url: str, tmp_path: Path) -> None:
    open_ = await opened(database_url, tmp_path, signups="approval", hold_first_posts=0)
    try:
        _, (_, nadia), _, _ = await scene(open_)
        assert "held" not in await post(open_, nadia, status="@sleep hello", visibility="public")
    finally:
        await open_.parts.close()


@pytest.mark.parametrize("prefix", ["", "/es"])
async def test_a_mentor_publishes_on_a_page_that_nobody_else_has(guarded: World, prefix: str) -> None:
    _, (_, nadia), _, _ = await scene(guarded)
    made = await post(guarded, nadia, status=f"@sleep {CANARY}", visibility="public")
    path = f"{prefix}/groups/sleep/held"
    browser, other = guarded.browser(), guarded.browser()
    await other.log_in("omar")
    assert (await other.get(path)).status == 404
    refused = await other.post(
        path, {**(await other.get("/write")).form("/write"), "post": made["id"], "publish": "1"}
    )
    assert refused.status == 404
    await browser.log_in("mentor")
    assert path in (await browser.get(f"{prefix}/groups/sleep")).text
    page = await browser.get(path)
    assert CANARY in page.text
    assert ("Publicar" if prefix else "Publish") in page.text
    done = await browser.post(path, {**page.form(path), "publish": "1"})
    assert done.status == 303
    assert (await guarded.get(f"/api/v1/statuses/{made['id']}")).status == 200
    assert CANARY not in (await browser.get(path)).text
    assert "held_read" in await words(guarded, _AUDIT)


async def test_taking_back_what_was_held_takes_nothing_from_the_public_count(guarded: World) -> None:
    group, (_, newcomer), _, _ = await scene(guarded)
    staff, token = await person(guarded, "boss", role="staff")
    await guarded.make.join(staff, group)
    root = await post(guarded, token, status="@sleep root", visibility="public")
    answered = {"visibility": "public", "in_reply_to_id": root["id"]}
    await post(guarded, token, status="published answer", **answered)

    async def count() -> int:
        return int((await guarded.get(f"/api/v1/statuses/{root['id']}", token)).json["replies_count"])

    for _ in range(2):
        held = await post(guarded, newcomer, status="held answer", **answered)
        assert held["held"] is True
        assert (await guarded.ask("DELETE", f"/api/v1/statuses/{held['id']}", newcomer)).status == 200
        assert await count() == 1
    private = await post(
        guarded, token, status="for you alone", visibility="direct", in_reply_to_id=root["id"]
    )
    await guarded.ask("DELETE", f"/api/v1/statuses/{private['id']}", token)
    assert await count() == 1
    second = await post(guarded, token, status="second", **answered)
    assert await count() == 2
    await guarded.ask("DELETE", f"/api/v1/statuses/{second['id']}", token)
    assert await count() == 1


async def test_of_what_is_held_the_readers_it_will_have_are_told(guarded: World) -> None:
    group, (nadia, token), _, _ = await scene(guarded)
    far = [await guarded.make.remote(f"https://far.example/users/a{n}") for n in range(5)]
    for who in far:
        await guarded.make.join(who, group, f"https://far.example/follows/{who}")
    asked = {"status": "@sleep first words", "visibility": "public"}
    said = (await guarded.ask("POST", "/api/v1/audience/preview", token, json=asked)).json
    assert (said["held"], said["web"]) == (True, True)
    assert any(line.startswith("Somebody who looks after this community reads") for line in said["notices"])
    kept = {"status": "first words", "visibility": "private"}
    for who in far:
        await guarded.make.join(who, nadia, f"https://far.example/more/{who}")
        await guarded.make.answer(nadia, who)
    assert (await guarded.ask("POST", "/api/v1/audience/preview", token, json=kept)).json["readers"][
        "named_servers"
    ] == ["far.example"]
