"""Rows of reports: the sealed copy with its files, who is told, notes, and what waits for whom. Who may ask, the caller checks
with `answers` (a mentor for his group) or by the role of the log-in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import and_, bindparam, delete, func, literal_column, or_, select, update

from fedi_community.domain import client_effects as e
from fedi_community.domain.facts import Report
from fedi_community.domain.model import POWERS, USUAL_POWERS, Grant, mentors_of, staff_of
from fedi_community.domain.uploads import REMOVE_JOB
from fedi_community.storage import moderation, notifications
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, among, insert_row, number, one_of, param, word
from fedi_community.storage.moderation import ReportRow
from fedi_community.storage.wake import Wake

MAX_QUEUE: Final = 50
"""Reports on one page of what waits."""
R, A, S, N = t.reports.c, t.attachments.c, t.sealed.c, t.moderation_notes.c

# --- the sealed copy ----------------------------------------------------------------------------------------------------

_TEXTS = Statement(
    select(
        t.objects.c.id, t.objects.c.warning, t.objects.c.published, t.texts.c.content, t.texts.c.name, t.objects.c.language
    )
    .join(t.texts, and_(t.texts.c.object_id == t.objects.c.id, t.texts.c.revision == t.objects.c.revision))
    .where(one_of(t.objects.c.id, "ids"))
)  # fmt: skip
_FILES = Statement(
    select(A.object_id, A.file, A.url, A.preview_url, A.media_type, A.name)
    .where(one_of(A.object_id, "ids"), A.file.is_not(None), A.state == word("ready"))
    .order_by(A.object_id, A.position)
)
_SEAL = insert_row(
    t.sealed, "report_id", "position", "object_id", "file", "url", "preview_url", "media_type", "name", ignore=True
)  # fmt: skip
_SEALED = Statement(select(t.sealed).where(S.report_id == param("key")).order_by(S.position))


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file of a reported post. url, preview_url: paths as `/media/NAME`. name: its description."""

    position: int
    object_id: int
    url: str
    preview_url: str | None
    media_type: str
    name: str


async def copies(tx: Tx, ids: Sequence[int]) -> dict[str, Any]:
    """What posts say now, for a report that came without a copy: {posts: {id: {…}}}."""
    if not ids:
        return {}
    found: dict[str, Any] = {}
    for row in await tx.rows(_TEXTS, ids=list(ids)):
        found.setdefault(
            str(row["id"]),
            {"content": row["content"], "title": row["name"], "spoiler_text": row["warning"],
             "published": row["published"], "language": row["language"]},
        )  # fmt: skip
    return {"posts": found} if found else {}


async def seal(tx: Tx, report_id: int, ids: Sequence[int]) -> None:
    """Keep the files of these posts with a report."""
    rows = await tx.rows(_FILES, ids=list(ids)) if ids else ()
    await tx.many(
        _SEAL,
        [
            {"report_id": report_id, "position": place, **{name: row[name] for name in row.keys()}}  # noqa: SIM118
            for place, row in enumerate(rows)
        ],
    )


async def files(tx: Tx, report_id: int) -> list[SealedFile]:
    return [
        SealedFile(
            row["position"], row["object_id"] or 0, row["url"], row["preview_url"], row["media_type"], row["name"]
        )
        for row in await tx.rows(_SEALED, key=report_id)
    ]  # fmt: skip


_OVER = Statement(select(R.id).where(R.sealed_until <= param("now")))
_OPEN_SEALS = Statement(
    update(t.reports).where(R.sealed_until <= param("now")).values(copy=None, sealed_until=None)
)
_OF = Statement(select(S.file, S.url, S.preview_url).where(one_of(S.report_id, "ids")))
_UNSEAL = Statement(delete(t.sealed).where(one_of(S.report_id, "ids")))
_HELD = Statement(
    select(A.file).where(one_of(A.file, "files", text=True)).union(
        select(S.file).where(one_of(S.file, "files", text=True))
    )
)  # fmt: skip
_JOB = insert_row(t.jobs, "kind", "key", "payload", "run_at", "created", ignore=True)


async def _end_seals(tx: Tx, x: e.EndSeals, wake: Wake) -> None:
    over = [row[0] for row in await tx.rows(_OVER, now=x.now)]
    if not over:
        return
    rows = {row["file"]: row for row in await tx.rows(_OF, ids=over)}
    await tx.run(_OPEN_SEALS, now=x.now)
    await tx.run(_UNSEAL, ids=over)
    held = {row[0] for row in await tx.rows(_HELD, files=list(rows))} if rows else set()
    for file, row in rows.items():
        if file not in held:
            names = [path.rsplit("/", 1)[1] for path in (row["url"], row["preview_url"]) if path]
            payload = orjson.dumps({"file": file, "names": names}).decode()
            await tx.run(_JOB, kind=REMOVE_JOB, key=file, payload=payload, run_at=x.now, created=x.now)
    wake.jobs = True


# --- who is told, and what is answered --------------------------------------------------------------------------------

_STAFF = Statement(
    select(t.speakers.c.actor_id, t.logins.c.language)
    .join(t.logins, t.logins.c.id == t.speakers.c.login_id)
    .join(t.actors, t.actors.c.id == t.speakers.c.actor_id)
    .where(
        t.speakers.c.role == word("self"),
        or_(t.logins.c.role == word("staff"), t.logins.c.role == word("admin")),
        t.logins.c.state == word("active"),
        t.actors.c.state == word("active"),
        t.actors.c.type != word("Service"),
    )
)
_one, _other = t.speakers.alias(), t.speakers.alias()
_SAME_HUMAN = Statement(
    select(_other.c.actor_id)
    .join(_one, _one.c.login_id == _other.c.login_id)
    .where(
        _one.c.actor_id == param("actor"), among(_one.c.role, "self", "persona"), among(_other.c.role, "self", "persona")
    )
)  # fmt: skip
_G = t.grants.c
_MENTORS = Statement(
    select(_G.actor_id, _G.collection_id, _G.settings)
    .join(t.actors, t.actors.c.id == _G.actor_id)
    .where(
        or_(_G.collection_id == param("mentors"), _G.collection_id == param("staff")),
        _G.state == number(Grant.ACCEPTED),
        t.actors.c.host_id.is_(None),
        t.actors.c.state == word("active"),
        t.actors.c.type != word("Service"),
    )
)


def _powers(row: Row) -> frozenset[str]:
    """What staff of a group may there, or a mentor."""
    if row["collection_id"] & 3 == 3:
        return frozenset(POWERS)
    chosen = orjson.loads(row["settings"]).get("powers") if row["settings"] != "{}" else None
    return USUAL_POWERS if chosen is None else frozenset(chosen)


async def _notify_staff(tx: Tx, x: e.NotifyStaff, wake: Wake) -> None:
    found = [row["actor_id"] for row in await tx.rows(_STAFF)]
    await notifications.write(tx, found, x.kind, x.actor_id, None, x.key, x.at, wake)


async def _tell(tx: Tx, x: e.NotifyOfReport, wake: Wake) -> None:
    himself = {x.target_id, *(row[0] for row in await tx.rows(_SAME_HUMAN, actor=x.target_id))}
    staff = [row for row in await tx.rows(_STAFF) if row["actor_id"] not in himself]
    language = (x.language or "").split("-")[0]
    speak = [row["actor_id"] for row in staff if row["language"] == language]
    owners = [row["actor_id"] for row in staff] if x.urgent or not speak else speak
    key = f"admin.report-{x.report_id}"
    await notifications.write(tx, owners, "admin.report", x.reporter_id or x.target_id, None, key, x.at, wake)
    if x.group_id is None:
        return
    found = await tx.rows(_MENTORS, mentors=mentors_of(x.group_id), staff=staff_of(x.group_id))
    inside = (
        {row["actor_id"] for row in found if "reports" in _powers(row)}
        - {row["actor_id"] for row in staff}
        - himself
    )
    await notifications.write(
        tx, sorted(inside), "group_report", x.target_id, None, f"group_report-{x.report_id}", x.at, wake
    )


_ANSWER = Statement(
    update(t.reports)
    .where(R.id == param("key"))
    .values(
        state=bindparam("new_state"),
        assigned_to=bindparam("new_assigned", type_=R.assigned_to.type),
        closed=bindparam("new_closed", type_=R.closed.type),
        closed_by=bindparam("new_closed_by", type_=R.closed_by.type),
        outcome=bindparam("new_outcome", type_=R.outcome.type),
    )
)


async def _answer(tx: Tx, x: e.AnswerReport, wake: Wake) -> None:
    done = x.state == "closed"
    await tx.run(
        _ANSWER, key=x.id, new_state=x.state, new_assigned=x.assigned_to, new_closed=x.at if done else None,
        new_closed_by=x.by if done else None, new_outcome=x.outcome if done else None,
    )  # fmt: skip


_ADD_NOTE = insert_row(
    t.moderation_notes, "report_id", "target_id", "actor_id", "login_id", "text", "created"
)


async def _add_note(tx: Tx, x: e.AddNote, wake: Wake) -> None:
    await tx.run(
        _ADD_NOTE, report_id=x.report_id, target_id=x.target_id, actor_id=x.by, login_id=x.login_id, text=x.text, created=x.at
    )  # fmt: skip


# --- reading ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """by: as whom it was written. at: milliseconds."""

    id: int
    by: int
    text: str
    at: int


_NOTES = Statement(
    select(N.id, N.actor_id, N.text, N.created)
    .where(
        or_(and_(param("report") != number(0), N.report_id == param("report")),
            and_(param("target") != number(0), N.target_id == param("target")))
    )
    .order_by(N.id)
    .limit(number(200))
)  # fmt: skip


_ABOUT = Statement(
    select(R.id, R.target_id, R.group_id, R.object_ids, R.state, R.assigned_to, R.outcome).where(R.id == param("key"))
)  # fmt: skip


async def known(tx: Tx, report_id: int) -> Report | None:
    """A report, for decisions."""
    row = await tx.row(_ABOUT, key=report_id)
    if row is None:
        return None
    return Report(
        row["id"], row["target_id"], row["group_id"], tuple(orjson.loads(row["object_ids"])), row["state"],
        row["assigned_to"], row["outcome"] or "",
    )  # fmt: skip


async def notes(tx: Tx, *, report: int = 0, target: int = 0) -> list[Note]:
    """Oldest first."""
    return [Note(*row) for row in await tx.rows(_NOTES, report=report, target=target)]


_RUN = Statement(
    select(_G.collection_id, _G.settings).where(
        _G.actor_id == param("actor"),
        _G.state == number(Grant.ACCEPTED),
        literal_column("grants.collection_id % 4") >= number(2),
    )
)


async def answers(tx: Tx, actor_id: int, group_ids: Iterable[int]) -> frozenset[int]:
    """For which of these groups somebody answers reports: as staff, as a mentor with that power, or speaking as the group."""
    wanted = set(group_ids)
    if not wanted or not actor_id:
        return frozenset()
    own = {
        row["collection_id"] & ~3 for row in await tx.rows(_RUN, actor=actor_id) if "reports" in _powers(row)
    }
    return frozenset((own | {actor_id}) & await moderation.run_by(tx, actor_id, wanted))


async def powers_in(tx: Tx, actor_id: int, group_id: int) -> frozenset[str]:
    """What somebody may in a group: as staff or speaking as the group everything, as a mentor what was chosen, else nothing."""
    if actor_id == group_id and await moderation.run_by(tx, actor_id, [group_id]):
        return frozenset(POWERS)
    rows = [row for row in await tx.rows(_RUN, actor=actor_id) if row["collection_id"] & ~3 == group_id]
    return frozenset().union(*(_powers(row) for row in rows))


_WAITS = (
    R.state != word("closed"),
    moderation.about_others,
    or_(param("group") == number(0), R.group_id == param("group")),
)
_QUEUE = Statement(select(t.reports).where(*_WAITS).order_by(R.urgent.desc(), R.id).limit(number(MAX_QUEUE)))
_HOW_MANY = Statement(select(func.count()).select_from(t.reports).where(*_WAITS))


async def queue(tx: Tx, group_id: int, login: int) -> tuple[list[ReportRow], int]:
    """What waits, the urgent first, then the oldest, and how many there are. group_id: 0 for all. Reports about a name of
    the log-in are for others."""
    rows = await tx.rows(_QUEUE, group=group_id, login=login)
    return [moderation.report_of(row) for row in rows], int(
        await tx.value(_HOW_MANY, group=group_id, login=login)
    )


APPLY: Final[dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]]] = {
    e.NotifyStaff: _notify_staff,
    e.NotifyOfReport: _tell,
    e.AnswerReport: _answer,
    e.AddNote: _add_note,
    e.EndSeals: _end_seals,
}
