"""Application, CredentialApplication, Token, and what OAuth answers."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.auth.oauth import Issued, Registered
from fedi_community.mastodon.entities.schema import (
    BOOL,
    ID,
    INT,
    STR,
    URL,
    entity,
    extended,
    many,
    maybe,
    one_of,
)
from fedi_community.storage.sessions import App

APPLICATION: Final = entity(
    "Application",
    id=ID, name=STR, website=maybe(URL), scopes=many(STR), redirect_uri=STR, redirect_uris=many(STR), vapid_key=STR,
)  # fmt: skip
CREDENTIAL_APPLICATION: Final = extended(
    "CredentialApplication", "Application", client_id=STR, client_secret=STR, client_secret_expires_at=INT
)
TOKEN: Final = entity("Token", access_token=STR, token_type=one_of("Bearer"), scope=STR, created_at=INT)
USER_INFO: Final = entity(
    "UserInfo", iss=URL, sub=URL, name=STR, preferred_username=STR, profile=URL, picture=URL
)
METADATA: Final = entity(
    "AuthorizationServer",
    issuer=STR, authorization_endpoint=URL, token_endpoint=URL, revocation_endpoint=URL,
    userinfo_endpoint=URL, app_registration_endpoint=URL, scopes_supported=many(STR), response_types_supported=many(STR),
    response_modes_supported=many(STR), grant_types_supported=many(STR), code_challenge_methods_supported=many(STR),
    token_endpoint_auth_methods_supported=many(STR), authorization_response_iss_parameter_supported=BOOL,
)  # fmt: skip


def application(app: App, vapid_key: str) -> dict[str, Any]:
    """An Application."""
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website,
        "scopes": list(app.scopes),
        "redirect_uri": "\n".join(app.redirect_uris),
        "redirect_uris": list(app.redirect_uris),
        "vapid_key": vapid_key,
    }


def credential_application(made: Registered, vapid_key: str) -> dict[str, Any]:
    """A CredentialApplication: with its secrets, told once."""
    return application(made.app, vapid_key) | {
        "client_id": made.app.client_id,
        "client_secret": made.secret,
        "client_secret_expires_at": 0,
    }


def token(made: Issued) -> dict[str, Any]:
    """A Token; `created_at` is a number of seconds."""
    return {
        "access_token": made.secret,
        "token_type": "Bearer",
        "scope": made.scopes,
        "created_at": made.at // 1000,
    }
