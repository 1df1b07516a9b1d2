"""Status, Context, StatusSource, MediaAttachment, Poll, PreviewCard, Tag, Search.

Every field is always there. Nothing narrower than Public is ever shown as public or unlisted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from fedi_community.domain.filters import Match
from fedi_community.domain.model import SERVER, TITLED, State, Text
from fedi_community.domain.text import clip, shown, shown_text, without_pictures
from fedi_community.domain.views import ActorView, AttachmentView, PostView
from fedi_community.mastodon.entities.accounts import ACCOUNT, EMOJI, VISIBILITIES, account, moment, page_url
from fedi_community.mastodon.entities.schema import (
    ANYTHING,
    BOOL,
    COUNT,
    EMPTY,
    ID,
    INT,
    MOMENT,
    STR,
    URL,
    Schema,
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
CARD_OR_NOTHING: Final[Schema] = {"anyOf": [CARD, EMPTY]}
STATUS_TAG: Final = shape(name=STR, url=URL)
STATUS: Final = entity(
    "Status",
    {"favourited": BOOL, "reblogged": BOOL, "muted": BOOL, "bookmarked": BOOL, "pinned": BOOL, "filtered": many(ANYTHING),
     "held": BOOL, "removed": BOOL, "note": BOOL},
    id=ID, uri=URL, url=URL, created_at=MOMENT, edited_at=maybe(MOMENT), account=ACCOUNT, content=STR, text=maybe(STR),
    visibility=one_of(*VISIBILITIES), local_only=BOOL, sensitive=BOOL, spoiler_text=STR, media_attachments=many(MEDIA),
    mentions=many(shape(id=ID, username=STR, acct=STR, url=URL)), tags=many(STATUS_TAG), emojis=many(EMOJI),
    reblogs_count=COUNT, favourites_count=COUNT, replies_count=COUNT, quotes_count=COUNT, in_reply_to_id=maybe(ID),
    in_reply_to_account_id=maybe(ID), reblog=maybe(ref("Status")), poll=maybe(POLL), card=maybe(CARD),
    language=maybe(STR), application=maybe(shape(name=STR, website=maybe(URL))), quote=maybe(ANYTHING),
    quote_approval=shape(automatic=many(STR), manual=many(STR), current_user=STR),
    group=maybe(shape(id=ID, acct=STR)),
)  # fmt: skip
CONTEXT: Final = entity("Context", ancestors=many(STATUS), descendants=many(STATUS))
EDIT: Final = entity(
    "StatusEdit",
    content=STR, spoiler_text=STR, sensitive=BOOL, created_at=MOMENT, account=ACCOUNT, media_attachments=many(MEDIA),
    emojis=many(EMOJI),
)  # fmt: skip
SOURCE_TEXT: Final = entity("StatusSource", id=ID, text=STR, spoiler_text=STR)
TAG: Final = entity(
    "Tag", id=STR, name=STR, url=URL, history=many(shape(day=STR, uses=STR, accounts=STR)), following=BOOL
)
SEARCH_V1: Final = entity("SearchV1", accounts=many(ACCOUNT), statuses=many(STATUS), hashtags=many(STR))
SEARCH: Final = entity("Search", accounts=many(ACCOUNT), statuses=many(STATUS), hashtags=many(TAG))


def attachment(item: AttachmentView) -> dict[str, Any]:
    """A MediaAttachment. One that is still processed has no `url`."""
    preview = item.preview_url or (item.url if item.kind in ("image", "unknown") or not item.own else None)
    return {
        "id": str(item.id),
        "type": item.kind if item.kind in ("image", "gifv", "video", "audio") else "unknown",
        "url": item.url or None,
        "preview_url": preview or None,
        "remote_url": None if item.own else item.url,
        "preview_remote_url": None,
        "text_url": None,
        "meta": _meta(item),
        "description": item.name or None,
        "blurhash": item.blurhash,
    }


def _meta(item: AttachmentView) -> dict[str, Any] | None:
    """Sizes as whole numbers; never a list."""
    found: dict[str, Any] = {}
    if item.width and item.height:
        found["original"] = _size(item.width, item.height)
    if item.kind in ("video", "audio") and "duration" in item.meta:
        found.setdefault("original", {}).update(
            {name: item.meta[name] for name in ("duration", "bitrate", "frame_rate") if name in item.meta}
        )
        found["length"] = _clock(item.meta["duration"])
    if "small" in item.meta:
        found["small"] = _size(*item.meta["small"])
    if item.focus:
        found["focus"] = {"x": item.focus[0], "y": item.focus[1]}
    return found or None


def _size(width: int, height: int) -> dict[str, Any]:
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}


def _clock(seconds: float) -> str:
    minutes, rest = divmod(float(seconds), 60)
    return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{rest:05.2f}"


def content_of(post: PostView, base_url: str, text: Text | None = None) -> str:
    """A post's HTML for clients: a title is the bold first line, the rest is cut with a link to all of it. text: an earlier one."""
    text = text or post.text()
    body = shown(without_pictures(text.content) if post.no_media else text.content)
    if post.kind not in TITLED and not text.name:
        return body
    title = f"<p><strong>{escape(text.name)}</strong></p>" if text.name else ""
    if len(body) > MAX_CONTENT or (not shown_text(body) and post.url):
        link = escape(post_url(post, base_url), quote=True)
        body = clip(body, MAX_CONTENT) + f'<p><a href="{link}" rel="nofollow noopener">{link}</a></p>'
    return title + (body or shown(text.summary))


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
        "description": shown_text(text.summary)[:300],
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


def poll(post: PostView, now: int, viewer_id: int = 0) -> dict[str, Any] | None:
    """A Poll. Hidden totals are null until it ends, for its author too, as clients expect."""
    view = post.poll
    if view is None:
        return None
    told = view.told(now)
    return {
        "id": str(post.id),
        "expires_at": moment(view.expires) if view.expires else None,
        "expired": bool(view.expires and view.expires <= now),
        "multiple": view.multiple,
        "votes_count": sum(o.get("votes") or 0 for o in view.options) if told else 0,
        "voters_count": view.voters if told else None,
        "options": [
            {"title": o["name"], "votes_count": (o.get("votes") or 0) if told else None} for o in view.options
        ],
        "emojis": [],
        "own_votes": list(view.own) if viewer_id else [],
        "voted": bool(viewer_id and (view.own or post.author.id == viewer_id)),
    }


QUOTE_APPROVAL: Final[dict[str, Any]] = {"automatic": [], "manual": [], "current_user": "denied"}
"""Nobody quotes here yet."""
People = dict[int, dict[str, Any]]
"""Accounts of a page by id, each made once."""


def account_in(people: People, actor: ActorView, base_url: str) -> dict[str, Any]:
    found: dict[str, Any] | None = people.get(actor.id)
    if found is None:
        found = actor.memo.get("account")
        if found is None:
            found = actor.memo["account"] = account(actor, base_url)
        people[actor.id] = found
    return found


def statuses(
    posts: Iterable[PostView], base_url: str, *, now: int = 0, viewer_id: int = 0,
    filtered: Mapping[int, list[dict[str, Any]]] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """A page of Statuses. filtered: FilterResults by post."""
    people: People = {}
    marks = filtered or {}
    return [
        status(post, base_url, now=now, viewer_id=viewer_id, people=people, filtered=marks.get(post.id, ()))
        for post in posts
    ]


def status(
    post: PostView, base_url: str, *, now: int = 0, viewer_id: int = 0, people: People | None = None,
    filtered: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:  # fmt: skip
    """A Status. A boost says of itself what is true of what it boosts: its counts, and what the viewer did."""
    boosted, people = post.boost, {} if people is None else people
    told = boosted or post
    made = {
        **_unchanging(post, base_url),
        "account": account_in(people, post.author, base_url),
        "media_attachments": [attachment(a) for a in post.attachments if a.kind != "link"],
        "mentions": [
            {"id": str(m.id), "username": m.handle, "acct": m.acct, "url": page_url(m, base_url)}
            for m in post.mentions
        ],
        "reblogs_count": told.boosts_count,
        "favourites_count": told.likes_count,
        "replies_count": told.replies_count,
        "in_reply_to_id": str(post.reply_to) if post.reply_to else None,
        "in_reply_to_account_id": str(post.reply_to_author) if post.reply_to_author else None,
        "reblog": None,
        "poll": poll(post, now, viewer_id),
        "group": {"id": str(post.group.id), "acct": post.group.acct} if post.group is not None else None,
    }
    if post.state is State.HELD:  # for its author and those who moderate its group; nobody else is shown it
        made["held"] = True
    if post.state is State.REMOVED:  # likewise: hidden in its group
        made["removed"] = True
    if post.note:  # the group's own word about what it answers
        made["note"] = True
    if boosted is not None:
        made["content"], made["url"] = "", post_url(boosted, base_url)
        made["reblog"] = status(
            boosted, base_url, now=now, viewer_id=viewer_id, people=people, filtered=filtered
        )
    if viewer_id:
        mine = told.mine
        made["favourited"], made["reblogged"] = "like" in mine, "boost" in mine
        made["muted"], made["bookmarked"] = "mute" in mine, "bookmark" in mine
        made["filtered"] = list(filtered)
        if boosted is None and viewer_id in (post.author.id, post.group.id if post.group else 0):
            made["pinned"] = "pin" in mine
    return made


def _unchanging(post: PostView, base_url: str) -> dict[str, Any]:
    """What a Status says until its post is edited: made once, not for each reader."""
    memo, key = post.parts.memo, f"status {post.kind} {post.gated} {post.no_media} {post.sensitive}"
    made: dict[str, Any] | None = memo.get(key)
    if made is None:
        made = memo[key] = {
            "id": str(post.id),
            "uri": post.uri,
            "url": post_url(post, base_url),
            "created_at": moment(post.published),
            "edited_at": moment(post.edited) if post.edited else None,
            "content": content_of(post, base_url),
            "text": None,
            "visibility": post.visibility,
            "local_only": SERVER in post.audience and post.visibility == "private",
            "sensitive": post.sensitive,
            "spoiler_text": post.warning,
            "tags": [{"name": name, "url": f"{base_url}/tags/{name}"} for name in post.hashtags],
            "emojis": [
                {
                    "shortcode": e[0],
                    "url": e[1],
                    "static_url": e[1],
                    "visible_in_picker": False,
                    "category": None,
                }
                for e in post.extra.get("emojis", ())
            ],
            "quotes_count": 0,
            "card": card(post, base_url),
            "language": post.language,
            "application": None,
            "quote": None,
            "quote_approval": QUOTE_APPROVAL,
        }
    return made


def revision(
    text: Text, warning: str, at: int, post: PostView, base_url: str, people: People
) -> dict[str, Any]:
    """A StatusEdit: one revision of a post's text."""
    return {
        "content": content_of(post, base_url, text),
        "spoiler_text": warning,
        "sensitive": post.sensitive,
        "created_at": moment(at),
        "account": account_in(people, post.author, base_url),
        "media_attachments": [attachment(a) for a in post.attachments if a.kind != "link"],
        "emojis": [],
    }


def tag(name: str, base_url: str, following: bool = False) -> dict[str, Any]:
    """A Tag; nobody counts who uses it."""
    return {"id": name, "name": name, "url": f"{base_url}/tags/{name}", "history": [], "following": following}


def source(post: PostView) -> dict[str, Any]:
    """A StatusSource."""
    return {"id": str(post.id), "text": post.text().source or "", "spoiler_text": post.warning}


def filter_result(match: Match) -> dict[str, Any]:
    """A FilterResult: which filter of the reader a Status falls under, and by what."""
    one = match.filter
    return {
        "filter": {
            "id": str(one.id),
            "title": one.title,
            "context": list(one.contexts),
            "expires_at": moment(one.expires) if one.expires else None,
            "filter_action": one.action,
        },
        "keyword_matches": list(match.keywords) or None,
        "status_matches": [str(i) for i in match.statuses] or None,
    }
