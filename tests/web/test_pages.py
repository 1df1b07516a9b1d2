"""Pages to read: what strangers and members are shown, and what they are not."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from fedi_community.domain.changes import decide_edit
from fedi_community.domain.facts import Needs
from fedi_community.domain.model import Attachment, Body, Kind, Text
from fedi_community.domain.posts import Compose, compose_needs, decide_compose
from fedi_community.web.pages import wants_html
from tests.web.conftest import World

ABSENT = 1_700_000_000_000 << 16


async def article(world: World, author: int, group: int, *texts: Text, **extra: Any) -> int:
    body = Body(texts, language=texts[0].language, extra=extra.pop("extra", {}), **extra)
    asked = Compose(author, body, "public", Kind.ARTICLE, group_id=group)
    made = await world.make.must(compose_needs(asked), lambda f: decide_compose(asked, f))
    return made.result or 0


async def test_a_stranger_is_welcomed_in_both_languages(world: World) -> None:
    await world.make.group("sleep", summary="About sleep")
    await world.make.group("hidden", finds="staff", reads="staff", posts="staff")
    browser = world.browser()
    english, spanish = await browser.get("/"), await browser.get("/es/")
    assert "You are welcome here" in english.text
    assert "Le damos la bienvenida" in spanish.text
    assert '<html lang="en">' in english.text
    assert '<html lang="es">' in spanish.text
    assert "About sleep" in english.text
    assert "Hidden" not in english.text + spanish.text
    assert browser.cookies == {}


async def test_the_other_language_is_offered_and_never_forced(world: World) -> None:
    browser = world.browser()
    offered = await browser.get("/", Accept_Language="es-MX,es;q=0.9,en;q=0.5")
    assert offered.status == 200
    assert "Este sitio también está en español." in offered.text
    assert "Accept-Language" in offered.headers["Vary"]
    assert "Este sitio también" not in (await browser.get("/", Accept_Language="en-GB")).text
    assert "This site also speaks English." in (await browser.get("/es/", Accept_Language="en")).text


async def test_the_home_of_a_member_shows_what_was_written_in_his_groups(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    group = await world.make.group("sleep")
    for person in (nadia, omar):
        await world.make.join(person, group)
    await world.make.post(nadia, "@sleep who else is awake?")
    page = await (await world.as_(omar)).get("/")
    assert "who else is awake?" in page.text
    assert "Omar" in page.text


async def test_home_pages_go_on_where_they_ended(world: World) -> None:
    nadia = await world.member("nadia")
    browser = await world.as_(nadia)
    await browser.get("/")
    for number in range(25):
        await world.make.post(nadia, f"note {number:02}")
    first = await browser.get("/")
    assert "note 24" in first.text
    assert "note 04" not in first.text
    older = first.text.split('rel="next" href="')[1].split('"')[0]
    second = await browser.get(older)
    assert "note 04" in second.text
    assert "note 05" not in second.text


async def test_denied_and_missing_are_the_same_bytes_on_every_page(world: World) -> None:
    nadia, eve = await world.member("nadia"), await world.member("eve")
    secret = await world.make.group(
        "secret", finds="members", reads="members", posts="members", joins="approval"
    )
    await world.make.role(secret, nadia, "staff")
    post = await world.make.post(nadia, "@secret for members #rare", "public")
    letter = await world.make.post(nadia, "only me", "direct")
    gone = await world.make.post(nadia, "was for members", group_id=secret)
    await world.make.delete(nadia, gone)
    pairs = [
        (f"/objects/{post}", f"/objects/{ABSENT}"),
        (f"/objects/{letter}", "/objects/0"),
        (f"/objects/{gone}", "/objects/99999999999999999999999"),
        (f"/objects/{post}/article", f"/objects/{ABSENT}/article"),
        (f"/objects/{post}/delete", f"/objects/{ABSENT}/delete"),
        (f"/threads/{post}", "/threads/x"),
        ("/groups/secret", "/groups/nothing"),
        ("/groups/secret/feed", "/groups/nothing/feed"),
        ("/users/secret", "/users/nothing"),
        ("/@secret", "/@nothing"),
        ("/tags/rare", "/tags/never"),
        (f"/objects/{post}?page=1", "/no/such/page"),
    ]  # fmt: skip
    for browser in (world.browser(), await world.as_(eve)):
        for language in ("", "/es"):
            for denied, missing in pairs:
                one, two = await browser.get(language + denied), await browser.get(language + missing)
                assert one.status == two.status == 404, denied
                if missing != "/no/such/page" or not language:
                    assert one.text == two.text, denied
                    assert list(one.headers.items()) == list(two.headers.items()), denied
    staff = await world.as_(nadia)
    for denied, _ in pairs[:2]:
        assert (await staff.get(denied)).status == 200
    assert (await staff.get("/groups/secret")).status == 200


async def test_denied_and_missing_are_the_same_bytes_for_every_form(world: World) -> None:
    nadia, eve = await world.member("nadia"), await world.member("eve")
    secret = await world.make.group(
        "secret", finds="members", reads="members", posts="members", joins="approval"
    )
    await world.make.role(secret, nadia, "staff")
    post = await world.make.post(nadia, "@secret for members", "public")
    browser = await world.as_(eve)
    csrf = (await browser.get("/")).form("/logout")["csrf"]
    form = {"csrf": csrf, "text": "let me in", "to": "thread", "seen": "thread=x", "on": "1"}
    pairs: list[tuple[str, str, dict[str, str], dict[str, str]]] = [
        ("/groups/secret/join", "/groups/nothing/join", {}, {}),
        ("/groups/secret/leave", "/groups/nothing/leave", {}, {}),
        (f"/objects/{post}/like", f"/objects/{ABSENT}/like", {}, {}),
        (f"/objects/{post}/delete", f"/objects/{ABSENT}/delete", {}, {}),
        ("/write", "/write", {"reply_to": str(post)}, {"reply_to": str(ABSENT)}),
        ("/write", "/write", {"edit": str(post)}, {"edit": str(ABSENT)}),
        ("/write", "/write", {"to": "group:secret"}, {"to": "group:nothing"}),
    ]  # fmt: skip
    for denied, missing, one_more, two_more in pairs:
        one = await browser.post(denied, form | one_more)
        two = await browser.post(missing, form | two_more)
        assert one.status == two.status == 404, denied
        assert (one.text, list(one.headers.items())) == (two.text, list(two.headers.items())), denied
    for path in (f"/write?reply_to={post}", "/write?group=secret", f"/write?edit={post}"):
        assert (await browser.get(path)).status == 404


async def test_gone_is_told_only_to_those_who_could_read_it(world: World) -> None:
    nadia, omar, eve = [await world.member(n) for n in ("nadia", "omar", "eve")]
    letter = await world.make.post(nadia, "only for @omar", "direct")
    public = await world.make.post(nadia, "for all")
    for post in (letter, public):
        await world.make.delete(nadia, post)
    assert (await (await world.as_(omar)).get(f"/objects/{letter}")).status == 410
    assert (await (await world.as_(nadia)).get(f"/objects/{letter}")).status == 410
    assert (await (await world.as_(eve)).get(f"/objects/{letter}")).status == 404
    assert (await world.browser().get(f"/objects/{letter}")).status == 404
    told = await world.browser().get(f"/objects/{public}")
    assert told.status == 410
    assert "for all" not in told.text


async def test_every_page_has_the_security_headers_and_no_script(world: World) -> None:
    nadia = await world.member("nadia")
    post = await world.make.post(nadia, "hello")
    browser = await world.as_(nadia)
    for path in (
        "/",
        "/groups",
        f"/objects/{post}",
        "/@nadia",
        "/write",
        "/about",
        "/privacy",
        "/nothing",
        "/es/nothing",
    ):
        for visitor in (world.browser(), browser):
            page = await visitor.get(path)
            policy = page.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' https: data:;")
            assert "frame-ancestors 'none'" in policy
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Referrer-Policy"] == "same-origin"
            assert "<script" not in page.text
            assert " style=" not in page.text


async def test_what_a_member_sees_is_never_cached_and_public_pages_for_a_minute(world: World) -> None:
    nadia = await world.member("nadia")
    post = await world.make.post(nadia, "hello")
    for path in ("/", "/groups", f"/objects/{post}", "/@nadia", "/about"):
        public, own = await world.browser().get(path), await (await world.as_(nadia)).get(path)
        assert public.headers["Cache-Control"] == "public, max-age=60"
        assert own.headers["Cache-Control"] == "private, no-store"
        assert public.headers["Vary"].startswith("Accept, Cookie, Signature")
    for path in ("/login", "/nothing", f"/objects/{ABSENT}"):
        assert (await world.browser().get(path)).headers["Cache-Control"] == "private, no-store"


async def test_the_style_sheet_is_small_and_kept_for_ever_by_its_name(world: World) -> None:
    page = await world.browser().get("/")
    name = page.text.split('<link rel="stylesheet" href="')[1].split('"')[0]
    sheet = await world.browser().get(name)
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"
    assert 1000 < len(sheet.text) < 20_000
    assert (await world.browser().get("/static/style.000000000000.css")).status == 404
    assert (await world.browser().get("/static/..%2f..%2fpyproject.toml")).status == 404


async def test_search_engines_keep_the_newsroom_and_nobody_who_did_not_ask(world: World) -> None:
    nadia = await world.member("nadia")
    news = await world.member("newsroom")
    group = await world.make.group("sleep")
    await world.make.role(group, news, "mentor")
    await world.make.join(nadia, group)
    post = await world.make.post(nadia, "@sleep who else is awake?")
    text = Text("en", "<p>Sleep well.</p>", "Sleeping", "How to sleep")
    own = await article(world, news, group, text)
    browser = world.browser()

    async def indexed(path: str) -> bool:
        page = await browser.get(path)
        assert page.status == 200
        named = '<meta name="robots" content="noindex">' in page.text
        assert named == (page.headers.get("X-Robots-Tag") == "noindex")
        return not named

    assert not await indexed(f"/objects/{post}")
    assert not await indexed("/@nadia")
    assert not await indexed("/groups/sleep")
    assert await indexed(f"/objects/{own}")
    assert await indexed("/") is await indexed("/about") is True
    await world.make.post(nadia, "thank you", reply_to=own)
    assert not await indexed(f"/objects/{own}")  # a discussion is on the page now
    assert await indexed(f"/objects/{own}/article")
    private = await world.make.group("team", reads="members", posts="members", replies="members")
    await world.make.role(private, news, "mentor")
    inside = await article(world, news, private, text)
    page = await (await world.as_(news)).get(f"/objects/{inside}")
    assert page.headers["X-Robots-Tag"] == "noindex"


async def test_an_author_who_opted_in_is_indexed(world: World) -> None:
    nadia = await world.member("nadia")
    body = Body((Text("en", "<p>Find me</p>"),), language="en", extra={"indexed": True})
    asked = Compose(nadia, body, "public")
    made = await world.make.must(compose_needs(asked), lambda f: decide_compose(asked, f))
    page = await world.browser().get(f"/objects/{made.result}")
    assert "X-Robots-Tag" not in page.headers


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "[click](javascript:alert(1))",
    "`</textarea><script>alert(1)</script>`",
    "{{ 7*7 }}",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_stay_words(world: World, text: str) -> None:
    nadia = await world.member("nadia", summary=text)
    post = await world.make.post(nadia, text + " end")
    own = await world.as_(nadia)
    for page in (
        await world.browser().get(f"/objects/{post}"),
        await world.browser().get("/@nadia"),
        await own.get(f"/write?edit={post}"),
        await own.get(f"/objects/{post}/delete"),
    ):  # fmt: skip
        assert page.status == 200
        lowered = page.text.lower()
        assert "<script" not in lowered
        assert "<svg" not in lowered
        assert "<img" not in lowered
        assert 'href="javascript' not in lowered
        assert lowered.count("</textarea>") == lowered.count("<textarea")
        assert "{{" not in text or text in page.text


async def test_hostile_names_titles_and_addresses_stay_words(world: World) -> None:
    bad = '"><script>alert(1)</script>'
    group = await world.make.group("sleep", summary=bad)
    news = await world.member("newsroom")
    await world.make.role(group, news, "mentor")
    texts = (Text("en", f"<p>x</p>{bad}<img src='https://far.example/a.png' onerror='x'>", bad, bad),)
    key = await article(
        world, news, group, *texts, url="javascript:alert(1)", warning=bad,
        attachments=(Attachment("image", "javascript:alert(1)", name=bad), Attachment("link", "data:text/html,x")),
        image=Attachment("image", "https://far.example/b.png", name=bad),
        extra={"origin": "others", "link": "javascript:alert(1)", "categories": [bad]},
    )  # fmt: skip
    for path in (
        f"/objects/{key}",
        f"/objects/{key}/article",
        "/groups/sleep",
        "/groups/sleep/feed",
        "/",
        "/@newsroom",
    ):
        page = await world.browser().get(path)
        assert page.status == 200, path
        assert "<script" not in page.text, path
        assert 'href="javascript' not in page.text, path
        assert "<img" not in page.text, path  # nobody's browser asks a stranger's server


async def test_pictures_from_elsewhere_are_links_and_ours_are_shown(world: World) -> None:
    nadia = await world.member("nadia")
    html = '<p><img src="https://far.example/a.png" alt="A heart"><img src="https://clinic.example/media/b.png" alt="A moon"></p>'
    body = Body(
        (Text("en", html),), language="en", attachments=(Attachment("image", "/media/c.png", name="A table"),)
    )
    asked = Compose(nadia, body, "public")
    made = await world.make.must(compose_needs(asked), lambda f: decide_compose(asked, f))
    page = await world.browser().get(f"/objects/{made.result}")
    assert '<a class="out" href="https://far.example/a.png"' in page.text
    assert "Picture at far.example: A heart" in page.text
    assert '<img src="/media/b.png" alt="A moon"' in page.text
    assert '<img src="/media/c.png" alt="A table"' in page.text
    assert "far.example/a.png" not in page.text.replace('href="https://far.example/a.png"', "")


async def test_an_article_speaks_both_languages_and_says_where_it_is_from(world: World) -> None:
    news = await world.member("newsroom")
    group = await world.make.group("sleep")
    await world.make.role(group, news, "mentor")
    texts = (
        Text("en", "<p>Sleep well.</p>", "Sleeping", "How to sleep"),
        Text("es", "<p>Duerma bien.</p>", "Dormir", "Cómo dormir"),
        Text("fr", "<p>Dormez bien.</p>", "Dormir bien", "Comment dormir"),
    )
    key = await article(
        world, news, group, *texts,
        extra={"origin": "others", "link": "https://health.example/sleep", "sample": True, "categories": ["Rest"]},
        image=Attachment("image", "/media/moon.png", name="A moon"),
    )  # fmt: skip
    english = (await world.browser().get(f"/objects/{key}")).text
    spanish = (await world.browser().get(f"/es/objects/{key}")).text
    assert '<h1 id="title" lang="en">Sleeping</h1>' in english
    assert '<h1 id="title" lang="es">Dormir</h1>' in spanish
    assert "Duerma bien." in spanish
    assert "Duerma bien." not in english
    assert f'hreflang="es" href="/es/objects/{key}"' in english
    assert "Leer este texto en español" in english
    assert "Read this text in English" in spanish
    assert "Read this text in French" in english
    assert f'href="/objects/{key}?text=fr"' in english
    assert "Dormez bien." in (await world.browser().get(f"/objects/{key}?text=fr")).text
    for words in ("Written by others.", "Read it at health.example", "Sample: invented", "Topics: Rest"):
        assert words in english
    assert '<img src="/media/moon.png" alt="A moon"' in english


async def test_a_discussion_nests_to_six_levels_and_says_the_rest(world: World) -> None:
    nadia, omar = await world.member("nadia"), await world.member("omar")
    root = await world.make.post(nadia, "the first")
    above = root
    for level in range(1, 10):
        above = await world.make.post(omar if level % 2 else nadia, f"answer {level}", reply_to=above)
    page = (await world.browser().get(f"/objects/{root}")).text
    assert page.count('<ol class="replies">') == 6
    assert "Reply to Omar, level 8. By Nadia" in page
    assert page.index("answer 1") < page.index("answer 5") < page.index("answer 9")
    middle = (await world.browser().get(f"/objects/{above}")).text
    assert "See the whole discussion" in middle
    assert f'href="/objects/{root}"' in middle


async def test_warnings_edits_times_and_languages_are_marked(world: World) -> None:
    nadia = await world.member("nadia")
    body = Body((Text("es", "<p>dura</p>"),), language="es", warning="una caída", sensitive=True)
    asked = Compose(nadia, body, "public")
    post = (await world.make.must(compose_needs(asked), lambda f: decide_compose(asked, f))).result or 0
    world.make.clock.forward(7200)
    needs = Needs(post_ids=frozenset({post}), actor_ids=frozenset({nadia}), subjects=frozenset({nadia}))
    await world.make.must(needs, lambda f: decide_edit(post, nadia, body, f))
    world.make.clock.forward(7200)
    page = (await world.browser().get(f"/objects/{post}")).text
    assert "<summary>Content warning: una caída</summary>" in page
    assert '<div class="words" lang="es" dir="auto"><p>dura</p></div>' in page
    assert '<time datetime="2026-01-05T10:' in page
    assert "4 hours ago" in page
    assert "5 January 2026, 10:" in page
    assert "Changed 2 hours ago" in page
    spanish = (await world.browser().get(f"/es/objects/{post}")).text
    assert "hace 4 horas" in spanish
    assert "5 de enero de 2026" in spanish


async def test_eight_hundred_replies_are_shown_a_hundred_at_a_time_and_fast(world: World) -> None:
    nadia = await world.member("nadia")
    root = await world.make.post(nadia, "the first")
    replies = [root]
    for number in range(800):
        replies.append(await world.make.post(nadia, f"reply {number:03}", reply_to=replies[number // 3]))
    browser = await world.as_(nadia)
    await browser.get(f"/objects/{root}")
    took = []
    for _ in range(3):
        began = time.perf_counter()
        page = await browser.get(f"/objects/{root}")
        took.append(time.perf_counter() - began)
    assert page.text.count('<article class="reply"') == 100
    assert "Part 1 of 8" in page.text
    assert min(took) < 0.3, took
    seen = set()
    for number in range(1, 9):
        text = (await browser.get(f"/objects/{root}?page={number}")).text
        seen |= {r for r in replies[1:] if f'id="p{r}"' in text}
    assert len(seen) == 800
    assert (await browser.get(f"/objects/{root}?page=9")).status == 404


async def test_a_reply_to_what_one_may_not_see_does_not_name_its_author(world: World) -> None:
    nadia, omar, eve = [await world.member(n) for n in ("nadia", "omar", "eve")]
    root = await world.make.post(nadia, "the first")
    hidden = await world.make.post(omar, "between us @nadia", "direct", reply_to=root)
    shown = await world.make.post(nadia, "in the open", reply_to=hidden)
    browser = await world.as_(eve)
    for path in (f"/objects/{shown}", f"/objects/{root}", "/@nadia"):
        page = await browser.get(path)
        assert page.status == 200
        assert "in the open" in page.text
        assert "Omar" not in page.text
    named = await (await world.as_(nadia)).get("/@nadia")
    assert "Reply to Omar" in named.text


async def test_the_feed_of_a_group_holds_public_posts_whoever_asks(world: World) -> None:
    nadia = await world.member("nadia")
    group = await world.make.group("sleep")
    await world.make.join(nadia, group)
    await world.make.post(nadia, "@sleep who else is awake & well?")
    closed = await world.make.group("team", reads="members", posts="members", replies="members")
    await world.make.join(nadia, closed)
    await world.make.post(nadia, "@team secret plans")
    for browser in (world.browser(), await world.as_(nadia)):
        feed = await browser.get("/groups/sleep/feed")
        tree = ElementTree.fromstring(feed.text)
        entries = tree.findall("{http://www.w3.org/2005/Atom}entry")
        assert len(entries) == 1
        assert "who else is awake" in (entries[0].findtext("{http://www.w3.org/2005/Atom}content") or "")
        assert feed.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        empty = await browser.get("/groups/team/feed")
        assert empty.status == 200
        assert "secret plans" not in empty.text


async def test_profiles_are_found_by_name_and_groups_by_their_page(world: World) -> None:
    nadia = await world.member("nadia")
    await world.make.group("sleep")
    far = await world.make.remote("https://far.example/users/Lena", handle="Lena")
    browser = world.browser()
    assert (await browser.get("/@nadia")).status == (await browser.get("/@Nadia")).status == 200
    assert (await browser.get("/users/nadia")).status == 200
    assert (await browser.get("/users/sleep")).status == 404
    assert (await browser.get("/@sleep")).location == "/groups/sleep"
    assert (await browser.get("/@Lena@far.example")).status == 404
    assert (await (await world.as_(nadia)).get("/@Lena@far.example")).status == 200
    assert far


async def test_a_suspended_member_is_not_there(world: World) -> None:
    nadia = await world.member("nadia")
    post = await world.make.post(nadia, "hello #sleep")
    await world.make.suspend(nadia)
    for path in ("/@nadia", "/users/nadia", f"/objects/{post}", "/tags/sleep"):
        assert (await world.browser().get(path)).status == 404


async def test_the_page_of_a_closed_group_says_so_and_shows_nothing_inside(world: World) -> None:
    nadia, eve = await world.member("nadia"), await world.member("eve")
    group = await world.make.group("caregivers", reads="members", posts="members", replies="members")
    await world.make.join(nadia, group)
    await world.make.post(nadia, "@caregivers a hard week")
    inside = await (await world.as_(nadia)).get("/groups/caregivers")
    assert "a hard week" in inside.text
    assert (
        "Only members of Caregivers can read this (fewer than 10 members now, and people who join later)."
        in inside.text
    )
    for browser in (world.browser(), await world.as_(eve)):
        page = await browser.get("/groups/caregivers")
        assert page.status == 200
        assert "a hard week" not in page.text
        assert "You can read it after you join." in page.text


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (None, True),
        ("*/*", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/activity+json", False),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', False),
        ("application/activity+json, */*;q=0.1", False),
        ("text/html;q=0.5, application/activity+json", False),
        ("application/activity+json;q=0.5, text/html", True),
        ("application/json", False),
        ("image/png", True),
    ],
)
def test_a_page_is_for_those_who_do_not_ask_for_activitypub(accept: str | None, page: bool) -> None:
    assert wants_html(accept) is page


async def test_strange_addresses_are_missing_pages_and_never_errors(world: World) -> None:
    nadia = await world.member("nadia")
    for browser in (world.browser(), await world.as_(nadia)):
        for path in (
            "/@%00", "/@a%00b@c", "/groups/%00", "/tags/%00", "/users/%F0%9F%98%80", "/objects/-1", "/objects/1e5",
            "/objects/%D9%A1", "/?before=x", "/groups?x=%00", "/@nadia?before=99999999999999999999", "/@@", "/@a@@b",
        ):  # fmt: skip
            assert (await browser.get(path)).status in (200, 404), path


async def test_groups_that_speak_the_readers_language_come_first(world: World) -> None:
    await world.make.group("alba", summary="Zzz in English")
    await world.make.group("zafiro", summary="Aaa en español", language="es")
    browser = world.browser()
    english, spanish = (await browser.get("/groups")).text, (await browser.get("/es/groups")).text
    assert english.index("/groups/alba") < english.index("/groups/zafiro")
    assert spanish.index("/groups/zafiro") < spanish.index("/groups/alba")


async def test_articles_stay_on_the_first_page_however_much_is_discussed(world: World) -> None:
    nadia = await world.member("nadia", role="staff")
    group = await world.make.group("sleep")
    await world.make.join(nadia, group)
    await article(world, nadia, group, Text("en", "<p>Short naps.</p>", "Naps and how to end them"))
    for number in range(90):
        await world.make.post(nadia, f"@sleep question {number}")
    assert "Naps and how to end them" in (await world.browser().get("/")).text


@pytest.mark.parametrize(
    ("prefix", "words", "spanish"),
    [("", "Help in a crisis", "press 2"), ("/es", "Ayuda en una crisis", "pulse 2")],
)
async def test_help_in_a_crisis_is_one_press_away_on_every_page(
    world: World, prefix: str, words: str, spanish: str
) -> None:
    browser = world.browser()
    link = f'<a href="{prefix}/lifelines">{words}</a>'
    for path in ("/", "/groups", "/login", "/nosuchpage"):
        assert link in (await browser.get(prefix + path)).text
    page = (await browser.get(f"{prefix}/lifelines")).text
    assert spanish in page
    assert "AYUDA" in page


async def test_a_stranger_reads_how_he_can_reply_in_an_open_group(world: World) -> None:
    nadia = await world.member("nadia")
    await world.make.group("sleep", replies="everyone")
    stranger, member = world.browser(), await world.as_(nadia)
    assert (
        "Everyone can reply: log in, or answer from another server."
        in (await stranger.get("/groups/sleep")).text
    )
    assert "entre, o responda desde otro servidor" in (await stranger.get("/es/groups/sleep")).text
    assert "Everyone can reply." in (await member.get("/groups/sleep")).text
