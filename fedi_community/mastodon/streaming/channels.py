"""Which streams there are, with which parameter, and the scope each needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from fedi_community.auth import Speaker
from fedi_community.domain.scopes import covers
from fedi_community.storage.entries import Timeline

PUBLIC: Final[dict[str, Timeline]] = {
    "public": Timeline.PUBLIC,
    "public:local": Timeline.LOCAL,
    "public:remote": Timeline.REMOTE,
    "public:media": Timeline.PUBLIC_MEDIA,
    "public:local:media": Timeline.LOCAL_MEDIA,
    "public:remote:media": Timeline.REMOTE_MEDIA,
}
PERSONAL: Final = {
    "user": "read:statuses",
    "user:notification": "read:notifications",
    "direct": "read:statuses",
}
TAGGED: Final = ("hashtag", "hashtag:local")


class Channel(NamedTuple):
    """name: of the stream. ref: hashtag, list id, or (of what is somebody's own) the actor's id."""

    name: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no such stream for the one who asks: a status and words."""

    status: int
    text: str


UNKNOWN: Final = Refused(400, "Unknown stream type")
NO_TOKEN: Final = Refused(401, "This stream needs an access token")
NO_SCOPE: Final = Refused(403, "Access token does not have the required scopes")


def channel_of(name: str, tag: str, list_id: str, speaker: Speaker | None) -> Channel | Refused:
    """The channel that a client means. Whether a list is his own is asked apart."""
    if name in PUBLIC or name in TAGGED:
        if speaker is not None and not covers(speaker.scopes, "read:statuses"):
            return NO_SCOPE
        if name in PUBLIC:
            return Channel(name)
        word = tag.strip().lstrip("#").lower()
        return Channel(name, word) if word else Refused(400, "Missing tag name parameter")
    if name not in PERSONAL and name != "list":
        return UNKNOWN
    if speaker is None:
        return NO_TOKEN
    if not covers(speaker.scopes, PERSONAL.get(name, "read:lists")):
        return NO_SCOPE
    if name == "list":
        return (
            Channel(name, list_id)
            if list_id.isdigit() and len(list_id) < 20
            else Refused(404, "Record not found")
        )
    return Channel(name, str(speaker.actor_id))


def shown(channel: Channel) -> list[str]:
    """The channel as frames name it."""
    return [channel.name, channel.ref] if channel.name in TAGGED or channel.name == "list" else [channel.name]
