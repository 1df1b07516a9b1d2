"""Decide about editing a post and taking it back, and who hears of it. The audience stays what it was."""

from __future__ import annotations

from dataclasses import replace

from fedi_community.domain import addresses, holds, sending, uploads
from fedi_community.domain.effects import (
    Decision,
    DeletePost,
    EditPost,
    Effect,
    Record,
    RememberGone,
    Send,
    SetState,
    ignored,
)
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Actor, Body, Kind, Post, State, followers_of
from fedi_community.domain.moderation.announcing import REMOVED, say, unboosted
from fedi_community.domain.posts import waits, was_counted
from fedi_community.errors import NOT_FOUND, Refusal


def decide_edit(
    post_id: int, actor_id: int, body: Body, facts: Facts, *, kind: Kind | None = None, edited: int | None = None,
    activity_uri: str | None = None, raw: bytes | None = None,
) -> Decision | Refusal:  # fmt: skip
    """The author changes his text. The audience stays what it was. Needs 3 new ids: Update or Delete, the group's Announce, the
    Undo of its boost. The posts' boosts must have been looked up."""
    post = facts.posts.get(post_id)
    if post is None or post.state is State.DELETED or not facts.may_view(actor_id, post):
        return NOT_FOUND
    if post.author_id != actor_id:
        return Refusal("not_the_author", 403, "Only the author may change this.") if post.local else NOT_FOUND
    if activity_uri is not None and activity_uri in facts.activities:
        return ignored("duplicate")
    at = facts.now if edited is None else min(edited, facts.now)
    if edited is not None and post.edited is not None and at <= post.edited:
        return ignored("older_revision")
    refused = uploads.may_attach(body.attachments, actor_id, facts, post.id) if post.local else None
    if refused:
        return refused
    # A mention added by an edit grants nothing: names outside the audience are not kept as mentions.
    body = replace(
        body,
        mentions=tuple(
            m for m in body.mentions if m in post.audience or (post.public and not facts.unheard(actor_id, m))
        ),
    )
    effects: list[Effect] = [EditPost(post, body, at)]
    waits_for = _held_by_edit(facts, post, body)
    if waits_for:
        hidden = [*say(facts, post, "Delete", "retraction", summary=REMOVED), *unboosted(facts, post)]
        return Decision(
            (*effects, SetState(post, State.HELD, waits_for), *hidden, *waits(facts, post)), post.id, "held"
        )
    if not post.released:
        return Decision(tuple(effects), post.id, "edited")  # nobody has the earlier words
    return Decision((*effects, *told_of_change(facts, post, "Update", activity_uri, raw)), post.id, "edited")


def _held_by_edit(facts: Facts, post: Post, body: Body) -> holds.Why | None:
    """New words can be such as the group wants to see first; then the post waits again."""
    group = facts.actors.get(post.group_id) if post.group_id else None
    if (
        group is None
        or not group.local
        or post.state is not State.PUBLISHED
        or facts.moderates(post.author_id, group.id)
    ):
        return None
    return holds.in_words(body, facts.group(group.id).holds, (post.author_id, group.id) not in facts.heard)


def decide_delete(
    post_id: int, actor_id: int, facts: Facts, *, activity_uri: str | None = None, raw: bytes | None = None,
    redraft: bool = False,
) -> Decision | Refusal:  # fmt: skip
    """The author takes it back, everywhere it went. Needs 3 new ids: Delete, the group's Announce, the Undo of its boost.

    redraft: he may post its files anew for an hour."""
    post = facts.posts.get(post_id)
    if post is None or post.state is State.DELETED:
        return NOT_FOUND
    if post.author_id != actor_id:
        return (
            NOT_FOUND
            if not facts.may_view(actor_id, post)
            else Refusal("not_the_author", 403, "Only the author may delete this.")
        )
    owner = facts.actors[post.author_id].uri
    until = facts.now + uploads.REDRAFT_MS if redraft else None
    if not post.released:  # nobody was told of it
        return Decision((DeletePost(post, owner, facts.now, until),), post.id, "deleted")
    told = [
        *told_of_change(facts, post, "Delete", activity_uri, raw),
        *sending.unboost(facts, post, facts.new_ids[2]),
    ]
    return Decision((*told, DeletePost(post, owner, facts.now, until, was_counted(post))), post.id, "deleted")


def told_of_change(
    facts: Facts, post: Post, type_: str, activity_uri: str | None, raw: bytes | None
) -> list[Effect]:
    """Who hears of an Update or Delete: for ours, all who were addressed and (by the ledger) all who have a copy; a
    local group passes on what its members did."""
    if post.state is State.UNHEARD:
        return []
    own_id, announce_id = facts.new_ids[:2]
    mode = "content" if type_ == "Update" else "retraction"
    effects: list[Effect] = []
    inner = activity_uri
    if post.local:
        inner = addresses.activity(facts.base_url, own_id)
        parent = facts.posts.get(post.reply_to) if post.reply_to else None
        collections, actors = sending.candidates(facts, post, parent)
        effects += [
            Record(own_id, inner, type_, post.author_id, facts.now, post.id),
            Send(own_id, mode, facts.now, collections, actors, post.id),  # type: ignore[arg-type]
        ]
    elif activity_uri is not None:
        effects.append(Record(own_id, activity_uri, type_, post.author_id, facts.now, post.id))
    group = facts.actors.get(post.group_id) if post.group_id else None
    elsewhere = post.public or (
        group is not None and (mode == "retraction" or bool(facts.group(group.id).peers))
    )
    if group is not None and group.local and inner is not None and elsewhere:
        uri = addresses.activity(facts.base_url, announce_id)
        effects += [
            Record(
                announce_id, uri, "Announce", group.id, facts.now, post.id, None, inner, raw, {"wraps": True}
            ),
            Send(announce_id, mode, facts.now, (followers_of(group.id),), (post.author_id,), post.id),  # type: ignore[arg-type]
        ]
    return effects


def decide_gone(uri: str, actor: Actor, facts: Facts) -> Decision:
    """A Delete for what we never saw: it holds if the speaker turns out to be the author."""
    return Decision((RememberGone(uri, actor.uri, facts.now),), None, "remembered")
