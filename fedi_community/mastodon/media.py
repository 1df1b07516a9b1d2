"""/api/v1/media and /api/v2/media: files for posts, sent before the post that they belong to."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain.uploads import MAX_ATTACHED, MAX_DESCRIPTION, focus_of
from fedi_community.domain.views import AttachmentView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Answer, Call, Table, member
from fedi_community.mastodon.params import Param, invalid
from fedi_community.media import kinds
from fedi_community.uploads import Uploads, refused

table = Table("media")
QUICK_MS: Final = 1500
"""How long version 2 waits before it says that it is still at work; most pictures are done by then."""
WORDS: Final = (
    Param("description", maximum=MAX_DESCRIPTION, doc="What is to be seen or heard, for those who cannot"),
    Param("focus", doc="x,y from -1 to 1"),
    Param("thumbnail", "file", doc="A picture for a sound or film"),
)


def limits() -> dict[str, Any]:
    """`configuration.media_attachments` of the instance."""
    return {
        "supported_mime_types": list(kinds.ACCEPTED),
        "description_limit": MAX_DESCRIPTION,
        "image_size_limit": kinds.MAX_IMAGE_BYTES,
        "image_matrix_limit": kinds.MAX_IMAGE_PIXELS,
        "video_size_limit": kinds.MAX_VIDEO_BYTES,
        "video_frame_rate_limit": kinds.MAX_VIDEO_RATE,
        "video_matrix_limit": kinds.MAX_VIDEO_PIXELS,
    }


def _uploads(call: Call) -> Uploads:
    return call.api.uploads


def _focus(call: Call) -> tuple[float, float] | None:
    found = focus_of(call["focus"])
    if isinstance(found, Refusal):
        raise Problem.of(found)
    return found


async def _take(call: Call, wait_ms: int | None) -> AttachmentView:
    if call["file"] is None:
        raise invalid("file", "can't be blank")
    cover = call["thumbnail"]
    upload_id = await _uploads(call).upload(
        call.actor_id, call["file"].stream, name=(call["description"] or "").strip(), focus=_focus(call),
        cover=cover.stream if cover is not None else None, wait_ms=wait_ms,
    )  # fmt: skip
    return await _shown(call, upload_id)


async def _shown(call: Call, upload_id: int) -> AttachmentView:
    """One's own upload. A failed one is 422, in words."""
    found = await _uploads(call).shown(call.viewer, upload_id)
    if found is None:
        raise not_found()
    if found.state == "failed":
        raise refused(str(found.meta.get("reason", "")))
    return found


@table.post(
    "/api/v2/media", member("write:media"), entities.MEDIA, Param("file", "file"), *WORDS, budget="uploads",
    statuses=(200, 202),
)  # fmt: skip
async def second(call: Call) -> Any:
    """Send a file; 202 while it is being made ready"""
    found = await _take(call, QUICK_MS)
    return Answer(entities.attachment(found), 200 if found.state == "ready" else 202)


@table.post(
    "/api/v1/media", member("write:media"), entities.MEDIA, Param("file", "file"), *WORDS, budget="uploads"
)
async def first(call: Call) -> Any:
    """Send a file and wait until it is ready"""
    return entities.attachment(await _take(call, None))


@table.get("/api/v1/media/<id>", member("write:media"), entities.MEDIA, statuses=(200, 206))
async def read(call: Call) -> Any:
    """A file of one's own; 206 while it is being made ready"""
    found = await _shown(call, call.id())
    return Answer(entities.attachment(found), 200 if found.state == "ready" else 206)


@table.put("/api/v1/media/<id>", member("write:media"), entities.MEDIA, *WORDS)
async def change(call: Call) -> Any:
    """Change the description, focus or cover before it is posted"""
    upload_id, cover = call.id(), call["thumbnail"]
    await _shown(call, upload_id)
    name = (call["description"] or "").strip() if call.sent("description") else None
    await _uploads(call).change(
        call.actor_id,
        upload_id,
        name=name,
        focus=_focus(call),
        cover=cover.stream if cover is not None else None,
    )
    return entities.attachment(await _shown(call, upload_id))


@table.delete("/api/v1/media/<id>", member("write:media"), entities.EMPTY)
async def delete(call: Call) -> Any:
    """Forget a file that is attached to nothing"""
    await _uploads(call).drop(call.actor_id, call.id())
    return {}


__all__ = ["MAX_ATTACHED", "limits", "table"]
