"""The addresses of what lives here, all in one place. Pure string work; `base` is the public address without a slash."""

from __future__ import annotations

import re
from typing import Literal

LOCAL_PATHS = {"Group": "groups", "Person": "users", "Service": "users", "Organization": "users"}
HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,28}[a-z0-9])?")
_LOCAL = re.compile(r"/(users|groups|objects|activities|threads)/([A-Za-z0-9_-]{1,30})(/[a-z-]+)?")


def actor(base: str, type_: str, handle: str) -> str:
    """The id of a local actor; the instance actor is `/actor`."""
    return f"{base}/actor" if type_ == "Application" else f"{base}/{LOCAL_PATHS[type_]}/{handle}"


def post(base: str, object_id: int) -> str:
    return f"{base}/objects/{object_id}"


def activity(base: str, activity_id: int) -> str:
    return f"{base}/activities/{activity_id}"


def context(base: str, root_id: int) -> str:
    """The collection of a thread (FEP-7888)."""
    return f"{base}/threads/{root_id}/context"


def collection(
    actor_uri: str,
    name: Literal["followers", "members", "following", "outbox", "inbox", "featured", "moderators", "staff"],
) -> str:
    """A collection of a local actor."""
    return f"{actor_uri}/{name}"


def is_local(base: str, uri: str) -> bool:
    """Whether the URI is an address of ours."""
    return uri == base or uri.startswith(base + "/")


def parse(base: str, uri: str) -> tuple[str, str, str | None] | None:
    """("objects", "12", None) or ("groups", "sleep", "followers") of a local address; None for any other."""
    if not is_local(base, uri):
        return None
    found = _LOCAL.fullmatch(uri.removeprefix(base).split("#", 1)[0])
    if found is None:
        return None
    return found[1], found[2], found[3][1:] if found[3] else None
