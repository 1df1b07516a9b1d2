"""Mastodon.py signs in, signs somebody up, posts and logs out; a person opens the printed address and types the code."""

from __future__ import annotations

import json
import sys
from typing import Any

from mastodon import Mastodon, MastodonAPIError, MastodonUnauthorizedError

url = sys.argv[1]
scopes = ["read", "write", "follow", "push"]
key, secret = Mastodon.create_app("Mastodon.py tests", scopes=scopes, api_base_url=url)
client = Mastodon(client_id=key, client_secret=secret, api_base_url=url, ratelimit_method="throw")
print(client.auth_request_url(scopes=scopes, allow_http=True), flush=True)
token = client.log_in(code=sys.stdin.readline().strip(), scopes=scopes, allow_http=True)
me = client.account_verify_credentials()
status = client.status_post("hello from Mastodon.py", visibility="public", idempotency_key="once")
again = client.status_post("hello from Mastodon.py", visibility="public", idempotency_key="once")
home = client.timeline_home()
found: dict[str, Any] = {
    "acct": me.acct,
    "privacy": me.source.privacy,
    "content": status.content,
    "once": again.id == status.id,
    "home": [s.id == status.id for s in home],
    "streaming": client.stream_healthy(),
    "rules": [rule.text for rule in client.instance_rules()],
    "version": client.instance().version,
}
client.revoke_access_token(allow_http=True)
try:
    Mastodon(access_token=token, api_base_url=url).account_verify_credentials()
except (MastodonUnauthorizedError, MastodonAPIError) as error:
    found["after"] = error.args[1]
print(json.dumps(found), flush=True)
