"""The quick way answers as the long way does: same status, same bytes, same headers; and leaves to it what is not its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.datastructures import Headers as QuartHeaders

from fedi_community import auth
from fedi_community.mastodon import answers, endpoints
from fedi_community.mastodon.asked import MAX_QUERY_FIELDS, Headers
from fedi_community.mastodon.lane import Routes, lane
from tests.mastodon.conftest import Reply, World

QUICK = [one for tag, one in endpoints() if one.method == "GET" and tag != "streaming"]
OWN = {"x-request-id", "x-ratelimit-remaining", "x-ratelimit-reset"}


def told(reply: Reply) -> tuple[int, bytes, dict[str, str]]:
    return reply.status, reply.body, {k.lower(): v for k, v in reply.headers.items() if k.lower() not in OWN}


async def both(world: World, path: str, token: str = "", **headers: str) -> tuple[Any, Any]:
    quick = await world.get(path, token, **headers)
    front, world.parts.web.asgi_app = (
        world.parts.web.asgi_app,
        type(world.parts.web).asgi_app.__get__(world.parts.web),
    )
    try:
        return told(quick), told(await world.get(path, token, **headers))
    finally:
        world.parts.web.asgi_app = front


async def test_both_ways_answer_alike(world: World) -> None:
    nadia = await world.make.member("nadia")
    token = await world.token(nadia, "read write follow push admin:read")
    post = (await world.post("/api/v1/statuses", token, status="Good sleep #rest", visibility="public")).json
    for one in QUICK:
        path = one.path.replace("<id>", post["id"]).replace("<name>", "rest").replace("<hashtag>", "rest")
        for asked in (path, path + "/", path + "?limit=1&max_id=&q=rest&type[]=x&id[]=1&acct=nadia"):
            for key in (token, "", "wrong"):
                quick, long = await both(world, asked, key, Accept_Language="es")
                assert quick == long, (asked, bool(key))


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v1", "/api/v1/statuses/", "/api/v1/statuses//context", "/api/v1/none", "/api/v1/statuses/1/none",
     "/api/v1/statuses/x/context", "/api/v1/statuses/%2e%2e/context", "/api/v1/timelines/tag/", "/api/v1/timelines/list/%00",
     "/api/v1/timelines/tag/%E2%82%AC", "/api/v1/%3C", "/api/v1/statuses/%3C/<"],
)  # fmt: skip
async def test_odd_addresses_are_missing_both_ways(world: World, path: str) -> None:
    quick, long = await both(world, path)
    assert quick == long
    assert quick[0] in (200, 308, 404, 401)


async def test_too_many_parameters_are_refused(world: World) -> None:
    path = "/api/v1/timelines/public?" + "&".join(f"a{n}=1" for n in range(MAX_QUERY_FIELDS + 1))
    assert (await world.get(path)).status == 422


def test_a_literal_part_goes_before_a_named_one() -> None:
    routes = Routes(QUICK)
    for one in QUICK:
        names = one.path.count("<")
        found = routes.find(one.path.replace("<", "x").replace(">", ""))
        assert found is not None
        assert found[0].path == one.path, one.path
        assert len(found[1]) == names
    assert routes.find("/api/v1/accounts/relationships")[0].path == "/api/v1/accounts/relationships"  # type: ignore[index]
    assert routes.find("/api/v1/accounts/1")[1] == {"id": "1"}  # type: ignore[index]


async def test_letters_of_any_language_lead_on(world: World) -> None:
    token = await world.token(await world.make.member("nadia"))
    for tag in ("дом", "日本", "español"):
        await world.post("/api/v1/statuses", token, status=f"#{tag}", visibility="public")
        for path in (f"/api/v1/timelines/tag/{quote(tag)}", f"/api/v2/search?q={quote(tag)}&type=hashtags"):
            quick, long = await both(world, path, token)
            assert quick == long, path
            assert quick[0] == 200
        assert quote(tag) in (await world.get(f"/api/v1/timelines/tag/{quote(tag)}", token)).headers["Link"]


async def test_what_has_a_body_is_left_to_who_reads_bodies() -> None:
    taken: list[str] = []

    async def rest(scope: Any, receive: Any, send: Any) -> None:
        taken.append("rest")

    async def answering(*_: Any) -> Any:
        taken.append("lane")
        return answers.answer({})

    async def send(message: Any) -> None:
        pass

    app = lane(Routes(QUICK), answering, rest)
    base = {"type": "http", "method": "GET", "path": "/api/v1/instance", "query_string": b"", "client": None}
    for headers in (
        [],
        [(b"content-length", b"0")],
        [(b"content-length", b"5")],
        [(b"transfer-encoding", b"chunked")],
    ):
        await app({**base, "headers": headers}, None, send)
    await app({**base, "headers": [], "method": "HEAD"}, None, send)
    assert taken == ["lane", "lane", "rest", "rest", "rest"]


def test_all_lines_of_forwarded_addresses_count_and_of_other_headers_the_first() -> None:
    lines = [
        (b"x-forwarded-for", b"6.6.6.6"),
        (b"authorization", b"one"),
        (b"x-forwarded-for", b"10.0.0.2"),
        (b"authorization", b"two"),
    ]
    held = Headers(lines)
    assert held.get("X-Forwarded-For") == "6.6.6.6, 10.0.0.2"
    assert held.get("Authorization") == "one"
    quart = QuartHeaders([(name.decode(), value.decode()) for name, value in lines])
    assert auth.forwarded(quart) == "6.6.6.6, 10.0.0.2"
    assert auth.forwarded(QuartHeaders([])) is None
