"""Feeds are read as their writers meant them, and hostile ones fail with a clear reason."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from fedi_community.feeds import document
from fedi_community.feeds.parse import Feed, FeedProblem, Item, content_hash, parse_feed, plain_to_html

FIXTURES = Path(__file__).parents[3] / "shared" / "fixtures" / "feeds"
URL = "https://clinic.example/feed/"
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/"'
)


def rss(items: str, channel: str = "<title>Clinic</title><link>https://clinic.example/</link>") -> bytes:
    return f'<rss version="2.0" {NAMESPACES}><channel>{channel}{items}</channel></rss>'.encode()


def item(inner: str, channel: str = "<title>Clinic</title><link>https://clinic.example/</link>") -> Item:
    feed = parse_feed(rss(f"<item>{inner}</item>", channel), "application/rss+xml", URL)
    assert len(feed.items) == 1
    return feed.items[0]


def atom(entry: str) -> bytes:
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:yt="http://www.youtube.com/xml/schemas/2015" '
        'xmlns:media="http://search.yahoo.com/mrss/"><title>Channel</title>'
        f'<link rel="alternate" href="https://video.example/c"/><entry>{entry}</entry></feed>'
    ).encode()


def json_feed(*items: object, **more: object) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Clinic",
        "home_page_url": "https://clinic.example/",
        "items": list(items),
    }
    return json.dumps(feed | more).encode()


def reason(body: bytes, content_type: str | None = None) -> str:
    with pytest.raises(FeedProblem) as caught:
        parse_feed(body, content_type, URL)
    assert caught.value.status == 422
    return caught.value.reason


def fixture(name: str) -> Feed:
    if not FIXTURES.is_dir():
        pytest.skip("the folder of captured feeds is not here")
    return parse_feed((FIXTURES / name).read_bytes(), None, "https://feeds.example/feed")


# captured feeds


def test_items_on_another_site_than_the_channel_are_links_and_named_zones_count() -> None:
    feed = fixture("cdc-food-safety-2010.rss.xml")
    assert [i.kind for i in feed.items] == ["link"] * 3
    assert feed.items[0].published_ms == 1_270_506_720_000
    assert feed.items[2].content_html == ""
    assert feed.language == "en"


def test_a_drupal_blog_keeps_its_html_categories_authors_and_opaque_guid() -> None:
    feed = fixture("whitehouse-blog-2011.rss.xml")
    first = feed.items[0]
    assert (len(feed.items), first.guid) == (3, "80731 at http://www.whitehouse.gov")
    assert first.author == "Courtney O’Donnell"
    assert first.categories[:2] == ("Dr. Jill Biden", "White House")
    assert "<ul>" in first.content_html
    assert first.summary_html == ""


def test_content_encoded_without_description_is_the_text_and_mail_addresses_are_dropped() -> None:
    feed = fixture("jbsa-content-encoded-2014.rss.xml")
    assert len(feed.items) == 2
    assert feed.items[0].content_html.startswith("Joint Base San Antonio-Fort Sam Houston")
    assert feed.items[0].summary_html == ""
    assert feed.items[0].author == "Maj. Gen. Jimmie O. Keenan"
    assert feed.items[0].published_ms == 1_411_678_704_000


def test_atom_in_latin_1_with_summaries_only_keeps_one_item_a_guid() -> None:
    feed = fixture("sec-filings-2014.atom.xml")
    assert (len(feed.items), feed.skipped) == (2, 1)
    assert feed.items[0].content_html.startswith("<b>Filed:</b>")
    assert (feed.items[0].published_ms, feed.items[0].updated_ms) == (None, 1_401_933_528_000)


def test_a_topics_document_that_is_no_feed_is_refused() -> None:
    with pytest.raises(FeedProblem, match="not_a_feed"):
        fixture("medlineplus-topics-en-es-2012.xml")


@pytest.mark.parametrize("name", ["wordpress-5.1.rss.xml", "wordpress-5.1-malformed.rss.xml"])
def test_wordpress_is_read_even_with_blank_lines_before_its_declaration(name: str) -> None:
    (post,) = fixture(name).items
    assert post.guid == "https://www.androidauthority.com/?p=986823"
    assert post.link == "https://www.androidauthority.com/japan-phone-numbers-14-digits-5g-986823/"
    assert post.summary_html.startswith("Japan expects")
    assert post.content_html.startswith("<p><a href=")
    assert post.categories == ("News", "5G", "Japan")
    assert post.published_ms == 1_557_953_282_000
    assert post.image_url is not None
    assert post.image_url.endswith("5g--500x260.jpg")


@pytest.mark.parametrize(
    ("name", "count"), [("youtube-channel-2015.atom.xml", 15), ("youtube-channel-2025.atom.xml", 1)]
)
def test_a_video_channel_gives_videos_with_plain_text_and_never_flash(name: str, count: int) -> None:
    feed = fixture(name)
    assert len(feed.items) == count
    for video in feed.items:
        assert video.kind == "video"
        assert video.guid == f"yt:video:{video.video_id}"
        assert video.content_html.startswith("<p>")
        assert "shockwave" not in repr(video)
        assert "/v/" not in repr(video)
        assert video.image_url is not None
        assert video.image_url.startswith("https://i.ytimg.com/vi/")


def test_a_json_feed_of_version_1_is_read_with_its_authors_and_dates() -> None:
    feed = fixture("inessential-2017.feed.json")
    assert len(feed.items) == 20
    assert feed.items[0].author == "Brent Simmons"
    assert feed.items[0].published_ms == 1_496_466_347_000
    assert feed.items[0].kind == "article"


# keys and texts


def test_the_key_is_the_guid_else_the_link_and_an_item_with_neither_is_skipped() -> None:
    assert item("<guid isPermaLink='false'>7</guid><link>https://clinic.example/a</link>").guid == "7"
    assert item("<link>https://clinic.example/a</link>").guid == "https://clinic.example/a"
    feed = parse_feed(rss("<item><title>nameless</title></item>"), None, URL)
    assert (feed.items, feed.skipped) == ((), 1)


def test_a_guid_that_is_a_permalink_serves_as_the_link() -> None:
    assert item("<guid>https://clinic.example/p</guid>").link == "https://clinic.example/p"
    assert item("<guid isPermaLink='false'>https://clinic.example/?p=1</guid>").link is None


def test_a_guid_is_kept_as_written_and_does_not_depend_on_the_address_of_the_feed() -> None:
    body = rss("<item><guid>post-1</guid></item>")
    for url in (URL, "https://mirror.example/rss"):
        assert [(i.guid, i.link) for i in parse_feed(body, None, url).items] == [("post-1", None)]


@pytest.mark.parametrize("order", ["ed", "de"])
def test_the_full_text_wins_over_the_description_in_whatever_order_they_come(order: str) -> None:
    parts = {
        "e": "<content:encoded>&lt;p&gt;Full&lt;/p&gt;</content:encoded>",
        "d": "<description>Short</description>",
    }
    found = item("<guid>1</guid>" + "".join(parts[x] for x in order))
    assert (found.content_html, found.summary_html) == ("<p>Full</p>", "Short")


def test_a_description_alone_is_the_text_and_not_also_the_excerpt() -> None:
    found = item("<guid>1</guid><description>&lt;b&gt;Only&lt;/b&gt;</description>")
    assert (found.content_html, found.summary_html) == ("<b>Only</b>", "")


def test_an_excerpt_that_repeats_the_whole_text_is_no_excerpt() -> None:
    both = "<description>Short news</description><content:encoded>Short news</content:encoded>"
    assert item(f"<guid>1</guid>{both}").summary_html == ""


def test_an_atom_text_is_escaped_where_it_says_it_is_plain() -> None:
    plain = atom(
        "<id>1</id><title>1 &lt; 2, &lt;b&gt; is a tag</title><content type='text'>a &lt;b&gt; c</content>"
    )
    (entry,) = parse_feed(plain, None, URL).items
    assert (entry.title, entry.content_html) == ("1 < 2, <b> is a tag", "<p>a &lt;b&gt; c</p>")
    (entry,) = parse_feed(
        atom("<id>1</id><content type='html'>&lt;i&gt;x&lt;/i&gt;</content>"), None, URL
    ).items
    assert entry.content_html == "<i>x</i>"


def test_an_empty_title_is_empty_and_markup_in_a_title_is_resolved() -> None:
    assert item("<guid>1</guid><title></title>").title == ""
    assert (
        item("<guid>1</guid><title><![CDATA[Don&#8217;t <em>skip</em>\n sleep]]></title>").title
        == "Don’t skip sleep"
    )
    assert item("<guid>1</guid><title>A1C &lt; 7 &amp; rising</title>").title == "A1C < 7 & rising"


def test_words_about_a_picture_stay_with_the_picture() -> None:
    found = item(
        "<guid>1</guid><title>Own</title><description>Own text</description>"
        "<media:content url='https://clinic.example/a.png' medium='image'>"
        "<media:title>Not the title</media:title><media:description>A calm sea</media:description>"
        "</media:content>"
    )
    assert (found.title, found.content_html, found.summary_html) == ("Own", "Own text", "")
    assert (found.image_url, found.image_alt) == ("https://clinic.example/a.png", "A calm sea")


def test_an_avatar_is_not_the_picture_of_an_item() -> None:
    avatar = "<media:content url='https://0.gravatar.com/avatar/1?s=96' medium='image'/>"
    assert item("<guid>1</guid>" + avatar).image_url is None
    assert item(
        "<guid>1</guid>" + avatar + "<enclosure url='/p.jpg' type='image/jpeg' length='1'/>"
    ).image_url == ("https://clinic.example/p.jpg")


def test_relative_addresses_are_resolved_and_other_schemes_are_dropped() -> None:
    found = item("<link>/post</link><content:encoded>&lt;a href='/x'&gt;x&lt;/a&gt;</content:encoded>")
    assert found.link == "https://clinic.example/post"
    assert 'href="https://clinic.example/x"' in found.content_html
    assert item("<guid isPermaLink='false'>1</guid><link>javascript:alert(1)</link>").link is None


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("https://clinic.example/a", "article"),
        ("https://www.clinic.example/a", "article"),
        ("https://blog.clinic.example/a", "article"),
        ("https://notclinic.example/a", "link"),
        ("https://other.example/a", "link"),
    ],
)
def test_an_item_is_a_link_when_it_points_to_another_host(link: str, kind: str) -> None:
    assert item(f"<link>{link}</link>").kind == kind


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Mon, 05 Apr 2010 17:32:00 EST", 1_270_506_720_000),
        ("\n   Mon, 05 Apr 2010 17:32:00 -0500\n  ", 1_270_506_720_000),
        ("2010-04-05T22:32:00Z", 1_270_506_720_000),
        ("last Tuesday", None),
        ("", None),
        ("99999999999999", None),
    ],
)
def test_dates_are_milliseconds_or_nothing(written: str, expected: int | None) -> None:
    found = item(f"<guid>1</guid><pubDate>{written}</pubDate>")
    assert (found.published_ms, found.updated_ms) == (expected, None)


def test_the_language_of_an_item_is_its_own_else_the_channels() -> None:
    channel = "<title>c</title><link>https://clinic.example</link><language>es-MX</language>"
    assert item("<guid>1</guid>", channel).language == "es"
    assert item("<guid>1</guid><dc:language>en</dc:language>", channel).language == "en"
    assert item("<guid>1</guid><dc:language>not a tag!</dc:language>").language is None


def test_www_before_the_channel_makes_no_other_site() -> None:
    channel = "<title>c</title><link>https://www.clinic.example/</link>"
    assert item("<link>https://blog.clinic.example/a</link>", channel).kind == "article"


def test_a_description_of_a_video_stays_plain_text() -> None:
    body = atom(
        "<id>yt:video:abc123DEF_-</id><yt:videoId>abc123DEF_-</yt:videoId><title>Stretching</title>"
        "<link rel='alternate' href='https://www.youtube.com/watch?v=abc123DEF_-'/><media:group>"
        "<media:content url='https://www.youtube.com/v/abc?version=3' type='application/x-shockwave-flash'/>"
        "<media:thumbnail url='https://i3.ytimg.com/vi/abc/hqdefault.jpg'/>"
        "<media:description>Sit &lt;b&gt;tall&lt;/b&gt;\n\nBreathe\nslowly</media:description></media:group>"
    )
    (video,) = parse_feed(body, "text/xml", URL).items
    assert video.content_html == "<p>Sit &lt;b&gt;tall&lt;/b&gt;</p><p>Breathe<br>slowly</p>"
    assert (video.kind, video.video_id, video.summary_html) == ("video", "abc123DEF_-", "")
    assert video.image_url == "https://i.ytimg.com/vi/abc/hqdefault.jpg"


def test_a_video_id_that_is_none_makes_no_video() -> None:
    (entry,) = parse_feed(atom('<id>1</id><yt:videoId>"&gt;&lt;script</yt:videoId>'), None, URL).items
    assert (entry.guid, entry.link, entry.video_id, entry.kind) == ("1", None, None, "article")


# JSON Feed


def test_json_ids_may_be_numbers_and_an_external_address_makes_a_link() -> None:
    feed = parse_feed(
        json_feed(
            {"id": 7, "url": "/7", "content_text": "a < b", "tags": ["Sleep", 3], "language": "es"},
            {
                "id": "8",
                "url": "https://clinic.example/8",
                "external_url": "https://news.example/x",
                "summary": "s",
            },
            {"id": True},
            "no object",
        ),
        "application/feed+json",
        URL,
    )
    first, second = feed.items
    assert (first.guid, first.link, first.content_html) == (
        "7",
        "https://clinic.example/7",
        "<p>a &lt; b</p>",
    )
    assert (first.categories, first.language, first.kind) == (("Sleep",), "es", "article")
    assert (second.kind, second.link, second.content_html) == ("link", "https://news.example/x", "<p>s</p>")
    assert feed.skipped == 1


def test_json_values_of_wrong_types_are_ignored() -> None:
    odd = {
        "id": "1",
        "url": [],
        "title": {},
        "content_html": 5,
        "image": 1,
        "authors": "x",
        "date_published": 12,
    }
    (found,) = parse_feed(json_feed(odd, language=5, title=None, authors=[None]), None, URL).items
    assert (found.link, found.title, found.content_html, found.author) == (None, "", "", "")
    assert (found.image_url, found.published_ms) == (None, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "malformed"),
        (b'{"version": "1"}', "not_a_feed"),
        (b'{"version": 1, "items": []}', "not_a_feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": {}}', "malformed"),
        (b'{"a":' * 5_000, "malformed"),
    ],
)
def test_json_that_is_no_feed_fails_with_a_reason(body: bytes, expected: str) -> None:
    assert reason(body) == expected


# encodings


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", None),
        ("utf-8-sig", "text/xml"),
        ("utf-16", None),
        ("iso-8859-1", "application/rss+xml; charset=ISO-8859-1"),
        ("windows-1252", "text/xml; charset=windows-1252"),
    ],
)
def test_text_is_decoded_by_mark_header_or_declaration(encoding: str, content_type: str | None) -> None:
    words = rss("<item><guid>1</guid><title>Corazón</title></item>").decode()
    assert parse_feed(words.encode(encoding), content_type, URL).items[0].title == "Corazón"


def test_the_declaration_is_believed_when_the_header_says_nothing() -> None:
    words = (
        '<?xml version="1.0" encoding="iso-8859-1"?>'
        + rss("<item><guid>1</guid><title>Riñón</title></item>").decode()
    )
    assert parse_feed(words.encode("latin-1"), "text/xml", URL).items[0].title == "Riñón"


def test_bytes_of_no_known_encoding_are_refused() -> None:
    assert reason(b"<rss>\xff\xfe\xfa</rss>") == "encoding"
    assert reason("<rss>ñ</rss>".encode("latin-1"), "text/xml; charset=unicode_escape") == "encoding"


# hostile


def test_what_is_no_feed_is_named_so() -> None:
    assert reason(b"") == "empty"
    assert reason(b" \n ") == "empty"
    assert reason(b"<!DOCTYPE html><html><p>hi</html>") == "not_a_feed"
    assert reason(b"just words") == "not_a_feed"
    assert reason(b"<svg xmlns='http://www.w3.org/2000/svg'/>") == "not_a_feed"


def test_broken_markup_fails_with_its_line_and_without_its_words() -> None:
    body = rss("\n<item><title>very private</item>")
    with pytest.raises(FeedProblem) as caught:
        parse_feed(body, None, URL)
    assert caught.value.reason == "malformed"
    assert "line 2" in caught.value.detail
    assert "private" not in str(caught.value)


def test_what_the_library_stumbles_over_is_malformed() -> None:
    assert reason(rss("<item><title>a<width>5</width></title></item>")) == "malformed"


def test_markup_is_handed_on_raw() -> None:
    raw = "<p onclick='x'>a</p><script>b</script>"
    assert (
        "<script>" in item(f"<guid>1</guid><content:encoded><![CDATA[{raw}]]></content:encoded>").content_html
    )


def test_external_entities_are_neither_read_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    entity = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
    body = entity + rss("<item><guid>1</guid><title>&x;</title></item>")
    assert reason(body) == "entities"
    assert reason(body.decode().encode("utf-16")) == "entities"
    assert reason(b"<!DOCTYPE rss [<!ATTLIST rss a CDATA #IMPLIED>]>" + rss("")) == "entities"


def test_a_billion_laughs_are_refused_at_once() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    feed = "<rss><channel><title>&l9;</title></channel></rss>"
    body = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>{feed}'.encode()
    started = time.perf_counter()
    assert reason(body) == "entities"
    assert time.perf_counter() - started < 1


def test_a_bare_document_type_is_harmless_and_not_followed() -> None:
    doctype = b'<!DOCTYPE rss PUBLIC "-//Example//DTD" "https://unreachable.invalid/rss.dtd">'
    assert parse_feed(doctype + rss("<item><guid>1</guid></item>"), None, URL).items[0].guid == "1"


def test_size_count_and_depth_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(parse_feed(rss("<item><guid>1</guid></item>" * document.MAX_ENTRIES), None, URL).items) == 1
    assert reason(rss("<item><guid>1</guid></item>" * (document.MAX_ENTRIES + 1))) == "too_complex"
    assert reason(json_feed(*({"id": n} for n in range(document.MAX_ENTRIES + 1)))) == "too_complex"
    assert reason(rss("<a>" * 100 + "</a>" * 100)) == "too_complex"
    assert reason(rss("<item a='" + "x" * (document.MAX_TAG_CHARS + 1) + "'/>")) == "too_complex"
    monkeypatch.setattr(document, "MAX_BYTES", 200)
    assert reason(rss("<item><guid>1</guid></item>") + b" " * 200) == "too_large"


def test_long_values_are_cut_and_controls_removed() -> None:
    tags = "".join(f"<category>c{n}</category>" for n in range(50))
    text = "d" * 500_000
    found = item(
        f"<guid>{'g' * 3000}</guid><title>{'t' * 900}</title>{tags}<description>{text}</description>"
    )
    assert (len(found.guid), len(found.title), len(found.categories)) == (1_000, 500, 20)
    assert len(found.content_html) == 400_000
    (found,) = parse_feed(json_feed({"id": "1", "title": "a\u0000b"}), None, URL).items
    assert found.title == "ab"


@pytest.mark.parametrize(
    "address", ["http://[", "http://a:99999/", "http://", "ftp://a.example/", "https://u:p@clinic.example/"]
)
def test_impossible_addresses_are_no_addresses(address: str) -> None:
    inner = f"<guid isPermaLink='false'>1</guid><link>{address}</link><media:thumbnail url='{address}'/>"
    assert (item(inner).link, item(inner).image_url) == (None, None)


# the digest of an item


def test_the_digest_ignores_what_moves_on_its_own() -> None:
    found = item("<guid>1</guid><title>t</title><description>words  here</description>")
    moved = replace(found, updated_ms=5, published_ms=6, categories=("x",), content_html=" words here ")
    assert content_hash(found) == content_hash(moved)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "u"},
        {"content_html": "other"},
        {"summary_html": "s"},
        {"image_url": "https://a.example/i"},
        {"link": None},
    ],
)
def test_the_digest_changes_with_title_text_image_and_link(change: dict[str, str | None]) -> None:
    found = item("<link>https://clinic.example/1</link><title>t</title><description>words</description>")
    assert content_hash(found) != content_hash(replace(found, **change))  # type: ignore[arg-type]


def test_plain_text_becomes_paragraphs_and_nothing_else() -> None:
    assert plain_to_html("a & <b>\r\nc\n \n\nd") == "<p>a &amp; &lt;b&gt;<br>c</p><p>d</p>"
    assert plain_to_html("  \n ") == ""
