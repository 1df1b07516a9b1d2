"""What every page stands on: who asks and in which language, rendering, headers, forms that prove where they came from.

Denied and missing end in the same `missing` page: the same status, headers and bytes for the same reader. What a member
sees is never cached; public pages for a minute.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from quart import Response, redirect, request
from werkzeug.datastructures import MultiDict

from fedi_community import auth, cases
from fedi_community.auth.limits import Limits
from fedi_community.config import Settings
from fedi_community.domain.model import STRANGER, Viewer
from fedi_community.domain.text import ImageRewriter
from fedi_community.domain.views import PostView
from fedi_community.errors import Problem, not_found
from fedi_community.perform import House
from fedi_community.web.catalogue import LANGUAGES, WORDS
from fedi_community.web.i18n import Words
from fedi_community.web.show import Around, Show, localised

TEMPLATES: Final = Path(__file__).resolve().parent.parent.parent.parent / "templates"
STATIC: Final = Path(__file__).resolve().parent.parent / "static"
MAX_FORM_BYTES: Final = 512 * 1024
MAX_ID: Final = 2**63 - 1
PUBLIC_SECONDS: Final = 60

SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' https: data:; "
        "media-src 'self' https:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send `Origin: null` with our own forms
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=(), camera=(), geolocation=(), microphone=()",
}
VARY: Final = "Accept, Cookie, Signature"
_LOCAL_PATH: Final = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]{0,8000}")


@functools.cache
def environment() -> Environment:
    """The templates, escaped, and strict about names that are not there."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip


@functools.cache
def stylesheet() -> tuple[str, bytes]:
    """Name (with a hash of its content, so that it may be kept for ever) and content of the one style sheet."""
    content = (STATIC / "style.css").read_bytes()
    return f"style.{hashlib.sha256(content).hexdigest()[:12]}.css", content


@dataclass(frozen=True, slots=True)
class Site:
    """The parts pages need. image: an address for a picture that a reader's browser may load, or None to link it."""

    house: House
    settings: Settings
    image: ImageRewriter
    attempts: auth.Attempts
    limits: Limits


def own_media(settings: Settings) -> ImageRewriter:
    """Pictures of ours are shown, below /media or on the media origin; no others."""
    places = tuple(f"{origin}/media/" for origin in (settings.base_url, settings.media_origin) if origin)

    def image(address: str) -> str | None:
        if address.startswith("/media/"):
            return address
        if address.startswith(f"{settings.base_url}/media/"):
            return address.removeprefix(settings.base_url)
        return address if address.startswith(places) else None

    return image


def site_of(
    house: House,
    settings: Settings,
    image: ImageRewriter | None = None,
    attempts: auth.Attempts | None = None,
) -> Site:
    """attempts: those that other doors count too; without it, its own."""
    counted = attempts or auth.Attempts(settings.login_rate)
    return Site(house, settings, image or own_media(settings), counted, Limits(settings.api_rate))


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: who asks, in which language, and the form token that his session proves. path: without the language."""

    site: Site
    t: Words
    speaker: auth.Speaker | None
    secret: str
    path: str
    now: int
    shown: list[PostView] = field(default_factory=list)  # what the page holds of posts

    @property
    def viewer(self) -> Viewer:
        return self.speaker.viewer if self.speaker else STRANGER

    @property
    def viewer_id(self) -> int:
        return self.viewer.id

    @property
    def house(self) -> House:
        return self.site.house

    @property
    def csrf(self) -> str:
        return auth.csrf_token(self.secret) if self.secret else ""

    def href(self, path: str, language: str | None = None) -> str:
        """A page of ours, in this language or another."""
        return localised(path, language or self.t.language)

    def here(self) -> str:
        """This page's path with its query, in this language."""
        return self.href(self.path)

    def must_speak(self) -> auth.Speaker:
        """The member, or the answer to a form that nobody is logged in for."""
        if self.speaker is None:
            raise Problem(403, "csrf", self.t("refused.csrf"))
        return self.speaker

    def show(self, around: Around | None = None) -> Show:
        self.shown.extend(around.posts if around is not None else ())
        wanted = request.args.get("text", "")
        return Show(
            self.t, self.now, self.viewer_id, self.site.settings.base_url, self.site.image, around or Around(),
            wanted if re.fullmatch(r"[A-Za-z-]{2,20}", wanted) else None,
        )  # fmt: skip


async def ask(site: Site, language: str) -> Ask:
    """Read the request: session cookie, language, path."""
    secret = request.cookies.get(auth.cookie_name(site.settings, "session"), "")
    speaker = await auth.viewer_of_session(site.house, secret) if secret else None
    if speaker is None:
        secret = request.cookies.get(auth.cookie_name(site.settings, "form"), "")[:200]
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    path = request.path
    if language != LANGUAGES[0]:
        path = path.removeprefix(f"/{language}") or "/"
    return Ask(site, Words(language), speaker, secret, path + query, site.house.clock())


# --- answers ----------------------------------------------------------------------------------------------------------


def render(
    asked: Ask,
    template: str,
    status: int = 200,
    *,
    show: Show | None = None,
    index: bool = False,
    cache: bool = True,
    path: str | None = None,
    **values: Any,
) -> Response:
    """A page. index: search engines may keep it. cache: a stranger's copy may be kept for a minute. path: what the link to
    the other language leads to."""
    other = asked.t.other
    said = request.args.get("said", "")
    body = environment().get_template(template).render(
        t=asked.t,
        s=show or asked.show(),
        ask=asked,
        site_name=asked.site.settings.site_name,
        contact=asked.site.settings.contact_email,
        speaker=asked.speaker,
        index=index,
        style=f"/static/{stylesheet()[0]}",
        other=Words(other),
        other_href=values.pop("other_href", None) or asked.href(asked.path if path is None else path, other),
        signups=asked.site.settings.signups,
        said=asked.t(f"said.{said}") if f"said.{said}" in WORDS else "",
        **values,
    )  # fmt: skip
    response = Response(body, status, content_type="text/html; charset=utf-8")
    return dressed(asked, response, index=index, cache=cache and status == 200)


def dressed(asked: Ask, response: Response, *, index: bool = False, cache: bool = True) -> Response:
    """Security and cache headers, and no search engines unless they may."""
    response.headers.update(SECURITY)
    response.headers["Vary"] = VARY
    public = cache and asked.speaker is None and request.method in ("GET", "HEAD")
    response.headers["Cache-Control"] = f"public, max-age={PUBLIC_SECONDS}" if public else "private, no-store"
    if not index:
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def go(asked: Ask, path: str, said: str = "") -> Response:
    """After a form: 303 to a page of ours. `path` is local, with its language."""
    base, mark, fragment = path.partition("#")
    if said:
        base += ("&" if "?" in base else "?") + f"said={said}"
    return dressed(asked, redirect(base + mark + fragment, 303), cache=False)  # type: ignore[arg-type]


def missing(asked: Ask) -> Response:
    """The one answer for missing and denied. Nothing of the request is in it."""
    return render(asked, "missing.html", 404, path="/")


def gone(asked: Ask, told: tuple[str, ...] = ()) -> Response:
    """For those who could read it before it was deleted. told: what its author is told of the copies."""
    return render(asked, "gone.html", 410, path="/", told=told)


def problem_page(asked: Ask, problem: Problem) -> Response:
    """A failure in words. A 404 is always the same page."""
    if problem.status == 404:
        return missing(asked)
    text = asked.t.refused(problem.reason, problem.safe)
    response = render(asked, "problem.html", problem.status, path="/", message=text)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def local_path(text: str | None) -> str | None:
    """A path on this server that a form or a log-in may lead to; None for anything else."""
    return text if text is not None and _LOCAL_PATH.fullmatch(text) else None


def without_said(path: str) -> str:
    """The path without what was said the last time."""
    return re.sub(r"(?<=[?&])said=[a-z_]+&?", "", path).rstrip("?&")


def object_id_of(text: str | int) -> int:
    """A post's id from an address; anything else is a page that is not there."""
    digits = str(text)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and 0 < int(digits) <= MAX_ID):
        raise not_found()
    return int(digits)


def before() -> int | None:
    """`?before=ID` of a list."""
    text = request.args.get("before")
    return object_id_of(text) if text else None


# --- views and forms --------------------------------------------------------------------------------------------------

View = Callable[..., Awaitable[Response]]


def in_language(site: Site, language: str, view: View) -> Callable[..., Awaitable[Response]]:
    """A route's function: reads the request, answers failures with a page."""

    @functools.wraps(view)
    async def answer(**path: Any) -> Response:
        asked = await ask(site, language)
        try:
            page = await view(asked, **path)
            await _noted(asked)
            return page
        except Problem as problem:
            return problem_page(asked, problem)

    return answer


async def _noted(asked: Ask) -> None:
    """That a moderator read what only moderation shows is written down."""
    if asked.shown and asked.speaker is not None:
        await cases.posts_noted(asked.house, asked.speaker.helper, asked.shown)


def to_log_in(asked: Ask, path: str) -> Response:
    """The page to log in, which leads back to `path` (in the reader's language) afterwards."""
    return go(asked, asked.href("/login") + "?next=" + quote(path, safe="/"))


async def form_of(asked: Ask) -> MultiDict[str, str]:
    """The form of a POST that one of our own pages sent; raises `Problem` 403 for any other."""
    if (request.content_length or 0) > MAX_FORM_BYTES:
        raise Problem(413, "too_large", asked.t("refused.too_large"))
    form: MultiDict[str, str] = await request.form
    given = form.get("csrf", "").encode()
    fits = asked.csrf != "" and hmac.compare_digest(given, asked.csrf.encode())
    if not fits or not auth.same_origin(asked.site.settings, request.headers):
        raise Problem(403, "csrf", asked.t("refused.csrf"))
    return form


def back(asked: Ask, form: MultiDict[str, str], otherwise: str) -> str:
    """Where a small form was pressed, if that is a page of ours."""
    wanted = local_path(form.get("next"))
    return without_said(wanted) if wanted else asked.href(otherwise)


def address_of(asked: Ask) -> str:
    """Whom to count log-ins for."""
    return auth.client_address(asked.site.settings, request.remote_addr, auth.forwarded(request.headers))


def is_secure(settings: Settings) -> bool:
    return urlsplit(settings.base_url).scheme == "https"
