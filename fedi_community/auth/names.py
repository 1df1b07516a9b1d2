"""Making a persona, for pages, clients and the command line alike: chance chooses here what decisions may not.

An id and an age say when something was made; a persona's say some time of the last two weeks.
"""

from __future__ import annotations

import secrets

from fedi_community.domain import personas
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House, perform
from fedi_community.storage import personas as rows


async def make_persona(
    house: House, login_id: int, handle: str, name: str, group_id: int | None, language: str
) -> Decision | Refusal:
    """Another name for a human. language: en or es. result: the actor's id."""
    names = await house.db.read(lambda tx: rows.names(tx, login_id))
    own = next(((n.handle, n.name) for n in names if n.role == "self"), ("", ""))
    born = house.clock() - secrets.randbelow(personas.BORN_MS)
    asked = personas.NewPersona(
        login_id, handle.strip().lower(), name, house.ids.at(born), group_id, language
    )

    def decide(facts: Facts) -> Decision | Refusal:
        return personas.decide_new_persona(asked, own, facts)

    return await perform(house, Change(asked.needs(), decide, 0))


async def end_persona(house: House, login_id: int, actor_id: int) -> Decision | Refusal:
    """Its human ends it."""
    change = Change(
        personas.end_needs(actor_id, login_id),
        lambda facts: personas.decide_end(actor_id, login_id, facts),
        1,
    )
    return await perform(house, change)
