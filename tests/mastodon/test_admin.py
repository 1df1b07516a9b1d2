"""Reports from clients, and what those who run the server do about them."""

from __future__ import annotations

from typing import Any

import pytest

from fedi_community.mastodon.entities.accounts import moment
from fedi_community.storage import moderation, views
from tests.mastodon.conftest import World

ADMIN = "read write admin:read admin:write"


async def cast(world: World) -> dict[str, tuple[int, str]]:
    made = {
        "nadia": await world.make.member("nadia"),
        "omar": await world.make.member("omar"),
        "desk": await world.make.member("desk", role="staff"),
        "chief": await world.make.member("chief", role="admin"),
    }
    return {name: (actor, await world.token(actor, ADMIN)) for name, actor in made.items()}


async def test_a_report_is_answered_by_staff_who_see_what_the_reporter_saw_and_no_more(world: World) -> None:
    who = await cast(world)
    (nadia, to_nadia), (omar, to_omar), (_, to_desk) = who["nadia"], who["omar"], who["desk"]
    direct = await world.make.post(nadia, "a threat to @omar", "direct")
    other = await world.make.post(nadia, "for nobody", "direct")
    values: dict[str, Any] = {
        "account_id": str(nadia),
        "status_ids": [str(direct)],
        "comment": "he threatens me",
    }
    made = await world.post("/api/v1/reports", to_omar, **values)
    assert made.status == 200, made.body
    assert (made.json["status_ids"], made.json["category"]) == ([str(direct)], "other")
    hidden = await world.post("/api/v1/reports", to_omar, account_id=str(nadia), status_ids=[str(other)])
    missing = await world.post("/api/v1/reports", to_omar, account_id=str(nadia), status_ids=["7"])
    assert (hidden.status, hidden.body) == (missing.status, missing.body) == (404, missing.body)
    assert (await world.post("/api/v1/reports", to_omar, account_id=str(omar))).status == 422
    found = (await world.get("/api/v1/admin/reports", to_desk)).json
    assert [one["id"] for one in found] == [made.json["id"]]
    assert found[0]["statuses"] == []  # a role grants no sight
    assert found[0]["copies"] == {}  # who opens it reads it, and that is written down
    opened = (await world.get(f"/api/v1/admin/reports/{made.json['id']}", to_desk)).json
    assert "a threat to" in opened["copies"][str(direct)]["content"]
    assert (await world.get(f"/api/v1/statuses/{direct}", to_desk)).status == 404
    told = (await world.get("/api/v1/notifications?types[]=admin.report", to_desk)).json
    assert told[0]["report"]["id"] == made.json["id"]
    path = f"/api/v1/admin/reports/{made.json['id']}"
    assert (await world.post(f"{path}/assign_to_self", to_desk)).json["assigned_account"][
        "username"
    ] == "desk"
    assert (await world.post(f"{path}/resolve", to_desk)).json["action_taken"] is True
    assert (await world.get("/api/v1/admin/reports", to_desk)).json == []
    assert (await world.post(f"{path}/reopen", to_desk)).json["action_taken"] is False
    assert to_nadia


async def test_suspending_ends_everything_at_once_and_can_be_taken_back(world: World) -> None:
    who = await cast(world)
    (nadia, to_nadia), (_, to_desk) = who["nadia"], who["desk"]
    post = await world.make.post(nadia, "hello")
    path = f"/api/v1/admin/accounts/{nadia}"
    assert (await world.post(f"{path}/action", to_desk, type="suspend")).status == 200
    assert (await world.get("/api/v1/accounts/verify_credentials", to_nadia)).status == 401
    assert (await world.get(f"/api/v1/statuses/{post}", to_desk)).status == 404
    assert (await world.get(path, to_desk)).json["suspended"] is True
    assert (await world.post(f"{path}/unsuspend", to_desk)).json["suspended"] is False
    assert (await world.get(f"/api/v1/statuses/{post}", to_desk)).status == 200


@pytest.mark.parametrize("name", ["nadia", "desk"])
async def test_staff_measure_members_and_only_admins_measure_staff_or_hosts(world: World, name: str) -> None:
    who = await cast(world)
    token = who[name][1]
    target = f"/api/v1/admin/accounts/{who['desk'][0]}"
    for method, path in (
        ("POST", f"{target}/action?type=suspend"), ("DELETE", target), ("GET", "/api/v1/admin/domain_blocks"),
        ("POST", "/api/v1/admin/domain_blocks?domain=bad.example"), ("GET", "/api/v1/admin/domain_allows"),
    ):  # fmt: skip
        assert (await world.ask(method, path, token)).status == 403, path
    for path in ("/api/v1/admin/accounts", "/api/v2/admin/accounts", "/api/v1/admin/reports", target):
        assert (await world.get(path, token)).status == (403 if name == "nadia" else 200), path
    narrow = await world.token(who["chief"][0], "read write")
    assert (await world.get("/api/v1/admin/accounts", narrow)).status == 403


async def test_hosts_are_limited_suspended_and_let_in_again(world: World) -> None:
    who = await cast(world)
    token = who["chief"][1]
    made = await world.post("/api/v1/admin/domain_blocks", token, domain="Bad.example", severity="suspend")
    assert (made.json["domain"], made.json["severity"]) == ("bad.example", "suspend")
    assert made.json["created_at"] == moment(world.clock.now)
    path = f"/api/v1/admin/domain_blocks/{made.json['id']}"
    assert (await world.ask("PUT", path, token, json={"severity": "silence"})).json["severity"] == "silence"
    assert len((await world.get("/api/v1/admin/domain_blocks", token)).json) == 1
    assert (await world.ask("DELETE", path, token)).json == {}
    assert (await world.get(path, token)).status == 404
    for bad in ("", "a b", "https://x", "clinic.example"):
        assert (await world.post("/api/v1/admin/domain_blocks", token, domain=bad)).status == 422
    allowed = await world.post("/api/v1/admin/domain_allows", token, domain="good.example")
    assert [one["domain"] for one in (await world.get("/api/v1/admin/domain_allows", token)).json] == [
        "good.example"
    ]
    assert (await world.ask("DELETE", f"/api/v1/admin/domain_allows/{allowed.json['id']}", token)).json == {}


async def test_a_block_has_grades_and_what_is_not_said_stays(world: World) -> None:
    token = (await cast(world))["chief"][1]
    made = await world.post("/api/v1/admin/domain_blocks", token, domain="rude.example", severity="noop", reject_media=True,
                            private_comment="ask Ana")  # fmt: skip
    asked = ("severity", "reject_media", "reject_reports", "public_comment", "private_comment", "obfuscate")
    assert [made.json[name] for name in asked] == ["noop", True, False, None, "ask Ana", False]
    path = f"/api/v1/admin/domain_blocks/{made.json['id']}"
    changed = await world.ask("PUT", path, token, json={"reject_reports": True, "public_comment": "loud"})
    assert [changed.json[name] for name in asked] == ["noop", True, True, "loud", "ask Ana", False]
    long = await world.ask("PUT", path, token, json={"public_comment": "x" * 501})
    assert long.status == 422
    assert [one["domain"] for one in (await world.get("/api/v1/admin/domain_blocks", token)).json] == [
        "rude.example"
    ]
    await world.ask("DELETE", path, token)
    again = await world.post("/api/v1/admin/domain_blocks", token, domain="rude.example")
    assert (again.json["severity"], again.json["reject_media"]) == ("silence", False)


async def test_a_group_that_hides_leaves_no_trace_in_the_list(world: World) -> None:
    who = await cast(world)
    token = who["chief"][1]
    await world.make.group("secretgroup", finds="members", reads="members", joins="invite")
    for query in ("username=secretgroup", "display_name=ecretgro&limit=1", "username=nosuchgroup"):
        reply = await world.get(f"/api/v2/admin/accounts?{query}", token)
        assert (reply.json, reply.headers.get("Link")) == ([], None), query
    own = await world.make.group("openly", finds="server", reads="server", posts="server", replies="server")
    assert [one["id"] for one in (await world.get("/api/v2/admin/accounts?username=openly", token)).json] == [
        str(own)
    ]


@pytest.mark.parametrize("finds", ["everyone", "server", "members", "mentors", "staff"])
async def test_the_list_finds_the_groups_that_are_found_elsewhere(world: World, finds: str) -> None:
    """The switch in SQL, where pages are cut, and in memory agree for every role."""
    make, db = world.make, world.parts.db
    narrow = {"reads": finds, "posts": finds, "replies": finds} if finds != "everyone" else {}
    group = await make.group("quiet", finds=finds, joins="open", **narrow)
    people = {role: await make.member(role) for role in ("outsider", "member", "mentor", "chief")}
    for role in ("member", "mentor", "chief"):
        await make.add(group, people[role])
    await make.role(group, people["mentor"], "mentor")
    await make.role(group, people["chief"], "staff")
    wanted = moderation.Wanted(handle="quiet")
    for who in (*people.values(), group):
        viewer = make.viewer(who)
        listed = await db.read(lambda tx, v=viewer: moderation.search(tx, v, wanted, None, None, 10))
        found = await db.read(lambda tx, v=viewer: views.findable(tx, v, [group]))
        assert {one.id for one in listed} == set(found), (finds, who)
