"""Who is kept out of a group, and who runs it: told to the group's followers and to his own server, in nobody's name; of a group
that not everybody reads to nobody but those that hold its people."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain.effects import Decision, SetGrant
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Grant, Viewer, followers_of, mentors_of
from fedi_community.domain.moderation import bans
from fedi_community.storage import tables as t
from tests.federation.clinic import Clinic, open_clinic, summary
from tests.federation.readers import READERS
from tests.federation.world import BASE, PUBLIC

ANA = "https://peer.example/users/ana"
BEN = "https://other.example/users/ben"
VOICE = f"{BASE}/users/moderation"
SLEEP = f"{BASE}/groups/sleep"


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


async def cast(clinic: Clinic, **switches: Any) -> dict[str, int]:
    """A group with a mentor, and two followers elsewhere, each on a server of his own."""
    make = clinic.make
    who = {"mentor": await make.member("vera"), "group": await make.group("sleep", **switches)}
    await make.role(who["group"], who["mentor"], "mentor")
    for name, uri in (("ana", ANA), ("ben", BEN)):
        who[name] = await clinic.know(uri)
    return who


async def follow(clinic: Clinic, *uris: str) -> None:
    for uri in uris:
        await clinic.tell({"id": f"{uri}#follow", "type": "Follow", "actor": uri, "object": SLEEP})
    await clinic.sent()


async def ban(
    clinic: Clinic, who: dict[str, int], name: str, on: bool = True, until: int | None = None
) -> None:
    group, mentor, target = who["group"], who["mentor"], who[name]
    await clinic.make.must(
        bans.ban_needs(group, mentor, target),
        lambda f: bans.decide_ban(group, mentor, None, target, on, "he sold pills", until, f),
    )


async def test_a_ban_reaches_the_groups_followers_and_the_banned_ones_server_in_nobodys_name(
    clinic: Clinic,
) -> None:
    who = await cast(clinic)
    await follow(clinic, ANA, BEN)
    until = clinic.make.clock.now + 3_600_000
    await ban(clinic, who, "ana", until=until)
    sent = await clinic.sent()
    assert sorted(summary(one) for one in sent) == ["Announce{Block}", "Block", "Reject{Follow}"]
    block = next(one for one in sent if one["type"] == "Block")
    assert (block["actor"], block["object"], block["target"]) == (VOICE, ANA, SLEEP)
    assert (block["to"], block["cc"], block["audience"]) == ([PUBLIC], [SLEEP], SLEEP)
    assert block["endTime"] == block["expires"]
    announce = next(one for one in sent if one["type"] == "Announce")
    assert announce["actor"] == SLEEP
    assert announce["object"]["id"] == block["id"]
    assert "vera" not in json.dumps(sent)
    assert "pills" not in json.dumps(sent)
    assert [post.inbox for post in clinic.peers.taken if post.document["type"] == "Block"] == [f"{ANA}/inbox"]
    assert "https://other.example/inbox" in [
        p.inbox for p in clinic.peers.taken if p.document["type"] == "Announce"
    ]
    await ban(clinic, who, "ana", on=False)
    lifted = await clinic.sent()
    assert sorted(summary(one) for one in lifted) == ["Announce{Undo{Block}}", "Undo{Block}"]
    undo = next(one for one in lifted if one["type"] == "Undo")
    inner = undo["object"]
    assert (inner["id"], inner["object"], inner["target"]) == (block["id"], ANA, SLEEP)
    assert (inner["to"], inner["cc"]) == ([PUBLIC], [SLEEP])
    for name in ("lemmy", "piefed", "mbin"):
        assert {READERS[name](one).split(":")[0] for one in (*sent, *lifted)} == {"done"}, name


async def test_that_one_of_our_own_is_kept_out_is_told_to_nobody(clinic: Clinic) -> None:
    who = await cast(clinic)
    await follow(clinic, BEN)
    who["omar"] = await clinic.make.member("omar")
    await ban(clinic, who, "omar")
    assert await clinic.sent() == []


async def test_a_ban_in_a_closed_group_goes_to_no_server_that_holds_none_of_its_people(
    clinic: Clinic,
) -> None:
    who = await cast(clinic, reads="members", joins="approval")
    await ban(clinic, who, "ana")
    await clinic.make.role(who["group"], who["mentor"], "mentor", on=False)
    assert await clinic.sent() == []
    assert [
        row
        for row in await clinic.rows(t.activities)
        if row["type"] in ("Block", "Announce", "Add", "Remove")
    ] == []


async def test_a_ban_in_a_closed_group_goes_to_listed_hosts_and_cannot_be_asked_for(clinic: Clinic) -> None:
    who = await cast(clinic, reads="members", joins="approval")
    make, group = clinic.make, who["group"]
    await make.peers(group, "other.example")
    await make.must(
        Needs(), lambda f: Decision((SetGrant(who["ben"], followers_of(group), Grant.ACCEPTED, f.now),))
    )
    await ban(clinic, who, "ana")
    assert [post.inbox for post in clinic.peers.taken] == []
    await clinic.parts.settle()
    assert {post.inbox for post in clinic.peers.taken} == {"https://other.example/inbox"}
    (announce,) = await clinic.sent()
    assert PUBLIC not in json.dumps({k: v for k, v in announce.items() if k != "@context"})
    number = int(announce["id"].rsplit("/", 1)[1])
    inner = int(announce["object"]["id"].rsplit("/", 1)[1])
    for viewer in (Viewer(), Viewer(who["ben"], False, "other.example")):
        assert await clinic.parts.documents.activity(number, viewer) is None
        assert await clinic.parts.documents.activity(inner, viewer) is None


async def test_peers_hear_who_becomes_a_mentor_and_who_is_none_any_more(clinic: Clinic) -> None:
    who = await cast(clinic)
    await follow(clinic, BEN)
    assert (await clinic.parts.documents.moderators(Viewer(), who["group"]) or {})["orderedItems"] == [
        VOICE,
        f"{BASE}/users/vera",
    ]
    await clinic.make.role(who["group"], who["mentor"], "mentor", on=False)
    (gone,) = await clinic.sent()
    assert summary(gone) == "Announce{Remove}"
    assert gone["object"]["target"] == f"{SLEEP}/moderators"
    assert gone["object"]["object"] == f"{BASE}/users/vera"
    await clinic.make.role(who["group"], who["ana"], "mentor")
    added = await clinic.sent()
    assert sorted(summary(one) for one in added) == ["Add", "Announce{Add}"]
    await clinic.make.role(who["group"], who["ana"], "mentor", powers=["members"])
    assert await clinic.sent() == [], "with other powers he is the same mentor"


@pytest.mark.parametrize("form", ["endTime", "expires"])
async def test_a_mentor_elsewhere_keeps_somebody_out_and_it_is_passed_on_as_he_said_it(
    clinic: Clinic, form: str
) -> None:
    who = await cast(clinic)
    await follow(clinic, ANA, BEN)
    await clinic.make.must(
        Needs(), lambda f: Decision((SetGrant(who["ben"], mentors_of(who["group"]), Grant.ACCEPTED, f.now),))
    )
    block = {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{BEN}#block", "type": "Block", "actor": BEN,
             "object": ANA,
             "target": SLEEP, "to": [PUBLIC], "cc": [SLEEP], "removeData": True, form: "2026-02-01T00:00:00Z"}  # fmt: skip
    stranger = {**block, "id": "https://peer.example/b", "actor": ANA, "object": BEN}
    await clinic.tell(stranger)
    assert await clinic.rows(t.blocks) == []
    await clinic.tell(block)
    (row,) = await clinic.rows(t.blocks)
    assert (row["actor_id"], row["target_id"]) == (who["group"], who["ana"])
    assert row["expires"] is not None
    announce = next(one for one in await clinic.sent("other.example") if one["type"] == "Announce")
    assert announce["object"] == block, "unchanged"
    await clinic.tell(
        {"id": f"{BEN}#undo", "type": "Undo", "actor": BEN, "object": block, "to": [PUBLIC], "cc": [SLEEP]}
    )
    assert await clinic.rows(t.blocks) == []
    assert "Announce{Undo{Block}}" in [summary(one) for one in await clinic.sent("other.example")]
    mentor = {**block, "id": f"{BEN}#block-2", "object": f"{BASE}/users/vera"}
    await clinic.tell(mentor)
    assert await clinic.rows(t.blocks) == [], "mentors do not keep out each other"


async def test_one_of_ours_whom_a_mentor_elsewhere_keeps_out_is_told_and_may_appeal(clinic: Clinic) -> None:
    who = await cast(clinic)
    nadia = await clinic.make.member("nadia2")
    await clinic.make.join(nadia, who["group"])
    await clinic.make.must(
        Needs(), lambda f: Decision((SetGrant(who["ben"], mentors_of(who["group"]), Grant.ACCEPTED, f.now),))
    )
    block = {"id": f"{BEN}#block", "type": "Block", "actor": BEN, "object": f"{BASE}/users/nadia2", "target": SLEEP,
             "to": [PUBLIC], "cc": [SLEEP]}  # fmt: skip
    await clinic.tell(block)
    (taken,) = await clinic.rows(t.measures)
    assert (taken["target_id"], taken["action"], taken["group_id"], taken["ended"]) == (
        nadia,
        "ban",
        who["group"],
        None,
    )
    await clinic.tell(
        {"id": f"{BEN}#undo", "type": "Undo", "actor": BEN, "object": block, "to": [PUBLIC], "cc": [SLEEP]}
    )
    (taken,) = await clinic.rows(t.measures)
    assert taken["ended"] is not None


async def test_who_writes_to_the_voice_of_moderation_is_told_that_nobody_reads_it(clinic: Clinic) -> None:
    nadia = await clinic.make.member("nadia")
    for visibility in ("direct", "public"):
        got = await clinic.make.compose(nadia, "@moderation please help me", visibility)
        assert not isinstance(got, Decision)
        assert got.reason == "nobody_reads"
    await clinic.make.post(nadia, "hello")
