"""Pages for people: plain HTML in English and Spanish, without script.

`pages(house, settings)` is the blueprint of everything that only browsers ask for. Addresses that serve ActivityPub as
well (`/objects/ID`, `/users/NAME`, `/groups/HANDLE`) are left to whoever negotiates: `wants_html(accept)` decides, and
`page_functions(house, settings)` answers. Pages never decide who may see what; they ask the storage room's rule.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from quart import Blueprint, Response

from fedi_community.auth import Attempts
from fedi_community.config import Settings
from fedi_community.domain.text import ImageRewriter
from fedi_community.errors import not_found
from fedi_community.perform import House
from fedi_community.web import oauth
from fedi_community.web.catalogue import LANGUAGES
from fedi_community.web.pages import (
    account,
    acts,
    audit,
    circles,
    desk,
    held,
    hosts,
    invitations,
    moderation,
    names,
    news,
    objects,
    preferences,
    reading,
    reports,
    requests,
    signup,
    write,
)
from fedi_community.web.pages import settings as settings_page
from fedi_community.web.pages.picture import missing_png
from fedi_community.web.pages.site import SECURITY, Ask, Site, View, in_language, site_of, stylesheet

_ACTIVITYPUB: Final = frozenset({"application/activity+json", "application/ld+json", "application/json"})
_HTML: Final = frozenset({"text/html", "application/xhtml+xml", "text/*", "*/*"})

ROUTES: Final[tuple[tuple[str, str, View], ...]] = (
    ("GET", "/", reading.home),
    ("GET", "/groups", reading.groups),
    ("GET", "/groups/<handle>/feed", reading.feed),
    ("POST", "/groups/<handle>/join", acts.join),
    ("POST", "/groups/<handle>/leave", acts.leave),
    ("GET", "/groups/<handle>/requests", requests.requests),
    ("POST", "/groups/<handle>/requests", requests.answer),
    ("GET", "/groups/<handle>/settings", settings_page.settings_form),
    ("POST", "/groups/<handle>/settings", settings_page.settings),
    ("POST", "/groups/<handle>/mentors", settings_page.mentors),
    ("GET", "/groups/<handle>/invitations", invitations.listed),
    ("POST", "/groups/<handle>/invitations", invitations.make),
    ("GET", "/invitations/<secret>", invitations.invitation),
    ("POST", "/invitations/<secret>", invitations.enter),
    ("GET", "/groups/<handle>/desk", desk.overview),
    ("POST", "/groups/<handle>/desk", desk.save),
    ("GET", "/groups/<handle>/log", desk.log),
    ("GET", "/groups/<handle>/bans", desk.kept_out),
    ("POST", "/groups/<handle>/bans", desk.let_in),
    ("GET", "/groups/<handle>/held", held.waiting),
    ("POST", "/groups/<handle>/held", held.answer),
    ("GET", "/@<name>", reading.profile),
    ("POST", "/@<name>/follow", acts.follow),
    ("POST", "/@<name>/unfollow", acts.unfollow),
    ("GET", "/tags/<name>", reading.tag),
    ("GET", "/threads/<object_id>", objects.thread),
    ("GET", "/objects/<object_id>/article", objects.article_page),
    ("GET", "/objects/<object_id>/delete", acts.delete_form),
    ("POST", "/objects/<object_id>/delete", acts.delete),
    ("POST", "/objects/<object_id>/like", acts.like),
    ("POST", "/objects/<object_id>/moderate", acts.moderate),
    ("GET", "/objects/<object_id>/lookafter", desk.post_form),
    ("POST", "/objects/<object_id>/lookafter", desk.post_act),
    ("GET", "/objects/<object_id>/strikes", names.strikes),
    ("GET", "/circles", circles.listed),
    ("POST", "/circles", circles.save),
    ("GET", "/preferences", preferences.shown),
    ("POST", "/preferences", preferences.save),
    ("GET", "/news", news.listed),
    ("GET", "/names", names.listed),
    ("POST", "/names", names.make),
    ("POST", "/names/use", names.use),
    ("GET", "/names/<key>/end", names.end_form),
    ("POST", "/names/<key>/end", names.end),
    ("GET", "/objects/<object_id>/report", reports.report_post_form),
    ("POST", "/objects/<object_id>/report", reports.report_post),
    ("GET", "/@<name>/report", reports.report_person_form),
    ("POST", "/@<name>/report", reports.report_person),
    ("GET", "/reported", reports.reported),
    ("GET", "/lifelines", reports.lifelines),
    ("GET", "/warnings", reports.warnings),
    ("POST", "/warnings", reports.appeal),
    ("GET", "/appeal/<secret>", reports.appeal_by_link),
    ("POST", "/appeal/<secret>", reports.send_appeal_by_link),
    ("GET", "/moderation", moderation.queue),
    ("POST", "/moderation", moderation.decide),
    ("GET", "/moderation/hosts", hosts.listed),
    ("GET", "/moderation/log", audit.log),
    ("POST", "/moderation/hosts", hosts.change),
    ("GET", "/moderation/hosts/list", hosts.export),
    ("POST", "/moderation/hosts/import", hosts.take_over),
    ("GET", "/groups/<handle>/reports", moderation.group_queue),
    ("POST", "/groups/<handle>/reports", moderation.decide_in_group),
    ("GET", "/reports/<report_id>", moderation.case),
    ("POST", "/reports/<report_id>", moderation.act),
    ("GET", "/reports/<report_id>/pictures/<position>", moderation.picture),
    ("GET", "/login", account.login_form),
    ("POST", "/login", account.login),
    ("GET", "/account/close", account.close_form),
    ("POST", "/account/close", account.close),
    ("GET", "/logout", account.logout_form),
    ("POST", "/logout", account.logout),
    ("GET", "/write", write.write_form),
    ("POST", "/write", write.write),
    ("GET", "/signup", signup.signup_form),
    ("POST", "/signup", signup.sign_up),
    ("GET", "/confirm/<secret>", signup.confirm_form),
    ("POST", "/confirm/<secret>", signup.confirm),
    ("GET", "/forgot", signup.forgot_form),
    ("POST", "/forgot", signup.forgot),
    ("GET", "/reset/<secret>", signup.reset_form),
    ("POST", "/reset/<secret>", signup.reset),
    ("GET", "/about", reading.about),
    ("GET", "/privacy", reading.privacy),
)
NEGOTIATED: Final[tuple[tuple[str, str, View], ...]] = (
    ("GET", "/objects/<object_id>", objects.object_page),
    ("GET", "/groups/<handle>", reading.group),
    ("GET", "/users/<name>", reading.user),
)
"""Also ActivityPub ids, in the first language; the other language's are pages alone."""


def wants_html(accept: str | None) -> bool:
    """Whether a request is answered with a page: yes, unless `Accept` names an ActivityPub type at least as welcome as
    HTML (RFC 9110 §12.5.1). A missing header and `*/*` get the page, as on other servers."""
    page = document = 0.0
    for part in (accept or "*/*")[:2000].split(","):
        name, *parameters = part.split(";")
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        kind = name.strip().lower()
        if kind in _ACTIVITYPUB:
            document = max(document, weight)
        elif kind in _HTML:
            # What is welcome as anything at all is less wanted than what is named.
            page = max(page, weight if kind != "*/*" else min(weight, 0.001))
    return page > document or document == 0


@dataclass(frozen=True, slots=True)
class PageFunctions:
    """Pages for whoever negotiated content. Each answers everything itself: 404 for missing and denied alike, 410.

    object_page: a post's id as in its address (text or number). user_page, group_page: a handle. missing: the one 404.
    """

    wants_html: Callable[[str | None], bool]
    object_page: Callable[[str | int], Awaitable[Response]]
    user_page: Callable[[str], Awaitable[Response]]
    group_page: Callable[[str], Awaitable[Response]]
    missing: Callable[[], Awaitable[Response]]


async def _missing(asked: Ask) -> Response:
    raise not_found()


def page_functions(house: House, settings: Settings, image: ImageRewriter | None = None) -> PageFunctions:
    """The pages at addresses that are ActivityPub ids as well, in the first language."""
    site = site_of(house, settings, image)
    shown = {view: in_language(site, LANGUAGES[0], view) for _, _, view in NEGOTIATED}
    absent = in_language(site, LANGUAGES[0], _missing)

    async def object_page(object_id: str | int) -> Response:
        return await shown[objects.object_page](object_id=object_id)

    async def user_page(name: str) -> Response:
        return await shown[reading.user](name=name)

    async def group_page(handle: str) -> Response:
        return await shown[reading.group](handle=handle)

    return PageFunctions(wants_html, object_page, user_page, group_page, absent)


def pages(
    house: House, settings: Settings, image: ImageRewriter | None = None, *, negotiated: bool = False,
    attempts: Attempts | None = None,
) -> Blueprint:  # fmt: skip
    """Everything for people. image: see `Site`. negotiated: register the addresses of `NEGOTIATED` in the first language
    too, for an application without ActivityPub. attempts: see `site_of`."""
    site = site_of(house, settings, image, attempts)
    blueprint = Blueprint("pages", __name__)
    for language in LANGUAGES:
        first = language == LANGUAGES[0]
        routes = ROUTES + (NEGOTIATED if negotiated or not first else ())
        _register(blueprint, site, language, "" if first else f"/{language}", routes)
    blueprint.add_url_rule("/static/<name>", "static_file", in_language(site, LANGUAGES[0], _static))
    for method, asked in (("GET", oauth.authorize), ("POST", oauth.answer)):
        name = f"oauth_{asked.__name__}"
        blueprint.add_url_rule(oauth.PATH, name, oauth.in_its_language(site, asked), methods=[method])
    for language in LANGUAGES[1:]:
        view = in_language(site, language, _missing)
        blueprint.add_url_rule(f"/{language}/<path:rest>", f"{language}_rest", _without_path(view))
    return blueprint


def _without_path(view: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    async def answer(**_: str) -> Response:
        return await view()

    return answer


def _register(
    blueprint: Blueprint, site: Site, language: str, prefix: str, routes: tuple[tuple[str, str, View], ...]
) -> None:
    for method, path, view in routes:
        name = f"{language}_{view.__module__.rsplit('.', 1)[-1]}_{view.__name__}"
        blueprint.add_url_rule(prefix + path, name, in_language(site, language, view), methods=[method])


async def _static(asked: Ask, name: str) -> Response:
    """The style sheet, whose name changes with its content, and the picture of those who have none."""
    known, content = stylesheet()
    if name == "missing.png":
        return _picture()
    if name != known:
        raise not_found()
    response = Response(content, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = SECURITY["X-Content-Type-Options"]
    return response


def _picture() -> Response:
    response = Response(missing_png(), content_type="image/png")
    response.headers["Cache-Control"] = "public, max-age=86400"
    response.headers["Access-Control-Allow-Origin"] = "*"  # clients read its pixels
    response.headers["X-Content-Type-Options"] = SECURITY["X-Content-Type-Options"]
    return response


__all__ = ["PageFunctions", "page_functions", "pages", "wants_html"]
