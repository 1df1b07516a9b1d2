"""POST /api/v1/accounts and /api/v1/emails: signing up from a client, and the confirmation mail once more."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.auth import signup
from fedi_community.auth.oauth import Issued
from fedi_community.errors import Problem
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, client, member
from fedi_community.mastodon.params import Param

table = Table("sign-up")
LABELS: Final = {"username": "Username", "email": "E-mail", "date_of_birth": "Date of birth"}


class Invalid(Problem):
    """422 with a word for every field (`details`), as clients' forms show it."""

    def __init__(self, wrong: list[signup.Wrong]) -> None:
        texts = [f"{LABELS.get(w.field, w.field.capitalize())} {w.text}" for w in wrong]
        super().__init__(422, "invalid_form", "Validation failed: " + ", ".join(texts))
        self.details: dict[str, list[dict[str, str]]] = {}
        for w in wrong:
            self.details.setdefault(w.field, []).append({"error": w.code, "description": w.text})


@table.post(
    "/api/v1/accounts", client("write:accounts"), entities.TOKEN,
    Param("username", default=""), Param("email", default=""), Param("password", default=""),
    Param("agreement", "flag", default=False), Param("locale", default="en"), Param("reason", default=""),
    Param("date_of_birth", default=""), Param("time_zone"), Param("invite_code"),
    budget="signups",
)  # fmt: skip
async def create(call: Call) -> Any:
    """Sign up, with an application's token; the answer is the new member's token, which works once they are in"""
    if call.app is None:
        raise Problem(403, "scope", "This action is outside the authorized scopes")
    settings = call.api.settings
    if settings.signups == "closed":
        raise Problem(403, "signups_closed", "Nobody can sign up here by themselves")
    form = signup.Form(
        call["username"].strip().lower(), call["email"].strip(), call["password"], bool(call["agreement"]),
        "es" if call["locale"].lower().startswith("es") else "en", call["reason"], call["date_of_birth"].strip(),
    )  # fmt: skip
    wrong = signup.check(form, settings, call.now)
    if wrong:
        raise Invalid(wrong)
    scopes = tuple(sorted(call.app.scopes))
    made = await signup.sign_up(call.house, settings, form, app_id=call.app.app_id, scopes=scopes)
    if isinstance(made, signup.Wrong):
        raise Invalid([made])
    return entities.token(Issued(made.secret, " ".join(scopes), call.now))


@table.post(
    "/api/v1/emails/confirmations", member(), entities.EMPTY, Param("email", doc="Another address"),
    unready=True, budget="signups",
)  # fmt: skip
async def again(call: Call) -> Any:
    """Send the confirmation mail again"""
    who = call.who
    wrong = await signup.mail_again(
        call.house, call.api.settings, who.login_id, who.name, call["email"] or None
    )
    if wrong is not None:
        raise Problem.of(wrong)
    return {}


@table.get("/api/v1/emails/check_confirmation", member(), entities.BOOL, unready=True)
async def confirmed(call: Call) -> Any:
    """Whether the address is confirmed"""
    return call.who.state != "unconfirmed"
