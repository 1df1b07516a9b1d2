"""Whole discussions of other servers: what was said in one before somebody here met it, or where nobody here was told.

A job asks for the thread's collection (`context`: FEP-7888, FEP-f228; NodeBB's Conversation counts as one), for what the answers it
finds answer, and for `replies` (FEP-7458), breadth first. Only ids are taken from collections: each post is asked for at its own
server and stored as if it had been sent. It never runs within a reader's request, and stops at its budget to go on later.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from fedi_community.activitypub.fetch import Failed
from fedi_community.activitypub.wire import WireCollection, WireObject
from fedi_community.domain import addresses
from fedi_community.domain.effects import AddJob, Decision
from fedi_community.domain.facts import Needs
from fedi_community.domain.origins import host_of, same_origin
from fedi_community.peers import Peers
from fedi_community.perform import Change, House, perform
from fedi_community.storage import documents as rows
from fedi_community.storage.database import Tx
from fedi_community.storage.keys import actor_id_by_uri
from fedi_community.storage.views import post_id_by_uri

log = structlog.get_logger("backfill")

JOB: Final = "backfill"
"""The kind of the job."""
MAX_FETCHES: Final = 50
"""Documents that one round for a thread asks other servers for."""
MAX_SECONDS: Final = 20.0
"""How long one round takes."""
MAX_PER_HOST: Final = 40
"""Of them from one server."""
MAX_ANCESTORS: Final = 100
"""Levels upwards that a round follows from an answer."""
MAX_PAGES: Final = 20
"""Pages of one collection."""
MAX_LEFT: Final = 500
"""Addresses that wait to be asked for, in a round and for the next."""
MAX_ROUNDS: Final = 5
"""Rounds in a row; later ones begin anew when somebody opens the thread."""
NEXT_ROUND_MS: Final = 60_000
AGAIN_MS: Final = 600_000
"""How often a thread that members open is looked at anew."""
KEPT_THREADS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Root:
    """A thread of another server that everybody may read. hosts: of its first post and of its group."""

    id: int
    uri: str
    hosts: frozenset[str]


async def opened(house: House, post_id: int) -> None:
    """A member opened a discussion: it is looked at in the background, where it is another server's, now and then."""
    now = house.clock()
    root = await house.db.read(lambda tx: _root(tx, house, post_id))
    if root is None or now - house.opened.get(root.id, -AGAIN_MS) < AGAIN_MS:
        return
    house.opened[root.id] = now
    while len(house.opened) > KEPT_THREADS:
        del house.opened[next(iter(house.opened))]
    await _ask(house, root.id, (), 1, now)


async def _ask(house: House, root_id: int, left: tuple[str, ...], number: int, at: int) -> None:
    payload = {"root": root_id, "left": list(left), "round": number}
    job = AddJob(JOB, f"{root_id}-{at // AGAIN_MS}-{number}", payload, at)
    await perform(house, Change(Needs(), lambda _: Decision((job,)), 0))


async def _root(tx: Tx, house: House, post_id: int) -> Root | None:
    post = (await rows.load_bones(tx, [post_id])).get(post_id)
    if post is None or post.root_id is None:
        return None
    root = (await rows.load_bones(tx, [post.root_id])).get(post.root_id)
    if root is None or root.local or root.gone or not root.public:
        return None
    group = await rows.actor_uri(tx, root.group_id) if root.group_id else None
    found = (host_of(uri) for uri in (root.uri, group) if uri)
    return Root(root.id, root.uri, frozenset(h for h in found if h and h != house.host))


def job(house: House, peers: Peers) -> Any:
    """What the worker calls with a job's payload."""

    async def run(payload: dict[str, Any]) -> None:
        root = await house.db.read(lambda tx: _root(tx, house, int(payload["root"])))
        if root is None:
            return
        walk = Walk(house, peers, root)
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await walk.run([u for u in payload.get("left", ()) if isinstance(u, str)])
        except TimeoutError:
            pass
        number, left = int(payload.get("round", 1)), walk.left()
        log.info(
            "backfill", thread=root.id, round=number, fetched=walk.fetched, stored=walk.stored, left=len(left)
        )
        if left and number < MAX_ROUNDS:
            await _ask(house, root.id, left, number + 1, house.clock() + NEXT_ROUND_MS)

    return run


@dataclass(slots=True)
class Walk:
    """One round. waiting: posts whose parent is not stored yet, by what they answer. thread: addresses known to be in it."""

    house: House
    peers: Peers
    root: Root
    fetched: int = 0
    stored: int = 0
    hosts: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    queue: deque[str] = field(default_factory=deque)
    collections: deque[str] = field(default_factory=deque)
    waiting: dict[str, list[WireObject]] = field(default_factory=dict)
    thread: set[str] = field(default_factory=set)
    later: list[str] = field(default_factory=list)  # of servers that were asked often enough
    above: int = 0

    async def run(self, left: list[str]) -> None:
        """The collections first, then what they and each answer name."""
        self.thread.add(self.root.uri)
        self.queue.extend(left)
        if not left:
            await self._begin()
        while self.collections or self.queue:
            if self.fetched >= MAX_FETCHES:
                return
            if self.collections:
                await self._collection(self.collections.popleft())
            else:
                await self._post(self.queue.popleft())

    def left(self) -> tuple[str, ...]:
        """What another round should ask for."""
        if not self.queue and not self.collections and not self.later:
            return ()
        waiting = (post.id for posts in self.waiting.values() for post in posts)
        return tuple(dict.fromkeys((*self.queue, *self.later, *waiting)))[:MAX_LEFT]

    async def _may_ask(self, uri: str) -> bool:
        """Within the budget, of a server that we speak to. Counts it."""
        host = host_of(uri)
        if host is None or host == self.house.host or uri in self.seen or self.fetched >= MAX_FETCHES:
            return False
        if self.hosts[host] >= MAX_PER_HOST or await self.peers.host_refused(host):
            return False
        self.seen.add(uri)
        self.hosts[host] += 1
        self.fetched += 1
        return True

    async def _begin(self) -> None:
        if not await self._may_ask(self.root.uri):
            return
        root = await self.peers.fetcher.post(self.root.uri)
        if isinstance(root, Failed):
            return
        for uri in (root.context_history, root.context):
            if uri is not None and host_of(uri) in self.root.hosts:
                self.collections.append(uri)
        self._replies(root)

    def _replies(self, post: WireObject) -> None:
        """Where a post's answers are listed: below its own server, or a first page within it."""
        within = post.replies_page
        if within is None:
            further = post.replies
        else:
            self._take(within)
            page = within.first_page
            if page is not None:
                self._take(page)
            further = page.next if page is not None else within.first
        if further is not None and same_origin(further, post.id):
            self.collections.append(further)

    def _take(self, found: WireCollection) -> None:
        """The ids alone: what is embedded may be of any server, and is asked for there."""
        room = max(0, MAX_LEFT - len(self.queue))
        self.queue.extend([uri for uri in found.item_ids if uri not in self.seen][:room])

    async def _collection(self, uri: str) -> None:
        """A collection and its pages, which stay on its server and end."""
        here: str | None = uri
        for _ in range(MAX_PAGES):
            if here is None or not same_origin(here, uri) or not await self._may_ask(here):
                return
            found = await self.peers.fetcher.collection(here)
            if isinstance(found, Failed):
                return
            self._take(found)
            if found.first_page is not None:
                self._take(found.first_page)
                here = found.first_page.next
            else:
                here = found.next or found.first

    async def _post(self, uri: str) -> None:
        if addresses.is_local(self.house.base_url, uri) or uri in self.thread or await self._known(uri):
            return
        if not await self._may_ask(uri):
            if uri not in self.seen and self.hosts[host_of(uri) or ""] >= MAX_PER_HOST:
                self.later.append(uri)
            return
        post = await self.peers.fetcher.post(uri)
        if isinstance(post, Failed) or post.in_reply_to is None:
            return  # of no thread, or the beginning of another
        parent = post.in_reply_to
        self.waiting.setdefault(parent, []).append(post)
        if parent in self.thread or await self._known(parent):
            await self._store_below(parent)
        elif parent not in self.seen and self.above < MAX_ANCESTORS:
            self.above += 1
            self.queue.appendleft(parent)

    async def _known(self, uri: str) -> bool:
        """It is stored, in this thread."""

        async def unit(tx: Tx) -> bool:
            key = await post_id_by_uri(tx, uri)
            post = None if key is None else (await rows.load_bones(tx, [key])).get(key)
            return post is not None and post.root_id == self.root.id and not post.gone

        if await self.house.db.read(unit):
            self.thread.add(uri)
            return True
        return False

    async def _count_author(self, post: WireObject) -> None:
        """Somebody who is not known yet costs two more questions: for him, and for his handle."""
        author = next((a.id for a in post.attributed_to), None)
        if author is not None and await self.house.db.read(lambda tx: actor_id_by_uri(tx, author)) is None:
            self.fetched += 2

    async def _store_below(self, parent: str) -> None:
        """Store what waited for this, and what waited for that."""
        ready = deque(self.waiting.pop(parent, []))
        while ready:
            post = ready.popleft()
            await self._count_author(post)
            if isinstance(await self.peers.store_post(post), Failed):
                continue
            self.stored += 1
            self.thread.add(post.id)
            self._replies(post)
            ready.extend(self.waiting.pop(post.id, []))
