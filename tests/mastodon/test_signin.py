"""Signing in: applications, the consent page, codes and tokens; each success beside what is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.mastodon.conftest import OOB, World, code_of
from tests.web.conftest import PASSWORD, Browser

REDIRECTS = (
    "icecubesapp://",
    "oauth2redirect://com.keylesspalace.tusky/",
    "mastodon://joinmastodon.org/oauth",
    "org.joinmastodon.android-auth://callback",
    "http://localhost:4711/back?from=here",
    "https://elk.example/api/clinic.example/oauth/https%3A%2F%2Felk.example",
)
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


# --- applications -----------------------------------------------------------------------------------------------------------


async def test_an_application_registers_by_json_or_form_and_gets_its_secrets_once(world: World) -> None:
    made = await world.post(
        "/api/v1/apps", client_name="Pocket", redirect_uris=list(REDIRECTS), scopes="read write push",
        website="https://pocket.example",
    )  # fmt: skip
    assert made.status == 200
    app = made.json
    assert app["redirect_uris"] == list(REDIRECTS)
    assert app["redirect_uri"] == "\n".join(REDIRECTS)
    assert app["scopes"] == ["read", "write", "push"]
    assert (app["website"], app["client_secret_expires_at"]) == ("https://pocket.example", 0)
    form = await world.ask(
        "POST", "/api/v1/apps", form={"client_name": "Plain", "redirect_uris": f"{OOB} icecubesapp://"}
    )
    assert form.json["redirect_uris"] == [OOB, "icecubesapp://"]
    assert form.json["scopes"] == ["read"]
    assert form.json["website"] is None


@pytest.mark.parametrize(
    "values",
    [
        {"redirect_uris": "javascript:alert(1)"},
        {"redirect_uris": "data:text/html,x"},
        {"redirect_uris": "VBScript:x"},
        {"redirect_uris": "file:///etc/passwd"},
        {"redirect_uris": "no-scheme"},
        {"redirect_uris": "https://a.example/#fragment"},
        {"redirect_uris": ""},
        {"scopes": "read fly"},
        {"client_name": ""},
        {"client_name": "x" * 201},
        {"website": "javascript:alert(1)"},
    ],
)
async def test_an_application_that_is_wrong_is_refused(world: World, values: dict[str, Any]) -> None:
    sent = {"client_name": "Pocket", "redirect_uris": OOB, "scopes": "read", **values}
    got = await world.post("/api/v1/apps", **sent)
    assert got.status == 422
    assert got.error.startswith("Validation failed")


async def test_an_application_learns_who_it_is_by_its_own_token_and_by_a_members(world: World) -> None:
    app = await world.register()
    own = await world.post("/oauth/token", grant_type="client_credentials", client_id=app["client_id"],
                           client_secret=app["client_secret"], scope="read")  # fmt: skip
    assert (own.status, own.json["scope"], own.json["token_type"]) == (200, "read", "Bearer")
    assert isinstance(own.json["created_at"], int)
    token = own.json["access_token"]
    known = await world.get("/api/v1/apps/verify_credentials", token)
    assert (known.status, known.json["name"]) == (200, "Pocket")
    assert "client_secret" not in known.json
    assert (await world.get("/api/v1/timelines/home", token)).status == 422  # it is nobody
    assert (await world.get("/api/v1/timelines/public", token)).status == 200
    cli = await world.token(await world.make.member("nadia"))
    assert (await world.get("/api/v1/apps/verify_credentials", cli)).status == 200


# --- the way in -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("redirect", REDIRECTS)
async def test_a_member_signs_in_and_returns_to_exactly_the_address_that_was_registered(
    world: World, redirect: str
) -> None:
    nadia = await world.member("nadia")
    app = await world.register(redirect)
    browser = world.browser()
    page = await browser.get(world.authorize(app, redirect, state="s & t"))
    assert page.status == 303
    assert page.location.startswith("/login?next=%2Foauth%2Fauthorize")
    login = await browser.get(page.location)
    done = await browser.post("/login", {**login.form("/login"), "who": "nadia", "password": PASSWORD})
    assert done.status == 303
    consent = await browser.get(unescape(done.location))
    assert consent.status == 200
    back = await world.allow(browser, consent)
    assert back.status == 303
    mark = "&" if "?" in redirect else "?"
    assert back.location.startswith(f"{redirect}{mark}code=")
    assert parse_qs(urlsplit(back.location).query)["state"] == ["s & t"]
    token = await world.exchange(app, code_of(back.location), redirect)
    assert token.status == 200, token.body
    who = await world.get("/api/v1/accounts/verify_credentials", token.json["access_token"])
    assert who.json["id"] == str(nadia)
    assert who.json["source"]["privacy"] == "private"


async def test_the_out_of_band_code_is_shown_as_selectable_text(world: World) -> None:
    await world.member("nadia")
    app = await world.register()
    browser = world.browser()
    await browser.log_in("nadia")
    page = await world.allow(browser, await browser.get(world.authorize(app, OOB)))
    assert page.status == 200
    code = page.text.split('<code id="code" class="code">')[1].split("<")[0]
    assert (await world.exchange(app, code, OOB)).status == 200
    assert "private, no-store" in page.headers["Cache-Control"]


async def test_the_consent_page_says_in_both_languages_what_the_client_may_do_and_has_no_form_action(
    world: World,
) -> None:
    await world.member("nadia")
    app = await world.register(scopes="read write:statuses admin:read:reports profile follow push")
    browser = world.browser()
    await browser.log_in("nadia")
    address = world.authorize(app, OOB, scope="read write:statuses admin:read:reports")
    english = await browser.get(address)
    assert "Read everything that you can read" in english.text
    assert "Write messages in your name" in english.text
    assert "See what those who run this site see" in english.text
    assert "It speaks as Nadia (@nadia)" in english.text
    assert "form-action" not in english.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in english.headers["Content-Security-Policy"]
    assert "<script" not in english.text
    spanish = await browser.get(address, Accept_Language="es")
    assert "Leer todo lo que usted puede leer" in spanish.text
    by_link = await browser.get(f"{address}&lang=es")
    assert 'lang="es"' in by_link.text


async def test_denying_leads_back_with_an_error_and_without_a_code(world: World) -> None:
    await world.member("nadia")
    app = await world.register("icecubesapp://")
    browser = world.browser()
    await browser.log_in("nadia")
    page = await browser.get(world.authorize(app, "icecubesapp://", state="x"))
    done = await world.allow(browser, page, decision="deny")
    query = parse_qs(urlsplit(done.location).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["x"])
    assert "code" not in query


async def test_nobody_is_sent_to_an_address_that_was_not_registered_letter_by_letter(world: World) -> None:
    await world.member("nadia")
    redirect = "https://elk.example/api/oauth/https%3A%2F%2Felk.example"
    app = await world.register(redirect)
    browser = world.browser()
    await browser.log_in("nadia")
    for wrong in ("https://elk.example/api/oauth/https://elk.example", redirect.lower(), redirect + "/", "https://evil.example",
                  redirect + "?x=1", ""):  # fmt: skip
        page = await browser.get(world.authorize(app, wrong))
        assert page.status == 400, wrong
        assert "Location" not in page.headers
    unknown = await browser.get(world.authorize({"client_id": "nobody"}, redirect))
    assert (unknown.status, "Location" in unknown.headers) == (400, False)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read write push"}, "invalid_scope"),
        ({"scope": "fly"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_a_known_client_is_told_at_its_own_address_what_is_wrong(
    world: World, change: dict[str, str], error: str
) -> None:
    app = await world.register("icecubesapp://", scopes="read write")
    values = {"scope": "read", "state": "x", **change}
    page = await world.browser().get(world.authorize(app, "icecubesapp://", **values))
    assert page.status == 303
    assert page.location.startswith("icecubesapp://?error=")
    assert parse_qs(urlsplit(page.location).query)["error"] == [error]


async def test_a_missing_scope_is_read(world: World) -> None:
    await world.member("nadia")
    app = await world.register("icecubesapp://")
    code = await world.sign_in("nadia", app, "icecubesapp://", scope="")
    assert (await world.exchange(app, code, "icecubesapp://")).json["scope"] == "read"


async def test_force_login_asks_again_who_it_is_and_another_member_can_answer(world: World) -> None:
    await world.member("nadia")
    omar = await world.member("omar")
    app = await world.register("icecubesapp://")
    browser = world.browser()
    await browser.log_in("nadia")
    page = await browser.get(world.authorize(app, "icecubesapp://", force_login="true"))
    assert page.status == 303
    login = await browser.get(page.location)
    assert login.status == 200
    done = await browser.post(
        "/login?again=1", {**login.form("/login?again=1"), "who": "omar", "password": PASSWORD}
    )
    consent = await browser.get(unescape(done.location))
    assert "@omar" in consent.text
    back = await world.allow(browser, consent)
    token = (await world.exchange(app, code_of(back.location), "icecubesapp://")).json["access_token"]
    assert (await world.get("/api/v1/accounts/verify_credentials", token)).json["id"] == str(omar)


async def test_a_consent_that_no_page_of_ours_asked_for_is_refused(world: World) -> None:
    await world.member("nadia")
    app = await world.register("icecubesapp://")
    browser = world.browser()
    await browser.log_in("nadia")
    page = await browser.get(world.authorize(app, "icecubesapp://"))
    assert (await world.allow(browser, page, csrf="guess")).status == 403
    forged = {
        "client_id": app["client_id"],
        "redirect_uri": "icecubesapp://",
        "response_type": "code",
        "decision": "allow",
    }
    assert (await Browser(world.parts.web).post("/oauth/authorize", forged)).status == 403
    elsewhere = {**page.form("/oauth/authorize?lang=en"), "decision": "allow"}
    assert (await browser.post("/oauth/authorize", elsewhere, Sec_Fetch_Site="cross-site")).status == 403


# --- as whom ----------------------------------------------------------------------------------------------------------------


async def test_staff_choose_to_speak_as_their_group_and_lose_it_with_the_role(world: World) -> None:
    nadia, group = await world.member("nadia"), await world.make.group("sleep")
    await world.make.role(group, nadia, "staff")
    app = await world.register("icecubesapp://")
    browser = world.browser()
    await browser.log_in("nadia")
    page = await browser.get(world.authorize(app, "icecubesapp://"))
    assert "As whom should it speak?" in page.text
    back = await world.allow(browser, page, actor=str(group))
    token = (await world.exchange(app, code_of(back.location), "icecubesapp://")).json["access_token"]
    who = await world.get("/api/v1/accounts/verify_credentials", token)
    assert (who.json["id"], who.json["group"]) == (str(group), True)
    said = await world.post("/api/v1/statuses", token, status="We are here", visibility="public")
    assert said.json["account"]["acct"] == "sleep"
    own = await world.token(nadia)
    late = await world.allow(browser, page, actor=str(group))
    await world.make.role(group, nadia, "staff", on=False)
    assert (await world.get("/api/v1/accounts/verify_credentials", token)).status == 401
    assert (await world.exchange(app, code_of(late.location), "icecubesapp://")).status == 400
    assert (await world.get("/api/v1/accounts/verify_credentials", own)).status == 200


async def test_nobody_speaks_as_an_actor_that_is_not_his(world: World) -> None:
    await world.member("nadia")
    omar, group = await world.member("omar"), await world.make.group("sleep")
    app = await world.register("icecubesapp://")
    browser = world.browser()
    await browser.log_in("nadia")
    page = await browser.get(world.authorize(app, "icecubesapp://"))
    for actor in (str(omar), str(group), "0", "x", ""):
        refused = await world.allow(browser, page, actor=actor)
        assert refused.status == 422, actor
        assert "Please choose as whom" in refused.text


# --- tokens -----------------------------------------------------------------------------------------------------------------


async def test_with_a_challenge_the_verifier_is_required(world: World) -> None:
    await world.member("nadia")
    app = await world.register("icecubesapp://")
    more = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    for verifier in ("", "w" * 43, CHALLENGE):
        code = await world.sign_in("nadia", app, "icecubesapp://", **more)
        refused = await world.exchange(app, code, "icecubesapp://", code_verifier=verifier)
        assert (refused.status, refused.error) == (400, "invalid_grant")
    code = await world.sign_in("nadia", app, "icecubesapp://", **more)
    assert (await world.exchange(app, code, "icecubesapp://", code_verifier=VERIFIER)).status == 200


async def test_the_client_proves_itself_in_the_body_or_by_basic(world: World) -> None:
    await world.member("nadia")
    app = await world.register("icecubesapp://")
    code = await world.sign_in("nadia", app, "icecubesapp://")
    basic = base64.b64encode(f"{app['client_id']}:{app['client_secret']}".encode()).decode()
    wrong = base64.b64encode(f"{app['client_id']}:guess".encode()).decode()
    values = {"grant_type": "authorization_code", "code": code, "redirect_uri": "icecubesapp://"}
    for header in (f"Basic {wrong}", "Basic ???", ""):
        refused = await world.ask("POST", "/oauth/token", form=values, Authorization=header)
        assert (refused.status, refused.error) == (401, "invalid_client")
        assert refused.json["error_description"]
    assert (
        await world.ask("POST", "/oauth/token", form=values, Authorization=f"Basic {basic}")
    ).status == 200


async def test_a_code_works_once_for_ten_minutes_for_its_client_and_its_address(world: World) -> None:
    await world.member("nadia")
    app, other = await world.register("icecubesapp://", OOB), await world.register("icecubesapp://")
    code = await world.sign_in("nadia", app, "icecubesapp://")
    assert (await world.exchange(other, code, "icecubesapp://")).error == "invalid_grant"
    assert (await world.exchange(app, code, OOB)).error == "invalid_grant"
    assert (await world.exchange(app, "guess", "icecubesapp://")).error == "invalid_grant"
    assert (await world.exchange(app, code, "icecubesapp://")).status == 200
    late = await world.sign_in("nadia", app, "icecubesapp://")
    world.clock.forward(601)
    assert (await world.exchange(app, late, "icecubesapp://")).error == "invalid_grant"


async def test_a_code_used_twice_ends_the_token_it_made(world: World) -> None:
    await world.member("nadia")
    app = await world.register("icecubesapp://")
    code = await world.sign_in("nadia", app, "icecubesapp://")
    kept = (
        await world.exchange(app, await world.sign_in("nadia", app, "icecubesapp://"), "icecubesapp://")
    ).json
    token = (await world.exchange(app, code, "icecubesapp://")).json["access_token"]
    assert (await world.get("/api/v1/timelines/home", token)).status == 200
    assert (await world.exchange(app, code, "icecubesapp://")).error == "invalid_grant"
    assert (await world.get("/api/v1/timelines/home", token)).status == 401
    assert (await world.get("/api/v1/timelines/home", kept["access_token"])).status == 200


async def test_a_code_brought_twice_at_once_makes_at_most_one_token(world: World) -> None:
    await world.member("nadia")
    app = await world.register("icecubesapp://")
    code = await world.sign_in("nadia", app, "icecubesapp://")
    both = await asyncio.gather(*(world.exchange(app, code, "icecubesapp://") for _ in range(4)))
    assert sorted(r.status for r in both) == [200, 400, 400, 400]


async def test_other_grants_and_scopes_beyond_the_registered_ones_are_refused(world: World) -> None:
    app = await world.register(scopes="read")
    keys = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    password = await world.post("/oauth/token", grant_type="password", username="nadia", password="x", **keys)
    assert (password.status, password.error) == (400, "unsupported_grant_type")
    wide = await world.post("/oauth/token", grant_type="client_credentials", scope="write", **keys)
    assert (wide.status, wide.error) == (400, "invalid_scope")
    assert (await world.post("/oauth/token", grant_type="client_credentials", **keys)).json["scope"] == "read"


async def test_a_token_is_revoked_by_its_client_and_by_nobody_else(world: World) -> None:
    await world.member("nadia")
    app, other = await world.register("icecubesapp://"), await world.register("icecubesapp://")
    code = await world.sign_in("nadia", app, "icecubesapp://")
    token = (await world.exchange(app, code, "icecubesapp://")).json["access_token"]

    async def revoke(app: dict[str, Any], token: str) -> tuple[int, Any]:
        keys = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        got = await world.ask("POST", "/oauth/revoke", form={"token": token, **keys})
        return got.status, got.json

    assert await revoke(other, token) == (200, {})
    assert (await world.get("/api/v1/timelines/home", token)).status == 200
    assert (await revoke({**app, "client_secret": "guess"}, token))[0] == 403
    assert await revoke(app, "unknown") == (200, {})
    assert await revoke(app, token) == (200, {})
    assert (await world.get("/api/v1/timelines/home", token)).status == 401


async def test_suspension_ends_tokens_codes_and_sessions_together(world: World) -> None:
    nadia = await world.member("nadia")
    app = await world.register("icecubesapp://")
    code = await world.sign_in("nadia", app, "icecubesapp://")
    token = (await world.exchange(app, code, "icecubesapp://")).json["access_token"]
    pending = await world.sign_in("nadia", app, "icecubesapp://")
    browser = world.browser()
    await browser.log_in("nadia")
    await world.make.suspend(nadia)
    assert (await world.get("/api/v1/timelines/home", token)).status == 401
    assert (await world.exchange(app, pending, "icecubesapp://")).status == 400
    assert (await browser.get(world.authorize(app, "icecubesapp://"))).location.startswith("/login")


# --- documents --------------------------------------------------------------------------------------------------------------


async def test_the_metadata_says_what_there_is(world: World) -> None:
    found = (await world.get("/.well-known/oauth-authorization-server")).json
    assert found["issuer"] == "https://clinic.example/"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert found["grant_types_supported"] == ["authorization_code", "client_credentials"]
    assert {"read", "write:media", "follow", "push", "profile", "admin:read:accounts"} <= set(
        found["scopes_supported"]
    )


async def test_userinfo_says_who_signed_in_to_those_with_the_scope_profile_alone(world: World) -> None:
    nadia = await world.make.member("nadia")
    token = await world.token(nadia, "profile")
    for method in ("GET", "POST"):
        got = await world.ask(method, "/oauth/userinfo", token)
        assert got.json["sub"] == "https://clinic.example/users/nadia"
        assert got.json["preferred_username"] == "nadia"
    assert (await world.get("/oauth/userinfo", await world.token(nadia, "read write"))).status == 403
    assert (await world.get("/api/v1/accounts/verify_credentials", token)).status == 200
    assert (await world.get("/api/v1/timelines/home", token)).status == 403
