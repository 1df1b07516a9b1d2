"""Closed groups and servers whose software knows none: those that would show the posts to others are refused, and members on
microblogs get each post by name, at their own inbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain.effects import Decision
from fedi_community.domain.model import Grant, Viewer
from fedi_community.domain.softwares import UNFIT
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, Json, open_clinic, summary
from tests.federation.world import BASE, PUBLIC

HOST = "social.example"
MIA = f"https://{HOST}/users/mia"
QUIET = f"{BASE}/groups/quiet"
NADIA = f"{BASE}/users/nadia"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


def runs(clinic: Clinic, name: str, version: str, host: str = HOST) -> None:
    """What a server says of itself."""
    where, at = f"https://{host}/nodeinfo/2.0", f"https://{host}/.well-known/nodeinfo"
    link = {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": where}
    said = {"version": "2.0", "software": {"name": name, "version": version}}
    clinic.peers.documents |= {at: {"links": [link]}, where: said}
    clinic.peers.types |= {at: "application/json", where: "application/json"}


async def quiet(clinic: Clinic) -> dict[str, int]:
    make = clinic.make
    who = {"nadia": await make.member("nadia"), "omar": await make.member("omar")}
    who["quiet"] = await make.group("quiet", reads="members", joins="approval")
    for name in ("nadia", "omar"):
        await make.join(who[name], who["quiet"])
        await make.request(who["quiet"], None, who[name], True)
    who["mia"] = await clinic.know(MIA)
    return who


async def ask(clinic: Clinic, number: int = 1) -> list[Json]:
    await clinic.tell({"id": f"{MIA}#follow{number}", "type": "Follow", "actor": MIA, "object": QUIET})
    return await clinic.sent(HOST)


async def let_in(clinic: Clinic) -> dict[str, int]:
    """Mia of a Mastodon server is in the group."""
    who = await quiet(clinic)
    runs(clinic, "mastodon", "4.5.1")
    await clinic.make.peers(who["quiet"], HOST, software="mastodon 4.5.1")
    assert await ask(clinic) == []
    await clinic.make.request(who["quiet"], None, who["mia"], True)
    (accept,) = await clinic.sent(HOST)
    assert summary(accept) == "Accept{Follow}"
    return who


async def write(clinic: Clinic, who: dict[str, int], text: str, **more: Any) -> str:
    made = await clinic.make.compose(who["nadia"], text, "public", group_id=who["quiet"], **more)
    assert isinstance(made, Decision), made
    return f"{BASE}/objects/{made.result}"


def answer(number: int, to: list[str], parent: str, **more: Any) -> Json:
    note: Json = {
        "id": f"{MIA}/statuses/{number}", "type": "Note", "attributedTo": MIA, "content": "<p>so do I</p>", "to": to, "cc": [],
        "inReplyTo": parent, "tag": [{"type": "Mention", "href": one, "name": "@x"} for one in to], **more,
    }  # fmt: skip
    return {"id": f"{note['id']}/activity", "type": "Create", "actor": MIA, "object": note, "to": to}


# --- who is refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("software", ["mbin 1.8.2", "kbin 0.10.1", "lemmy 0.19.3", "piefed 1.0"])
async def test_staff_cannot_list_a_server_that_would_show_the_posts_to_others(
    clinic: Clinic, software: str
) -> None:
    who = await quiet(clinic)
    assert await clinic.make.peers(who["quiet"], HOST, software=software) == UNFIT
    assert isinstance(await clinic.make.peers(who["quiet"], HOST, False, software), Decision)
    assert isinstance(await clinic.make.peers(who["quiet"], HOST, software="lemmy 1.0.3"), Decision)


async def test_who_asks_from_a_server_that_turns_out_unfit_is_refused_and_the_log_says_why(
    clinic: Clinic,
) -> None:
    who = await quiet(clinic)
    await clinic.make.peers(who["quiet"], HOST)
    runs(clinic, "Mbin", "1.8.2")
    for number in (1, 2):
        (told,) = await ask(clinic, number)
        assert summary(told) == "Reject{Follow}"
    logged = [r for r in await clinic.rows(t.audit) if r["action"] == "unfit_software"]
    assert [(r["group_id"], r["target_id"]) for r in logged] == [(who["quiet"], who["mia"])]
    assert "mbin 1.8.2" in logged[0]["detail"]
    held = [r["state"] for r in await clinic.rows(t.grants) if r["actor_id"] == who["mia"]]
    assert held == [Grant.REFUSED]


async def test_an_open_group_asks_nobody_what_he_runs(clinic: Clinic) -> None:
    await clinic.make.group("open", posts="everyone")
    await clinic.know(MIA)
    runs(clinic, "mbin", "1.8.2")
    await clinic.tell({"id": f"{MIA}#f", "type": "Follow", "actor": MIA, "object": f"{BASE}/groups/open"})
    assert [summary(one) for one in await clinic.sent(HOST)] == ["Accept{Follow}"]
    assert f"https://{HOST}/.well-known/nodeinfo" not in clinic.peers.asked


# --- members on microblogs --------------------------------------------------------------------------------------------------


async def test_a_member_on_a_microblog_gets_each_post_by_name_at_his_own_inbox_and_never_as_a_boost(
    clinic: Clinic,
) -> None:
    who = await let_in(clinic)
    begun = len(clinic.peers.taken)
    uri = await write(clinic, who, "for members")
    await clinic.sent()
    got = [post for post in clinic.peers.taken[begun:] if f"//{HOST}/" in post.inbox]
    assert {post.inbox for post in got} == {f"{MIA}/inbox"}
    assert sorted(summary(post.document) for post in got) == ["Announce{Create{Note}}", "Create{Note}"]
    note = next(post.document["object"] for post in got if post.document["type"] == "Create")
    assert note["id"] == uri
    assert note["to"] == [QUIET, f"{QUIET}/followers", MIA]
    assert {tag["href"] for tag in note["tag"] if tag["type"] == "Mention"} == {QUIET, MIA}
    assert PUBLIC not in str(got)
    assert "omar" not in str(got)


async def test_a_server_with_closed_groups_of_its_own_names_nobody(clinic: Clinic) -> None:
    who = await quiet(clinic)
    runs(clinic, "lemmy", "1.0.2")
    await clinic.make.peers(who["quiet"], HOST, software="lemmy 1.0.2")
    await ask(clinic)
    await clinic.make.request(who["quiet"], None, who["mia"], True)
    await clinic.sent()
    await write(clinic, who, "for members")
    create = next(one for one in await clinic.sent(HOST) if one["type"] == "Create")
    assert create["object"]["to"] == [QUIET, f"{QUIET}/followers"]
    assert MIA not in str(create)


async def test_what_he_answers_naming_the_group_its_members_read_and_what_he_answers_one_person_is_a_letter(
    clinic: Clinic,
) -> None:
    who = await let_in(clinic)
    uri = await write(clinic, who, "how do you sleep?")
    omar, nadia = Viewer(who["omar"], True), Viewer(who["nadia"], True)
    await clinic.tell(answer(1, [NADIA, QUIET], uri))
    shown = await clinic.shown(f"{MIA}/statuses/1", omar)
    assert shown is not None
    assert shown.group is not None
    assert shown.group.uri == QUIET
    assert await clinic.shown(f"{MIA}/statuses/1") is None
    await clinic.tell(answer(2, [NADIA], uri))
    assert await clinic.shown(f"{MIA}/statuses/2", omar) is None
    letter = await clinic.shown(f"{MIA}/statuses/2", nadia)
    assert letter is not None
    assert letter.group is None


async def test_who_is_no_member_answers_nobody_by_naming_the_group(clinic: Clinic) -> None:
    who = await let_in(clinic)
    uri = await write(clinic, who, "how do you sleep?")
    await clinic.make.remove(who["quiet"], who["mia"])
    await clinic.sent()
    await clinic.tell(answer(1, [NADIA, QUIET], uri))
    for name in ("omar", "nadia"):
        shown = await clinic.shown(f"{MIA}/statuses/1", Viewer(who[name], True))
        assert shown is None or (shown.group is None and name == "nadia")


async def test_who_was_removed_gets_nothing_more_but_what_is_taken_back(clinic: Clinic) -> None:
    who = await let_in(clinic)
    uri = await write(clinic, who, "for members")
    await clinic.sent()
    await clinic.make.remove(who["quiet"], who["mia"])
    assert [summary(one) for one in await clinic.sent(HOST)] == ["Reject{Follow}"]
    await write(clinic, who, "without mia")
    assert await clinic.sent(HOST) == []
    await clinic.make.delete(who["nadia"], int(uri.rsplit("/", 1)[1]))
    taken_back = await clinic.sent(HOST)
    assert {one["type"] for one in taken_back} <= {"Delete", "Announce"}
    assert any(one["type"] == "Delete" and uri in str(one["object"]) for one in taken_back)
    assert "for members" not in str(taken_back)
