"""What those who answer reports must not learn from doing so: who is behind a name, what is said about themselves, and what they
did not open."""

from __future__ import annotations

import orjson
import pytest

from fedi_community.storage import audit
from tests.mastodon.conftest import World
from tests.mastodon.test_reports import ADMIN, filed, town


async def river_of(world: World, owner: int, handle: str = "river") -> tuple[int, str]:
    """Another name of somebody, with a token that speaks as it."""
    login = await world.login_of(owner)
    actor = await world.make.persona(login, handle, name=f"Quiet {handle.title()}")
    return actor, await world.token(actor, ADMIN, login)


async def lines(world: World, action: str) -> int:
    found = await world.parts.db.read(lambda tx: audit.everything(tx, None, None, 500))
    return sum(line.action == action for line in found)


async def test_a_mentor_under_another_name_answers_reports_under_that_name_alone(world: World) -> None:
    it = await town(world)
    zoe = await world.make.member("zoe")
    river, to_river = await river_of(world, zoe)
    await world.make.add(it["group"], river)
    await world.make.role(it["group"], river, "mentor")
    report = await filed(world, it)
    path = f"/api/v1/groups/{it['group']}/reports/{report}"
    answers = [await world.post(f"{path}/assign_to_self", to_river)]
    assert answers[0].json["assigned_account"]["username"] == "river"
    answers.append(await world.post(f"{path}/notes", to_river, text="I asked her to stop"))
    assert answers[1].json["notes"][0]["by"]["username"] == "river"
    answers.append(await world.post(f"{path}/resolve", to_river, outcome="done"))
    answers += [await world.get(path, it["to_mentor"]) for _ in range(2)]
    answers.append(await world.get(f"/api/v1/admin/reports/{report}", it["to_english"]))
    closed = answers[-1].json
    assert (
        closed["assigned_account"]["username"], closed["action_taken_by_account"]["username"]
    ) == ("river", "river")  # fmt: skip
    answers.append(await world.get(f"/api/v1/admin/reports/{report}/notes", it["to_english"]))
    browser = world.browser()
    await world.member("chief", role="admin")
    await browser.log_in("chief")
    page = await browser.get(f"/reports/{report}")
    assert "Quiet River" in page.text
    for body in (*(one.body.decode() for one in answers), page.text):
        assert "zoe" not in body.lower()


async def test_a_report_is_given_to_a_mentor_under_another_name(world: World) -> None:
    it = await town(world)
    river, to_river = await river_of(world, await world.make.member("zoe"))
    await world.make.add(it["group"], river)
    await world.make.role(it["group"], river, "mentor")
    path = f"/api/v1/groups/{it['group']}/reports/{await filed(world, it)}"
    given = await world.post(f"{path}/assign", it["to_mentor"], account_id=str(river))
    assert (given.status, given.json["assigned_account"]["username"]) == (200, "river")
    assert (await world.get(path, to_river)).json["assigned_account"]["username"] == "river"


async def test_a_list_of_reports_holds_no_copy_since_nobody_opened_one(world: World) -> None:
    it = await town(world)
    report = await filed(world, it)
    listed = await world.get("/api/v1/admin/reports", it["to_english"])
    assert [one["id"] for one in listed.json] == [report]
    assert b"bleach" not in listed.body
    assert await lines(world, "report_read") == 0
    opened = await world.get(f"/api/v1/admin/reports/{report}", it["to_english"])
    assert b"bleach" in opened.body
    assert await lines(world, "report_read") == 1


async def test_who_is_reported_finds_no_trace_of_it_in_a_log_that_he_reads(world: World) -> None:
    it = await town(world)
    await world.make.role(it["group"], it["nadia"], "mentor")
    before = (await world.get(f"/api/v1/groups/{it['group']}/log", it["to_nadia"])).body
    report = await filed(world, it)
    path = f"/api/v1/groups/{it['group']}/reports/{report}"
    for step in ("assign_to_self", "unassign", "resolve", "reopen"):
        assert (await world.post(f"{path}/{step}", it["to_mentor"])).status == 200
    assert (await world.post(f"{path}/notes", it["to_mentor"], text="hm")).status == 200
    assert (await world.get(f"/api/v1/admin/reports/{report}", it["to_english"])).status == 200
    after = await world.get(f"/api/v1/groups/{it['group']}/log", it["to_nadia"])
    assert after.body == before
    others = await world.get(f"/api/v1/groups/{it['group']}/log", it["to_mentor"])
    assert {"report_read", "report_resolve", "report_note"} <= {one["action"] for one in others.json}


async def test_an_admin_finds_no_trace_of_a_report_about_himself_in_the_log_of_the_server(
    world: World,
) -> None:
    it = await town(world)
    chief = await world.make.member("chief", role="admin")
    other = await world.make.member("other", role="admin")
    to_chief, to_other = await world.token(chief, ADMIN), await world.token(other, ADMIN)
    river, _ = await river_of(world, chief)
    for target in (chief, river):
        made = await world.post("/api/v1/reports", it["to_omar"], account_id=str(target), comment="rude")
        path = f"/api/v1/admin/reports/{made.json['id']}"
        assert (await world.get(path, to_other)).status == 200
        assert (await world.post(f"{path}/notes", to_other, text="hm")).status == 200
        assert (await world.post(f"{path}/resolve", to_other)).status == 200
    mine = await world.get("/api/v1/admin/audit", to_chief)
    assert not {one["action"] for one in mine.json} & {"report_read", "report_resolve", "report_note"}
    theirs = await world.get("/api/v1/admin/audit", to_other)
    assert {"report_read", "report_resolve", "report_note"} <= {one["action"] for one in theirs.json}


async def test_what_is_done_to_a_name_moves_nothing_that_staff_read_of_its_human(world: World) -> None:
    it = await town(world)
    chief = await world.token(await world.make.member("chief", role="admin"), ADMIN)
    zoe = await world.make.member("zoe")
    river, _ = await river_of(world, zoe)

    async def read() -> list[bytes]:
        paths = [f"/api/v1/admin/accounts/{zoe}"]
        paths += [f"/api/v2/admin/accounts?status={s}" for s in ("disabled", "silenced", "pending")]
        found = [(await world.get(path, chief)).body for path in paths]
        active = (await world.get("/api/v2/admin/accounts?status=active", chief)).json
        return [*found, str(sorted(one["username"] for one in active if one["username"] != "river")).encode()]

    before = await read()
    path = f"/api/v1/admin/accounts/{river}"
    assert (await world.post(f"{path}/action", it["to_english"], type="disable")).status == 200
    shut = await read()
    assert [shut[0], *shut[2:]] == [before[0], *before[2:]]
    assert [one["username"] for one in orjson.loads(shut[1])] == ["river"]
    assert (await world.post(f"{path}/enable", it["to_english"])).status == 200
    assert (await world.post(f"{path}/action", it["to_english"], type="suspend")).status == 200
    assert await read() == before
    assert (await world.ask("DELETE", path, chief)).status == 200
    assert await read() == before


@pytest.mark.parametrize("about", ["another", "himself"])
async def test_a_measure_answers_no_report_but_one_about_its_account_that_one_may_read(
    world: World, about: str
) -> None:
    it = await town(world)
    target = it["english"] if about == "himself" else it["nadia"]
    made = await world.post("/api/v1/reports", it["to_omar"], account_id=str(target), comment="rude")
    path = f"/api/v1/admin/accounts/{it['elsewhere']}/action"
    missing = await world.post(path, it["to_english"], type="none", report_id="7")
    got = await world.post(path, it["to_english"], type="none", report_id=made.json["id"])
    assert (got.status, got.body) == (404, missing.body)
    left = await world.get(f"/api/v1/admin/reports/{made.json['id']}", it["to_spanish"])
    assert left.json["action_taken"] is False


async def test_notes_on_an_account_are_for_the_rest_of_the_staff_and_missing_for_everybody_else(
    world: World,
) -> None:
    it = await town(world)
    path = f"/api/v1/admin/accounts/{it['nadia']}/notes"
    made = await world.post(path, it["to_english"], text=" She called us ")
    assert [(one["by"]["username"], one["text"]) for one in made.json] == [("english", "She called us")]
    assert (await world.get(path, it["to_spanish"])).json == made.json
    assert (await world.post(path, it["to_english"], text="  ")).status == 422
    await world.member("vera", role="staff")
    vera = world.make.ids["vera"]
    river, _ = await river_of(world, vera)
    to_vera = await world.token(vera, ADMIN)
    missing = await world.get("/api/v1/admin/accounts/7/notes", to_vera)
    for target, token in (
        (it["nadia"], it["to_mentor"]),
        (it["nadia"], it["to_nadia"]),
        (vera, to_vera),
        (river, to_vera),
    ):
        about = f"/api/v1/admin/accounts/{target}/notes"
        for got in (await world.get(about, token), await world.post(about, token, text="x")):
            assert (got.status, got.body) == (404, missing.body), target
    assert await lines(world, "account_notes_read") == 2
    browser = world.browser()
    await browser.log_in("vera")
    report = await filed(world, it)
    page = await browser.get(f"/reports/{report}")
    assert "She called us" in page.text
    form = page.form(f"/reports/{report}")
    assert (
        await browser.post(f"/reports/{report}", {**form, "do": "note_account", "text": "I answered"})
    ).status == 303
    assert "I answered" in (await browser.get(f"/reports/{report}")).text
    mentors = await world.get(f"/api/v1/groups/{it['group']}/reports/{report}", it["to_mentor"])
    assert b"I answered" not in mentors.body
