"""Posts of ours as ActivityStreams objects: Note, Article, Page, Video, Event, Question; and the stone of a deleted one.

Pure: a view that has passed the rule in, a document out. Addressing comes from `common.address`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from bovine.activitystreams.link import Link
from bovine.activitystreams.object_factory import Object

from fedi_community.activitypub.render.common import Addressing, Document, Site, built, iso, without_context
from fedi_community.activitypub.render.contexts import CONTEXT, PUBLIC
from fedi_community.domain.model import TITLED, Kind, Text
from fedi_community.domain.text import clean_name, clip, plain
from fedi_community.domain.views import ActorView, AttachmentView, PostView

MAX_TITLE: Final = 150
MAX_ABSTRACT: Final = 500
MAX_ATTACHMENTS: Final = 32
_TYPES: Final = {"image": "Image"}
"""Others are a `Document` with its media type, as Mastodon has them: Lemmy 1.0 refuses a post with any third kind."""
_IMAGE: Final = re.compile(r"<img\b([^<>]*)>")
_ATTRIBUTE: Final = re.compile(r'\b(src|alt)="([^"]*)"')
_AS2_LINK: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What a document says beyond the view. context: address of the thread's collection.

    replies: ids of a first page to embed, None to name the collection alone; more: the next page's address. now: for
    polls that have closed. asks_first: answers are read before others see them.
    answered: the author of what it answers; Mastodon tells him only if he is mentioned. by_name: the one reader, in a copy for a
    server that knows no closed groups: Mastodon shows what is not public to whom it mentions, and prefills the group in his answer.
    """

    addressing: Addressing
    context: str | None = None
    replies: Sequence[str] | None = None
    more: str | None = None
    now: int = 0
    answered: ActorView | None = None
    asks_first: bool = False
    by_name: ActorView | None = None


def post_document(site: Site, post: PostView, facts: PostFacts) -> Document:
    """The document of a local post, with `@context`.

    Articles follow FEP-b2b8. Restricted posts carry an interaction policy that lets nobody boost or quote them.
    """
    text = post.text(post.language or "")
    titled = post.kind in TITLED
    document = built(
        Object(
            type=str(post.kind),
            id=post.uri,
            attributed_to=post.author.uri,
            published=iso(post.published),
            in_reply_to=post.reply_to_uri,
            name=clean_name(text.name, MAX_TITLE) if text.name and (titled or not post.reply_to) else None,
            summary=_summary(post, text, facts) if titled else post.warning or None,
            content=_content(post, text),
            source=_source(text),
            tag=_tags(site, post, facts),
            attachment=_attachments(site, post, text),
        )
    )
    document.setdefault("content", "")
    document |= facts.addressing.fields() | _languages(post, text, titled) | _links(post, facts)
    document["sensitive"] = post.sensitive
    if post.edited is not None:
        document["updated"] = iso(post.edited)
    if (picture := _picture(site, post.image)) is not None:
        document["image"] = picture
    document |= _of_kind(site, post, facts)
    policy = _policy(post, facts)
    if policy:
        document["interactionPolicy"] = policy
    return {**document, "@context": CONTEXT}


def _policy(post: PostView, facts: PostFacts) -> Document:
    """What GoToSocial and its kin let people do with a post: nobody boosts or quotes what is restricted, and its readers answer it;
    where answers are read first, theirs wait for our Accept."""
    only = {"automaticApproval": [post.author.uri], "manualApproval": []}
    found: Document = {}
    if not facts.addressing.public:
        readers = list(dict.fromkeys((post.author.uri, *facts.addressing.to, *facts.addressing.cc)))
        found = {
            "canAnnounce": only,
            "canQuote": only,
            "canReply": {"automaticApproval": readers, "manualApproval": []},
        }
    if facts.asks_first:
        someone = [PUBLIC] if facts.addressing.public else [*facts.addressing.to, *facts.addressing.cc]
        found["canReply"] = {"automaticApproval": [post.author.uri], "manualApproval": someone}
    return found


def _summary(post: PostView, text: Text, facts: PostFacts) -> str | None:
    """The abstract: Mastodon shows nothing else of an article but its name. Restricted words are not drawn out of it."""
    if text.summary:
        return clip(text.summary, MAX_ABSTRACT)
    if post.kind is not Kind.ARTICLE or not facts.addressing.public:
        return None
    opening = plain(text.content).split("\n", 1)[0]
    return f"<p>{html.escape(opening[: MAX_ABSTRACT - 1])}</p>" if opening else None


def _content(post: PostView, text: Text) -> str:
    """The text; a link post has its link at the end, since microblogs show no attachment of that kind."""
    link = next((a.url for a in post.attachments if a.kind == "link"), None)
    if post.kind is not Kind.PAGE or link is None or html.escape(link) in text.content:
        return text.content
    address = html.escape(link)
    return f'{text.content}<p><a href="{address}" rel="nofollow noopener noreferrer">{address}</a></p>'


def _source(text: Text) -> Document | None:
    if not text.source:
        return None
    return {"content": text.source, "mediaType": text.source_type or "text/markdown"}


def _languages(post: PostView, text: Text, titled: bool) -> Document:
    """Maps of all languages, the post's own first: Mastodon takes a post's language from the first key."""
    texts = [t for t in (text, *(t for t in post.texts if t is not text)) if t.language != "und"]
    if not texts:
        return {}
    found: Document = {"contentMap": {t.language: _content(post, t) for t in texts}}
    if titled and len(texts) > 1:
        found["nameMap"] = {t.language: clean_name(t.name, MAX_TITLE) for t in texts if t.name}
        found["summaryMap"] = {t.language: clip(t.summary, MAX_ABSTRACT) for t in texts if t.summary}
    return {name: part for name, part in found.items() if part}


def _links(post: PostView, facts: PostFacts) -> Document:
    replies = f"{post.uri}/replies"
    found: Document = {"replies": replies}
    if facts.replies is not None:
        page: Document = {
            "type": "CollectionPage",
            "partOf": replies,
            "items": list(facts.replies),
        }
        if facts.more:
            page["next"] = facts.more
        found["replies"] = {"id": replies, "type": "Collection", "first": page}
    if facts.context is not None:
        found["context"] = facts.context
    if facts.addressing.public:
        found["url"] = post.uri
    if post.quote is not None:
        found |= dict.fromkeys(("quote", "quoteUrl", "quoteUri", "_misskey_quote"), post.quote.uri)
    return found


def _of_kind(site: Site, post: PostView, facts: PostFacts) -> Document:
    found: Document
    match post.kind:
        case Kind.ARTICLE:
            found = {"preview": _preview(site, post)} if facts.addressing.public else {}
        case Kind.QUESTION:
            found = _poll(post, facts.now)
        case Kind.VIDEO:
            found = _video(post)
        case Kind.EVENT:
            found = _event(post)
        case _:
            found = {}
    if post.reply_to is None and post.reply_to_uri is None and post.group is not None:
        found["commentsEnabled"] = not post.locked
    return found


def _preview(site: Site, post: PostView) -> Document:
    """What a microblog may show instead (FEP-b2b8 `preview`)."""
    text = post.text(post.language or "")
    abstract = clip(text.summary, MAX_ABSTRACT) if text.summary else ""
    preview = without_context(
        built(
            Object(
                type="Note",
                attributed_to=post.author.uri,
                published=iso(post.published),
                content=f"<p><strong>{html.escape(clean_name(text.name, MAX_TITLE))}</strong></p>{abstract}",
            )
        )
    )
    if (picture := _picture(site, post.image)) is not None:
        preview["attachment"] = [picture]
    return preview


def _poll(post: PostView, now: int) -> Document:
    poll = post.poll
    if poll is None:
        return {}
    options = [
        {
            "type": "Note",
            "name": option["name"],
            "replies": {"type": "Collection", "totalItems": option.get("votes", 0) if poll.told(now) else 0},
        }
        for option in poll.options
    ]
    found: Document = {"anyOf" if poll.multiple else "oneOf": options, "votersCount": poll.voters or 0}
    if poll.expires is not None:
        found["endTime"] = iso(poll.expires)
        if poll.expires <= now:
            found["closed"] = iso(poll.expires)
    return found


def _video(post: PostView) -> Document:
    """`url` as a list, as PeerTube has it: the page first, then where the film is."""
    pages = [{"type": "Link", "mediaType": "text/html", "href": post.uri}]
    films = [
        {"type": "Link", "mediaType": a.media_type or "text/html", "href": a.url}
        for a in post.attachments
        if a.kind in ("link", "video")
    ]
    found: Document = {"url": pages + films}
    duration = post.extra.get("duration")
    if isinstance(duration, int | float):
        found["duration"] = f"PT{int(duration)}S"
    return found


def _event(post: PostView) -> Document:
    event = post.extra.get("event")
    if not isinstance(event, dict):
        return {}
    found: Document = {}
    for name, key in (("startTime", "start"), ("endTime", "end")):
        if isinstance(event.get(key), int):
            found[name] = iso(event[key])
    if event.get("place"):
        found["location"] = {"type": "Place", "name": event["place"]}
    return found


# --- tags and media -------------------------------------------------------------------------------------------------------


def _tags(site: Site, post: PostView, facts: PostFacts) -> list[Document]:
    """Mentions, hashtags, a quote's link. A thread mentions its group, so that clients prefill it in answers."""
    named = {actor.uri: actor for actor in post.mentions}
    if post.group is not None and post.reply_to is None and post.reply_to_uri is None:
        named.setdefault(post.group.uri, post.group)
    if (to := facts.answered) is not None and to.uri in (*facts.addressing.to, *facts.addressing.cc):
        named.setdefault(to.uri, to)
    if facts.by_name is not None and post.group is not None:
        named |= {one.uri: one for one in (post.group, facts.by_name)}
    found: list[Document] = [
        {"type": "Mention", "href": actor.uri, "name": f"@{site.handle(actor)}"} for actor in named.values()
    ]
    found += [
        {"type": "Hashtag", "href": f"{site.base}/tags/{quote(name)}", "name": f"#{name}"}
        for name in post.hashtags
    ]
    if post.quote is not None:
        link = Link(media_type=_AS2_LINK, href=post.quote.uri, name=f"RE: {post.quote.uri}")
        found.append(without_context(built(link)))
    return sorted(found, key=lambda tag: (tag["type"] != "Mention", tag["type"], tag["href"]))


def _attachments(site: Site, post: PostView, text: Text) -> list[Document]:
    """Links, media, and the images inside an article's text with their alternative text."""
    found = [_attachment(site, item) for item in post.attachments]
    known = {item.get("url") for item in found}
    if post.kind is Kind.ARTICLE:
        for url, alt in _inline_images(text.content):
            if url not in known:
                known.add(url)
                found.append({"type": "Image", "url": url, **({"name": alt} if alt else {})})
    return found[:MAX_ATTACHMENTS]


def _inline_images(content: str) -> list[tuple[str, str]]:
    """(address, alternative text) of the images of sanitised HTML."""
    found = []
    for match in _IMAGE.finditer(content):
        parts = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[1])}
        if parts.get("src"):
            found.append((parts["src"], parts.get("alt", "")))
    return found


def _attachment(site: Site, item: AttachmentView) -> Document:
    if item.kind == "link":
        link = Link(media_type=item.media_type or "text/html", href=item.url, name=item.name or None)
        return without_context(built(link))
    found: Document = {
        "type": _TYPES.get(item.kind, "Document"),
        "url": site.media_url(item.url),
        "mediaType": item.media_type,
        "name": item.name,
        "width": item.width,
        "height": item.height,
        "blurhash": item.blurhash,
        "focalPoint": list(item.focus) if item.focus else None,
    }
    return {name: part for name, part in found.items() if part}


def _picture(site: Site, picture: dict[str, Any] | None) -> Document | None:
    if not picture or not picture.get("url"):
        return None
    found: Document = {"type": "Image", "url": site.media_url(picture["url"])}
    return found | {
        name: picture[name]
        for name in ("mediaType", "name", "width", "height", "blurhash")
        if picture.get(name)
    }


def tombstone(uri: str, former: str, deleted: int | None) -> Document:
    """What remains of a deleted post, for those who could read it."""
    found: Document = {"@context": CONTEXT, "id": uri, "type": "Tombstone", "formerType": former}
    if deleted is not None:
        found["deleted"] = iso(deleted)
    return found
