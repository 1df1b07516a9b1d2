"""A world with every kind of audience and every kind of viewer, on a whole running server without sockets.

Each post carries a canary, and the stage knows for each viewer which canaries it may see, from how the world was made
(never from the rule itself). Facts are canaries too: who is a member, who voted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from fedi_community import auth
from fedi_community.activitypub.signatures import sign_cavage, signing_key
from fedi_community.app import Parts, build
from fedi_community.config import Settings
from fedi_community.domain.effects import Decision, FinishUpload, MakeToken, MakeUpload, SetHost, SetState
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import State
from fedi_community.domain.polls import NewPoll
from fedi_community.media.store import new_stem
from fedi_community.storage import media as media_rows
from tests.federation.world import BASE, Served, actor_document, rsa_key
from tests.make import START, Clock, Make

AS2 = "application/activity+json"
SCOPES = "read write follow push"
REPORTED = "direct"
"""The post that somebody reports: those who run the server get a sealed copy of it, and of nothing else."""


@dataclass(frozen=True)
class Seat:
    """A viewer: how its requests look, and which canaries it may see."""

    name: str
    may: frozenset[str]
    session: str = ""
    token: str = ""
    signer: str = ""


@dataclass
class Stage:
    parts: Parts
    make: Make
    posts: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # of each post: the name of its one file
    uploads: dict[str, int] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)  # what omar keeps for himself: the id of each
    seats: list[Seat] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    report: int = 0

    @property
    def canaries(self) -> tuple[str, ...]:
        return (*self.files, *KEPT)

    def headers(
        self, seat: Seat, method: str, path: str, accept: str, body: bytes | None = None
    ) -> dict[str, str]:
        fields = {"Host": "clinic.example", "Accept": accept}
        if seat.session:
            fields["Cookie"] = f"{auth.cookie_name(self.parts.settings, 'session')}={seat.session}"
        if seat.token and path.startswith("/api/"):
            fields["Authorization"] = f"Bearer {seat.token}"
        if seat.signer and AS2 in accept:
            key = signing_key(f"{seat.signer}#main-key", rsa_key("peer"))
            fields |= sign_cavage(method, BASE + path, key=key, now_ms=self.make.clock.now, accept=accept)
            fields["Host"] = "clinic.example"
        return fields

    async def get(
        self, seat: Seat, path: str, accept: str = "text/html"
    ) -> tuple[int, dict[str, str], bytes]:
        client = self.parts.web.test_client(use_cookies=False)
        got = await client.get(path, headers=self.headers(seat, "GET", path, accept))
        return got.status_code, dict(got.headers), await got.get_data()

    async def send(
        self, seat: Seat, method: str, path: str, form: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        client = self.parts.web.test_client(use_cookies=False)
        fields = self.headers(seat, method, path, "text/html")
        fields["Origin"] = BASE
        if seat.session:
            form = {**form, "csrf": auth.csrf_token(seat.session)}
        got = await client.open(path, method=method, headers=fields, form=form)
        return got.status_code, dict(got.headers), await got.get_data()


async def _token(make: Make, login: int, actor: int, scopes: str = SCOPES) -> str:
    secret = auth.new_secret()

    def decide(facts: Any) -> Decision:
        made = MakeToken(
            facts.new_ids[0],
            auth.token_hash(secret),
            "access",
            facts.now,
            login,
            actor,
            None,
            scopes,
        )
        return Decision((made,))

    await make.must(Needs(), decide, 1)
    return secret


def canary(name: str) -> str:
    return f"canary{name.replace('_', '')}zz"


@asynccontextmanager
async def open_stage(database_url: str, folder: Path) -> AsyncIterator[Stage]:
    """The world, filled."""
    served = Served()
    settings = Settings(
        base_url=BASE, data=str(folder), keys=str(folder / "keys"), database_url=database_url, api_rate=0
    )
    clock = Clock(START)
    parts = await build(settings, clock=clock, transport=served)
    make = Make(parts.house, clock)
    stage = Stage(parts, make)
    try:
        await _fill(stage, served)
        yield stage
    finally:
        await parts.close()


KEPT = ("note", "list", "filter", "keyword", "later")
PEOPLE = "nadia omar eve blocked former mentor otherstaff invited steward".split()
"""steward runs the server: that alone gives no sight."""
NAMES = ("shade", "veil")
"""Other names of omar: neither sees what he sees, nor what the other does."""
REMOTES = {"alice": "https://peer.example/users/alice", "rita": "https://peer.example/users/rita"}


async def _fill(stage: Stage, served: Served) -> None:
    make, parts = stage.make, stage.parts
    ids = {name: await make.member(name, role="staff" if name == "steward" else "member") for name in PEOPLE}
    public = await make.group("sleep", posts="everyone")
    gated = await make.group("caregivers", reads="members", joins="approval")
    hidden = await make.group("hiddenname", finds="members", reads="members", joins="invite")
    house = await make.group("neighbours", reads="server", posts="server", replies="server")
    elsewhere = await make.group("heart")
    await _join_all(stage, ids, public, gated, hidden, elsewhere)
    for uri in (
        *REMOTES.values(),
        "https://listed.example/actor",
        "https://peer.example/actor",
        "https://shut.example/users/x",
    ):
        kind = "Application" if uri.endswith("/actor") else "Person"
        served.documents[uri] = actor_document(uri, kind)
        learned = await parts.peers.learn_actor(uri)
        assert isinstance(learned, int), learned
        ids[uri] = learned
    alice = ids[REMOTES["alice"]]
    await make.join(alice, ids["nadia"], f"{REMOTES['alice']}/follows/1")
    await _write(
        stage, ids, {"sleep": public, "caregivers": gated, "hiddenname": hidden, "neighbours": house}, alice
    )
    await make.block(ids["nadia"], ids["blocked"])
    for kind in ("like", "bookmark"):  # what somebody kept of a group does not outlive his membership
        await make.react(ids["former"], stage.posts["gated"], kind)
    await make.leave(ids["former"], gated)
    await make.must(Needs(), lambda f: Decision((SetHost("shut.example", "suspended"),)), 0)
    await make.react(ids["omar"], stage.posts["gated"])
    await _attach(stage, ids)
    await _seats(stage, ids)
    await _keep(stage, ids)
    stage.report = await _report(stage, ids["nadia"])


async def _report(stage: Stage, target: int) -> int:
    """Omar reports what he was sent, as his client does it."""
    omar = next(seat for seat in stage.seats if seat.name == "omar")
    asked = {"account_id": str(target), "status_ids[]": str(stage.posts[REPORTED])}
    status, _, body = await stage.send(omar, "POST", "/api/v1/reports", asked)
    assert status == 200, body
    return int(orjson.loads(body)["id"])


async def _join_all(
    stage: Stage, ids: dict[str, int], public: int, gated: int, hidden: int, elsewhere: int
) -> None:
    make = stage.make
    for name in ("nadia", "omar", "former", "mentor"):
        await make.join(ids[name], gated)
        await make.answer(gated, ids[name])
    await make.role(gated, ids["mentor"], "mentor")
    await make.role(elsewhere, ids["otherstaff"], "staff")
    await make.role(hidden, ids["invited"], "staff")
    for name in PEOPLE:
        await make.join(ids[name], public)
    login, _ = await _login_of(stage, ids["omar"])
    for name in NAMES:
        ids[name] = await make.persona(login, name)
    await make.join(ids["veil"], gated)
    await make.answer(gated, ids["veil"])
    for name in ("omar", "former"):
        await make.join(ids[name], ids["nadia"])


async def _write(stage: Stage, ids: dict[str, int], groups: dict[str, int], alice: int) -> None:
    make, posts = stage.make, stage.posts
    nadia, tag = ids["nadia"], "#canarytag"

    async def post(name: str, author: int = nadia, visibility: str = "public", **more: Any) -> None:
        posts[name] = await make.post(
            author, f"{canary(name)} {tag}{name.replace('_', '')}", visibility, **more
        )

    await post("public")
    await post("unlisted", visibility="unlisted")
    await post("followers", visibility="private")
    posts["direct"] = await make.post(nadia, f"{canary('direct')} for @omar", "direct")
    await post("circle", circle=(ids["omar"], alice))
    await post("open_group", group_id=groups["sleep"])
    await post("gated", group_id=groups["caregivers"])
    await post("gated_reply", ids["omar"], reply_to=posts["gated"])
    await post("gated_poll", group_id=groups["caregivers"], poll=NewPoll(("one", "two"), 86_400))
    await post("server", group_id=groups["neighbours"])
    await post("hidden", ids["invited"], group_id=groups["hiddenname"])
    await post("held", ids["omar"], group_id=groups["caregivers"])
    await post("removed", ids["omar"], group_id=groups["sleep"])
    await post("of_blocked", ids["blocked"])
    await post("deleted")
    await make.delete(nadia, posts["deleted"])
    for name, state in (("held", State.HELD), ("removed", State.REMOVED)):
        post_id = posts[name]

        def decide(facts: Any, post_id: int = post_id, state: State = state) -> Decision:
            return Decision((SetState(facts.posts[post_id], state),))

        await make.must(Needs(post_ids=frozenset({post_id})), decide, 0)


async def _attach(stage: Stage, ids: dict[str, int]) -> None:
    """Each post has a file, which holds its canary; one more is on no post."""
    make, uploads = stage.make, stage.parts.uploads
    for name, post_id in {**stage.posts, "unposted": 0}.items():
        if name == "deleted":
            continue
        stem = new_stem()
        author = next(iter(ids.values()))
        if post_id:
            found = await make.must(
                Needs(post_ids=frozenset({post_id})),
                lambda f, i=post_id: Decision((), f.posts[i].author_id),
                0,
            )
            author = found.result or 0
        path = Path(stage.parts.settings.data) / f"{name}.tmp"
        path.write_bytes(canary(name).encode())
        file = f"{stem}.webp"
        await uploads._store.take_in(file, path)

        def decide(facts: Any, stem: str = stem, file: str = file, author: int = author) -> Decision:
            made = MakeUpload(facts.new_ids[0], author, "image", stem, facts.now)
            done = FinishUpload(made.id, "image", f"/media/{file}", None, "image/webp", 4, 4, None, {})
            return Decision((made, done), made.id)

        upload_id = (await make.must(Needs(), decide, 1)).result or 0
        if post_id:
            await stage.parts.db.write(
                lambda tx, p=post_id, u=upload_id: media_rows.attach(tx, p, [(u, 0)])  # type: ignore[misc]
            )
        stage.files[name], stage.uploads[name] = file, upload_id


async def _keep(stage: Stage, ids: dict[str, int]) -> None:
    """Omar keeps things for himself, each with a canary; eve keeps a list of people whose posts are not all for her."""
    seat = {one.name: one for one in stage.seats}

    async def made(who: str, path: str, **form: str) -> dict[str, Any]:
        status, _, body = await stage.send(seat[who], "POST", path, form)
        assert status == 200, (path, body)
        return dict(orjson.loads(body))

    stage.kept["list"] = (await made("omar", "/api/v1/lists", title=canary("list")))["id"]
    stage.kept["eves_list"] = (await made("eve", "/api/v1/lists", title="everybody"))["id"]
    for name, who, whom in (("list", "omar", "nadia"), ("eves_list", "eve", "omar")):
        await made(who, f"/api/v1/accounts/{ids[whom]}/follow")
        await made(who, f"/api/v1/lists/{stage.kept[name]}/accounts", **{"account_ids[]": str(ids[whom])})
    await made("omar", f"/api/v1/accounts/{ids['eve']}/note", comment=canary("note"))
    filtered = await made(
        "omar", "/api/v2/filters", title=canary("filter"), **{
            "context[]": "home", "keywords_attributes[][keyword]": canary("keyword"),
        },
    )  # fmt: skip
    stage.kept["filter"], stage.kept["keyword"] = filtered["id"], filtered["keywords"][0]["id"]
    named = await made(
        "omar", f"/api/v2/filters/{filtered['id']}/statuses", status_id=str(stage.posts["gated"])
    )
    stage.kept["named"] = named["id"]
    at = datetime.fromtimestamp(stage.make.clock.now / 1000 + 3600, UTC).isoformat()
    later = await made("omar", "/api/v1/statuses", status=canary("later"), scheduled_at=at)
    stage.kept["later"] = later["id"]
    _, _, talks = await stage.get(seat["omar"], "/api/v1/conversations")
    stage.kept["talk"] = orjson.loads(talks)[0]["id"]
    _, _, told = await stage.get(seat["omar"], "/api/v1/notifications")
    stage.kept["notice"] = orjson.loads(told)[0]["id"]
    for verb in ("bookmark", "favourite", "mute"):
        await made("omar", f"/api/v1/statuses/{stage.posts['gated']}/{verb}")


EVERYBODY = frozenset({"public", "unlisted", "open_group", "of_blocked"})


async def _seats(stage: Stage, ids: dict[str, int]) -> None:
    """Who may see what, written down by hand."""
    local = EVERYBODY | {"server"}
    allowed = {
        "nadia": (local | {"followers", "direct", "circle", "gated", "gated_reply", "gated_poll"})
        - {"of_blocked"},
        "omar": local
        | {"followers", "direct", "circle", "gated", "gated_reply", "gated_poll", "held", "removed", *KEPT},
        "shade": local,
        "veil": local | {"gated", "gated_reply", "gated_poll"},
        "eve": local,
        "blocked": {"of_blocked"},
        "former": local | {"followers"},
        "mentor": local | {"gated", "gated_reply", "gated_poll", "held"},
        "otherstaff": local,
        "invited": local | {"hidden"},
        "steward": local,
    }
    seats = stage.seats
    seats.append(Seat("nobody", EVERYBODY))
    for name, may in allowed.items():
        login, actor = await _login_of(stage, ids[name])
        session = await auth.open_session(stage.parts.house, login, actor)
        scopes = f"{SCOPES} admin:read admin:write" if name == "steward" else SCOPES
        seats.append(Seat(name, frozenset(may), session, await _token(stage.make, login, actor, scopes)))
    seats.append(Seat("alice", EVERYBODY | {"followers", "circle"}, signer=REMOTES["alice"]))
    seats.append(Seat("rita", EVERYBODY, signer=REMOTES["rita"]))
    seats.append(
        Seat("peer_instance", EVERYBODY | {"followers", "circle"}, signer="https://peer.example/actor")
    )
    seats.append(Seat("other_instance", EVERYBODY, signer="https://listed.example/actor"))
    seats.append(Seat("suspended_host", frozenset(), signer="https://shut.example/users/x"))


async def _login_of(stage: Stage, actor: int) -> tuple[int, int]:
    from sqlalchemy import select

    from fedi_community.storage import tables as t
    from fedi_community.storage.dialect import Statement, param

    statement = Statement(select(t.speakers.c.login_id).where(t.speakers.c.actor_id == param("a")))
    return int(await stage.parts.db.read(lambda tx: tx.value(statement, a=actor))), actor
