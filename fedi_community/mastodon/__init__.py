"""The client API: what Mastodon clients speak. One file a resource with its `table`, entities in one place.

How an endpoint is added stands in `base`. `client_api` makes the routes; an address below /api that there is not
is a plain JSON 404 (see `answers.is_client`), so that clients can probe.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final

import orjson
from quart import Blueprint, Response

from fedi_community.auth import Attempts
from fedi_community.auth.limits import Limits
from fedi_community.config import Settings
from fedi_community.documents import Documents
from fedi_community.domain.schedule import PUBLISH_JOB
from fedi_community.mastodon import (
    account_statuses,
    accounts,
    admin,
    admin_audit,
    admin_hosts,
    appeals,
    apps,
    audience,
    badges,
    circles,
    conversations,
    desk,
    filters,
    following,
    group_people,
    group_reports,
    groups,
    instance,
    lists,
    marks,
    media,
    moderation,
    notifications,
    openapi,
    personas,
    polls,
    profile,
    push,
    pushing,
    reactions,
    reports,
    requests,
    scheduled,
    search,
    signup,
    statuses,
    streaming,
    taste,
    timelines,
    unmasking,
)
from fedi_community.mastodon.answers import JSON, begin, failed, finish, is_client, refused
from fedi_community.mastodon.base import Api, Endpoint, Table, respond, view_of
from fedi_community.mastodon.lane import Routes, lane
from fedi_community.mastodon.streaming import Hub, sockets
from fedi_community.network import Network
from fedi_community.peers import Peers
from fedi_community.perform import House
from fedi_community.uploads import Uploads
from fedi_community.vapid import Vapid

TABLES: Final[tuple[Table, ...]] = (
    instance.table, apps.table, signup.table, accounts.table, profile.table, following.table, taste.table, lists.table,
    filters.table, marks.table, statuses.table, reactions.table, polls.table, scheduled.table, account_statuses.table,
    media.table, timelines.table, search.table, reports.table, admin.table, admin_hosts.table, admin_audit.table,
    push.table, streaming.table,
    requests.table, notifications.table, conversations.table, audience.table, moderation.table, groups.table,
    group_people.table, desk.table,
    group_reports.table, badges.table,
    personas.table, unmasking.table,
    appeals.table,
    circles.table,
)  # fmt: skip
"""Every resource. A new one is added here."""


def endpoints() -> Iterator[tuple[str, Endpoint]]:
    """Every endpoint with the name of its resource."""
    for table in TABLES:
        for endpoint in table:
            yield table.tag, endpoint


def client_api(
    house: House,
    settings: Settings,
    peers: Peers,
    documents: Documents,
    uploads: Uploads,
    key: Vapid,
    hub: Hub,
    attempts: Attempts,
) -> Blueprint:
    """All endpoints of all tables, with CORS and JSON errors around them."""
    limits = Limits(settings.api_rate)
    api = Api(house, settings, peers, documents, limits, uploads, key.public, hub, attempts)
    blueprint = Blueprint("mastodon", __name__)
    quick = [one for tag, one in endpoints() if one.method == "GET" and tag != streaming.table.tag]

    @blueprint.record_once
    def in_front(state: Any) -> None:
        state.app.asgi_app = lane(Routes(quick), partial(respond, api), state.app.asgi_app)

    blueprint.before_app_request(begin)
    blueprint.after_app_request(finish)
    for tag, endpoint in endpoints():
        blueprint.add_url_rule(
            endpoint.path,
            f"{tag} {endpoint.name}".replace(".", "_"),
            view_of(api, endpoint),
            methods=[endpoint.method],
        )
    blueprint.register_blueprint(sockets(api, hub))
    described = orjson.dumps(openapi.document(endpoints(), house.base_url, settings.site_name))

    @blueprint.get("/api/openapi.json")
    async def description() -> Response:
        return Response(described, content_type=JSON, headers={"Cache-Control": "public, max-age=300"})

    return blueprint


def client_jobs(
    house: House, network: Network, key: Vapid
) -> dict[str, Callable[[dict[str, Any]], Awaitable[None]]]:
    """Kind of job -> what runs it: what clients asked for later."""
    return {PUBLISH_JOB: scheduled.publisher(house), **polls.jobs(house), **pushing.jobs(house, network, key)}


__all__ = ["TABLES", "Hub", "client_api", "client_jobs", "endpoints", "failed", "is_client", "refused"]
