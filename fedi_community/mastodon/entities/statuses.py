"""Status, Context, StatusSource, MediaAttachment, Poll, PreviewCard, Tag, Search.

Every field is always there. Nothing narrower than Public is ever shown as public or unlisted.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final

from fedi_community.domain.model import SERVER, TITLED
from fedi_community.domain.text import clip, plain, sanitise
from fedi_community.domain.views import AttachmentView, PostView
from fedi_community.mastodon.entities.accounts import ACCOUNT, EMOJI, VISIBILITIES, account, moment, page_url
from fedi_community.mastodon.entities.schema import (
    ANYTHING,
    BOOL,
    COUNT,
    ID,
    INT,
    MOMENT,
    STR,
    URL,
    entity,
    many,
    maybe,
    one_of,
    ref,
    shape,
)

MAX_CONTENT: Final = 20_000

MEDIA: Final = entity(
    "MediaAttachment",
    id=ID, type=one_of("image", "gifv", "video", "audio", "unknown"), url=maybe(URL), preview_url=maybe(URL),
    remote_url=maybe(URL), preview_remote_url=maybe(URL), text_url=maybe(URL), meta=maybe(ANYTHING),
    description=maybe(STR), blurhash=maybe(STR),
)  # fmt: skip
POLL: Final = entity(
    "Poll",
    id=ID, expires_at=maybe(MOMENT), expired=BOOL, multiple=BOOL, votes_count=COUNT, voters_count=maybe(COUNT),
    options=many(shape(title=STR, votes_count=maybe(COUNT))), emojis=many(EMOJI), own_votes=many(INT), voted=BOOL,
)  # fmt: skip
CARD: Final = entity(
    "PreviewCard",
    url=URL, title=STR, description=STR, language=maybe(STR), type=one_of("link", "photo", "video", "rich"),
    author_name=STR, author_url=STR, authors=many(ANYTHING), provider_name=STR, provider_url=STR, html=STR, width=COUNT,
    height=COUNT, image=maybe(URL), image_description=STR, embed_url=STR, blurhash=maybe(STR),
    published_at=maybe(MOMENT),
)  # fmt: skip
STATUS_TAG: Final = shape(name=STR, url=URL)
STATUS: Final = entity(
    "Status",
    {"favourited": BOOL, "reblogged": BOOL, "muted": BOOL, "bookmarked": BOOL, "pinned": BOOL, "filtered": many(ANYTHING)},
    id=ID, uri=URL, url=URL, created_at=MOMENT, edited_at=maybe(MOMENT), account=ACCOUNT, content=STR, text=maybe(STR),
    visibility=one_of(*VISIBILITIES), local_only=BOOL, sensitive=BOOL, spoiler_text=STR, media_attachments=many(MEDIA),
    mentions=many(shape(id=ID, username=STR, acct=STR, url=URL)), tags=many(STATUS_TAG), emojis=many(EMOJI),
    reblogs_count=COUNT, favourites_count=COUNT, replies_count=COUNT, quotes_count=COUNT, in_reply_to_id=maybe(ID),
    in_reply_to_account_id=maybe(ID), reblog=maybe(ref("Status")), poll=maybe(POLL), card=maybe(CARD),
    language=maybe(STR), application=maybe(shape(name=STR, website=maybe(URL))), quote=maybe(ANYTHING),
    group=maybe(shape(id=ID, acct=STR)),
)  # fmt: skip
CONTEXT: Final = entity("Context", ancestors=many(STATUS), descendants=many(STATUS))
SOURCE_TEXT: Final = entity("StatusSource", id=ID, text=STR, spoiler_text=STR)
TAG: Final = entity(
    "Tag", id=STR, name=STR, url=URL, history=many(shape(day=STR, uses=STR, accounts=STR)), following=BOOL
)
SEARCH: Final = entity("Search", accounts=many(ACCOUNT), statuses=many(STATUS), hashtags=many(TAG))


def attachment(item: AttachmentView) -> dict[str, Any]:
    """A MediaAttachment."""
    size: dict[str, Any] = {}
    if item.width and item.height:
        size["original"] = {
            "width": item.width, "height": item.height, "size": f"{item.width}x{item.height}",
            "aspect": item.width / item.height,
        }  # fmt: skip
    if item.focus:
        size["focus"] = {"x": item.focus[0], "y": item.focus[1]}
    return {
        "id": str(item.id),
        "type": item.kind if item.kind in ("image", "video", "audio") else "unknown",
        "url": item.url,
        "preview_url": item.preview_url or item.url,
        "remote_url": item.url,
        "preview_remote_url": None,
        "text_url": None,
        "meta": size or None,
        "description": item.name or None,
        "blurhash": item.blurhash,
    }


def content_of(post: PostView, base_url: str, languages: tuple[str, ...] = ()) -> str:
    """A post's HTML for clients: a title is the bold first line, the rest is cut with a link to all of it."""
    text = post.text(*languages)
    body = sanitise(text.content)
    if post.kind not in TITLED and not text.name:
        return body
    title = f"<p><strong>{escape(text.name)}</strong></p>" if text.name else ""
    if len(body) > MAX_CONTENT or (not plain(body) and post.url):
        link = escape(post_url(post, base_url), quote=True)
        body = clip(body, MAX_CONTENT) + f'<p><a href="{link}" rel="nofollow noopener">{link}</a></p>'
    return title + (body or sanitise(text.summary))


def post_url(post: PostView, base_url: str) -> str:
    return f"{base_url}/objects/{post.id}" if post.local else post.url or post.uri


def card(post: PostView, base_url: str) -> dict[str, Any] | None:
    """The headline box of a titled post."""
    text = post.text()
    if post.kind not in TITLED or not text.name:
        return None
    image = post.image or {}
    return {
        "url": post_url(post, base_url),
        "title": text.name,
        "description": plain(text.summary)[:300],
        "language": post.language,
        "type": "link",
        "author_name": "",
        "author_url": "",
        "authors": [],
        "provider_name": "",
        "provider_url": "",
        "html": "",
        "width": int(image.get("width") or 0),
        "height": int(image.get("height") or 0),
        "image": image.get("url"),
        "image_description": image.get("name") or "",
        "embed_url": "",
        "blurhash": None,
        "published_at": moment(post.published),
    }


def poll(post: PostView, now: int, signed_in: bool) -> dict[str, Any] | None:
    if post.poll is None:
        return None
    view = post.poll
    made: dict[str, Any] = {
        "id": str(post.id),
        "expires_at": moment(view.expires) if view.expires else None,
        "expired": bool(view.expires and view.expires <= now),
        "multiple": view.multiple,
        "votes_count": sum(o.get("votes") or 0 for o in view.options),
        "voters_count": view.voters,
        "options": [{"title": o["name"], "votes_count": o.get("votes") or 0} for o in view.options],
        "emojis": [],
        "own_votes": list(view.own),
        "voted": bool(view.own),
    }
    if not signed_in:
        made["own_votes"], made["voted"] = [], False
    return made


def status(post: PostView, base_url: str, *, now: int = 0, viewer_id: int = 0) -> dict[str, Any]:
    """A Status."""
    boosted = post.boost
    shown = {
        "id": str(post.id),
        "uri": post.uri,
        "url": post_url(boosted or post, base_url),
        "created_at": moment(post.published),
        "edited_at": moment(post.edited) if post.edited else None,
        "account": account(post.author, base_url),
        "content": "" if boosted else content_of(post, base_url),
        "text": None,
        "visibility": post.visibility,
        "local_only": SERVER in post.audience and post.visibility == "private",
        "sensitive": post.sensitive,
        "spoiler_text": post.warning,
        "media_attachments": [attachment(a) for a in post.attachments if a.kind != "link"],
        "mentions": [
            {"id": str(m.id), "username": m.handle, "acct": m.acct, "url": page_url(m, base_url)}
            for m in post.mentions
        ],
        "tags": [{"name": name, "url": f"{base_url}/tags/{name}"} for name in post.hashtags],
        "emojis": [
            {"shortcode": e[0], "url": e[1], "static_url": e[1], "visible_in_picker": False, "category": None}
            for e in post.extra.get("emojis", [])
        ],
        "reblogs_count": post.boosts_count,
        "favourites_count": post.likes_count,
        "replies_count": post.replies_count,
        "quotes_count": 0,
        "in_reply_to_id": str(post.reply_to) if post.reply_to else None,
        "in_reply_to_account_id": str(post.reply_to_author) if post.reply_to_author else None,
        "reblog": status(boosted, base_url, now=now, viewer_id=viewer_id) if boosted else None,
        "poll": poll(post, now, bool(viewer_id)),
        "card": card(post, base_url),
        "language": post.language,
        "application": None,
        "quote": None,
        "group": {"id": str(post.group.id), "acct": post.group.acct} if post.group is not None else None,
    }
    if viewer_id:
        shown |= {
            "favourited": "like" in post.mine,
            "reblogged": "boost" in post.mine,
            "muted": False,
            "bookmarked": "bookmark" in post.mine,
            "filtered": [],
        }
        if post.author.id == viewer_id:
            shown["pinned"] = False
    return shown


def tag(name: str, base_url: str, following: bool = False) -> dict[str, Any]:
    """A Tag; nobody counts who uses it."""
    return {"id": name, "name": name, "url": f"{base_url}/tags/{name}", "history": [], "following": following}


def source(post: PostView) -> dict[str, Any]:
    """A StatusSource."""
    return {"id": str(post.id), "text": post.text().source or "", "spoiler_text": post.warning}
