"""Where the parts are wired together; the only place that knows all rooms.

`build` makes the parts of one server on one event loop. `Parts.asgi` is the ASGI application: the inboxes go to the raw
door, everything else to Quart.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import structlog
from quart import Quart, Response, request
from quart.json.provider import JSONProvider
from quart.wrappers import Body, Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from fedi_community import __version__, backfill, cases
from fedi_community.activitypub.fetch import Fetcher
from fedi_community.auth import Attempts
from fedi_community.auth.signup import missing_for_open
from fedi_community.config import Settings
from fedi_community.delivery import DeliveryWorker, host_is_alive
from fedi_community.documents import Documents
from fedi_community.domain import account_measures as accounts
from fedi_community.domain import kin, unlisted
from fedi_community.domain.client_effects import EndSeals
from fedi_community.domain.effects import Decision, EndExpired
from fedi_community.domain.facts import Needs
from fedi_community.domain.impersonation import skeletons
from fedi_community.domain.measures import MEASURE_JOB
from fedi_community.domain.relations import EXPIRY_JOB, SEAL_JOB
from fedi_community.errors import Problem
from fedi_community.feeds.poller import FeedPoller
from fedi_community.ids import IdMaker
from fedi_community.inbox import followers
from fedi_community.inbox.door import Door
from fedi_community.inbox.worker import InboxWorker
from fedi_community.jobs import Jobs
from fedi_community.keyring import Keyring, master_key, voice
from fedi_community.mail import sender
from fedi_community.mastodon import Hub, client_api, client_jobs, failed, is_client, refused
from fedi_community.media.kinds import MAX_VIDEO_BYTES
from fedi_community.network import Network
from fedi_community.peers import Peers
from fedi_community.perform import Change, House, perform, wall_clock
from fedi_community.storage import homes, queue, sessions
from fedi_community.storage import jobs as job_rows
from fedi_community.storage.database import Database, Tx, open_database
from fedi_community.uploads import Uploads
from fedi_community.vapid import vapid
from fedi_community.web.federation import federation
from fedi_community.web.media import media
from fedi_community.web.ops import ops
from fedi_community.web.pages import page_functions, pages

MAX_REQUEST_BYTES = 16 * 1024 * 1024
MAX_UPLOAD_BYTES = MAX_VIDEO_BYTES + 1024 * 1024
UPLOAD_SECONDS = 600
UPLOAD_PATHS = ("/api/v1/media", "/api/v2/media")
WANTED_FILES = 8192
WORKER_PAUSE_S = 2.0

log = structlog.get_logger("app")


@dataclass(slots=True)
class Parts:
    """Everything one server consists of."""

    settings: Settings
    house: House
    db: Database
    network: Network
    keyring: Keyring
    peers: Peers
    documents: Documents
    door: Door
    inbox: InboxWorker
    delivery: DeliveryWorker
    feeds: FeedPoller
    jobs: Jobs
    uploads: Uploads
    hub: Hub
    web: Quart

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith("/inbox"):
            await self.door(scope, receive, send)
        else:
            if scope["type"] == "websocket":
                _uncompressed(send)
            await self.web(scope, receive, send)

    async def work(self) -> None:
        """All background work, until cancelled or stopped."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_kept_running("inbox", self.inbox.run))
            group.create_task(_kept_running("delivery", self.delivery.run))
            group.create_task(_kept_running("feeds", self.feeds.run))
            group.create_task(_kept_running("jobs", self.jobs.run))

    async def settle(self) -> None:
        """Do what is due now, until nothing is left (tests, and commands that end)."""
        await self.inbox.run_until_idle()
        await self.delivery.run_until_idle()
        await self.jobs.run_until_idle()

    async def stop(self) -> None:
        """Let the workers finish what they have in hand."""
        self.inbox.stop()
        self.feeds.stop()
        self.jobs.stop()
        await self.delivery.stop()

    async def close(self) -> None:
        await self.hub.close()
        self.uploads.close()
        await self.network.aclose()
        await self.db.close()


def _uncompressed(send: Any) -> None:
    """Hypercorn agrees to compress whatever socket asks for it, and has no setting against that. It would cost 300 KiB a
    socket, and put somebody's own secrets beside strangers' words where the length tells of them (as in BREACH)."""
    handshake = getattr(getattr(send, "__self__", None), "handshake", None)
    if handshake is not None:
        handshake.extensions = None


async def _kept_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """A full disk or a lost database ends a worker's round, not the worker: it begins again when that has passed."""
    while True:
        try:
            return await run()
        except Exception as error:
            log.exception("worker_failed", worker=name, kind=type(error).__name__)
            await asyncio.sleep(WORKER_PAUSE_S)


async def build(
    settings: Settings,
    *,
    clock: Callable[[], int] = wall_clock,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Parts:
    """The parts of one server on a migrated database. `transport`: other servers of the same process, in tests."""
    _raise_file_limit()
    db = await open_database(settings.database)
    hold_first = 0 if settings.signups == "closed" else settings.hold_first_posts
    house = House(
        db,
        settings.base_url,
        IdMaker(settings.node),
        clock,
        hold_first=hold_first,
        protected=skeletons(settings.protected),
    )
    await _may_open(house, settings)
    network = Network(
        allow_private=settings.allow_private_peers,
        own_host=settings.host,
        user_agent=f"fedi-community/{__version__} (+{settings.base_url}/)",
        transport=transport,
    )
    keyring = Keyring(house, master_key(settings.keys_dir))
    house.voice = await voice(house)
    instance = await keyring.of(await keyring.instance())
    fetcher = Fetcher(network, instance.rsa, allow_http=settings.allow_private_peers, clock=clock)
    peers = Peers(house, fetcher, settings)
    documents = Documents(house, keyring, settings.media_origin)
    uploads = Uploads(house, settings, vouch=peers.vouched)
    inbox = InboxWorker(house, peers)

    async def alive(host: str) -> None:
        await host_is_alive(house, host)

    door = Door(house, peers, settings, inbox.wake, alive)

    async def signing_key(actor_id: int) -> Any:
        return (await keyring.of(actor_id)).rsa

    delivery = DeliveryWorker(house, settings, network, documents.body, signing_key)
    feeds = FeedPoller(house, settings, network)
    web = _quart(settings)
    key = vapid(
        settings.keys_dir, f"mailto:{settings.contact_email}" if settings.contact_email else settings.base_url
    )
    hub = Hub(house, settings.database)
    jobs = Jobs(
        house,
        {
            "mail": sender(settings),
            EXPIRY_JOB: _end_expired(house),
            SEAL_JOB: _end_seals(house),
            kin.FOLLOW_JOB: _follows_human(house),
            MEASURE_JOB: _end_measure(house),
            backfill.JOB: backfill.job(house, peers),
            unlisted.JOB: followers.job(house, peers),
            **uploads.jobs(),
            **client_jobs(house, network, key),
        },
        (sessions.tidy, _homes_tidied(settings)),
    )
    parts = Parts(
        settings,
        house,
        db,
        network,
        keyring,
        peers,
        documents,
        door,
        inbox,
        delivery,
        feeds,
        jobs,
        uploads,
        hub,
        web,
    )
    web.register_blueprint(ops(house, settings, parts))
    functions = page_functions(house, settings)

    @web.errorhandler(404)
    async def unknown(_: Any) -> Response:
        """An address that does not exist looks like a thing that one may not see."""
        if is_client(request.path):
            return failed(404, request.headers.get("Accept-Language")).response()
        return await functions.missing()

    @web.errorhandler(HTTPException)
    async def framework(error: HTTPException) -> Response | HTTPException:
        """What the framework refuses (405, 413, …) is JSON for clients."""
        if is_client(request.path):
            return failed(error.code or 500, request.headers.get("Accept-Language")).response()
        return error

    attempts = Attempts(settings.login_rate)
    web.register_blueprint(pages(house, settings, attempts=attempts))
    web.register_blueprint(
        federation(house, settings, keyring, peers, documents, page_functions(house, settings))
    )
    web.register_blueprint(media(uploads))
    web.register_blueprint(client_api(house, settings, peers, documents, uploads, key, hub, attempts))
    if db.engine == "sqlite":
        await db.write(queue.release_all)
        await db.write(job_rows.release_all)
    return parts


async def _may_open(house: House, settings: Settings) -> None:
    """Open sign-up needs somebody to look after those who come. Demonstrations and tests on one machine are excepted."""
    if settings.signups != "open" or settings.allow_private_peers:
        return
    missing = await missing_for_open(house, settings)
    if missing:
        await house.db.close()
        raise Problem(500, "signups_not_ready", f"FEDI_SIGNUPS=open needs first: {'; '.join(missing)}.")


def _homes_tidied(settings: Settings) -> Callable[[Tx, int], Awaitable[None]]:
    async def tidy(tx: Tx, now: int) -> None:
        await homes.tidy(tx, now, settings.home_active_days, settings.home_length)

    return tidy


def _end_expired(house: House) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """The job that lifts bans and mutes whose time is over."""

    async def run(_: dict[str, Any]) -> None:
        await perform(house, Change(Needs(), lambda facts: Decision((EndExpired(facts.now),)), 0))

    return run


def _end_measure(house: House) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """The job that lifts a measure whose time is over."""

    async def run(payload: dict[str, Any]) -> None:
        await cases.lift_expired(house, int(payload["id"]))

    return run


def _end_seals(house: House) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """The job that lets copies of reported posts go when their time is over."""

    async def run(_: dict[str, Any]) -> None:
        await perform(house, Change(Needs(), lambda facts: Decision((EndSeals(facts.now),)), 0))

    return run


def _follows_human(house: House) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """The job that lets an actor become what its human has become."""

    async def run(payload: dict[str, Any]) -> None:
        actor: int = payload["actor"]
        change = Change(accounts.follow_needs(actor), lambda f: accounts.decide_follow_human(actor, f), 1)
        await perform(house, change)

    return run


class _Json(JSONProvider):
    """orjson: 9 µs for twenty statuses against 106."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


class _Body(Body):
    """A body that is bounded also where its length is not said beforehand."""

    _taken = 0

    def append(self, data: bytes) -> None:
        self._taken += len(data)
        if self._max_content_length is not None and self._taken > self._max_content_length:
            self._must_raise = RequestEntityTooLarge()
            self.set_complete()
            return
        super().append(data)


class _Request(Request):
    """Uploads may be larger than anything else, and take longer."""

    body_class = _Body

    def __init__(self, *args: Any, **options: Any) -> None:
        path = options["path"] if "path" in options else args[2]
        if path.startswith(UPLOAD_PATHS):
            options |= {"max_content_length": MAX_UPLOAD_BYTES, "body_timeout": UPLOAD_SECONDS}
        super().__init__(*args, **options)


def _quart(settings: Settings) -> Quart:
    web = Quart("fedi_community", static_folder=None, template_folder=None)
    web.request_class = _Request
    web.json = _Json(web)
    web.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    web.config["BODY_TIMEOUT"] = 60
    web.url_map.strict_slashes = False

    @web.errorhandler(Problem)
    async def problem(error: Problem) -> Response:
        """The JSON face of an error; pages bring their own for what they answer."""
        if is_client(request.path):
            return refused(error, request.headers.get("Accept-Language")).response()
        body = orjson.dumps({"error": error.safe})
        response = Response(body, error.status, content_type="application/json; charset=utf-8")
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    return web


def _raise_file_limit() -> None:
    """A fan-out keeps a socket a host; the usual soft limit of 1,024 files is too low for a thousand hosts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
