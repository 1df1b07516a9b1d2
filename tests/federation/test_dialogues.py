"""Whole dialogues with Lemmy 1.0, PieFed, Mbin, NodeBB, Mastodon and GoToSocial: their member in our group, ours in theirs.

`STATED` says what each step comes to, for each platform: what is stored here, and what goes to its server. A step or a platform
that the table does not state fails. Whatever was sent is then read as that platform reads it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fedi_community.domain.effects import Decision, SetGrant
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Grant, followers_of, mentors_of
from fedi_community.domain.moderation import acts, bans
from fedi_community.domain.reports import NewReport, decide_report
from fedi_community.errors import Refusal
from fedi_community.storage import tables as t
from fedi_community.storage.views import instance_actor
from tests.federation.clinic import Clinic, Json, open_clinic, summary
from tests.federation.readers import READERS
from tests.federation.stated import STATED
from tests.federation.world import BASE, PUBLIC

SLEEP = f"{BASE}/groups/sleep"
STEPS = ("join", "post", "comment", "vote", "edit", "lock", "pin", "remove", "ban", "report")
PLATFORMS = ("lemmy", "piefed", "mbin", "nodebb", "mastodon", "gotosocial")
FORUMS = ("lemmy", "piefed", "mbin", "nodebb")
MODERATES = ("lemmy", "piefed", "mbin")
"""Those whose moderators lock, pin, remove and ban across servers; for the others our own mentor does it."""


@dataclass
class Dialogue:
    """A platform, our server, and what was said so far. sent: all that its server got, in order."""

    name: str
    clinic: Clinic
    ids: dict[str, int] = field(default_factory=dict)
    said: dict[str, Json] = field(default_factory=dict)
    sent: list[Json] = field(default_factory=list)
    number: int = 0

    @property
    def host(self) -> str:
        return f"{self.name}.example"

    @property
    def alice(self) -> str:
        path = {"mastodon": "users", "gotosocial": "users", "nodebb": "uid"}.get(self.name, "u")
        return f"https://{self.host}/{path}/alice"

    @property
    def boss(self) -> str:
        return self.alice.replace("alice", "boss")

    @property
    def group(self) -> str:
        return f"https://{self.host}/{ {'mbin': 'm', 'nodebb': 'category'}.get(self.name, 'c') }/rest"

    def activity(self, type_: str, actor: str, object_: Any, group: str, **more: Any) -> Json:
        """As this platform writes one: PieFed and Lemmy with `audience`, Lemmy and Mbin with Public in `to`."""
        self.number += 1
        made: Json = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"https://{self.host}/activities/{type_.lower()}/{self.number}", "type": type_, "actor": actor,
            "object": object_, "to": [PUBLIC], "cc": [group], **more,
        }  # fmt: skip
        if self.name in MODERATES:
            made["audience"] = group
        return made

    def post(self, author: str, group: str, words: str, answers: str | None = None) -> Json:
        """A thread or an answer in this platform's form (after the recorded ones)."""
        self.number += 1
        titled = self.name in FORUMS and answers is None
        made: Json = {
            "id": f"https://{self.host}/post/{self.number}", "type": "Note", "attributedTo": author, "to": [group, PUBLIC],
            "cc": [],
            "content": f"<p>{words}</p>", "published": "2026-01-05T09:59:00Z",
        }  # fmt: skip
        if titled:
            made |= {"type": "Article" if self.name == "nodebb" else "Page", "name": words.title()}
        if self.name in ("lemmy", "piefed"):
            made |= {
                "source": {"content": words, "mediaType": "text/markdown"},
                "audience": group,
                "mediaType": "text/html",
            }
        if self.name == "nodebb":
            made |= {
                "audience": group,
                "context": f"https://{self.host}/topic/1",
                "to": [PUBLIC, group],
                "cc": [f"{author}/followers"],
            }
        if self.name == "mbin":
            made |= {
                "audience": group,
                "commentsEnabled": True,
                "cc": [f"{author}/followers"],
                "contentMap": {"en": made["content"]},
            }
        if self.name in ("mastodon", "gotosocial"):
            made |= {
                "to": [PUBLIC],
                "cc": [f"{author}/followers", group],
                "tag": [{"type": "Mention", "href": group, "name": "@x"}],
            }
        if answers is not None:
            made["inReplyTo"] = answers
        self.clinic.peers.documents[made["id"]] = {
            "@context": "https://www.w3.org/ns/activitystreams",
            **made,
        }
        return made

    def announced(self, inner: Json) -> Json:
        """Its group passes something on: PieFed without the inner `@context`, NodeBB with the object embedded."""
        if self.name == "piefed":
            inner = {k: v for k, v in inner.items() if k != "@context"}
        made = self.activity("Announce", self.group, inner, f"{self.group}/followers")
        return {**made, "cc": [f"{self.group}/followers"]}

    async def outcome(self, *stored: str) -> tuple[str, ...]:
        """What is stored, and what its server was sent since the last step."""
        new = await self.clinic.sent(self.host)
        self.sent += new
        return (*stored, *(f"sent {summary(one)}" for one in new))

    async def state(self, uri: str) -> str:
        row = await self.clinic.row(uri)
        return "unknown" if row is None else str(row["state"])

    async def grant(self, actor: int, collection: int) -> str:
        rows = await self.clinic.rows(t.grants)
        found = [r["state"] for r in rows if (r["actor_id"], r["collection_id"]) == (actor, collection)]
        return Grant(found[0]).name.lower() if found else "none"


def said(html: str) -> Json:
    """New words, under both names that are in use."""
    return {"content": html, "contentMap": {"en": html}}


Step = Callable[[Dialogue], Awaitable[tuple[str, ...]]]


async def begin(d: Dialogue) -> None:
    """Our group with a mentor and a thread of ours; their member and their moderator, who is a mentor of our group."""
    make, clinic = d.clinic.make, d.clinic
    d.ids["nadia"], d.ids["vera"] = await make.member("nadia"), await make.member("vera")
    d.ids["sleep"] = await make.group("sleep", posts="everyone")
    await make.role(d.ids["sleep"], d.ids["vera"], "mentor")
    d.ids["alice"], d.ids["boss"] = await clinic.know(d.alice), await clinic.know(d.boss)
    await make.must(
        Needs(),
        lambda f: Decision((SetGrant(d.ids["boss"], mentors_of(d.ids["sleep"]), Grant.ACCEPTED, f.now),)),
    )
    d.ids["ours"] = await make.post(d.ids["nadia"], "@sleep What helps you at night?")
    d.said["ours"] = {"id": f"{BASE}/objects/{d.ids['ours']}"}
    await d.clinic.sent()


# --- their member in our group --------------------------------------------------------------------------------------------------


async def join_ours(d: Dialogue) -> tuple[str, ...]:
    follow = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{d.alice}#follow",
        "type": "Follow",
        "actor": d.alice,
        "object": SLEEP,
    }
    await d.clinic.tell(follow | ({"to": [SLEEP]} if d.name == "lemmy" else {}))
    return await d.outcome(await d.grant(d.ids["alice"], followers_of(d.ids["sleep"])))


async def create(d: Dialogue, name: str, note: Json) -> str:
    d.said[name] = note
    await d.clinic.tell(d.activity("Create", d.alice, note, SLEEP, to=note["to"], cc=note["cc"]))
    shown = await d.clinic.shown(note["id"])
    return (
        "missing"
        if shown is None
        else "in the group"
        if shown.group and shown.group.uri == SLEEP
        else "elsewhere"
    )


async def post_ours(d: Dialogue) -> tuple[str, ...]:
    return await d.outcome(await create(d, "thread", d.post(d.alice, SLEEP, "waking at three")))


async def comment_ours(d: Dialogue) -> tuple[str, ...]:
    note = d.post(d.alice, SLEEP, "a warm drink", d.said["ours"]["id"])
    made = await create(d, "comment", note)
    ours = await d.clinic.shown(d.said["ours"]["id"])
    return await d.outcome(made, f"{ours.replies_count if ours else 0} answers")


async def vote_ours(d: Dialogue) -> tuple[str, ...]:
    like = d.activity("Like", d.alice, d.said["ours"]["id"], SLEEP)
    await d.clinic.tell(like)
    ours = await d.clinic.shown(d.said["ours"]["id"])
    return await d.outcome(f"{ours.likes_count if ours else 0} thanks")


async def edit_ours(d: Dialogue) -> tuple[str, ...]:
    note = {
        **d.said["comment"],
        **said("<p>a warm drink, and a book</p>"),
        "updated": "2026-01-05T10:00:20Z",
    }
    note.pop("source", None)
    await d.clinic.tell(d.activity("Update", d.alice, note, SLEEP, to=note["to"], cc=note["cc"]))
    shown = await d.clinic.shown(note["id"])
    return await d.outcome("edited" if shown and "a book" in shown.text().content else "as before")


async def mentor(d: Dialogue, act: str, uri: str) -> None:
    row = await d.clinic.row(uri)
    assert row is not None
    needs, by = acts.act_needs(row["id"], d.ids["vera"]), d.ids["vera"]
    await d.clinic.make.must(needs, lambda f: acts.decide_act(row["id"], by, None, act, "because", f))


async def lock_ours(d: Dialogue) -> tuple[str, ...]:
    if d.name in MODERATES:
        await d.clinic.tell(d.activity("Lock", d.boss, d.said["ours"]["id"], SLEEP))
    else:
        await mentor(d, "lock", d.said["ours"]["id"])
    row = await d.clinic.row(d.said["ours"]["id"])
    return await d.outcome("locked" if row and row["locked"] else "open")


async def pin_ours(d: Dialogue) -> tuple[str, ...]:
    if d.name in MODERATES:
        await d.clinic.tell(
            d.activity("Add", d.boss, d.said["ours"]["id"], SLEEP, target=f"{SLEEP}/featured")
        )
    else:
        await mentor(d, "feature", d.said["ours"]["id"])
    pins = await d.clinic.rows(t.pins)
    return await d.outcome("pinned" if [p["object_id"] for p in pins] == [d.ids["ours"]] else "not pinned")


async def remove_ours(d: Dialogue) -> tuple[str, ...]:
    uri = d.said["comment"]["id"]
    if d.name in MODERATES:
        what = {"id": uri, "type": "Tombstone"} if d.name == "mbin" else uri
        await d.clinic.tell(d.activity("Delete", d.boss, what, SLEEP, summary="not kind"))
    else:
        await mentor(d, "remove", uri)
    return await d.outcome(await d.state(uri))


async def ban_ours(d: Dialogue) -> tuple[str, ...]:
    if d.name in MODERATES:
        until = {"expires" if d.name == "mbin" else "endTime": "2026-03-01T00:00:00Z"}
        await d.clinic.tell(
            d.activity("Block", d.boss, d.alice, SLEEP, target=SLEEP, removeData=True, **until)
        )
    else:
        needs = bans.ban_needs(d.ids["sleep"], d.ids["vera"], d.ids["alice"])
        await d.clinic.make.must(
            needs,
            lambda f: bans.decide_ban(d.ids["sleep"], d.ids["vera"], None, d.ids["alice"], True, "", None, f),
        )
    again = await create(d, "banned", d.post(d.alice, SLEEP, "here again"))
    (block,) = await d.clinic.rows(t.blocks)
    return await d.outcome(
        "banned" if block["target_id"] == d.ids["alice"] else "not banned", f"posts again: {again}"
    )


async def report_ours(d: Dialogue) -> tuple[str, ...]:
    by = f"https://{d.host}/actor" if d.name in ("mastodon", "gotosocial") else d.boss
    d.clinic.peer(by, "Application" if by.endswith("/actor") else "Person")
    objects: Any = (
        [f"{BASE}/users/nadia", d.said["ours"]["id"]] if by.endswith("/actor") else d.said["ours"]["id"]
    )
    words = {"content": "please look"} if d.name not in ("lemmy", "mbin") else {"summary": "please look"}
    await d.clinic.know(by, "Application" if by.endswith("/actor") else "Person")
    await d.clinic.tell(d.activity("Flag", by, objects, SLEEP, to=[SLEEP], **words))
    reports = await d.clinic.rows(t.reports)
    return await d.outcome(
        *(f"report of {len(json.loads(r['object_ids']))} post: {r['comment']}" for r in reports)
    )


# --- our member in their group --------------------------------------------------------------------------------------------------


async def join_theirs(d: Dialogue) -> tuple[str, ...]:
    listed = {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{d.group}/moderators", "type": "OrderedCollection",
              "orderedItems": [d.boss]}  # fmt: skip
    d.clinic.peers.documents[listed["id"]] = listed
    d.ids["rest"] = await d.clinic.know(d.group, "Group", attributedTo=listed["id"])
    await d.clinic.make.join(d.ids["nadia"], d.ids["rest"])
    made = await d.outcome(await d.grant(d.ids["nadia"], followers_of(d.ids["rest"])))
    follow = d.sent[-1]
    inner = {k: follow[k] for k in ("id", "type", "actor", "object")}
    await d.clinic.tell(d.activity("Accept", d.group, inner, d.group, to=[f"{BASE}/users/nadia"], cc=[]))
    return (*made, *await d.outcome(await d.grant(d.ids["nadia"], followers_of(d.ids["rest"]))))


async def post_theirs(d: Dialogue) -> tuple[str, ...]:
    post = await d.clinic.make.post(d.ids["nadia"], f"@rest@{d.host} How do you rest?")
    d.ids["mine"], d.said["mine"] = post, {"id": f"{BASE}/objects/{post}"}
    made = await d.outcome()
    echo = d.announced(next(one for one in d.sent if one["type"] == "Create"))
    await d.clinic.tell(echo)
    shown = await d.clinic.shown(d.said["mine"]["id"])
    same = [r for r in await d.clinic.rows(t.objects) if r["uri"] == d.said["mine"]["id"]]
    return (
        "in their group" if shown and shown.group and shown.group.uri == d.group else "elsewhere",
        f"kept {len(same)} time",
        *made,
    )


async def comment_theirs(d: Dialogue) -> tuple[str, ...]:
    note = d.said["answer"] = d.post(d.alice, d.group, "I walk", d.said["mine"]["id"])
    await d.clinic.tell(d.announced(d.activity("Create", d.alice, note, d.group)))
    shown = await d.clinic.shown(note["id"])
    place = (
        "missing"
        if shown is None
        else "in their group"
        if shown.group and shown.group.uri == d.group
        else "elsewhere"
    )
    await d.clinic.make.post(d.ids["nadia"], "So do I", reply_to=shown.id if shown else None)
    return await d.outcome(place)


async def vote_theirs(d: Dialogue) -> tuple[str, ...]:
    liked: Any = d.said["mine"]["id"]
    like = d.activity(
        "Like", d.alice, {"id": liked, "type": "Note"} if d.name == "nodebb" else liked, d.group
    )
    await d.clinic.tell(d.announced(like))
    shown, answer = await d.clinic.shown(liked), await d.clinic.shown(d.said["answer"]["id"])
    assert answer is not None
    await d.clinic.make.react(d.ids["nadia"], answer.id)
    return await d.outcome(f"{shown.likes_count if shown else 0} thanks")


async def edit_theirs(d: Dialogue) -> tuple[str, ...]:
    note = {**d.said["answer"], **said("<p>I walk slowly</p>"), "updated": "2026-01-05T10:00:20Z"}
    note.pop("source", None)
    await d.clinic.tell(d.announced(d.activity("Update", d.alice, note, d.group)))
    shown = await d.clinic.shown(note["id"])
    await d.clinic.make.edit(d.ids["nadia"], d.ids["mine"], f"@rest@{d.host} How do you rest well?")
    return await d.outcome("edited" if shown and "slowly" in shown.text().content else "as before")


async def lock_theirs(d: Dialogue) -> tuple[str, ...]:
    if d.name not in MODERATES:
        return await d.outcome("has no such act")
    await d.clinic.tell(d.announced(d.activity("Lock", d.boss, d.said["mine"]["id"], d.group)))
    row = await d.clinic.row(d.said["mine"]["id"])
    answer = await d.clinic.make.compose(d.ids["nadia"], "one more", reply_to=d.ids["mine"])
    closed = answer.reason if isinstance(answer, Refusal) else "answered"
    await d.clinic.tell(
        d.announced(
            d.activity("Undo", d.boss, d.activity("Lock", d.boss, d.said["mine"]["id"], d.group), d.group)
        )
    )
    again = await d.clinic.row(d.said["mine"]["id"])
    return await d.outcome(f"locked {row and row['locked']}", closed, f"then {again and again['locked']}")


async def pin_theirs(d: Dialogue) -> tuple[str, ...]:
    if d.name not in MODERATES:
        return await d.outcome("has no such act")
    collection = "pinned" if d.name == "mbin" else "featured"
    await d.clinic.tell(
        d.announced(
            d.activity("Add", d.boss, d.said["mine"]["id"], d.group, target=f"{d.group}/{collection}")
        )
    )
    pins = [(p["actor_id"], p["object_id"]) for p in await d.clinic.rows(t.pins)]
    return await d.outcome("pinned" if pins == [(d.ids["rest"], d.ids["mine"])] else "not pinned")


async def remove_theirs(d: Dialogue) -> tuple[str, ...]:
    uri = d.said["mine"]["id"] if d.name in MODERATES else d.said["answer"]["id"]
    by = d.boss if d.name in MODERATES else d.alice
    words = {"summary": " "} if d.name == "mbin" else {"summary": "off topic"} if d.name in MODERATES else {}
    what = {"id": uri, "type": "Tombstone"} if d.name == "mbin" else uri
    await d.clinic.tell(d.announced(d.activity("Delete", by, what, d.group, **words)))
    return await d.outcome(await d.state(uri))


async def ban_theirs(d: Dialogue) -> tuple[str, ...]:
    if d.name not in MODERATES:
        return await d.outcome("has no such act")
    await d.clinic.tell(
        d.announced(d.activity("Block", d.boss, f"{BASE}/users/nadia", d.group, target=d.group))
    )
    blocks = [(b["actor_id"], b["target_id"]) for b in await d.clinic.rows(t.blocks)]
    site = d.activity("Block", d.boss, f"{BASE}/users/vera", d.group, target=f"https://{d.host}/")
    await d.clinic.tell(site)
    after = len(await d.clinic.rows(t.blocks))
    held = await d.grant(d.ids["nadia"], followers_of(d.ids["rest"]))
    known = "banned" if blocks == [(d.ids["rest"], d.ids["nadia"])] else "not banned"
    return await d.outcome(known, f"membership {held}", f"site ban: {after - len(blocks)} new")


async def report_theirs(d: Dialogue) -> tuple[str, ...]:
    instance = await d.clinic.house.db.read(instance_actor)
    answer = await d.clinic.row(d.said["answer"]["id"])
    assert answer is not None
    asked = NewReport(d.ids["nadia"], d.ids["alice"], (answer["id"],), "please look", instance=instance)
    needs = Needs(actor_ids=frozenset({d.ids["nadia"], d.ids["alice"]}), post_ids=frozenset({answer["id"]}),
                  subjects=frozenset({d.ids["nadia"]}))  # fmt: skip
    await d.clinic.make.must(needs, lambda f: decide_report(asked, f))
    made = await d.outcome()
    by = {one["actor"] for one in d.sent if one["type"] == "Flag"}
    return (*made, *(f"by {uri.removeprefix(BASE)}" for uri in sorted(by)))


ROLES: dict[str, dict[str, Step]] = {
    "guest": {"join": join_ours, "post": post_ours, "comment": comment_ours, "vote": vote_ours, "edit": edit_ours,
              "lock": lock_ours, "pin": pin_ours, "remove": remove_ours, "ban": ban_ours, "report": report_ours},
    "host": {"join": join_theirs, "post": post_theirs, "comment": comment_theirs, "vote": vote_theirs, "edit": edit_theirs,
             "lock": lock_theirs, "pin": pin_theirs, "remove": remove_theirs, "ban": ban_theirs, "report": report_theirs},
}  # fmt: skip
CELLS = [("guest", name) for name in PLATFORMS] + [("host", name) for name in FORUMS]


@pytest.fixture
async def clinic(database_url: str, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with open_clinic(database_url, tmp_path) as made:
        yield made


def test_every_step_with_every_platform_is_stated() -> None:
    assert {(role, name) for role, name in STATED} == set(CELLS)
    assert all(tuple(steps) == STEPS for steps in STATED.values())
    assert all(tuple(role) == STEPS for role in ROLES.values())


@pytest.mark.parametrize(("role", "name"), CELLS)
async def test_a_dialogue_comes_to_what_is_stated_and_its_platform_can_read_it(
    clinic: Clinic, role: str, name: str
) -> None:
    dialogue = Dialogue(name, clinic)
    await begin(dialogue)
    found = {step: await ROLES[role][step](dialogue) for step in STEPS}
    assert found == STATED[role, name]
    read = {(summary(one), READERS[name](one)) for one in dialogue.sent}
    assert [words for words in read if words[1].startswith("refused")] == []
    assert dialogue.sent
