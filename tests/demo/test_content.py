"""The sample content is whole, in both languages, marked as sample, and points to nobody's site."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture

from fedi_community.demo import content
from fedi_community.demo.check import check
from fedi_community.demo.content import load, to_html
from fedi_community.demo.model import Demo, Discussion, may, moment_ms
from fedi_community.errors import Problem

ALLOWED = {"p", "h2", "ul", "li", "strong", "em"}
CARE_TEAM = {"en": "care team", "es": "equipo de salud"}


@pytest.fixture(scope="module")
def demo() -> Demo:
    return load()


class Tags(HTMLParser):
    """Collects tags, attributes and the balance of what is open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[Any] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.names.add(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def depths(discussion: Discussion) -> dict[str, int]:
    """Depth of each post: 1 for what answers the article or opens the thread."""
    found: dict[str, int] = {}
    for post in discussion.posts:
        found[post.id] = found[post.reply_to] + 1 if post.reply_to else 1
    return found


def test_there_is_as_much_of_everything_as_a_filled_community_needs(demo: Demo) -> None:
    languages = Counter(version.language for article in demo.articles for version in article.versions)
    assert len(demo.groups) == 8
    assert len(demo.articles) == 14
    assert languages["en"] >= 12
    assert languages["es"] >= 6
    assert sum(len(article.versions) == 2 for article in demo.articles) >= 5
    assert Counter(person.role for person in demo.people) == {
        "member": 14,
        "staff": 2,
        "admin": 1,
        "newsroom": 1,
    }
    assert [p.handle for p in demo.people if p.kind == "Service"] == [content.NEWSROOM]


def test_talk_is_nested_in_both_languages_with_warnings_edits_and_likes(demo: Demo) -> None:
    posts = [post for discussion in demo.discussions for post in discussion.posts]
    assert len(posts) >= 40
    assert min(Counter(post.language for post in posts)[language] for language in ("en", "es")) >= 20
    assert max(depth for discussion in demo.discussions for depth in depths(discussion).values()) == 6
    assert sum(post.content_warning is not None for post in posts) >= 5
    assert sum(post.edited_text is not None for post in posts) >= 2
    assert sum(len(post.likes) for post in posts) >= 60
    closed = {group.handle for group in demo.groups if group.reads == "members"}
    assert closed == {"caregivers", "mental_health_matters"}
    assert closed <= {discussion.group for discussion in demo.discussions}
    assert any(discussion.article is None for discussion in demo.discussions)


def test_every_reference_leads_somewhere_and_handles_are_unique(demo: Demo) -> None:
    assert check(demo) is None
    handles = [group.handle for group in demo.groups] + [person.handle for person in demo.people]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{2,29}", handle) for handle in handles)


def test_every_group_has_staff_and_a_mentor_who_are_its_members(demo: Demo) -> None:
    for group in demo.groups:
        staff = [p for p in demo.people if group.handle in p.staff_of]
        mentors = [p for p in demo.people if group.handle in p.mentor_of]
        assert staff
        assert mentors
        assert all(may(group, person, "members") for person in staff + mentors)
        assert all(person.role == "staff" for person in staff)


def test_groups_speak_both_languages(demo: Demo) -> None:
    for group in demo.groups:
        assert group.name.en != group.name.es
        assert group.summary.en.startswith("Sample group")
        assert group.summary.es.startswith("Grupo de muestra")


def test_everybody_is_marked_as_sample_in_his_language(demo: Demo) -> None:
    for person in demo.people:
        mark = "muestra" if person.language == "es" else "sample"
        assert mark in person.name
        assert mark in person.bio.lower()


def test_every_article_is_marked_as_a_sample_without_a_source(demo: Demo) -> None:
    for article in demo.articles:
        for version in article.versions:
            note = {"en": "Sample, no source.", "es": "Muestra, sin fuente."}[version.language]
            assert version.source.startswith(note)
            assert version.html.rsplit("\n", 1)[1].startswith(f"<p><em>{note}")


def test_every_article_has_the_length_of_an_article_and_ends_with_the_care_team(demo: Demo) -> None:
    for article in demo.articles:
        for version in article.versions:
            body, _, _ = version.html.rpartition("\n")
            assert 250 <= len(Tags(body).words) <= 500, article.id
            assert 10 <= len(version.title) <= 120
            assert 40 <= len(version.summary) <= 300
            assert CARE_TEAM[version.language] in body.rsplit("\n", 1)[1], article.id


def test_article_html_stays_within_the_allowed_elements(demo: Demo) -> None:
    for article in demo.articles:
        for version in article.versions:
            tags = Tags(version.html)
            assert tags.names <= ALLOWED
            assert tags.attributes == []
            assert tags.open == []
            assert "*" not in version.html
            assert "##" not in version.html


def test_nothing_points_to_a_site_names_a_dose_or_mentions_a_mail_address() -> None:
    files = [path for path in content.CONTENT.rglob("*") if path.suffix in (".md", ".toml")]
    assert len(files) >= 25
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert "http" not in text, path.name
        assert "www." not in text, path.name
        assert "@" not in text, path.name
        assert not re.search(r"\d\s*(mg|mcg|ml|units|unidades|mmol)", text, re.IGNORECASE), path.name


def test_the_illustrations_are_small_and_described_in_both_languages(demo: Demo) -> None:
    images = [article.image for article in demo.articles if article.image]
    assert len(images) == 4
    for image in images:
        assert image.path.stat().st_size <= 12 * 1024
        with Picture.open(image.path) as picture:
            assert (picture.format, picture.size) == ("PNG", (640, 360))
            assert not picture.info
        assert image.alt.en != image.alt.es
        assert min(len(image.alt.en), len(image.alt.es)) > 20


def test_moments_count_back_from_now_in_whole_seconds() -> None:
    assert moment_ms(1.5, 1_000_000_123_456) == 1_000_000_123_000 - 129_600_000
    assert moment_ms(0.1, 1_000_000_000_999) % 1000 == 0


def test_the_small_markdown_is_escaped_before_it_is_marked_up() -> None:
    assert to_html("## A & B\n\na <b>\n**c** *d*\n\n- one\n- *two*") == (
        "<h2>A &amp; B</h2>\n<p>a &lt;b&gt; <strong>c</strong> <em>d</em></p>\n"
        "<ul><li>one</li><li><em>two</em></li></ul>"
    )


# what check refuses


def first_thread(demo: Demo, group: str) -> Discussion:
    return next(d for d in demo.discussions if d.group == group)


def with_post(demo: Demo, group: str, **change: Any) -> Demo:
    """The demo with its second post in `group` changed."""
    thread = first_thread(demo, group)
    posts = (thread.posts[0], replace(thread.posts[1], **change), *thread.posts[2:])
    changed = replace(thread, posts=posts)
    return replace(demo, discussions=tuple(changed if d is thread else d for d in demo.discussions))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"by": "nobody_here"}, "no person nobody_here"),
        ({"by": "blue_mitten"}, "blue_mitten may not write in caregivers"),
        ({"reply_to": "elsewhere"}, "it answers nothing that was there before"),
        ({"days_ago": 99.0}, "it answers nothing that was there before"),
        ({"likes": ("blue_mitten",)}, "blue_mitten cannot like what is not shown to him"),
        ({"edited_text": "x"}, "an edit needs a text and a later time"),
        ({"edited_text": "x", "edited_days_ago": 98.0}, "an edit needs a text and a later time"),
    ],
)
def test_a_post_that_could_not_have_been_written_is_a_fault(
    demo: Demo, change: dict[str, Any], fault: str
) -> None:
    assert fault in (check(with_post(demo, "caregivers", **change)) or "")


def test_missing_or_repeated_groups_people_and_articles_are_faults(demo: Demo) -> None:
    article = demo.articles[0]
    thread = first_thread(demo, "caregivers")
    assert "no group" in (check(replace(demo, groups=demo.groups[1:])) or "")
    assert "is there twice" in (check(replace(demo, people=(*demo.people, demo.people[0]))) or "")
    assert "no author" in (check(replace(demo, articles=(replace(article, author="x"),))) or "")
    assert "no text" in (check(replace(demo, articles=(replace(article, versions=()),))) or "")
    lost = replace(demo, discussions=(replace(thread, article="x"),))
    assert "no article x" in (check(lost) or "")
    moved = replace(demo, discussions=(replace(thread, group="after_cancer"),))
    assert "another group" in (check(moved) or "")
    report = demo.waiting.reports[0]
    for fault, waits in (
        ("no group x", replace(demo.waiting, asks=(replace(demo.waiting.asks[0], group="x"),))),
        ("no person x", replace(demo.waiting, posts=(replace(demo.waiting.posts[0], by="x"),))),
        ("cannot report", replace(demo.waiting, reports=(replace(report, by="copper_kettle", post="ct-2"),))),
    ):
        assert fault in (check(replace(demo, waiting=waits)) or "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("groups.toml", "[[group]\n"),
        ("people.toml", "[[person]]\nhandle = 'x'\n"),
        ("articles/pacing.en.md", "no front matter"),
        ("discussions/diabetes.toml", "[[discussion]]\nid = 'x'\ngroup = 'missing'\npost = []\n"),
    ],
)
def test_a_damaged_file_is_a_clear_problem(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "content"
    shutil.copytree(content.CONTENT, folder)
    assert load(folder).groups
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(Problem) as caught:
        load(folder)
    assert caught.value.reason == "demo_content"
    assert caught.value.detail
