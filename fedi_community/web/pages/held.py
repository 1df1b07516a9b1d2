"""Posts that wait to be read, for those who run the group: one page, two buttons each. To anybody else there
is no such page. That somebody looked is written down."""

from __future__ import annotations

from quart import Response

from fedi_community.domain import held
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import Refusal
from fedi_community.perform import Change, perform, perform_or_raise
from fedi_community.storage import held as rows
from fedi_community.storage import views
from fedi_community.storage.database import Tx
from fedi_community.web.pages.requests import own_group
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render


async def waiting(asked: Ask, handle: str) -> Response:
    """What is held, oldest first."""

    async def unit(tx: Tx) -> tuple[ActorView, list[PostView], int]:
        group = await own_group(tx, asked.viewer, handle)
        posts = await views.load_posts(tx, asked.viewer, await rows.ids(tx, group.id))
        return group, posts, await rows.count(tx, group.id)

    group, posts, count = await asked.house.db.read(unit)
    if posts:
        me = asked.must_speak().actor_id
        await perform(asked.house, Change(Needs(), lambda facts: held.decide_seen(group.id, me, facts), 0))
    return render(
        asked, "held.html", show=asked.show(), cache=False, group=group, posts=posts, more=count - len(posts)
    )


async def answer(asked: Ask, handle: str) -> Response:
    """Publish (`publish=1`) or remove the one that the form names."""
    form = await form_of(asked)
    me = asked.must_speak().actor_id
    post_id, passed = object_id_of(form.get("post", "")), form.get("publish") == "1"

    group = await asked.house.db.read(lambda tx: own_group(tx, asked.viewer, handle))

    def decide(facts: Facts) -> Decision | Refusal:
        return held.decide(post_id, me, passed, facts, group_id=group.id)

    await perform_or_raise(asked.house, Change(held.needs(post_id, me), decide, held.IDS))
    return go(
        asked, asked.href(f"/groups/{group.handle}/held"), "held_published" if passed else "held_removed"
    )
