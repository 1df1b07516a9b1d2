"""A picture of a reported post stays with the report when its author deletes the post, for those alone who answer it."""

from __future__ import annotations

from typing import Any

from fedi_community.domain.relations import SEALED_MS
from fedi_community.storage import audit
from tests.mastodon.conftest import World
from tests.media import files
from tests.media.conftest import Phone, kept, load


async def looked(world: World, actor: int, path: str) -> Any:
    """The picture as a browser gets it: status, headers and bytes."""
    from fedi_community import auth

    secret = await auth.open_session(world.parts.house, await world.login_of(actor), actor)
    cookie = f"{auth.cookie_name(world.parts.settings, 'session')}={secret}"
    return await world.get(path, Cookie=cookie)


async def test_a_reported_picture_outlives_its_post_for_those_who_answer_and_goes_with_the_copy(
    world: World, nadia: Phone
) -> None:
    omar, desk = await world.make.member("omar"), await world.make.member("desk", role="staff")
    made = await nadia.upload(files.jpeg())
    posted = await nadia.post(made["id"], visibility="direct", status="look at this @omar")
    address = posted.json["media_attachments"][0]["url"]
    report = await world.post(
        "/api/v1/reports",
        await world.token(omar),
        account_id=str(nadia.id),
        status_ids=[posted.json["id"]],
    )
    assert report.status == 200, report.body
    before = kept(world)
    assert (await world.ask("DELETE", f"/api/v1/statuses/{posted.json['id']}", nadia.token)).status == 200
    world.clock.now += 2 * 86_400_000
    await world.parts.settle()
    assert kept(world) == before
    assert (await load(world, address)).status == 404  # its own address is gone all the same
    path = f"/reports/{report.json['id']}/pictures/0"
    shown = await looked(world, desk, path)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert shown.body.startswith(b"\xff\xd8")
    assert shown.headers["Cache-Control"] == "private, no-store"
    for other in (omar, nadia.id):
        assert (await looked(world, other, path)).status == 404
    lines = await world.parts.db.read(lambda tx: audit.everything(tx, None, None, 50))
    assert [line.actor_id for line in lines if line.action == "sealed_file_read"] == [desk]
    world.clock.now += SEALED_MS
    await world.parts.settle()
    assert kept(world) == []
    assert (await looked(world, desk, path)).status == 404
