"""Sanitising, plain text and Markdown."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fedi_community.domain.text import (
    CLASSES,
    MAX_CONTENT,
    MAX_MARKUP,
    REL,
    TAGS,
    clean_name,
    clip,
    hashtags_in,
    markdown_to_html,
    mentions_in,
    plain,
    sanitise,
    shown,
    shown_text,
)

LINK_END = f'target="_blank" rel="{REL}"'
ALLOWED_ATTRIBUTES = {
    "a": {"href", "class", "target", "rel"},
    "span": {"class"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
}


class Inspector(HTMLParser):
    """Reads sanitised HTML as a browser would and asserts that everything in it is allowed."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS - {"h1"}
        for name, value in attrs:
            assert name in ALLOWED_ATTRIBUTES.get(tag, set()), (tag, name)
            if name == "href":
                assert re.match(r"(https?://|mailto:)", value or "", re.IGNORECASE)
            if name == "src":
                assert re.match(r"https?://", value or "")
            if name == "class":
                assert set((value or "").split()) <= CLASSES

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment is left")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration is left")


def inspect(html: str) -> None:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()


PIECES = st.sampled_from(
    [
        "<p>", "</p>", "<b>", "</b>", "<a href='https://a.example'>", "<a href='javascript:alert(1)'>", "</a>", "<br>",
        "<a href='&#106;ava&#9;script:x'>", "<a href='data:text/html,x'>", "<img src=x onerror=alert(1)>", "<script>",
        "</script>", "<style>", "</style>", "<svg>", "<math>", "<mtext>", "</svg>", "<!--", "-->", "<table>", "<td>",
        "<ul>", "<li>", "</ul>", "<h1>", "</h1>", "<pre>", "\n", "<span class='mention x'>", "</span>", "<template>",
        "<noscript>", "<ruby>", "<rt>", "<blockquote>", "</blockquote>", "&lt;", "&amp;", "&", "<", ">", '"', "'", "x",
        "<iframe srcdoc='<b>'>", "<a href=//evil.example>", "<a href=vbscript:x>", "<a href='file:///etc'>", "\x00",
        "<a href='mailto:a@b.example'>", "<img src='https://e.example/p.png' alt='<b>'>", "<ol start=3>", "<ol start=x>",
        "&nbsp;", "\r\n", "<form>", "<title>", "<textarea>", "<plaintext>", "<select>", "<frameset>", "&#0;", "\ud800",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES | st.text(max_size=5), max_size=25).map("".join))
@example("<p><table><p>a</table>b")
@example("<a><p><a>")
def test_sanitised_html_holds_only_what_is_allowed_and_stays_as_it_is(html: str) -> None:
    clean = sanitise(html)
    inspect(clean)
    assert sanitise(clean) == clean


@settings(max_examples=100)
@given(st.text(), st.integers(0, 50))
def test_no_text_raises_in_any_function(text: str, n: int) -> None:
    inspect(clip(text, n))
    inspect(markdown_to_html(text, lambda name, host: "https://a.example/", lambda tag: "https://a.example/"))
    assert "\u202e" not in plain(text)
    assert len(clean_name(text, n)) <= n
    mentions_in(text)
    hashtags_in(text)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>T</h1>", "<h2>T</h2>"),
        ("<p style='x' id='y' onclick='z()'>a</p>", "<p>a</p>"),
        ("<script>alert(1)</script>a", "a"),
        ("<div>a</div>", "a"),
        ("<!-- x -->a", "a"),
        ("<a href='/x'>a</a>", f"<a {LINK_END}>a</a>"),
        ("<a href='JaVaScRiPt:alert(1)'>a</a>", f"<a {LINK_END}>a</a>"),
        ("<a href='  java\tscript:alert(1)'>a</a>", f"<a {LINK_END}>a</a>"),
        ("<a href='https://a.example/x y'>a</a>", f'<a href="https://a.example/x%20y" {LINK_END}>a</a>'),
        ("<a href='mailto:a@b.example'>a</a>", f'<a href="mailto:a@b.example" {LINK_END}>a</a>'),
        ("<span class='mention h-card'>a</span>", '<span class="mention">a</span>'),
        ("<img src='https://e.example/a.png' alt='A'>", '<img src="https://e.example/a.png" alt="A">'),
        ("<img src=x onerror=alert(1)>", ""),
        ("2 < 3 & 4", "2 &lt; 3 &amp; 4"),
        ("a &amp; b", "a &amp; b"),
    ],
)
def test_html_becomes(html: str, expected: str) -> None:
    assert sanitise(html) == expected


def test_images_are_rewritten_when_html_is_shown() -> None:
    html = "<img src='https://e.example/a.png' alt='A'> <img src='data:image/png;base64,x'>"
    assert sanitise(html, lambda src: "https://clinic.example/media/proxy/1") == (
        '<img src="https://clinic.example/media/proxy/1" alt="A"> '
    )
    assert "src" not in sanitise(html, lambda src: None)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 40_000, "<b>" * 60_000, "</p><b>" * 28_000, "<b></i>" * 28_000, "<p>" * 60_000, "<table>" * 28_000,
        "<b></p>" * 25_000, "<" * MAX_CONTENT, "&" * MAX_CONTENT, "<b>" + "&" * MAX_CONTENT, "<!--" * 50_000,
        "<a " + "x=" * 90_000, "<a href=https://a.example>" * 8_000, "<li>" * 50_000,
    ],
)  # fmt: skip
def test_hostile_markup_is_bounded_in_time_and_size(html: str) -> None:
    began = time.process_time()
    clean = sanitise(html)
    assert time.process_time() - began < 2
    assert len(clean) <= MAX_MARKUP
    assert sanitise(clean) == clean


def test_markup_nested_too_deep_keeps_its_text() -> None:
    assert sanitise("<b>" * 200 + "diabetes &amp; me") == "diabetes &amp; me"
    assert sanitise("<p>a" * 200) == "<p>a</p>" * 200


def test_plain_text_has_lines_and_no_entities() -> None:
    assert plain("<h2>T</h2><p>a &lt; b<br>c</p><ul><li>d</li></ul>") == "T\na < b\nc\nd"
    assert plain("no markup") == "no markup"
    assert plain('<a href="https://a.example/?x=>"><span class="invisible">https://</span>a.example</a>') == (
        "https://a.example"
    )
    assert plain("a\u202eb\x07\tc") == "ab c"


def test_a_name_is_one_line_without_controls() -> None:
    assert clean_name(" Nadia\n\u202eÜrgüplü\x00 \u200f") == "Nadia Ürgüplü"
    assert clean_name("\U0001f468\u200d\U0001f469") == "\U0001f468\u200d\U0001f469"
    assert clean_name("abc", 2) == "ab"
    assert clean_name("<b>") == "<b>"


def test_a_clip_counts_visible_characters_and_closes_what_is_open() -> None:
    html = '<p>Hello <a href="https://a.example/">world &amp; all</a></p><p>more</p>'
    assert plain(clip(html, 9)) == "Hello wor…"
    assert clip(html, 9).endswith("wor…</a></p>")
    assert clip(html, 500) == sanitise(html)
    assert clip("a &amp; b", 3) == "a &amp;…"


def people(name: str, host: str | None) -> str | None:
    return None if name == "nobody" else f"https://{host or 'clinic.example'}/@{name}"


def test_markdown_is_rendered_without_raw_html() -> None:
    html = markdown_to_html("**b** <b>x</b> ~~old~~\nnext\n\n- one\n\n[x](javascript:alert(1))")
    assert "<strong>b</strong> &lt;b&gt;x&lt;/b&gt; <s>old</s><br>" in html
    assert "<li>one</li>" in html
    assert "javascript" not in html.replace("(javascript:alert(1))", "")
    assert "<h2>Title</h2>" in markdown_to_html("# Title")


def test_addresses_mentions_and_hashtags_become_links_where_they_may() -> None:
    html = markdown_to_html(
        "@nadia @bea@Lemmy.example @nobody #Dolor (https://a.example/x_(y)). `@code #no` [@in](https://b.example) a@b.example",
        people,
        lambda tag: f"https://clinic.example/tags/{tag.lower()}",
    )
    assert f'<a href="https://clinic.example/@nadia" class="mention" {LINK_END}>@nadia</a>' in html
    assert (
        f'<a href="https://lemmy.example/@bea" class="mention" {LINK_END}>@bea@Lemmy.example</a> @nobody '
        in html
    )
    assert f'<a href="https://clinic.example/tags/dolor" class="hashtag" {LINK_END}>#Dolor</a>' in html
    assert f'(<a href="https://a.example/x_(y)" {LINK_END}>https://a.example/x_(y)</a>).' in html
    assert "<code>@code #no</code>" in html
    assert ">@in</a> a@b.example" in html


def test_mentions_and_hashtags_are_those_that_would_be_linked() -> None:
    text = "@nadia, @Bea@Lemmy.example. @nadia `@code` [@in](https://b.example) x@y.example https://a.example/@url #Dolor"
    assert mentions_in(text) == [("nadia", None), ("Bea", "lemmy.example")]
    assert hashtags_in("#Dolor #dolor #1 #año2025 a#b `#c` # d") == ["Dolor", "año2025"]
    assert mentions_in("@a@-bad-.example @") == []


@pytest.mark.parametrize(
    "text",
    ["[" * MAX_CONTENT, "*a_" * 60_000, "[a](" * 50_000, ">" * 20_000, "@a." * 60_000, "`" * MAX_CONTENT],
)
def test_hostile_markdown_is_bounded_in_time(text: str) -> None:
    began = time.process_time()
    markdown_to_html(text, people)
    assert time.process_time() - began < 2


def test_what_is_shown_again_is_what_cleaning_it_gives() -> None:
    for html in (
        "<p>a <script>b</script></p>",
        "<b onclick=x>c</b>",
        "<p>" + "long " * 3000 + "<script>x</script></p>",
    ):
        for _ in range(2):
            assert shown(html) == sanitise(html)
            assert shown_text(html) == plain(html)
