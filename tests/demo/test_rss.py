"""What the sample feed says comes back from the parser as it was meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedi_community.demo.content import load
from fedi_community.demo.model import LANGUAGES, Group, Language, moment_ms
from fedi_community.demo.rss import CREATOR, feed_path, rss
from fedi_community.feeds.parse import content_hash, parse_feed

NOW_MS = 1_800_000_000_500
BASE = "http://127.0.0.1:8099"
DEMO = load()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("room", DEMO.groups, ids=lambda group: group.handle)
def test_a_group_of_articles_survives_the_way_through_its_feed(room: Group, language: Language) -> None:
    body = rss(DEMO.articles, BASE, room, now_ms=NOW_MS, language=language)
    feed = parse_feed(body, "application/rss+xml", feed_path(BASE, room, language))
    sent = sorted(
        (a for a in DEMO.articles if a.group == room.handle and a.version(language)), key=lambda a: a.days_ago
    )
    assert (feed.title, feed.language, feed.link) == (room.name.get(language), language, f"{BASE}/")
    assert len(feed.items) == len(sent)
    for article, item in zip(sent, feed.items, strict=True):
        version = article.version(language)
        assert version is not None
        assert (item.title, item.content_html, item.summary_html) == (
            version.title,
            version.html,
            version.summary,
        )
        assert item.guid == f"{BASE}/?p={article.id}-{language}"
        assert item.link == f"{BASE}/{language}/{article.id}/"
        assert (item.kind, item.language, item.author) == ("article", language, CREATOR)
        assert item.categories == article.categories
        assert item.published_ms == moment_ms(article.days_ago, NOW_MS)
        if article.image:
            assert item.image_url == f"{BASE}/images/{article.image.path.name}"
            assert item.image_alt == article.image.alt.get(language)
        else:
            assert item.image_url is None


def test_every_article_is_in_some_feed() -> None:
    keys = {
        item.guid
        for group in DEMO.groups
        for language in LANGUAGES
        for item in parse_feed(
            rss(DEMO.articles, BASE, group, now_ms=NOW_MS, language=language), None, BASE
        ).items
    }
    assert len(keys) == sum(len(article.versions) for article in DEMO.articles)


def test_special_characters_and_the_end_of_a_section_come_back_unchanged() -> None:
    article = DEMO.articles[0]
    odd = replace(
        article.versions[0], title='Salt & <pepper> "now"', html="<p>a ]]> b &amp; c</p>", summary="x < y & z"
    )
    body = rss([replace(article, versions=(odd,))], BASE, DEMO.groups[0], now_ms=NOW_MS)
    (item,) = parse_feed(body, None, BASE).items
    assert item.content_html == odd.html
    assert item.summary_html == "x &lt; y &amp; z"
    assert item.title.startswith("Salt &")


def test_time_moves_the_dates_and_nothing_that_counts_as_an_edit() -> None:
    group = DEMO.groups[0]
    early, late = (
        parse_feed(rss(DEMO.articles, BASE, group, now_ms=NOW_MS + at), None, BASE) for at in (0, 86_400_000)
    )
    assert [content_hash(item) for item in early.items] == [content_hash(item) for item in late.items]
    assert early.items[0].published_ms != late.items[0].published_ms


def test_a_feed_without_articles_is_still_a_feed() -> None:
    assert parse_feed(rss([], BASE, DEMO.groups[0], now_ms=NOW_MS), None, BASE).items == ()
