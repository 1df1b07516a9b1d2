"""Log in and out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from quart import Response, request

from fedi_community import auth
from fedi_community.errors import Refusal
from fedi_community.web.catalogue import LANGUAGES
from fedi_community.web.pages.site import (
    Ask,
    address_of,
    form_of,
    go,
    is_secure,
    local_path,
    render,
    to_log_in,
)

CLOSE: Final = "/account/close"


async def login_form(asked: Ask) -> Response:
    """The form. Its token is tied to a short-lived cookie, so that nobody can be logged in by another site."""
    again = request.args.get("again") == "1"
    if asked.speaker is not None and not again:
        return go(asked, local_path(request.args.get("next")) or asked.href("/"))
    fresh = "" if asked.secret else auth.new_secret()
    if fresh:
        asked = replace(asked, secret=fresh)
    response = _page(asked, local_path(request.args.get("next")) or "", again=again)
    if fresh:
        set_cookie(asked, response, "form", fresh, None)
    return response


def _page(
    asked: Ask, next_: str, *, who: str = "", message: str = "", status: int = 200, again: bool = False
) -> Response:
    query = urlencode([(k, v) for k, v in (("next", next_), ("again", "1" if again else "")) if v])
    return render(
        asked, "login.html", status, cache=False, path=f"/login?{query}" if query else "/login", next=next_, who=who,
        message=message, again=again,
    )  # fmt: skip


async def login(asked: Ask) -> Response:
    """Check, begin a session, go on to where the reader was."""
    again = request.args.get("again") == "1"
    if asked.speaker is not None and not again:
        return go(asked, asked.href("/"))
    form = await form_of(asked)
    who, password = form.get("who", "")[:320], form.get("password", "")
    wanted = local_path(form.get("next"))
    if not who.strip() or not password:
        return _page(asked, wanted or "", who=who, message=asked.t("login.missing"), status=422, again=again)
    done = await auth.log_in(asked.house, asked.site.attempts, who, password, address_of(asked))
    if isinstance(done, Refusal):
        key = "login.wrong" if done.reason == "wrong_login" else "login.closed"
        return _page(asked, wanted or "", who=who, message=asked.t(key), status=done.status, again=again)
    # Where somebody was decides the language; who comes by the front door gets his own.
    own = done.language if done.language in LANGUAGES else asked.t.language
    response = go(asked, wanted or asked.href("/", own))
    set_cookie(asked, response, "session", done.secret, auth.SESSION_MS // 1000)
    set_cookie(asked, response, "form", "", 0)
    return response


async def logout_form(asked: Ask) -> Response:
    """For those who come by a link: the question, with a button."""
    if asked.speaker is None:
        return go(asked, asked.href("/"))
    return render(asked, "logout.html", cache=False)


async def logout(asked: Ask) -> Response:
    """The session ends on the server, and the cookie goes."""
    if asked.speaker is not None:
        await form_of(asked)
        await auth.end_session(asked.house, asked.secret)
    response = go(asked, asked.href("/"), "out")
    set_cookie(asked, response, "session", "", 0)
    return response


async def close_form(asked: Ask) -> Response:
    """What goes, what cannot be called back, and the question for the password."""
    if asked.speaker is None:
        return to_log_in(asked, asked.href(CLOSE))
    return _close_page(asked)


def _close_page(asked: Ask, message: str = "", status: int = 200) -> Response:
    itself = asked.speaker is not None and asked.speaker.voice == "self"
    return render(asked, "close.html", status, cache=False, path=CLOSE, message=message, itself=itself)


async def close(asked: Ask) -> Response:
    """The account ends."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    done = await auth.close_account(
        asked.house, asked.site.attempts, speaker, form.get("password", ""), address_of(asked)
    )
    if isinstance(done, Refusal):
        return _close_page(asked, asked.t.refused(done.reason, done.safe), done.status)
    response = go(asked, asked.href("/"), "closed")
    set_cookie(asked, response, "session", "", 0)
    return response


def set_cookie(asked: Ask, response: Response, name: str, value: str, seconds: int | None) -> None:
    """Scripts and other sites do not get it. seconds: None for as long as the browser is open, 0 to delete."""
    settings = asked.site.settings
    response.set_cookie(
        auth.cookie_name(settings, "session" if name == "session" else "form"), value, max_age=seconds, path="/",
        httponly=True, samesite="Lax", secure=is_secure(settings),
    )  # fmt: skip
