"""What an activity does: one file a verb family, each with `needs` (what to look up) and `decide` (pure).

Every handler receives *who said it*: `Told.actor` is the verified speaker, never what the payload claims. The table below
is the whole dispatch; a verb that is not in it is acknowledged, counted and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from fedi_community.activitypub.handlers import boosts, content, follows, moderation, reactions, undo
from fedi_community.activitypub.handlers.told import Handler, Told
from fedi_community.domain.effects import Decision, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.errors import Refusal

HANDLERS: Mapping[str, Handler] = {
    "Create": content.CREATE,
    "Update": content.UPDATE,
    "Delete": content.DELETE,
    "Follow": follows.FOLLOW,
    "Accept": follows.ACCEPT,
    "Reject": follows.REJECT,
    "Undo": undo.UNDO,
    "Announce": boosts.ANNOUNCE,
    "Like": reactions.LIKE,
    "Dislike": reactions.DISLIKE,
    "EmojiReact": reactions.REACT,
    "Block": moderation.BLOCK,
    "Add": moderation.ADD,
    "Remove": moderation.REMOVE,
    "Lock": moderation.LOCK,
    "Flag": moderation.FLAG,
    "Move": follows.MOVE,
}


def handler_of(told: Told) -> Handler:
    """The handler of an activity's type; unknown types get one that ignores them."""
    return HANDLERS.get(told.activity.type, UNKNOWN)


def _nothing(told: Told) -> Needs:
    return Needs()


def _ignore(told: Told, facts: Facts) -> Decision | Refusal:
    return ignored("unknown_verb")


UNKNOWN = Handler(_nothing, _ignore)
