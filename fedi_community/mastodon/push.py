"""/api/v1/push/subscription: where a client is told of notifications while it sleeps. One for each access token.

What is sent, and to whom, is in `pushing`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from fedi_community.domain.client_effects import DropPush, SetPush
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Needs
from fedi_community.errors import Problem, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.notifications import TYPES
from fedi_community.mastodon.entities.schema import BOOL, INT, STR, URL, entity, one_of, shape
from fedi_community.mastodon.params import Param
from fedi_community.network.errors import FetchError
from fedi_community.network.guard import check_url
from fedi_community.perform import Change
from fedi_community.storage import push as rows
from fedi_community.storage.push import Subscription

table = Table("push")
POLICIES: Final = ("all", "followed", "follower", "none")
MAX_ENDPOINT: Final = 2000
"""Characters of a push service's address."""
SUBSCRIPTION: Final = entity(
    "WebPushSubscription",
    id=INT, endpoint=URL, standard=BOOL, alerts=shape(**dict.fromkeys(TYPES, BOOL)), server_key=STR,
    policy=one_of(*POLICIES),
)  # fmt: skip
SENT: Final = (
    Param("subscription", "object", doc="{endpoint, keys: {p256dh, auth}, standard}"),
    Param("data", "object", doc="{alerts: {mention: true, …}, policy}"),
    Param("policy", doc="As in data, for clients that send it here"),
)
PUSH: Final = member("push")


def _shown(call: Call, one: Subscription) -> dict[str, Any]:
    return {
        "id": one.id,
        "endpoint": one.endpoint,
        "standard": one.standard,
        "alerts": {kind: bool(one.alerts.get(kind)) for kind in TYPES},
        "server_key": call.api.vapid_key,
        "policy": one.policy,
    }


async def _own(call: Call) -> Subscription:
    found = await call.read(lambda tx: rows.of_token(tx, call.who.token_id))
    if found is None:
        raise not_found()
    return found


def _bad(what: str) -> Problem:
    return Problem(422, "bad_subscription", f"Validation failed: {what} is not usable")


def _key(sent: Any, what: str, length: int) -> str:
    """A key in either alphabet, with or without padding, as base64url without."""
    text = str(sent or "").strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != length:
        raise _bad(what)
    if length == 65:
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        except ValueError:
            raise _bad(what) from None
    return text


def _alerts(call: Call, before: dict[str, bool]) -> dict[str, bool]:
    sent = (call["data"] or {}).get("alerts")
    if not isinstance(sent, dict):
        return before
    flags = {kind: Param(kind, "flag").read(sent[kind]) for kind in TYPES if kind in sent}
    return {kind: bool(on) for kind, on in flags.items()}


def _policy(call: Call, before: str) -> str:
    sent = (call["data"] or {}).get("policy") or call["policy"] or before
    if sent not in POLICIES:
        raise Problem(422, "bad_policy", "Validation failed: Policy is not included in the list")
    return str(sent)


async def _save(call: Call, one: Subscription) -> dict[str, Any]:
    token, at = call.who.token_id, call.now
    effect = SetPush(
        token, one.actor_id, one.endpoint, one.p256dh, one.auth, one.standard, one.alerts, one.policy, at
    )
    await call.perform(Change(Needs(), lambda _: Decision((effect,)), 0))
    return _shown(call, await _own(call))


@table.post("/api/v1/push/subscription", PUSH, SUBSCRIPTION, *SENT)
async def subscribe(call: Call) -> Any:
    """Be told here; it takes the place of what this token had"""
    sent = call["subscription"] or {}
    keys: dict[str, Any] = sent["keys"] if isinstance(sent.get("keys"), dict) else {}
    endpoint = str(sent.get("endpoint") or "")
    try:
        if len(endpoint) > MAX_ENDPOINT:
            raise _bad("Endpoint")
        check_url(endpoint, call.api.settings.allow_private_peers)
    except FetchError:
        raise _bad("Endpoint") from None
    standard = Param("standard", "flag").read(sent["standard"]) if "standard" in sent else False
    return await _save(call, Subscription(
        0, call.actor_id, endpoint, _key(keys.get("p256dh"), "P256dh", 65), _key(keys.get("auth"), "Auth", 16),
        bool(standard), _alerts(call, {}), _policy(call, "all"),
    ))  # fmt: skip


@table.get("/api/v1/push/subscription", PUSH, SUBSCRIPTION)
async def read(call: Call) -> Any:
    """Where this token is told"""
    return _shown(call, await _own(call))


@table.put("/api/v1/push/subscription", PUSH, SUBSCRIPTION, *SENT[1:])
async def change(call: Call) -> Any:
    """Of what it is told"""
    one = await _own(call)
    return await _save(call, Subscription(
        one.id, one.actor_id, one.endpoint, one.p256dh, one.auth, one.standard, _alerts(call, one.alerts),
        _policy(call, one.policy),
    ))  # fmt: skip


@table.delete("/api/v1/push/subscription", PUSH, entities.EMPTY)
async def unsubscribe(call: Call) -> Any:
    """Be told no more"""
    effect = DropPush(call.who.token_id)
    await call.perform(Change(Needs(), lambda _: Decision((effect,)), 0))
    return {}
