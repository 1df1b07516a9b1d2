"""Uploads through the client API: from the phone to the post, and away again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain import uploads as rules
from fedi_community.domain.effects import Decision, MarkActor
from fedi_community.domain.facts import Needs
from fedi_community.mastodon import entities
from fedi_community.media.kinds import REASONS
from fedi_community.media.processing import Processor
from fedi_community.uploads import Uploads
from tests.mastodon.conftest import World
from tests.mastodon.schema import wrong
from tests.media import files
from tests.media.conftest import Phone, kept, load, phone

DAY = 86_400


async def test_a_photo_is_taken_in_made_safe_and_posted(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.jpeg(1200, 900, 6), description="A heart", focus="0.5,-0.25")
    assert wrong(made, entities.MEDIA) == []
    assert (made["type"], made["description"]) == ("image", "A heart")
    assert made["meta"]["original"] == {"width": 900, "height": 1200, "size": "900x1200", "aspect": 0.75}
    assert made["meta"]["small"]["height"] == 640
    assert made["meta"]["focus"] == {"x": 0.5, "y": -0.25}
    assert made["remote_url"] is None
    posted = await nadia.post(made["id"])
    assert posted.status == 200, posted.body
    shown = posted.json["media_attachments"]
    assert [a["id"] for a in shown] == [made["id"]]
    for address in (shown[0]["url"], shown[0]["preview_url"]):
        assert address.startswith("https://clinic.example/media/")
        assert address.count("/") == 4, "a public file has a plain address"
        got = await load(world, address)
        assert got.status == 200
        assert files.PLACE.encode() not in got.body
        assert not files.opened(got.body).getexif()
    assert files.PLACE.encode() not in files.everything(Path(world.parts.settings.data) / "media")
    assert "incoming" not in " ".join(kept(world))
    assert len(kept(world)) == 2


async def test_files_are_for_the_servers_user_alone(world: World, nadia: Phone) -> None:
    await nadia.upload(files.jpeg())
    folder = Path(world.parts.settings.data) / "media"
    assert kept(world)
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


async def test_version_two_says_202_until_the_job_is_done(
    world: World, nadia: Phone, monkeypatch: Any
) -> None:
    monkeypatch.setattr("fedi_community.mastodon.media.QUICK_MS", 1)
    made = await nadia.send("POST", "/api/v2/media", files.film(), description="A walk")
    assert (made.status, made.json["url"], made.json["type"]) == (202, None, "video")
    address = f"/api/v1/media/{made.json['id']}"
    waiting = await nadia.get(address)
    assert (waiting.status, waiting.json["url"]) == (206, None)
    early = await nadia.post(made.json["id"])
    assert (early.status, early.json["error"]) == (422, rules.NOT_READY.safe)
    await world.parts.settle()
    ready = await nadia.get(address)
    assert ready.status == 200
    assert ready.json["url"].endswith(".mp4")
    assert ready.json["preview_url"].endswith("-s.webp")
    assert ready.json["meta"]["original"]["duration"] == 2.0
    assert ready.json["meta"]["length"] == "0:00:02.00"
    assert wrong(ready.json, entities.MEDIA) == []


async def test_version_two_is_ready_at_once_where_the_worker_is_quick(world: World, nadia: Phone) -> None:
    working = asyncio.create_task(world.parts.jobs.run())
    made = await nadia.send("POST", "/api/v2/media", files.jpeg())
    assert (made.status, bool(made.json["url"])) == (200, True)
    world.parts.jobs.stop()
    await working


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "media_kind"),
        (b"<!doctype html><script>1</script>" + b" " * 100, "media_kind"),
        (files.bomb(), "media_too_many_pixels"),
        (files.film()[:900], "media_broken"),
        (files.jpeg()[:700], "media_broken"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 80, "media_heic"),
        (b"", "media_kind"),
    ],
)
async def test_what_cannot_be_taken_is_refused_in_words_and_leaves_no_file(
    data: bytes, reason: str, world: World, nadia: Phone
) -> None:
    for path in ("/api/v1/media", "/api/v2/media"):
        got = await nadia.send("POST", path, data)
        if got.status == 202:
            await world.parts.settle()
            got = await nadia.get(f"/api/v1/media/{got.json['id']}")
        assert (got.status, got.json["error"]) == (422, REASONS[reason]), path
    assert kept(world) == []


async def test_a_refusal_speaks_the_members_language(world: World, nadia: Phone) -> None:
    client = world.parts.web.test_client(use_cookies=False)
    from io import BytesIO

    from quart.datastructures import FileStorage

    got = await client.post(
        "/api/v1/media", headers={"Authorization": f"Bearer {nadia.token}", "Accept-Language": "es"},
        files={"file": FileStorage(BytesIO(b"%PDF-1.7"), "a.pdf")},
    )  # fmt: skip
    assert b"Este tipo de archivo" in await got.get_data()


async def test_a_png_that_claims_to_be_a_jpeg_is_a_png(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.png(), name="photo.jpg")
    assert made["url"].endswith(".png")
    assert (await load(world, made["url"])).headers["Content-Type"] == "image/png"


async def test_too_many_bytes_are_refused_whether_or_not_their_number_was_said(
    world: World, nadia: Phone, monkeypatch: Any
) -> None:
    monkeypatch.setattr("fedi_community.media.kinds.MAX_IMAGE_BYTES", 5000)
    got = await nadia.send("POST", "/api/v1/media", files.jpeg(1000, 800))
    assert (got.status, got.json["error"]) == (422, REASONS["media_too_large"])
    assert kept(world) == []


async def test_an_upload_is_changed_until_it_is_posted(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.jpeg())
    address = f"/api/v1/media/{made['id']}"
    changed = await nadia.send("PUT", address, description="New words", focus="-1,1")
    assert (changed.json["description"], changed.json["meta"]["focus"]) == (
        "New words",
        {"x": -1.0, "y": 1.0},
    )
    cleared = await nadia.send("PUT", address, description="")
    assert cleared.json["description"] is None
    for bad in ({"focus": "2,0"}, {"focus": "left"}, {"description": "x" * 1501}):
        assert (await nadia.send("PUT", address, **bad)).status == 422
    assert (await nadia.post(made["id"])).status == 200
    late = await nadia.send("PUT", address, description="Too late")
    assert (late.status, late.json["error"]) == (422, rules.IN_USE.safe)


async def test_a_sound_gets_a_cover(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.sound("mp3", "libmp3lame"), cover=files.jpeg(900, 900))
    assert (made["type"], made["meta"]["small"]["width"]) == ("audio", 640)
    assert (await load(world, made["preview_url"])).status == 200
    plain = await nadia.upload(files.sound("ogg", "libopus"))
    assert plain["preview_url"] is None
    covered = await nadia.send("PUT", f"/api/v1/media/{plain['id']}", files.jpeg(), field="thumbnail")
    got = await load(world, covered.json["preview_url"])
    assert (got.status, files.PLACE.encode() in got.body) == (200, False)


async def test_an_upload_is_forgotten_until_it_is_posted(world: World, nadia: Phone) -> None:
    made, other = await nadia.upload(files.jpeg()), await nadia.upload(files.jpeg())
    assert (await nadia.post(other["id"])).status == 200
    assert (await nadia.send("DELETE", f"/api/v1/media/{other['id']}")).status == 422
    assert (await nadia.send("DELETE", f"/api/v1/media/{made['id']}")).status == 200
    assert (await nadia.get(f"/api/v1/media/{made['id']}")).status == 404
    await world.parts.settle()
    assert len(kept(world)) == 2
    assert (await load(world, made["url"])).status == 404


async def test_somebody_elses_upload_does_not_exist(world: World, nadia: Phone) -> None:
    eve = await phone(world, "eve")
    made = await nadia.upload(files.jpeg())
    for method in ("GET", "PUT", "DELETE"):
        got = await eve.send(method, f"/api/v1/media/{made['id']}")
        missing = await eve.send(method, "/api/v1/media/700000000000000000")
        assert (
            (got.status, got.body) == (missing.status, missing.body) == (404, b'{"error":"Record not found"}')
        )
    taken = await eve.post(made["id"])
    nothing = await eve.post("700000000000000000")
    assert (taken.status, taken.body) == (nothing.status, nothing.body)
    assert taken.status == 422


async def test_a_post_has_four_files_at_most_and_a_file_one_post(world: World, nadia: Phone) -> None:
    ids = [(await nadia.upload(files.jpeg(40, 40)))["id"] for _ in range(5)]
    assert (await nadia.post(*ids)).json["error"] == rules.TOO_MANY.safe
    first = await nadia.post(*ids[:4], status="")
    assert (first.status, [a["id"] for a in first.json["media_attachments"]]) == (200, ids[:4])
    assert (await nadia.post(ids[0])).json["error"] == rules.TAKEN.safe
    assert (await nadia.post(status="")).status == 422


async def test_an_edit_keeps_adds_drops_and_describes(world: World, nadia: Phone) -> None:
    one, two, three = [await nadia.upload(files.jpeg(40, 40)) for _ in range(3)]
    post = (await nadia.post(one["id"], two["id"])).json
    address = f"/api/v1/statuses/{post['id']}"

    async def edit(**values: Any) -> Any:
        return await world.ask("PUT", address, nadia.token, json={"status": "changed", **values})

    same = await edit(
        media_attributes=[{"id": one["id"], "description": "Now described", "focus": "0.1,0.2"}]
    )
    assert [a["id"] for a in same.json["media_attachments"]] == [one["id"], two["id"]]
    assert same.json["media_attachments"][0]["description"] == "Now described"
    changed = await edit(media_ids=[three["id"], one["id"]])
    assert [a["id"] for a in changed.json["media_attachments"]] == [three["id"], one["id"]]
    await world.parts.settle()
    assert len(kept(world)) == 4
    assert (await load(world, two["url"])).status == 404
    eve = await phone(world, "eve")
    foreign = await eve.upload(files.jpeg(40, 40))
    assert (await edit(media_ids=[foreign["id"]])).status == 422
    assert (await edit(media_ids="")).json["media_attachments"] == []


async def test_what_nobody_posts_goes_after_a_day(world: World, nadia: Phone) -> None:
    used, unused = await nadia.upload(files.jpeg(40, 40)), await nadia.upload(files.jpeg(40, 40))
    assert (await nadia.post(used["id"])).status == 200
    world.clock.forward(DAY - 60)
    await world.parts.settle()
    assert len(kept(world)) == 4
    world.clock.forward(120)
    await world.parts.settle()
    assert len(kept(world)) == 2
    assert (await nadia.get(f"/api/v1/media/{unused['id']}")).status == 404
    assert (await nadia.get(f"/api/v1/media/{used['id']}")).status == 200


async def _counted(world: World, name: str) -> int:
    from sqlalchemy import func, select

    from fedi_community.storage import tables as t
    from fedi_community.storage.dialect import Statement

    statement = Statement(select(func.count()).select_from(getattr(t, name)))
    return int(await world.parts.db.read(lambda tx: tx.value(statement)))


async def test_deleting_a_post_deletes_its_files_and_leaves_no_trace(world: World, nadia: Phone) -> None:
    made = await nadia.upload(files.jpeg())
    post = (await nadia.post(made["id"])).json
    url = post["media_attachments"][0]["url"]
    assert (await load(world, url)).status == 200
    gone = await nadia.send("DELETE", f"/api/v1/statuses/{post['id']}?delete_media=true")
    assert gone.json["media_attachments"][0]["id"] == made["id"]
    assert (await load(world, url)).status == 404
    await world.parts.settle()
    world.clock.forward(DAY + 1)
    await world.parts.settle()
    assert kept(world) == []
    assert await _counted(world, "attachments") == 0
    assert await _counted(world, "jobs") == 0


async def test_a_post_that_is_deleted_to_be_written_anew_lends_its_files_for_an_hour(
    world: World, nadia: Phone
) -> None:
    made, left = await nadia.upload(files.jpeg()), await nadia.upload(files.jpeg())
    post = (await nadia.post(made["id"], left["id"])).json
    url = post["media_attachments"][0]["url"]
    world.clock.forward(DAY - 60)
    assert (await nadia.send("DELETE", f"/api/v1/statuses/{post['id']}")).status == 200
    assert (await load(world, url)).status == 404, "nobody but its owner has it meanwhile"
    world.clock.forward(120)
    await world.parts.settle()
    again = await nadia.post(made["id"])
    assert (again.status, again.json["media_attachments"][0]["url"]) == (200, url)
    world.clock.forward(3600)
    await world.parts.settle()
    assert len(kept(world)) == 2
    assert (await nadia.get(f"/api/v1/media/{left['id']}")).status == 404


async def test_deleting_an_actor_deletes_all_of_its_files(world: World, nadia: Phone) -> None:
    from io import BytesIO

    made = await nadia.upload(files.jpeg())
    await nadia.upload(files.jpeg())
    await nadia.post(made["id"])
    await world.parts.uploads.set_picture(nadia.id, "avatar", BytesIO(files.jpeg()))
    assert len(kept(world)) == 5
    needs = Needs(actor_ids=frozenset({nadia.id}))
    await world.make.must(needs, lambda f: Decision((MarkActor(f.actors[nadia.id], "deleted", f.now),)))
    await world.parts.settle()
    assert kept(world) == []


async def test_a_server_that_dies_while_it_processes_goes_on_where_it_was(
    world: World, nadia: Phone, monkeypatch: Any
) -> None:
    monkeypatch.setattr("fedi_community.mastodon.media.QUICK_MS", 1)
    made = await nadia.send("POST", "/api/v2/media", files.jpeg())
    assert made.status == 202
    processor = world.parts.uploads._processor
    working = asyncio.create_task(world.parts.jobs.run_until_idle())
    while not processor._running:
        await asyncio.sleep(0)
    world.parts.uploads.close()  # the worker is killed in the middle
    await working
    waiting = await nadia.get(f"/api/v1/media/{made.json['id']}")
    assert waiting.status == 206
    world.clock.forward(600)  # the pause, or the lease of the dead one, is over
    again = Uploads(world.parts.house, world.parts.settings, Processor())
    world.parts.jobs._kinds.update(again.jobs())
    await world.parts.settle()
    got = await nadia.get(f"/api/v1/media/{made.json['id']}")
    assert (got.status, got.json["type"]) == (200, "image")
    assert len(kept(world)) == 2


async def test_an_avatar_is_cut_shown_and_replaced(world: World, nadia: Phone) -> None:
    from io import BytesIO

    uploads = world.parts.uploads
    await uploads.set_picture(nadia.id, "avatar", BytesIO(files.jpeg(900, 600)))
    await uploads.set_picture(nadia.id, "header", BytesIO(files.jpeg(900, 600)))
    account = (await nadia.get("/api/v1/accounts/verify_credentials")).json
    got = await load(world, account["avatar"])
    assert (got.status, files.opened(got.body).size) == (200, (400, 400))
    assert got.headers["Cache-Control"] == "public, max-age=3600"
    assert files.opened((await load(world, account["header"])).body).size == (1500, 500)
    await uploads.set_picture(nadia.id, "avatar", BytesIO(files.png()))
    await world.parts.settle()
    assert len(kept(world)) == 2
    assert (await load(world, account["avatar"])).status == 404
    await uploads.set_picture(nadia.id, "avatar", None)
    account = (await nadia.get("/api/v1/accounts/verify_credentials")).json
    assert account["avatar"].endswith("missing.png")
