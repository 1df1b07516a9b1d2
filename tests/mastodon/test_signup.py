"""Signing up from a client and on the pages, confirming, being let in, a new password; and what each refuses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.auth import signup
from fedi_community.config import Settings
from fedi_community.domain.effects import AddJob, Decision
from fedi_community.domain.facts import Needs
from fedi_community.errors import Problem, Refusal
from fedi_community.jobs import MAX_ATTEMPTS, Jobs
from tests.mastodon.conftest import World, opened
from tests.web.conftest import BASE, PASSWORD

MORE = {"signups": "open", "min_age": 16, "allow_private_peers": True}
FORM = {"username": "vera", "email": "vera@example.org", "password": "a long walk by the sea", "agreement": True, "locale": "en",
        "date_of_birth": "1980-05-06"}  # fmt: skip


@pytest.fixture
async def world(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    made = await opened(database_url, tmp_path, **{**MORE, **getattr(request, "param", {})})
    yield made
    await made.parts.close()


approval = pytest.mark.parametrize("world", [{"signups": "approval"}], indirect=True)
closed = pytest.mark.parametrize("world", [{"signups": "closed"}], indirect=True)


async def app_token(world: World, scopes: str = "read write follow push") -> str:
    app = await world.register(scopes=scopes)
    made = await world.post("/oauth/token", grant_type="client_credentials", client_id=app["client_id"],
                            client_secret=app["client_secret"])  # fmt: skip
    return str(made.json["access_token"])


async def link(world: World, number: int = -1) -> str:
    """The path of the link in a mail."""
    await world.parts.jobs.run_until_idle()
    found = re.search(r"https://clinic\.example(/\S+/[0-9a-f]{64})", world.mails()[number])
    assert found
    return found[1]


async def press(world: World, path: str, **values: str) -> Any:
    browser = world.browser()
    page = await browser.get(path)
    assert page.status == 200, page.text
    return await browser.post(path, {**page.form(path), **values})


# --- from a client ----------------------------------------------------------------------------------------------------------


async def test_somebody_signs_up_confirms_by_mail_and_is_in(world: World) -> None:
    made = await world.ask("POST", "/api/v1/accounts", await app_token(world), json=FORM)
    assert (made.status, made.json["token_type"]) == (200, "Bearer")
    token = made.json["access_token"]
    own = await world.get("/api/v1/accounts/verify_credentials", token)
    assert (own.status, own.json["username"], own.json["source"]["privacy"]) == (200, "vera", "private")
    waits = await world.get("/api/v1/timelines/home", token)
    assert (waits.status, waits.error) == (403, "Your login is missing a confirmed e-mail address")
    assert (await world.post("/api/v1/statuses", token, status="x")).status == 403
    assert (await world.get("/api/v1/emails/check_confirmation", token)).json is False
    for path in ("/@vera", "/users/vera", f"/api/v1/accounts/{own.json['id']}", "/api/v1/accounts/lookup?acct=vera",
                 "/.well-known/webfinger?resource=acct:vera@clinic.example"):  # fmt: skip
        assert (await world.get(path)).status == 404, path
    done = await press(world, await link(world))
    assert "You can log in now" in done.text
    assert (await world.get("/api/v1/timelines/home", token)).status == 200
    said = await world.post("/api/v1/statuses", token, status="hello")
    assert said.json["visibility"] == "private"
    assert (await world.get("/@vera")).status == 200
    assert (await world.browser().log_in("vera", FORM["password"])).status == 303


async def test_what_is_wrong_is_said_field_by_field(world: World) -> None:
    await world.make.member("nadia")
    token = await app_token(world)
    for change, field, code in (
        ({"username": ""}, "username", "ERR_BLANK"),
        ({"username": "Not a name!"}, "username", "ERR_INVALID"),
        ({"username": "NADIA"}, "username", "ERR_TAKEN"),
        ({"username": "admin"}, "username", "ERR_TAKEN"),
        ({"email": "no"}, "email", "ERR_INVALID"),
        ({"password": "short"}, "password", "ERR_TOO_SHORT"),
        ({"agreement": "false"}, "agreement", "ERR_ACCEPTED"),
        ({"date_of_birth": ""}, "date_of_birth", "ERR_BLANK"),
        ({"date_of_birth": "soon"}, "date_of_birth", "ERR_INVALID"),
        ({"date_of_birth": "2010-01-06"}, "date_of_birth", "ERR_BELOW_LIMIT"),
    ):
        got = await world.ask("POST", "/api/v1/accounts", token, json={**FORM, **change})
        assert got.status == 422, change
        assert got.error.startswith("Validation failed: ")
        assert list(got.json["details"]) == [field]
        assert got.json["details"][field][0]["error"] == code
        assert got.json["details"][field][0]["description"]
    sixteen = await world.ask("POST", "/api/v1/accounts", token, json={**FORM, "date_of_birth": "2010-01-05"})
    assert sixteen.status == 200


async def test_that_an_address_has_an_account_is_told_to_its_owner_alone(world: World) -> None:
    await world.make.member("nadia")
    token = await app_token(world)
    fresh = await world.ask("POST", "/api/v1/accounts", token, json=FORM)
    known = await world.ask(
        "POST", "/api/v1/accounts", token, json={**FORM, "username": "second", "email": "Nadia@example.org"}
    )
    assert (fresh.status, known.status) == (200, 200)
    assert set(fresh.json) == set(known.json)
    await world.parts.jobs.run_until_idle()
    mails = {re.search("^To: (.*)$", m, re.MULTILINE)[1].strip(): m for m in world.mails()}  # type: ignore[index]
    assert "/confirm/" in mails["vera@example.org"]
    assert "/confirm/" not in mails["Nadia@example.org"]
    assert "You have an account already" in mails["Nadia@example.org"]
    for path in ("/api/v1/accounts/verify_credentials", "/api/v1/timelines/home"):
        one, other = [(await world.get(path, made.json["access_token"])).status for made in (fresh, known)]
        assert one == other


async def test_sign_up_needs_an_applications_token_with_the_scope(world: World) -> None:
    assert (await world.ask("POST", "/api/v1/accounts", json=FORM)).status == 401
    assert (
        await world.ask("POST", "/api/v1/accounts", await app_token(world, "read"), json=FORM)
    ).status == 403
    member = await world.token(await world.make.member("nadia"))
    assert (await world.ask("POST", "/api/v1/accounts", member, json=FORM)).status == 403


@closed
async def test_where_sign_up_is_closed_there_is_no_form_and_clients_are_told(world: World) -> None:
    got = await world.ask("POST", "/api/v1/accounts", await app_token(world), json=FORM, Accept_Language="es")
    assert (got.status, got.error) == (403, "Aquí no es posible registrarse por cuenta propia")
    for path in ("/signup", "/es/signup"):
        assert (await world.get(path)).status == 404
    assert "/signup" not in (await world.get("/login")).body.decode()


@approval
async def test_with_approval_a_reason_is_asked_and_staff_let_them_in_or_not(world: World) -> None:
    token = await app_token(world)
    blank = await world.ask("POST", "/api/v1/accounts", token, json=FORM)
    assert blank.json["details"]["reason"][0]["error"] == "ERR_BLANK"
    made = await world.ask("POST", "/api/v1/accounts", token, json={**FORM, "reason": "I care for my mother"})
    vera = made.json["access_token"]
    actor = int((await world.get("/api/v1/accounts/verify_credentials", vera)).json["id"])
    assert isinstance(await signup.approve(world.parts.house, actor, None), Refusal)  # not confirmed yet
    assert "Our team looks" in (await press(world, await link(world))).text
    waits = await world.get("/api/v1/timelines/home", vera)
    assert (waits.status, waits.error) == (403, "Your login is currently pending approval")
    assert (await world.browser().log_in("vera", FORM["password"])).status == 403
    assert await signup.approve(world.parts.house, actor, None) is None
    assert (await world.get("/api/v1/timelines/home", vera)).status == 200
    await world.parts.jobs.run_until_idle()
    assert "has let you in" in world.mails()[-1]
    assert isinstance(await signup.approve(world.parts.house, actor, None), Refusal)
    other = await world.ask(
        "POST",
        "/api/v1/accounts",
        token,
        json={**FORM, "username": "eve", "email": "e@example.org", "reason": "x"},
    )
    eve = other.json["access_token"]
    second = int((await world.get("/api/v1/accounts/verify_credentials", eve)).json["id"])
    assert await signup.approve(world.parts.house, second, None, yes=False) is None
    assert (await world.get("/api/v1/accounts/verify_credentials", eve)).status == 401


async def test_the_confirmation_mail_comes_again_also_to_another_address(world: World) -> None:
    made = await world.ask(
        "POST",
        "/api/v1/accounts",
        await app_token(world),
        json={**FORM, "email": "tpyo@example.org", "locale": "es"},
    )
    token = made.json["access_token"]
    first = await link(world)
    assert (await world.post("/api/v1/emails/confirmations", token, email="vera@example.org")).json == {}
    path = await link(world)
    assert path.startswith("/es/confirm/")
    assert "To: vera@example.org" in world.mails()[-1]
    assert (await press(world, first)).status == 404  # it went to the wrong address
    done = await press(world, path)
    assert "Ya puede entrar" in done.text
    again = await world.post("/api/v1/emails/confirmations", token)
    assert again.status == 403
    assert (await world.post("/api/v1/emails/confirmations", token, email="nonsense")).status == 403


async def test_a_link_works_once_and_for_seven_days_and_only_when_the_button_is_pressed(world: World) -> None:
    made = await world.ask("POST", "/api/v1/accounts", await app_token(world), json=FORM)
    token = made.json["access_token"]
    path = await link(world)
    for _ in range(2):
        assert (await world.get(path)).status == 200  # a mail scanner looks
    assert (await world.get("/api/v1/timelines/home", token)).status == 403
    assert (await press(world, path[:-1] + ("0" if path[-1] != "0" else "1"))).status == 404
    world.clock.forward(7 * 86_400)
    assert (await press(world, path)).status == 404
    await world.post("/api/v1/emails/confirmations", token)
    fresh = await link(world)
    assert (await press(world, fresh)).status == 200
    assert (await press(world, fresh)).status == 200  # once more changes nothing
    assert (await world.get("/api/v1/timelines/home", token)).status == 200


async def test_five_sign_ups_in_half_an_hour_come_from_one_address(database_url: str, tmp_path: Path) -> None:
    world = await opened(database_url, tmp_path, **MORE, api_rate=300)
    try:
        token = await app_token(world)
        answers = [(await world.ask("POST", "/api/v1/accounts", token, json={})).status for _ in range(6)]
        assert answers == [422] * 5 + [429]
    finally:
        await world.parts.close()


# --- on the pages -----------------------------------------------------------------------------------------------------------


async def test_the_page_takes_the_same_form_and_tells_nobody_whether_an_address_is_known(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "rules.en.md").write_text(
        "# Rules\n- Be kind: we all have hard days\n- No advertising\n"
    )
    await world.make.member("nadia")
    typed = {
        "username": "vera",
        "password": "a long walk by the sea",
        "agreement": "1",
        "date_of_birth": "1980-05-06",
    }
    answers = []
    for name, email in (("vera", "vera@example.org"), ("third", "nadia@example.org")):
        browser = world.browser()
        page = await browser.get("/signup")
        assert "we all have hard days" in page.text
        answers.append(
            await browser.post("/signup", {**page.form("/signup"), **typed, "username": name, "email": email})
        )
    assert [a.status for a in answers] == [200, 200]
    assert re.sub("csrf[^>]*", "", answers[0].text) == re.sub("csrf[^>]*", "", answers[1].text)
    browser = world.browser()
    page = await browser.get("/es/signup")
    wrong = await browser.post(
        "/es/signup", {**page.form("/es/signup"), **typed, "email": "x", "username": "nadia"}
    )
    assert wrong.status == 422
    assert "Eso no es una dirección de correo" in wrong.text
    assert "a long walk" not in wrong.text
    assert (await browser.post("/signup", typed)).status == 403


async def test_a_new_password_ends_every_token_and_session_and_only_the_owner_gets_the_link(
    world: World,
) -> None:
    nadia = await world.member("nadia")
    token, browser = await world.token(nadia), world.browser()
    await browser.log_in("nadia")
    asked = []
    for email in ("nadia@example.org", "nobody@example.org"):
        stranger = world.browser()
        page = await stranger.get("/forgot")
        asked.append(await stranger.post("/forgot", {**page.form("/forgot"), "email": email}))
    assert [a.status for a in asked] == [200, 200]
    assert asked[0].text == asked[1].text
    path = await link(world)
    assert len(world.mails()) == 1
    short = await press(world, path, password="short")
    assert short.status == 422
    done = await press(world, path, password="quite another sentence")
    assert done.status == 200
    assert (await world.get("/api/v1/timelines/home", token)).status == 401
    assert "/logout" not in (await browser.get("/")).text
    assert (await world.get(path)).status == 404
    assert (await world.browser().log_in("nadia", PASSWORD)).status == 422
    assert (await world.browser().log_in("nadia", "quite another sentence")).status == 303


async def test_a_password_link_dies_after_two_hours_and_with_the_next_password(world: World) -> None:
    await world.member("nadia")
    paths = []
    for _ in range(2):
        browser = world.browser()
        page = await browser.get("/forgot")
        await browser.post("/forgot", {**page.form("/forgot"), "email": "nadia@example.org"})
        world.clock.forward(1)
        paths.append(await link(world))
    assert paths[0] != paths[1]
    assert (await press(world, paths[1], password="quite another sentence")).status == 200
    assert (await world.get(paths[0])).status == 404
    page = await browser.get("/forgot")
    await browser.post("/forgot", {**page.form("/forgot"), "email": "nadia@example.org"})
    late = await link(world)
    world.clock.forward(7200)
    assert (await world.get(late)).status == 404


async def test_no_link_stands_in_the_database(world: World) -> None:
    await world.ask("POST", "/api/v1/accounts", await app_token(world), json=FORM)
    from sqlalchemy import select

    from fedi_community.storage import tables as t
    from fedi_community.storage.dialect import Statement

    rows = await world.parts.db.read(lambda tx: tx.rows(Statement(select(t.jobs.c.payload))))
    path = await link(world)
    assert all(path.rsplit("/", 1)[1] not in row[0] for row in rows)
    assert len(rows) == 1
    left = await world.parts.db.read(lambda tx: tx.rows(Statement(select(t.jobs.c.id))))
    assert list(left) == []


# --- conditions and jobs ----------------------------------------------------------------------------------------------------


async def test_open_sign_up_starts_only_with_rules_an_age_a_contact_and_two_moderators(
    database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(Problem) as refused:
        await opened(database_url, tmp_path, signups="open", contact_email="")
    for word in ("FEDI_TEXTS", "FEDI_MIN_AGE", "FEDI_CONTACT_EMAIL", "2 members"):
        assert word in refused.value.safe
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "rules.en.md").write_text("- Be kind\n")
    world = await opened(database_url, tmp_path)
    await world.make.member("one", role="staff")
    await world.make.member("two", role="admin")
    await world.parts.close()
    ready = await opened(database_url, tmp_path, signups="open", min_age=18)
    await ready.parts.close()


async def test_a_job_that_fails_is_tried_again_later_and_is_kept_when_it_never_works(world: World) -> None:
    tried: list[int] = []

    async def fails(payload: dict[str, Any]) -> None:
        tried.append(payload["n"])
        raise RuntimeError("secret")

    jobs = Jobs(world.parts.house, {"stubborn": fails})
    await world.make.must(Needs(), lambda f: Decision((AddJob("stubborn", "k", {"n": 1}, f.now),)), 0)
    await world.make.must(Needs(), lambda f: Decision((AddJob("stubborn", "k", {"n": 2}, f.now),)), 0)
    assert await jobs.run_until_idle() == 1
    assert await jobs.run_until_idle() == 0
    for _ in range(MAX_ATTEMPTS + 3):
        world.clock.forward(7 * 3600)
        await jobs.run_until_idle()
    assert tried == [1] * MAX_ATTEMPTS


def test_settings_name_what_sign_up_needs() -> None:
    assert (Settings(base_url=BASE).signups, Settings().min_age) == ("closed", 0)
