"""Remote documents and keys: ask another server, and believe only what it may say about itself (FEP-fe34).

Every GET is signed by the instance actor. A document counts only as served by its own origin, under its own id, with an
ActivityStreams type. Nothing is stored here; callers do that through `perform`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import quote

from fedi_community.activitypub import nodeinfo, webfinger
from fedi_community.activitypub.signatures import SigningKey, sign_cavage, sign_rfc9421
from fedi_community.activitypub.strict_json import loads
from fedi_community.activitypub.wire import (
    WireActor,
    WireCollection,
    WireObject,
    parse,
)
from fedi_community.activitypub.wire.types import Embedded
from fedi_community.domain.origins import canonical, host_of, same_origin, valid_id
from fedi_community.errors import Problem, Refusal
from fedi_community.network.client import Network, Response, Sign
from fedi_community.network.errors import FetchError

ACCEPT = 'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
_LD = "application/ld+json"
_AS2 = "application/activity+json"
GONE = frozenset({404, 410})
MAX_FORMS: Final = 10_000
"""Hosts whose signature form is remembered."""

Signature = Callable[..., Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Failed:
    """No document. reason: a word for logs; status: the peer's answer, 0 when there was none; retryable: ask later."""

    reason: str
    status: int = 0
    retryable: bool = False


class Fetcher:
    """Asks other servers in the name of the instance actor. `key` may be None before the instance has one (tests)."""

    def __init__(
        self,
        network: Network,
        key: SigningKey | None,
        *,
        allow_http: bool = False,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.network = network
        self._key = key
        self._rfc9421: OrderedDict[str, None] = OrderedDict()  # hosts that took this form and not the other
        self.allow_http = allow_http
        self._clock = clock or _now_ms

    def _sign(self, sign: Signature, method: str, url: str) -> Mapping[str, str]:
        if self._key is None:
            return {"Accept": ACCEPT}
        return sign(method, url, key=self._key, now_ms=self._clock(), accept=ACCEPT)

    async def document(self, uri: str) -> Embedded | Failed:
        """The document with this id, from its own server. A document under another id is asked for once more there."""
        wanted = uri.split("#", 1)[0]
        for _ in range(2):
            if not valid_id(wanted, self.allow_http):
                return Failed("bad_id")
            got = await self._get(wanted)
            if isinstance(got, Failed):
                return got
            found = _read(got)
            if isinstance(found, Failed):
                return found
            if canonical(found.id) == canonical(wanted):
                return found
            if not found.id or not same_origin(found.id, wanted):
                return Failed("id_on_other_origin")
            wanted = found.id
        return Failed("id_differs")

    async def _get(self, url: str) -> Response | Failed:
        host = host_of(url) or ""
        first, second = (
            (sign_cavage, sign_rfc9421) if host not in self._rfc9421 else (sign_rfc9421, sign_cavage)
        )
        got = await self._ask(url, partial(self._sign, first))
        if not _not_taken(got) or self._key is None:
            return got
        got = await self._ask(
            url, partial(self._sign, second)
        )  # double knock: the peer may take this form alone
        if not _not_taken(got):
            self._remember(host, second is sign_rfc9421)
        return got

    def _remember(self, host: str, rfc9421: bool) -> None:
        """The form a host took after it took not the other: asked first from now on, until it is not taken any more."""
        self._rfc9421.pop(host, None)
        if rfc9421:
            self._rfc9421[host] = None
            if len(self._rfc9421) > MAX_FORMS:
                self._rfc9421.popitem(last=False)

    async def _ask(self, url: str, sign: Sign) -> Response | Failed:
        try:
            got = await self.network.get(url, sign=sign)
        except FetchError as error:
            return Failed(str(error.reason), 0, error.retryable)
        if got.status == 200:
            return got
        return Failed(f"status_{got.status}", got.status, got.status >= 500 or got.status in (408, 425, 429))

    async def answers(self, url: str) -> bool | None:
        """Whether there is anything for us at an address: yes, no (4xx), or None where nobody can tell just now."""
        got = await self._get(url)
        if isinstance(got, Failed):
            return False if 400 <= got.status < 500 and not got.retryable else None
        return True

    async def actor(self, uri: str) -> WireActor | Failed:
        """An actor's own document."""
        found = await self.document(uri)
        if isinstance(found, WireActor | Failed):
            return found
        return Failed("not_an_actor")

    async def post(self, uri: str) -> WireObject | Failed:
        """A post's own document; an activity there is unwrapped when it embeds a post of the same origin."""
        found = await self.document(uri)
        if isinstance(found, WireObject | Failed):
            return found
        return Failed("not_a_post")

    async def collection(self, uri: str) -> WireCollection | Failed:
        """A collection or one page of it."""
        found = await self.document(uri)
        if isinstance(found, WireCollection | Failed):
            return found
        return Failed("not_a_collection")

    async def software(self, host: str) -> nodeinfo.RemoteSoftware | Failed:
        """What a server says it runs (NodeInfo, FEP-f1d5): its discovery document, then the one that this names there."""
        known: object | Failed = Failed("no_answer")
        for scheme in ("https", "http") if self.allow_http else ("https",):
            if isinstance(known, Failed):
                known = await self._json(f"{scheme}://{host}/.well-known/nodeinfo", "application/json")
        if isinstance(known, Failed):
            return known
        link = nodeinfo.link_of(known, host, allow_http=self.allow_http)
        found = Failed("no_nodeinfo") if link is None else await self._json(link, "application/json")
        if isinstance(found, Failed):
            return found
        said = nodeinfo.parse(found)
        return Failed(said.reason) if isinstance(said, Refusal) else said

    async def handle(self, actor: WireActor) -> webfinger.Handle | Failed:
        """The actor's handle, confirmed by the handle's own host (the loop of `webfinger.judge`)."""
        question = webfinger.first_question(actor)
        if isinstance(question, Refusal):
            return Failed(question.reason)
        redirected = False
        while True:
            answer = await self._webfinger(question.handle, (actor.id.partition("://")[0],))
            if isinstance(answer, Failed):
                return answer
            verdict = webfinger.judge(actor.id, question.handle, answer, redirected=redirected)
            if isinstance(verdict, webfinger.Handle):
                return verdict
            if isinstance(verdict, Refusal):
                return Failed(verdict.reason)
            question, redirected = verdict, True

    async def lookup(self, handle: webfinger.Handle) -> str | Failed:
        """The actor a typed handle leads to."""
        redirected = False
        while True:
            answer = await self._webfinger(handle, ("https", "http") if self.allow_http else ("https",))
            if isinstance(answer, Failed):
                return answer
            verdict = webfinger.judge_lookup(handle, answer, redirected=redirected)
            if isinstance(verdict, str):
                return verdict
            if isinstance(verdict, Refusal):
                return Failed(verdict.reason)
            handle, redirected = verdict.handle, True

    async def _webfinger(
        self, handle: webfinger.Handle, schemes: tuple[str, ...]
    ) -> webfinger.RemoteJrd | Failed:
        failed = Failed("no_answer")
        for scheme in schemes:
            url = f"{scheme}://{handle.host}/.well-known/webfinger?resource={quote(f'acct:{handle}', safe=':@')}"
            found = await self._json(url, "application/jrd+json, application/json", redirects=True)
            if isinstance(found, Failed):
                if found.status:
                    return found
                failed = found
                continue
            answer = webfinger.parse_jrd(found)
            return Failed(answer.reason) if isinstance(answer, Refusal) else answer
        return failed

    async def _json(self, url: str, accept: str, *, redirects: bool = False) -> object | Failed:
        """Plain JSON, asked for without a signature. redirects: to other origins too."""
        try:
            got = await self.network.get(url, headers={"Accept": accept}, same_origin_redirects=not redirects)
        except FetchError as error:
            return Failed(str(error.reason), 0, error.retryable)
        if got.status != 200:
            return Failed(f"status_{got.status}", got.status, got.status >= 500)
        try:
            return loads(got.body)
        except Problem as problem:
            return Failed(problem.reason)


def _not_taken(got: Response | Failed) -> bool:
    return isinstance(got, Failed) and got.status == 401


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def is_as2(content_type: str) -> bool:
    """An ActivityStreams document by its media type; plain JSON may be somebody's upload."""
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    return kind == _AS2 or (kind == _LD and "activitystreams" in parameters)


def _read(got: Response) -> Embedded | Failed:
    if not is_as2(got.headers.get("content-type", "")):
        return Failed("wrong_type")
    try:
        found = parse(loads(got.body))
    except Problem as problem:
        return Failed(problem.reason)
    if isinstance(found, Refusal):
        return Failed(found.reason)
    if host_of(found.id) is None:
        return Failed("no_id")
    return found
