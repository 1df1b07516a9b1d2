"""Tell those who look after this place that something is wrong; read what was done about oneself, and say that it was wrong."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from quart import Response, request

from fedi_community import cases
from fedi_community.domain import reports as rules
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.relations import URGENT
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import Refusal, not_found
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import measures, views
from fedi_community.storage.database import Tx
from fedi_community.storage.visible import visible_ids
from fedi_community.web.pages.reading import find_person
from fedi_community.web.pages.signup import _bad_link, _with_form
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render

CHOICES: Final = (
    "advice", "selling", "impersonation", "privacy", "child", "self_harm", "harassment", "spam", "violation", "legal", "other",
)  # fmt: skip
LIFELINES: Final = (
    # Each was found stated as open day and night and free of charge, on 28 November 2026, at the place named:
    # (us) in Spanish by 2 and AYUDA: 988lifeline.org/get-help/what-to-expect, found on 29 November 2026
    ("us", "988"),  # contactlistens.org/get-help (call or text); Canada: 620ckrm.com, 2 December 2023
    ("es", "024"),  # farodevigo.es, 11 October 2025; calls are free: BOE, by maldita.es, 10 May 2022
    ("mx", "800 911 2000"),  # eluniversal.com.mx, 24 December 2025
    ("cl", "*4141"),  # radiopolar.com, 25 November 2025 (any mobile)
    (
        "uk",
        "116 123",
    ),  # samaritans.org/how-we-can-help/contact-samaritan; Ireland: irishhealthpro.com, 12 April 2016
    ("fr", "3114"),  # mayotte.ars.sante.fr; 3114.fr
    ("nl", "0800 0113"),  # nu.nl/binnenland/6062813, July 2020; 0800 is free there
    ("de", "0800 111 0 111"),  # domradio.de/glossar/telefonseelsorge-0
)
"""Who listens: key of the words, and the number. Look at them again each year; one that cannot be found stated goes."""


async def _post(asked: Ask, object_id: str) -> PostView:
    """A post that the reader may see and did not write; raises the one 404."""
    key = object_id_of(object_id)
    found = await asked.house.db.read(lambda tx: views.load_posts(tx, asked.viewer, [key]))
    if not found or asked.speaker is None or found[0].author.id == asked.viewer_id:
        raise not_found()
    return found[0]


async def _person(asked: Ask, name: str) -> ActorView:
    found = await asked.house.db.read(lambda tx: find_person(tx, asked.viewer, name))
    if asked.speaker is None or found.id == asked.viewer_id:
        raise not_found()
    return found


def _form(asked: Ask, person: ActorView, action: str, status: int = 200, **typed: str) -> Response:
    return render(
        asked, "report.html", status, cache=False, path="/" if status != 200 else None, person=person, action=action,
        choices=CHOICES, typed={"category": "", "comment": "", "problem": "", **typed},
    )  # fmt: skip


async def report_post_form(asked: Ask, object_id: str) -> Response:
    post = await _post(asked, object_id)
    return _form(asked, post.author, asked.href(f"/objects/{post.id}/report"))


async def report_post(asked: Ask, object_id: str) -> Response:
    await form_of(asked)
    asked.must_speak()
    post = await _post(asked, object_id)
    language = post.text().language or asked.t.language
    return await _filed(asked, post.author, (post.id,), language, asked.href(f"/objects/{post.id}/report"))


async def report_person_form(asked: Ask, name: str) -> Response:
    person = await _person(asked, name)
    return _form(asked, person, asked.href(f"/@{person.acct}/report"))


async def report_person(asked: Ask, name: str) -> Response:
    await form_of(asked)
    asked.must_speak()
    person = await _person(asked, name)
    return await _filed(asked, person, (), asked.t.language, asked.href(f"/@{person.acct}/report"))


async def _filed(
    asked: Ask, person: ActorView, post_ids: tuple[int, ...], language: str, action: str
) -> Response:
    form = await request.form
    category, comment = form.get("category", ""), form.get("comment", "").replace("\x00", "").strip()
    if category not in CHOICES:
        return _form(asked, person, action, 422, comment=comment, problem=asked.t("report.no_category"))
    me = asked.must_speak().actor_id
    wanted = rules.NewReport(me, person.id, post_ids, comment, category, language=language)

    def decide(facts: Facts) -> Decision | Refusal:
        return rules.decide_report(wanted, facts)

    needs = Needs(
        actor_ids=frozenset({me, person.id}), post_ids=frozenset(post_ids), subjects=frozenset({me})
    )
    await perform_or_raise(asked.house, Change(needs, decide, 2))
    what = "help" if category == "self_harm" else "urgent" if category in URGENT else ""
    return go(asked, asked.href(f"/reported?about={what}" if what else "/reported"))


async def reported(asked: Ask) -> Response:
    """What happens next; and who helps at once, where somebody may need it."""
    about = request.args.get("about", "")
    return render(
        asked, "reported.html", cache=False, lifelines=LIFELINES if about == "help" else (),
        urgent=about in ("help", "urgent"),
    )  # fmt: skip


async def lifelines(asked: Ask) -> Response:
    """Who listens now; for everybody."""
    return render(asked, "lifelines.html", lifelines=LIFELINES)


# --- what was done about oneself ---------------------------------------------------------------------------------------


async def warnings(asked: Ask) -> Response:
    if asked.speaker is None:
        raise not_found()

    async def unit(tx: Tx) -> tuple[list[measures.Taken], dict[int, ActorView], frozenset[int]]:
        found = await measures.of(tx, asked.viewer_id)
        groups = await views.findable(tx, asked.viewer, {one.group_id for one in found if one.group_id})
        posts = await visible_ids(tx, asked.viewer, {i for one in found for i in one.object_ids})
        return found, await views.load_actors(tx, groups), posts

    found, groups, posts = await asked.house.db.read(unit)
    return render(
        asked,
        "warnings.html",
        cache=False,
        found=found,
        groups=groups,
        posts=posts,
        action=asked.href("/warnings"),
    )


async def appeal(asked: Ask) -> Response:
    form = await form_of(asked)
    me = asked.must_speak().actor_id
    await cases.appeal(asked.house, object_id_of(form.get("measure", "")), me, form.get("text", ""))
    return go(asked, asked.href("/warnings"), "appealed")


async def _linked(asked: Ask, secret: str) -> Any:
    hash_ = hashlib.sha256(secret.encode()).hexdigest()
    return await asked.house.db.read(lambda tx: measures.linked(tx, hash_))


async def appeal_by_link(asked: Ask, secret: str) -> Response:
    """For who cannot log in: the link in his mail."""
    found = await _linked(asked, secret)
    if found is None:
        return _bad_link(asked)
    return _with_form(
        asked,
        "warnings.html",
        path="/",
        found=[found],
        groups={},
        posts=(),
        action=asked.href(f"/appeal/{secret}"),
    )


async def send_appeal_by_link(asked: Ask, secret: str) -> Response:
    form = await form_of(asked)
    found = await _linked(asked, secret)
    if found is None:
        return _bad_link(asked)
    await cases.appeal(asked.house, found.id, found.target_id, form.get("text", ""))
    return go(asked, asked.href(f"/appeal/{secret}"), "appealed")
