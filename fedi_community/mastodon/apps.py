"""/api/v1/apps, /oauth/token, /oauth/revoke, /oauth/userinfo and the metadata document: what programs ask while signing in.

The page where a member agrees is `web/oauth.py`.
"""

from __future__ import annotations

from typing import Any

from fedi_community.auth import oauth
from fedi_community.domain import scopes
from fedi_community.errors import Problem
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Answer, Call, Table, anyone, client, member
from fedi_community.mastodon.params import Param
from fedi_community.storage import sessions, views

table = Table("apps")


@table.post(
    "/api/v1/apps", anyone(), entities.CREDENTIAL_APPLICATION,
    Param("client_name"), Param("redirect_uris", "any", "One, several with line ends between, or a list", required=True),
    Param("scopes", default="read"), Param("website"),
    budget="apps",
)  # fmt: skip
async def create(call: Call) -> Any:
    """Register an application"""
    given = call["redirect_uris"]
    redirects = oauth.redirects_of([str(u) for u in given] if isinstance(given, list) else str(given))
    made = await oauth.register(
        call.house, call["client_name"] or "", redirects, call["scopes"] or "", call["website"]
    )
    return entities.credential_application(made, call.api.vapid_key)


@table.get("/api/v1/apps/verify_credentials", client(), entities.APPLICATION, unready=True)
async def verify(call: Call) -> Any:
    """Which application the token belongs to"""
    app_id = call.app.app_id if call.app is not None else call.who.app_id
    app = await call.read(lambda tx: sessions.app_by_id(tx, app_id or 0))
    if app is None:  # a token of the command line belongs to none
        app = sessions.App(0, "", "", "Command line", None, (oauth.OOB,), tuple(sorted(call.who.scopes)))
    return entities.application(app, call.api.vapid_key)


CREDENTIALS = (Param("client_id", doc="Or HTTP Basic"), Param("client_secret", doc="Or HTTP Basic"))


@table.post(
    "/oauth/token", anyone(), entities.TOKEN,
    Param("grant_type", required=True), *CREDENTIALS, Param("code"), Param("redirect_uri"), Param("code_verifier"),
    Param("scope"), oauth=True,
)  # fmt: skip
async def token(call: Call) -> Any:
    """A token for a code (authorization_code), or for the application itself (client_credentials)"""
    app = await _client(call)
    if call["grant_type"] == "authorization_code":
        made = await oauth.exchange(
            call.house, app, call["code"] or "", call["redirect_uri"] or "", call["code_verifier"] or ""
        )
    elif call["grant_type"] == "client_credentials":
        made = await oauth.app_token(call.house, app, call["scope"] or "")
    else:
        raise oauth.bad_request(
            "unsupported_grant_type", "The authorization grant type is not supported by the server."
        )
    return Answer(entities.token(made), headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _client(call: Call) -> sessions.App:
    """The application that proves itself, by HTTP Basic or in the body."""
    client_id, secret = oauth.credentials(call.asked.headers.get("Authorization"), call.given)
    return await oauth.client(call.house, client_id, secret)


@table.post("/oauth/revoke", anyone(), entities.EMPTY, *CREDENTIALS, Param("token"), oauth=True)
async def revoke(call: Call) -> Any:
    """End a token of this application; an unknown one is fine"""
    try:
        app = await _client(call)
    except Problem:
        text = "You are not authorized to revoke this token"
        return Answer({"error": "unauthorized_client", "error_description": text}, 403)
    await oauth.revoke(call.house, app, call["token"] or "")
    return {}


async def _userinfo(call: Call) -> Any:
    actor = (await call.read(lambda tx: views.load_actors(tx, [call.actor_id])))[call.actor_id]
    shown = entities.account(actor, call.base)
    return {
        "iss": f"{call.base}/",
        "sub": actor.uri,
        "name": actor.name or actor.handle,
        "preferred_username": actor.handle,
        "profile": shown["url"],
        "picture": shown["avatar"],
    }


for method in ("GET", "POST"):
    table.on(method, "/oauth/userinfo", member("profile"), entities.USER_INFO, doc="Who signed in (OpenID)")(
        _userinfo
    )


@table.get("/.well-known/oauth-authorization-server", anyone(), entities.METADATA)
async def metadata(call: Call) -> Any:
    """What this server can (RFC 8414)"""
    base = call.base
    methods = ["client_secret_basic", "client_secret_post"]
    return {
        "issuer": f"{base}/",
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "app_registration_endpoint": f"{base}/api/v1/apps",
        "scopes_supported": list(scopes.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": False,
    }
