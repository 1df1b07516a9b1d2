"""What a group passes on (FEP-1b12): whether each inner activity counts as its own actor's word.

It does when the group shares its origin, when it carries a valid proof, when its object says so at its own server, and when it is
what the group itself may say: that a moderator did something in it. Whether he is one, the handlers ask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from fedi_community.activitypub.authority import inner_check
from fedi_community.activitypub.fetch import GONE, Failed
from fedi_community.activitypub.handlers.told import Told
from fedi_community.activitypub.proofs import parse_proof, proof_key_owner_ok, verify_proof
from fedi_community.activitypub.wire import WireActivity, WireObject
from fedi_community.domain import addresses
from fedi_community.domain.origins import host_of, same_origin
from fedi_community.errors import Refusal
from fedi_community.peers import Peers
from fedi_community.perform import House
from fedi_community.storage import documents as rows
from fedi_community.storage.database import Tx
from fedi_community.storage.keys import actor_id_by_uri
from fedi_community.storage.views import post_id_by_uri

VOTES: Final = ("Like", "Dislike", "EmojiReact")


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: try again, sooner when `waits_for` arrives."""

    reason: str
    waits_for: str | None = None


async def believed(house: House, peers: Peers, told: Told, inner: WireActivity) -> Told | str | Later:
    """The inner activity as its actor's word; else why it is not (a verdict), or why nobody can tell just now."""
    if addresses.is_local(house.base_url, inner.actor):
        return "own_echo"
    if host_of(inner.actor) is None or inner_check(inner) is not None:
        return "inner_refused"
    learned = await peers.learn_actor(inner.actor)
    if isinstance(learned, Failed):
        return Later(learned.reason) if learned.retryable else "unknown_inner_actor"
    said = replace(told, activity=inner, actor=inner.actor, raw=None, relayed_by=told.actor)
    if same_origin(inner.actor, told.actor) or await _proven(house, peers, inner):
        return said
    act = inner.object if inner.type == "Undo" and isinstance(inner.object, WireActivity) else inner
    if await _is_its_own(house, told.actor, act):
        return said
    return await _confirmed(peers, said)


async def _proven(house: House, peers: Peers, inner: WireActivity) -> bool:
    """The inner activity carries an integrity proof by a key that its actor lists (FEP-8b32)."""
    info = parse_proof(inner.raw)
    if isinstance(info, Refusal):
        return False
    known = await peers.key(info.verification_method)
    if isinstance(known, Refusal) or known.actor_uri != inner.actor:
        return False
    if not proof_key_owner_ok(info.verification_method, known.actor_uri, inner.actor):
        return False
    return not isinstance(verify_proof(info, known.key, house.clock()), Refusal)


async def _is_its_own(house: House, group: str, act: WireActivity) -> bool:
    """What the group may say by itself: who is kept out of it, what is in its collections, that a post in it is locked, removed or
    voted on. An author's own Delete is not among it."""
    target = act.target_id or ""
    match act.type:
        case "Block":
            return target == group
        case "Add" | "Remove":
            return target.rsplit("/", 1)[0] == group
        case "Lock" | "Delete":
            author = await _author_in(house, group, act.object_id)
            return author is not None and author != act.actor
    return act.type in VOTES and await _author_in(house, group, act.object_id) is not None


async def _confirmed(peers: Peers, said: Told) -> Told | str | Later:
    """No proof and another origin: the object's own server is asked."""
    inner, uri = said.activity, said.activity.object_id
    if inner.type in ("Create", "Update") and uri and same_origin(uri, inner.actor):
        document = await peers.fetcher.post(uri)
        if isinstance(document, Failed):
            return Later(document.reason) if document.retryable else "unconfirmed"
        if not any(a.id == inner.actor for a in document.attributed_to):
            return "unconfirmed"
        fresh = replace(inner, object=document, object_id=document.id, objects=(document,))
        return replace(said, activity=fresh)
    if inner.type == "Delete" and uri:
        document = await peers.fetcher.post(uri)
        gone = isinstance(document, Failed) and document.status in GONE
        tombstone = isinstance(document, WireObject) and document.kind == "Tombstone"
        return said if gone or tombstone else "unconfirmed"
    return "unconfirmed"


async def _author_in(house: House, group: str, uri: str | None) -> str | None:
    """Who wrote a post that is in the group; None where it is not."""

    async def unit(tx: Tx) -> str | None:
        key = await post_id_by_uri(tx, uri or "")
        post = None if key is None else (await rows.load_bones(tx, [key])).get(key)
        if post is None or post.group_id is None or post.group_id != await actor_id_by_uri(tx, group):
            return None
        return await rows.actor_uri(tx, post.author_id)

    return await house.db.read(unit)
