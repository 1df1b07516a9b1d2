"""The log of the server is read, and nobody is unmasked by it; what only moderation lets somebody read stands in it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from fedi_community.domain.effects import Audit, Decision
from fedi_community.domain.facts import Needs
from fedi_community.storage import audit, audit_shown
from fedi_community.storage.audit import Wanted
from tests.mastodon.conftest import World

ADMIN = "read write admin:read admin:write"
LOG = "/api/v1/admin/audit"


async def act(world: World, token: str, post: int, what: str) -> None:
    got = await world.post(f"/api/v1/statuses/{post}/moderate", token, act=what)
    assert got.status == 200, got.body


async def reads(world: World) -> list[tuple[int | None, int | None]]:
    lines = await world.parts.db.read(lambda tx: audit.everything(tx, None, None, 500))
    return [(line.actor_id, line.object_id) for line in lines if line.action == "post_read"]


async def test_no_pages_of_the_log_together_link_a_persona_with_who_is_behind_it(world: World) -> None:
    make = world.make
    chief = await world.member("chief", role="admin")
    to_chief = await world.token(chief, ADMIN)
    tess, login = await world.member("tess", role="staff"), 0
    login = await world.login_of(tess)
    group = await make.group("sleep", joins="open")
    persona = await make.persona(login, "quiet_river", name="Quiet River", group_id=group)
    nadia = await make.member("nadia")
    for person in (persona, nadia, chief):
        await make.join(person, group)
    await make.role(group, persona, "mentor")
    await make.role(group, chief, "staff")
    post = await make.post(nadia, "@sleep hello")
    to_tess, to_river = await world.token(tess, ADMIN), await world.token(persona, login=login)
    filed = await world.post(
        "/api/v1/reports", await world.token(chief), account_id=str(nadia), status_ids=[str(post)]
    )
    for what in ("lock", "unlock", "remove"):
        await act(world, to_river, post, what)
    assert (await world.get(f"/api/v1/statuses/{post}", to_river)).status == 200
    await world.post(f"/api/v1/admin/reports/{filed.json['id']}/assign_to_self", to_tess)
    await world.post(f"/api/v1/admin/accounts/{nadia}/action", to_tess, type="none", text="careful")
    await make.must(Needs(), lambda f: Decision((Audit("logged_in", f.now, tess, login),)))

    every = (await world.get(f"{LOG}?limit=100", to_chief)).json
    by = {(one["account"] or {}).get("acct") for one in every}
    assert {"quiet_river", "tess"} <= by
    actions = {one["action"] for one in every}
    assert {"lock", "post_read", "report_assign_to_self", "account_none"} <= actions
    assert not actions & set(audit.PRIVATE)
    hers = {one["id"] for one in every if (one["account"] or {}).get("acct") == "tess"}
    rivers = {one["id"] for one in every if (one["account"] or {}).get("acct") == "quiet_river"}
    for who, group_id, action in product(("", str(tess), str(persona)), ("", str(group)), ("", *actions)):
        query = f"account_id={who}&group_id={group_id}&action={action}&limit=100"
        found = await world.get(f"{LOG}?{query}", to_chief)
        assert str(login).encode() not in found.body, query
        ids = {one["id"] for one in found.json}
        if who:
            assert not (ids & hers and ids & rivers), query
            assert not ids & (rivers if who == str(tess) else hers), query
    line = await world.parts.db.read(
        lambda tx: audit_shown.page(tx, None, Wanted(actor=tess), None, None, 100)
    )
    assert {str(one.id) for one in line.lines} == hers


async def test_of_groups_that_an_admin_does_not_run_he_learns_what_was_done_and_no_more(world: World) -> None:
    make = world.make
    to_chief = await world.token(await world.member("chief", role="admin"), ADMIN)
    tess = await world.member("tess")
    nadia = await make.member("nadia")
    for handle, finds in (("openly", "everyone"), ("secretgroup", "members")):
        narrow = {} if finds == "everyone" else {"reads": "members", "posts": "members", "replies": "members"}
        group = await make.group(handle, finds=finds, joins="open", **narrow)
        for person in (tess, nadia):
            await make.add(group, person)
        await make.role(group, tess, "mentor")
        post = await make.post(nadia, f"@{handle} hello")
        await act(world, await world.token(tess), post, "lock")
    found = (await world.get(f"{LOG}?action=lock", to_chief)).json
    assert [
        (one["group"]["acct"], one["target_account"], one["status_id"], one["detail"]) for one in found
    ] == [("openly", None, None, {})]
    assert b"secretgroup" not in (await world.get(f"{LOG}?limit=100", to_chief)).body


async def test_the_log_is_for_admins_alone_and_is_chosen_from(world: World) -> None:
    chief, desk = await world.member("chief", role="admin"), await world.member("desk", role="staff")
    for who in (desk, await world.member("nadia")):
        assert (await world.get(LOG, await world.token(who, ADMIN))).status == 403
    token = await world.token(chief, ADMIN)
    await world.post("/api/v1/admin/domain_blocks", token, domain="bad.example", severity="suspend")
    (line,) = (await world.get(f"{LOG}?action=host_suspended", token)).json
    assert (line["account"]["acct"], line["detail"]) == ("chief", {"host": "bad.example"})
    now = world.clock.now
    for query, found in (
        (f"since={now}", 1),
        (f"until={now}", 0),
        (f"since={now + 1}", 0),
        (f"account_id={chief}", 1),
    ):
        assert len((await world.get(f"{LOG}?action=host_suspended&{query}", token)).json) == found, query


async def test_a_group_that_speaks_is_shown_as_its_staff_and_as_nobody_in_particular(world: World) -> None:
    make = world.make
    chief, tess = await world.member("chief", role="admin"), await world.member("tess")
    group = await make.group("sleep", joins="open")
    for person in (chief, tess):
        await make.join(person, group)
        await make.role(group, person, "staff")
    nadia = await make.member("nadia")
    await make.join(nadia, group)
    post = await make.post(nadia, "@sleep hello")
    await act(world, await world.token(group, login=await world.login_of(tess)), post, "lock")
    (line,) = (await world.get(f"{LOG}?action=lock", await world.token(chief, ADMIN))).json
    assert (line["account"]["acct"], line["as_group"]) == ("sleep", True)
    assert b"tess" not in (await world.get(f"{LOG}?action=lock", await world.token(chief, ADMIN))).body
    assert (
        await world.get(f"{LOG}?action=lock&account_id={tess}", await world.token(chief, ADMIN))
    ).json == []


@pytest.mark.parametrize("path", ["/api/v1/statuses/{}", "/api/v1/statuses/{}/context", "/objects/{}"])
async def test_who_opens_what_only_moderation_shows_is_written_down_once_a_day(
    world: World, path: str
) -> None:
    make = world.make
    tess, nadia = await world.member("tess"), await world.member("nadia")
    group = await make.group("sleep", joins="open")
    for person in (tess, nadia):
        await make.join(person, group)
    await make.role(group, tess, "mentor")
    root = await make.post(nadia, "@sleep hello")
    post = await make.post(nadia, "and more", reply_to=root)
    about = root if path.endswith("context") else post
    tokens = {who: await world.token(who) for who in (tess, nadia)}
    browsers = {}
    for who, name in ((tess, "tess"), (nadia, "nadia")):
        browsers[who] = world.browser()
        await browsers[who].log_in(name)

    async def look(who: int) -> None:
        got: Any = (
            await browsers[who].get(path.format(about)) if path.startswith("/objects")
            else await world.get(path.format(about), tokens[who])
        )  # fmt: skip
        assert got.status == 200

    await look(tess)
    assert await reads(world) == []  # what everybody may read
    await act(world, tokens[tess], post, "remove")
    for who in (tess, tess, nadia):
        await look(who)
    assert await reads(world) == [(tess, post)]
    world.clock.now += 86_400_001
    await look(tess)
    assert await reads(world) == [(tess, post)] * 2


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/accounts/{nadia}/statuses", "/api/v1/accounts/{group}/statuses", "/api/v1/timelines/home",
        "/api/v1/statuses?id[]={post}", "/api/v1/statuses/{post}/history", "/api/v2/search?q=canary&type=statuses",
        "/api/v2/search?q=https://clinic.example/objects/{post}&resolve=true", "/@nadia", "/groups/sleep", "/",
        "/objects/{post}/lookafter", "/objects/{post}/strikes", "/write?reply_to={post}",
    ],
)  # fmt: skip
async def test_who_meets_it_in_a_list_or_beside_it_is_written_down_too(world: World, path: str) -> None:
    make = world.make
    tess, nadia = await world.member("tess"), await world.member("nadia")
    group = await make.group("sleep", joins="open")
    for person in (tess, nadia):
        await make.join(person, group)
    await make.role(group, tess, "mentor")
    await make.indexable(nadia)
    post = await make.post(nadia, "@sleep canary")
    token = await world.token(tess)
    browser = world.browser()
    await browser.log_in("tess")
    path = path.format(nadia=nadia, group=group, post=post)

    async def body() -> bytes:
        if path.startswith("/api"):
            return (await world.get(path, token)).body
        return (await browser.get(path)).text.encode()

    assert b"canary" in await body()
    assert await reads(world) == []
    await act(world, token, post, "remove")
    for _ in range(2):
        assert b"canary" in await body()
        assert await reads(world) == [(tess, post)]


async def test_a_post_that_everybody_may_read_costs_a_reader_no_write_and_no_question_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nadia = await world.member("nadia")
    post = await world.make.post(nadia, "hello")
    token = await world.token(await world.member("omar"))
    db = world.parts.db
    counted = {"read": 0, "write": 0}
    for name in counted:
        real = getattr(db, name)

        async def count(unit: Any, *more: Any, _real: Any = real, _name: str = name) -> Any:
            counted[_name] += 1
            return await _real(unit, *more)

        monkeypatch.setattr(db, name, count)
    await world.get(f"/api/v1/statuses/{post}", token)
    before = dict(counted)
    for _ in range(5):
        assert (await world.get(f"/api/v1/statuses/{post}", token)).status == 200
    assert (counted["write"], counted["read"]) == (
        before["write"],
        before["read"] + 10,
    )  # who asks, and the post


@pytest.mark.parametrize("about", ["quiet_river", "tess"])
@pytest.mark.parametrize("reads_as", ["tess", "quiet_river"])
async def test_nobody_is_told_of_a_report_about_any_name_of_his_nor_finds_or_counts_it(
    world: World, about: str, reads_as: str
) -> None:
    make = world.make
    tess = await world.member("tess", role="staff")
    login = await world.login_of(tess)
    group = await make.group("sleep", joins="open")
    river = await make.persona(login, "quiet_river", name="Quiet River", group_id=group)
    omar, second = await world.member("omar"), await world.member("second", role="staff")
    for person in (tess, river, omar):
        await make.join(person, group)
    for person in (tess, river):
        await make.role(group, person, "mentor")
    names = {"tess": tess, "quiet_river": river}
    post = await make.post(names[about], "@sleep buy my pills")
    filed = await world.post(
        "/api/v1/reports", await world.token(omar), account_id=str(names[about]), status_ids=[str(post)]
    )
    assert filed.status == 200
    token = await world.token(names[reads_as], ADMIN, login=login)
    for path in (
        f"/api/v1/groups/{group}/reports",
        *(["/api/v1/admin/reports"] if reads_as == "tess" else []),
    ):
        assert (await world.get(path, token)).json == [], path
    told = (await world.get("/api/v1/notifications?types[]=admin.report&types[]=group_report", token)).json
    assert told == []
    missing = await world.get(f"/api/v1/groups/{group}/reports/7", token)
    for path in (f"/api/v1/groups/{group}/reports/{filed.json['id']}",):
        got = await world.get(path, token)
        assert (got.status, got.body) == (404, missing.body)
    to_second = await world.token(second, ADMIN)
    assert [one["id"] for one in (await world.get("/api/v1/admin/reports", to_second)).json] == [
        filed.json["id"]
    ]
    assert len((await world.get("/api/v1/notifications?types[]=admin.report", to_second)).json) == 1
