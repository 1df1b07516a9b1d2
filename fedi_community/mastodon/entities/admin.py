"""What those who run the server read: Admin::Account, Admin::Report, Admin::DomainBlock, Admin::DomainAllow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from fedi_community.domain import hosts
from fedi_community.domain.views import ActorView
from fedi_community.mastodon.entities.accounts import ACCOUNT, ROLE, account, moment, role_of
from fedi_community.mastodon.entities.schema import (
    ANYTHING,
    BOOL,
    ID,
    MOMENT,
    STR,
    entity,
    many,
    maybe,
    one_of,
)
from fedi_community.mastodon.entities.statuses import STATUS
from fedi_community.storage.hosts import HostRow
from fedi_community.storage.moderation import Managed, ReportRow

ADMIN_ACCOUNT: Final = entity(
    "AdminAccount",
    id=ID, username=STR, domain=maybe(STR), created_at=MOMENT, email=STR, ip=maybe(STR), ips=many(ANYTHING), locale=maybe(STR),
    invite_request=maybe(STR), role=maybe(ROLE), confirmed=BOOL, approved=BOOL, disabled=BOOL, silenced=BOOL, suspended=BOOL,
    sensitized=BOOL, account=ACCOUNT,
)  # fmt: skip
ADMIN_REPORT: Final = entity(
    "AdminReport",
    id=ID, action_taken=BOOL, action_taken_at=maybe(MOMENT), category=STR, comment=STR, forwarded=BOOL, created_at=MOMENT,
    updated_at=MOMENT, account=maybe(ADMIN_ACCOUNT), target_account=maybe(ADMIN_ACCOUNT),
    assigned_account=maybe(ADMIN_ACCOUNT), action_taken_by_account=maybe(ADMIN_ACCOUNT), statuses=many(STATUS),
    rules=many(ANYTHING), copies=ANYTHING, urgent=BOOL, language=maybe(STR), outcome=maybe(STR), sealed_until=maybe(MOMENT),
)  # fmt: skip
DOMAIN_BLOCK: Final = entity(
    "AdminDomainBlock",
    id=ID, domain=STR, digest=STR, created_at=MOMENT, severity=one_of("silence", "suspend", "noop"), reject_media=BOOL,
    reject_reports=BOOL, private_comment=maybe(STR), public_comment=maybe(STR), obfuscate=BOOL,
)  # fmt: skip
DOMAIN_ALLOW: Final = entity("AdminDomainAllow", id=ID, domain=STR, created_at=MOMENT)


def admin_account(actor: ActorView, managed: Managed, base_url: str) -> dict[str, Any]:
    """An Admin::Account. No address from which somebody logged in is kept, so there is none to show."""
    local = managed.login_id is not None
    return {
        "id": str(actor.id),
        "username": actor.handle,
        "domain": managed.host or None,
        "created_at": moment(actor.created),
        "email": managed.email,
        "ip": None,
        "ips": [],
        "locale": managed.language or None,
        "invite_request": managed.reason or None,
        "role": role_of(managed.role) if local else None,
        "confirmed": managed.confirmed or managed.login_state not in ("unconfirmed", "pending"),
        "approved": managed.login_state != "pending",
        "disabled": managed.disabled and managed.state != "suspended",
        "silenced": managed.state == "limited",
        "suspended": managed.state == "suspended",
        "sensitized": managed.sensitive,
        "account": account(actor, base_url),
    }


def admin_report(
    row: ReportRow, people: Mapping[int, dict[str, Any]], statuses: list[dict[str, Any]], opened: bool
) -> dict[str, Any]:  # fmt: skip
    """An Admin::Report. people: Admin::Accounts by actor. copies: what the reporter saw, also of posts that the one who reads this
    may not see otherwise; opened: only then."""
    return {
        "id": str(row.id),
        "action_taken": row.state == "closed",
        "action_taken_at": moment(row.closed) if row.closed else None,
        "category": row.category,
        "comment": row.comment,
        "forwarded": row.forwarded,
        "created_at": moment(row.created),
        "updated_at": moment(row.closed or row.created),
        "account": people.get(row.reporter_id or 0),
        "target_account": people.get(row.target_id),
        "assigned_account": people.get(row.assigned_to or 0),
        "action_taken_by_account": people.get(row.closed_by or 0),
        "statuses": statuses,
        "rules": [{"id": rule} for rule in row.rule_ids],
        "copies": row.copy.get("posts", {}) if opened else {},
        "urgent": row.urgent,
        "language": row.language,
        "outcome": row.outcome or None,
        "sealed_until": moment(row.sealed_until) if row.sealed_until else None,
    }


def domain_block(row: HostRow) -> dict[str, Any]:
    """An Admin::DomainBlock. created_at: when it was last judged."""
    stand = row.stand
    return {
        "id": str(row.id), "domain": stand.host, "digest": hashlib.sha256(stand.host.encode()).hexdigest(),
        "created_at": moment(row.at), "severity": hosts.severity(stand), "reject_media": stand.reject_media,
        "reject_reports": stand.reject_reports, "private_comment": stand.private_comment or None,
        "public_comment": stand.public_comment or None, "obfuscate": stand.obfuscate,
    }  # fmt: skip
