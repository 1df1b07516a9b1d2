"""The examples of FEDERATION.md are what this server says, and what it takes is taken: nothing there is written by heart."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fedi_community.activitypub.handlers import handler_of
from fedi_community.activitypub.handlers.told import Told
from fedi_community.activitypub.nodeinfo import Counts
from fedi_community.activitypub.nodeinfo import document as nodeinfo_document
from fedi_community.activitypub.webfinger import Handle, jrd_document
from fedi_community.activitypub.wire import WireActivity, parse_activity
from fedi_community.documents import Documents
from fedi_community.domain import posts
from fedi_community.domain.effects import Decision, SetGrant
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import STRANGER, Body, Grant, Kind, Text, followers_of
from fedi_community.errors import Refusal
from fedi_community.keyring import Keyring, master_key
from fedi_community.perform import Change, perform
from fedi_community.storage import tables as t
from fedi_community.storage.database import open_database
from fedi_community.storage.dialect import Statement
from fedi_community.storage.documents import ActivityRow, activity_of
from fedi_community.storage.views import load_posts
from tests.docs.pages import AGAIN, WRITE, examples, shown, write_examples
from tests.make import Make

PAGE = "FEDERATION.md"
BASE = "https://clinic.example"
PEER = "https://peer.example"
CUT = {"publicKeyPem": "-----BEGIN PUBLIC KEY-----…", "publicKeyMultibase": "z6Mk…", "proofValue": "z…"}


@dataclass
class Numbers:
    """Ids as small numbers in the order they are met, and back."""

    known: dict[str, str] = field(default_factory=dict)

    def small(self, text: str) -> str:
        return re.sub(r"\d{15,19}", lambda m: self.known.setdefault(m[0], str(1001 + len(self.known))), text)

    def real(self, text: str) -> str:
        back = {small: real for real, small in self.known.items()}
        return re.sub(r"(?<=/)1\d{3}\b", lambda m: back.get(m[0], m[0]), text)


def shortened(value: Any) -> Any:
    """Keys and proofs cut (they are random), `@context` down to its first entry."""
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {name: CUT.get(name, shortened(part)) for name, part in value.items() if name != "@context"}
    if "@context" in value:
        first = value["@context"][0] if isinstance(value["@context"], list) else value["@context"]
        made = {"@context": first, **made}
    return made


@dataclass
class Scene:
    """A small community, and what it says to others."""

    make: Make
    documents: Documents
    said: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    ids: dict[str, int] = field(default_factory=dict)

    async def row(self, type_: str, **where: Any) -> ActivityRow:
        query = t.activities.select().where(t.activities.c.type == type_).order_by(t.activities.c.id.desc())
        found = [activity_of(r) for r in await self.make.house.db.read(lambda tx: tx.rows(Statement(query)))]
        return next(row for row in found if all(getattr(row, name) == value for name, value in where.items()))

    async def sent(
        self, name: str, row: ActivityRow, mode: str, target: int | None, host: str = "peer.example"
    ) -> None:
        body = await self.documents.body(row.id, mode, target, host)
        self.said[name] = None if body is None else json.loads(body)

    async def fill(self) -> None:
        make = self.make
        nadia, rosa = await make.member("nadia"), await make.member("rosa", role="staff")
        news = await make.member("newsroom", type="Service")
        sleep = await make.group("sleep", summary="<p>Evenings, nights and mornings.</p>", language="en")
        care = await make.group(
            "caregivers", reads="members", posts="members", replies="members", joins="approval"
        )
        await make.role(sleep, rosa, "staff")
        await make.role(sleep, news, "mentor")
        await make.join(nadia, sleep)
        await make.role(care, nadia, "mentor")
        ana = await make.remote(f"{PEER}/users/ana")
        books = await make.remote(f"{PEER}/c/books", type="Group")
        self.ids |= {"nadia": nadia, "sleep": sleep}
        self.said["group"] = await self.documents.actor(sleep)
        self.said["webfinger"] = dict(
            jrd_document(Handle("sleep", "clinic.example"), f"{BASE}/groups/sleep", f"{BASE}/groups/sleep")
        )
        counts = Counts(120, 64, 98, 1_432, 8_711)
        self.said["nodeinfo"] = dict(
            nodeinfo_document(
                "2.1", software_version="0.1.0", counts=counts, open_registrations=False, name="Clinic"
            )
        )
        await make.join(ana, sleep, f"{PEER}/follows/1")
        await self.sent("accept", await self.row("Accept"), "control", ana)
        await make.join(nadia, books)
        await self.sent("follow", await self.row("Follow", actor_id=nadia), "control", books)
        question = await make.post(nadia, "@sleep What do you do when you wake at three? #sleep")
        self.ids["question"] = question
        create = await self.row("Create", object_id=question)
        await self.sent("announce-create", await self.row("Announce", inner_uri=create.uri), "content", None)
        await self._article(news, sleep)
        hard = await make.post(nadia, "@caregivers A hard week.")
        await make.must(
            Needs(), lambda f: Decision((SetGrant(ana, followers_of(care), Grant.ACCEPTED, make.clock.now),))
        )
        await self.sent("members-only", await self.row("Create", object_id=hard), "content", ana)
        reply = await make.post(rosa, "A book with very short chapters.", reply_to=question)
        self.said["thread"] = await self.documents.context(STRANGER, question)
        await make.react(nadia, reply)
        await self.sent(
            "announce-like",
            await self.row("Announce", inner_uri=(await self.row("Like")).uri),
            "content",
            None,
        )
        await make.delete(rosa, reply)
        await self.sent("delete", await self.row("Delete", object_id=reply), "retraction", ana)
        self.said["tombstone"] = await self.documents.tombstone(STRANGER, reply)
        await make.leave(nadia, books)
        await self.sent(
            "undo-follow", await self.row("Undo", actor_id=nadia, target_id=books), "control", books
        )

    async def _article(self, author: int, group: int) -> None:
        words = Text("en", "<p>Most people sleep better after an evening without hurry.</p>", "A calmer evening",
                     "<p>Four small habits.</p>")  # fmt: skip
        hablado = Text("es", "<p>Casi todo el mundo duerme mejor tras una tarde sin prisa.</p>", "Una tarde más tranquila",
                       "<p>Cuatro hábitos pequeños.</p>")  # fmt: skip
        asked = posts.Compose(author, Body((words, hablado), "en"), "public", Kind.ARTICLE, group_id=group)
        made = await self.make.must(posts.compose_needs(asked), lambda f: posts.decide_compose(asked, f))
        article = made.result or 0
        self.said["article"] = await self.documents.post(STRANGER, article)
        boost = await self.row("Announce", actor_id=group, inner_uri=f"{BASE}/objects/{article}")
        await self.sent("boost", boost, "content", None)

    def shown(self) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, document in self.said.items():
            assert document is not None, f"this server has nothing to say for “{name}”"
            made[name] = self.numbers.small(shown(shortened(document)))
        return made


@pytest.fixture
async def scene(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Scene]:
    shutil.copy(sqlite_template, tmp_path / "community.db")
    db = await open_database(f"sqlite:///{tmp_path}/community.db")
    make = Make.on(db, BASE)
    found = Scene(make, Documents(make.house, Keyring(make.house, master_key(tmp_path / "keys"))))
    await found.fill()
    yield found
    await db.close()


async def test_what_the_page_says_we_send_is_what_we_send(scene: Scene) -> None:
    rendered = scene.shown()
    if WRITE:
        write_examples(PAGE, rendered)
    written = {name: body for (way, name), body in examples(PAGE).items() if way == "sent"}
    assert set(written) == set(rendered), "FEDERATION.md lacks an example, or has one that nothing renders"
    for name, body in rendered.items():
        assert written[name] == body, f"The example “{name}” is not what this server sends. {AGAIN}"


async def test_what_the_page_says_we_take_is_taken(scene: Scene) -> None:
    scene.shown()
    written = {name: body for (way, name), body in examples(PAGE).items() if way == "received"}
    assert set(written) == {"follow", "reply", "refused"}
    outcomes, made_ids = {}, {}
    for name, body in written.items():
        raw = scene.numbers.real(body).encode()
        activity = parse_activity(json.loads(raw))
        assert isinstance(activity, WireActivity), activity
        told = Told(activity, activity.actor, scene.make.clock.now, raw)
        handler = handler_of(told)

        def decide(facts: Facts, handler: Any = handler, told: Told = told) -> Decision | Refusal:
            decided: Decision | Refusal = handler.decide(told, facts)
            return decided

        made = await perform(scene.make.house, Change(handler.needs(told), decide, handler.ids))
        outcomes[name] = made.reason if isinstance(made, Refusal) else made.verdict
        made_ids[name] = made.result or 0 if isinstance(made, Decision) else 0
    assert outcomes == {"follow": "accepted", "reply": "stored", "refused": "not_public"}
    stored = await scene.make.house.db.read(lambda tx: load_posts(tx, STRANGER, [made_ids["reply"]]))
    assert stored[0].reply_to == scene.ids["question"]
    assert stored[0].group is not None
    assert stored[0].group.id == scene.ids["sleep"]
