"""The `@context` of what we send: the AS2 address first (Mastodon drops documents without it), one list of our terms last.

Names only; nothing is ever expanded, here or on the way in.
"""

from __future__ import annotations

from typing import Any, Final

AS2: Final = "https://www.w3.org/ns/activitystreams"
SECURITY: Final = "https://w3id.org/security/v1"
INTEGRITY: Final = "https://w3id.org/security/data-integrity/v1"
PUBLIC: Final = AS2 + "#Public"

_ACTOR_TERMS: Final[dict[str, Any]] = {
    "toot": "http://joinmastodon.org/ns#",
    "schema": "http://schema.org#",
    "lemmy": "https://join-lemmy.org/ns#",
    "gts": "https://gotosocial.org/ns#",
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "moderators": {"@id": "lemmy:moderators", "@type": "@id"},
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "language": "schema:inLanguage",
    "identifier": "schema:identifier",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
    "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id", "@container": "@list"},
    "Multikey": "https://w3id.org/security#Multikey",
    "assertionMethod": {
        "@id": "https://w3id.org/security#assertionMethod",
        "@type": "@id",
        "@container": "@set",
    },
    "publicKeyMultibase": "https://w3id.org/security#publicKeyMultibase",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
    "canFeature": {"@id": "https://w3id.org/fep/7aa9#canFeature", "@type": "@id"},
}
_OBJECT_TERMS: Final[dict[str, Any]] = {
    "toot": "http://joinmastodon.org/ns#",
    "gts": "https://gotosocial.org/ns#",
    "pt": "https://joinpeertube.org/ns#",
    "lemmy": "https://join-lemmy.org/ns#",
    "litepub": "http://litepub.social/ns#",
    "sensitive": "as:sensitive",
    "Hashtag": "as:Hashtag",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "votersCount": "toot:votersCount",
    "commentsEnabled": "pt:commentsEnabled",
    "quoteUrl": "as:quoteUrl",
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
    "Lock": "lemmy:Lock",
    "EmojiReact": "litepub:EmojiReact",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canAnnounce": {"@id": "gts:canAnnounce", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "canReply": {"@id": "gts:canReply", "@type": "@id"},
    "ReplyAuthorization": "gts:ReplyAuthorization",
    "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
    "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
}

ACTOR_CONTEXT: Final[list[Any]] = [AS2, SECURITY, _ACTOR_TERMS]
"""For actors alone."""
CONTEXT: Final[list[Any]] = [AS2, INTEGRITY, _OBJECT_TERMS]
"""For objects, activities and collections; with the terms of a proof."""
UPDATE_CONTEXT: Final[list[Any]] = [AS2, SECURITY, INTEGRITY, {**_ACTOR_TERMS, **_OBJECT_TERMS}]
"""For an activity that carries an actor."""
