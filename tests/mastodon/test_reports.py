"""Reports find those who answer them: by language, by group, the urgent at once. Who reported stays with server staff."""

from __future__ import annotations

from typing import Any

import pytest

from fedi_community.domain.relations import SEALED_MS
from fedi_community.storage import audit
from tests.mastodon.conftest import World

ADMIN = "read write admin:read admin:write"
TOLD = "/api/v1/notifications?types[]=admin.report"


async def town(world: World) -> dict[str, Any]:
    """A closed group with a mentor and a member who writes something, Spanish and English staff, and a mentor elsewhere."""
    make, who = world.make, {}
    for name, more in {
        "nadia": {}, "omar": {}, "mentor": {}, "elsewhere": {}, "english": {"role": "staff"},
        "spanish": {"role": "staff", "language": "es"},
    }.items():  # fmt: skip
        who[name] = await make.member(name, **more)
    group = await make.group("sleep", reads="members", posts="members", replies="members", joins="approval")
    other = await make.group("heart")
    for name in ("nadia", "omar", "mentor"):
        await make.add(group, who[name])
    await make.role(group, who["mentor"], "mentor")
    await make.role(other, who["elsewhere"], "mentor")
    tokens = {f"to_{name}": await world.token(actor, ADMIN) for name, actor in who.items()}
    post = await make.post(who["nadia"], "drink bleach", group_id=group)
    return {**who, **tokens, "group": group, "other": other, "post": post}


async def filed(world: World, it: dict[str, Any], **more: Any) -> str:
    made = await world.post(
        "/api/v1/reports", it["to_omar"], account_id=str(it["nadia"]), status_ids=[str(it["post"])],
        **{"comment": "this is dangerous", "category": "advice", **more},
    )  # fmt: skip
    assert made.status == 200, made.body
    assert made.json["category"] == "other"
    return str(made.json["id"])


async def test_a_report_goes_to_staff_of_its_language_and_to_the_mentors_who_never_learn_who_reported(
    world: World,
) -> None:
    it = await town(world)
    report = await filed(world, it)
    told = {
        name: (await world.get(TOLD, it[f"to_{name}"])).json
        for name in ("english", "spanish", "mentor", "elsewhere", "nadia")
    }
    assert {name: len(found) for name, found in told.items()} == {
        "english": 1,
        "spanish": 0,
        "mentor": 1,
        "elsewhere": 0,
        "nadia": 0,
    }
    assert told["english"][0]["account"]["username"] == "omar"
    assert told["mentor"][0]["account"]["username"] == "nadia"  # whom it is about
    path = f"/api/v1/groups/{it['group']}/reports"
    listed = await world.get(path, it["to_mentor"])
    opened = await world.get(f"{path}/{report}", it["to_mentor"])
    assert ([one["id"] for one in listed.json], opened.json["category"]) == ([report], "advice")
    assert "drink bleach" in opened.json["copies"][str(it["post"])]["content"]
    for answer in (listed, opened, await world.get(TOLD, it["to_mentor"])):
        assert b"omar" not in answer.body.lower()
    assert (await world.get(f"/api/v1/admin/reports/{report}", it["to_english"])).json["account"][
        "username"
    ] == "omar"


async def test_reports_of_a_group_are_missing_for_everybody_else(world: World) -> None:
    it = await town(world)
    report = await filed(world, it)
    path = f"/api/v1/groups/{it['group']}/reports"
    missing = await world.get(f"{path}/7", it["to_elsewhere"])
    for who in ("nadia", "omar", "elsewhere"):
        for asked in (path, f"{path}/{report}"):
            got = await world.get(asked, it[f"to_{who}"])
            assert (got.status, got.body) == (404, missing.body), (who, asked)
        assert (await world.post(f"{path}/{report}/notes", it[f"to_{who}"], text="x")).status == 404
    wrong = await world.get(f"/api/v1/groups/{it['other']}/reports/{report}", it["to_elsewhere"])
    assert wrong.status == 404
    await world.make.role(it["other"], it["mentor"], "mentor")
    for step in ("assign_to_self", "resolve", "notes"):  # he may answer it, but not in that room
        got = await world.post(
            f"/api/v1/groups/{it['other']}/reports/{report}/{step}", it["to_mentor"], text="x"
        )
        assert (got.status, got.body) == (404, missing.body), step
    await world.make.role(it["group"], it["nadia"], "mentor")  # who is reported does not answer it
    assert (await world.get(f"{path}/{report}", it["to_nadia"])).status == 404
    assert (await world.get(path, it["to_nadia"])).json == []


@pytest.mark.parametrize("category", ["self_harm", "child"])
async def test_what_is_urgent_comes_first_and_everybody_who_answers_is_told(
    world: World, category: str
) -> None:
    it = await town(world)
    await filed(world, it)
    urgent = await filed(world, it, category=category)
    assert len((await world.get(TOLD, it["to_spanish"])).json) == 1
    listed = (await world.get(f"/api/v1/groups/{it['group']}/reports", it["to_mentor"])).json
    assert [one["id"] == urgent for one in listed] == [True, False]


async def test_a_report_is_taken_given_noted_and_closed_with_what_was_done(world: World) -> None:
    it = await town(world)
    path = f"/api/v1/groups/{it['group']}/reports/{await filed(world, it)}"
    assert (await world.post(f"{path}/assign_to_self", it["to_mentor"])).json["assigned_account"][
        "username"
    ] == "mentor"
    stranger = await world.post(f"{path}/assign", it["to_mentor"], account_id=str(it["omar"]))
    assert (stranger.status, stranger.json["error"]) == (
        422,
        "Only somebody who may answer this report can be given it.",
    )
    given = await world.post(f"{path}/assign", it["to_mentor"], account_id=str(it["english"]))
    assert given.json["assigned_account"]["username"] == "english"
    assert (await world.post(f"{path}/notes", it["to_mentor"], text="  ")).status == 422
    noted = await world.post(f"{path}/notes", it["to_mentor"], text="I asked her to stop")
    assert [(n["by"]["username"], n["text"]) for n in noted.json["notes"]] == [
        ("mentor", "I asked her to stop")
    ]
    closed = await world.post(f"{path}/resolve", it["to_mentor"], outcome="removed")
    assert (closed.json["state"], closed.json["outcome"]) == ("closed", "removed")
    assert (await world.get(f"/api/v1/groups/{it['group']}/reports", it["to_mentor"])).json == []
    assert (await world.post(f"{path}/reopen", it["to_mentor"])).json["state"] == "open"


async def test_every_read_is_in_the_log_once_an_hour(world: World) -> None:
    it = await town(world)
    path = f"/api/v1/groups/{it['group']}/reports/{await filed(world, it)}"

    async def reads() -> int:
        lines = await world.parts.db.read(lambda tx: audit.everything(tx, None, None, 100))
        return sum(line.action == "report_read" and line.actor_id == it["mentor"] for line in lines)

    for _ in range(3):
        await world.get(path, it["to_mentor"])
    assert await reads() == 1
    world.clock.now += 3_600_001
    await world.get(path, it["to_mentor"])
    assert await reads() == 2


async def test_the_copy_outlives_the_post_and_goes_after_thirty_days(world: World) -> None:
    it = await town(world)
    path = f"/api/v1/groups/{it['group']}/reports/{await filed(world, it)}"
    assert (await world.ask("DELETE", f"/api/v1/statuses/{it['post']}", it["to_nadia"])).status == 200
    await world.parts.settle()
    assert (
        "drink bleach" in (await world.get(path, it["to_mentor"])).json["copies"][str(it["post"])]["content"]
    )
    world.clock.now += SEALED_MS + 1
    await world.parts.settle()
    later = (await world.get(path, it["to_mentor"])).json
    assert (later["copies"], later["sealed_until"]) == ({}, None)


async def test_nobody_opens_a_report_about_another_name_of_his(world: World) -> None:
    it = await town(world)
    name = await world.post(
        "/api/v1/personas", it["to_english"], username="quiet_river", display_name="Quiet River"
    )
    assert name.status == 200, name.body
    made = await world.post("/api/v1/reports", it["to_omar"], account_id=name.json["id"], comment="hm")
    path = f"/api/v1/admin/reports/{made.json['id']}"
    missing = await world.get("/api/v1/admin/reports/7", it["to_english"])
    got = await world.get(path, it["to_english"])
    assert (got.status, got.body) == (404, missing.body)
    assert (await world.get(path, it["to_spanish"])).status == 200
