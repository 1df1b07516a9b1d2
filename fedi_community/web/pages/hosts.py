"""How this server stands to others, for admins: a list, add, change and lift; take a list over after a look at what it would do.
To everybody else there are no such pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from quart import Response, request

from fedi_community import auth
from fedi_community.domain import hosts as rules
from fedi_community.domain import memberships
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.stands import HostState, Stand
from fedi_community.errors import Refusal, not_found
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import hosts
from fedi_community.web.pages.site import Ask, dressed, form_of, go, render

PAGE: Final = "/moderation/hosts"
GRADES: Final[dict[str, tuple[HostState, bool]]] = {
    "limited": ("limited", False), "no_media": ("ok", True), "limited_no_media": ("limited", True),
    "suspended": ("suspended", True),
}  # fmt: skip
"""What the page offers: state, and whether media are rejected."""


def admin(asked: Ask) -> auth.Speaker:
    """Who runs the server; raises the one 404 for everybody else."""
    if asked.speaker is None or asked.speaker.role != "admin":
        raise not_found()
    return asked.speaker


def grade_of(stand: Stand) -> str:
    """The word of `GRADES` that fits; "" where nothing but reports is rejected."""
    if stand.state == "suspended":
        return "suspended"
    return next((word for word, found in GRADES.items() if found == (stand.state, stand.reject_media)), "")


async def _listed(asked: Ask, status: int = 200, **more: Any) -> Response:
    found = await asked.house.db.read(hosts.blocked)
    values: dict[str, Any] = {"problem": "", "typed": "", "wrong": (), **more}
    return render(
        asked, "hosts.html", status, cache=False, path=PAGE, stands=found, grade_of=grade_of, grades=tuple(GRADES),
        action=asked.href(PAGE), **values,
    )  # fmt: skip


async def listed(asked: Ask) -> Response:
    """All blocked hosts, by name."""
    admin(asked)
    return await _listed(asked)


async def change(asked: Ask) -> Response:
    """Add, change (`do=set`) or lift one (`do=lift`)."""
    form = await form_of(asked)
    who = admin(asked)
    typed = form.get("host", "")
    name = rules.name_of(typed, asked.house.host)
    if isinstance(name, Refusal):
        key = "hosts.own" if name is rules.OWN else "hosts.bad"
        return await _listed(asked, 422, problem=asked.t(key), typed=typed[:300])
    if form.get("do") == "lift":
        needs = Needs()

        def lift(facts: Facts) -> Decision | Refusal:
            return memberships.decide_host(name, facts, state="ok", login_id=who.login_id)

        await perform_or_raise(asked.house, Change(needs, lift, 0))
        return go(asked, asked.href(PAGE), "host_lifted")
    reports, grade = form.get("reports") == "1", form.get("grade", "")
    if grade not in GRADES and not (grade == "" and reports):
        return await _listed(asked, 422, problem=asked.t("hosts.no_grade"), typed=typed)
    state, media = GRADES.get(grade, ("ok", False))
    comment = form.get("comment")

    def changed(old: Stand) -> Stand:
        return replace(
            old, state=state, reject_media=media or (state == "suspended" and old.reject_media), reject_reports=reports,
            public_comment=(old.public_comment if comment is None else comment).strip(),
        )  # fmt: skip

    def decide(facts: Facts) -> Decision | Refusal:
        return rules.decide_change(name, changed, facts, login_id=who.login_id)

    await perform_or_raise(asked.house, Change(rules.stand_needs(name), decide, 0))
    return go(asked, asked.href(PAGE), "host_set")


async def export(asked: Ask) -> Response:
    """The list as a file."""
    admin(asked)
    text = rules.write_list(await asked.house.db.read(hosts.blocked))
    response = Response(text, content_type="text/csv; charset=utf-8")
    dressed(asked, response, cache=False)
    response.headers["Content-Disposition"] = 'attachment; filename="hosts.csv"'
    return response


async def take_over(asked: Ask) -> Response:
    """A list that was chosen: first what it would do (or which lines make no sense), then (`sure=1`) do it."""
    form = await form_of(asked)
    who = admin(asked)
    file = (await request.files).get("file")
    body = file.read(rules.MAX_LIST_BYTES + 1) if file is not None else form.get("list", "").encode()
    loosen = form.get("loosen") == "1"
    found = rules.read_list(body, asked.house.host)
    if found.wrong or not found.stands:
        problem = asked.t("hosts.list_wrong" if found.wrong else "hosts.list_empty")
        return await _listed(asked, 422, problem=problem, wrong=found.wrong[: rules.MAX_WRONG])
    if form.get("sure") == "1":

        def decide(facts: Facts) -> Decision:
            return rules.decide_list(found.stands, facts, loosen=loosen, login_id=who.login_id)

        await perform_or_raise(asked.house, Change(rules.list_needs(found.stands), decide, 0))
        return go(asked, asked.href(PAGE), "hosts_imported")
    known = await asked.house.db.read(lambda tx: hosts.stands(tx, [one.host for one in found.stands]))
    made = rules.plan(found.stands, known, loosen)
    ending = await asked.house.db.read(lambda tx: hosts.ending(tx, made.suspended))
    return render(
        asked, "hosts_sure.html", cache=False, path=PAGE, plan=made, ending=ending, suspended=len(made.suspended),
        twice=found.twice, loosen=loosen, body=body.decode("utf-8-sig"), action=asked.href(f"{PAGE}/import"),
    )  # fmt: skip
