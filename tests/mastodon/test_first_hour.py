"""A mentor's first hour, as a client would have it: each thing in one request, each undone by one, each in the group's log."""

from __future__ import annotations

from typing import Any

from tests.mastodon.conftest import World


async def community(world: World) -> dict[str, Any]:
    make = world.make
    who: dict[str, Any] = {
        name: await make.member(name) for name in ("nadia", "omar", "eve", "vera", "mario", "chief")
    }
    who["group"] = await make.group("sleep", joins="approval", posts="members", replies="members")
    who["other"] = await make.group("heart")
    await make.role(who["group"], who["chief"], "staff")
    for mentor in ("vera", "mario"):  # two, since nobody judges an appeal against himself
        for group in ("group", "other"):
            await make.role(who[group], who[mentor], "mentor")
    for name in ("nadia", "omar"):
        await make.add(who["group"], who[name])
    for name in ("nadia", "omar", "eve", "vera", "mario", "chief"):
        who[f"{name}_token"] = await world.token(who[name])
    return who


async def write(world: World, who: dict[str, Any], name: str, text: str, **more: Any) -> str:
    made = await world.post(
        "/api/v1/statuses", who[f"{name}_token"], status=text, visibility="public", **more
    )
    assert made.status == 200, made.body
    return str(made.json["id"])


async def test_a_mentors_first_hour(world: World) -> None:
    who = await community(world)
    vera, group = who["vera_token"], f"/api/v1/groups/{who['group']}"
    lines: list[str] = []

    async def done(expected: str) -> None:
        """The newest line of the log says it, by whom, and nothing else was added."""
        log = (await world.get(f"{group}/log", vera)).json
        assert log[0]["action"] == expected, [one["action"] for one in log[:3]]
        lines.append(expected)

    async def press(method: str, path: str, **values: Any) -> Any:
        got = await world.ask(method, path, vera, json=values)
        assert got.status == 200, (method, path, got.body)
        return got.json

    async def sees(name: str, post: str) -> bool:
        return (await world.get(f"/api/v1/statuses/{post}", who[f"{name}_token"])).status == 200

    # approve somebody who asked, and take him out again
    await world.post(f"/api/v1/accounts/{who['group']}/follow", who["eve_token"])
    asked = (await world.get(f"{group}/requests", vera)).json
    assert [one["account"]["acct"] for one in asked] == ["eve"]
    await press("POST", f"{group}/requests/{who['eve']}/authorize")
    await done("request_accepted")
    await press("DELETE", f"{group}/members/{who['eve']}")
    await done("member_removed")

    # hold what one is not sure about, and publish it
    post = await write(world, who, "nadia", "@sleep Valerian cured me. Call 507-555-0199")
    await press("POST", f"/api/v1/statuses/{post}/moderate", act="hold", reason="Not sure")
    await done("hold")
    assert not await sees("omar", post)
    await press("POST", f"/api/v1/statuses/{post}/moderate", act="pass")
    await done("pass")
    assert await sees("omar", post)

    # answer with a saved answer, and delete that
    saved = await press("POST", f"{group}/answers", name="Ask", en="Please ask your doctor.")
    answer = await press("POST", f"/api/v1/statuses/{post}/answer", answer_id=saved["id"])
    await done("answer")
    await press("DELETE", f"/api/v1/statuses/{answer['id']}")

    # move it, and move it back
    moved = await press("POST", f"/api/v1/statuses/{post}/move", group_id=str(who["other"]))
    assert moved["group"]["acct"] == "heart"
    await done("move_out")
    await press("POST", f"/api/v1/statuses/{post}/move", group_id=str(who["group"]))
    await done("move_in")

    # take a telephone number away: the one thing that stays done
    await press("POST", f"/api/v1/statuses/{post}/redact", reason="A number")
    await done("redact")
    assert b"0199" not in (await world.get(f"/api/v1/statuses/{post}", who["nadia_token"])).body

    # report somebody to those who run the server, and see the report answered and opened again
    bad = await write(world, who, "omar", "@sleep buy my pills")
    filed = await world.post(
        "/api/v1/reports", who["nadia_token"], account_id=str(who["omar"]), status_ids=[bad], category="spam"
    )
    assert filed.status == 200
    queue = (await world.get(f"{group}/reports", vera)).json
    assert len(queue) == 1
    report = f"{group}/reports/{queue[0]['id']}"
    await press("POST", f"{report}/resolve")
    await press("POST", f"{report}/reopen")

    # from the report itself: take the post out and show it again, keep its author out and let him in, warn him
    for act, values, line in (
        ("remove", {"status_id": bad}, "remove"), ("restore", {"status_id": bad}, "restore"),
        ("ban", {"expires_in": 3600}, "ban"), ("unban", {}, "unban"), ("warn", {"text": "Nothing is sold here."}, "warn"),
    ):  # fmt: skip
        await press("POST", f"{report}/{act}", **values)
        await done(line)
        assert await sees("nadia", bad) is (act != "remove")
    told = (await world.get("/api/v1/account_warnings", who["omar_token"])).json
    assert told[0]["text"] == "Nothing is sold here."
    elsewhere = f"/api/v1/groups/{who['other']}/reports/{queue[0]['id']}"
    refused = await world.ask("POST", f"{elsewhere}/remove", vera, json={"status_id": bad})
    assert refused.status == 404, "a report belongs to its group"

    # keep somebody out, who appeals to another mentor
    banned = await press("POST", f"{group}/bans", account_id=str(who["omar"]), reason="Selling")
    assert banned["account"]["acct"] == "omar"
    await done("ban")
    warned = (await world.get("/api/v1/account_warnings", who["omar_token"])).json
    assert len(warned) == 4, "taken away, banned for an hour, warned, banned"
    appeal = await world.post(
        f"/api/v1/account_warnings/{warned[0]['id']}/appeal", who["omar_token"], text="It was a joke."
    )
    assert appeal.status == 200, appeal.body
    waiting = (await world.get(f"{group}/appeals", vera)).json
    assert len(waiting) == 1
    path = f"{group}/appeals/{waiting[0]['warning']['id']}"
    own = await world.post(f"{path}/approve", vera)
    assert own.status == 403, "not by whoever took the measure"
    granted = await world.post(f"{path}/approve", who["mario_token"])
    assert granted.status == 200, granted.body
    assert (await world.get(f"{group}/bans", vera)).json == []
    assert lines == [
        "request_accepted", "member_removed", "hold", "pass", "answer", "move_out", "move_in", "redact", "remove", "restore",
        "ban", "unban", "warn", "ban",
    ]  # fmt: skip


async def test_a_mentor_is_shown_the_appeals_that_he_may_answer(world: World) -> None:
    who = await community(world)
    group = f"/api/v1/groups/{who['group']}"
    await world.make.role(who["group"], who["mario"], "mentor", powers=("posts", "reports"))
    await world.post(f"{group}/bans", who["vera_token"], account_id=str(who["omar"]))
    post = await write(world, who, "nadia", "@sleep hello")
    await world.post(f"/api/v1/statuses/{post}/moderate", who["vera_token"], act="remove")
    for name in ("omar", "nadia"):
        (taken,) = (await world.get("/api/v1/account_warnings", who[f"{name}_token"])).json
        await world.post(f"/api/v1/account_warnings/{taken['id']}/appeal", who[f"{name}_token"], text="No.")

    async def shown(name: str) -> list[str]:
        found = (await world.get(f"{group}/appeals", who[f"{name}_token"])).json
        return [one["warning"]["action"] for one in found]

    assert await shown("mario") == ["delete_statuses"], "he has no power over members"
    assert await shown("chief") == await shown("vera") == ["none", "delete_statuses"], "clients know no bans"


async def test_a_report_gives_no_power_over_a_discussion_that_was_moved_away_nor_one_that_a_mentor_has_not(
    world: World,
) -> None:
    who = await community(world)
    group, here = f"/api/v1/groups/{who['group']}", world.make
    bad = await write(world, who, "omar", "@sleep buy my pills")
    await world.post("/api/v1/reports", who["nadia_token"], account_id=str(who["omar"]), status_ids=[bad])
    report = f"{group}/reports/{(await world.get(f'{group}/reports', who['vera_token'])).json[0]['id']}"
    unread = await world.ask("POST", f"{report}/ban", who["vera_token"], json={"expires_in": "x"})
    assert unread.status == 422, "not for good, by a slip"
    assert (await world.get(f"{group}/bans", who["vera_token"])).json == []
    for nothing in ({}, {"text": "  "}):
        assert (await world.ask("POST", f"{report}/warn", who["vera_token"], json=nothing)).status == 422
    await here.role(who["group"], who["mario"], "mentor", powers=("members", "reports"))
    assert (await world.post(f"{report}/remove", who["mario_token"], status_id=bad)).status == 403
    await here.role(who["other"], who["mario"], "mentor", False)
    await here.role(who["group"], who["mario"], "mentor", powers=("posts", "reports"))
    assert (await world.post(f"{report}/ban", who["mario_token"])).status == 403
    await world.post(f"/api/v1/statuses/{bad}/move", who["vera_token"], group_id=str(who["other"]))
    assert (await world.post(f"{report}/remove", who["mario_token"], status_id=bad)).status == 404
    assert (await world.get(f"/api/v1/statuses/{bad}", who["nadia_token"])).status == 200
