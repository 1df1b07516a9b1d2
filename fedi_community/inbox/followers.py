"""Follower synchronisation, received (FEP-8fcf): what a peer says its followers here are, and who is its follower no more.

With what only followers read comes a digest of them. Where it is not ours, a job asks the peer for the list, and ends the follows
of those who are not on it: a Reject that got lost would leave somebody reading for ever.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import structlog

from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.synchronization import digest_of, parsed
from fedi_community.domain import addresses, unlisted
from fedi_community.domain.effects import AddJob, Decision
from fedi_community.domain.facts import Needs
from fedi_community.domain.origins import same_origin
from fedi_community.peers import Peers
from fedi_community.perform import Change, House, perform
from fedi_community.storage.database import Tx
from fedi_community.storage.follows import local_followers_named
from fedi_community.storage.keys import actor_id_by_uri
from fedi_community.storage.views import load_actors

log = structlog.get_logger("followers")

MAX_PAGES: Final = 10
"""Pages of a peer's list that are read."""
MAX_LOCAL: Final = 10_000
"""With more followers here an actor is not compared."""
AGAIN_MS: Final = 60_000
"""How often an actor is compared at most."""
MAX_COMPARED: Final = 10_000
"""Actors of whom it is remembered when they were compared."""


async def noticed(house: House, compared: dict[int, int], signer: str, field: str) -> None:
    """A peer sent a digest with an activity: a job follows where it is not that of its followers here. compared: when each actor
    was (milliseconds)."""
    said = parsed(field)
    if said is None or not same_origin(said.url, signer):
        return
    owner = await house.db.read(lambda tx: _owner(tx, signer, said.collection))
    now = house.clock()
    if owner is None or now - compared.get(owner, -AGAIN_MS) < AGAIN_MS:
        return
    here = await house.db.read(lambda tx: local_followers_named(tx, owner, 0, MAX_LOCAL + 1))
    if len(here) > MAX_LOCAL or digest_of(uri for _, uri in here) == said.digest:
        return
    compared[owner] = now
    while len(compared) > MAX_COMPARED:
        del compared[next(iter(compared))]
    payload = {"owner": owner, "url": said.url, "digest": said.digest}
    job = AddJob(unlisted.JOB, str(owner), payload, now)
    await perform(house, Change(Needs(), lambda _: Decision((job,)), 0))


async def _owner(tx: Tx, signer: str, collection: str) -> int | None:
    """Who signed, if the collection is that of his followers."""
    key = await actor_id_by_uri(tx, signer)
    if key is None:
        return None
    owner = (await load_actors(tx, [key])).get(key)
    return key if owner is not None and owner.followers_uri == collection and owner.host else None


def job(house: House, peers: Peers) -> Any:
    """What the worker calls with a job's payload."""

    async def run(payload: dict[str, Any]) -> None:
        owner = int(payload["owner"])
        # Read before the list is asked for: who is let in meanwhile is not missing from it.
        here = await house.db.read(lambda tx: local_followers_named(tx, owner, 0, MAX_LOCAL + 1))
        listed = await _listed(house, peers, str(payload["url"]))
        if listed is None or digest_of(listed) != payload["digest"]:
            log.info("followers_not_compared", actor=owner)
            return
        missing = [key for key, uri in here if uri not in listed]
        for start in range(0, len(missing), unlisted.MAX_ENDED):
            some = missing[start : start + unlisted.MAX_ENDED]
            await perform(
                house, Change(unlisted.needs(owner, some), partial(unlisted.decide, owner, some), 0)
            )
        log.info("followers_compared", actor=owner, ended=len(missing))

    return run


async def _listed(house: House, peers: Peers, url: str) -> set[str] | None:
    """Our people on a peer's list; None where it could not be read to its end."""
    found: set[str] = set()
    here: str | None = url
    for _ in range(MAX_PAGES):
        if here is None:
            return found
        page = await peers.fetcher.collection(here) if same_origin(here, url) else Failed("elsewhere")
        if isinstance(page, Failed):
            return None
        for part in (page, page.first_page):
            if part is not None:
                found |= {uri for uri in part.item_ids if addresses.is_local(house.base_url, uri)}
        here = page.first_page.next if page.first_page is not None else page.next or page.first
    return None if here is not None else found
