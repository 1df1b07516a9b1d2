"""The daily work in a group from a client: what waits, what nobody answered, saved answers, notes, and moving discussions."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from fedi_community.domain import holds as holding
from fedi_community.domain.model import Body, Holds, Text
from fedi_community.domain.moderation import desk
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.mastodon.conftest import World
from tests.mastodon.test_moderation import act, cast, seen

OBJECTS = Statement(select(t.activities.c.object_id).where(t.activities.c.type == "Delete"))
TYPES = Statement(select(t.activities.c.type, t.activities.c.actor_id).order_by(t.activities.c.id))


async def say(world: World, token: str, status: str, **more: Any) -> dict[str, Any]:
    made = await world.post("/api/v1/statuses", token, status=status, visibility="public", **more)
    assert made.status == 200, made.body
    return dict(made.json)


async def said(world: World) -> list[tuple[str, int]]:
    return [tuple(row) for row in await world.parts.db.read(lambda tx: tx.rows(TYPES))]


async def log(world: World, who: dict[str, Any]) -> list[tuple[str, str]]:
    rows = (await world.get(f"/api/v1/groups/{who['group']}/log", who["mentor_token"])).json
    return [(one["action"], one["reason"]) for one in rows]


# --- what waits -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Call me: 507-555-0199", "phone"),
        ("Mi número es (507) 284 2511, gracias", "phone"),
        ("+34 912 345 678", "phone"),
        ("my pressure: 120/80, 130/85, 125/82", None),
        ("in 2019-2024, and on 2024-11-05 or 05.11.2024", None),
        ("read number 115841907490816000", None),
        ("the BLEÁCH cure", "word"),
        ("bleachers in the stadium", None),
        ("it is a  miracle -\ncure, truly", "word"),
        ("see https://shop.example/pills", "link"),
        ("see www.shop.example", "link"),
        ("@omar thank you #sleep", None),
    ],
)
def test_words_numbers_and_links_are_known(text: str, found: str | None) -> None:
    wanted = Holds(("bleach", "Miracle cure"), links="everybody", phones=True)
    html = "<p>" + text.replace("&", "&amp;") + "</p>"
    assert holding.in_words(Body((Text("en", html),)), wanted, newcomer=False) == found


def test_a_link_behind_words_is_one_and_a_mention_is_none() -> None:
    wanted = Holds(links="newcomers")
    link = Body((Text("en", '<p><a href="https://shop.example" rel="nofollow">here</a></p>'),))
    mention = Body((Text("en", '<p><a href="https://a.example/@b" class="u-url mention">@b</a></p>'),))
    assert holding.in_words(link, wanted, newcomer=True) == "link"
    assert holding.in_words(link, wanted, newcomer=False) is None
    assert holding.in_words(mention, wanted, newcomer=True) is None


async def test_what_a_group_wants_to_see_first_waits_and_is_published_as_if_posted_then(world: World) -> None:
    who = await cast(world)
    path = f"/api/v1/groups/{who['group']}"
    set_ = await world.ask(
        "PUT", f"{path}/holds", who["chief_token"], json={"words": ["bleach"], "phones": True}
    )
    assert (set_.status, set_.json["words"], set_.json["phones"], set_.json["links"]) == (
        200,
        ["bleach"],
        True,
        "nobody",
    )
    before = len(await said(world))
    made = await say(world, who["omar_token"], "@sleep @nadia drink bleach")
    assert made["held"] is True
    assert len(await said(world)) == before, "nothing is sent"
    who["post"], first = made["id"], who["post"]
    assert [await seen(world, who, name) for name in ("omar", "mentor", "nadia")] == [200, 200, 404]
    queue = (await world.get(f"{path}/held", who["mentor_token"])).json
    assert [(one["held_for"], one["status"]["id"]) for one in queue] == [("word", made["id"])]
    passed = await act(world, who, "pass")
    assert (passed.status, passed.json.get("held")) == (200, None)
    assert await seen(world, who, "nadia") == 200
    told = (await world.get("/api/v1/notifications", who["nadia_token"])).json
    assert [one["status"]["id"] for one in told if one["type"] == "mention"] == [made["id"]]
    assert [type_ for type_, _ in (await said(world))[before:]].count("Create") == 1
    assert (await log(world, who))[0][0] == "pass"
    assert first != made["id"]
    fine = await say(world, who["omar_token"], "@sleep tea helps")
    assert "held" not in fine
    assert "held" not in await say(world, who["mentor_token"], "@sleep never drink bleach"), (
        "who runs the group is not held"
    )


async def test_a_first_post_that_was_refused_and_is_restored_goes_out_like_any_other(world: World) -> None:
    who = await cast(world)
    await world.ask("PUT", f"/api/v1/groups/{who['group']}/holds", who["chief_token"], json={"phones": True})
    made = await say(world, who["omar_token"], "call 507-555-0199", in_reply_to_id=who["post"])
    parent = f"/api/v1/statuses/{who['post']}"
    who["post"] = made["id"]
    before = await said(world)
    assert (await act(world, who, "remove")).json["removed"] is True
    assert await said(world) == before, "of what nobody got nothing is taken back"
    assert (await world.get(parent, who["nadia_token"])).json["replies_count"] == 0
    assert (await act(world, who, "restore")).status == 200
    assert (await world.get(parent, who["nadia_token"])).json["replies_count"] == 1
    assert "Create" in [type_ for type_, _ in (await said(world))[len(before) :]]
    assert (await world.ask("DELETE", f"/api/v1/statuses/{made['id']}", who["omar_token"])).status == 200
    assert (await world.get(parent, who["nadia_token"])).json["replies_count"] == 0


async def test_deleting_what_waits_tells_nobody_and_counts_nothing(world: World) -> None:
    who = await cast(world)
    await world.ask("PUT", f"/api/v1/groups/{who['group']}/holds", who["chief_token"], json={"phones": True})
    made = await say(world, who["omar_token"], "call 507-555-0199", in_reply_to_id=who["post"])
    before = await said(world)
    assert (await world.ask("DELETE", f"/api/v1/statuses/{made['id']}", who["omar_token"])).status == 200
    assert await said(world) == before
    parent = await world.get(f"/api/v1/statuses/{who['post']}", who["nadia_token"])
    assert parent.json["replies_count"] == 0


async def test_an_edit_that_adds_a_number_waits_too_and_comes_back_by_passing(world: World) -> None:
    who = await cast(world)
    await world.ask("PUT", f"/api/v1/groups/{who['group']}/holds", who["chief_token"], json={"phones": True})
    path = f"/api/v1/statuses/{who['post']}"
    before = len(await said(world))
    edited = await world.ask(
        "PUT", path, who["nadia_token"], json={"status": "@sleep call me on 507-555-0199"}
    )
    assert (edited.status, edited.json["held"]) == (200, True)
    assert await seen(world, who, "omar") == 404
    kinds = [type_ for type_, _ in (await said(world))[before:]]
    assert "Delete" in kinds
    assert "Update" not in kinds, "the number goes nowhere"
    assert (await act(world, who, "pass")).status == 200
    assert await seen(world, who, "omar") == 200


async def test_a_mentor_holds_what_is_published_and_publishes_it_again(world: World) -> None:
    who = await cast(world)
    assert (await act(world, who, "hold", reason="To ask a doctor")).json["held"] is True
    assert [await seen(world, who, name) for name in ("nadia", "omar")] == [200, 404]
    assert (await act(world, who, "pass")).status == 200
    assert await seen(world, who, "omar") == 200
    assert (await log(world, who))[:2] == [("pass", ""), ("hold", "To ask a doctor")]


async def test_answers_in_a_thread_that_asks_for_it_are_read_first(world: World) -> None:
    who = await cast(world)
    assert (await act(world, who, "read_answers_first")).status == 200
    one = await say(world, who["omar_token"], "an answer", in_reply_to_id=who["post"])
    assert one["held"] is True
    assert "held" not in await say(world, who["mentor_token"], "mine", in_reply_to_id=who["post"])
    below = {**who, "post": one["id"]}
    assert (await act(world, below, "read_answers_first")).status == 422, "it is no thread"
    assert (await act(world, below, "pass")).status == 200
    assert (await act(world, who, "answers_at_once")).status == 200
    assert "held" not in await say(world, who["omar_token"], "another", in_reply_to_id=who["post"])


async def test_newcomers_answers_wait_until_one_was_published(world: World) -> None:
    who = await cast(world)
    await world.ask(
        "PUT", f"/api/v1/groups/{who['group']}/holds", who["chief_token"], json={"replies": "newcomers"}
    )
    first = await say(world, who["omar_token"], "hello", in_reply_to_id=who["post"])
    assert first["held"] is True
    assert (await act(world, {**who, "post": first["id"]}, "pass")).status == 200
    assert "held" not in await say(world, who["omar_token"], "again", in_reply_to_id=who["post"])


async def test_only_those_with_the_power_say_what_waits(world: World) -> None:
    who = await cast(world)
    path = f"/api/v1/groups/{who['group']}/holds"
    for by, status in (("omar", 404), ("outsider", 404), ("mentor", 403), ("chief", 200)):
        assert (await world.ask("PUT", path, who[f"{by}_token"], json={"phones": True})).status == status, by
    for address in ("holds", "held", "unanswered", "answers"):
        missing = await world.get(f"/api/v1/groups/7/{address}", who["omar_token"])
        hidden = await world.get(f"/api/v1/groups/{who['group']}/{address}", who["omar_token"])
        assert (hidden.status, hidden.body) == (missing.status, missing.body) == (404, missing.body)
    many = {"words": [f"w{n}" for n in range(holding.MAX_HELD_WORDS + 1)]}
    assert (await world.ask("PUT", path, who["chief_token"], json=many)).status == 422
    long = {"words": ["w" * (holding.MAX_HELD_WORD + 1)]}
    assert (await world.ask("PUT", path, who["chief_token"], json=long)).status == 422


# --- what nobody answered, and saved answers --------------------------------------------------------------------------------------


async def test_what_nobody_answered_for_a_day_is_in_the_queue(world: World) -> None:
    who = await cast(world)
    path = f"/api/v1/groups/{who['group']}/unanswered"
    assert (await world.get(path, who["mentor_token"])).json == []
    world.clock.now += 25 * 3_600_000
    assert [one["id"] for one in (await world.get(path, who["mentor_token"])).json] == [who["post"]]
    await say(world, who["nadia_token"], "nobody?", in_reply_to_id=who["post"])
    assert [one["id"] for one in (await world.get(path, who["mentor_token"])).json] == [who["post"]], (
        "its author does not answer himself"
    )
    await say(world, who["omar_token"], "I am here", in_reply_to_id=who["post"])
    assert (await world.get(path, who["mentor_token"])).json == []


async def test_a_saved_answer_is_given_in_the_language_of_whom_it_answers(world: World) -> None:
    who = await cast(world)
    path = f"/api/v1/groups/{who['group']}/answers"
    made = await world.post(path, who["mentor_token"], name="Ask a doctor", en="Please ask your doctor.",
                            es="Consulte a su médico, por favor.")  # fmt: skip
    assert (made.status, made.json["name"]) == (200, "Ask a doctor")
    key = made.json["id"]
    post = (
        await world.post(
            "/api/v1/statuses", who["omar_token"], status="@sleep ¿duele?", language="es", visibility="public"
        )
    ).json["id"]
    given = await world.post(f"/api/v1/statuses/{post}/answer", who["mentor_token"], answer_id=key)
    assert given.status == 200, given.body
    assert "Consulte a su médico" in given.json["content"]
    assert (given.json["language"], given.json["in_reply_to_id"]) == ("es", post)
    other = await world.post(f"/api/v1/statuses/{who['post']}/answer", who["mentor_token"], answer_id=key)
    assert "Please ask your doctor" in other.json["content"]
    assert (await log(world, who))[0] == ("answer", "Ask a doctor")
    changed = await world.ask(
        "PUT", f"{path}/{key}", who["mentor_token"], json={"name": "Doctor", "en": "Ask."}
    )
    assert (changed.json["id"], changed.json["name"], changed.json["es"]) == (key, "Doctor", None)
    assert [one["name"] for one in (await world.get(path, who["chief_token"])).json] == ["Doctor"]
    for by, status in (("omar", 404), ("outsider", 404)):
        assert (await world.post(path, who[f"{by}_token"], name="x", en="y")).status == status
        got = await world.post(f"/api/v1/statuses/{post}/answer", who[f"{by}_token"], answer_id=key)
        assert got.status == 404
    assert (await world.post(path, who["mentor_token"], name="x")).status == 422
    assert (await world.post(path, who["mentor_token"], name="x", en="y" * 5001)).status == 422
    assert (await world.ask("DELETE", f"{path}/{key}", who["mentor_token"])).json == {}
    assert (await world.ask("DELETE", f"{path}/{key}", who["mentor_token"])).status == 404
    for n in range(desk.MAX_SAVED):
        assert (await world.post(path, who["mentor_token"], name=f"n{n}", en="y")).status == 200
    assert (await world.post(path, who["mentor_token"], name="more", en="y")).status == 422


# --- the group's own word ---------------------------------------------------------------------------------------------------------


async def test_the_groups_note_is_the_first_answer_and_staff_alone_write_it(world: World) -> None:
    who = await cast(world)
    early = await say(world, who["omar_token"], "I did it too", in_reply_to_id=who["post"])
    path = f"/api/v1/statuses/{who['post']}/note"
    assert (await world.post(path, who["mentor_token"], status="No")).status == 403
    assert (await world.post(path, who["omar_token"], status="No")).status == 403
    made = await world.post(path, who["chief_token"], status="This is dangerous. Please do not do it.")
    assert made.status == 200, made.body
    assert (made.json["account"]["acct"], made.json["note"]) == ("sleep", True)
    below = (await world.get(f"/api/v1/statuses/{who['post']}/context", who["nadia_token"])).json[
        "descendants"
    ]
    assert [one["id"] for one in below] == [made.json["id"], early["id"]]
    page = (await world.get(f"/objects/{who['post']}", Accept="text/html")).body.decode()
    assert page.index("This is dangerous") < page.index("I did it too")
    wrong = await world.ask("DELETE", f"/api/v1/statuses/{early['id']}/note", who["chief_token"])
    assert wrong.status == 422
    gone = await world.ask("DELETE", f"/api/v1/statuses/{made.json['id']}/note", who["chief_token"])
    assert gone.json == {}
    assert [line for line, _ in (await log(world, who))[:2]] == ["unnote", "note"]


# --- discussions --------------------------------------------------------------------------------------------------------


async def test_a_title_is_given_and_the_words_stay(world: World) -> None:
    who = await cast(world)
    path = f"/api/v1/statuses/{who['post']}"
    done = await world.post(f"{path}/retitle", who["mentor_token"], title="  Is   bleach safe? ")
    assert done.status == 200
    assert "<strong>Is bleach safe?</strong>" in done.json["content"]
    assert "drink a litre of it" in done.json["content"]
    document = await world.get(f"/objects/{who['post']}", Accept="application/activity+json")
    assert document.json["name"] == "Is bleach safe?"
    found = (await world.get("/api/v2/search?q=bleach", who["nadia_token"])).json["statuses"]
    assert [one["id"] for one in found] == [who["post"]]
    history = (await world.get(f"{path}/history", who["omar_token"])).json
    assert len(history) == 2
    told = (await world.get("/api/v1/notifications?types[]=update", who["nadia_token"])).json
    assert [(one["type"], one["account"]["acct"], one["status"]["id"]) for one in told] == [
        ("update", "sleep", who["post"])
    ], "a client that knows no groups is told of a change"
    assert (await world.post(f"{path}/retitle", who["mentor_token"], title="x" * 151)).status == 422
    assert (await world.post(f"{path}/retitle", who["mentor_token"], title=" ")).status == 422
    assert (await world.post(f"{path}/retitle", who["omar_token"], title="Mine")).status == 403


async def test_a_discussion_moves_to_another_group_with_its_answers(world: World) -> None:
    who = await cast(world)
    other = await world.make.group("heart", joins="open")
    reply = await say(world, who["omar_token"], "really?", in_reply_to_id=who["post"])
    path = f"/api/v1/statuses/{who['post']}/move"
    assert (await world.post(path, who["mentor_token"], group_id=str(other))).status == 403, (
        "of which he is no mentor"
    )
    await world.make.role(other, who["mentor"], "mentor")
    assert (await world.post(path, who["omar_token"], group_id=str(other))).status == 403
    moved = await world.post(path, who["mentor_token"], group_id=str(other), reason="About the heart")
    assert (moved.status, moved.json["group"]["acct"]) == (200, "heart")
    answer = await world.get(f"/api/v1/statuses/{reply['id']}", who["omar_token"])
    assert answer.json["group"]["acct"] == "heart"
    for handle, ids in (("heart", [who["post"]]), ("sleep", [])):
        page = await world.get(f"/groups/{handle}", Accept="text/html")
        assert [i for i in (who["post"],) if f"/objects/{i}" in page.body.decode()] == ids, handle
    assert ("move_out", "About the heart") in await log(world, who)
    back = await world.post(path, who["mentor_token"], group_id=str(who["group"]))
    assert back.json["group"]["acct"] == "sleep"
    assert (await world.post(path, who["mentor_token"], group_id=str(who["group"]))).status == 422


async def test_moving_never_makes_anything_wider(world: World) -> None:
    who = await cast(world, reads="members", posts="members")
    open_ = await world.make.group("heart", joins="open")
    closed = await world.make.group("quiet", reads="members", posts="members", joins="approval")
    for group in (open_, closed):
        await world.make.role(group, who["mentor"], "mentor")
    path = f"/api/v1/statuses/{who['post']}/move"
    for group in (open_, closed):
        got = await world.post(path, who["mentor_token"], group_id=str(group))
        assert got.status == 422
        assert "stays in its group" in got.json["error"]
    assert [await seen(world, who, name) for name in ("omar", "outsider")] == [200, 404]


async def test_nothing_moves_where_its_authors_would_learn_of_a_group_or_the_mover_has_no_power(
    world: World,
) -> None:
    who = await cast(world)
    hidden = await world.make.group(
        "whisper", finds="members", reads="members", posts="members", joins="invite"
    )
    other = await world.make.group("heart", joins="open")
    await world.make.role(hidden, who["mentor"], "mentor")
    await world.make.role(other, who["mentor"], "mentor", powers=("members",))
    path = f"/api/v1/statuses/{who['post']}/move"
    refused = [await world.post(path, who["mentor_token"], group_id=str(group)) for group in (hidden, other)]
    assert [(one.status, "find" in one.error, "power" in one.error) for one in refused] == [
        (422, True, False),
        (403, False, True),
    ]
    assert b"hisper" not in (await world.get(f"/api/v1/statuses/{who['post']}", who["nadia_token"])).body
    await world.make.role(other, who["mentor"], "mentor", powers=("posts",))
    assert (await world.post(path, who["mentor_token"], group_id=str(other))).status == 200


async def test_what_moves_into_a_closed_group_is_gone_for_all_others(world: World) -> None:
    who = await cast(world)
    closed = await world.make.group("quiet", reads="members", posts="members", joins="open")
    await world.make.role(closed, who["mentor"], "mentor")
    await world.make.join(who["omar"], closed)
    reply = await say(world, who["omar_token"], "canaryanswer", in_reply_to_id=who["post"])
    only = await world.post(
        "/api/v1/statuses", who["omar_token"], status="for my followers", in_reply_to_id=who["post"],
        visibility="private",
    )  # fmt: skip
    assert only.status == 200
    before = len(await said(world))
    done = await world.post(f"/api/v1/statuses/{who['post']}/move", who["mentor_token"], group_id=str(closed))
    assert done.status == 200
    assert [await seen(world, who, name) for name in ("nadia", "omar", "outsider")] == [200, 200, 404]
    below = {**who, "post": reply["id"]}
    assert [await seen(world, below, name) for name in ("omar", "outsider")] == [200, 404]
    assert (await world.get(f"/objects/{who['post']}", Accept="text/html")).status == 404
    for address in (
        "/api/v1/timelines/public",
        "/api/v2/search?q=litre",
        f"/api/v1/accounts/{who['group']}/statuses",
    ):
        assert b"litre" not in (await world.get(address, who["outsider_token"])).body, address
    kinds = [type_ for type_, _ in (await said(world))[before:]]
    assert kinds.count("Delete") == 2, (
        "the discussion and its public answer are taken back, and no other id is told"
    )
    assert "Move" not in kinds
    taken = await world.parts.db.read(lambda tx: tx.rows(OBJECTS))
    assert {str(row[0]) for row in taken} == {who["post"], reply["id"]}


async def test_a_mentor_of_the_next_group_reads_no_more_than_everybody(world: World) -> None:
    who = await cast(world)
    other = await world.make.group("heart", joins="open")
    await world.make.role(other, who["mentor"], "mentor")
    stranger = await world.make.member("vera")
    await world.make.role(other, stranger, "mentor")
    token = await world.token(stranger)
    only = await world.post(
        "/api/v1/statuses", who["omar_token"], status="for my followers", in_reply_to_id=who["post"],
        visibility="private",
    )  # fmt: skip
    path = f"/api/v1/statuses/{only.json['id']}"
    assert [(await world.get(path, who["mentor_token"])).status, (await world.get(path, token)).status] == [
        200,
        404,
    ]
    moved = await world.post(f"/api/v1/statuses/{who['post']}/move", who["mentor_token"], group_id=str(other))
    assert moved.status == 200
    assert (await world.get(path, token)).status == 404


async def test_two_discussions_are_joined_and_parted_again(world: World) -> None:
    who = await cast(world)
    second = await say(world, who["omar_token"], "@sleep the same question")
    below = await say(world, who["nadia_token"], "an answer below", in_reply_to_id=second["id"])
    join = f"/api/v1/statuses/{second['id']}/join"
    assert (await world.post(join, who["omar_token"], in_reply_to_id=who["post"])).status == 403
    done = await world.post(join, who["mentor_token"], in_reply_to_id=who["post"])
    assert (done.status, done.json["in_reply_to_id"]) == (200, who["post"])
    first = f"/api/v1/statuses/{who['post']}"
    thread = (await world.get(f"{first}/context", who["omar_token"])).json["descendants"]
    assert [one["id"] for one in thread] == [second["id"], below["id"]]
    assert (await world.get(first, who["omar_token"])).json["replies_count"] == 1
    page = (await world.get("/groups/sleep", Accept="text/html")).body.decode()
    assert f"/objects/{second['id']}" not in page, "it is a discussion no more"
    inside = f"{first}/join"
    assert (await world.post(inside, who["mentor_token"], in_reply_to_id=below["id"])).status == 422
    document = await world.get(f"/objects/{second['id']}", Accept="application/activity+json")
    assert document.json["inReplyTo"].endswith(f"/objects/{who['post']}")
    apart = await world.post(f"/api/v1/statuses/{second['id']}/split", who["mentor_token"])
    assert (apart.status, apart.json["in_reply_to_id"]) == (200, None)
    assert (await world.get(f"{first}/context", who["omar_token"])).json["descendants"] == []
    assert (await world.get(first, who["omar_token"])).json["replies_count"] == 0
    own = (await world.get(f"/api/v1/statuses/{second['id']}/context", who["omar_token"])).json
    assert [one["id"] for one in own["descendants"]] == [below["id"]]
    assert f"/objects/{second['id']}" in (await world.get("/groups/sleep", Accept="text/html")).body.decode()
    assert [line for line, _ in (await log(world, who))[:2]] == ["split", "join"]
    again = await world.post(f"/api/v1/statuses/{second['id']}/split", who["mentor_token"])
    assert again.status == 422


async def test_discussions_for_different_readers_stay_apart(world: World) -> None:
    who = await cast(world)
    private = await world.make.group("quiet", reads="members", posts="members")
    await world.make.role(private, who["mentor"], "mentor")
    inside = await world.post(
        "/api/v1/statuses", who["mentor_token"], status="@quiet inside", visibility="public"
    )
    got = await world.post(
        f"/api/v1/statuses/{inside.json['id']}/join", who["mentor_token"], in_reply_to_id=who["post"]
    )
    assert got.status == 422
    assert "stay apart" in got.json["error"]
