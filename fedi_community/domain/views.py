"""What a reader is shown, before any face renders it: values that pages, client API and ActivityPub share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fedi_community.domain.model import Kind, Place, State, Text, Visibility


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
class PostView:
    """A post that this viewer may see, with all that any face shows of it. `mine`: what the viewer did (like, …)."""

    id: int
    uri: str
    kind: Kind
    state: State
    author: ActorView
    published: int
    texts: tuple[Text, ...]
    visibility: Visibility
    audience: dict[int, Place]
    local: bool = False
    edited: int | None = None
    group: ActorView | None = None
    root_id: int | None = None
    reply_to: int | None = None
    reply_to_uri: str | None = None
    reply_to_author: int | None = None
    depth: int = 0
    language: str | None = None
    warning: str = ""
    sensitive: bool = False
    indexed: bool = False
    locked: bool = False
    passed: bool = False
    gated: bool = False
    url: str | None = None
    image: dict[str, Any] | None = None
    attachments: tuple[AttachmentView, ...] = ()
    mentions: tuple[ActorView, ...] = ()
    hashtags: tuple[str, ...] = ()
    poll: PollView | None = None
    boost: PostView | None = None
    quote: PostView | None = None
    via: ActorView | None = None
    replies_count: int = 0
    boosts_count: int = 0
    likes_count: int = 0
    dislikes_count: int = 0
    mine: frozenset[str] = frozenset()
    addressed: dict[str, list[str]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    context_uri: str | None = None
    posted_by: int | None = None

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
