"""Statuses: written with all that clients send, edited, taken back, read with what is around them."""

from __future__ import annotations

from typing import Any

from fedi_community.domain.counting import length_of
from fedi_community.mastodon import entities
from tests.mastodon.conftest import World
from tests.mastodon.schema import wrong

POLL = {"options": ["tea", "milk"], "expires_in": 3600}


async def people(world: World, *names: str) -> list[tuple[int, str]]:
    """(id, token) of each."""
    made = []
    for name in names:
        actor = await world.make.member(name)
        made.append((actor, await world.token(actor)))
    return made


async def post(world: World, token: str, **values: Any) -> dict[str, Any]:
    made = await world.post("/api/v1/statuses", token, **values)
    assert made.status == 200, made.body
    assert wrong(made.json, entities.STATUS) == []
    return dict(made.json)


# --- writing --------------------------------------------------------------------------------------------------------------


def test_an_address_counts_as_23_and_somebody_elsewhere_as_his_name() -> None:
    assert length_of("x" * 10) == 10
    assert length_of("https://example.org/" + "a" * 300) == 23
    assert length_of("@ana@a-very-long-host.example hi") == len("@ana hi")
    assert length_of("e\u0301") == 1
    assert length_of("\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1ea\U0001f1f8") == 3


async def test_a_text_may_be_as_long_as_it_counts_and_no_longer(world: World) -> None:
    [(_, nadia)] = await people(world, "nadia")
    await post(world, nadia, status="a" * 4977 + "https://example.org/" + "b" * 400)
    for status, warning in (("a" * 5001, ""), ("a" * 4990, "b" * 11)):
        refused = await world.post("/api/v1/statuses", nadia, status=status, spoiler_text=warning)
        assert refused.status == 422
        assert "character limit of 5000" in refused.error


async def test_what_is_not_said_is_as_the_member_likes_it_and_else_private(world: World) -> None:
    [(_, nadia)] = await people(world, "nadia")
    made = await post(world, nadia, status="hello")
    assert (made["visibility"], made["language"], made["sensitive"]) == ("private", "en", False)
    made = await post(
        world,
        nadia,
        status="hola",
        visibility="unlisted",
        language="ES",
        spoiler_text="nada",
        sensitive="false",
    )
    assert (made["visibility"], made["language"], made["sensitive"], made["spoiler_text"]) == (
        "unlisted", "es", True, "nada",
    )  # fmt: skip
    alone = await post(world, nadia, status="", spoiler_text="only a warning")
    assert (alone["content"], alone["spoiler_text"]) == ("<p>only a warning</p>", "")
    for wrong_ in ({"status": " "}, {"status": "x", "visibility": "local"}, {"status": "@nosuchname x"}):
        assert (await world.post("/api/v1/statuses", nadia, **wrong_)).status == 422


async def test_a_reply_in_a_members_only_group_stays_there_whatever_was_sent(world: World) -> None:
    (nadia_id, nadia), (omar_id, omar) = await people(world, "nadia", "omar")
    group = await world.make.group("caregivers", reads="members")
    for one in (nadia_id, omar_id):
        await world.make.join(one, group)
    root = await post(world, nadia, status="@caregivers hello", visibility="public")
    answer = await post(world, omar, status="hi", visibility="public", in_reply_to_id=root["id"])
    assert (root["visibility"], answer["visibility"]) == ("private", "private")
    assert (await world.get(f"/api/v1/statuses/{answer['id']}")).status == 404
    boosted = await world.post(f"/api/v1/statuses/{root['id']}/reblog", omar)
    assert (boosted.status, boosted.error) == (422, "Only public posts can be boosted.")
    await world.make.join(nadia_id, await world.make.group("sleep"))
    refused = await world.post("/api/v1/statuses", nadia, status="@sleep hi", visibility="private")
    assert refused.status == 422
    assert "public" in refused.error
    assert "direct" in refused.error


# --- editing --------------------------------------------------------------------------------------------------------------


async def test_an_edit_has_a_history_and_a_source_and_keeps_its_readers(world: World) -> None:
    (_, nadia), (_, omar) = await people(world, "nadia", "omar")
    made = await post(world, nadia, status="first for @omar", visibility="public")
    path = f"/api/v1/statuses/{made['id']}"
    world.make.clock.forward(60)
    changed = await world.ask(
        "PUT", path, nadia, json={"status": "*second* @omar", "spoiler_text": "w", "visibility": "direct"}
    )
    assert changed.status == 200, changed.body
    assert (changed.json["visibility"], changed.json["spoiler_text"]) == ("public", "w")
    assert [m["acct"] for m in changed.json["mentions"]] == ["omar"]
    assert changed.json["created_at"] == made["created_at"] < "2026-01-05T10:01" < changed.json["edited_at"]
    source = (await world.get(f"{path}/source", nadia)).json
    assert (source["text"], source["spoiler_text"]) == ("*second* @omar", "w")
    assert (await world.get(f"{path}/source", omar)).status == 404
    history = await world.get(f"{path}/history")
    assert wrong(history.json, entities.many(entities.EDIT)) == []
    assert [(h["spoiler_text"], "second" in h["content"]) for h in history.json] == [("", False), ("w", True)]
    assert history.json[0]["created_at"] == made["created_at"]
    assert (await world.ask("PUT", path, omar, json={"status": "mine now"})).status == 403
    private = await post(world, nadia, status="for my followers")
    for which in ("", "/history", "/context", "/card"):
        assert (await world.get(f"/api/v1/statuses/{private['id']}{which}", omar)).status == 404


async def test_deleting_gives_what_was_typed_and_then_nobody_finds_it(world: World) -> None:
    (_, nadia), (_, omar) = await people(world, "nadia", "omar")
    made = await post(world, nadia, status="**once**", visibility="public", poll=POLL, spoiler_text="w")
    path = f"/api/v1/statuses/{made['id']}"
    assert (await world.ask("DELETE", path, omar)).status == 403
    gone = await world.ask("DELETE", path, nadia)
    assert wrong(gone.json, entities.STATUS) == []
    assert (gone.json["text"], gone.json["spoiler_text"]) == ("**once**", "w")
    assert [o["title"] for o in gone.json["poll"]["options"]] == ["tea", "milk"]
    assert (await world.get(path, nadia)).status == 404


# --- reading --------------------------------------------------------------------------------------------------------------


async def test_several_statuses_are_read_at_once_as_far_as_one_may(world: World) -> None:
    (_, nadia), (_, omar) = await people(world, "nadia", "omar")
    ids = [
        (await post(world, nadia, status=f"n{n}", visibility=v))["id"]
        for n, v in enumerate(("public", "private", "public"))
    ]
    path = "/api/v1/statuses?" + "&".join(f"id[]={i}" for i in ids)
    assert [s["id"] for s in (await world.get(path, nadia)).json] == ids
    assert [s["id"] for s in (await world.get(path, omar)).json] == [ids[0], ids[2]]
    assert (await world.get("/api/v1/statuses")).json == []


async def test_a_context_goes_up_to_the_root_and_down_depth_first(world: World) -> None:
    (_, nadia), (_, omar) = await people(world, "nadia", "omar")
    root = await post(world, nadia, status="root", visibility="public")

    async def answer(token: str, to: dict[str, Any], text: str, visibility: str = "public") -> dict[str, Any]:
        return await post(world, token, status=text, in_reply_to_id=to["id"], visibility=visibility)

    first = await answer(omar, root, "first")
    second = await answer(omar, root, "second")
    under = await answer(nadia, first, "under the first")
    secret = await answer(nadia, second, "a letter", "direct")
    path = f"/api/v1/statuses/{root['id']}/context"
    found = await world.get(path)
    assert wrong(found.json, entities.CONTEXT) == []
    assert [s["id"] for s in found.json["descendants"]] == [first["id"], under["id"], second["id"]]
    seen = (await world.get(path, omar)).json["descendants"]
    assert [s["id"] for s in seen] == [first["id"], under["id"], second["id"], secret["id"]]
    above = (await world.get(f"/api/v1/statuses/{under['id']}/context")).json
    assert [s["id"] for s in above["ancestors"]] == [root["id"], first["id"]]
    boost = (await world.post(f"/api/v1/statuses/{root['id']}/reblog", omar)).json
    assert len((await world.get(f"/api/v1/statuses/{boost['id']}/context")).json["descendants"]) == 3
    assert (await world.get("/api/v1/statuses/700000000000000000/context")).status == 404


async def test_there_is_no_translator_and_it_is_said(world: World) -> None:
    [(_, nadia)] = await people(world, "nadia")
    made = await post(world, nadia, status="hello")
    assert (await world.post(f"/api/v1/statuses/{made['id']}/translate", nadia)).status == 503
    told = (await world.get("/api/v2/instance")).json["configuration"]
    assert told["translation"]["enabled"] is False
    assert made["quote"] is None
    assert made["quote_approval"]["current_user"] == "denied"


# --- reactions ------------------------------------------------------------------------------------------------------------


async def test_what_one_does_is_in_the_answer_and_can_be_taken_back(world: World) -> None:
    (_, nadia), (_, omar) = await people(world, "nadia", "omar")
    made = await post(world, nadia, status="hello", visibility="public")
    path = f"/api/v1/statuses/{made['id']}"
    for verb, back, flag in (
        ("favourite", "unfavourite", "favourited"), ("bookmark", "unbookmark", "bookmarked"), ("mute", "unmute", "muted"),
    ):  # fmt: skip
        done = await world.post(f"{path}/{verb}", omar)
        assert wrong(done.json, entities.STATUS) == []
        assert (done.json["id"], done.json[flag]) == (made["id"], True)
        undone = await world.post(f"{path}/{back}", omar)
        assert (undone.json["id"], undone.json[flag]) == (made["id"], False)


async def test_a_boost_is_a_wrapper_and_taking_it_back_answers_the_status(world: World) -> None:
    (_, nadia), (_, omar) = await people(world, "nadia", "omar")
    made = await post(world, nadia, status="hello", visibility="public")
    path = f"/api/v1/statuses/{made['id']}"
    boost = (await world.post(f"{path}/reblog", omar)).json
    assert wrong(boost, entities.STATUS) == []
    assert boost["id"] != made["id"]
    assert boost["reblog"]["id"] == made["id"]
    assert (boost["reblogged"], boost["reblog"]["reblogged"], boost["visibility"]) == (True, True, "public")
    assert (await world.post(f"{path}/reblog", omar)).json["id"] == boost["id"]
    assert [a["acct"] for a in (await world.get(f"{path}/reblogged_by")).json] == ["omar"]
    back = (await world.post(f"/api/v1/statuses/{boost['id']}/unreblog", omar)).json
    assert (back["id"], back["reblogged"], back["reblog"]) == (made["id"], False, None)
    quiet = (await world.ask("POST", f"{path}/reblog", omar, json={"visibility": "private"})).json
    assert quiet["visibility"] == "private"
    assert (await world.get(f"{path}/reblogged_by")).json == []
    assert [a["acct"] for a in (await world.get(f"{path}/reblogged_by", omar)).json] == ["omar"]
    assert (await world.ask("POST", f"{path}/reblog", omar, json={"visibility": "direct"})).status == 422


async def test_who_likes_is_told_of_public_posts_alone_and_not_to_whom_they_blocked(world: World) -> None:
    (nadia_id, nadia), (_, omar), (eve_id, eve) = await people(world, "nadia", "omar", "eve")
    made = await post(world, nadia, status="hello", visibility="public")
    for token in (omar, eve):
        await world.post(f"/api/v1/statuses/{made['id']}/favourite", token)
    path = f"/api/v1/statuses/{made['id']}/favourited_by"
    found = await world.get(path)
    assert wrong(found.json, entities.many(entities.ACCOUNT)) == []
    assert [a["acct"] for a in found.json] == ["eve", "omar"]
    page = await world.get(f"{path}?limit=1")
    assert [a["acct"] for a in page.json] == ["eve"]
    following = page.headers["Link"].split("<")[1].split(">")[0].removeprefix("https://clinic.example")
    assert [a["acct"] for a in (await world.get(following)).json] == ["omar"]
    await world.make.block(eve_id, nadia_id)
    assert [a["acct"] for a in (await world.get(path, nadia)).json] == ["omar"]
    group = await world.make.group("caregivers", reads="members")
    for name in ("nadia", "omar"):
        await world.make.join(world.make.ids[name], group)
    gated = await post(world, nadia, status="@caregivers hi")
    path = f"/api/v1/statuses/{gated['id']}/favourited_by"
    await world.post(f"/api/v1/statuses/{gated['id']}/favourite", omar)
    assert (await world.get(path, nadia)).json == []
    assert [a["acct"] for a in (await world.get(path, omar)).json] == ["omar"]
    assert (await world.get(path, eve)).status == 404


async def test_bookmarks_and_favourites_are_listed_the_last_first_by_their_link(world: World) -> None:
    (_, nadia), (_, omar) = await people(world, "nadia", "omar")
    ids = [(await post(world, nadia, status=f"n{n}", visibility="public"))["id"] for n in range(3)]
    order = [ids[1], ids[2], ids[0]]
    for verb, path in (("bookmark", "/api/v1/bookmarks"), ("favourite", "/api/v1/favourites")):
        for one in order:
            await world.post(f"/api/v1/statuses/{one}/{verb}", omar)
        page = await world.get(f"{path}?limit=2", omar)
        assert wrong(page.json, entities.many(entities.STATUS)) == []
        assert [s["id"] for s in page.json] == [ids[0], ids[2]]
        following = page.headers["Link"].split("<")[1].split(">")[0].removeprefix("https://clinic.example")
        last = await world.get(following, omar)
        assert [s["id"] for s in last.json] == [ids[1]]
        assert 'rel="next"' not in last.headers["Link"]
        assert (await world.get(path, nadia)).json == []
    await world.ask("DELETE", f"/api/v1/statuses/{ids[0]}", nadia)
    assert [s["id"] for s in (await world.get("/api/v1/bookmarks", omar)).json] == [ids[2], ids[1]]


async def test_five_posts_of_ones_own_are_pinned_and_no_more(world: World) -> None:
    (nadia_id, nadia), (_, omar) = await people(world, "nadia", "omar")
    ids = [(await post(world, nadia, status=f"n{n}", visibility="public"))["id"] for n in range(6)]
    for one in ids[:5]:
        done = await world.post(f"/api/v1/statuses/{one}/pin", nadia)
        assert done.json["pinned"] is True
    assert (await world.post(f"/api/v1/statuses/{ids[5]}/pin", nadia)).status == 422
    assert (await world.post(f"/api/v1/statuses/{ids[5]}/pin", omar)).status == 422
    letter = await post(world, nadia, status="@omar psst", visibility="direct")
    assert (await world.post(f"/api/v1/statuses/{letter['id']}/pin", nadia)).status == 422
    path = f"/api/v1/accounts/{nadia_id}/statuses?pinned=true"
    assert [s["id"] for s in (await world.get(path)).json] == ids[4::-1]
    assert (await world.post(f"/api/v1/statuses/{ids[4]}/unpin", nadia)).json["pinned"] is False
    assert [s["id"] for s in (await world.get(path)).json] == ids[3::-1]


async def test_those_who_run_a_group_pin_in_it_when_they_speak_as_the_group(world: World) -> None:
    (nadia_id, _), (omar_id, omar) = await people(world, "nadia", "omar")
    group = await world.make.group("sleep")
    for one in (nadia_id, omar_id):
        await world.make.join(one, group)
    await world.make.role(group, nadia_id, "staff")
    made = await post(world, omar, status="@sleep what helps", visibility="public")
    login = await world.login_of(nadia_id)
    token = await speaking_as(world, login, group)
    assert (await world.post(f"/api/v1/statuses/{made['id']}/pin", token)).json["pinned"] is True
    shown = (await world.get(f"/api/v1/accounts/{group}/statuses?pinned=true")).json
    assert [s["id"] for s in shown] == [made["id"]]
    elsewhere = await post(world, omar, status="not in it", visibility="public")
    assert (await world.post(f"/api/v1/statuses/{elsewhere['id']}/pin", token)).status == 422


async def speaking_as(world: World, login: int, actor: int) -> str:
    from fedi_community import auth
    from fedi_community.domain.effects import Decision, MakeToken
    from fedi_community.domain.facts import Needs

    secret = auth.new_secret()

    def decide(facts: Any) -> Decision:
        made = MakeToken(
            facts.new_ids[0],
            auth.token_hash(secret),
            "access",
            facts.now,
            login,
            actor,
            scopes="read write follow",
        )
        return Decision((made,))

    await world.make.must(Needs(), decide, 1)
    return secret


async def test_a_muted_discussion_notifies_nobody_who_muted_it(world: World) -> None:
    from sqlalchemy import func, select

    from fedi_community.storage import tables as t
    from fedi_community.storage.dialect import Statement, param

    (nadia_id, nadia), (_, omar) = await people(world, "nadia", "omar")
    count = Statement(select(func.count()).where(t.notifications.c.owner_id == param("owner")))

    async def told() -> int:
        return int(await world.parts.db.read(lambda tx: tx.value(count, owner=nadia_id)))

    root = await post(world, nadia, status="hello", visibility="public")
    await post(world, omar, status="one", visibility="public", in_reply_to_id=root["id"])
    assert await told() == 1
    assert (await world.post(f"/api/v1/statuses/{root['id']}/mute", nadia)).json["muted"] is True
    await post(world, omar, status="two", visibility="public", in_reply_to_id=root["id"])
    assert await told() == 1
    await world.post(f"/api/v1/statuses/{root['id']}/unmute", nadia)
    await post(world, omar, status="three", visibility="public", in_reply_to_id=root["id"])
    assert await told() == 2
