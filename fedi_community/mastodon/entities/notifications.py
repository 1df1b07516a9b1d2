"""Notification, NotificationGroup, NotificationPolicy, NotificationRequest, Conversation, Report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fedi_community.domain.notices import HOW, WHO
from fedi_community.mastodon.entities.accounts import ACCOUNT, moment
from fedi_community.mastodon.entities.schema import (
    BOOL,
    COUNT,
    ID,
    INT,
    MOMENT,
    STR,
    URL,
    entity,
    many,
    maybe,
    one_of,
    shape,
)
from fedi_community.mastodon.entities.statuses import STATUS
from fedi_community.storage.measures import Taken
from fedi_community.storage.moderation import ReportRow

TYPES: Final = (
    "mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "admin.sign_up",
    "admin.report", "moderation_warning",
)  # fmt: skip
"""What clients know. Of what we tell beside, a request to join a group is shown as a `follow_request`, a report
in a group as an `admin.report` by whom it is about (mentors never learn who reported), and what a group did with somebody's
discussion as an `update` by the group."""
OURS: Final[Mapping[str, str]] = {
    "group_request": "follow_request",
    "group_report": "admin.report",
    "group_moved": "update",
    "group_retitled": "update",
}
OF_POSTS: Final = frozenset({"mention", "status", "reblog", "favourite", "poll", "update"})
"""Types that clients expect a status with."""

REPORT: Final = entity(
    "Report",
    id=ID, action_taken=BOOL, action_taken_at=maybe(MOMENT), category=one_of("spam", "violation", "legal", "other"),
    comment=STR, forwarded=BOOL, created_at=MOMENT, status_ids=many(ID), rule_ids=many(STR), target_account=ACCOUNT,
)  # fmt: skip
WARNING: Final = entity(
    "AccountWarning",
    id=ID, action=one_of("none", "disable", "mark_statuses_as_sensitive", "delete_statuses", "sensitive", "silence", "suspend"),
    text=STR, status_ids=maybe(many(ID)), target_account=ACCOUNT,
    appeal=maybe(shape(text=STR, state=one_of("approved", "rejected", "pending"))), created_at=MOMENT, measure=STR,
    expires_at=maybe(MOMENT), over=BOOL, group_id=maybe(ID),
)  # fmt: skip
"""Mastodon's, and beside it: what it was here (`measure`: also remove, redact and ban, of a group), until when, and whether it
is over."""
NOTIFICATION: Final = entity(
    "Notification",
    {"status": STATUS, "report": REPORT, "moderation_warning": WARNING},
    id=ID,
    type=one_of(*TYPES),
    group_key=STR,
    created_at=MOMENT,
    account=ACCOUNT,
)
_PARTIAL: Final = entity(
    "PartialAccountWithAvatar",
    id=ID, acct=STR, url=URL, avatar=URL, avatar_static=URL, locked=BOOL, bot=BOOL,
)  # fmt: skip
GROUP: Final = entity(
    "NotificationGroup",
    {"status_id": ID, "report": REPORT, "moderation_warning": WARNING,
     "page_min_id": ID, "page_max_id": ID, "latest_page_notification_at": MOMENT},
    group_key=STR, notifications_count=COUNT, type=one_of(*TYPES), most_recent_notification_id=INT,
    sample_account_ids=many(ID),
)  # fmt: skip
GROUPED: Final = entity(
    "GroupedNotificationsResults",
    {"partial_accounts": many(_PARTIAL)},
    accounts=many(ACCOUNT),
    statuses=many(STATUS),
    notification_groups=many(GROUP),
)
POLICY: Final = entity(
    "NotificationPolicy",
    **{who: one_of(*HOW) for who in WHO},
    summary=shape(pending_requests_count=COUNT, pending_notifications_count=COUNT),
)
_OLD: Final = (
    "filter_not_following",
    "filter_not_followers",
    "filter_new_accounts",
    "filter_private_mentions",
)
POLICY_V1: Final = entity(
    "V1NotificationPolicy",
    **dict.fromkeys(_OLD, BOOL),
    summary=shape(pending_requests_count=COUNT, pending_notifications_count=COUNT),
)
REQUEST: Final = entity(
    "NotificationRequest",
    id=ID, created_at=MOMENT, updated_at=MOMENT, notifications_count=STR, account=ACCOUNT, last_status=maybe(STATUS),
)  # fmt: skip
CONVERSATION: Final = entity(
    "Conversation", id=ID, unread=BOOL, accounts=many(ACCOUNT), last_status=maybe(STATUS)
)
COUNTED: Final = entity("UnreadCount", count=COUNT)


_ACTIONS: Final[Mapping[str, str]] = {"remove": "delete_statuses", "redact": "delete_statuses", "ban": "none"}


def warning(one: Taken, target: Mapping[str, Any], now: int) -> dict[str, Any]:
    """An AccountWarning. Who took the measure is not in it."""
    appeal = None if one.appeal_state is None else {"text": one.appeal or "", "state": one.appeal_state}
    return {
        "id": str(one.id),
        "action": _ACTIONS.get(one.action, one.action),
        "text": one.text,
        "status_ids": [str(i) for i in one.object_ids] or None,
        "target_account": target,
        "appeal": appeal,
        "created_at": moment(one.created),
        "measure": one.action,
        "expires_at": moment(one.expires) if one.expires else None,
        "over": one.over(now),
        "group_id": str(one.group_id) if one.group_id else None,
    }


def notification(
    notice_id: int, kind: str, key: str, at: int, account: Mapping[str, Any], status: Mapping[str, Any] | None,
    report: Mapping[str, Any] | None, warned: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A Notification. kind: as clients know it."""
    made = {
        "id": str(notice_id),
        "type": kind,
        "group_key": key,
        "created_at": moment(at),
        "account": account,
    }
    if status is not None:
        made["status"] = status
    if report is not None:
        made["report"] = report
    if warned is not None:
        made["moderation_warning"] = warned
    return made


def group(
    key: str, kind: str, members: Sequence[tuple[int, int, int]], status_id: str | None
) -> dict[str, Any]:
    """A NotificationGroup. members: (id, actor, time in milliseconds) of its notifications on this page, newest first."""
    made: dict[str, Any] = {
        "group_key": key,
        "notifications_count": len(members),
        "type": kind,
        "most_recent_notification_id": members[0][0],
        "page_min_id": str(members[-1][0]),
        "page_max_id": str(members[0][0]),
        "latest_page_notification_at": moment(members[0][2]),
        "sample_account_ids": [str(actor) for actor in dict.fromkeys(m[1] for m in members)][:8],
    }
    if status_id is not None:
        made["status_id"] = status_id
    return made


def partial(account: Mapping[str, Any]) -> dict[str, Any]:
    """A PartialAccountWithAvatar of an Account."""
    return {name: account[name] for name in ("id", "acct", "url", "avatar", "avatar_static", "locked", "bot")}


def policy(rules: Mapping[str, str], senders: int, notices: int) -> dict[str, Any]:
    """A NotificationPolicy."""
    summary = {"pending_requests_count": senders, "pending_notifications_count": notices}
    return {**{who: rules[who] for who in WHO}, "summary": summary}


def policy_v1(made: Mapping[str, Any]) -> dict[str, Any]:
    """The older form: whether such notifications are kept apart at all."""
    return {**{name: made[f"for_{name[7:]}"] != "accept" for name in _OLD}, "summary": made["summary"]}


def report(row: ReportRow, target: Mapping[str, Any]) -> dict[str, Any]:
    """A Report. Categories of ours that clients do not know are `other`."""
    return {
        "id": str(row.id),
        "action_taken": row.state == "closed",
        "action_taken_at": moment(row.closed) if row.closed else None,
        "category": row.category if row.category in ("spam", "violation", "legal") else "other",
        "comment": row.comment,
        "forwarded": row.forwarded,
        "created_at": moment(row.created),
        "status_ids": [str(i) for i in row.object_ids],
        "rule_ids": list(row.rule_ids),
        "target_account": target,
    }
