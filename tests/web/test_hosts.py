"""How this server stands to others, on the pages: for admins alone, without script."""

from __future__ import annotations

import pytest

from fedi_community.domain.hosts import MAX_LIST_LINES
from fedi_community.storage import audit, hosts
from fedi_community.web.catalogue import WORDS
from tests.mastodon.conftest import World
from tests.web.conftest import Browser
from tests.web.test_reports import seated, sent, town

__all__ = ["town"]
PAGE = "/moderation/hosts"
HEAD = "#domain,#severity\n"


async def names(world: World) -> dict[str, str]:
    return {one.host: one.state for one in await world.parts.db.read(hosts.blocked)}


async def taken(browser: Browser, text: str, **more: str) -> tuple[int, str]:
    page = await browser.get(PAGE)
    form = page.form(f"{PAGE}/import")
    got = await browser.post(f"{PAGE}/import", {**form, "list": text, **more})
    return got.status, got.text


@pytest.mark.parametrize("prefix", ["", "/es"])
async def test_a_host_is_kept_away_in_a_grade_changed_and_let_in_again(town: World, prefix: str) -> None:
    _, chief = await seated(town, "chief", role="admin")
    page = f"{prefix}{PAGE}"
    assert await sent(chief, page, host="Loud.example", grade="limited", do="set") == f"{page}?said=host_set"
    assert await names(town) == {"loud.example": "limited"}
    await sent(chief, page, host="loud.example", grade="no_media", reports="1", comment="rude", do="set")
    (stand,) = await town.parts.db.read(hosts.blocked)
    assert (stand.state, stand.reject_media, stand.reject_reports, stand.public_comment) == (
        "ok",
        True,
        True,
        "rude",
    )
    shown = (await chief.get(page)).text
    assert WORDS["hosts.reports_short"][1 if prefix else 0] in shown
    saved = await chief.get(f"{prefix}{PAGE}/list")
    assert "loud.example,noop,true,true,rude,false" in saved.text
    assert await sent(chief, page, host="loud.example", do="lift") == f"{page}?said=host_lifted"
    assert await names(town) == {}
    for typed in ("", "a b", "clinic.example"):
        form = (await chief.get(page)).form(page)
        got = await chief.post(page, {**form, "host": typed, "grade": "limited", "do": "set"})
        assert got.status == 422, typed
    lines = await town.parts.db.read(lambda tx: audit.everything(tx, None, None, 20))
    assert [one.action for one in lines if one.action.startswith("host_")] == [
        "host_ok",
        "host_ok",
        "host_limited",
    ]


async def test_a_list_is_shown_before_it_is_taken_over(town: World) -> None:
    _, chief = await seated(town, "chief", role="admin")
    nadia = await town.member("nadia")
    for name in ("ana", "eva"):
        await town.make.join(await town.make.remote(f"https://bad.example/u/{name}"), nadia)
    text = HEAD + "bad.example,suspend\nloud.example,silence\n"
    status, shown = await taken(chief, text)
    assert (status, await names(town)) == (200, {})
    assert WORDS["hosts.new.other"][0].format(count=2) in shown
    assert WORDS["hosts.ending.other"][0].format(count=2) in shown
    assert (await taken(chief, text, sure="1"))[0] == 303
    assert await names(town) == {"bad.example": "suspended", "loud.example": "limited"}
    milder = HEAD + "bad.example,silence\n"
    assert WORDS["hosts.nothing"][0] in (await taken(chief, milder))[1]
    await taken(chief, milder, sure="1")
    assert (await names(town))["bad.example"] == "suspended"
    await taken(chief, milder, sure="1", loosen="1")
    assert (await names(town))["bad.example"] == "limited"


async def test_a_list_with_one_wrong_line_changes_nothing_and_says_which(town: World) -> None:
    _, chief = await seated(town, "chief", role="admin")
    status, shown = await taken(chief, HEAD + "bad.example,suspend\nno host,suspend\n", sure="1")
    assert (status, await names(town)) == (422, {})
    assert WORDS["hosts.line"][0].format(line=3) in shown
    assert "<code>no host</code>" in shown
    assert (await taken(chief, ""))[0] == 422


async def test_a_list_of_full_length_is_taken_over_in_one_step(town: World) -> None:
    _, chief = await seated(town, "chief", role="admin")
    text = HEAD + "".join(f"host{n}.example,suspend\n" for n in range(MAX_LIST_LINES - 1))
    assert (await taken(chief, text, sure="1"))[0] == 303
    assert len(await names(town)) == MAX_LIST_LINES - 1


async def test_to_everybody_else_there_is_no_such_page(town: World) -> None:
    browsers = [
        town.browser(), (await seated(town, "omar"))[1], (await seated(town, "desk", role="staff"))[1],
    ]  # fmt: skip
    for browser in browsers:
        missing = await browser.get("/reports/7")
        for path in (PAGE, f"{PAGE}/list"):
            got = await browser.get(path)
            assert (got.status, got.text) == (404, missing.text)
    omar = browsers[1]
    form = (await omar.get("/groups")).text.split('name="csrf" value="')[1].split('"')[0]
    for path in (PAGE, f"{PAGE}/import"):
        got = await omar.post(
            path,
            {"csrf": form, "host": "bad.example", "grade": "suspended", "do": "set", "list": "bad.example"},
        )
        assert got.status == 404
    assert await names(town) == {}
