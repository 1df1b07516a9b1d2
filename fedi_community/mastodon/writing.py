"""What somebody writes, from what his client sent to what is decided about: text, poll, files, audience.

The same parameters are kept as they are for a post that is put off, and read again when it is published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fedi_community.domain import polls, uploads
from fedi_community.domain.counting import length_of
from fedi_community.domain.effects import ChangeUpload
from fedi_community.domain.model import Attachment, Body, Kind, Text, Visibility
from fedi_community.domain.polls import NewPoll
from fedi_community.domain.posts import Compose
from fedi_community.domain.text import hashtags_in, markdown_to_html, mentions_in
from fedi_community.domain.views import PostView
from fedi_community.errors import Problem, Refusal
from fedi_community.mastodon import circles, entities
from fedi_community.mastodon.base import Call
from fedi_community.mastodon.params import FALSE, Param, invalid
from fedi_community.perform import House

MAX_CHARACTERS: Final = 5000
"""Of text and warning together, counted as clients count."""
MAX_WARNING: Final = 500
WORDS: Final = (
    Param("status", default=""),
    Param("language", maximum=35),
    Param("spoiler_text", default="", maximum=MAX_WARNING),
    Param("sensitive", "flag"),
    Param("media_ids", "ids", doc="Uploads of one's own; an edit without it keeps what is attached"),
    Param(
        "poll",
        "object",
        doc="{options[], expires_in, multiple, hide_totals}; an edit without it keeps the poll",
    ),
)
VISIBILITY: Final = Param("visibility", choices=entities.VISIBILITIES)
CIRCLE: Final = Param("circle_id", "id", "A circle of one's own: its people read it, and nobody else")
Wanted = dict[str, Any]
"""What a client asked to post, as JSON: text spoiler_text sensitive language visibility in_reply_to_id media_ids poll."""


async def into_circle(call: Call, wanted: Wanted) -> Wanted:
    """With the people of the chosen circle, as they are now; of a circle that is not one's own nothing is said."""
    if call["circle_id"] is None:
        return wanted
    return {**wanted, "circle": await circles.people_of(call, call["circle_id"])}


def asked(call: Call) -> Wanted:
    """The parameters of a new post, with the member's own settings where nothing was sent. Raises `Problem` 422."""
    settings = call.who.settings
    text, warning = _words(call)
    poll = new_poll(call)
    sensitive = call["sensitive"] if call.sent("sensitive") else settings.get("posting:default:sensitive")
    spoken = call["language"] or settings.get("posting:default:language") or call.who.language
    wanted: Wanted = {
        "text": text,
        "spoiler_text": warning,
        "sensitive": bool(sensitive),
        "language": str(spoken).lower(),
        "visibility": call["visibility"] or settings.get("posting:default:visibility") or "private",
        "in_reply_to_id": call["in_reply_to_id"],
        "media_ids": list(call["media_ids"] or ()),
        "poll": None if poll is None else {
            "options": list(poll.options), "expires_in": poll.open_s, "multiple": poll.multiple,
            "hide_totals": poll.hide_totals,
        },
    }  # fmt: skip
    _complete(wanted["text"], warning, bool(wanted["media_ids"]), poll)
    return wanted


def _words(call: Call) -> tuple[str, str]:
    """Text and warning. A warning alone is the text, as clients expect."""
    text, warning = call["status"] or "", (call["spoiler_text"] or "").strip()
    if not text.strip() and warning and not call["media_ids"]:
        return warning, ""
    return text, warning


def _complete(text: str, warning: str, files: bool, poll: NewPoll | None) -> None:
    if not text.strip() and not files:
        raise Problem(422, "empty", "Validation failed: Text can't be blank")
    if length_of(text) + length_of(warning) > MAX_CHARACTERS:
        raise Problem(
            422, "too_long", f"Validation failed: Text character limit of {MAX_CHARACTERS} exceeded"
        )
    if files and poll is not None:
        raise Problem(422, "poll_and_media", "Cannot attach files to a post with a poll")


def new_poll(call: Call) -> NewPoll | None:
    """The poll of the request, None where there is none. Raises `Problem` 422."""
    sent = call["poll"]
    options = (sent or {}).get("options")
    if isinstance(options, str):
        options = [options]
    if not sent or not isinstance(options, list) or not options:
        return None
    named = tuple(str(o).strip() for o in options if isinstance(o, str | int | float) and str(o).strip())
    seconds = Param("expires_in", "number").read(sent.get("expires_in"))
    if seconds is None:
        raise invalid("expires_in", "can't be blank")
    poll = NewPoll(named, seconds, _yes(sent.get("multiple")), _yes(sent.get("hide_totals")))
    refused = polls.why_not(poll)
    if refused is not None:
        raise Problem.of(refused)
    return poll


def _yes(value: Any) -> bool:
    return value is not None and str(value).lower() not in FALSE


def compose_of(house: House, author_id: int, login_id: int, wanted: Mapping[str, Any], now: int) -> Compose:
    """What is decided about. A poll is open from `now`."""
    poll = wanted.get("poll")
    extra: dict[str, object] = {}
    if poll:
        new = NewPoll(tuple(poll["options"]), poll["expires_in"], poll["multiple"], poll["hide_totals"])
        extra["poll"] = new.stored(now)
    visibility: Visibility = wanted["visibility"]
    body = body_of(
        house, wanted["text"], wanted["spoiler_text"], wanted["sensitive"], wanted["language"],
        files(wanted["media_ids"]), extra=extra,
    )  # fmt: skip
    return Compose(
        author_id=author_id,
        body=body,
        visibility=visibility,
        kind=Kind.QUESTION if poll else Kind.NOTE,
        mentions=handles_in(house, wanted["text"]),
        reply_to=wanted["in_reply_to_id"],
        posted_by=login_id,
        circle=None if wanted.get("circle") is None else tuple(wanted["circle"]),
    )


def handles_in(house: House, text: str) -> tuple[tuple[str, str], ...]:
    """Whom a text names: (name, host), host "" for this server."""
    own = house.host
    return tuple(
        (name.lower() if not host or host == own else name, "" if host in (None, own) else host or "")
        for name, host in mentions_in(text)
    )


def body_of(
    house: House, text: str, warning: str, sensitive: bool, language: str, attached: tuple[Attachment, ...], *,
    name: str = "", extra: dict[str, object] | None = None,
) -> Body:  # fmt: skip
    base = house.base_url

    def mention(name: str, host: str | None) -> str | None:
        return f"{base}/@{name}" if host is None else f"https://{host}/@{name}"

    html = markdown_to_html(text, mention, lambda tag: f"{base}/tags/{tag.lower()}")
    return Body(
        texts=(Text(language, html, name, "", text, "text/markdown"),),
        language=language,
        sensitive=sensitive or bool(warning),
        warning=warning,
        attachments=attached,
        hashtags=tuple(dict.fromkeys(tag.lower() for tag in hashtags_in(text))),
        extra=extra or {},
    )


# --- editing --------------------------------------------------------------------------------------------------------------


def edited(call: Call, post: PostView, attached: tuple[Attachment, ...]) -> Body:
    """A post's new body. Raises `Problem` 422."""
    text, warning = _words(call)
    _complete(text, warning, bool(attached), None if not attached else new_poll(call))
    old = post.texts[0] if post.texts else None
    spoken = (call["language"] or post.language or call.who.language).lower()
    sensitive = (
        bool(call["sensitive"]) if call.sent("sensitive") else post.parts.sensitive and not post.warning
    )
    return body_of(
        call.house, text, warning, sensitive, spoken, attached, name=old.name if old is not None else ""
    )


def files(ids: Iterable[int]) -> tuple[Attachment, ...]:
    """Uploads by id: what they are is known where they are attached."""
    return tuple(Attachment("unknown", "", media_id=i) for i in ids)


def attached(call: Call, post: PostView) -> tuple[Attachment, ...]:
    """What an edited status has: what the client named, else what it had. What is no upload stays."""
    own = files(call["media_ids"] if call.sent("media_ids") else (a.id for a in post.attachments if a.own))
    others = (
        Attachment(a.kind, a.url, a.media_type, a.name, a.width, a.height, a.blurhash, a.focus)  # type: ignore[arg-type]
        for a in post.attachments
        if not a.own
    )
    return (*own, *others)


def described(call: Call) -> list[ChangeUpload]:
    """New words and focus for what is attached. Raises `Problem` 422."""
    found = []
    for item in call["media_attributes"] or ():
        upload_id = Param("id", "id").read(item.get("id", ""))
        name, focus = item.get("description"), uploads.focus_of(str(item.get("focus") or ""))
        if isinstance(focus, Refusal):
            raise Problem.of(focus)
        if isinstance(name, str) and len(name) > uploads.MAX_DESCRIPTION:
            raise Problem.of(uploads.LONG_DESCRIPTION)
        if upload_id is not None:
            found.append(ChangeUpload(upload_id, name.strip() if isinstance(name, str) else None, focus))
    return found
