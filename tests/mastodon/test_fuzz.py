"""Every endpoint of the description, asked with what no client sends: never a 500, and what is answered keeps to its schema."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from fedi_community.mastodon import endpoints
from fedi_community.mastodon.base import Endpoint
from tests.mastodon.conftest import World
from tests.mastodon.schema import wrong

NASTY: tuple[Any, ...] = (
    "", "0", "-1", "1", "9223372036854775807", "9223372036854775808", "99999999999999999999999", "1e9", "NaN", "null", "true",
    "[]", "{}", "\x00", "a\x00b", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "ñ" * 300, "x" * 6000,
    "%00", "../../etc", "' OR 1=1 --", "<script>", "@", "@nadia", "@nadia@clinic.example", "#", "https://", "http://[", "!sleep",
    "2026-13-40T99:99:99Z", "2030-01-01T00:00:00Z", "public", "private", "limited", "home", 0, -1, 1, 2**63, 1.5, True, False,
    None, [], {}, [[]], [None, 1, "x"], {"a": {"b": {"c": {}}}}, ["1", "2"], [{"id": "1"}], {"0": "x", "1": "y"},
)  # fmt: skip
ROUNDS = 8


def values(chance: random.Random, endpoint: Endpoint, ids: list[str]) -> dict[str, Any]:
    """Parameters by chance: declared ones, some of them left out, some with an id that exists, and one that nobody declared."""
    found: dict[str, Any] = {"unknown": chance.choice(NASTY)}
    for param in endpoint.params:
        if chance.random() < 0.7:
            found[param.name] = chance.choice(
                (chance.choice(NASTY), chance.choice(ids), [chance.choice(ids)])
            )
    return found


@pytest.mark.parametrize("seed", range(2))
async def test_no_request_breaks_anything(world: World, seed: int) -> None:
    chance = random.Random(seed)
    nadia = await world.make.member("nadia", role="admin")
    omar = await world.make.member("omar")
    group = await world.make.group("sleep")
    await world.make.join(nadia, group)
    post = await world.make.post(nadia, "kettle #sleep @omar", group_id=group)
    ids = [str(i) for i in (nadia, omar, group, post)]
    scopes = "read write follow push profile admin:read admin:write"
    tokens = [await world.token(nadia, scopes), await world.token(omar, scopes), ""]
    asked = 0
    for tag, endpoint in endpoints():
        if tag == "streaming" or endpoint.path.startswith("/oauth/revoke"):
            continue
        for _ in range(ROUNDS):
            path = re.sub(r"<\w+>", lambda _: _part(chance, ids), endpoint.path)
            sent = values(chance, endpoint, ids)
            token = chance.choice(tokens)
            if endpoint.method == "GET" or chance.random() < 0.3:
                flat = [(k, str(v)) for k, v in sent.items() if isinstance(v, str | int | float)]
                path += "?" + "&".join(f"{k}={_quoted(v)}" for k, v in flat)
                got = await world.ask(endpoint.method, path, token)
            else:
                got = await world.ask(endpoint.method, path, token, json=sent)
            asked += 1
            assert got.status < 500 or got.status in endpoint.statuses, (
                f"{endpoint.method} {path} {sent} {got.body!r}"
            )
            if got.status == 200 and endpoint.returns is not None:
                assert wrong(got.json, endpoint.returns) == [], f"{endpoint.method} {path} {sent}"
            elif got.status >= 400:
                assert isinstance(got.json["error"], str), path
            if got.status == 401 and token:
                tokens = [await world.token(nadia, scopes), await world.token(omar, scopes), ""]
    assert asked > 1500


def _part(chance: random.Random, ids: list[str]) -> str:
    return chance.choice((chance.choice(ids), "0", "x", "99999999999999999999", "favourite-1", "%E2%82%AC"))


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
