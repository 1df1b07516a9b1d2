"""A host whose media are rejected: nothing that leads a reader there to fetch anything, and all of it back when that ends."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fedi_community.activitypub.handlers import handler_of
from fedi_community.activitypub.handlers.told import Told
from fedi_community.activitypub.wire import parse_activity
from fedi_community.domain import arrivals, hosts
from fedi_community.domain.model import STRANGER, Attachment, Body, Kind, Text
from fedi_community.domain.stands import Stand
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import Refusal
from fedi_community.mastodon import entities
from fedi_community.storage import reports, views
from tests.make import Make

ANA, BEN = "https://rude.example/u/ana", "https://other.example/u/ben"
ICON = orjson.dumps({"url": "https://rude.example/ana.png", "mediaType": "image/png", "name": ""}).decode()


async def stand(make: Make, stand: Stand) -> None:
    await make.must(hosts.stand_needs(stand.host), lambda f: hosts.decide_stand(stand, f), 0)


async def incoming(make: Make, author: str, at: str) -> int:
    body = Body(
        (Text("en", f'<p>look <img src="https://{at}/in.png" alt="a &gt; b"> here</p>'),),
        attachments=(Attachment("image", f"https://{at}/a.png", "image/png"), Attachment("link", f"https://{at}/page")),
        image=Attachment("image", f"https://{at}/card.png"),
        extra={"emojis": [["wave", f"https://{at}/wave.png"]]},
    )  # fmt: skip
    uri = f"{author}/notes/{at}"
    item = arrivals.Incoming(uri, author, Kind.NOTE, body, make.clock.now, public_at="to", activity_uri=f"{uri}/create",
                          requested=True)  # fmt: skip
    made = await make.must(arrivals.incoming_needs(item), lambda f: arrivals.decide_incoming(item, f), 2)
    return made.result or 0


async def shown(make: Make, post: int) -> bytes:
    """All that clients get of it."""

    async def unit(tx: Any) -> list[PostView]:
        return await views.load_posts(tx, STRANGER, [post])

    (view,) = await make.house.db.read(unit)
    made = entities.status(view, "https://clinic.example")
    made["card"] = entities.card(view, "https://clinic.example")
    made["image"] = view.image
    return orjson.dumps(made)


@pytest.mark.parametrize("at", ["rude.example", "files.rude.example"])
async def test_its_media_are_gone_wherever_they_are_and_come_back(make: Make, at: str) -> None:
    await make.remote(ANA, icon=ICON, image=ICON)
    await make.remote(BEN)
    hers, his, decent = (
        await incoming(make, ANA, at), await incoming(make, BEN, at), await incoming(make, BEN, "pics.example"),
    )  # fmt: skip
    before = [await shown(make, one) for one in (hers, his, decent)]
    assert b"/a.png" in before[0]
    assert b"ana.png" in before[0]
    await stand(make, Stand("rude.example", reject_media=True))
    for one in (hers, his):
        found = await shown(make, one)
        assert b".png" not in found.replace(b"/static/missing.png", b""), found
        assert b"look" in found
        assert f"{at}/page".encode() not in found
    assert await shown(make, decent) == before[2]
    await make.host("rude.example", state="ok")
    assert [await shown(make, one) for one in (hers, his, decent)] == before


async def test_a_picture_there_is_not_shown_of_an_actor_elsewhere_either(make: Make) -> None:
    ben = await make.remote(BEN, icon=ICON)

    async def found() -> ActorView:
        loaded = await make.house.db.read(lambda tx: views.load_actors(tx, [ben]))
        named = await make.house.db.read(lambda tx: views.actor_by_uri(tx, BEN))
        assert named is not None
        assert named.icon == loaded[ben].icon
        return loaded[ben]

    assert (await found()).icon is not None
    await stand(make, Stand("rude.example", reject_media=True))
    assert (await found()).icon is None
    await make.host("rude.example", state="ok")
    assert (await found()).icon is not None


async def test_a_limited_host_keeps_its_media_and_words_about_it_are_kept_apart(make: Make) -> None:
    await make.remote(ANA, icon=ICON)
    post = await incoming(make, ANA, "rude.example")
    before = await shown(make, post)
    await stand(make, Stand("rude.example", "limited", public_comment="loud", private_comment="ask Ana"))
    assert await shown(make, post) == before


async def test_reports_from_a_host_whose_reports_are_rejected_are_dropped_and_others_are_filed(
    make: Make,
) -> None:
    await make.remote(ANA)
    nadia = await make.member("nadia")
    post = await make.post(nadia, "hello")
    about = ["https://clinic.example/users/nadia", f"https://clinic.example/objects/{post}"]

    async def flag(number: int) -> str:
        body = {
            "id": f"{ANA}/flags/{number}",
            "type": "Flag",
            "actor": ANA,
            "object": about,
            "content": "spam",
        }
        parsed = parse_activity(body)
        assert not isinstance(parsed, Refusal), parsed
        told = Told(parsed, ANA, make.clock.now, orjson.dumps(body))
        handler = handler_of(told)
        return (await make.must(handler.needs(told), lambda f: handler.decide(told, f), handler.ids)).verdict

    await stand(make, Stand("rude.example", reject_reports=True))
    assert await flag(1) == "reports_dropped"
    assert (await make.house.db.read(lambda tx: reports.queue(tx, 0, 0)))[1] == 0
    await make.host("rude.example", state="ok")
    assert await flag(2) == "reported"
    assert (await make.house.db.read(lambda tx: reports.queue(tx, 0, 0)))[1] == 1
