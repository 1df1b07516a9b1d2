"""ScheduledStatus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fedi_community.domain.facts import Scheduled
from fedi_community.domain.views import AttachmentView
from fedi_community.mastodon.entities.accounts import VISIBILITIES, moment
from fedi_community.mastodon.entities.schema import (
    ANYTHING,
    BOOL,
    ID,
    INT,
    MOMENT,
    STR,
    entity,
    many,
    maybe,
    one_of,
    shape,
)
from fedi_community.mastodon.entities.statuses import MEDIA, attachment

SCHEDULED_STATUS: Final = entity(
    "ScheduledStatus",
    id=ID, scheduled_at=MOMENT, media_attachments=many(MEDIA),
    params=shape(
        text=STR, spoiler_text=STR, sensitive=BOOL, visibility=one_of(*VISIBILITIES), language=maybe(STR),
        in_reply_to_id=maybe(INT), media_ids=maybe(many(STR)), poll=maybe(ANYTHING), scheduled_at=maybe(MOMENT),
        application_id=maybe(INT), idempotency=maybe(STR), with_rate_limit=BOOL,
    ),
)  # fmt: skip


def scheduled_status(item: Scheduled, files: Sequence[AttachmentView]) -> dict[str, Any]:
    """A ScheduledStatus. files: the uploads that it names, as far as they are there."""
    params = item.params
    return {
        "id": str(item.id),
        "scheduled_at": moment(item.run_at),
        "params": {
            **{k: params[k] for k in ("text", "spoiler_text", "sensitive", "visibility", "language", "in_reply_to_id", "poll")},
            "media_ids": [str(i) for i in params["media_ids"]] or None,
            "scheduled_at": None,
            "application_id": None,
            "idempotency": None,
            "with_rate_limit": False,
        },
        "media_attachments": [attachment(file) for file in files],
    }  # fmt: skip
