"""Effects on how people come into groups: answers to a group's question, and invitations. As `effects`: pure data."""

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


GroupEffect = KeepAnswer | MakeInvitation | UseInvitation | RevokeInvitation
