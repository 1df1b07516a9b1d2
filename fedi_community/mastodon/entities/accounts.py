"""Account, CredentialAccount, Relationship, Role, Field, CustomEmoji."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import Any, Final

from fedi_community.domain.counts import rounded
from fedi_community.domain.text import shown, shown_text
from fedi_community.domain.views import ActorView
from fedi_community.mastodon.entities.schema import (
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

VISIBILITIES: Final = ("public", "unlisted", "private", "direct")
EMOJI: Final = entity(
    "CustomEmoji", shortcode=STR, url=URL, static_url=URL, visible_in_picker=BOOL, category=maybe(STR)
)
FIELD: Final = entity("Field", name=STR, value=STR, verified_at=maybe(MOMENT))
ROLE: Final = entity("Role", id=STR, name=STR, color=STR, permissions=STR, highlighted=BOOL)
ACCOUNT: Final = entity(
    "Account",
    id=ID, username=STR, acct=STR, display_name=STR, locked=BOOL, bot=BOOL, group=BOOL, discoverable=BOOL,
    indexable=BOOL, noindex=BOOL, created_at=MOMENT, note=STR, url=URL, uri=URL, avatar=URL, avatar_static=URL,
    avatar_description=STR, header=URL, header_static=URL, header_description=STR, followers_count=COUNT,
    following_count=COUNT, statuses_count=COUNT, last_status_at=maybe(DAY), hide_collections=BOOL, emojis=many(EMOJI),
    roles=many(shape(id=STR, name=STR, color=STR)), fields=many(FIELD),
)  # fmt: skip
SOURCE: Final = shape(
    note=STR, fields=many(FIELD), privacy=one_of(*VISIBILITIES), sensitive=BOOL, language=maybe(STR),
    follow_requests_count=COUNT, discoverable=BOOL, indexable=BOOL, hide_collections=BOOL,
    attribution_domains=many(STR), quote_policy=STR,
)  # fmt: skip
CREDENTIAL_ACCOUNT: Final = extended("CredentialAccount", "Account", source=SOURCE, role=ROLE)
RELATIONSHIP: Final = entity(
    "Relationship",
    id=ID, following=BOOL, showing_reblogs=BOOL, notifying=BOOL, languages=maybe(many(STR)), followed_by=BOOL,
    blocking=BOOL, blocked_by=BOOL, muting=BOOL, muting_notifications=BOOL, requested=BOOL, requested_by=BOOL,
    domain_blocking=BOOL, endorsed=BOOL, note=STR,
)  # fmt: skip


@lru_cache(8192)  # three for each status of a page, 3.5 µs each
def moment(ms: int) -> str:
    """`2026-01-02T03:04:05.678Z`: the one form that all clients parse."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def day(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def account(actor: ActorView, base_url: str) -> dict[str, Any]:
    """An Account."""
    avatar, header = picture_url(actor.icon, base_url), picture_url(actor.image, base_url)
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
        "note": shown(actor.summary),
        "url": page_url(actor, base_url),
        "uri": actor.uri,
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": (actor.icon or {}).get("name") or "",
        "header": header,
        "header_static": header,
        "header_description": (actor.image or {}).get("name") or "",
        "followers_count": rounded(actor.followers_count),
        "following_count": 0,
        "statuses_count": max(actor.posts_count, 0),
        "last_status_at": day(actor.last_post_at),
        "hide_collections": not actor.open_collections,
        "emojis": [],
        "roles": [
            {"id": f"badge-{one['id']}", "name": f"{one['issuer']}: {one['label']}", "color": ""}
            for one in actor.badges
        ],
        "fields": [
            *_badges(actor),
            *[
                {"name": field.get("name", ""), "value": shown(field.get("value", "")), "verified_at": None}
                for field in actor.fields
            ],
        ],
    }


def _badges(actor: ActorView) -> list[dict[str, Any]]:
    """What this server says of a member, as fields that clients mark as verified: nobody's own field ever is."""
    return [
        {
            "name": f"{one['issuer']} says",
            "value": escape(one["label"]),
            "verified_at": moment(int(one["at"])),
        }
        for one in actor.badges
    ]


def picture_url(picture: dict[str, Any] | None, base_url: str) -> str:
    """An avatar or header as an absolute address; ours are kept as paths. `missing.png` says that there is none."""
    url = (picture or {}).get("url") or "/static/missing.png"
    return f"{base_url}{url}" if url.startswith("/") else str(url)


def page_url(actor: ActorView, base_url: str) -> str:
    """The page for people."""
    if not actor.local:
        return actor.url or actor.uri
    return f"{base_url}/groups/{actor.handle}" if actor.is_group else f"{base_url}/@{actor.handle}"


def credential_account(
    actor: ActorView, base_url: str, settings: dict[str, Any], role: str = "member", *, source: str | None = None,
    counts: tuple[int, int, int] = (0, 0, 0),
) -> dict[str, Any]:  # fmt: skip
    """A CredentialAccount: the account with its source. settings: preferences of the log-in; a new member's posts are private.

    source: the text of the profile as it was typed. counts: followers, followed, requests that wait, told to himself alone.
    """
    made = account(actor, base_url)
    made["followers_count"], made["following_count"] = counts[:2]
    made["source"] = {
        "note": shown_text(actor.summary) if source is None else source,
        "fields": [
            {"name": f.get("name", ""), "value": shown_text(f.get("value", "")), "verified_at": None}
            for f in actor.fields
        ],
        "privacy": settings.get("posting:default:visibility", "private"),
        "sensitive": bool(settings.get("posting:default:sensitive", False)),
        "language": settings.get("posting:default:language"),
        "follow_requests_count": counts[2],
        "discoverable": actor.discoverable,
        "indexable": actor.indexable,
        "hide_collections": not actor.open_collections,
        "attribution_domains": [],
        "quote_policy": settings.get("posting:default:quote_policy", "nobody"),
    }
    made["role"] = role_of(role)
    return made


_ROLES: Final = {
    "member": {"id": "-99", "name": "", "color": "", "permissions": "0", "highlighted": False},
    # Mastodon's bits: 0x10 manage_reports, 0x400 manage_users, 0x1 administrator.
    "staff": {"id": "2", "name": "Staff", "color": "", "permissions": str(0x10 | 0x400), "highlighted": True},
    "admin": {"id": "3", "name": "Admin", "color": "", "permissions": str(0x1), "highlighted": True},
}


def role_of(role: str) -> dict[str, Any]:
    """A Role: what a log-in may do beside what members do."""
    return _ROLES.get(role, _ROLES["member"])


def relationship(actor_id: int, **known: Any) -> dict[str, Any]:
    """A Relationship; what is not named is false."""
    made: dict[str, Any] = dict.fromkeys(
        "following showing_reblogs notifying followed_by blocking blocked_by muting muting_notifications requested "
        "requested_by domain_blocking endorsed".split(),
        False,
    )
    made |= {"id": str(actor_id), "languages": None, "note": ""}
    return made | known
