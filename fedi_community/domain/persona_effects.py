"""Effects on the names that somebody writes under, and on who may learn whose they are. As `effects`: pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BindPersona:
    """An actor is another name of a log-in's human, for one group alone or (None) for anywhere."""

    login_id: int
    actor_id: int
    only_in: int | None
    at: int


@dataclass(frozen=True, slots=True)
class AskUnmasking:
    """A member of staff wants to know who is behind a persona. asked_by: the log-in. expires: milliseconds."""

    id: int
    actor_id: int
    reason: str
    asked_by: int
    at: int
    expires: int


@dataclass(frozen=True, slots=True)
class ConfirmUnmasking:
    """A second one agrees."""

    id: int
    confirmed_by: int
    at: int


@dataclass(frozen=True, slots=True)
class ReadUnmasking:
    """One of the two was shown the name: it is not shown to him again. read_by: all who were."""

    id: int
    read_by: frozenset[int]


PersonaEffect = BindPersona | AskUnmasking | ConfirmUnmasking | ReadUnmasking
