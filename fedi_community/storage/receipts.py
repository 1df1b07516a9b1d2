"""What the ledger and the queue say of a post that was taken back; for its author alone."""

from __future__ import annotations

from sqlalchemy import case, func, select

from fedi_community.domain.receipts import Receipt
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, number, param, word

_O, _L, _D, _A = t.objects.c, t.ledger.c, t.deliveries.c, t.activities.c
_OWN = Statement(
    select(_O.id).where(_O.id == param("key"), _O.author_id == param("author"), _O.state == word("deleted"))
)
_SERVERS = Statement(select(func.count(func.distinct(_L.host_id))).where(_L.object_id == param("key")))
_COMING = Statement(
    select(t.fanout.c.id)
    .join(t.activities, _A.id == t.fanout.c.activity_id)
    .where(_A.object_id == param("key"), t.fanout.c.mode == word("retraction"))
    .limit(1)
)
_LEFT = Statement(
    select(_D.host_id, func.min(case((_D.state == word("dead"), number(1)), else_=number(0))).label("dead"))
    .join(t.activities, _A.id == _D.activity_id)
    .where(_A.object_id == param("key"), _D.mode == word("retraction"))
    .group_by(_D.host_id)
)


async def receipt(tx: Tx, post_id: int, author_id: int) -> Receipt | None:
    """None for anybody but the author, and for what was not taken back."""
    if await tx.row(_OWN, key=post_id, author=author_id) is None:
        return None
    servers: int = await tx.value(_SERVERS, key=post_id) or 0
    coming = servers > 0 and await tx.row(_COMING, key=post_id) is not None
    left = [row["dead"] for row in await tx.rows(_LEFT, key=post_id)]
    lost = sum(left)
    return Receipt(servers, min(len(left) - lost, servers), min(lost, servers), coming)
