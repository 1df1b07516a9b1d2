"""Notifications and conversations: who is told what, until when, and whom a policy keeps apart."""

from __future__ import annotations

from typing import Any

from tests.mastodon.conftest import World


async def people(world: World, *names: str) -> dict[str, tuple[int, str]]:
    made = {name: await world.make.member(name) for name in names}
    return {name: (actor, await world.token(actor)) for name, actor in made.items()}


async def told(world: World, token: str, query: str = "") -> list[tuple[str, str]]:
    got = await world.get(f"/api/v1/notifications{query}", token)
    assert got.status == 200, got.body
    return [(one["type"], one["account"]["acct"]) for one in got.json]


async def test_each_kind_reaches_whom_it_is_for_and_nobody_else(world: World) -> None:
    who = await people(world, "nadia", "omar", "eve")
    (nadia, to_nadia), (omar, to_omar), (_, to_eve) = who["nadia"], who["omar"], who["eve"]
    await world.post(f"/api/v1/accounts/{nadia}/follow", to_omar, notify=True)
    post = await world.make.post(nadia, "a word for @eve")
    await world.post(f"/api/v1/statuses/{post}/favourite", to_omar)
    await world.post(f"/api/v1/statuses/{post}/reblog", to_omar)
    await world.make.edit(nadia, post, "a better word for @eve")
    assert await told(world, to_nadia) == [("reblog", "omar"), ("favourite", "omar"), ("follow", "omar")]
    assert await told(world, to_omar) == [("update", "nadia"), ("status", "nadia")]
    assert await told(world, to_eve) == [("mention", "nadia")]
    assert await told(world, to_nadia, "?types[]=follow") == [("follow", "omar")]
    assert await told(world, to_nadia, "?exclude_types[]=follow&exclude_types[]=reblog") == [
        ("favourite", "omar")
    ]
    assert await told(world, to_nadia, f"?account_id={nadia}") == []
    assert omar != nadia


async def test_what_one_may_no_longer_read_is_told_no_more(world: World) -> None:
    who = await people(world, "nadia", "omar")
    (nadia, _), (omar, to_omar) = who["nadia"], who["omar"]
    group = await world.make.group("caregivers", reads="members")
    for one in (nadia, omar):
        await world.make.join(one, group)
    await world.make.post(nadia, "only here, @omar", group_id=group)
    gone = await world.make.post(nadia, "for a moment, @omar")
    assert await told(world, to_omar) == [("mention", "nadia")] * 2
    await world.make.delete(nadia, gone)
    assert await told(world, to_omar) == [("mention", "nadia")]
    one = (await world.get("/api/v1/notifications", to_omar)).json[0]
    await world.make.leave(omar, group)
    assert await told(world, to_omar) == []
    assert (await world.get(f"/api/v1/notifications/{one['id']}", to_omar)).status == 404
    assert (await world.get("/api/v2/notifications", to_omar)).json["notification_groups"] == []
    assert (await world.get("/api/v1/notifications/unread_count", to_omar)).json == {"count": 0}


async def test_pages_lead_on_and_nothing_is_lost_or_shown_twice(world: World) -> None:
    who = await people(world, "nadia", "omar")
    (_, to_nadia), (omar, _) = who["nadia"], who["omar"]
    posts = [await world.make.post(omar, f"{n} for @nadia") for n in range(7)]
    await world.make.delete(omar, posts[3])
    seen, path = [], "/api/v1/notifications?limit=2"
    while path:
        got = await world.get(path, to_nadia)
        seen += [int(one["status"]["id"]) for one in got.json]
        link = got.headers.get("Link", "")
        path = link.split("https://clinic.example")[1].split(">")[0] if 'rel="next"' in link else ""
    assert seen == [p for p in reversed(posts) if p != posts[3]]


async def test_likes_of_a_post_are_shown_together_and_pages_of_groups_overlap_in_nothing(
    world: World,
) -> None:
    who = await people(world, "nadia", "omar", "eve", "zoe")
    nadia, to_nadia = who["nadia"]
    posts = [await world.make.post(nadia, f"{n}") for n in range(3)]
    for name in ("omar", "eve", "zoe"):
        for post in posts:
            await world.post(f"/api/v1/statuses/{post}/favourite", who[name][1])
    answer = (await world.get("/api/v2/notifications", to_nadia)).json
    groups = {one["group_key"]: one for one in answer["notification_groups"]}
    assert set(groups) == {f"favourite-{post}" for post in posts}
    assert all(one["notifications_count"] == 3 for one in groups.values())
    named = {i for one in groups.values() for i in one["sample_account_ids"]}
    assert named == {one["id"] for one in answer["accounts"]}
    assert {one["id"] for one in answer["statuses"]} == {str(post) for post in posts}
    single = (await world.get("/api/v2/notifications?grouped_types[]=none", to_nadia)).json
    assert len(single["notification_groups"]) == 9
    counted, path = 0, "/api/v2/notifications?limit=1"
    while path:
        got = await world.get(path, to_nadia)
        counted += sum(one["notifications_count"] for one in got.json["notification_groups"])
        link = got.headers.get("Link", "")
        path = link.split("https://clinic.example")[1].split(">")[0] if 'rel="next"' in link else ""
    assert counted == 9
    few = (await world.get("/api/v2/notifications?expand_accounts=partial_avatars", to_nadia)).json
    assert len(few["accounts"]) == 1
    assert len(few["partial_accounts"]) == 2
    assert len((await world.get(f"/api/v2/notifications/favourite-{posts[0]}/accounts", to_nadia)).json) == 3
    assert (await world.post(f"/api/v2/notifications/favourite-{posts[0]}/dismiss", to_nadia)).status == 200
    assert (await world.get(f"/api/v2/notifications/favourite-{posts[0]}", to_nadia)).status == 404
    assert (await world.get("/api/v2/notifications/unread_count", to_nadia)).json == {"count": 2}
    assert (await world.get(f"/api/v2/notifications/favourite-{posts[1]}", who["eve"][1])).status == 404


async def test_a_policy_keeps_strangers_apart_until_they_are_taken_in(world: World) -> None:
    who = await people(world, "nadia", "omar", "eve")
    (nadia, to_nadia), (omar, _), (eve, to_eve) = who["nadia"], who["omar"], who["eve"]
    await world.make.join(nadia, omar)
    changed = await world.ask("PUT", "/api/v2/notifications/policy?for_not_following=filter", to_nadia)
    assert changed.json["for_not_following"] == "filter"
    refused = await world.ask(
        "PATCH", "/api/v2/notifications/policy", to_nadia, json={"for_not_following": "x"}
    )
    assert refused.status == 422
    await world.make.post(omar, "from a friend, @nadia")
    await world.make.post(eve, "from a stranger, @nadia")
    assert await told(world, to_nadia) == [("mention", "omar")]
    assert len(await told(world, to_nadia, "?include_filtered=true")) == 2
    waiting = (await world.get("/api/v1/notifications/requests", to_nadia)).json
    assert [(one["account"]["acct"], one["notifications_count"]) for one in waiting] == [("eve", "1")]
    assert (await world.get("/api/v1/notifications/requests", to_eve)).json == []
    assert (await world.post(f"/api/v1/notifications/requests/{eve}/accept", to_nadia)).status == 200
    assert await told(world, to_nadia) == [("mention", "eve"), ("mention", "omar")]
    assert (await world.post(f"/api/v1/notifications/requests/{omar}/accept", to_nadia)).status == 404
    await world.ask("PUT", "/api/v2/notifications/policy?for_not_following=drop", to_nadia)
    await world.make.post(eve, "again, @nadia")  # was taken in: is heard
    assert len(await told(world, to_nadia)) == 3


async def test_nobody_reads_or_forgets_what_another_was_told(world: World) -> None:
    who = await people(world, "nadia", "omar")
    (_, to_nadia), (omar, to_omar) = who["nadia"], who["omar"]
    await world.make.post(omar, "for @nadia")
    one = (await world.get("/api/v1/notifications", to_nadia)).json[0]["id"]
    for method, path in (
        ("GET", f"/api/v1/notifications/{one}"),
        ("POST", f"/api/v1/notifications/{one}/dismiss"),
    ):
        assert (await world.ask(method, path, to_omar)).status == 404
    await world.post("/api/v1/notifications/clear", to_omar)
    assert len(await told(world, to_nadia)) == 1
    assert (await world.post(f"/api/v1/notifications/{one}/dismiss", to_nadia)).status == 200
    assert await told(world, to_nadia) == []


async def talks(world: World, token: str) -> list[tuple[bool, list[str], str]]:
    found: list[dict[str, Any]] = (await world.get("/api/v1/conversations", token)).json
    return [
        (one["unread"], [a["acct"] for a in one["accounts"]], one["last_status"]["content"]) for one in found
    ]


async def test_a_conversation_follows_its_last_post_for_each_of_its_people(world: World) -> None:
    who = await people(world, "nadia", "omar", "eve")
    (nadia, to_nadia), (omar, to_omar), (_, to_eve) = who["nadia"], who["omar"], who["eve"]
    first = await world.make.post(nadia, "between us, @omar", "direct")
    assert await talks(world, to_omar) == [(True, ["nadia"], "<p>between us, @omar</p>")]
    assert await talks(world, to_nadia) == [(False, ["omar"], "<p>between us, @omar</p>")]
    assert await talks(world, to_eve) == []
    answer = await world.make.post(omar, "yes, @nadia", "direct", reply_to=first)
    assert await talks(world, to_nadia) == [(True, ["omar"], "<p>yes, @nadia</p>")]
    key = (await world.get("/api/v1/conversations", to_nadia)).json[0]["id"]
    assert (await world.post(f"/api/v1/conversations/{key}/read", to_nadia)).json["unread"] is False
    assert (await world.post(f"/api/v1/conversations/{key}/unread", to_nadia)).json["unread"] is True
    assert (await world.post(f"/api/v1/conversations/{key}/read", to_omar)).status == 404
    await world.make.delete(omar, answer)
    assert [content for _, _, content in await talks(world, to_nadia)] == ["<p>between us, @omar</p>"]
    assert (await world.ask("DELETE", f"/api/v1/conversations/{key}", to_nadia)).status == 200
    assert await talks(world, to_nadia) == []
    assert len(await talks(world, to_omar)) == 1
    await world.make.delete(nadia, first)
    assert await talks(world, to_omar) == []


async def test_a_like_that_is_taken_back_is_no_more_told_and_may_be_told_again(world: World) -> None:
    nadia, omar = await world.make.member("nadia"), await world.make.member("omar")
    hers, his = await world.token(nadia), await world.token(omar)
    post = (await world.post("/api/v1/statuses", hers, status="A walk", visibility="public")).json["id"]

    async def told() -> list[str]:
        return [one["type"] for one in (await world.get("/api/v1/notifications", hers)).json]

    await world.post(f"/api/v1/statuses/{post}/favourite", his)
    await world.post(f"/api/v1/statuses/{post}/favourite", his)
    assert await told() == ["favourite"]
    await world.post(f"/api/v1/statuses/{post}/unfavourite", his)
    assert await told() == []
    await world.post(f"/api/v1/statuses/{post}/favourite", his)
    assert await told() == ["favourite"]


async def test_the_id_of_a_notification_is_never_given_again(world: World) -> None:
    nadia, omar = await world.make.member("nadia"), await world.make.member("omar")
    hers, his = await world.token(nadia), await world.token(omar)
    post = (await world.post("/api/v1/statuses", hers, status="A walk", visibility="public")).json["id"]
    ids = []
    for _ in range(2):
        await world.post(f"/api/v1/statuses/{post}/favourite", his)
        ids.append((await world.get("/api/v1/notifications", hers)).json[0]["id"])
        await world.post(f"/api/v1/statuses/{post}/unfavourite", his)
    assert int(ids[1]) > int(ids[0])
