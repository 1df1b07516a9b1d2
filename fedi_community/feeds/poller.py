"""Poll feeds: conditional GET, parse in a thread, and publish what is new through `perform`.

A malformed or unreachable feed leaves a log line that says why, is asked again later and later, and takes nothing down.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from fedi_community.config import Settings
from fedi_community.domain import articles
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import Attachment, Body, Kind, Text
from fedi_community.domain.text import clean_name, clip, plain, sanitise
from fedi_community.errors import Problem, Refusal
from fedi_community.feeds.document import MAX_BYTES
from fedi_community.feeds.parse import Feed, Item, content_hash, parse_feed
from fedi_community.network.client import Network
from fedi_community.network.errors import FetchError
from fedi_community.perform import Change, House, perform
from fedi_community.storage import feeds as rows
from fedi_community.storage.feeds import FeedRow
from fedi_community.storage.wake import Wake

log = structlog.get_logger("feeds")

ACCEPT: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.8, */*;q=0.1"
)
MAX_PAUSE_S: Final = 86_400
SUMMARY_LENGTH: Final = 500
TITLE_LENGTH: Final = 150


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll brought. problem: why it brought nothing."""

    published: int = 0
    edited: int = 0
    unchanged: int = 0
    refused: int = 0
    problem: str | None = None


class FeedPoller:
    """Polls the feeds that are due. `run` sleeps until the next one."""

    def __init__(self, house: House, settings: Settings, network: Network) -> None:
        self._house = house
        self._settings = settings
        self._network = network
        self._event = asyncio.Event()
        self._stopping = False
        house.listeners.append(self._woken)

    def _woken(self, wake: Wake) -> None:
        if wake.jobs:
            self._event.set()

    def stop(self) -> None:
        self._stopping = True
        self._event.set()

    async def run(self) -> None:
        """Poll until `stop`."""
        while not self._stopping:
            self._event.clear()
            now = self._house.clock()
            for feed in await self._due(now):
                await self.poll(feed)
            due = await self._house.db.read(rows.next_due)
            pause = 3600.0 if due is None else min(max((due - self._house.clock()) / 1000, 1.0), 3600.0)
            try:
                async with asyncio.timeout(pause):
                    await self._event.wait()
            except TimeoutError:
                continue

    async def _due(self, now: int) -> list[FeedRow]:
        return await self._house.db.read(lambda tx: rows.due(tx, now))

    async def poll_all(self) -> list[tuple[FeedRow, Polled]]:
        """Poll every feed once, now."""
        return [(feed, await self.poll(feed)) for feed in await self._house.db.read(rows.everything)]

    async def poll(self, feed: FeedRow) -> Polled:
        """Poll one feed, and write down how it went."""
        try:
            return await self._poll(feed)
        except FetchError as error:
            return await self._failed(feed, str(error.reason))
        except Problem as problem:
            return await self._failed(feed, f"{problem.reason}: {problem.detail or problem.safe}"[:300])

    async def _poll(self, feed: FeedRow) -> Polled:
        headers = {"Accept": ACCEPT}
        if feed.etag:
            headers["If-None-Match"] = feed.etag
        if feed.modified:
            headers["If-Modified-Since"] = feed.modified
        got = await self._network.get(
            feed.url, headers=headers, max_bytes=MAX_BYTES, same_origin_redirects=False
        )
        if got.status == 304:
            await self._done(feed, feed.etag, feed.modified)
            return Polled()
        if got.status != 200:
            return await self._failed(feed, f"status_{got.status}")
        parsed = await asyncio.to_thread(parse_feed, got.body, got.headers.get("content-type"), got.url)
        result = await self._take(feed, parsed)
        await self._done(feed, got.headers.get("etag"), got.headers.get("last-modified"))
        log.info("feed_polled", feed=feed.url, published=result.published, edited=result.edited)
        return result

    async def _take(self, feed: FeedRow, parsed: Feed) -> Polled:
        items = sorted(parsed.items, key=lambda item: item.published_ms or 0)
        guids = [item.guid for item in items]
        known = await self._house.db.read(lambda tx: rows.known_items(tx, feed.id, guids))
        counts = {"published": 0, "edited": 0, "unchanged": 0, "refused": 0}
        for item in items:
            verdict = await self._item(feed, item, parsed.language, known.get(item.guid))
            counts[verdict if verdict in counts else "refused"] += 1
        return Polled(counts["published"], counts["edited"], counts["unchanged"], counts["refused"])

    async def _item(
        self, feed: FeedRow, item: Item, language: str | None, known: tuple[int, str] | None
    ) -> str:
        mark = content_hash(item)
        if known is not None and known[1] == mark:
            return "unchanged"
        wanted = articles.FeedItem(
            feed.id, item.guid, mark, feed.group_id, feed.author_id, kind_of(item), body_of(item, language, feed.origin),
            item.published_ms,
        )  # fmt: skip

        def decide(facts: Facts) -> Decision | Refusal:
            return articles.decide_item(wanted, facts)

        decided = await perform(self._house, Change(wanted.needs(known[0] if known else None), decide, 4))
        if isinstance(decided, Refusal):
            log.warning("feed_item_refused", feed=feed.url, guid=item.guid, reason=decided.reason)
            return "refused"
        return decided.verdict

    async def _done(self, feed: FeedRow, etag: str | None, modified: str | None) -> None:
        now = self._house.clock()
        next_at = now + self._settings.feed_interval * 1000
        await self._house.db.write(
            lambda tx: rows.polled(tx, feed, now, next_at, etag=etag, modified=modified)
        )

    async def _failed(self, feed: FeedRow, reason: str) -> Polled:
        now = self._house.clock()
        pause = min(self._settings.feed_interval * 2 ** min(feed.failures, 10), MAX_PAUSE_S)
        log.warning("feed_failed", feed=feed.url, reason=reason, failures=feed.failures + 1, again_in_s=pause)
        await self._house.db.write(
            lambda tx: rows.polled(
                tx, feed, now, now + pause * 1000, etag=feed.etag, modified=feed.modified, failures=feed.failures + 1,
                reason=reason,
            )
        )  # fmt: skip
        return Polled(problem=reason)


def kind_of(item: Item) -> Kind:
    """A blog entry is an Article, a video a Video, an entry that points elsewhere a Page with a link."""
    return {"video": Kind.VIDEO, "link": Kind.PAGE}.get(item.kind, Kind.ARTICLE)


def body_of(item: Item, feed_language: str | None, origin: str) -> Body:
    """An entry's text, sanitised, with its origin marked."""
    content = sanitise(item.content_html or item.summary_html)
    words = plain(content)
    title = (
        clean_name(item.title)
        or clean_name(words.split("\n", 1)[0], TITLE_LENGTH)
        or clean_name(item.link or item.guid)
    )
    summary = sanitise(item.summary_html) if item.summary_html else f"<p>{_escaped(_opening(words))}</p>"
    language = item.language or feed_language or "en"
    attachments: tuple[Attachment, ...] = ()
    if item.kind in ("link", "video") and item.link:
        attachments = (Attachment("link", item.link, "text/html", title),)
    image = Attachment("image", item.image_url, "", item.image_alt or "") if item.image_url else None
    return Body(
        texts=(Text(language, content, title, clip(summary, SUMMARY_LENGTH)),),
        language=language,
        attachments=attachments,
        hashtags=tuple(dict.fromkeys(tag for c in item.categories if (tag := _tag(c))))[:10],
        image=image,
        extra={
            "origin": origin,
            "link": item.link,
            "categories": list(item.categories)[:20],
            "byline": clean_name(item.author or ""),
            "indexed": origin == "ours",
        },
    )


def _opening(words: str) -> str:
    text = " ".join(words.split())
    return text if len(text) <= 240 else text[:239].rsplit(" ", 1)[0] + "…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _tag(category: str) -> str:
    return "".join(c for c in category.lower() if c.isalnum())[:50]
