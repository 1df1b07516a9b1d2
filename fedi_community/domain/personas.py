"""Decide about personas: other names that one human writes under, which nobody can tell to be his.

A persona is an actor like any other. The one rule knows nothing of humans; what binds them together stands in decisions:
blocks and bans (`Facts.unheard`, asked by `posts` and `relations`), suspension and erasure (`kin`), and the two members of
staff who may learn a name (`decide_unmask` and what follows it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from fedi_community.domain import addresses
from fedi_community.domain.accounts import TAKEN, name_refused
from fedi_community.domain.effects import (
    Audit,
    Decision,
    Effect,
    MakeActor,
    RevokeTokens,
)
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.impersonation import refused_name
from fedi_community.domain.kin import departed, living
from fedi_community.domain.model import Who
from fedi_community.domain.persona_effects import (
    AskUnmasking,
    BindPersona,
    ConfirmUnmasking,
    ReadUnmasking,
)
from fedi_community.domain.signups import mail
from fedi_community.errors import NOT_FOUND, Refusal
from fedi_community.ids import SHIFT, time_of

MAX_PERSONAS: Final = 5
"""Living personas of one human."""
MAX_NAME: Final = 100
"""Characters of a persona's name."""
BORN_MS: Final = 14 * 86_400_000
"""A persona's id and age say a time within so long before it was made."""
UNMASK_MS: Final = 3 * 86_400_000
"""So long may an unmasking be confirmed, and the name be read by the two who asked."""
TOLD_MS: Final = 30 * 86_400_000
"""So long after an unmasking was confirmed its human is told."""
MAX_REASON: Final = 500
"""Characters of an unmasking's reason."""
TOO_MANY: Final = Refusal(
    "too_many_personas", 422, f"Nobody has more than {MAX_PERSONAS} other names. End one of them first."
)
GIVES_AWAY: Final = Refusal(
    "gives_away",
    422,
    "This name tells who you are: another name of yours is in it. Please choose a different one.",
)
BAD_NAME: Final = Refusal("bad_name", 422, f"Please give a name of 1 to {MAX_NAME} characters.")
ONE_A_GROUP: Final = Refusal("one_a_group", 422, "You have a name for this group already.")
AS_YOURSELF: Final = Refusal(
    "as_yourself", 403, "This is done by the account itself, under none of its other names."
)
NO_REASON: Final = Refusal("no_reason", 422, "Please say why.")
NO_PERSONA: Final = Refusal("no_persona", 422, "This is nobody's other name.")
NOT_TWO: Final = Refusal("not_two", 403, "Another member of staff has to confirm this.")
OVER: Final = Refusal("unmasking_over", 422, "This has expired, or has been read. Please ask anew.")


def end_needs(actor_id: int, login_id: int) -> Needs:
    """What `decide_end` looks at."""
    return Needs(logins=frozenset({login_id}), actor_ids=frozenset({actor_id}))


# --- making and ending ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewPersona:
    """actor_id: the id it will have, of a time chosen by chance within `BORN_MS`; its age says the same. group_id: the one
    group that it is for."""

    login_id: int
    handle: str
    name: str
    actor_id: int
    group_id: int | None = None
    language: str | None = None

    def needs(self) -> Needs:
        ids = {self.actor_id} | ({self.group_id} if self.group_id else set())
        return Needs(
            logins=frozenset({self.login_id}), new_handles=frozenset({self.handle}), actor_ids=frozenset(ids)
        )


def _tells(asked: NewPersona, names: list[str]) -> bool:
    """A name of his is in another: whoever reads both would know."""
    made = [asked.handle, _letters(asked.name)]
    return any(
        len(name) >= 4 and (name in new or new in name) for name in names for new in made if len(new) >= 4
    )


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def decide_new_persona(asked: NewPersona, own: tuple[str, str], facts: Facts) -> Decision | Refusal:
    """Another name for a human, that shares nothing with his others. own: handle and name of his self. No new
    ids. result: the actor's id."""
    login = facts.login_by_id.get(asked.login_id)
    if login is None or login.state != "active" or login.own is None:
        return NOT_FOUND
    refused = name_refused(asked.handle, facts)
    name = " ".join(asked.name.split())
    refused = refused or refused_name(asked.handle, facts) or refused_name(name, facts)
    if refused:
        return refused
    if not 0 < len(name) <= MAX_NAME:
        return BAD_NAME
    mine = living(login)
    if _tells(asked, [own[0], _letters(own[1]), *(x for p in mine for x in (p.handle, _letters(p.name)))]):
        return GIVES_AWAY
    if len(mine) >= MAX_PERSONAS:
        return TOO_MANY
    if asked.group_id is not None:
        group = facts.actors.get(asked.group_id)
        if group is None or not group.is_group or not group.local:
            return NOT_FOUND
        if facts.group(group.id).finds not in (Who.EVERYONE, Who.SERVER):
            return NOT_FOUND  # nobody new finds it, so no new name does
        if any(p.only_in == group.id for p in mine):
            return ONE_A_GROUP
    actor_id = asked.actor_id
    if actor_id in facts.actors:
        return TAKEN  # one in a thousand million: asked again, it is another
    uri = addresses.actor(facts.base_url, "Person", asked.handle)
    made = MakeActor(actor_id, uri, "Person", asked.handle, time_of(actor_id), name, "", asked.language)
    effects: tuple[Effect, ...] = (
        made,
        BindPersona(login.id, actor_id, asked.group_id, facts.now),
        Audit("persona_made", facts.now, None, login.id),
    )
    return Decision(effects, actor_id, "created")


def decide_end(actor_id: int, login_id: int, facts: Facts) -> Decision | Refusal:
    """Its human ends a persona: all that it wrote goes, everywhere. Needs 1 new id."""
    login, actor = facts.login_by_id.get(login_id), facts.actors.get(actor_id)
    if login is None or actor is None or actor_id not in {p.id for p in living(login)}:
        return NOT_FOUND
    effects = (
        *departed(facts, actor, facts.new_ids[0]),
        RevokeTokens(facts.now, login_id=login.id, actor_id=actor.id),
        Audit("persona_ended", facts.now, None, login.id),
    )
    return Decision(effects, actor.id, "ended")


# --- unmasking --------------------------------------------------------------------------------------------------------


def decide_unmask(actor_id: int, staff: int, reason: str, facts: Facts) -> Decision | Refusal:
    """A member of staff asks who is behind a persona, and says why. Needs 1 new id; staff: the log-in; `humans`."""
    reason = reason.strip()[:MAX_REASON]
    if not reason:
        return NO_REASON
    login = facts.human(actor_id)
    if login is None or login.own == actor_id:
        return NO_PERSONA
    asked = facts.new_ids[0]
    effects: tuple[Effect, ...] = (
        AskUnmasking(asked, actor_id, reason, staff, facts.now, facts.now + UNMASK_MS),
        Audit("unmasking_asked", facts.now, None, staff, target_id=actor_id, detail={"reason": reason, "unmasking": asked}),
    )  # fmt: skip
    return Decision(effects, asked, "asked")


def decide_confirm(_: int, staff: int, facts: Facts) -> Decision | Refusal:
    """Another one confirms it: never the same log-in, and never the human himself. He is told a month later."""
    found = facts.unmasking
    if found is None:
        return NOT_FOUND
    login = facts.human(found.actor_id)
    if staff == found.asked_by or login is None:
        return NOT_TWO
    if staff == login.id:
        return NOT_FOUND
    if found.expires <= facts.now or found.confirmed_by is not None:
        return OVER
    detail = {
        "asked_by": found.asked_by,
        "confirmed_by": staff,
        "unmasking": found.id,
        "reason": found.reason,
    }
    handle = next((p.handle for p in login.personas if p.id == found.actor_id), "")
    nonce = f"unmasked-{found.id}-{facts.draws[0]:x}"
    effects: tuple[Effect, ...] = (
        ConfirmUnmasking(found.id, staff, facts.now),
        Audit("unmasking_confirmed", facts.now, None, staff, target_id=found.actor_id, detail=detail),
        mail("unmasked", login.email, login.language, handle, nonce, facts.now + TOLD_MS),
    )
    return Decision(effects, found.id, "confirmed")


def decide_read(_: int, staff: int, facts: Facts) -> Decision | Refusal:
    """One of the two reads the name, once. result: the actor that is the human's self."""
    found = facts.unmasking
    if found is None or staff not in (found.asked_by, found.confirmed_by):
        return NOT_FOUND
    login = facts.human(found.actor_id)
    over = found.expires <= facts.now or staff in found.read_by
    if found.confirmed_by is None or over or login is None or login.own is None:
        return OVER
    detail = {"asked_by": found.asked_by, "confirmed_by": found.confirmed_by, "unmasking": found.id}
    effects: tuple[Effect, ...] = (
        ReadUnmasking(found.id, found.read_by | {staff}),
        Audit("unmasking_read", facts.now, None, staff, target_id=found.actor_id, detail=detail),
    )
    return Decision(effects, login.own, "read")


def kin_needs(actor_id: int) -> Needs:
    """What `decide_unmask` looks at."""
    return Needs(actor_ids=frozenset({actor_id}), humans=True)


def unmask_needs(unmasking_id: int, actor_id: int) -> Needs:
    return Needs(unmasking=unmasking_id, actor_ids=frozenset({actor_id}), humans=True)


# --- strikes ----------------------------------------------------------------------------------------------------------

STRIKES: Final = (
    "remove", "redact", "ban", "member_removed", "warn", "account_none", "account_silence", "account_disable", "account_suspend",
)  # fmt: skip
"""What counts: what moderators did about somebody or what he wrote, as the log names it."""
WEEK_MS: Final = 7 * 86_400_000
MONDAY_MS: Final = 4 * 86_400_000
"""1970 began on a Thursday."""
YEAR_MS: Final = 52 * WEEK_MS
LAGS: Final = 4

Strikes = Literal["none", "few", "some", "many"]


def strikes_until(actor_id: int, now: int) -> int:
    """Up to when (milliseconds) measures are counted for whoever looks at an actor: the begin of a week, one to four weeks ago.
    How many differs between the names of one human, so that a count does not move for two of them together."""
    monday = (now - MONDAY_MS) // WEEK_MS * WEEK_MS + MONDAY_MS
    return monday - (actor_id >> SHIFT) % 7919 % LAGS * WEEK_MS - WEEK_MS


def strikes_word(count: int) -> Strikes:
    """A count in so few steps that it tells no two people apart: none, one or two, three to five, more."""
    if count == 0:
        return "none"
    return "few" if count < 3 else "some" if count < 6 else "many"


_WORDS: Final[dict[Strikes, tuple[str, str]]] = {
    "none": (
        "No measures in the last year, about this person under any name.",
        "Ninguna medida en el último año sobre esta persona, con cualquiera de sus nombres.",
    ),
    "few": (
        "One or two measures in the last year, about this person under any name.",
        "Una o dos medidas en el último año sobre esta persona, con cualquiera de sus nombres.",
    ),
    "some": (
        "Three to five measures in the last year, about this person under any name.",
        "De tres a cinco medidas en el último año sobre esta persona, con cualquiera de sus nombres.",
    ),
    "many": (
        "More than five measures in the last year, about this person under any name.",
        "Más de cinco medidas en el último año sobre esta persona, con cualquiera de sus nombres.",
    ),
}


def strikes_text(word: Strikes, language: str) -> str:
    return _WORDS[word][language == "es"]
