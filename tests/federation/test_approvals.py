"""Answers from elsewhere where answers are read first: nobody sees one or is told of it before; then it is passed on as it
came, with the approval that GoToSocial waits for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain import held
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.domain.moderation import acts
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, Json, open_clinic, summary
from tests.federation.readers import gotosocial
from tests.federation.world import BASE, PUBLIC

ANA = "https://gts.example/users/ana"
BEN = "https://other.example/users/ben"
SLEEP = f"{BASE}/groups/sleep"
NADIA = f"{BASE}/users/nadia"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


async def asking(clinic: Clinic, **switches: Any) -> dict[str, int]:
    """A discussion by nadia whose answers vera reads first; ben's server follows the group."""
    make = clinic.make
    who = {name: await make.member(name) for name in ("nadia", "vera")}
    who["group"] = await make.group("sleep", posts="everyone", **switches)
    await make.role(who["group"], who["vera"], "mentor")
    for uri in (ANA, BEN):
        await clinic.know(uri)
    await clinic.tell({"id": f"{BEN}#follow", "type": "Follow", "actor": BEN, "object": SLEEP})
    who["post"] = await make.post(who["nadia"], "What helps?", group_id=who["group"])
    vera, post = who["vera"], who["post"]
    await make.must(
        acts.act_needs(post, vera),
        lambda f: acts.decide_act(post, vera, None, "read_answers_first", "", f),
        acts.IDS,
    )
    await clinic.sent()
    return who


def reply(post: int) -> Json:
    note = {"id": f"{ANA}/statuses/1", "type": "Note", "attributedTo": ANA, "content": "<p>tea</p>", "to": [PUBLIC],
            "cc": [f"{ANA}/followers", NADIA], "inReplyTo": f"{BASE}/objects/{post}", "published": "2026-01-05T10:00:00Z",
            "interactionPolicy": {"canReply": {"automaticApproval": [PUBLIC], "manualApproval": []}}}  # fmt: skip
    return {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{ANA}/statuses/1#create", "type": "Create", "actor": ANA,
            "object": note, "to": note["to"], "cc": note["cc"]}  # fmt: skip


async def decide(clinic: Clinic, who: dict[str, int], passed: bool) -> None:
    row = await clinic.row(f"{ANA}/statuses/1")
    assert row is not None
    key, vera = row["id"], who["vera"]
    await clinic.make.must(
        held.needs(key, vera), lambda f: held.decide(key, vera, passed, f, group_id=who["group"]), held.IDS
    )


async def test_posts_say_that_answers_are_read_first(clinic: Clinic) -> None:
    who = await asking(clinic)
    document = await clinic.parts.documents.post(STRANGER, who["post"])
    assert document is not None
    assert document["interactionPolicy"]["canReply"] == {
        "automaticApproval": [NADIA],
        "manualApproval": [PUBLIC],
    }
    other = await clinic.make.post(who["nadia"], "Another one", group_id=who["group"])
    assert "interactionPolicy" not in (await clinic.parts.documents.post(STRANGER, other) or {})


async def test_an_answer_waits_unseen_and_is_passed_on_as_it_came_with_its_approval(clinic: Clinic) -> None:
    who = await asking(clinic)
    created = reply(who["post"])
    await clinic.tell(created)
    assert await clinic.sent() == [], "nobody is told"
    assert await clinic.shown(f"{ANA}/statuses/1") is None
    assert await clinic.shown(f"{ANA}/statuses/1", Viewer(who["nadia"], True)) is None
    await decide(clinic, who, True)
    assert await clinic.shown(f"{ANA}/statuses/1") is not None
    sent = await clinic.sent()
    announce = next(one for one in sent if one["type"] == "Announce")
    assert announce["object"] == created, "unchanged"
    accept = next(one for one in sent if one["type"] == "Accept")
    assert (accept["actor"], accept["object"], accept["to"]) == (NADIA, f"{ANA}/statuses/1", [ANA])
    assert gotosocial(accept) == "done: Accept"
    approval = await clinic.parts.documents.activity(int(accept["result"].rsplit("/", 1)[1]), STRANGER)
    assert approval is not None
    assert (approval["id"], approval["type"]) == (accept["result"], "ReplyAuthorization")
    assert (approval["attributedTo"], approval["object"]) == (NADIA, f"{ANA}/statuses/1")
    assert approval["target"] == f"{BASE}/objects/{who['post']}"
    assert "actor" not in approval
    assert "vera" not in json.dumps([sent, approval])


async def test_what_is_not_passed_is_told_to_nobody(clinic: Clinic) -> None:
    who = await asking(clinic)
    await clinic.tell(reply(who["post"]))
    await decide(clinic, who, False)
    assert [summary(one) for one in await clinic.sent()] == []
    assert [
        row["type"] for row in await clinic.rows(t.activities) if row["type"] in ("Accept", held.APPROVAL)
    ] == ["Accept"], "the one is ben's"


async def test_a_post_that_not_everybody_reads_is_answered_by_its_readers(clinic: Clinic) -> None:
    nadia, group = await clinic.make.member("nadia"), await clinic.make.group("caregivers", reads="members")
    await clinic.make.add(group, nadia)
    post = await clinic.make.post(nadia, "@caregivers a hard week")
    document = await clinic.parts.documents.post(Viewer(nadia, True), post)
    assert document is not None
    policy = document["interactionPolicy"]
    assert policy["canReply"]["automaticApproval"][0] == NADIA
    assert PUBLIC not in json.dumps(policy)
