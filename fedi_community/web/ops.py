"""For those who run the server: alive, ready, metrics. Nothing here shows who did what."""

from __future__ import annotations

import hmac
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from quart import Blueprint, Response, request

from fedi_community.config import Settings
from fedi_community.errors import not_found
from fedi_community.perform import House
from fedi_community.storage import queue


class Counted(Protocol):
    """What is counted: the door's answers, the workers' verdicts."""

    door: Any
    inbox: Any
    delivery: Any


class _Numbers(Collector):
    def __init__(self, parts: Counted, waiting: int) -> None:
        self._parts = parts
        self._waiting = waiting

    def collect(self) -> Any:
        answers = CounterMetricFamily(
            "fedi_inbox_answers", "Answers of the inbox.", labels=["status", "reason"]
        )
        for (status, reason), count in self._parts.door.counts.answers.items():
            answers.add_metric([str(status), reason], count)
        yield answers
        verdicts = CounterMetricFamily(
            "fedi_inbox_verdicts", "What became of accepted activities.", labels=["verdict"]
        )
        for verdict, count in self._parts.inbox.verdicts.items():
            verdicts.add_metric([verdict], count)
        yield verdicts
        yield GaugeMetricFamily("fedi_inbox_waiting", "Accepted activities not processed yet.", self._waiting)
        counters = self._parts.delivery.counters
        for name in counters.__slots__:
            value = getattr(counters, name)
            if isinstance(value, int):
                family = GaugeMetricFamily if name in counters.GAUGES else CounterMetricFamily
                yield family(f"fedi_delivery_{name}", f"Deliveries: {name}.", value)


def ops(house: House, settings: Settings, parts: Counted) -> Blueprint:
    """/healthz (alive), /readyz (can serve), /metrics (Prometheus; by token, on plain http from loopback too)."""
    blueprint = Blueprint("ops", __name__)

    @blueprint.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @blueprint.get("/readyz")
    async def readyz() -> Response:
        await house.db.read(queue.waiting)
        return Response("ready\n", content_type="text/plain; charset=utf-8")

    @blueprint.get("/metrics")
    async def metrics() -> Response:
        if not _may_read(settings):
            raise not_found()
        registry = CollectorRegistry()
        registry.register(_Numbers(parts, await house.db.read(queue.waiting)))
        return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")

    return blueprint


def _may_read(settings: Settings) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.metrics_token and hmac.compare_digest(given, settings.metrics_token):
        return True
    if settings.base_url.startswith("https://"):
        return False  # a proxy stands before us, and everybody who comes through it looks like loopback
    proxied = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.remote_addr in ("127.0.0.1", "::1") and not proxied
