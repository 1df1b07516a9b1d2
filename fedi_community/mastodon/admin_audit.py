"""/api/v1/admin/audit: what was done on this server, for admins. Who is behind a name is never in it."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.accounts import ACCOUNT, account, moment
from fedi_community.mastodon.entities.schema import ANYTHING, BOOL, ID, MOMENT, STR, entity, many, maybe
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.storage import audit_shown
from fedi_community.storage.audit import Wanted
from fedi_community.storage.audit_shown import ShownLine

table = Table("admin_audit")
AUDIT_ENTRY: Final = entity(
    "AuditEntry", id=ID, created_at=MOMENT, action=STR, account=maybe(ACCOUNT), as_group=BOOL, group=maybe(ACCOUNT),
    target_account=maybe(ACCOUNT), status_id=maybe(ID), detail=ANYTHING,
)  # fmt: skip


@table.get(
    "/api/v1/admin/audit", member("admin:read:accounts"), many(AUDIT_ENTRY), Param("action", maximum=60),
    Param("account_id", "id", "Who acted, as whom"), Param("group_id", "id"), Param("since", "number", "Milliseconds UTC"),
    Param("until", "number", "Milliseconds UTC, exclusive"), *paging(40, 100),
)  # fmt: skip
async def log(call: Call) -> Any:
    """The log of the server, the newest first"""
    if call.who.role != "admin":
        raise Problem(403, "not_staff", "This action is not allowed")
    wanted = Wanted(
        call["action"] or "",
        call["account_id"] or 0,
        call["group_id"] or 0,
        call["since"] or 0,
        call["until"] or 0,
    )
    at = call.cursor
    page = await call.read(
        lambda tx: audit_shown.page(tx, call.viewer, wanted, at.before, at.after, at.limit)
    )
    return call.page(
        [_shown(call, line) for line in page.lines], page.last if page.full else None, page.first
    )


def _shown(call: Call, line: ShownLine) -> dict[str, Any]:
    def person(actor: ActorView | None) -> dict[str, Any] | None:
        return None if actor is None else account(actor, call.base)

    return {
        "id": str(line.id),
        "created_at": moment(line.at),
        "action": line.action,
        "account": person(line.by),
        "as_group": line.by is not None and line.by.is_group,
        "group": person(line.group),
        "target_account": person(line.target),
        "status_id": str(line.object_id) if line.object_id else None,
        "detail": line.detail,
    }
