"""The desk of those who answer reports, for the pages and the client API alike: who may open what, with every such read written
down (once an hour for each reader and report, once a day for each reader and post), and what can be done with a report.

Server staff answer all reports. Mentors and staff of a group answer those about posts in it, and never learn who reported. Nobody
opens a report about himself.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from fedi_community.domain import measures
from fedi_community.domain import reports as rules
from fedi_community.domain.effects import Audit, Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import State
from fedi_community.domain.views import PostView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.keyring import link_secret
from fedi_community.perform import Change, House, perform, perform_or_raise
from fedi_community.storage import audit, moderation, reports, sessions
from fedi_community.storage import measures as rows
from fedi_community.storage.database import Tx
from fedi_community.storage.measures import Taken
from fedi_community.storage.moderation import ReportRow
from fedi_community.storage.reports import Note, SealedFile

AGAIN_MS: Final = 3_600_000
"""A second look within the hour is no new line in the log."""
POST_AGAIN_MS: Final = 86_400_000
"""Nor is one at the same post within a day: whoever runs a group meets it in every list of it."""

Step = Literal["take", "hand_back", "assign", "close", "reopen"]
STEPS: Final[Mapping[str, str]] = {
    "take": "assign_to_self", "hand_back": "unassign", "assign": "assign", "close": "resolve", "reopen": "reopen",
}  # fmt: skip
NO_HELPER: Final = Refusal("no_helper", 422, "Only somebody who may answer this report can be given it.")


@dataclass(frozen=True, slots=True)
class Helper:
    """Who sits at the desk. staff: the role of the log-in is staff or admin."""

    actor_id: int
    login_id: int
    staff: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A report as somebody may read it. by_role: as server staff, who may know the reporter."""

    row: ReportRow
    by_role: bool
    files: list[SealedFile] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


async def _may(tx: Tx, who: Helper, report_id: int) -> tuple[ReportRow, bool]:
    """The report, and whether it is read as server staff; raises the one 404."""
    row = await moderation.report(tx, report_id)
    if row is None:
        raise not_found()
    login = (await sessions.known_logins(tx, [who.login_id])).get(who.login_id)
    own = {who.actor_id} | (login.actors if login is not None else frozenset())
    if row.target_id in own:  # also about another name of his
        raise not_found()
    if who.staff:
        return row, True
    if row.group_id is None or row.group_id not in await reports.answers(tx, who.actor_id, [row.group_id]):
        raise not_found()
    return row, False


async def open_report(house: House, who: Helper, report_id: int) -> Opened:
    """The whole of it, and that it was read stands in the log. Raises the one 404 for what is not his to answer."""

    async def unit(tx: Tx) -> Opened:
        row, by_role = await _may(tx, who, report_id)
        return Opened(row, by_role, await reports.files(tx, row.id), await reports.notes(tx, report=row.id))

    opened = await house.db.read(unit)
    await read_noted(
        house, who, "report_read", group_id=opened.row.group_id, target_id=opened.row.target_id, report_id=report_id
    )  # fmt: skip
    return opened


async def open_file(house: House, who: Helper, report_id: int, position: int) -> SealedFile:
    """One file of the sealed copy; written down as well."""

    async def unit(tx: Tx) -> tuple[ReportRow, SealedFile]:
        row, _ = await _may(tx, who, report_id)
        for file in await reports.files(tx, row.id):
            if file.position == position:
                return row, file
        raise not_found()

    row, file = await house.db.read(unit)
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


async def step(
    house: House, who: Helper, report_id: int, verb: Step, *, to: int | None = None, outcome: str = ""
) -> ReportRow:
    """Take a report on, hand it back, give it to another (`to`: an actor), close it (`outcome`: what was done), open it again."""

    async def unit(tx: Tx) -> tuple[ReportRow, int | None]:
        row, _ = await _may(tx, who, report_id)
        return row, await _helper(tx, row, to) if verb == "assign" else None

    row, helper = await house.db.read(unit)
    if verb == "assign" and helper is None:
        raise Problem.of(NO_HELPER)
    state, assigned = {
        "take": (row.state, who.login_id), "hand_back": (row.state, None), "assign": (row.state, helper),
        "close": ("closed", row.assigned_to or who.login_id), "reopen": ("open", row.assigned_to),
    }[verb]  # fmt: skip

    def decide(facts: Facts) -> Decision:
        return rules.decide_answer(
            row.id, "closed" if state == "closed" else "open", assigned, who.login_id, STEPS[verb], facts,
            group_id=row.group_id, actor_id=None if who.staff else who.actor_id,
            outcome=(outcome or row.outcome)[: rules.MAX_NOTE] or None,
        )  # fmt: skip

    await perform_or_raise(house, Change(Needs(), decide, 0))
    return row


async def _helper(tx: Tx, row: ReportRow, actor_id: int | None) -> int | None:
    """The log-in of somebody who may answer it too."""
    managed = (await moderation.managed(tx, [actor_id or 0])).get(actor_id or 0)
    if managed is None or managed.login_id is None or managed.login_state != "active":
        return None
    if row.target_id == actor_id:
        return None
    if managed.role in ("staff", "admin"):
        return managed.login_id
    mine = await reports.answers(tx, actor_id or 0, [row.group_id]) if row.group_id else frozenset()
    return managed.login_id if mine else None


async def note(house: House, who: Helper, text: str, *, report_id: int) -> None:
    """A note on a report, for whoever answers it."""
    row, _ = await house.db.read(lambda tx: _may(tx, who, report_id))

    def decide(facts: Facts) -> Decision | Refusal:
        return rules.decide_note(
            text, who.login_id, facts, report_id=report_id, group_id=row.group_id,
            actor_id=None if who.staff else who.actor_id,
        )  # fmt: skip

    await perform_or_raise(house, Change(Needs(), decide, 0))


# --- measures and appeals -----------------------------------------------------------------------------------------------


async def measure(
    house: House, keys: Path, account_id: int, action: str, by: int, *, text: str = "", mail: bool = False,
    seconds: int | None = None, report_id: int | None = None,
) -> None:  # fmt: skip
    """Server staff warn, limit, shut out or suspend somebody, or take that back. text: what he is told; seconds: for a time.
    keys: the folder of the instance's keys, from which the mail's link is derived. Who may, the caller has asked."""
    found = (await house.db.read(lambda tx: moderation.managed(tx, [account_id]))).get(account_id)
    if found is None:
        raise not_found()
    nonce = secrets.token_hex(16)
    hash_ = hashlib.sha256(link_secret(keys, "appeal", nonce).encode()).hexdigest()
    local = not found.host
    needs = Needs(actor_ids=frozenset({account_id}), subjects=frozenset({account_id}), humans=True)

    def decide(facts: Facts) -> Decision | Refusal:
        until = facts.now + seconds * 1000 if seconds else None
        telling = measures.Telling(
            text.strip()[: measures.MAX_TEXT], (nonce, hash_) if local else None, mail, until
        )
        return rules.decide_measure(account_id, action, by, facts, report_id, telling)

    await perform_or_raise(house, Change(needs, decide, 1))


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
