"""Statements for those who run the server: members with their log-ins, reports. Who asks, the caller checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal_column, or_, select

from fedi_community.domain.model import Grant, Viewer
from fedi_community.domain.reports import LINES
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word
from fedi_community.storage.schema import Str
from fedi_community.storage.visible import exists_in, moderates

NEWEST = 2**63 - 1
NOBODYS_LOGIN = -1
"""Stands for the log-in of a persona, which is not said."""
A, L, R, H = t.actors.c, t.logins.c, t.reports.c, t.hosts.c


@dataclass(frozen=True, slots=True)
class Managed:
    """An account as staff see it. role, email and the rest are of the log-in, and empty for accounts of other servers. disabled: a
    measure against this very account shuts him out; what was done about another name of his shows nowhere."""

    id: int
    state: str
    host: str
    login_id: int | None = None
    email: str = ""
    role: str = ""
    login_state: str = ""
    language: str = ""
    confirmed: bool = False
    reason: str = ""
    disabled: bool = False
    sensitive: bool = False


_X = t.measures.c
_disabled = exists_in(t.measures, _X.target_id == A.id, _X.action == word("disable"), _X.ended.is_(None))


def _managed() -> Select[Any]:
    return select(
        A.id, A.state, H.name.label("host"), L.id.label("login_id"), L.email, L.role, L.state.label("login_state"), L.language,
        L.confirmed, L.settings, t.speakers.c.role.label("voice"), A.sensitive,
        case((_disabled, number(1)), else_=number(0)).label("disabled"),
    ).select_from(
        t.actors.outerjoin(t.hosts, H.id == A.host_id)
        .outerjoin(t.speakers, and_(t.speakers.c.actor_id == A.id, among(t.speakers.c.role, "self", "persona")))
        .outerjoin(t.logins, L.id == t.speakers.c.login_id)
    )  # fmt: skip


_BY_ID = Statement(_managed().where(one_of(A.id, "ids"), A.type != word("Application")))
_anything: ColumnElement[Any] = literal_column("''")
_origin, _status, _handle, _display, _email, _host = (
    bindparam(name, type_=Str) for name in ("origin", "status", "handle", "display", "email", "host")
)
_g, _held = t.groups.alias(), t.grants.alias()
_found = or_(
    _held.c.collection_id == A.id + number(3),
    and_(_held.c.collection_id == A.id + number(2), _g.c.finds != word("staff")),
    and_(_held.c.collection_id == A.id + number(1), _g.c.finds == word("members")),
)
_may_find = or_(
    A.type != word("Group"),
    A.host_id.is_not(None),
    A.id == param("viewer"),
    exists_in(
        _g,
        _g.c.actor_id == A.id,
        or_(
            among(_g.c.finds, "everyone", "server"),
            exists_in(
                _held, _held.c.actor_id == param("viewer"), _held.c.state == number(Grant.ACCEPTED), _found
            ),
        ),
    ),
)
"""The switch *finds* for a member of this server, as `views.findable` has it: a page's `Link` must not count what is hidden."""
_persona = t.speakers.c.role == word("persona")
_SEARCH = Statement(
    _managed()
    .where(
        A.type != word("Application"),
        A.id < param("before"),
        A.id > param("after"),
        or_(_origin == _anything, and_(_origin == word("local"), A.host_id.is_(None)),
            and_(_origin == word("remote"), A.host_id.is_not(None))),
        or_(
            _status == _anything,
            and_(_status == word("pending"), L.state == word("pending"), ~_persona),
            and_(_status == word("active"), among(A.state, "active", "limited"), ~_disabled),
            and_(_status == word("disabled"), A.state != word("suspended"), _disabled),
            and_(_status == word("silenced"), A.state == word("limited")),
            and_(_status == word("suspended"), A.state == word("suspended")),
        ),
        or_(param("staff") == number(0), and_(among(L.role, "staff", "admin"), ~_persona)),
        A.state != word("deleted"),
        or_(_handle == _anything, A.handle.like(_handle, escape="!")),
        or_(_display == _anything, func.lower(A.name).like(_display, escape="!")),
        or_(_email == _anything, and_(L.email == _email, ~_persona)),
        or_(_host == _anything, H.name == _host),
        or_(A.host_id.is_not(None), L.id.is_not(None), A.type == word("Group")),
        _may_find,
    )
    .order_by(A.id.desc())
    .limit(param("count"))
)  # fmt: skip


def _one(row: Row) -> Managed:
    login, disabled, sensitive = row["login_id"], bool(row["disabled"]), bool(row["sensitive"])
    if login is None:
        return Managed(row["id"], row["state"], row["host"] or "", sensitive=sensitive)
    if (
        row["voice"] == "persona"
    ):  # whose it is, two of the staff may ask: not its address, role, language or log-in
        return Managed(
            row["id"], row["state"], "", NOBODYS_LOGIN, role="member", login_state="active", confirmed=True,
            disabled=disabled, sensitive=sensitive,
        )  # fmt: skip
    return Managed(
        row["id"], row["state"], row["host"] or "", login, row["email"], row["role"], row["login_state"],
        row["language"], row["confirmed"] is not None, str(orjson.loads(row["settings"]).get("reason", "")), disabled, sensitive,
    )  # fmt: skip


async def managed(tx: Tx, ids: Iterable[int]) -> dict[int, Managed]:
    return {row["id"]: _one(row) for row in await tx.rows(_BY_ID, ids=list(ids))}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts. origin: local, remote or "". status: pending, active, disabled, silenced, suspended or ""."""

    origin: str = ""
    status: str = ""
    staff: bool = False
    handle: str = ""
    display: str = ""
    email: str = ""
    host: str = ""


def _like(text: str, around: bool = False) -> str:
    if not text:
        return ""
    escaped = text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%" if around else f"{escaped}%"


async def search(
    tx: Tx, viewer: Viewer, wanted: Wanted, before: int | None, after: int | None, limit: int
) -> list[Managed]:
    """Accounts, the newest first; without groups that hide from the viewer."""
    rows = await tx.rows(
        _SEARCH, viewer=viewer.id, origin=wanted.origin, status=wanted.status, staff=int(wanted.staff), handle=_like(wanted.handle),
        display=_like(wanted.display, True), email=wanted.email.lower(), host=wanted.host.lower(),
        before=before or NEWEST, after=after or 0, count=limit,
    )  # fmt: skip
    return [_one(row) for row in rows]


_WAITING = Statement(
    _managed()
    .where(A.host_id.is_(None), L.state == word("pending"), A.id < param("before"))
    .order_by(A.id.desc())
    .limit(param("count"))
)


async def pending(tx: Tx, limit: int = 500) -> list[Managed]:
    """Who waits for approval, oldest first."""
    return [_one(row) for row in await tx.rows(_WAITING, before=NEWEST, count=limit)][::-1]


# --- reports ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report. copy: what the reporter saw. assigned_to, closed_by: as whom people act. Times in milliseconds."""

    id: int
    reporter_id: int | None
    target_id: int
    group_id: int | None
    category: str
    comment: str
    object_ids: tuple[int, ...]
    rule_ids: tuple[str, ...]
    forwarded: bool
    state: str
    copy: dict[str, Any]
    assigned_to: int | None
    closed_by: int | None
    created: int
    closed: int | None
    language: str | None = None
    urgent: bool = False
    outcome: str = ""
    sealed_until: int | None = None


_ONES = among(t.speakers.c.role, "self", "persona")
about_others = R.target_id.not_in(
    select(t.speakers.c.actor_id).where(t.speakers.c.login_id == param("login"), _ONES).scalar_subquery()
)
"""Reports about no name of the log-in `login`: nobody learns of one about himself, under whatever name."""


def not_about_oneself(line: Any) -> ColumnElement[bool]:
    """The same of lines of the log. line: its columns."""
    names = select(t.speakers.c.actor_id).where(t.speakers.c.login_id == param("login"), _ONES)
    return or_(
        ~among(line.action, *LINES), line.target_id.is_(None), line.target_id.not_in(names.scalar_subquery())
    )


_REPORT = Statement(select(t.reports).where(one_of(R.id, "ids")))
_REPORTS = Statement(
    select(t.reports)
    .where(
        R.id < param("before"),
        R.id > param("after"),
        or_(
            and_(param("done") == number(1), R.state == word("closed")),
            and_(param("done") == number(0), R.state != word("closed")),
        ),
        or_(param("reporter") == number(0), R.reporter_id == param("reporter")),
        or_(param("target") == number(0), R.target_id == param("target")),
        about_others,
    )
    .order_by(R.id.desc())
    .limit(param("count"))
)  # fmt: skip
_SELVES = Statement(
    select(t.speakers.c.login_id, t.speakers.c.actor_id).where(
        one_of(t.speakers.c.login_id, "ids"), t.speakers.c.role == word("self")
    )
)


def report_of(row: Row) -> ReportRow:
    return ReportRow(
        row["id"], row["reporter_id"], row["target_id"], row["group_id"], row["category"], row["comment"],
        tuple(orjson.loads(row["object_ids"])), tuple(orjson.loads(row["rule_ids"])), bool(row["forwarded"]), row["state"],
        orjson.loads(row["copy"]) if row["copy"] else {}, row["assigned_to"], row["closed_by"], row["created"], row["closed"],
        row["language"], bool(row["urgent"]), row["outcome"] or "", row["sealed_until"],
    )  # fmt: skip


async def report(tx: Tx, report_id: int) -> ReportRow | None:
    rows = await tx.rows(_REPORT, ids=[report_id])
    return report_of(rows[0]) if rows else None


async def reports_by_id(tx: Tx, ids: Sequence[int]) -> dict[int, ReportRow]:
    return {row["id"]: report_of(row) for row in await tx.rows(_REPORT, ids=list(ids))}


async def reports(
    tx: Tx, *, done: bool, reporter: int, target: int, before: int | None, after: int | None, limit: int, login: int = 0,
) -> list[ReportRow]:  # fmt: skip
    """Reports, the newest first. reporter, target: actors, 0 for any. Those about a name of the log-in `login` are for others."""
    rows = await tx.rows(
        _REPORTS, done=int(done), reporter=reporter, target=target, before=before or NEWEST, after=after or 0,
        count=limit, login=login,
    )  # fmt: skip
    return [report_of(row) for row in rows]


async def selves(tx: Tx, login_ids: Sequence[int]) -> dict[int, int]:
    """The actor that each log-in is."""
    wanted = list(set(login_ids))
    return {row[0]: row[1] for row in await tx.rows(_SELVES, ids=wanted)} if wanted else {}


# --- the log of a group -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogRow:
    """One act in a group. actor_id: who did it; target_id: whom it was about."""

    id: int
    at: int
    action: str
    actor_id: int | None
    target_id: int | None
    object_id: int | None
    reason: str


_L = t.audit.c
_LOG = Statement(
    select(_L.id, _L.at, _L.action, _L.actor_id, _L.target_id, _L.object_id, _L.detail)
    .where(
        _L.group_id == param("group"),
        _L.id < param("before"),
        _L.id > param("after"),
        not_about_oneself(_L),
        or_(param("reports") == number(1), ~among(_L.action, *LINES)),
    )
    .order_by(_L.id.desc())
    .limit(param("count"))
)
_RUNS = Statement(
    select(A.id).where(
        one_of(A.id, "groups"),
        A.host_id.is_(None),
        A.type == word("Group"),
        or_(A.id == param("actor"), moderates(param("actor"), A.id)),
    )
)


async def run_by(tx: Tx, actor_id: int, group_ids: Iterable[int]) -> frozenset[int]:
    """Which of these groups of this server somebody is a mentor or staff of; a group runs itself, as which its staff speak."""
    wanted = list(set(group_ids))
    if not wanted or not actor_id:
        return frozenset()
    return frozenset(row[0] for row in await tx.rows(_RUNS, actor=actor_id, groups=wanted))


async def log(
    tx: Tx, group_id: int, login_id: int, reports: bool, before: int | None, after: int | None, limit: int
) -> list[LogRow]:
    """What was done in a group, the newest first. Who may read it is for the caller to ask (`run_by`). login_id: the reader's; what
    is reported about him is not in it. reports: he answers them in this group."""
    found = await tx.rows(
        _LOG, group=group_id, login=login_id, reports=int(reports), before=before or NEWEST, after=after or 0, count=limit
    )  # fmt: skip
    return [
        LogRow(
            row["id"], row["at"], row["action"], row["actor_id"], row["target_id"], row["object_id"],
            str(orjson.loads(row["detail"]).get("reason", "")),
        )
        for row in found
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BanRow:
    """Somebody who is kept out of a group. expires: None for good."""

    target_id: int
    created: int
    expires: int | None


_B = t.blocks.c
_BANS = Statement(
    select(_B.target_id, _B.created, _B.expires)
    .where(_B.actor_id == param("group"), _B.target_id < param("before"), _B.target_id > param("after"))
    .order_by(_B.target_id.desc())
    .limit(param("count"))
)


async def bans(tx: Tx, group_id: int, before: int | None, after: int | None, limit: int) -> list[BanRow]:
    """Who is kept out of a group. Who may read it is for the caller to ask (`run_by`)."""
    found = await tx.rows(_BANS, group=group_id, before=before or NEWEST, after=after or 0, count=limit)
    return [BanRow(row[0], row[1], row[2]) for row in found]
