"""`demo`: a filled community on this machine, with invented people and sample articles, all marked as such.

The articles go the real way: they are served as feeds on a loopback port, and the importer brings them in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from fedi_community.app import Parts, build
from fedi_community.auth import hash_password
from fedi_community.cli.common import asynchronous, configure_logs, must, settings_or_exit
from fedi_community.cli.demo_desks import body_of, fill_desks
from fedi_community.cli.serving import only_process, run_server
from fedi_community.demo import content, rss
from fedi_community.demo.model import Demo, Discussion, Group, Language, Person, Post, moment_ms
from fedi_community.domain import accounts, articles, changes, memberships, posts, relations, roles
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Joins, Who
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House
from fedi_community.storage import feeds as feed_rows
from fedi_community.storage.migrate import migrate
from fedi_community.storage.timelines import group_ids

PASSWORD: Final = "sample-password"  # noqa: S105  (printed by the command; a demonstration on this machine)
LANGUAGES: Final[tuple[Language, ...]] = ("en", "es")


@click.command()
@click.option("--port", default=8080, show_default=True, help="Where to serve: http://localhost:PORT")
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), default=Path("data/demo"), show_default=True
)
@click.option("--size", type=click.Choice(["small", "large"]), default="small", show_default=True,
              help="large: 30 groups, 2,000 members, a thread of 800 replies.")  # fmt: skip
@click.option("--fill-only", is_flag=True, help="Fill the community and end, without serving.")
@asynchronous
async def demo(port: int, data: Path, size: str, fill_only: bool) -> None:
    """Serve a filled sample community at http://localhost:8080.

    The first start fills it; later starts serve what is there. Remove the data folder to begin anew.

    \b
    Example:  fedi-community demo --port 8080
    """
    settings = settings_or_exit(
        base_url=f"http://localhost:{port}", data=str(data), keys=str(data / "keys"), database_url="",
        allow_private_peers=True, site_name="Sample community",
    )  # fmt: skip
    configure_logs(settings)
    with only_process(settings):
        await migrate(settings.database)
        parts = await build(settings)
        sample = content.load() if size == "small" else content.large(1)
        feeds = await _FeedServer.open(sample, parts.house.clock())
        try:
            if await _is_empty(parts.house):
                await Filler(parts, sample, feeds.address, _say).fill()
            _guide(sample, settings.base_url)
            if fill_only:
                await parts.close()
            else:
                await run_server(parts, f"127.0.0.1:{port}")
        finally:
            await feeds.close()


def _say(text: str) -> None:
    click.echo(text)


async def _is_empty(house: House) -> bool:
    return not await house.db.read(group_ids)


def _guide(sample: Demo, base_url: str) -> None:
    people = [p for p in sample.people if p.kind == "Person"]
    busy = {post.group for post in sample.waiting.posts}
    mentors = sorted((p for p in people if p.mentor_of), key=lambda p: busy.isdisjoint(p.mentor_of))
    members = [p for p in people if p.role == "member" and not p.mentor_of]
    shown = [*(p for p in people if p.role != "member"), *mentors[:2], *members[:3]]
    click.echo(f"\nThe sample community is at {base_url}\n\nLog in with the password “{PASSWORD}” as")
    for person in shown:
        inside = ", ".join(person.staff_of) or ", ".join(person.mentor_of) or ", ".join(person.member_of)
        role = "mentor" if person.mentor_of and person.role == "member" else person.role
        click.echo(f"  {person.handle:<22} {role:<8} {inside}")
    gated = next((g.handle for g in sample.groups if g.reads == "members"), "")
    click.echo(
        f"\nTry:  an article and its discussion on the first page; the same in Spanish at {base_url}/es/\n"
        f"      {base_url}/groups/{gated} as a stranger (nothing to see), then as a member\n"
        f"      {base_url}/groups/sleep_well/desk as staff_larkspur: what a group's staff and mentors do every day\n"
        f"      {base_url}/groups/heart_health/reports as staff_larkspur: what was reported\n"
        f"      a token for a client:  fedi-community token create NAME   (with FEDI_BASE_URL={base_url} FEDI_DATA=… FEDI_KEYS=…)\n"
        "Everybody and everything here is invented, and marked as a sample. Stop with Ctrl-C.\n"
    )


class _FeedServer:
    """The sample articles as feeds, on a loopback port."""

    def __init__(self, server: asyncio.Server, address: str) -> None:
        self._server = server
        self.address = address

    @classmethod
    async def open(cls, sample: Demo, now: int) -> _FeedServer:
        documents: dict[str, tuple[str, bytes]] = {}

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
                path = head.split(b" ", 2)[1].decode("latin-1")
                kind, body = documents.get(path, ("text/plain", b"not here"))
                status = "200 OK" if path in documents else "404 Not Found"
                fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close"
                writer.write(f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode() + body)
                await writer.drain()
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, IndexError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for group in sample.groups:
            for language in LANGUAGES:
                if any(a.group == group.handle and a.version(language) for a in sample.articles):
                    body = rss.rss(sample.articles, address, group, now_ms=now, language=language)
                    path = rss.feed_path(address, group, language).removeprefix(address)
                    documents[path] = ("application/rss+xml; charset=utf-8", body)
        for article in sample.articles:
            if article.image is not None:
                documents[f"/images/{article.image.path.name}"] = (
                    article.image.media_type,
                    article.image.path.read_bytes(),
                )
        return cls(server, address)

    async def close(self) -> None:
        self._server.close()
        await self._server.wait_closed()


@dataclass
class Filler:
    """Fills an empty community through the ordinary doors. say: told what is going on."""

    parts: Parts
    sample: Demo
    feeds: str
    say: Callable[[str], None]
    actors: dict[str, int] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    posts: dict[str, int] = field(default_factory=dict)
    now: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    async def fill(self) -> None:
        """Groups, people, memberships, articles by their feeds, discussions, likes."""
        self.say(
            f"Filling a new community: {len(self.sample.groups)} groups, {len(self.sample.people)} people …"
        )
        for group in self.sample.groups:
            await self._group(group)
        password = await hash_password(PASSWORD)
        for count, person in enumerate(self.sample.people, 1):
            await self._person(person, password)
            if count % 500 == 0:
                self.say(f"  {count} people")
        await self._articles()
        for discussion in self.sample.discussions:
            await self._discussion(discussion)
        await fill_desks(self.parts.house, self.sample, self.actors, self.posts)
        replies = sum(len(d.posts) for d in self.sample.discussions)
        self.say(
            f"  {len(self.sample.articles)} articles, {len(self.sample.discussions)} discussions, {replies} posts"
        )

    async def _do(self, needs: Needs, decide: Any, ids: int = 4) -> Decision:
        return await must(self.parts.house, Change(needs, decide, ids))

    async def _group(self, group: Group) -> None:
        asked = accounts.NewGroup(
            group.handle, group.name.get(group.language), group.summary.get(group.language), group.language, Who(group.finds),
            Who(group.reads), Who(group.posts), Who(group.replies), Joins(group.joins), sample=True,
        )  # fmt: skip
        made = await self._do(asked.needs(), lambda facts: accounts.decide_new_group(asked, facts), 2)
        self.actors[group.handle] = made.result or 0

    async def _person(self, person: Person, password: str) -> None:
        role: Any = "staff" if person.role == "newsroom" else person.role
        asked = accounts.NewMember(
            person.handle, f"{person.handle}@sample.example", password, role, person.name, f"<p>{person.bio}</p>",
            person.language, person.kind, sample=True,
        )  # fmt: skip
        made = await self._do(asked.needs(), lambda facts: accounts.decide_new_member(asked, facts), 2)
        actor = self.actors[person.handle] = made.result or 0
        for group in person.member_of:
            await self._member(actor, self.actors[group])
        for role_name, groups in (("staff", person.staff_of), ("mentor", person.mentor_of)):
            for group in groups:
                await self._role(person.handle, actor, self.actors[group], role_name)

    async def _member(self, actor: int, group: int) -> None:
        needs = Needs(actor_ids=frozenset({actor, group}), subjects=frozenset({actor}))

        def decide(facts: Facts) -> Decision | Refusal:
            return memberships.decide_membership(group, actor, facts)

        await self._do(needs, decide, 2)

    async def _role(self, handle: str, actor: int, group: int, role: Any) -> None:
        needs = Needs(
            actor_ids=frozenset({group}), handles=frozenset({(handle, "")}), subjects=frozenset({actor})
        )
        await self._do(needs, lambda facts: roles.decide_role(group, actor, role, True, facts), roles.IDS)

    async def _articles(self) -> None:
        newsroom = next(p.handle for p in self.sample.people if p.kind == "Service")
        for group in self.sample.groups:
            for language in LANGUAGES:
                if any(a.group == group.handle and a.version(language) for a in self.sample.articles):
                    url = rss.feed_path(self.feeds, group, language)
                    await self._feed(group.handle, newsroom, url)
        for row, result in await self.parts.feeds.poll_all():
            if result.problem or result.refused:
                raise click.ClickException(
                    f"The sample feed {row.url} did not come in: {result.problem or 'entries refused'}"
                )
        for row in await self.parts.house.db.read(feed_rows.everything):
            await self._know(row)

    async def _feed(self, handle: str, newsroom: str, url: str) -> None:
        def decide(facts: Facts) -> Decision | Refusal:
            return articles.decide_add_feed(handle, newsroom, url, True, facts)

        await self._do(articles.add_feed_needs(handle, newsroom, url), decide, 2)

    async def _know(self, row: feed_rows.FeedRow) -> None:
        """Which object each entry became: `?p=ARTICLE-LANGUAGE` is its guid."""
        guids = [f"{self.feeds}/?p={a.id}-{lang}" for a in self.sample.articles for lang in LANGUAGES]
        for guid, (object_id, _) in (
            await self.parts.house.db.read(lambda tx: feed_rows.known_items(tx, row.id, guids))
        ).items():
            self.made[guid.rsplit("=", 1)[1]] = object_id

    async def _discussion(self, discussion: Discussion) -> None:
        known: dict[str | None, int] = {}
        if discussion.article is not None:
            known[None] = self._article(discussion.article, discussion.posts[0].language)
        for post in discussion.posts:
            parent = known.get(post.reply_to)
            known[post.id] = self.posts[post.id] = await self._post(
                post, parent, self.actors[discussion.group]
            )

    def _article(self, article: str, language: str) -> int:
        return self.made.get(f"{article}-{language}") or next(
            i for k, i in self.made.items() if k.rsplit("-", 1)[0] == article
        )

    async def _post(self, post: Post, parent: int | None, group: int) -> int:
        body = body_of(post.text, post.language, post.content_warning)
        asked = posts.Compose(
            self.actors[post.by], body, "public", reply_to=parent, group_id=None if parent else group,
            published=moment_ms(post.days_ago, self.now),
        )  # fmt: skip
        made = await self._do(posts.compose_needs(asked), lambda facts: posts.decide_compose(asked, facts))
        post_id = made.result or 0
        if post.edited_text is not None:
            await self._edit(post, post_id)
        for handle in post.likes:
            await self._like(self.actors[handle], post_id)
        return post_id

    async def _edit(self, post: Post, post_id: int) -> None:
        author = self.actors[post.by]
        body = body_of(post.edited_text or "", post.language, post.content_warning)
        at = moment_ms(post.edited_days_ago or 0, self.now)

        def decide(facts: Facts) -> Decision | Refusal:
            return changes.decide_edit(post_id, author, body, facts, edited=at)

        await self._do(_about(author, post_id), decide, 2)

    async def _like(self, actor: int, post_id: int) -> None:
        def decide(facts: Facts) -> Decision | Refusal:
            return relations.decide_react(actor, post_id, "like", facts)

        await self._do(_about(actor, post_id), decide, 2)


def _about(actor: int, post_id: int) -> Needs:
    return Needs(post_ids=frozenset({post_id}), actor_ids=frozenset({actor}), subjects=frozenset({actor}))
