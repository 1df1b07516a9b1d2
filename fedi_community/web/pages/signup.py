"""Sign up, confirm the address, ask for a new password. Nothing here tells whether an address has an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from quart import Response
from werkzeug.datastructures import MultiDict

from fedi_community import auth
from fedi_community.auth import signup
from fedi_community.auth.limits import Budget
from fedi_community.documents import texts
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.web.pages.account import set_cookie
from fedi_community.web.pages.site import Ask, address_of, form_of, render

FIELDS: Final = ("username", "email", "password", "date_of_birth", "reason")


def _limited(asked: Ask, budget: Budget, who: str) -> None:
    left = asked.site.limits.take(budget, who, asked.now)
    if left is not None and left.refused:
        wait = max(1, (left.reset - asked.now + 999) // 1000)
        raise Problem(429, "too_many_requests", "Too many requests", retry_after=wait)


def _with_form(asked: Ask, template: str, status: int = 200, **values: Any) -> Response:
    """A page with a form for somebody who is not logged in: its token is tied to a short-lived cookie."""
    fresh = "" if asked.secret else auth.new_secret()
    if fresh:
        asked = replace(asked, secret=fresh)
    response = render(asked, template, status, cache=False, **values)
    if fresh:
        set_cookie(asked, response, "form", fresh, None)
    return response


def _open(asked: Ask) -> None:
    if asked.site.settings.signups == "closed":
        raise not_found()


async def signup_form(asked: Ask) -> Response:
    """The form, with the rules."""
    _open(asked)
    return _page(asked, {})


def _page(asked: Ask, wrong: dict[str, str], typed: MultiDict[str, str] | None = None) -> Response:
    settings = asked.site.settings
    return _with_form(
        asked, "signup.html", 422 if wrong else 200, wrong=wrong, typed=typed or {}, min_age=settings.min_age,
        approval=settings.signups == "approval", rules=texts.rules(settings, asked.t.language),
        shortest=signup.MIN_PASSWORD,
    )  # fmt: skip


async def sign_up(asked: Ask) -> Response:
    """Take the form; the answer is the same whether the address is new or not."""
    _open(asked)
    typed = await form_of(asked)
    _limited(asked, "signups", f"address {address_of(asked)}")
    form = signup.Form(
        typed.get("username", "").strip().lower().removeprefix("@"), typed.get("email", "").strip()[:320],
        typed.get("password", ""), typed.get("agreement") == "1", asked.t.language,
        typed.get("reason", "").replace("\0", ""), typed.get("date_of_birth", "").strip(),
    )  # fmt: skip
    wrong = signup.check(form, asked.site.settings, asked.now)
    if not wrong:
        made = await signup.sign_up(asked.house, asked.site.settings, form)
        wrong = [made] if isinstance(made, signup.Wrong) else []
    if wrong:
        return _page(asked, {w.field: asked.t(f"signup.{w.field}.{w.code.lower()}") for w in wrong}, typed)
    return render(asked, "message.html", cache=False, path="/", title=asked.t("signup.sent.title"),
                  text=asked.t("signup.sent"))  # fmt: skip


async def confirm_form(asked: Ask, secret: str) -> Response:
    """A button: programs that look at mails follow links, but press none."""
    return _with_form(asked, "confirm.html", path="/", action=asked.href(f"/confirm/{secret[:100]}"))


async def confirm(asked: Ask, secret: str) -> Response:
    """The address is theirs."""
    await form_of(asked)
    done = await signup.confirm(asked.house, asked.site.settings, secret)
    if isinstance(done, Refusal):
        return _bad_link(asked)
    key = "confirm.pending" if done == "pending" else "confirm.active"
    return render(
        asked, "message.html", cache=False, path="/", title=asked.t("confirm.done"), text=asked.t(key)
    )


def _bad_link(asked: Ask) -> Response:
    return render(asked, "problem.html", 404, cache=False, path="/", message=asked.t("refused.bad_link"))


async def forgot_form(asked: Ask) -> Response:
    """Which address?"""
    return _with_form(asked, "forgot.html")


async def forgot(asked: Ask) -> Response:
    """A mail, if there is such an account; the page says the same either way."""
    form = await form_of(asked)
    email = form.get("email", "").replace("\0", "").strip().lower()[:320]
    _limited(asked, "mails", f"address {address_of(asked)}")
    _limited(asked, "mails", f"to {email}")
    await signup.forgot(asked.house, asked.site.settings, email)
    return render(asked, "message.html", cache=False, path="/", title=asked.t("forgot.title"),
                  text=asked.t("forgot.sent"))  # fmt: skip


async def reset_form(asked: Ask, secret: str) -> Response:
    """A new password, where the link still works."""
    if not await signup.reset_works(asked.house, secret):
        return _bad_link(asked)
    return _reset_page(asked, secret)


def _reset_page(asked: Ask, secret: str, message: str = "") -> Response:
    action = asked.href(f"/reset/{secret[:100]}")
    shortest = signup.MIN_PASSWORD
    return _with_form(asked, "reset.html", 422 if message else 200, path="/", action=action, message=message,
                      shortest=shortest)  # fmt: skip


async def reset(asked: Ask, secret: str) -> Response:
    """Set it; every log-in of theirs ends, this browser's too."""
    form = await form_of(asked)
    wrong = await signup.reset(asked.house, secret, form.get("password", ""))
    if wrong is not None and wrong.reason == "bad_password":
        return _reset_page(asked, secret, asked.t("reset.short", count=signup.MIN_PASSWORD))
    if wrong is not None:
        return _bad_link(asked)
    done = replace(asked, speaker=None)
    response = render(done, "message.html", cache=False, path="/", title=asked.t("reset.done"),
                      text=asked.t("reset.done_text"))  # fmt: skip
    if asked.speaker is not None:
        set_cookie(asked, response, "session", "", 0)
    return response
