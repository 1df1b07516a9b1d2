"""One's own choices on their page, and what pages say of other servers on which members of a closed group may be."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from fedi_community.storage import tables as t
from fedi_community.storage.dialect import Statement
from tests.web.conftest import World

LIKES = Statement(select(t.activities.c.id).where(t.activities.c.type == "Like"))


async def test_other_servers_hear_of_thanks_unless_somebody_says_no(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    posts = [await world.make.post(omar, f"post {n}") for n in range(2)]
    browser = await world.as_(nadia)
    assert (await world.browser().get("/preferences")).location == "/login?next=/preferences"

    async def choose(votes: str) -> None:
        page = await browser.get("/preferences")
        done = await browser.post("/preferences", {"csrf": page.form("/preferences")["csrf"], "votes": votes})
        assert (done.status, done.location) == (303, "/preferences?said=preferences_saved")

    async def thank(post: int) -> int:
        page = await browser.get(f"/objects/{post}")
        path = f"/objects/{post}/like"
        assert (await browser.post(path, page.form(path))).status == 303
        return len(await world.make.house.db.read(lambda tx: tx.rows(LIKES)))

    assert 'value="1" checked' in (await browser.get("/preferences")).text
    await choose("0")
    assert 'value="0" checked' in (await browser.get("/preferences")).text
    assert await thank(posts[0]) == 0
    await choose("1")
    assert await thank(posts[1]) == 1


@pytest.mark.parametrize("prefix", ["", "/es"])
async def test_who_may_write_in_a_closed_group_is_told_which_servers_may_hold_copies(
    world: World, prefix: str
) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    closed = await world.make.group("quiet", reads="members", posts="members", joins="approval")
    for person in (nadia, omar):
        await world.make.add(closed, person)
    await world.make.peers(closed, "far.example")
    root = await world.make.post(omar, "a hard week", group_id=closed)
    browser = await world.as_(nadia)
    paths = ("/groups/quiet", "/write?group=quiet", "/write", f"/write?reply_to={root}")
    for path in paths:
        assert "far.example" in (await browser.get(prefix + path)).text, path
    assert "far.example" not in (await world.browser().get(f"{prefix}/groups/quiet")).text, (
        "of no use to strangers"
    )
    await world.make.peers(closed, "far.example", allow=False)
    for path in paths:
        assert "far.example" not in (await browser.get(prefix + path)).text, path


@pytest.mark.parametrize(("prefix", "words"), [("", "Close your account"), ("/es", "Cerrar su cuenta")])
async def test_ones_choices_lead_to_closing_the_account(world: World, prefix: str, words: str) -> None:
    browser = await world.as_(await world.member("nadia"))
    page = await browser.get(f"{prefix}/preferences")
    assert f'<a href="{prefix}/account/close">{words}</a>' in page.text
