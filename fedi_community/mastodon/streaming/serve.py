"""The two protocols: Server-Sent Events at an address for each stream, and one WebSocket for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import orjson
from quart import Blueprint, Response, websocket

from fedi_community import auth
from fedi_community.errors import Problem, not_found
from fedi_community.mastodon.answers import answer
from fedi_community.mastodon.base import Api, Call, Table, anyone
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.streaming import channels
from fedi_community.mastodon.streaming.channels import Channel, Refused, channel_of
from fedi_community.mastodon.streaming.hub import Frame, Hub, Listener
from fedi_community.mastodon.words import language_of
from fedi_community.storage import homes, statuses

table = Table("streaming")
THUMP_S: Final = 15.0
"""Seconds after which a silent stream of events says that it lives."""
MAX_FRAME: Final = 10_000
"""Characters of a frame that a client sends."""
SSE: Final = {
    "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "private, no-store", "X-Accel-Buffering": "no",
}  # fmt: skip
ADDRESSES: Final = {
    "user": "user", "user/notification": "user:notification", "public": "public", "public/local": "public:local",
    "public/remote": "public:remote", "hashtag": "hashtag", "hashtag/local": "hashtag:local", "list": "list",
    "direct": "direct",
}  # fmt: skip


async def _admitted(api: Api, channel: Channel, actor_id: int) -> bool:
    """Lists are their owner's alone; anybody else's is missing. A home that was never asked for is made, or nothing would come."""
    if channel.name == "list":
        return await api.house.db.read(lambda tx: statuses.owns_list(tx, actor_id, int(channel.ref)))
    if channel.name == "user" and not await api.house.db.read(lambda tx: homes.is_built(tx, actor_id)):
        now, length = api.house.clock(), api.settings.home_length
        await api.house.db.write(lambda tx: homes.build(tx, actor_id, now, length))
    return True


# --- Server-Sent Events -------------------------------------------------------------------------------------------------


async def _open(call: Call, name: str) -> Response:
    hub = call.api.hub
    if call["only_media"] and name in channels.PUBLIC:
        name = f"{name}:media"
    channel = channel_of(name, call["tag"] or "", call["list"] or "", call.speaker)
    if isinstance(channel, Refused):
        raise Problem(channel.status, "stream", channel.text)
    if not await _admitted(call.api, channel, call.viewer.id):
        raise not_found()
    listener = Listener(call.holder, call.speaker, call.language)
    if not hub.add(listener):
        raise Problem(429, "too_many_streams", "Too many open streams", retry_after=60)
    hub.subscribe(listener, channel)
    response = Response(_events(hub, listener), headers=SSE)
    response.timeout = None
    return response


async def _events(hub: Hub, listener: Listener) -> AsyncIterator[bytes]:
    try:
        yield b":)\n\n"
        while True:
            try:
                async with asyncio.timeout(THUMP_S):
                    frame = await listener.frames.get()
            except TimeoutError:
                yield b":thump\n\n"
                continue
            if frame is None:
                return
            yield f"event: {frame.event}\ndata: {frame.payload or ''}\n\n".encode()
    finally:
        hub.remove(listener)


PARAMS: Final = (
    Param("tag", doc="Of `hashtag`"), Param("list", doc="Of `list`: its id"), Param("only_media", "flag"),
)  # fmt: skip


def _address(path: str, name: str) -> None:
    @table.get(
        f"/api/v1/streaming/{path}", anyone(), None, *PARAMS, doc=f"The stream `{name}` as Server-Sent Events"
    )
    async def stream(call: Call) -> Any:
        return await _open(call, name)


for _path, _name in ADDRESSES.items():
    _address(_path, _name)


@table.get(
    "/api/v1/streaming", anyone(), None, *PARAMS, Param("stream", required=True),
    doc="Any stream as Server-Sent Events; as a WebSocket all of them, with frames that subscribe and unsubscribe",
)  # fmt: skip
async def any_stream(call: Call) -> Any:
    return await _open(call, call["stream"])


# --- WebSocket ----------------------------------------------------------------------------------------------------------


def sockets(api: Api, hub: Hub) -> Blueprint:
    """The WebSocket at /api/v1/streaming."""
    blueprint = Blueprint("streaming", __name__)

    @blueprint.websocket("/api/v1/streaming")
    async def socket() -> Any:
        offered = websocket.requested_subprotocols
        secret = (
            auth.bearer(websocket.headers.get("Authorization"))
            or websocket.args.get("access_token")
            or (offered[0] if offered else "")
        )
        speaker = await auth.viewer_of_token(api.house, secret) if secret else None
        if secret and speaker is None:
            return answer({"error": "The access token is invalid"}, 401).response()
        address = auth.client_address(api.settings, websocket.remote_addr, auth.forwarded(websocket.headers))
        language = language_of(websocket.headers.get("Accept-Language"), speaker)
        who = f"token {speaker.token_id}" if speaker is not None else f"address {address}"
        listener = Listener(who, speaker, language)
        if not hub.add(listener):
            return answer({"error": "Too many open streams"}, 429).response()
        try:
            await websocket.accept(subprotocol=offered[0] if offered else None)
            asked = websocket.args
            if asked.get("stream"):
                await _subscribe(api, listener, {"type": "subscribe", **asked.to_dict()})
            await _talk(api, listener)
        finally:
            hub.remove(listener)
        return None

    return blueprint


async def _talk(api: Api, listener: Listener) -> None:
    """Both ways, until either side ends."""
    tasks = {asyncio.ensure_future(_sending(listener)), asyncio.ensure_future(_receiving(api, listener))}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, Exception):
                await task
    if listener.closed:
        await websocket.close(listener.code)


async def _sending(listener: Listener) -> None:
    while True:
        frame = await listener.frames.get()
        if frame is None:
            return
        await websocket.send(text_of(frame))


def text_of(frame: Frame) -> str:
    """A frame as clients read it: the payload is JSON inside a string."""
    told: dict[str, Any] = {"stream": channels.shown(frame.channel), "event": frame.event}
    if frame.payload is not None:
        told["payload"] = frame.payload
    return orjson.dumps(told).decode()


async def _receiving(api: Api, listener: Listener) -> None:
    while True:
        text = await websocket.receive()
        try:
            asked = orjson.loads(text) if len(text) <= MAX_FRAME else None
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            await _say(Refused(400, "Unreadable frame"))
            continue
        await _subscribe(api, listener, asked)


async def _subscribe(api: Api, listener: Listener, asked: dict[str, Any]) -> None:
    """Carry out a frame that subscribes or unsubscribes; what cannot be had is said, and the socket stays."""
    name = str(asked.get("stream") or "")
    channel = channel_of(name, str(asked.get("tag") or ""), str(asked.get("list") or ""), listener.speaker)
    if isinstance(channel, Refused):
        await _say(channel)
    elif asked.get("type") == "unsubscribe":
        api.hub.unsubscribe(listener, channel)
    elif asked.get("type") != "subscribe":
        await _say(Refused(400, "Unknown frame type"))
    elif not await _admitted(api, channel, listener.viewer.id):
        await _say(Refused(404, "Record not found"))
    elif not api.hub.subscribe(listener, channel):
        await _say(Refused(400, "Too many streams on this socket"))


async def _say(refused: Refused) -> None:
    await websocket.send(orjson.dumps({"error": refused.text, "status": refused.status}).decode())
