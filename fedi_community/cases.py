"""Cases: reports, measures and appeals, for the pages and the client API alike. Every read of what was reported is written down
(once an hour for each reader and report, once a day for each reader and post).

Who may answer what stands in `domain/reports` and `domain/measures`; the facts are read where the change is made.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fedi_community.domain import account_measures, measures
from fedi_community.domain import reports as rules
from fedi_community.domain.effects import Audit, Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import State
from fedi_community.domain.moderation import reported
from fedi_community.domain.reports import Helper, Step
from fedi_community.domain.views import PostView
from fedi_community.errors import NOT_FOUND, Refusal, not_found
from fedi_community.keyring import link_secret
from fedi_community.perform import Change, House, perform, perform_or_raise, rehearse
from fedi_community.storage import audit, moderation, reports
from fedi_community.storage import measures as rows
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load
from fedi_community.storage.measures import Taken
from fedi_community.storage.moderation import ReportRow
from fedi_community.storage.reports import Note, SealedFile

AGAIN_MS: Final = 3_600_000
"""A second look within the hour is no new line in the log."""
POST_AGAIN_MS: Final = 86_400_000
"""Nor is one at the same post within a day: whoever runs a group meets it in every list of it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A report as somebody may read it. by_role: as server staff, who may know the reporter."""

    row: ReportRow
    by_role: bool
    files: list[SealedFile] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    powers: frozenset[str] = frozenset()  # what he may do about it at once (`reported.powers`)
    posts: dict[int, State] = field(default_factory=dict)  # the reported ones that are still there
    kept_out: bool = False


async def _opened(house: House, who: Helper, report_id: int) -> Opened:
    """The whole of it; raises the one 404 for what is not his to answer."""

    def decide(facts: Facts) -> Decision | Refusal:
        found = rules.opened(who, facts)
        return found if isinstance(found, Refusal) else Decision((), found.id)

    async def look(tx: Tx, facts: Facts, decided: Decision) -> Opened | None:
        row = await moderation.report(tx, report_id)
        if row is None:
            return None
        there = (
            await load(tx, Needs(post_ids=frozenset(row.object_ids)), facts.now, (), house.base_url)
        ).posts
        return Opened(
            row, who.staff, await reports.files(tx, row.id), await reports.notes(tx, report=row.id),
            reported.powers(who, facts.report, facts) if facts.report else frozenset(),
            {i: there[i].state for i in row.object_ids if i in there and there[i].state is not State.DELETED},
            (row.group_id or 0, row.target_id) in facts.blocks,
        )  # fmt: skip

    found = await rehearse(house, Change(rules.report_needs(who, report_id), decide, 0), look)
    if found is None or isinstance(found, Refusal):
        raise not_found()
    return found


async def open_report(house: House, who: Helper, report_id: int, group_id: int | None = None) -> Opened:
    """The whole of it, and that it was read stands in the log. group_id: in whose room it was asked for, None for any."""
    opened = await _opened(house, who, report_id)
    if group_id is not None and opened.row.group_id != group_id:
        raise not_found()
    await read_noted(
        house, who, "report_read", group_id=opened.row.group_id, target_id=opened.row.target_id, report_id=report_id
    )  # fmt: skip
    return opened


async def open_file(house: House, who: Helper, report_id: int, position: int) -> SealedFile:
    """One file of the sealed copy; written down as well."""
    opened = await _opened(house, who, report_id)
    row, file = opened.row, next((f for f in opened.files if f.position == position), None)
    if file is None:
        raise not_found()
    await read_noted(
        house, who, "sealed_file_read", group_id=row.group_id, object_id=file.object_id or None,
        target_id=row.target_id, report_id=report_id,
    )  # fmt: skip
    return file


async def read_noted(
    house: House, who: Helper, action: str, *, group_id: int | None = None, object_id: int | None = None,
    target_id: int | None = None, report_id: int | None = None,
) -> None:  # fmt: skip
    """A read that moderation allowed. Within an hour the same is written once: the second time costs one look-up."""
    detail: dict[str, Any] = {"report": report_id} if report_id else {}
    now = house.clock()
    made = Audit(action, now, who.actor_id, who.login_id, group_id, object_id, target_id, detail)
    if not await house.db.read(lambda tx: audit.there_is(tx, made, now - AGAIN_MS)):
        await perform(house, Change(Needs(), lambda _: Decision((made,)), 0))


async def posts_noted(house: House, who: Helper, posts: Iterable[PostView]) -> None:
    """Somebody was shown posts. Those that only moderation lets him see stand in the log; for anybody else this costs nothing."""
    hidden = {
        post.id: post for post in posts
        if post.state in (State.HELD, State.REMOVED) and post.author.id != who.actor_id and post.group is not None
    }  # fmt: skip
    if not hidden:
        return
    now = house.clock()
    known = await house.db.read(
        lambda tx: audit.posts_read(tx, who.login_id, who.actor_id, list(hidden), now - POST_AGAIN_MS)
    )
    new = tuple(
        Audit("post_read", now, who.actor_id, who.login_id, p.group.id if p.group else None, p.id, p.author.id)
        for p in hidden.values() if p.id not in known
    )  # fmt: skip
    if new:
        await perform(house, Change(Needs(), lambda _: Decision(new), 0))


def _elsewhere(facts: Facts, group_id: int | None) -> bool:
    """The report belongs into another room than the one in which it was asked for."""
    return facts.report is not None and group_id not in (None, facts.report.group_id)


async def step(
    house: House, who: Helper, report_id: int, verb: Step, *, to: int | None = None, outcome: str = "",
    group_id: int | None = None,
) -> None:  # fmt: skip
    """Take a report on, hand it back, give it to another (`to`: an actor), close it (`outcome`: what was done), open it again.
    group_id: in whose room it was asked for, None for any."""

    def decide(facts: Facts) -> Decision | Refusal:
        if _elsewhere(facts, group_id):
            return NOT_FOUND
        return rules.decide_step(who, verb, facts, to=to, outcome=outcome)

    await perform_or_raise(house, Change(rules.report_needs(who, report_id, to), decide, 0))


async def note(house: House, who: Helper, text: str, *, report_id: int, group_id: int | None = None) -> None:
    """A note on a report, for whoever answers it."""

    def decide(facts: Facts) -> Decision | Refusal:
        if _elsewhere(facts, group_id):
            return NOT_FOUND
        return rules.decide_note(text, who, facts)

    await perform_or_raise(house, Change(rules.report_needs(who, report_id), decide, 0))


async def act(
    house: House, who: Helper, report_id: int, do: str, *, post_id: int = 0, text: str = "", seconds: int | None = None,
    group_id: int | None = None,
) -> None:  # fmt: skip
    """What is done about a report at once: remove or restore a post, warn, ban (for `seconds`) or unban its author. group_id: in
    whose room it was asked for, None for any."""

    def decide(facts: Facts) -> Decision | Refusal:
        if _elsewhere(facts, group_id):
            return NOT_FOUND
        match do:
            case "remove" | "restore":
                return reported.decide_post(who, post_id, do == "restore", facts)
            case "warn":
                return reported.decide_warn(who, text, facts)
            case "ban" | "unban":
                until = facts.now + seconds * 1000 if seconds else None
                return reported.decide_keep_out(who, do == "ban", until, facts)
        return NOT_FOUND

    needs = reported.act_needs(who, report_id, post_id or None)
    await perform_or_raise(house, Change(needs, decide, reported.IDS))


async def account_notes(house: House, who: Helper, target_id: int) -> list[Note]:
    """What staff wrote about an account, oldest first; that they were read is written down."""

    def decide(facts: Facts) -> Decision | Refusal:
        return rules.may_note(who, target_id, facts) or Decision((), target_id)

    async def look(tx: Tx, facts: Facts, decided: Decision) -> list[Note]:
        return await reports.notes(tx, target=target_id)

    found = await rehearse(house, Change(rules.account_needs(who, target_id), decide, 0), look)
    if isinstance(found, Refusal):
        raise not_found()
    if found:
        await read_noted(house, who, "account_notes_read", target_id=target_id)
    return found


async def note_account(house: House, who: Helper, target_id: int, text: str) -> None:
    """A note on an account, for the rest of the staff."""
    change = Change(
        rules.account_needs(who, target_id), lambda f: rules.decide_account_note(text, who, target_id, f), 0
    )
    await perform_or_raise(house, change)


# --- measures and appeals -----------------------------------------------------------------------------------------------


async def measure(
    house: House, keys: Path, account_id: int, action: str, by: Helper | None, *, text: str = "", mail: bool = False,
    seconds: int | None = None, report_id: int | None = None,
) -> None:  # fmt: skip
    """Server staff warn, limit, shut out or suspend somebody, or take that back. text: what he is told; seconds: for a time.
    keys: the folder of the instance's keys, from which the mail's link is derived. by: None on the command line."""
    nonce = secrets.token_hex(16)
    hash_ = hashlib.sha256(link_secret(keys, "appeal", nonce).encode()).hexdigest()

    def decide(facts: Facts) -> Decision | Refusal:
        actor = facts.actors.get(account_id)
        until = facts.now + seconds * 1000 if seconds else None
        link = (nonce, hash_) if actor is not None and actor.local else None
        telling = measures.Telling(text.strip()[: measures.MAX_TEXT], link, mail, until)
        return account_measures.decide_measure(account_id, action, by, facts, report_id, telling)

    await perform_or_raise(
        house, Change(account_measures.measure_needs(account_id, by, report_id), decide, 1)
    )


async def _lifting(house: House, measure_id: int, by: int) -> tuple[Taken, Needs] | None:
    found = await house.db.read(lambda tx: rows.one(tx, measure_id))
    if found is None:
        return None
    post_id = found.object_ids[0] if found.object_ids else None
    return found, measures.lift_needs(measure_id, found.target_id, found.group_id, post_id, by)


async def lift_expired(house: House, measure_id: int) -> None:
    """The job's: a measure for a time is over."""
    made = await _lifting(house, measure_id, 0)
    if made is not None:
        await perform(house, Change(made[1], lambda f: measures.decide_expired(measure_id, f), 4))


async def appeal(house: House, measure_id: int, target_id: int, text: str) -> None:
    """He to whom it was done says why it was wrong."""
    needs = Needs(measure=measure_id)
    await perform_or_raise(
        house, Change(needs, lambda f: measures.decide_appeal(measure_id, target_id, text, f), 0)
    )


async def answer_appeal(
    house: House, who: Helper, measure_id: int, granted: bool, group_id: int | None = None
) -> None:
    """Grant or refuse it. group_id: in whose room it was asked for, None for the server's. Raises the one 404 for what is not
    his to decide, and 403 for whoever took the measure."""
    made = await _lifting(house, measure_id, who.actor_id)
    if made is None or (group_id is not None and made[0].group_id != group_id):
        raise not_found()
    nonce = secrets.token_hex(16)

    def decide(facts: Facts) -> Decision | Refusal:
        return measures.decide_appeal_answer(
            measure_id, who.login_id, who.actor_id, who.staff, granted, nonce, facts
        )

    await perform_or_raise(house, Change(made[1], decide, 4))
