"""What we know of other servers: their actors, keys and posts, learned when needed and kept.

Keys are kept as objects in memory, with negative entries, so that a known peer costs no look-up and an unknown one cannot
make us ask again and again. Everything learned is stored through `perform`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from urllib.parse import quote

import structlog

from fedi_community.activitypub.fetch import GONE, Failed, Fetcher
from fedi_community.activitypub.incoming import KINDS, incoming_of, learn_actor
from fedi_community.activitypub.signatures import (
    PublicKey,
    SignedRequest,
    Window,
    load_multikey,
    load_public_pem,
    parse_signature,
    verify,
)
from fedi_community.activitypub.webfinger import Handle
from fedi_community.activitypub.wire import WireActor, WireObject
from fedi_community.config import Settings
from fedi_community.domain import arrivals, impersonation
from fedi_community.domain.arrivals import Incoming
from fedi_community.domain.effects import Decision, SetSoftware
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Actor, Viewer, followers_of
from fedi_community.domain.origins import host_of, same_origin
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House, perform
from fedi_community.storage import vouching
from fedi_community.storage.database import Tx
from fedi_community.storage.keys import (
    RemoteKey,
    actor_id_by_uri,
    host_policy,
    host_software,
    instance_of,
    local_actor,
    remote_key,
)
from fedi_community.storage.views import post_id_by_uri
from fedi_community.storage.wake import Wake

log = structlog.get_logger("peers")

T = TypeVar("T")
KEPT_KEYS = 20_000
REFRESH_MS = 300_000  # a key is fetched again at most so often, however many requests fail with it
THREAD_FETCHES = 50
THREAD_SECONDS = 20.0
UNKNOWN_KEY = Refusal("unknown_key", 401, "The key that signed this request could not be found.")
UNREACHABLE_KEY = Refusal(
    "key_unreachable", 503, "The key that signed this request cannot be fetched now. Please try again."
)
UNREACHABLE_MS = 5_000  # how long nobody asks again after a passing failure
VOUCHED_MS = 60_000
"""How long a group's server is taken at its word that it has members on another: so long may a removal there take to hold here."""
NOT_VOUCHED_MS = 10_000
SOFTWARE_MS = 86_400_000
"""How long a host is taken at its word what it runs."""
BLOCKED = Refusal("blocked_host", 403, "This server does not talk to yours.")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that its owner's actor document lists."""

    key: PublicKey
    actor_id: int
    actor_uri: str
    actor_type: str
    host: str

    @property
    def viewer(self) -> Viewer:
        """Who asks when this key signed a GET; an Application asks for its whole host."""
        return Viewer(self.actor_id, False, self.host, instance=self.actor_type == "Application")


class _Kept(Generic[T]):
    """The most recently used values, with the time each was kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: OrderedDict[str, tuple[int, T]] = OrderedDict()

    def get(self, key: str) -> tuple[int, T] | None:
        found = self._items.get(key)
        if found is not None:
            self._items.move_to_end(key)
        return found

    def put(self, key: str, value: T, now: int) -> None:
        self._items[key] = (now, value)
        self._items.move_to_end(key)
        while len(self._items) > self._limit:
            self._items.popitem(last=False)

    def forget(self, predicate: str) -> None:
        if predicate == "*":
            self._items.clear()
            return
        for key in [
            k for k in self._items if k == predicate or k.startswith((predicate + "#", predicate + "/"))
        ]:
            del self._items[key]


class Peers:
    """Keys, actors and posts of other servers."""

    def __init__(self, house: House, fetcher: Fetcher, settings: Settings) -> None:
        self.house = house
        self.fetcher = fetcher
        self._settings = settings
        window = min(settings.signature_window, 43_200) * 1000
        self._window = Window(window, window)
        self._keys: _Kept[KnownKey] = _Kept(KEPT_KEYS)
        self._refused: _Kept[Refusal] = _Kept(KEPT_KEYS)
        self._refreshed: _Kept[bool] = _Kept(KEPT_KEYS)
        self._vouched: _Kept[bool] = _Kept(KEPT_KEYS)
        self._asking: dict[str, asyncio.Task[int | Failed]] = {}
        house.listeners.append(self._woken)

    def _woken(self, wake: Wake) -> None:
        for uri in wake.keys:
            self._keys.forget(uri)
            self._refused.forget(uri)

    # --- requests ---------------------------------------------------------------------------------------------------

    async def verify(self, request: SignedRequest) -> KnownKey | Refusal:
        """Who signed this request, or why nobody did. Cheap checks come before a key is fetched."""
        info = parse_signature(request.headers)
        if isinstance(info, Refusal):
            return info
        known = await self.key(info.key_id)
        if isinstance(known, Refusal):
            return known
        now = self.house.clock()
        refused = verify(info, request, known.key, now, self.house.host, window=self._window)
        if refused is None or refused.reason != "bad_signature":
            return refused or known
        renewed = await self._renewed(info.key_id, known)
        if renewed is None:
            return refused
        return verify(info, request, renewed.key, now, self.house.host, window=self._window) or renewed

    async def _renewed(self, key_id: str, known: KnownKey) -> KnownKey | None:
        """The peer may have changed its key: ask once in a while (blind key rotation)."""
        now = self.house.clock()
        asked = self._refreshed.get(key_id)
        if asked is not None and now - asked[0] < REFRESH_MS:
            return None
        self._refreshed.put(key_id, True, now)
        if isinstance(await self.learn_actor(known.actor_uri, force=True), Failed):
            return None
        found = await self.key(key_id)
        return found if isinstance(found, KnownKey) and found.key != known.key else None

    async def is_gone(self, actor: str) -> bool:
        """The actor's own server says that it is gone for good (410). Asked once in a while, whoever makes us ask."""
        now, asked = self.house.clock(), self._refreshed.get(actor)
        if host_of(actor) == self.house.host or (asked is not None and now - asked[0] < REFRESH_MS):
            return False
        self._refreshed.put(actor, True, now)
        found = await self.fetcher.actor(actor)
        return isinstance(found, Failed) and found.status == 410

    async def key(self, key_id: str) -> KnownKey | Refusal:
        """A key by its id: from memory, from the database, or from its owner's server."""
        now = self.house.clock()
        kept = self._keys.get(key_id)
        if kept is not None:
            return kept[1]
        no = self._refused.get(key_id)
        if no is not None and now - no[0] < (UNREACHABLE_MS if no[1] is UNREACHABLE_KEY else REFRESH_MS):
            return no[1]
        found = await self._find_key(key_id)
        if isinstance(found, Refusal):
            self._refused.put(key_id, found, now)
        else:
            self._keys.put(key_id, found, now)
        return found

    async def _find_key(self, key_id: str) -> KnownKey | Refusal:
        host = host_of(key_id)
        if host is None or host == self.house.host:
            return UNKNOWN_KEY
        refused = await self.host_refused(host)
        if refused:
            return refused
        row = await self.house.db.read(lambda tx: remote_key(tx, key_id))
        if row is None:
            learned = await self._learn_owner(key_id)
            if isinstance(learned, Failed):
                log.info("key_not_found", key=key_id, reason=learned.reason)
                return UNREACHABLE_KEY if learned.retryable else UNKNOWN_KEY
            row = await self.house.db.read(lambda tx: remote_key(tx, key_id))
        return UNKNOWN_KEY if row is None else _known(row)

    async def _learn_owner(self, key_id: str) -> int | Failed:
        """Learn the actor that may own a key: the document at its address, or the owner that a separate key document
        names. Whether he lists the key is seen in his own document."""
        document = await self.fetcher.document(key_id)
        if isinstance(document, Failed):
            return document
        if isinstance(document, WireActor):
            return await self.store_actor(document)
        raw = document.raw
        inner = raw.get("publicKey")
        claimed = (
            (inner.get("owner") if isinstance(inner, dict) else None)
            or raw.get("owner")
            or raw.get("controller")
        )
        if not isinstance(claimed, str) or not same_origin(claimed, key_id):
            return Failed("key_without_owner")
        return await self.learn_actor(claimed, force=True)

    async def host_refused(self, host: str) -> Refusal | None:
        """Hosts that staff suspended, or did not list where only listed ones may federate."""
        state, listed = await self.house.db.read(lambda tx: host_policy(tx, host))
        if state == "suspended" or (self._settings.federation == "listed" and not listed):
            return BLOCKED
        return None

    async def _suspended(self, host: str) -> bool:
        state, _ = await self.house.db.read(lambda tx: host_policy(tx, host))
        return state == "suspended"

    async def software(self, host: str) -> str:
        """What a host says it runs; asked once a day, "" where it does not say."""
        known, at = await self.house.db.read(lambda tx: host_software(tx, host))
        if at and self.house.clock() - at < SOFTWARE_MS:
            return known
        return await learn_software(self.house, self.fetcher, host) or known

    async def vouched(self, viewer: Viewer, post_id: int) -> Viewer:
        """Before another server is shown a post that a member here wrote in a gated group elsewhere: the group's own server is
        asked whether it has members there (`?is_follower=`, as Lemmy does). What it says holds for this request alone, and is
        remembered for a minute."""
        if not viewer.instance or viewer.suspended_host:
            return viewer
        group = await self.house.db.read(lambda tx: vouching.gated_elsewhere(tx, post_id))
        if group is None or host_of(group.uri) == viewer.host:  # the group itself is addressed
            return viewer
        now, key = self.house.clock(), f"{viewer.host} {group.id}"
        kept = self._vouched.get(key)
        if kept is None or now - kept[0] >= (VOUCHED_MS if kept[1] else NOT_VOUCHED_MS):
            yes = await self._has_members(group, viewer)
            self._vouched.put(key, yes, now)
        else:
            yes = kept[1]
        return replace(viewer, vouched=followers_of(group.id)) if yes else viewer

    async def _has_members(self, group: vouching.Elsewhere, viewer: Viewer) -> bool:
        asker = await self.house.db.read(lambda tx: _asker(tx, viewer))
        if asker is None or await self.host_refused(host_of(group.uri) or ""):
            return False
        if not same_origin(group.followers_uri, group.uri):
            return False
        return bool(await self.fetcher.answers(f"{group.followers_uri}?is_follower={quote(asker, safe='')}"))

    # --- learning ---------------------------------------------------------------------------------------------------

    async def learn_actor(self, uri: str, *, force: bool = False) -> int | Failed:
        """The id of a remote actor, fetched when unknown (or `force`). Requests for one at the same time share a fetch."""
        if not force:
            known = await self._known_actor(uri)
            if known is not None:
                return known
        running = self._asking.get(uri)
        if running is None:
            running = asyncio.create_task(self._fetch_actor(uri))
            self._asking[uri] = running
            running.add_done_callback(lambda _: self._asking.pop(uri, None))
        return await asyncio.shield(running)

    async def _known_actor(self, uri: str) -> int | None:
        return await self.house.db.read(lambda tx: actor_id_by_uri(tx, uri))

    async def _fetch_actor(self, uri: str) -> int | Failed:
        host = host_of(uri)
        if host is None or host == self.house.host or await self.host_refused(host):
            return Failed("refused_host")
        document = await self.fetcher.actor(uri)
        if isinstance(document, Failed):
            return document
        if document.suspended:
            return Failed("suspended_there")
        return await self.store_actor(document)

    async def store_actor(self, document: WireActor) -> int | Failed:
        """Store an actor from its own document, as its own server served it."""
        if _lists_foreign_keys(document):
            return Failed("foreign_key")
        host = host_of(document.id)
        if host is None:
            return Failed("no_handle")
        handle = await self.fetcher.handle(document)
        if isinstance(handle, Handle) and handle.host != host and await self._suspended(handle.host):
            return Failed("refused_host")
        mods = await self._moderators(document)
        plain = Handle(document.username or host, host)  # instance actors may have no name of their own

        def decide(facts: Facts) -> Decision | Refusal:
            return _learned(
                document, _handle_of(handle, plain, facts.actor_by_uri.get(document.id)), mods, facts
            )

        made = await perform(self.house, Change(Needs(uris=frozenset({document.id})), decide, ids=2))
        if isinstance(made, Refusal):
            return Failed(made.reason)
        return made.result or 0

    async def _moderators(self, document: WireActor) -> tuple[str, ...]:
        """Who may moderate a remote group, from the collection it names (FEP-1b12)."""
        if document.kind != "Group" or not document.moderators:
            return document.moderator_ids
        page = await self.fetcher.collection(document.moderators)
        return document.moderator_ids if isinstance(page, Failed) else page.item_ids[:100]

    async def learn_post(self, uri: str, needed_by: str | None = None) -> int | Failed:
        """The id of a post, fetched with its ancestors when unknown, within the budget of a thread. needed_by: the group that
        passed on what answers it."""
        known = await self._known_post(uri)
        if known is not None:
            return known
        if host_of(uri) == self.house.host:
            return Failed("not_found", 404)
        chain: list[WireObject] = []
        seen: set[str] = set()
        next_uri: str | None = uri
        try:
            async with asyncio.timeout(THREAD_SECONDS):
                while next_uri is not None and next_uri not in seen and len(chain) < THREAD_FETCHES:
                    seen.add(next_uri)
                    if chain and await self._known_post(next_uri) is not None:
                        break
                    if host_of(next_uri) == self.house.host or await self.host_refused(
                        host_of(next_uri) or ""
                    ):
                        break
                    document = await self.fetcher.post(next_uri)
                    if isinstance(document, Failed):
                        if not chain or document.retryable:
                            return document
                        break
                    chain.append(document)
                    next_uri = document.in_reply_to
        except TimeoutError:
            return Failed("thread_timeout", 0, True)
        result: int | Failed = Failed("not_stored")
        for document in reversed(chain):
            result = await self.store_post(document, needed_by)
        return result

    async def knows_post(self, uri: str) -> bool:
        """Whether this server has (or had) the post."""
        return await self._known_post(uri) is not None

    async def _known_post(self, uri: str) -> int | None:
        return await self.house.db.read(lambda tx: post_id_by_uri(tx, uri))

    async def store_post(self, document: WireObject, needed_by: str | None = None) -> int | Failed:
        """Store a post from its own document: its author is on the same origin and is learned first."""
        if document.kind not in KINDS or document.is_vote:
            return Failed("not_a_post", 410 if document.kind == "Tombstone" else 0)
        author = next(
            (a.id for a in document.attributed_to if a.kind != "Group" and same_origin(a.id, document.id)),
            None,
        )
        if author is None:
            return Failed("author_elsewhere")
        learned = await self.learn_actor(author)
        if isinstance(learned, Failed):
            return learned
        item = incoming_of(document, author, self.house.clock())
        item = replace(item, requested=True, needed_by=needed_by)
        made = await self._take(item)
        if isinstance(made, Refusal):
            return Failed(made.reason, made.status)
        known = await self._known_post(document.id)
        return known if known is not None else Failed(made.verdict)

    async def _take(self, item: Incoming) -> Decision | Refusal:
        def decide(facts: Facts) -> Decision | Refusal:
            return arrivals.decide_incoming(item, facts)

        return await perform(self.house, Change(arrivals.incoming_needs(item), decide, ids=2))


async def _asker(tx: Tx, viewer: Viewer) -> str | None:
    """Who asks, or (where an address of a file speaks for the whole host) the host's instance actor."""
    if not viewer.id:
        return await instance_of(tx, viewer.host)
    found = await local_actor(tx, viewer.id)
    return None if found is None else found[0]


async def learn_software(house: House, fetcher: Fetcher, host: str) -> str:
    """Ask a host what it runs, and keep it; "" where it does not say (then what it said before stays)."""
    found = await fetcher.software(host)
    if isinstance(found, Failed):
        log.info("software_unknown", host=host, reason=found.reason)
        return ""
    said = f"{found.name} {found.version}".strip()
    kept = SetSoftware(host, said, house.clock())
    await perform(house, Change(Needs(), lambda _: Decision((kept,)), 0))
    return said


def _known(row: RemoteKey) -> KnownKey | Refusal:
    if row.host_state == "suspended":
        return BLOCKED
    if row.actor_state in ("suspended", "deleted"):
        return Refusal("suspended_actor", 403, "This account may not write to us.")
    key = load_public_pem(row.public) if row.kind == "rsa" else load_multikey(row.public)
    if isinstance(key, Refusal):
        return key
    return KnownKey(key, row.actor_id, row.actor_uri, row.actor_type, row.host)


def _lists_foreign_keys(document: WireActor) -> bool:
    """It has no key of its own and shows one of another server: an impostor's document, not a keyless actor."""
    given = document.raw.get("publicKey")
    listed = [k.get("id") for k in (given if isinstance(given, list) else [given]) if isinstance(k, dict)]
    return not document.keys and any(isinstance(k, str) and not same_origin(k, document.id) for k in listed)


def _handle_of(confirmed: Handle | Failed, plain: Handle, known: Actor | None) -> Handle:
    """The handle that its own host confirmed. Where that host is away just now, what it said before; else the actor's name
    at its own server, which needs nobody's word."""
    if isinstance(confirmed, Handle):
        return confirmed
    if confirmed.retryable and known is not None:
        return Handle(known.handle, known.handle_host or known.host)
    return plain


def _learned(document: WireActor, handle: Handle, mods: tuple[str, ...], facts: Facts) -> Decision | Refusal:
    """An actor's class never changes: a person does not become a group, nor a post an actor."""
    known = facts.actor_by_uri.get(document.id)
    if known is not None and known.local:
        return Refusal("local_actor", 403)
    if known is not None and known.is_group != (document.kind == "Group"):
        return Refusal("class_changed", 403)
    effect = learn_actor(document, handle, known.id if known else facts.new_ids[0], facts.now, mods)
    return impersonation.judged(effect, facts)


def is_gone(failed: Failed) -> bool:
    """The peer says that it is not there (any more)."""
    return failed.status in GONE
