"""Decide what those who run the server do about an account: warn, cover its media, limit, shut out, suspend, take it back, erase;
and that a human's other names follow, each at a time of its own.

What is done about one name of somebody shuts him out under all, and shows at no other name before its own time has come: else
one member of staff alone could find out whose a name is.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from fedi_community.domain import measures, reports
from fedi_community.domain.client_effects import CoverMedia, EndMeasure
from fedi_community.domain.closing import forgotten, unbound
from fedi_community.domain.effects import Audit, Decision, Effect, MarkActor, RevokeTokens, SetLogin, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.kin import departed, followed_by_names
from fedi_community.domain.measures import Telling
from fedi_community.domain.reports import Helper
from fedi_community.errors import NOT_FOUND, Refusal

PROTECTED: Final = Refusal(
    "protected", 403, "Those who run the server are suspended on its command line alone."
)
NOT_STAFF: Final = Refusal("not_staff", 403, "This action is not allowed")
LIFTED: Final[dict[str, str]] = {
    "unsilence": "silence", "unsensitive": "sensitive", "enable": "disable", "unsuspend": "suspend",
}  # fmt: skip
"""What takes back which measure."""
MEASURES: Final = ("none", "sensitive", "disable", "silence", "suspend")
Measure = Literal["none", "sensitive", "disable", "silence", "suspend"]


def measure_needs(actor_id: int, by: Helper | None, report_id: int | None = None) -> Needs:
    """What `decide_measure` and `decide_erase` look at."""
    return Needs(
        actor_ids=frozenset({actor_id}), subjects=frozenset({actor_id}), humans=True, measures_of=actor_id, report=report_id,
        logins=frozenset({by.login_id} if by else ()),
    )  # fmt: skip


def decide_measure(
    actor_id: int, measure: str, by: Helper | None, facts: Facts, report_id: int | None = None,
    telling: Telling | None = None,
) -> Decision | Refusal:  # fmt: skip
    """What those who run the server do about an account; with the report about it that this answers, and (telling) how its owner
    hears of it. by: None on the command line. Needs `measure_needs` and 1 new id."""
    actor = facts.actors.get(actor_id)
    if actor is None or actor.state in ("deleted", "waiting"):
        return NOT_FOUND
    if by is not None:
        refused = _refused(actor_id, measure, by, facts, report_id)
        if refused is not None:
            return refused
    login_id = by.login_id if by else None
    detail: dict[str, Any] = {"report": report_id} if report_id else {}
    if telling is not None and telling.expires is not None:
        detail["until"] = telling.expires
    effects = [*_done(actor_id, measure, facts)]
    effects.append(Audit(f"account_{measure}", facts.now, None, login_id, target_id=actor_id, detail=detail))
    if telling is not None and measure in MEASURES:
        effects += measures.taken(
            facts.new_ids[0], actor_id, login_id, measure, telling, facts, report_id=report_id
        )
    if report_id is not None and by is not None:
        closed = reports.decide_step(by, "close", facts, word="resolved", outcome=measure)
        if isinstance(closed, Refusal):
            return closed
        effects += closed.effects
    return Decision(tuple(effects), actor_id, measure)


def _refused(actor_id: int, measure: str, by: Helper, facts: Facts, report_id: int | None) -> Refusal | None:
    """Staff measure each other no more than admins do, and answer no report by what they do about somebody else."""
    acting = facts.login_by_id.get(by.login_id)
    if not by.staff or acting is None or acting.role not in ("staff", "admin"):
        return NOT_STAFF
    target = facts.human(actor_id)
    role = target.role if target is not None and target.own == actor_id else "member"
    if role != "member" and acting.role != "admin":
        return NOT_STAFF
    if role == "admin" and measure in measures.SHUT_OUT:
        return PROTECTED
    if report_id is None:
        return None
    found = reports.opened(by, facts)
    if isinstance(found, Refusal) or found.target_id != actor_id:
        return NOT_FOUND
    return None


def _done(actor_id: int, measure: str, facts: Facts) -> list[Effect]:
    actor, now = facts.actors[actor_id], facts.now
    login = measures.login_of(actor_id, facts)
    if measure in LIFTED:
        return _taken_back(actor_id, LIFTED[measure], facts)
    if measure == "silence" and actor.state == "active":
        return [MarkActor(actor, "limited", now)]
    if measure == "sensitive":
        return [CoverMedia(actor_id, True)]
    if measure not in measures.SHUT_OUT:
        return []
    ended: list[Effect] = [MarkActor(actor, "suspended", now)] if measure == "suspend" else []
    if login is not None:
        ended += [SetLogin(login.id, now, state="suspended"), RevokeTokens(now, login_id=login.id)]
        ended += followed_by_names(facts, actor_id) if measure == "suspend" else ()
    return ended


def _taken_back(actor_id: int, action: str, facts: Facts) -> list[Effect]:
    """All of the kind ends at once; what shut a human out, under whichever name it was taken."""
    login = measures.login_of(actor_id, facts)
    over = frozenset(
        one.id
        for one in facts.measures.values()
        if one.action == action and one.group_id is None and one.ended is None
        and (one.target_id == actor_id or (action in measures.SHUT_OUT and measures.binds(one.target_id, login)))
    )  # fmt: skip
    left = measures.standing(actor_id, facts, over)
    return [
        *measures.lifted(action, facts.actors[actor_id], left, facts),
        *(EndMeasure(i, "undone", facts.now) for i in sorted(over)),
    ]


# --- what becomes of a human becomes of all his names --------------------------------------------------------------------


def follow_needs(actor_id: int) -> Needs:
    return Needs(actor_ids=frozenset({actor_id}), humans=True, measures_of=actor_id)


def decide_follow_human(actor_id: int, facts: Facts) -> Decision | Refusal:
    """A job's: an actor becomes what its human is now, and the log says it of this name as of any. Needs 1 new id."""
    actor, login = facts.actors.get(actor_id), facts.human(actor_id)
    if actor is None or login is None or actor.state in ("deleted", "waiting"):
        return ignored("nobody")
    if login.state == "deleted":
        gone = departed(facts, actor, facts.new_ids[0])
        itself = forgotten(login, facts) if login.own == actor_id else ()
        return Decision((*gone, *itself, unbound(login, actor_id, facts)), actor.id, "deleted")
    left = measures.standing(actor_id, facts)
    suspended = "suspend" in left
    if suspended == (actor.state == "suspended"):
        return ignored("known")
    state: Literal["suspended", "limited", "active"] = (
        "suspended" if suspended else "limited" if "silence" in left else "active"
    )
    word = "suspend" if suspended else "unsuspend"
    logged = Audit(f"account_{word}", facts.now, target_id=actor.id, detail={"followed": True})
    return Decision((MarkActor(actor, state, facts.now), logged), actor.id, f"{word}ed")


def decide_erase(actor_id: int, by: int | None, facts: Facts) -> Decision | Refusal:
    """Delete an account with all that it wrote, everywhere it went. by: the log-in of an admin, who suspends it first; None on the
    command line. Needs 1 new id. The address goes with the self, which may be later."""
    actor = facts.actors.get(actor_id)
    if actor is None or actor.state in ("deleted", "waiting"):
        return NOT_FOUND
    if by is None and facts.human(actor_id) is None:
        return NOT_FOUND  # what the server speaks as is no member
    if by is not None and actor.state != "suspended":
        return Refusal("not_suspended", 403, "Suspend the account first.")
    login = measures.login_of(actor_id, facts)
    effects: list[Effect] = [Audit("account_erased", facts.now, None, by, target_id=actor_id)]
    if login is not None:
        effects.append(SetLogin(login.id, facts.now, state="deleted"))
        effects.append(RevokeTokens(facts.now, login_id=login.id))
        effects += forgotten(login, facts) if login.own == actor_id else ()
        effects += [*followed_by_names(facts, actor_id), unbound(login, actor_id, facts)]
    gone = (
        departed(facts, actor, facts.new_ids[0]) if actor.local else (MarkActor(actor, "deleted", facts.now),)
    )
    return Decision((*effects, *gone), actor_id, "erased")
