"""From the wire's words to the domain's: `WireObject` -> `Incoming`, `WireActor` -> `LearnActor`.

Text is sanitised here, on the way in (and again by whoever shows it). No lookups: what an address means is decided with
the facts.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from fedi_community.activitypub.webfinger import Handle
from fedi_community.activitypub.wire import (
    PUBLIC,
    Attachment,
    WireActivity,
    WireActor,
    WireObject,
    addresses_group,
    group_candidates,
    thread_title,
)
from fedi_community.domain import model
from fedi_community.domain.arrivals import Incoming
from fedi_community.domain.effects import LearnActor
from fedi_community.domain.model import TITLED, Body, Kind, Text
from fedi_community.domain.origins import host_of
from fedi_community.domain.text import clean_name, markdown_to_html, sanitise

KINDS: Final = {
    "Note": Kind.NOTE,
    "Article": Kind.ARTICLE,
    "Page": Kind.PAGE,
    "Video": Kind.VIDEO,
    "Event": Kind.EVENT,
    "Question": Kind.QUESTION,
    "Audio": Kind.PAGE,  # Funkwhale: shown as a link to the sound
    "Image": Kind.NOTE,
    "Link": Kind.PAGE,
    "ChatMessage": Kind.NOTE,  # Pleroma, Mbin: always to one person
}
_MEDIA: Final = {"Image": "image", "Video": "video", "Audio": "audio", "Link": "link"}
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
UNKNOWN_LANGUAGE: Final = "und"
MAX_ANSWER: Final = 200
"""Characters of a poll's answer."""


def language_of(tag: str | None) -> str | None:
    """A BCP-47 tag in lower case, None when it is none."""
    return tag.lower() if tag and _LANGUAGE.fullmatch(tag) else None


def attachment_of(item: Attachment | None) -> model.Attachment | None:
    """A picture or file of a peer, by its address there."""
    if item is None:
        return None
    kind: Any = _MEDIA.get(item.kind, "unknown")
    return model.Attachment(
        kind, item.url, item.media_type or "", clean_name(item.name or "", 1500), item.width, item.height,
        item.blurhash, item.focus,
    )  # fmt: skip


def texts_of(obj: WireObject) -> tuple[Text, ...]:
    """One `Text` a language: the maps where there are any, else the plain fields under the object's language."""
    plain_language = language_of(obj.language) or UNKNOWN_LANGUAGE
    content, names, summaries = dict(obj.content_map), dict(obj.name_map), dict(obj.summary_map)
    warning = obj.kind in ("Note", "Question", "Image", "ChatMessage")
    found: dict[str, Text] = {}
    for tag in content or {plain_language: ""}:
        language = language_of(tag) or UNKNOWN_LANGUAGE
        html = content.get(tag) or obj.content or ""
        found[language] = Text(
            language,
            _html(html, obj.media_type),
            clean_name(names.get(tag) or obj.name or ""),
            "" if warning else sanitise(summaries.get(tag) or obj.summary or ""),
            obj.source.content[:200_000] if obj.source else None,
            obj.source.media_type if obj.source else None,
        )
    return tuple(found.values())


def _html(content: str, media_type: str) -> str:
    if media_type == "text/markdown":  # PeerTube
        return markdown_to_html(content)
    if media_type == "text/plain":
        return sanitise(
            "<p>" + content.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>") + "</p>"
        )
    return sanitise(content)


def body_of(obj: WireObject, group_handles: tuple[str, ...] = ()) -> Body:
    """Everything a post says. A thread without a title gets one from its first line."""
    kind = KINDS.get(obj.kind, Kind.NOTE)
    texts = texts_of(obj)
    if kind in TITLED and texts and not texts[0].name:
        title = thread_title(obj, group_handles)
        texts = tuple(Text(t.language, t.content, title, t.summary, t.source, t.source_type) for t in texts)
    warning = clean_name(obj.summary or "", 500) if kind in (Kind.NOTE, Kind.QUESTION) and obj.summary else ""
    return Body(
        texts=texts,
        language=texts[0].language if texts and texts[0].language != UNKNOWN_LANGUAGE else None,
        sensitive=obj.sensitive or bool(warning),
        warning=warning,
        url=obj.url or obj.id,
        attachments=tuple(a for item in obj.attachments if (a := attachment_of(item)) is not None),
        hashtags=tuple(dict.fromkeys(tag.name.lower()[:100] for tag in obj.hashtags if tag.name)),
        emojis=tuple((e.shortcode, e.url) for e in obj.emojis),
        image=attachment_of(obj.image or (obj.icon if kind in TITLED else None)),
        extra=_extra(obj),
    )


def _extra(obj: WireObject) -> dict[str, object]:
    extra: dict[str, object] = {}
    if obj.poll is not None:
        poll = obj.poll
        extra["poll"] = {
            "options": [
                {"name": clean_name(o.name, MAX_ANSWER), "votes": o.votes or 0} for o in poll.options
            ],
            "multiple": poll.multiple,
            "expires": poll.closed_ms or poll.ends_ms,
            "voters": poll.voters,
        }
    if obj.event is not None:
        extra["event"] = {
            "start": obj.event.start_ms,
            "end": obj.event.end_ms,
            "place": clean_name(obj.event.location or ""),
        }
    if obj.video is not None and obj.video.duration_s is not None:
        extra["duration"] = obj.video.duration_s
    if obj.emojis:
        extra["emojis"] = [[e.shortcode, e.url] for e in obj.emojis]
    return extra


def incoming_of(
    obj: WireObject, author: str, now_ms: int, activity: WireActivity | None = None, raw: bytes | None = None,
    relayed_by: str | None = None,
) -> Incoming:  # fmt: skip
    """The post as its verified author sent it. Audience is the object's own, never the wrapper's (a wrapper may be wider)."""
    public_at: model.Place | None = "to" if PUBLIC in obj.to else "cc" if PUBLIC in obj.cc else None
    if obj.kind == "ChatMessage":
        public_at = None
    candidates = group_candidates(obj)
    titled = bool(obj.name) and not obj.is_vote
    posts_to = frozenset(
        g for g in candidates
        if addresses_group(obj, g) or g in obj.to or (titled and g in obj.cc) or g in obj.audience or g not in (*obj.to, *obj.cc)
    )  # fmt: skip
    return Incoming(
        uri=obj.id,
        author_uri=author,
        kind=KINDS.get(obj.kind, Kind.NOTE),
        body=body_of(obj),
        published=min(obj.published_ms or now_ms, now_ms),
        to=tuple(u for u in obj.to if u != PUBLIC),
        cc=tuple(u for u in obj.cc if u != PUBLIC),
        public_at=public_at,
        in_reply_to=obj.in_reply_to,
        group_uris=candidates,
        posts_to=posts_to,
        mentions=tuple(dict.fromkeys(m.href for m in obj.mentions))[:50],
        quote_uri=obj.quote,
        addressed={"to": list(obj.to), "cc": list(obj.cc), "audience": list(obj.audience)},
        context_uri=obj.context,
        activity_uri=activity.id if activity is not None else None,
        raw=raw,
        relayed_by=relayed_by,
        edited=obj.updated_ms if obj.updated_ms and obj.updated_ms > (obj.published_ms or 0) else None,
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _picture(item: Attachment | None) -> str | None:
    return _json({"url": item.url, "mediaType": item.media_type, "name": item.name}) if item else None


def _named_accounts(actor: WireActor) -> list[str]:
    """The accounts it calls its own, where it moved to among them: what a Move is believed by (FEP-7628)."""
    return list(dict.fromkeys((*actor.also_known_as, *([actor.moved_to] if actor.moved_to else []))))


def learn_actor(
    actor: WireActor, handle: Handle, new_id: int, now_ms: int, moderators: tuple[str, ...] = ()
) -> LearnActor:
    """The rows of a remote actor from its own, verified document. `handle` is what WebFinger confirmed."""
    keys = tuple(
        (key.id, "rsa" if key.pem else "ed25519", key.pem or key.multibase or "") for key in actor.keys[:10]
    )
    columns: dict[str, Any] = {
        "type": actor.kind,
        "handle": handle.name,
        "handle_host": handle.host,
        "name": clean_name(actor.name or ""),
        "summary": sanitise(actor.summary or ""),
        "language": language_of(actor.languages[0]) if actor.languages else None,
        "url": actor.url or actor.id,
        "inbox": actor.inbox,
        "shared_inbox": actor.shared_inbox,
        "outbox": actor.outbox,
        "followers_uri": actor.followers,
        "following_uri": actor.following,
        "featured_uri": actor.featured,
        "moderators_uri": actor.moderators,
        "icon": _picture(actor.icon),
        "image": _picture(actor.image),
        "fields": _json([{"name": clean_name(f.name), "value": sanitise(f.value)} for f in actor.fields]),
        "locked": int(actor.locked),
        "discoverable": int(bool(actor.discoverable)),
        "indexable": int(bool(actor.indexable)),
        "also_known_as": _json(_named_accounts(actor)),
        "moderators": _json(list(moderators or actor.moderator_ids)),
        "mods_only": int(actor.restricted_posting),
        "implements": _json(list(actor.implements)),
        "published": min(actor.published_ms, now_ms) if actor.published_ms else None,
        "updated": min(actor.updated_ms, now_ms) if actor.updated_ms else None,
    }
    return LearnActor(new_id, actor.id, host_of(actor.id) or "", columns, keys, now_ms)
