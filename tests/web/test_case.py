"""What somebody who answers a report does about it on its page: each in one step, undone, logged, and told to the author."""

from __future__ import annotations

from typing import Any

import pytest

from fedi_community.storage import audit
from fedi_community.web.catalogue import WORDS
from tests.mastodon.conftest import World
from tests.web.conftest import Browser
from tests.web.test_reports import seated, sent, town

__all__ = ["town"]


async def reported(town: World, group: bool) -> dict[str, Any]:
    nadia, hers = await seated(town, "nadia")
    omar, his = await seated(town, "omar")
    mentor, desk = await seated(town, "mia")
    _, staff = await seated(town, "sam", role="staff")
    home = await town.make.group("sleep", reads="members", joins="approval") if group else None
    for actor in (nadia, omar, mentor) if home else ():
        await town.make.add(home, actor)
    if home:
        await town.make.role(home, mentor, "mentor")
    post = await town.make.post(nadia, "buy my pills", group_id=home)
    await sent(his, f"/objects/{post}/report", category="selling")
    queue = await staff.get("/moderation")
    path = "/reports/" + queue.text.split('href="/reports/')[1].split('"')[0]
    return {
        "nadia": nadia,
        "hers": hers,
        "his": his,
        "mentor": desk,
        "staff": staff,
        "group": home,
        "post": post,
        "path": path,
    }


async def press(browser: Browser, path: str, **fields: str) -> int:
    page = await browser.get("/names")  # one that everybody has
    return (await browser.post(path, {"csrf": page.form("/names")["csrf"], **fields})).status


async def log(town: World) -> list[str]:
    lines = await town.parts.db.read(lambda tx: audit.everything(tx, None, None, 200))
    return [line.action for line in lines]


@pytest.mark.parametrize("who", ["mentor", "staff"])
@pytest.mark.parametrize("group", [True, False])
async def test_a_reported_post_is_removed_told_shown_again_and_logged(
    town: World, who: str, group: bool
) -> None:
    it = await reported(town, group)
    path, there = it["path"], f"/objects/{it['post']}"
    if who == "mentor" and not group:
        assert (await it["mentor"].get(path)).status == 404
        return
    assert (await it["his"].get(there)).status == 200
    await sent(it[who], path, do="remove", post=str(it["post"]))
    assert WORDS["case.removed"][0] in (await it[who].get(path)).text
    assert (await it["his"].get(there)).status == 404
    assert (await it["hers"].get(there)).status == 200, "its author keeps his words"
    assert WORDS["warned.remove"][0] in (await it["hers"].get("/warnings")).text
    await sent(it[who], path, do="restore", post=str(it["post"]))
    assert (await it["his"].get(there)).status == 200
    assert WORDS["warned.over"][0] in (await it["hers"].get("/warnings")).text
    assert {"remove", "restore"} <= set(await log(town))


@pytest.mark.parametrize("group", [True, False])
async def test_an_appeal_shows_a_removed_post_again(town: World, group: bool) -> None:
    it = await reported(town, group)
    _, second = await seated(town, "second", role="staff")
    await sent(it["staff"], it["path"], do="remove", post=str(it["post"]))
    await sent(it["hers"], "/warnings", text="They are vitamins")
    await sent(second, "/moderation", grant="1")
    assert (await it["his"].get(f"/objects/{it['post']}")).status == 200


async def test_those_of_a_group_warn_keep_out_and_let_in_again(town: World) -> None:
    it = await reported(town, True)
    path = it["path"]
    his = await town.make.post(town.make.ids["omar"], "by omar", group_id=it["group"])
    assert (await it["hers"].get(f"/objects/{his}")).status == 200
    await sent(it["mentor"], path, do="warn_here", text="No selling here")
    assert "No selling here" in (await it["hers"].get("/warnings")).text
    await sent(it["mentor"], path, do="ban", **{"for": "week"})
    assert WORDS["case.kept_out"][0] in (await it["mentor"].get(path)).text
    assert (await it["hers"].get(f"/objects/{his}")).status == 404
    assert WORDS["warned.ban"][0] in (await it["hers"].get("/warnings")).text
    await sent(it["mentor"], path, do="unban")
    assert WORDS["case.ban"][0] in (await it["mentor"].get(path)).text
    assert {"warn", "ban", "unban"} <= set(await log(town))


async def test_nobody_acts_by_a_report_beyond_it_or_without_the_power(town: World) -> None:
    it = await reported(town, True)
    path, other = it["path"], await town.make.post(it["nadia"], "another")
    before = await log(town)
    for who in ("hers", "his"):
        for do in ("remove", "warn_here", "ban"):
            assert await press(it[who], path, do=do, post=str(it["post"]), text="x") in (403, 404)
    for post in (str(other), "7"):
        assert await press(it["mentor"], path, do="remove", post=post) == 404
        assert await press(it["staff"], path, do="remove", post=post) == 404
    assert await press(it["staff"], path, do="ban") in (403, 404), "server staff keep nobody out of a group"
    await town.make.role(it["group"], town.make.ids["mia"], "mentor", powers=["reports"])
    page = (await it["mentor"].get(path)).text
    assert WORDS["case.remove"][0] not in page
    assert WORDS["case.ban"][0] not in page
    for do in ("remove", "ban"):
        assert await press(it["mentor"], path, do=do, post=str(it["post"])) == 403
    acts = {"remove", "ban", "warn", "unban", "restore"}
    assert not acts & (set(await log(town)) - set(before))


@pytest.mark.parametrize("language", [0, 1])
async def test_nobody_is_warned_limited_or_shut_out_without_words(town: World, language: int) -> None:
    it = await reported(town, True)
    prefix = "/es" if language else ""
    path = prefix + it["path"]
    page = await it["staff"].get(path)
    for do in ("warn", "silence", "suspend"):
        sent_back = await it["staff"].post(
            path, {**page.form(path), "do": do, "text": " \n", "for": "month", "sure": "1"}
        )
        assert sent_back.status == 422
        assert WORDS["case.lacks_text"][language] in sent_back.text
        assert '<option value="month" selected>' in sent_back.text
    assert " checked" in sent_back.text, "what was typed is kept"
    desk = await it["mentor"].get(path)
    empty = await it["mentor"].post(path, {**desk.form(path), "do": "warn_here", "text": ""})
    assert (empty.status, WORDS["case.lacks_text"][language] in empty.text) == (422, True)
    assert await press(it["his"], path, do="warn") == 404
    assert (await it["hers"].get("/warnings")).text.count(WORDS["warned.appeal"][0]) == 0
    assert not {"account_none", "account_silence", "account_suspend", "warn"} & set(await log(town))


async def test_an_account_is_closed_in_two_steps_for_a_week_and_opened_again(town: World) -> None:
    it = await reported(town, False)
    path, staff = it["path"], it["staff"]
    page = await staff.get(path)
    assert page.text.count('<option value="week" selected>') == 2, "nothing is for good by chance"
    typed = {**page.form(path), "do": "suspend", "text": "Selling <pills>", "for": "month"}
    asked = await staff.post(path, typed)
    assert (asked.status, WORDS["case.lacks_sure"][0] in asked.text) == (422, True)
    assert "Selling &lt;pills&gt;</textarea>" in asked.text
    assert '<option value="month" selected>' in asked.text
    assert (await it["hers"].get("/warnings")).status == 200, "she is still in"
    await sent(staff, path, **{"do": "suspend", "text": "Selling", "for": "week", "sure": "1"})
    closed = (await staff.get(path)).text
    assert WORDS["case.is.unsuspend"][0] in closed
    assert WORDS["case.outcome.suspend"][0] in closed
    assert 'value="suspend"' not in closed
    assert 'value="silence"' not in closed
    assert (await it["hers"].get("/warnings")).status == 404
    await sent(staff, path, do="unsuspend")
    again = (await staff.get(path)).text
    assert WORDS["case.outcome.unsuspend"][0] in again
    assert 'value="suspend"' in again
    await sent(staff, path, **{"do": "silence", "text": "Selling", "for": "week"})
    limited = (await staff.get(path)).text
    assert WORDS["case.is.unsilence"][0] in limited
    assert 'value="silence"' not in limited
    await sent(staff, path, do="unsilence")
    await sent(staff, path, do="sensitive")
    assert WORDS["case.is.unsensitive"][0] in (await staff.get(path)).text
    await sent(staff, path, do="unsensitive")
    assert WORDS["case.is.unsensitive"][0] not in (await staff.get(path)).text


async def test_a_warning_has_no_end_whatever_the_form_says(town: World) -> None:
    it = await reported(town, False)
    await sent(it["staff"], it["path"], **{"do": "warn", "text": "No selling", "for": "week"})
    told = (await it["hers"].get("/warnings")).text
    assert "No selling" in told
    assert "Until " not in told
