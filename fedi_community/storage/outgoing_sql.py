"""The statements of `outgoing`: leases of hosts, rows of their lanes, verdicts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, and_, bindparam, case, delete, exists, func, or_, select, update

from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Inserts, Statement, number, one_of, param, word
from fedi_community.storage.schema import Str
from fedi_community.storage.turns import HOLD, PAUSE

D, H, X = t.deliveries.c, t.hosts.c, t.activities.c
is_waiting = D.state == word("waiting")
held = H.lease_by == word(HOLD)
is_minded = and_(H.lease_by.is_not(None), H.lease_by != word(HOLD), H.lease_by != word(PAUSE))

# --- leases ------------------------------------------------------------------------------------------------------------

DUE = Statement(
    select(
        H.id, H.name, H.state, H.listed, H.signature_form, H.signature_form_at, H.failures,
        H.failing_since, H.lease_by,
    )
    .where(
        H.retry_at <= param("now"),
        or_(H.lease_until.is_(None), H.lease_until <= param("now")),
        ~one_of(H.id, "skip"),
    )
    .order_by(H.retry_at, H.id)
    .limit(param("count"))
    .with_for_update(skip_locked=True)
)  # fmt: skip
TAKE = Statement(
    update(t.hosts).where(one_of(H.id, "ids")).values(lease_until=param("until"), lease_by=bindparam("owner"))
)
RENEW = Statement(
    update(t.hosts)
    .where(one_of(H.id, "ids"), H.lease_by == bindparam("owner"))
    .values(lease_until=param("until"))
)
NEXT = Statement(
    select(
        func.min(
            case(
                (and_(H.lease_until.is_not(None), H.lease_until > H.retry_at), H.lease_until),
                else_=H.retry_at,
            )
        )
    ).where(H.retry_at.is_not(None))
)
first = t.deliveries.alias()
first_due = (
    select(func.min(first.c.run_at))
    .where(first.c.state == word("waiting"), first.c.host_id == H.id)
    .scalar_subquery()
)
RELEASE = Statement(
    update(t.hosts)
    .where(H.id == param("key"), H.lease_by == bindparam("owner"))
    .values(
        lease_until=param("hold_until"),
        lease_by=bindparam("hold_by", type_=Str),
        retry_at=case(
            (first_due.is_(None), None),
            (param("look_at") > number(0), param("look_at")),
            else_=first_due,
        ),
        failures=bindparam("failed", type_=Integer()),
        failing_since=param("since"),
        success_at=func.coalesce(param("success"), H.success_at),
        signature_form=bindparam("form", type_=Str),
        signature_form_at=param("form_at"),
    )
)
LET_GO = Statement(
    update(t.hosts)
    .where(one_of(H.id, "ids"), H.lease_by == bindparam("owner"))
    .values(
        lease_until=None,
        lease_by=None,
        retry_at=case(
            (first_due.is_(None), None), (first_due < param("floor"), param("floor")), else_=first_due
        ),
    )
)
LOOK_AT = Statement(select(func.min(H.retry_at)).where(one_of(H.id, "ids"), H.lease_until.is_(None)))
RELEASE_ALL = Statement(update(t.hosts).where(is_minded).values(lease_until=None, lease_by=None))
any = t.deliveries.alias()
FIND_LANES = Statement(
    update(t.hosts)
    .where(
        H.retry_at.is_(None),
        exists(select(number(1)).where(any.c.state == word("waiting"), any.c.host_id == H.id)),
    )
    .values(retry_at=number(0))
)
MAY_BE_SENT = Statement(
    update(t.deliveries)
    .where(is_waiting, one_of(D.host_id, "ids"), D.attempts == number(0))
    .values(attempts=number(1))
)
minded = t.hosts.alias()
MAY_BE_SENT_BY_THE_LAST = Statement(
    update(t.deliveries)
    .where(
        is_waiting,
        D.attempts == number(0),
        D.host_id.in_(
            select(minded.c.id)
            .where(
                minded.c.lease_by.is_not(None),
                minded.c.lease_by != word(HOLD),
                minded.c.lease_by != word(PAUSE),
            )
            .scalar_subquery()
        ),
    )
    .values(attempts=number(1))
)

# --- rows --------------------------------------------------------------------------------------------------------------

LANE = Statement(
    select(
        D.id, D.activity_id, D.inbox, D.target_id, D.mode, D.line, D.attempts, D.run_at, D.created,
        X.type, X.actor_id, X.object_id,
    )
    .join(t.activities, X.id == D.activity_id)
    .where(is_waiting, D.host_id == param("host_id"), D.id > param("after"))
    .order_by(D.id)
    .limit(param("count"))
)  # fmt: skip
TO_FOLLOWERS = Statement(
    select(t.audience.c.object_id, t.audience.c.principal_id).where(
        one_of(t.audience.c.object_id, "ids"), t.audience.c.principal_id % number(4) == number(1)
    )
)
POSTPONE = Statement(
    update(t.deliveries)
    .where(
        is_waiting,
        D.host_id == param("host_id"),
        D.line == param("line_id"),
        D.activity_id != param("unless"),
        D.run_at < param("until"),
    )
    .values(run_at=param("until"))
)
DONE = Statement(delete(t.deliveries).where(one_of(D.id, "ids")))
AGAIN = Statement(
    update(t.deliveries)
    .where(D.id == param("key"))
    .values(
        run_at=param("at"), attempts=bindparam("tried", type_=Integer()), reason=bindparam("why", type_=Str)
    )
)
DEAD = Statement(
    update(t.deliveries)
    .where(D.id == param("key"))
    .values(
        state=word("dead"),
        attempts=bindparam("tried", type_=Integer()),
        reason=bindparam("why", type_=Str),
    )
)
DROP_INBOX = Statement(
    update(t.deliveries)
    .where(is_waiting, D.host_id == param("host_id"), D.inbox == bindparam("url"))
    .values(state=word("dead"), reason=word("inbox_gone"))
)
NO_INBOX = Statement(
    update(t.actors)
    .where(t.actors.c.host_id == param("host_id"), t.actors.c.inbox == bindparam("url"))
    .values(inbox=None)
)
NO_SHARED_INBOX = Statement(
    update(t.actors)
    .where(t.actors.c.host_id == param("host_id"), t.actors.c.shared_inbox == bindparam("url"))
    .values(shared_inbox=None)
)
DROP_HOST = Statement(
    update(t.deliveries)
    .where(is_waiting, one_of(D.host_id, "ids"))
    .values(state=word("dead"), reason=word("host_suspended"))
)
about = t.activities.alias()
DROP_UNREACHABLE = Statement(
    update(t.deliveries)
    .where(
        is_waiting,
        one_of(D.host_id, "ids"),
        D.mode != word("retraction"),
        ~exists(
            select(number(1)).where(about.c.id == D.activity_id, one_of(about.c.type, "kept", text=True))
        ),
    )
    .values(state=word("dead"), reason=word("host_unreachable"))
)
PURGE = Statement(delete(t.deliveries).where(D.state == word("dead"), D.created < param("before")))
WAITING = Statement(select(func.count()).select_from(t.deliveries).where(is_waiting))


def copy(insert: Inserts) -> Any:
    made = insert(t.ledger).values(
        {
            n: bindparam(n, type_=t.ledger.c[n].type)
            for n in ("object_id", "host_id", "inbox", "how", "created")
        }
    )
    return made.on_conflict_do_update(
        index_elements=["object_id", "host_id"],
        set_={"inbox": made.excluded["inbox"], "how": made.excluded["how"]},
        where=t.ledger.c.inbox.is_(None),
    )


COPY = Statement(copy)

FAILING = Statement(select(H.id).where(H.name == bindparam("name"), H.failures > number(0)))
AT_ONCE = Statement(
    update(t.deliveries)
    .where(
        is_waiting,
        D.run_at > param("now"),
        D.host_id.in_(select(H.id).where(H.id == param("key"), held).scalar_subquery()),
    )
    .values(run_at=param("now"))
)
ALIVE = Statement(
    update(t.hosts)
    .where(H.id == param("key"))
    .values(
        failures=number(0),
        failing_since=None,
        lease_until=case((held, None), else_=H.lease_until),
        lease_by=case((held, None), else_=H.lease_by),
        retry_at=case((and_(held, H.retry_at > param("now")), param("now")), else_=H.retry_at),
    )
)
