"""Factories for tests: a house on a database, members, groups and posts, all made through `perform`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fedi_community.auth.names import make_persona
from fedi_community.domain import (
    account_measures,
    accounts,
    changes,
    memberships,
    polls,
    posts,
    relations,
    roles,
)
from fedi_community.domain.effects import Decision, LearnActor, SetProfile
from fedi_community.domain.facts import Needs
from fedi_community.domain.measures import Telling
from fedi_community.domain.model import Body, Joins, Text, Viewer, Who
from fedi_community.domain.text import hashtags_in, markdown_to_html, mentions_in
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House, perform
from fedi_community.storage.database import Database

START = 1_767_607_230_000  # 2026-01-05T10:00:30Z


@dataclass
class Clock:
    """A clock that stands still until it is told."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


@dataclass
class Make:
    """`await make.member("nadia")`, `await make.group("sleep", reads="members")`, `await make.post(nadia, "hello")`."""

    house: House
    clock: Clock
    ids: dict[str, int] = field(default_factory=dict)
    uris: dict[str, str] = field(default_factory=dict)

    @classmethod
    def on(cls, db: Database, base_url: str = "https://clinic.example") -> Make:
        clock = Clock()
        return cls(House(db, base_url, clock=clock), clock)

    async def do(self, needs: Needs, decide: Any, ids: Any = 4) -> Decision | Refusal:
        self.clock.forward(1)
        return await perform(self.house, Change(needs, decide, ids))

    async def must(self, needs: Needs, decide: Any, ids: int = 4) -> Decision:
        decided = await self.do(needs, decide, ids)
        assert isinstance(decided, Decision), decided
        return decided

    async def member(self, handle: str, **more: Any) -> int:
        asked = accounts.NewMember(handle, f"{handle}@example.org", "hash", name=handle.title(), **more)
        made = await self.must(asked.needs(), lambda f: accounts.decide_new_member(asked, f))
        self.ids[handle] = made.result or 0
        return made.result or 0

    async def group(self, handle: str, **switches: Any) -> int:
        words = {k: Who(v) for k, v in switches.items() if k in ("finds", "reads", "posts", "replies")}
        if "joins" in switches:
            words["joins"] = Joins(switches["joins"])
        rest = {k: v for k, v in switches.items() if k in ("boosts", "summary", "language")}
        asked = accounts.NewGroup(handle, handle.title(), **words, **rest)
        made = await self.must(asked.needs(), lambda f: accounts.decide_new_group(asked, f))
        self.ids[handle] = made.result or 0
        return made.result or 0

    async def remote(
        self, uri: str, *, type: str = "Person", inbox: str | None = None, **columns: Any
    ) -> int:
        host = uri.split("/")[2]
        handle = columns.pop("handle", uri.rsplit("/", 1)[-1])
        values = {
            "type": type, "handle": handle, "name": handle, "summary": "", "language": None, "url": uri,
            "inbox": inbox or f"{uri}/inbox", "shared_inbox": f"https://{host}/inbox", "outbox": f"{uri}/outbox",
            "followers_uri": f"{uri}/followers", "following_uri": None, "featured_uri": None, "moderators_uri": None,
            "icon": None, "image": None, "fields": "[]", "locked": 0, "discoverable": 0, "indexable": 0,
            "also_known_as": "[]", "moderators": "[]", "mods_only": 0, "implements": "[]",
            "published": None, "updated": None, **columns,
        }  # fmt: skip
        keys = columns.get("keys", ())
        values.pop("keys", None)

        def decide(facts: Any) -> Decision:
            new_id = facts.new_ids[0]
            return Decision((LearnActor(new_id, uri, host, values, keys, facts.now),), new_id)

        made = await self.must(Needs(), decide)
        self.ids[uri] = made.result or 0
        return made.result or 0

    async def persona(self, login_id: int, handle: str, **more: Any) -> int:
        """Another name of a log-in's human. more: name, group_id, language."""
        name, group = more.get("name", handle.title()), more.get("group_id")
        made = await make_persona(self.house, login_id, handle, name, group, more.get("language", "en"))
        assert isinstance(made, Decision), made
        self.ids[handle] = made.result or 0
        return made.result or 0

    async def join(self, actor_id: int, target_id: int, uri: str | None = None) -> Decision | Refusal:
        needs = Needs(actor_ids=frozenset({actor_id, target_id}), subjects=frozenset({actor_id}))
        return await self.do(needs, lambda f: relations.decide_follow(actor_id, target_id, f, uri))

    async def leave(self, actor_id: int, target_id: int) -> Decision | Refusal:
        needs = Needs(actor_ids=frozenset({actor_id, target_id}), subjects=frozenset({actor_id}))
        return await self.do(needs, lambda f: relations.decide_unfollow(actor_id, target_id, f))

    async def answer(self, owner_id: int, asker_id: int, accept: bool = True) -> Decision | Refusal:
        needs = Needs(actor_ids=frozenset({owner_id, asker_id}), subjects=frozenset({asker_id}))
        return await self.do(needs, lambda f: relations.decide_answer(owner_id, asker_id, accept, f))

    async def request(
        self, group_id: int, moderator_id: int | None, asker_id: int, accept: bool = True
    ) -> Decision | Refusal:
        needs = memberships.between(group_id, asker_id, moderator_id)
        return await self.do(
            needs, lambda f: memberships.decide_request(group_id, moderator_id, asker_id, accept, f), 1
        )

    async def add(self, group_id: int, actor_id: int) -> Decision | Refusal:
        needs = memberships.between(group_id, actor_id)
        return await self.do(needs, lambda f: memberships.decide_membership(group_id, actor_id, f), 1)

    async def remove(self, group_id: int, actor_id: int) -> Decision | Refusal:
        needs = memberships.between(group_id, actor_id)
        return await self.do(needs, lambda f: memberships.decide_removal(group_id, actor_id, f), 3)

    async def peers(
        self, group_id: int, host: str, allow: bool = True, software: str = ""
    ) -> Decision | Refusal:
        needs = memberships.peers_needs(group_id, host)
        return await self.do(
            needs,
            lambda f: memberships.decide_peers(group_id, host, allow, f, software),
            memberships.peers_ids,
        )

    async def host(self, host: str, **how: Any) -> Decision | Refusal:
        return await self.do(Needs(), lambda f: memberships.decide_host(host, f, **how), 0)

    async def role(
        self, group_id: int, actor_id: int, role: str, on: bool = True, **more: Any
    ) -> Decision | Refusal:
        handle = next(h for h, i in self.ids.items() if i == actor_id)
        needs = roles.role_needs(group_id, actor_id, handle, more.get("by"))
        return await self.do(needs, lambda f: roles.decide_role(group_id, actor_id, role, on, f, **more))  # type: ignore[arg-type]

    async def suspend(self, actor_id: int) -> Decision:
        """As the command line does it."""
        needs = account_measures.measure_needs(actor_id, None)
        return await self.must(
            needs,
            lambda f: account_measures.decide_measure(actor_id, "suspend", None, f, telling=Telling()),
            1,
        )

    async def block(self, actor_id: int, target_id: int, on: bool = True) -> Decision | Refusal:
        needs = Needs(actor_ids=frozenset({actor_id, target_id}), subjects=frozenset({actor_id, target_id}))
        return await self.do(needs, lambda f: relations.decide_block(actor_id, target_id, on, f))

    async def compose(
        self,
        author_id: int,
        text: str,
        visibility: str = "public",
        poll: polls.NewPoll | None = None,
        **more: Any,
    ) -> Decision | Refusal:
        html = markdown_to_html(text)
        body = Body(
            (Text("en", html, source=text),),
            language="en",
            hashtags=tuple(t.lower() for t in hashtags_in(text)),
            extra={"poll": poll.stored(self.clock.now)} if poll is not None else {},
        )
        mentions = tuple(
            (h[0], h[1] or "") if isinstance(h, tuple) else (h.name, h.host or "") for h in mentions_in(text)
        )
        asked = posts.Compose(author_id, body, visibility, mentions=mentions, **more)  # type: ignore[arg-type]
        return await self.do(posts.compose_needs(asked), lambda f: polls.decide_post(asked, f))

    async def post(self, author_id: int, text: str, visibility: str = "public", **more: Any) -> int:
        made = await self.compose(author_id, text, visibility, **more)
        assert isinstance(made, Decision), made
        return made.result or 0

    async def edit(self, author_id: int, post_id: int, text: str) -> Decision | Refusal:
        body = Body((Text("en", markdown_to_html(text), source=text),), language="en")
        needs = Needs(
            post_ids=frozenset({post_id}), actor_ids=frozenset({author_id}), subjects=frozenset({author_id})
        )
        return await self.do(needs, lambda f: changes.decide_edit(post_id, author_id, body, f))

    async def indexable(self, actor_id: int) -> None:
        """Somebody wants to be found in searches."""
        changed = SetProfile(actor_id, {"indexable": 1}, self.clock.now)
        await self.must(Needs(), lambda _: Decision((changed,)), 0)

    async def delete(self, actor_id: int, post_id: int) -> Decision | Refusal:
        needs = Needs(
            post_ids=frozenset({post_id}), actor_ids=frozenset({actor_id}), subjects=frozenset({actor_id})
        )
        return await self.do(needs, lambda f: changes.decide_delete(post_id, actor_id, f))

    async def react(self, actor_id: int, post_id: int, kind: str = "like") -> Decision | Refusal:
        needs = Needs(
            post_ids=frozenset({post_id}), actor_ids=frozenset({actor_id}), subjects=frozenset({actor_id})
        )
        return await self.do(needs, lambda f: relations.decide_react(actor_id, post_id, kind, f))  # type: ignore[arg-type]

    def viewer(self, actor_id: int) -> Viewer:
        return Viewer(actor_id, local=True)
