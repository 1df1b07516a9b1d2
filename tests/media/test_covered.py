"""Media that were covered as a measure: for every reader, here and elsewhere, until it ends; what the author chose stays."""

from __future__ import annotations

from tests.mastodon.conftest import World
from tests.media import files
from tests.media.conftest import Phone

ADMIN = "read write admin:read admin:write"


async def covered(world: World, post: str) -> tuple[bool, bool, bool]:
    """For a client, for another server, and on the page."""
    status = (await world.get(f"/api/v1/statuses/{post}")).json
    document = (await world.get(f"/objects/{post}", Accept="application/activity+json")).json
    page = await world.get(f"/objects/{post}", Accept="text/html")
    return status["sensitive"], document["sensitive"], b'<details class="warning">' in page.body


async def test_what_somebody_attaches_is_covered_and_uncovered_again(world: World, nadia: Phone) -> None:
    desk = await world.token(await world.make.member("desk", role="staff"), ADMIN)
    second = await world.token(await world.make.member("second", role="staff"), ADMIN)
    upload = await nadia.upload(files.jpeg())
    picture = (await nadia.post(upload["id"], visibility="public", status="me")).json["id"]
    words = (await world.post("/api/v1/statuses", nadia.token, status="words", visibility="public")).json[
        "id"
    ]
    assert await covered(world, picture) == (False, False, False)
    path = f"/api/v1/admin/accounts/{nadia.id}"
    assert (await world.post(f"{path}/action", desk, type="sensitive", text="Cover them")).status == 200
    assert (await world.get(path, desk)).json["sensitized"] is True
    assert await covered(world, picture) == (True, True, True)
    assert await covered(world, words) == (False, False, False)
    warning = (await world.get("/api/v1/account_warnings", nadia.token)).json[0]
    assert (warning["action"], warning["over"]) == ("sensitive", False)
    edited = await world.ask(
        "PUT",
        f"/api/v1/statuses/{picture}",
        nadia.token,
        json={"status": "me again", "media_ids": [upload["id"]]},
    )
    assert edited.json["sensitive"] is True
    assert (
        await world.post(f"/api/v1/account_warnings/{warning['id']}/appeal", nadia.token, text="no")
    ).status == 200
    assert (await world.post(f"/api/v1/admin/appeals/{warning['id']}/approve", second)).status == 200
    assert (await world.get(path, desk)).json["sensitized"] is False
    assert await covered(world, picture) == (False, False, False), (
        "an edit meanwhile has not made it her own choice"
    )
    await world.post(f"{path}/action", desk, type="sensitive", expires_in=3600)
    await world.post(f"{path}/action", desk, type="sensitive")
    world.clock.now += 3_600_001
    await world.parts.settle()
    assert (await covered(world, picture))[0] is True, "the one for good stands"
    assert (await world.post(f"{path}/unsensitive", desk)).json["sensitized"] is False
    assert (await covered(world, picture))[0] is False
