"""From a form to a post: the choices of readers with their words, and the change that is asked for.

The words before sending are not a forecast: the very decision that will store the post is asked, without being applied.
If it would choose other readers than the form showed, nothing is stored and the author is asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import PUBLIC, Attachment, Body, Grant, Text, Visibility, gate_as_told
from fedi_community.domain.personal import MAX_CIRCLE
from fedi_community.domain.posts import Compose, compose_needs, decide_compose
from fedi_community.domain.text import hashtags_in, markdown_to_html, mentions_in
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import Refusal
from fedi_community.foreseen import stored
from fedi_community.perform import House
from fedi_community.storage import people, web_queries
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load
from fedi_community.storage.views import load_actors
from fedi_community.web import audience
from fedi_community.web.forms import Written
from fedi_community.web.i18n import Words

DRY_IDS = (4, 8, 12, 16)
VISIBILITY: dict[str, Visibility] = {"public": "public", "followers": "private", "direct": "direct"}
CHECK_AUDIENCE = Refusal("check_audience", 422, "Please check who can read this.")
CHECK_MENTIONS = Refusal("check_mentions", 422, "Please check whom you mention.")
NOBODY_NAMED = Refusal("nobody_named", 422, "Please name at least one person.")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to "Who can read it?": its value in the form, a short label, the sentence, and the token of both."""

    to: str
    label: str
    words: str
    token: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a decision would give a post. limited: the gate is a group's or a thread's, so that naming somebody lets
    nobody in."""

    audience: frozenset[int]
    gate: frozenset[int] | None
    limited: bool
    listed: tuple[str, ...] = ()  # other servers on which members of its group may be

    @property
    def token(self) -> str:
        return audience.token(self.audience, self.gate)

    @property
    def public(self) -> bool:
        return PUBLIC in audience.effective(self.audience, self.gate)


def chosen_by(decision: Decision) -> Chosen:
    """The readers that a decision chose."""
    post = stored(decision).post
    limited = post.gate is not None and (post.group_id is not None or post.reply_to is not None)
    gate = None if post.gate is None else gate_as_told(post.gate, post.gate_id or 0, post.group_id)
    return Chosen(frozenset(post.audience), gate, limited)


async def dry(tx: Tx, house: House, asked: Compose) -> Chosen | Refusal:
    """What would be chosen, from a reading unit. Nothing is stored."""
    facts = await load(tx, compose_needs(asked), house.clock(), DRY_IDS, house.base_url)
    decided = decide_compose(asked, facts)
    if isinstance(decided, Refusal):
        return decided
    found, group = chosen_by(decided), facts.groups.get(stored(decided).post.group_id or 0)
    inside = group is not None and not found.public and any(p & 3 for p in found.audience)
    return replace(found, listed=group.listed) if group is not None and inside else found


def said(t: Words, found: Chosen, readers: audience.Readers) -> str:
    """Who can read it, and where a copy may be."""
    words = audience.words(t, readers)
    return t("aud.listed", readers=words, servers=", ".join(found.listed)) if found.listed else words


def thread_reply(author_id: int, parent: PostView, body: Body = Body(())) -> Compose:
    """A reply for those who read the thread; in a letter, for those it went to."""
    mentions: tuple[tuple[str, str], ...] = ()
    if parent.visibility == "direct":
        people = [a for a in (parent.author, *parent.mentions) if a.id != author_id and not a.is_group]
        mentions = tuple((a.handle, a.handle_host or a.host) for a in people)
    return Compose(author_id, body, parent.visibility, mentions=mentions, reply_to=parent.id)


async def _choice(
    tx: Tx, house: House, t: Words, author: ActorView, asked: Compose, to: str, label: str
) -> Choice | Refusal:
    found = await dry(tx, house, asked)
    if isinstance(found, Refusal):
        return found
    if to == "direct":
        return Choice(to, label, t("aud.named"), found.token)
    actors = await load_actors(tx, audience.owners(found.audience, found.gate))
    group = actors.get(asked.group_id) if asked.group_id else None
    readers = audience.Readers(found.audience, found.gate, author, author.id, group, (), actors)
    return Choice(to, label, said(t, found, readers), found.token)


async def reply_choices(
    tx: Tx, house: House, t: Words, author: ActorView, parent: PostView, more: bool
) -> list[Choice] | Refusal:
    """The thread's readers; with `more`, also the author of what is answered alone."""
    first = await _choice(
        tx, house, t, author, thread_reply(author.id, parent), "thread", t("write.to.thread")
    )
    if isinstance(first, Refusal):
        return first
    found = [first]
    if more and parent.author.id != author.id and not parent.author.is_group:
        asked = Compose(author.id, Body(()), "direct", reply_to=parent.id)
        private = await dry(tx, house, asked)
        if isinstance(private, Chosen):
            name = parent.author.name
            found.append(
                Choice("author", t("write.to.author", name=name), t("aud.author", name=name), private.token)
            )
    return found


async def post_choices(
    tx: Tx, house: House, t: Words, author: ActorView, group: ActorView | None
) -> list[Choice] | Refusal:
    """For a new post: a group that was chosen already, or everyone, followers, people by name, and one's groups."""
    if group is not None:
        return await _group_choice(tx, house, t, author, group)
    found: list[Choice] = []
    for to, visibility in VISIBILITY.items():
        one = await _choice(
            tx, house, t, author, Compose(author.id, Body(()), visibility), to, t(f"write.to.{to}")
        )
        if isinstance(one, Refusal):
            return one
        found.append(one)
    joined = [
        g for g, state in (await web_queries.memberships(tx, author.id)).items() if state is Grant.ACCEPTED
    ]
    groups = await load_actors(tx, joined)
    for each in sorted(groups.values(), key=lambda g: g.name.casefold()):
        more = await _group_choice(tx, house, t, author, each)
        if not isinstance(more, Refusal):
            found += more
    return found + await _circle_choices(tx, house, t, author)


MAX_SAID: Final = 10
"""People of a circle that its choice names; the rest is a number."""


async def circles(tx: Tx, owner: int) -> list[tuple[people.ListRow, list[int]]]:
    """One's circles, each with who is in it now."""
    rows = await people.lists(tx, owner, circle=True)
    inside = await web_queries.circle_people(tx, owner, MAX_CIRCLE) if rows else {}
    return [(row, inside.get(row.id, [])) for row in rows]


async def circle_of(tx: Tx, owner: int, to: str) -> tuple[int, ...] | None:
    """Who is in the circle that a form names (`circle:ID`), None where it is none of one's own."""
    key = to.removeprefix("circle:")
    return next((tuple(ids) for row, ids in await circles(tx, owner) if str(row.id) == key), None)


async def _circle_choices(tx: Tx, house: House, t: Words, author: ActorView) -> list[Choice]:
    """One's circles in which there is somebody."""
    found = []
    for row, ids in await circles(tx, author.id):
        dry_run = await dry(tx, house, Compose(author.id, Body(()), "direct", circle=tuple(ids)))
        if isinstance(dry_run, Refusal):
            continue
        actors = await load_actors(tx, ids[:MAX_SAID])
        names = ", ".join(actors[i].name or actors[i].handle for i in ids[:MAX_SAID] if i in actors)
        if len(ids) > MAX_SAID:
            names = t("aud.circle_more", people=names, count=len(ids) - MAX_SAID)
        words = t("aud.circle", people=names)
        found.append(Choice(f"circle:{row.id}", t("write.to.circle", name=row.title), words, dry_run.token))
    return found


async def _group_choice(
    tx: Tx, house: House, t: Words, author: ActorView, group: ActorView
) -> list[Choice] | Refusal:
    asked = Compose(author.id, Body(()), "public", group_id=group.id)
    label = t("write.to.group", group=group.name)
    one = await _choice(tx, house, t, author, asked, f"group:{group.acct}", label)
    return one if isinstance(one, Refusal) else [one]


# --- the text ---------------------------------------------------------------------------------------------------------


def mentions_of(text: str, host: str) -> tuple[tuple[str, str], ...]:
    """(handle, host) as decisions want them: host "" for this server, its own names in small letters."""
    found = [(name, "" if at in (None, host) else at or "") for name, at in mentions_in(text)]
    return tuple(dict.fromkeys((name if at else name.lower(), at) for name, at in found))


async def links(
    tx: Tx, house: House, mentions: tuple[tuple[str, str], ...]
) -> dict[tuple[str, str], tuple[int, str]]:
    """(handle, host) -> (actor id, address of its page) of those we know."""
    facts = await load(tx, Needs(handles=frozenset(mentions)), house.clock(), (), house.base_url)
    return {
        key: (
            actor.id,
            f"{house.base_url}/@{actor.handle}" if actor.local and not actor.is_group else actor.uri,
        )
        for key, actor in facts.actor_by_handle.items()
        if actor.state in ("active", "limited")
    }


def body_of(item: Written, host: str, base_url: str, known: dict[tuple[str, str], tuple[int, str]]) -> Body:
    """The post's text from its Markdown, mentions and hashtags linked."""

    def mention(name: str, at: str | None) -> str | None:
        local = at in (None, host)
        found = known.get((name.lower() if local else name, "" if local else at or ""))
        return found[1] if found else None

    def hashtag(name: str) -> str | None:
        return f"{base_url}/tags/{name.casefold()}"

    content = markdown_to_html(item.text, mention, hashtag)
    text = Text(item.language, content, source=item.text, source_type="text/markdown")
    return Body(
        (text,), language=item.language, sensitive=bool(item.warning), warning=item.warning,
        hashtags=tuple(dict.fromkeys(tag.casefold() for tag in hashtags_in(item.text))),
    )  # fmt: skip


def guarded(item: Written, asked: Compose, shown_mentions: bool) -> Callable[[Facts], Decision | Refusal]:
    """The decision, refused when its readers are not those the author saw. shown_mentions: the text names somebody."""

    def decide(facts: Facts) -> Decision | Refusal:
        decided = decide_compose(asked, facts)
        if isinstance(decided, Refusal):
            return decided
        found = chosen_by(decided)
        if item.to == "direct" and not any(p for p in found.audience if p != asked.author_id):
            return NOBODY_NAMED
        if item.seen.get(item.to) != found.token:
            return CHECK_AUDIENCE
        if shown_mentions and found.limited and item.to != "author" and not item.told:
            return CHECK_MENTIONS
        return decided

    return decide


def edited_body(old: PostView, item: Written, new: Body, mentioned: tuple[int, ...]) -> Body:
    """The whole post with one language's text changed: other languages, pictures and the rest stay."""
    before = next((text for text in old.texts if text.language == item.language), old.text(item.language))
    text = replace(new.texts[0], language=before.language, name=before.name, summary=before.summary)
    others = tuple(each for each in old.texts if each.language != before.language)
    image = old.image
    return replace(
        new, texts=(text, *others), language=old.language, url=old.url, extra=dict(old.extra), mentions=mentioned,
        sensitive=bool(item.warning) or (old.parts.sensitive and not old.warning),
        attachments=tuple(
            Attachment(a.kind, a.url, a.media_type, a.name, a.width, a.height, a.blurhash, a.focus,  # type: ignore[arg-type]
                       a.id if a.own else None)
            for a in old.attachments
        ),
        image=None if image is None else Attachment(
            "image", str(image.get("url", "")), str(image.get("mediaType") or ""), str(image.get("name") or ""),
            image.get("width"), image.get("height"), image.get("blurhash"),
        ),
    )  # fmt: skip
