"""What somebody keeps for himself: List, Filter (both versions), FilterResult, Marker, FeaturedTag, Suggestion, Announcement …"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fedi_community.domain.filters import ACTIONS, CONTEXTS, Filter, Keyword
from fedi_community.domain.relations import VOTES_SETTING, tells_votes
from fedi_community.domain.views import ActorView
from fedi_community.mastodon.entities.accounts import ACCOUNT, EMOJI, FIELD, account, day, moment
from fedi_community.mastodon.entities.schema import (
    ANYTHING,
    BOOL,
    COUNT,
    DAY,
    ID,
    MOMENT,
    STR,
    URL,
    entity,
    extended,
    many,
    maybe,
    one_of,
    shape,
)
from fedi_community.mastodon.entities.statuses import STATUS_TAG
from fedi_community.storage.notices import Announced
from fedi_community.storage.people import ListRow
from fedi_community.storage.tagging import Featured, Used

LIST: Final = entity(
    "List", id=ID, title=STR, replies_policy=one_of("followed", "list", "none"), exclusive=BOOL
)
KEYWORD: Final = entity("FilterKeyword", id=ID, keyword=STR, whole_word=BOOL)
FILTER_STATUS: Final = entity("FilterStatus", id=ID, status_id=ID)
_FILTER: Final[dict[str, Any]] = {
    "id": ID, "title": STR, "context": many(one_of(*CONTEXTS)), "expires_at": maybe(MOMENT), "filter_action": one_of(*ACTIONS),
}  # fmt: skip
FILTER: Final = entity("Filter", **_FILTER, keywords=many(KEYWORD), statuses=many(FILTER_STATUS))
FILTER_V1: Final = entity(
    "V1Filter",
    id=ID, phrase=STR, context=many(one_of(*CONTEXTS)), expires_at=maybe(MOMENT), irreversible=BOOL, whole_word=BOOL,
)  # fmt: skip
FILTER_RESULT: Final = entity(
    "FilterResult", filter=shape(**_FILTER), keyword_matches=maybe(many(STR)), status_matches=maybe(many(ID))
)
_MARK: Final = shape(last_read_id=STR, version=COUNT, updated_at=MOMENT)
MARKERS: Final = entity("Markers", {"home": _MARK, "notifications": _MARK})
FEATURED_TAG: Final = entity(
    "FeaturedTag", id=ID, name=STR, url=URL, statuses_count=STR, last_status_at=maybe(DAY)
)
SUGGESTION: Final = entity("Suggestion", source=STR, sources=many(STR), account=ACCOUNT)
MERGED: Final = entity("MergedRequests", merged=BOOL)
FAMILIAR: Final = entity("FamiliarFollowers", id=ID, accounts=many(ACCOUNT))
MUTED_ACCOUNT: Final = extended("MutedAccount", "Account", mute_expires_at=maybe(MOMENT))
PREFERENCES: Final = entity(
    "Preferences",
    **{
        "posting:default:visibility": one_of("public", "unlisted", "private", "direct"),
        "posting:default:sensitive": BOOL,
        "posting:default:language": maybe(STR),
        "posting:default:quote_policy": STR,
        "reading:expand:media": one_of("default", "show_all", "hide_all"),
        "reading:expand:spoilers": BOOL,
        "reading:autoplay:gifs": BOOL,
        VOTES_SETTING: BOOL,
    },
)
ANNOUNCEMENT: Final = entity(
    "Announcement",
    id=ID, content=STR, starts_at=maybe(MOMENT), ends_at=maybe(MOMENT), all_day=BOOL, published_at=MOMENT, updated_at=MOMENT,
    read=BOOL, mentions=many(ANYTHING), statuses=many(ANYTHING), tags=many(STATUS_TAG), emojis=many(EMOJI),
    reactions=many(shape(name=STR, count=COUNT, me=BOOL)),
)  # fmt: skip
PROFILE: Final = entity(
    "Profile",
    id=ID, display_name=STR, note=STR, fields=many(FIELD), avatar=maybe(URL), avatar_static=maybe(URL), avatar_description=STR,
    header=maybe(URL), header_static=maybe(URL), header_description=STR, locked=BOOL, bot=BOOL, hide_collections=BOOL,
    discoverable=BOOL, indexable=BOOL, show_media=BOOL, show_media_replies=BOOL, show_featured=BOOL,
    attribution_domains=many(STR), featured_tags=many(FEATURED_TAG),
)  # fmt: skip


def listed(row: ListRow) -> dict[str, Any]:
    """A List."""
    return {
        "id": str(row.id),
        "title": row.title,
        "replies_policy": row.replies_policy,
        "exclusive": row.exclusive,
    }


# --- filters --------------------------------------------------------------------------------------------------------------


def _head(one: Filter) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "title": one.title,
        "context": list(one.contexts),
        "expires_at": moment(one.expires) if one.expires else None,
        "filter_action": one.action,
    }


def keyword(one: Keyword) -> dict[str, Any]:
    """A FilterKeyword."""
    return {"id": str(one.id), "keyword": one.text, "whole_word": one.whole}


def filter_status(row_id: int, post_id: int) -> dict[str, Any]:
    """A FilterStatus."""
    return {"id": str(row_id), "status_id": str(post_id)}


def filter_v2(one: Filter) -> dict[str, Any]:
    """A Filter with all that belongs to it."""
    return _head(one) | {
        "keywords": [keyword(k) for k in one.keywords],
        "statuses": [filter_status(row, post) for post, row in one.statuses.items()],
    }


def filter_v1(one: Filter, word: Keyword) -> dict[str, Any]:
    """A filter of the first version: one keyword."""
    return {
        "id": str(word.id),
        "phrase": word.text,
        "context": list(one.contexts),
        "expires_at": moment(one.expires) if one.expires else None,
        "irreversible": one.action == "hide",
        "whole_word": word.whole,
    }


# --- the rest -------------------------------------------------------------------------------------------------------------


def marker(last_read: int, version: int, updated: int) -> dict[str, Any]:
    """A Marker."""
    return {"last_read_id": str(last_read), "version": version, "updated_at": moment(updated)}


def featured_tag(one: Featured, owner_url: str) -> dict[str, Any]:
    """A FeaturedTag; its count is a string, as upstream."""
    return {
        "id": str(one.id),
        "name": one.name,
        "url": f"{owner_url}/tagged/{one.name}",
        "statuses_count": str(one.uses),
        "last_status_at": day(one.last),
    }


def full_tag(
    name: str, base_url: str, used: Sequence[Used], *, following: bool = False, featuring: bool = False
) -> dict[str, Any]:
    """A Tag with its history; days are seconds, and everything in it is a string."""
    return {
        "id": name,
        "name": name,
        "url": f"{base_url}/tags/{name}",
        "history": [
            {"day": str(u.day * 86_400), "uses": str(u.uses), "accounts": str(u.people)} for u in used
        ],
        "following": following,
        "featuring": featuring,
    }


def suggestion(actor: ActorView, base_url: str) -> dict[str, Any]:
    """A Suggestion: staff's groups, or somebody who wants to be found."""
    return {"source": "staff", "sources": ["featured"], "account": account(actor, base_url)}


def preferences(settings: dict[str, Any], language: str) -> dict[str, Any]:
    """Preferences of a log-in, with what is usual where nothing was set."""
    return {
        "posting:default:visibility": settings.get("posting:default:visibility", "private"),
        "posting:default:sensitive": bool(settings.get("posting:default:sensitive", False)),
        "posting:default:language": settings.get("posting:default:language") or language,
        "posting:default:quote_policy": settings.get("posting:default:quote_policy", "nobody"),
        "reading:expand:media": settings.get("reading:expand:media", "default"),
        "reading:expand:spoilers": bool(settings.get("reading:expand:spoilers", False)),
        "reading:autoplay:gifs": bool(settings.get("reading:autoplay:gifs", False)),
        VOTES_SETTING: tells_votes(settings),
    }


def announcement(one: Announced, html: str) -> dict[str, Any]:
    """An Announcement in one language."""
    return {
        "id": str(one.id),
        "content": html,
        "starts_at": None,
        "ends_at": moment(one.until) if one.until else None,
        "all_day": False,
        "published_at": moment(one.published),
        "updated_at": moment(one.published),
        "read": one.read,
        "mentions": [],
        "statuses": [],
        "tags": [],
        "emojis": [],
        "reactions": [{"name": n, "count": count, "me": mine} for n, count, mine in one.reactions],
    }


def profile(made: dict[str, Any], tags: list[dict[str, Any]]) -> dict[str, Any]:
    """A Profile (for editing) from a CredentialAccount."""

    def picture(name: str) -> str | None:
        url = made[name]
        return None if url.endswith("/missing.png") else url

    source = made["source"]
    return {
        "id": made["id"],
        "display_name": made["display_name"],
        "note": source["note"],
        "fields": source["fields"],
        "avatar": picture("avatar"),
        "avatar_static": picture("avatar_static"),
        "avatar_description": made["avatar_description"],
        "header": picture("header"),
        "header_static": picture("header_static"),
        "header_description": made["header_description"],
        "locked": made["locked"],
        "bot": made["bot"],
        "hide_collections": source["hide_collections"],
        "discoverable": made["discoverable"],
        "indexable": made["indexable"],
        "show_media": True,
        "show_media_replies": True,
        "show_featured": True,
        "attribution_domains": [],
        "featured_tags": tags,
    }
