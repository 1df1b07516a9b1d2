"""/api/v1/instance and /api/v2/instance: what this server is. It announces only what exists."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response

from fedi_community import __version__
from fedi_community.mastodon.base import Api, Asking, answer, endpoint
from fedi_community.mastodon.statuses import MAX_CHARACTERS

VERSION = f"4.2.0 (compatible; FediCommunity {__version__})"


def _configuration() -> dict[str, Any]:
    return {
        "accounts": {"max_featured_tags": 0, "max_pinned_statuses": 0, "max_profile_fields": 4},
        "statuses": {"max_characters": MAX_CHARACTERS, "max_media_attachments": 0, "characters_reserved_per_url": 23},
        "media_attachments": {
            "supported_mime_types": [], "description_limit": 1500, "image_size_limit": 0, "image_matrix_limit": 0,
            "video_size_limit": 0, "video_frame_rate_limit": 0, "video_matrix_limit": 0,
        },
        "polls": {"max_options": 0, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746},
        "translation": {"enabled": False},
    }  # fmt: skip


def instance(api: Api) -> Blueprint:
    """What this server is, in both forms."""
    blueprint = Blueprint("mastodon_instance", __name__)
    settings, base = api.settings, api.house.base_url
    languages = settings.languages.split(",")
    streaming = base.replace("http", "ws", 1)
    picture = f"{base}/static/missing.png"

    @blueprint.get("/api/v2/instance")
    @endpoint(api, None)
    async def second(asked: Asking) -> Response:
        configuration = _configuration()
        configuration["urls"] = {"streaming": streaming, "status": None, "about": f"{base}/about",
                                 "privacy_policy": f"{base}/privacy", "terms_of_service": None}  # fmt: skip
        configuration["vapid"] = {"public_key": ""}
        return answer(
            {
                "domain": api.house.host, "title": settings.site_name, "version": VERSION, "source_url": base,
                "description": settings.site_name, "usage": {"users": {"active_month": 0}},
                "thumbnail": {"url": picture}, "icon": [], "languages": languages, "configuration": configuration,
                "registrations": {"enabled": settings.signups != "closed", "approval_required": settings.signups == "approval",
                                  "reason_required": False, "message": None, "min_age": None, "url": None},
                "api_versions": {"mastodon": 1},
                "contact": {"email": settings.contact_email, "account": None}, "rules": [],
            }
        )  # fmt: skip

    @blueprint.get("/api/v1/instance")
    @endpoint(api, None)
    async def first(asked: Asking) -> Response:
        return answer(
            {
                "uri": api.house.host, "title": settings.site_name, "short_description": settings.site_name,
                "description": settings.site_name, "email": settings.contact_email, "version": VERSION,
                "urls": {"streaming_api": streaming}, "stats": {"user_count": 0, "status_count": 0, "domain_count": 0},
                "thumbnail": picture, "languages": languages, "registrations": settings.signups != "closed",
                "approval_required": settings.signups == "approval", "invites_enabled": False,
                "configuration": _configuration(), "contact_account": None, "rules": [],
            }
        )  # fmt: skip

    return blueprint
