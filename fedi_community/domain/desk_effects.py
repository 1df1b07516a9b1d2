"""Effects of the daily work in a group: saved answers, titles, threads that move, join and part. As `effects`: pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fedi_community.domain.model import Post


@dataclass(frozen=True, slots=True)
class SaveAnswer:
    """Words that those who run a group use again and again. texts: language -> what is written."""

    id: int
    group_id: int
    name: str
    texts: Mapping[str, str]
    made_by: int | None
    at: int


@dataclass(frozen=True, slots=True)
class DropAnswer:
    id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class Retitle:
    """A post's title in each of its languages is this one now, or (None) what it was: a new revision, its words as they are."""

    post: Post
    title: str | None
    at: int


@dataclass(frozen=True, slots=True)
class MoveThread:
    """A whole thread belongs to another group. gate_id: what limits its readers from now on, None for nothing new."""

    root: Post
    group_id: int
    gate_id: int | None
    at: int


@dataclass(frozen=True, slots=True)
class JoinThread:
    """A post with all that answers it becomes an answer to `parent`, in whose thread it stands then."""

    post: Post
    parent: Post
    counted: bool  # its new parent's public count grows
    was_counted: bool  # that of its former one shrinks
    at: int


@dataclass(frozen=True, slots=True)
class SplitThread:
    """An answer with all that answers it becomes a thread of its own."""

    post: Post
    was_counted: bool
    at: int


DeskEffect = SaveAnswer | DropAnswer | Retitle | MoveThread | JoinThread | SplitThread
