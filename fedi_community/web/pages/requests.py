"""Who asks to join a group, for those who run it: one page, two buttons each. To anybody else there is no such page."""

from __future__ import annotations

from quart import Response

from fedi_community.domain import memberships, powers
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Grant, Viewer
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import joining, members, timelines, views
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load
from fedi_community.web.pages.reading import find_group
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render


async def own_group(tx: Tx, viewer: Viewer, handle: str) -> ActorView:
    """A group that the viewer runs; raises the one 404 for any other."""
    found = await find_group(tx, viewer, handle)
    if not await runs(tx, viewer, found.id):
        raise not_found()
    return found


async def runs(tx: Tx, viewer: Viewer, group_id: int) -> bool:
    """Whether the viewer is a mentor or staff of the group, or speaks as it."""
    if viewer.id == group_id:
        return True
    standing = await timelines.standing(tx, viewer, group_id)
    return Grant.ACCEPTED in (standing.get("mentor"), standing.get("staff"))


async def requests(asked: Ask, handle: str) -> Response:
    """Those who wait for an answer, oldest first."""

    me = asked.viewer_id

    async def unit(tx: Tx) -> tuple[ActorView, list[tuple[ActorView, int]], int, dict[int, str]]:
        group = await own_group(tx, asked.viewer, handle)
        needs = Needs(actor_ids=frozenset({group.id, me}), subjects=frozenset({me}))
        denied = powers.refused(await load(tx, needs, asked.now, (), ""), me, group.id, "members")
        if denied:
            raise Problem.of(denied)
        waiting = await members.asked(tx, group.id)
        said = await joining.answers(tx, group.id, list(waiting))
        actors = await views.load_actors(tx, waiting)
        people = [(actors[i], since) for i, since in waiting.items() if i in actors]
        return group, people, await members.asked_count(tx, group.id), said

    group, people, count, said = await asked.house.db.read(unit)
    return render(
        asked, "requests.html", show=asked.show(), cache=False, group=group, people=people,
        more=count - len(people), answers=said,
    )  # fmt: skip


async def answer(asked: Ask, handle: str) -> Response:
    """Let in (`accept=1`) or refuse the one whom the form names."""
    form = await form_of(asked)
    me = asked.must_speak().actor_id
    group = await asked.house.db.read(lambda tx: own_group(tx, asked.viewer, handle))
    asker, accept = object_id_of(form.get("person", "")), form.get("accept") == "1"

    def decide(facts: Facts) -> Decision | Refusal:
        return memberships.decide_request(group.id, me, asker, accept, facts)

    await perform_or_raise(asked.house, Change(memberships.between(group.id, asker, me), decide, 1))
    return go(asked, asked.href(f"/groups/{group.handle}/requests"), "let_in" if accept else "turned_away")
