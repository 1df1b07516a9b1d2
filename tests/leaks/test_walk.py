"""The leak walk: every route, asked by every kind of viewer about everything that exists.

A canary that a viewer may not see stands in no byte of any answer to it, and what it may not see is answered exactly as
what does not exist. A route that the walk does not know fails it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fedi_community.domain.model import STRANGER, Viewer
from tests.leaks.stage import AS2, EVERYBODY, PEOPLE, REPORTED, Seat, Stage, canary, open_stage

MISSING = 700_000_000_000_000_000  # as many digits as a real id
NO_FILE = "a" * 26 + ".webp"
GROUPS = ("sleep", "caregivers", "hiddenname", "neighbours", "heart")
NAMES = ("nadia", "omar", "eve", "invited")
WHICH = ("outbox", "followers", "members", "following", "featured", "moderators")

# Route -> addresses to ask. {post} stands for each post, {group} and {name} for each group and member.
READ: dict[str, tuple[str, ...]] = {
    "/": ("/",),
    "/.well-known/host-meta": ("/.well-known/host-meta",),
    "/.well-known/nodeinfo": ("/.well-known/nodeinfo",),
    "/.well-known/webfinger": (
        "/.well-known/webfinger?resource=acct:{group}@clinic.example",
        "/.well-known/webfinger?resource=acct:{name}@clinic.example",
        "/.well-known/webfinger?resource=https://clinic.example/groups/{group}",
    ),
    "/@<name>": ("/@{name}",),
    "/about": ("/about",),
    "/activities/<key>": ("/activities/{activity}",),
    "/actor": ("/actor",),
    "/actor/outbox": ("/actor/outbox",),
    "/.well-known/oauth-authorization-server": ("/.well-known/oauth-authorization-server",),
    "/api/openapi.json": ("/api/openapi.json", "/api/v1/nothing"),
    "/api/v1/accounts/<id>": ("/api/v1/accounts/{actor}",),
    "/api/v1/accounts/<id>/statuses": (
        "/api/v1/accounts/{actor}/statuses", "/api/v1/accounts/{actor}/statuses?pinned=true",
    ),
    "/api/v1/accounts/lookup": ("/api/v1/accounts/lookup?acct={name}", "/api/v1/accounts/lookup?acct={group}"),
    "/api/v1/accounts/relationships": ("/api/v1/accounts/relationships?id[]={actor}",),
    "/api/v1/accounts/verify_credentials": ("/api/v1/accounts/verify_credentials",),
    "/api/v1/apps/verify_credentials": ("/api/v1/apps/verify_credentials",),
    "/api/v1/emails/check_confirmation": ("/api/v1/emails/check_confirmation",),
    "/api/v1/accounts": ("/api/v1/accounts?id[]={actor}",),
    "/api/v1/accounts/search": ("/api/v1/accounts/search?q={name}", "/api/v1/accounts/search?q={group}"),
    "/api/v1/accounts/familiar_followers": ("/api/v1/accounts/familiar_followers?id[]={actor}",),
    **{
        f"/api/v1/accounts/<id>/{name}": (f"/api/v1/accounts/{{actor}}/{name}",)
        for name in ("followers", "following", "lists", "featured_tags", "endorsements")
    },
    **{
        f"/api/v1/{name}": (f"/api/v1/{name}",)
        for name in (
            "announcements", "blocks", "bookmarks", "custom_emojis", "directory", "domain_blocks", "endorsements",
            "favourites", "featured_tags", "featured_tags/suggestions", "filters", "follow_requests", "followed_tags",
            "lists", "markers", "mutes", "preferences", "profile", "scheduled_statuses", "suggestions",
            "timelines/direct", "trends", "trends/links", "trends/statuses", "trends/tags",
        )
    },
    "/api/v1/domain_blocks/preview": ("/api/v1/domain_blocks/preview?domain=peer.example",),
    "/api/v1/filters/<id>": ("/api/v1/filters/{keyword}",),
    "/api/v1/circles": ("/api/v1/circles",),
    "/api/v1/circles/<id>": ("/api/v1/circles/{list}",),
    "/api/v1/circles/<id>/accounts": ("/api/v1/circles/{list}/accounts",),
    "/api/v1/lists/<id>": ("/api/v1/lists/{list}",),
    "/api/v1/lists/<id>/accounts": ("/api/v1/lists/{list}/accounts",),
    "/api/v1/polls/<id>": ("/api/v1/polls/{post}",),
    "/api/v1/scheduled_statuses/<id>": ("/api/v1/scheduled_statuses/{later}",),
    "/api/v1/statuses": ("/api/v1/statuses?id[]={post}",),
    **{
        f"/api/v1/statuses/<id>/{name}": (f"/api/v1/statuses/{{post}}/{name}",)
        for name in ("card", "favourited_by", "history", "quotes", "reblogged_by")
    },
    "/api/v1/tags/<name>": ("/api/v1/tags/canarytaggated", "/api/v1/tags/canarytagserver"),
    "/api/v1/timelines/link": ("/api/v1/timelines/link?url=https://clinic.example/objects/{post}",),
    "/api/v1/timelines/list/<id>": ("/api/v1/timelines/list/{list}", "/api/v1/timelines/list/{eves_list}"),
    **{
        f"/api/{name}": (f"/api/{name}",)
        for name in (
            "v1/admin/accounts", "v2/admin/accounts", "v1/admin/reports", "v1/admin/domain_blocks", "v1/admin/domain_allows",
        )
    },
    "/api/v1/admin/audit": ("/api/v1/admin/audit", "/api/v1/admin/audit?group_id={actor}"),
    "/api/v1/admin/held_names": ("/api/v1/admin/held_names",),
    "/api/v1/admin/accounts/<id>/badges": ("/api/v1/admin/accounts/{actor}/badges",),
    "/objects/<object_id>/strikes": ("/objects/{post}/strikes",),
    "/circles": ("/circles",),
    "/preferences": ("/preferences",),
    "/news": ("/news",),
    "/names": ("/names",),
    "/account/close": ("/account/close",),
    "/names/<key>/end": ("/names/{actor}/end",),
    "/api/v1/personas": ("/api/v1/personas",),
    "/api/v1/statuses/<id>/strikes": ("/api/v1/statuses/{post}/strikes",),
    "/api/v1/admin/accounts/<id>/strikes": ("/api/v1/admin/accounts/{actor}/strikes",),
    "/api/v1/admin/accounts/<id>/notes": ("/api/v1/admin/accounts/{actor}/notes",),
    "/api/v1/admin/unmaskings": ("/api/v1/admin/unmaskings",),
    "/api/v1/admin/accounts/<id>": ("/api/v1/admin/accounts/{actor}",),
    "/api/v1/admin/reports/<id>": ("/api/v1/admin/reports/{report}",),
    **{
        f"/api/v1/admin/{name}/<id>": (f"/api/v1/admin/{name}/1",) for name in ("domain_blocks", "domain_allows")
    },
    "/api/v1/statuses/<id>/receipt": ("/api/v1/statuses/{post}/receipt",),
    "/api/v1/groups/<id>": ("/api/v1/groups/{actor}",),
    **{
        f"/api/v1/groups/<id>/{name}": (f"/api/v1/groups/{{actor}}/{name}",)
        for name in ("invitations", "members", "mentors", "requests")
    },
    "/groups/<handle>/settings": ("/groups/{group}/settings",),
    "/groups/<handle>/invitations": ("/groups/{group}/invitations",),
    "/invitations/<secret>": ("/invitations/guess",),
    "/api/v1/admin/reports/<id>/notes": ("/api/v1/admin/reports/{report}/notes",),
    "/api/v1/groups/<id>/reports": ("/api/v1/groups/{actor}/reports",),
    "/api/v1/groups/<id>/reports/<report>": ("/api/v1/groups/{actor}/reports/{report}",),
    "/api/v1/groups/<id>/held": ("/api/v1/groups/{actor}/held",),
    "/api/v1/groups/<id>/holds": ("/api/v1/groups/{actor}/holds",),
    "/api/v1/groups/<id>/unanswered": ("/api/v1/groups/{actor}/unanswered",),
    "/api/v1/groups/<id>/answers": ("/api/v1/groups/{actor}/answers",),
    "/api/v1/account_warnings": ("/api/v1/account_warnings",),
    "/api/v1/admin/appeals": ("/api/v1/admin/appeals",),
    "/api/v1/groups/<id>/appeals": ("/api/v1/groups/{actor}/appeals",),
    "/api/v1/groups/<id>/bans": ("/api/v1/groups/{actor}/bans",),
    "/api/v1/groups/<id>/log": ("/api/v1/groups/{actor}/log",),
    "/api/v2/filters": ("/api/v2/filters",),
    "/api/v2/filters/<id>": ("/api/v2/filters/{filter}",),
    "/api/v2/filters/<id>/keywords": ("/api/v2/filters/{filter}/keywords",),
    "/api/v2/filters/<id>/statuses": ("/api/v2/filters/{filter}/statuses",),
    "/api/v2/filters/keywords/<id>": ("/api/v2/filters/keywords/{keyword}",),
    "/api/v2/filters/statuses/<id>": ("/api/v2/filters/statuses/{named}",),
    "/api/v2/suggestions": ("/api/v2/suggestions",),
    **{
        f"/api/{name}": (f"/api/{name}",)
        for name in (
            "v1/notifications", "v1/notifications/policy", "v1/notifications/requests", "v1/notifications/requests/merged",
            "v1/notifications/unread_count", "v2/notifications", "v2/notifications/policy",
            "v2/notifications/unread_count", "v1/conversations",
        )
    },
    "/api/v1/push/subscription": ("/api/v1/push/subscription",),
    "/api/v1/notifications/<id>": ("/api/v1/notifications/{notice}",),
    "/api/v1/notifications/requests/<id>": ("/api/v1/notifications/requests/{actor}",),
    "/api/v2/notifications/<key>": (
        "/api/v2/notifications/ungrouped-{notice}", "/api/v2/notifications/favourite-{post}",
    ),
    "/api/v2/notifications/<key>/accounts": ("/api/v2/notifications/favourite-{post}/accounts",),
    "/api/v1/instance": ("/api/v1/instance",),
    **{
        f"/api/v1/instance/{name}": (f"/api/v1/instance/{name}",)
        for name in (
            "activity", "domain_blocks", "extended_description", "languages", "peers", "privacy_policy", "rules",
            "terms_of_service", "translation_languages",
        )
    },
    "/api/v1/instance/terms_of_service/<date>": ("/api/v1/instance/terms_of_service/2026-01-05",),
    "/api/v1/media/<id>": ("/api/v1/media/{upload}",),
    "/api/v1/statuses/<id>": ("/api/v1/statuses/{post}",),
    "/api/v1/statuses/<id>/context": ("/api/v1/statuses/{post}/context",),
    "/api/v1/statuses/<id>/source": ("/api/v1/statuses/{post}/source",),
    # Streams never end: test_streams.py listens to them. Here those are asked for that nobody may have.
    "/api/v1/streaming": ("/api/v1/streaming?stream=none",),
    "/api/v1/streaming/list": ("/api/v1/streaming/list?list=7",),
    "/api/v1/streaming/hashtag": ("/api/v1/streaming/hashtag",),
    "/api/v1/streaming/hashtag/local": ("/api/v1/streaming/hashtag/local",),
    **dict.fromkeys(
        (f"/api/v1/streaming/{name}" for name in (
            "user", "user/notification", "public", "public/local", "public/remote", "direct",
        )), (),
    ),
    "/api/v1/streaming/health": ("/api/v1/streaming/health",),
    "/api/v1/timelines/home": ("/api/v1/timelines/home",),
    "/api/v1/timelines/public": ("/api/v1/timelines/public", "/api/v1/timelines/public?local=true"),
    "/api/v1/timelines/tag/<name>": ("/api/v1/timelines/tag/canarytaggated", "/api/v1/timelines/tag/canarytagserver"),
    "/api/v2/instance": ("/api/v2/instance",),
    "/api/v1/search": ("/api/v1/search?q={word}", "/api/v1/search?q=canary&type=hashtags"),
    "/api/v2/search": (
        "/api/v2/search?q={word}", "/api/v2/search?q=canary&limit=40",
        "/api/v2/search?q=https://clinic.example/objects/{post}", "/api/v2/search?q={group}", "/api/v2/search?q=canary",
        "/api/v2/search?q=https://clinic.example/groups/{group}",
    ),
    "/confirm/<secret>": ("/confirm/guess",),
    "/forgot": ("/forgot",),
    "/groups": ("/groups",),
    "/groups/<handle>": ("/groups/{group}",),
    "/groups/<handle>/<any(outbox,followers,members,following,featured,moderators):which>": tuple(
        f"/groups/{{group}}/{w}" for w in WHICH
    ),
    "/groups/<handle>/requests": ("/groups/{group}/requests",),
    "/@<name>/report": ("/@{name}/report",),
    "/objects/<object_id>/report": ("/objects/{post}/report",),
    "/reported": ("/reported", "/reported?about=help"),
    "/lifelines": ("/lifelines",),
    "/warnings": ("/warnings",),
    "/appeal/<secret>": ("/appeal/guess",),
    "/moderation": ("/moderation",),
    "/moderation/hosts": ("/moderation/hosts",),
    "/moderation/log": ("/moderation/log", "/moderation/log?group={group}"),
    "/moderation/hosts/list": ("/moderation/hosts/list",),
    "/groups/<handle>/reports": ("/groups/{group}/reports",),
    "/reports/<report_id>": ("/reports/{report}",),
    "/reports/<report_id>/pictures/<position>": ("/reports/{report}/pictures/0",),
    "/groups/<handle>/desk": ("/groups/{group}/desk",),
    "/groups/<handle>/log": ("/groups/{group}/log",),
    "/groups/<handle>/bans": ("/groups/{group}/bans",),
    "/objects/<object_id>/lookafter": ("/objects/{post}/lookafter",),
    "/groups/<handle>/held": ("/groups/{group}/held",),
    "/groups/<handle>/feed": ("/groups/{group}/feed",),
    "/healthz": ("/healthz",),
    "/login": ("/login",),
    "/logout": ("/logout",),
    "/media/<name>": ("/media/{file}",),
    "/media/<key>/<name>": ("/media/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/{file}",),
    "/metrics": ("/metrics",),
    "/nodeinfo/<any('2.0','2.1'):version>": ("/nodeinfo/2.0", "/nodeinfo/2.1"),
    "/oauth/authorize": ("/oauth/authorize", "/oauth/authorize?lang=es&client_id=x"),
    "/oauth/userinfo": ("/oauth/userinfo",),
    "/objects/<key>": ("/objects/{post}",),
    "/objects/<key>/replies": ("/objects/{post}/replies",),
    "/objects/<object_id>/article": ("/objects/{post}/article",),
    "/objects/<object_id>/delete": ("/objects/{post}/delete",),
    "/privacy": ("/privacy",),
    "/readyz": ("/readyz",),
    "/reset/<secret>": ("/reset/guess",),
    "/signup": ("/signup",),
    "/static/<name>": ("/static/style.css", "/static/missing.png"),
    "/tags/<name>": ("/tags/canarytaggated", "/tags/canarytagserver"),
    "/threads/<key>/context": ("/threads/{post}/context",),
    "/threads/<object_id>": ("/threads/{post}",),
    "/users/<name>": ("/users/{name}",),
    "/users/<name>/<any(outbox,followers,following,featured):which>": tuple(
        f"/users/{{name}}/{w}" for w in ("outbox", "followers", "following", "featured")
    ),
    "/write": ("/write", "/write?reply_to={post}", "/write?edit={post}", "/write?group={group}"),
}  # fmt: skip
# Routes that change something: asked about a post or group the viewer may not see, they answer as for a missing one.
CHANGE: dict[str, str] = {
    "POST /names": "/names?name=x&handle=y",
    "POST /account/close": "/account/close?password=x",
    "POST /api/v1/accounts/close": "/api/v1/accounts/close?password=x",
    "POST /names/use": "/names/use?actor=7",
    "POST /names/<key>/end": "/names/7/end",
    "POST /api/v1/personas": "",  # whose they are: tests/leaks/test_personas.py
    "DELETE /api/v1/personas/<id>": "/api/v1/personas/7",
    "POST /api/v1/admin/unmaskings": "/api/v1/admin/unmaskings?account_id=7&reason=x",
    "POST /api/v1/admin/unmaskings/<id>/confirm": "/api/v1/admin/unmaskings/7/confirm",
    "POST /api/v1/admin/unmaskings/<id>/read": "/api/v1/admin/unmaskings/7/read",
    "POST /api/v1/statuses/<id>/moderate": "/api/v1/statuses/{post}/moderate?act=remove",
    "POST /api/v1/statuses/<id>/redact": "/api/v1/statuses/{post}/redact",
    **dict.fromkeys(
        (
            "POST /api/v1/circles",
            "PUT /api/v1/circles/<id>",
            "DELETE /api/v1/circles/<id>",
            "POST /api/v1/circles/<id>/accounts",
            "DELETE /api/v1/circles/<id>/accounts",
        ),
        "",
    ),
    "POST /api/v1/groups": "",
    "PATCH /api/v1/groups/<id>": "/api/v1/groups/{hidden}",
    "POST /api/v1/groups/<id>/join": "/api/v1/groups/{hidden}/join",
    "POST /api/v1/groups/<id>/switches/preview": "/api/v1/groups/{hidden}/switches/preview",
    "POST /api/v1/groups/<id>/invitations": "/api/v1/groups/{hidden}/invitations",
    "DELETE /api/v1/groups/<id>/invitations/<invitation>": "/api/v1/groups/{hidden}/invitations/7",
    "PUT /api/v1/groups/<id>/mentors/<account>": "/api/v1/groups/{hidden}/mentors/7",
    "DELETE /api/v1/groups/<id>/mentors/<account>": "/api/v1/groups/{hidden}/mentors/7",
    "DELETE /api/v1/groups/<id>/members/<account>": "/api/v1/groups/{hidden}/members/7",
    "POST /groups/<handle>/settings": "/groups/{hiddenname}/settings",
    "POST /groups/<handle>/mentors": "/groups/{hiddenname}/mentors",
    "POST /groups/<handle>/invitations": "/groups/{hiddenname}/invitations",
    "POST /invitations/<secret>": "",
    "POST /api/v1/statuses/<id>/answer": "/api/v1/statuses/{post}/answer?answer_id=7",
    "POST /api/v1/statuses/<id>/note": "/api/v1/statuses/{post}/note?status=x",
    "DELETE /api/v1/statuses/<id>/note": "/api/v1/statuses/{post}/note",
    "POST /api/v1/statuses/<id>/retitle": "/api/v1/statuses/{post}/retitle?title=x",
    "POST /api/v1/statuses/<id>/move": "/api/v1/statuses/{post}/move?group_id=7",
    "POST /api/v1/statuses/<id>/join": "/api/v1/statuses/{post}/join?in_reply_to_id=7",
    "POST /api/v1/statuses/<id>/split": "/api/v1/statuses/{post}/split",
    "PUT /api/v1/groups/<id>/holds": "/api/v1/groups/{hidden}/holds?phones=1",
    **{
        f"POST /api/v1/groups/<id>/requests/<account>/{verb}": f"/api/v1/groups/{{hidden}}/requests/7/{verb}"
        for verb in ("authorize", "reject")
    },
    "POST /api/v1/groups/<id>/answers": "/api/v1/groups/{hidden}/answers?name=x&en=y",
    "PUT /api/v1/groups/<id>/answers/<answer>": "/api/v1/groups/{hidden}/answers/7?name=x&en=y",
    "DELETE /api/v1/groups/<id>/answers/<answer>": "/api/v1/groups/{hidden}/answers/7",
    "POST /api/v1/groups/<id>/bans": "/api/v1/groups/{hidden}/bans?account_id=7",
    "DELETE /api/v1/groups/<id>/bans/<account>": "/api/v1/groups/{hidden}/bans/7",
    "POST /api/v1/groups/<id>/reports/<report>/notes": "/api/v1/groups/{hidden}/reports/7/notes?text=x",
    **{
        f"POST /api/v1/groups/<id>/reports/<report>/{verb}": f"/api/v1/groups/{{hidden}}/reports/7/{verb}?account_id=7&status_id=7"
        for verb in (
            "assign_to_self",
            "unassign",
            "assign",
            "resolve",
            "reopen",
            "remove",
            "restore",
            "warn",
            "ban",
            "unban",
        )
    },
    "POST /api/v1/account_warnings/<id>/appeal": "/api/v1/account_warnings/{hidden}/appeal?text=x",
    **{
        f"POST /api/v1/groups/<id>/appeals/<appeal>/{verb}": f"/api/v1/groups/{{hidden}}/appeals/7/{verb}"
        for verb in ("approve", "reject")
    },
    "POST /objects/<object_id>/moderate": "/objects/{post}/moderate",
    "POST /api/v1/audience/preview": "",  # what it says of whom: tests/test_preview.py, tests/mastodon/test_audience.py
    "POST /api/v1/accounts/<id>/follow": "/api/v1/accounts/{hidden}/follow",
    "POST /api/v1/accounts/<id>/unfollow": "/api/v1/accounts/{hidden}/unfollow",
    **{
        f"POST /api/v1/accounts/<id>/{verb}": f"/api/v1/accounts/{{hidden}}/{verb}"
        for verb in (
            "block",
            "unblock",
            "mute",
            "unmute",
            "note",
            "remove_from_followers",
            "endorse",
            "unendorse",
            "pin",
            "unpin",
        )
    },
    **{
        f"POST /api/v1/follow_requests/<id>/{verb}": f"/api/v1/follow_requests/{{hidden}}/{verb}"
        for verb in ("authorize", "reject")
    },
    **dict.fromkeys(  # one's own things alone
        (
            "PATCH /api/v1/accounts/update_credentials",
            "PATCH /api/v1/profile",
            "DELETE /api/v1/profile/avatar",
            "DELETE /api/v1/profile/header",
            "POST /api/v1/domain_blocks",
            "DELETE /api/v1/domain_blocks",
            "POST /api/v1/featured_tags",
            "DELETE /api/v1/featured_tags/<id>",
            "POST /api/v1/filters",
            "POST /api/v1/lists",
            "POST /api/v1/markers",
            "POST /api/v2/filters",
            "DELETE /api/v1/suggestions/<id>",
            "POST /api/v1/announcements/<id>/dismiss",
            "PUT /api/v1/announcements/<id>/reactions/<name>",
            "DELETE /api/v1/announcements/<id>/reactions/<name>",
            "POST /api/v1/notifications/clear",
            "POST /api/v1/reports",
            "DELETE /api/v1/admin/accounts/<id>",
            "POST /api/v1/admin/accounts/<id>/badges",
            "POST /api/v1/admin/accounts/<id>/notes",
            "DELETE /api/v1/admin/accounts/<id>/badges/<badge>",
            "POST /api/v1/admin/accounts/<id>/allow_name",
            "POST /api/v1/admin/accounts/<id>/hold_name",
            *(
                f"POST /api/v1/admin/accounts/<id>/{verb}"
                for verb in ("action", "approve", "reject", "enable", "unsilence", "unsuspend", "unsensitive")
            ),
            *(
                f"POST /api/v1/admin/reports/<id>/{verb}"
                for verb in ("assign_to_self", "unassign", "assign", "resolve", "reopen", "notes")
            ),
            "POST /api/v1/admin/appeals/<id>/approve",
            "POST /api/v1/admin/appeals/<id>/reject",
            "POST /api/v1/admin/domain_blocks",
            "PUT /api/v1/admin/domain_blocks/<id>",
            "DELETE /api/v1/admin/domain_blocks/<id>",
            "POST /api/v1/admin/domain_allows",
            "DELETE /api/v1/admin/domain_allows/<id>",
            "POST /api/v1/push/subscription",
            "PUT /api/v1/push/subscription",
            "DELETE /api/v1/push/subscription",
            "PATCH /api/v2/notifications/policy",
            "PUT /api/v2/notifications/policy",
            "PUT /api/v1/notifications/policy",
            "POST /api/v1/notifications/dismiss",
            "POST /api/v1/notifications/requests/accept",
            "POST /api/v1/notifications/requests/dismiss",
            "POST /api/v1/notifications/requests/<id>/accept",
            "POST /api/v1/notifications/requests/<id>/dismiss",
            "POST /api/v2/notifications/<key>/dismiss",
            *(f"POST /api/v1/tags/<name>/{verb}" for verb in ("follow", "unfollow", "feature", "unfeature")),
        ),
        "",
    ),
    # what another keeps for himself is missing for everybody else
    "PUT /api/v1/filters/<id>": "/api/v1/filters/{keyword}",
    "DELETE /api/v1/filters/<id>": "/api/v1/filters/{keyword}",
    "PUT /api/v1/lists/<id>": "/api/v1/lists/{list}",
    "DELETE /api/v1/lists/<id>": "/api/v1/lists/{list}",
    "POST /api/v1/lists/<id>/accounts": "/api/v1/lists/{list}/accounts",
    "DELETE /api/v1/lists/<id>/accounts": "/api/v1/lists/{list}/accounts",
    "PUT /api/v1/scheduled_statuses/<id>": "/api/v1/scheduled_statuses/{later}",
    "DELETE /api/v1/scheduled_statuses/<id>": "/api/v1/scheduled_statuses/{later}",
    "PUT /api/v2/filters/<id>": "/api/v2/filters/{filter}",
    "DELETE /api/v2/filters/<id>": "/api/v2/filters/{filter}",
    "POST /api/v2/filters/<id>/keywords": "/api/v2/filters/{filter}/keywords",
    "POST /api/v2/filters/<id>/statuses": "/api/v2/filters/{filter}/statuses",
    "PUT /api/v2/filters/keywords/<id>": "/api/v2/filters/keywords/{keyword}",
    "DELETE /api/v2/filters/keywords/<id>": "/api/v2/filters/keywords/{keyword}",
    "DELETE /api/v2/filters/statuses/<id>": "/api/v2/filters/statuses/{named}",
    "POST /api/v1/notifications/<id>/dismiss": "/api/v1/notifications/{notice}/dismiss",
    "DELETE /api/v1/conversations/<id>": "/api/v1/conversations/{talk}",
    "POST /api/v1/conversations/<id>/read": "/api/v1/conversations/{talk}/read",
    "POST /api/v1/conversations/<id>/unread": "/api/v1/conversations/{talk}/unread",
    "POST /api/v1/polls/<id>/votes": "/api/v1/polls/{post}/votes",
    "POST /api/v1/statuses": "/api/v1/statuses",
    "POST /api/v1/media": "",
    "POST /api/v2/media": "",
    "PUT /api/v1/media/<id>": "/api/v1/media/{upload}",
    "DELETE /api/v1/media/<id>": "/api/v1/media/{upload}",
    "PUT /api/v1/statuses/<id>": "/api/v1/statuses/{post}",
    "DELETE /api/v1/statuses/<id>": "/api/v1/statuses/{post}",
    **{
        f"POST /api/v1/statuses/<id>/{verb}": f"/api/v1/statuses/{{post}}/{verb}"
        for verb in (
            "bookmark",
            "unbookmark",
            "favourite",
            "unfavourite",
            "reblog",
            "unreblog",
            "pin",
            "unpin",
            "mute",
            "unmute",
            "translate",
        )
    },
    "POST /@<name>/follow": "",
    "POST /@<name>/unfollow": "",
    "POST /groups/<handle>/join": "/groups/{hiddenname}/join",
    "POST /groups/<handle>/leave": "/groups/{hiddenname}/leave",
    "POST /groups/<handle>/requests": "/groups/{hiddenname}/requests",
    "POST /@<name>/report": "",
    "POST /objects/<object_id>/report": "/objects/{post}/report",
    "POST /warnings": "",
    "POST /appeal/<secret>": "",
    "POST /moderation": "",
    "POST /moderation/hosts": "",
    "POST /moderation/hosts/import": "",
    "POST /groups/<handle>/reports": "/groups/{hiddenname}/reports",
    "POST /reports/<report_id>": "",
    "POST /circles": "",
    "POST /preferences": "",
    "POST /groups/<handle>/desk": "/groups/{hiddenname}/desk",
    "POST /groups/<handle>/bans": "/groups/{hiddenname}/bans",
    "POST /objects/<object_id>/lookafter": "/objects/{post}/lookafter",
    "POST /groups/<handle>/held": "/groups/{hiddenname}/held",
    **dict.fromkeys(
        (
            "POST /api/v1/accounts",
            "POST /api/v1/apps",
            "POST /api/v1/emails/confirmations",
            "POST /confirm/<secret>",
            "POST /forgot",
            "POST /oauth/authorize",
            "POST /oauth/revoke",
            "POST /oauth/token",
            "POST /oauth/userinfo",
            "POST /reset/<secret>",
            "POST /signup",
        ),
        "",
    ),
    "POST /login": "",
    "POST /logout": "",
    "POST /objects/<object_id>/delete": "/objects/{post}/delete",
    "POST /objects/<object_id>/like": "/objects/{post}/like",
    "POST /write": "/write",
}
DOCUMENT = re.compile(r"^/objects/\{post\}(/replies)?$|^/threads/.*/context$|^/activities")
VOLATILE = {"date", "x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> Any:
    async with open_stage(database_url, tmp_path) as made:
        yield made


def addresses(stage: Stage, pattern: str) -> list[str]:
    """The addresses a pattern stands for, missing things among them."""
    choices: dict[str, list[Any]] = {
        "post": [*stage.posts.values(), MISSING],
        "activity": [i + 4 * n for i in stage.posts.values() for n in range(4)],
        "group": [*GROUPS, "nosuchgroup"],
        "name": [*NAMES, "nosuchname"],
        "word": [canary(name)[:-3] for name in stage.posts],
        "file": [*stage.files.values(), NO_FILE],
        "upload": [*stage.uploads.values(), MISSING],
        **{name: [value, MISSING] for name, value in stage.kept.items()},
        "actor": [stage.make.ids[n] for n in (*GROUPS, *NAMES)],
        "report": [stage.report, MISSING],
    }
    for word, values in choices.items():
        if f"{{{word}}}" in pattern:
            return [pattern.replace(f"{{{word}}}", str(value)) for value in values]
    return [pattern]


def known_routes(stage: Stage) -> set[str]:
    found = set()
    for rule in stage.parts.web.url_map.iter_rules():
        path = rule.rule
        if path.startswith("/es/") and path != "/es/<path:rest>":
            path = (
                path[3:].replace("/objects/<object_id>", "/objects/<key>")
                if path.endswith("<object_id>") and "/objects/" in path
                else path[3:]
            )
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            found.add(path if method == "GET" else f"{method} {path}")
    return found - {"/es/<path:rest>"}


async def test_the_walk_knows_every_route(stage: Stage) -> None:
    assert known_routes(stage) - set(READ) - set(CHANGE) == set()
    assert set(READ) | set(CHANGE) <= known_routes(stage)


def leaked(seat: Seat, stage: Stage, status: int, headers: dict[str, str], body: bytes) -> set[str]:
    """Canaries in an answer that this viewer may not see."""
    text = (body.decode("utf-8", "replace") + repr(headers)).lower()
    # ActivityPub documents are asked for with signatures: a session counts for nothing there, nor a signature on pages.
    # A group's Atom feed holds what everybody may read, whoever asks.
    kind = {k.lower(): v for k, v in headers.items()}.get("content-type", "")
    document = "activity+json" in kind
    # A file at its plain address is what everybody may have.
    alone = "atom+xml" in kind or "image/webp" in kind or (document if not seat.signer else not document)
    may = EVERYBODY if alone else seat.may
    found = {name for name in stage.canaries if canary(name) in text and name not in may}
    if "hiddenname" in text and seat.name != "invited":
        found.add("the hidden group")
    return found


ONE_ENGINE = pytest.mark.parametrize("engine", ["sqlite"])
"""Minutes on PostgreSQL, of the same statements: `test_generated` asks them of both."""


@ONE_ENGINE
async def test_no_answer_holds_what_its_viewer_may_not_see(stage: Stage) -> None:
    asked = 0
    seen: dict[str, set[str]] = {}
    for seat in stage.seats:
        for patterns in READ.values():
            for pattern in patterns:
                for path in addresses(stage, pattern):
                    asked += 1
                    await _ask(stage, seat, path, seen)
    assert asked > 3000
    for seat in stage.seats:  # the walk is worth something only if it finds what is there to be found
        missed = seat.may - seen.get(seat.name, set())
        assert not missed, f"{seat.name} never got to see {missed}"


async def _ask(stage: Stage, seat: Seat, path: str, seen: dict[str, set[str]]) -> None:
    remote = bool(seat.signer)
    accepts = (AS2,) if remote else ("text/html", AS2)
    places = (
        ("",)
        if remote or path.startswith(("/api", "/.well-known", "/nodeinfo", "/static", "/healthz"))
        else ("", "/es")
    )
    for accept in accepts:
        for prefix in places:
            if accept == AS2 and prefix:
                continue
            status, headers, body = await stage.get(seat, prefix + path, accept)
            if "hiddenname" in path:  # what was asked for may be echoed
                body = body.replace(b"hiddenname", b"")
                headers = {k: v.replace("hiddenname", "") for k, v in headers.items()}
            found = leaked(seat, stage, status, headers, body)
            if (
                seat.name == "steward"
                and status == 200
                and path.startswith(("/api/v1/admin/reports", "/reports/"))
            ):
                found -= {REPORTED}
            assert not found, f"{seat.name} got {found} from {prefix}{path} ({accept}, {status})"
            assert status < 500, (path, status)
            text = body.decode("utf-8", "replace")
            seen.setdefault(seat.name, set()).update(n for n in stage.canaries if canary(n) in text)


def comparable(answer: tuple[int, dict[str, str], bytes], path: str) -> tuple[int, dict[str, str], bytes]:
    """An answer without what may differ: times, and the asked-for name where the address itself is echoed."""
    status, headers, body = answer
    kept = {k.lower(): v for k, v in headers.items() if k.lower() not in VOLATILE}
    return status, kept, body


@ONE_ENGINE
async def test_invisible_equals_missing_byte_for_byte(stage: Stage) -> None:
    pairs = 0
    for seat in stage.seats:
        hidden = {n: i for n, i in stage.posts.items() if n not in seat.may and n != "deleted"}
        for pattern in [p for patterns in READ.values() for p in patterns if "{post}" in p]:
            for accept in (AS2,) if seat.signer else ("text/html", AS2):
                if seat.signer and not DOCUMENT.search(pattern):
                    continue
                missing = await stage.get(seat, pattern.replace("{post}", str(MISSING)), accept)
                for name, post in hidden.items():
                    document = accept == AS2 or pattern.endswith(("/replies", "/context"))
                    if document and not seat.signer and name in EVERYBODY:
                        continue
                    path = pattern.replace("{post}", str(post))
                    got = await stage.get(seat, path, accept)
                    got = (got[0], got[1], got[2].replace(str(post).encode(), str(MISSING).encode()))
                    got[1].update({k: v.replace(str(post), str(MISSING)) for k, v in got[1].items()})
                    assert comparable(got, path) == comparable(missing, path), f"{seat.name} {path} {accept}"
                    pairs += 1
    assert pairs > 400


async def test_a_file_is_for_those_who_may_see_its_post_and_else_missing(stage: Stage) -> None:
    """At the address made for each seat, which any loader may use: former members, outsiders and other hosts get nothing."""
    served = 0
    stranger = stage.seats[0]
    for seat in stage.seats:
        viewer = (
            Viewer(stage.make.ids[seat.name], True)
            if seat.session
            else Viewer(0, False, seat.signer.split("/")[2], instance=True)
            if seat.signer
            else STRANGER
        )
        for name, file in stage.files.items():
            address = urlsplit(stage.parts.db.address(viewer, f"/media/{file}")).path
            got = await stage.get(stranger, address)
            missing = await stage.get(stranger, address.replace(file, NO_FILE))
            host = seat.name in ("alice", "rita", "peer_instance") and name in ("followers", "circle")
            if name in seat.may or host or (name == "unposted" and seat.name == PEOPLE[0]):
                assert (got[0], got[2]) == (200, canary(name).encode()), f"{seat.name} {name}"
                assert got[1]["cache-control"].startswith("public" if viewer is STRANGER else "private")
                served += 1
            else:
                assert comparable(got, address) == comparable(missing, address), f"{seat.name} {name}"
                assert got[0] == 404
    assert served > 60


async def test_somebody_elses_upload_equals_a_missing_one(stage: Stage) -> None:
    owner = PEOPLE[0]
    for seat in stage.seats:
        if not seat.session or seat.name == owner:
            continue
        for method in ("GET", "PUT", "DELETE"):
            path = f"/api/v1/media/{stage.uploads['unposted']}"
            got = await stage.send(seat, method, path, {})
            missing = await stage.send(seat, method, f"/api/v1/media/{MISSING}", {})
            assert comparable(got, path) == comparable(missing, path), f"{seat.name} {method}"


async def test_a_hidden_group_equals_a_missing_one(stage: Stage) -> None:
    patterns = [p for patterns in READ.values() for p in patterns if "{group}" in p]
    for seat in stage.seats:
        if seat.name == "invited":
            continue
        for pattern in patterns:
            for accept in (AS2,) if seat.signer else ("text/html", AS2):
                hidden = await stage.get(seat, pattern.replace("{group}", "hiddenname"), accept)
                missing = await stage.get(seat, pattern.replace("{group}", "nosuchnams"), accept)
                echoed = {k: v.replace("hiddenname", "nosuchnams") for k, v in hidden[1].items()}
                hidden = (hidden[0], echoed, hidden[2].replace(b"hiddenname", b"nosuchnams"))
                assert comparable(hidden, pattern) == comparable(missing, pattern), (
                    f"{seat.name} {pattern} {accept}"
                )


async def test_what_one_may_not_see_cannot_be_acted_on_and_the_answer_does_not_tell(stage: Stage) -> None:
    for seat in stage.seats:
        if not seat.session:
            continue
        hidden = [i for n, i in stage.posts.items() if n not in seat.may and n != "deleted"]
        for key, pattern in CHANGE.items():
            method = key.split(" ", 1)[0]
            if "{post}" in pattern:
                missing = await stage.send(
                    seat, method, pattern.replace("{post}", str(MISSING)), {"status": "x", "text": "x"}
                )
                for post in hidden:
                    got = await stage.send(
                        seat, method, pattern.replace("{post}", str(post)), {"status": "x", "text": "x"}
                    )
                    assert comparable(got, key) == comparable(missing, key), f"{seat.name} {key} {post}"
                assert missing[0] in (403, 404), f"{seat.name} {key}"
            elif "{hiddenname}" in pattern and seat.name != "invited":
                got = await stage.send(seat, method, pattern.replace("{hiddenname}", "hiddenname"), {})
                missing = await stage.send(seat, method, pattern.replace("{hiddenname}", "nosuchname"), {})
                assert comparable(got, key) == comparable(missing, key), f"{seat.name} {key}"
            elif "{hidden}" in pattern and seat.name != "invited":
                got = await stage.send(
                    seat, method, pattern.replace("{hidden}", str(stage.make.ids["hiddenname"])), {}
                )
                missing = await stage.send(seat, method, pattern.replace("{hidden}", str(MISSING)), {})
                assert comparable(got, key) == comparable(missing, key), f"{seat.name} {key}"
        if seat.name != "omar":
            await _not_ones_own(stage, seat)
        for post in [*hidden, MISSING]:
            answer = await stage.send(
                seat, "POST", "/api/v1/statuses", {"status": "x", "in_reply_to_id": str(post)}
            )
            assert (answer[0], answer[2]) == (404, b'{"error":"Record not found"}'), seat.name


async def _not_ones_own(stage: Stage, seat: Seat) -> None:
    """What omar keeps for himself cannot be changed by anybody else, who is answered as if it were not there."""
    form = {"title": "x", "keyword": "x", "context[]": "home", "scheduled_at": "2030-01-01T00:00:00Z",
            "status_id": str(stage.posts["public"]), "account_ids[]": str(stage.make.ids["nadia"])}  # fmt: skip
    for key, pattern in CHANGE.items():
        for name, value in stage.kept.items():
            if f"{{{name}}}" in pattern:
                method = key.split(" ", 1)[0]
                got = await stage.send(seat, method, pattern.replace(f"{{{name}}}", value), form)
                missing = await stage.send(seat, method, pattern.replace(f"{{{name}}}", str(MISSING)), form)
                assert comparable(got, key) == comparable(missing, key), f"{seat.name} {key}"
                assert got[0] == 404, f"{seat.name} {key} {got[2]!r}"


async def test_who_is_a_member_and_who_voted_is_nobodys_business(stage: Stage) -> None:
    """Member lists are counts, and rounded; the likes of a gated thread show nobody's name to anybody."""
    for seat in stage.seats:
        for which in ("followers", "members"):
            _, _, body = await stage.get(seat, f"/groups/sleep/{which}", AS2)
            assert not re.search(rb"users/(nadia|omar|eve)", body), seat.name
        _, _, body = await stage.get(seat, "/users/omar/following", AS2)
        assert b"groups/" not in body
