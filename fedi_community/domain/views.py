"""What a reader is shown, before any face renders it: values that pages, client API and ActivityPub share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from fedi_community.domain.model import Kind, Place, State, Text, Visibility
from fedi_community.domain.text import without_pictures


@dataclass(frozen=True, slots=True)
class ActorView:
    """An actor as shown. host is "" for local ones; handle_host: what its handle ends in, which may differ.

    icon, image: {url, mediaType, name}. fields: {name, value} (HTML).
    """

    id: int
    uri: str
    type: str
    handle: str
    host: str
    name: str
    summary: str
    url: str
    icon: dict[str, Any] | None = None
    image: dict[str, Any] | None = None
    fields: tuple[dict[str, str], ...] = ()
    locked: bool = False
    discoverable: bool = False
    indexable: bool = False
    state: str = "active"
    language: str | None = None
    created: int = 0
    last_post_at: int | None = None
    posts_count: int = 0
    followers_count: int = 0
    sample: bool = False
    moved_to: int | None = None
    followers_uri: str | None = None
    badges: tuple[dict[str, str], ...] = ()
    handle_host: str = ""
    open_collections: bool = False  # whom it follows, and who follows it, may be shown
    no_media: bool = False  # media of its host are not shown
    sensitive: bool = False  # what it attaches is covered
    memo: dict[str, Any] = field(
        default_factory=dict, compare=False, repr=False
    )  # what faces made of all this

    @property
    def local(self) -> bool:
        return self.host == ""

    @property
    def is_group(self) -> bool:
        return self.type == "Group"

    @property
    def acct(self) -> str:
        """`name` here, `name@host` for others."""
        return self.handle if not self.host else f"{self.handle}@{self.handle_host or self.host}"


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file or link of a post. own: a file of ours; then the addresses are those that this viewer was given, "" while it is
    processed. state: processing, ready or failed. meta: {small, duration, frame_rate, bitrate}, or {reason}."""

    id: int
    kind: str
    url: str
    media_type: str
    name: str
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    preview_url: str | None = None
    own: bool = False
    state: str = "ready"
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PollView:
    """options: {name, votes}. hide_totals: nobody but its author is told how it stands before it ends."""

    options: tuple[dict[str, Any], ...]
    multiple: bool
    expires: int | None
    voters: int | None
    own: tuple[int, ...] = ()
    hide_totals: bool = False

    def told(self, now: int) -> bool:
        """Whether readers may know how it stands."""
        return not self.hide_totals or bool(self.expires and self.expires <= now)


@dataclass(frozen=True, slots=True)
class PostParts:
    """What a post is between two edits, for every reader the same.

    mentions: actor ids. files: anything is attached. addressed: {to, cc, audience} as its author sent it. memo: what faces
    made of these parts alone, under a name each; kept as long as the parts are.
    """

    uri: str
    published: int
    texts: tuple[Text, ...]
    visibility: Visibility
    audience: dict[int, Place]
    mentions: tuple[int, ...]
    hashtags: tuple[str, ...]
    files: bool
    local: bool
    edited: int | None
    reply_to_uri: str | None
    language: str | None
    warning: str
    sensitive: bool
    indexed: bool
    url: str | None
    image: dict[str, Any] | None
    addressed: dict[str, list[str]]
    extra: dict[str, Any]
    context_uri: str | None
    posted_by: int | None
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PostView:
    """A post that this viewer may see, with all that any face shows of it. `mine`: what the viewer did (like, …)."""

    id: int
    kind: Kind
    state: State
    author: ActorView
    parts: PostParts
    group: ActorView | None
    root_id: int | None
    reply_to: int | None
    reply_to_author: int | None
    depth: int
    locked: bool
    passed: bool
    note: bool
    held_for: str | None
    gated: bool
    attachments: tuple[AttachmentView, ...]
    mentions: tuple[ActorView, ...]
    poll: PollView | None
    boost: PostView | None
    quote: PostView | None
    via: ActorView | None
    replies_count: int
    boosts_count: int
    likes_count: int
    dislikes_count: int
    mine: frozenset[str]
    no_media: bool = False  # its media are at a host whose media are not shown

    @property
    def uri(self) -> str:
        return self.parts.uri

    @property
    def published(self) -> int:
        return self.parts.published

    @property
    def texts(self) -> tuple[Text, ...]:
        if not self.no_media:
            return self.parts.texts
        return tuple(
            replace(one, content=without_pictures(one.content), summary=without_pictures(one.summary))
            for one in self.parts.texts
        )

    @property
    def visibility(self) -> Visibility:
        """As its audience has it, drawn in by the gate: what was public in a group that was closed later is not."""
        asked = self.parts.visibility
        return "private" if self.gated and asked in ("public", "unlisted") else asked

    @property
    def audience(self) -> dict[int, Place]:
        return self.parts.audience

    @property
    def hashtags(self) -> tuple[str, ...]:
        return self.parts.hashtags

    @property
    def local(self) -> bool:
        return self.parts.local

    @property
    def edited(self) -> int | None:
        return self.parts.edited

    @property
    def reply_to_uri(self) -> str | None:
        return self.parts.reply_to_uri

    @property
    def language(self) -> str | None:
        return self.parts.language

    @property
    def warning(self) -> str:
        return self.parts.warning

    @property
    def sensitive(self) -> bool:
        """Covered until the reader wants to see it: as its author said, or since all that he attaches is."""
        return self.parts.sensitive or (self.author.sensitive and bool(self.attachments))

    @property
    def indexed(self) -> bool:
        return self.parts.indexed

    @property
    def url(self) -> str | None:
        return self.parts.url

    @property
    def image(self) -> dict[str, Any] | None:
        return None if self.no_media else self.parts.image

    @property
    def addressed(self) -> dict[str, list[str]]:
        return self.parts.addressed

    @property
    def extra(self) -> dict[str, Any]:
        if not self.no_media:
            return self.parts.extra
        return {name: value for name, value in self.parts.extra.items() if name != "emojis"}

    @property
    def context_uri(self) -> str | None:
        return self.parts.context_uri

    @property
    def posted_by(self) -> int | None:
        return self.parts.posted_by

    def text(self, *languages: str) -> Text:
        """The text in the first language there is, else in the post's own."""
        found = {t.language.split("-")[0]: t for t in self.texts}
        for language in languages:
            if language in found:
                return found[language]
        return self.texts[0] if self.texts else Text("und", "")

    @property
    def title(self) -> str:
        return self.text(self.language or "").name
