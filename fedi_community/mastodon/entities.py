"""Entities as strict clients decode them, in one place: account, status, attachment, relationship, poll and the rest.

Every field is always there. Nothing narrower than Public is ever shown as public or unlisted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from fedi_community.domain.model import SERVER, Kind
from fedi_community.domain.text import clip, plain, sanitise
from fedi_community.domain.views import ActorView, AttachmentView, PostView

MAX_CONTENT: Final = 20_000
TITLED: Final = frozenset({Kind.ARTICLE, Kind.PAGE, Kind.VIDEO, Kind.EVENT})


def moment(ms: int) -> str:
    """`2026-01-02T03:04:05.678Z`: the one form that all clients parse."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def day(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def account(actor: ActorView, base_url: str) -> dict[str, Any]:
    """An Account."""
    avatar = (actor.icon or {}).get("url") or f"{base_url}/static/missing.png"
    header = (actor.image or {}).get("url") or f"{base_url}/static/missing.png"
    return {
        "id": str(actor.id),
        "username": actor.handle,
        "acct": actor.acct,
        "display_name": actor.name,
        "locked": actor.locked,
        "bot": actor.type in ("Service", "Application"),
        "group": actor.is_group,
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
        "noindex": not actor.indexable,
        "created_at": moment(actor.created),
        "note": sanitise(actor.summary),
        "url": page_url(actor, base_url),
        "uri": actor.uri,
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": (actor.icon or {}).get("name") or "",
        "header": header,
        "header_static": header,
        "header_description": "",
        "followers_count": actor.followers_count if actor.followers_count >= 10 else 0,
        "following_count": 0,
        "statuses_count": max(actor.posts_count, 0),
        "last_status_at": day(actor.last_post_at),
        "hide_collections": True,
        "emojis": [],
        "roles": [],
        "fields": [
            {"name": field.get("name", ""), "value": sanitise(field.get("value", "")), "verified_at": None}
            for field in actor.fields
        ],
    }


def page_url(actor: ActorView, base_url: str) -> str:
    """The page for people."""
    if not actor.local:
        return actor.url or actor.uri
    return f"{base_url}/groups/{actor.handle}" if actor.is_group else f"{base_url}/@{actor.handle}"


def credential_account(actor: ActorView, base_url: str, settings: dict[str, Any]) -> dict[str, Any]:
    """A CredentialAccount: the account with its source."""
    made = account(actor, base_url)
    made["source"] = {
        "note": plain(actor.summary),
        "fields": [
            {"name": f.get("name", ""), "value": plain(f.get("value", "")), "verified_at": None}
            for f in actor.fields
        ],
        "privacy": settings.get("posting:default:visibility", "private"),
        "sensitive": bool(settings.get("posting:default:sensitive", False)),
        "language": settings.get("posting:default:language"),
        "follow_requests_count": 0,
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
        "hide_collections": True,
        "attribution_domains": [],
        "quote_policy": "nobody",
    }
    made["role"] = {"id": "-99", "name": "", "color": "", "permissions": "0", "highlighted": False}
    return made


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


def relationship(actor_id: int, **known: bool) -> dict[str, Any]:
    """A Relationship; what is not named is false."""
    made: dict[str, Any] = dict.fromkeys(
        "following showing_reblogs notifying followed_by blocking blocked_by muting muting_notifications requested "
        "requested_by domain_blocking endorsed".split(),
        False,
    )
    made |= {"id": str(actor_id), "languages": None, "note": ""}
    return made | known
