"""What is kept between reads: bounded, and never something that has changed since."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from fedi_community.domain.model import STRANGER
from fedi_community.domain.views import PostParts
from fedi_community.storage import views
from fedi_community.storage.dialect import Statement, number, param
from fedi_community.storage.shelf import MAX_KEPT, NOTHING, Shelf
from fedi_community.storage.tables import objects, texts
from tests.mastodon.conftest import World


def test_what_is_used_stays_and_the_rest_is_forgotten() -> None:
    shelf = Shelf(1_000)
    shelf.put("used", 1, 100)
    for n in range(50):
        shelf.put(n, n, 100)
        assert shelf.get("used") == 1, n
    assert shelf.get(0) is None
    assert shelf.get(49) == 49
    kept = sum(shelf.get(n) is not None for n in range(50))
    assert kept <= 10


def test_nothing_larger_than_half_is_kept() -> None:
    shelf = Shelf(1_000)
    shelf.put("large", 1, 501)
    assert shelf.get("large") is None
    NOTHING.put("any", 1, 1)
    assert NOTHING.get("any") is None
    assert MAX_KEPT == 24 * 1024 * 1024


async def test_an_edit_shows_at_once_and_a_rolled_back_one_never(world: World) -> None:
    nadia = await world.make.member("nadia")
    token = await world.token(nadia)
    made = await world.post("/api/v1/statuses", token=token, status="First words", visibility="public")
    address = f"/api/v1/statuses/{made.json['id']}"
    assert "First words" in (await world.get(address, token=token)).json["content"]

    key = int(made.json["id"])

    async def broken(tx: Any) -> None:
        """An edit that is never committed, and is looked at before that."""
        for table, column, more in (
            (objects, objects.c.id, {"edited": param("now")}),
            (texts, texts.c.object_id, {"content": "Never said"}),
        ):
            changed = update(table).where(column == param("key")).values(revision=number(1), **more)
            await tx.run(Statement(changed), key=key, now=world.clock.now)
        (post,) = await views.load_posts(tx, STRANGER, [key])
        assert post.text().content == "Never said"
        raise ValueError("rolled back")

    with pytest.raises(ValueError, match="rolled back"):
        await world.parts.db.write(broken)
    await world.ask("PUT", address, token, json={"status": "Second words"})
    shown = (await world.get(address, token=token)).json
    assert "Second words" in shown["content"]
    assert shown["edited_at"] is not None


def test_long_addresses_weigh_what_they_hold() -> None:
    light = dict.fromkeys(("reply_to_uri", "language", "url", "image", "context_uri", "posted_by", "edited"))
    common = {"uri": "u", "published": 0, "texts": (), "visibility": "public", "audience": {}, "mentions": (), "hashtags": (),
              "files": False, "local": False, "warning": "", "sensitive": False, "indexed": False, "extra": {}}  # fmt: skip
    short = PostParts(**light, **common, addressed={})
    long = PostParts(
        **light, **common, addressed={"to": [f"https://far.example/{'x' * 900}/{n}" for n in range(1000)]}
    )
    assert views._weight(short) < 5_000
    assert views._weight(long) > 900_000
