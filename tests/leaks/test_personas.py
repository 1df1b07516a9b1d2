"""Two names of one member share nothing public: everything that anybody can fetch of them is compared, field by field.

nadia writes as river and stone too. marta, pablo and elena are nobody's other names: what one of hers has in common with them is
common to all. All six do the same, at different times, with the same picture. What two of nadia's share and the three do not
have gives her away.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from quart import request
from quart.datastructures import FileStorage
from sqlalchemy import bindparam, insert, update

from fedi_community.activitypub.signatures import sign_cavage, signing_key
from fedi_community.app import build
from fedi_community.config import Settings
from fedi_community.ids import time_of
from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement, one_of
from tests.federation.world import Served, actor_document, rsa_key
from tests.make import START, Clock, Make
from tests.mastodon.conftest import BASE, World
from tests.media import files

AS2 = "application/activity+json"
PEER = "https://peer.example/users/far"
HERS = ("nadia", "river", "stone")
OTHERS = ("marta", "pablo", "elena")
LONG = re.compile(r"[A-Za-z0-9+_=-]{10,}")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
ID = re.compile(r"(?<!\d)\d{16,20}(?!\d)")
PASSING = frozenset({"date", "x-request-id", "content-length"})
"""Headers of one answer, not of whom it is about. How long a body is follows from the body, which is compared itself."""


@dataclass
class Stage:
    world: World
    ids: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)
    root: str = ""

    async def get(self, who: str, path: str, accept: str) -> tuple[int, dict[str, str], bytes]:
        """who: "" a stranger, "peer" a signed request of another server, else a member."""
        fields = {"Host": "clinic.example", "Accept": accept}
        if who == "peer":
            key = signing_key(f"{PEER}#main-key", rsa_key("peer"))
            fields |= sign_cavage("GET", BASE + path, key=key, now_ms=self.world.clock.now, accept=accept)
            fields["Host"] = "clinic.example"
        elif who and path.startswith("/api/"):
            fields["Authorization"] = f"Bearer {self.tokens[who]}"
        client = self.world.parts.web.test_client(use_cookies=False)
        got = await client.get(path, headers=fields)
        return got.status_code, {k.lower(): v for k, v in got.headers.items()}, await got.get_data()

    async def upload(self, name: str) -> str:
        client = self.world.parts.web.test_client(use_cookies=False)
        sent = FileStorage(_file(files.png()), filename="IMG_2041.png", content_type="image/png")
        got = await client.post(
            "/api/v1/media", headers={"Authorization": f"Bearer {self.tokens[name]}", "Host": "clinic.example"},
            files={"file": sent}, form={"description": "A garden"},
        )  # fmt: skip
        return str(orjson.loads(await got.get_data())["id"])

    async def says(self, name: str, **words: Any) -> Any:
        got = await self.world.post("/api/v1/statuses", self.tokens[name], visibility="public", **words)
        assert got.status == 200, got.body
        return got.json


def _file(data: bytes) -> Any:
    return BytesIO(data)


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    served, clock = Served(), Clock(START)
    settings = Settings(
        base_url=BASE, data=str(tmp_path), keys=str(tmp_path / "keys"), database_url=database_url, api_rate=0
    )
    parts = await build(settings, clock=clock, transport=served)
    made = Stage(World(parts, Make(parts.house, clock), clock))
    try:
        served.documents[PEER] = actor_document(PEER)
        peer = await parts.peers.learn_actor(PEER)
        assert isinstance(peer, int)
        await _fill(made, peer)
        yield made
    finally:
        await parts.close()


async def _fill(stage: Stage, peer: int) -> None:
    world, make = stage.world, stage.world.make
    for name in ("ana", *OTHERS, "nadia"):
        stage.ids[name] = await world.member(name)
        stage.tokens[name] = await world.token(stage.ids[name])
        world.clock.forward(3 * 86_400 + 417)
    login = await world.login_of(stage.ids["nadia"])
    for name in HERS[1:]:
        stage.ids[name] = await make.persona(login, name, name=name.title())
        stage.tokens[name] = await world.token(stage.ids[name], login=login)
        world.clock.forward(5)
    stage.root = (await stage.says("ana", status="How do you sleep?"))["id"]
    for at, name in enumerate((*HERS, *OTHERS)):
        world.clock.forward(
            86_400 + 311 * (at + 1)
        )  # each on a day of its own: who writes on one day is told the risk
        token = stage.tokens[name]
        client = world.parts.web.test_client(use_cookies=False)
        picture = FileStorage(_file(files.png(64, 64)), filename="me.png", content_type="image/png")
        done = await client.patch(
            "/api/v1/accounts/update_credentials", headers={"Authorization": f"Bearer {token}", "Host": "clinic.example"},
            files={"avatar": picture}, form={"note": "I like gardens", "display_name": name.title()},
        )  # fmt: skip
        assert done.status_code == 200
        world.clock.forward(11)
        post = await stage.says(name, status="A picture of #gardens", media_ids=[await stage.upload(name)])
        stage.posts[name] = post["id"]
        world.clock.forward(13)
        stage.replies[name] = (await stage.says(name, status="Badly", in_reply_to_id=stage.root))["id"]
        world.clock.forward(17)
        for path in (
            f"statuses/{stage.root}/favourite",
            f"statuses/{stage.root}/reblog",
            f"accounts/{stage.ids['ana']}/follow",
        ):
            assert (await world.post(f"/api/v1/{path}", token)).status == 200
            world.clock.forward(3)
        await make.join(peer, stage.ids[name], f"https://peer.example/follows/{name}")
        world.clock.forward(5)


def pages(stage: Stage, name: str) -> list[tuple[str, str, str]]:
    """(label, address, Accept) of all that is public of somebody."""
    key, post, reply = stage.ids[name], stage.posts[name], stage.replies[name]
    html, json = "text/html", "application/json"
    api = (
        f"accounts/{key}", f"accounts/lookup?acct={name}", f"accounts/{key}/statuses", f"accounts/{key}/followers",
        f"accounts/{key}/following", f"accounts/{key}/featured_tags", f"accounts/search?q={name}",
        *(f"statuses/{i}{end}" for i in (post, reply) for end in ("", "/context", "/history", "/card", "/favourited_by")),
        f"accounts/relationships?id[]={key}", f"accounts/familiar_followers?id[]={key}",
    )  # fmt: skip
    found = [(f"api {i}", f"/api/v1/{path}", json) for i, path in enumerate(api)]
    for path in ("", "/outbox", "/outbox?page=true", "/followers", "/following", "/featured"):
        found.append((f"as {path}", f"/users/{name}{path}", AS2))
    for i, object_id in enumerate((post, reply)):
        found += [
            (f"as object {i}", f"/objects/{object_id}", AS2),
            (f"page {i}", f"/objects/{object_id}", html),
        ]
        found.append((f"replies {i}", f"/objects/{object_id}/replies", AS2))
    found += [
        ("webfinger", f"/.well-known/webfinger?resource=acct:{name}@clinic.example", json),
        ("profile", f"/@{name}", html),
        ("profile page", f"/users/{name}", html),
        ("es", f"/es/@{name}", html),
    ]
    return found


def flat(value: Any, at: str = "") -> dict[str, str]:
    """A document as path -> text of the leaf."""
    if isinstance(value, dict):
        return {k: v for key, part in value.items() for k, v in flat(part, f"{at}.{key}").items()}
    if isinstance(value, list):
        return {k: v for i, part in enumerate(value) for k, v in flat(part, f"{at}[{i}]").items()}
    return {at: str(value)}


async def seen(stage: Stage, viewer: str, name: str) -> dict[str, str]:
    """Everything public of somebody as a viewer gets it: label and path -> text. Files are followed to their bytes."""
    found: dict[str, str] = {}
    media: dict[str, None] = {}
    for label, path, accept in pages(stage, name):
        if viewer == "peer" and accept != AS2:
            continue
        status, headers, body = await stage.get(viewer, path, accept)
        found[f"{label} status"] = str(status)
        found |= {f"{label} header {k}": v for k, v in headers.items() if k not in PASSING}
        text = body.decode()
        found |= flat(orjson.loads(body), label) if text[:1] in "{[" else {f"{label} body": text}
        media |= dict.fromkeys(re.findall(r"/media/[\w./-]+", text))
    for i, path in enumerate(media):
        status, headers, body = await stage.get(viewer, path, "*/*")
        found[f"media {i} path"], found[f"media {i} bytes"] = path, hashlib.sha256(body).hexdigest()
        found |= {f"media {i} header {k}": v for k, v in headers.items() if k not in PASSING}
    return found


def traces(found: dict[str, str]) -> set[str]:
    """What could tell one from others: every word of some length, every moment (in ids, too), every address of a file."""
    said: set[str] = set()
    for text in found.values():
        said |= set(LONG.findall(text))
        said |= {f"at {_second(moment)}" for moment in ISO.findall(text)}
        said |= {f"at {time_of(int(key)) // 1000}" for key in ID.findall(text)}
    return said


def _second(moment: str) -> int:
    return int(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp())


async def shared(stage: Stage, viewer: str) -> set[str]:
    """What two of nadia's names have in common, and nobody else has."""
    by_name = {name: await seen(stage, viewer, name) for name in (*HERS, *OTHERS)}
    said = {name: traces(found) for name, found in by_name.items()}
    usual = said["marta"] | said["pablo"] | said["elena"]
    given_away: set[str] = set()
    for one, other in (("nadia", "river"), ("nadia", "stone"), ("river", "stone")):
        given_away |= (said[one] & said[other]) - usual
        for path, text in by_name[one].items():
            if by_name[other].get(path) == text and text not in {by_name[name].get(path) for name in OTHERS}:
                given_away.add(f"{path} = {text[:80]}")
    return given_away


async def test_nothing_public_is_shared_by_two_names_of_one_member(stage: Stage) -> None:
    for viewer in ("", "ana", "marta", "peer"):
        assert await shared(stage, viewer) == set(), viewer
    river = await seen(stage, "", "river")
    files_of = {
        name: {v for k, v in (await seen(stage, "", name)).items() if k.endswith(" path")} for name in HERS
    }
    assert all(len(found) >= 2 for found in files_of.values()), "pictures are among what is compared"
    assert len(river) > 600


PLANTED = {
    "a picture kept under a hash of its bytes": (t.actors, "icon", '{"url": "media/aa/bb/ccddeeff00112233.webp"}'),
    "one moment of making": (t.actors, "created", START + 123_456),
    "one moment of change": (t.actors, "updated", START + 654_321),
    "a name that both moved from": (t.actors, "also_known_as", '["https://peer.example/users/nadia_at_home"]'),
    "fields of both profiles": (t.actors, "fields", '[{"name": "Site", "value": "nadia-gardens-example"}]'),
}  # fmt: skip


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("what", PLANTED)
async def test_a_value_that_two_names_share_is_found(stage: Stage, what: str) -> None:
    table, column, value = PLANTED[what]
    both = [stage.ids["river"], stage.ids["stone"]]
    plant = Statement(
        update(table)
        .where(one_of(table.c.id, "ids"))
        .values({column: bindparam("new", type_=table.c[column].type)})
    )
    await stage.world.parts.db.write(lambda tx: tx.run(plant, ids=both, new=value))
    assert await shared(stage, "") != set()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_header_that_two_names_share_is_found(stage: Stage) -> None:
    async def dressed(response: Any) -> Any:
        if any(f"/users/{name}" in request.path for name in ("river", "stone")):
            response.headers["X-Shard"] = "7"
        return response

    stage.world.parts.web.after_request(dressed)
    assert {one.partition(" = ")[2] for one in await shared(stage, "")} == {"7"}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_one_moment_in_which_two_names_wrote_is_found_in_their_ids(stage: Stage) -> None:
    stage.world.clock.forward(86_400)
    for name in ("river", "stone"):
        stage.posts[name] = (await stage.says(name, status="Good night"))["id"]
    found = await shared(stage, "")
    assert f"at {time_of(int(stage.posts['river'])) // 1000}" in found


def moved(before: dict[str, str], now: dict[str, str]) -> set[str]:
    """What a viewer gets of somebody in another way than before."""
    return {key for key in before | now if before.get(key) != now.get(key) and "etag" not in key}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_name_that_is_shown_otherwise_after_another_was_blocked_is_found(stage: Stage) -> None:
    before = await seen(stage, "ana", "stone")
    await stage.world.post(f"/api/v1/accounts/{stage.ids['river']}/block", stage.tokens["ana"])
    assert moved(before, await seen(stage, "ana", "stone")) == set()
    plant = Statement(
        insert(t.blocks).values(actor_id=stage.ids["ana"], target_id=stage.ids["stone"], created=1)
    )
    await stage.world.parts.db.write(lambda tx: tx.run(plant))
    assert len(moved(before, await seen(stage, "ana", "stone"))) > 5


async def test_who_blocks_one_name_learns_nothing_of_the_others_and_they_are_answered_as_ever(
    stage: Stage,
) -> None:
    world = stage.world
    before = {name: await seen(stage, "ana", name) for name in ("nadia", "stone", "marta", "pablo")}
    for name in ("river", "marta"):
        assert (
            await world.post(f"/api/v1/accounts/{stage.ids[name]}/block", stage.tokens["ana"])
        ).status == 200
    answers: dict[str, list[Any]] = {}
    letters = {"visibility": "direct", "status": "@ana please"}
    for name in ("stone", "nadia", "pablo"):
        token = stage.tokens[name]
        world.clock.forward(3)
        got = [
            await world.post("/api/v1/statuses", token, status="still awake", in_reply_to_id=stage.root),
            await world.post("/api/v1/statuses", token, status="@ana hello", visibility="public"),
            await world.post("/api/v1/statuses", token, **letters),
        ]
        got.append(await world.get(f"/api/v1/statuses/{got[0].json['id']}", token))
        got.append(await world.get(f"/api/v1/statuses/{stage.root}", token))
        answers[name] = [(one.status, sorted(one.json)) for one in got]
    assert answers["stone"] == answers["nadia"] == answers["pablo"], "to them nothing is different"
    for name in ("nadia", "stone"):
        assert moved(before[name], await seen(stage, "ana", name)) == set(), name
    changed = await seen(stage, "ana", "pablo")
    assert changed["api 0.statuses_count"] != before["pablo"]["api 0.statuses_count"], "what pablo wrote came"
    for viewer in ("", "ana", "pablo", "peer"):
        assert await shared(stage, viewer) == set(), viewer
