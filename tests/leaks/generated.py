"""Every audience in every state, for every kind of viewer: a world that is generated, and what each
may see, said once in plain words.

The words of the house are walked through (`Who`, `State`): a new one has to be given its readers here, or `test_generated` fails.
What is said here is said from the design's own text and never from the rule in the code.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fedi_community import auth
from fedi_community.app import build
from fedi_community.config import Settings
from fedi_community.domain.effects import Decision, SetHost, SetState
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import State, Who
from tests.federation.world import BASE, Served, actor_document
from tests.leaks.stage import Seat, Stage, _login_of, _token
from tests.make import START, Clock, Make

GROUPS: Final = {who: f"g{who}" for who in Who}
AUDIENCES: Final = ("public", "unlisted", "followers", "direct", "circle", *GROUPS.values())
PEER, LISTED, INSIDE = "https://peer.example", "https://listed.example", "https://inside.example"
REMOTE: Final = {
    "alice": f"{PEER}/users/alice",  # follows the author, and is in a circle of hers
    "rita": f"{PEER}/users/rita",
    "peer_instance": f"{PEER}/actor",
    "outsider": f"{LISTED}/users/outsider",  # of a host that the closed group admits, and no member
    "listed_instance": f"{LISTED}/actor",
    "mia": f"{INSIDE}/users/mia",  # an approved member elsewhere
    "inside_instance": f"{INSIDE}/actor",
    "shut": "https://shut.example/users/x",
}
LOCAL: Final = "author member other blocked former banned mentor keeper elsewhere steward".split()
FOLLOWERS: Final = {"member", "alice"}
CIRCLE: Final = {"member", "alice"}
MEMBERS: Final = {"member", "blocked", "mia"}
"""Of each group that they can be in; who left or was put out is none."""


@dataclass(frozen=True)
class One:
    """A post of the world. author: who wrote it, of `LOCAL`. inside: the group whose discussion it narrows down."""

    name: str
    audience: str
    state: State
    author: str = "author"
    inside: Who | None = None

    @property
    def who(self) -> Who | None:
        """The group's *reads*, None outside groups."""
        return next((who for who, handle in GROUPS.items() if handle == self.audience), None)


def posts() -> list[One]:
    """Each audience in each state, and an answer in each published group thread. What nobody hears of is so from the start: letters
    of that kind are written in `tests/mastodon/test_personas`, since nothing turns one that was heard into one."""
    letters = ("direct", "circle")
    found = [
        One(f"{audience}{state.value}", audience, state)
        for audience in AUDIENCES
        for state in State
        if not (state is State.UNHEARD and audience in letters)
    ]
    for who, handle in GROUPS.items():
        found.append(
            One(f"{handle}answer", handle, State.PUBLISHED, "author" if who is Who.STAFF else "mentor")
        )
    found.append(One("narrowanswer", "followers", State.PUBLISHED, inside=Who.EVERYONE))
    return found


# --- who may see what, in plain words ---------------------------------------------------------------------------------------

READERS: Final[dict[Who, set[str]]] = {
    Who.EVERYONE: set(),  # see `reads`
    Who.SERVER: {*LOCAL, "persona", "speaker", "mia"},
    Who.MEMBERS: {*MEMBERS, "author", "mentor", "keeper", "speaker"},
    Who.MENTORS: {"author", "mentor", "keeper"},
    Who.STAFF: {"author", "keeper"},
}
"""Who reads a group, beside everybody where everybody does. The author runs them all. Members elsewhere are in the one that admits
their host; the speaker is the members' group itself, as which its staff speak."""
INSTANCE: Final = {
    "peer_instance": ("alice", "rita"),
    "listed_instance": ("outsider",),
    "inside_instance": ("mia",),
}


def reads(name: str, one: One) -> bool:
    """Whether somebody (by name) is among those a published post is for."""
    if name == "shut":
        return False
    if one.audience in ("public", "unlisted") or one.who is Who.EVERYONE:
        return True
    if one.audience == "followers":
        return name in FOLLOWERS
    if one.audience == "direct":
        return name == "member"
    if one.audience == "circle":
        return name in CIRCLE
    if one.who is None:
        return False
    if name == "mia":
        return one.who is Who.MEMBERS
    return name in READERS[one.who]


def may(name: str, one: One) -> bool:
    """The rule: one's own; what is published and for one, without a block between; what one looks after."""
    if one.state is State.DELETED or name == "shut":
        return False
    if name == one.author:
        return True
    group = one.who or one.inside
    runs = group is not None and (
        name in ("author", "keeper")
        or (name == "mentor" and group is not Who.STAFF)
        or (name == "speaker" and group is Who.MEMBERS)
    )
    if runs and one.state in (State.HELD, State.PUBLISHED, State.REMOVED):
        return True
    if one.state is not State.PUBLISHED:
        return False
    if name == "blocked" and one.author == "author":
        return False
    if name in INSTANCE:
        return any(reads(person, one) for person in INSTANCE[name]) or reads("nobody", one)
    return reads(name, one)


# --- the world ----------------------------------------------------------------------------------------------------------------


@dataclass
class Walk(Stage):
    """The stage, and its posts as they are meant."""

    meant: dict[str, One] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)  # a post's id, as text -> its name


def canary(name: str) -> str:
    return f"canary{name}zz"


@asynccontextmanager
async def open_world(database_url: str, folder: Path) -> AsyncIterator[Walk]:
    served = Served()
    settings = Settings(
        base_url=BASE, data=str(folder), keys=str(folder / "keys"), database_url=database_url, api_rate=0
    )
    clock = Clock(START)
    parts = await build(settings, clock=clock, transport=served)
    walk = Walk(parts, Make(parts.house, clock))
    try:
        await _fill(walk, served)
        yield walk
    finally:
        await parts.close()


async def _people(walk: Walk, served: Served) -> dict[str, int]:
    make = walk.make
    ids = {name: await make.member(name, role="staff" if name == "steward" else "member") for name in LOCAL}
    login, _ = await _login_of(walk, ids["member"])
    ids["persona"] = await make.persona(login, "othername")
    for name, uri in REMOTE.items():
        served.documents[uri] = actor_document(uri, "Application" if uri.endswith("/actor") else "Person")
        learned = await walk.parts.peers.learn_actor(uri)
        assert isinstance(learned, int), learned
        ids[name] = make.ids[name] = learned
    return ids


async def _groups(walk: Walk, ids: dict[str, int]) -> dict[str, int]:
    make = walk.make
    groups: dict[str, int] = {}
    for who, handle in GROUPS.items():
        writes = "members" if who in (Who.EVERYONE, Who.SERVER, Who.MEMBERS) else who.value
        replies = who.value
        groups[handle] = await make.group(handle, reads=who.value, posts=writes, replies=replies)
        await make.role(groups[handle], ids["author"], "staff")
        await make.role(groups[handle], ids["keeper"], "staff")
        if who is not Who.STAFF:
            await make.role(groups[handle], ids["mentor"], "mentor")
        for name in ("member", "blocked", "former", "banned", "author"):
            await make.join(ids[name], groups[handle])
    for host in ("listed.example", "inside.example"):
        await make.peers(groups["gmembers"], host)
    await make.join(ids["mia"], groups["gmembers"], f"{REMOTE['mia']}/follows/1")
    await make.request(groups["gmembers"], None, ids["mia"])
    heart = await make.group("heart")
    await make.role(heart, ids["elsewhere"], "staff")
    return groups


async def _fill(walk: Walk, served: Served) -> None:
    make = walk.make
    ids = await _people(walk, served)
    groups = await _groups(walk, ids)
    for name in ("member", "former", "blocked"):
        await make.join(ids[name], ids["author"])
    await make.join(ids["alice"], ids["author"], f"{REMOTE['alice']}/follows/1")
    for one in posts():
        walk.posts[one.name] = await _post(walk, one, ids, groups)
        walk.meant[one.name] = one
        walk.named[str(walk.posts[one.name])] = one.name
    await make.block(ids["author"], ids["blocked"])
    for name in ("former",):
        await make.leave(ids[name], ids["author"])
    for group in groups.values():
        await make.leave(ids["former"], group)
        await make.block(group, ids["banned"])
    for one in walk.meant.values():
        await _set_state(walk, one)
    await make.must(Needs(), lambda f: Decision((SetHost("shut.example", "suspended"),)), 0)
    await _seats(walk, ids, groups)


async def _post(walk: Walk, one: One, ids: dict[str, int], groups: dict[str, int]) -> int:
    make, author = walk.make, ids[one.author]
    text = f"{canary(one.name)} #canarytag"
    if one.name.endswith("answer"):
        thread = GROUPS[one.inside] if one.inside else one.audience
        how = "private" if one.inside else "public"
        return await make.post(author, text, how, reply_to=walk.posts[f"{thread}{State.PUBLISHED.value}"])
    match one.audience:
        case "followers":
            return await make.post(author, text, "private")
        case "direct":
            return await make.post(author, f"{text} @member", "direct")
        case "circle":
            return await make.post(author, text, circle=(ids["member"], ids["alice"]))
        case "public" | "unlisted":
            return await make.post(author, text, one.audience)
    return await make.post(author, text, group_id=groups[one.audience])


async def _set_state(walk: Walk, one: One) -> None:
    if one.state is State.PUBLISHED:
        return
    if one.state is State.DELETED:
        await walk.make.delete(walk.make.ids["author"], walk.posts[one.name])
        return

    def decide(facts: Any) -> Decision:
        return Decision((SetState(facts.posts[walk.posts[one.name]], one.state),))

    await walk.make.must(Needs(post_ids=frozenset({walk.posts[one.name]})), decide, 0)


async def _seats(walk: Walk, ids: dict[str, int], groups: dict[str, int]) -> None:
    def seen(name: str) -> frozenset[str]:
        return frozenset(n for n, one in walk.meant.items() if may(name, one))

    seats = walk.seats
    seats += [Seat("nobody", seen("nobody")), Seat("robot", seen("nobody"))]
    for name in (*LOCAL, "persona"):
        login, _ = await _login_of(walk, ids["member" if name == "persona" else name])
        session = await auth.open_session(walk.parts.house, login, ids[name])
        scopes = "read write follow push" + (" admin:read admin:write" if name == "steward" else "")
        seats.append(Seat(name, seen(name), session, await _token(walk.make, login, ids[name], scopes)))
    login, _ = await _login_of(walk, ids["keeper"])
    speaker = groups["gmembers"]
    session = await auth.open_session(walk.parts.house, login, speaker)
    seats.append(Seat("speaker", seen("speaker"), session, await _token(walk.make, login, speaker)))
    seats += [Seat(name, seen(name), signer=uri) for name, uri in REMOTE.items()]
