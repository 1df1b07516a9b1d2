"""The log that only grows: read it, and ask whether something stands in it already. It is written by the effect `Audit` alone, and
the database refuses to change or delete a row.

Nobody is unmasked by reading it. A line keeps who acted (`actor_id`) beside the log-in that did it, and no reader is shown both:
- a line that names an actor shows that actor, be it a persona, or the group as which staff spoke; its log-in is used for nothing;
- a line without one shows the own name of server staff, and only for what server staff alone do, which they cannot do under
  another name (`BY_STAFF`);
- what people do with their own log-ins and names (`PRIVATE`) is not shown at all: else the hour of a log-in would tell;
- that somebody is reported is not shown to himself.
Filters look at what is shown, never at a log-in behind a line that names an actor. So all pages together link no two names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import and_, bindparam, func, literal_column, or_, select

from fedi_community.domain.effects import Audit
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word
from fedi_community.storage.moderation import not_about_oneself
from fedi_community.storage.schema import Str

NEWEST = 2**63 - 1
PRIVATE: Final = (
    "logged_in", "client_allowed", "persona_made", "persona_ended", "password_reset", "address_confirmed",
    "account_closed",
)  # fmt: skip
BY_STAFF: Final = (
    *(f"account_{verb}" for verb in (
        "none", "sensitive", "unsensitive", "disable", "enable", "silence", "unsilence", "suspend", "unsuspend", "erased",
    )),
    *(f"report_{verb}" for verb in ("assign_to_self", "unassign", "assign", "resolve", "resolved", "reopen")),
    *(f"host_{state}" for state in ("ok", "limited", "suspended", "listed", "unlisted")), "hosts_imported",
    "report_note", "account_note", "appeal_approved", "appeal_rejected", "badge_granted", "badge_revoked",
    "name_allowed", "name_held", "member_approved", "member_refused", "unmasking_asked", "unmasking_confirmed", "unmasking_read",
)  # fmt: skip
L = t.audit.c
_THERE = Statement(
    select(L.id)
    .where(
        L.login_id == param("login_id"),
        L.at > param("since"),
        L.action == bindparam("action"),
        func.coalesce(L.actor_id, number(0)) == param("actor_id"),
        func.coalesce(L.object_id, number(0)) == param("object_id"),
        func.coalesce(L.target_id, number(0)) == param("target_id"),
        L.detail == bindparam("detail"),
    )
    .limit(number(1))
)
_ROWS = Statement(
    select(t.audit)
    .where(L.id < param("before"), L.id > param("after"))
    .order_by(L.id.desc())
    .limit(param("count"))
)
_none = bindparam("action", type_=Str) == literal_column("''")
_self = (
    select(t.speakers.c.login_id)
    .join(t.logins, t.logins.c.id == t.speakers.c.login_id)
    .where(
        t.speakers.c.actor_id == param("actor"), t.speakers.c.role == word("self"),
        or_(t.logins.c.role == word("staff"), t.logins.c.role == word("admin")),
    )
    .scalar_subquery()
)  # fmt: skip
_ALL = Statement(
    select(t.audit)
    .where(
        L.id < param("before"), L.id > param("after"), L.at >= param("since"), L.at < param("until"),
        ~among(L.action, *PRIVATE), not_about_oneself(L),
        or_(_none, L.action == bindparam("action", type_=Str)),
        or_(param("group") == number(0), L.group_id == param("group")),
        or_(
            param("actor") == number(0),
            L.actor_id == param("actor"),
            and_(L.actor_id.is_(None), among(L.action, *BY_STAFF), L.login_id.in_(_self)),
        ),
    )
    .order_by(L.id.desc())
    .limit(param("count"))
)  # fmt: skip
_OWN = Statement(
    select(t.speakers.c.login_id, t.speakers.c.actor_id)
    .join(t.logins, t.logins.c.id == t.speakers.c.login_id)
    .where(
        one_of(t.speakers.c.login_id, "ids"), t.speakers.c.role == word("self"),
        or_(t.logins.c.role == word("staff"), t.logins.c.role == word("admin")),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line. login_id: who did it; actor_id: as whom, where that mattered. detail: what else is known, never words of posts."""

    id: int
    at: int
    action: str
    login_id: int | None
    actor_id: int | None
    group_id: int | None
    object_id: int | None
    target_id: int | None
    detail: dict[str, Any]

    @property
    def by_staff(self) -> bool:
        """Server staff did it, as who they are: the only lines of which a log-in is ever turned into a name."""
        return self.actor_id is None and self.action in BY_STAFF


async def there_is(tx: Tx, line: Audit, since: int) -> bool:
    """Whether the same log-in did the same to the same after `since` (milliseconds)."""
    found = await tx.row(
        _THERE, login_id=line.login_id, actor_id=line.actor_id or 0, since=since, action=line.action, object_id=line.object_id or 0,
        target_id=line.target_id or 0, detail=orjson.dumps(line.detail).decode(),
    )  # fmt: skip
    return found is not None


_POSTS_READ = Statement(
    select(L.object_id)
    .where(
        L.login_id == param("login_id"),
        L.at > param("since"),
        L.action == word("post_read"),
        L.actor_id == param("actor_id"),
        one_of(L.object_id, "ids"),
    )
    .distinct()
)


async def posts_read(tx: Tx, login_id: int, actor_id: int, ids: list[int], since: int) -> frozenset[int]:
    """Which of these posts stand in the log already as read by this one after `since` (milliseconds)."""
    rows = await tx.rows(_POSTS_READ, login_id=login_id, actor_id=actor_id, ids=ids, since=since)
    return frozenset(row[0] for row in rows)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines. since, until: milliseconds; actor: as whom it was done; 0 and "" for any."""

    action: str = ""
    actor: int = 0
    group: int = 0
    since: int = 0
    until: int = 0


async def lines(
    tx: Tx, wanted: Wanted, before: int | None, after: int | None, limit: int, reader: int = 0
) -> list[Line]:
    """The log of the whole server, the newest first. What somebody does with his own log-in and names is not in it, nor what is
    reported about the `reader` (a log-in; 0 for the command line)."""
    rows = await tx.rows(
        _ALL, login=reader, before=before or NEWEST, after=after or 0, count=limit, action=wanted.action, actor=wanted.actor,
        group=wanted.group, since=wanted.since, until=wanted.until or NEWEST,
    )  # fmt: skip
    return [_line(row) for row in rows]


async def own_names(tx: Tx, found: list[Line]) -> dict[int, int]:
    """Line -> actor of server staff who did it under their own name, for lines that name no actor."""
    logins = {line.login_id for line in found if line.by_staff and line.login_id}
    if not logins:
        return {}
    selves = {row[0]: row[1] for row in await tx.rows(_OWN, ids=list(logins))}
    return {line.id: selves[line.login_id] for line in found if line.by_staff and line.login_id in selves}


def _line(row: Row) -> Line:
    return Line(
        row["id"], row["at"], row["action"], row["login_id"], row["actor_id"], row["group_id"], row["object_id"],
        row["target_id"], orjson.loads(row["detail"]),
    )  # fmt: skip


async def everything(tx: Tx, before: int | None, after: int | None, limit: int) -> list[Line]:
    """Every row as it is, for tests and for who mends a server."""
    rows = await tx.rows(_ROWS, before=before or NEWEST, after=after or 0, count=limit)
    return [_line(row) for row in rows]
