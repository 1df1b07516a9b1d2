"""The leak walk over streams: every viewer listens to everything there is while everything that exists happens again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fedi_community import auth
from fedi_community.mastodon.streaming.channels import PERSONAL, PUBLIC, Channel
from fedi_community.mastodon.streaming.events import tell
from fedi_community.mastodon.streaming.hub import Frame, Listener
from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.leaks.stage import EVERYBODY, Stage, canary, open_stage


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> Any:
    async with open_stage(database_url, tmp_path) as made:
        yield made


async def listeners(stage: Stage) -> dict[str, Listener]:
    """Somebody for each seat who listens to every stream that he may name."""
    found: dict[str, Listener] = {}
    for seat in stage.seats:
        if seat.signer:
            continue
        speaker = await auth.viewer_of_token(stage.parts.house, seat.token) if seat.token else None
        one = found[seat.name] = Listener(seat.name, speaker)
        assert stage.parts.hub.add(one)
        channels = [Channel(name) for name in PUBLIC]
        channels += [
            Channel(name, f"canarytag{post.replace('_', '')}")
            for name in ("hashtag", "hashtag:local")
            for post in stage.posts
        ]
        if speaker is not None:
            channels += [Channel(name, str(speaker.actor_id)) for name in PERSONAL]
        for channel in channels:
            one.channels.add(channel)
            stage.parts.hub.of_channel.setdefault(channel, set()).add(one)
    return found


def taken(one: Listener) -> list[Frame]:
    frames = []
    while not one.frames.empty():
        frame = one.frames.get_nowait()
        if frame is not None:
            frames.append(frame)
    return frames


async def test_no_stream_tells_what_its_listener_may_not_see(stage: Stage) -> None:
    there = await listeners(stage)
    rows = await stage.parts.db.read(lambda tx: tx.rows(Statement(t.notifications.select())))
    talks = await stage.parts.db.read(lambda tx: tx.rows(Statement(c.conversations.select())))
    events = [(what, post, None) for post in stage.posts.values() for what in ("post", "edited", "gone")]
    events += [("notification", row["owner_id"], row["id"]) for row in rows]
    events += [("conversation", row["owner_id"], row["id"]) for row in talks]
    may = {seat.name: seat.may for seat in stage.seats}
    seen: dict[str, set[str]] = {name: set() for name in there}
    for event in events:
        await tell(stage.parts.hub, event)
        for name, one in there.items():
            for frame in taken(one):
                text = frame.payload or ""
                told = {
                    post for post in stage.posts if canary(post) in text or str(stage.posts[post]) == text
                }
                # who could read a post when it was published is told its id when it is gone, and nothing else
                was = {"deleted", "held", "removed"} if frame.event == "delete" else set()
                assert told <= may[name] | was, f"{name} heard of {told} by {frame.channel}"
                assert "hiddenname" not in text or name == "invited"
                seen[name] |= told
    assert seen["nobody"] >= {"public", "open_group"}
    assert seen["omar"] >= {"gated", "gated_reply", "direct", "circle", "followers"}
    assert not seen["eve"] & {"gated", "direct", "followers"}
    assert "deleted" in seen["eve"]  # it was public, and she is told that it is gone
    assert seen["nobody"] <= EVERYBODY | {"deleted", "removed"}
