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


async def closed_with_members_elsewhere(world: World) -> tuple[dict[str, Any], str]:
    """inga of far.example is in the group, olaf of far.example is not."""
    who = await cast(world, reads="members")
    await world.make.peers(who["group"], "far.example")
    for name in ("inga", "olaf"):
        who[name] = await world.make.remote(f"https://far.example/users/{name}")
    await world.make.join(who["inga"], who["group"], "https://far.example/follows/1")
    await world.make.answer(who["group"], who["inga"])
    root = await world.post("/api/v1/statuses", who["token"], status="@caregivers a hard week")
    return who, root.json["id"]


async def far_members(world: World, who: dict[str, Any]) -> None:
    """Five more of them: enough for their server to be named."""
    for n in range(5):
        key = await world.make.remote(f"https://far.example/users/n{n}")
        await world.make.join(key, who["group"], f"https://far.example/follows/n{n}")
        await world.make.answer(who["group"], key)


async def test_a_letter_in_a_closed_discussion_does_not_tell_who_is_in_the_group(world: World) -> None:
    who, root = await closed_with_members_elsewhere(world)
    inside, outside = [
        await ask(world, who["token"], f"@{name}@far.example look", "direct", in_reply_to_id=root)
        for name in ("inga", "olaf")
    ]
    assert inside["lines"][0] == "The people you name can read this: @inga@far.example."
    assert outside["lines"][0] == "The people you name can read this: @olaf@far.example."
    assert inside["lines"][1:] == outside["lines"][1:]
    assert inside["lines"][1].startswith("Some of the people you name are on other servers.")
    rest = [{k: v for k, v in one.items() if k != "lines"} for one in (inside, outside)]
    assert rest[0] == rest[1]
    ten = " ".join(f"@other{n}" for n in range(1, 11))
    counted = [
        (await ask(world, who["token"], f"{ten} @{name}", "direct", in_reply_to_id=root))["readers"]
        for name in ("other0", "outsider")
    ]
    assert counted[0] == counted[1]
    assert counted[0]["here"] == {"count": 11, "fewer_than": None}, "as many as are named"


async def test_a_group_with_listed_servers_says_so_whether_anybody_is_there_or_not(world: World) -> None:
    who, _ = await closed_with_members_elsewhere(world)
    some = await ask(world, who["token"], "@caregivers a hard week")
    await world.make.remove(who["group"], who["inga"])
    nobody = await ask(world, who["token"], "@caregivers a hard week")
    assert some == nobody, "with one server listed, it would tell that somebody there is in the group"
    assert some["lines"][1].startswith(
        "Members may also be on other servers that the staff chose for Caregivers"
    )
    assert some["lines"][0].startswith("The members of Caregivers can read this: 11 people here.")
    assert not any("far.example" in line for line in some["lines"])
    assert any(line.startswith("What has been read can be copied.") for line in some["notices"])
    await far_members(world, who)
    many = await ask(world, who["token"], "@caregivers a hard week")
    assert many["readers"]["named_servers"] == ["far.example"]
    assert any("among them far.example" in line for line in many["lines"])


async def test_naming_somebody_nobody_knows_is_noticed_as_well(world: World) -> None:
    who, root = await closed_with_members_elsewhere(world)
    said = [
        (await ask(world, who["token"], f"@{name}@far.example look", in_reply_to_id=root))["notices"]
        for name in ("inga", "olaf", "never_heard_of")
    ]
    assert said[0] == said[1] == said[2]
    assert said[0][0].startswith("Naming somebody lets nobody in")


async def test_a_letter_tells_nobody_that_he_is_blocked(world: World) -> None:
    who = await cast(world)
    asked = ("@other2 hello", "direct")
    free = await ask(world, who["token"], *asked)
    await world.make.block(world.make.ids["other2"], who["id"])
    assert await ask(world, who["token"], *asked) == free
    root = await world.post("/api/v1/statuses", await world.token(world.make.ids["other2"]), status="for all")
    refused = await world.post(PATH, who["token"], status="an answer", in_reply_to_id=root.json["id"])
    assert refused.status == 404, "what could not be posted is refused as ever"


async def test_a_circle_is_told_by_its_number_and_a_block_in_it_is_not_told(world: World) -> None:
    who = await cast(world)
    pal = world.make.ids["other2"]
    await world.make.join(who["id"], pal)
    circle = (await world.post("/api/v1/circles", who["token"], title="Friends")).json["id"]
    await world.post(f"/api/v1/circles/{circle}/accounts", who["token"], account_ids=[str(pal)])
    free = await ask(world, who["token"], "hello", circle_id=circle)
    assert free["lines"][0] == (
        "The people in your circle can read this, and do not learn of each other: fewer than ten people."
    )
    await world.make.block(pal, who["id"])
    assert await ask(world, who["token"], "hello", circle_id=circle) == free
    posted = await world.post("/api/v1/statuses", who["token"], status="hello", circle_id=circle)
    assert posted.status == 200
    seen = await world.get(f"/api/v1/statuses/{posted.json['id']}", await world.token(pal))
    assert seen.status == 404


async def test_what_waits_is_said_to_wait_for_the_right_reason_and_for_its_readers_to_be(
    world: World,
) -> None:
    who, _ = await closed_with_members_elsewhere(world)
    await far_members(world, who)
    await world.make.role(who["group"], world.make.ids["other0"], "staff")
    staff = await world.token(world.make.ids["other0"])
    held = await world.ask("PUT", f"/api/v1/groups/{who['group']}/holds", staff, json={"words": ["miracle"]})
    assert held.status == 200
    said = await ask(world, who["token"], "@caregivers a miracle")
    plain = await ask(world, who["token"], "@caregivers a walk")
    assert (said["held"], plain["held"]) == (True, False)
    assert said["notices"][0] == "Somebody who looks after Caregivers reads this before others see it."
    assert said["lines"] == plain["lines"], "those who will read it"
    assert said["readers"]["named_servers"] == ["far.example"]


async def test_an_answer_to_its_author_alone_names_him(world: World) -> None:
    _, root = await closed_with_members_elsewhere(world)
    other = await world.token(world.make.ids["other1"])
    said = await ask(world, other, "only for you", "direct", in_reply_to_id=root)
    assert said["lines"][0] == "The people you name can read this: @nadia."
