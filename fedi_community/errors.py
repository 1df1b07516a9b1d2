"""What can go wrong, in one place.

An expected refusal is a *value*: `Refusal(reason, status, safe)`. `decide` functions return it, callers render it.
A `Problem` is the exception form, for places where a value cannot travel (request parsing, a fetch that failed).
Both carry three things apart: a machine word that is counted and logged (`reason`), a text that is safe to show to
the caller (`safe`), and a detail for the log only. Private content belongs in none of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expected "no".

    reason: short snake_case word, counted in metrics and asserted in tests.
    status: the HTTP status that a caller of the matching face gets.
    safe: one plain sentence for the caller; never says whether a thing he may not see exists.
    """

    reason: str
    status: int = 422
    safe: str = "The request cannot be carried out."


NOT_FOUND = Refusal("not_found", 404, "Record not found")
"""The one answer for missing *and* for denied; both must be byte-equal (the rule of the house)."""


class Problem(Exception):
    """A failure with a safe face: rendered as HTML, client JSON or ActivityPub JSON by the room that answers.

    status: HTTP status; reason: machine word; safe: text for the caller; detail: text for the log only;
    retry_after: seconds, for 429 and 503.
    """

    def __init__(
        self, status: int, reason: str, safe: str, detail: str = "", *, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{status} {reason}: {detail or safe}")
        self.status = status
        self.reason = reason
        self.safe = safe
        self.detail = detail
        self.retry_after = retry_after

    @classmethod
    def of(cls, refusal: Refusal) -> Problem:
        """The exception form of a refusal."""
        return cls(refusal.status, refusal.reason, refusal.safe)


def not_found() -> Problem:
    """`NOT_FOUND` in its exception form."""
    return Problem.of(NOT_FOUND)
