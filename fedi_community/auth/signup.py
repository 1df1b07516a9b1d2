"""People who come by themselves: sign up, confirm, forget the password. The same for clients and for pages.

Whether an address has an account is told to its owner alone, by mail. The conditions of open sign-up are checked here too.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from fedi_community.auth import MAX_PASSWORD, hash_password, new_secret, token_hash
from fedi_community.config import Settings
from fedi_community.documents.texts import rules
from fedi_community.domain import accounts, addresses, signups
from fedi_community.domain.facts import Needs
from fedi_community.errors import Refusal
from fedi_community.keyring import link_secret
from fedi_community.perform import Change, House, perform
from fedi_community.storage import sessions, views

MIN_PASSWORD: Final = 8
MAX_REASON: Final = 1000
MIN_MODERATORS: Final = 2
"""Active staff or admins that open sign-up asks for."""


async def missing_for_open(house: House, settings: Settings) -> list[str]:
    """What must exist before anybody may sign up without being asked: names of what is missing, for the operator."""
    moderators = await house.db.read(sessions.moderators)
    return [
        text
        for there, text in (
            (bool(rules(settings, "en")), "rules (rules.en.md in the folder FEDI_TEXTS)"),
            (settings.min_age > 0, "a minimum age (FEDI_MIN_AGE)"),
            (bool(settings.contact_email), "a contact (FEDI_CONTACT_EMAIL)"),
            (moderators >= MIN_MODERATORS, f"{MIN_MODERATORS} members with the role staff or admin"),
        )
        if not there
    ]


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody typed. born: YYYY-MM-DD, compared with the minimum age and kept nowhere."""

    handle: str
    email: str
    password: str
    agreement: bool
    language: str
    reason: str = ""
    born: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one field. code: Mastodon's word (ERR_BLANK, ERR_TAKEN, …)."""

    field: str
    code: str
    text: str


def check(form: Form, settings: Settings, now: int) -> list[Wrong]:
    """What is wrong with a form before anything is looked up."""
    wrong: list[Wrong] = []
    if not form.handle:
        wrong.append(Wrong("username", "ERR_BLANK", "can't be blank"))
    elif not addresses.HANDLE.fullmatch(form.handle):
        wrong.append(
            Wrong("username", "ERR_INVALID", "must contain only small letters, numbers and underscores")
        )
    if not form.email:
        wrong.append(Wrong("email", "ERR_BLANK", "can't be blank"))
    elif not accounts.EMAIL.fullmatch(form.email) or form.email.lower().endswith(".invalid"):
        wrong.append(Wrong("email", "ERR_INVALID", "is not a valid e-mail address"))
    if not form.password:
        wrong.append(Wrong("password", "ERR_BLANK", "can't be blank"))
    elif not MIN_PASSWORD <= len(form.password) <= MAX_PASSWORD:
        wrong.append(Wrong("password", "ERR_TOO_SHORT", f"must have at least {MIN_PASSWORD} characters"))
    if not form.agreement:
        wrong.append(Wrong("agreement", "ERR_ACCEPTED", "must be accepted"))
    if settings.signups == "approval" and not form.reason.strip():
        wrong.append(Wrong("reason", "ERR_BLANK", "can't be blank"))
    elif len(form.reason) > MAX_REASON:
        wrong.append(Wrong("reason", "ERR_TOO_LONG", f"is too long (maximum is {MAX_REASON} characters)"))
    return wrong + (_too_young(form.born, settings.min_age, now) if settings.min_age else [])


def _too_young(born: str, min_age: int, now: int) -> list[Wrong]:
    if not born:
        return [Wrong("date_of_birth", "ERR_BLANK", "can't be blank")]
    try:
        day = date.fromisoformat(born[:10])
    except ValueError:
        return [Wrong("date_of_birth", "ERR_INVALID", "is not a date")]
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    if age < min_age:
        return [Wrong("date_of_birth", "ERR_BELOW_LIMIT", f"must be at least {min_age} years ago")]
    return [] if age < 130 else [Wrong("date_of_birth", "ERR_INVALID", "is not a date")]


@dataclass(frozen=True, slots=True)
class SignedUp:
    """secret: the client's access token, "" on the pages."""

    actor_id: int
    secret: str


async def sign_up(
    house: House,
    settings: Settings,
    form: Form,
    *,
    app_id: int | None = None,
    scopes: tuple[str, ...] = (),
) -> SignedUp | Wrong:
    """Make somebody who signed up; `form` was checked. With an application also its token, which works when they are in."""
    secret = new_secret() if app_id is not None else ""
    asked = signups.SignUp(
        form.handle, form.email, await hash_password(form.password), form.language, form.reason.strip(),
        _link(settings, "confirm"), token_hash(secret) if secret else "", app_id, scopes,
    )  # fmt: skip
    done = await perform(house, Change(asked.needs(), lambda facts: signups.decide_sign_up(asked, facts), 4))
    if isinstance(done, Refusal):
        code = "ERR_TAKEN" if done is accounts.TAKEN else "ERR_INVALID"
        text = "has already been taken" if done is accounts.TAKEN else "is invalid"
        return Wrong("username" if done in (accounts.TAKEN, accounts.BAD_HANDLE) else "email", code, text)
    return SignedUp(done.result or 0, secret)


def _link(settings: Settings, purpose: str) -> signups.Link:
    nonce = secrets.token_hex(16)
    return signups.Link(nonce, token_hash(link_secret(settings.keys_dir, purpose, nonce)))


async def confirm(house: House, settings: Settings, secret: str) -> str | Refusal:
    """Follow the link of a confirmation mail. Returns the state reached: active or pending."""
    hash_ = token_hash(secret[:200])
    known = (await house.db.read(lambda tx: sessions.known_tokens(tx, [hash_]))).get(hash_)
    login_id = known.login_id or 0 if known is not None else 0
    login = (await house.db.read(lambda tx: sessions.known_logins(tx, [login_id]))).get(login_id)
    own = login.own or 0 if login is not None else 0
    needs = Needs(tokens=frozenset({hash_}), actor_ids=frozenset({own}))
    approval = settings.signups != "open"
    done = await perform(
        house, Change(needs, lambda facts: signups.decide_confirm(hash_, approval, facts), 0)
    )
    return done if isinstance(done, Refusal) else done.verdict


async def mail_again(
    house: House, settings: Settings, login_id: int, name: str, email: str | None
) -> Refusal | None:
    """Another confirmation mail, to another address if one is given."""
    link = _link(settings, "confirm")
    emails = frozenset({email.lower()}) if email else frozenset[str]()
    needs = Needs(logins=frozenset({login_id}), emails=emails)
    done = await perform(
        house, Change(needs, lambda facts: signups.decide_mail_again(login_id, name, email, link, facts), 1)
    )
    return done if isinstance(done, Refusal) else None


async def forgot(house: House, settings: Settings, email: str) -> None:
    """A mail with a link for a new password, if there is such an account. The caller says the same either way."""
    wanted = email.strip().lower()[:320]
    link = _link(settings, "reset")
    row = await house.db.read(lambda tx: sessions.login_by_email(tx, wanted))
    name = ""
    if row is not None:
        found = await house.db.read(lambda tx: views.load_actors(tx, [row.actor_id]))
        name = found[row.actor_id].name or found[row.actor_id].handle
    needs = Needs(emails=frozenset({wanted}))
    await perform(house, Change(needs, lambda facts: signups.decide_forgot(wanted, name, link, facts), 1))


async def reset_works(house: House, secret: str) -> bool:
    """Whether the link of a password mail may still be used."""
    hash_, now = token_hash(secret[:200]), house.clock()
    known = (await house.db.read(lambda tx: sessions.known_tokens(tx, [hash_]))).get(hash_)
    return (
        known is not None
        and known.kind == "reset"
        and known.revoked is None
        and known.expires is not None
        and known.expires > now
    )


async def reset(house: House, secret: str, password: str) -> Refusal | None:
    """Set a new password; every log-in and every client of theirs ends."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return Refusal("bad_password", 422, f"A password has at least {MIN_PASSWORD} characters.")
    if not await reset_works(house, secret):
        return signups.BAD_LINK
    hash_, hashed = token_hash(secret[:200]), await hash_password(password)
    needs = Needs(tokens=frozenset({hash_}))
    done = await perform(house, Change(needs, lambda facts: signups.decide_reset(hash_, hashed, facts), 0))
    return done if isinstance(done, Refusal) else None


async def approve(house: House, actor_id: int, by: int | None, yes: bool = True) -> Refusal | None:
    """Staff let in somebody who waits, or not. by: the login that decides."""
    login_id = await house.db.read(lambda tx: sessions.login_of(tx, actor_id)) or 0
    nonce = secrets.token_hex(16)
    needs = Needs(logins=frozenset({login_id}), actor_ids=frozenset({actor_id}))
    done = await perform(
        house,
        Change(needs, lambda facts: signups.decide_approval(actor_id, login_id, by, yes, nonce, facts), 0),
    )
    return done if isinstance(done, Refusal) else None
