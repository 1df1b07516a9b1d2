"""Decide about reports and what follows from them: those who run the server answer, silence, suspend, and take back.

Every one of these is written down. Who may, the caller has asked: the role of the log-in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from fedi_community.domain import addresses, measures, relations
from fedi_community.domain.client_effects import AddNote, AnswerReport, EndMeasures
from fedi_community.domain.effects import (
    Audit,
    Decision,
    Effect,
    File,
    MarkActor,
    Record,
    RevokeTokens,
    Send,
    SetLogin,
)
from fedi_community.domain.facts import Facts
from fedi_community.domain.kin import departed, followed_by_names
from fedi_community.domain.measures import Telling
from fedi_community.errors import NOT_FOUND, Refusal

OURS: Final = ("advice", "selling", "impersonation", "privacy", "child", "self_harm", "harassment")
"""Dangerous advice, selling, somebody who says he is another, another's privacy, a child in danger, somebody who may harm
himself, harassment."""
CATEGORIES: Final = ("spam", "violation", "legal", "other", *OURS)
"""Mastodon's four, and ours, which its clients read as `other`."""
MAX_NOTE: Final = 2000
"""Characters of a moderator's note."""
MAX_COMMENT: Final = 1000
"""Characters of a report's comment."""
MAX_REPORTED: Final = 50
"""Posts of one report."""
TOO_LONG: Final = Refusal(
    "comment_too_long", 422, f"Validation failed: Comment is too long (maximum is {MAX_COMMENT} characters)"
)
NO_NOTE: Final = Refusal("note_blank", 422, "Please write something.")
NOTE_TOO_LONG: Final = Refusal("note_too_long", 422, f"A note has at most {MAX_NOTE} characters.")
NOT_ONESELF: Final = Refusal("report_self", 422, "One cannot report oneself.")
PROTECTED: Final = Refusal(
    "protected", 403, "Those who run the server are suspended on its command line alone."
)


@dataclass(frozen=True, slots=True)
class NewReport:
    """copies: post id -> what the reporter saw of it. language: for whom it is. instance: the actor in whose name it is
    forwarded, None for not."""

    reporter_id: int
    target_id: int
    post_ids: tuple[int, ...]
    comment: str
    category: str = "other"
    rule_ids: tuple[str, ...] = ()
    copies: dict[int, dict[str, Any]] | None = None
    instance: int | None = None
    language: str | None = None


def decide_report(asked: NewReport, facts: Facts) -> Decision | Refusal:
    """File it with a sealed copy, and tell those who answer. Needs 2 new ids (the report, a Flag). Only posts by the target that
    the reporter may see count; a forwarded report names nobody but the instance."""
    if asked.reporter_id == asked.target_id:
        return NOT_ONESELF
    if len(asked.comment) > MAX_COMMENT:
        return TOO_LONG
    own = tuple(i for i in asked.post_ids if i in facts.posts and facts.posts[i].author_id == asked.target_id)
    filed = relations.decide_report(
        asked.reporter_id, asked.target_id, own, asked.comment, facts, category=asked.category,
        language=asked.language,
    )  # fmt: skip
    if isinstance(filed, Refusal):
        return filed
    target = facts.actors[asked.target_id]
    forwarded = asked.instance is not None and not target.local
    effects: list[Effect] = []
    for effect in filed.effects:
        if isinstance(effect, File):
            kept = {str(i): (asked.copies or {}).get(i, {}) for i in effect.object_ids}
            copy = {"posts": kept} if asked.copies else {}
            effect = replace(effect, rule_ids=asked.rule_ids, forwarded=forwarded, copy=copy)
            if forwarded:
                effects += _flag(asked, effect, facts)
        effects.append(effect)
    return Decision(tuple(effects), filed.result, "reported")


def _flag(asked: NewReport, filed: File, facts: Facts) -> list[Effect]:
    """The report for the target's server, as the instance: of what is public alone, in no person's name. About posts in a group
    elsewhere it is for those who run that, and as our voice: Lemmy 1.0 takes a report from a person alone, to one group."""
    flag_id = facts.new_ids[1]
    public = [post for i in filed.object_ids if (post := facts.posts[i]).public]
    groups = {post.group_id for post in public if post.group_id}
    group = facts.actors.get(next(iter(groups))) if len(groups) == 1 else None
    extra: dict[str, Any] = {"objects": [post.uri for post in public], "comment": asked.comment}
    speaker, hear = asked.instance or 0, [asked.target_id]
    if group is not None and not group.local and facts.voice:
        extra["group"] = group.id
        speaker, hear = facts.voice, [asked.target_id, group.id]
    uri = addresses.activity(facts.base_url, flag_id)
    return [
        Record(flag_id, uri, "Flag", speaker, facts.now, None, asked.target_id, None, None, extra),
        Send(flag_id, "control", facts.now, (), tuple(hear)),
    ]


def decide_answer(
    report_id: int,
    state: Literal["open", "closed"],
    assigned_to: int | None,
    by: int,
    word: str,
    facts: Facts,
    *,
    group_id: int | None = None,
    actor_id: int | None = None,
    outcome: str | None = None,
) -> Decision:
    """Take a report on, hand it back, give it to another, close it or open it again. by: the log-in. group_id: of the report,
    in whose log it stands; actor_id: who acts, where he does it for the group."""
    detail = {"report": report_id} | ({"to": assigned_to} if word == "assign" else {})
    logged = Audit(f"report_{word}", facts.now, actor_id, by, group_id, detail=detail)
    return Decision(
        (AnswerReport(report_id, state, assigned_to, by, facts.now, outcome), logged), report_id, word
    )


def decide_note(
    text: str, by: int, facts: Facts, *, report_id: int | None = None, target_id: int | None = None,
    group_id: int | None = None, actor_id: int | None = None,
) -> Decision | Refusal:  # fmt: skip
    """A note on a report or an account, for those who answer reports. It is never changed. Who may, the caller has asked."""
    said = text.strip()
    if not said:
        return NO_NOTE
    if len(said) > MAX_NOTE:
        return NOTE_TOO_LONG
    detail = {"report": report_id} if report_id else {}
    logged = Audit("note", facts.now, actor_id, by, group_id, None, target_id, detail)
    return Decision((AddNote(said, by, facts.now, report_id, target_id), logged), report_id, "noted")


# --- accounts -------------------------------------------------------------------------------------------------------------

LIFTED: Final[dict[str, tuple[str, ...]]] = {
    "unsilence": ("silence",), "enable": ("disable",), "unsuspend": ("suspend",),
}  # fmt: skip
"""What takes back which measures."""
MEASURES: Final = ("none", "sensitive", "disable", "silence", "suspend")
Measure = Literal["none", "sensitive", "disable", "silence", "suspend"]


def decide_measure(
    actor_id: int, measure: str, by: int, facts: Facts, report_id: int | None = None, telling: Telling | None = None,
) -> Decision | Refusal:  # fmt: skip
    """What those who run the server do about an account; with the report that it answers, and (telling) how its owner hears of it.
    Needs the actor and its log-in, and 1 new id."""
    actor = facts.actors.get(actor_id)
    if actor is None or actor.state in ("deleted", "waiting"):
        return NOT_FOUND
    if measure in ("suspend", "disable") and _runs_the_server(actor_id, facts):
        return PROTECTED
    effects = [*_done(actor_id, measure, facts)]
    detail: dict[str, Any] = {"report": report_id} if report_id else {}
    if telling is not None and telling.expires is not None:
        detail["until"] = telling.expires
    effects.append(Audit(f"account_{measure}", facts.now, None, by, target_id=actor_id, detail=detail))
    if measure in LIFTED:
        effects.append(EndMeasures(actor_id, LIFTED[measure], facts.now))
    elif telling is not None and measure in MEASURES:
        effects += measures.taken(
            facts.new_ids[0], actor_id, by, measure, telling, facts, report_id=report_id
        )
    if report_id is not None:
        effects += decide_answer(report_id, "closed", by, by, "resolved", facts, outcome=measure).effects
    return Decision(tuple(effects), actor_id, measure)


def _runs_the_server(actor_id: int, facts: Facts) -> bool:
    login = facts.human(actor_id)
    return login is not None and login.role == "admin" and login.own == actor_id


def _bound_login(actor_id: int, facts: Facts) -> int | None:
    found = measures.login_of(actor_id, facts)
    return None if found is None else found.id


def _done(actor_id: int, measure: str, facts: Facts) -> list[Effect]:
    actor, now = facts.actors[actor_id], facts.now
    login = _bound_login(actor_id, facts)
    match measure:
        case "silence":
            return [MarkActor(actor, "limited", now)]
        case "unsilence":
            return [MarkActor(actor, "active", now)] if actor.state == "limited" else []
        case "disable":
            return (
                [SetLogin(login, now, state="suspended"), RevokeTokens(now, login_id=login)] if login else []
            )
        case "enable":
            return [SetLogin(login, now, state="active")] if login and actor.state != "suspended" else []
        case "suspend":
            ended: list[Effect] = [MarkActor(actor, "suspended", now)]
            if login:
                ended += [SetLogin(login, now, state="suspended"), RevokeTokens(now, login_id=login)]
                ended += followed_by_names(facts, actor_id)
            return ended
        case "unsuspend":
            if actor.state != "suspended":
                return []
            back: list[Effect] = [MarkActor(actor, "active", now)]
            if not login:
                return back
            return [*back, SetLogin(login, now, state="active"), *followed_by_names(facts, actor_id)]
    return []


def decide_erase(actor_id: int, by: int, facts: Facts) -> Decision | Refusal:
    """Delete a suspended account of this server with all that it wrote, everywhere it went. Needs 1 new id."""
    actor = facts.actors.get(actor_id)
    if actor is None or actor.state != "suspended":
        return Refusal("not_suspended", 403, "Suspend the account first.")
    login = _bound_login(actor_id, facts)
    effects: list[Effect] = [Audit("account_erased", facts.now, None, by, target_id=actor_id)]
    if login:
        effects += [
            SetLogin(login, facts.now, state="deleted", email=f"{login}@erased.invalid", settings={}),
            RevokeTokens(facts.now, login_id=login),
            *followed_by_names(facts, actor_id),
        ]
    gone = (
        departed(facts, actor, facts.new_ids[0]) if actor.local else (MarkActor(actor, "deleted", facts.now),)
    )
    return Decision((*effects, *gone), actor_id, "erased")
