"""Nobody holds or can fetch what the rule denies, and nobody lacks what it grants: three servers, whatever people do.

A machine (hypothesis) lets people of three servers of ours join, leave, be removed and banned, block, follow, post for every
audience, answer, edit and delete; staff remove and restore posts, turn a group's switches and list hosts. After every step,
deliveries idle, `ledger_model` says from the rule's words alone who may read what, and it is asked of the servers themselves:

1. where a post is at home: the client API as everybody there and as a stranger, its page, a signed GET as every actor
   elsewhere and as every server: shown exactly to whom the model says;
2. on every other server: a copy is shown to nobody but whom the model admits, with what that server can know (a grant that
   ended hides the copy, and so does a Delete; only what everybody might read stays after a group is closed);
3. a server that nobody was ever entitled on holds nothing, and no delivery to it carried a word of the post; nor did one to the
   inbox of somebody who may not read it, or to a shared inbox unless everybody may;
4. whoever elsewhere was entitled when a post was sent, and still is, has it, with its latest words.

The profile of a usual run is small and always the same. `STATEFUL_EXAMPLES=200 STATEFUL_STEPS=60 pytest
tests/federation/test_stateful.py` looks further, at random; `STATEFUL_SEED=…` repeats a run.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fedi_community.domain.effects import Decision
from tests.federation.ledger_model import Gate, Model, Written, home_of, post_root, readers_of, width
from tests.federation.neighbours import (
    GROUP_HOME,
    GROUPS,
    HOME,
    HOSTS,
    PEOPLE,
    Town,
    open_town,
    town_template,
)

EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "0"))
STEPS = int(os.environ.get("STATEFUL_STEPS", "25"))

person = st.sampled_from(sorted(HOME))
group = st.sampled_from(sorted(GROUPS))
visibility = st.sampled_from(["public", "unlisted", "private", "direct", "circle"])
pick = st.integers(0, 10_000)


class Machine(RuleBasedStateMachine):
    """One town and what the model says of it."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="town"))
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.town: Town = self.run(self.stack.enter_async_context(open_town(self.template, self.folder)))
        self.model = Model.fresh()
        self.number = 0
        self.said = 0
        self.former: set[tuple[str, str]] = set()  # (who, group) that she was once in

    def run(self, what: Any) -> Any:
        return self.runner.run(what)

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what people do -------------------------------------------------------------------------------------------------

    @initialize(
        listed=st.sampled_from([True, True, False]),
        parting=st.sampled_from(["bea", "cam"]),
        how=st.sampled_from(["remove", "ban", "leave"]),
        back=st.booleans(),
    )
    def settled(self, listed: bool, parting: str, how: str, back: bool) -> None:
        """A town where people live: some know each other, and the closed group has members, mostly on all three servers; what one
        of them read there before she was out, and what was written afterwards, is there from the first day."""
        for who, whom in (("bea", "ana"), ("cam", "ana"), ("abe", "bea"), ("ana", "cam")):
            self.follow(who, whom)
        for host in HOSTS[1:] if listed else ():
            self.list_host("quiet", host, True)
        for who in ("ana", "bea", "cam", "amy"):
            self.join(who, "heart")
            self.join(who, "quiet")
        while self.model.asked:
            self.answer(0, True)
        if listed:
            self.in_group("ana", "quiet")
            self.parted(parting, "quiet", how)
            self.in_group("ana", "quiet")
            if back and how != "ban":
                self.join(parting, "quiet")
                self.answer(0, True)

    @rule(who=person, group=group)
    def join(self, who: str, group: str) -> None:
        became = self.model.answers(group, who)
        self.run(self.town.follow(who, group))
        if became == "in":
            self.model.granted.add((who, f"members:{group}"))
        elif became == "asked":
            self.model.asked.add((who, f"members:{group}"))
        self.look()

    @precondition(lambda self: self.model.asked)
    @rule(n=pick, accept=st.sampled_from([True, True, True, False]))
    def answer(self, n: int, accept: bool) -> None:
        who, token = sorted(self.model.asked)[n % len(self.model.asked)]
        name = token.partition(":")[2]
        listed = (
            home_of(who) in (GROUP_HOME, *self.model.groups[name].listed) or not self.model.groups[name].gated
        )
        made = self.run(self.town.answer(name, who, accept))
        if accept and not listed:
            assert not isinstance(made, Decision)
        else:
            self.model.asked.discard((who, token))
            if accept:
                self.model.granted.add((who, token))
        self.look()

    @precondition(lambda self: any(t.startswith("members:") for _, t in self.model.granted))
    @rule(n=pick, how=st.sampled_from(["leave", "leave", "remove", "ban"]))
    def part(self, n: int, how: str) -> None:
        inside = sorted((w, t) for w, t in self.model.granted if t.startswith("members:"))
        who, token = inside[n % len(inside)]
        self.parted(who, token.partition(":")[2], how)

    @precondition(lambda self: self.readers_elsewhere())
    @rule(n=pick, how=st.sampled_from(["leave", "remove", "ban"]))
    def part_of_what_she_read(self, n: int, how: str) -> None:
        """Of a closed group, on another server, where copies are."""
        inside = self.readers_elsewhere()
        self.parted(*inside[n % len(inside)], how)

    def readers_elsewhere(self) -> list[tuple[str, str]]:
        return sorted(
            (who, name)
            for who in HOME
            for name, g in self.model.groups.items()
            if g.gated and home_of(who) != GROUP_HOME and (who, f"members:{name}") in self.model.granted
            if any(p.group == name and who in p.due for p in self.model.posts.values())
        )

    def parted(self, who: str, name: str, how: str) -> None:
        if how == "leave":
            self.run(self.town.unfollow(who, name))
        elif how == "remove":
            self.run(self.town.remove(name, who))
        else:
            made = self.run(self.town.ban(name, who))
            assert isinstance(made, Decision), made
            self.model.groups[name].banned.add(who)
        self.model.leave_group(who, name)
        self.former.add((who, name))
        self.look()

    @precondition(lambda self: any(g.banned for g in self.model.groups.values()))
    @rule(n=pick)
    def unban(self, n: int) -> None:
        banned = sorted((name, who) for name, g in self.model.groups.items() for who in g.banned)
        name, who = banned[n % len(banned)]
        self.run(self.town.ban(name, who, False))
        self.model.groups[name].banned.discard(who)
        self.look()

    @rule(who=person, whom=person)
    def follow(self, who: str, whom: str) -> None:
        if who == whom:
            return
        self.run(self.town.follow(who, whom))
        known = any(self.model.blocked(home_of(x), who, whom) for x in (who, whom))
        if not known:
            self.model.granted.add((who, f"followers:{whom}"))
        self.look()

    @precondition(lambda self: any(t.startswith("followers:") for _, t in self.model.granted))
    @rule(n=pick)
    def unfollow(self, n: int) -> None:
        following = sorted((w, t) for w, t in self.model.granted if t.startswith("followers:"))
        who, token = following[n % len(following)]
        self.run(self.town.unfollow(who, token.partition(":")[2]))
        self.model.end(who, (token,))
        self.look()

    @rule(who=person, whom=person, on=st.booleans())
    def block(self, who: str, whom: str, on: bool) -> None:
        if not (who != whom and (on or (who, whom) in self.model.blocks)):
            return
        server = self.town.home(who)
        self.run(server.make.block(server.ids[who], server.ids[whom], on))
        if on:
            self.model.blocks.add((who, whom))
            self.model.end(who, (f"followers:{whom}",))
            self.model.end(whom, (f"followers:{who}",))
        else:
            self.model.blocks.discard((who, whom))
        self.look()

    @rule(who=st.sampled_from(PEOPLE[GROUP_HOME]), group=group, on=st.booleans())
    def mentor(self, who: str, group: str, on: bool) -> None:
        if not (who not in self.model.groups[group].banned):
            return
        server = self.town[GROUP_HOME]
        made = self.run(server.make.role(server.ids[group], server.ids[who], "mentor", on))
        assert isinstance(made, Decision), made
        token = f"mentors:{group}"
        if on:
            self.model.granted |= {(who, token), (who, f"members:{group}")}
            self.model.asked.discard((who, f"members:{group}"))
        else:
            self.model.granted.discard((who, token))
        self.look()

    @rule(group=group, host=st.sampled_from(HOSTS[1:]), allow=st.sampled_from([True, True, True, False]))
    def list_host(self, group: str, host: str, allow: bool) -> None:
        server, g = self.town[GROUP_HOME], self.model.groups[group]
        if (host in g.listed) == allow:
            return
        self.run(server.make.peers(server.ids[group], host, allow))
        if allow:
            g.listed.add(host)
        else:
            g.listed.discard(host)
            if g.gated:
                for who in PEOPLE[host]:
                    self.model.leave_group(who, group)
        self.look()

    @rule(group=group, reads=st.sampled_from(["everyone", "server", "members", "mentors"]))
    def switch(self, group: str, reads: str) -> None:
        g = self.model.groups[group]
        if reads == g.reads:
            return
        words = {"reads": reads}
        if width(reads) > width("members"):
            words |= {"posts": "members", "replies": "members"}
        made = self.run(self.town.switch(group, **words))
        assert isinstance(made, Decision), made
        if width(reads) < width(g.reads):
            self.model.narrow(group, reads)
        else:
            self.model.widen(group)
        g.reads = reads
        self.look()

    # --- what people write ------------------------------------------------------------------------------------------------

    def canary(self) -> str:
        self.number += 1
        return f"canary{self.number}zz"

    @rule(who=person, visibility=visibility, other=person, third=person)
    def post(self, who: str, visibility: str, other: str, third: str) -> None:
        server, text = self.town.home(who), self.canary()
        named = {other, third} - {who}
        if not (visibility not in ("direct", "circle") or named):
            return
        named = {n for n in named if not self.model.blocked(server.host, who, n)}
        mine = f"followers:{who}"
        if visibility == "circle":
            if not (named):
                return
            circle = tuple(server.ids[n] for n in sorted(named))
            made = self.run(server.make.compose(who_id(server, who), text, "direct", circle=circle))
            audience = {f"person:{n}" for n in named}
        elif visibility == "direct":
            if not (named):
                return
            calls = " ".join(
                f"@{n}" if home_of(n) == server.host else f"@{n}@{home_of(n)}" for n in sorted(named)
            )
            made = self.run(server.make.compose(who_id(server, who), f"{text} {calls}", "direct"))
            audience = {f"person:{n}" for n in named}
        else:
            made = self.run(server.make.compose(who_id(server, who), text, visibility))
            audience = {mine} | (set() if visibility == "private" else {"everyone"})
        assert isinstance(made, Decision), made
        tokens = frozenset(audience)
        gate = None if "everyone" in tokens else Gate(tokens | {f"person:{who}"}, tokens, server.host, who)
        self.wrote(server, made, who, tokens, gate, text, circle=visibility == "circle")

    @precondition(lambda self: any(t.startswith("members:") for _, t in self.model.granted))
    @rule(n=pick)
    def post_in_group(self, n: int) -> None:
        inside = sorted((w, t) for w, t in self.model.granted if t.startswith("members:"))
        who, token = inside[n % len(inside)]
        self.in_group(who, token.partition(":")[2])

    @precondition(lambda self: self.former)
    @rule(n=pick, who=st.sampled_from(PEOPLE[GROUP_HOME]))
    def post_for_those_who_stayed(self, n: int, who: str) -> None:
        """In a group that somebody is not in any more."""
        _, name = sorted(self.former)[n % len(self.former)]
        if (who, f"members:{name}") in self.model.granted:
            self.in_group(who, name)

    def in_group(self, who: str, name: str) -> None:
        g, server, text = self.model.groups[name], self.town.home(who), self.canary()
        local = server.host == GROUP_HOME
        made = self.run(server.make.compose(who_id(server, who), text, "public", group_id=server.ids[name]))
        if g.reads in ("mentors", "staff") and not self.model.runs(who, name):
            assert not isinstance(made, Decision) or not local, made
            return
        assert isinstance(made, Decision), made
        if not g.gated:
            tokens = frozenset({"everyone", f"person:{name}"})
            elsewhere = tokens
        elif local:
            tokens = readers_of(g.reads, name)
            elsewhere = tokens
        else:
            tokens = frozenset({f"members:{name}", f"person:{name}"})
            elsewhere = tokens
        gate = Gate(readers_of(g.reads, name), elsewhere, GROUP_HOME, who, name, g.reads)
        self.wrote(server, made, who, tokens, gate, text, name)

    def seen_now(self, who: str) -> list[Written]:
        return [p for p in self.model.posts.values() if self.model.may_read(home_of(who), who, p)]

    @precondition(lambda self: self.model.posts)
    @rule(who=person, n=pick, visibility=st.sampled_from(["public", "public", "private"]))
    def reply(self, who: str, n: int, visibility: str) -> None:
        server = self.town.home(who)
        ids = self.ids_at(server.host)
        shown = self.run(server.seen_by(who, ids.values()))
        there = [p for p in self.seen_now(who) if ids.get(p.uri) in shown and not p.hidden]
        if not (there):
            return
        parent = there[n % len(there)]
        if not self.model.may_read(post_root(parent), who, parent):
            return  # closed meanwhile: elsewhere it is taken for an answer to nothing
        text = self.canary()
        made = self.run(server.make.compose(who_id(server, who), text, visibility, reply_to=ids[parent.uri]))
        if not isinstance(made, Decision):
            assert parent.group is not None, made  # the switch *replies*, or a role that ended
            return
        gate = parent.gate
        answered = f"person:{parent.author}"
        mine = f"followers:{who}"
        told = self.gate_at(server.host, gate)
        circle: dict[str, frozenset[str]] = {}
        if parent.circle:  # only its home knows that it is one
            home = parent.gate.home  # type: ignore[union-attr]
            kept = parent.at.get(home, parent.audience)
            circle = {home: kept if parent.author == who else frozenset({answered})}
        if server.host in circle:
            tokens = circle[server.host]
        elif told is not None and "everyone" not in told:
            tokens = {f"members:{parent.group}" if t.startswith("then") else t for t in told} | {answered}
        elif visibility == "private":
            tokens = frozenset({mine, answered})
        else:
            tokens = frozenset({"everyone", answered}) | (
                {f"person:{parent.group}"} if parent.group else {mine}
            )
        self.wrote(server, made, who, frozenset(tokens), gate, text, parent.group, parent, at=circle)

    def gate_at(self, server: str, gate: Gate | None) -> frozenset[str] | None:
        return None if gate is None else self.model.gate_at(server, gate)

    def wrote(
        self, server: Any, made: Decision, who: str, tokens: frozenset[str], gate: Gate | None, text: str,
        group: str | None = None, parent: Written | None = None, circle: bool = False, at: Any = None,
    ) -> None:  # fmt: skip
        uri = f"{server.base}/objects/{made.result}"
        post = Written(uri, server.host, who, tokens, gate, group, parent.uri if parent else None, text=text)
        post.at = at or {}
        post.circle = circle or (parent is not None and parent.circle)
        self.model.posts[uri] = post
        if not self.too_wide(post):
            root = post_root(post)
            away = [w for w in HOME if home_of(w) != server.host]
            post.due = {w for w in away if self.model.may_read(root, w, post) and self.comes_to(w, post)}
        self.look()

    def too_wide(self, post: Written) -> bool:
        """Written where another server did not know yet that the group had been closed: the group's own refuses it."""
        if post.gate is None or post.group is None or "everyone" in post.gate.tokens:
            return False
        outside = post.home != GROUP_HOME and (post.author, f"members:{post.group}") not in self.model.granted
        return "everyone" in post.audience or outside

    def comes_to(self, who: str, post: Written) -> bool:
        """Whether a delivery is due to somebody elsewhere: he is named, follows the author, or is in the group."""
        if post.author in (who,) or any(
            self.model.blocked(h, who, post.author) for h in (home_of(who), post.home)
        ):
            return False
        above = post.parent
        while above is not None:  # an answer to what his server may not have is nowhere to hang
            if who not in self.model.posts[above].due and self.model.posts[above].author != who:
                return False
            above = self.model.posts[above].parent
        if post.group is not None:
            return (who, f"members:{post.group}") in self.model.granted and home_of(who) != GROUP_HOME
        if post.parent is not None:
            return f"person:{who}" in post.audience
        return f"person:{who}" in post.audience or (who, f"followers:{post.author}") in self.model.granted

    @precondition(lambda self: any(not p.gone for p in self.model.posts.values()))
    @rule(n=pick)
    def edit(self, n: int) -> None:
        living = [p for p in self.model.posts.values() if not p.gone]
        post = living[n % len(living)]
        server, text = self.town[post.home], self.canary()
        self.town.clock.forward(2)
        made = self.run(server.make.edit(who_id(server, post.author), int(post.uri.rsplit("/", 1)[1]), text))
        assert isinstance(made, Decision), made
        post.text = text
        self.look()

    @precondition(lambda self: any(not p.gone for p in self.model.posts.values()))
    @rule(n=pick)
    def delete(self, n: int) -> None:
        living = [p for p in self.model.posts.values() if not p.gone]
        post = living[n % len(living)]
        server = self.town[post.home]
        made = self.run(server.make.delete(who_id(server, post.author), int(post.uri.rsplit("/", 1)[1])))
        assert isinstance(made, Decision), made
        post.gone = True
        self.look()

    @precondition(lambda self: any(p.group and not p.gone for p in self.model.posts.values()))
    @rule(n=pick, how=st.sampled_from(["remove", "hold"]))
    def moderate(self, n: int, how: str) -> None:
        living = [p for p in self.model.posts.values() if p.group and not p.gone]
        post = living[n % len(living)]
        assert post.group is not None
        act = {"remove": "restore", "hold": "pass"}[post.act] if post.hidden else how
        made = self.run(self.town.act(post.uri, post.group, act))
        if not isinstance(made, Decision):
            assert self.run(self.town[GROUP_HOME].post_id(post.uri)) is None, (made, act)
            return
        post.hidden, post.act = not post.hidden, how
        if post.hidden:
            post.due = set()
        self.look()

    # --- what is so afterwards ----------------------------------------------------------------------------------------------

    def ids_at(self, host: str) -> dict[str, int]:
        server = self.town[host]

        async def find() -> dict[str, int]:
            found = {}
            for uri in self.model.posts:
                here = await server.post_id(uri)
                if here is not None:
                    found[uri] = here
            return found

        return dict(self.run(find()))

    def look(self) -> None:
        self.town.clock.forward(61)  # so long a group's server is taken at its word
        self.model.settle()
        self.run(self.town.settle())
        self.run(self._look())

    async def _look(self) -> None:
        for server in self.town.servers.values():
            ids = {}
            for uri in self.model.posts:
                here = await server.post_id(uri)
                if here is not None:
                    ids[uri] = here
            await self._at_home(server, ids)
            await self._copies(server, ids)
        self._carried()

    async def _at_home(self, server: Any, ids: dict[str, int]) -> None:
        mine = {u: p for u, p in self.model.posts.items() if p.home == server.host}
        for who in (None, *PEOPLE[server.host]):
            shown = await server.seen_by(who, [ids[u] for u in mine if u in ids])
            for uri, post in mine.items():
                may = self.model.may_read(server.host, who, post)
                assert (ids.get(uri) in shown) == may, self.why("home", server.host, who, post, not may)
        for turn, (uri, post) in enumerate(mine.items()):
            path = uri.removeprefix(server.base)
            locals_ = [None, *PEOPLE[server.host]]
            who = locals_[(turn + self.number) % len(locals_)]
            status = await server.page(who, ids.get(uri) or 0)
            may = self.model.may_read(server.host, who, post)
            assert (status == 200) == may, self.why("page", server.host, who, post, not may)
            for other in HOSTS:
                if other == server.host:
                    continue
                for asker in (None, *PEOPLE[other]):
                    if asker is None and other == GROUP_HOME and self.banned(post):
                        continue  # his server may know of the ban, which stands between the group itself and him
                    status, _ = await self.town.signed(asker, other, server.host, path)
                    if asker is None:
                        may = self.model.host_may(server.host, other, post) or self.vouched(other, post)
                    else:
                        may = self.model.may_read(server.host, asker, post)
                    assert (status == 200) == may, self.why(
                        "fetch", server.host, asker or other, post, not may
                    )

    def banned(self, post: Written) -> bool:
        return post.group is not None and post.author in self.model.groups[post.group].banned

    def vouched(self, host: str, post: Written) -> bool:
        """The home of a gated group vouches for the hosts of its members, where somebody elsewhere wrote in it."""
        if post.group is None or post.home == GROUP_HOME or post.gone or post.hidden:
            return False
        g = self.model.groups[post.group]
        both = [
            h == GROUP_HOME
            or (
                h in g.listed
                and any((who, f"members:{post.group}") in self.model.granted for who in PEOPLE[h])
            )
            for h in (host, post.home)
        ]
        return f"members:{post.group}" in post.audience and all(both)

    async def _copies(self, server: Any, ids: dict[str, int]) -> None:
        theirs = {u: p for u, p in self.model.posts.items() if p.home != server.host}
        held = {ids[u] for u in theirs if u in ids}
        for uri, post in theirs.items():
            assert uri not in ids or server.host in post.entitled, self.why(
                "holds", server.host, None, post, True
            )
        for who in (None, *PEOPLE[server.host]):
            shown = await server.seen_by(who, held)
            for uri, post in theirs.items():
                seen, may = ids.get(uri) in shown, self.model.may_read(server.host, who, post)
                assert not seen or may, self.why("copy", server.host, who, post, True)
                if who in post.due and not self.model.blocked(server.host, who, post.author):
                    assert seen, self.why("copy", server.host, who, post, False)
                    body = await self.words(server, who, ids[uri])
                    assert post.text in body, self.why("old words", server.host, who, post, False)

    async def words(self, server: Any, who: str | None, post_id: int) -> str:
        status, body = await server.get(
            f"/api/v1/statuses/{post_id}", {"Authorization": f"Bearer {server.tokens[who]}"}
        )
        assert status == 200
        return str(orjson.loads(body)["content"])

    def _carried(self) -> None:
        """No delivery took a word to a server on which nobody may read it."""
        new, self.said = self.town.wires.said[self.said :], len(self.town.wires.said)
        for method, url, body in new:
            host = url.split("/")[2]
            if method != "POST":
                continue
            for post in self.model.posts.values():
                if post.text.encode() in body:
                    assert host in post.entitled or host == post.home, self.why(
                        "carried", host, None, post, True
                    )
                    assert self.may_be_told(url, post), self.why("carried to " + url, host, None, post, True)

    def may_be_told(self, url: str, post: Written) -> bool:
        """Somebody's own inbox gets what she may read, or might read a step ago; a shared one what everybody may."""
        readers, path = post.readers | post.before, url.split("/")[3:]
        if path == ["inbox"]:
            return None in readers
        return path[0] != "users" or path[1] in readers

    def why(self, what: str, server: str, who: str | None, post: Written, seen: bool) -> str:
        verb, m = "sees" if seen else "lacks", self.model
        world = f"granted {sorted(m.granted)}, blocks {sorted(m.blocks)}, groups {m.groups}"
        return f"{what} at {server}: {who} {verb} {post}; {world}"


def who_id(server: Any, who: str) -> int:
    return int(server.ids[who])


def test_three_servers_show_each_post_to_whom_the_rule_admits_and_to_nobody_else(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Machine.template = town_template(sqlite_template, tmp_path_factory.mktemp("town") / "template")
    small = settings(
        max_examples=EXAMPLES or 4,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=not EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink)
        if EXAMPLES
        else (Phase.explicit, Phase.generate),
    )
    machine = Machine
    if "STATEFUL_SEED" in os.environ:
        seed(int(os.environ["STATEFUL_SEED"]))(machine)
    run_state_machine_as_test(machine, settings=small)
