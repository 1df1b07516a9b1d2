"""One attempt: body, signature, POST, verdict. Knows nothing of queues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from fedi_community.activitypub import synchronization
from fedi_community.activitypub.signatures import SigningKey
from fedi_community.delivery.bodies import BodyCache
from fedi_community.delivery.digests import Digests
from fedi_community.delivery.schedule import Verdict, judge, judge_error
from fedi_community.delivery.signing import Signer
from fedi_community.errors import Problem
from fedi_community.network import Network
from fedi_community.network.client import Response
from fedi_community.network.errors import FetchError
from fedi_community.storage.turns import Delivery

log = structlog.get_logger("delivery")

OTHER_FORM: Final = {"cavage": "rfc9421", "rfc9421": "cavage"}

Keys = Callable[[int], Awaitable[SigningKey]]
"""Actor id -> the RSA key it signs with."""

Extra = Mapping[str, str]
"""Header fields that are sent and signed beside the usual ones."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """What came of it. form: the signature form that the host took, None where it took none or nothing was sent."""

    verdict: Verdict
    form: str | None = None
    knocked_twice: bool = False


NOTHING_TO_SEND: Final = Attempted(Verdict("delivered", "nothing_to_send", "unknown"))


@dataclass(frozen=True, slots=True)
class Sender:
    """What an attempt needs. timeout: seconds for the whole request."""

    network: Network
    bodies: BodyCache
    keys: Keys
    signer: Signer
    clock: Callable[[], int]
    timeout: float
    digests: Digests | None = None

    async def attempt(self, row: Delivery, host: str, form: str) -> Attempted:
        """Send a row. Never raises but for cancellation; what fails on our side is tried again and is no fault of the host."""
        try:
            body = await self.bodies.get(row.activity_id, row.mode, row.target_id, host, row.shared)
            if body is None:
                return NOTHING_TO_SEND
            return await self._send(row, body, form, await self._synchronization(row, host))
        except FetchError as error:
            return Attempted(judge_error(error))
        except Problem as problem:
            log.error("delivery_not_made", activity=row.activity_id, host=host, reason=problem.reason)
            return Attempted(Verdict("again", problem.reason, "unknown"))
        except Exception as error:
            log.exception("delivery_not_made", activity=row.activity_id, host=host, kind=type(error).__name__)
            return Attempted(Verdict("again", "error_" + type(error).__name__, "unknown"))

    async def _synchronization(self, row: Delivery, host: str) -> Extra:
        """What goes with content that followers alone read (FEP-8fcf): whether the host knows them."""
        if self.digests is None or not row.to_followers:
            return {}
        actor = (await self.keys(row.actor_id)).key_id.partition("#")[0]
        field = await self.digests.field(row.actor_id, actor, host)
        return {} if field is None else {synchronization.FIELD: field}

    async def _send(self, row: Delivery, body: bytes, form: str, extra: Extra) -> Attempted:
        answer = await self._post(row, body, form, extra)
        if not _asks_for_other_form(answer):
            return Attempted(judge(answer.status, answer.headers, self.clock()), form)
        other = OTHER_FORM[form]
        answer = await self._post(row, body, other, extra)
        taken = None if _asks_for_other_form(answer) else other
        return Attempted(judge(answer.status, answer.headers, self.clock()), taken, True)

    async def _post(self, row: Delivery, body: bytes, form: str, extra: Extra) -> Response:
        url = self.network.canonical_url(row.inbox)
        key = await self.keys(row.actor_id)
        headers = await self.signer.headers(form, url, key, self.clock(), body, extra)
        return await self.network.post(url, body, headers, timeout=self.timeout)


def _asks_for_other_form(answer: Response) -> bool:
    """401 says that the signature was not taken; some say 400 and name it (double knock)."""
    return answer.status == 401 or (answer.status == 400 and b"signature" in answer.body.lower())
