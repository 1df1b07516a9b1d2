"""What is done about somebody: told to him, ended in time or by who took it, and appealed to somebody else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fedi_community.mastodon.words import SPANISH
from tests.mastodon.conftest import World

ADMIN = "read write admin:read admin:write"
WARNED = "/api/v1/notifications?types[]=moderation_warning"


async def court(world: World) -> dict[str, Any]:
    who: dict[str, Any] = {"nadia": await world.member("nadia"), "omar": await world.member("omar")}
    who["desk"] = await world.member("desk", role="staff")
    who["second"] = await world.member("second", role="staff")
    return who | {f"to_{name}": await world.token(actor, ADMIN) for name, actor in who.items()}


async def act(world: World, it: dict[str, Any], type_: str, **more: Any) -> None:
    path = f"/api/v1/admin/accounts/{it['nadia']}/action"
    assert (await world.post(path, it["to_desk"], type=type_, text="You sold pills", **more)).status == 200


async def test_a_warning_is_told_in_words_and_appealed_once_to_somebody_else(world: World) -> None:
    it = await court(world)
    await act(world, it, "silence")
    told = (await world.get(WARNED, it["to_nadia"])).json
    warning = told[0]["moderation_warning"]
    assert (warning["action"], warning["text"], warning["appeal"]) == ("silence", "You sold pills", None)
    assert b"desk" not in (await world.get(WARNED, it["to_nadia"])).body  # who did it is not told
    assert (await world.get(WARNED, it["to_omar"])).json == []
    path = f"/api/v1/account_warnings/{warning['id']}/appeal"
    assert (await world.post(path, it["to_omar"], text="for her")).status == 404
    assert (await world.post(path, it["to_nadia"], text=" ")).status == 422
    made = await world.post(path, it["to_nadia"], text="They were vitamins")
    assert made.json["appeal"] == {"text": "They were vitamins", "state": "pending"}
    again = await world.post(path, it["to_nadia"], text="and again")
    assert (again.status, "already" in again.error) == (422, True)
    found = {w: (await world.get("/api/v1/admin/appeals", it[f"to_{w}"])).json for w in ("desk", "second")}
    assert [found[who][0]["yours"] for who in ("desk", "second")] == [True, False]
    answer = f"/api/v1/admin/appeals/{warning['id']}/approve"
    refused = await world.post(answer, it["to_desk"])
    assert (refused.status, refused.error) == (
        403,
        "Somebody else has to decide this: you did what it is about.",
    )
    assert (await world.post(answer, it["to_desk"])).status == 403
    spanish = await world.ask("POST", answer, it["to_desk"], json={}, Accept_Language="es")
    assert spanish.error == SPANISH["same_person"]
    assert (await world.post(answer, it["to_omar"])).status == 403
    assert (await world.post(answer, it["to_second"])).status == 200
    shown = await world.get(f"/api/v1/admin/accounts/{it['nadia']}", it["to_second"])
    assert shown.json["silenced"] is False
    assert (await world.post(answer, it["to_second"])).status == 422  # decided
    told = (await world.get(WARNED, it["to_nadia"])).json
    assert [one["moderation_warning"]["appeal"]["state"] for one in told] == ["approved", "approved"]


async def test_a_refused_appeal_leaves_the_measure(world: World) -> None:
    it = await court(world)
    await act(world, it, "silence")
    warning = (await world.get("/api/v1/account_warnings", it["to_nadia"])).json[0]
    await world.post(f"/api/v1/account_warnings/{warning['id']}/appeal", it["to_nadia"], text="no")
    assert (await world.post(f"/api/v1/admin/appeals/{warning['id']}/reject", it["to_second"])).status == 200
    shown = (await world.get(f"/api/v1/admin/accounts/{it['nadia']}", it["to_second"])).json
    assert shown["silenced"] is True
    left = (await world.get("/api/v1/account_warnings", it["to_nadia"])).json[0]
    assert (left["appeal"]["state"], left["over"]) == ("rejected", False)


@pytest.mark.parametrize(
    ("type_", "field"), [("suspend", "suspended"), ("disable", "disabled"), ("silence", "silenced")]
)
async def test_a_measure_for_a_time_ends_by_itself_and_only_then(
    world: World, type_: str, field: str
) -> None:
    it = await court(world)
    await act(world, it, type_, expires_in=3600)
    path = f"/api/v1/admin/accounts/{it['nadia']}"
    await world.parts.settle()
    assert (await world.get(path, it["to_desk"])).json[field] is True
    if type_ != "silence":
        assert (await world.get("/api/v1/accounts/verify_credentials", it["to_nadia"])).status == 401
    world.clock.now += 3_600_001
    await world.parts.settle()
    assert (await world.get(path, it["to_desk"])).json[field] is False
    browser = world.browser()
    assert (await browser.log_in("nadia")).status == 303


async def test_of_two_suspensions_the_longer_one_stands(world: World) -> None:
    it = await court(world)
    await act(world, it, "suspend", expires_in=3600)
    await act(world, it, "suspend")
    world.clock.now += 3_600_001
    await world.parts.settle()
    path = f"/api/v1/admin/accounts/{it['nadia']}"
    assert (await world.get(path, it["to_desk"])).json["suspended"] is True
    assert (await world.post(f"{path}/unsuspend", it["to_desk"])).json["suspended"] is False


async def test_a_post_removed_in_a_group_is_told_to_its_author_and_another_mentor_shows_it_again(
    world: World,
) -> None:
    it = await court(world)
    group = await world.make.group("sleep", posts="members")
    tokens = {}
    for name in ("mia", "max"):
        mentor = await world.make.member(name)
        await world.make.role(group, mentor, "mentor")
        tokens[name] = await world.token(mentor)
    await world.make.add(group, it["nadia"])
    post = await world.make.post(it["nadia"], "hello", group_id=group)
    removed = await world.post(
        f"/api/v1/statuses/{post}/moderate", tokens["mia"], act="remove", reason="secret"
    )
    assert removed.status == 200
    told = await world.get(WARNED, it["to_nadia"])
    warning = told.json[0]["moderation_warning"]
    assert (warning["action"], warning["status_ids"]) == ("delete_statuses", [str(post)])
    assert b"secret" not in told.body
    assert b"mia" not in told.body
    await world.post(f"/api/v1/account_warnings/{warning['id']}/appeal", it["to_nadia"], text="it was kind")
    path = f"/api/v1/groups/{group}/appeals"
    assert (await world.get(path, it["to_omar"])).status == 404
    assert (await world.post(f"{path}/{warning['id']}/approve", tokens["mia"])).status == 403
    assert (await world.post(f"{path}/{warning['id']}/approve", it["to_omar"])).status == 404
    assert (await world.post(f"{path}/{warning['id']}/approve", tokens["max"])).status == 200
    assert (await world.get(f"/api/v1/statuses/{post}", it["to_omar"])).status == 200


async def test_a_ban_is_told_and_an_appeal_lets_in_again(world: World) -> None:
    it = await court(world)
    group = await world.make.group("sleep")
    mentor = await world.make.member("mia")
    await world.make.role(group, mentor, "mentor")
    await world.make.add(group, it["nadia"])
    to_mia = await world.token(mentor)
    assert (
        await world.post(f"/api/v1/groups/{group}/bans", to_mia, account_id=str(it["nadia"]))
    ).status == 200
    warning = (await world.get("/api/v1/account_warnings", it["to_nadia"])).json[0]
    assert (warning["measure"], warning["group_id"]) == ("ban", str(group))
    await world.post(f"/api/v1/account_warnings/{warning['id']}/appeal", it["to_nadia"], text="sorry")
    assert (await world.post(f"/api/v1/admin/appeals/{warning['id']}/approve", it["to_second"])).status == 200
    assert (await world.get(f"/api/v1/groups/{group}/bans", to_mia)).json == []


async def test_who_is_suspended_gets_a_mail_with_a_link_and_nothing_private_in_its_subject(
    world: World,
) -> None:
    it = await court(world)
    await act(world, it, "suspend")
    await world.parts.settle()
    (mail,) = world.mails()
    assert re.search(r"^Subject: About your account at .*$", mail, re.MULTILINE)
    assert "pills" not in mail.split("\r\n\r\n" if "\r\n\r\n" in mail else "\n\n", 1)[0]
    assert "You sold pills" in mail
    assert re.search(r"https://clinic\.example/appeal/[0-9a-f]{64}", mail)
