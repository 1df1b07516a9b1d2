"""/api/v1/admin: for those who run the server: accounts and reports; hosts are in `admin_hosts`. Every act is written down.

A role grants no sight: what staff read of a post that is not for them is the copy that a reporter handed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from fedi_community import cases
from fedi_community.auth import signup
from fedi_community.domain import account_measures, measures, reports
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.reports import Step
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities import admin as shapes
from fedi_community.mastodon.moderation import FOR_SO_LONG
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import plainly
from fedi_community.perform import Change
from fedi_community.storage import moderation, views
from fedi_community.storage.database import Tx
from fedi_community.storage.moderation import ReportRow, Wanted

table = Table("admin")
ACCOUNTS: Final = entities.many(shapes.ADMIN_ACCOUNT)


def _staff(call: Call) -> None:
    if not call.who.staff:
        raise Problem(403, "not_staff", "This action is not allowed")


def _admin(call: Call) -> None:
    if call.who.role != "admin":
        raise Problem(403, "not_staff", "This action is not allowed")


# --- accounts -----------------------------------------------------------------------------------------------------------


async def _shown(tx: Tx, call: Call, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Admin::Accounts by id. A group that hides is missing here too, unless who asks finds it: the role grants no sight."""
    managed = await moderation.managed(tx, ids)
    actors = await views.load_actors(tx, managed)
    groups = {i for i, actor in actors.items() if actor.is_group and actor.local}
    hidden = groups - await views.findable(tx, call.viewer, groups)
    return {
        i: shapes.admin_account(actors[i], one, call.base)
        for i, one in managed.items()
        if i in actors and i not in hidden
    }


async def _account(call: Call, account_id: int) -> dict[str, Any]:
    found = await call.read(lambda tx: _shown(tx, call, [account_id]))
    if account_id not in found or found[account_id]["account"] is None:
        raise not_found()
    return found[account_id]


FILTERS: Final = (
    Param("username"), Param("display_name"), Param("email"), Param("by_domain"), *paging(100, 200),
)  # fmt: skip


async def _listed(call: Call, wanted: Wanted) -> Any:
    at = call.cursor

    async def unit(tx: Tx) -> tuple[list[int], dict[int, dict[str, Any]]]:
        found = await moderation.search(tx, call.viewer, wanted, at.before, at.after, at.limit)
        return [one.id for one in found], await _shown(tx, call, [one.id for one in found])

    ids, people = await call.read(unit)
    last = ids[-1] if len(ids) >= at.limit else None
    return call.page([people[i] for i in ids if i in people], last, ids[0] if ids else None)


@table.get(
    "/api/v2/admin/accounts", member("admin:read:accounts"), ACCOUNTS, Param("origin", choices=("local", "remote")),
    Param("status", choices=("active", "pending", "disabled", "silenced", "suspended")),
    Param("permissions", choices=("staff",)), *FILTERS,
)  # fmt: skip
async def accounts(call: Call) -> Any:
    """Accounts, the newest first"""
    _staff(call)
    return await _listed(call, Wanted(
        call["origin"] or "", call["status"] or "", call["permissions"] == "staff", call["username"] or "",
        call["display_name"] or "", call["email"] or "", call["by_domain"] or "",
    ))  # fmt: skip


_OLD: Final = ("local", "remote", "active", "pending", "disabled", "silenced", "suspended", "staff")


@table.get(
    "/api/v1/admin/accounts", member("admin:read:accounts"), ACCOUNTS, *(Param(name, "flag") for name in _OLD), *FILTERS
)  # fmt: skip
async def accounts_v1(call: Call) -> Any:
    """The same in the older form"""
    _staff(call)
    origin = "local" if call["local"] else "remote" if call["remote"] else ""
    status = next((name for name in _OLD[2:7] if call[name]), "")
    return await _listed(call, Wanted(
        origin, status, bool(call["staff"]), call["username"] or "", call["display_name"] or "", call["email"] or "",
        call["by_domain"] or "",
    ))  # fmt: skip


@table.get("/api/v1/admin/accounts/<id>", member("admin:read:accounts"), shapes.ADMIN_ACCOUNT)
async def read(call: Call) -> Any:
    """An account as those who run the server see it"""
    _staff(call)
    return await _account(call, call.id())


async def _measure(
    call: Call, account_id: int, measure: str, report_id: int | None = None, **how: Any
) -> None:
    await _account(call, account_id)
    await cases.measure(
        call.house,
        call.api.settings.keys_dir,
        account_id,
        measure,
        call.who.helper,
        report_id=report_id,
        **how,
    )


def _do(verb: str, measure: str, doc: str) -> None:
    @table.post(
        f"/api/v1/admin/accounts/<id>/{verb}", member("admin:write:accounts"), shapes.ADMIN_ACCOUNT, doc=doc
    )
    async def act(call: Call) -> Any:
        _staff(call)
        await _measure(call, call.id(), measure)
        return await _account(call, call.id())


_do("enable", "enable", "Let somebody log in again")
_do("unsilence", "unsilence", "Limit somebody no longer")
_do("unsuspend", "unsuspend", "Take a suspension back")
_do("unsensitive", "unsensitive", "Cover what somebody attaches no longer")


@table.post(
    "/api/v1/admin/accounts/<id>/action", member("admin:write:accounts"), entities.EMPTY,
    Param("type", choices=("none", "sensitive", "disable", "silence", "suspend"), default="none"),
    Param("report_id", "id"), Param("text", maximum=measures.MAX_TEXT, doc="What the member is told"),
    Param("send_email_notification", "flag"), Param("warning_preset_id"),
    FOR_SO_LONG,
)  # fmt: skip
async def action(call: Call) -> Any:
    """Warn (`none`), cover media (`sensitive`), disable, silence or suspend, for a time or for good; answer a report"""
    _staff(call)
    await _measure(
        call, call.id(), call["type"] or "none", call["report_id"], text=call["text"] or "",
        mail=bool(call["send_email_notification"]), seconds=call["expires_in"],
    )  # fmt: skip
    return {}


def _approval(verb: str, yes: bool, doc: str) -> None:
    @table.post(
        f"/api/v1/admin/accounts/<id>/{verb}", member("admin:write:accounts"), shapes.ADMIN_ACCOUNT, doc=doc
    )
    async def answer(call: Call) -> Any:
        _staff(call)
        shown = await _account(call, call.id())
        refused = await signup.approve(call.house, call.id(), call.who.login_id, yes)
        if refused is not None:
            raise Problem(403, refused.reason, refused.safe)
        return await _account(call, call.id()) if yes else shown


_approval("approve", True, "Let in somebody who waits")
_approval("reject", False, "Do not")


@table.delete("/api/v1/admin/accounts/<id>", member("admin:write:accounts"), shapes.ADMIN_ACCOUNT)
async def erase(call: Call) -> Any:
    """Delete a suspended account with all that it wrote"""
    _admin(call)
    account_id, by = call.id(), call.who.login_id
    shown = await _account(call, account_id)

    def decide(facts: Facts) -> Decision | Refusal:
        return account_measures.decide_erase(account_id, by, facts)

    await call.perform(Change(account_measures.measure_needs(account_id, None), decide, 1))
    return shown


# --- reports ------------------------------------------------------------------------------------------------------------


async def _reports(call: Call, found: list[ReportRow], opened: bool = False) -> list[dict[str, Any]]:
    """opened: with the sealed copies, which a list does not hold: whoever reads one is written down."""

    async def unit(tx: Tx) -> tuple[Any, Any]:
        ids = {
            i for row in found for i in (row.target_id, row.reporter_id, row.assigned_to, row.closed_by) if i
        }
        posts = await views.load_posts(tx, call.viewer, [i for row in found for i in row.object_ids])
        return await _shown(tx, call, ids), posts

    people, posts = await call.read(unit)
    statuses = {int(made["id"]): made for made in plainly(call, posts)}
    return [
        shapes.admin_report(row, people, [statuses[i] for i in row.object_ids if i in statuses], opened)
        for row in found
    ]


@table.get(
    "/api/v1/admin/reports", member("admin:read:reports"), entities.many(shapes.ADMIN_REPORT),
    Param("resolved", "flag", default=False), Param("account_id", "id"), Param("target_account_id", "id"),
    *paging(100, 200),
)  # fmt: skip
async def listed(call: Call) -> Any:
    """Reports, the newest first. Copies are in each report"""
    _staff(call)
    at = call.cursor
    found = await call.read(
        lambda tx: moderation.reports(
            tx, done=bool(call["resolved"]), reporter=call["account_id"] or 0, target=call["target_account_id"] or 0,
            before=at.before, after=at.after, limit=at.limit, login=call.who.login_id,
        )
    )  # fmt: skip
    last = found[-1].id if len(found) >= at.limit else None
    return call.page(await _reports(call, found), last, found[0].id if found else None)


async def _one(call: Call) -> dict[str, Any]:
    opened = await cases.open_report(call.house, call.who.helper, call.id())
    return (await _reports(call, [opened.row], opened=True))[0]


@table.get("/api/v1/admin/reports/<id>", member("admin:read:reports"), shapes.ADMIN_REPORT)
async def report(call: Call) -> Any:
    """A report; that it was read is written down"""
    _staff(call)
    return await _one(call)


async def _step(call: Call, verb: Step, **more: Any) -> dict[str, Any]:
    _staff(call)
    await cases.step(call.house, call.who.helper, call.id(), verb, **more)
    return await _one(call)


def _answer(name: str, verb: Step, doc: str, *params: Param) -> None:
    @table.post(
        f"/api/v1/admin/reports/<id>/{name}",
        member("admin:write:reports"),
        shapes.ADMIN_REPORT,
        *params,
        doc=doc,
    )
    async def answer(call: Call) -> Any:
        if verb == "assign":
            return await _step(call, verb, to=call["account_id"])
        return await _step(call, verb, outcome=(call["outcome"] or "").strip() if verb == "close" else "")


_answer("assign_to_self", "take", "Take a report on")
_answer("unassign", "hand_back", "Hand it back")
_answer("assign", "assign", "Give it to another who may answer it", Param("account_id", "id", required=True))
_answer(
    "resolve", "close", "Close it", Param("outcome", maximum=reports.MAX_NOTE, doc="What was done with it")
)
_answer("reopen", "reopen", "Open it again")
