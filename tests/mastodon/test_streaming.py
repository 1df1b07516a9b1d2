"""Streams: who is told what, at once, in both protocols; and what ends them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from quart.testing.connections import WebsocketDisconnectError
from sqlalchemy import select

from fedi_community.domain.effects import Decision, RevokeTokens
from fedi_community.domain.facts import Needs
from fedi_community.mastodon.streaming.channels import Channel
from fedi_community.mastodon.streaming.hub import MAX_BEHIND, MAX_OF_TOKEN, Frame, Listener
from fedi_community.storage.client_tables import push_subscriptions
from fedi_community.storage.dialect import Statement
from tests.mastodon.conftest import World
from tests.mastodon.test_push import Phone


async def people(world: World, *names: str) -> dict[str, tuple[int, str]]:
    made = {name: await world.make.member(name) for name in names}
    return {name: (actor, await world.token(actor)) for name, actor in made.items()}


class Socket:
    """A client on a WebSocket."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def ask(self, **frame: str) -> None:
        await self._connection.send(orjson.dumps(frame).decode())

    async def next(self) -> tuple[list[str], str, Any]:
        async with asyncio.timeout(10):
            told = orjson.loads(await self._connection.receive())
        if "error" in told:
            return [], "error", told["status"]
        payload = told.get("payload")
        readable = isinstance(payload, str) and payload[:1] in "{["
        return told["stream"], told["event"], orjson.loads(payload) if readable else payload

    async def nothing(self, world: World) -> bool:
        """Nothing more was told until now: an event that everybody gets comes next."""
        await world.parts.hub.settled()
        await asyncio.sleep(0)
        await self.ask(type="subscribe", stream="no such stream")
        return (await self.next())[1] == "error"


@asynccontextmanager
async def socket(world: World, token: str = "", query: str = "", **headers: str) -> Any:
    client = world.parts.web.test_client(use_cookies=False)
    fields = {"Host": "clinic.example", **headers}
    if token:
        fields["Authorization"] = f"Bearer {token}"
    async with client.websocket(f"/api/v1/streaming{query}", headers=fields) as connection:
        yield Socket(connection)


async def heard(world: World) -> None:
    """Everything that happened until now was told. PostgreSQL takes a moment to say so."""
    if world.parts.db.engine == "postgresql":
        await asyncio.sleep(0.3)
    await world.parts.hub.settled()


async def subscribed(world: World, channel: Channel) -> None:
    async with asyncio.timeout(10):
        while channel not in world.parts.hub.of_channel:
            await asyncio.sleep(0.01)
        if world.parts.db.engine == "postgresql":
            await asyncio.sleep(0.3)  # until the process listens


async def test_home_is_told_what_it_would_show_and_its_edits_and_deletions(world: World) -> None:
    who = await people(world, "nadia", "omar", "eve")
    (nadia, _), (omar, to_omar), (eve, to_eve) = who["nadia"], who["omar"], who["eve"]
    await world.make.join(omar, nadia)  # neither of them ever asked for a home
    async with socket(world, to_omar, "?stream=user") as his, socket(world, to_eve) as hers:
        await hers.ask(type="subscribe", stream="user")
        await subscribed(world, Channel("user", str(eve)))
        post = await world.make.post(nadia, "for followers", "private")
        stream, event, status = await his.next()
        assert (stream, event, status["id"]) == (["user"], "update", str(post))
        assert status["favourited"] is False
        world.make.clock.forward(60)
        await world.make.edit(nadia, post, "better")
        assert [(await his.next())[1]] == ["status.update"]
        await world.make.delete(nadia, post)
        assert await his.next() == (["user"], "delete", str(post))
        await heard(world)
        assert await hers.nothing(world)  # nor that there was anything to delete


async def test_notifications_conversations_and_filters_reach_their_owner_alone(world: World) -> None:
    who = await people(world, "nadia", "omar", "eve")
    (nadia, to_nadia), (omar, to_omar), (_, to_eve) = who["nadia"], who["omar"], who["eve"]
    async with socket(world, to_omar, "?stream=user:notification") as told, socket(world, to_omar) as direct:
        await direct.ask(type="subscribe", stream="direct")
        await subscribed(world, Channel("direct", str(omar)))
        await world.make.post(nadia, "for @omar alone", "direct")
        stream, event, shown = await told.next()
        assert (stream, event, shown["type"], shown["account"]["acct"]) == (
            ["user:notification"], "notification", "mention", "nadia",
        )  # fmt: skip
        stream, event, talk = await direct.next()
        assert (stream, event, talk["unread"]) == (["direct"], "conversation", True)
    async with socket(world, to_eve, "?stream=user") as hers:
        await subscribed(world, Channel("user", str(who["eve"][0])))
        await world.post("/api/v2/filters", to_eve, title="x", context=["home"])
        assert (await hers.next())[:2] == (["user"], "filters_changed")
        await world.post("/api/v2/filters", to_nadia, title="x", context=["home"])
        await heard(world)
        assert await hers.nothing(world)


async def test_public_hashtag_and_list_streams_hold_what_their_timelines_hold(world: World) -> None:
    who = await people(world, "nadia", "omar")
    (nadia, _), (omar, to_omar) = who["nadia"], who["omar"]
    await world.make.join(omar, nadia)
    listed = (await world.post("/api/v1/lists", to_omar, title="near")).json["id"]
    await world.post(f"/api/v1/lists/{listed}/accounts", to_omar, account_ids=[str(nadia)])
    async with socket(world, to_omar) as his, socket(world) as stranger:
        for frame in ({"stream": "hashtag", "tag": "Sleep"}, {"stream": "list", "list": listed}):
            await his.ask(type="subscribe", **frame)
        await stranger.ask(type="subscribe", stream="public:local")
        await subscribed(world, Channel("list", listed))
        await subscribed(world, Channel("public:local"))
        post = await world.make.post(nadia, "a word about #sleep")
        told = [await his.next(), await his.next()]
        assert sorted(stream for stream, _, _ in told) == [["hashtag", "sleep"], ["list", listed]]
        stream, event, status = await stranger.next()
        assert (stream, event, status["id"], "favourited" in status) == (
            ["public:local"],
            "update",
            str(post),
            False,
        )
        await his.ask(type="unsubscribe", stream="list", list=listed)
        await world.make.post(nadia, "no tag", "unlisted")
        await heard(world)
        assert await stranger.nothing(world)


async def test_a_group_is_told_to_its_members_until_they_leave(world: World) -> None:
    who = await people(world, "nadia", "omar", "eve")
    (nadia, _), (omar, to_omar), (_, to_eve) = who["nadia"], who["omar"], who["eve"]
    group = await world.make.group("caregivers", reads="members")
    for one in (nadia, omar):
        await world.make.join(one, group)
    for token in (to_omar, to_eve):
        await world.get("/api/v1/timelines/home", token)
    async with socket(world, to_omar, "?stream=user") as his, socket(world, to_eve, "?stream=user") as hers:
        await subscribed(world, Channel("user", str(omar)))
        post = await world.make.post(nadia, "only here", group_id=group)
        assert (await his.next())[2]["id"] == str(post)
        await world.make.leave(omar, group)
        await world.make.post(nadia, "after you left", group_id=group)
        await world.make.delete(nadia, post)
        await heard(world)
        assert await his.nothing(world)
        assert await hers.nothing(world)


async def test_what_one_does_not_want_to_see_is_not_told_either(world: World) -> None:
    who = await people(world, "nadia", "omar")
    (nadia, _), (omar, to_omar) = who["nadia"], who["omar"]
    await world.make.join(omar, nadia)
    await world.get("/api/v1/timelines/home", to_omar)
    await world.post(
        "/api/v2/filters", to_omar, title="x", context=["home"], filter_action="hide",
        keywords_attributes=[{"keyword": "noise"}],
    )  # fmt: skip
    async with socket(world, to_omar, "?stream=user") as his:
        await subscribed(world, Channel("user", str(omar)))
        await world.make.post(nadia, "noise")
        post = await world.make.post(nadia, "signal")
        told = await his.next()
        assert (told if told[1] == "update" else await his.next())[2]["id"] == str(post)


async def test_streams_are_refused_in_words_and_the_socket_stays(world: World) -> None:
    (_, token), (_, others) = (await people(world, "nadia", "omar")).values()
    listed = (await world.post("/api/v1/lists", others, title="his")).json["id"]
    async with socket(world, token) as mine:
        for frame, status in (
            ({"stream": "local"}, 400), ({"stream": "hashtag"}, 400), ({"stream": "list", "list": listed}, 404),
            ({"stream": "list", "list": "7"}, 404),
        ):  # fmt: skip
            await mine.ask(type="subscribe", **frame)
            assert (await mine.next())[1:] == ("error", status)
        await mine.ask(type="dance", stream="user")
        assert (await mine.next())[1:] == ("error", 400)
    async with socket(world) as stranger:
        await stranger.ask(type="subscribe", stream="user")
        assert (await stranger.next())[1:] == ("error", 401)
    narrow = await world.token(world.make.ids["nadia"], "read:statuses")
    async with socket(world, narrow) as mine:
        await mine.ask(type="subscribe", stream="user:notification")
        assert (await mine.next())[1:] == ("error", 403)


@pytest.mark.parametrize("how", ["revoke", "suspend", "elsewhere"])
async def test_a_stream_ends_with_its_token(world: World, how: str) -> None:
    ((nadia, token),) = (await people(world, "nadia")).values()
    login = await world.login_of(nadia)
    async with socket(world, token, "?stream=user") as mine:
        await subscribed(world, Channel("user", str(nadia)))
        ended = RevokeTokens(world.clock(), login_id=login)
        if how == "suspend":
            await world.make.suspend(nadia)
        elif how == "revoke":
            await world.make.must(Needs(), lambda _: Decision((ended,)))
        else:  # in another process, whose events do not come here
            heard_before, world.parts.house.listeners = world.parts.house.listeners, []
            await world.make.must(Needs(), lambda _: Decision((ended,)))
            world.parts.house.listeners = heard_before
            await world.parts.hub.recheck()
        with pytest.raises(WebsocketDisconnectError):
            await mine.next()


async def test_events_are_served_to_those_who_know_no_sockets(world: World) -> None:
    who = await people(world, "nadia", "omar")
    (nadia, _), (omar, to_omar) = who["nadia"], who["omar"]
    client = world.parts.web.test_client(use_cookies=False)
    fields = {"Host": "clinic.example", "Authorization": f"Bearer {to_omar}"}
    async with client.request("/api/v1/streaming/user/notification", headers=fields) as connection:
        await connection.send_complete()
        async with asyncio.timeout(10):
            assert await connection.receive() == b":)\n\n"
            await subscribed(world, Channel("user:notification", str(omar)))
            await world.make.post(nadia, "for @omar")
            told = (await connection.receive()).decode()
        assert connection.status_code == 200
        assert connection.headers["Content-Type"].startswith("text/event-stream")
        event, data, *_ = told.split("\n")
        assert event == "event: notification"
        assert orjson.loads(data.removeprefix("data: "))["type"] == "mention"
        await connection.disconnect()
    refused = await world.get("/api/v1/streaming/user")
    assert (refused.status, refused.error) == (401, "This stream needs an access token")
    assert (await world.get("/api/v1/streaming/list?list=7", to_omar)).status == 404
    assert (await world.get("/api/v1/streaming?stream=local", to_omar)).status == 400


async def test_who_does_not_keep_up_is_dropped_and_nobody_may_open_too_many(world: World) -> None:
    hub = world.parts.hub
    slow, channel = Listener("token 1"), Channel("public")
    assert hub.add(slow)
    hub.subscribe(slow, channel)
    for _ in range(MAX_BEHIND):
        slow.put(Frame(channel, "update", "{}"))
    assert not slow.closed
    slow.put(Frame(channel, "update", "{}"))
    assert slow.closed
    assert await slow.frames.get() is None
    others = [Listener("token 1") for _ in range(MAX_OF_TOKEN - 1)]
    assert all(hub.add(one) for one in others)
    assert not hub.add(Listener("token 1"))
    hub.remove(slow)
    assert hub.add(Listener("token 1"))


async def test_ending_a_role_ends_what_speaks_as_the_group_at_once_and_nothing_else(world: World) -> None:
    ((chief, own),) = (await people(world, "chief")).values()
    group = await world.make.group("sleep", reads="members")
    await world.make.role(group, chief, "staff")
    speaking = await world.token(group, login=await world.login_of(chief))
    keys = {"p256dh": Phone().p256dh, "auth": "c2l4dGVlbiBieXRlcyBvaw"}
    for token in (own, speaking):
        asked = {"endpoint": f"https://push.example/{token[:6]}", "keys": keys}
        assert (await world.post("/api/v1/push/subscription", token, subscription=asked)).status == 200
    async with (
        socket(world, speaking, "?stream=user") as as_group,
        socket(world, own, "?stream=user") as mine,
    ):
        await subscribed(world, Channel("user", str(group)))
        await subscribed(world, Channel("user", str(chief)))
        await world.make.role(group, chief, "staff", on=False)
        with pytest.raises(WebsocketDisconnectError):
            await as_group.next()
        assert await mine.nothing(world)
    assert (await world.get("/api/v1/accounts/verify_credentials", speaking)).status == 401
    left = Statement(select(push_subscriptions.c.actor_id))
    assert [row[0] for row in await world.parts.db.read(lambda tx: tx.rows(left))] == [chief]
    assert (await world.get("/api/v1/push/subscription", own)).status == 200


async def test_a_mentor_whose_role_and_membership_end_hears_nothing_more_in_an_open_stream(
    world: World,
) -> None:
    who = await people(world, "nadia", "mentor")
    (nadia, _), (mentor, token) = who["nadia"], who["mentor"]
    group = await world.make.group("sleep", reads="members")
    await world.make.role(group, mentor, "mentor")
    await world.make.add(group, nadia)
    async with socket(world, token, "?stream=user") as mine:
        await subscribed(world, Channel("user", str(mentor)))
        await world.make.post(nadia, "@sleep while a mentor")
        assert (await mine.next())[1] == "update"
        await world.make.role(group, mentor, "mentor", on=False)
        await world.make.remove(group, mentor)
        await world.make.post(nadia, "@sleep afterwards")
        assert await mine.nothing(world)
