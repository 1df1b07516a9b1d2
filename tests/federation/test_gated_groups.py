"""A group that its members alone read, with members on listed servers: three servers of ours, each of which does its part."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from quart.datastructures import FileStorage

from fedi_community.domain.effects import Decision
from tests.federation.neighbours import GROUP_HOME, HOSTS, Town, open_town, town_template
from tests.media.files import jpeg

ASH, BIRCH, CEDAR = HOSTS
QUIET = f"https://{ASH}/groups/quiet"


@pytest.fixture(scope="session")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gated") / "template"


@pytest.fixture
async def town(template: Path, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Town]:
    if not template.exists():
        await asyncio_template(sqlite_template, template)
    async with open_town(template, tmp_path / "town") as made:
        ash = made[ASH]
        for host in (BIRCH, CEDAR):
            await ash.make.peers(ash.ids["quiet"], host)
        for who in ("ana", "bea", "cam"):
            await made.follow(who, "quiet")
            await made.settle()
            await made.answer("quiet", who, True)
            await made.settle()
        yield made


async def asyncio_template(empty: Path, folder: Path) -> None:

    await asyncio.to_thread(town_template, empty, folder)


async def write(town: Town, who: str, text: str, **more: Any) -> str:
    """A post in the quiet group, delivered; its address."""
    server = town.home(who)
    made = await server.make.compose(server.ids[who], text, "public", group_id=server.ids["quiet"], **more)
    assert isinstance(made, Decision), made
    await town.settle()
    return f"{server.base}/objects/{made.result}"


async def sees(town: Town, who: str, uri: str) -> bool:
    server = town.home(who)
    here = await server.post_id(uri)
    return here is not None and here in await server.seen_by(who, [here])


async def test_one_asks_and_is_let_in_and_posts_come_to_the_personal_inboxes_of_members_alone(
    town: Town,
) -> None:
    await town.remove("quiet", "cam")
    await town.settle()
    begun = len(town.wires.said)
    uri = await write(town, "ana", "for members")
    said = [(url, body) for _, url, body in town.wires.said[begun:] if b"for members" in body]
    assert {url for url, _ in said} == {f"https://{BIRCH}/users/bea/inbox"}
    create = next(a for a in town.wires.carried(BIRCH, since=begun) if a["type"] == "Create")
    assert create["object"]["to"] == [QUIET, f"{QUIET}/followers"]
    assert create["object"]["cc"] == []
    assert await sees(town, "bea", uri)
    assert not await sees(town, "ben", uri)
    assert await town[CEDAR].post_id(uri) is None
    path = uri.removeprefix(f"https://{ASH}")
    assert (await town.signed(None, BIRCH, ASH, path))[0] == 200
    denied = await town.signed(None, CEDAR, ASH, path)
    assert denied == await town.signed(None, CEDAR, ASH, "/objects/1")
    assert denied[0] == 404


async def test_removal_says_reject_hides_the_copies_and_ends_what_comes(town: Town) -> None:
    uri = await write(town, "ana", "before")
    begun = len(town.wires.said)
    await town.remove("quiet", "bea")
    await town.settle()
    assert [a["type"] for a in town.wires.carried(BIRCH, since=begun)] == ["Reject"]
    assert not await sees(town, "bea", uri)
    later = await write(town, "ana", "after")
    assert await town[BIRCH].post_id(later) is None
    assert (await town.signed(None, BIRCH, ASH, uri.removeprefix(f"https://{ASH}")))[0] == 404


async def test_what_a_member_elsewhere_writes_reaches_members_on_a_third_server_by_the_groups_word(
    town: Town,
) -> None:
    root = await write(town, "bea", "from birch")
    path = root.removeprefix(f"https://{BIRCH}")
    assert await sees(town, "ana", root)
    assert await sees(town, "cam", root)
    assert not await sees(town, "cleo", root)
    ash = town[ASH]
    here = await ash.post_id(root)
    answer = await ash.make.compose(ash.ids["ana"], "an answer", "public", reply_to=here)
    assert isinstance(answer, Decision), answer
    await town.settle()
    assert await sees(town, "cam", f"https://{ASH}/objects/{answer.result}")
    await town.remove("quiet", "cam")
    await town.settle()
    town.clock.forward(61)
    assert (await town.signed(None, CEDAR, BIRCH, path))[0] == 404


async def test_whether_a_server_has_members_is_said_to_servers_with_members_alone(town: Town) -> None:
    def asked(whose: str) -> str:
        return f"/groups/quiet/followers?is_follower={whose}"

    cedar = asked(f"https://{CEDAR}/actor")
    assert (await town.signed(None, BIRCH, ASH, cedar))[0] == 200
    assert (await town.signed(None, BIRCH, ASH, asked("https://elsewhere.example/actor")))[0] == 404
    assert (await town[ASH].get(cedar, {"Accept": "application/activity+json"}))[0] == 404
    await town.remove("quiet", "cam")
    assert (await town.signed(None, BIRCH, ASH, cedar))[0] == 404
    own = asked(f"https://{BIRCH}/actor")
    assert (await town.signed(None, CEDAR, ASH, own))[0] == 404


async def test_only_members_write_in_a_closed_group_elsewhere_and_never_for_everybody(town: Town) -> None:
    birch = town[BIRCH]
    refused = await birch.make.compose(birch.ids["ben"], "let me in", "public", group_id=birch.ids["quiet"])
    assert not isinstance(refused, Decision)
    root = await write(town, "bea", "quietly")
    status, body = await town.signed(None, ASH, BIRCH, root.removeprefix(f"https://{BIRCH}"))
    assert status == 200
    assert b"activitystreams#Public" not in body


async def test_when_members_read_nothing_any_more_copies_elsewhere_are_hidden(town: Town) -> None:
    uri = await write(town, "ana", "for members")
    await town.switch("quiet", reads="mentors")
    await town.settle()
    assert not await sees(town, "bea", uri)


async def test_what_is_changed_and_taken_back_reaches_the_third_server_and_hosts_that_are_listed_no_more(
    town: Town,
) -> None:
    root, birch = await write(town, "bea", "first words"), town[BIRCH]
    town.clock.forward(2)
    await birch.make.edit(birch.ids["bea"], int(root.rsplit("/", 1)[1]), "second words")
    await town.settle()
    cedar = town[CEDAR]
    here = await cedar.post_id(root)
    _, body = await cedar.get(f"/api/v1/statuses/{here}", {"Authorization": f"Bearer {cedar.tokens['cam']}"})
    assert b"second words" in body
    other, ash = await write(town, "ana", "removed later"), town[ASH]
    for host in (BIRCH, CEDAR):
        await ash.make.peers(ash.ids["quiet"], host, False)
    await town.settle()
    begun = len(town.wires.said)
    assert isinstance(await town.act(other, "quiet", "remove"), Decision)
    await town.settle()
    assert any(other.encode() in body for method, url, body in town.wires.said[begun:] if BIRCH in url)


async def test_a_post_from_elsewhere_that_its_group_holds_back_is_hidden_at_home_too(town: Town) -> None:
    root = await write(town, "bea", "held back")
    assert (await town.signed(None, ASH, BIRCH, root.removeprefix(f"https://{BIRCH}")))[0] == 200
    assert isinstance(await town.act(root, "quiet", "hold"), Decision)
    await town.settle()
    assert (await town.signed(None, ASH, BIRCH, root.removeprefix(f"https://{BIRCH}")))[0] == 404


async def test_whoever_blocks_somebody_elsewhere_follows_him_there_no_more(town: Town) -> None:
    await town.follow("bea", "ana")
    await town.settle()
    birch = town[BIRCH]
    await birch.make.block(birch.ids["bea"], birch.ids["ana"])
    begun = len(town.wires.said)
    await town.settle()
    assert [a["type"] for a in town.wires.carried(GROUP_HOME, since=begun)] == ["Undo"]
    ash = town[ASH]
    await ash.make.post(ash.ids["ana"], "to followers", "private")
    await town.settle()
    assert not [a for a in town.wires.carried(BIRCH, since=begun) if a["type"] == "Create"]


async def test_who_wrote_to_a_circle_elsewhere_and_answers_himself_is_read_by_whom_he_answered(
    town: Town,
) -> None:
    ash, birch = town[ASH], town[BIRCH]
    root = await ash.make.post(ash.ids["ana"], "to my circle", circle=(ash.ids["bea"], ash.ids["abe"]))
    await town.settle()
    at = await birch.post_id(f"https://{ASH}/objects/{root}")
    first = await birch.make.post(birch.ids["bea"], "an answer", reply_to=at)
    await town.settle()
    second = await birch.make.post(birch.ids["bea"], "and one more", reply_to=first)
    await town.settle()
    assert await sees(town, "ana", f"https://{BIRCH}/objects/{second}")
    assert not await sees(town, "abe", f"https://{BIRCH}/objects/{second}")


async def test_pictures_of_what_a_member_elsewhere_wrote_are_shown_to_a_third_server_by_the_groups_word(
    town: Town,
) -> None:
    birch = town[BIRCH]
    client = birch.parts.web.test_client(use_cookies=False)
    fields = {"Host": BIRCH, "Authorization": f"Bearer {birch.tokens['bea']}"}
    sent = await client.post("/api/v1/media", headers=fields, files={"file": FileStorage(BytesIO(jpeg()), "a.jpg")})  # fmt: skip
    picture = (await sent.get_json())["id"]
    body = {"status": f"@quiet@{ASH} a picture", "media_ids": [picture]}
    made = await client.post("/api/v1/statuses", headers=fields, json=body)
    assert made.status_code == 200, await made.get_data()
    await town.settle()
    path = f"/objects/{(await made.get_json())['id']}"
    status, document = await town.signed(None, CEDAR, BIRCH, path)
    assert status == 200
    address = json.loads(document)["attachment"][0]["url"].removeprefix(f"https://{BIRCH}")
    assert (await birch.get(address, {}))[0] == 200
    nobody = await birch.get("/media/x/y.jpg", {})
    await town.remove("quiet", "cam")
    await town.settle()
    town.clock.forward(61)
    assert await birch.get(address, {}) == nobody
    assert nobody[0] == 404
