"""A mentor acts on posts of a group from a client: in one request each, undone by another, logged, told to peers by the group."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.domain.moderation.acts import ACTS
from fedi_community.domain.schedule import MAX_PINS
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.mastodon.conftest import World

SAID = Statement(select(t.activities).order_by(t.activities.c.id))
REMOVALS = Statement(select(t.audit.c.actor_id, t.audit.c.login_id).where(t.audit.c.action == "remove"))


async def cast(world: World, **switches: Any) -> dict[str, Any]:
    make = world.make
    group = await make.group("sleep", joins="open", **switches)
    who: dict[str, Any] = {"group": group}
    for name in ("nadia", "mentor", "omar", "outsider", "chief"):
        who[name] = await make.member(name)
        if name != "outsider":
            await make.join(who[name], group)
        who[f"{name}_token"] = await world.token(who[name])
    await make.role(group, who["mentor"], "mentor")
    await make.role(group, who["chief"], "staff")
    made = await world.post(
        "/api/v1/statuses", who["nadia_token"], status="@sleep drink a litre of it", visibility="public"
    )
    who["post"] = made.json["id"]
    return who


async def act(world: World, who: dict[str, Any], name: str, by: str = "mentor", **more: Any) -> Any:
    return await world.post(f"/api/v1/statuses/{who['post']}/moderate", who[f"{by}_token"], act=name, **more)


async def seen(world: World, who: dict[str, Any], by: str) -> int:
    return (await world.get(f"/api/v1/statuses/{who['post']}", who[f"{by}_token"])).status


async def test_a_removed_post_is_its_authors_and_the_moderators_alone_and_comes_back(world: World) -> None:
    who = await cast(world)
    done = await act(world, who, "remove", reason="Dangerous advice")
    assert (done.status, done.json["removed"]) == (200, True)
    assert [await seen(world, who, name) for name in ("nadia", "mentor", "omar", "outsider")] == [
        200,
        200,
        404,
        404,
    ]
    assert (await world.get(f"/api/v1/statuses/{who['post']}", who["nadia_token"])).json["removed"] is True
    again = await act(world, who, "remove", reason="Dangerous advice")
    assert again.status == 200
    back = await act(world, who, "restore")
    assert "removed" not in back.json
    assert await seen(world, who, "omar") == 200
    log = (await world.get(f"/api/v1/groups/{who['group']}/log", who["mentor_token"])).json
    about = [one for one in log if one["status_id"] == who["post"] and one["action"] != "post_read"]
    acts = [(one["action"], one["by"]["acct"], one["account"]["acct"], one["reason"]) for one in about]
    assert acts == [("restore", "mentor", "nadia", ""), ("remove", "mentor", "nadia", "Dangerous advice")], (
        "done twice is once"
    )


async def test_a_locked_discussion_takes_no_answers_but_of_those_who_run_the_group(world: World) -> None:
    who = await cast(world)

    async def answer(by: str) -> int:
        return (
            await world.post(
                "/api/v1/statuses",
                who[f"{by}_token"],
                status="yes",
                in_reply_to_id=who["post"],
                visibility="public",
            )
        ).status

    assert (await act(world, who, "lock")).status == 200
    assert [await answer(name) for name in ("omar", "nadia", "mentor")] == [422, 422, 200]
    assert (await act(world, who, "unlock")).status == 200
    assert await answer("omar") == 200


async def test_a_featured_post_is_pinned_on_the_group(world: World) -> None:
    who = await cast(world)
    path = f"/api/v1/accounts/{who['group']}/statuses?pinned=true"
    assert (await act(world, who, "feature")).status == 200
    assert [one["id"] for one in (await world.get(path, who["omar_token"])).json] == [who["post"]]
    assert (await act(world, who, "unfeature")).status == 200
    assert (await world.get(path, who["omar_token"])).json == []


@pytest.mark.parametrize("name", ACTS)
async def test_nobody_else_may(world: World, name: str) -> None:
    who = await cast(world)
    assert [(await act(world, who, name, by)).status for by in ("omar", "nadia", "outsider")] == [
        403,
        403,
        403,
    ]
    assert (await world.post(f"/api/v1/statuses/{who['post']}/moderate", act=name)).status == 401
    assert [await seen(world, who, by) for by in ("omar", "outsider")] == [200, 200]
    assert (await act(world, who, "nonsense")).status == 422


async def test_what_one_may_not_see_is_missing(world: World) -> None:
    who = await cast(world, reads="members", posts="members")
    nothing = await world.post("/api/v1/statuses/7/moderate", who["outsider_token"], act="remove")
    got = await act(world, who, "remove", "outsider")
    assert (got.status, got.body) == (nothing.status, nothing.body) == (404, nothing.body)
    logs = [await world.get(f"/api/v1/groups/{key}/log", who["omar_token"]) for key in (who["group"], 7)]
    assert (logs[0].status, logs[0].body) == (logs[1].status, logs[1].body)
    assert logs[0].status == 404


async def test_staff_act_as_the_group_and_the_log_keeps_who(world: World) -> None:
    who = await cast(world)
    login = await world.login_of(who["chief"])
    group_token = await world.token(who["group"], login=login)
    done = await world.post(
        f"/api/v1/statuses/{who['post']}/moderate", group_token, act="remove", reason="Selling"
    )
    assert done.status == 200
    rows = await world.parts.db.read(lambda tx: tx.rows(REMOVALS))
    assert [tuple(row) for row in rows] == [(who["group"], login)]
    log = (await world.get(f"/api/v1/groups/{who['group']}/log", group_token)).json
    assert log[0]["by"]["acct"] == "sleep"


async def test_peers_hear_it_from_the_servers_own_voice_and_never_who_acted(world: World) -> None:
    who = await cast(world)
    for name in ("remove", "restore", "lock", "unlock", "feature", "unfeature"):
        assert (await act(world, who, name, reason="because")).status == 200
    rows = await world.parts.db.read(lambda tx: tx.rows(SAID))
    kinds = ("Delete", "Lock", "Add", "Remove")
    said = [
        row for row in rows
        if row["object_id"] is not None
        and (row["type"] in kinds or (row["type"] == "Undo" and '"undo"' in row["extra"]))
    ]  # fmt: skip
    assert [row["type"] for row in said] == ["Delete", "Undo", "Lock", "Undo", "Add", "Remove"]
    assert {row["actor_id"] for row in said} == {world.parts.house.voice}
    for row in said:
        document = await world.get(f"/activities/{row['id']}", Accept="application/activity+json")
        assert document.status == 200, row["type"]
        assert b"mentor" not in document.body
        assert b"because" not in document.body


async def test_who_is_kept_out_is_out_at_once_and_comes_back_by_joining(world: World) -> None:
    who = await cast(world, reads="members", posts="members")
    bans = f"/api/v1/groups/{who['group']}/bans"
    assert await seen(world, who, "omar") == 200
    made = await world.post(
        bans, who["mentor_token"], account_id=str(who["omar"]), reason="Selling", expires_in=3600
    )
    assert (made.status, made.json["account"]["acct"]) == (200, "omar")
    assert made.json["expires_at"] is not None
    assert await seen(world, who, "omar") == 404
    joined = await world.post(f"/api/v1/accounts/{who['group']}/follow", who["omar_token"])
    assert joined.status != 200 or not joined.json["following"]
    assert [one["account"]["acct"] for one in (await world.get(bans, who["chief_token"])).json] == ["omar"]
    assert (await world.ask("DELETE", f"{bans}/{who['omar']}", who["mentor_token"])).json == {}
    assert await seen(world, who, "omar") == 404, "he is let in, and has to join"
    assert (await world.post(f"/api/v1/accounts/{who['group']}/follow", who["omar_token"])).json[
        "following"
    ] is True
    assert await seen(world, who, "omar") == 200
    log = (await world.get(f"/api/v1/groups/{who['group']}/log", who["mentor_token"])).json
    assert [(one["action"], one["reason"]) for one in log if one["action"] in ("ban", "unban")] == [
        ("unban", ""),
        ("ban", "Selling"),
    ]


async def test_those_who_run_a_group_are_not_kept_out_by_mentors(world: World) -> None:
    who = await cast(world)
    bans = f"/api/v1/groups/{who['group']}/bans"

    async def ban(by: str, whom: str) -> int:
        return (await world.post(bans, who[f"{by}_token"], account_id=str(who[whom]))).status

    await world.make.role(who["group"], who["nadia"], "mentor")
    assert [await ban("mentor", name) for name in ("chief", "nadia", "mentor")] == [403, 403, 403]
    assert [await ban("chief", name) for name in ("mentor", "chief")] == [200, 403]
    assert [await ban(name, "nadia") for name in ("omar", "outsider")] == [404, 404]
    assert (await world.get(bans, who["omar_token"])).status == 404


async def test_words_that_are_taken_away_are_nowhere_any_more(world: World) -> None:
    who = await cast(world)
    made = {"status": "@sleep call 555 0199 canaryword #number", "visibility": "public",
            "poll": {"options": ["canaryone", "canarytwo"], "expires_in": 600}}  # fmt: skip
    post = (await world.post("/api/v1/statuses", who["nadia_token"], **made)).json["id"]
    edit = {"status": "@sleep call 555 0199 canaryedited #number"}
    await world.ask("PUT", f"/api/v1/statuses/{post}", who["nadia_token"], json=edit)
    path = f"/api/v1/statuses/{post}"
    assert [(await world.post(f"{path}/redact", who[f"{by}_token"])).status for by in ("omar", "nadia")] == [
        403,
        403,
    ]
    done = await world.post(f"{path}/redact", who["mentor_token"], reason="A number")
    assert done.status == 200
    assert "were taken away" in done.json["content"]
    assert (done.json["poll"], done.json["tags"], done.json["mentions"]) == (None, [], [])
    answer = (
        await world.post("/api/v1/statuses", who["omar_token"], status="what was it?", in_reply_to_id=post)
    ).status
    assert answer == 200, "what stands around it stays"
    for address in (path, f"{path}/history", f"{path}/source", f"{path}/context", "/api/v1/timelines/public",
                    "/api/v2/search?q=canaryedited", "/api/v2/search?q=canaryword", "/api/v1/timelines/tag/number"):  # fmt: skip
        for by in ("nadia", "mentor", "omar"):
            assert b"canary" not in (await world.get(address, who[f"{by}_token"])).body, address
    for table in (t.texts, t.polls, t.objects):
        rows = await world.parts.db.read(lambda tx, table=table: tx.rows(Statement(select(table))))
        assert not [row for row in rows if "canary" in repr(tuple(row))], table.name


async def test_a_group_features_no_more_than_anybody_pins(world: World) -> None:
    who = await cast(world)
    for n in range(MAX_PINS):
        who["post"] = (
            await world.post(
                "/api/v1/statuses", who["nadia_token"], status=f"@sleep {n}", visibility="public"
            )
        ).json["id"]
        assert (await act(world, who, "feature")).status == 200
    again = await act(world, who, "feature")
    assert again.status == 200, "what is featured already is no more"
    who["post"] = (
        await world.post("/api/v1/statuses", who["nadia_token"], status="@sleep more", visibility="public")
    ).json["id"]
    assert (await act(world, who, "feature")).status == 422
