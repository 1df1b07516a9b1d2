"""Decide about reports: filing one with its sealed copy, who may answer it, and what is done with it. Each step is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from fedi_community.domain import addresses, relations
from fedi_community.domain.client_effects import AddNote, AnswerReport
from fedi_community.domain.effects import Audit, Decision, Effect, File, Record, Send
from fedi_community.domain.facts import Facts, Needs, Report
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


Step = Literal["take", "hand_back", "assign", "close", "reopen"]
STEPS: Final[Mapping[Step, str]] = {
    "take": "assign_to_self", "hand_back": "unassign", "assign": "assign", "close": "resolve", "reopen": "reopen",
}  # fmt: skip
"""What can be done with a report, and how the log calls it."""
LINES: Final = (
    "report_read", "sealed_file_read", "report_note", "account_note", "account_notes_read",
    "report_resolved", *(f"report_{word}" for word in STEPS.values()),
)  # fmt: skip
"""Lines of the log that tell that there is a report, or a note on somebody: not for his eyes, under none of his names."""
NO_HELPER: Final = Refusal("no_helper", 422, "Only somebody who may answer this report can be given it.")


@dataclass(frozen=True, slots=True)
class Helper:
    """Who answers reports. actor_id: as whom he acts, which alone others are shown. staff: of the server, and as himself."""

    actor_id: int
    login_id: int
    staff: bool


def report_needs(who: Helper, report_id: int, to: int | None = None) -> Needs:
    """What `opened` and what is done with a report look at. to: who is to be given it."""
    people = frozenset({who.actor_id} | ({to} if to else set()))
    return Needs(
        report=report_id, actor_ids=people, subjects=people, logins=frozenset({who.login_id}), humans=to is not None
    )  # fmt: skip


def opened(who: Helper, facts: Facts) -> Report | Refusal:
    """The report that was asked for, where somebody may answer it; to anybody else it is missing. Server staff answer all, those
    of a group with that power the ones about posts in it, and nobody one about himself, under whatever name."""
    found, login = facts.report, facts.login_by_id.get(who.login_id)
    if found is None or login is None or found.target_id in {who.actor_id, *login.actors}:
        return NOT_FOUND
    by_role = who.staff and login.role in ("staff", "admin")
    return found if by_role or _inside(who.actor_id, found, facts) else NOT_FOUND


def _inside(actor_id: int, found: Report, facts: Facts) -> bool:
    group = facts.actors.get(found.group_id or 0)
    return group is not None and group.local and group.is_group and facts.may(actor_id, group.id, "reports")


def decide_step(
    who: Helper, step: Step, facts: Facts, *, to: int | None = None, outcome: str = "", word: str = ""
) -> Decision | Refusal:
    """Take a report on, hand it back, give it to another (`to`: as whom he acts), close it (`outcome`: what was done) or open it
    again. word: for the log, where it is not the usual one."""
    found = opened(who, facts)
    if isinstance(found, Refusal):
        return found
    if step == "assign" and not _may_help(to or 0, found, facts):
        return NO_HELPER
    assigned = {
        "take": who.actor_id,
        "hand_back": None,
        "assign": to,
        "close": found.assigned_to or who.actor_id,
    }
    state: Literal["open", "closed"] = "closed" if step == "close" else "open"
    if step not in ("close", "reopen") and found.state == "closed":
        state = "closed"
    done = AnswerReport(
        found.id, state, assigned.get(step, found.assigned_to), who.actor_id, facts.now,
        (outcome or found.outcome)[:MAX_NOTE] or None,
    )  # fmt: skip
    detail = {"to": to} if step == "assign" else {}
    return Decision(
        (done, _logged(f"report_{word or STEPS[step]}", who, found, facts, detail)), found.id, step
    )


def _logged(action: str, who: Helper, found: Report, facts: Facts, detail: Mapping[str, Any]) -> Audit:
    """The line names whom the report is about, so that his own eyes are spared it."""
    acted = None if who.staff else who.actor_id
    return Audit(
        action, facts.now, acted, who.login_id, found.group_id, None, found.target_id,
        {"report": found.id, **detail},
    )  # fmt: skip


def _may_help(actor_id: int, found: Report, facts: Facts) -> bool:
    """Whether somebody may answer it too. Of a name that is nobody's self only the name is looked at, never its human."""
    actor, login = facts.actors.get(actor_id), facts.human(actor_id)
    if (
        actor is None
        or actor.is_group
        or actor.state not in ("active", "limited")
        or actor_id == found.target_id
    ):
        return False
    itself = login is not None and login.own == actor_id
    if itself and login is not None and login.state != "active":
        return False
    by_role = itself and login is not None and login.role in ("staff", "admin")
    return login is not None and (by_role or _inside(actor_id, found, facts))


def decide_note(text: str, who: Helper, facts: Facts) -> Decision | Refusal:
    """A note on a report for the others who answer it. It is never changed."""
    found = opened(who, facts)
    if isinstance(found, Refusal):
        return found
    refused = _note_refused(text.strip())
    if refused is not None:
        return refused
    return Decision(
        (AddNote(text.strip(), who.actor_id, who.login_id, facts.now, report_id=found.id),
         _logged("report_note", who, found, facts, {})),
        found.id, "noted",
    )  # fmt: skip


def account_needs(who: Helper, target_id: int) -> Needs:
    """What `may_note` looks at."""
    return Needs(actor_ids=frozenset({target_id}), logins=frozenset({who.login_id}))


def may_note(who: Helper, target_id: int, facts: Facts) -> Refusal | None:
    """Server staff read and write notes on accounts, and none on a name of their own."""
    target, login = facts.actors.get(target_id), facts.login_by_id.get(who.login_id)
    if (
        target is None
        or target.state == "deleted"
        or login is None
        or target_id in {who.actor_id, *login.actors}
    ):
        return NOT_FOUND
    return None if who.staff and login.role in ("staff", "admin") else NOT_FOUND


def decide_account_note(text: str, who: Helper, target_id: int, facts: Facts) -> Decision | Refusal:
    """A note on an account for the rest of the staff. It is never changed."""
    refused = may_note(who, target_id, facts) or _note_refused(text.strip())
    if refused is not None:
        return refused
    note = AddNote(text.strip(), who.actor_id, who.login_id, facts.now, target_id=target_id)
    logged = Audit("account_note", facts.now, None, who.login_id, target_id=target_id)
    return Decision((note, logged), target_id, "noted")


def _note_refused(said: str) -> Refusal | None:
    if not said:
        return NO_NOTE
    return NOTE_TOO_LONG if len(said) > MAX_NOTE else None
