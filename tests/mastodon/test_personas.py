"""Other names of one human: made and ended, bound by blocks and bans without a word, counted, and unmasked by two."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.domain import personas
from fedi_community.domain.kin import SOONEST_MS, SPREAD_MS
from fedi_community.ids import time_of
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from fedi_community.storage.fanout import Terms, expand
from tests.mastodon.conftest import World, code_of

SCOPES = "read write follow push admin:read admin:write"
AUDIT = Statement(select(t.audit.c.action, t.audit.c.login_id, t.audit.c.detail).order_by(t.audit.c.id))
FANOUT = Statement(select(t.fanout.c.activity_id))
JOBS = Statement(select(t.jobs.c.payload, t.jobs.c.run_at).where(t.jobs.c.kind == "persona"))
GRANTS = Statement(select(t.grants.c.actor_id, t.grants.c.state))


async def cast(world: World) -> dict[str, Any]:
    """nadia writes as river and stone too; ana is whom she meets."""
    make, who = world.make, {}
    for name in ("nadia", "ana", "omar"):
        who[name] = await world.member(name)
        who[f"{name}_token"] = await world.token(who[name], SCOPES)
    login = who["login"] = await world.login_of(who["nadia"])
    for name in ("river", "stone"):
        who[name] = await make.persona(login, name, name=f"Quiet {name.title()}")
        who[f"{name}_token"] = await world.token(who[name], SCOPES, login)
    return who


async def test_somebody_makes_lists_and_ends_other_names_and_a_client_of_one_hears_of_that_one_alone(
    world: World,
) -> None:
    nadia = await world.member("nadia")
    token = await world.token(nadia)
    made = await world.post("/api/v1/personas", token, username="Quiet_River", display_name="Quiet  River")
    assert (made.status, made.json["username"], made.json["display_name"]) == (
        200,
        "quiet_river",
        "Quiet River",
    )
    age = world.clock.now - time_of(int(made.json["id"]))
    assert 0 < age <= personas.BORN_MS
    account = (await world.get(f"/api/v1/accounts/{made.json['id']}")).json
    assert account["acct"] == "quiet_river"
    assert account["discoverable"] is False
    login = await world.login_of(nadia)
    own = await world.token(int(made.json["id"]), login=login)
    seen = [[p["username"] for p in (await world.get("/api/v1/personas", t)).json] for t in (token, own)]
    assert seen == [["nadia", "quiet_river"], ["quiet_river"]]
    for method, path in (("POST", ""), ("DELETE", f"/{made.json['id']}")):
        got = await world.ask(
            method, f"/api/v1/personas{path}", own, json={"username": "x4", "display_name": "y"}
        )
        assert got.status == 403, "a client that speaks as a persona does not learn what else there is"
    other = await world.token(await world.member("omar"))
    assert (await world.ask("DELETE", f"/api/v1/personas/{made.json['id']}", other)).status == 404
    assert (await world.ask("DELETE", f"/api/v1/personas/{nadia}", token)).status == 404, (
        "the self is no persona"
    )
    assert (await world.ask("DELETE", f"/api/v1/personas/{made.json['id']}", token)).status == 200
    assert (await world.get(f"/api/v1/accounts/{made.json['id']}")).status == 404
    assert (await world.get("/api/v1/accounts/verify_credentials", own)).status == 401
    again = await world.post("/api/v1/personas", token, username="quiet_river", display_name="River")
    assert (again.status, again.json["error"].split(",")[0]) == (422, "This name is taken")


@pytest.mark.parametrize(
    ("username", "display_name"), [("nadia2", "River"), ("river", "Nadia R."), ("my_nadia", "x")]
)
async def test_a_name_that_tells_who_it_is_is_refused(world: World, username: str, display_name: str) -> None:
    token = await world.token(await world.member("nadia"))
    got = await world.post("/api/v1/personas", token, username=username, display_name=display_name)
    assert (got.status, got.error.split(":")[0]) == (422, "This name tells who you are")
    assert (await world.post("/api/v1/personas", token, username="river", display_name="River")).status == 200


async def test_there_are_so_many_other_names_and_no_more_until_one_ends(world: World) -> None:
    token = await world.token(await world.member("nadia"))
    last = ""
    for letter in "abcde":
        made = await world.post("/api/v1/personas", token, username=letter * 6, display_name=letter * 6)
        last = made.json["id"]
    more = await world.post("/api/v1/personas", token, username="ffffff", display_name="ffffff")
    assert (more.status, more.error.split(".")[0]) == (422, "Nobody has more than 5 other names")
    await world.ask("DELETE", f"/api/v1/personas/{last}", token)
    assert (
        await world.post("/api/v1/personas", token, username="ffffff", display_name="ffffff")
    ).status == 200


async def test_a_name_for_one_group_writes_and_joins_there_alone(world: World) -> None:
    make = world.make
    nadia = await world.member("nadia")
    sleep, heart = await make.group("sleep"), await make.group("heart", posts="everyone")
    ana = await world.member("ana")
    root = await make.post(ana, "of @heart", group_id=heart)
    token = await world.token(nadia)
    made = await world.post(
        "/api/v1/personas", token, username="river", display_name="River", group_id=str(sleep)
    )
    assert made.json["group_id"] == str(sleep)
    own = await world.token(int(made.json["id"]), login=await world.login_of(nadia))
    second = await world.post(
        "/api/v1/personas", token, username="stone", display_name="Stone", group_id=str(sleep)
    )
    assert (second.status, second.error) == (422, "You have a name for this group already.")
    assert (await world.post(f"/api/v1/accounts/{sleep}/follow", own)).json["following"] is True
    for target in (heart, ana):
        assert (await world.post(f"/api/v1/accounts/{target}/follow", own)).status == 422
    assert (
        await world.post("/api/v1/statuses", own, status="@sleep hello", visibility="public")
    ).status == 200
    for words in ({"status": "to all"}, {"status": "@heart x"}, {"status": "y", "in_reply_to_id": str(root)}):
        assert (await world.post("/api/v1/statuses", own, visibility="public", **words)).status == 422
    assert (await world.post(f"/api/v1/statuses/{root}/reblog", own)).status == 422
    assert (await world.post("/api/v1/statuses", token, status="to all", visibility="public")).status == 200


async def test_a_staff_members_other_name_is_no_staff(world: World) -> None:
    chief = await world.make.member("chief", role="admin")
    token = await world.token(chief, SCOPES)
    made = await world.post("/api/v1/personas", token, username="river", display_name="River")
    own = await world.token(int(made.json["id"]), SCOPES, await world.login_of(chief))
    assert (await world.get("/api/v1/admin/accounts", token)).status == 200
    assert (await world.get("/api/v1/admin/accounts", own)).status == 403
    shown = (await world.get("/api/v1/accounts/verify_credentials", own)).json
    assert shown["role"]["name"] == ""
    assert shown["roles"] == []
    seen = (await world.get(f"/api/v1/admin/accounts/{made.json['id']}", token)).json
    assert (seen["email"], seen["locale"], seen["invite_request"]) == ("", None, None)
    assert seen["role"]["name"] == ""
    for query in ("email=chief@example.org", "permissions=staff"):
        found = (await world.get(f"/api/v2/admin/accounts?{query}", token)).json
        assert [one["username"] for one in found] == ["chief"]


# --- blocks and bans ------------------------------------------------------------------------------------------------------


async def _everything(world: World, token: str) -> str:
    """All that somebody could meet a post in."""
    paths = (
        "/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/timelines/public?local=true", "/api/v1/notifications",
        "/api/v1/conversations", "/api/v1/timelines/tag/quiet", "/api/v1/timelines/direct", "/api/v1/follow_requests",
        "/api/v2/search?q=canary", "/api/v2/notifications",
    )  # fmt: skip
    found = [(await world.get(path, token)).body.decode() for path in paths]
    return "\n".join(found)


async def test_who_was_blocked_is_heard_under_no_name_and_is_not_told(world: World) -> None:
    who = await cast(world)
    ana, river = who["ana_token"], who["river_token"]
    root = (await world.post("/api/v1/statuses", ana, status="by ana #quiet", visibility="public")).json["id"]
    before = await world.post(
        "/api/v1/statuses", river, status="canarybefore", in_reply_to_id=root, visibility="public"
    )
    assert "canarybefore" in (await world.get(f"/api/v1/statuses/{root}/context", ana)).body.decode()
    assert (await world.post(f"/api/v1/accounts/{who['stone']}/block", ana)).status == 200
    written: list[Any] = []
    queued = len(await world.parts.db.read(lambda tx: tx.rows(FANOUT)))
    for words in (
        {"status": "canaryreply", "in_reply_to_id": root, "visibility": "public"},
        {"status": "@ana canarymention #quiet", "visibility": "public"},
        {"status": "@ana canaryletter", "visibility": "direct"},
        {"status": "@ana @omar canaryboth", "visibility": "direct"},
    ):
        got = await world.post("/api/v1/statuses", river, **words)
        assert got.status == 200
        assert got.json["visibility"] == words["visibility"]
        assert set(got.json) == set(before.json), "nothing in the answer is different"
        written.append(got.json)
    answered = await world.post(
        "/api/v1/statuses",
        river,
        status="canaryonitself",
        in_reply_to_id=written[0]["id"],
        visibility="public",
    )
    written.append(answered.json)
    assert (await world.post(f"/api/v1/statuses/{root}/reblog", river)).json["reblog"]["reblogged"] is True
    assert len(await world.parts.db.read(lambda tx: tx.rows(FANOUT))) == queued, "nothing of it is sent"
    for token in (ana, who["omar_token"], who["nadia_token"], ""):
        seen = await _everything(world, token) if token else ""
        for post in written:
            assert (await world.get(f"/api/v1/statuses/{post['id']}", token)).status == 404
            assert (
                await world.get(f"/objects/{post['id']}", Accept="application/activity+json")
            ).status == 404
            assert post["id"] not in seen
        context = (await world.get(f"/api/v1/statuses/{root}/context", token)).body.decode()
        assert "canaryreply" not in context
        assert "canaryonitself" not in context
    shown = (await world.get(f"/api/v1/statuses/{root}", ana)).json
    assert (shown["replies_count"], shown["reblogs_count"]) == (1, 0)
    context = (await world.get(f"/api/v1/statuses/{root}/context", river)).body.decode()
    assert "canaryreply" in context, "he himself sees what he wrote"
    assert "canaryonitself" in context
    assert "canaryletter" in (await world.get("/api/v1/conversations", river)).body.decode()
    assert (await world.get(f"/api/v1/accounts/{who['river']}", ana)).json["statuses_count"] == 1


async def test_a_blocked_humans_other_names_see_and_are_seen_as_before(world: World) -> None:
    who = await cast(world)
    ana, river = who["ana_token"], who["river_token"]
    root = (await world.post("/api/v1/statuses", ana, status="by ana", visibility="public")).json["id"]
    other = (await world.post("/api/v1/statuses", river, status="by river", visibility="public")).json["id"]
    await world.post(f"/api/v1/accounts/{who['stone']}/block", ana)
    assert (await world.get(f"/api/v1/statuses/{root}", river)).status == 200
    assert (await world.get(f"/api/v1/statuses/{other}", ana)).status == 200
    assert (await world.get(f"/api/v1/statuses/{root}", who["stone_token"])).status == 404
    later = await world.post("/api/v1/statuses", river, status="canarypublic", visibility="public")
    assert (await world.get(f"/api/v1/statuses/{later.json['id']}", ana)).status == 200, (
        "what is for nobody is heard"
    )
    blocked = (await world.get(f"/api/v1/accounts/relationships?id[]={who['river']}", ana)).json[0]
    assert blocked["blocking"] is False


async def test_what_was_heard_by_nobody_is_edited_and_deleted_by_its_author_and_nobody_learns_that_it_was(
    world: World,
) -> None:
    who = await cast(world)
    river = who["river_token"]
    root = (
        await world.post("/api/v1/statuses", who["ana_token"], status="by ana", visibility="public")
    ).json["id"]
    await world.post(f"/api/v1/accounts/{who['nadia']}/block", who["ana_token"])
    made = await world.post(
        "/api/v1/statuses", river, status="first", in_reply_to_id=root, visibility="public"
    )
    key = made.json["id"]
    changed = await world.ask("PUT", f"/api/v1/statuses/{key}", river, json={"status": "second"})
    assert (changed.status, "second" in changed.json["content"]) == (200, True)
    assert (await world.ask("DELETE", f"/api/v1/statuses/{key}", river)).status == 200
    for token in ("", who["ana_token"]):
        assert (await world.get(f"/api/v1/statuses/{key}", token)).status == 404
    for accept in ("application/activity+json", "text/html"):
        assert (await world.get(f"/objects/{key}", Accept=accept)).status == 404, "and no 410"
    assert (await world.get(f"/api/v1/statuses/{root}", river)).json["replies_count"] == 0


async def test_what_a_name_asks_of_one_who_blocked_another_stays_asked_and_is_seen_by_nobody(
    world: World,
) -> None:
    who = await cast(world)
    ana, river = who["ana_token"], who["river_token"]
    await world.post(f"/api/v1/accounts/{who['stone']}/block", ana)
    got = await world.post(f"/api/v1/accounts/{who['ana']}/follow", river)
    assert (got.status, got.json["following"], got.json["requested"]) == (200, False, True)
    assert (await world.get("/api/v1/follow_requests", ana)).json == []
    assert "follow" not in {n["type"] for n in (await world.get("/api/v1/notifications", ana)).json}
    assert (await world.post(f"/api/v1/follow_requests/{who['river']}/authorize", ana)).status == 404
    assert (await world.get(f"/api/v1/accounts/relationships?id[]={who['river']}", ana)).json[0][
        "requested_by"
    ] is False
    back = await world.post(f"/api/v1/accounts/{who['ana']}/unfollow", river)
    assert back.json["requested"] is False
    liked = (await world.post("/api/v1/statuses", ana, status="by ana", visibility="public")).json["id"]
    assert (await world.post(f"/api/v1/statuses/{liked}/favourite", river)).json["favourited"] is True
    assert (await world.get("/api/v1/notifications", ana)).json == []


async def test_a_ban_from_a_group_holds_for_every_name_silently(world: World) -> None:
    who, make = await cast(world), world.make
    group = await make.group("sleep", joins="approval")
    mentor = await world.member("mentor")
    await make.role(group, mentor, "mentor")
    token = await world.token(mentor)
    await make.add(group, who["river"])
    banned = await world.post(f"/api/v1/groups/{group}/bans", token, account_id=str(who["nadia"]))
    assert banned.status == 200
    got = await world.post(
        "/api/v1/statuses", who["river_token"], status="@sleep canarygroup", visibility="public"
    )
    assert got.status == 200
    assert (await world.get(f"/api/v1/statuses/{got.json['id']}", token)).status == 404, (
        "not even mentors see it"
    )
    asked = await world.post(f"/api/v1/accounts/{group}/follow", who["stone_token"])
    assert asked.json["requested"] is True
    waiting = await world.get("/api/v1/follow_requests", token)
    assert waiting.json == []
    assert "group_request" not in (await world.get("/api/v1/notifications", token)).body.decode()
    direct = await world.post(
        "/api/v1/statuses", who["nadia_token"], status="@sleep mine", visibility="public"
    )
    assert direct.status == 422, "the one that was banned is told, as everybody is"
    others = await world.post(
        "/api/v1/statuses", who["ana_token"], status="@sleep canary", visibility="public"
    )
    assert others.status == 403, "who was not banned is answered as before: no member"


async def test_the_preview_says_the_same_whether_a_name_is_blocked_or_not(world: World) -> None:
    who = await cast(world)
    root = (
        await world.post("/api/v1/statuses", who["ana_token"], status="by ana", visibility="public")
    ).json["id"]
    asked = {"status": "hello", "in_reply_to_id": root, "visibility": "public"}
    before = (await world.post("/api/v1/audience/preview", who["river_token"], **asked)).json
    await world.post(f"/api/v1/accounts/{who['stone']}/block", who["ana_token"])
    assert (await world.post("/api/v1/audience/preview", who["river_token"], **asked)).json == before


# --- measures -------------------------------------------------------------------------------------------------------------


async def test_those_who_look_after_a_post_read_how_often_and_never_who_and_no_two_names_move_together(
    world: World,
) -> None:
    who, make = await cast(world), world.make
    group = await make.group("sleep", joins="open", posts="everyone")
    mentor = await world.member("mentor")
    await make.role(group, mentor, "mentor")
    token = await world.token(mentor)
    posts = [await make.post(who[name], f"by {name}", group_id=group) for name in ("river", "stone", "nadia")]

    async def measures() -> list[str]:
        return [(await world.get(f"/api/v1/statuses/{i}/strikes", token)).json["measures"] for i in posts]

    assert await measures() == ["none"] * 3
    assert (await world.post(f"/api/v1/statuses/{posts[0]}/moderate", token, act="remove")).status == 200
    assert await measures() == ["none"] * 3, "not in the same week"
    moved: dict[int, int] = {}
    for week in range(1, 8):
        world.clock.forward(7 * 86_400)
        for at, word in enumerate(await measures()):
            if word == "few":
                moved.setdefault(at, week)
    assert len(moved) == 3
    assert min(moved.values()) >= 1
    text = (await world.get(f"/api/v1/statuses/{posts[1]}/strikes", token)).json["text"]
    assert text == "One or two measures in the last year, about this person under any name."
    assert (await world.get(f"/api/v1/statuses/{posts[1]}/strikes", who["ana_token"])).status == 404
    assert (await world.get(f"/api/v1/statuses/{posts[1]}/strikes", who["stone_token"])).status == 404
    world.clock.forward(60 * 7 * 86_400)
    assert await measures() == ["none"] * 3, "a year is over"


async def test_two_of_the_staff_together_learn_a_name_once_each_and_it_is_written_down_and_told_later(
    world: World,
) -> None:
    who, make = await cast(world), world.make
    tokens = {
        n: await world.token(await make.member(n, role="staff"), SCOPES) for n in ("chief", "deputy", "third")
    }
    logins = {n: await world.login_of(make.ids[n]) for n in tokens}
    path = "/api/v1/admin/unmaskings"
    assert (await world.post(path, who["ana_token"], account_id=str(who["river"]), reason="x")).status == 403
    assert (await world.post(path, tokens["chief"], account_id=str(who["ana"]), reason="x")).status == 422
    asked = await world.post(path, tokens["chief"], account_id=str(who["river"]), reason="Threatens somebody")
    assert (asked.status, asked.json["state"]) == (200, "asked")
    one = f"{path}/{asked.json['id']}"
    assert (await world.post(f"{one}/read", tokens["chief"])).status == 422, "not before another agrees"
    assert (await world.post(f"{one}/confirm", tokens["chief"])).status == 403, "and not the same"
    listed = (await world.get(path, tokens["third"])).body.decode()
    confirmed = await world.post(f"{one}/confirm", tokens["deputy"])
    assert confirmed.json["state"] == "confirmed"
    assert "nadia" not in listed + asked.body.decode() + confirmed.body.decode()
    assert (await world.post(f"{one}/read", tokens["third"])).status == 404
    for name in ("chief", "deputy"):
        assert (await world.post(f"{one}/read", tokens[name])).json["account"]["acct"] == "nadia"
        assert (await world.post(f"{one}/read", tokens[name])).status == 422, "once"
    lines = [
        (r[0], r[1])
        for r in await world.parts.db.read(lambda tx: tx.rows(AUDIT))
        if r[0].startswith("unmask")
    ]
    assert lines == [
        ("unmasking_asked", logins["chief"]), ("unmasking_confirmed", logins["deputy"]),
        ("unmasking_read", logins["chief"]), ("unmasking_read", logins["deputy"]),
    ]  # fmt: skip
    await world.parts.jobs.run_until_idle()
    assert world.mails() == []
    world.clock.forward(personas.TOLD_MS / 1000 + 1)
    await world.parts.jobs.run_until_idle()
    assert len(world.mails()) == 1
    assert "nadia@example.org" in world.mails()[0]
    assert "river" in world.mails()[0]


async def test_staff_do_not_learn_that_another_name_of_theirs_is_asked_about(world: World) -> None:
    who, make = await cast(world), world.make
    tokens = {n: await world.token(await make.member(n, role="staff"), SCOPES) for n in ("chief", "deputy")}
    veiled = (
        await world.post("/api/v1/personas", tokens["deputy"], username="veil", display_name="Veil")
    ).json
    path = "/api/v1/admin/unmaskings"
    asked = await world.post(path, tokens["chief"], account_id=veiled["id"], reason="Threatens somebody")
    assert asked.status == 200
    assert [one["id"] for one in (await world.get(path, tokens["chief"])).json] == [asked.json["id"]]
    assert (await world.get(path, tokens["deputy"])).json == []
    assert (await world.post(f"{path}/{asked.json['id']}/confirm", tokens["deputy"])).status == 404
    assert who


async def test_an_unmasking_expires(world: World) -> None:
    who, make = await cast(world), world.make
    tokens = {n: await world.token(await make.member(n, role="staff"), SCOPES) for n in ("chief", "deputy")}
    asked = await world.post(
        "/api/v1/admin/unmaskings", tokens["chief"], account_id=str(who["river"]), reason="Threatens somebody"
    )
    world.clock.forward(personas.UNMASK_MS / 1000 + 1)
    one = f"/api/v1/admin/unmaskings/{asked.json['id']}"
    assert (await world.post(f"{one}/confirm", tokens["deputy"])).status == 422
    assert (await world.get("/api/v1/admin/unmaskings", tokens["deputy"])).json == []


async def test_suspending_one_name_ends_them_all_each_at_a_time_of_its_own(world: World) -> None:
    who = await cast(world)
    chief = await world.token(await world.make.member("chief", role="admin"), SCOPES)
    posts = {n: await world.make.post(who[n], f"by {n}") for n in ("nadia", "river", "stone")}
    path = f"/api/v1/admin/accounts/{who['river']}"
    assert (await world.post(f"{path}/action", chief, type="suspend")).status == 200

    async def shown() -> list[str]:
        return [n for n, i in posts.items() if (await world.get(f"/api/v1/statuses/{i}")).status == 200]

    assert await shown() == ["nadia", "stone"], "nobody sees two go together"
    for name in ("nadia", "river", "stone"):
        got = await world.get("/api/v1/accounts/verify_credentials", who[f"{name}_token"])
        assert got.status == 401, "but none of them writes any more"
    times = [row[1] - world.clock.now for row in await world.parts.db.read(lambda tx: tx.rows(JOBS))]
    assert len(set(times)) == 2
    assert all(SOONEST_MS - 60_000 <= at <= SOONEST_MS + SPREAD_MS for at in times)
    await world.parts.jobs.run_until_idle()
    assert await shown() == ["nadia", "stone"]
    world.clock.forward((SOONEST_MS + SPREAD_MS) / 1000)
    await world.parts.jobs.run_until_idle()
    assert await shown() == []
    assert (await world.post(f"{path}/unsuspend", chief)).status == 200
    world.clock.forward((SOONEST_MS + SPREAD_MS) / 1000)
    await world.parts.jobs.run_until_idle()
    assert await shown() == ["nadia", "river", "stone"]


async def test_erasing_somebody_erases_every_name_and_tells_every_server_that_knew_one(world: World) -> None:
    who, make = await cast(world), world.make
    chief = await world.token(await make.member("chief", role="admin"), SCOPES)
    far = {n: await make.remote(f"https://{n}.example/users/far") for n in ("one", "two")}
    await make.join(far["one"], who["nadia"], "https://one.example/follows/1")
    await make.join(far["two"], who["river"], "https://two.example/follows/1")
    path = f"/api/v1/admin/accounts/{who['nadia']}"
    await world.post(f"{path}/action", chief, type="suspend")
    assert (await world.ask("DELETE", path, chief)).status == 200
    sent = Statement(
        select(t.activities.c.actor_id, t.hosts.c.name)
        .join(t.deliveries, t.deliveries.c.activity_id == t.activities.c.id)
        .join(t.hosts, t.hosts.c.id == t.deliveries.c.host_id)
        .where(t.activities.c.type == "Delete")
    )

    async def told() -> set[tuple[int, str]]:
        return {(row[0], row[1]) for row in await world.parts.db.read(lambda tx: tx.rows(sent))}

    activity = Statement(select(t.activities.c.id).where(t.activities.c.type == "Delete"))
    ids = [row[0] for row in await world.parts.db.read(lambda tx: tx.rows(activity))]
    body = await world.parts.documents.body(ids[0], "retraction", None, "one.example")
    assert body is not None
    assert b'"object":"https://clinic.example/users/nadia"' in body
    stone = await world.get("/users/nadia", Accept="application/activity+json")
    assert (stone.status, stone.json["type"]) == (410, "Tombstone")
    assert (await world.get("/users/river", Accept="application/activity+json")).status == 200
    world.clock.forward((SOONEST_MS + SPREAD_MS) / 1000)
    await world.parts.jobs.run_until_idle()
    for name in ("river", "stone"):
        assert (await world.get(f"/users/{name}", Accept="application/activity+json")).status == 410
    terms = Terms(world.clock.now, False, 10, 0, frozenset())
    await world.parts.db.write(lambda tx: expand(tx, terms))
    assert await told() == {(who["nadia"], "one.example"), (who["river"], "two.example")}


# --- clients --------------------------------------------------------------------------------------------------------------


async def test_the_consent_page_offers_every_name_and_the_client_speaks_as_the_chosen_one(
    world: World,
) -> None:
    who = await cast(world)
    app = await world.register()
    browser = world.browser()
    await browser.log_in("nadia")
    page = await browser.get(world.authorize(app, "urn:ietf:wg:oauth:2.0:oob"))
    for name in ("nadia", "river", "stone"):
        assert f"@{name}" in page.text
    done = await world.allow(browser, page, actor=str(who["river"]))
    code = (
        done.text.split('class="code"')[1].split(">")[1].split("<")[0] if 'class="code"' in done.text else ""
    )
    code = code or code_of(done.location)
    got = await world.exchange(app, code, "urn:ietf:wg:oauth:2.0:oob")
    me = (await world.get("/api/v1/accounts/verify_credentials", got.json["access_token"])).json
    assert me["acct"] == "river"
