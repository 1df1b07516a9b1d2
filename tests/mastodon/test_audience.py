"""The preview of an audience, as clients ask for it: in words, before anything is sent, and unmasking nobody."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from fedi_community.mastodon import audience
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.mastodon.conftest import World
from tests.mastodon.schema import wrong

PATH = "/api/v1/audience/preview"
COUNT = Statement(select(func.count()).select_from(t.objects))


async def cast(world: World, **switches: Any) -> dict[str, Any]:
    make = world.make
    nadia = await make.member("nadia")
    group = await make.group("caregivers", joins="open", **switches)
    await make.join(nadia, group)
    for n in range(11):
        await make.join(await make.member(f"other{n}"), group)
    await make.member("outsider")
    return {"id": nadia, "group": group, "token": await world.token(nadia)}


async def ask(
    world: World, token: str, status: str, visibility: str = "public", **more: Any
) -> dict[str, Any]:
    reply = await world.ask("POST", PATH, token, json={"status": status, "visibility": visibility, **more})
    assert reply.status == 200, reply.json
    assert wrong(reply.json, audience.PREVIEW) == []
    return dict(reply.json)


async def test_it_says_what_everybody_may_read_and_posts_nothing(world: World) -> None:
    who = await cast(world)
    before = await world.parts.db.read(lambda tx: tx.value(COUNT))
    said = await ask(world, who["token"], "A walk")
    assert said["lines"][0].startswith("Everybody on the internet can read this.")
    assert (said["visibility"], said["web"], said["later_members"], said["search"]) == (
        "public",
        True,
        True,
        False,
    )
    assert said["readers"]["here"] == {"count": None, "fewer_than": None}
    assert await world.parts.db.read(lambda tx: tx.value(COUNT)) == before


async def test_a_members_group_counts_its_members_whatever_was_asked(world: World) -> None:
    who = await cast(world, reads="members")
    said = await ask(world, who["token"], "@caregivers a hard week")
    assert said["visibility"] == "private"
    assert said["lines"][0].startswith("The members of Caregivers can read this: 11 people.")
    assert said["readers"]["here"] == {"count": 11, "fewer_than": None}
    assert (said["web"], said["feeds"], said["later_members"]) == (False, False, True)
    assert "No other server gets a copy." in said["lines"]


async def test_it_speaks_spanish(world: World) -> None:
    who = await cast(world, reads="members")
    reply = await world.ask("POST", PATH, who["token"], json={"status": "@caregivers hola", "visibility": "public"},
                            Accept_Language="es")  # fmt: skip
    assert reply.json["lines"][0].startswith("Los miembros de Caregivers pueden leer esto: 11 personas.")


async def test_naming_somebody_in_a_closed_discussion_is_noticed_in_the_same_words_for_all(
    world: World,
) -> None:
    who = await cast(world, reads="members")
    root = (await world.post("/api/v1/statuses", who["token"], status="@caregivers a hard week")).json["id"]
    said = [
        await ask(world, who["token"], f"@{name} look", in_reply_to_id=root)
        for name in ("outsider", "other1")
    ]
    assert said[0] == said[1], "whether somebody is a member is not told"
    assert any(line.startswith("Naming somebody lets nobody in") for line in said[0]["notices"])


async def test_a_block_moves_no_count(world: World) -> None:
    who = await cast(world, reads="members")
    free = await ask(world, who["token"], "@caregivers a hard week")
    await world.make.block(world.make.ids["other1"], who["id"])
    await world.make.block(world.make.ids["other2"], who["id"])
    assert await ask(world, who["token"], "@caregivers a hard week") == free


async def test_a_few_readers_are_fewer_than_ten(world: World) -> None:
    who = await cast(world)
    token = who["token"]
    await world.make.join(world.make.ids["other1"], who["id"])
    said = await ask(world, token, "A walk", "private")
    assert said["readers"]["here"] == {"count": None, "fewer_than": 10}
    assert (
        said["lines"][0]
        == "Your followers can read this: fewer than ten people. So can everybody who follows you later."
    )
    named = await ask(world, token, "@other2 hello", "direct")
    assert named["lines"][0] == "The people you name can read this: @other2."
    assert (await ask(world, token, "hello", "direct"))["lines"][
        0
    ] == "Only you can read this: you name nobody."


async def test_what_could_not_be_posted_is_refused_in_the_same_words(world: World) -> None:
    who = await cast(world)
    token = who["token"]
    for sent in ({"status": "@nosuchgroup hello", "visibility": "public"}, {"status": "", "visibility": "public"},
                 {"status": "@caregivers x", "visibility": "private"}, {"status": "x", "in_reply_to_id": "7"}):  # fmt: skip
        posted = await world.ask("POST", "/api/v1/statuses", token, json=sent)
        asked = await world.ask("POST", PATH, token, json=sent)
        assert (asked.status, asked.json) == (posted.status, posted.json)
        assert asked.status in (404, 422)
    assert (await world.ask("POST", PATH, "", json={"status": "x"})).status == 401


async def test_whoever_deletes_a_post_reads_what_became_of_its_copies(world: World) -> None:
    who = await cast(world)
    post = (await world.post("/api/v1/statuses", who["token"], status="A walk", visibility="public")).json[
        "id"
    ]
    path = f"/api/v1/statuses/{post}/receipt"
    assert (await world.get(path, who["token"])).status == 404, "it stands"
    await world.ask("DELETE", f"/api/v1/statuses/{post}", who["token"])
    found = await world.get(path, who["token"])
    assert wrong(found.json, audience.RECEIPT) == []
    assert (found.json["servers"], found.json["lines"]) == (
        0, ["No other server ever got a copy. Screenshots cannot be recalled."],
    )  # fmt: skip
    other = await world.token(world.make.ids["other1"])
    nothing = await world.get("/api/v1/statuses/7/receipt", other)
    got = await world.get(path, other)
    assert (got.status, got.body) == (nothing.status, nothing.body)
