"""What was written for a group's members before the group was opened: it stays with those who were members then.

Their collection (`model.members_then`) is grants like any other, so that the rule stays as it is. It takes the place of the group's
members in the gates of that time; nobody enters it, and whoever leaves the group leaves it.
"""

from __future__ import annotations

from sqlalchemy import Executable, literal_column, select, update

from fedi_community.domain import effects as e
from fedi_community.domain.model import Grant, followers_of
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Inserts, Statement, number, param
from fedi_community.storage.visible import exists_in
from fedi_community.storage.wake import Wake

G, P = t.grants.c, t.gate_principals.c
_gate, _member = t.gates.alias(), t.grants.alias()
_of_group = select(_gate.c.id).where(_gate.c.group_id == param("group"))


def _keep(insert: Inserts) -> Executable:
    members = (
        select(
            _member.c.actor_id,
            _gate.c.id + number(1),
            _member.c.state,
            literal_column("'{}'"),
            param("at"),
            param("at"),
        )
        .select_from(
            _gate.join(t.gate_principals, P.gate_id == _gate.c.id).join(
                _member, _member.c.collection_id == P.principal_id
            )
        )
        .where(
            _gate.c.group_id == param("group"),
            P.principal_id == param("members"),
            _member.c.state == number(Grant.ACCEPTED),
        )
    )
    columns = ["actor_id", "collection_id", "state", "settings", "created", "updated"]
    return insert(t.grants).from_select(columns, members).on_conflict_do_nothing()  # type: ignore[no-any-return]


_KEEP = Statement(_keep)
_REPLACE = Statement(
    update(t.gate_principals)
    .where(P.principal_id == param("members"), P.gate_id.in_(_of_group.scalar_subquery()))
    .values(principal_id=P.gate_id + number(1))
)
_LEFT = Statement(
    update(t.grants)
    .where(
        G.actor_id == param("actor"),
        G.state == number(Grant.ACCEPTED),
        exists_in(_gate, _gate.c.id == G.collection_id - number(1), _gate.c.group_id == param("group")),
    )
    .values(state=number(Grant.ENDED), updated=param("at"))
)
_MANY_LEFT = Statement(
    update(t.grants)
    .where(
        G.collection_id.in_(
            select(_gate.c.id + number(1)).where(_gate.c.group_id == param("group")).scalar_subquery()
        ),
        G.state == number(Grant.ACCEPTED),
        ~exists_in(
            _member,
            _member.c.actor_id == G.actor_id,
            _member.c.collection_id == param("members"),
            _member.c.state == number(Grant.ACCEPTED),
        ),
    )
    .values(state=number(Grant.ENDED), updated=param("at"))
)


async def keep_to_members(tx: Tx, x: e.KeepToMembers, wake: Wake) -> None:
    """Carry out the effect, before the group has its new gate."""
    members = followers_of(x.group_id)
    await tx.run(_KEEP, group=x.group_id, members=members, at=x.at)
    await tx.run(_REPLACE, group=x.group_id, members=members)


async def left(tx: Tx, actor_id: int, group_id: int, at: int) -> None:
    """Somebody is not in a group any more."""
    await tx.run(_LEFT, actor=actor_id, group=group_id, at=at)


async def many_left(tx: Tx, group_id: int, at: int) -> None:
    """Of many it is not known who left."""
    await tx.run(_MANY_LEFT, group=group_id, members=followers_of(group_id), at=at)
