"""One's circles: which there are, who is in them, making and ending them. Nobody else is ever shown any of it."""

from __future__ import annotations

from quart import Response

from fedi_community.domain import personal
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.perform import Change, perform
from fedi_community.storage import people, views
from fedi_community.storage.database import Tx
from fedi_community.web import compose
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render, to_log_in

PATH = "/circles"


async def listed(asked: Ask) -> Response:
    """One's circles with their people."""
    if asked.speaker is None:
        return to_log_in(asked, asked.href(PATH))
    return await _page(asked)


async def _page(asked: Ask, message: str = "", status: int = 200) -> Response:
    owner = asked.must_speak().actor_id

    async def unit(tx: Tx) -> list[tuple[people.ListRow, list[ActorView]]]:
        found = await compose.circles(tx, owner)
        actors = await views.load_actors(tx, {i for _, ids in found for i in ids})
        return [(row, [actors[i] for i in ids if i in actors]) for row, ids in found]

    found = await asked.house.db.read(unit)
    return render(asked, "circles.html", status, cache=False, path=PATH, circles=found, message=message)


async def _own(asked: Ask, key: str) -> int:
    """One of one's own circles; raises the one 404 for anybody else's."""
    owner, wanted = asked.must_speak().actor_id, object_id_of(key)
    rows = await asked.house.db.read(lambda tx: people.lists(tx, owner, circle=True))
    if wanted not in {row.id for row in rows}:
        raise not_found()
    return wanted


async def save(asked: Ask) -> Response:
    """What the form says: `do` is make, add, remove or delete."""
    form = await form_of(asked)
    owner, what = asked.must_speak().actor_id, form.get("do", "")
    if what == "make":
        title = form.get("title", "")

        def decide(facts: Facts) -> Decision | Refusal:
            return personal.decide_list(owner, title, "none", False, facts, None, circle=True)

        return await _done(asked, Change(personal.of(owner), decide, 1), "circle_made")
    circle = await _own(asked, form.get("circle", ""))
    if what == "delete":
        gone = Change(personal.of(owner), lambda facts: personal.decide_list_gone(circle, facts), 0)
        return await _done(asked, gone, "circle_deleted")
    if what == "add":
        person = await _named(asked, form.get("name", ""))
    elif what == "remove":
        person = object_id_of(form.get("person", ""))
    else:
        raise not_found()

    def decide_members(facts: Facts) -> Decision | Refusal:
        return personal.decide_list_members(owner, circle, (person,), what == "add", facts)

    return await _done(asked, Change(personal.of(owner, person), decide_members, 0), "circle_changed")


async def _named(asked: Ask, name: str) -> int:
    """Whom a name stands for, 0 for nobody here knows of: that is refused like somebody who is not followed."""
    handle, _, host = name.strip().removeprefix("@").partition("@")
    if not handle:
        return 0
    here = host in ("", asked.house.host)
    key = (handle.lower() if here else handle, "" if here else host.lower())
    found = await asked.house.db.read(lambda tx: compose.links(tx, asked.house, (key,)))
    return found[key][0] if key in found else 0


async def _done(asked: Ask, change: Change, said: str) -> Response:
    decided = await perform(asked.house, change)
    if isinstance(decided, Decision):
        return go(asked, asked.href(PATH), said)
    if decided.status == 404 and said == "circle_changed":
        return await _page(asked, asked.t("circles.not_followed"), 422)
    if decided.status == 422:
        return await _page(asked, asked.t.refused(decided.reason, decided.safe), 422)
    raise Problem.of(decided)
