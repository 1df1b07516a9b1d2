"""What a mentor may do in his group: the powers that staff chose for him. Staff have all. Sight is another thing (`moderates`)."""

from __future__ import annotations

from typing import Final

from fedi_community.domain.facts import Facts
from fedi_community.errors import NOT_FOUND, Refusal

NO_POWER: Final = Refusal(
    "no_power",
    403,
    "You are a mentor of this group, but staff did not give you the power for this. Please ask them.",
)


def refused(facts: Facts, actor_id: int | None, group_id: int, power: str) -> Refusal | None:
    """Why somebody may not use a power in a group; None if he may. actor_id: None for those who run the server.

    To who does not run the group there is nothing here; a mentor without the power knows that he is one, and is told.
    """
    if actor_id is None or facts.may(actor_id, group_id, power):
        return None
    return NO_POWER if facts.moderates(actor_id, group_id) else NOT_FOUND
