"""Circles: one writes to some people, who answer the author alone and never learn of each other."""

from __future__ import annotations

from typing import Any

from tests.mastodon.conftest import World
from tests.mastodon.schema import wrong


async def cast(world: World) -> dict[str, Any]:
    who: dict[str, Any] = {}
    for name in ("nadia", "omar", "eve", "outsider"):
        who[name] = await world.make.member(name)
        who[f"{name}_token"] = await world.token(who[name])
    for name in ("omar", "eve"):
        await world.make.join(who["nadia"], who[name])
    made = await world.post("/api/v1/circles", who["nadia_token"], title="family")
    assert wrong(made.json, {"$ref": "#/components/schemas/Circle"}) == []
    who["circle"] = made.json["id"]
    put = await world.post(
        f"/api/v1/circles/{who['circle']}/accounts", who["nadia_token"],
        account_ids=[str(who["omar"]), str(who["eve"])],
    )  # fmt: skip
    assert put.status == 200
    return who


async def say(world: World, who: dict[str, Any], by: str, text: str, **more: Any) -> Any:
    return await world.post("/api/v1/statuses", who[f"{by}_token"], status=text, **more)


async def reads(world: World, who: dict[str, Any], status: str) -> list[str]:
    names = ("nadia", "omar", "eve", "outsider")
    got = {n: await world.get(f"/api/v1/statuses/{status}", who[f"{n}_token"]) for n in names}
    return [name for name, one in got.items() if one.status == 200]


async def test_a_post_to_a_circle_is_read_by_its_people_who_do_not_learn_of_each_other(world: World) -> None:
    who = await cast(world)
    made = await say(world, who, "nadia", "the result came, @outsider", circle_id=who["circle"])
    assert (made.status, made.json["visibility"], made.json["mentions"]) == (200, "direct", [])
    status = made.json["id"]
    assert await reads(world, who, status) == ["nadia", "omar", "eve"]
    for path in (f"/api/v1/statuses/{status}", "/api/v1/conversations", "/api/v1/timelines/direct",
                 f"/api/v1/statuses/{status}/context", "/api/v1/notifications", "/api/v1/timelines/home"):  # fmt: skip
        got = await world.get(path, who["omar_token"])
        assert got.status == 200
        assert str(who["eve"]).encode() not in got.body, path
        assert b'"eve"' not in got.body, path
    talk = (await world.get("/api/v1/conversations", who["omar_token"])).json
    assert [[one["acct"] for one in each["accounts"]] for each in talk] == [["nadia"]]
    page = (await world.get(f"/objects/{status}", who["omar_token"])).body
    assert b"Eve" not in page


async def test_an_answer_goes_to_the_author_alone_whatever_was_asked(world: World) -> None:
    who = await cast(world)
    root = (await say(world, who, "nadia", "the result came", circle_id=who["circle"])).json["id"]
    answers = [
        await say(world, who, "omar", "so glad @eve", in_reply_to_id=root, visibility=visibility)
        for visibility in ("public", "private", "direct")
    ]
    for got in answers:
        assert (got.status, got.json["visibility"], got.json["mentions"]) == (200, "direct", [])
        assert await reads(world, who, got.json["id"]) == ["nadia", "omar"]
    told = (await world.get("/api/v1/notifications", who["eve_token"])).json
    assert [one["type"] for one in told] == ["follow"]
    back = await say(world, who, "nadia", "thank you", in_reply_to_id=answers[0].json["id"])
    assert await reads(world, who, back.json["id"]) == ["nadia", "omar"]
    more = await say(world, who, "nadia", "and more", in_reply_to_id=root)
    assert await reads(world, who, more.json["id"]) == ["nadia", "omar", "eve"]
    seen = (await world.get(f"/api/v1/statuses/{root}/context", who["eve_token"])).json
    assert [one["id"] for one in seen["descendants"]] == [more.json["id"]]
    assert (await world.get(f"/api/v1/statuses/{root}", who["eve_token"])).json["replies_count"] == 0


async def test_who_is_in_a_circle_is_fixed_when_it_is_written_to(world: World) -> None:
    who = await cast(world)
    accounts = f"/api/v1/circles/{who['circle']}/accounts"
    old = (await say(world, who, "nadia", "first", circle_id=who["circle"])).json["id"]
    await world.ask("DELETE", accounts, who["nadia_token"], json={"account_ids": [str(who["eve"])]})
    new = (await say(world, who, "nadia", "second", circle_id=who["circle"])).json["id"]
    assert await reads(world, who, old) == ["nadia", "omar", "eve"]
    assert await reads(world, who, new) == ["nadia", "omar"]
    await world.ask("DELETE", accounts, who["nadia_token"], json={"account_ids": [str(who["omar"])]})
    assert (await say(world, who, "nadia", "third", circle_id=who["circle"])).status == 422
    answered = await say(world, who, "nadia", "no", circle_id=who["circle"], in_reply_to_id=old)
    assert answered.status == 422


async def test_a_circle_is_its_owners_alone(world: World) -> None:
    who = await cast(world)
    missing = await world.get("/api/v1/circles/7", who["eve_token"])
    for method, rest in (("GET", ""), ("GET", "/accounts"), ("PUT", ""), ("DELETE", "")):
        got = await world.ask(
            method, f"/api/v1/circles/{who['circle']}{rest}", who["eve_token"], json={"title": "x"}
        )
        assert (got.status, got.body) == (404, missing.body), (method, rest)
    assert (await say(world, who, "eve", "hello", circle_id=who["circle"])).status == 404
    assert (await world.get("/api/v1/circles", who["eve_token"])).json == []
    assert (await world.get("/api/v1/lists", who["nadia_token"])).json == [], "a circle is no timeline"
    path = f"/api/v1/accounts/{who['eve']}/lists"
    assert (await world.get(path, who["nadia_token"])).json == []
    preview = await world.post(
        "/api/v1/audience/preview", who["nadia_token"], status="hello", circle_id=who["circle"]
    )
    assert preview.status == 200
    assert preview.json["visibility"] == "direct"
