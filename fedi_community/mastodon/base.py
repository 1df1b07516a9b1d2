"""The machinery of the client API: an endpoint is declared, and everything that all endpoints share is done here, once.

    table = Table("polls")

    @table.post("/api/v1/polls/<id>/votes", member("write:statuses"), entities.POLL,
                Param("choices", "texts", required=True), doc="Vote in a poll")
    async def vote(call: Call) -> Any:
        ...
        return entities.poll(…)

A declaration says method, address, who may ask (`anyone`, `client`, `member`, with the scopes of which one suffices), the
entity of the answer, and the parameters. From it come the route, the check of token and scope, the parsed parameters
(`call["choices"]`), rate limits, CORS, JSON errors in the caller's language, and the line in the OpenAPI document. The
function gets a `Call` and returns what is dumped as JSON, or an `Answer` for another status, a `Link` or headers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeVar

import structlog
from quart import Response, g, request
from werkzeug.exceptions import HTTPException

from fedi_community import auth, cases
from fedi_community.auth import AppSpeaker, Speaker
from fedi_community.auth.limits import Budget, Limits
from fedi_community.config import Settings
from fedi_community.documents import Documents
from fedi_community.domain.effects import Decision
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.domain.scopes import covers
from fedi_community.domain.views import PostView
from fedi_community.errors import Problem
from fedi_community.mastodon.answers import Reply, answer, failed, refused
from fedi_community.mastodon.asked import Asked, from_quart
from fedi_community.mastodon.entities.schema import Schema
from fedi_community.mastodon.paging import Cursor, link_header
from fedi_community.mastodon.params import Param, read_all, received
from fedi_community.mastodon.words import language_of
from fedi_community.peers import Peers
from fedi_community.perform import Change, House, perform_or_raise
from fedi_community.storage.database import Unit
from fedi_community.uploads import Uploads

T = TypeVar("T")
log = structlog.get_logger("api")
UNAUTHORISED: Final = "The access token is invalid"
NOT_READY: Final = {
    "unconfirmed": Problem(403, "unconfirmed_login", "Your login is missing a confirmed e-mail address"),
    "pending": Problem(403, "pending_login", "Your login is currently pending approval"),
}


# --- declarations -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask. anyone: a token is honoured if there is one. client: any token, also an application's own. member: the
    token of somebody. scopes: one of them is enough; none: any token does."""

    kind: Literal["anyone", "client", "member"]
    scopes: tuple[str, ...] = ()


def anyone(*scopes: str) -> Access:
    """Open to strangers; a token that is sent must be valid and hold one of the scopes."""
    return Access("anyone", scopes)


def client(*scopes: str) -> Access:
    """For clients before anybody signed in, by their own token, and for members."""
    return Access("client", scopes)


def member(*scopes: str) -> Access:
    """For a member, or the group he speaks as."""
    return Access("member", scopes)


Function = Callable[["Call"], Awaitable[Any]]
Declare = Callable[[Function], Function]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of the table of everything that clients may ask. returns: the schema of the answer, None where it is no JSON."""

    method: str
    path: str
    access: Access
    returns: Schema | None
    params: tuple[Param, ...]
    function: Function
    doc: str
    budget: Budget = "api"
    unready: bool = False  # also for those who signed up and are not in yet
    oauth: bool = False  # errors in the form of RFC 6749
    statuses: tuple[int, ...] = (200,)  # what it answers when all is well

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Table:
    """The endpoints of one resource. `client_api` collects them."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.endpoints: list[Endpoint] = []

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def on(
        self, method: str, path: str, access: Access, returns: Schema | None, *params: Param, **more: Any
    ) -> Declare:
        """Declare the function below as an endpoint. more: `doc`, `budget`, `unready`, `oauth`, `statuses`."""

        def declare(function: Function) -> Function:
            doc = more.pop("doc", "") or (function.__doc__ or "").strip().partition("\n")[0]
            self.endpoints.append(Endpoint(method, path, access, returns, params, function, doc, **more))
            return function

        return declare

    def get(self, path: str, access: Access, returns: Schema | None, *params: Param, **more: Any) -> Declare:
        return self.on("GET", path, access, returns, *params, **more)

    def post(self, path: str, access: Access, returns: Schema | None, *params: Param, **more: Any) -> Declare:
        return self.on("POST", path, access, returns, *params, **more)

    def put(self, path: str, access: Access, returns: Schema | None, *params: Param, **more: Any) -> Declare:
        return self.on("PUT", path, access, returns, *params, **more)

    def patch(
        self, path: str, access: Access, returns: Schema | None, *params: Param, **more: Any
    ) -> Declare:
        return self.on("PATCH", path, access, returns, *params, **more)

    def delete(
        self, path: str, access: Access, returns: Schema | None, *params: Param, **more: Any
    ) -> Declare:
        return self.on("DELETE", path, access, returns, *params, **more)


# --- calls --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Api:
    """The parts that endpoints are handed."""

    house: House
    settings: Settings
    peers: Peers
    documents: Documents
    limits: Limits
    uploads: Uploads
    vapid_key: str
    hub: Any  # streaming.Hub, which knows this module
    attempts: auth.Attempts  # passwords that were not right


@dataclass(frozen=True, slots=True)
class Answer:
    """For what is not simply 200 with JSON."""

    value: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Asker(Protocol):
    """Who reads: a call, or somebody who listens to a stream."""

    @property
    def viewer(self) -> Viewer: ...
    @property
    def actor_id(self) -> int: ...
    @property
    def who(self) -> Speaker: ...
    @property
    def base(self) -> str: ...
    @property
    def now(self) -> int: ...


@dataclass(slots=True)
class Call:
    """One request, read: who asks, and with which parameters."""

    api: Api
    endpoint: Endpoint
    asked: Asked
    path: dict[str, str]
    speaker: Speaker | None = None
    app: AppSpeaker | None = None
    given: dict[str, Any] = field(default_factory=dict)
    shown: list[PostView] = field(default_factory=list)  # what the answer holds of posts

    def __getitem__(self, name: str) -> Any:
        """A declared parameter; its default where it was not sent. One that was not declared is an error of ours (KeyError)."""
        if name in self.given:
            return self.given[name]
        return (
            next(p.default for p in self.endpoint.params if p.name == name)
            if self._knows(name)
            else _unknown(name)
        )

    def _knows(self, name: str) -> bool:
        return any(p.name == name for p in self.endpoint.params)

    def sent(self, name: str) -> bool:
        """Whether the client sent it, be it empty: "" means "clear it"."""
        return name in self.given if self._knows(name) else _unknown(name)

    def id(self, name: str = "id") -> int:
        """An id of the address; anything else is simply not found."""
        found = Param(name, "id").read(self.path[name])
        return int(found or 0)

    @property
    def house(self) -> House:
        return self.api.house

    @property
    def base(self) -> str:
        return self.api.house.base_url

    @property
    def now(self) -> int:
        return self.api.house.clock()

    @property
    def viewer(self) -> Viewer:
        return self.speaker.viewer if self.speaker is not None else STRANGER

    @property
    def who(self) -> Speaker:
        """The member; endpoints that use it are declared with `member`."""
        if self.speaker is None:
            raise Problem(401, "no_token", UNAUTHORISED)
        return self.speaker

    @property
    def actor_id(self) -> int:
        """The acting actor: the member, or the group he speaks as."""
        return self.who.actor_id

    @property
    def holder(self) -> str:
        """Whose limits this counts to: a token, or a stranger's address."""
        return f"token {self.speaker.token_id}" if self.speaker is not None else f"address {self.address}"

    @property
    def address(self) -> str:
        return auth.client_address(
            self.api.settings, self.asked.remote, self.asked.headers.get("X-Forwarded-For")
        )

    @property
    def language(self) -> str:
        """en or es: what the caller reads."""
        return language_of(self.asked.headers.get("Accept-Language"), self.speaker)

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit of reading; it may await its `tx` alone."""
        return await self.house.db.read(unit)

    async def perform(self, change: Change) -> Decision:
        """Carry out a change; a refusal becomes the answer."""
        return await perform_or_raise(self.house, change)

    @property
    def cursor(self) -> Cursor:
        """Where the page begins; for endpoints that declare `paging(…)`."""
        lowest = self["min_id"]
        return Cursor(
            self["max_id"],
            lowest if lowest is not None else self["since_id"],
            lowest is not None,
            self["limit"] or 20,
        )

    def page(self, value: Any, last: int | None, newest: int | None) -> Answer:
        """A page with its `Link`. last: the last id *scanned* (not shown), None on the last page; newest: the first id."""
        link = link_header(self.base, self.asked, last, newest)
        return Answer(value, headers={"Link": link} if link else {})


def _unknown(name: str) -> Any:
    raise KeyError(f"{name} is not declared")


# --- a request ----------------------------------------------------------------------------------------------------------


async def respond(api: Api, endpoint: Endpoint, asked: Asked, path: dict[str, str]) -> Reply | Response:
    """Answer a request. A stream is a `Response` of Quart's, everything else a `Reply`."""
    try:
        call = await _begin(api, endpoint, asked, path)
        made = await endpoint.function(call)
        await _noted(call)
        if isinstance(made, Response | Reply):
            return made
        return answer(made.value, made.status, made.headers) if isinstance(made, Answer) else answer(made)
    except Problem as problem:
        return refused(problem, asked.headers.get("Accept-Language"), endpoint.oauth)
    except HTTPException as error:
        return failed(error.code or 500, asked.headers.get("Accept-Language"))
    except Exception as error:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        place = f"{where.tb_frame.f_code.co_qualname}:{where.tb_lineno}" if where is not None else ""
        log.error(
            "request_failed", endpoint=endpoint.name, kind=type(error).__name__, at=place, request=asked.id
        )
        return failed(500, asked.headers.get("Accept-Language"))


async def _noted(call: Call) -> None:
    """That a moderator read what only moderation shows is written down; what he does with it stands in the log anyway."""
    if call.shown and call.speaker is not None and call.endpoint.method == "GET":
        await cases.posts_noted(call.house, call.speaker.helper, call.shown)


def view_of(api: Api, endpoint: Endpoint) -> Callable[..., Awaitable[Response]]:
    """The function that Quart's router calls."""

    async def view(**path: str) -> Response:
        asked = from_quart(request, g.get("request_id", ""))
        made = await respond(api, endpoint, asked, path)
        g.left = asked.left
        return made.response() if isinstance(made, Reply) else made

    return view


async def _begin(api: Api, endpoint: Endpoint, asked: Asked, path: dict[str, str]) -> Call:
    """Who asks, whether he may, how often he did, and with what."""
    call = Call(api, endpoint, asked, path)
    bearer = auth.bearer(asked.headers.get("Authorization")) or asked.argument("access_token") or ""
    if bearer:
        call.speaker = await auth.viewer_of_token(api.house, bearer, unready=True)
        if call.speaker is None:
            call.app = await auth.app_of_token(api.house, bearer)
    who = f"login {call.speaker.login_id}" if call.speaker is not None else f"address {call.address}"
    left = asked.left = api.limits.take(endpoint.budget, who, call.now)
    if left is not None and left.refused:
        wait = max(1, (left.reset - call.now + 999) // 1000)
        raise Problem(429, "too_many_requests", "Too many requests", retry_after=wait)
    _admit(call, bool(bearer))
    call.given = read_all(endpoint.params, await received(asked)) if endpoint.params else {}
    return call


def _admit(call: Call, token: bool) -> None:
    """401 without a (valid) token where one is needed, 403 where it does not hold what is needed."""
    access = call.endpoint.access
    holder = call.speaker or call.app
    if holder is None and (token or access.kind != "anyone"):
        raise Problem(401, "bad_token" if token else "no_token", UNAUTHORISED)
    if (
        holder is not None
        and access.scopes
        and not any(covers(holder.scopes, scope) for scope in access.scopes)
    ):
        raise Problem(403, "scope", "This action is outside the authorized scopes")
    if access.kind == "member" and call.speaker is None:
        raise Problem(422, "no_member", "This method requires an authenticated user")
    if call.speaker is not None and not call.speaker.ready and not call.endpoint.unready:
        if access.kind != "anyone":
            raise NOT_READY[call.speaker.state]
        call.speaker = None  # what a stranger may read
