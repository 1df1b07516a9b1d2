"""Decide about uploads: making, finishing, changing, dropping, and attaching them to posts. Their bytes are elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fedi_community.domain.effects import (
    AddJob,
    ChangeUpload,
    Decision,
    DropUpload,
    FailUpload,
    FinishUpload,
    KeepPicture,
    MakeUpload,
    ignored,
)
from fedi_community.domain.facts import Facts, Needs, Upload
from fedi_community.domain.model import Attachment
from fedi_community.errors import NOT_FOUND, Refusal

MAX_ATTACHED: Final = 4
"""Files of a member's post."""
MAX_DESCRIPTION: Final = 1500
UNUSED_MS: Final = 86_400_000
"""How long an upload waits to be attached."""
REDRAFT_MS: Final = 3_600_000
"""How long the files of a post that is deleted to be written anew wait for it."""
PROCESS_JOB: Final = "media"
EXPIRE_JOB: Final = "media_expire"
REMOVE_JOB: Final = "media_remove"

NOT_YOURS: Final = Refusal(
    "media_unknown", 422, "One of the files does not exist any more. Please attach it again."
)
NOT_READY: Final = Refusal(
    "media_not_ready",
    422,
    "Files that have not finished processing cannot be attached yet. Try again in a moment!",
)
TAKEN: Final = Refusal("media_taken", 422, "One of the files is attached to another post already.")
TOO_MANY: Final = Refusal("media_too_many", 422, f"A post can have {MAX_ATTACHED} files.")
IN_USE: Final = Refusal(
    "media_in_use", 422, "This file is attached to a post. Edit or delete the post instead."
)
BAD_FOCUS: Final = Refusal("media_focus", 422, "The focus is two numbers between -1 and 1, as in 0.5,-0.2.")
LONG_DESCRIPTION: Final = Refusal(
    "media_description", 422, f"A description has at most {MAX_DESCRIPTION} characters."
)


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that came in. later: when the job that processes it is due, where the request does not wait for it itself."""

    owner_id: int
    kind: str
    format: str
    file: str
    name: str = ""
    focus: tuple[float, float] | None = None
    delay_ms: int = 0


def focus_of(text: str | None) -> tuple[float, float] | Refusal | None:
    """ "x,y" as two numbers within -1 and 1; None where nothing was said."""
    if text is None or not text.strip():
        return None
    parts = text.split(",")
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        return BAD_FOCUS
    return (x, y) if abs(x) <= 1 and abs(y) <= 1 else BAD_FOCUS


def decide_upload(asked: NewUpload, facts: Facts) -> Decision | Refusal:
    """Take it in, with the jobs that process it and that drop it when it is not used. Needs 1 new id."""
    owner = facts.actors.get(asked.owner_id)
    if owner is None or not owner.local or owner.state not in ("active", "limited"):
        return Refusal("suspended", 403, "This account cannot post.")
    if len(asked.name) > MAX_DESCRIPTION:
        return LONG_DESCRIPTION
    upload_id = facts.new_ids[0]
    key, payload = str(upload_id), {"id": upload_id}
    return Decision(
        (
            MakeUpload(upload_id, owner.id, asked.kind, asked.file, facts.now, asked.name, asked.focus),
            AddJob(PROCESS_JOB, key, payload | {"format": asked.format}, facts.now + asked.delay_ms),
            AddJob(EXPIRE_JOB, key, payload, facts.now + UNUSED_MS),
        ),
        upload_id,
        "uploaded",
    )


def upload_needs(upload_id: int, owner_id: int | None = None) -> Needs:
    return Needs(uploads=frozenset({upload_id}), actor_ids=frozenset({owner_id} if owner_id else ()))


def decide_finished(made: FinishUpload, facts: Facts) -> Decision:
    """What was processed is ready, unless it was dropped or finished meanwhile."""
    upload = facts.uploads.get(made.id)
    if upload is None or upload.state != "processing":
        return ignored("gone" if upload is None else "finished_before")
    return Decision((made,), made.id, "ready")


def decide_failed(upload_id: int, reason: str, facts: Facts) -> Decision:
    upload = facts.uploads.get(upload_id)
    if upload is None or upload.state != "processing":
        return ignored("gone")
    return Decision((FailUpload(upload_id, reason),), upload_id, "failed")


def _own(upload_id: int, owner_id: int, facts: Facts) -> Upload | None:
    upload = facts.uploads.get(upload_id)
    return upload if upload is not None and upload.owner_id == owner_id else None


def decide_change(owner_id: int, change: ChangeUpload, facts: Facts) -> Decision | Refusal:
    """New words, focus or cover, as long as it is attached to nothing: after that it changes with its post."""
    upload = _own(change.id, owner_id, facts)
    if upload is None or upload.state == "failed":
        return NOT_FOUND
    if upload.object_id is not None:
        return IN_USE
    if change.name is not None and len(change.name) > MAX_DESCRIPTION:
        return LONG_DESCRIPTION
    return Decision((change,), upload.id, "changed")


def decide_drop(owner_id: int, upload_id: int, facts: Facts) -> Decision | Refusal:
    upload = _own(upload_id, owner_id, facts)
    if upload is None:
        return NOT_FOUND
    if upload.object_id is not None:
        return IN_USE
    return Decision((DropUpload(upload.id, facts.now),), upload.id, "dropped")


def decide_expired(upload_id: int, facts: Facts) -> Decision:
    """Nobody used it."""
    upload = facts.uploads.get(upload_id)
    if upload is None or upload.object_id is not None:
        return ignored("in_use")
    return Decision((DropUpload(upload.id, facts.now),), upload.id, "expired")


def attached_ids(attachments: Iterable[Attachment]) -> frozenset[int]:
    """The uploads among a body's attachments."""
    return frozenset(a.media_id for a in attachments if a.media_id is not None)


def may_attach(
    attachments: tuple[Attachment, ...], owner_id: int, facts: Facts, post_id: int | None = None
) -> Refusal | None:
    """Only one's own, processed, on no other post, and not too many. post_id: the post that is edited. An attachment that is
    no upload (a link, or a picture elsewhere) is nobody's file and passes."""
    wanted = [a.media_id for a in attachments if a.media_id is not None]
    if len(wanted) > MAX_ATTACHED:
        return TOO_MANY
    for upload_id in wanted:
        upload = facts.uploads.get(upload_id)
        if upload is not None and post_id is not None and upload.object_id == post_id:
            continue
        if upload is None or upload.owner_id != owner_id or upload.state == "failed":
            return NOT_YOURS
        if upload.object_id is not None:
            return TAKEN
        if upload.state != "ready":
            return NOT_READY
    return None


def decide_picture(picture: KeepPicture, facts: Facts) -> Decision | Refusal:
    """A new avatar or header (or none), for an actor of ours."""
    actor = facts.actors.get(picture.actor_id)
    if actor is None or not actor.local or actor.state not in ("active", "limited"):
        return NOT_FOUND
    return Decision((picture,), actor.id, "pictured")
