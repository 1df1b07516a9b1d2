"""Process accepted activities: fetch what is missing outside any transaction, then `perform`; any order, once each.

Activities of one actor are processed in the order they came, those of different actors side by side. A row is finished in
the transaction of its effects; one that fails is tried again with growing pauses, and after its attempts it is a dead
letter that an operator can read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog

from fedi_community.activitypub.authority import inner_check
from fedi_community.activitypub.fetch import GONE, Failed
from fedi_community.activitypub.handlers import handler_of
from fedi_community.activitypub.handlers.content import ASK_AGAIN
from fedi_community.activitypub.handlers.told import Told
from fedi_community.activitypub.proofs import parse_proof, proof_key_owner_ok, verify_proof
from fedi_community.activitypub.strict_json import loads
from fedi_community.activitypub.wire import WireActivity, WireActor, WireObject, parse_activity
from fedi_community.domain import addresses
from fedi_community.domain.effects import CompleteInbox, Decision, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.origins import host_of, same_origin
from fedi_community.domain.relations import decide_follow
from fedi_community.errors import Problem, Refusal
from fedi_community.peers import Peers
from fedi_community.perform import Change, House, perform
from fedi_community.storage import queue
from fedi_community.storage.database import Tx
from fedi_community.storage.follows import local_followers
from fedi_community.storage.keys import actor_id_by_uri, local_actor
from fedi_community.storage.queue import Accepted

log = structlog.get_logger("inbox")

BATCH: Final = 128
PARALLEL: Final = 32
ATTEMPTS: Final = 12
PAUSES_MS: Final = tuple(
    s * 1000 for s in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 14_400, 14_400, 14_400)
)
"""After each failed attempt; together about a day, as long as a detached reply waits for its parent."""
AFTERMATH: Final = frozenset({"Add", "Remove", "Move"})
"""Activities after whose decision there may be more to do; so has an Update of an actor."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: try again, sooner when `waits_for` arrives."""

    reason: str
    waits_for: str | None = None


class InboxWorker:
    """Works off the inbox. One per process; several processes share the table by leases."""

    def __init__(self, house: House, peers: Peers) -> None:
        self.house = house
        self._peers = peers
        self._event = asyncio.Event()
        self._stopping = False
        self.verdicts: Counter[str] = Counter()

    def wake(self) -> None:
        """Something was accepted."""
        self._event.set()

    def stop(self) -> None:
        """Finish what is in hand, then end `run`."""
        self._stopping = True
        self._event.set()

    async def run(self) -> None:
        """Work until `stop`. Sleeps until woken, or until the next row is due."""
        while not self._stopping:
            self._event.clear()
            if not await self._batch():
                await self._rest()

    async def _rest(self) -> None:
        due = await self.house.db.read(queue.next_due)
        pause = 5.0 if due is None else min(max((due - self.house.clock()) / 1000, 0.05), 5.0)
        try:
            async with asyncio.timeout(pause):
                await self._event.wait()
        except TimeoutError:
            return

    async def run_until_idle(self) -> None:
        """Work off what is due now (tests, and commands that end)."""
        while await self._batch():
            pass

    async def _batch(self) -> bool:
        now = self.house.clock()
        rows = await self.house.db.write(lambda tx: queue.lease(tx, now, BATCH))
        if not rows:
            return False
        lanes: dict[str, list[Accepted]] = {}
        for row in rows:
            lanes.setdefault(row.signer, []).append(row)
        gate = asyncio.Semaphore(PARALLEL)
        async with asyncio.TaskGroup() as group:
            for lane in lanes.values():
                group.create_task(self._lane(lane, gate, now + queue.LEASE_MS))
        return True

    async def _lane(self, lane: Sequence[Accepted], gate: asyncio.Semaphore, until: int) -> None:
        """One actor's rows in order; those left when the lease has run out belong to whoever leases them next."""
        for row in lane:
            async with gate:
                if self.house.clock() >= until:
                    return
                await self._row(row)

    async def _row(self, row: Accepted) -> None:
        try:
            outcome = await self.process(row)
        except Problem as problem:
            outcome = Later(problem.reason)
        except Exception as error:
            log.exception("inbox_failed", activity=row.uri, signer=row.signer, kind=type(error).__name__)
            outcome = Later("error_" + type(error).__name__)
        if isinstance(outcome, Later):
            await self._put_back(row, outcome)
        else:
            self.verdicts[outcome] += 1

    async def _put_back(self, row: Accepted, later: Later) -> None:
        self.verdicts["later_" + later.reason] += 1
        if row.attempts >= ATTEMPTS:
            await self.house.db.write(lambda tx: queue.bury(tx, row.id, later.reason))
            log.warning("inbox_dead", activity=row.uri, signer=row.signer, reason=later.reason)
            return
        run_at = self.house.clock() + PAUSES_MS[min(row.attempts, len(PAUSES_MS)) - 1]
        await self.house.db.write(lambda tx: queue.retry(tx, row.id, run_at, later.reason, later.waits_for))

    async def process(self, row: Accepted) -> str | Later:
        """Everything one accepted activity asks for. Returns the verdict, or why it has to wait."""
        activity = parse_activity(loads(row.body))
        if isinstance(activity, Refusal):
            return await self._finish(row, activity.reason)
        told = Told(activity, row.signer, self.house.clock(), row.body)
        if activity.type == "Announce" and any(isinstance(o, WireActivity) for o in activity.objects):
            return await self._unwrap(row, told)
        return await self._handle(row, told)

    async def _finish(self, row: Accepted, verdict: str) -> str:
        await perform(
            self.house, Change(Needs(), lambda facts: ignored(verdict), 0, (CompleteInbox(row.id),))
        )
        return verdict

    async def _handle(self, row: Accepted | None, told: Told) -> str | Later:
        handler = handler_of(told)
        waits = await self._prepare(told)
        if isinstance(waits, Later) and (row is None or row.attempts < ATTEMPTS):
            return waits
        profile = told.activity.type == "Update" and isinstance(told.activity.object, WireActor)
        more = profile or told.activity.type in AFTERMATH
        always = (CompleteInbox(row.id),) if row is not None and not more else ()

        def decide(facts: Facts) -> Decision | Refusal:
            return handler.decide(told, facts)

        change = Change(handler.needs(told), decide, handler.ids, always)
        decided = await perform(self.house, change)
        verdict = decided.reason if isinstance(decided, Refusal) else decided.verdict
        log.debug(
            "inbox", activity=told.activity.id, type=told.activity.type, actor=told.actor, verdict=verdict
        )
        if not more:
            return verdict
        outcome = await self._aftermath(told, decided) if isinstance(decided, Decision) else verdict
        return outcome if row is None or isinstance(outcome, Later) else await self._finish(row, outcome)

    # --- what must be known first -----------------------------------------------------------------------------------

    async def _prepare(self, told: Told) -> Later | None:
        """Fetch the actors and posts that the handler needs, where this server has any business with them."""
        handler = handler_of(told)
        for uri in handler.actors(told):
            if not addresses.is_local(self.house.base_url, uri):
                learned = await self._peers.learn_actor(uri)
                if isinstance(learned, Failed) and learned.retryable:
                    return Later(learned.reason)
        for uri in handler.wants(told):
            if await self._peers.knows_post(uri):
                continue
            if addresses.is_local(self.house.base_url, uri) or not await self._concerns_us(told):
                continue
            found = await self._peers.learn_post(uri)
            if isinstance(found, Failed) and found.status not in GONE and found.retryable:
                return Later(found.reason, uri)
        return None

    async def _concerns_us(self, told: Told) -> bool:
        """Whether anybody here has to do with it: an address of ours is named, or somebody here follows the actor.
        Only then is another server asked for what is missing."""
        named: set[str] = {*told.activity.to, *told.activity.cc, *told.activity.audience}
        obj = told.activity.object
        if isinstance(obj, WireObject):
            named |= {*obj.to, *obj.cc, *obj.audience, *(m.href for m in obj.mentions)}
        if any(addresses.is_local(self.house.base_url, uri) for uri in named):
            return True
        heard = frozenset({told.actor} | ({told.relayed_by} if told.relayed_by else set()))
        followed = await perform(
            self.house,
            Change(
                Needs(uris=heard),
                lambda f: ignored("followed" if any(_is_followed(f, uri) for uri in heard) else "no"),
                0,
            ),
        )
        return isinstance(followed, Decision) and followed.verdict == "followed"

    # --- special shapes -----------------------------------------------------------------------------------------------

    async def _aftermath(self, told: Told, decided: Decision) -> str | Later:
        """What a decision asks of the network or of many members, before the row is done: repeating it is harmless."""
        if decided.verdict == ASK_AGAIN and decided.result is not None:
            return await self._asked_again(decided.result)
        if decided.verdict == "moved" and told.activity.object_id and decided.result is not None:
            await self._follow_along(told.activity.object_id, decided.result)
        return decided.verdict

    async def _asked_again(self, actor_id: int) -> str | Later:
        """An actor's profile, keys or moderators changed: nothing is taken from the request, its own server is asked."""
        known = await self.house.db.read(lambda tx: local_actor(tx, actor_id))
        learned = (
            Failed("unknown_actor") if known is None else await self._peers.learn_actor(known[0], force=True)
        )
        if isinstance(learned, Failed):
            return Later(learned.reason) if learned.retryable else learned.reason
        return "actor_updated"

    async def _follow_along(self, old: str, new_id: int) -> None:
        """An actor moved: those who follow it here ask to follow it where it lives now (FEP-7628)."""
        old_id = await self.house.db.read(lambda tx: actor_id_by_uri(tx, old))
        if old_id is None:
            return
        for follower in await self.house.db.read(lambda tx: local_followers(tx, old_id)):
            needs = Needs(actor_ids=frozenset({follower, new_id}), subjects=frozenset({follower}))
            asks = partial(decide_follow, follower, new_id)
            await perform(self.house, Change(needs, asks, 2))

    async def _unwrap(self, row: Accepted, told: Told) -> str | Later:
        """A group passes on what others did (FEP-1b12). Each inner activity counts as its own actor's word when the
        group shares its origin, when it carries a valid proof, or when its object says so at its own server."""
        group = await self.house.db.read(lambda tx: _actor_type(tx, told.actor))
        if group != "Group":
            return await self._finish(row, "announced_by_no_group")
        verdicts: list[str] = []
        for inner in told.activity.objects:
            if not isinstance(inner, WireActivity):
                continue
            outcome = await self._relayed(told, inner)
            if isinstance(outcome, Later):
                return outcome
            verdicts.append(outcome)
        return await self._finish(row, verdicts[0] if len(verdicts) == 1 else "relayed")

    async def _relayed(self, told: Told, inner: WireActivity) -> str | Later:
        if addresses.is_local(self.house.base_url, inner.actor):
            return "own_echo"
        if host_of(inner.actor) is None or inner_check(inner) is not None:
            return "inner_refused"
        learned = await self._peers.learn_actor(inner.actor)
        if isinstance(learned, Failed):
            return Later(learned.reason) if learned.retryable else "unknown_inner_actor"
        if same_origin(inner.actor, told.actor) or await self._proven(inner):
            return await self._handle(
                None, replace(told, activity=inner, actor=inner.actor, raw=None, relayed_by=told.actor)
            )
        return await self._confirmed(told, inner)

    async def _proven(self, inner: WireActivity) -> bool:
        """The inner activity carries an integrity proof by a key that its actor lists (FEP-8b32)."""
        info = parse_proof(inner.raw)
        if isinstance(info, Refusal):
            return False
        known = await self._peers.key(info.verification_method)
        if isinstance(known, Refusal) or known.actor_uri != inner.actor:
            return False
        if not proof_key_owner_ok(info.verification_method, known.actor_uri, inner.actor):
            return False
        return not isinstance(verify_proof(info, known.key, self.house.clock()), Refusal)

    async def _confirmed(self, told: Told, inner: WireActivity) -> str | Later:
        """No proof and another origin: the object's own server is asked. Votes count for the group that relays them."""
        uri = inner.object_id
        if inner.type in ("Create", "Update") and uri and same_origin(uri, inner.actor):
            document = await self._peers.fetcher.post(uri)
            if isinstance(document, Failed):
                return Later(document.reason) if document.retryable else "unconfirmed"
            if not any(a.id == inner.actor for a in document.attributed_to):
                return "unconfirmed"
            fresh = replace(inner, object=document, object_id=document.id, objects=(document,))
            return await self._handle(
                None, replace(told, activity=fresh, actor=inner.actor, raw=None, relayed_by=told.actor)
            )
        if inner.type == "Delete" and uri:
            document = await self._peers.fetcher.post(uri)
            gone = isinstance(document, Failed) and document.status in GONE
            tombstone = isinstance(document, WireObject) and document.kind == "Tombstone"
            if not gone and not tombstone:
                return "unconfirmed"
            return await self._handle(
                None, replace(told, activity=inner, actor=inner.actor, raw=None, relayed_by=told.actor)
            )
        vote = inner.object if inner.type == "Undo" and isinstance(inner.object, WireActivity) else inner
        if vote.type in ("Like", "Dislike", "EmojiReact") and await self._is_in(told.actor, vote.object_id):
            return await self._handle(
                None, replace(told, activity=inner, actor=inner.actor, raw=None, relayed_by=told.actor)
            )
        return "unconfirmed"

    async def _is_in(self, group: str, uri: str | None) -> bool:
        """Whether a post is of the group that passes on what is said about it."""
        if uri is None:
            return False

        def decide(facts: Facts) -> Decision | Refusal:
            post, actor = facts.post_by_uri.get(uri), facts.actor_by_uri.get(group)
            same = post is not None and actor is not None and post.group_id == actor.id
            return ignored("same" if same else "other")

        needs = Needs(uris=frozenset({group}), posts=frozenset({uri}))
        found = await perform(self.house, Change(needs, decide, 0))
        return isinstance(found, Decision) and found.verdict == "same"


def _is_followed(facts: Facts, uri: str) -> bool:
    actor = facts.actor_by_uri.get(uri)
    return actor is not None and actor.id in facts.followed


async def _actor_type(tx: Tx, uri: str) -> str | None:
    found = await actor_id_by_uri(tx, uri)
    known = None if found is None else await local_actor(tx, found)
    return None if known is None else known[1]
