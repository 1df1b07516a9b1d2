"""Decide about people who come by themselves: sign up, confirm the address, be let in or not, a new password.

That an address has an account already is never told to who asks, but to its owner by mail: in this community being a
member says something about one's health.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from fedi_community.domain import accounts
from fedi_community.domain.effects import (
    AddJob,
    Audit,
    Decision,
    Effect,
    MakeActor,
    MakeLogin,
    MakeToken,
    MarkActor,
    RevokeTokens,
    SetLogin,
)
from fedi_community.domain.facts import Facts, Login, Needs
from fedi_community.errors import NOT_FOUND, Refusal

CONFIRM_MS: Final = 7 * 86_400_000
"""How long the link of a confirmation mail works."""
RESET_MS: Final = 2 * 3_600_000
"""How long the link of a password mail works."""
BAD_LINK: Final = Refusal("bad_link", 404, "This link does not work any more.")


def mail(template: str, to: str, language: str, name: str, nonce: str, at: int, purpose: str = "") -> AddJob:
    """The job that sends a mail. nonce: random, also the job's key; the link's secret is derived from it."""
    payload: dict[str, Any] = {"template": template, "to": to, "language": language, "name": name}
    if purpose:
        payload |= {"purpose": purpose, "nonce": nonce}
    return AddJob("mail", nonce, payload, at)


@dataclass(frozen=True, slots=True)
class Link:
    """What a mail's link needs: a random nonce, and the hash of the secret derived from it."""

    nonce: str
    hash: str


@dataclass(frozen=True, slots=True)
class SignUp:
    """password: an argon2 hash. link: for the confirmation. token: hash of the client's new access token, or "" on the
    pages. reason: why they would like to come, read by staff."""

    handle: str
    email: str
    password: str
    language: str
    reason: str
    link: Link
    token: str = ""
    app_id: int | None = None
    scopes: tuple[str, ...] = ()

    @property
    def member(self) -> accounts.NewMember:
        return accounts.NewMember(
            self.handle, self.email, self.password, name=self.handle, language=self.language, state="unconfirmed"
        )  # fmt: skip

    def needs(self) -> Needs:
        return self.member.needs()


def decide_sign_up(asked: SignUp, facts: Facts) -> Decision | Refusal:
    """A login that has to confirm its address, with an actor nobody knows of yet. Needs 4 new ids. result: the actor's id.

    An address that has an account makes a login that can never be confirmed, and a mail to its owner: the same answer.
    """
    known = asked.email.lower() in facts.logins
    decided = accounts.decide_new_member(asked.member, replace(facts, logins={}))
    if isinstance(decided, Refusal):
        return decided
    actor_id, login_id, token_id, link_id = facts.new_ids[:4]
    effects: list[Effect] = []
    for effect in decided.effects:
        if isinstance(effect, MakeActor):
            effect = replace(effect, state="waiting", locked=True)
        elif isinstance(effect, MakeLogin):
            email = f"{login_id}@already.invalid" if known else effect.email
            effect = replace(effect, email=email, settings={"reason": asked.reason} if asked.reason else {})
        effects.append(effect)
    if asked.token:
        effects.append(
            MakeToken(token_id, asked.token, "access", facts.now, login_id, actor_id, asked.app_id,
                      " ".join(asked.scopes))
        )  # fmt: skip
    effects += _confirmation(asked, link_id, login_id, known, facts.now)
    return Decision(tuple(effects), actor_id, "signed_up")


def _confirmation(asked: SignUp, link_id: int, login_id: int, known: bool, now: int) -> list[Effect]:
    if known:
        return [mail("already", asked.email, asked.language, asked.handle, asked.link.nonce, now)]
    return [
        _confirm_token(link_id, asked.link, login_id, asked.email, now),
        mail("confirm", asked.email, asked.language, asked.handle, asked.link.nonce, now, "confirm"),
    ]


def _confirm_token(token_id: int, link: Link, login_id: int, email: str, now: int) -> MakeToken:
    """Good for this address alone: the link of an earlier mail must not confirm the address that replaced it."""
    data = {"email": email.lower()}
    return MakeToken(token_id, link.hash, "confirm", now, login_id, data=data, expires=now + CONFIRM_MS)


def decide_confirm(hash_: str, approval: bool, facts: Facts) -> Decision | Refusal:
    """The address is its owner's: the member is in, or waits for approval. verdict: active or pending.

    Second time: the same verdict, nothing done. Needs(tokens={hash}, actor_ids={the login's own actor}).
    """
    token = facts.tokens.get(hash_)
    login = facts.login_by_id.get(token.login_id or 0) if token is not None else None
    if token is None or token.kind != "confirm" or login is None or login.state not in _REACHED:
        return BAD_LINK
    if token.revoked is not None:
        return Decision((), login.own, login.state) if login.state != "unconfirmed" else BAD_LINK
    if token.expires is None or token.expires <= facts.now or login.state != "unconfirmed":
        return BAD_LINK
    if token.data.get("email") != login.email:
        return BAD_LINK
    effects: list[Effect] = [
        RevokeTokens(facts.now, hash=hash_),
        Audit("address_confirmed", facts.now, None, login.id),
    ]
    if approval:
        effects.append(SetLogin(login.id, facts.now, state="pending", confirmed=facts.now))
        return Decision(tuple(effects), login.own, "pending")
    return Decision((*effects, *_let_in(login, facts)), login.own, "active")


_REACHED: Final = frozenset({"unconfirmed", "pending", "active"})


def _let_in(login: Login, facts: Facts) -> list[Effect]:
    effects: list[Effect] = [SetLogin(login.id, facts.now, state="active", confirmed=facts.now)]
    actor = facts.actors.get(login.own or 0)
    if actor is not None and actor.state == "waiting":
        effects.append(MarkActor(actor, "active", facts.now))
    return effects


def decide_approval(
    actor_id: int, login_id: int, by: int | None, yes: bool, nonce: str, facts: Facts
) -> Decision | Refusal:
    """Staff let somebody in, or not. by: the login that decides. Needs(logins={login_id}, actor_ids={actor_id})."""
    login, actor = facts.login_by_id.get(login_id), facts.actors.get(actor_id)
    if (
        login is None
        or actor is None
        or login.own != actor_id
        or login.state not in ("pending", "unconfirmed")
    ):
        return NOT_FOUND
    if yes:
        if login.state == "unconfirmed":
            return Refusal("unconfirmed", 422, "This member has not confirmed the e-mail address yet.")
        done = _let_in(login, facts)
        done.append(mail("approved", login.email, login.language, actor.handle, nonce, facts.now))
    else:
        done = [
            SetLogin(login.id, facts.now, state="deleted", email=f"{login.id}@refused.invalid"),
            RevokeTokens(facts.now, login_id=login.id),
            MarkActor(actor, "deleted", facts.now),
        ]
    word = "member_approved" if yes else "member_refused"
    return Decision(
        (*done, Audit(word, facts.now, None, by, target_id=actor_id)),
        actor_id,
        "approved" if yes else "refused",
    )


def decide_mail_again(
    login_id: int, name: str, email: str | None, link: Link, facts: Facts
) -> Decision | Refusal:
    """Another confirmation mail, to another address if one is given. Needs 1 new id, Needs(logins, emails)."""
    login = facts.login_by_id.get(login_id)
    if login is None or login.state != "unconfirmed":
        return Refusal(
            "confirmed", 403, "This method is only available while the e-mail is awaiting confirmation"
        )
    wanted = (email or login.email).lower()
    if not accounts.EMAIL.fullmatch(wanted):
        return accounts.BAD_EMAIL
    taken = facts.logins.get(wanted, login.id) != login.id
    effects: list[Effect] = []
    if taken:
        effects.append(mail("already", wanted, login.language, name, link.nonce, facts.now))
    elif not login.email.endswith(".invalid") or email:
        effects += [
            SetLogin(login.id, facts.now, email=wanted),
            _confirm_token(facts.new_ids[0], link, login.id, wanted, facts.now),
            mail("confirm", wanted, login.language, name, link.nonce, facts.now, "confirm"),
        ]  # fmt: skip
    return Decision(tuple(effects), login.own, "sent")


def decide_forgot(email: str, name: str, link: Link, facts: Facts) -> Decision:
    """A mail with a link for a new password, where the address has an account that may log in. Needs 1 new id."""
    login = facts.login_by_id.get(facts.logins.get(email.lower(), 0))
    if login is None or login.state != "active":
        return Decision((), None, "nobody")
    return Decision(
        (
            MakeToken(
                facts.new_ids[0], link.hash, "reset", facts.now, login.id, expires=facts.now + RESET_MS
            ),
            mail("reset", login.email, login.language, name, link.nonce, facts.now, "reset"),
        ),
        login.id,
        "sent",
    )


def link_works(hash_: str, kind: Literal["confirm", "reset"], facts: Facts) -> bool:
    """Whether a mailed link may still be used."""
    token = facts.tokens.get(hash_)
    login = facts.login_by_id.get(token.login_id or 0) if token is not None else None
    return (
        token is not None
        and login is not None
        and token.kind == kind
        and token.revoked is None
        and token.expires is not None
        and token.expires > facts.now
        and login.state == ("active" if kind == "reset" else "unconfirmed")
    )


def decide_reset(hash_: str, password: str, facts: Facts) -> Decision | Refusal:
    """A new password (an argon2 hash): every token and session of the login ends, other links for it too."""
    if not link_works(hash_, "reset", facts):
        return BAD_LINK
    login_id = facts.tokens[hash_].login_id or 0
    return Decision(
        (
            SetLogin(login_id, facts.now, password=password),
            RevokeTokens(facts.now, login_id=login_id),
            Audit("password_reset", facts.now, None, login_id),
        ),
        login_id,
        "changed",
    )
