"""A group's switches and who runs it, for those who may change them. What follows from a change is said first, and done on the
second press. To anybody who does not run the group there are no such pages."""

from __future__ import annotations

from dataclasses import replace

from quart import Response
from werkzeug.datastructures import MultiDict

from fedi_community.domain import roles, switches
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import POWERS, USUAL_POWERS, Group, Joins, Who
from fedi_community.domain.origins import canonical_host
from fedi_community.domain.switch_words import words
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem, Refusal
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import members, views
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load
from fedi_community.web.pages.requests import own_group
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render

SWITCHES = ("finds", "reads", "posts", "replies")


async def _group(asked: Ask, handle: str) -> tuple[ActorView, Facts]:
    """The group, if the reader runs it and may change it; a mentor without the power is told so."""
    me = asked.must_speak().actor_id if asked.speaker else 0

    async def unit(tx: Tx) -> tuple[ActorView, Facts]:
        found = await own_group(tx, asked.viewer, handle)
        needs = Needs(actor_ids=frozenset({found.id, me}), subjects=frozenset({me}))
        return found, await load(tx, needs, asked.now, (), asked.house.base_url)

    return await asked.house.db.read(unit)


def _typed(form: MultiDict[str, str]) -> switches.Asked:
    def who(name: str) -> Who | None:
        word = form.get(name, "")
        return Who(word) if word in tuple(Who) else None

    joins = form.get("joins", "")
    question = form.get("question", "")[: 2 * switches.MAX_QUESTION].replace("\x00", "")
    how = Joins(joins) if joins in tuple(Joins) else None
    if how is not None and how is not Joins.APPROVAL:
        question = ""
    return switches.Asked(who("finds"), who("reads"), who("posts"), who("replies"), how, question)


async def settings_form(asked: Ask, handle: str) -> Response:
    """The switches as they are, and who runs the group."""
    group, facts = await _group(asked, handle)
    return await _page(asked, group, facts, facts.group(group.id))


async def _page(
    asked: Ask, group: ActorView, facts: Facts, now: Group, message: str = "", status: int = 200
) -> Response:
    me = asked.viewer_id

    async def unit(tx: Tx) -> list[tuple[ActorView, members.Runner]]:
        found = await members.runners(tx, group.id)
        people = await views.load_actors(tx, [one.id for one in found])
        return [(people[one.id], one) for one in found if one.id in people]

    return render(
        asked, "settings.html", status, show=asked.show(), cache=False, path=f"/groups/{group.handle}/settings", group=group,
        now=now, message=message, switches=SWITCHES, who=tuple(Who), joins=tuple(Joins), powers=POWERS, usual=USUAL_POWERS,
        may_change=facts.may(me, group.id, "settings"), staff=facts.is_staff(me, group.id),
        runners=await asked.house.db.read(unit), longest=switches.MAX_QUESTION,
    )  # fmt: skip


async def settings(asked: Ask, handle: str) -> Response:
    """Say what follows; on the second press (`sure=1`), do it."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    group, facts = await _group(asked, handle)
    wanted, before = _typed(form), facts.group(group.id)
    then = switches.after(before, wanted)
    if isinstance(then, Refusal):
        tried = replace(before, **{n: v for n in SWITCHES if (v := getattr(wanted, n)) is not None})
        tried = replace(tried, joins=wanted.joins or before.joins, question=wanted.question or "")
        return await _page(asked, group, facts, tried, asked.t.refused(then.reason, then.safe), 422)
    if form.get("sure") != "1":
        said = words(switches.consequences(before, then), asked.t.language)
        return render(
            asked, "settings_sure.html", show=asked.show(), cache=False, path=f"/groups/{group.handle}/settings", group=group,
            then=then, said=said, same=then == before, switches=SWITCHES,
        )  # fmt: skip

    def decide(facts: Facts) -> Decision | Refusal:
        return switches.decide_change(group.id, speaker.actor_id, speaker.login_id, wanted, facts)

    needs = switches.needs(group.id, speaker.actor_id, wanted)
    await perform_or_raise(asked.house, Change(needs, decide, switches.ids))
    return go(asked, asked.href(f"/groups/{group.handle}/settings"), "settings_changed")


async def mentors(asked: Ask, handle: str) -> Response:
    """Make the named member a mentor with the ticked powers, change them, or (`end=1`) end it; for staff."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    group, _ = await _group(asked, handle)
    person, on = await _named(asked, form), form.get("end") != "1"
    chosen = frozenset(form.getlist("power")) & frozenset(POWERS)

    def decide(facts: Facts) -> Decision | Refusal:
        return roles.decide_role(
            group.id, person.id, "mentor", on, facts, powers=chosen if on else None, by=speaker.actor_id,
            login_id=speaker.login_id,
        )  # fmt: skip

    needs = roles.role_needs(group.id, person.id, person.handle, speaker.actor_id)
    await perform_or_raise(asked.house, Change(needs, decide, roles.IDS))
    return go(
        asked, asked.href(f"/groups/{group.handle}/settings"), "mentor_changed" if on else "mentor_ended"
    )


async def person_named(tx: Tx, asked: Ask, typed: str) -> ActorView | None:
    """Whom a name that somebody typed stands for: @name, or @name@host; nobody else than the one at that host."""
    handle, _, host = typed.strip()[:300].replace("\x00", "").removeprefix("@").partition("@")
    at = canonical_host(host) if host else ""
    if at is None or not handle:
        return None
    here = at in ("", asked.house.host)
    return await views.actor_by_handle(tx, handle.lower() if here else handle, "" if here else at)


async def _named(asked: Ask, form: MultiDict[str, str]) -> ActorView:
    """The member whom the form names by id or by name. One who is not there is said so, not shown as a missing page."""
    if form.get("person"):
        key = object_id_of(form.get("person", ""))
        found = (await asked.house.db.read(lambda tx: views.load_actors(tx, [key]))).get(key)
    else:
        found = await asked.house.db.read(lambda tx: person_named(tx, asked, form.get("name", "")))
    if found is None or found.is_group or found.state not in ("active", "limited"):
        raise Problem(422, "no_such_member", "There is no member with this name here.")
    return found
