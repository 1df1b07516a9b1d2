"""The job that tells phones of a notification (RFC 8030, 8291, 8292; the older `aesgcm` for clients that know no other).

The rule and the owner's taste are asked when it is sent, as wherever else. Push goes through relays of others and shows on lock
screens: title and body say in the member's language what kind of thing happened, and by whom where the post is public.
Words of a post are in it only if the member wants that (`source[push_text]`).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import http_ece
import orjson
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fedi_community.domain.client_effects import DropPush
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Viewer
from fedi_community.domain.notices import Together
from fedi_community.domain.text import shown_text
from fedi_community.domain.views import ActorView, PostView
from fedi_community.domain.wants import wants_notice
from fedi_community.mastodon.entities.accounts import picture_url
from fedi_community.mastodon.entities.notifications import OF_POSTS, OURS, TYPES
from fedi_community.mastodon.lookup import existing
from fedi_community.mastodon.words import PUSHED
from fedi_community.network import Network
from fedi_community.network.errors import FetchError
from fedi_community.perform import Change, House, perform
from fedi_community.storage import notifications, people, push, views, wants
from fedi_community.storage.database import Tx
from fedi_community.storage.notifications import PUSH_JOB, Notice
from fedi_community.storage.push import Subscription
from fedi_community.vapid import Vapid, b64url

TTL_S: Final = 48 * 3600
"""Seconds that a push service keeps what it cannot hand over at once."""
MAX_TEXT: Final = 180
"""Characters of a post that a member who wants its text is shown."""
TRIED_AGAIN: Final = frozenset({408, 425, 429})
log = structlog.get_logger("push")


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told, after the rule and the owner's taste."""

    notice: Notice
    actor: ActorView
    post: PostView | None
    phones: list[Subscription]
    followed: bool
    follower: bool


class Later(Exception):
    """A push service could not take it now; the job is tried again."""


async def _load(tx: Tx, owner: int, notification_id: int, now: int) -> Told | None:
    found = await notifications.of_key(tx, owner, Together("", notification_id))
    phones = await push.of_actor(tx, owner, now) if found else []
    if not phones:
        return None
    notice, viewer = found[0], Viewer(owner, True)
    actors = await existing(tx, viewer, [notice.actor_id])
    posts = await views.load_posts(tx, viewer, [notice.object_id] if notice.object_id else [])
    kind = OURS.get(notice.kind, notice.kind)
    if kind not in TYPES or not actors or (kind in OF_POSTS and not posts):
        return None
    post = posts[0] if posts else None
    if not wants_notice(await wants.load(tx, viewer, now), notice.kind, actors[0], post):
        return None
    stands = (await people.relationships(tx, owner, [notice.actor_id], now)).get(notice.actor_id, {})
    return Told(
        notice, actors[0], post, phones, bool(stands.get("following")), bool(stands.get("followed_by"))
    )


def _wanted(told: Told, phone: Subscription) -> bool:
    kind = OURS.get(told.notice.kind, told.notice.kind)
    by = {"all": True, "followed": told.followed, "follower": told.follower, "none": False}
    return bool(phone.alerts.get(kind)) and by[phone.policy]


def payload(told: Told, phone: Subscription, base_url: str) -> dict[str, Any]:
    """What a phone shows. `access_token` is empty: tokens are kept as hashes alone, and a client knows its own."""
    kind = OURS.get(told.notice.kind, told.notice.kind)
    language = "es" if phone.language.startswith("es") else "en"
    settings = phone.settings or {}
    open_ = told.post is None or told.post.visibility in ("public", "unlisted")
    named, nameless = PUSHED[kind][language]
    title = named.format(name=told.actor.name) if open_ or settings.get("push:text") else nameless
    body = shown_text(told.post.text().content)[:MAX_TEXT] if told.post and settings.get("push:text") else ""
    return {
        "access_token": "",
        "preferred_locale": language,
        "notification_id": told.notice.id,
        "notification_type": kind,
        "icon": picture_url(told.actor.icon if open_ else None, base_url),
        "title": title,
        "body": body,
    }


def encrypted(phone: Subscription, content: bytes, key: Vapid, now: int) -> tuple[bytes, dict[str, str]]:
    """Body and header fields of a push message."""
    own = ec.generate_private_key(ec.SECP256R1())
    point, secret = _raw(phone.p256dh), _raw(phone.auth)
    fields = {"TTL": str(TTL_S), "Urgency": "normal", "Content-Type": "application/octet-stream"}
    token = key.token(phone.endpoint, now)
    if phone.standard:
        body = http_ece.encrypt(content, private_key=own, dh=point, auth_secret=secret, version="aes128gcm")
        return body, {
            **fields,
            "Content-Encoding": "aes128gcm",
            "Authorization": f"vapid t={token}, k={key.public}",
        }
    salt = os.urandom(16)
    body = http_ece.encrypt(
        content, salt=salt, private_key=own, dh=point, auth_secret=secret, version="aesgcm"
    )
    dh = own.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return body, {
        **fields,
        "Content-Encoding": "aesgcm",
        "Encryption": f"salt={b64url(salt)}",
        "Crypto-Key": f"dh={b64url(dh)};p256ecdsa={key.public}",
        "Authorization": f"WebPush {token}",
    }


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jobs(
    house: House, network: Network, key: Vapid
) -> dict[str, Callable[[dict[str, Any]], Awaitable[None]]]:
    """Kind of job -> what runs it."""

    async def run(asked: dict[str, Any]) -> None:
        now = house.clock()
        told = await house.db.read(lambda tx: _load(tx, int(asked["owner"]), int(asked["id"]), now))
        if told is None:
            return
        later = False
        for phone in told.phones:
            if _wanted(told, phone):
                later |= await _send(house, network, key, told, phone)
        if later:
            raise Later

    return {PUSH_JOB: run}


async def _send(house: House, network: Network, key: Vapid, told: Told, phone: Subscription) -> bool:
    """Hand it to the push service. Returns whether it must be tried again: twice is better than never, clients fold it by id."""
    now = house.clock()
    body, fields = encrypted(phone, orjson.dumps(payload(told, phone, house.base_url)), key, now)
    try:
        answer = await network.post(phone.endpoint, body, fields)
    except FetchError as error:
        log.info("push_failed", subscription=phone.id, reason=str(error.reason))
        return error.retryable
    if answer.status in (404, 410):
        effect = DropPush(0, phone.id)
        await perform(house, Change(Needs(), lambda _: Decision((effect,)), 0))
        return False
    if answer.status >= 300:
        log.info("push_refused", subscription=phone.id, status=answer.status)
    return answer.status in TRIED_AGAIN or answer.status >= 500
