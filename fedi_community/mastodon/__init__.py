"""The client API: what Mastodon clients speak. One file a resource, entities in one place."""

from __future__ import annotations

from quart import Blueprint, Response

from fedi_community.config import Settings
from fedi_community.mastodon.accounts import accounts
from fedi_community.mastodon.base import Api, answer
from fedi_community.mastodon.instance import instance
from fedi_community.mastodon.statuses import statuses
from fedi_community.mastodon.timelines import timelines
from fedi_community.peers import Peers
from fedi_community.perform import House


def client_api(house: House, settings: Settings, peers: Peers) -> Blueprint:
    """All endpoints under /api/v1 and /api/v2; an unknown one is a plain JSON 404, so that clients can probe."""
    api = Api(house, settings, peers)
    blueprint = Blueprint("mastodon", __name__)
    for part in (instance, statuses, timelines, accounts):
        blueprint.register_blueprint(part(api))

    @blueprint.route("/api/<path:rest>", methods=["OPTIONS"])
    async def preflight(rest: str) -> Response:
        return answer({})

    @blueprint.route("/api/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def unknown(rest: str) -> Response:
        return answer({"error": "Record not found"}, 404)

    return blueprint
