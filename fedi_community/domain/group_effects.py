"""Effects on how people come into groups (answers, invitations) and what is said of them (badges, names). Pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeepAnswer:
    """What somebody who asks to join answered to the group's question. It goes when the request is answered, or at `expires`."""

    group_id: int
    actor_id: int
    answer: str
    expires: int


@dataclass(frozen=True, slots=True)
class MakeInvitation:
    """A link that lets in. hash: SHA-256 of its secret, hex. uses: None for any number."""

    id: int
    group_id: int
    hash: str
    made_by: int
    note: str
    uses: int | None
    expires: int
    at: int


@dataclass(frozen=True, slots=True)
class UseInvitation:
    """Somebody came in by it."""

    id: int


@dataclass(frozen=True, slots=True)
class RevokeInvitation:
    """It lets nobody in any more."""

    id: int
    at: int


@dataclass(frozen=True, slots=True)
class GrantBadge:
    """Something is said of an actor, by its issuer."""

    id: int
    actor_id: int
    label: str
    issuer: str
    login_id: int | None
    at: int


@dataclass(frozen=True, slots=True)
class RevokeBadge:
    """It is said no longer."""

    id: int
    actor_id: int
    at: int


@dataclass(frozen=True, slots=True)
class AllowName:
    """A name that was held is shown, or (allow=False) is not."""

    actor_id: int
    allow: bool


GroupEffect = (
    KeepAnswer | MakeInvitation | UseInvitation | RevokeInvitation | GrantBadge | RevokeBadge | AllowName
)
