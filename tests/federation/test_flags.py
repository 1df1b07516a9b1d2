"""Reports on the wire: who is named when one leaves, and what one tells that names what its sender may not see."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain.model import State
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, open_clinic
from tests.federation.world import BASE, PUBLIC
from tests.mastodon.conftest import World

FAR = "https://far.example/users/ana"
INSTANCE = f"{BASE}/actor"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


def phone(clinic: Clinic) -> World:
    return World(clinic.parts, clinic.make, clinic.make.clock)


async def far_post(clinic: Clinic, name: str, **more: Any) -> int:
    uri = f"https://far.example/notes/{name}"
    note = {
        "id": uri,
        "type": "Note",
        "attributedTo": FAR,
        "content": f"<p>{name}</p>",
        "to": [PUBLIC],
        **more,
    }
    if note["to"] == [PUBLIC]:
        clinic.peers.documents[uri] = note
        await clinic.parts.peers.learn_post(uri)
    else:
        await clinic.tell(
            {"id": f"{uri}#create", "type": "Create", "actor": FAR, "object": note, "to": note["to"]}
        )
    found = await clinic.row(uri)
    assert found is not None, name
    return int(found["id"])


async def test_a_report_leaves_as_the_instance_alone_and_names_no_reporter_under_any_name(
    clinic: Clinic,
) -> None:
    ana = await clinic.know(FAR)
    world, make = phone(clinic), clinic.make
    nadia = await make.member("nadia")
    login = await world.login_of(nadia)
    river = await make.persona(login, "river", name="Quiet River")
    public = await far_post(clinic, "canarypublic")
    letter = await far_post(clinic, "canaryletter", to=[f"{BASE}/users/nadia"], tag=[
        {"type": "Mention", "href": f"{BASE}/users/nadia", "name": "@nadia@clinic.example"}
    ])  # fmt: skip
    await clinic.sent()
    for actor in (nadia, river):
        token = await world.token(actor, "read write", login)
        named = [str(public), *([str(letter)] if actor == nadia else [])]
        made = await world.post(
            "/api/v1/reports",
            token,
            account_id=str(ana),
            status_ids=named,
            comment="please look",
            forward=True,
        )
        assert (made.status, made.json["forwarded"]) == (200, True)
    left = await clinic.sent()
    assert [one["type"] for one in left] == ["Flag", "Flag"]
    for one in left:
        assert (one["actor"], one["object"]) == (INSTANCE, [FAR, "https://far.example/notes/canarypublic"])
        assert one["content"] == "please look"
        said = json.dumps(one).lower()
        for secret in ("nadia", "river", str(nadia), str(river), "canaryletter", "/users/"):
            assert secret not in said.replace(FAR, "").replace("/users/ana", ""), secret
    for post in clinic.peers.taken[-2:]:
        assert f'keyId="{INSTANCE}#' in post.headers["signature"]
        assert "nadia" not in str(post.headers)


async def test_a_report_of_what_its_reporter_may_not_see_is_the_answer_for_an_unknown_id_and_leaves_nothing(
    clinic: Clinic,
) -> None:
    ana, world = await clinic.know(FAR), phone(clinic)
    nadia, omar = await clinic.make.member("nadia"), await clinic.make.member("omar")
    token = await world.token(omar)
    letter = await far_post(clinic, "canaryletter", to=[f"{BASE}/users/nadia"], tag=[
        {"type": "Mention", "href": f"{BASE}/users/nadia", "name": "@nadia@clinic.example"}
    ])  # fmt: skip
    await clinic.sent()
    answers = [
        await world.post("/api/v1/reports", token, account_id=str(ana), status_ids=[key], forward=True)
        for key in (str(letter), "7")
    ]
    assert [(a.status, a.body) for a in answers] == [(404, answers[1].body)] * 2
    assert await clinic.rows(t.reports) == []
    assert await clinic.sent() == []
    assert nadia


HIDDEN = ("a letter", "a closed group", "a removed post", "who blocked the sender")


async def hidden(clinic: Clinic, what: str, sender: int) -> str:
    """The address of a post that the sender may not see."""
    make = clinic.make
    nadia, omar = await make.member("nadia"), await make.member("omar")
    assert omar
    if what == "a letter":
        return f"{BASE}/objects/{await make.post(nadia, '@omar canary', 'direct')}"
    if what == "who blocked the sender":
        await make.block(nadia, sender)
        return f"{BASE}/objects/{await make.post(nadia, 'canary')}"
    group = await make.group(
        "sleep", reads="members" if what == "a closed group" else "everyone", joins="approval"
    )
    await make.add(group, nadia)
    post = await make.post(nadia, "canary", group_id=group)
    if what == "a removed post":
        mentor = await make.member("mentor")
        await make.role(group, mentor, "mentor")
        token = await phone(clinic).token(mentor)
        done = await phone(clinic).post(f"/api/v1/statuses/{post}/moderate", token, act="remove")
        assert done.status == 200
        row = await clinic.row(f"{BASE}/objects/{post}")
        assert row is not None
        assert row["state"] == State.REMOVED
    return f"{BASE}/objects/{post}"


def flag(number: int, *objects: str) -> dict[str, Any]:
    return {"id": f"{FAR}/flags/{number}", "type": "Flag", "actor": FAR, "object": list(objects), "content": "bad",
            "to": [INSTANCE]}  # fmt: skip


@pytest.mark.parametrize("what", HIDDEN)
async def test_a_flag_of_what_its_sender_may_not_see_is_taken_as_one_of_what_is_not_there(
    clinic: Clinic, what: str
) -> None:
    sender = await clinic.know(FAR)
    address, unknown = await hidden(clinic, what, sender), f"{BASE}/objects/7"
    nadia = f"{BASE}/users/nadia"
    await clinic.sent()
    for number, (one, other) in enumerate([((address,), (unknown,)), ((nadia, address), (nadia, unknown))]):
        before = len(await clinic.rows(t.reports))
        statuses = [await clinic.tell(flag(10 * number + i, *x)) for i, x in enumerate((one, other))]
        assert statuses[0] == statuses[1]
        filed = (await clinic.rows(t.reports))[before:]
        assert len(filed) == (0, 2)[number], "what is not there accuses nobody"
        told = [
            {k: v for k, v in row.items() if k not in ("id", "uri", "created", "sealed_until")}
            for row in filed
        ]
        assert len({json.dumps(row, sort_keys=True) for row in told}) <= 1
        assert "canary" not in json.dumps(told)
        assert [row["object_ids"] for row in filed] == ["[]"] * len(filed)
    assert await clinic.rows(t.sealed) == []
    assert await clinic.sent() == []


async def test_a_flag_of_what_its_sender_may_see_is_filed_with_a_copy(clinic: Clinic) -> None:
    await clinic.know(FAR)
    post = await clinic.make.post(await clinic.make.member("nadia"), "buy pills")
    await clinic.tell(flag(1, f"{BASE}/objects/{post}"))
    (row,) = await clinic.rows(t.reports)
    assert "buy pills" in row["copy"]


async def test_an_instance_actor_reports_for_its_people_what_one_of_them_may_see(clinic: Clinic) -> None:
    nadia, ana = await clinic.make.member("nadia"), await clinic.know(FAR)
    await clinic.make.join(ana, nadia)
    await clinic.make.answer(nadia, ana)
    post = f"{BASE}/objects/{await clinic.make.post(nadia, 'buy pills', 'private')}"
    named = [f"{BASE}/users/nadia", post]
    for number, host in enumerate(("far.example", "other.example")):
        sender = f"https://{host}/actor"
        await clinic.know(sender, "Application")
        await clinic.tell({**flag(number, *named), "id": f"{sender}/flags/1", "actor": sender}, signer=sender)
    await clinic.know("https://far.example/users/eve")
    eve = "https://far.example/users/eve"
    await clinic.tell({**flag(3, *named), "id": f"{eve}/flags/1", "actor": eve}, signer=eve)
    copies = [row["copy"] for row in await clinic.rows(t.reports)]
    assert ["buy pills" in (copy or "") for copy in copies] == [True, False, False]
