"""Circles on the pages: made, filled, written to; and nobody else's."""

from __future__ import annotations

from tests.web.conftest import World
from tests.web.test_write import send


async def test_a_circle_is_made_filled_and_written_to(world: World) -> None:
    nadia, omar, eve = [await world.member(name) for name in ("nadia", "omar", "eve")]
    await world.make.join(nadia, omar)
    browser = await world.as_(nadia)
    page = await browser.get("/circles")
    assert "You have no circle yet." in page.text
    csrf = page.form("/circles")["csrf"]
    done = await browser.post("/circles", {"csrf": csrf, "do": "make", "title": "Family"})
    assert done.status == 303
    page = await browser.get("/circles")
    circle = page.form("/circles")["circle"]
    wrong = await browser.post("/circles", {"csrf": csrf, "do": "add", "circle": circle, "name": "eve"})
    assert (wrong.status, "people whom you follow" in wrong.text) == (422, True)
    added = await browser.post("/circles", {"csrf": csrf, "do": "add", "circle": circle, "name": "@omar"})
    assert added.status == 303
    form = await browser.get(f"/write?to=circle:{circle}")
    assert "Your circle Family" in form.text
    assert "Only these people can read this, and they do not learn of each other: Omar." in form.text
    assert "Solo estas personas pueden leer esto" in (await browser.get("/es/write")).text
    posted = await send(browser, form, "a canaryhard week", to=f"circle:{circle}")
    assert posted.status == 303
    assert "canaryhard" in (await (await world.as_(omar)).get(posted.location)).text
    assert (await (await world.as_(eve)).get(posted.location)).status == 404
    out = await browser.post(
        "/circles", {"csrf": csrf, "do": "remove", "circle": circle, "person": str(omar)}
    )
    assert out.status == 303
    assert "Your circle Family" not in (await browser.get("/write")).text, "nobody is in it"
    gone = await browser.post("/circles", {"csrf": csrf, "do": "delete", "circle": circle})
    assert gone.status == 303


async def test_another_persons_circle_does_not_exist(world: World) -> None:
    nadia, eve = [await world.member(name) for name in ("nadia", "eve")]
    browser, other = await world.as_(nadia), await world.as_(eve)
    page = await browser.get("/circles")
    await browser.post("/circles", {"csrf": page.form("/circles")["csrf"], "do": "make", "title": "Family"})
    circle = (await browser.get("/circles")).form("/circles")["circle"]
    csrf = (await other.get("/circles")).form("/circles")["csrf"]
    for what in ("add", "remove", "delete"):
        got = await other.post("/circles", {"csrf": csrf, "do": what, "circle": circle, "name": "eve"})
        assert got.status == 404, what
    assert "Family" not in (await other.get("/circles")).text
    form = await other.get("/write")
    refused = await send(other, form, "hello", to=f"circle:{circle}")
    assert refused.status == 422
