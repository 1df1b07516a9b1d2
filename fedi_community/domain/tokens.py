"""Decide about applications, authorisation codes and tokens (RFC 6749, RFC 7636, RFC 7009)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from fedi_community.domain.effects import Audit, Decision, Effect, MakeApp, MakeToken, RevokeTokens
from fedi_community.domain.facts import Facts, Needs, Token
from fedi_community.errors import Refusal

CODE_MS: Final = 600_000
"""How long an authorisation code may be exchanged."""
BAD_GRANT: Final = Refusal(
    "invalid_grant",
    400,
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the "
    "authorization request, or was issued to another client.",
)
NOT_THEM: Final = Refusal("not_a_speaker", 403, "You may not speak as this account.")


@dataclass(frozen=True, slots=True)
class NewApp:
    """secret: SHA-256 of the client secret, hex."""

    client_id: str
    secret: str
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]


def decide_new_app(asked: NewApp, facts: Facts) -> Decision:
    """Needs 1 new id. result: the application's id."""
    made = MakeApp(
        facts.new_ids[0], asked.client_id, asked.secret, asked.name, asked.website, asked.redirect_uris,
        " ".join(asked.scopes), facts.now,
    )  # fmt: skip
    return Decision((made,), facts.new_ids[0], "registered")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a member agreed to. hash: of the code. challenge: PKCE S256, or "" without."""

    hash: str
    login_id: int
    actor_id: int
    app_id: int
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str = ""

    def needs(self) -> Needs:
        return Needs(logins=frozenset({self.login_id}), actor_ids=frozenset({self.actor_id}))


def decide_code(asked: Grant, facts: Facts) -> Decision | Refusal:
    """A code for ten minutes. Needs 1 new id."""
    if not _may_speak(facts, asked.login_id, asked.actor_id):
        return NOT_THEM
    made = MakeToken(
        facts.new_ids[0], asked.hash, "code", facts.now, asked.login_id, asked.actor_id, asked.app_id,
        " ".join(asked.scopes), {"redirect_uri": asked.redirect_uri, "challenge": asked.challenge},
        facts.now + CODE_MS,
    )  # fmt: skip
    told = Audit("client_allowed", facts.now, asked.actor_id, asked.login_id)
    return Decision((made, told), facts.new_ids[0], "allowed")


def _may_speak(facts: Facts, login_id: int, actor_id: int) -> bool:
    login, actor = facts.login_by_id.get(login_id), facts.actors.get(actor_id)
    return (
        login is not None
        and login.state == "active"
        and actor_id in login.actors
        and actor is not None
        and actor.state in ("active", "limited")
    )


@dataclass(frozen=True, slots=True)
class Exchange:
    """A client brings its code. code, token: hashes of the code and of the new access token."""

    code: str
    app_id: int
    redirect_uri: str
    verifier: str
    token: str
    actor_id: int = 0

    def needs(self) -> Needs:
        return Needs(tokens=frozenset({self.code}), actor_ids=frozenset({self.actor_id}))


def decide_exchange(asked: Exchange, facts: Facts) -> Decision | Refusal:
    """An access token for a code, once. Needs 1 new id; `actor_id` is whom the code names.

    A code that comes a second time was stolen from somebody: what it made ends too (RFC 6749 §4.1.2), verdict "reused".
    """
    code = facts.tokens.get(asked.code)
    if code is None or code.kind != "code" or code.app_id != asked.app_id:
        return BAD_GRANT
    if code.revoked is not None:
        return Decision((RevokeTokens(facts.now, made_by=code.id),), None, "reused")
    if not _fits(code, asked, facts):
        return BAD_GRANT
    made = MakeToken(
        facts.new_ids[0], asked.token, "access", facts.now, code.login_id, code.actor_id, code.app_id, code.scopes,
        made_by=code.id,
    )  # fmt: skip
    effects: tuple[Effect, ...] = (RevokeTokens(facts.now, hash=asked.code), made)
    return Decision(effects, facts.new_ids[0], "exchanged")


def _fits(code: Token, asked: Exchange, facts: Facts) -> bool:
    if code.expires is None or code.expires <= facts.now or code.login_id is None or code.actor_id is None:
        return False
    if not _may_speak(facts, code.login_id, code.actor_id):
        return False
    if not hmac.compare_digest(str(code.data["redirect_uri"]).encode(), asked.redirect_uri.encode()):
        return False
    return proves(str(code.data.get("challenge", "")), asked.verifier)


def proves(challenge: str, verifier: str) -> bool:
    """Whether a PKCE verifier belongs to an S256 challenge (RFC 7636 §4.6); without a challenge a verifier is not asked for."""
    if not challenge:
        return True
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return 43 <= len(verifier) <= 128 and hmac.compare_digest(made.encode(), challenge.rstrip("=").encode())


def decide_app_token(hash_: str, app_id: int, scopes: tuple[str, ...], facts: Facts) -> Decision:
    """A token that speaks for a client alone. Needs 1 new id."""
    made = MakeToken(facts.new_ids[0], hash_, "app", facts.now, app_id=app_id, scopes=" ".join(scopes))
    return Decision((made,), facts.new_ids[0], "made")


def decide_revoke(hash_: str, app_id: int, facts: Facts) -> Decision:
    """End a token of this client; any other one, or none, is left as it is (RFC 7009 §2.2)."""
    known = facts.tokens.get(hash_)
    if known is None or known.app_id != app_id or known.kind not in ("access", "app"):
        return Decision((), None, "unknown")
    return Decision((RevokeTokens(facts.now, hash=hash_),), None, "revoked")
