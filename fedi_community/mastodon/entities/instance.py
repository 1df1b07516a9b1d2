"""Instance in both forms, Rule, ExtendedDescription, PrivacyPolicy, TermsOfService."""

from __future__ import annotations

from typing import Final

from fedi_community.mastodon.entities.accounts import ACCOUNT
from fedi_community.mastodon.entities.schema import (
    BOOL,
    COUNT,
    DAY,
    MOMENT,
    STR,
    URL,
    entity,
    many,
    maybe,
    one_of,
    shape,
)

ACCESS: Final = one_of("public", "authenticated", "disabled")
FEEDS: Final = shape(local=ACCESS, remote=ACCESS)
RULE: Final = entity("Rule", id=STR, text=STR, hint=STR)
LANGUAGE: Final = entity("Language", code=STR, name=STR)
LIMITS: Final = {
    "accounts": shape(
        max_display_name_length=COUNT, max_note_length=COUNT, max_featured_tags=COUNT, max_pinned_statuses=COUNT,
        max_profile_fields=COUNT, profile_field_name_limit=COUNT, profile_field_value_limit=COUNT,
    ),
    "statuses": shape(max_characters=COUNT, max_media_attachments=COUNT, characters_reserved_per_url=COUNT),
    "media_attachments": shape(
        description_limit=COUNT, image_matrix_limit=COUNT, image_size_limit=COUNT, supported_mime_types=many(STR),
        video_frame_rate_limit=COUNT, video_matrix_limit=COUNT, video_size_limit=COUNT,
    ),
    "polls": shape(
        max_options=COUNT, max_characters_per_option=COUNT, min_expiration=COUNT, max_expiration=COUNT
    ),
}  # fmt: skip
CONFIGURATION: Final = shape(
    urls=shape(streaming=STR, status=maybe(URL), about=maybe(URL), privacy_policy=maybe(URL), terms_of_service=maybe(URL)),
    vapid=shape(public_key=STR), translation=shape(enabled=BOOL), limited_federation=BOOL,
    timelines_access=shape(live_feeds=FEEDS, hashtag_feeds=FEEDS, trending_link_feeds=FEEDS), **LIMITS,
)  # fmt: skip
INSTANCE: Final = entity(
    "Instance",
    domain=STR, title=STR, version=STR, source_url=URL, description=STR,
    usage=shape(users=shape(active_month=COUNT)), thumbnail=shape(url=URL), icon=many(shape(src=URL, size=STR)),
    languages=many(STR), configuration=CONFIGURATION,
    registrations=shape(
        enabled=BOOL, approval_required=BOOL, reason_required=BOOL, message=maybe(STR), min_age=maybe(COUNT),
        url=maybe(URL),
    ),
    api_versions=shape(mastodon=COUNT), contact=shape(email=STR, account=maybe(ACCOUNT)), rules=many(RULE),
)  # fmt: skip
INSTANCE_V1: Final = entity(
    "InstanceV1",
    uri=STR, title=STR, short_description=STR, description=STR, email=STR, version=STR, urls=shape(streaming_api=STR),
    stats=shape(user_count=COUNT, status_count=COUNT, domain_count=COUNT), thumbnail=URL, languages=many(STR),
    registrations=BOOL, approval_required=BOOL, invites_enabled=BOOL, configuration=shape(**LIMITS),
    contact_account=maybe(ACCOUNT), rules=many(RULE),
)  # fmt: skip
EXTENDED_DESCRIPTION: Final = entity("ExtendedDescription", updated_at=MOMENT, content=STR)
PRIVACY_POLICY: Final = entity("PrivacyPolicy", updated_at=MOMENT, content=STR)
TERMS: Final = entity(
    "TermsOfService", effective_date=DAY, effective=BOOL, content=STR, succeeded_by=maybe(DAY)
)
