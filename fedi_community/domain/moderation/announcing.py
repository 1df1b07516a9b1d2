"""How peers hear of what those who run a group did: the group itself says it, and passes on what moderators elsewhere said.

What a local group passed on and boosted it takes back from every server that has a copy (FEP-1b12 §Announcing): microblogs know a
thread by the group's boost alone.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from fedi_community.domain import addresses, sending
from fedi_community.domain.effects import DeletePost, Effect, Record, Send
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Actor, Post, followers_of

REMOVED: Final = "Removed from the group"
"""What peers are told: the reason stays in the group's log."""


def say(
    facts: Facts, post: Post, type_: str, mode: Literal["content", "retraction"], **extra: str
) -> list[Effect]:
    """The group itself says what was done to a post."""
    uri, speaker = addresses.activity(facts.base_url, facts.new_ids[0]), facts.voice or post.group_id or 0
    return announced(facts, post, speaker, type_, uri, None, mode, dict(extra))


def say_of(
    facts: Facts, group: Actor, type_: str, person: Actor, said_id: int, announce_id: int, **extra: Any
) -> list[Effect]:
    """A local group says what was done about somebody (Block, Undo of it, Add and Remove of its moderators): to its followers, and
    to his own server. Of a group that not everybody reads only hosts hear that hold its people: those that staff listed, and
    one that he was in the group from, or asked."""
    settings = facts.group(group.id)
    held = facts.grants.get((person.id, followers_of(group.id))) is not None
    sends: list[Effect] = []
    if not person.local and (not settings.gated or held or person.host in settings.peers):
        sends.append(Send(said_id, "control", facts.now, (), (person.id,)))
    uri = addresses.activity(facts.base_url, said_id)
    if not settings.gated or settings.peers:
        announce = addresses.activity(facts.base_url, announce_id)
        sends += [
            Record(announce_id, announce, "Announce", group.id, facts.now, None, None, uri, None, {"wraps": True}),
            Send(announce_id, "control", facts.now, (followers_of(group.id),)),
        ]  # fmt: skip
    if not sends:
        return []
    speaker = facts.voice or group.id
    said = Record(
        said_id, uri, type_, speaker, facts.now, None, person.id, extra={"group": group.id, **extra}
    )
    return [said, *sends]


def passed_on(
    facts: Facts, group: Actor, type_: str, person: Actor, speaker: Actor, uri: str | None, raw: bytes | None
) -> list[Effect]:
    """A local group passes on what a moderator elsewhere said about somebody, unchanged. Takes the last two new ids."""
    settings = facts.group(group.id)
    if uri is None or speaker.local or (settings.gated and not settings.peers):
        return []
    his = (person.id,) if not person.local and (not settings.gated or person.host in settings.peers) else ()
    said_id, announce_id = facts.new_ids[-2:]
    announce = addresses.activity(facts.base_url, announce_id)
    return [
        Record(said_id, uri, type_, speaker.id, facts.now, None, person.id, extra={"group": group.id}),
        Record(announce_id, announce, "Announce", group.id, facts.now, None, None, uri, raw, {"wraps": True}),
        Send(announce_id, "control", facts.now, (followers_of(group.id),), his),
    ]


def announced(
    facts: Facts, post: Post, actor_id: int, type_: str, uri: str | None, raw: bytes | None,
    mode: Literal["content", "retraction"], extra: dict[str, Any],
) -> list[Effect]:  # fmt: skip
    """A local group passes on what was said of a post in it, a peer's activity unchanged (FEP-1b12 §Announcing)."""
    group = facts.actors.get(post.group_id) if post.group_id else None
    if group is None or not group.local or uri is None:
        return []
    if mode == "content" and not post.public and not facts.group(group.id).peers:
        return []  # what is taken back goes to whoever has a copy, whichever hosts are listed now
    said_id, announce_id = facts.new_ids[:2]
    announce = addresses.activity(facts.base_url, announce_id)
    wraps = {"wraps": True}
    return [
        Record(said_id, uri, type_, actor_id, facts.now, post.id, extra=extra),
        Record(announce_id, announce, "Announce", group.id, facts.now, post.id, None, uri, raw, wraps),
        Send(announce_id, mode, facts.now, (followers_of(group.id),), (post.author_id,), post.id),
    ]


def unboosted(facts: Facts, post: Post) -> list[Effect]:
    told = sending.unboost(facts, post, facts.new_ids[2])
    boost = sending.boost_of(facts, post)
    if boost is None:
        return []
    return [*told, DeletePost(boost, facts.actors[boost.author_id].uri, facts.now)]
