"""Somebody closes his own account: his words go everywhere they went, his names end at times of their own, and nothing that he kept
stays."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.domain.kin import SOONEST_MS, SPREAD_MS
from fedi_community.storage import erasing
from fedi_community.storage import tables as t
from fedi_community.storage.client_tables import metadata
from fedi_community.storage.dialect import Statement
from tests.mastodon.conftest import World
from tests.mastodon.test_personas import SCOPES, cast
from tests.web.conftest import PASSWORD

AS2 = "application/activity+json"


async def everything(world: World) -> dict[str, list[Any]]:
    """Every row of every table, as text."""
    found = {}
    for name, table in metadata.tables.items():
        statement = Statement(select(table))
        found[name] = [
            str(tuple(row)) for row in await world.parts.db.read(lambda tx, s=statement: tx.rows(s))
        ]
    return found


async def full(world: World) -> dict[str, Any]:
    """nadia, who writes as river and stone too, has said, kept and asked many things; a canary is in all of them."""
    who, make = await cast(world), world.make
    token = who["nadia_token"]
    far = await make.remote("https://one.example/users/far")
    await make.join(far, who["nadia"], "https://one.example/follows/1")
    group = await make.group("sleep", joins="approval")
    await make.add(group, who["nadia"])
    who["post"] = await make.post(who["nadia"], "canarypost", group_id=group)
    who["letter"] = await make.post(who["nadia"], "canaryletter @ana", "direct")
    who["other"] = await make.post(who["river"], "canaryriver")
    root = await make.post(who["ana"], "by ana for @nadia")

    async def done(path: str, **values: Any) -> Any:
        got = await world.post(f"/api/v1/{path}", token, **values)
        assert got.status == 200, (path, got.body)
        return got.json

    profile = {
        "note": "canarynote",
        "display_name": "Canaryname",
        "fields_attributes": [{"name": "x", "value": "canaryfield"}],
    }
    assert (
        await world.ask("PATCH", "/api/v1/accounts/update_credentials", token, json=profile)
    ).status == 200
    kept = await done("lists", title="canarylist")
    await done(f"accounts/{who['ana']}/follow")
    await done(f"lists/{kept['id']}/accounts", account_ids=[str(who["ana"])])
    await done(f"accounts/{who['ana']}/note", comment="canarycomment")
    await done("filters", phrase="canaryfilter", context=["home"])
    await done("circles", title="canarycircle")
    await done(f"statuses/{root}/bookmark")
    await done(f"statuses/{root}/favourite")
    await done("statuses", status="canarylater", scheduled_at="2026-02-09T10:00:00Z")
    heart = await make.group("heart", joins="approval")
    await done(f"accounts/{heart}/follow")
    return who


@pytest.mark.parametrize("face", ["page", "client"])
async def test_who_closes_his_account_leaves_nothing_that_he_wrote_or_kept(world: World, face: str) -> None:
    who = await full(world)
    before = await everything(world)
    assert sum("canary" in row for rows in before.values() for row in rows) >= 10
    if face == "client":
        closed = await world.post("/api/v1/accounts/close", who["nadia_token"], password=PASSWORD)
        assert closed.status == 200, closed.body
    else:
        browser = world.browser()
        await browser.log_in("nadia")
        page = await browser.get("/account/close")
        for words in ("cannot be undone", "cannot make them", "30 days", "end too"):
            assert words in page.text
        done = await browser.post("/account/close", {**page.form("/account/close"), "password": PASSWORD})
        assert (done.status, done.location.startswith("/")) == (303, True)
        assert "Your account is closed" in (await browser.get(done.location)).text
    assert (await world.get("/api/v1/accounts/verify_credentials", who["nadia_token"])).status == 401
    assert (await world.browser().log_in("nadia")).status != 303
    gone = await world.get("/users/nadia", Accept=AS2)
    assert (gone.status, gone.json["type"]) == (410, "Tombstone")
    for token in ("", who["ana_token"]):
        assert (await world.get(f"/api/v1/accounts/{who['nadia']}", token)).status == 404
        assert (await world.get(f"/api/v1/statuses/{who['post']}", token)).status == 404
    assert (await world.get(f"/api/v1/statuses/{who['letter']}", who["ana_token"])).status == 404
    assert (await world.get(f"/api/v1/statuses/{who['other']}")).status == 200, (
        "another name has its own time"
    )
    await world.parts.jobs.run_until_idle()
    assert (await world.get(f"/api/v1/statuses/{who['other']}")).status == 200
    left = {
        name: [row for row in rows if "canary" in row.lower() and "canaryriver" not in row]
        for name, rows in (await everything(world)).items() if not name.startswith("search")
    }  # fmt: skip
    assert {name: rows for name, rows in left.items() if rows} == {}
    assert "nadia@example.org" not in str(await everything(world))


async def test_his_names_end_each_at_a_time_of_its_own_and_are_nobodys_then(
    world: World,
) -> None:
    who = await full(world)
    start = world.clock.now
    assert (await world.post("/api/v1/accounts/close", who["nadia_token"], password=PASSWORD)).status == 200
    jobs = Statement(select(t.jobs.c.run_at).where(t.jobs.c.kind == "persona"))
    times = sorted(row[0] for row in await world.parts.db.read(lambda tx: tx.rows(jobs)))
    assert len(times) == 2
    assert start + SOONEST_MS <= times[0] != times[1] <= start + SOONEST_MS + SPREAD_MS
    for name in ("river", "stone"):
        assert (await world.get(f"/users/{name}", Accept=AS2)).status == 200
        assert (await world.get("/api/v1/accounts/verify_credentials", who[f"{name}_token"])).status == 401
    world.clock.now = times[0]
    await world.parts.jobs.run_until_idle()
    states = [(await world.get(f"/users/{name}", Accept=AS2)).status for name in ("river", "stone")]
    assert sorted(states) == [200, 410]
    world.clock.now = times[1]
    await world.parts.jobs.run_until_idle()
    assert (await world.get(f"/api/v1/statuses/{who['other']}")).status == 404
    bound = Statement(select(t.speakers.c.actor_id).where(t.speakers.c.login_id == who["login"]))
    assert await world.parts.db.read(lambda tx: tx.rows(bound)) == []


async def test_every_server_that_may_know_him_is_told(world: World) -> None:
    who = await full(world)
    assert (await world.post("/api/v1/accounts/close", who["nadia_token"], password=PASSWORD)).status == 200
    deletes = Statement(select(t.activities.c.id).where(t.activities.c.type == "Delete"))
    (row,) = await world.parts.db.read(lambda tx: tx.rows(deletes))
    body = await world.parts.documents.body(row[0], "retraction", None, "one.example")
    assert body is not None
    assert b'"object":"https://clinic.example/users/nadia"' in body
    await world.parts.settle()
    sent = Statement(select(t.hosts.c.name).join(t.deliveries, t.deliveries.c.host_id == t.hosts.c.id).where(
        t.deliveries.c.activity_id == row[0]
    ))  # fmt: skip
    assert {r[0] for r in await world.parts.db.read(lambda tx: tx.rows(sent))} == {"one.example"}


async def test_only_he_himself_with_his_password_closes_it(world: World) -> None:
    who = await full(world)
    chief = await world.member("chief", role="admin")
    to_chief = await world.token(chief, SCOPES)
    path = "/api/v1/accounts/close"
    assert (
        await world.post(path, who["nadia_token"], password="wrong")
    ).error == "The password is not right."
    for token, password, status in (
        (who["nadia_token"], "wrong", 422), (who["river_token"], PASSWORD, 403), ("", PASSWORD, 401), (to_chief, PASSWORD, 403),
    ):  # fmt: skip
        assert (await world.post(path, token, password=password)).status == status
    browser = world.browser()
    await browser.log_in("nadia")
    page = await browser.get("/account/close")
    wrong = await browser.post("/account/close", {**page.form("/account/close"), "password": "wrong"})
    assert (wrong.status, "The password is not right." in wrong.text) == (422, True)
    assert (await world.get("/api/v1/accounts/verify_credentials", who["nadia_token"])).status == 200
    assert (await world.browser().get("/account/close")).location.startswith("/login")
    assert (await browser.get("/es/account/close")).status == 200


def test_what_becomes_of_every_table_that_names_people_is_decided() -> None:
    """A new table says here whether its rows go with somebody who goes."""
    naming = {
        name for name, table in metadata.tables.items()
        if any(fk.column.table.name in ("actors", "logins") for column in table.c for fk in column.foreign_keys)
    }  # fmt: skip
    assert naming - set(erasing.KEPT) == set(erasing.GOES) & naming
    assert set(erasing.KEPT) & set(erasing.GOES) == set()
