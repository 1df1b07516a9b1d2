"""The shapes of the sample content. Times are days before the moment of filling, so that a demo is never stale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Language = Literal["en", "es"]
Audience = Literal["everyone", "server", "members", "mentors", "staff"]
Role = Literal["member", "staff", "admin", "newsroom"]

LANGUAGES: tuple[Language, ...] = ("en", "es")
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Bilingual:
    """The same words in both languages."""

    en: str
    es: str

    def get(self, language: Language) -> str:
        return self.es if language == "es" else self.en


@dataclass(frozen=True, slots=True)
class Group:
    """finds, reads, posts, replies: who may; joins: how."""

    handle: str
    language: Language
    topic: str
    name: Bilingual
    summary: Bilingual
    finds: Audience
    reads: Audience
    posts: Audience
    replies: Audience
    joins: Literal["open", "approval", "invite"]


@dataclass(frozen=True, slots=True)
class Person:
    """member_of: every group the person belongs to, those that he runs or mentors included."""

    handle: str
    name: str
    bio: str
    language: Language
    role: Role
    kind: Literal["Person", "Service"]
    member_of: tuple[str, ...]
    staff_of: tuple[str, ...]
    mentor_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """path: a PNG file of the package."""

    path: Path
    alt: Bilingual
    media_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class Version:
    """An article in one language. title, summary: plain text. html: p, h2, ul, li, strong and em without attributes;
    its last paragraph says that it is a sample without a source. source: that same note as plain text."""

    language: Language
    title: str
    summary: str
    html: str
    source: str


@dataclass(frozen=True, slots=True)
class Article:
    """versions: at least one, at most one a language. author: handle of a Person. reviewed_days_ago: last review."""

    id: str
    group: str
    author: str
    kind: Literal["article", "video"]
    categories: tuple[str, ...]
    days_ago: float
    reviewed_days_ago: int
    image: Image | None
    versions: tuple[Version, ...]

    def version(self, language: Language) -> Version | None:
        return next((found for found in self.versions if found.language == language), None)


@dataclass(frozen=True, slots=True)
class Post:
    """reply_to: id of a post of the same discussion; None answers the article or opens the thread.

    text and content_warning are plain text. An edited post has both edited_text and edited_days_ago. likes: handles.
    """

    id: str
    by: str
    reply_to: str | None
    language: Language
    days_ago: float
    text: str
    content_warning: str | None
    edited_text: str | None
    edited_days_ago: float | None
    likes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Discussion:
    """posts: parents before their replies. article: id of the article under discussion; without one, the first post
    is the thread's root and the only one without reply_to."""

    id: str
    group: str
    article: str | None
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody asks to join a group that takes people in one by one."""

    by: str
    group: str


@dataclass(frozen=True, slots=True)
class Hold:
    """What a group wants to read before others do."""

    group: str
    words: tuple[str, ...]
    links: Literal["nobody", "newcomers", "everybody"]
    phones: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A saved answer of a group."""

    group: str
    name: str
    texts: Bilingual


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A post that its group holds."""

    group: str
    by: str
    language: Language
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """post: id of a post of a discussion. category: one of `domain/reports.CATEGORIES`."""

    by: str
    post: str
    category: str
    language: Language
    comment: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for those who look after the groups."""

    asks: tuple[Ask, ...] = ()
    holds: tuple[Hold, ...] = ()
    answers: tuple[Answer, ...] = ()
    posts: tuple[HeldPost, ...] = ()
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Demo:
    groups: tuple[Group, ...]
    people: tuple[Person, ...]
    articles: tuple[Article, ...]
    discussions: tuple[Discussion, ...]
    waiting: Waiting = Waiting()


def moment_ms(days_ago: float, now_ms: int) -> int:
    """Milliseconds UTC of a time given in days before `now_ms`, in whole seconds as feeds write them."""
    return (now_ms - round(days_ago * DAY_MS)) // 1000 * 1000


def may(group: Group, person: Person, audience: Audience) -> bool:
    """Whether one of the group's switches admits a person of this server."""
    inside = {
        "everyone": True,
        "server": True,
        "members": group.handle in person.member_of,
        "mentors": group.handle in (*person.mentor_of, *person.staff_of),
        "staff": group.handle in person.staff_of,
    }
    return inside[audience]
