"""Log in and out, sessions and tokens, and forms that come from elsewhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fedi_community import auth
from fedi_community.config import Settings
from fedi_community.domain.effects import Decision, MakeToken, RevokeTokens, SetLogin
from fedi_community.domain.facts import Needs
from fedi_community.domain.roles import decide_role
from fedi_community.errors import Problem
from tests.web.conftest import PASSWORD, Browser, World, application


async def token(
    world: World, actor: int, login: int, *, speak_as: int | None = None, expires: int | None = None
) -> str:
    secret = auth.new_secret()
    await world.make.must(
        Needs(),
        lambda f: Decision(
            (
                MakeToken(f.new_ids[0], auth.token_hash(secret), "access", f.now, login, speak_as or actor,
                          scopes="read write:statuses", expires=expires),
            )
        ),
    )  # fmt: skip
    return secret


async def test_one_logs_in_by_name_or_address_and_out_again(world: World) -> None:
    await world.member("nadia")
    for who in ("nadia", "@Nadia", " NADIA@example.org "):
        browser = world.browser()
        done = await browser.log_in(who)
        assert (done.status, done.location) == (303, "/")
        assert set(browser.cookies) == {"__Host-session"}
        page = await browser.get("/")
        assert "You are logged in as Nadia." in page.text
        kept = dict(browser.cookies)
        out = await browser.post("/logout", page.form("/logout"))
        assert out.status == 303
        assert browser.cookies == {}
        browser.cookies = kept
        assert (
            "Log in" in (await browser.get("/")).text
        )  # the session is over on the server, not only in the browser


async def test_the_cookie_is_for_this_host_over_https_and_for_no_script(world: World) -> None:
    await world.member("nadia")
    browser = world.browser()
    done = await browser.log_in("nadia")
    line = next(v for v in done.headers.getlist("Set-Cookie") if v.startswith("__Host-session="))  # type: ignore[attr-defined]
    for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age="):
        assert part in line
    assert "Domain" not in line


async def test_a_wrong_password_an_unknown_name_and_a_placeholder_hash_get_the_same_answer(
    world: World,
) -> None:
    await world.member("nadia")
    await world.make.member("omar")  # its stored password is no hash at all
    pages = []
    for who in ("nadia", "nobody", "omar", "nobody@example.org"):
        done = await world.browser().log_in(who, "wrong")
        assert done.status == 422
        assert "The name or the password is not right." in done.text
        assert 'value="wrong"' not in done.text
        pages.append(done.text.replace(f'value="{who}"', ""))
    assert len({len(page) for page in pages}) == 1


async def test_an_empty_field_is_said_and_what_was_typed_is_kept(world: World) -> None:
    done = await world.browser().log_in("nadia", "")
    assert done.status == 422
    assert "Please fill in both fields" in done.text
    assert 'value="nadia"' in done.text


async def test_log_in_leads_back_to_where_one_was_and_nowhere_else(world: World) -> None:
    await world.member("nadia", language="es")
    for wanted, leads in (
        ("/groups", "/groups"), ("/es/groups?x=1", "/es/groups?x=1"), ("//evil.example/", "/es/"),
        ("https://evil.example/", "/es/"), ("/\\evil.example", "/es/"), ("/a\nb", "/es/"), ("", "/es/"),
    ):  # fmt: skip
        browser = world.browser()
        form = (await browser.get("/login")).form("/login")
        done = await browser.post("/login", {**form, "who": "nadia", "password": PASSWORD, "next": wanted})
        assert (done.status, done.location) == (303, leads), wanted


async def test_too_many_failures_wait_and_others_do_not(world: World) -> None:
    await world.member("nadia")
    await world.member("omar")
    world.app.config["TESTING"] = True
    browser = world.browser()
    form = (await browser.get("/login")).form("/login")
    limit = world.settings.login_rate
    attempts = auth.Attempts(limit)
    keys = (("who", "1.2.3.4", "nadia"), ("address", "1.2.3.4"), ("account", "nadia"))
    for _ in range(limit):
        attempts.check(keys, 1000)
        attempts.failed(keys, 1000)
    with pytest.raises(Problem) as refused:
        attempts.check(keys, 1000)
    assert (refused.value.status, refused.value.retry_after) == (429, 900)
    attempts.check((("who", "5.6.7.8", "nadia"), ("address", "5.6.7.8"), ("account", "nadia")), 1000)
    attempts.check(keys, 1001 + auth.LOGIN_WINDOW_MS)
    for number in range(4 * limit):
        attempts.failed(
            (("who", "1.2.3.4", f"x{number}"), ("address", "1.2.3.4"), ("account", f"x{number}")), 1000
        )
    with pytest.raises(Problem):
        attempts.check((("who", "1.2.3.4", "omar"), ("address", "1.2.3.4"), ("account", "omar")), 1000)
    assert form


async def test_the_limit_is_kept_on_the_page(world: World) -> None:
    await world.member("nadia")
    browser = world.browser()
    form = (await browser.get("/login")).form("/login")
    wrong = {**form, "who": "nadia", "password": "wrong"}
    done = await asyncio.gather(*(browser.post("/login", wrong) for _ in range(world.settings.login_rate)))
    assert {d.status for d in done} == {422}
    last = await browser.post("/login", {**form, "who": "nadia", "password": PASSWORD})
    assert last.status == 429
    assert int(last.headers["Retry-After"]) > 0
    assert "Please wait a few minutes" in last.text


def test_the_limit_remembers_only_so_many(world: World) -> None:
    attempts = auth.Attempts(20)
    for number in range(auth.MAX_WATCHED + 10):
        attempts.failed((("who", str(number), "x"),), number)
    assert len(attempts._failures) == auth.MAX_WATCHED


async def test_a_suspended_member_is_out_at_once_and_stays_out(world: World) -> None:
    nadia = await world.member("nadia")
    browser = await world.as_(nadia)
    bearer = await token(world, nadia, await world.login_of(nadia))
    assert await auth.viewer_of_token(world.make.house, bearer) is not None
    await world.make.suspend(nadia)
    assert "Log out" not in (await browser.get("/")).text
    assert await auth.viewer_of_token(world.make.house, bearer) is None
    done = await world.browser().log_in("nadia")
    assert done.status == 403
    assert "This account cannot log in now." in done.text


@pytest.mark.parametrize("state", ["suspended", "pending", "unconfirmed", "deleted"])
async def test_only_an_active_login_speaks(world: World, state: str) -> None:
    nadia = await world.member("nadia")
    login = await world.login_of(nadia)
    bearer = await token(world, nadia, login)
    speaker = await auth.viewer_of_token(world.make.house, bearer)
    assert speaker is not None
    assert (speaker.actor_id, speaker.login_id, speaker.scopes) == (nadia, login, {"read", "write:statuses"})
    assert (speaker.viewer.id, speaker.viewer.local, speaker.role) == (nadia, True, "member")
    await world.make.must(Needs(), lambda f: Decision((SetLogin(login, f.now, state=state),)))
    assert await auth.viewer_of_token(world.make.house, bearer) is None


async def test_tokens_end_by_time_by_hand_and_by_kind(world: World) -> None:
    nadia = await world.member("nadia")
    login = await world.login_of(nadia)
    house = world.make.house
    short = await token(world, nadia, login, expires=world.make.clock() + 10_000)
    plain = await token(world, nadia, login)
    assert await auth.viewer_of_token(house, short) is not None
    assert await auth.viewer_of_session(house, plain) is None
    world.make.clock.forward(11)
    assert await auth.viewer_of_token(house, short) is None
    assert await auth.viewer_of_token(house, plain) is not None
    await world.make.must(Needs(), lambda f: Decision((RevokeTokens(f.now, hash=auth.token_hash(plain)),)))
    assert await auth.viewer_of_token(house, plain) is None
    for odd in ("", "x", "\x00", "é" * 300, auth.token_hash(plain)):
        assert await auth.viewer_of_token(house, odd) is None


async def test_a_token_as_a_group_ends_with_the_role(world: World) -> None:
    nadia = await world.member("nadia")
    group = await world.make.group("sleep")
    await world.make.role(group, nadia, "staff")
    login = await world.login_of(nadia)
    bearer = await token(world, nadia, login, speak_as=group)
    speaker = await auth.viewer_of_token(world.make.house, bearer)
    assert speaker is not None
    assert (speaker.actor_id, speaker.login_id, speaker.type) == (group, login, "Group")
    needs = Needs(
        actor_ids=frozenset({group}), handles=frozenset({("nadia", "")}), subjects=frozenset({nadia})
    )
    await world.make.must(needs, lambda f: decide_role(group, nadia, "staff", False, f))
    assert await auth.viewer_of_token(world.make.house, bearer) is None


async def test_a_session_ends_after_sixty_days(world: World) -> None:
    nadia = await world.member("nadia")
    browser = await world.as_(nadia)
    assert "Log out" in (await browser.get("/")).text
    world.make.clock.forward(auth.SESSION_MS / 1000 + 1)
    assert "Log out" not in (await browser.get("/")).text


async def test_forms_from_elsewhere_change_nothing(world: World) -> None:
    nadia = await world.member("nadia")
    group = await world.make.group("sleep")
    browser = await world.as_(nadia)
    form = (await browser.get("/groups/sleep")).form("/groups/sleep/join")
    other = (await (await world.as_(await world.member("omar"))).get("/groups/sleep")).form(
        "/groups/sleep/join"
    )
    for bad, headers in (
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": "é"}, {}),
        (other, {}),
        (form, {"Sec_Fetch_Site": "cross-site"}),
        (form, {"Sec_Fetch_Site": "same-site"}),
    ):
        done = await browser.post("/groups/sleep/join", bad, **headers)
        assert done.status == 403
        assert "This form was open for too long" in done.text
    assert (await world.make.compose(nadia, "@sleep me")).reason == "may_not_post"  # type: ignore[union-attr]
    assert (await browser.post("/groups/sleep/join", form)).status == 303
    assert (await world.make.compose(nadia, "@sleep me")).verdict == "stored"  # type: ignore[union-attr]
    assert group


async def test_log_in_itself_needs_a_form_of_ours(world: World) -> None:
    await world.member("nadia")
    typed = {"who": "nadia", "password": PASSWORD}
    assert (await world.browser().post("/login", typed)).status == 403
    browser = world.browser()
    form = (await browser.get("/login")).form("/login")
    assert (await world.browser().post("/login", {**form, **typed})).status == 403
    assert (await browser.post("/login", {**form, **typed}, Sec_Fetch_Site="cross-site")).status == 403
    assert (await browser.post("/login", {**form, **typed})).status == 303


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://clinic.example"}, False),
        ({"Origin": "https://clinic.example"}, True),
        ({"Origin": "https://evil.example", "Host": "clinic.example"}, False),
        ({"Origin": "null", "Host": "clinic.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_where_a_form_came_from(headers: dict[str, str], ours: bool) -> None:
    assert auth.same_origin(Settings(base_url="https://clinic.example"), headers) is ours


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        (None, None, ""),
    ],
)
def test_whom_the_limit_counts(peer: str | None, forwarded: str | None, counted: str) -> None:
    settings = Settings(trusted_proxies="10.0.0.1, 10.0.0.2")
    assert auth.client_address(settings, peer, forwarded) == counted


async def test_passwords_are_argon2id_and_checked_off_the_loop(world: World) -> None:
    hashed = await auth.hash_password("a long walk")
    assert hashed.startswith("$argon2id$")
    assert await auth.verify_password(hashed, "a long walk")
    assert not await auth.verify_password(hashed, "a short walk")
    assert not await auth.verify_password(None, "a long walk")
    with pytest.raises(Problem):
        await auth.hash_password("")
    with pytest.raises(Problem):
        await auth.hash_password("x" * (auth.MAX_PASSWORD + 1))


def test_secrets_are_256_bits_and_only_their_hash_is_kept() -> None:
    secrets = {auth.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(secret) == 43 for secret in secrets)
    assert len(auth.token_hash("x")) == 64


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc ", "abc"),
        ("Basic abc", None),
        ("", None),
        (None, None),
        ("Bearer ", None),
    ],
)
def test_bearer_secrets_are_read(header: str | None, secret: str | None) -> None:
    assert auth.bearer(header) == secret


@pytest.mark.parametrize(
    ("signups", "contact", "english", "spanish", "link"),
    [
        ("open", "", "I have no account yet", "Todavía no tengo cuenta", "/signup"),
        ("approval", "", "Somebody from our team looks at it first", "Alguien de nuestro equipo lo mira antes", "/signup"),
        ("closed", "a@clinic.example", "Accounts are made by the clinic. Write to a@clinic.example",
         "Las cuentas las hace la clínica. Escriba a a@clinic.example", "mailto:a@clinic.example"),
        ("closed", "", "Accounts are made by the clinic. Please ask there.", "Las cuentas las hace la clínica. Pregunte allí.", ""),
    ],
)  # fmt: skip
async def test_who_has_no_account_reads_how_to_get_one(
    world: World, signups: str, contact: str, english: str, spanish: str, link: str
) -> None:
    settings = replace(world.settings, signups=signups, contact_email=contact)
    browser = Browser(application(world.make, settings))
    for prefix, words in (("", english), ("/es", spanish)):
        page = (await browser.get(f"{prefix}/login")).text
        assert words in page
        place = prefix + link if link.startswith("/") else link
        assert not link or f'href="{place}"' in page
        assert (f'href="{prefix}/signup"' in page) is (signups != "closed")
