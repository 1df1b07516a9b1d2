"""Reports about posts in a group, for its staff and for mentors with that power; to everybody else they are missing. Who reported
is in no answer: that is known to server staff alone.
"""

from __future__ import annotations

from typing import Any, Final

from fedi_community import cases
from fedi_community.domain import reports as rules
from fedi_community.domain.measures import MAX_TEXT
from fedi_community.domain.reports import Step
from fedi_community.domain.views import ActorView
from fedi_community.errors import not_found
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.accounts import ACCOUNT, account, moment
from fedi_community.mastodon.entities.schema import ANYTHING, BOOL, ID, MOMENT, STR, entity, many, maybe
from fedi_community.mastodon.moderation import FOR_SO_LONG
from fedi_community.mastodon.params import Param
from fedi_community.storage import reports, views
from fedi_community.storage.database import Tx
from fedi_community.storage.moderation import ReportRow

table = Table("group_reports")
READ, WRITE = member("read:statuses"), member("write:statuses")
NOTE: Final = entity("ModerationNote", id=ID, created_at=MOMENT, by=maybe(ACCOUNT), text=STR)
GROUP_REPORT: Final = entity(
    "GroupReport",
    id=ID, state=STR, urgent=BOOL, category=STR, comment=STR, language=maybe(STR), created_at=MOMENT, closed_at=maybe(MOMENT),
    outcome=maybe(STR), sealed_until=maybe(MOMENT), status_ids=many(ID), copies=ANYTHING, pictures=many(STR),
    target_account=maybe(ACCOUNT), assigned_account=maybe(ACCOUNT), notes=many(NOTE),
)  # fmt: skip


def _note(one: reports.Note, people: dict[int, ActorView], base: str) -> dict[str, Any]:
    by = people.get(one.by)
    return {
        "id": str(one.id), "created_at": moment(one.at), "by": None if by is None else account(by, base), "text": one.text,
    }  # fmt: skip


def shown(
    row: ReportRow, people: dict[int, ActorView], base: str, opened: cases.Opened | None = None
) -> dict[str, Any]:  # fmt: skip
    """A GroupReport: without its reporter. Who answers it is shown as whom he acts."""

    def who(actor_id: int | None) -> dict[str, Any] | None:
        actor = people.get(actor_id or 0)
        return None if actor is None else account(actor, base)

    return {
        "id": str(row.id),
        "state": row.state,
        "urgent": row.urgent,
        "category": row.category,
        "comment": row.comment,
        "language": row.language,
        "created_at": moment(row.created),
        "closed_at": moment(row.closed) if row.closed else None,
        "outcome": row.outcome or None,
        "sealed_until": moment(row.sealed_until) if row.sealed_until else None,
        "status_ids": [str(i) for i in row.object_ids],
        "copies": row.copy.get("posts", {}) if opened else {},
        "pictures": [f"{base}/reports/{row.id}/pictures/{f.position}" for f in opened.files]
        if opened
        else [],
        "target_account": who(row.target_id),
        "assigned_account": who(row.assigned_to),
        "notes": [_note(n, people, base) for n in (opened.notes if opened else ())],
    }


async def _people(call: Call, rows: list[ReportRow], notes: list[reports.Note]) -> dict[int, ActorView]:
    ids = {i for row in rows for i in (row.target_id, row.assigned_to) if i} | {n.by for n in notes}
    return await call.read(lambda tx: views.load_actors(tx, ids))


async def _opened(call: Call) -> dict[str, Any]:
    opened = await cases.open_report(call.house, call.who.helper, call.id("report"), call.id())
    return shown(opened.row, await _people(call, [opened.row], opened.notes), call.base, opened)


@table.get("/api/v1/groups/<id>/reports", READ, many(GROUP_REPORT))
async def listed(call: Call) -> Any:
    """What waits in a group: the urgent first, then the oldest. Copies are in each report"""
    group_id = call.id()

    async def unit(tx: Tx) -> list[ReportRow]:
        if group_id not in await reports.answers(tx, call.actor_id, [group_id]):
            raise not_found()
        return (await reports.queue(tx, group_id, call.who.login_id))[0]

    rows = await call.read(unit)
    people = await _people(call, rows, [])
    return [shown(row, people, call.base) for row in rows]


@table.get("/api/v1/groups/<id>/reports/<report>", READ, GROUP_REPORT)
async def one(call: Call) -> Any:
    """A report with the sealed copy and the notes; that it was read is written down"""
    return await _opened(call)


def _step(name: str, verb: Step, doc: str, *params: Param) -> None:
    @table.post(f"/api/v1/groups/<id>/reports/<report>/{name}", WRITE, GROUP_REPORT, *params, doc=doc)
    async def answer(call: Call) -> Any:
        more: dict[str, Any] = {"to": call["account_id"]} if verb == "assign" else {}
        if verb == "close":
            more = {"outcome": (call["outcome"] or "").strip()}
        await cases.step(call.house, call.who.helper, call.id("report"), verb, group_id=call.id(), **more)
        return await _opened(call)


_step("assign_to_self", "take", "Take a report on")
_step("unassign", "hand_back", "Hand it back")
_step("assign", "assign", "Give it to another who may answer it", Param("account_id", "id", required=True))
_step("resolve", "close", "Close it", Param("outcome", maximum=rules.MAX_NOTE, doc="What was done with it"))
_step("reopen", "reopen", "Open it again")


def _act(do: str, doc: str, *params: Param) -> None:
    @table.post(f"/api/v1/groups/<id>/reports/<report>/{do}", WRITE, GROUP_REPORT, *params, doc=doc)
    async def act(call: Call) -> Any:
        asked = {param.name: call[param.name] for param in params}
        await cases.act(
            call.house, call.who.helper, call.id("report"), do, group_id=call.id(), post_id=asked.get("status_id") or 0,
            text=asked.get("text") or "", seconds=asked.get("expires_in"),
        )  # fmt: skip
        return await _opened(call)


_POST: Final = Param("status_id", "id", required=True, doc="One of those that are reported")
_act("remove", "Take a reported post out of the group", _POST)
_act("restore", "Show it again", _POST)
_act(
    "warn", "Say a word of warning to whom it is about; he may appeal",
    Param("text", required=True, maximum=MAX_TEXT, doc="What he is told"),
)  # fmt: skip
_act("ban", "Keep whom it is about out of the group", FOR_SO_LONG)
_act("unban", "Let him in again")


@table.post(
    "/api/v1/groups/<id>/reports/<report>/notes", WRITE, GROUP_REPORT,
    Param("text", required=True, doc="It stays as it is"),
)  # fmt: skip
async def note(call: Call) -> Any:
    """Write a note for the others who answer it"""
    await cases.note(
        call.house, call.who.helper, call["text"], report_id=call.id("report"), group_id=call.id()
    )
    return await _opened(call)


@table.post(
    "/api/v1/admin/reports/<id>/notes", member("admin:write:reports"), many(NOTE),
    Param("text", required=True, doc="It stays as it is"),
)  # fmt: skip
async def staff_note(call: Call) -> Any:
    """Write a note on a report"""
    await cases.note(call.house, call.who.helper, call["text"], report_id=call.id())
    return await _notes(call)


@table.get("/api/v1/admin/reports/<id>/notes", member("admin:read:reports"), many(NOTE))
async def staff_notes(call: Call) -> Any:
    """What those who answer a report wrote to each other, oldest first"""
    return await _notes(call)


@table.post(
    "/api/v1/admin/accounts/<id>/notes", member("admin:write:accounts"), many(NOTE),
    Param("text", required=True, doc="It stays as it is"),
)  # fmt: skip
async def note_account(call: Call) -> Any:
    """Write a note on an account for the rest of the staff"""
    await cases.note_account(call.house, call.who.helper, call.id(), call["text"])
    return await account_notes(call)


@table.get("/api/v1/admin/accounts/<id>/notes", member("admin:read:accounts"), many(NOTE))
async def account_notes(call: Call) -> Any:
    """What staff wrote to each other about an account, oldest first"""
    found = await cases.account_notes(call.house, call.who.helper, call.id())
    people = await _people(call, [], found)
    return [_note(one, people, call.base) for one in found]


async def _notes(call: Call) -> list[dict[str, Any]]:
    opened = await cases.open_report(call.house, call.who.helper, call.id())
    people = await _people(call, [opened.row], opened.notes)
    return list(shown(opened.row, people, call.base, opened)["notes"])
