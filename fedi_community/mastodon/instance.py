"""/api/v1/instance and /api/v2/instance: what this server is. It announces only what exists."""

from __future__ import annotations

from typing import Any, Final

from fedi_community import __version__
from fedi_community.documents import texts
from fedi_community.domain import personal, polls, profiles
from fedi_community.domain.counting import URL_CHARACTERS
from fedi_community.domain.counts import rounded
from fedi_community.domain.schedule import MAX_PINS
from fedi_community.errors import not_found
from fedi_community.mastodon import entities, media
from fedi_community.mastodon.answers import Reply
from fedi_community.mastodon.base import Call, Table, anyone
from fedi_community.mastodon.writing import MAX_CHARACTERS
from fedi_community.storage import sessions, views

table = Table("instance")
API_VERSION: Final = 6
"""`api_versions.mastodon`: raise it together with `COMPATIBLE` when every feature of the next number exists."""
COMPATIBLE: Final = "4.4.0"
VERSION: Final = f"{COMPATIBLE} (compatible; FediCommunity {__version__})"
LANGUAGES: Final = {"en": "English", "es": "Español"}
DAY_MS: Final = 86_400_000


def _configuration() -> dict[str, Any]:
    """Limits of what exists; a zero says that there is none of it."""
    return {
        "accounts": {
            "max_display_name_length": profiles.MAX_DISPLAY_NAME, "max_note_length": profiles.MAX_NOTE,
            "max_featured_tags": personal.MAX_FEATURED, "max_pinned_statuses": MAX_PINS,
            "max_profile_fields": profiles.MAX_FIELDS, "profile_field_name_limit": profiles.MAX_FIELD_NAME,
            "profile_field_value_limit": profiles.MAX_FIELD_VALUE,
        },
        "statuses": {
            "max_characters": MAX_CHARACTERS, "max_media_attachments": media.MAX_ATTACHED,
            "characters_reserved_per_url": URL_CHARACTERS,
        },
        "media_attachments": media.limits(),
        "polls": {
            "max_options": polls.MAX_CHOICES, "max_characters_per_option": polls.MAX_CHOICE_CHARACTERS,
            "min_expiration": polls.MIN_OPEN_S, "max_expiration": polls.MAX_OPEN_S,
        },
    }  # fmt: skip


def _languages(call: Call) -> list[str]:
    return [code.strip() for code in call.api.settings.languages.split(",") if code.strip()]


def _rules(call: Call) -> list[dict[str, str]]:
    return [
        {"id": r.id, "text": r.text, "hint": r.hint} for r in texts.rules(call.api.settings, call.language)
    ]


async def _contact(call: Call) -> dict[str, Any] | None:
    """The account that answers for the server: the one that is set, else the first admin's."""
    handle = call.api.settings.contact_account.lower().removeprefix("@")

    async def unit(tx: Any) -> Any:
        if handle:
            return await views.actor_by_handle(tx, handle)
        found = await sessions.first_admin(tx)
        return None if found is None else (await views.load_actors(tx, [found])).get(found)

    actor = await call.read(unit)
    return None if actor is None or actor.state != "active" else entities.account(actor, call.base)


def _description(call: Call) -> str:
    return call.api.settings.site_name


@table.get("/api/v2/instance", anyone(), entities.INSTANCE, unready=True)
async def second(call: Call) -> Any:
    """What this server is"""
    settings, base = call.api.settings, call.base
    feeds = {"local": "public", "remote": "public"}
    return {
        "domain": call.house.host,
        "title": settings.site_name,
        "version": VERSION,
        "source_url": f"{base}/about",
        "description": _description(call),
        "usage": {"users": {"active_month": rounded((await call.api.documents.counts()).active_month)}},
        "thumbnail": {"url": f"{base}/static/missing.png"},
        "icon": [{"src": f"{base}/static/missing.png", "size": "192x192"}],
        "languages": _languages(call),
        "configuration": _configuration() | {
            "urls": {
                "streaming": streaming_url(base), "status": None, "about": f"{base}/about",
                "privacy_policy": f"{base}/privacy",
                "terms_of_service": f"{base}/about" if texts.written(settings, "terms", "en") else None,
            },
            "vapid": {"public_key": call.api.vapid_key},
            "translation": {"enabled": False},
            "timelines_access": {
                "live_feeds": feeds, "hashtag_feeds": feeds,
                "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
            },
            "limited_federation": settings.federation == "listed",
        },
        "registrations": {
            "enabled": settings.signups != "closed",
            "approval_required": settings.signups == "approval",
            "reason_required": settings.signups == "approval",
            "message": None,
            "min_age": settings.min_age or None,
            "url": None,
        },
        "api_versions": {"mastodon": API_VERSION},
        "contact": {"email": settings.contact_email, "account": await _contact(call)},
        "rules": _rules(call),
    }  # fmt: skip


def streaming_url(base_url: str) -> str:
    """Where streaming is: this host."""
    return base_url.replace("http", "ws", 1)


@table.get("/api/v1/instance", anyone(), entities.INSTANCE_V1, unready=True)
async def first(call: Call) -> Any:
    """What this server is, in the older form"""
    settings = call.api.settings
    counts = await call.api.documents.counts()
    return {
        "uri": call.house.host,
        "title": settings.site_name,
        "short_description": _description(call),
        "description": _description(call),
        "email": settings.contact_email,
        "version": VERSION,
        "urls": {"streaming_api": streaming_url(call.base)},
        "stats": {
            "user_count": rounded(counts.members),
            "status_count": rounded(counts.posts + counts.comments),
            "domain_count": 0,
        },
        "thumbnail": f"{call.base}/static/missing.png",
        "languages": _languages(call),
        "registrations": settings.signups != "closed",
        "approval_required": settings.signups == "approval",
        "invites_enabled": False,
        "configuration": _configuration(),
        "contact_account": await _contact(call),
        "rules": _rules(call),
    }


@table.get("/api/v1/instance/rules", anyone(), entities.many(entities.RULE), unready=True)
async def rules(call: Call) -> Any:
    """The rules, in the caller's language"""
    return _rules(call)


@table.get("/api/v1/instance/extended_description", anyone(), entities.EXTENDED_DESCRIPTION, unready=True)
async def description(call: Call) -> Any:
    """What those who run the server say about it"""
    found = texts.written(call.api.settings, "about", call.language)
    return {
        "updated_at": entities.moment(found.changed if found else 0),
        "content": found.html if found else "",
    }


@table.get("/api/v1/instance/privacy_policy", anyone(), entities.PRIVACY_POLICY, unready=True)
async def privacy(call: Call) -> Any:
    """What is kept about whom"""
    found = texts.written(call.api.settings, "privacy", call.language)
    return {
        "updated_at": entities.moment(found.changed if found else 0),
        "content": found.html if found else "",
    }


async def _terms(call: Call) -> Any:
    found = texts.written(call.api.settings, "terms", call.language)
    day = entities.day(found.changed) if found else None
    if found is None or day is None or call.path.get("date", day) != day:
        raise not_found()
    return {"effective_date": day, "effective": True, "content": found.html, "succeeded_by": None}


for path in ("/api/v1/instance/terms_of_service", "/api/v1/instance/terms_of_service/<date>"):
    table.get(path, anyone(), entities.TERMS, unready=True, doc="The terms, where there are any")(_terms)


@table.get("/api/v1/instance/languages", anyone(), entities.many(entities.LANGUAGE), unready=True)
async def languages(call: Call) -> Any:
    """Languages of the server"""
    return [{"code": code, "name": LANGUAGES.get(code, code)} for code in _languages(call)]


@table.get("/api/v1/instance/translation_languages", anyone(), entities.EMPTY, unready=True)
async def translations(call: Call) -> Any:
    """There is no translator"""
    return {}


for path in ("peers", "activity", "domain_blocks"):
    table.get(f"/api/v1/instance/{path}", anyone(), entities.many(entities.ANYTHING), unready=True,
              doc="Not published: always empty")(lambda call: _nothing())  # fmt: skip


async def _nothing() -> list[Any]:
    return []


@table.get("/api/v1/streaming/health", anyone(), None, unready=True)
async def health(call: Call) -> Any:
    """OK while the process lives"""
    return Reply(200, b"OK", {"Content-Type": "text/plain; charset=utf-8"})
