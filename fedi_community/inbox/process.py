"""One accepted activity, from its bytes to its verdict: fetch what is missing outside any transaction, then `perform`.

What a group passes on is unwrapped here; `relays` says whether it is believed. When and how often a row is tried is the worker's.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import structlog

from fedi_community.activitypub.fetch import GONE, Failed
from fedi_community.activitypub.handlers import handler_of
from fedi_community.activitypub.handlers.content import ASK_AGAIN
from fedi_community.activitypub.handlers.told import Told
from fedi_community.activitypub.strict_json import loads
from fedi_community.activitypub.wire import WireActivity, WireActor, WireObject, parse_activity
from fedi_community.domain import addresses, moves
from fedi_community.domain.effects import CompleteInbox, Decision, ignored
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.origins import host_of, same_origin
from fedi_community.errors import Refusal
from fedi_community.inbox import followers
from fedi_community.inbox.relays import Later, believed
from fedi_community.peers import Peers
from fedi_community.perform import Change, House, perform
from fedi_community.storage import vouching
from fedi_community.storage.database import Tx
from fedi_community.storage.follows import local_followers
from fedi_community.storage.keys import actor_id_by_uri, local_actor
from fedi_community.storage.queue import Accepted

log = structlog.get_logger("inbox")

ATTEMPTS: Final = 12
ANSWERS: Final = frozenset({"Accept", "Reject"})
AFTERMATH: Final = frozenset({"Add", "Remove", "Move"}) | ANSWERS
"""Activities after whose decision there may be more to do; so has an Update of an actor."""


class Processor:
    """What one accepted activity asks for. Knows nothing of leases and pauses."""

    def __init__(self, house: House, peers: Peers) -> None:
        self.house = house
        self._peers = peers
        self._compared: dict[int, int] = {}

    async def process(self, row: Accepted) -> str | Later:
        """Everything one accepted activity asks for. Returns the verdict, or why it has to wait."""
        outcome = await self._process(row)
        if row.sync is not None and not isinstance(outcome, Later):
            await followers.noticed(self.house, self._compared, row.signer, row.sync)
        return outcome

    async def _process(self, row: Accepted) -> str | Later:
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
        renew = told.activity.type == "Move" and await self._is_followed(told.activity.object_id)
        for uri in handler.actors(told):
            if not addresses.is_local(self.house.base_url, uri):
                learned = await self._peers.learn_actor(
                    uri, force=renew
                )  # the names were changed for this Move
                if isinstance(learned, Failed) and learned.retryable:
                    return Later(learned.reason)
        if told.activity.type == "Follow" and await self._asks_to_join(told.activity.object_id):
            await self._peers.software(host_of(told.actor) or "")
        for uri in handler.wants(told):
            if await self._peers.knows_post(uri):
                continue
            if addresses.is_local(self.house.base_url, uri) or not await self._concerns_us(told):
                continue
            found = await self._peers.learn_post(uri, told.relayed_by)
            if isinstance(found, Failed) and found.status not in GONE and found.retryable:
                return Later(found.reason, uri)
        return None

    async def _asks_to_join(self, uri: str | None) -> bool:
        """It is a group of ours that not everybody reads: what may be done with that depends on the software."""
        where = addresses.parse(self.house.base_url, uri or "")
        return where is not None and await self.house.db.read(lambda tx: vouching.is_gated(tx, uri or ""))

    async def _concerns_us(self, told: Told) -> bool:
        """Whether anybody here has to do with it: an address of ours is named, or somebody here follows the actor.
        Only then is another server asked for what is missing."""
        named: set[str] = {*told.activity.to, *told.activity.cc, *told.activity.audience}
        obj = told.activity.object
        if isinstance(obj, WireObject):
            named |= {*obj.to, *obj.cc, *obj.audience, *(m.href for m in obj.mentions)}
        if any(addresses.is_local(self.house.base_url, uri) for uri in named):
            return True
        return await self._is_followed(told.actor, told.relayed_by)

    async def _is_followed(self, *uris: str | None) -> bool:
        """Whether anybody here follows one of these actors."""
        heard = frozenset(uri for uri in uris if uri)
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
        if told.activity.type == "Add" and decided.verdict == "unknown_target":
            return await self._added(told)
        if told.activity.type in ANSWERS and decided.verdict == "answered":
            await self._looked_at_again(told.actor)
        return decided.verdict

    async def _added(self, told: Told) -> str:
        """A post was put into a collection that is nothing special here: NodeBB's topics. Of a group that somebody here follows, it
        is asked for."""
        uri, group = told.activity.object_id, told.relayed_by or told.actor
        if (
            uri is None
            or not same_origin(uri, group)
            or not same_origin(told.activity.target_id or "", group)
        ):
            return "unknown_target"
        if not await self._is_followed(group) or isinstance(await self._peers.learn_post(uri, group), Failed):
            return "unknown_target"
        return "learned"

    async def _looked_at_again(self, actor: str) -> None:
        """A group answered one of ours: who reads it and who runs it may be other than when he asked."""
        if await self.house.db.read(lambda tx: _actor_type(tx, actor)) == "Group":
            await self._peers.learn_actor(actor, force=True)

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
        """An actor moved: those who follow it here follow it where it lives now, and leave the old one (FEP-7628)."""
        old_id = await self.house.db.read(lambda tx: actor_id_by_uri(tx, old))
        if old_id is None:
            return
        after = 0
        while followers := await self.house.db.read(
            partial(local_followers, actor_id=old_id, after=after, limit=moves.MAX_MOVED_FOLLOWERS)
        ):
            needs = moves.follow_along_needs(followers, old_id, new_id)
            decide = partial(moves.decide_follow_along, followers, old_id, new_id)
            await perform(self.house, Change(needs, decide, moves.IDS_EACH * len(followers)))
            after = followers[-1]

    async def _unwrap(self, row: Accepted, told: Told) -> str | Later:
        """A group passes on what others did (FEP-1b12), one activity or several."""
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
        found = await believed(self.house, self._peers, told, inner)
        return await self._handle(None, found) if isinstance(found, Told) else found


def _is_followed(facts: Facts, uri: str) -> bool:
    actor = facts.actor_by_uri.get(uri)
    return actor is not None and actor.id in facts.followed


async def _actor_type(tx: Tx, uri: str) -> str | None:
    found = await actor_id_by_uri(tx, uri)
    known = None if found is None else await local_actor(tx, found)
    return None if known is None else known[1]
