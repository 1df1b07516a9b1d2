"""Writing from the pages: readers in words before sending, errors that keep what was typed, changing and deleting."""

from __future__ import annotations

import re
from html import unescape

import pytest

from fedi_community.domain.effects import ChangeGroup, Decision
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import STRANGER, Attachment, Body, Text, Who
from fedi_community.domain.posts import Compose, compose_needs, decide_compose
from fedi_community.storage import views
from fedi_community.web.pages.write import forms
from tests.web.conftest import Answer, Browser, World


def fields(page: Answer) -> list[tuple[str, str]]:
    """Hidden fields of the writing form, in order (there may be several of a name)."""
    form = next(f for f in re.findall(r"<form\b.*?</form>", page.text, re.DOTALL) if '/write"' in f)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return [(unescape(name), unescape(value)) for name, value in hidden]


async def send(browser: Browser, page: Answer, text: str, *, path: str = "/write", **more: str) -> Answer:
    kept = [(name, value) for name, value in fields(page) if name not in more]
    return await browser.post(path, [*kept, ("text", text), *more.items()])


async def shown(world: World, key: int, viewer: int = 0) -> views.PostView:
    who = world.make.viewer(viewer) if viewer else STRANGER
    return (await world.make.house.db.read(lambda tx: views.load_posts(tx, who, [key])))[0]


async def test_the_form_says_who_can_read_before_anything_is_sent(world: World) -> None:
    nadia = await world.member("nadia")
    for handle, reads in (("sleep", "everyone"), ("caregivers", "members"), ("house", "server")):
        replies = {"replies": reads, "posts": "members"}
        await world.make.join(nadia, await world.make.group(handle, reads=reads, **replies))
    await world.make.group("others")
    browser = await world.as_(nadia)
    page = await browser.get("/write")
    for words in (
        "Everyone on the web can read this.",
        "Only people who follow you can read this, now and later.",
        "Only the people you name with @ can read this.",
        "Only members of Caregivers can read this (fewer than 10 members now, and people who join later).",
        "Everyone who has an account here can read this, and nobody else.",
    ):
        assert words in page.text
    assert "The group Others" not in page.text
    spanish = await browser.get("/es/write")
    assert (
        "Solo los miembros de Caregivers pueden leer esto (menos de 10 ahora, y quienes entren después)."
        in spanish.text
    )
    one = await browser.get("/write?group=caregivers")
    assert 'type="radio"' not in one.text
    assert "Only members of Caregivers can read this" in one.text


async def test_a_post_is_published_to_those_the_form_named(world: World) -> None:
    nadia, eve = await world.member("nadia"), await world.member("eve")
    group = await world.make.group("caregivers", reads="members", posts="members", replies="members")
    await world.make.join(nadia, group)
    browser = await world.as_(nadia)
    done = await send(
        browser, await browser.get("/write?group=caregivers"), "a *hard* week #tired", lang="es"
    )
    assert done.status == 303
    page = await browser.get(done.location)
    assert "Your post is published." in page.text
    assert "<em>hard</em>" in page.text
    assert '<div class="words" lang="es"' in page.text
    assert 'href="https://clinic.example/tags/tired"' in page.text
    assert "Only members of Caregivers can read this" in page.text
    assert (await (await world.as_(eve)).get(done.location)).status == 404


@pytest.mark.parametrize(
    ("to", "visibility"), [("public", "public"), ("followers", "private"), ("direct", "direct")]
)
async def test_each_choice_becomes_its_audience(world: World, to: str, visibility: str) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    browser = await world.as_(nadia)
    done = await send(browser, await browser.get("/write"), "hello @Omar and @omar@clinic.example", to=to)
    assert done.status == 303
    post = await shown(world, int(done.location.split("/")[2].split("?")[0]), nadia)
    assert post.visibility == visibility
    assert [a.id for a in post.mentions] == [omar]
    assert 'href="https://clinic.example/@omar"' in post.texts[0].content
    assert post.texts[0].source == "hello @Omar and @omar@clinic.example"


async def test_a_reply_is_for_the_thread_and_its_form_says_so(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    group = await world.make.group("caregivers", reads="members", posts="members", replies="members")
    for person in (nadia, omar):
        await world.make.join(person, group)
    root = await world.make.post(nadia, "@caregivers a hard week")
    browser = await world.as_(omar)
    page = await browser.get(f"/objects/{root}")
    assert "Only members of Caregivers can read this" in page.text.split('id="who"')[1].split("</p>")[0]
    done = await send(browser, page, "thinking of you")
    assert done.status == 303
    reply = await shown(world, int(done.location.split("/")[2].split("?")[0]), nadia)
    assert (reply.reply_to, reply.visibility) == (root, "private")
    assert "thinking of you" not in (await world.browser().get(f"/objects/{root}")).text


async def test_an_answer_to_the_author_alone_is_for_the_author_alone(world: World) -> None:
    nadia, omar, eve = [await world.member(n) for n in ("nadia", "omar", "eve")]
    root = await world.make.post(nadia, "hello")
    browser = await world.as_(omar)
    page = await browser.get(f"/write?reply_to={root}")
    assert "Only you, Nadia and the people you name with @ can read this." in page.text
    done = await send(browser, page, "between us", to="author")
    assert done.status == 303
    assert (await (await world.as_(nadia)).get(done.location)).status == 200
    assert (await (await world.as_(eve)).get(done.location)).status == 404


async def test_an_answer_to_a_letter_goes_to_all_of_it(world: World) -> None:
    nadia, omar, eve = [await world.member(n) for n in ("nadia", "omar", "eve")]
    letter = await world.make.post(nadia, "@omar and @eve, dinner?", "direct")
    browser = await world.as_(omar)
    page = await browser.get(f"/objects/{letter}")
    assert "Only Nadia and the people Nadia chose can read this. You are one of them." in page.text
    done = await send(browser, page, "yes")
    assert (await (await world.as_(eve)).get(done.location)).status == 200
    assert (await world.browser().get(done.location)).status == 404


async def test_nothing_is_stored_when_the_readers_are_others_than_shown(world: World) -> None:
    nadia = await world.member("nadia")
    group = await world.make.group("sleep", reads="everyone", posts="members", replies="members")
    await world.make.join(nadia, group)
    browser = await world.as_(nadia)
    page = await browser.get("/write?group=sleep")
    assert "Everyone on the web can read this." in page.text

    def close(facts: object) -> Decision:
        from dataclasses import replace

        settings = facts.groups[group]  # type: ignore[attr-defined]
        narrow = replace(settings, reads=Who.MEMBERS, gate_id=facts.new_ids[0])  # type: ignore[attr-defined]
        return Decision((ChangeGroup(narrow, facts.now),))

    await world.make.must(Needs(actor_ids=frozenset({group})), close)
    asked = await send(browser, page, "who is awake?")
    assert asked.status == 422
    assert "It is not what you saw before." in asked.text
    assert "Only members of Sleep can read this" in asked.text
    assert "who is awake?</textarea>" in asked.text
    assert "Yes, publish it" in asked.text
    assert (await send(browser, asked, "who is awake?")).status == 303


async def test_naming_a_group_in_a_text_for_everyone_is_shown_before_it_counts(world: World) -> None:
    nadia = await world.member("nadia")
    group = await world.make.group("caregivers", reads="members", posts="members", replies="members")
    await world.make.join(nadia, group)
    browser = await world.as_(nadia)
    asked = await send(browser, await browser.get("/write"), "@caregivers hello", to="public")
    assert asked.status == 422
    assert "Only members of Caregivers can read this" in asked.text.split('id="why1"')[1].split("</p>")[0]
    done = await send(browser, asked, "@caregivers hello", to="public")
    assert done.status == 303
    assert (await world.browser().get(done.location)).status == 404


async def test_whom_one_names_in_a_closed_thread_is_told_in_the_same_words(world: World) -> None:
    nadia, omar, _ = [await world.member(n) for n in ("nadia", "omar", "eve")]
    group = await world.make.group("caregivers", reads="members", posts="members", replies="members")
    for person in (nadia, omar):
        await world.make.join(person, group)
    browser = await world.as_(nadia)
    answers = []
    for name in ("omar", "eve"):
        asked = await send(browser, await browser.get("/write?group=caregivers"), f"hello @{name}")
        assert asked.status == 422
        assert "A person you name can read this only if" in asked.text
        answers.append(asked.text.replace(f"@{name}", "@X"))
    assert answers[0] == answers[1]
    assert (await send(browser, asked, "hello @eve")).status == 303


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("  ", {"to": "public"}, "Please write something first."),
        (
            "x" * (forms.MAX_TEXT + 1),
            {"to": "public"},
            "Your text is too long. It may have 20000 characters.",
        ),
        ("kept words", {}, "Please choose who can read your text."),
        ("kept words", {"to": "nonsense"}, "Please choose who can read your text."),
        ("kept words", {"to": "public", "warning": "w" * 201}, "The content warning is too long."),
        ("kept words @nobody", {"to": "public"}, "does not exist here. Please check the spelling."),
        ("kept words @sleep @others", {"to": "public"}, "A post belongs to one group."),
        ("kept words", {"to": "direct"}, "Please name at least one person with @"),
    ],
)
async def test_an_error_says_what_to_do_and_keeps_the_text(
    world: World, text: str, more: dict[str, str], words: str
) -> None:
    nadia = await world.member("nadia")
    for handle in ("sleep", "others"):
        await world.make.join(nadia, await world.make.group(handle))
    browser = await world.as_(nadia)
    asked = await send(browser, await browser.get("/write"), text, **more)
    assert asked.status == 422
    assert words in asked.text
    assert 'role="alert"' in asked.text
    assert text.strip() in asked.text
    home = await browser.get("/@nadia")
    assert "kept words" not in home.text


async def test_the_text_of_somebody_who_was_logged_out_is_not_lost(world: World) -> None:
    nadia = await world.member("nadia")
    browser = await world.as_(nadia)
    page = await browser.get("/write")
    browser.cookies.clear()
    lost = await send(browser, page, "an hour's work <b>", to="public")
    assert lost.status == 403
    assert "an hour&#39;s work &lt;b&gt;</textarea>" in lost.text
    sent = await browser.get("/write?group=sleep")
    assert (sent.status, sent.location) == (303, "/login?next=/write%3Fgroup%3Dsleep")


async def test_one_changes_ones_own_words_and_nobody_elses(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    body = Body(
        (Text("en", "<p>helo</p>", source="helo"), Text("es", "<p>ola</p>", "Título", source="ola")), language="en",
        attachments=(Attachment("image", "/media/a.png", name="A heart"),), extra={"origin": "ours"},
    )  # fmt: skip
    asked = Compose(nadia, body, "public")
    post = (await world.make.must(compose_needs(asked), lambda f: decide_compose(asked, f))).result or 0
    browser = await world.as_(nadia)
    page = await browser.get(f"/write?edit={post}")
    assert ">\nhelo</textarea>" in page.text
    assert "Changing the text does not change who can read it." in page.text
    done = await send(browser, page, "hello **all**", warning="greeting")
    assert done.status == 303
    changed = await shown(world, post)
    assert changed.edited is not None
    assert changed.text("en").content == "<p>hello <strong>all</strong></p>"
    assert (changed.text("es").content, changed.text("es").name) == ("<p>ola</p>", "Título")
    assert [(a.url, a.name) for a in changed.attachments] == [("/media/a.png", "A heart")]
    assert (changed.warning, changed.extra["origin"]) == ("greeting", "ours")
    assert (await send(browser, await browser.get(f"/write?edit={post}"), " ")).status == 422
    other = await world.as_(omar)
    assert (await other.get(f"/write?edit={post}")).status == 404
    form = {"csrf": (await other.get("/")).form("/logout")["csrf"], "edit": str(post), "text": "mine now"}
    assert (await other.post("/write", form)).status == 404
    assert "mine now" not in (await world.browser().get(f"/objects/{post}")).text


async def test_one_deletes_ones_own_words_after_a_question(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    root = await world.make.post(omar, "the first")
    post = await world.make.post(nadia, "too much", reply_to=root)
    browser = await world.as_(nadia)
    page = await browser.get(f"/objects/{post}/delete")
    assert "Do you want to delete this post?" in page.text
    done = await browser.post(f"/objects/{post}/delete", page.form(f"/objects/{post}/delete"))
    assert done.location == f"/objects/{root}?said=deleted"
    assert "too much" not in (await browser.get(done.location)).text
    assert (await browser.get(f"/objects/{post}")).status == 410
    assert (await (await world.as_(omar)).get(f"/objects/{root}/delete")).status == 200


async def test_thanks_are_given_once_and_taken_back(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    post = await world.make.post(nadia, "hello")
    browser = await world.as_(omar)
    where = f"/objects/{post}"
    form = (await browser.get(where)).form(f"{where}/like")
    done = await browser.post(f"{where}/like", form)
    assert done.location == f"/objects/{post}?said=liked#p{post}"
    page = await browser.get(where)
    assert "1 person says thank you" in page.text
    await browser.post(f"{where}/like", page.form(f"{where}/like"))
    assert "says thank you" not in (await browser.get(where)).text
    away = await browser.post(f"{where}/like", {**form, "next": "//evil.example/"})
    assert away.location == f"/objects/{post}?said=liked"


async def test_one_joins_and_leaves_a_group_and_asks_where_one_must(world: World) -> None:
    nadia = await world.member("nadia")
    await world.make.group("sleep")
    await world.make.group(
        "caregivers", reads="members", posts="members", replies="members", joins="approval"
    )
    await world.make.group("team", finds="everyone", joins="invite")
    browser = await world.as_(nadia)
    joined = await browser.post(
        "/groups/sleep/join", (await browser.get("/groups/sleep")).form("/groups/sleep/join")
    )
    page = await browser.get(joined.location)
    assert "You are a member now. Welcome!" in page.text
    assert "Write in this group" in page.text
    left = await browser.post("/groups/sleep/leave", page.form("/groups/sleep/leave"))
    assert "You have left the group." in (await browser.get(left.location)).text
    closed = await browser.get("/groups/caregivers")
    assert "Ask to join" in closed.text
    asked = await browser.post("/groups/caregivers/join", closed.form("/groups/caregivers/join"))
    assert "You have asked to join." in (await browser.get(asked.location)).text
    invited = await browser.get("/groups/team")
    assert "You can join this group only when its team invites you." in invited.text
    form = {"csrf": closed.form("/groups/caregivers/join")["csrf"]}
    refused = await browser.post("/groups/team/join", form)
    assert refused.status == 403
    assert "joined by invitation" in refused.text


async def test_one_follows_a_person_and_stops(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    private = await world.make.post(nadia, "for those who follow me", "private")
    browser = await world.as_(omar)
    page = await browser.get("/@nadia")
    done = await browser.post("/@nadia/follow", page.form("/@nadia/follow"))
    page = await browser.get(done.location)
    assert "for those who follow me" in page.text
    assert "Only people who follow Nadia can read this." in page.text
    await browser.post("/@nadia/unfollow", page.form("/@nadia/unfollow"))
    assert (await browser.get(f"/objects/{private}")).status == 404


async def test_a_reply_in_spanish_stays_in_spanish(world: World) -> None:
    nadia = await world.member("nadia", language="es")
    root = await world.make.post(nadia, "hola")
    browser = await world.as_(nadia)
    page = await browser.get(f"/es/objects/{root}")
    done = await send(browser, page, "buenos días", path="/es/write")
    assert done.location.startswith("/es/objects/")
    text = (await browser.get(done.location)).text
    assert "Su respuesta está publicada." in text
    assert '<div class="words" lang="es" dir="auto"><p>buenos días</p></div>' in text


async def test_a_locked_discussion_takes_no_reply(world: World) -> None:
    from fedi_community.domain.effects import SetFlag

    nadia, omar = await world.member("nadia"), await world.member("omar")
    root = await world.make.post(nadia, "the first")
    needs = Needs(post_ids=frozenset({root}))
    await world.make.must(needs, lambda f: Decision((SetFlag(f.posts[root], "locked", True),)))
    browser = await world.as_(omar)
    page = await browser.get(f"/objects/{root}")
    assert "This discussion is closed to new replies." in page.text
    assert "<textarea" not in page.text


async def test_text_that_a_database_refuses_is_cleaned(world: World) -> None:
    nadia = await world.member("nadia")
    browser = await world.as_(nadia)
    done = await send(
        browser, await browser.get("/write"), "one\x00two\r\nthree", to="public", warning="a\x00b"
    )
    assert done.status == 303
    post = await shown(world, int(done.location.split("/")[2].split("?")[0]))
    assert (post.texts[0].source, post.warning) == ("onetwo\nthree", "ab")


async def test_who_can_read_this_is_answered_before_sending_and_keeps_what_was_typed(world: World) -> None:
    nadia = await world.member("nadia")
    group = await world.make.group("caregivers", reads="members", posts="members", replies="members")
    await world.make.join(nadia, group)
    browser = await world.as_(nadia)
    page = await browser.get("/write?group=caregivers")
    asked = await send(browser, page, "A hard week & nobody asks", foresee="1")
    assert asked.status == 200
    assert "The members of Caregivers can read this: fewer than ten people." in unescape(asked.text)
    assert "Nothing is published yet." in asked.text
    assert "A hard week &amp; nobody asks</textarea>" in asked.text
    assert "A hard week" not in (await browser.get("/groups/caregivers")).text
    sent = await send(browser, asked, "A hard week & nobody asks")
    assert sent.status == 303
    assert "A hard week" in (await browser.get("/groups/caregivers")).text
    spanish = await send(
        browser, await browser.get("/es/write?group=caregivers"), "Hola", path="/es/write", foresee="1"
    )
    assert "Los miembros de Caregivers pueden leer esto: menos de diez personas." in unescape(spanish.text)


async def test_those_who_run_a_group_look_after_its_posts_on_the_page(world: World) -> None:
    nadia, mentor = await world.member("nadia"), await world.member("mentor")
    group = await world.make.group("sleep")
    for who in (nadia, mentor):
        await world.make.join(who, group)
    await world.make.role(group, mentor, "mentor")
    key = await world.make.post(nadia, "@sleep drink a litre of it")
    hers, his = await world.as_(nadia), await world.as_(mentor)
    assert "Look after this" not in (await hers.get(f"/objects/{key}")).text
    assert "Look after this" in (await his.get(f"/objects/{key}")).text
    path = f"/objects/{key}/moderate"
    form = (await his.get(f"/objects/{key}")).form(path)
    assert (await his.post(path, {**form, "act": "remove", "reason": "Dangerous advice"})).status == 303
    assert (await (await world.as_(await world.member("omar"))).get(f"/objects/{key}")).status == 404
    assert "Show it again" in (await his.get(f"/objects/{key}")).text
    own = (await hers.get("/logout")).form("/logout")
    assert (await hers.post(path, {**own, "act": "restore"})).status == 403
    assert (await his.post(path, {**form, "act": "restore"})).status == 303
    assert (await his.post(path, {**form, "act": "nonsense"})).status == 422
    assert "Look after this" in (await his.get(f"/objects/{key}")).text


async def test_the_page_of_what_one_deleted_says_what_became_of_its_copies(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    key = await world.make.post(nadia, "A walk")
    await world.make.delete(nadia, key)
    own = await (await world.as_(nadia)).get(f"/objects/{key}")
    assert (own.status, "No other server ever got a copy." in own.text) == (410, True)
    other = await (await world.as_(omar)).get(f"/objects/{key}")
    assert (other.status, "No other server" in other.text) == (410, False)


async def test_who_gives_up_writing_is_back_where_he_began(world: World) -> None:
    nadia = await world.member("nadia")
    await world.make.join(nadia, await world.make.group("sleep"))
    browser = await world.as_(nadia)
    for prefix in ("", "/es"):
        for query, back in (("?group=sleep", "/groups/sleep"), ("", "/")):
            page = (await browser.get(f"{prefix}/write{query}")).text
            there = prefix + back if prefix != "/es" or back != "/" else "/es/"
            assert re.search(rf'<a href="{there}">(Cancel|Cancelar)</a>', page), (prefix, query)
