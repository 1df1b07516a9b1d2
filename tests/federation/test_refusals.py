"""Who is not taken at his word hears so once a day, where that gives nothing away; a group that answers is looked at again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain.effects import Decision, SetSoftware
from fedi_community.domain.facts import Needs
from fedi_community.domain.moderation import acts, bans
from tests.federation.clinic import Clinic, Json, open_clinic, summary
from tests.federation.world import BASE, PUBLIC

ANA = "https://peer.example/users/ana"
SLEEP = f"{BASE}/groups/sleep"
DAY = 86_400


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


async def cast(clinic: Clinic, **switches: Any) -> dict[str, int]:
    who = {
        "nadia": await clinic.make.member("nadia"),
        "sleep": await clinic.make.group("sleep", **switches),
        "ana": await clinic.know(ANA),
    }
    await clinic.make.role(who["sleep"], who["nadia"], "staff")
    return who


def create(number: int, to: list[str], **more: Any) -> Json:
    note: Json = {
        "id": f"{ANA}/note/{number}", "type": "Note", "attributedTo": ANA, "content": "<p>hello</p>", "to": to, "cc": [],
        "tag": [{"type": "Mention", "href": SLEEP, "name": "@sleep"}], **more,
    }  # fmt: skip
    return {"id": f"{ANA}/create/{number}", "type": "Create", "actor": ANA, "object": note, "to": to}


async def test_who_may_not_post_in_an_open_group_is_told_once_a_day(clinic: Clinic) -> None:
    await cast(clinic, posts="members")
    await clinic.tell(create(1, [SLEEP, PUBLIC]))
    (told,) = await clinic.sent()
    assert summary(told) == "Reject{Create}"
    assert told["actor"] == SLEEP
    assert told["to"] == [ANA]
    assert (told["object"]["id"], told["object"]["object"]) == (f"{ANA}/create/1", f"{ANA}/note/1")
    await clinic.tell(create(2, [SLEEP, PUBLIC]))
    assert await clinic.sent() == []
    clinic.make.clock.forward(DAY)
    await clinic.tell(create(3, [SLEEP, PUBLIC]))
    assert [one["object"]["id"] for one in await clinic.sent()] == [f"{ANA}/create/3"]
    assert await clinic.row(f"{ANA}/note/1") is None


async def test_gotosocial_hears_it_of_the_post_itself_and_from_whom_it_answers(clinic: Clinic) -> None:
    who = await cast(clinic, posts="everyone")
    root = await clinic.make.post(who["nadia"], "@sleep closed soon")
    needs, nadia = acts.act_needs(root, who["nadia"]), who["nadia"]
    await clinic.make.must(needs, lambda f: acts.decide_act(root, nadia, None, "lock", "", f))
    runs = SetSoftware("peer.example", "gotosocial 0.20.1", clinic.make.clock.now)
    await clinic.make.must(Needs(), lambda f: Decision((runs,)))
    await clinic.sent()
    await clinic.tell(create(1, [PUBLIC, f"{BASE}/users/nadia"], inReplyTo=f"{BASE}/objects/{root}"))
    (told,) = await clinic.sent()
    assert (told["type"], told["actor"], told["object"]) == ("Reject", f"{BASE}/users/nadia", f"{ANA}/note/1")


@pytest.mark.parametrize("what", ["closed", "hidden", "banned", "taken"])
async def test_nothing_is_said_where_it_would_give_something_away(clinic: Clinic, what: str) -> None:
    switches: Json = {
        "closed": {"reads": "members", "joins": "approval"},
        "hidden": {"finds": "members", "reads": "members", "joins": "invite"},
        "banned": {"posts": "members"},
        "taken": {"posts": "everyone"},
    }[what]
    who = await cast(clinic, **switches)
    if what == "banned":
        group, nadia, ana = who["sleep"], who["nadia"], who["ana"]
        needs = bans.ban_needs(group, nadia, ana)
        await clinic.make.must(
            needs, lambda f: bans.decide_ban(group, nadia, None, ana, True, "", None, f), 4
        )
        await clinic.sent()
    to = [SLEEP] if what in ("closed", "hidden") else [SLEEP, PUBLIC]
    await clinic.tell(create(1, to))
    assert [one for one in await clinic.sent() if one["type"] == "Reject"] == []


async def test_a_group_that_answers_is_looked_at_again(clinic: Clinic) -> None:
    nadia = await clinic.make.member("nadia")
    rest = "https://forum.example/c/rest"
    group = await clinic.know(rest, "Group")
    await clinic.make.join(nadia, group)
    (follow,) = await clinic.sent()
    clinic.peers.documents[rest] |= {"manuallyApprovesFollowers": True}
    await clinic.tell({"id": f"{rest}/accept", "type": "Accept", "actor": rest, "object": follow})
    made = await clinic.make.compose(nadia, "@rest@forum.example for members", "public")
    assert isinstance(made, Decision), made
    (sent,) = [one for one in await clinic.sent() if one["type"] == "Create"]
    assert PUBLIC not in (*sent["to"], *sent["cc"])
