"""OAuth 2 for clients (RFC 6749, 7009, 7636, 8414): applications, what they ask a member, codes and tokens.

Everything that changes goes through `perform`; secrets are kept as hashes. Redirect addresses are compared as exact strings and
never taken apart: clients register custom schemes and addresses with percent escapes. Nothing here renders anything.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlencode

from fedi_community.auth import new_secret, token_hash
from fedi_community.domain import scopes as scope_words
from fedi_community.domain import tokens
from fedi_community.domain.facts import Needs
from fedi_community.errors import Problem, Refusal
from fedi_community.perform import Change, House, perform
from fedi_community.storage import sessions
from fedi_community.storage.sessions import App

OOB: Final = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect address of clients that let the member copy the code."""
MAX_NAME: Final = 200
MAX_REDIRECTS: Final = 20
MAX_REDIRECT: Final = 2000
MAX_STATE: Final = 2000
MAX_WEBSITE: Final = 2000
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):[\x21-\x7e]+")
_DANGEROUS: Final = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}=?")


def bad_request(reason: str, text: str, status: int = 400) -> Problem:
    """An OAuth error: `reason` is the word of RFC 6749 §5.2."""
    return Problem(status, reason, text)


# --- applications -----------------------------------------------------------------------------------------------------


def redirects_of(given: str | Sequence[str]) -> tuple[str, ...]:
    """Redirect addresses as clients send them: a list, or one text with spaces or line ends between."""
    parts = given.split() if isinstance(given, str) else [p.strip() for p in given]
    found = tuple(dict.fromkeys(p for p in parts if p))
    if not found:
        raise Problem(422, "no_redirect", "Validation failed: Redirect URI can't be blank")
    if len(found) > MAX_REDIRECTS or not all(_may_redirect(uri) for uri in found):
        raise Problem(422, "bad_redirect", "Validation failed: Redirect URI must be a valid URI.")
    return found


def _may_redirect(uri: str) -> bool:
    match = _SCHEME.fullmatch(uri)
    if uri == "icecubesapp://" or uri == OOB:
        return True
    return bool(match and len(uri) <= MAX_REDIRECT and match[1].lower() not in _DANGEROUS and "#" not in uri)


@dataclass(frozen=True, slots=True)
class Registered:
    """A new application and the secret that only it is told."""

    app: App
    secret: str


async def register(
    house: House, name: str, redirect_uris: tuple[str, ...], scopes: str, website: str | None
) -> Registered:
    """A new application. Unknown scopes and a missing name raise `Problem` 422."""
    words = scope_words.parse(scopes)
    if words is None:
        raise Problem(422, "bad_scope", "Validation failed: Scopes doesn't match configured on the server.")
    title = " ".join(name.split())
    if not title or len(title) > MAX_NAME:
        raise Problem(422, "bad_name", f"Validation failed: Name must have 1 to {MAX_NAME} characters.")
    site = (website or "").strip() or None
    if site is not None and (not site.startswith(("https://", "http://")) or len(site) > MAX_WEBSITE):
        raise Problem(422, "bad_website", "Validation failed: Website must be a valid URL.")
    client_id, secret = secrets.token_urlsafe(32), new_secret()
    asked = tokens.NewApp(client_id, token_hash(secret), title, site, redirect_uris, words)
    made = await perform(house, Change(Needs(), lambda facts: tokens.decide_new_app(asked, facts), 1))
    new_id = 0 if isinstance(made, Refusal) else made.result or 0
    return Registered(App(new_id, client_id, token_hash(secret), title, site, redirect_uris, words), secret)


def credentials(authorization: str | None, given: Mapping[str, object]) -> tuple[str, str]:
    """(client id, secret) from HTTP Basic (RFC 6749 §2.3.1), else from the body."""
    scheme, _, coded = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise bad_request("invalid_client", "Client authentication failed.", 401) from None
        return unquote(name), unquote(secret)
    return str(given.get("client_id") or ""), str(given.get("client_secret") or "")


async def client(house: House, client_id: str, secret: str) -> App:
    """The application that proves itself; `Problem` 401 invalid_client for any other."""
    found = await house.db.read(lambda tx: sessions.app_by_client_id(tx, client_id[:200]))
    kept = found.secret_hash if found is not None else token_hash("nobody's")
    fits = hmac.compare_digest(kept.encode(), token_hash(secret[:200]).encode())
    if found is None or not fits:
        raise bad_request(
            "invalid_client", "Client authentication failed due to unknown client or a wrong secret.", 401
        )
    return found


# --- what a client asks a member ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """A valid authorisation request."""

    app: App
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    challenge: str

    def back(self, **values: str) -> str:
        """The redirect address with the answer added; nothing of it is re-serialised."""
        if self.state:
            values["state"] = self.state
        mark = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{mark}{urlencode(values)}"


class Untold(Problem):
    """A request so wrong that nobody may be redirected: an unknown client or redirect address."""


async def request_of(house: House, given: Mapping[str, str]) -> Wanted:
    """Read an authorisation request. Raises `Untold`, which must be shown on a page of ours, and `Refused` otherwise."""
    client_id, redirect = given.get("client_id", ""), given.get("redirect_uri", "")
    app = await house.db.read(lambda tx: sessions.app_by_client_id(tx, client_id[:200]))
    if app is None:
        raise Untold(400, "unknown_client", "The application is not known here.")
    if redirect not in app.redirect_uris:
        raise Untold(
            400, "bad_redirect", "The address to return to is not one that the application registered."
        )
    words = scope_words.parse(given.get("scope", ""))
    wanted = Wanted(
        app, redirect, words or (), given.get("state", "")[:MAX_STATE], given.get("code_challenge", "")
    )
    if given.get("response_type", "") != "code":
        raise Refused(wanted, "unsupported_response_type", "Only the response type code is known.")
    if words is None or not scope_words.within(words, app.scopes):
        raise Refused(wanted, "invalid_scope", "The application may not ask for these permissions.")
    method = given.get("code_challenge_method", "") or ("plain" if wanted.challenge else "S256")
    if method != "S256" or (wanted.challenge and not _CHALLENGE.fullmatch(wanted.challenge)):
        raise Refused(wanted, "invalid_request", "The code challenge must be made with S256.")
    return wanted


class Refused(Problem):
    """A request by a known client that is told of it at its own address."""

    def __init__(self, wanted: Wanted, reason: str, text: str) -> None:
        super().__init__(400, reason, text)
        self.back = wanted.back(error=reason, error_description=text)
        self.oob = wanted.redirect_uri == OOB


async def allow(house: House, wanted: Wanted, login_id: int, actor_id: int) -> str | Refusal:
    """The member agrees, and says as whom the client speaks. Returns the code."""
    code = new_secret()
    asked = tokens.Grant(
        token_hash(code),
        login_id,
        actor_id,
        wanted.app.id,
        wanted.scopes,
        wanted.redirect_uri,
        wanted.challenge,
    )
    done = await perform(house, Change(asked.needs(), lambda facts: tokens.decide_code(asked, facts), 1))
    return done if isinstance(done, Refusal) else code


# --- tokens -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token. secret: told once."""

    secret: str
    scopes: str
    at: int


async def exchange(house: House, app: App, code: str, redirect_uri: str, verifier: str) -> Issued:
    """An access token for a code; `Problem` 400 invalid_grant."""
    hash_, secret = token_hash(code[:200]), new_secret()
    known = (await house.db.read(lambda tx: sessions.known_tokens(tx, [hash_]))).get(hash_)
    actor = known.actor_id or 0 if known is not None else 0
    asked = tokens.Exchange(hash_, app.id, redirect_uri, verifier[:200], token_hash(secret), actor)
    done = await perform(house, Change(asked.needs(), lambda facts: tokens.decide_exchange(asked, facts), 1))
    if isinstance(done, Refusal) or done.verdict == "reused" or known is None:
        raise bad_request("invalid_grant", tokens.BAD_GRANT.safe)
    return Issued(secret, known.scopes, house.clock())


async def app_token(house: House, app: App, scopes: str) -> Issued:
    """A token for the application alone, with scopes it registered (all of them when it names none)."""
    words = scope_words.parse(scopes) if scopes.strip() else app.scopes
    if words is None or not scope_words.within(words, app.scopes):
        raise bad_request("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
    secret = new_secret()
    hash_ = token_hash(secret)
    await perform(
        house, Change(Needs(), lambda facts: tokens.decide_app_token(hash_, app.id, words, facts), 1)
    )
    return Issued(secret, " ".join(words), house.clock())


async def revoke(house: House, app: App, secret: str) -> None:
    """End a token of this application; others are left alone, silently."""
    hash_ = token_hash(secret[:200])
    needs = Needs(tokens=frozenset({hash_}))
    await perform(house, Change(needs, lambda facts: tokens.decide_revoke(hash_, app.id, facts), 0))
