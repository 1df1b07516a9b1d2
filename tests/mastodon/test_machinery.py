"""What every endpoint shares: token and scope, parameters, pages, idempotency, limits, CORS, errors, the description."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain.client_effects import MakeAnnouncement
from fedi_community.domain.effects import Decision, SetGrant
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Grant, followers_of
from fedi_community.domain.scopes import SCOPES, covers, parse, within
from fedi_community.errors import Problem
from fedi_community.mastodon import endpoints
from fedi_community.mastodon.base import Endpoint
from fedi_community.mastodon.entities.schema import SCHEMAS
from fedi_community.mastodon.params import Param, invalid, nest, read_all
from tests.mastodon.conftest import World, opened
from tests.mastodon.schema import wrong
from tests.mastodon.test_push import Phone

EVERY = [(tag, endpoint) for tag, endpoint in endpoints() if tag != "streaming"]
"""Streams never end; `test_streaming` opens and refuses them."""


def address(endpoint: Endpoint) -> str:
    """An address of the endpoint at which there is nothing."""
    return re.sub(r"<\w+>", "700000000000000000", endpoint.path)


# --- who may ask ----------------------------------------------------------------------------------------------------------


async def test_every_endpoint_answers_401_without_a_token_where_it_needs_one_and_never_otherwise(
    world: World,
) -> None:
    for _, endpoint in EVERY:
        if endpoint.path.startswith("/oauth/") and endpoint.access.kind == "anyone":
            continue  # there 401 means a client that does not prove itself
        got = await world.ask(endpoint.method, address(endpoint))
        if endpoint.access.kind == "anyone":
            assert got.status not in (401, 403), endpoint.name
        else:
            assert (got.status, got.error) == (401, "The access token is invalid"), endpoint.name


@pytest.mark.parametrize("engine", ["sqlite"])  # no statement is asked here that others do not ask
async def test_every_endpoint_takes_its_scopes_and_those_that_cover_them_and_no_others(world: World) -> None:
    nadia = await world.make.member("nadia")
    tokens = {scope: await world.token(nadia, scope) for scope in SCOPES}
    checked = 0
    for _, endpoint in EVERY:
        if endpoint.path.startswith("/oauth/") and endpoint.access.kind == "anyone":
            continue
        for scope, token in tokens.items():
            wanted = endpoint.access.scopes
            allowed = not wanted or any(covers([scope], one) for one in wanted)
            got = await world.ask(endpoint.method, address(endpoint), token)
            assert got.status != 401, f"{endpoint.name} with {scope}"
            outside = got.status == 403 and got.error == "This action is outside the authorized scopes"
            if endpoint.path == "/api/v1/accounts" and endpoint.method == "POST":
                assert outside, "a member does not sign up"
            else:
                assert outside is not allowed, f"{endpoint.name} with {scope}: {got.status}"
            checked += 1
    assert checked > 900


async def test_a_bad_token_is_401_where_a_stranger_may_ask_too(world: World) -> None:
    assert (await world.get("/api/v1/timelines/public", "nonsense")).status == 401
    assert (await world.get("/api/v1/timelines/public")).status == 200


async def test_a_token_may_come_in_the_query_string(world: World) -> None:
    token = await world.token(await world.make.member("nadia"))
    assert (await world.get(f"/api/v1/accounts/verify_credentials?access_token={token}")).status == 200


def test_scopes_are_hierarchical() -> None:
    assert covers(["read"], "read:statuses")
    assert covers(["follow"], "write:blocks")
    assert covers(["admin:read"], "admin:read:reports")
    assert not covers(["read"], "write:statuses")
    assert not covers(["follow"], "read:statuses")
    assert not covers(["read"], "admin:read:reports")
    assert not covers(["admin:read:reports"], "admin:read")
    assert not covers(["read:statuses"], "read")
    assert parse("read+write  push") == ("read", "write", "push")
    assert parse("") == ("read",)
    assert parse("read fly") is None
    assert within(["read:lists"], ["read"])
    assert not within(["write"], ["read", "write:media"])


# --- parameters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "made"),
    [
        ([("a[]", "x"), ("a[]", "y")], {"a": ["x", "y"]}),
        ([("a", "x"), ("a", "y")], {"a": ["x", "y"]}),
        ([("a[0]", "x"), ("a[1]", "y")], {"a": ["x", "y"]}),
        ([("data[alerts][admin.sign_up]", "true")], {"data": {"alerts": {"admin.sign_up": "true"}}}),
        (
            [("f[0][name]", "n"), ("f[0][value]", "v"), ("f[1][name]", "m")],
            {"f": [{"name": "n", "value": "v"}, {"name": "m"}]},
        ),
        (
            [("k[][id]", "1"), ("k[][word]", "a"), ("k[][id]", "2")],
            {"k": [{"id": "1", "word": "a"}, {"id": "2"}]},
        ),
        ([("poll[options][]", "a"), ("poll[options][]", "b")], {"poll": {"options": ["a", "b"]}}),
        ([("a[", "x")], {"a": "x"}),
    ],
)
def test_nested_names_are_read_as_rails_reads_them(
    pairs: list[tuple[str, str]], made: dict[str, Any]
) -> None:
    assert nest(pairs) == made


def test_declared_parameters_are_converted() -> None:
    declared = (
        Param("on", "flag"), Param("count", "number", maximum=40), Param("ids", "ids"), Param("word", choices=("a", "b")),
        Param("at", "cursor"), Param("who", "id"), Param("list", "texts"), Param("rows", "objects"),
    )  # fmt: skip
    for yes in (True, "true", "1", "on", "t", 1):
        assert read_all(declared, {"on": yes}) == {"on": True}
    for no in (False, "false", "0", "off", "f", ""):
        assert read_all(declared, {"on": no}) == {"on": False}
    assert read_all(declared, {"count": "99"}) == {"count": 40}
    assert read_all(declared, {"count": ""}) == {"count": None}
    assert read_all(declared, {"ids": ["5", "x", "5", 6]}) == {"ids": [5, 6]}
    assert read_all(declared, {"at": "9" * 30}) == {"at": None}
    assert read_all(declared, {"list": "one"}) == {"list": ["one"]}
    assert read_all(declared, {"rows": {"a": {"x": 1}}}) == {"rows": [{"x": 1}]}
    assert read_all(declared, {"nobody": "asked"}) == {}
    with pytest.raises(Problem, match="included in the list"):
        read_all(declared, {"word": "c"})
    with pytest.raises(Problem, match="not_found"):
        read_all(declared, {"who": "../1"})
    with pytest.raises(Problem, match="can't be blank"):
        read_all([Param("must", required=True)], {"must": ""})
    assert invalid("in_reply_to", "x").status == 422


async def test_parameters_come_in_the_query_a_form_or_json_and_a_trailing_slash_is_fine(world: World) -> None:
    token = await world.token(await world.make.member("nadia"))
    ways = [
        await world.ask("POST", "/api/v1/statuses?status=in+the+query", token),
        await world.ask("POST", "/api/v1/statuses", token, form={"status": "in a form"}),
        await world.ask("POST", "/api/v1/statuses/", token, json={"status": "in json"}),
        await world.ask("POST", "/api/v1/statuses?status=query", token, json={"status": "the body wins"}),
        await world.ask(
            "POST", "/api/v1/statuses", token, raw=MULTIPART, Content_Type="multipart/form-data; boundary=b"
        ),
    ]
    assert [way.status for way in ways] == [200] * 5
    assert [re.sub("<[^>]*>", "", way.json["content"]) for way in ways] == [
        "in the query", "in a form", "in json", "the body wins", "in parts",
    ]  # fmt: skip


MULTIPART = b'--b\r\nContent-Disposition: form-data; name="status"\r\n\r\nin parts\r\n--b--\r\n'


async def test_a_body_that_cannot_be_read_is_told_so_in_json(world: World) -> None:
    token = await world.token(await world.make.member("nadia"))
    for raw, kind, status in ((b"{", "application/json", 400), (b"<x/>", "text/xml", 415)):
        got = await world.ask("POST", "/api/v1/statuses", token, raw=raw, Content_Type=kind)
        assert got.status == status
        assert got.error
    nul = await world.ask("POST", "/api/v1/statuses", token, json={"status": "a\0b"})
    assert (nul.status, nul.json["content"]) == (200, "<p>ab</p>")


# --- pages ----------------------------------------------------------------------------------------------------------------


async def test_a_list_is_walked_by_its_link_header_to_the_end_and_back(world: World) -> None:
    nadia = await world.make.member("nadia")
    posts = [str(await world.make.post(nadia, f"number {n}")) for n in range(7)]
    path, seen, prev = f"/api/v1/accounts/{nadia}/statuses?limit=3&exclude_replies=true", [], ""
    for _ in range(5):
        page = await world.get(path)
        seen += [s["id"] for s in page.json]
        links = {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', page.headers.get("Link", ""))}
        assert all(url.startswith("https://clinic.example/api/v1/") for url in links.values())
        assert all("exclude_replies=true" in url and "limit=3" in url for url in links.values())
        prev = prev or links["prev"]
        if "next" not in links:
            break
        path = links["next"].removeprefix("https://clinic.example")
    assert seen == posts[::-1]
    newer = str(await world.make.post(nadia, "newer"))
    assert [s["id"] for s in (await world.get(prev.removeprefix("https://clinic.example"))).json] == [newer]


async def test_limits_of_pages_are_capped_and_nonsense_is_ignored(world: World) -> None:
    nadia = await world.make.member("nadia")
    for n in range(45):
        await world.make.post(nadia, f"number {n}")
    path = f"/api/v1/accounts/{nadia}/statuses"
    assert len((await world.get(f"{path}?limit=1000")).json) == 40
    assert len((await world.get(f"{path}?limit=x")).json) == 20
    assert len((await world.get(f"{path}?limit=0")).json) == 1
    assert len((await world.get(f"{path}?max_id=;drop")).json) == 20


# --- once -----------------------------------------------------------------------------------------------------------------


async def test_the_same_key_gives_the_same_status_also_while_the_first_is_running(world: World) -> None:
    nadia, omar = await world.make.member("nadia"), await world.make.member("omar")
    token, other = await world.token(nadia), await world.token(omar)

    async def post(token: str, key: str) -> str:
        made = await world.ask(
            "POST", "/api/v1/statuses", token, json={"status": "hello"}, Idempotency_Key=key
        )
        assert made.status == 200, made.body
        return str(made.json["id"])

    at_once = await asyncio.gather(*(post(token, "k1") for _ in range(6)))
    assert len(set(at_once)) == 1
    assert await post(token, "k1") == at_once[0]
    assert await post(token, "k2") != at_once[0]
    assert await post(other, "k1") != at_once[0]
    world.clock.forward(3601)
    assert await post(token, "k1") != at_once[0]


async def test_a_refusal_is_not_remembered_under_its_key(world: World) -> None:
    token = await world.token(await world.make.member("nadia"))
    refused = await world.ask("POST", "/api/v1/statuses", token, json={"status": ""}, Idempotency_Key="k")
    taken = await world.ask("POST", "/api/v1/statuses", token, json={"status": "now"}, Idempotency_Key="k")
    assert (refused.status, taken.status) == (422, 200)


# --- limits ---------------------------------------------------------------------------------------------------------------


async def test_a_member_may_ask_so_often_and_others_are_not_held_back_by_it(
    database_url: str, tmp_path: Path
) -> None:
    world = await opened(database_url, tmp_path, api_rate=3)
    try:
        nadia, omar = await world.make.member("nadia"), await world.make.member("omar")
        token, other = await world.token(nadia), await world.token(omar)
        path = "/api/v1/accounts/verify_credentials"
        left = [(await world.get(path, token)).headers["X-RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        refused = await world.get(path, token)
        assert (refused.status, refused.error) == (429, "Too many requests")
        assert refused.headers["X-RateLimit-Limit"] == "3"
        assert re.fullmatch(r"2026-01-05T\d\d:\d\d:\d\d\.\d{3}Z", refused.headers["X-RateLimit-Reset"])
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        wait = int(refused.headers["Retry-After"])
        assert 0 < wait <= 300
        assert (await world.get(path, other)).status == 200
        world.clock.forward(wait)
        assert (await world.get(path, token)).status == 200
    finally:
        await world.parts.close()


async def test_wrong_tokens_and_strangers_count_for_their_address(database_url: str, tmp_path: Path) -> None:
    world = await opened(database_url, tmp_path, api_rate=3)
    try:
        for n in range(3):
            assert (await world.get("/api/v1/accounts/verify_credentials", f"guess{n}")).status == 401
        assert (await world.get("/api/v1/accounts/verify_credentials", "guess")).status == 429
        assert (await world.get("/api/v1/timelines/public")).status == 429
    finally:
        await world.parts.close()


async def test_deletions_have_a_budget_of_their_own(database_url: str, tmp_path: Path) -> None:
    world = await opened(database_url, tmp_path, api_rate=600)
    try:
        token = await world.token(await world.make.member("nadia"))
        answers = [
            (await world.ask("DELETE", "/api/v1/statuses/700000000000000000", token)).status
            for _ in range(61)
        ]
        assert answers == [404] * 60 + [429], "30 at the usual rate of 300: twice that at 600"
        assert (await world.get("/api/v1/timelines/home", token)).status == 200
    finally:
        await world.parts.close()


# --- any origin, any error ------------------------------------------------------------------------------------------------


async def test_scripts_of_any_origin_may_read_answers_and_errors(world: World) -> None:
    for method, path in (
        ("OPTIONS", "/api/v1/statuses"), ("OPTIONS", "/oauth/token"), ("OPTIONS", "/api/v1/nothing"),
        ("GET", "/api/v2/instance"), ("GET", "/api/v1/nothing"), ("GET", "/api/v1/timelines/home"), ("POST", "/oauth/token"),
        ("PATCH", "/api/v1/apps"), ("GET", "/.well-known/oauth-authorization-server"), ("GET", "/.well-known/nodeinfo"),
        ("GET", "/nodeinfo/2.0"), ("GET", "/.well-known/host-meta"), ("GET", "/static/missing.png"),
    ):  # fmt: skip
        got = await world.ask(method, path, Origin="https://elsewhere.example")
        assert got.headers["Access-Control-Allow-Origin"] == "*", path
        assert "Access-Control-Allow-Credentials" not in got.headers
        if method == "OPTIONS":
            assert got.status == 200
            assert "PATCH" in got.headers["Access-Control-Allow-Methods"]
            assert "Idempotency-Key" in got.headers["Access-Control-Allow-Headers"]
    exposed = (await world.get("/api/v2/instance")).headers["Access-Control-Expose-Headers"]
    assert {"Link", "X-RateLimit-Reset", "X-Request-Id"} <= set(exposed.split(", "))


async def test_pages_are_not_open_to_other_origins(world: World) -> None:
    for path in ("/", "/login", "/oauth/authorize"):
        assert "Access-Control-Allow-Origin" not in (await world.get(path)).headers


async def test_every_failure_is_json_with_an_error_text(world: World) -> None:
    token = await world.token(await world.make.member("nadia"))
    for method, path, status in (
        ("GET", "/api/v1/nothing", 404), ("GET", "/api/v2/filters/x", 404), ("DELETE", "/api/v1/apps", 405),
        ("GET", "/oauth/token", 405), ("GET", "/api/v1/accounts/lookup", 404), ("GET", "/api/v1/statuses/x", 404),
    ):  # fmt: skip
        got = await world.ask(method, path, token)
        assert got.status == status, path
        assert got.headers["Content-Type"].startswith("application/json")
        assert isinstance(got.json["error"], str)
    huge = await world.ask(
        "POST", "/api/v1/statuses", token, raw=b"x" * (17 * 1024 * 1024), Content_Type="application/json"
    )
    assert (huge.status, huge.error) == (413, "The request is too large")


async def test_an_error_of_ours_is_500_without_a_word_of_what_happened(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret words of a patient")

    monkeypatch.setattr("fedi_community.storage.timelines.merged", broken)
    got = await world.get("/api/v1/timelines/public")
    assert got.status == 500
    assert b"secret" not in got.body
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    logged = "".join(capfd.readouterr())
    assert "secret" not in logged
    assert got.headers["X-Request-Id"] in logged


async def test_errors_are_in_the_callers_language(world: World) -> None:
    path = "/api/v1/accounts/verify_credentials"
    assert (
        await world.get(path, Accept_Language="es-ES,es;q=0.9")
    ).error == "El token de acceso no es válido"
    assert (await world.get(path, Accept_Language="de")).error == "The access token is invalid"


# --- the description ------------------------------------------------------------------------------------------------------


async def test_the_description_lists_every_route_of_the_client_api_and_refers_to_entities_that_exist(
    world: World,
) -> None:
    described = (await world.get("/api/openapi.json")).json
    assert described["openapi"] == "3.1.0"
    listed = {(m.upper(), re.sub(r"{\w+}", "*", p)) for p, ways in described["paths"].items() for m in ways}
    routes = {
        (method, re.sub(r"<[^>]*>", "*", rule.rule))
        for rule in world.parts.web.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert routes - listed == {("GET", "/api/openapi.json")}
    ids = [way["operationId"] for ways in described["paths"].values() for way in ways.values()]
    assert len(ids) == len(set(ids))
    refs = set(re.findall(r'"\$ref": ?"#/components/schemas/(\w+)"', str(described).replace("'", '"')))
    assert refs <= set(SCHEMAS) == set(described["components"]["schemas"])
    for ways in described["paths"].values():
        for way in ways.values():
            assert way["summary"], way["operationId"]
            assert way["security"], way["operationId"]


EMPTY_HERE = re.compile(
    r"activity|domain_blocks$|instance/rules|/card|peers|translation|custom_emojis|familiar|quotes|trends|link"
    r"|suggestions|appeals|account_warnings|direct|/lists$|accounts/<id>/(followers|following|endorsements|featured_tags)|follow_requests"
)
"""Lists that hold nothing in this small world, or never."""


async def _filled(world: World) -> tuple[str, dict[str, str]]:
    """A member who keeps something of every kind. Returns his token, and for a part of an address the id it is asked with."""
    nadia, omar = await world.make.member("nadia", role="admin"), await world.make.member("omar")
    eve = await world.make.member("eve")
    group = await world.make.group("sleep")
    await world.make.join(nadia, group)
    await world.make.role(group, nadia, "mentor")
    await world.make.post(nadia, "does nobody know?", group_id=group)
    world.clock.now += 25 * 3_600_000
    waits = await world.make.post(nadia, "is this so?", group_id=group)
    root = await world.make.post(nadia, "A public word with #sleep for @omar", group_id=group)
    await world.make.post(omar, "an answer", reply_to=root)
    token = await world.token(nadia, "read write follow push profile admin:read admin:write")
    others = await world.token(omar)

    async def made(path: str, who: str = token, **values: Any) -> Any:
        got = await world.post(f"/api/v1/{path}", who, **values)
        assert got.status in (200, 202), (path, got.body)
        return got.json

    await made(f"statuses/{waits}/moderate", act="hold")
    await made(f"groups/{group}/answers", name="Ask a doctor", en="Please ask a doctor.")
    listed = await made("lists", title="near", replies_policy="list")
    await made(f"accounts/{omar}/follow")
    await made(f"lists/{listed['id']}/accounts", account_ids=[str(omar)])
    for verb in ("note", "endorse"):
        await made(f"accounts/{omar}/{verb}", comment="kind")
    await made(f"accounts/{eve}/mute", duration=600)
    await made(f"accounts/{eve}/block")
    await made("domain_blocks", domain="loud.example")
    poll = await made("statuses", status="which?", poll={"options": ["one", "two"], "expires_in": 600})
    later = await made("statuses", status="later", scheduled_at="2026-01-09T10:00:00Z")
    filtered = await world.post(
        "/api/v2/filters", token, title="loud", context=["home"], keywords_attributes=[{"keyword": "shout"}]
    )
    named = await world.post(f"/api/v2/filters/{filtered.json['id']}/statuses", token, status_id=str(root))
    for verb in ("bookmark", "favourite", "pin"):
        await made(f"statuses/{root}/{verb}")
    await made(f"statuses/{root}/reblog", others)
    await made(f"statuses/{root}/favourite", others)
    await made("statuses", others, status="for @nadia alone", visibility="direct")
    policy = {"for_not_following": "filter"}
    assert (await world.ask("PATCH", "/api/v2/notifications/policy", token, json=policy)).status == 200
    zoe = await world.make.member("zoe")
    await world.make.post(zoe, "hello @nadia")
    told = (await world.get("/api/v1/notifications", token)).json
    said = await world.make.post(zoe, "eat only lemons", reply_to=root)
    await made(f"groups/{group}/bans", account_id=str(zoe))
    await made(f"groups/{group}/invitations", note="for the choir")
    circle = await made("circles", title="family")
    await made(f"circles/{circle['id']}/accounts", account_ids=[str(omar)])
    await made(f"admin/accounts/{omar}/badges", label="clinician")
    await world.make.remote("https://peer.example/users/clinic", name="", held_name="Community Clinic")
    asker = await world.make.member("asker")
    await world.make.must(
        Needs(), lambda f: Decision((SetGrant(asker, followers_of(group), Grant.ASKED, f.now),)), 0
    )
    keys = {"p256dh": Phone().p256dh, "auth": "c2l4dGVlbiBieXRlcyBvaw"}
    await made("push/subscription", subscription={"endpoint": "https://push.example/1", "keys": keys})
    filed = await made(
        "reports", others, account_id=str(zoe), status_ids=[str(said)], comment="hm", category="advice"
    )
    await made(f"admin/reports/{filed['id']}/notes", text="asked a doctor")
    await made("personas", username="quiet_river", display_name="Quiet River")
    veiled = await made("personas", others, username="veil", display_name="Veil")
    await made("admin/unmaskings", account_id=veiled["id"], reason="Threatens somebody")
    await made(f"admin/accounts/{omar}/notes", text="called us")
    await made(f"admin/accounts/{zoe}/action", type="none", text="Please stop")
    theirs = await world.token(zoe, "read write")
    warned = (await world.get("/api/v1/account_warnings", theirs)).json
    await made(f"account_warnings/{warned[0]['id']}/appeal", theirs, text="Why?")
    blocked = await made("admin/domain_blocks", domain="bad.example", severity="suspend")
    listed_host = await made("admin/domain_allows", domain="good.example")
    await made("tags/sleep/follow")
    await made("featured_tags", name="sleep")
    await made("markers", home={"last_read_id": str(root)})
    await world.make.must(
        Needs(), lambda f: Decision((MakeAnnouncement(f.new_ids[0], {"en": "*Welcome*"}, None, f.now),)), 1
    )
    return token, {
        "/accounts/<id>": str(omar), "/groups/<id>": str(group), "/lists/<id>": listed["id"],
        "/circles/<id>": circle["id"], "/polls/<id>": poll["id"],
        "/scheduled_statuses/<id>": later["id"], "/list/<id>": listed["id"], "/v2/filters/<id>": filtered.json["id"],
        "/filters/keywords/<id>": filtered.json["keywords"][0]["id"], "/filters/statuses/<id>": named.json["id"],
        "/v1/filters/<id>": filtered.json["keywords"][0]["id"], "/<name>": "sleep",
        "/reports/<id>": filed["id"], "/reports/<report>": filed["id"],
        "/domain_blocks/<id>": blocked["id"], "/domain_allows/<id>": listed_host["id"],
        "/requests/<id>": str(zoe), "/v1/notifications/<id>": told[0]["id"], "/<key>": f"favourite-{root}", "/<date>": "2026-01-05",
        "/<id>": str(root), "omar": str(omar), "root": str(root),
    }  # fmt: skip


async def test_real_answers_keep_to_their_schemas(world: World) -> None:
    app = await world.register()
    token, ids = await _filled(world)
    queries = {
        "lookup": "?acct=omar", "search": "?q=omar", "preview": "?domain=loud.example",
        "link": f"?url=https://clinic.example/objects/{ids['root']}", "relationships": f"?id[]={ids['omar']}",
        "familiar_followers": f"?id[]={ids['omar']}", "/accounts": f"?id[]={ids['omar']}", "/statuses": f"?id[]={ids['root']}",
    }  # fmt: skip
    seen, empty = set(), set()
    for _, endpoint in EVERY:
        if endpoint.method != "GET" or endpoint.returns is None or "/media/" in endpoint.path:
            continue  # files are asked for in tests/media
        path = endpoint.path
        for part in sorted(ids, key=len, reverse=True):
            path = path.replace(part, f"{part[: part.index('<')]}{ids[part]}") if "<" in part else path
        path += next((query for end, query in queries.items() if path.endswith(end)), "")
        got = await world.get(path, token)
        if any(part in path for part in ("terms_of_service", "timelines/link", "/receipt")):
            assert got.status == 404  # nobody wrote any terms, nor a titled post, nor took one back
            continue
        assert got.status == 200, f"{path} {got.body!r}"
        assert wrong(got.json, endpoint.returns) == [], path
        seen.add(endpoint.path)
        if not got.json:
            empty.add(endpoint.path)
    assert len(seen) > 75
    assert {path for path in empty if not EMPTY_HERE.search(path)} == set()
    made = await world.post("/api/v1/statuses", token, status="mine")
    assert wrong(made.json, {"$ref": "#/components/schemas/Status"}) == []
    assert wrong(app, {"$ref": "#/components/schemas/CredentialApplication"}) == []
    assert wrong({**made.json, "visibility": "local"}, {"$ref": "#/components/schemas/Status"})
