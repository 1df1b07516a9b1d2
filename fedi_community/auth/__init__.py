"""Who asks: from a session cookie or a bearer token to a `Speaker`, and how a session begins and ends.

Secrets are 256 random bits; the database holds their SHA-256 alone. A token counts only while its login and its actor
are active and the login may still speak as that actor. Passwords are argon2id, hashed on two threads. Nothing here
renders anything, and no secret or password goes into a log or an error.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

import orjson
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from fedi_community.config import Settings
from fedi_community.domain import closing
from fedi_community.domain.effects import Audit, Decision, MakeToken, RevokeTokens
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Viewer
from fedi_community.domain.personas import AS_YOURSELF
from fedi_community.domain.reports import Helper
from fedi_community.errors import Problem, Refusal
from fedi_community.perform import Change, House, perform
from fedi_community.storage import sessions

SESSION_MS: Final = 60 * 86_400_000
"""How long a log-in on the pages lasts."""
TOUCH_MS: Final = 3_600_000
"""Being here is written down at most once in so long."""
LOGIN_WINDOW_MS: Final = 15 * 60_000
MAX_PASSWORD: Final = 1000
MAX_HASHING: Final = 32
"""Log-ins that may wait for the two hashing threads; more are asked to come back."""
MAX_WATCHED: Final = 10_000
"""Keys the log-in limit remembers."""

WRONG = Refusal("wrong_login", 422, "The name or the password is not right.")
NOT_ACTIVE = Refusal("login_not_active", 403, "This account cannot log in.")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: `viewer` is the actor that reads and writes, `login_id` the person behind it.

    scopes: of an access token; a session has all ("read write follow push"). role: member, staff or admin. type: of the
    actor. state: of the log-in (active; unconfirmed or pending: signed up and not yet let in). settings: his preferences.
    voice: how the actor is his: self, persona, staff.
    """

    viewer: Viewer
    login_id: int
    actor_id: int
    scopes: frozenset[str]
    role: str
    language: str
    handle: str
    name: str
    type: str
    token_id: int
    app_id: int | None = None
    state: str = "active"
    settings: dict[str, Any] = field(default_factory=dict)
    voice: str = "self"

    @property
    def ready(self) -> bool:
        """Let in: may do more than ask who he is."""
        return self.state == "active"

    @property
    def staff(self) -> bool:
        return self.role in ("staff", "admin")

    @property
    def helper(self) -> Helper:
        """As whoever answers reports and looks after posts."""
        return Helper(self.actor_id, self.login_id, self.staff)


# --- secrets and passwords --------------------------------------------------------------------------------------------


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def token_hash(secret: str) -> str:
    """What the database keeps of a secret: SHA-256, hex."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def csrf_token(secret: str) -> str:
    """The form token of a session: derived, so that nothing more is stored."""
    return hmac.new(secret.encode("utf-8", "replace"), b"form", hashlib.sha256).hexdigest()


_HASHER: Final = PasswordHasher()
_HASHING: Final = ThreadPoolExecutor(2, thread_name_prefix="argon2")  # 64 MiB each


@functools.cache
def _nobodys_password() -> str:
    """What an unknown name is checked against, so that it takes as long as a known one."""
    return _HASHER.hash(new_secret())


def _verify(stored: str | None, password: str) -> bool:
    try:
        found = _HASHER.verify(stored or _nobodys_password(), password)
    except InvalidHashError:
        _verify(None, password)
        return False
    except Argon2Error:
        return False
    return found and stored is not None


async def hash_password(password: str) -> str:
    """An argon2id hash (0.1 to 0.3 s on a thread). Raises `Problem` for a password that is too long or empty."""
    if not 0 < len(password) <= MAX_PASSWORD:
        raise Problem(422, "bad_password", f"A password has 1 to {MAX_PASSWORD} characters.")
    return await asyncio.get_running_loop().run_in_executor(_HASHING, _HASHER.hash, password)


async def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password fits. With None the same work is done for nothing."""
    if _HASHING._work_queue.qsize() >= MAX_HASHING:
        raise Problem(503, "busy", "Too many people are logging in. Please try again.", retry_after=10)
    return await asyncio.get_running_loop().run_in_executor(
        _HASHING, _verify, stored, password[:MAX_PASSWORD]
    )


# --- who speaks -------------------------------------------------------------------------------------------------------


def cookie_name(settings: Settings, name: Literal["session", "form"]) -> str:
    """`__Host-` binds a cookie to this host and to https; plain names are for http on localhost."""
    return f"__Host-{name}" if settings.base_url.startswith("https://") else name


async def _speaker(house: House, secret: str, kind: str, unready: bool = False) -> Speaker | None:
    if not secret or len(secret) > 200:
        return None
    hash_ = token_hash(secret)
    now = house.clock()
    row = await house.db.read(lambda tx: sessions.token_row(tx, hash_, kind))
    if row is None or row["revoked"] is not None or (row["expires"] is not None and row["expires"] <= now):
        return None
    waits = unready and row["login_state"] in ("unconfirmed", "pending") and row["actor_state"] == "waiting"
    if not waits and (row["login_state"] != "active" or row["actor_state"] not in ("active", "limited")):
        return None
    if row["used_at"] is None or row["used_at"] <= now - TOUCH_MS:
        token_id, login_id = row["id"], row["login_id"]
        await house.db.write(lambda tx: sessions.touch(tx, token_id, login_id, now))
    return Speaker(
        viewer=Viewer(row["actor_id"], local=True, login_id=row["login_id"]),
        login_id=row["login_id"],
        actor_id=row["actor_id"],
        scopes=frozenset(row["scopes"].split()),
        role="member" if row["voice"] == "persona" else row["role"],  # what he is, his other names are not
        voice=row["voice"],
        language=row["language"],
        handle=row["handle"],
        name=row["name"] or row["handle"],
        type=row["type"],
        token_id=row["id"],
        app_id=row["app_id"],
        state=row["login_state"],
        settings=orjson.loads(row["settings"]),
    )


async def viewer_of_token(house: House, secret: str, *, unready: bool = False) -> Speaker | None:
    """Who a bearer token speaks for; None where it is unknown, expired, revoked, or its login or actor is not active.

    unready: also somebody who signed up and was not let in yet (`Speaker.ready` is false).
    """
    return await _speaker(house, secret, "access", unready)


@dataclass(frozen=True, slots=True)
class AppSpeaker:
    """A client that speaks for itself alone."""

    token_id: int
    app_id: int
    scopes: frozenset[str]


async def app_of_token(house: House, secret: str) -> AppSpeaker | None:
    """Which application a token of the grant `client_credentials` speaks for."""
    if not secret or len(secret) > 200:
        return None
    hash_ = token_hash(secret)
    row = await house.db.read(lambda tx: sessions.app_token(tx, hash_))
    if row is None or row["revoked"] is not None:
        return None
    return AppSpeaker(row["id"], row["app_id"], frozenset(row["scopes"].split()))


async def viewer_of_session(house: House, secret: str) -> Speaker | None:
    """Who a session cookie speaks for; None as for tokens."""
    return await _speaker(house, secret, "session")


def bearer(authorization: str | None) -> str | None:
    """The secret of an `Authorization: Bearer …` header (RFC 6750 §2.1)."""
    scheme, _, secret = (authorization or "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


# --- beginning and ending ---------------------------------------------------------------------------------------------


async def open_session(house: House, login_id: int, actor_id: int) -> str:
    """A new session of a login that speaks as the actor. Returns the secret for the cookie."""
    secret = new_secret()

    def decide(facts: Facts) -> Decision:
        made = MakeToken(
            facts.new_ids[0], token_hash(secret), "session", facts.now, login_id, actor_id,
            scopes="read write follow push", expires=facts.now + SESSION_MS,
        )  # fmt: skip
        return Decision((made, Audit("logged_in", facts.now, actor_id, login_id)), facts.new_ids[0])

    await perform(house, Change(Needs(), decide, 1))
    return secret


async def end_session(house: House, secret: str) -> None:
    """Log out: the session ends here, wherever its cookie was copied to."""
    ended = token_hash(secret)
    await perform(house, Change(Needs(), lambda f: Decision((RevokeTokens(f.now, hash=ended),)), 0))


@dataclass(frozen=True, slots=True)
class LoggedIn:
    secret: str
    login_id: int
    actor_id: int
    language: str


async def log_in(
    house: House, attempts: Attempts, who: str, password: str, address: str
) -> LoggedIn | Refusal:
    """A session for an e-mail address or a handle (`name`, `@name`) and its password.

    Too many failures raise `Problem` 429. An unknown name costs the same work and gets the same answer as a wrong
    password.
    """
    who = who.replace("\0", "").strip().lower().removeprefix("@")[:320]
    keys = ("who", address, who), ("address", address), ("account", who)
    attempts.check(keys, house.clock())
    if "@" in who:
        row = await house.db.read(lambda tx: sessions.login_by_email(tx, who))
    else:
        row = await house.db.read(lambda tx: sessions.login_by_handle(tx, who))
    fits = await verify_password(row.password if row else None, password)
    if row is None or not fits:
        attempts.failed(keys, house.clock())
        return WRONG
    if row.state != "active" or row.actor_state not in ("active", "limited"):
        return NOT_ACTIVE
    attempts.forget(keys[0])
    secret = await open_session(house, row.id, row.actor_id)
    return LoggedIn(secret, row.id, row.actor_id, row.language)


async def close_account(
    house: House, attempts: Attempts, speaker: Speaker, password: str, address: str
) -> Decision | Refusal:
    """Somebody closes his own account, for which he gives his password once more: the browser may be another's. Too many failures
    raise `Problem` 429."""
    keys = ("who", address, speaker.handle), ("address", address), ("account", speaker.handle)
    attempts.check(keys, house.clock())
    row = await house.db.read(lambda tx: sessions.login_by_handle(tx, speaker.handle))
    own = row is not None and row.id == speaker.login_id
    if not await verify_password(row.password if row is not None and own else None, password):
        attempts.failed(keys, house.clock())
        return AS_YOURSELF if not own else closing.WRONG_PASSWORD
    login_id, actor_id = speaker.login_id, speaker.actor_id
    needs = closing.close_needs(login_id, actor_id)
    return await perform(house, Change(needs, lambda f: closing.decide_close(login_id, actor_id, f), 1))


Key = tuple[str, ...]


@dataclass(slots=True)
class Attempts:
    """Failed log-ins of the last 15 minutes, in memory. limit: for one address and account together; an address, and an
    account from anywhere, has five times as many. 0 is no limit."""

    limit: int
    _failures: OrderedDict[Key, list[int]] = field(default_factory=OrderedDict)

    def check(self, keys: tuple[Key, ...], now: int) -> None:
        """Raises `Problem` 429 with the seconds to wait."""
        for key in keys:
            recent = [at for at in self._failures.get(key, ()) if at > now - LOGIN_WINDOW_MS]
            allowed = self.limit * (1 if key[0] == "who" else 5)
            if self.limit and len(recent) >= allowed:
                wait = max(1, (recent[0] + LOGIN_WINDOW_MS - now + 999) // 1000)
                raise Problem(
                    429,
                    "too_many_logins",
                    "Too many attempts. Please wait a few minutes, then try again.",
                    retry_after=wait,
                )

    def failed(self, keys: tuple[Key, ...], now: int) -> None:
        for key in keys:
            recent = [at for at in self._failures.pop(key, ()) if at > now - LOGIN_WINDOW_MS]
            self._failures[key] = [*recent[-(self.limit * 5) :], now]
        while len(self._failures) > MAX_WATCHED:
            self._failures.popitem(last=False)

    def forget(self, key: Key) -> None:
        self._failures.pop(key, None)


# --- the request ------------------------------------------------------------------------------------------------------


def forwarded(headers: Any) -> str | None:
    """All lines of X-Forwarded-For of a request in Quart, as one: a proxy may add a line of its own to the client's."""
    return ", ".join(headers.getlist("X-Forwarded-For")) or None


def client_address(settings: Settings, peer: str | None, forwarded_for: str | None) -> str:
    """Whom to count: the connection's address, or the last one in X-Forwarded-For that is no proxy of ours.

    An IPv6 address counts as its /64, which is what one household has.
    """
    trusted = {part.strip() for part in settings.trusted_proxies.split(",") if part.strip()}
    chain = [part.strip() for part in (forwarded_for or "").split(",") if part.strip()]
    address = peer or ""
    while address in trusted and chain:
        address = chain.pop()
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:60]
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


class Headers(Protocol):
    """Request headers, names in any case."""

    def get(self, key: str, /) -> str | None: ...


def same_origin(settings: Settings, headers: Headers) -> bool:
    """Whether a form came from a page of ours, by what browsers say (Fetch Metadata, then Origin). A browser that says
    neither is old; the form's token decides then."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("Origin")
    if origin is None:
        return True
    return origin == settings.base_url or urlsplit(origin).netloc == headers.get("Host")
