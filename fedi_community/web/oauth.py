"""The page where a member says what a client may do, and as whom it speaks (RFC 6749 §4.1).

One address for both languages, since clients know only one: `?lang=` decides, else what the browser asks for. It works without
script and in a web view inside an app. Nobody is sent anywhere before client and redirect address are known to belong together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from quart import Response, request

from fedi_community.auth import oauth
from fedi_community.auth.oauth import OOB, Refused, Untold, Wanted
from fedi_community.errors import Refusal
from fedi_community.storage import sessions
from fedi_community.web.catalogue import LANGUAGES, WORDS
from fedi_community.web.i18n import preferred
from fedi_community.web.pages.site import (
    SECURITY,
    Ask,
    Site,
    View,
    dressed,
    form_of,
    in_language,
    problem_page,
    render,
)

PATH: Final = "/oauth/authorize"
KEPT: Final = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
)  # fmt: skip
_POLICY: Final = "; ".join(
    part
    for part in SECURITY["Content-Security-Policy"].split("; ")
    if not part.startswith("form-action")  # browsers hold redirects to an app's own scheme against it
)


def in_its_language(site: Site, view: View) -> Callable[..., Awaitable[Response]]:
    """A view in the language of `?lang=`, else the one the browser prefers."""
    views = {language: in_language(site, language, view) for language in LANGUAGES}

    async def answer() -> Response:
        asked = (request.args.get("lang") or "").lower().split("-")[0]
        language = asked if asked in LANGUAGES else preferred(request.headers.get("Accept-Language"))
        return await views[language or LANGUAGES[0]]()

    return answer


def _address(given: Mapping[str, str], language: str) -> str:
    values = [(name, given[name]) for name in KEPT if given.get(name)]
    return f"{PATH}?{urlencode([*values, ('lang', language)])}"


async def authorize(asked: Ask) -> Response:
    """Check what the client asks, let the member log in where needed, and ask him."""
    given = request.args.to_dict()
    asked = replace(asked, path=PATH)
    try:
        wanted = await oauth.request_of(asked.house, given)
    except (Untold, Refused) as problem:
        return _refused(asked, problem)
    again = given.get("force_login", "").lower() in ("true", "1", "t", "on")
    if asked.speaker is None or again:
        query = {"next": _address(given, asked.t.language)} | ({"again": "1"} if again else {})
        return _to(asked, f"{asked.href('/login')}?{urlencode(query)}")
    return await _ask(asked, wanted, given)


async def _ask(asked: Ask, wanted: Wanted, given: Mapping[str, str], message: str = "") -> Response:
    speaker = asked.must_speak()
    voices = await asked.house.db.read(lambda tx: sessions.voices(tx, speaker.login_id))
    here = _address(given, asked.t.language)
    response = render(
        asked, "authorize.html", 422 if message else 200, cache=False, app=wanted.app, voices=voices, message=message,
        permissions=permissions(wanted.scopes), back_to=_destination(wanted), oob=wanted.redirect_uri == OOB,
        fields=[(name, given[name]) for name in KEPT if given.get(name)], action=f"{PATH}?lang={asked.t.language}",
        other_href=_address(given, asked.t.other),
        switch=f"{asked.href('/login')}?{urlencode({'next': here, 'again': '1'})}",
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def permissions(scopes: tuple[str, ...]) -> list[str]:
    """Keys of the words that say what a client may do, each once, in the order asked."""
    keys = (f"scope.{scope}" for scope in scopes)
    known = (key if key in WORDS else f"scope.{':'.join(key[6:].split(':')[:2])}" for key in keys)
    return list(dict.fromkeys(known))


def _destination(wanted: Wanted) -> str:
    """Where the member goes back to, for him to read: a host, or nothing for an app on his device."""
    parts = urlsplit(wanted.redirect_uri)
    return parts.netloc if parts.scheme in ("http", "https") else ""


async def answer(asked: Ask) -> Response:
    """The member has decided."""
    asked = replace(asked, path=PATH)
    form = await form_of(asked)
    speaker = asked.must_speak()
    given = form.to_dict()
    try:
        wanted = await oauth.request_of(asked.house, given)
    except (Untold, Refused) as problem:
        return _refused(asked, problem)
    if given.get("decision") != "allow":
        said = wanted.back(error="access_denied", error_description="The member did not allow it.")
        if wanted.redirect_uri == OOB:
            return render(asked, "problem.html", 403, cache=False, path="/", message=asked.t("oauth.denied"))
        return _to(asked, said)
    actor = given.get("actor", "")
    if not (actor.isascii() and actor.isdigit() and len(actor) < 20):
        return await _ask(asked, wanted, given, asked.t("oauth.choose"))
    code = await oauth.allow(asked.house, wanted, speaker.login_id, int(actor))
    if isinstance(code, Refusal):
        return await _ask(asked, wanted, given, asked.t("oauth.choose"))
    if wanted.redirect_uri == OOB:
        return render(asked, "code.html", cache=False, path="/", code=code, app=wanted.app)
    return _to(asked, wanted.back(code=code))


def _refused(asked: Ask, problem: Untold | Refused) -> Response:
    """A known client is told at its own address; else the page says it, and nobody is sent anywhere."""
    if isinstance(problem, Refused) and not problem.oob:
        return _to(asked, problem.back)
    return problem_page(asked, problem)


def _to(asked: Ask, address: str) -> Response:
    """303 to exactly this address: a client's is never parsed and written anew."""
    response = Response(b"", 303, content_type="text/html; charset=utf-8")
    response.headers["Location"] = address
    made = dressed(asked, response, cache=False)
    made.headers["Content-Security-Policy"] = _POLICY
    return made
