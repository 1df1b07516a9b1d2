"""From views to what a template prints: safe HTML, the text in the reader's language, who reads it, when it was.

All HTML of people passes `domain.text.sanitise` here once more, and no reader's browser asks a stranger's server: pictures
from elsewhere become links unless the house's own proxy (`image`) has an address for them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from fedi_community.domain.model import PUBLIC, TITLED, Kind, State, Text, Viewer
from fedi_community.domain.moderation.acts import REDACTED
from fedi_community.domain.text import ImageRewriter, clip, shown, shown_text
from fedi_community.domain.views import ActorView, AttachmentView, PostView
from fedi_community.storage import moderation, web_queries
from fedi_community.storage.database import Tx
from fedi_community.storage.views import load_actors
from fedi_community.storage.visible import visible_ids
from fedi_community.web import audience
from fedi_community.web.catalogue import LANGUAGES
from fedi_community.web.i18n import Words, iso

CLIP = 700
"""Characters of a post in a list."""
_IMG = re.compile(r'<img\b((?:[^<>"]|"[^"]*")*)>')
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Around:
    """What the words about posts need beyond the posts: gates, actors that collections belong to, and groups the reader runs."""

    gates: Mapping[int, frozenset[int]] = field(default_factory=dict)
    actors: Mapping[int, ActorView] = field(default_factory=dict)
    seen_parents: frozenset[int] = frozenset()
    runs: frozenset[int] = frozenset()
    posts: tuple[PostView, ...] = ()


def localised(path: str, language: str) -> str:
    """The address of a page in a language."""
    return path if language == LANGUAGES[0] else f"/{language}{path}"


async def around(tx: Tx, viewer: Viewer, posts: Iterable[PostView]) -> Around:
    """Gather it, in the unit that loaded the posts."""
    shown = [p for post in posts for p in (post, post.boost, post.quote) if p is not None]
    gates = await web_queries.gates_of(tx, [p.id for p in shown if p.gated])
    known = {a.id for p in shown for a in (p.author, p.group, *p.mentions) if a is not None}
    wanted = {owner for p in shown for owner in audience.owners(frozenset(p.audience), gates.get(p.id))} | {
        p.reply_to_author for p in shown if p.reply_to_author
    }
    actors = await load_actors(tx, wanted - known)
    parents = await visible_ids(tx, viewer, {p.reply_to for p in shown if p.reply_to})
    named = {a.id: a for p in shown for a in (p.author, p.group, *p.mentions) if a}
    groups = {p.group.id for p in shown if p.group is not None and p.group.local}
    runs = frozenset() if viewer.instance else await moderation.run_by(tx, viewer.id, groups)
    return Around(gates, named | actors, frozenset(parents), runs, tuple(shown))


@dataclass(frozen=True, slots=True)
class Show:
    """Bound to one reader and language; the templates call it `s`."""

    t: Words
    now: int
    viewer_id: int
    base_url: str
    image: ImageRewriter
    around: Around = field(default_factory=Around)
    chosen_text: str | None = None  # a text's language the reader asked for by name

    # --- text

    def text(self, post: PostView) -> Text:
        return post.text(*(code for code in (self.chosen_text, self.t.language) if code))

    def lang(self, post: PostView) -> str:
        code = self.text(post).language
        return code if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", code or "") else "und"

    def html(self, source: str) -> Markup:
        """Safe HTML for the page, pictures from elsewhere as links."""
        return Markup(_IMG.sub(self._picture, shown(source)))  # noqa: S704  (sanitised above)

    def body(self, post: PostView) -> Markup:
        return self.html(self.text(post).content)

    def short(self, post: PostView) -> Markup:
        return self.html(clip(self.text(post).content, CLIP))

    def escaped_html(self, post: PostView) -> str:
        """HTML as text, for feeds: the template escapes it once more."""
        return str(self.body(post))

    def is_long(self, post: PostView) -> bool:
        content = self.text(post).content
        return len(content) > CLIP and len(shown_text(content)) > CLIP

    def plain(self, source: str) -> str:
        return shown_text(source)

    def title(self, post: PostView) -> str:
        return shown_text(self.text(post).name)

    def heading(self, post: PostView) -> str:
        """The title, or who wrote it."""
        return self.title(post) or self.t("post.title", name=post.author.name)

    def summary(self, post: PostView) -> str:
        return shown_text(self.text(post).summary)

    def titled(self, post: PostView) -> bool:
        return post.kind in TITLED and bool(self.title(post))

    def other_texts(self, post: PostView) -> list[str]:
        """Languages of the post's other texts."""
        shown = self.text(post).language
        return [text.language for text in post.texts if text.language != shown and text.content]

    # --- pictures and links

    def _picture(self, found: re.Match[str]) -> str:
        values = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(found[1])}
        source, alt = values.get("src", ""), values.get("alt", "")
        return str(self.picture(source, alt))

    def picture(self, source: str, alt: str, width: int | None = None, height: int | None = None) -> Markup:
        """A picture of ours, or of the proxy; else a link that says where it is."""
        address = self.image(source)
        if address is None:
            return self._elsewhere(source, alt)
        size = Markup(' width="{}" height="{}"').format(width, height) if width and height else Markup("")
        return Markup('<img src="{}" alt="{}" loading="lazy"{}>').format(
            address, alt or self.t("post.no_alt"), size
        )

    def _elsewhere(self, source: str, alt: str) -> Markup:
        if not source.startswith(("https://", "http://")):
            return Markup("")
        key = "post.picture_at" if alt else "post.picture_at_plain"
        return self.link(source, self.t(key, host=self.host(source), alt=alt))

    def link(self, address: str, label: str) -> Markup:
        """A link to elsewhere, for addresses that came from others."""
        if not address.startswith(("https://", "http://")):
            return Markup("{}").format(label)
        return Markup('<a class="out" href="{}" rel="nofollow noopener noreferrer ugc">{}</a>').format(
            address, label
        )

    def attachment(self, item: AttachmentView) -> Markup:
        if item.own:
            return self._own(item)
        if item.kind == "image":
            return self.picture(item.url, item.name, item.width, item.height)
        key = "post.video_at" if item.kind == "video" else "post.file_at"
        label = item.name or self.t(key, host=self.host(item.url))
        address = item.url if "://" in item.url else f"{self.base_url}{item.url}"
        return self.link(address, label)

    def _own(self, item: AttachmentView) -> Markup:
        """A file of ours: a picture with its description, a film or sound with the browser's own controls."""
        alt = item.name or self.t("post.no_alt")
        size = (
            Markup(' width="{}" height="{}"').format(item.width, item.height)
            if item.width and item.height
            else ""
        )
        if item.kind == "video":
            return Markup(
                '<video src="{}" poster="{}" controls preload="none" playsinline aria-label="{}"{}></video>'
            ).format(item.url, item.preview_url or "", alt, size) + self._described(item)
        if item.kind == "audio":
            return Markup('<audio src="{}" controls preload="none" aria-label="{}"></audio>').format(
                item.url, alt
            ) + self._described(item)
        picture = Markup('<img src="{}" alt="{}" loading="lazy"{}>').format(
            item.preview_url or item.url, alt, size
        )
        return Markup('<a href="{}">{}</a>').format(item.url, picture)

    def _described(self, item: AttachmentView) -> Markup:
        return Markup('<span class="soft">{}</span>').format(item.name) if item.name else Markup("")

    def host(self, address: str) -> str:
        return urlsplit(address).hostname or address

    def icon(self, actor: ActorView) -> str | None:
        return self.image(str(actor.icon.get("url", ""))) if actor.icon else None

    # --- addresses

    def href(self, path: str) -> str:
        """A page of ours in this language."""
        return localised(path, self.t.language)

    def post_href(self, post: PostView) -> str:
        return self.href(f"/objects/{post.id}")

    def actor_href(self, actor: ActorView) -> str:
        """Strangers are sent to a remote actor's own page, members to ours."""
        if actor.is_group and actor.local:
            return self.href(f"/groups/{actor.handle}")
        if not actor.local and not self.viewer_id:
            return actor.url if actor.url.startswith(("https://", "http://")) else "#"
        return self.href(f"/@{actor.acct}")

    def reply_name(self, post: PostView) -> str | None:
        """Whom the post answers, where the reader may see what it answers."""
        if post.reply_to not in self.around.seen_parents:
            return None
        found = self.around.actors.get(post.reply_to_author or 0)
        return found.name if found else None

    # --- who and when

    def audience(self, post: PostView) -> str:
        gate = self.around.gates.get(post.id) if post.gated else None
        return audience.words(
            self.t,
            audience.Readers(
                frozenset(post.audience), gate, post.author, self.viewer_id, post.group, post.mentions,
                self.around.actors,
            ),
        )  # fmt: skip

    def public(self, post: PostView) -> bool:
        gate = self.around.gates.get(post.id) if post.gated else None
        return post.state is State.PUBLISHED and PUBLIC in audience.effective(frozenset(post.audience), gate)

    def runs(self, post: PostView) -> bool:
        """The reader is a mentor or staff of the group that the post is in."""
        return post.group is not None and post.group.id in self.around.runs

    def mine(self, post: PostView) -> bool:
        return bool(self.viewer_id) and post.author.id == self.viewer_id

    def redacted(self, post: PostView) -> bool:
        """The words that the post had were taken away."""
        return [text.content for text in post.texts] == [text.content for text in REDACTED.texts]

    def iso(self, ms: int) -> str:
        return iso(ms)

    def origin(self, post: PostView) -> dict[str, Any]:
        """What an import says of itself: {origin: ours|others, link, sample, categories}; only what has the right shape."""
        extra = post.extra
        link = extra.get("link")
        categories = extra.get("categories")
        return {
            "origin": extra.get("origin") if extra.get("origin") in ("ours", "others") else None,
            "link": link if isinstance(link, str) and link.startswith(("https://", "http://")) else None,
            "sample": extra.get("sample") is True,
            "categories": [c for c in categories if isinstance(c, str)]
            if isinstance(categories, list)
            else [],
        }

    # --- search engines

    def may_index(self, posts: Sequence[PostView]) -> bool:
        """Whether a page with these posts may be found by search engines: public, and each author lets them in."""
        return all(self.public(post) and (post.indexed or self.newsroom(post)) for post in posts)

    def newsroom(self, post: PostView) -> bool:
        """An article that a group of ours publishes: written to be found."""
        return (
            post.kind in (Kind.ARTICLE, Kind.VIDEO)
            and post.local
            and post.passed
            and post.group is not None
            and post.group.local
        )
