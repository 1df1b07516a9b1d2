"""What an actor that is deleted leaves behind, beside its posts and files: its profile goes, and all that it kept for itself. The
handle stays taken, and the address stays gone."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import delete, or_, select, update

from fedi_community.storage import client_tables as c
from fedi_community.storage import tables as t
from fedi_community.storage.database import Tx
from fedi_community.storage.dialect import Statement, param, word

_KEY = param("key")
_BLANK = Statement(
    update(t.actors)
    .where(t.actors.c.id == _KEY)
    .values(name="", summary="", summary_source=None, fields="[]", icon=None, image=None, also_known_as="[]", badges="[]")
)  # fmt: skip
_FILTERS = select(c.filters.c.id).where(c.filters.c.actor_id == _KEY).scalar_subquery()
_LISTS = select(c.lists.c.id).where(c.lists.c.actor_id == _KEY).scalar_subquery()


def _of(table: Any, column: str = "actor_id") -> Statement:
    return Statement(delete(table).where(table.c[column] == _KEY))


OWN: Final = (
    c.account_notes, c.announcement_reactions, c.announcement_reads, c.dismissed_suggestions, c.domain_blocks, c.endorsements,
    c.featured_tags, c.followed_tags, t.idempotency, t.join_answers, t.markers, t.mutes, c.notification_policies, t.pins,
    c.push_subscriptions, c.scheduled, c.thread_mutes,
)  # fmt: skip
"""Tables of which the rows of `actor_id` go."""
KEPT: Final = (
    "activities", "attachments", "audit", "badges", "blocks", "feeds", "grants", "groups", "handles", "invitations", "keys",
    "measures", "mentions", "moderation_notes", "objects", "poll_votes", "principals", "reports", "saved_answers", "speakers",
    "tokens", "unmaskings",
)  # fmt: skip
"""Tables that name actors and whose rows stay or are dealt with elsewhere: what others did, what was said to others and taken
back, what those who look after this place wrote down, and that the name was taken."""
_FORGET: Final = (
    Statement(delete(c.filter_keywords).where(c.filter_keywords.c.filter_id.in_(_FILTERS))),
    Statement(delete(c.filter_statuses).where(c.filter_statuses.c.filter_id.in_(_FILTERS))),
    _of(c.filters),
    Statement(
        delete(c.list_members).where(
            or_(c.list_members.c.actor_id == _KEY, c.list_members.c.list_id.in_(_LISTS))
        )
    ),
    Statement(delete(c.list_entries).where(c.list_entries.c.list_id.in_(_LISTS))),
    _of(c.lists),
    *(_of(table) for table in OWN),
    *(_of(table, "owner_id") for table in (c.conversations, t.home, t.homes, c.notification_senders)),
    _of(c.notification_senders),
    Statement(
        delete(t.notifications).where(
            or_(t.notifications.c.owner_id == _KEY, t.notifications.c.actor_id == _KEY)
        )
    ),
    Statement(
        delete(t.reactions).where(t.reactions.c.actor_id == _KEY, t.reactions.c.kind == word("bookmark"))
    ),
)

GOES: Final = frozenset(
    {table.name for table in OWN}
    | {
        "conversations",
        "filters",
        "home",
        "homes",
        "list_members",
        "lists",
        "notification_senders",
        "notifications",
        "reactions",
    }
)
"""All tables of which rows go."""


async def forget_actor(tx: Tx, actor_id: int) -> None:
    """The profile, and what was kept for nobody else. About thirty statements, whatever there is."""
    await tx.run(_BLANK, key=actor_id)
    for statement in _FORGET:
        await tx.run(statement, key=actor_id)
