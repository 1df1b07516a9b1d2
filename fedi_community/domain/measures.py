"""Measures: what was done about somebody, told to him in words, undone at its time, by who runs things, or because he appealed.

A measure is a row beside the state it changes. Each may be appealed once; somebody else decides than who took it. Granting an
appeal takes the measure back, as far as that can be done: words that were redacted are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fedi_community.domain import changes, relations, sending
from fedi_community.domain.client_effects import (
    AnswerAppeal,
    AppealMeasure,
    CoverMedia,
    EndMeasure,
    TakeMeasure,
)
from fedi_community.domain.effects import (
    AddJob,
    Audit,
    Decision,
    Effect,
    MarkActor,
    SetLogin,
    SetState,
    ignored,
)
from fedi_community.domain.facts import Facts, Login, Needs
from fedi_community.domain.kin import followed_by_names
from fedi_community.domain.model import Actor, State
from fedi_community.domain.moderation.announcing import say
from fedi_community.domain.signups import mail
from fedi_community.errors import NOT_FOUND, Refusal

MAX_TEXT: Final = 2000
"""Characters of what the member is told, and of an appeal."""
SHUT_OUT: Final = frozenset({"suspend", "disable"})
"""Measures that end every log-in of a human, under whichever of his names they were taken."""
LONGEST_S: Final = 10 * 366 * 86_400
"""Seconds of a measure for a time."""
MEASURE_JOB: Final = "end_measure"
"""The kind of job that lifts one whose time is over."""
APPEALED: Final = Refusal("appealed", 422, "You have appealed already. Somebody else from the team reads it.")
OVER: Final = Refusal("measure_over", 422, "This is over already. There is nothing to appeal.")
NO_APPEAL: Final = Refusal("appeal_blank", 422, "Please write why you think that this was wrong.")
APPEAL_TOO_LONG: Final = Refusal("appeal_too_long", 422, f"An appeal has at most {MAX_TEXT} characters.")
SAME_PERSON: Final = Refusal(
    "same_person", 403, "Somebody else has to decide this: you did what it is about."
)
DECIDED: Final = Refusal("appeal_decided", 422, "This appeal has been decided already.")


@dataclass(frozen=True, slots=True)
class Telling:
    """How the member is told. text: in words for him. link: (nonce, hash) of the mail's link, for who cannot log in. mail: send one
    (where he can no longer log in there is one in any case)."""

    text: str = ""
    link: tuple[str, str] | None = None
    mail: bool = False
    expires: int | None = None


def login_of(actor_id: int, facts: Facts) -> Login | None:
    """The log-in that a measure against an actor holds for, be it his self or a persona. A persona of those who run the server ends
    alone: else one of them could lock out another, and learn by that whose it is."""
    login = facts.human(actor_id)
    return None if login is None or (login.role != "member" and login.own != actor_id) else login


def taken(
    new_id: int, target_id: int, by: int | None, action: str, telling: Telling, facts: Facts, *,
    group_id: int | None = None, object_id: int | None = None, report_id: int | None = None,
) -> list[Effect]:  # fmt: skip
    """Write a measure down and tell the member: in his notifications, and by mail where that is wanted or the only way."""
    objects = () if object_id is None else (object_id,)
    link = telling.link[1] if telling.link else None
    effects: list[Effect] = [
        TakeMeasure(
            new_id, target_id, by, group_id, action, telling.text, objects, report_id, link, facts.now, telling.expires
        )
    ]  # fmt: skip
    if telling.expires is not None and group_id is None:
        effects.append(AddJob(MEASURE_JOB, str(new_id), {"id": new_id}, telling.expires))
    login = login_of(target_id, facts)
    if login is not None and telling.link and (telling.mail or action in ("disable", "suspend")):
        actor = facts.actors[target_id]
        job = mail("measure", login.email, login.language, actor.handle, telling.link[0], facts.now, "appeal")
        job.payload["values"] = {"action": action, "text": telling.text, "until": telling.expires}
        effects.append(job)
    return effects


def lift_needs(measure_id: int, target_id: int, group_id: int | None, post_id: int | None, by: int) -> Needs:
    """What undoing a measure looks at. by: the actor who decides, 0 for a job."""
    people = frozenset({target_id} | ({group_id} if group_id else set()) | ({by} if by else set()))
    return Needs(
        actor_ids=people, subjects=people, post_ids=frozenset({post_id} if post_id else ()), boosts=True,
        measure=measure_id, humans=True,
    )  # fmt: skip


def decide_expired(measure_id: int, facts: Facts) -> Decision:
    """Its time is over. A job's."""
    found = facts.measures.get(measure_id)
    if found is None or found.ended is not None or found.expires is None or found.expires > facts.now:
        return ignored("not_due")
    logged = Audit("measure_expired", facts.now, None, None, found.group_id, None, found.target_id)
    return Decision(
        (*_undone(measure_id, facts), EndMeasure(measure_id, "expired", facts.now), logged),
        measure_id,
        "expired",
    )


def standing(actor_id: int, facts: Facts, but: frozenset[int] = frozenset()) -> frozenset[str]:
    """What those who run the server did about an actor and still holds: about itself, and what shuts its human out under any of
    his names. but: measures that end now. Needs `measure` or `measures_of`, and `humans`."""
    human, found = facts.human(actor_id), set()
    for one in facts.measures.values():
        over = one.ended is not None or (one.expires is not None and one.expires <= facts.now)
        if one.id in but or over or one.group_id is not None:
            continue
        if one.target_id == actor_id or (one.action in SHUT_OUT and binds(one.target_id, human)):
            found.add(one.action)
    return frozenset(found)


def binds(target_id: int, login: Login | None) -> bool:
    """Whether what is done about this actor is done about the whole human (see `login_of`)."""
    if login is None:
        return False
    return target_id == login.own or (login.role == "member" and target_id in {p.id for p in login.personas})


def lifted(action: str, actor: Actor, left: frozenset[str], facts: Facts) -> list[Effect]:
    """A measure that those who run the server took is over; `left`: what still stands beside it."""
    login, now = login_of(actor.id, facts), facts.now
    back: list[Effect] = []
    if action == "silence" and actor.state == "limited" and "silence" not in left:
        back.append(MarkActor(actor, "active", now))
    if action == "sensitive" and "sensitive" not in left:
        back.append(CoverMedia(actor.id, False))
    if action == "suspend" and "suspend" not in left:
        if actor.state == "suspended":
            back.append(MarkActor(actor, "limited" if "silence" in left else "active", now))
        back += followed_by_names(facts, actor.id) if login is not None else ()
    if action in SHUT_OUT and login is not None and login.state == "suspended" and not SHUT_OUT & left:
        back.append(SetLogin(login.id, now, state="active"))
    return back


def _undone(measure_id: int, facts: Facts) -> list[Effect]:
    """Back to how it was, unless another measure of the kind still stands."""
    found = facts.measures[measure_id]
    actor = facts.actors.get(found.target_id)
    if found.ended is not None or actor is None or actor.state == "deleted":
        return []
    if found.action == "remove":
        return _shown_again(found.object_ids, facts)
    if found.group_id is None:
        return lifted(found.action, actor, standing(actor.id, facts, frozenset({measure_id})), facts)
    if found.action == "ban":
        made = relations.decide_block(found.group_id, found.target_id, False, facts)
        return list(made.effects) if isinstance(made, Decision) else []
    return []


def _shown_again(ids: tuple[int, ...], facts: Facts) -> list[Effect]:
    post = facts.posts.get(ids[0]) if ids else None
    group = facts.actors.get(post.group_id) if post is not None and post.group_id else None
    if post is None or post.state is not State.REMOVED:
        return []
    effects: list[Effect] = [SetState(post, State.PUBLISHED)]
    if group is None or not group.local:
        return (
            [*effects, *changes.told_of_change(facts, post, "Update", None, None)] if post.local else effects
        )
    effects += say(facts, post, "Undo", "content", undo="delete")
    if sending.should_boost(facts, group.id, post):
        effects += sending.boost(facts, group, post, facts.new_ids[2])
    return effects


def decide_appeal(measure_id: int, target_id: int, text: str, facts: Facts) -> Decision | Refusal:
    """The member says why it was wrong; once. target_id: who appeals."""
    found = facts.measures.get(measure_id)
    if found is None or found.target_id != target_id:
        return NOT_FOUND
    said = text.strip()
    if found.appeal_state is not None:
        return APPEALED
    if found.ended is not None or (found.expires is not None and found.expires <= facts.now):
        return OVER
    if not said:
        return NO_APPEAL
    if len(said) > MAX_TEXT:
        return APPEAL_TOO_LONG
    logged = Audit(
        "appeal", facts.now, target_id, None, found.group_id, None, target_id, {"measure": measure_id}
    )
    return Decision((AppealMeasure(measure_id, said, facts.now), logged), measure_id, "appealed")


def power_over(action: str) -> str:
    """The power in a group that answering an appeal against this measure asks for: that to take it."""
    return "members" if action == "ban" else "posts"


def decide_appeal_answer(
    measure_id: int, by: int, actor_id: int, staff: bool, granted: bool, nonce: str, facts: Facts
) -> Decision | Refusal:
    """Somebody else than who took the measure grants or refuses the appeal. by: his log-in; actor_id: as whom; staff: of the
    server. Needs 4 new ids, for what other servers are told of a post that is shown again."""
    found = facts.measures.get(measure_id)
    if found is None or found.appeal_state is None:
        return NOT_FOUND
    group_id, login = found.group_id, login_of(found.target_id, facts)
    inside = group_id is not None and facts.may(actor_id, group_id, power_over(found.action))
    if not (staff or inside) or found.target_id == actor_id or (login is not None and login.id == by):
        return NOT_FOUND
    if found.login_id == by:
        return SAME_PERSON
    if found.appeal_state != "pending":
        return DECIDED
    state = "approved" if granted else "rejected"
    effects: list[Effect] = [AnswerAppeal(measure_id, found.target_id, state, by, facts.now)]
    if granted:
        effects += [*_undone(measure_id, facts), EndMeasure(measure_id, "appeal", facts.now)]
    acted = actor_id if inside else None
    effects.append(
        Audit(
            f"appeal_{state}", facts.now, acted, by, group_id, None, found.target_id, {"measure": measure_id}
        )
    )
    if login is not None:
        actor = facts.actors[found.target_id]
        job = mail("appeal", login.email, login.language, actor.handle, nonce, facts.now)
        job.payload["values"] = {"granted": granted}
        effects.append(job)
    return Decision(tuple(effects), measure_id, state)
