"""Rows of measures, their appeals, and what their member is told. Who may read them, the caller checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import and_, bindparam, or_, select, update

from fedi_community.domain import client_effects as e
from fedi_community.domain.facts import Measure
from fedi_community.domain.measures import power_over
from fedi_community.storage import notifications
from fedi_community.storage import tables as t
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, among, insert_row, number, one_of, param, word
from fedi_community.storage.wake import Wake

M = t.measures.c
MAX_APPEALS: Final = 50
"""Appeals, and measures of somebody, on one page."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A measure as it is shown. Times in milliseconds; login_id, appeal_by: log-ins, for those alone who may know them."""

    id: int
    target_id: int
    login_id: int | None
    group_id: int | None
    action: str
    text: str
    object_ids: tuple[int, ...]
    report_id: int | None
    created: int
    expires: int | None
    ended: int | None
    ended_how: str | None
    appeal: str | None
    appealed: int | None
    appeal_state: str | None
    appeal_answered: int | None

    def over(self, now: int) -> bool:
        return self.ended is not None or (self.expires is not None and self.expires <= now)


_COLUMNS = tuple(M[name] for name in Taken.__slots__)


def _taken(row: Row) -> Taken:
    values = {name: row[name] for name in Taken.__slots__}
    return Taken(**{**values, "object_ids": tuple(orjson.loads(row["object_ids"]))})


_one, _other = t.speakers.alias(), t.speakers.alias()
_same_human = (
    select(_other.c.actor_id)
    .join(_one, _one.c.login_id == _other.c.login_id)
    .where(
        _one.c.actor_id == param("target"), among(_one.c.role, "self", "persona"), among(_other.c.role, "self", "persona")
    )
    .scalar_subquery()
)  # fmt: skip
_KNOWN = Statement(
    select(
        M.id, M.target_id, M.login_id, M.group_id, M.action, M.object_ids, M.expires, M.ended, M.appeal_state
    ).where(
        or_(
            M.id == param("key"),
            and_(M.ended.is_(None), or_(M.target_id == param("target"), M.target_id.in_(_same_human))),
        )
    )
)
_OF = Statement(select(M.target_id).where(M.id == param("key")))


async def known(tx: Tx, measure_id: int, target_id: int = 0) -> dict[int, Measure]:
    """A measure (0: none), and what else still stands against the same human under any name, for decisions. target_id: an
    actor, where no measure is named."""
    target = target_id or await tx.value(_OF, key=measure_id)
    if target is None:
        return {}
    return {
        row["id"]: Measure(
            row["id"],
            row["target_id"],
            row["login_id"],
            row["group_id"],
            row["action"],
            tuple(orjson.loads(row["object_ids"])),
            row["expires"],
            row["ended"],
            row["appeal_state"],
        )
        for row in await tx.rows(_KNOWN, key=measure_id, target=target)
    }


_ONE = Statement(select(*_COLUMNS).where(M.id == param("key")))
_LINKED = Statement(select(*_COLUMNS).where(M.link == bindparam("link")))
_SOMEBODYS = Statement(
    select(*_COLUMNS).where(M.target_id == param("target")).order_by(M.id.desc()).limit(number(MAX_APPEALS))
)
_BY_ID = Statement(select(*_COLUMNS).where(one_of(M.id, "ids")))
_APPEALS = Statement(
    select(*_COLUMNS)
    .where(
        M.appeal_state == word("pending"),
        or_(param("group") == number(0), M.group_id == param("group")),
        M.target_id.not_in(
            select(t.speakers.c.actor_id)
            .where(t.speakers.c.login_id == param("login"), among(t.speakers.c.role, "self", "persona"))
            .scalar_subquery()
        ),
    )
    .order_by(M.id)
    .limit(number(MAX_APPEALS))
)


async def one(tx: Tx, measure_id: int) -> Taken | None:
    row = await tx.row(_ONE, key=measure_id)
    return None if row is None else _taken(row)


async def linked(tx: Tx, link: str) -> Taken | None:
    """The one whose mail held a link; link: the hash of its secret."""
    row = await tx.row(_LINKED, link=link)
    return None if row is None else _taken(row)


async def of(tx: Tx, target_id: int) -> list[Taken]:
    """What was done about somebody, the newest first."""
    return [_taken(row) for row in await tx.rows(_SOMEBODYS, target=target_id)]


async def by_id(tx: Tx, ids: list[int]) -> dict[int, Taken]:
    return {row["id"]: _taken(row) for row in await tx.rows(_BY_ID, ids=ids)} if ids else {}


async def appeals(tx: Tx, group_id: int, login: int, powers: frozenset[str] = frozenset()) -> list[Taken]:
    """Appeals that wait, oldest first. group_id: 0 for all, which server staff answer; in a group, those that somebody with these
    powers answers."""
    rows = await tx.rows(_APPEALS, group=group_id, login=login)
    return [_taken(row) for row in rows if not group_id or power_over(row["action"]) in powers]


# --- effects ------------------------------------------------------------------------------------------------------------

_TAKE = insert_row(
    t.measures, "id", "target_id", "login_id", "group_id", "action", "text", "object_ids", "report_id", "link", "created",
    "expires",
)  # fmt: skip
_END = Statement(
    update(t.measures)
    .where(M.id == param("key"), M.ended.is_(None))
    .values(ended=param("at"), ended_how=bindparam("how"))
)
_END_THOSE = Statement(
    update(t.measures)
    .where(
        M.target_id == param("target"), M.ended.is_(None), one_of(M.action, "actions", text=True),
        or_(and_(param("group") == number(0), M.group_id.is_(None)), M.group_id == param("group")),
        or_(param("object") == number(0), M.object_ids == bindparam("objects")),
    )
    .values(ended=param("at"), ended_how=bindparam("how"))
)  # fmt: skip
_APPEAL = Statement(
    update(t.measures)
    .where(M.id == param("key"), M.appeal_state.is_(None))
    .values(appeal=bindparam("said"), appealed=param("at"), appeal_state=word("pending"))
)
_DECIDE = Statement(
    update(t.measures)
    .where(M.id == param("key"))
    .values(appeal_state=bindparam("new_state"), appeal_by=param("by"), appeal_answered=param("at"))
)
_HERE = Statement(select(t.actors.c.id).where(t.actors.c.id == param("key"), t.actors.c.host_id.is_(None)))
KIND: Final = "moderation_warning"


async def _take(tx: Tx, x: e.TakeMeasure, wake: Wake) -> None:
    await tx.run(
        _TAKE, id=x.id, target_id=x.target_id, login_id=x.login_id, group_id=x.group_id, action=x.action, text=x.text,
        object_ids=orjson.dumps(x.object_ids).decode(), report_id=x.report_id, link=x.link, created=x.at, expires=x.expires,
    )  # fmt: skip
    if await tx.row(_HERE, key=x.target_id) is not None:
        await notifications.write(tx, [x.target_id], KIND, x.target_id, None, f"{KIND}-{x.id}", x.at, wake)


async def _end(tx: Tx, x: e.EndMeasure, wake: Wake) -> None:
    await tx.run(_END, key=x.id, how=x.how, at=x.at)


async def _end_those(tx: Tx, x: e.EndMeasures, wake: Wake) -> None:
    await tx.run(
        _END_THOSE, target=x.target_id, group=x.group_id or 0, actions=list(x.actions), object=x.object_id or 0,
        objects=orjson.dumps([x.object_id]).decode(), how="undone", at=x.at,
    )  # fmt: skip


async def _appeal(tx: Tx, x: e.AppealMeasure, wake: Wake) -> None:
    await tx.run(_APPEAL, key=x.id, said=x.text, at=x.at)


async def _decide(tx: Tx, x: e.AnswerAppeal, wake: Wake) -> None:
    await tx.run(_DECIDE, key=x.id, new_state=x.state, by=x.by, at=x.at)
    await notifications.write(
        tx, [x.target_id], KIND, x.target_id, None, f"moderation_answer-{x.id}", x.at, wake
    )


_COVER = Statement(update(t.actors).where(t.actors.c.id == param("key")).values(sensitive=param("on")))


async def _cover(tx: Tx, x: e.CoverMedia, wake: Wake) -> None:
    await tx.run(_COVER, key=x.actor_id, on=int(x.on))


APPLY: Final[dict[type, Callable[[Tx, Any, Wake], Awaitable[None]]]] = {
    e.TakeMeasure: _take,
    e.CoverMedia: _cover,
    e.EndMeasure: _end,
    e.EndMeasures: _end_those,
    e.AppealMeasure: _appeal,
    e.AnswerAppeal: _decide,
}
