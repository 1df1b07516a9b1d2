"""Effects on what surrounds posts: posts put off, muted threads, polls that change and end. As `effects`: pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fedi_community.domain.model import Kind, Post


@dataclass(frozen=True, slots=True)
class SetThreadMute:
    """Somebody wants to be told nothing more of a thread, or (on=False) does again."""

    actor_id: int
    root_id: int
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class KeepScheduled:
    """A post is to be published later. params: what the client asked for; uploads: files that wait for it."""

    id: int
    actor_id: int
    login_id: int
    run_at: int
    params: dict[str, Any]
    uploads: tuple[int, ...]
    at: int


@dataclass(frozen=True, slots=True)
class MoveScheduled:
    """It is published at another time. uploads: files that wait for it."""

    id: int
    run_at: int
    uploads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DropScheduled:
    """It was published, or its author thought better of it."""

    id: int


@dataclass(frozen=True, slots=True)
class ChangePoll:
    """A poll of ours changes with its post. options: its answers, () when there is no poll any more; reset: votes go."""

    post: Post
    kind: Kind
    options: tuple[str, ...]
    multiple: bool
    hide_totals: bool
    expires: int | None
    reset: bool


@dataclass(frozen=True, slots=True)
class DropEarlier:
    """What a post said before its newest revision is nowhere any more."""

    post: Post


@dataclass(frozen=True, slots=True)
class NotifyVoters:
    """A poll ended: its author and those who voted, as far as they are here, are told."""

    post: Post
    at: int


@dataclass(frozen=True, slots=True)
class ReleaseUploads:
    """A post's files are its author's again, to be attached to another: he takes the post back to write it anew."""

    post: Post
    at: int


StatusEffect = (
    SetThreadMute
    | KeepScheduled
    | MoveScheduled
    | DropScheduled
    | ChangePoll
    | DropEarlier
    | NotifyVoters
    | ReleaseUploads
)
