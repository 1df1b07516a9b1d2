"""Who may say what about whom, as far as a payload and its verified signer show it (FEP-fe34).

`door_check` is asked in the inbox after the signature, before anything is stored or fetched; the same rules hold for an
activity inside a group's Announce (`inner_check`), where the wrapper's signer proves nothing about the inner actor.
All of it is pure. What needs the database stays with the handlers: whether the stored object is owned by the actor,
whether the actor moderates the group, whether the Follow that is accepted was ever sent.

Free to anybody: Announce, Like, Dislike, EmojiReact, Flag, Follow, Block, Lock, Add, Remove and every unknown verb.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from fedi_community.activitypub.wire import PUBLIC, WireActivity, WireActor, WireObject
from fedi_community.activitypub.wire.types import Embedded
from fedi_community.domain.origins import same_origin, valid_id
from fedi_community.errors import Refusal

_SHORTCODE: Final = re.compile(r":[A-Za-z0-9_+-]{1,64}(?:@[A-Za-z0-9.-]{1,253})?:\Z")
# One emoji: a flag of two letters, a keycap, or a picture with its modifiers, joined by zero-width joiners.
_PICTURE: Final = (
    "[^\\w\\s!-~\U0001f1e6-\U0001f1ff\u200d\ufe0f\U0001f3fb-\U0001f3ff]"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?\ufe0f?\u20e3?[\U000e0020-\U000e007f]{0,8}"
)
_ONE_EMOJI: Final = re.compile(
    rf"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_PICTURE}(?:\u200d{_PICTURE}){{0,8}})\Z"
)


def door_check(
    activity: WireActivity, signer: str, is_local: Callable[[str], bool], *, allow_http: bool = False
) -> Refusal | None:
    """Judges an activity at the inbox.

    signer: the actor who owns the key that verified. is_local: whether a URL is this server's own. allow_http: the
    operator allows peers without TLS. Refusals: `signer_mismatch` (401: the caller may instead refetch a public object by
    its id), `insecure_id` (400), `local_actor` (403), and those of `inner_check`.
    """
    if not valid_id(activity.actor, allow_http) or not valid_id(activity.id, allow_http):
        return _shape("insecure_id", "Ids must be https URLs.")
    if is_local(activity.actor):
        return _denied("local_actor")
    if activity.actor != signer:
        return Refusal("signer_mismatch", 401, "The signature is not by the actor of the activity.")
    return inner_check(activity)


def inner_check(activity: WireActivity) -> Refusal | None:
    """Whether an activity is consistent in itself, its `actor` being taken as true.

    Refusals: 400 `object_missing`, `object_without_id`, `reaction_not_one_emoji`; 403 `id_on_other_origin`,
    `object_on_other_origin`, `not_owner`, `not_own_activity`, `not_followed_actor`, `not_own_move`.
    """
    if activity.id and not same_origin(activity.id, activity.actor):
        return _denied("id_on_other_origin")
    match activity.type:
        case "Create" | "Update":
            return _content_check(activity)
        case "Delete":
            return _delete_check(activity)
        case "Undo":
            return _undo_check(activity)
        case "Accept" | "Reject" | "TentativeAccept" | "TentativeReject":
            return _answer_check(activity)
        case "Move":
            return _move_check(activity)
        case "EmojiReact":
            return _reaction_check(activity)
        case _:
            return None


def _content_check(activity: WireActivity) -> Refusal | None:
    """Create and Update: every object is the actor's own, same actor and not merely same server."""
    if not activity.objects:
        return _shape("object_missing", "The activity has no object.")
    for item in activity.objects:
        refusal = _owned_check(activity, item)
        if refusal is not None:
            return refusal
    return None


def _owned_check(activity: WireActivity, item: str | Embedded) -> Refusal | None:
    identity = item if isinstance(item, str) else item.id
    if not identity:
        return _shape("object_without_id", "The object has no id.")
    if isinstance(item, WireActor):
        # A group's profile may be edited by its moderators (Lemmy, Mbin): who they are is for the handler to look up.
        may_be_moderated = activity.type == "Update" and item.kind == "Group"
        return None if identity == activity.actor or may_be_moderated else _denied("not_owner")
    if not same_origin(identity, activity.actor):
        return _denied("object_on_other_origin")
    if isinstance(item, WireObject) and item.attributed_to and author_of(item, activity.actor) is None:
        return _denied("not_owner")
    return None


def _delete_check(activity: WireActivity) -> Refusal | None:
    """A Delete is by somebody on the object's server, or a moderator's removal, which names the group it is done in.

    Which of the two it is, and whether it may be, the handler decides by what is stored.
    """
    if not activity.object_ids:
        return _shape("object_missing", "The activity has no object.")
    names_a_group = (
        activity.audience or activity.target_id or any(a != PUBLIC for a in (*activity.to, *activity.cc))
    )
    for identity in activity.object_ids:
        if not same_origin(identity, activity.actor) and not (activity.summary is not None and names_a_group):
            return _denied("not_owner")
    embedded = activity.object
    if isinstance(embedded, WireActor) and embedded.id != activity.actor:
        return _denied("not_owner")
    return None


def _undo_check(activity: WireActivity) -> Refusal | None:
    """An Undo is of the actor's own activity; by id alone, of one on the actor's own origin."""
    if not activity.objects:
        return _shape("object_missing", "The activity has no object.")
    for item in activity.objects:
        if isinstance(item, WireActivity) and item.actor != activity.actor:
            return _denied("not_own_activity")
        identity = item if isinstance(item, str) else item.id
        if identity and not same_origin(identity, activity.actor):
            return _denied("not_own_activity")
    return None


def _answer_check(activity: WireActivity) -> Refusal | None:
    """Accept and Reject of an embedded Follow come from whom it asks to follow."""
    follow = activity.object
    if isinstance(follow, WireActivity) and follow.type == "Follow" and follow.object_id != activity.actor:
        return _denied("not_followed_actor")
    return None


def _move_check(activity: WireActivity) -> Refusal | None:
    """A Move is said by the old account (push) or by the new one (pull, FEP-7628); of a discussion, by the group it leaves or by
    somebody of its server (NodeBB: whoever moved the topic there)."""
    if activity.actor in (activity.object_id, activity.target_id):
        return None
    left = activity.origin_id
    return None if left is not None and same_origin(left, activity.actor) else _denied("not_own_move")


def _reaction_check(activity: WireActivity) -> Refusal | None:
    if activity.content is None or is_one_emoji(activity.content):
        return None
    return _shape("reaction_not_one_emoji", "A reaction is one emoji.")


def is_one_emoji(text: str) -> bool:
    """Whether a reaction is one emoji or one `:shortcode:` (FEP-c0e0). An approximation that refuses a second picture."""
    return bool(_SHORTCODE.match(text) or _ONE_EMOJI.match(text))


def author_of(obj: WireObject, signer: str) -> str | None:
    """The signer if he is among those the object is attributed to, else None: nobody else in the list is an author."""
    return signer if any(author.id == signer for author in obj.attributed_to) else None


def unknown_actor_shortcut(activity: WireActivity) -> bool:
    """Whether it is a Delete or Update of the actor itself: from an unknown actor it is answered 202 and forgotten."""
    return activity.type in ("Delete", "Update") and activity.object_id == activity.actor


def trusted_embedded(embedded: Embedded, owner: str) -> bool:
    """Whether an embedded value may be believed as it stands, in a document verified as `owner`'s.

    It may if it has no id of its own, or if it is on the same origin *and* by the same owner. Everything else counts as
    its id alone, to be fetched from its own server.
    """
    if not embedded.id:
        return True
    if not same_origin(embedded.id, owner):
        return False
    if isinstance(embedded, WireActor):
        return embedded.id == owner
    if isinstance(embedded, WireActivity):
        return embedded.actor == owner
    if isinstance(embedded, WireObject):
        return author_of(embedded, owner) is not None
    return embedded.owner == owner


def _denied(reason: str) -> Refusal:
    return Refusal(reason, 403, "The actor may not do this.")


def _shape(reason: str, safe: str) -> Refusal:
    return Refusal(reason, 400, safe)
