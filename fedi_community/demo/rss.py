"""Sample articles as the feed of a WordPress blog, so that the way of content into a group can be shown and tested."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from fedi_community.demo.model import Article, Group, Language, Version, moment_ms

CREATOR = "Clinic Newsroom (sample)"

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"
  xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:atom="http://www.w3.org/2005/Atom"
  xmlns:media="http://search.yahoo.com/mrss/">
<channel>
"""


def rss(
    articles: Iterable[Article], base_url: str, group: Group, *, now_ms: int, language: Language = "en"
) -> bytes:
    """RSS 2.0, newest first, of those articles of `group` that have a text in `language`.

    base_url: origin of every link, without a slash at its end. now_ms: milliseconds UTC; dates count back from it.
    """
    chosen = [
        (article, version)
        for article in sorted(articles, key=lambda article: article.days_ago)
        if article.group == group.handle and (version := article.version(language))
    ]
    newest = moment_ms(chosen[0][0].days_ago if chosen else 0, now_ms)
    channel = (
        f"<title>{escape(group.name.get(language))}</title>\n"
        f'<atom:link href={quoteattr(feed_path(base_url, group, language))} rel="self" type="application/rss+xml" />\n'
        f"<link>{escape(base_url)}/</link>\n"
        f"<description>{escape(group.summary.get(language))}</description>\n"
        f"<lastBuildDate>{_date(newest)}</lastBuildDate>\n"
        f"<language>{language}</language>\n"
    )
    items = "".join(_item(article, version, base_url, now_ms) for article, version in chosen)
    return f"{_HEAD}{channel}{items}</channel>\n</rss>\n".encode()


def feed_path(base_url: str, group: Group, language: Language) -> str:
    """Where the feed itself is to be served."""
    return f"{base_url}/{group.handle}/{language}/feed/"


def _item(article: Article, version: Version, base_url: str, now_ms: int) -> str:
    key = f"{article.id}-{version.language}"
    categories = "".join(f"<category>{_cdata(name)}</category>\n" for name in article.categories)
    return (
        "<item>\n"
        f"<title>{escape(version.title)}</title>\n"
        f"<link>{escape(base_url)}/{version.language}/{article.id}/</link>\n"
        f"<dc:creator>{_cdata(CREATOR)}</dc:creator>\n"
        f"<pubDate>{_date(moment_ms(article.days_ago, now_ms))}</pubDate>\n"
        f"{categories}"
        f'<guid isPermaLink="false">{escape(base_url)}/?p={key}</guid>\n'
        f"<description>{_cdata(escape(version.summary))}</description>\n"
        f"<content:encoded>{_cdata(version.html)}</content:encoded>\n"
        f"{_picture(article, version.language, base_url)}"
        "</item>\n"
    )


def _picture(article: Article, language: Language, base_url: str) -> str:
    image = article.image
    if image is None:
        return ""
    url = quoteattr(f"{base_url}/images/{image.path.name}")
    return (
        f'<enclosure url={url} length="{image.path.stat().st_size}" type="{image.media_type}" />\n'
        f'<media:content url={url} medium="image" type="{image.media_type}">'
        f'<media:description type="plain">{escape(image.alt.get(language))}</media:description></media:content>\n'
    )


def _date(ms: int) -> str:
    return format_datetime(datetime.fromtimestamp(ms / 1000, tz=UTC))


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
